package linear_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/linear"
)

// simulated is a history of clients that use a register one or several at a time.
// stale adds, in the second half, two puts and a get that returns the first, while
// others go on.
func simulated(t *testing.T, rng *rand.Rand, clients, each int, stale bool) *linear.History {
	t.Helper()
	return write(t, func(s *script) {
		var value linear.Output
		todo := slices.Repeat([]int{each}, clients)
		open := make([]func(), clients)
		for left := clients * each; left > 0; {
			c := rng.IntN(clients)
			if end := open[c]; end != nil {
				end()
				open[c] = nil
				left--
				continue
			}
			if stale && left < clients*each/2 {
				stale = false
				s.do(c, linear.Put("k", "old"), nil)
				s.do(c, linear.Put("k", "new"), nil)
				s.do(c, linear.Get("k"), linear.Value("old"))
				value = linear.Value("new")
			}
			if todo[c] == 0 {
				continue
			}
			todo[c]--
			in, out := linear.Get("k"), any(value)
			if rng.IntN(2) == 0 {
				value = linear.Value(fmt.Sprint(c, "-", todo[c]))
				in, out = linear.Put("k", value.Value), nil
			}
			op := s.call(c, in) // and takes effect here, whatever overlaps it
			open[c] = func() { op.Return(out) }
		}
	})
}

// A stale read among 1,600 operations of eight clients: what is shown is the put
// that was read, the put after it, and the read.
func TestMinimise_StaleRead(t *testing.T) {
	h := simulated(t, rand.New(rand.NewPCG(1, 2)), 8, 200, true)
	begin := time.Now()
	r := record(t, func(t testing.TB) { linear.Check(t, linear.KV(), h) })
	t.Logf("took %v:\n%s", time.Since(begin), r.log.String())
	for _, want := range []string{
		`├┤      put(k, "old")`, `  ├┤    put(k, "new")`, `    ├┤  get(k) → "old"   ← fits nowhere`,
		"other operations make no difference", "The longest order has 2 of the 3 operations",
	} {
		if !strings.Contains(r.log.String(), want) {
			t.Errorf("%q is missing", want)
		}
	}
}

func TestMinimise_StaleReads(t *testing.T) {
	rng := claim.Rand(t)
	for range 20 {
		h := simulated(t, rng, 1+rng.IntN(6), 20+rng.IntN(40), true)
		r := record(t, func(t testing.TB) { linear.Check(t, linear.KV(), h) })
		if n := strings.Count(r.log.String(), "\tclient "); !r.failed || n != 3 {
			t.Errorf("failed %v with %d operations shown, want 3:\n%s", r.failed, n, r.log.String())
		}
	}
}

func TestMinimise_LegalIsSilent(t *testing.T) {
	rng := claim.Rand(t)
	for range 20 {
		h := simulated(t, rng, 1+rng.IntN(8), 30, false)
		linear.Check(t, linear.KV(), h)
	}
}

// On small random histories, what is shown is illegal by brute force, with the rest
// relaxed, and so is the whole.
func TestMinimise_Sound(t *testing.T) {
	rng := claim.Rand(t)
	illegal, left := 0, 0
	for range 3000 {
		h := scrambled(t, rng)
		ops := linear.Recorded(h)
		legal := orderable(ops, nil)
		shown, without := linear.Minimise(linear.KV(), h)
		if legal != (shown == nil) {
			t.Fatalf("legal by brute force: %v, shown: %v of\n%v", legal, shown, ops)
		}
		if legal {
			continue
		}
		illegal++
		left += len(without)
		if orderable(shown, without) {
			t.Fatalf("these have an order if the others may happen at any time:\n%v\nothers:\n%v", shown, without)
		}
		if orderable(shown, nil) {
			t.Fatalf("these have an order by themselves:\n%v", shown)
		}
	}
	if illegal < 300 || left < 300 {
		t.Errorf("%d illegal histories with %d operations left out, too few to tell", illegal, left)
	}
}

