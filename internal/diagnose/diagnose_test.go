package diagnose

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
)

// stageOf makes the verdict on stage put from words: "FIFO=failed:it is 3", "Cap=race",
// a check that is not named passed.
func stageOf(failures ...string) judge.Stage {
	s := judge.Stage{ID: "put", Outcome: judge.NotYet}
	for _, name := range []string{"FIFO", "Cap", "Wakes", "Speed"} {
		c := judge.Check{Name: name, Outcome: judge.Passed}
		for _, f := range failures {
			if check, how, _ := strings.Cut(f, "="); check == name {
				outcome, message, _ := strings.Cut(how, ":")
				c.Outcome, c.Message = judge.Outcome(outcome), message
			}
		}
		s.Checks = append(s.Checks, c)
	}
	return s
}

func matrix() Matrix {
	return Matrix{
		Record("lifo", []judge.Stage{stageOf("FIFO=failed:got 3, want 1"), stageOf("FIFO=failed:got 7, want 2")}),
		Record("lost", []judge.Stage{stageOf("FIFO=failed:got nothing, want 1", "Cap=failed:2 of 3 are there"), stageOf("FIFO=failed:got nothing, want 5", "Cap=failed:3 of 3 are there"), stageOf("FIFO=failed:got nothing, want 2")}),
		Record("nolock", []judge.Stage{stageOf("Wakes=race:data race"), stageOf("Wakes=race:data race", "Cap=race:data race")}),
		Record("unlocked", []judge.Stage{stageOf("Wakes=race:data race", "Cap=race:data race")}),
		Record("endless", []judge.Stage{stageOf("Cap=timeout:still running", "FIFO=failed:got 1, want 0, at the end")}),
		Record("slow", []judge.Stage{stageOf("Speed=budget:1.9 times the CPU"), stageOf("Speed=budget:2.1 times the CPU")}),
		Record("exact", []judge.Stage{stageOf("Speed=failed:12 allocations, in 3 ms"), stageOf("Speed=failed:12 allocations, in 14 ms")}),
		Record("random", []judge.Stage{stageOf("Cap=failed:a b"), stageOf("Cap=failed:c d"), stageOf("Cap=failed:e f")}),
	}
}

func TestExplain(t *testing.T) {
	tests := []struct {
		name string
		in   []string
		want string
	}{
		{"values don't matter", []string{"FIFO=failed:got 99, want 4"}, "lifo"},
		{"words do", []string{"FIFO=failed:got nothing, want 8"}, "lost"},
		{"words that nobody saw", []string{"FIFO=failed:it bites"}, ""},
		{"the outcome does", []string{"FIFO=panic:got 3, want 1"}, ""},
		{"what fails at times may fail", []string{"FIFO=failed:got nothing, want 1", "Cap=failed:1 of 9 are there"}, "lost"},
		{"two that look alike", []string{"Wakes=race:data race", "Cap=race:data race"}, ""},
		{"one of them must fail more", []string{"Wakes=race:data race"}, "nolock"},
		{"not measured", []string{"FIFO=failed:got 3, want 1", "Speed=not run"}, "lifo"},
		{"one more failure than known, late", []string{"FIFO=failed:got 3, want 1", "Speed=timeout:still running"}, "lifo"},
		{"a timeout need not come again", []string{"FIFO=failed:got 1, want 0, at the end"}, "endless"},
		{"only late", []string{"Speed=timeout:still running"}, ""},
		{"random words say nothing", []string{"Cap=failed:g h"}, ""},
		{"the same values where they never differ", []string{"Speed=failed:12 allocations, in 1 s"}, "exact"},
		{"other values where they never differ", []string{"Speed=failed:13 allocations, in 3 ms"}, ""},
		{"two at once", []string{"FIFO=failed:got 3, want 1", "Speed=budget:3 times the CPU"}, "lifo slow"},
		{"not a stub", []string{"FIFO=panic:not written yet: Queue.Put"}, ""},
		{"nothing fails", nil, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := strings.Join(matrix().Explain(stageOf(tt.in...)), " "); got != tt.want {
				t.Errorf("explained by %q, want %q", got, tt.want)
			}
		})
	}
}

