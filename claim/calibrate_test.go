package claim_test

import (
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
)

// Rounds of ours around 70 and of a peer around 100: the limit that is too near, the
// good one, and the one that is too far.
func TestFaster_Calibration(t *testing.T) {
	rng := claim.Rand(t)
	ours, peer := make([]float64, 15), make([]float64, 15)
	for i := range ours {
		ours[i] = 70 * (1 + 0.03*(rng.Float64()-0.5))
		peer[i] = 100 * (1 + 0.03*(rng.Float64()-0.5))
	}
	for _, c := range []struct {
		limit float64
		want  string
	}{
		{0.60, "of 1000 draws 1000 fail, 0 cannot tell; slowed 1.25x 1000 fail, 0 cannot tell; all fail from 0."},
		{0.78, "of 1000 draws 0 fail, 0 cannot tell; slowed 1.25x 1000 fail, 0 cannot tell; all fail from 1.1"},
		{1.40, "of 1000 draws 0 fail, 0 cannot tell; slowed 1.25x 0 fail, 0 cannot tell; all fail from 2.0"},
	} {
		got := claim.Calibrate(ours, peer, 15, c.limit)
		if !strings.Contains(got, c.want) {
			t.Errorf("limit %.2f: %s; want %s", c.limit, got, c.want)
		}
		if again := claim.Calibrate(ours, peer, 15, c.limit); again != got {
			t.Errorf("the same rounds, another calibration:\n%s\n%s", got, again)
		}
	}
}

// The line is in the evidence for who asks, and only then.
func TestFaster_CalibratesWhenAsked(t *testing.T) {
	measurable(t)
	for _, asked := range []string{"", "1"} {
		t.Setenv("HONE_CALIBRATE", asked)
		r := record(t, func(t testing.TB) { claim.Faster(t, contest(100, 200), 0.8) })
		if r.skipped {
			t.Skip(r.log.String())
		}
		if got := strings.Contains(r.evidence(t)[0].Text, "\ncalibration: limit 0.800, median 0."); got != (asked != "") {
			t.Errorf("HONE_CALIBRATE=%q: calibrated %v", asked, got)
		}
	}
}

// What another process does is measured by its clock: here two clocks that only the
// operations move.
func TestFaster_OtherClock(t *testing.T) {
	measurable(t)
	side := func(name string, each time.Duration) claim.Side {
		var clock time.Duration
		return claim.Side{Name: name, Op: func(n int) { clock += time.Duration(n) * each }, CPU: func() time.Duration { return clock }}
	}
	r := record(t, func(t testing.TB) {
		c := claim.Contest{Ours: side("ours", 20*time.Microsecond), Peer: side("peer", 40*time.Microsecond)}
		if ratio := claim.Ratio(t, c); ratio < 0.499 || ratio > 0.501 {
			t.Errorf("ratio = %v, want 0.5", ratio)
		}
		claim.Faster(t, c, 0.5)
	})
	r.wantSilent(t)
}
