package claim_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
)

// A step of these tests puts a number, or does nothing that matters.
type step struct {
	op string
	n  int
}

func (s step) String() string { return fmt.Sprintf("%s(%d)", s.op, s.n) }

// steps returns n steps that do not matter, but for those at the places given.
func steps(n int, at map[int]string) []step {
	all := make([]step, n)
	for i := range all {
		all[i] = step{"idle", i}
		if op, ok := at[i]; ok {
			all[i].op = op
		}
	}
	return all
}

// ops counts the operations of a kind, and says where the last one is.
func ops(steps []step, op string) (n, last int) {
	for i, s := range steps {
		if s.op == op {
			n, last = n+1, i
		}
	}
	return n, last
}

// minimise records how Minimal reports, and how often check was run.
func minimise[T any](t *testing.T, in []T, check func(t testing.TB, steps []T)) (r *recorder, runs int) {
	t.Helper()
	var n atomic.Int64 // runs that hang are left behind, and go on beside the others
	r = record(t, func(t testing.TB) {
		claim.Minimal(t, in, func(t testing.TB, steps []T) {
			n.Add(1)
			check(t, steps)
		})
	})
	return r, int(n.Load())
}

// wantShown checks that there is one piece of evidence from Minimal, and what.
func (r *recorder) wantShown(t *testing.T, title, text string) {
	t.Helper()
	e := r.evidence(t)
	if len(e) == 0 || e[0].Kind != "transcript" || e[0].Title != title || e[0].Text != text {
		t.Errorf("evidence = %+v, want first %q:\n%s\nlog:\n%s", e, title, text, r.log.String())
	}
}

func TestMinimal_Passes(t *testing.T) {
	in := steps(500, nil)
	cleaned := 0
	r, runs := minimise(t, in, func(t testing.TB, got []step) {
		t.Cleanup(func() { cleaned++ })
		t.Log("a passing check says nothing")
		t.Attr("hone.seed", "1")
		if len(got) != len(in) {
			t.Errorf("%d steps", len(got))
		}
		clear(got) // its own
	})
	r.wantSilent(t)
	if runs != 1 || cleaned != 1 || len(r.attrs) > 0 || in[7] != (step{"idle", 7}) {
		t.Errorf("%d runs, %d cleanups, attributes %q, want one, one, none; step 7 is %v", runs, cleaned, r.attrs, in[7])
	}
}

func TestMinimal_PassesCheaply(t *testing.T) {
	in := steps(500, nil)
	check := func(testing.TB, []step) {}
	claim.Allocs(t, 12, func() { claim.Minimal(t, in, check) })
}