// TestRecord_Stacks: all data races read alike, so who is on the stacks tells them apart,
// as far as its name is given by the lab.
func TestRecord_Stacks(t *testing.T) {
	race := func(frames string) judge.Stage {
		s := stageOf("Wakes=race:data race")
		for i := range s.Checks {
			if s.Checks[i].Outcome == judge.Raced {
				s.Checks[i].Evidence = []judge.Evidence{{Kind: "race", Text: frames}}
			}
		}
		return s
	}
	const lab = "  github.com/hone-go/hone/labs/structures/queue."
	length := race(lab + "(*Queue[...]).Len()\n      queue.go:12\n" + lab + "(*Queue[...]).put()\n")
	m := Matrix{Record("barelen", []judge.Stage{length, length})}
	for frames, want := range map[string]string{
		lab + "(*Queue[...]).Len()\n      mine.go:40\n" + lab + "helper()\n": "barelen",
		lab + "(*Queue[...]).Cap()\n":                                        "",
		"":                                                                   "",
	} {
		if got := strings.Join(m.Explain(race(frames)), " "); got != want {
			t.Errorf("a race in %q: %q, want %q", frames, got, want)
		}
	}
}

func TestFits(t *testing.T) {
	lifo := *matrix().Of("lifo")
	for want, in := range map[bool]judge.Stage{true: stageOf("FIFO=failed:in other words"), false: stageOf("FIFO=panic:got 3, want 1")} {
		if Fits(in, lifo) != want {
			t.Errorf("%v fits: %v", in.Checks, !want)
		}
	}
	if len(lifo.Failures[0].Signs) != 1 || lifo.Failures[0].Signs[0].Says == anything {
		t.Error("Fits changed the fingerprint")
	}
}

func TestMatrix_Without(t *testing.T) {
	m := matrix().Without("nolock")
	if got := m.Explain(stageOf("Wakes=race:data race", "Cap=race:data race")); !slices.Equal(got, []string{"unlocked"}) {
		t.Errorf("without the other that fails so: %q, want unlocked", got)
	}
	if m.Of("nolock") != nil || m.Of("lifo") == nil || len(matrix()) != len(m)+1 {
		t.Error("Without takes out one")
	}
}

func TestParse(t *testing.T) {
	text := matrix().Format()
	m, err := Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	if again := m.Format(); again != text {
		t.Errorf("written again:\n%s\nfirst:\n%s", again, text)
	}
	for _, bad := range []string{"lifo\tput", "lifo\tput\t", "lifo\tput\tFIFO", "lifo\tput\tFIFO=failed", "\tput\tFIFO=failed:1", "lifo put FIFO=failed:1"} {
		if _, err := Parse("# x\n" + bad + "\n"); err == nil || !strings.Contains(err.Error(), File+":2:") {
			t.Errorf("%q: %v, want an error with its line", bad, err)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add(matrix().Format())
	f.Add("a\tb\tc=d:e?")
	f.Fuzz(func(t *testing.T, text string) {
		m, err := Parse(text)
		if err != nil {
			return
		}
		if again, err := Parse(m.Format()); err != nil || again.Format() != m.Format() {
			t.Fatalf("%q is read as %v, and not again: %v", text, m, err)
		}
	})
}

func TestSuspect(t *testing.T) {
	lab := &catalog.Lab{ID: "a/b", FS: fstest.MapFS{}, Mutants: []catalog.Mutant{
		{Name: "lifo", Says: "The newest comes out first.", Fails: []string{"FIFO"}},
		{Name: "slow", Says: "Each Put copies all.", Fails: []string{"Speed"}},
	}}
	check := func(name string, v *judge.Verdict, want ...string) {
		t.Helper()
		Suspect(lab, matrix(), v)
		var got []string
		for _, s := range v.Suspicions {
			got = append(got, s.Mutant+" at "+s.Check+": "+s.Says)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	lifo := stageOf("FIFO=failed:got 3, want 1")
	passed := judge.Stage{ID: "get", Outcome: judge.Passed}
	check("the first stage that fails", &judge.Verdict{Stages: []judge.Stage{passed, lifo}}, "lifo at FIFO: The newest comes out first.")
	check("a mutant that was renamed", &judge.Verdict{Stages: []judge.Stage{stageOf("FIFO=failed:got nothing, want 1")}})
	check("code that doesn't compile", &judge.Verdict{Problems: []judge.Problem{{}}, Stages: []judge.Stage{lifo}})
	check("all passed", &judge.Verdict{Stages: []judge.Stage{passed}})
	other := stageOf("Cap=panic:x")
	other.ID = "first"
	check("a later stage only follows", &judge.Verdict{Stages: []judge.Stage{other, lifo}})
	lab.Plant = []string{"lifo"}
	check("what a hunt has planted", &judge.Verdict{Stages: []judge.Stage{lifo}})

	if m, err := Open(lab); m != nil || err != nil {
		t.Errorf("a lab without fingerprints: %v, %v", m, err)
	}
	lab.FS = fstest.MapFS{File: {Data: []byte("x")}}
	if _, err := Open(lab); err == nil || !strings.Contains(err.Error(), "a/b") {
		t.Errorf("fingerprints that can't be read: %v", err)
	}
}
