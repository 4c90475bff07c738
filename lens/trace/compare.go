package trace

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// A Comparison is two traces, of one program before and after a change, or on two machines.
type Comparison struct {
	Before  *Summary `json:"before"`
	After   *Summary `json:"after"`
	Changes []Change `json:"changes"` // by how much the total changed, most first
}

// A Change is how long one thing took in two traces: starts of goroutines of one function,
// or waits for one reason at one place.
type Change struct {
	Func   string       `json:"func,omitempty"`  // that goroutines started in, of late starts
	Why    string       `json:"why,omitempty"`   // of waits
	Stack  []Frame      `json:"stack,omitempty"` // of waits, as after
	Before Distribution `json:"before"`
	After  Distribution `json:"after"`

	// Longer is the chance that one drawn from After is longer than one from Before: 0.5
	// where nothing changed. P is how likely a chance at least as far from 0.5 is, in either
	// direction, if both are drawn from one distribution. They are of the test by Mann and
	// Whitney, "On a Test of Whether one of Two Random Variables is Stochastically Larger
	// than the Other" (1947), with ties, by its normal approximation. Of what there was in one
	// trace only, and of fewer than 8 in either, nothing is said: Longer is 0.5 and P is 1.
	Longer float64 `json:"longer"`
	P      float64 `json:"p"`
}

// fewest is what the approximation needs on both sides.
const fewest = 8

// Compare finds what two traces have in common, and what only one of them has. Places are
// the same where the functions on their stacks are: lines move with every edit.
func Compare(before, after *Summary) *Comparison {
	type key struct{ of, why, stack string }
	found := map[key]*Change{}
	at := func(k key) *Change {
		if found[k] == nil {
			found[k] = &Change{Func: k.of, Why: k.why}
		}
		return found[k]
	}
	for i, s := range []*Summary{before, after} {
		side := func(c *Change) *Distribution {
			if i == 0 {
				return &c.Before
			}
			return &c.After
		}
		for _, f := range s.Functions {
			if f.Latency.Count > 0 {
				side(at(key{of: f.Name})).Join(&f.Latency)
			}
		}
		for _, b := range s.Blocks {
			if b.Waits.Count == 0 {
				continue
			}
			c := at(key{why: b.Why, stack: functionsOf(b.Stack)})
			c.Stack = b.Stack
			side(c).Join(&b.Waits)
		}
	}
	changes := make([]Change, 0, len(found))
	for _, c := range found {
		c.Longer, c.P = rank(&c.Before, &c.After)
		changes = append(changes, *c)
	}
	slices.SortFunc(changes, func(a, b Change) int {
		return cmp.Or(cmp.Compare(b.size(), a.size()), cmp.Compare(a.Func, b.Func), cmp.Compare(a.Why, b.Why), compareStacks(a.Stack, b.Stack))
	})
	return &Comparison{before, after, changes}
}

// size is by how much the total changed.
func (c *Change) size() Time { return max(c.After.Sum-c.Before.Sum, c.Before.Sum-c.After.Sum) }

func functionsOf(stack []Frame) string {
	var b strings.Builder
	for _, f := range stack {
		b.WriteString(f.Function + "\n")
	}
	return b.String()
}

// rank compares two distributions by the ranks of what was added to them. What fell in one
// bucket is tied.
func rank(before, after *Distribution) (longer, p float64) {
	n, m := float64(before.Count), float64(after.Count)
	if before.Count < fewest || after.Count < fewest {
		return 0.5, 1
	}
	var u, below, ties float64
	for i := range max(len(before.buckets), len(after.buckets)) {
		var a, b float64
		if i < len(before.buckets) {
			a = float64(before.buckets[i])
		}
		if i < len(after.buckets) {
			b = float64(after.buckets[i])
		}
		u += b * (below + a/2)
		below += a
		t := a + b
		ties += t*t*t - t
	}
	all := n + m
	variance := n * m / 12 * (all + 1 - ties/(all*(all-1)))
	longer = u / (n * m)
	if variance <= 0 { // all in one bucket
		return longer, 1
	}
	z := (u - n*m/2) / math.Sqrt(variance)
	return longer, math.Erfc(math.Abs(z) / math.Sqrt2)
}
