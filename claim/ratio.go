package claim

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A Side is one contestant.
type Side struct {
	Name string
	Op   func(n int) // does the operation n times
}

// A Contest is what to measure.
type Contest struct {
	Ours, Peer Side
	Floor      *Side // the least work that the operation can be; nil = none
	Rounds     int   // 0 = default
}

// Ratio returns the median over rounds of CPU(ours)/CPU(peer).
func Ratio(t testing.TB, c Contest) float64 {
	t.Helper()
	rounds := c.Rounds
	if rounds == 0 {
		rounds = 9
	}
	per := func(s Side) float64 {
		for n := 1; ; n *= 2 {
			start := time.Now()
			s.Op(n)
			if d := time.Since(start); d > 10*time.Millisecond || n > 1<<40 {
				return float64(d) / float64(n)
			}
		}
	}
	var r []float64
	for range rounds {
		r = append(r, per(c.Ours)/per(c.Peer))
	}
	slices.Sort(r)
	return r[len(r)/2]
}

// Faster claims that ours uses at most atMost times the CPU of the peer.
func Faster(t testing.TB, c Contest, atMost float64) {
	t.Helper()
	if r := Ratio(t, c); r > atMost {
		Show(t, KindRatioTable, "ratio", fmt.Sprint(r))
		Fail(t, OutcomeBudget, "%s takes %.2fx of %s, want at most %.2fx", c.Ours.Name, r, c.Peer.Name, atMost)
	}
}
