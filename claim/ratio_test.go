package claim_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
)

var sink uint64

// work is n operations of about k multiplications, each needing the one before.
func work(k int) func(n int) {
	return func(n int) {
		x := sink | 1
		for range n {
			for range k {
				x = x*6364136223846793005 + 1442695040888963407
			}
		}
		sink = x
	}
}

func contest(ours, peer int) claim.Contest {
	return claim.Contest{
		Ours: claim.Side{Name: "ours", Op: work(ours)},
		Peer: claim.Side{Name: "peer", Op: work(peer)},
	}
}

func measurable(t *testing.T) {
	t.Helper()
	if testing.CoverMode() != "" || claim.RaceDetector {
		t.Skip("speed is not measured in this build")
	}
}

func TestRatio_Halves(t *testing.T) {
	measurable(t)
	if r := claim.Ratio(t, contest(100, 200)); r < 0.4 || r > 0.6 {
		t.Errorf("ratio = %.2f, want about 0.5", r)
	}
}

func TestFaster_Holds(t *testing.T) {
	measurable(t)
	r := record(t, func(t testing.TB) { claim.Faster(t, contest(100, 200), 0.8) })
	if r.skipped {
		t.Skip(r.log.String())
	}
	r.wantSilent(t)
	if e := r.evidence(t); len(e) != 1 || e[0].Kind != "ratio" {
		t.Errorf("evidence = %+v, want a table", e)
	}
}

func TestFaster_SlowedByAQuarter(t *testing.T) {
	measurable(t)
	r := record(t, func(t testing.TB) { claim.Faster(t, contest(250, 200), 1.1) })
	if r.skipped {
		t.Skip(r.log.String())
	}
	r.wantFailed(t, claim.OutcomeBudget, "ours takes 1.", "times the CPU of peer", "claimed at most 1.10", "99 % confidence", "ops a round")
	if len(r.attr("hone.near")) != 1 {
		t.Errorf("1.25 of 1.1 is near, hone.near = %v", r.attr("hone.near"))
	}
}

func TestFaster_SlowedTwice(t *testing.T) {
	measurable(t)
	r := record(t, func(t testing.TB) { claim.Faster(t, contest(400, 200), 1.1) })
	if r.skipped {
		t.Skip(r.log.String())
	}
	r.wantFailed(t, claim.OutcomeBudget, "ours takes")
	if near := r.attr("hone.near"); len(near) != 0 {
		t.Errorf("2 of 1.1 is not near, hone.near = %v", near)
	}
}

func TestFaster_CannotTell(t *testing.T) {
	measurable(t)
	c := contest(200, 200)
	c.Rounds = 6
	r := record(t, func(t testing.TB) { claim.Faster(t, c, 1) })
	if !r.failed && !r.skipped {
		t.Skip("lucky: all rounds on one side")
	}
	r.wantNoisy(t, "cannot tell whether ours takes at most 1.00 times")
}

func TestFaster_FloorRefuses(t *testing.T) {
	measurable(t)
	c := contest(50, 200)
	c.Floor = &claim.Side{Name: "a hundred", Op: work(100)}
	r := record(t, func(t testing.TB) { claim.Faster(t, c, 1) })
	r.wantFailed(t, "", "refused: ours takes", `of the floor, "a hundred"`)
	if !r.stopped {
		t.Error("the test went on")
	}
}

func TestFaster_EmptyOp(t *testing.T) {
	measurable(t)
	c := contest(1, 200)
	c.Ours.Op = func(int) {}
	r := record(t, func(t testing.TB) { claim.Faster(t, c, 1) })
	r.wantFailed(t, "", "refused: ours did", "optimised away")
}

func TestFaster_Sleeper(t *testing.T) {
	measurable(t)
	c := contest(1, 200)
	c.Ours.Op = func(n int) { time.Sleep(time.Duration(n) * time.Millisecond) }
	r := record(t, func(t testing.TB) { claim.Faster(t, c, 1) })
	r.wantNoisy(t, "ours uses next to no CPU")
}

func TestFaster_RefusesDistortedBuilds(t *testing.T) {
	if testing.CoverMode() == "" && !claim.RaceDetector {
		t.Skip("this build measures speed")
	}
	r := record(t, func(t testing.TB) { claim.Faster(t, contest(1, 1), 1) })
	r.wantNoisy(t, "not measured in this build", "build plain")
}

func TestFaster_NeedsNames(t *testing.T) {
	measurable(t)
	r := record(t, func(t testing.TB) { claim.Faster(t, claim.Contest{}, 1) })
	r.wantFailed(t, "", "no name or no Op")
}

func TestInterval_IsWhereTheMedianIs(t *testing.T) {
	rng := claim.Rand(t)
	const trials = 2000
	for _, n := range []int{9, 15, 31} {
		missed := 0
		for range trials {
			x := make([]float64, n)
			for i := range x {
				x[i] = rng.ExpFloat64() // skewed, median ln 2
			}
			if mid, lo, hi := claim.Interval(x); lo > 0.6931 || hi < 0.6932 || mid < lo || mid > hi {
				missed++
			}
		}
		// 1 % of 2,000 is 20; 45 is more than five standard deviations away.
		if missed > 45 {
			t.Errorf("n = %d: the median lies outside in %d of %d cases, want at most 1 %%", n, missed, trials)
		}
	}
}
