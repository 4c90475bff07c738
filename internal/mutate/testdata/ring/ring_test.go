package ring

import (
	"sync"
	"testing"
	"testing/synctest"
)

func TestFIFO(t *testing.T) {
	r := New[int](3)
	for range 5 {
		for i := range 3 {
			if !r.Put(i) {
				t.Fatal("put")
			}
		}
		for i := range 3 {
			if v, ok := r.Get(); !ok || v != i {
				t.Fatalf("got %d %v, want %d", v, ok, i)
			}
		}
	}
}

func TestClose_WakesGetters(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := New[int](1)
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() { r.Get() })
		}
		synctest.Wait()
		r.Close()
		wg.Wait()
	})
}

func TestPut_WaitsForRoom(t *testing.T) {
	r := New[int](1)
	done := make(chan bool)
	go func() {
		for i := range 100 {
			r.Put(i)
		}
		close(done)
	}()
	for i := range 100 {
		if v, _ := r.Get(); v != i {
			t.Errorf("got %d, want %d", v, i)
		}
	}
	<-done
}
