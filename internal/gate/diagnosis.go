package gate

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/diagnose"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/term"
)

const (
	goldenDir  = "golden" // a file for each mutant: what a learner sees of it
	goldenSeed = 1        // of the runs whose text is kept
	looks      = 3        // at a mutant that looks different from what was recorded
	maxPairs   = 30       // of mutants planted together, for each lab

	// Of one check of a mutant. A stage has several that an endless loop is in.
	observeLimit = 5 * time.Second

	precision = 0.95 // of what is suspected of a recorded mistake, or of two, so much is right
	mistaken  = 0.20 // of mistakes that nobody recorded, no more are taken for another
)

// observations are how the own stages of mutants ended, by mutant. The gates that need
// them share them: each is a build and a run.
type observations struct {
	mu sync.Mutex
	of map[string]judge.Stage
}

func (o *observations) note(mutant string, seen judge.Stage) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.of[mutant] = seen
}

func (o *observations) get(mutant string) (judge.Stage, bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	seen, ok := o.of[mutant]
	return seen, ok
}

// observe runs the whole of one stage on a candidate.
func observe(ctx context.Context, c *judge.Candidate, stage string, o judge.CheckOptions) (judge.Stage, error) {
	o.Stages, o.All, o.Limit = []string{stage}, true, observeLimit
	v, err := c.Run(ctx, o)
	if err != nil {
		return judge.Stage{}, err
	}
	if len(v.Problems) > 0 {
		return judge.Stage{}, fmt.Errorf("%s:%d: %s", v.Problems[0].File, v.Problems[0].Line, v.Problems[0].Message)
	}
	return v.Stages[0], nil
}

// text is what a learner sees of a stage.
func (in *inspection) text(stage judge.Stage, matrix diagnose.Matrix) string {
	v := &judge.Verdict{Lab: in.lab.ID, Outcome: judge.NotYet, Stages: []judge.Stage{stage}}
	diagnose.Suspect(in.lab, matrix, v)
	return report.Text(term.Screen{}, v, report.Options{})
}

// candidate builds the reference with mutants in it.
func (in *inspection) candidate(mutants ...catalog.Mutant) (*judge.Candidate, error) {
	wrong, err := judge.Reference(in.lab)
	if err != nil {
		return nil, err
	}
	for _, m := range mutants {
		if wrong, err = start.Apply(wrong, m.Diff); err != nil {
			return nil, fmt.Errorf("mutant %s: %w", m.Name, err)
		}
	}
	stages := stageIDs(in.lab)
	files, err := start.Derive(wrong, stages, len(stages), start.Panic)
	if err != nil {
		return nil, err
	}
	return in.judge.Build(in.lab, files)
}

// stageOf is the stage that a mutant breaks.
func (in *inspection) stageOf(m catalog.Mutant) string {
	return in.lab.Stages[in.lab.StageOf(m.Fails[0])].ID
}

// diagnosis holds what was recorded of the mutants against what they do, and measures
// how often a suspicion is right.
func diagnosis(ctx context.Context, in *inspection) error {
	matrix, err := diagnose.Open(in.lab)
	if err != nil {
		in.fault("%v", err)
		return nil
	}
	for _, f := range matrix {
		if in.lab.Mutant(f.Mutant) == nil {
			in.fault("%s has a line on %s, and there is no such mutant", diagnose.File, f.Mutant)
		}
	}
	in.strayGoldens()
	err = in.eachMutant(ctx, func(ctx context.Context, m catalog.Mutant) error { return in.recorded(ctx, m, matrix) })
	if err != nil {
		return err
	}
	if len(in.faults) > 0 {
		in.saw("to record what is true now: hone lab check --record %s", in.lab.ID)
		return nil
	}
	return in.measure(ctx, matrix)
}

// eachMutant calls work for all mutants: several at a time for those that are not
// measured.
func (in *inspection) eachMutant(ctx context.Context, work func(context.Context, catalog.Mutant) error) error {
	measured, others := in.split()
	err := in.each(ctx, len(others), func(ctx context.Context, i int) error { return work(ctx, others[i]) })
	if err != nil {
		return err
	}
	for _, m := range measured {
		if err := work(ctx, m); err != nil {
			return err
		}
	}
	return nil
}

// split tells the mutants that a budget must reject, which run alone, from the others.
func (in *inspection) split() (measured, others []catalog.Mutant) {
	for _, m := range in.lab.Mutants {
		if slices.ContainsFunc(m.Fails, func(name string) bool { return slices.Contains(in.budgetChecks(), name) }) {
			measured = append(measured, m)
		} else {
			others = append(others, m)
		}
	}
	return measured, others
}

