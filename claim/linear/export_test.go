package linear

import (
	"slices"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// CheckWithin is Check with another limit.
func CheckWithin(t testing.TB, m Model, h *History, limit time.Duration) {
	m.check(t, h, limit)
}

// A Recording is an operation of a history.
type Recording = porcupine.Operation

// Recorded returns the operations of a history.
func Recorded(h *History) []Recording { return h.operations() }

// Minimise returns the operations of an illegal history that would be shown, and
// those left out of the beginning that they come from; nil where it is legal.
func Minimise(m Model, h *History) (shown, without []Recording) {
	for _, p := range m.parts(h.operations()) {
		if p.check(checkLimit) != porcupine.Illegal {
			continue
		}
		short := p.shorten()
		small := short.minimise()
		for _, op := range short.ops {
			if !slices.Contains(small.ops, op) {
				without = append(without, op)
			}
		}
		return small.ops, without
	}
	return nil, nil
}
