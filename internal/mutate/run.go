package mutate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/gotool"
)

// Options say how to run. The zero value is usable.
type Options struct {
	Tests      string        // regular expression: the top-level tests to run, "" for all
	Workers    int           // processes at one time, 0 for GOMAXPROCS
	Limit      time.Duration // wall time of one run, 0 to derive it from what the tests take
	Rounds     int           // a kill counts when this many of as many runs kill, 0 for one
	Max        int           // the most mutants to run, 0 for all; which is drawn by id
	Only       []string      // ids of the mutants to run, nil for all
	Program    string        // a main package that tests run as $HONE_PROGRAM: it gets the mutants too; "" for none
	Equivalent Equivalents   // not run
	Write      []string      // trees that the tests may write to, beside temporary ones
	Event      func(Event)   // told what happens, one call at a time; may be nil

	// Trial runs one mutant, where not the package's own tests decide. round counts
	// from 0. Nothing is compiled then, and nothing is known of what is reached.
	Trial func(ctx context.Context, s *Scheme, m *Mutant, round int) (Trial, error)
}

// An Event is progress.
type Event struct {
	Doing  string // "compiling", "finding out what each test reaches", "running"
	Done   int
	Total  int
	Result *Result // that just came in, may be nil
}

// A FailingError says that tests fail without any mutant.
type FailingError struct {
	Tests  []string
	Output string // what they printed
	Hint   string // what may help, or ""
}

func (e *FailingError) Error() string {
	return fmt.Sprintf("tests fail before any mutation: %s", shortList(e.Tests))
}

func shortList(names []string) string {
	const most = 3
	if len(names) <= most {
		return joined(names)
	}
	return fmt.Sprintf("%s and %d more", joined(names[:most]), len(names)-most)
}

func joined(names []string) string {
	text := ""
	for i, n := range names {
		if i > 0 {
			text += ", "
		}
		text += n
	}
	return text
}

// A runner runs the mutants of one scheme.
type runner struct {
	Options
	s      *Scheme
	dir    string
	binary string
	tests  []*test
	pure   bool // built without cgo

	mu    sync.Mutex // guards what follows, and the kills of tests
	done  int
	total int
}

// A test is a top-level test of the package.
type test struct {
	name      string
	reaches   map[int]bool // regions
	wall, cpu time.Duration
	kills     int
}

// Run runs the tests of a package on each of its mutants.
func Run(ctx context.Context, s *Scheme, o Options) (*Report, error) {
	if stale := o.Equivalent.stale(s.Mutants); len(stale) > 0 {
		return nil, &StaleError{s.Package.Path, stale}
	}
	o.Workers = cmp.Or(o.Workers, runtime.GOMAXPROCS(0))
	o.Rounds = max(o.Rounds, 1)
	if o.Event == nil {
		o.Event = func(Event) {}
	}
	begin := time.Now()
	r := &runner{Options: o, s: s}
	report := &Report{Package: s.Package.Path, Go: s.Package.tool.Version, Race: s.race}
	if o.Trial == nil {
		if !s.Package.tested {
			return nil, fmt.Errorf("%w: %s", ErrNoTests, s.Package.Path)
		}
		if err := r.prepare(ctx, report); err != nil {
			return nil, err
		}
		defer os.RemoveAll(r.dir)
	}
	mutants, left := drawn(s.Mutants, o)
	report.Results = make([]Result, len(mutants))
	if err := r.all(ctx, mutants, report.Results); err != nil {
		return nil, err
	}
	report.count(len(s.Stillborn), left)
	report.Tests, report.Wall = len(r.tests), time.Since(begin)
	return report, nil
}

// drawn are the mutants to run. Those with the least ids are as good as drawn by lot,
// and the same ones every time.
func drawn(all []Mutant, o Options) (chosen []Mutant, left int) {
	chosen = slices.Clone(all)
	if o.Only != nil {
		chosen = slices.DeleteFunc(chosen, func(m Mutant) bool { return !slices.Contains(o.Only, m.ID) })
	}
	if o.Max > 0 && len(chosen) > o.Max {
		byID := slices.Clone(chosen)
		slices.SortFunc(byID, func(a, b Mutant) int { return cmp.Compare(a.ID, b.ID) })
		last := byID[o.Max-1].ID
		chosen = slices.DeleteFunc(chosen, func(m Mutant) bool { return m.ID > last })
	}
	return chosen, len(all) - len(chosen)
}

