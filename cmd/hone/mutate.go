package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/mutate"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
)

type mutateFlags struct {
	race       bool
	operators  []string
	run        string
	timeout    time.Duration
	rounds     int
	workers    int
	max        int
	equivalent string
	write      []string
	program    string
	json       bool
	list       bool
	diff       bool
}

func (a *app) mutateCmd() *cobra.Command {
	var f mutateFlags
	cmd := &cobra.Command{
		Use:   "mutate [PACKAGE…]",
		Short: "Find out what your tests don't notice",
		Long: `Plant small mistakes in a package, one at a time, and run its own tests on each. What
no test notices is shown as a diff. It works on any package of any module; nothing is
written there.

All mistakes are in one binary, so each costs a run of the tests that reach it, and no
build. Tests may write to temporary directories only, because code with a mistake in it
might write anywhere: name others with --write.

A mistake that is none (no input shows a difference) belongs into the file
mutants.equivalent beside the package, one a line: its id, and why.

The exit status is 0 if tests notice every mistake, 1 if not, 2 if there is no answer.

` + operatorList(),
		Example: `  hone mutate
  hone mutate ./queue --race --operators go
  hone mutate ./queue --run TestClose --rounds 20
  hone mutate --list --diff`,
		RunE: func(cmd *cobra.Command, args []string) error { return a.mutate(cmd.Context(), args, f) },
	}
	cmd.Flags().BoolVar(&f.race, "race", false, "run with the race detector, and plant what only it can notice")
	cmd.Flags().StringSliceVar(&f.operators, "operators", nil, "kinds of mistake: names, or the families classic, go and systems")
	cmd.Flags().StringVar(&f.run, "run", "", "run only the tests that match this regular expression")
	cmd.Flags().DurationVar(&f.timeout, "timeout", 0, "wall time of one run (default: derived from what the tests take)")
	cmd.Flags().IntVar(&f.rounds, "rounds", 1, "a mistake counts as noticed when this many runs of as many notice it")
	cmd.Flags().IntVar(&f.workers, "workers", 0, "processes at one time (default: one a processor)")
	cmd.Flags().IntVar(&f.max, "max", 0, "run at most so many mistakes, drawn by their ids")
	cmd.Flags().StringVar(&f.equivalent, "equivalent", "", "file with the mistakes that are none (default: mutants.equivalent beside the package)")
	cmd.Flags().StringSliceVar(&f.write, "write", nil, "directories that tests may write to")
	cmd.Flags().StringVar(&f.program, "program", "", "main package that the tests run as $HONE_PROGRAM (claim/program does): it gets the mistakes too")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the reports as a JSON array")
	cmd.Flags().BoolVar(&f.list, "list", false, "list the mistakes and run nothing")
	cmd.Flags().BoolVar(&f.diff, "diff", false, "show the diff of every mistake, not only of those that nobody notices")
	must(cmd.RegisterFlagCompletionFunc("operators", cobra.FixedCompletions(operatorNames(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func operatorNames() []string {
	names := []string{string(mutate.Classic), string(mutate.Go), string(mutate.Systems)}
	for _, o := range mutate.Operators {
		names = append(names, o.Name)
	}
	return names
}

// operatorList is the help about operators.
func operatorList() string {
	var b strings.Builder
	b.WriteString("Kinds of mistake:\n")
	for _, family := range []mutate.Family{mutate.Classic, mutate.Go, mutate.Systems} {
		fmt.Fprintf(&b, "  %s\n", family)
		for _, o := range mutate.Operators {
			if o.Family == family {
				fmt.Fprintf(&b, "    %s%s\n", term.Pad(o.Name, 13), o.Doc)
			}
		}
	}
	return strings.TrimRight(b.String(), "\n")
}

// mutate runs the verb: one package after the other.
func (a *app) mutate(ctx context.Context, patterns []string, f mutateFlags) error {
	operators, unknown := mutate.Choose(f.operators...)
	if len(unknown) > 0 {
		return mistake("there is no kind of mistake called "+strings.Join(unknown, ", "), "type: hone mutate --help")
	}
	tool, err := gotool.Find(ctx)
	if err != nil {
		return err
	}
	if f.race && tool.CC == "" {
		return mistake("the race detector needs a C compiler, and there is none on the PATH", "")
	}
	dir, err := os.Getwd()
	if err != nil {
		return err
	}
	if len(patterns) == 0 {
		patterns = []string{"."}
	}
	source := mutate.Source{Dir: dir, Own: true}
	a.say("looking for packages")
	paths, tested, err := mutate.Expand(ctx, tool, source, patterns...)
	if err != nil {
		return mutateMistake(err)
	}
	if len(paths) > 1 && f.equivalent != "" {
		return mistake("--equivalent goes with one package", "each package may have its own mutants.equivalent")
	}
	var reports []*mutate.Report
	missed := false
	for _, path := range paths {
		if len(paths) > 1 && !tested[path] {
			a.note(path + " has no tests")
			continue
		}
		source.Pattern = path
		r, err := a.mutatePackage(ctx, tool, source, operators, f)
		if len(paths) > 1 && (errors.Is(err, mutate.ErrCgo) || errors.Is(err, mutate.ErrNoCode) || errors.Is(err, mutate.ErrNoTests)) {
			a.note(err.Error())
			continue
		}
		if err != nil {
			return mutateMistake(err)
		}
		if r != nil {
			reports = append(reports, r)
			missed = missed || len(r.Missed()) > 0
		}
	}
	if f.json && !f.list {
		if err := report.JSON(a.stdout, reports); err != nil {
			return err
		}
	}
	switch {
	case len(reports) == 0 && !f.list:
		return mistake("none of these packages has tests", "")
	case missed:
		return errNotYet
	}
	return nil
}

// note says something that is not the answer.
func (a *app) note(text string) {
	a.quiet()
	fmt.Fprintf(a.stderr, "%s %s\n", a.diag.Paint("hone:", term.Yellow), term.Clean(text))
}

// mutatePackage answers for one package. It returns nil where nothing was to be run.
func (a *app) mutatePackage(ctx context.Context, tool *gotool.Toolchain, source mutate.Source, operators []mutate.Operator, f mutateFlags) (*mutate.Report, error) {
	a.say(source.Pattern + ": reading")
	p, err := mutate.Load(ctx, tool, source)
	if err != nil {
		return nil, err
	}
	s, err := p.Scheme(operators, f.race)
	if err != nil {
		return nil, err
	}
	if f.list {
		a.quiet()
		return nil, a.listMutants(s, f)
	}
	name, optional := f.equivalent, f.equivalent == ""
	if optional {
		name = filepath.Join(p.Dir, mutate.EquivalentFile)
	}
	equivalent, err := mutate.ReadEquivalents(name, optional)
	if err != nil {
		return nil, err
	}
	survive := 0
	r, err := mutate.Run(ctx, s, mutate.Options{
		Tests: f.run, Workers: f.workers, Limit: f.timeout, Rounds: f.rounds, Max: f.max, Equivalent: equivalent,
		Write: f.write, Program: f.program,
		Event: func(e mutate.Event) {
			text := p.Path + ": " + e.Doing
			if e.Total > 0 {
				text += fmt.Sprintf(" %d of %d", e.Done, e.Total)
			}
			if e.Result != nil && e.Result.Outcome == mutate.Survived {
				survive++
			}
			if survive > 0 {
				text += fmt.Sprintf(", %d survive", survive)
			}
			a.say(text)
		},
	})
	a.quiet()
	if err == nil && !f.json {
		a.showMutants(r, relative(p.Dir), f)
	}
	return r, err
}

// relative is a directory as one would type it, with a separator at its end, or "".
func relative(dir string) string {
	here, err := os.Getwd()
	if err != nil {
		return dir + string(filepath.Separator)
	}
	if rel, err := filepath.Rel(here, dir); err == nil && !strings.HasPrefix(rel, "..") {
		dir = rel
	}
	if dir == "." {
		return ""
	}
	return dir + string(filepath.Separator)
}

// listMutants prints what would be planted.
func (a *app) listMutants(s *mutate.Scheme, f mutateFlags) error {
	if f.json {
		return report.JSON(a.stdout, s.Mutants)
	}
	dir := relative(s.Package.Dir)
	for _, m := range s.Mutants {
		a.print("%s %s %s: %s\n", a.out.Paint(m.ID, term.Dim), term.Pad(m.Operator, 11), a.out.Paint(dir+m.Position.String(), term.Bold), term.Clean(m.Says))
		if f.diff {
			a.print("%s\n", a.paintDiff(m.Diff))
		}
	}
	return nil
}

// showMutants prints a report: what nobody notices first, in full, then the score.
func (a *app) showMutants(r *mutate.Report, dir string, f mutateFlags) {
	for _, x := range r.Results {
		switch {
		case x.Outcome == mutate.Survived:
			flaky := ""
			if x.Class == mutate.Flaky {
				flaky = fmt.Sprintf(" (%d of %d runs did)", x.Kills, x.Rounds)
			}
			a.showMutant(x, dir, "no test notices if "+x.Says+flaky)
		case f.diff && x.Outcome == mutate.Uncovered:
			a.showMutant(x, dir, "no test gets to where "+x.Says)
		case f.diff:
			by := ""
			if x.Test != "" {
				by = " by " + x.Test
			}
			if x.Class != "" {
				by += " (" + string(x.Class) + ")"
			}
			a.showMutant(x, dir, string(x.Outcome)+by+": "+x.Says)
		}
	}
	if !f.diff {
		a.showUncovered(r, dir)
	}
	for _, n := range r.Notes {
		a.print("%s\n", a.out.Wrap(term.Clean(n), ""))
	}
	a.print("%s\n", a.score(r))
}

func (a *app) showMutant(x mutate.Result, dir, says string) {
	a.print("%s %s %s\n%s\n%s\n", a.out.Paint(dir+x.Position.String(), term.Bold), x.Operator, a.out.Paint(x.ID, term.Dim),
		a.out.Wrap(term.Clean(says), "  "), a.paintDiff(x.Diff))
}

// showUncovered names the functions in which no test reaches a mutant: their diffs would
// all say the same.
func (a *app) showUncovered(r *mutate.Report, dir string) {
	count := map[string]int{}
	for _, x := range r.Results {
		if x.Outcome == mutate.Uncovered {
			count[x.Position.File+x.Function]++
		}
	}
	said := map[string]bool{}
	for _, x := range r.Results {
		key := x.Position.File + x.Function
		if n := count[key]; x.Outcome == mutate.Uncovered && !said[key] {
			said[key] = true
			where := x.Function
			if where == "" {
				where = "a package variable"
			}
			a.print("%s no test reaches %d %s in %s\n", a.out.Paint(dir+x.Position.String(), term.Bold), n, plural(n, "mistake", "mistakes"), where)
		}
	}
	if len(said) > 0 {
		a.print("\n")
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// score is the last line.
func (a *app) score(r *mutate.Report) string {
	c := r.Counts
	of := c.Killed + c.TimedOut + c.Survived + c.Uncovered
	parts := []string{fmt.Sprintf("%d of %d mistakes noticed (%.1f %%)", c.Killed+c.TimedOut, of, 100*r.Score)}
	add := func(n int, text string) {
		if n > 0 {
			parts = append(parts, fmt.Sprintf(text, n))
		}
	}
	if c.TimedOut > 0 {
		parts = append(parts, fmt.Sprintf("%d of them only because the tests did not end (%.1f %% without)", c.TimedOut, 100*r.Strict))
	}
	add(c.Survived, "%d survive")
	add(c.Uncovered, "%d not reached")
	add(c.Equivalent, "%d listed as equivalent")
	add(c.Stillborn, "%d would not compile")
	add(c.Left, "%d not run")
	style := term.Green
	if len(r.Missed()) > 0 {
		style = term.Yellow
	}
	return fmt.Sprintf("%s %s in %s", a.out.Paint(r.Package, term.Bold), a.out.Paint(strings.Join(parts, ", "), style), report.Seconds(r.Wall))
}

// paintDiff colours a diff and leaves out its two first lines: the position says it.
func (a *app) paintDiff(diff string) string {
	var b strings.Builder
	for i, line := range strings.Split(strings.TrimSuffix(diff, "\n"), "\n") {
		if i < 2 {
			continue
		}
		line = term.Clean(line)
		switch {
		case strings.HasPrefix(line, "+"):
			line = a.out.Paint(line, term.Green)
		case strings.HasPrefix(line, "-"):
			line = a.out.Paint(line, term.Red)
		case strings.HasPrefix(line, "@@"):
			line = a.out.Paint(line, term.Cyan)
		}
		b.WriteString("  " + line + "\n")
	}
	return b.String()
}

// mutateMistake adds the way on to what can go wrong with somebody's package.
func mutateMistake(err error) error {
	var failing *mutate.FailingError
	var stale *mutate.StaleError
	var build *gotool.BuildError
	switch {
	case errors.As(err, &failing):
		text := err.Error() + "\n" + tail(failing.Output)
		if failing.Hint != "" {
			return mistake(text, failing.Hint)
		}
		return mistake(text, "make them pass first: go test")
	case errors.As(err, &stale):
		return mistake(err.Error(), "take it out of the list, and look at what the code is now")
	case errors.As(err, &build):
		return mistake("the package does not compile:\n"+strings.TrimSpace(build.Text), "")
	case errors.Is(err, mutate.ErrCgo):
		return mistake(err.Error()+", which is built by other rules", "")
	case errors.Is(err, mutate.ErrNoTests):
		return mistake(err.Error(), "nothing can notice a mistake: write a test")
	case errors.Is(err, mutate.ErrNoPackage):
		return mistake(err.Error(), "name a package as for go test: hone mutate ./queue")
	}
	return err
}

// tail is the end of what failing tests printed.
func tail(output string) string {
	const most = 30
	lines := strings.Split(strings.TrimSpace(output), "\n")
	if len(lines) > most {
		lines = append([]string{"…"}, lines[len(lines)-most:]...)
	}
	return strings.Join(lines, "\n")
}
