package linear_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/linear"
)

// A script is a history in time: each step is a call or an end.
type script struct {
	h   *linear.History
	ops map[string]*linear.Op
}

// write makes a history: calls and ends in this order. It numbers the events, as
// in a bubble, so that no two have one time.
func write(t *testing.T, f func(s *script)) *linear.History {
	t.Helper()
	s := &script{ops: map[string]*linear.Op{}}
	synctest.Test(t, func(*testing.T) {
		s.h = linear.NewHistory()
		f(s)
	})
	return s.h
}

func (s *script) call(client int, in linear.Input) *linear.Op { return s.h.Call(client, in) }

// do calls and returns at once.
func (s *script) do(client int, in linear.Input, out any) { s.call(client, in).Return(out) }

func TestCheck_Legal(t *testing.T) {
	for name, f := range map[string]func(*script){
		"one after the other": func(s *script) {
			s.do(0, linear.Get("k"), linear.Missing())
			s.do(0, linear.Put("k", "a"), nil)
			s.do(1, linear.Get("k"), linear.Value("a"))
			s.do(1, linear.CAS("k", "b", "c"), false)
			s.do(1, linear.CAS("k", "a", "c"), true)
			s.do(0, linear.Delete("k"), true)
			s.do(0, linear.Delete("k"), false)
			s.do(0, linear.Delete("k"), nil)
			s.do(0, linear.Get("k"), linear.Missing())
		},
		"a read during a write sees either": func(s *script) {
			p := s.call(0, linear.Put("k", "a"))
			s.do(1, linear.Get("k"), linear.Missing())
			s.do(1, linear.Get("k"), linear.Value("a"))
			p.Return(nil)
		},
		"unknown happened late": func(s *script) {
			s.call(0, linear.Put("k", "a")).Unknown()
			s.do(1, linear.Get("k"), linear.Missing())
			s.do(1, linear.Get("k"), linear.Value("a"))
		},
		"unknown never happened": func(s *script) {
			s.call(0, linear.Put("k", "a")).Unknown()
			s.call(0, linear.CAS("k", "x", "b"))
			s.do(1, linear.Get("k"), linear.Missing())
		},
		"failed": func(s *script) {
			s.call(0, linear.Put("k", "a")).Failed()
			s.do(1, linear.Get("k"), linear.Missing())
		},
		"keys are apart": func(s *script) {
			for i := range 100 {
				k := fmt.Sprint(i)
				s.do(i, linear.Put(k, k), nil)
				s.do(i, linear.Get(k), linear.Value(k))
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, func(t testing.TB) { linear.Check(t, linear.KV(), write(testOf(t), f)) })
			if r.failed || r.log.Len() > 0 {
				t.Error(r.log.String())
			}
		})
	}
}

func TestCheck_Illegal(t *testing.T) {
	for name, c := range map[string]struct {
		f    func(*script)
		want []string
	}{
		"stale read": {func(s *script) {
			s.do(0, linear.Put("other", "x"), nil)
			s.do(0, linear.Put("k", "a"), nil)
			s.do(0, linear.Put("k", "b"), nil)
			s.do(1, linear.Get("k"), linear.Value("a"))
			s.do(1, linear.Get("k"), linear.Value("b"))
		}, []string{"Not linearizable", `get(k) → "a" has no place`, "key k",
			`client 0   ├┤      put(k, "a")`, `client 0     ├┤    put(k, "b")`, `client 1       ├┤  get(k) → "a"   ← fits nowhere`,
			`The longest order has 2 of the 3 operations: put(k, "a"); put(k, "b").`, `Then the state is "b"`}},
		"lost write": {func(s *script) {
			s.do(0, linear.Put("k", "a"), nil)
			s.do(1, linear.Get("k"), linear.Missing())
		}, []string{`get(k) → missing has no place`}},
		"time goes back": {func(s *script) {
			p := s.call(0, linear.Put("k", "a"))
			s.do(1, linear.Get("k"), linear.Value("a"))
			s.do(2, linear.Get("k"), linear.Missing())
			p.Return(nil)
		}, []string{"├────  put", `put(k, "a") → ?`, `client 2      ├┤  get(k) → missing   ← fits nowhere`}},
		"both win": {func(s *script) {
			s.do(0, linear.Put("k", "a"), nil)
			a, b := s.call(0, linear.CAS("k", "a", "b")), s.call(1, linear.CAS("k", "a", "c"))
			a.Return(true)
			b.Return(true)
		}, []string{`cas(k, "a", "c") → true has no place`}},
		"from nowhere": {func(s *script) {
			s.do(0, linear.Get("k"), linear.Value("x"))
		}, []string{"No operation can be the first one"}},
		"not an output": {func(s *script) {
			s.do(0, linear.Delete("k"), "yes")
		}, []string{"delete(k) → yes has no place"}},
		"empty": {func(*script) {}, []string{"No operation was recorded"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, func(t testing.TB) { linear.Check(t, linear.KV(), write(testOf(t), c.f)) })
			if !r.failed {
				t.Error("passed")
			}
			for _, w := range c.want {
				if !strings.Contains(r.log.String(), w) {
					t.Errorf("%q is missing in:\n%s", w, r.log.String())
				}
			}
			if name != "empty" && (len(r.attrs) == 0 || !strings.Contains(r.attrs[0], `"kind":"history"`)) {
				t.Errorf("attributes = %q, want a history", r.attrs)
			}
		})
	}
}

