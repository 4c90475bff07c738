package main

import (
	"context"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/term"
)

// tourLab is the lab that the tour goes through, where it exists.
const tourLab = "structures/lru"

func (a *app) tourCmd() *cobra.Command {
	return &cobra.Command{
		Use:   "tour",
		Short: "See the whole idea in about a minute, for real",
		Long: `Go through one lab as a learner would, in a temporary directory: the starter is
judged, then a plausible wrong solution, then the reference. Everything shown is
what happens on this machine now; nothing is added to your progress.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			t, err := a.newTour()
			if err != nil {
				return err
			}
			defer os.RemoveAll(t.dir)
			return t.run(cmd.Context())
		},
	}
}

// A tour is one walk through a lab.
type tour struct {
	*app
	lab *catalog.Lab
	dir string // temporary
}

func (a *app) newTour() (*tour, error) {
	c, err := a.catalog()
	if err != nil {
		return nil, err
	}
	lab, err := c.Find(tourLab)
	if err != nil {
		i := slices.IndexFunc(c.Labs(), func(l *catalog.Lab) bool { return len(l.Mutants) > 0 && l.Kind == catalog.Write })
		if i < 0 {
			return nil, mistake("no lab to show", "")
		}
		lab = c.Labs()[i]
	}
	dir, err := os.MkdirTemp("", "hone-tour-")
	if err != nil {
		return nil, fmt.Errorf("tour: %w", err)
	}
	return &tour{app: a, lab: lab, dir: dir}, nil
}

func (t *tour) run(ctx context.Context) error {
	t.print("%s\n", t.prose(`A lab is a package that you write in steps, called stages. This is one, from start to end, in a directory that is gone afterwards. Nothing here is staged: every verdict is reached now, on this machine. The first run compiles the standard library with the race detector, which can take a minute; later ones take a second or two.`))
	for _, part := range []func(context.Context) error{t.starter, t.wrong, t.right} {
		if err := part(ctx); err != nil {
			return err
		}
	}
	t.explain("That is all of it. The directory is gone; the labs are in this binary, and work offline.")
	t.next(step("hone list", "the labs"), step("hone start "+t.lab.ID, "write this one yourself"))
	return nil
}

// explain says what happens next, and as what one would type it.
func (t *tour) explain(text string) {
	t.print("\n%s\n%s\n", t.out.Rule(), t.prose(text))
}

// prose fills text to a width that is good to read, in a pipe too: a tour is for
// people wherever it goes.
func (t *tour) prose(text string) string {
	s := t.out
	if s.Width == 0 || s.Width > 88 {
		s.Width = 80
	}
	return s.Wrap(text, "")
}

func (t *tour) typed(command string) {
	t.print("\n%s %s\n\n", t.out.Paint("$", term.Dim), t.cmd(command))
}

// put replaces the learner's files in the directory, as an editor would.
func (t *tour) put(files start.Files) error {
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if err := replace(filepath.Join(t.dir, filepath.FromSlash(name)), files[name]); err != nil {
			return err
		}
	}
	return nil
}

// judgeDir judges what is in the directory now, as hone check would.
func (t *tour) judgeDir(ctx context.Context) (*judge.Verdict, error) {
	p, err := t.read(t.dir)
	if err != nil {
		return nil, err
	}
	v, err := t.check(ctx, p.lab, p.files, judge.CheckOptions{})
	if err != nil {
		return nil, err
	}
	for i := range v.Stages {
		for j := range v.Stages[i].Checks {
			v.Stages[i].Checks[j].Replay = "" // nothing is remembered of a tour
		}
	}
	t.print("%s", report.Text(t.out, v, report.Options{Files: p.files}))
	return v, nil
}

func (t *tour) starter(ctx context.Context) error {
	t.explain(fmt.Sprintf("1. You start a lab: %q. What you get is derived from a working reference, with the parts cut out that you are to write. It compiles; it does nothing yet.", t.lab.Title))
	t.typed("hone start " + t.lab.ID)
	j, err := t.bench(ctx)
	if err != nil {
		return err
	}
	files, err := j.Workspace(t.lab)
	if err != nil {
		return err
	}
	if err := create(t.dir, files); err != nil {
		return err
	}
	t.print("%s\n", t.prose(fmt.Sprintf("%d files: the ones to write (%s), the checks as ordinary Go tests, the lesson in README.md.",
		len(files), strings.Join(t.lab.Files, ", "))))
	t.typed("hone check " + t.lab.Name)
	_, err = t.judgeDir(ctx)
	return err
}

// wrong plants a mistake that somebody made, or could.
func (t *tour) wrong(ctx context.Context) error {
	m := t.mutant()
	if m == nil {
		return nil
	}
	t.explain("2. Somebody writes all of it, with one mistake. Each lab ships with such wrong solutions, and is only accepted if its checks reject every one, where it goes wrong, every time. This is one:")
	t.print("\n  %s\n\n", t.out.Paint(m.Says, term.Bold))
	reference, err := judge.Reference(t.lab)
	if err != nil {
		return err
	}
	mutated, err := start.Apply(reference, m.Diff)
	if err != nil {
		return err
	}
	right, err := t.solve(reference)
	if err != nil {
		return err
	}
	wrong, err := t.solve(mutated)
	if err != nil {
		return err
	}
	t.print("%s", t.differences("right", right, "wrong", wrong))
	if err := t.put(wrong); err != nil {
		return err
	}
	t.typed("hone check " + t.lab.Name)
	v, err := t.judgeDir(ctx)
	if err != nil {
		return err
	}
	for _, name := range m.Fails {
		if failed(v, name) {
			t.print("\n%s\n", t.prose(fmt.Sprintf("Rejected by %s, which the author of the lab said would do it.", name)))
			break
		}
	}
	return nil
}

func failed(v *judge.Verdict, check string) bool {
	for _, st := range v.Stages {
		for _, c := range st.Checks {
			if c.Name == check {
				return c.Outcome != judge.Passed && c.Outcome != judge.NotRun
			}
		}
	}
	return false
}

// mutant picks a wrong solution of the first stage, for it needs no knowledge of
// the later ones, and the shortest there is.
func (t *tour) mutant() *catalog.Mutant {
	var best *catalog.Mutant
	for i := range t.lab.Mutants {
		m := &t.lab.Mutants[i]
		if t.lab.StageOf(m.Fails[0]) == 0 && (best == nil || len(m.Diff) < len(best.Diff)) {
			best = m
		}
	}
	return best
}

func (t *tour) solve(files start.Files) (start.Files, error) {
	ids := make([]string, len(t.lab.Stages))
	for i, st := range t.lab.Stages {
		ids[i] = st.ID
	}
	return start.Derive(files, ids, len(ids), start.Panic)
}

func (t *tour) right(ctx context.Context) error {
	t.explain("3. The reference itself. It is judged by the same checks, and measured beside a named peer in the same run: speed here is a ratio, since a number of nanoseconds says more about the machine than about the code.")
	files, err := judge.Solution(t.lab, len(t.lab.Stages), start.Panic)
	if err != nil {
		return err
	}
	if err := t.put(files); err != nil {
		return err
	}
	t.typed("hone check " + t.lab.Name)
	v, err := t.judgeDir(ctx)
	if err != nil {
		return err
	}
	if text := report.Evidence(t.out, v, "ratio"); text != "" {
		t.explain("What was measured, as evidence in the verdict:")
		t.print("%s", text)
	}
	return nil
}
