//go:build !race

package window_test

import (
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/window"
)

var sink []int

// Max takes at most a tenth of the loop's time, for windows of 100.
func TestMax_Fast(t *testing.T) {
	values := make([]int, 10_000)
	for i := range values {
		values[i] = i * 7919 % 1009
	}
	side := func(name string, f func([]int, int) []int) claim.Side {
		return claim.Side{Name: name, Op: func(n int) {
			for range n {
				sink = f(values, 100)
			}
		}}
	}
	claim.Faster(t, claim.Contest{Ours: side("Max", window.Max), Peer: side("loop", loop)}, 0.1)
}
