package gate

import (
	"context"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// budgets measures the reference as a learner's machine measures: with defaults. A
// cramped collector or eight threads on two cores are no fair conditions for a ratio.
// Every ratio is calibrated on the way (package claim, calibrate.go): a limit that
// the reference could fail is unfair, and one that code a quarter slower passes is
// decoration.
func budgets(ctx context.Context, in *inspection) error {
	names := in.budgetChecks()
	if len(names) == 0 {
		in.saw("none")
		return nil
	}
	files, err := judge.Solution(in.lab, len(in.lab.Stages), start.Panic)
	if err != nil {
		return err
	}
	c, err := in.judge.Build(in.lab, files)
	if err != nil {
		return err
	}
	defer c.Close()
	times := in.times(5, 1)
	for round := range times {
		in.event(fmt.Sprintf("%s: budgets, %d of %d", in.lab.ID, round+1, times))
		if err := in.calibrated(ctx, c, names); err != nil {
			return err
		}
	}
	in.saw("%d budgets, %d times", len(names), times)
	return nil
}

// measureTries is how often a limit is calibrated before it counts as a bad one: what
// else the machine does widens what a draw may be.
const measureTries = 3

// enoughCPU is how much of the time a measurement must have had a processor. Below that,
// in the quick form, a calibration is not held against the lab: it shows the neighbours.
const enoughCPU = 0.7

// calibrated runs budgets once, and those again that do not pass, or whose calibration
// is not good enough.
func (in *inspection) calibrated(ctx context.Context, c *judge.Candidate, names []string) error {
	for try := 1; len(names) > 0; try++ {
		v, err := c.Run(ctx, judge.CheckOptions{All: true, Only: names, Env: []string{"HONE_CALIBRATE=1"}})
		if err != nil {
			return err
		}
		busy := in.quick && float64(v.CPU) < enoughCPU*float64(v.Wall)
		names = nil
		for s := range v.Stages {
			for i := range v.Stages[s].Checks {
				check := &v.Stages[s].Checks[i]
				wrong := in.limit(check)
				switch {
				case wrong == "":
				case try < measureTries:
					names = append(names, check.Name)
					check.Outcome = judge.Passed // for now
				case busy:
					in.saw("%s could not be measured, this machine is too busy: %s", check.Name, wrong)
					check.Outcome = judge.Passed
				case check.Outcome == judge.Passed:
					in.fault("%s: %s", check.Name, wrong)
				}
			}
		}
		in.expectPass(v, "budgets", nil)
	}
	return nil
}

// limit says what is wrong with a budget that was measured: that the reference is over
// it, or how it was calibrated.
func (in *inspection) limit(check *judge.Check) (wrong string) {
	switch check.Outcome {
	case judge.Passed:
		said, wrong := limits(*check, in.quick)
		if wrong == "" {
			for _, text := range said {
				in.saw("%s: %s", check.Name, text)
			}
		}
		return wrong
	case judge.Budget:
		return line(check.Message)
	}
	return ""
}

var calibration = regexp.MustCompile(`(?m)^calibration: (limit ([\d.]+), median ([\d.]+); of (\d+) draws (\d+) fail, \d+ cannot tell; slowed ([\d.]+)x (\d+) fail, (\d+) cannot tell; all fail from [\d.]+x on)$`)

// limits reads the calibrations in the evidence of a check: what they say, and what is
// wrong with the first bad one. A draw that cannot tell is neither here nor there: on a
// busy machine there are some, and a judge who cannot tell does not let anybody pass.
func limits(check judge.Check, busy bool) (said []string, wrong string) {
	for _, e := range check.Evidence {
		if e.Kind != "ratio" {
			continue
		}
		m := calibration.FindStringSubmatch(e.Text)
		if m == nil {
			return nil, fmt.Sprintf("%q is not measured by claim.Faster, so nobody knows what its limit is worth", e.Title)
		}
		said = append(said, m[1])
		draws, _ := strconv.Atoi(m[4])
		fail, _ := strconv.Atoi(m[5])
		slow, _ := strconv.Atoi(m[7])
		unclear, _ := strconv.Atoi(m[8])
		switch {
		case fail > 0:
			return said, fmt.Sprintf("the limit %s is too near: the reference, at %s, fails %d of %d draws", m[2], m[3], fail, draws)
		case slow+unclear < draws:
			return said, fmt.Sprintf("the limit %s is too far from the reference, at %s: %sx slower it still passes %d of %d draws", m[2], m[3], m[6], draws-slow-unclear, draws)
		case unclear > 0 && !busy:
			return said, fmt.Sprintf("the limit %s is too far from the reference, at %s: %sx slower, %d of %d draws cannot tell", m[2], m[3], m[6], unclear, draws)
		}
	}
	return said, ""
}

// How long a learner may wait for the first verdict, on two cores, with everything
// compiled that does not change.
const (
	patience      = 2 * time.Second
	patienceBuild = 10 * time.Second // a Build lab has a program to compile and processes to start
)

// latency measures the first verdict, as hone check and its watch give it: of the
// starter the first check that does not pass, of the first stage solved all its checks.
// Every run has other files, as after a save, so that they are compiled. In the quick
// form CPU time decides, which does not depend on what else the machine does; the
// full form is for a quiet machine, and holds wall time too.
func latency(ctx context.Context, in *inspection) error {
	limit := patience
	if in.lab.Kind == catalog.Build {
		limit = patienceBuild
	}
	for solved, what := range []string{"the starter", "the first stage solved"} {
		files, err := judge.Solution(in.lab, solved, start.Panic)
		if err != nil {
			return err
		}
		var wall, cpu []time.Duration
		for i := range 1 + in.times(20, 3) {
			in.event(fmt.Sprintf("%s: first verdict, %s", in.lab.ID, what))
			saved := maps.Clone(files)
			saved[in.lab.Files[0]] = fmt.Appendf(slices.Clone(saved[in.lab.Files[0]]), "\n// Saved %d times, last at %d.\n", i, time.Now().UnixNano())
			begin := time.Now()
			v, err := in.judge.Check(ctx, in.lab, saved, judge.CheckOptions{Stages: stageIDs(in.lab)[:1], First: true})
			if err != nil {
				return err
			}
			if len(v.Problems) > 0 {
				in.fault("%s: %s", what, v.Problems[0].Message)
				return nil
			}
			if i > 0 { // the first one warms the caches up
				wall, cpu = append(wall, time.Since(begin)), append(cpu, v.CPU)
			}
		}
		p := 95
		if in.quick {
			p = 50 // of three, the 95th percentile is whatever happened to one
		}
		w, c := percentile(wall, p), percentile(cpu, p)
		said := fmt.Sprintf("%s: verdict in %.2f s, %.2f s of CPU, percentile %d of %d runs", what, w.Seconds(), c.Seconds(), p, len(wall))
		switch {
		case c > limit:
			in.fault("%s: more than %v of CPU", said, limit)
		case w > limit && !in.quick:
			in.fault("%s: more than %v", said, limit)
		default:
			in.saw("%s", said)
		}
	}
	return nil
}

// percentile p of x by nearest rank.
func percentile(x []time.Duration, p int) time.Duration {
	x = slices.Sorted(slices.Values(x))
	return x[(len(x)*p+99)/100-1]
}