func (in *inspection) strayGoldens() {
	files, err := fs.Glob(in.lab.FS, path.Join(goldenDir, "*.txt"))
	if err != nil {
		in.fault("%v", err)
	}
	for _, f := range files {
		if name := strings.TrimSuffix(path.Base(f), ".txt"); in.lab.Mutant(name) == nil {
			in.fault("%s: there is no such mutant", f)
		}
	}
}

// hangs says whether it is on record that checks wait for a mutant until their time is
// up. The quick form does not wait for each of them.
func (in *inspection) hangs(mutant string) bool {
	matrix, err := diagnose.Open(in.lab)
	if err != nil || !in.quick || matrix.Of(mutant) == nil {
		return false
	}
	return slices.ContainsFunc(matrix.Of(mutant).Failures, func(f diagnose.Failure) bool {
		return slices.ContainsFunc(f.Signs, func(s diagnose.Sign) bool { return s.Outcome == judge.Timeout || s.Outcome == judge.Deadlock })
	})
}

// needsNoRace says whether the quick form leaves the race detector out for a mutant: where
// nothing on record is a race. Its binary is most of what a mutant costs.
func (in *inspection) needsNoRace(mutant string) bool {
	matrix, err := diagnose.Open(in.lab)
	if err != nil || !in.quick || matrix.Of(mutant) == nil {
		return false
	}
	return !slices.ContainsFunc(matrix.Of(mutant).Failures, func(f diagnose.Failure) bool {
		return slices.ContainsFunc(f.Signs, func(s diagnose.Sign) bool { return s.Outcome == judge.Raced })
	})
}

// recorded compares one mutant with its fingerprint and its golden file. What depends on
// chance gets a few chances: the fingerprint was made of few runs, too.
func (in *inspection) recorded(ctx context.Context, m catalog.Mutant, matrix diagnose.Matrix) error {
	if in.hangs(m.Name) {
		in.saw("mutant %s hangs: the full form waits for it", m.Name)
		return nil
	}
	print := matrix.Of(m.Name)
	want, err := fs.ReadFile(in.lab.FS, path.Join(goldenDir, m.Name+".txt"))
	switch {
	case print == nil || errors.Is(err, fs.ErrNotExist):
		in.fault("mutant %s: nothing is recorded of it", m.Name)
		return nil
	case err != nil:
		return fmt.Errorf("read the golden file of %s: %w", m.Name, err)
	}
	seen, ok := in.observed.get(m.Name)
	var c *judge.Candidate
	sameFails, sameText := false, false
	for look := range looks {
		if !ok {
			if c == nil {
				if c, err = in.candidate(m); err != nil {
					in.fault("mutant %s: %v", m.Name, err)
					return nil
				}
				defer c.Close()
			}
			if seen, err = observe(ctx, c, in.stageOf(m), judge.CheckOptions{Seed: goldenSeed, NoRace: look == 0 && in.needsNoRace(m.Name)}); err != nil {
				return fmt.Errorf("mutant %s: %w", m.Name, err)
			}
			in.observed.note(m.Name, seen)
		}
		ok = false
		sameFails = sameFails || diagnose.Fits(seen, *print) || in.quick && late(seen)
		sameText = sameText || in.reads(string(want), settled(in.text(seen, matrix)), seen) || in.unmeasured(seen)
		if sameFails && sameText {
			return nil
		}
	}
	if !sameFails {
		in.fault("mutant %s does not fail as it was recorded; recorded: %s; now: %s", m.Name, describe(*print), describe(diagnose.Record(m.Name, []judge.Stage{seen})))
	}
	if !sameText {
		in.fault("mutant %s: a learner would see something else now than in %s/%s.txt:\n%s", m.Name, goldenDir, m.Name, settled(in.text(seen, matrix)))
	}
	return nil
}

// late says whether all that failed in a stage ran out of time. What is measured is then
// not run at all.
func late(s judge.Stage) bool {
	return !slices.ContainsFunc(s.Checks, func(c judge.Check) bool {
		return !slices.Contains([]judge.Outcome{judge.Passed, judge.NotRun, judge.Noisy, judge.Timeout}, c.Outcome)
	})
}

