package linear

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/anishathalye/porcupine"
)

const (
	shownOps  = 24 // the most operations that are drawn
	drawWidth = 48 // columns for time
	lastSteps = 6  // of the best order, how many are told
)

// story draws a history for a terminal: a line for each operation, in the order
// of the calls, with a bar from call to return, and then how far an order can be
// found.
//
//	client 0  ├──┤            put(k, a)
//	client 1     ├─────┤      get(k) → "a"
//	client 2        ├───────  put(k, b) → ?
func (p part) story() string {
	var b strings.Builder
	ops := p.ops
	if skip := len(ops) - shownOps; skip > 0 {
		fmt.Fprintf(&b, "… %d earlier operations …\n", skip)
		ops = ops[skip:]
	}
	bar := bars(ops)
	last := p.last()
	for i, op := range ops {
		mark := ""
		if op.Call == last.Call && op.ClientId == last.ClientId {
			mark = "   ← fits nowhere"
		}
		fmt.Fprintf(&b, "client %-3d %s  %s%s\n", op.ClientId, bar[i], p.model.describe(op), mark)
	}
	switch p.without {
	case 0:
	case 1:
		b.WriteString("Another operation makes no difference, whenever it took effect, however often, or never.\n")
	default:
		fmt.Fprintf(&b, "%d other operations make no difference, whenever they took effect, however often, or never.\n", p.without)
	}
	b.WriteString(p.bestOrder())
	return b.String()
}

// bars draws the spans of operations. Times are replaced by their ranks: what
// matters is the order, not how long it took.
func bars(ops []porcupine.Operation) []string {
	var times []int64
	for _, op := range ops {
		times = append(times, op.Call)
		if op.Return != math.MaxInt64 {
			times = append(times, op.Return)
		}
	}
	slices.Sort(times)
	times = slices.Compact(times)
	column := func(at int64) int {
		i, _ := slices.BinarySearch(times, at)
		if len(times) <= drawWidth {
			return i
		}
		return i * (drawWidth - 1) / (len(times) - 1)
	}
	width := min(len(times), drawWidth)
	var all []string
	for _, op := range ops {
		from := column(op.Call)
		line := strings.Repeat(" ", from) + "├"
		if op.Return == math.MaxInt64 {
			line += strings.Repeat("─", max(0, width-from-1))
		} else {
			to := max(column(op.Return), from+1)
			line += strings.Repeat("─", to-from-1) + "┤" + strings.Repeat(" ", max(0, width-to-1))
		}
		all = append(all, line)
	}
	return all
}

// bestOrder tells the end of the longest order that can be found, and the state
// that it leads to.
func (p part) bestOrder() string {
	best := p.longest()
	if len(best) == 0 && p.without > 0 {
		return "" // what would let one be the first was left out
	}
	if len(best) == 0 {
		return "No operation can be the first one.\n"
	}
	m := p.model.porcupine()
	state := m.Init()
	var words []string
	for _, op := range best {
		_, state = m.Step(state, op.Input, op.Output)
		words = append(words, p.model.describe(op))
	}
	if skip := len(words) - lastSteps; skip > 0 {
		words = append([]string{"…"}, words[skip:]...)
	}
	return fmt.Sprintf("The longest order has %d of the %d operations: %s.\nThen the state is %v, and no other can be next.\n",
		len(best), len(p.ops), strings.Join(words, "; "), state)
}

// longest returns the longest order that can be found.
func (p part) longest() []porcupine.Operation {
	_, info := porcupine.CheckOperationsVerbose(p.model.porcupine(), p.ops, checkLimit)
	var best []porcupine.Operation
	for _, partition := range info.PartialLinearizationsOperations() {
		for _, order := range partition {
			if len(order) > len(best) {
				best = order
			}
		}
	}
	return best
}