// Every way to fail shrinks to what is known to matter, and is then reported by
// itself.
func TestMinimal_Fails(t *testing.T) {
	needs := func(fail func(t testing.TB, at int)) func(t testing.TB, got []step) {
		return func(t testing.TB, got []step) {
			a, _ := ops(got, "a")
			b, at := ops(got, "b")
			if a > 0 && b > 0 {
				fail(t, at)
			}
		}
	}
	for name, c := range map[string]struct {
		fail    func(t testing.TB, at int)
		outcome claim.Outcome
		want    string
		panics  bool
	}{
		"Errorf": {func(t testing.TB, at int) { t.Errorf("step %d: got %q", at, fmt.Sprint(at)) }, "", "step 1: got \"1\"", false},
		"Fatal":  {func(t testing.TB, at int) { t.Fatal("step ", at); panic("Fatal returned") }, "", "step 1", false},
		"Bytes":  {func(t testing.TB, at int) { claim.Bytes(t, "body", make([]byte, at), make([]byte, 400)) }, "", "body: byte 1 is wrong: got the end, want", false},
		"FailNow": {func(t testing.TB, at int) { t.Logf("at %d", at); t.FailNow() },
			"", "at 1", false},
		"Equal":  {func(t testing.TB, at int) { claim.Equal(t, "queue", make([]int, at), []int{7}) }, "", "queue = []int{0}, want []int{7}", false},
		"budget": {func(t testing.TB, at int) { claim.Fail(t, claim.OutcomeBudget, "%d bytes", at) }, claim.OutcomeBudget, "1 bytes", false},
		"panic":  {func(_ testing.TB, at int) { _ = make([]int, at)[at] }, "", "", true},
		"in a cleanup": {func(t testing.TB, at int) { t.Cleanup(func() { t.Errorf("left %d", at) }) },
			"", "left 1", false},
		"leak": {func(t testing.TB, _ int) {
			stop := make(chan bool)
			t.Cleanup(func() { claim.Fail(t, claim.OutcomeLeak, "a goroutine is left"); close(stop) })
			go func() { <-stop }()
		}, claim.OutcomeLeak, "a goroutine is left", false},
		"in a goroutine": {func(t testing.TB, at int) {
			done := make(chan bool)
			go func() { defer close(done); t.Errorf("there %d", at) }()
			<-done
		}, "", "there 1", false},
	} {
		t.Run(name, func(t *testing.T) {
			in := steps(500, map[int]string{123: "a", 200: "a", 456: "b"})
			r, runs := minimise(t, in, needs(c.fail))
			r.wantShown(t, "the smallest that shows it: 2 of 500 steps", "1  a(200)\n2  b(456)\n")
			if runs > 80 {
				t.Errorf("%d runs, want few", runs)
			}
			if c.panics {
				if got := fmt.Sprint(r.panicked); !strings.Contains(got, "index out of range [1] with length 1") {
					t.Errorf("panic = %s", got)
				}
				return
			}
			r.wantFailed(t, c.outcome, c.want)
			if n := strings.Count(r.log.String(), "\n"+c.want); n != 1 {
				t.Errorf("said %d times, want once:\n%s", n, r.log.String())
			}
		})
	}
}

// Removing an earlier step can make a later one wrong, in another way: that is not
// the failure that was asked about.
func TestMinimal_SameWay(t *testing.T) {
	r, _ := minimise(t, steps(60, map[int]string{10: "open", 20: "use", 30: "bad"}), func(t testing.TB, got []step) {
		open := false
		for _, s := range got {
			switch {
			case s.op == "open":
				open = true
			case s.op == "use" && !open:
				t.Fatalf("use(%d) before open", s.n)
			case s.op == "bad" && open:
				t.Fatalf("bad(%d) is not allowed", s.n)
			}
		}
	})
	r.wantShown(t, "the smallest that shows it: 2 of 60 steps", "1  open(10)\n2  bad(30)\n")
	r.wantFailed(t, "", "bad(30) is not allowed")
}

// Pairs of which neither can go alone go together.
func TestMinimal_Pairs(t *testing.T) {
	r, _ := minimise(t, steps(9, map[int]string{1: "push", 3: "pop", 4: "push", 5: "pop", 8: "bad"}), func(t testing.TB, got []step) {
		depth := 0
		for _, s := range got {
			depth += map[string]int{"push": 1, "pop": -1}[s.op]
			if depth < 0 || depth > 0 && s.op == "bad" {
				return // another story
			}
		}
		if n, _ := ops(got, "bad"); n > 0 {
			t.Error("bad on an empty stack")
		}
	})
	r.wantShown(t, "the smallest that shows it: 1 of 9 steps", "1  bad(8)\n")
}

func TestMinimal_Extremes(t *testing.T) {
	always := func(t testing.TB, _ []step) { t.Error("always") }
	r, runs := minimise(t, steps(10, nil), always)
	r.wantShown(t, "it fails without any of the 10 steps", "")
	if runs != 6 {
		t.Errorf("%d runs, want 6: all four times, none, and the report", runs)
	}
	r, _ = minimise(t, nil, always)
	if r.wantFailed(t, "", "always"); len(r.evidence(t)) > 0 {
		t.Errorf("no steps, but evidence %+v", r.evidence(t))
	}
	r, _ = minimise(t, steps(1, nil), func(t testing.TB, got []step) {
		if len(got) == 1 {
			t.Error("one")
		}
	})
	r.wantShown(t, "the one step that shows it", "1  idle(0)\n")
	r, _ = minimise(t, steps(3, nil), func(t testing.TB, got []step) {
		if len(got) == 3 {
			t.Error("three")
		}
	})
	r.wantShown(t, "all 3 steps are needed to show it", "1  idle(0)\n2  idle(1)\n3  idle(2)\n")
}