// reads says whether a learner sees what is on record: to the letter in the full form, up
// to values in the quick one, which must do on a machine that has no time, and where
// the scheduler has a say.
func (in *inspection) reads(want, now string, s judge.Stage) bool {
	scheduled := slices.ContainsFunc(s.Checks, func(c judge.Check) bool { return c.Outcome == judge.Raced || c.Outcome == judge.Deadlock })
	return matches(want, now) || (in.quick || scheduled) && loosely(want, now)
}

// unmeasured says whether this machine had no time for something of a stage, so that
// what a learner would see on a better day is not to be known.
func (in *inspection) unmeasured(s judge.Stage) bool {
	return slices.ContainsFunc(s.Checks, func(c judge.Check) bool {
		return c.Outcome == judge.Timeout || c.Outcome == judge.Noisy && in.tolerates(c)
	})
}

// describe is a fingerprint in a line.
func describe(f diagnose.Fingerprint) string {
	_, line, _ := strings.Cut(strings.TrimSpace(diagnose.Matrix{f}.Format()), "\n"+f.Mutant+"\t")
	return strings.ReplaceAll(line, "\t", ": ")
}

// A tally counts suspicions.
type tally struct{ asked, spoke, right int }

// hear counts what was said about a mistake, or two.
func (t *tally) hear(said []string, mistakes ...string) {
	t.asked++
	if len(said) == 0 {
		return
	}
	t.spoke++
	if !slices.ContainsFunc(said, func(s string) bool { return !slices.Contains(mistakes, s) }) {
		t.right++
	}
}

// measure asks for suspicions where the answer is known. Three questions: is a mistake
// that was recorded recognised in a new run; is one that nobody has recorded (its own
// fingerprint is taken out) taken for another; and what is said about two mistakes at once?
func (in *inspection) measure(ctx context.Context, matrix diagnose.Matrix) error {
	var known, unknown, both tally
	for _, m := range in.lab.Mutants {
		seen, ok := in.observed.get(m.Name)
		if !ok {
			continue
		}
		known.hear(matrix.Explain(seen), m.Name)
		unknown.hear(matrix.Without(m.Name).Explain(seen))
	}
	if !in.quick {
		if err := in.pairs(ctx, matrix, &both); err != nil {
			return err
		}
	}
	spoke, right := known.spoke+both.spoke, known.right+both.right
	share := 1.0
	if spoke > 0 {
		share = float64(right) / float64(spoke)
	}
	text := fmt.Sprintf("suspicions: %d of %d recorded mistakes are named, %d rightly", known.spoke, known.asked, known.right)
	if both.asked > 0 {
		text += fmt.Sprintf("; of %d pairs %d, %d rightly", both.asked, both.spoke, both.right)
	}
	in.saw("%s: precision %.1f %%; left out of the record, %d of %d are taken for another", text, 100*share, unknown.spoke, unknown.asked)
	if float64(unknown.spoke) > mistaken*float64(unknown.asked) {
		in.fault("of %d mistakes left out of the record %d are taken for another, more than %.0f %%: their checks say the same of both", unknown.asked, unknown.spoke, 100*mistaken)
	}
	if share < precision {
		in.fault("suspicions are right in %.1f %% of all cases, and must be in %.0f %%", 100*share, 100*precision)
	}
	return nil
}

// pairs plants mutants of one stage together, neighbours by name.
func (in *inspection) pairs(ctx context.Context, matrix diagnose.Matrix, both *tally) error {
	_, others := in.split()
	var all [][2]catalog.Mutant
	for i, m := range others {
		j := slices.IndexFunc(others[i+1:], func(o catalog.Mutant) bool { return in.stageOf(o) == in.stageOf(m) })
		if j >= 0 && len(all) < maxPairs {
			all = append(all, [2]catalog.Mutant{m, others[i+1+j]})
		}
	}
	var mu sync.Mutex
	return in.each(ctx, len(all), func(ctx context.Context, i int) error {
		a, b := all[i][0], all[i][1]
		in.event(fmt.Sprintf("%s: mutants %s and %s together", in.lab.ID, a.Name, b.Name))
		c, err := in.candidate(a, b)
		if err != nil {
			return nil // they change the same lines
		}
		defer c.Close()
		v, err := c.Run(ctx, judge.CheckOptions{Stages: []string{in.stageOf(a)}, All: true})
		if err != nil || len(v.Problems) > 0 {
			return err
		}
		said := matrix.Explain(v.Stages[0])
		mu.Lock()
		both.hear(said, a.Name, b.Name)
		mu.Unlock()
		return nil
	})
}
