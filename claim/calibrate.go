package claim

import (
	"fmt"
	"math/rand/v2"
	"slices"
)

// How a limit is calibrated
//
// A limit of [Faster] is a good one where the code that it was set for never fails it,
// and code that is a quarter slower always does: far enough from what was measured to
// hold on a bad day, near enough to notice. With HONE_CALIBRATE set in the environment
// (to anything), Faster, having measured and decided as ever, draws from its own rounds,
// with replacement, a thousand times as many as it would have measured, and decides for
// each draw as it decided itself, once as it was and once with ours slowed down (the
// bootstrap: Efron, "Bootstrap methods", Annals of Statistics 7, 1979). The generator
// begins at the same place each time, so the same rounds have the same calibration. A
// line in the evidence says what came out:
//
//	calibration: limit 0.850, median 0.731; of 1000 draws 0 fail, 0 cannot tell; slowed 1.25x 1000 fail, 0 cannot tell; all fail from 1.19x on
//
// It says nothing about other machines: there the median is another one.
const (
	calibrate = "HONE_CALIBRATE"
	draws     = 1000
	slowed    = 1.25
	slowest   = 1000 // where the search for the factor at which all draws fail gives up
)

// A calibration is what the draws said.
type calibration struct {
	limit, median float64
	fail, unclear int // draws as measured
	slowedFail    int // draws with ours slowed
	slowedUnclear int
	from          float64 // the least factor by which all draws fail
}

func (c calibration) String() string {
	return fmt.Sprintf("calibration: limit %.3f, median %.3f; of %d draws %d fail, %d cannot tell; slowed %.2fx %d fail, %d cannot tell; all fail from %.2fx on",
		c.limit, c.median, draws, c.fail, c.unclear, slowed, c.slowedFail, c.slowedUnclear, c.from)
}

// A look is an interval at which a draw might be decided.
type look struct{ lo, hi float64 }

// calibration draws from the rounds of m.
func (m *match) calibration() calibration {
	q := quotients(m.sides[0].ns, m.sides[1].ns)
	drawn := make([][]look, draws)
	for i := range drawn {
		rng := rand.New(rand.NewPCG(1979, uint64(i)))
		var x []float64
		for k := m.next(0); k > 0; k = m.next(len(x)) {
			for range k {
				x = append(x, q[rng.IntN(len(q))])
			}
			_, lo, hi := interval(slices.Clone(x))
			drawn[i] = append(drawn[i], look{lo, hi})
		}
	}
	c := calibration{limit: m.atMost}
	c.median, _, _ = interval(q)
	c.fail, c.unclear = m.count(drawn, 1)
	c.slowedFail, c.slowedUnclear = m.count(drawn, slowed)
	// A draw that fails fails too when ours is slower still, so halving finds the least.
	low, high := 0, int(100*slowest)
	for low+1 < high {
		mid := (low + high) / 2
		if fail, _ := m.count(drawn, float64(mid)/100); fail == draws {
			high = mid
		} else {
			low = mid
		}
	}
	c.from = float64(high) / 100
	return c
}

// count decides each draw with ours slowed by factor.
func (m *match) count(drawn [][]look, factor float64) (fail, cannot int) {
	for _, looks := range drawn {
		a := unclear
		for i := 0; i < len(looks) && a == unclear; i++ {
			a = decide(factor*looks[i].lo, factor*looks[i].hi, m.atMost)
		}
		switch a {
		case fails:
			fail++
		case unclear:
			cannot++
		}
	}
	return fail, cannot
}