// prepare builds the binary, finds its tests, and what each reaches.
func (r *runner) prepare(ctx context.Context, report *Report) (err error) {
	if r.dir, err = os.MkdirTemp("", "hone-mutate-"); err != nil {
		return fmt.Errorf("make a directory to build in: %w", err)
	}
	defer func() {
		if err != nil {
			os.RemoveAll(r.dir)
		}
	}()
	r.Event(Event{Doing: "compiling"})
	begin := time.Now()
	if r.pure, err = r.canBePure(ctx); err != nil {
		return err
	}
	if err := r.build(ctx); err != nil {
		return err
	}
	report.Compile = time.Since(begin)
	if err := r.list(ctx); err != nil {
		return err
	}
	return r.baseline(ctx, report)
}

// canBePure says whether the tests need no cgo. What the standard library uses it for (the
// system's resolver, its list of users) it also has in Go, and with cgo linked in the
// runtime finds no deadlocks: each would cost the whole limit.
func (r *runner) canBePure(ctx context.Context) (bool, error) {
	if r.s.race {
		return false, nil // the race detector is C
	}
	p := r.s.Package
	b := gotool.Build{Dir: p.source.Dir, Package: p.source.Pattern, Own: p.source.Own}
	all, err := gotool.ListJSON[listed](ctx, p.tool, b, fields, "-deps", "-test", "-e")
	return !slices.ContainsFunc(all, func(p listed) bool { return !p.Standard && len(p.CgoFiles) > 0 }), err
}

// programSuffix tells the program from the tests that it was built with.
const programSuffix = ".program"

// compile builds the package's tests, and the program that they run, with files laid over it.
func (r *runner) compile(ctx context.Context, output string, files map[string][]byte) error {
	p := r.s.Package
	all := maps.Clone(p.source.Overlay)
	if all == nil {
		all = map[string][]byte{}
	}
	maps.Copy(all, files)
	dir := filepath.Join(r.dir, "src")
	os.RemoveAll(dir)
	b := gotool.Build{Dir: p.source.Dir, Package: p.source.Pattern, Output: output, Test: true, Race: r.s.race, Own: p.source.Own, Pure: r.pure}
	var err error
	if b.Overlay, err = gotool.WriteOverlay(dir, all); err != nil {
		return err
	}
	if err := p.tool.Compile(ctx, b); err != nil || r.Program == "" {
		return err
	}
	b.Package, b.Output, b.Test = r.Program, output+programSuffix, false
	return p.tool.Compile(ctx, b)
}

// maxPasses bounds how often a scheme is repaired after the compiler refused it:
// go/types accepts nearly nothing that the compiler doesn't.
const maxPasses = 5

// build compiles the scheme. Mutants that only the compiler finds fault with are
// taken out.
func (r *runner) build(ctx context.Context) error {
	r.binary = filepath.Join(r.dir, "mutants.test")
	for pass := 1; ; pass++ {
		err := r.compile(ctx, r.binary, r.s.files)
		found := fromCompiler(err)
		if err == nil || len(found) == 0 || pass == maxPasses {
			return r.broken(ctx, err)
		}
		if again, blameErr := r.s.without(found); blameErr != nil {
			return r.broken(ctx, err)
		} else if !again {
			return r.broken(ctx, err)
		}
	}
}

// broken explains why a scheme doesn't compile: most often the tests never did.
func (r *runner) broken(ctx context.Context, err error) error {
	if err == nil {
		return nil
	}
	var b *gotool.BuildError
	if !errors.As(err, &b) {
		return err
	}
	if plain := r.compile(ctx, filepath.Join(r.dir, "plain.test"), nil); plain != nil {
		return plain
	}
	return fmt.Errorf("the package compiles, but not with its mutants: %w", err)
}

var testName = regexp.MustCompile(`^(Test|Fuzz|Example)\S*$`)

// list asks the binary for its tests.
func (r *runner) list(ctx context.Context) error {
	e, err := r.process(ctx, attempt{args: []string{"-test.list=."}})
	if err != nil {
		return err
	}
	if e.result.Code != 0 {
		return &FailingError{Tests: []string{"the list of tests"}, Output: e.stdout.String() + e.stderr.String()}
	}
	wanted, err := regexp.Compile(r.Tests)
	if err != nil {
		return fmt.Errorf("the expression for tests: %w", err)
	}
	for _, line := range splitLines(e.stdout.String()) {
		line = line[:max(0, len(line)-1)]
		if testName.MatchString(line) && wanted.MatchString(line) {
			r.tests = append(r.tests, &test{name: line, reaches: map[int]bool{}})
		}
	}
	if len(r.tests) == 0 {
		if r.Tests != "" {
			return fmt.Errorf("%w that match %s: %s", ErrNoTests, r.Tests, r.s.Package.Path)
		}
		return fmt.Errorf("%w: %s", ErrNoTests, r.s.Package.Path)
	}
	return nil
}

