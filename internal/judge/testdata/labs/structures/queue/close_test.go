package queue_test

import (
	"testing"

	"github.com/hone-go/hone/labs/structures/queue"
)

// A closed queue takes nothing.
func TestClose_TakesNothing(t *testing.T) {
	q := queue.New()
	q.Put(1)
	q.Close()
	q.Put(2)
	q.Get()
	if v, ok := q.Get(); ok {
		t.Errorf("Get() = %d after Close", v)
	}
}
