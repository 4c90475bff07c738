package gate

import (
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/judge"
)

func TestBudgets_Refuses(t *testing.T) {
	refuse(t, "budgets", []refusal{
		{"good", nil, ""},
		{"too far", []edit{{"bench_test.go", ", 0.95)", ", 1.1)"}},
			"TestMax_Fast: the limit 1.100 is too far from the reference, at 0.833: 1.25x slower it still passes 1000 of 1000 draws"},
		{"missed", []edit{{"bench_test.go", ", 0.95)", ", 0.5)"}},
			"budgets: TestMax_Fast is budget: Max takes 0.83 times the CPU of loop for an operation, claimed at most 0.50."},
		{"rounds of its own", []edit{{"bench_test.go", "claim.Faster(t, claim.Contest{Ours: side(\"Max\", window.Max, 10), Peer: side(\"loop\", loop, 12)}, 0.95)",
			"side(\"Max\", window.Max, 10).Op(1)\n\tclaim.Show(t, claim.KindRatioTable, \"Max against loop\", \"0.8\")"}},
			`TestMax_Fast: "Max against loop" is not measured by claim.Faster, so nobody knows what its limit is worth`},
	})
}

func TestLimits(t *testing.T) {
	check := func(text string) judge.Check {
		return judge.Check{Evidence: []judge.Evidence{{Kind: "text", Text: "x"}, {Kind: "ratio", Title: "a against b", Text: "ratio 1.000\n" + text}}}
	}
	const said = "limit 1.020, median 1.000; of 1000 draws 3 fail, 40 cannot tell; slowed 1.25x 1000 fail, 0 cannot tell; all fail from 1.06x on"
	got, wrong := limits(check("calibration: "+said), true)
	if len(got) != 1 || got[0] != said || wrong != "the limit 1.020 is too near: the reference, at 1.000, fails 3 of 1000 draws" {
		t.Errorf("limits: %q, %q", got, wrong)
	}
	for busy, want := range map[bool]string{true: "", false: "the limit 1.150 is too far from the reference, at 1.000: 1.25x slower, 20 of 1000 draws cannot tell"} {
		_, wrong := limits(check("calibration: limit 1.150, median 1.000; of 1000 draws 0 fail, 0 cannot tell; slowed 1.25x 980 fail, 20 cannot tell; all fail from 1.28x on"), busy)
		if wrong != want {
			t.Errorf("busy %v: %q, want %q", busy, wrong, want)
		}
	}
}

func TestLatency_Refuses(t *testing.T) {
	if testing.Short() {
		t.Skip("waits for a lab that lets one wait")
	}
	if got := faults(t, "latency"); got != "" {
		t.Errorf("the good lab: %s", got)
	}
	got, _, _ := strings.Cut(faults(t, "latency", edit{"window.go", "\tlargest :=", `	if x := uint64(1); len(values) == 0 {
		for range uint64(2_000_000_000) { // each needs the one before: two seconds at the least
			x = x*6364136223846793005 + 1442695040888963407
		}
		n += int(x & 1)
	}
	largest :=`}), "\n")
	want := regexp.MustCompile(`^the first stage solved: verdict in \d+\.\d\d s, [2-9]\.\d\d s of CPU, percentile 50 of 3 runs: more than 2s of CPU$`)
	if !want.MatchString(got) {
		t.Errorf("a lab that computes for seconds: %q", got)
	}
}

func TestPercentile(t *testing.T) {
	var x []time.Duration
	for i := range 20 {
		x = append(x, time.Duration(20-i))
	}
	if got := percentile(x, 95); got != 19 {
		t.Errorf("percentile 95 of 1 to 20 is %d, want 19", got)
	}
	if got := percentile(x[:3], 50); got != 19 {
		t.Errorf("percentile 50 of 20, 19, 18 is %d, want 19", got)
	}
}

func TestReference_Runs(t *testing.T) {
	if testing.Short() {
		t.Skip("runs the reference often")
	}
	tree, lab := fixture(t)
	j, err := judge.New(t.Context(), judge.Options{Source: tree, Cache: cache(t)})
	if err != nil {
		t.Fatal(err)
	}
	r, err := Check(t.Context(), j, lab, Options{Quick: true, Runs: 14, Only: []string{"reference"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Gates {
		if g.ID == "reference" && (!g.Passed || g.Detail[0] != "14 runs, shuffled, over race × GOMAXPROCS × GOGC") {
			t.Errorf("the flake hunt: %q", g.Detail)
		}
	}
}
