// Package linear checks that what concurrent clients saw could have happened one
// operation at a time: that a system is linearizable (Herlihy and Wing, 1990).
// Each operation must seem to take effect at one moment between its call and its
// return.
//
// The smallest example, three clients and a map:
//
//	h := linear.NewHistory()
//	var wg sync.WaitGroup
//	for client := range 3 {
//		wg.Go(func() {
//			op := h.Call(client, linear.Put("k", "v"))
//			store.Put("k", "v")
//			op.Return(nil)
//			op = h.Call(client, linear.Get("k"))
//			op.Return(linear.Value(store.Get("k")))
//		})
//	}
//	wg.Wait()
//	linear.Check(t, linear.KV(), h)
//
// An operation of which nobody knows whether it happened, because the server was
// killed or the connection broke, ends with [Op.Unknown]: it may have taken
// effect, at any later time, or not. One that has certainly not happened ends
// with [Op.Failed].
//
// Checking is NP-hard in the number of operations that overlap, so it is bounded:
// when the checker cannot tell within 10 s, the test fails, with advice. In
// practice thousands of operations of eight clients on a handful of keys take
// milliseconds. The checker is porcupine (github.com/anishathalye/porcupine).
package linear

import (
	"cmp"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"

	"github.com/hone-go/hone/claim"
)

// checkLimit is the most time that Check takes to decide, and again the most that
// it takes to find a short explanation.
const checkLimit = 10 * time.Second

// A Model says how the system behaves when operations come one after the other.
// Its functions must be pure: they must not change what they are given.
type Model struct {
	// Init returns the first state.
	Init func() any

	// Step says whether an operation may return output in a state, and what the
	// state is then. For an operation with unknown outcome, output is [Unknown]{};
	// false then means that it cannot take effect in this state.
	Step func(state, input, output any) (legal bool, next any)

	// Key, if not nil, splits a history into parts that do not influence each other,
	// such as the keys of a map. Init and Step are then about one part. It makes
	// checking very much faster.
	Key func(input any) any

	// Equal compares states; nil is ==, so states must then be comparable.
	Equal func(a, b any) bool

	// Describe is an operation in words, for people; nil prints input → output.
	Describe func(input, output any) string
}

// Unknown is the output of an operation that did not return.
type Unknown struct{}

// String returns "?".
func (Unknown) String() string { return "?" }

// Check fails the test when the history is not linearizable by the model, and
// also when that cannot be decided in 10 s or when there is no operation in it. It
// shows few operations of one part that are illegal whatever the others did, as
// evidence of kind history. Where $HONE_ARTIFACTS names a directory it also writes a drawing
// of the whole history there, to be opened in a browser.
//
// No operation may be called or return while Check runs; those still under way
// count as unknown.
func Check(t testing.TB, m Model, h *History) {
	t.Helper()
	m.check(t, h, checkLimit)
}

func (m Model) check(t testing.TB, h *History, limit time.Duration) {
	t.Helper()
	ops := h.operations()
	if len(ops) == 0 {
		t.Errorf("No operation was recorded, so nothing was checked.")
		return
	}
	deadline := time.Now().Add(limit)
	for _, p := range m.parts(ops) {
		switch p.check(time.Until(deadline)) {
		case porcupine.Illegal:
			short := p.shorten().minimise()
			title := "history that no order explains"
			if p.key != nil {
				title += fmt.Sprintf(", key %v", p.key)
			}
			claim.Show(t, claim.KindHistory, title, short.story())
			t.Errorf("Not linearizable: no order of these operations, each at one moment between its call and its return, gives what they returned. %s has no place.%s",
				m.describe(short.last()), m.draw(t, ops))
			return
		case porcupine.Unknown:
			t.Errorf("Linearizability is unknown after %v, and unknown is not fine: %d operations, up to %d at a time%s. Shrink the history: fewer operations, fewer clients at a time, more keys, or several short histories instead of a long one.",
				limit, len(p.ops), p.overlap(), p.named())
			return
		}
	}
}

// A part is the history of one key.
type part struct {
	model   Model
	key     any
	ops     []porcupine.Operation // in the order of their calls
	without int                   // operations left out that make no difference
}

// parts splits operations by key, in the order in which the keys appear.
func (m Model) parts(ops []porcupine.Operation) []part {
	if m.Key == nil {
		return []part{{model: m, ops: ops}}
	}
	var parts []part
	index := map[any]int{}
	for _, op := range ops {
		key := m.Key(op.Input)
		i, ok := index[key]
		if !ok {
			i = len(parts)
			index[key] = i
			parts = append(parts, part{model: m, key: key})
		}
		parts[i].ops = append(parts[i].ops, op)
	}
	return parts
}

