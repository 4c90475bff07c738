// Package linear checks that what concurrent clients saw could have happened one
// operation at a time.
package linear

import (
	"math"
	"sync"
	"testing"
	"time"

	"github.com/anishathalye/porcupine"
)

// A Model is the sequential specification.
type Model struct {
	Init     func() any                                            // the first state
	Step     func(state, input, output any) (legal bool, next any) // pure
	Key      func(input any) any                                   // partitions; nil = one partition
	Equal    func(a, b any) bool                                   // nil = ==
	Describe func(input, output any) string                        // nil = %v -> %v
}

// Unknown is the output of an operation whose outcome is unknown.
var Unknown any = unknown{}

type unknown struct{}

// A History records operations. Its methods may be called concurrently.
type History struct {
	mu    sync.Mutex
	clock int64
	ops   []*Op
}

// An Op is one operation of a History.
type Op struct {
	h             *History
	client        int
	input, output any
	call, ret     int64
	state         int // 0 pending, 1 returned, 2 failed
}

// NewHistory returns an empty history.
func NewHistory() *History { return &History{} }

// Call records that the client calls the operation.
func (h *History) Call(client int, input any) *Op {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.clock++
	op := &Op{h: h, client: client, input: input, output: Unknown, call: h.clock, ret: math.MaxInt64}
	h.ops = append(h.ops, op)
	return op
}

// Return records that the operation returned.
func (op *Op) Return(output any) {
	op.h.mu.Lock()
	defer op.h.mu.Unlock()
	op.h.clock++
	op.output, op.ret, op.state = output, op.h.clock, 1
}

// Unknown records that nobody knows whether the operation happened: it may have,
// at any time from now on, or not.
func (op *Op) Unknown() {}

// Failed records that the operation certainly did not happen.
func (op *Op) Failed() {
	op.h.mu.Lock()
	defer op.h.mu.Unlock()
	op.state = 2
}

// Check fails the test when the history is not linearizable or the checker can't tell.
func Check(t testing.TB, m Model, h *History) {
	t.Helper()
	h.mu.Lock()
	defer h.mu.Unlock()
	parts := map[any][]porcupine.Operation{}
	for _, op := range h.ops {
		if op.state == 2 {
			continue
		}
		var key any
		if m.Key != nil {
			key = m.Key(op.input)
		}
		parts[key] = append(parts[key], porcupine.Operation{ClientId: op.client, Input: op.input, Output: op.output, Call: op.call, Return: op.ret})
	}
	pm := porcupine.Model{Init: m.Init, Equal: m.Equal, Step: func(s, in, out any) (bool, any) {
		ok, next := m.Step(s, in, out)
		if !ok && out == Unknown {
			return true, s
		}
		return ok, next
	}}
	for key, ops := range parts {
		switch porcupine.CheckOperationsTimeout(pm, ops, 10*time.Second) {
		case porcupine.Illegal:
			t.Errorf("not linearizable: key %v", key)
		case porcupine.Unknown:
			t.Errorf("linearizability unknown after 10s: shrink the history")
		}
	}
}