func TestMinimal_Bytes(t *testing.T) {
	in := []byte(strings.Repeat("GET / HTTP/1.1\r\n", 40) + "\x00\r\n" + strings.Repeat("x", 50))
	r, _ := minimise(t, in, func(t testing.TB, got []byte) {
		if i := strings.Index(string(got), "\x00"); i >= 0 && strings.Contains(string(got[i:]), "\n") {
			t.Errorf("byte %d is 0", i)
		}
	})
	r.wantShown(t, "the smallest that shows it: 2 of 693 bytes", `"\x00\n"`+"\n")
	r, _ = minimise(t, []string{"a b", "", "c\n"}, func(t testing.TB, got []string) {
		if strings.Join(got, "") == "a bc\n" {
			t.Error("joined")
		}
	})
	r.wantShown(t, "the smallest that shows it: 2 of 3 steps", "1  \"a b\"\n2  \"c\\n\"\n")
	r, _ = minimise(t, [][]byte{[]byte("a"), nil, []byte("b")}, func(t testing.TB, got [][]byte) {
		if slices.ContainsFunc(got, func(b []byte) bool { return string(b) == "b" }) {
			t.Error("b")
		}
	})
	r.wantShown(t, "the smallest that shows it: 1 of 3 steps", "1  \"b\"\n")
}

func TestMinimal_DoesNotRepeat(t *testing.T) {
	once := 0
	r, runs := minimise(t, steps(20, nil), func(t testing.TB, _ []step) {
		if once++; once == 1 {
			claim.Show(t, claim.KindOutput, "what was seen", "then")
			claim.Fail(t, claim.OutcomeLeak, "only once")
		}
	})
	r.wantFailed(t, claim.OutcomeLeak, "only once", "passed when run again with the same steps")
	if e := r.evidence(t); len(e) != 2 || e[0].Title != "what failed once: all 20 steps" || e[1].Text != "then" {
		t.Errorf("evidence = %+v, want what was seen in the run that failed", e)
	}
	if runs > 60 {
		t.Errorf("%d runs, want the search given up", runs)
	}
	// It skips when run again: that must not hide the failure.
	once = 0
	r, _ = minimise(t, nil, func(t testing.TB, _ []step) {
		if once++; once > 1 {
			t.Skip("not now")
		}
		t.Error("only once")
	})
	r.wantFailed(t, "", "only once")
}

// What fails now and then, as with a hash of random seed, is minimised, too.
func TestMinimal_FailsSometimes(t *testing.T) {
	rng := claim.Rand(t)
	for range 20 {
		r, _ := minimise(t, steps(60, map[int]string{20: "put", 40: "get"}), func(t testing.TB, got []step) {
			luck := rng.IntN(2) == 0
			if n, _ := ops(got, "put"); n > 0 {
				if n, at := ops(got, "get"); n > 0 && luck {
					t.Fatalf("get at %d", at)
				}
			}
		})
		if r.failed { // or the first run passed
			r.wantFailed(t, "", "get at ", "put(20)", "get(40)")
			if n := strings.Count(r.evidence(t)[0].Text, "idle"); n > 5 {
				t.Errorf("%d idle steps are left:\n%s", n, r.evidence(t)[0].Text)
			}
		}
	}
}