// porcupine returns the model for the checker. An operation of unknown outcome
// that the model refuses has not happened: that is always possible.
func (m Model) porcupine() porcupine.Model {
	return porcupine.Model{
		Init:  m.Init,
		Equal: m.Equal,
		Step: func(state, input, output any) (bool, any) {
			legal, next := m.Step(state, input, output)
			if _, unknown := output.(Unknown); unknown && !legal {
				return true, state
			}
			return legal, next
		},
		DescribeOperation: func(input, output any) string {
			return m.describe(porcupine.Operation{Input: input, Output: output})
		},
	}
}

func (m Model) describe(op porcupine.Operation) string {
	if m.Describe != nil {
		return m.Describe(op.Input, op.Output)
	}
	return fmt.Sprintf("%v → %v", op.Input, op.Output)
}

func (p part) check(limit time.Duration) porcupine.CheckResult {
	// Porcupine takes 0 for no limit.
	return porcupine.CheckOperationsTimeout(p.model.porcupine(), p.ops, max(limit, time.Millisecond))
}

func (p part) named() string {
	if p.key == nil {
		return ""
	}
	return fmt.Sprintf(", on key %v", p.key)
}

// upTo is the part as it was when an operation had returned at time end: what
// had not returned by then is open.
func (p part) upTo(end int64) part {
	q := part{model: p.model, key: p.key}
	for _, op := range p.ops {
		if op.Call > end {
			continue
		}
		if op.Return > end {
			op.Return, op.Output = math.MaxInt64, Unknown{}
		}
		q.ops = append(q.ops, op)
	}
	return q
}

// shorten finds the shortest illegal beginning. Every beginning of a linearizable
// history is linearizable, so bisection finds it.
func (p part) shorten() part {
	ends := []int64{}
	for _, op := range p.ops {
		if op.Return != math.MaxInt64 {
			ends = append(ends, op.Return)
		}
	}
	slices.Sort(ends)
	deadline := time.Now().Add(checkLimit)
	i, _ := slices.BinarySearchFunc(ends, porcupine.Illegal, func(end int64, _ porcupine.CheckResult) int {
		if p.upTo(end).check(time.Until(deadline)) == porcupine.Illegal {
			return 1
		}
		return -1
	})
	if i == len(ends) {
		return p
	}
	return p.upTo(ends[i])
}

// last returns the operation that returned last.
func (p part) last() porcupine.Operation {
	return slices.MaxFunc(p.ops, func(a, b porcupine.Operation) int {
		return cmp.Compare(returned(a), returned(b))
	})
}

// returned is when an operation returned, before all times if it did not.
func returned(op porcupine.Operation) int64 {
	if op.Return == math.MaxInt64 {
		return math.MinInt64
	}
	return op.Return
}

// overlap is the most operations that were under way at a time.
func (p part) overlap() int {
	type event struct {
		at    int64
		delta int
	}
	var events []event
	for _, op := range p.ops {
		events = append(events, event{op.Call, 1}, event{op.Return, -1})
	}
	slices.SortFunc(events, func(a, b event) int {
		return cmp.Or(cmp.Compare(a.at, b.at), b.delta-a.delta)
	})
	most, now := 0, 0
	for _, e := range events {
		now += e.delta
		most = max(most, now)
	}
	return most
}

// draw writes porcupine's drawing of the history, if somebody wants it.
func (m Model) draw(t testing.TB, ops []porcupine.Operation) string {
	dir := os.Getenv("HONE_ARTIFACTS")
	if dir == "" {
		return ""
	}
	pm := m.porcupine()
	if m.Key != nil {
		pm.Partition = func(ops []porcupine.Operation) [][]porcupine.Operation {
			var all [][]porcupine.Operation
			for _, p := range m.parts(ops) {
				all = append(all, p.ops)
			}
			return all
		}
	}
	_, info := porcupine.CheckOperationsVerbose(pm, ops, checkLimit)
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\:*?"<>| `, r) {
			return '_'
		}
		return r
	}, t.Name())
	path := filepath.Join(dir, name+".history.html")
	if err := porcupine.VisualizePath(pm, info, path); err != nil {
		return fmt.Sprintf(" The drawing could not be written: %v.", err)
	}
	return " Drawn in " + path + "."
}