// A lock: what cannot take effect in a state need not have happened.
func TestCheck_UnknownThatCannotHappen(t *testing.T) {
	lock := linear.Model{
		Init: func() any { return false },
		Step: func(held, input, _ any) (bool, any) {
			return held.(bool) == (input == "unlock"), !held.(bool)
		},
	}
	h := write(t, func(s *script) {
		s.h.Call(0, "lock").Return(nil)
		s.h.Call(1, "lock").Unknown()
		s.h.Call(0, "unlock").Return(nil)
		s.h.Call(2, "lock").Return(nil)
	})
	linear.Check(t, lock, h)
	h = write(t, func(s *script) {
		s.h.Call(0, "lock").Return(nil)
		s.h.Call(1, "lock").Return(nil)
	})
	r := record(t, func(t testing.TB) { linear.Check(t, lock, h) })
	if !r.failed || !strings.Contains(r.log.String(), "lock → <nil> has no place") {
		t.Errorf("two hold the lock:\n%s", r.log.String())
	}
}

func TestCheck_UnknownIsNotFine(t *testing.T) {
	// Forty writes at once of forty values to a queue-like model without keys, and
	// then an impossible read: every order must be tried.
	h := write(t, func(s *script) {
		var open []*linear.Op
		for i := range 40 {
			open = append(open, s.h.Call(i, fmt.Sprint(i)))
		}
		for _, op := range open {
			op.Return(nil)
		}
		s.h.Call(0, "read").Return("nothing like it")
	})
	order := linear.Model{
		Init: func() any { return "" },
		Step: func(s, in, out any) (bool, any) {
			if in == "read" {
				return s == out, s
			}
			return true, s.(string) + "," + in.(string)
		},
	}
	r := record(t, func(t testing.TB) { linear.CheckWithin(t, order, h, 100*time.Millisecond) })
	if log := r.log.String(); !r.failed || !strings.Contains(log, "unknown after 100ms") || !strings.Contains(log, "41 operations, up to 40 at a time") || !strings.Contains(log, "Shrink") {
		t.Errorf("failed %v:\n%s", r.failed, log)
	}
}

func TestCheck_Concurrent(t *testing.T) {
	var mu sync.Mutex
	store := map[string]string{}
	h := linear.NewHistory()
	rng := claim.Rand(t)
	var wg sync.WaitGroup
	for client := range 8 {
		seed := rng.Int()
		wg.Go(func() {
			for i := range 500 {
				k := fmt.Sprint((seed + i*i) % 5)
				if (seed+i)%3 == 0 {
					v := fmt.Sprint(client, i)
					op := h.Call(client, linear.Put(k, v))
					mu.Lock()
					store[k] = v
					mu.Unlock()
					op.Return(nil)
					continue
				}
				op := h.Call(client, linear.Get(k))
				mu.Lock()
				v, ok := store[k]
				mu.Unlock()
				op.Return(linear.Output{Value: v, Found: ok})
			}
		})
	}
	wg.Wait()
	linear.Check(t, linear.KV(), h)
}

func TestCheck_Draws(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("HONE_ARTIFACTS", dir)
	h := write(t, func(s *script) { s.do(0, linear.Get("k"), linear.Value("x")) })
	r := record(t, func(t testing.TB) { linear.Check(t, linear.KV(), h) })
	paths, _ := filepath.Glob(filepath.Join(dir, "*.html"))
	if len(paths) != 1 || !strings.Contains(r.log.String(), paths[0]) {
		t.Fatalf("drawn %q, log:\n%s", paths, r.log.String())
	}
	if b, _ := os.ReadFile(paths[0]); !strings.Contains(string(b), "get(k)") {
		t.Error("the drawing lacks the operation")
	}
}

func TestOp_EndsOnce(t *testing.T) {
	defer func() {
		if r := recover(); r == nil || !strings.Contains(fmt.Sprint(r), "ended twice") {
			t.Errorf("panic = %v", r)
		}
	}()
	op := linear.NewHistory().Call(0, linear.Get("k"))
	op.Return(linear.Missing())
	op.Unknown()
}

// A recorder notes what is said to a testing.TB.
type recorder struct {
	testing.TB
	log    strings.Builder
	attrs  []string
	failed bool
}

func record(t *testing.T, f func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	f(r)
	return r
}

func testOf(t testing.TB) *testing.T { return t.(*recorder).TB.(*testing.T) }

func (r *recorder) Helper()                      {}
func (r *recorder) Attr(_, value string)         { r.attrs = append(r.attrs, value) }
func (r *recorder) Logf(f string, args ...any)   { fmt.Fprintf(&r.log, f+"\n", args...) }
func (r *recorder) Errorf(f string, args ...any) { r.Logf(f, args...); r.failed = true }