// A part that fails while searching and not when reported gives way to the whole.
func TestMinimal_PartDoesNotRepeat(t *testing.T) {
	quiet := true
	r := record(t, func(outer testing.TB) {
		claim.Minimal(outer, steps(20, nil), func(t testing.TB, got []step) {
			quiet = t != outer
			if quiet && len(got) > 3 || len(got) == 20 {
				t.Errorf("failed with %d", len(got))
			}
		})
	})
	r.wantFailed(t, "", "failed with 20", "the failure of all 20 steps")
}

func TestMinimal_Skips(t *testing.T) {
	r, runs := minimise(t, steps(5, nil), func(t testing.TB, _ []step) { t.Skipf("no %s", "luck") })
	if !r.skipped || r.failed || runs != 1 || !strings.Contains(r.log.String(), "no luck") {
		t.Errorf("skipped %v, failed %v, %d runs: %s", r.skipped, r.failed, runs, r.log.String())
	}
}

func TestMinimal_Slow(t *testing.T) {
	if testing.Short() {
		t.Skip("takes the 2 s of a search")
	}
	// Every step is needed, and a run takes 20 ms: all pairs would take a minute.
	begin := time.Now()
	r, runs := minimise(t, steps(100, nil), func(t testing.TB, got []step) {
		time.Sleep(20 * time.Millisecond)
		if len(got) >= 90 {
			t.Error("long")
		}
	})
	if took := time.Since(begin); took > 10*time.Second || runs > 110 {
		t.Errorf("%d runs in %v, want about 100 in 2 s", runs, took)
	}
	r.wantFailed(t, "", "long", "the smallest found in ", "of 100 steps")
}

// blocks is a check of which parts block for ever where the whole does not.
func blocks(release chan int) func(t testing.TB, got []step) {
	return func(t testing.TB, got []step) {
		full := false
		for _, s := range got {
			switch {
			case s.op == "put":
				full = true
			case s.op == "take" && !full:
				<-release
			case s.op == "bad" && full:
				t.Fatalf("bad(%d)", s.n)
			}
		}
	}
}

// A part that blocks where the whole did not is left behind.
func TestMinimal_PartHangs(t *testing.T) {
	release := make(chan int)
	defer close(release)
	r, _ := minimise(t, steps(40, map[int]string{3: "put", 30: "take", 31: "bad"}), blocks(release))
	r.wantFailed(t, "", "bad(31)", "put(3)")
}

func TestMinimal_PartHangsInBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		release := make(chan int)
		defer close(release)
		r, _ := minimise(t, steps(40, map[int]string{3: "put", 30: "take", 31: "bad"}), blocks(release))
		r.wantFailed(t, "", "bad(31)", "put(3)", "the smallest found in")
	})
}

func TestMinimal_UndoesBetweenRuns(t *testing.T) {
	t.Setenv("HONE_TEST_MINIMAL", "before")
	wd, _ := os.Getwd()
	var dirs []string
	var contexts []context.Context
	tt := &named{TB: t}
	claim.Minimal(tt, steps(20, map[int]string{9: "bad"}), func(t testing.TB, got []step) {
		if os.Getenv("HONE_TEST_MINIMAL") != "before" {
			t.Error("the environment of another run")
		}
		if now, _ := os.Getwd(); now != wd && tt.failed == 0 {
			t.Errorf("in %s", now)
		}
		ctx := t.Context()
		contexts = append(contexts, ctx)
		t.Cleanup(func() {
			if ctx.Err() == nil {
				t.Error("the context outlives the run")
			}
		})
		if t != testing.TB(tt) {
			t.Setenv("HONE_TEST_MINIMAL", "during")
			dir := t.TempDir()
			dirs = append(dirs, dir)
			t.Chdir(dir)
		}
		if n, _ := ops(got, "bad"); n > 0 {
			t.Error("bad")
		}
	})
	if tt.said != "bad" {
		t.Errorf("said %q, want bad", tt.said)
	}
	for _, dir := range dirs {
		if _, err := os.Stat(dir); !errors.Is(err, os.ErrNotExist) {
			t.Errorf("%s is still there", dir)
		}
	}
	if len(dirs) < 3 || contexts[0].Err() == nil {
		t.Errorf("%d runs; the context of the first: %v", len(dirs), contexts[0].Err())
	}
}

