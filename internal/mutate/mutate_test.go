package mutate_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/mutate"
)

var toolchain = sync.OnceValues(func() (*gotool.Toolchain, error) { return gotool.Find(context.Background()) })

// load loads the package in dir.
func load(t testing.TB, dir string) *mutate.Package {
	t.Helper()
	tool, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	p, err := mutate.Load(t.Context(), tool, mutate.Source{Dir: dir, Pattern: "."})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// module copies a directory of testdata, so that tests may change it.
func module(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

// ring runs the mutants of testdata/ring.
func ring(t *testing.T, race bool, o mutate.Options) *mutate.Report {
	t.Helper()
	s, err := load(t, module(t, "ring")).Scheme(mutate.Operators, race)
	if err != nil {
		t.Fatal(err)
	}
	r, err := mutate.Run(t.Context(), s, o)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// find is the one result that says so in a function.
func find(t *testing.T, r *mutate.Report, function, says string) mutate.Result {
	t.Helper()
	for _, x := range r.Results {
		if x.Function == function && x.Says == says {
			return x
		}
	}
	t.Fatalf("no mutant of %s says %q", function, says)
	return mutate.Result{}
}

// TestRun_Ring holds known mistakes in a bounded queue to their known ends.
func TestRun_Ring(t *testing.T) {
	r := ring(t, false, mutate.Options{})
	for _, want := range []struct {
		function, says string
		outcome        mutate.Outcome
		class          mutate.Class
	}{
		{"(*Ring).Put", "`r.buf[i] = v` is left out", mutate.Killed, mutate.Assert},
		{"(*Ring).Put", "`r.head + r.n` becomes `r.head - r.n`", mutate.Killed, mutate.Panic},
		{"(*Ring).Put", "`r.n++` is left out", mutate.Killed, mutate.Deadlock},
		{"(*Ring).Put", "`defer r.mu.Unlock()` is left out", mutate.Killed, mutate.Deadlock},
		{"(*Ring).Put", "`r.notFull.Wait()` is not called", mutate.TimedOut, mutate.Loop},
		{"(*Ring).Close", "`r.notEmpty.Broadcast()` wakes one waiter, not all", mutate.Killed, mutate.Deadlock},
		// No test closes a full ring, looks for what Get keeps, or has a ring of two that is half empty.
		{"(*Ring).Close", "`r.notFull.Broadcast()` wakes nobody", mutate.Survived, ""},
		{"(*Ring).Get", "`r.buf[r.head] = zero` is left out: what was there stays", mutate.Survived, ""},
		{"(*Ring).Put", "`i >= len(r.buf)` becomes `i > len(r.buf)`", mutate.Survived, ""},
		{"(*Ring).Len", "`return r.n` returns `0` for `r.n`", mutate.Uncovered, ""},
		{"New", "`capacity = 1` is left out", mutate.Uncovered, ""},
	} {
		x := find(t, r, want.function, want.says)
		if x.Outcome != want.outcome || x.Class != want.class {
			t.Errorf("%s: %s: %s (%s), want %s (%s)", want.function, want.says, x.Outcome, x.Class, want.outcome, want.class)
		}
		if noticed := x.Outcome == mutate.Killed || x.Outcome == mutate.TimedOut; noticed != (x.Test != "") {
			t.Errorf("%s: %s by %q", want.says, x.Outcome, x.Test)
		}
	}
	c := r.Counts
	if sum := c.Killed + c.TimedOut + c.Survived + c.Uncovered + c.Equivalent + c.Stillborn + c.Left; sum != c.All || c.All != len(r.Results)+c.Stillborn {
		t.Errorf("the counts don't add up: %+v", c)
	}
	if len(r.Missed()) != c.Survived+c.Uncovered {
		t.Errorf("%d missed, want %d", len(r.Missed()), c.Survived+c.Uncovered)
	}
}

// TestRun_Race: the race detector keeps the runtime from finding deadlocks, and the
// dump of a run that hangs says it instead.
func TestRun_Race(t *testing.T) {
	if tool, err := toolchain(); err != nil || tool.CC == "" {
		t.Skip("no C compiler, so no race detector")
	}
	r := ring(t, true, mutate.Options{Max: 24})
	for _, x := range r.Results {
		if x.Says == "(*Ring).Close does not lock `r.mu`" && x.Class != mutate.Race {
			t.Errorf("%s: %s (%s), want a race", x.Says, x.Outcome, x.Class)
		}
		if x.Class == mutate.Stuck {
			t.Errorf("%s: %s (%s), where everybody waits for everybody", x.Says, x.Outcome, x.Class)
		}
	}
	if r.Counts.Left == 0 || len(r.Results) != 24 {
		t.Errorf("%d results and %d left, want 24 and the rest", len(r.Results), r.Counts.Left)
	}
}

// TestRun_Equivalent: what is listed is not run, and what is listed must exist.
func TestRun_Equivalent(t *testing.T) {
	p := load(t, module(t, "ring"))
	s, err := p.Scheme(mutate.Operators, false)
	if err != nil {
		t.Fatal(err)
	}
	id := s.Mutants[0].ID
	r, err := mutate.Run(t.Context(), s, mutate.Options{Max: 1, Equivalent: mutate.Equivalents{id: "why not"}, Trial: never(mutate.Survived)})
	if err != nil {
		t.Fatal(err)
	}
	if r.Counts.Equivalent+r.Counts.Survived != 1 {
		t.Errorf("counts are %+v", r.Counts)
	}
	_, err = mutate.Run(t.Context(), s, mutate.Options{Equivalent: mutate.Equivalents{"no such": "why"}})
	var stale *mutate.StaleError
	if !errors.As(err, &stale) || stale.IDs[0] != "no such" {
		t.Errorf("a stale entry gives %v", err)
	}
}

// never is a trial that runs nothing.
func never(o mutate.Outcome) func(context.Context, *mutate.Scheme, *mutate.Mutant, int) (mutate.Trial, error) {
	return func(context.Context, *mutate.Scheme, *mutate.Mutant, int) (mutate.Trial, error) {
		return mutate.Trial{Outcome: o}, nil
	}
}

// TestRun_Rounds: a mutant that only some rounds kill survives.
func TestRun_Rounds(t *testing.T) {
	s, err := load(t, module(t, "ring")).Scheme(mutate.Operators, false)
	if err != nil {
		t.Fatal(err)
	}
	lucky := s.Mutants[3].ID
	trial := func(_ context.Context, s *mutate.Scheme, m *mutate.Mutant, round int) (mutate.Trial, error) {
		if !strings.HasPrefix(s.Environment(m), "HONE_MUTANT=") {
			t.Errorf("the environment of a mutant is %q", s.Environment(m))
		}
		if m.ID == lucky && round == 2 {
			return mutate.Trial{Outcome: mutate.Survived}, nil
		}
		return mutate.Trial{Outcome: mutate.Killed, Class: mutate.Assert, Test: "TestX"}, nil
	}
	r, err := mutate.Run(t.Context(), s, mutate.Options{Rounds: 5, Trial: trial})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Missed()) != 1 || r.Missed()[0].ID != lucky {
		t.Fatalf("%d missed", len(r.Missed()))
	}
	if x := r.Missed()[0]; x.Class != mutate.Flaky || x.Kills != 2 || x.Rounds != 3 {
		t.Errorf("killed %d of %d, class %q; want 2 of 3, flaky", x.Kills, x.Rounds, x.Class)
	}
}

// TestRun_Cancelled: nothing goes on after the context has ended.
func TestRun_Cancelled(t *testing.T) {
	s, err := load(t, module(t, "ring")).Scheme(mutate.Operators, false)
	if err != nil {
		t.Fatal(err)
	}
	enough := errors.New("enough")
	ctx, cancel := context.WithCancelCause(t.Context())
	runs := 0
	_, err = mutate.Run(ctx, s, mutate.Options{Workers: 1, Event: func(e mutate.Event) {
		if e.Result != nil {
			runs++
			cancel(enough)
		}
	}})
	if !errors.Is(err, enough) || runs > 2 {
		t.Errorf("%d mutants ran, then: %v", runs, err)
	}
}

// TestLoad_Overlay: source may come from the caller and be nowhere on disk.
func TestLoad_Overlay(t *testing.T) {
	tool, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	dir := module(t, "ring")
	p, err := mutate.Load(t.Context(), tool, mutate.Source{Dir: dir, Pattern: ".", Overlay: map[string][]byte{
		filepath.Join(dir, "ring.go"):      []byte("package ring\n\nfunc Twice(n int) int { return n * 2 }\n"),
		filepath.Join(dir, "ring_test.go"): nil,
		filepath.Join(dir, "new_test.go"):  []byte("package ring\n\nimport \"testing\"\n\nfunc TestTwice(t *testing.T) {\n\tif Twice(2) != 4 {\n\t\tt.Error(\"no\")\n\t}\n}\n"),
	}})
	if err != nil {
		t.Fatal(err)
	}
	s, err := p.Scheme(mutate.Operators, false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := mutate.Run(t.Context(), s, mutate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if r.Tests != 1 || r.Counts.Killed != len(s.Mutants) || r.Counts.Killed < 3 {
		t.Errorf("%d tests, counts %+v", r.Tests, r.Counts)
	}
}

// TestMutant_IDsAreStable: an id outlives changes elsewhere in the file.
func TestMutant_IDsAreStable(t *testing.T) {
	ids := func(before string) map[string]bool {
		dir := module(t, "ring")
		src, err := os.ReadFile(filepath.Join(dir, "ring.go"))
		if err != nil {
			t.Fatal(err)
		}
		write(t, dir, "ring.go", strings.Replace(string(src), "// New makes", before+"// New makes", 1))
		s, err := load(t, dir).Scheme(mutate.Operators, false)
		if err != nil {
			t.Fatal(err)
		}
		out := map[string]bool{}
		for _, m := range s.Mutants {
			out[m.ID] = true
		}
		if len(out) != len(s.Mutants) {
			t.Errorf("%d ids for %d mutants", len(out), len(s.Mutants))
		}
		return out
	}
	old, now := ids(""), ids("func added(n int) int { return n + 1 }\n\n")
	for id := range old {
		if !now[id] {
			t.Errorf("mutant %s is gone after a change elsewhere", id)
		}
	}
	if len(now) <= len(old) {
		t.Errorf("%d mutants before, %d after a function was added", len(old), len(now))
	}
}
