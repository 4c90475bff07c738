package compile_test

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/lens/compile"
)

// open is a Lens whose observing compiler is built: the first time on a machine, that
// takes a minute.
func open(t testing.TB, o compile.Options) *compile.Lens {
	t.Helper()
	if dir := os.Getenv("HONE_CACHE"); dir != "" && o.Cache == "" {
		o.Cache = filepath.Join(dir, "compile")
	}
	l, err := compile.Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := l.Close(); err != nil {
			t.Error(err)
		}
	})
	return l
}

func look(t testing.TB, l *compile.Lens, q compile.Query) *compile.Report {
	t.Helper()
	if q.Dir == "" {
		q.Dir = "testdata/src"
	}
	r, err := l.Look(context.WithoutCancel(t.Context()), q)
	if err != nil {
		t.Fatal(err)
	}
	if r.Observed.Mode != compile.Observing {
		t.Fatalf("the stock compiler answered: %v", r.Observed.Gaps)
	}
	return r
}

// found are the facts of a package by line, in the words of the want comments.
func found(r *compile.Report, file string) map[int][]string {
	out := map[int]map[string]bool{}
	add := func(line int, format string, args ...any) {
		if out[line] == nil {
			out[line] = map[string]bool{}
		}
		out[line][fmt.Sprintf(format, args...)] = true
	}
	for _, f := range r.Functions {
		if filepath.Base(f.Position.File) != file || f.Wrapper {
			continue
		}
		for _, l := range f.Escape.Escaping() {
			if l.Function == f.Name && !l.Stack.Inlined() {
				add(l.Stack.Text().Line, "escapes: %s", l.Name)
			}
		}
		for _, c := range f.Checks {
			if c.Kind == compile.CheckNil || c.Stack.Inlined() {
				continue
			}
			verb := "proves"
			if c.Kept {
				verb = "keeps"
			}
			add(c.Stack.Text().Line, "%s: %s", verb, c.Kind)
		}
		for _, c := range f.Calls {
			name := c.Callee[strings.LastIndexByte(c.Callee, '/')+1:]
			name = strings.TrimPrefix(name, r.Package[strings.LastIndexByte(r.Package, '/')+1:]+".")
			if !c.Stack.Inlined() && !strings.Contains(name, ".func") { // each version names closures in its own way
				add(c.Stack.Text().Line, "%s: %s", c.Kind, name)
				if c.Devirtualized != "" {
					add(c.Stack.Text().Line, "devirtualizes: %s", c.Devirtualized)
				}
			}
		}
		for _, a := range f.Allocations {
			add(a.Stack.Outer().Line, "allocates")
		}
		for _, x := range f.Facts {
			switch {
			case x.Stack.Inlined():
			case x.Kind == compile.FactDefer:
				add(x.Stack.Text().Line, "defers: %s", x.Text)
			case x.Kind == compile.FactWriteBarrier:
				add(x.Stack.Text().Line, "barrier")
			}
		}
	}
	sorted := map[int][]string{}
	for line, facts := range out {
		sorted[line] = slices.Sorted(maps.Keys(facts))
	}
	return sorted
}

func wanted(t *testing.T, file string) map[int][]string {
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int][]string{}
	for i, line := range strings.Split(string(text), "\n") {
		if _, want, ok := strings.Cut(line, "// want "); ok {
			facts := strings.Split(want, "; ")
			slices.Sort(facts)
			out[i+1] = facts
		}
	}
	return out
}

// Every line of the test package has the facts that its comment names, and no others.
func TestLook_FindsWhatIsThere(t *testing.T) {
	l := open(t, compile.Options{})
	for _, pkg := range []string{"facts"} {
		r := look(t, l, compile.Query{Package: "./" + pkg})
		compare(t, r, filepath.Join("testdata/src", pkg, pkg+".go"))
	}
}

// A function that calls nothing is a leaf, whichever compiler answers.
func TestLook_KnowsLeaves(t *testing.T) {
	for _, use := range []compile.ObserverUse{compile.ObserverBuild, compile.ObserverNever} {
		l := open(t, compile.Options{Observer: use})
		for name, want := range map[string]bool{"big": true, "calls": false} {
			r, err := l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./facts", Function: name})
			if err != nil {
				t.Fatal(err)
			}
			if got := r.Functions[0].Code.Leaf; got != want {
				t.Errorf("%s is a leaf, says the %s compiler: %v, want %v", name, r.Observed.Mode, got, want)
			}
		}
	}
}

func compare(t *testing.T, r *compile.Report, file string) {
	t.Helper()
	got, want := found(r, filepath.Base(file)), wanted(t, file)
	for line := range 10_000 {
		if g, w := strings.Join(got[line], "; "), strings.Join(want[line], "; "); g != w {
			t.Errorf("%s:%d: found %q, want %q", file, line, g, w)
		}
	}
}

func jsonOf(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(text)
}
