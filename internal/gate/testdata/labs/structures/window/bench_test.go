//go:build !race

package window_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/window"
)

// Max takes at most 0.95 of the loop's time, by a clock that moves with what is done.
func TestMax_Fast(t *testing.T) {
	var clock time.Duration
	side := func(name string, f func([]int, int) []int, each time.Duration) claim.Side {
		return claim.Side{
			Name: name,
			Op:   func(n int) { f([]int{1, 2}, 2); clock += time.Duration(n) * each },
			CPU:  func() time.Duration { return clock },
		}
	}
	claim.Faster(t, claim.Contest{Ours: side("Max", window.Max, 10), Peer: side("loop", loop, 12)}, 0.95)
}
