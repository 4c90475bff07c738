package claim_test

import (
	"sync"
	"testing"

	"github.com/hone-go/hone/claim"
)

var (
	keepInt   *[4]int
	keepBytes []byte
)

func TestAllocs_Holds(t *testing.T) {
	r := record(t, func(t testing.TB) {
		x := 0
		claim.Allocs(t, 0, func() { x++ })
		claim.Allocs(t, 1, func() { keepInt = new([4]int) })
	})
	r.wantSilent(t)
}

func TestAllocs_Average(t *testing.T) {
	i := 0
	one := func() {
		if i++; i%10 == 0 {
			keepInt = new([4]int)
		}
	}
	r := record(t, func(t testing.TB) { claim.Allocs(t, 0.11, one) })
	r.wantSilent(t)
}

func TestAllocs_Pool(t *testing.T) {
	if claim.RaceDetector {
		t.Skip("sync.Pool forgets on purpose")
	}
	p := sync.Pool{New: func() any { return new([64]byte) }}
	claim.Allocs(t, 0, func() { p.Put(p.Get()) })
}

func TestAllocs_ShowsWho(t *testing.T) {
	r := record(t, func(t testing.TB) { claim.Allocs(t, 1, allocateThree) })
	if claim.RaceDetector {
		r.wantNoisy(t, "build plain")
		return
	}
	r.wantFailed(t, claim.OutcomeBudget, "3 heap allocations in a call, claimed at most 1", "allocateThree", "allocs_test.go:",
		"2 a call, 32 bytes each (newobject)", "1 a call, 112 bytes each (makeslice)", "-gcflags=-m")
	if e := r.evidence(t); len(e) != 1 || e[0].Kind != "alloc" {
		t.Errorf("evidence = %+v, want one of kind alloc", e)
	}
}

func allocateThree() {
	for range 2 {
		keepInt = new([4]int)
	}
	keepBytes = make([]byte, 100)
}

func TestAllocs_OnOtherGoroutines(t *testing.T) {
	if claim.RaceDetector {
		t.Skip("not counted in this build")
	}
	r := record(t, func(t testing.TB) {
		claim.Allocs(t, 0, func() {
			var wg sync.WaitGroup
			wg.Go(func() { keepBytes = make([]byte, 100) })
			wg.Wait()
		})
	})
	r.wantFailed(t, claim.OutcomeBudget, "on other goroutines", "112 bytes")
}

func TestAllocs_NoisyProcess(t *testing.T) {
	if claim.RaceDetector {
		t.Skip("refused for another reason")
	}
	stop, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-stop:
				return
			default:
				keepBytes = make([]byte, 100)
			}
		}
	}()
	r := record(t, func(t testing.TB) { claim.Allocs(t, 0, func() {}) })
	close(stop)
	<-done
	if r.failed {
		t.Errorf("blamed for somebody else's allocations:\n%s", r.log.String())
	}
}