// A named is a test that notes what fails, and is else the real one.
type named struct {
	testing.TB
	failed int
	said   string
}

func (n *named) Error(args ...any)   { n.failed++; n.said += fmt.Sprint(args...) }
func (n *named) Failed() bool        { return n.failed > 0 }
func (n *named) Cleanup(func())      {}
func (n *named) Attr(string, string) {}
func (n *named) Logf(string, ...any) {}

func TestMinimal_InBubble(t *testing.T) {
	var r *recorder
	runs := 0
	synctest.Test(t, func(t *testing.T) {
		r, runs = minimise(t, steps(200, map[int]string{50: "put", 150: "bad"}), func(t testing.TB, got []step) {
			c := make(chan int, 1)
			go func() { time.Sleep(time.Hour); c <- 1 }()
			time.Sleep(time.Minute)
			<-c
			if n, _ := ops(got, "put"); n > 0 {
				if n, at := ops(got, "bad"); n > 0 {
					t.Errorf("bad at %d", at)
				}
			}
		})
	})
	r.wantShown(t, "the smallest that shows it: 2 of 200 steps", "1  put(50)\n2  bad(150)\n")
	if r.wantFailed(t, "", "bad at 1"); runs > 60 {
		t.Errorf("%d runs", runs)
	}
}

// A check that makes its own random numbers makes the same ones in every run.
func TestMinimal_Rand(t *testing.T) {
	seen := map[uint64]bool{}
	r, _ := minimise(t, steps(20, map[int]string{9: "bad"}), func(t testing.TB, got []step) {
		seen[claim.Rand(t).Uint64()] = true
		if n, _ := ops(got, "bad"); n > 0 {
			t.Error("bad")
		}
	})
	if len(seen) != 1 {
		t.Errorf("%d different seeds", len(seen))
	}
	r.wantFailed(t, "", "bad", "HONE_SEED=")
}

func TestMinimal_Nested(t *testing.T) {
	r, _ := minimise(t, steps(30, map[int]string{7: "bad"}), func(t testing.TB, got []step) {
		claim.Minimal(t, got, func(t testing.TB, got []step) {
			if n, _ := ops(got, "bad"); n > 0 {
				t.Error("bad")
			}
		})
	})
	r.wantShown(t, "the smallest that shows it: 1 of 30 steps", "1  bad(7)\n")
}

func TestMinimal_ListsMany(t *testing.T) {
	r, _ := minimise(t, steps(300, nil), func(t testing.TB, got []step) {
		if len(got) == 300 {
			t.Error("all")
		}
	})
	if text := r.evidence(t)[0].Text; strings.Count(text, "\n") != 101 || !strings.Contains(text, "\n 50  idle(49)\n     … 200 more …\n251  idle(250)\n") {
		t.Errorf("the list:\n%s", text)
	}
}

func TestSkeleton(t *testing.T) {
	for in, want := range map[string]string{
		"get(\"k7\") = 12, want []int{1, 2} after 1.5ms":             "get(\"\") = #, want []int{} after #",
		"\n  step 3: put(x, -7.\nsecond line 8":                      "step #: put(x, #.",
		"doesn't say 'a' or `b` for 0x1f, map[string]int{\"a\":1}":   "doesn't say \"\" or \"\" for #, map[]int{}",
		"open \" and [ and {1":                                       "open \" and [ and {#",
		"panic: runtime error: index out of range [5] with length 3": "panic: runtime error: index out of range [] with length #",
		"\xff\"": "\xff\"",
		"":       "",
	} {
		if got := claim.Skeleton(in); got != want {
			t.Errorf("skeleton of %q = %q, want %q", in, got, want)
		}
	}
}

func FuzzSkeleton(f *testing.F) {
	f.Add(`get("a\"b", [1 {2}]) = -3 'x`)
	f.Fuzz(func(_ *testing.T, message string) { claim.Skeleton(message) })
}