// each calls f for 0 to n-1 from as many goroutines as there are workers, until one fails.
func (r *runner) each(ctx context.Context, n int, f func(ctx context.Context, i int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan int)
	var wg sync.WaitGroup
	for range min(r.Workers, n) {
		wg.Go(func() {
			for i := range next {
				if err := f(ctx, i); err != nil {
					cancel(err)
					return
				}
			}
		})
	}
feed:
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
			break feed
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// baseline runs each test alone, without a mutant: what does it reach, how long does
// it take? A test that fails so is set aside, if it passes in the package as it is.
func (r *runner) baseline(ctx context.Context, report *Report) error {
	var failed []*test
	r.total, r.done = len(r.tests), 0
	err := r.each(ctx, len(r.tests), func(ctx context.Context, i int) error {
		t := r.tests[i]
		log := filepath.Join(r.dir, fmt.Sprintf("reached-%d", i))
		e, err := r.process(ctx, attempt{tests: []*test{t}, env: r.s.Reaching(log), log: log})
		if err != nil {
			return err
		}
		t.wall, t.cpu = e.result.Wall, e.result.CPU
		for _, n := range e.reached {
			t.reaches[n] = true
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		if !e.passed() {
			failed = append(failed, t)
		}
		r.done++
		r.Event(Event{Doing: "finding out what each test reaches", Done: r.done, Total: r.total})
		return nil
	})
	if err != nil || len(failed) == 0 {
		return err
	}
	return r.setAside(ctx, failed, report)
}

// tries is how often tests may fail that must pass once in the package as it is.
const tries = 3

// setAside decides about tests that fail with all mutants in the binary and none chosen.
func (r *runner) setAside(ctx context.Context, failed []*test, report *Report) error {
	plain := filepath.Join(r.dir, "plain.test")
	if err := r.compile(ctx, plain, nil); err != nil {
		return err
	}
	var names []string
	for _, t := range failed {
		names = append(names, t.name)
	}
	passed := false
	for try := 0; try < tries && !passed; try++ {
		e, err := r.process(ctx, attempt{binary: plain, tests: failed})
		if err != nil {
			return err
		}
		if passed = e.passed(); !passed && try == tries-1 {
			failing := &FailingError{Tests: names, Output: e.stdout.String() + e.stderr.String()}
			if e, err := r.process(ctx, attempt{binary: plain, tests: failed, free: true}); err == nil && e.passed() {
				failing.Hint = "they pass where they may write outside of temporary directories: name the directory with --write"
			}
			return failing
		}
	}
	r.tests = slices.DeleteFunc(r.tests, func(t *test) bool { return slices.Contains(failed, t) })
	if len(r.tests) == 0 {
		return &FailingError{Tests: names, Output: "They pass in the package as it is, but not once mutants are in the binary, though none is chosen.\n"}
	}
	report.Notes = append(report.Notes, fmt.Sprintf("set aside, because they fail with mutants in the binary, though none is chosen: %s", joined(names)))
	return nil
}

// all runs every mutant.
func (r *runner) all(ctx context.Context, mutants []Mutant, results []Result) error {
	r.mu.Lock()
	r.done, r.total = 0, len(mutants)
	r.mu.Unlock()
	return r.each(ctx, len(mutants), func(ctx context.Context, i int) error {
		x, err := r.mutant(ctx, &mutants[i])
		if err != nil {
			return err
		}
		results[i] = x
		r.mu.Lock()
		defer r.mu.Unlock()
		r.done++
		r.Event(Event{Doing: "running", Done: r.done, Total: r.total, Result: &x})
		return nil
	})
}

// mutant decides about one.
func (r *runner) mutant(ctx context.Context, m *Mutant) (Result, error) {
	begin := time.Now()
	x := Result{Mutant: *m}
	if reason, ok := r.Equivalent[m.ID]; ok {
		x.Outcome, x.Reason = Equivalent, reason
		return x, nil
	}
	var reach []*test
	for _, t := range r.tests {
		if slices.ContainsFunc(m.regions, func(n int) bool { return t.reaches[n] }) {
			reach = append(reach, t)
		}
	}
	if r.Trial == nil && len(reach) == 0 {
		x.Outcome = Uncovered
		return x, nil
	}
	for round := range r.Rounds {
		var t Trial
		var err error
		if r.Trial != nil {
			t, err = r.Trial(ctx, r.s, m, round)
		} else {
			t, err = r.trial(ctx, m, reach, round, x.Test)
		}
		if err != nil {
			return x, err
		}
		x.Rounds++
		if t.Outcome == Survived {
			x.Trial = t
			break
		}
		x.Kills++
		x.Trial = t
	}
	if x.Kills > 0 && x.Outcome == Survived {
		x.Class = Flaky
	}
	x.Wall = time.Since(begin)
	return x, nil
}
