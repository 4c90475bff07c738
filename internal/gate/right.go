package gate

import (
	"bytes"
	"context"
	"fmt"
	"go/format"
	"io/fs"
	"path"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

const minMutants = 2 // wrong solutions of a stage

// ids holds what names stages against each other. The catalogue has checked most
// of it on reading; what is left needs the reference.
func ids(_ context.Context, in *inspection) error {
	ref, err := judge.Reference(in.lab)
	if err != nil {
		return err
	}
	named, err := start.Stages(ref)
	if err != nil {
		in.fault("%v", err)
		return nil
	}
	for id, at := range named {
		if in.lab.Stage(id) < 0 {
			in.fault("%s names stage %q, which lab.md lacks", at[0], id)
		}
	}
	for i, s := range in.lab.Stages {
		planted := slices.ContainsFunc(in.lab.Plant, func(name string) bool { return in.lab.StageOf(in.lab.Mutant(name).Fails[0]) == i })
		if _, ok := named[s.ID]; !ok && !planted {
			in.fault("stage %s: nothing in the reference is hidden until it", s.ID)
		}
	}
	checks := 0
	for _, s := range in.lab.Stages {
		checks += len(s.Checks)
	}
	in.saw("%d stages, %d checks, %d mutants", len(in.lab.Stages), checks, len(in.lab.Mutants))
	return nil
}

// starter looks at what a learner gets first.
func starter(ctx context.Context, in *inspection) error {
	stages := stageIDs(in.lab)
	for solved := range len(stages) + 1 {
		ref, err := judge.Planted(in.lab, solved)
		if err != nil {
			in.fault("%v", err)
			return nil
		}
		files, err := judge.Solution(in.lab, solved, start.Panic)
		if err != nil {
			in.fault("%v", err)
			return nil
		}
		for name, src := range files {
			if pretty, err := format.Source(src); err != nil || !bytes.Equal(pretty, src) {
				in.fault("%s, %d stages solved, is not gofmt-clean", name, solved)
			}
		}
		for _, leak := range start.Leaks(ref, files, stages, solved) {
			in.fault("%d stages solved: %s", solved, leak)
		}
	}
	files, err := judge.Solution(in.lab, 0, start.Panic)
	if err != nil {
		return err
	}
	c, err := in.judge.Build(in.lab, files)
	if err != nil {
		return err
	}
	defer c.Close()
	findings, err := c.Vet(ctx)
	if err != nil {
		return err
	}
	for _, p := range findings {
		in.fault("starter: %s:%d: %s", p.File, p.Line, p.Message)
	}
	v, err := in.judge.Check(ctx, in.lab, files, judge.CheckOptions{First: true}) // rules on
	if err != nil {
		return err
	}
	switch {
	case len(v.Problems) > 0:
		in.fault("the starter does not get as far as a check: %s", v.Problems[0].Message)
	case v.Outcome == judge.Passed:
		in.fault("the starter passes")
	default:
		c := firstFailure(v)
		in.saw("first failure: %s (%s) %s", c.Name, c.Outcome, line(c.Message))
	}
	return nil
}

// A stair is a solution up to a stage, with stubs of one kind for the rest.
type stair struct {
	stub   start.Stub
	solved int
}

// staircase climbs: with k stages solved, the first k pass and the next does not.
func staircase(ctx context.Context, in *inspection) error {
	n := len(in.lab.Stages)
	var stairs []stair
	for solved := range n + 1 {
		stairs = append(stairs, stair{start.Panic, solved})
	}
	for solved := range n { // with all solved nothing is stubbed any more
		stairs = append(stairs, stair{start.Zero, solved})
	}
	if in.quick { // nothing is measured
		if err := in.each(ctx, len(stairs), func(ctx context.Context, i int) error { return in.climb(ctx, stairs[i]) }); err != nil {
			return err
		}
	} else {
		for _, s := range stairs {
			if err := in.climb(ctx, s); err != nil {
				return err
			}
		}
	}
	in.saw("panic stubs: 0 to %d of %d stages solved, each passes so far and no further", n, n)
	in.saw("zero stubs: 0 to %d of %d stages solved, each passes so far and no further", n-1, n)
	return nil
}

func (in *inspection) climb(ctx context.Context, s stair) error {
	stages := stageIDs(in.lab)
	in.event(fmt.Sprintf("%s: staircase, %s stubs, %d solved", in.lab.ID, stubName(s.stub), s.solved))
	files, err := judge.Solution(in.lab, s.solved, s.stub)
	if err != nil {
		return err
	}
	o := judge.CheckOptions{Stages: stages[:min(s.solved+1, len(stages))], All: true}
	switch {
	case !in.quick:
	case s.stub == start.Panic:
		o.Only = in.unmeasuredChecks(s.solved)
	default:
		// The row of panic stubs shows that the stages so far pass, and zero values make
		// checks wait. One that fails is enough.
		o = judge.CheckOptions{Stages: stages[s.solved : s.solved+1], First: true}
	}
	v, err := in.judge.Check(ctx, in.lab, files, o)
	if err != nil {
		return err
	}
	in.step(v, s.stub, s.solved)
	return nil
}

func (in *inspection) step(v *judge.Verdict, stub start.Stub, solved int) {
	if len(v.Problems) > 0 {
		in.fault("%s stubs, %d solved: %s:%d: %s", stubName(stub), solved, v.Problems[0].File, v.Problems[0].Line, v.Problems[0].Message)
		return
	}
	for _, s := range v.Stages {
		i := in.lab.Stage(s.ID) // a quick verdict may lack stages
		switch {
		case i < solved && s.Outcome != judge.Passed:
			for _, c := range s.Checks {
				if c.Outcome != judge.Passed && !in.tolerates(c) {
					in.fault("%s stubs, %d solved: %s of stage %s is %s: %s", stubName(stub), solved, c.Name, s.ID, c.Outcome, line(c.Message))
				}
			}
		case i == solved && s.Outcome == judge.Passed:
			in.fault("%s stubs, %d solved: stage %s passes, and nothing of it is written", stubName(stub), solved, s.ID)
		}
	}
}

// A schedule is one way to run the reference.
type schedule struct {
	race      bool
	procs, gc string
}

// reference runs the reference under every schedule, several times in all.
func reference(ctx context.Context, in *inspection) error {
	files, err := judge.Solution(in.lab, len(in.lab.Stages), start.Panic)
	if err != nil {
		return err
	}
	c, err := in.judge.Build(in.lab, files)
	if err != nil {
		return err
	}
	defer c.Close()
	var schedules []schedule
	for _, gc := range []string{"10", "100"} {
		for _, procs := range []string{"1", "8", "2"} {
			for _, race := range []bool{true, false} {
				schedules = append(schedules, schedule{race: race, procs: procs, gc: gc})
			}
		}
	}
	runs := in.times(20, 3)
	if in.runs > 0 {
		runs = in.runs
	}
	if len(in.rightChecks()) == 0 {
		runs = 0
	}
	for i := range runs {
		s := schedules[i%len(schedules)]
		in.event(fmt.Sprintf("%s: reference, run %d of %d", in.lab.ID, i+1, runs))
		v, err := c.Run(ctx, judge.CheckOptions{
			All: true, Shuffle: true, NoRace: !s.race, Env: []string{"GOMAXPROCS=" + s.procs, "GOGC=" + s.gc},
			Only: in.rightChecks(),
		})
		if err != nil {
			return err
		}
		in.expectPass(v, fmt.Sprintf("run %d (race %v, GOMAXPROCS=%s, GOGC=%s)", i+1, s.race, s.procs, s.gc), nil)
	}
	in.saw("%d runs, shuffled, over race × GOMAXPROCS × GOGC", runs)
	return nil
}

func (in *inspection) rightChecks() []string  { return in.checks(false) }
func (in *inspection) budgetChecks() []string { return in.checks(true) }

// unmeasuredChecks are all checks but those that measure; the gate of budgets does that,
// on the whole reference. A stage that has no others is left as it is.
func (in *inspection) unmeasuredChecks(solved int) []string {
	names := in.rightChecks()
	if solved == len(in.lab.Stages) {
		return names
	}
	next := in.lab.Stages[solved].Checks
	if !slices.ContainsFunc(next, func(c catalog.Check) bool { return !c.Plain }) {
		for _, c := range next {
			names = append(names, c.Name)
		}
	}
	return names
}

func (in *inspection) checks(plain bool) []string {
	var names []string
	for _, s := range in.lab.Stages {
		for _, c := range s.Checks {
			if c.Plain == plain {
				names = append(names, c.Name)
			}
		}
	}
	return names
}

// expectPass records every check that did not pass and is not waived.
func (in *inspection) expectPass(v *judge.Verdict, what string, waived []string) {
	for _, p := range v.Problems {
		in.fault("%s: %s:%d: %s", what, p.File, p.Line, p.Message)
	}
	for _, s := range v.Stages {
		for _, c := range s.Checks {
			if c.Outcome != judge.Passed && !slices.Contains(waived, c.Name) && !in.tolerates(c) {
				in.fault("%s: %s is %s: %s (replay with seed %d)", what, c.Name, c.Outcome, line(c.Message), c.Seed)
			}
		}
	}
}

// tolerates says whether a check that did not pass is held against the lab. One
// that a busy machine could not measure is not, in the quick form; it is noted.
func (in *inspection) tolerates(c judge.Check) bool {
	if !in.quick || c.Outcome != judge.Noisy {
		return false
	}
	in.saw("%s could not be measured: this machine is too busy", c.Name)
	return true
}

// wheatTag keeps a wheat out of go build ./...: it is a package only where it
// replaces the learner's files, beside those that the lab gives.
const wheatTag = "//go:build wheat\n\n"

// wheats runs the other correct solutions.
func wheats(ctx context.Context, in *inspection) error {
	for _, w := range in.lab.Wheats {
		in.event(in.lab.ID + ": wheat " + w.Name)
		files := start.Files{}
		names, err := fs.Glob(in.lab.FS, path.Join("wheats", w.Name, "*.go"))
		if err != nil {
			return err
		}
		for _, name := range names {
			src, err := fs.ReadFile(in.lab.FS, name)
			if err != nil {
				return err
			}
			files[path.Base(name)] = bytes.Replace(src, []byte(wheatTag), nil, 1)
		}
		var want []string
		for _, name := range append(in.rightChecks(), in.budgetChecks()...) {
			if !slices.Contains(w.Waives, name) {
				want = append(want, name)
			}
		}
		v, err := in.judge.Check(ctx, in.lab, files, judge.CheckOptions{All: true, Only: want, NoRules: true})
		if err != nil {
			return err
		}
		in.expectPass(v, "wheat "+w.Name, w.Waives)
		in.saw("%s passes %d checks, waives %d", w.Name, len(want), len(w.Waives))
	}
	return nil
}

func stageIDs(lab *catalog.Lab) []string {
	var out []string
	for _, s := range lab.Stages {
		out = append(out, s.ID)
	}
	return out
}

func stubName(s start.Stub) string {
	if s == start.Zero {
		return "zero"
	}
	return "panic"
}

// firstFailure is the first check of a verdict that did not pass.
func firstFailure(v *judge.Verdict) judge.Check {
	for _, s := range v.Stages {
		for _, c := range s.Checks {
			if c.Outcome != judge.Passed && c.Outcome != judge.NotRun {
				return c
			}
		}
	}
	return judge.Check{}
}

// line is the first line of a message.
func line(s string) string {
	first, _, _ := strings.Cut(strings.TrimSpace(s), "\n")
	return first
}