// scrambled is a short history of few values, legal or not.
func scrambled(t *testing.T, rng *rand.Rand) *linear.History {
	return write(t, func(s *script) {
		value := func() string { return string('a' + rune(rng.IntN(3))) }
		open := map[int]func(){}
		for range 10 + rng.IntN(6) {
			c := rng.IntN(3)
			if end := open[c]; end != nil {
				end()
				delete(open, c)
				continue
			}
			in, out := linear.Get("k"), any(linear.Value(value()))
			switch rng.IntN(6) {
			case 0, 1:
				in, out = linear.Put("k", value()), nil
			case 2:
				in, out = linear.CAS("k", value(), value()), rng.IntN(2) == 0
			case 3:
				out = linear.Missing()
			case 4:
				in, out = linear.Delete("k"), nil
			}
			op := s.call(c, in)
			open[c] = func() {
				if rng.IntN(8) == 0 {
					op.Unknown()
				} else {
					op.Return(out)
				}
			}
		}
	})
}

// orderable tries every order of ops, and between any two of them every relaxed
// operation any number of times. It is the definition, not an algorithm.
func orderable(ops, relaxed []linear.Recording) bool {
	model := linear.KV()
	step := func(state any, op linear.Recording) (any, bool) {
		legal, next := model.Step(state, op.Input, op.Output)
		if _, unknown := op.Output.(linear.Unknown); unknown && !legal {
			return state, true
		}
		return next, legal
	}
	var try func(state any, done uint, wandered map[any]bool) bool
	try = func(state any, done uint, wandered map[any]bool) bool {
		if done == 1<<len(ops)-1 {
			return true
		}
		for i, op := range ops {
			if done>>i&1 == 1 || slices.ContainsFunc(ops, func(o linear.Recording) bool {
				return o.Return < op.Call && done>>slices.Index(ops, o)&1 == 0
			}) {
				continue
			}
			if next, ok := step(state, op); ok && try(next, done|1<<i, nil) {
				return true
			}
		}
		for _, op := range relaxed {
			next, ok := step(state, op)
			if !ok || next == state || wandered[next] {
				continue
			}
			if wandered == nil {
				wandered = map[any]bool{state: true}
			}
			wandered[next] = true
			if try(next, done, wandered) {
				return true
			}
		}
		return false
	}
	return try(model.Init(), 0, nil)
}

// A model without end: the reads are left out, and it ends.
func TestMinimise_EndlessModel(t *testing.T) {
	counter := linear.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			if input == "read" {
				_, unknown := output.(linear.Unknown)
				return unknown || state == output, state
			}
			return true, state.(int) + input.(int)
		},
		Equal: func(a, b any) bool { return a == b },
	}
	h := write(t, func(s *script) {
		for i := range 20 {
			s.h.Call(i%2, 1).Return(nil)
			s.h.Call(2+i%3, "read").Return(i + 1)
		}
		s.h.Call(0, "read").Return(7)
	})
	begin := time.Now()
	r := record(t, func(t testing.TB) { linear.Check(t, counter, h) })
	log := r.log.String()
	if took := time.Since(begin); !r.failed || took > 15*time.Second || strings.Count(log, "read →") > 4 {
		t.Errorf("failed %v in %v, want fewer reads:\n%s", r.failed, took, log)
	}
}

func TestMinimise_InBubble(t *testing.T) {
	// Histories are made in a bubble here; this one is checked there, too.
	write(t, func(s *script) {
		for i := range 300 {
			s.do(i%3, linear.Put("k", fmt.Sprint(i)), nil)
		}
		s.do(4, linear.Get("k"), linear.Value("7"))
		r := record(t, func(t testing.TB) { linear.Check(t, linear.KV(), s.h) })
		if n := strings.Count(r.log.String(), "\tclient "); n != 3 {
			t.Errorf("%d operations, want 3:\n%s", n, r.log.String())
		}
	})
}
