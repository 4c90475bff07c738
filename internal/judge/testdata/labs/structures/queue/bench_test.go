//go:build !race

package queue_test

import (
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/queue"
)

// Get allocates nothing.
func TestClose_GetAllocatesNothing(t *testing.T) {
	q := queue.New()
	for i := range 1000 {
		q.Put(i)
	}
	claim.Allocs(t, 0, func() { q.Get() })
}
