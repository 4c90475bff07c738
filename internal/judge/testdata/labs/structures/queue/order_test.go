package queue_test

import (
	"sync"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/queue"
)

// Get returns the values in the order in which they were put.
func TestOrder_FIFO(t *testing.T) {
	q := queue.New()
	r := claim.Rand(t)
	first, second := r.Int(), r.Int()
	q.Put(first)
	q.Put(second)
	if v, ok := q.Get(); v != first || !ok {
		t.Errorf("Get() = %d, %v after Put(%d), Put(%d)\nthe oldest value comes first", v, ok, first, second)
	}
}

// Many goroutines may put at once.
func TestOrder_Concurrent(t *testing.T) {
	q := queue.New()
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() { q.Put(i) })
	}
	wg.Wait()
	n := 0
	for {
		if _, ok := q.Get(); !ok {
			break
		}
		n++
	}
	if n != 8 {
		t.Errorf("%d values came out, 8 went in", n)
	}
}
