package linear

import (
	"bytes"
	"cmp"
	"math"
	"runtime"
	"slices"
	"sync/atomic"
	"time"

	"github.com/anishathalye/porcupine"
)

// A History records what clients call and what they get. Its methods may be
// called concurrently.
//
// Recording takes no lock and orders no client after another, so that the race
// detector still sees the races of the system under test: each client writes to
// its own list, and the time is the machine's monotonic clock. Only in a
// synctest bubble, where that clock stands still, the operations are numbered
// instead, which orders them.
type History struct {
	start   time.Time
	numbers *atomic.Int64 // in a bubble
	clients [256]atomic.Pointer[Op]
}

// NewHistory returns an empty history. In a synctest bubble, make it there.
func NewHistory() *History {
	h := &History{start: time.Now()}
	header := make([]byte, 128)
	if bytes.Contains(header[:runtime.Stack(header, false)], []byte("synctest bubble")) {
		h.numbers = new(atomic.Int64)
	}
	return h
}

func (h *History) now() int64 {
	if h.numbers != nil {
		return h.numbers.Add(1)
	}
	return int64(time.Since(h.start))
}

// An Op is an operation that was called and should end once: with Return, Unknown
// or Failed. One that does not is unknown.
type Op struct {
	h      *History
	next   *Op // of the client, or of one with the same remainder
	client int
	input  any
	call   int64
	end    atomic.Pointer[end]
}

type end struct {
	at     int64
	output any
	failed bool
}

// Call records that a client calls an operation. Call it just before the
// operation itself. A client is any number from 0; it does one thing at a time.
func (h *History) Call(client int, input any) *Op {
	op := &Op{h: h, client: client, input: input}
	list := &h.clients[uint(client)%uint(len(h.clients))]
	for {
		op.next = list.Load()
		if list.CompareAndSwap(op.next, op) {
			break
		}
	}
	op.call = h.now()
	return op
}

// Return records that the operation returned. Call it just after.
func (op *Op) Return(output any) {
	op.finish(&end{at: op.h.now(), output: output})
}

// Unknown records that the outcome will never be known: the operation may have
// taken effect, may yet, or may not.
func (op *Op) Unknown() {
	op.finish(&end{at: math.MaxInt64, output: Unknown{}})
}

// Failed records that the operation certainly had no effect and never will. When
// in doubt, it is [Op.Unknown]: an error after the request was sent says nothing.
func (op *Op) Failed() { op.finish(&end{failed: true}) }

func (op *Op) finish(e *end) {
	if !op.end.CompareAndSwap(nil, e) {
		panic("linear: an operation ended twice")
	}
}

// operations returns what was recorded, in the order of the calls, without what
// failed.
func (h *History) operations() []porcupine.Operation {
	var ops []porcupine.Operation
	for i := range h.clients {
		for op := h.clients[i].Load(); op != nil; op = op.next {
			e := op.end.Load()
			switch {
			case e == nil:
				e = &end{at: math.MaxInt64, output: Unknown{}}
			case e.failed:
				continue
			}
			ops = append(ops, porcupine.Operation{
				ClientId: op.client, Input: op.input, Output: e.output, Call: op.call, Return: e.at,
			})
		}
	}
	slices.SortStableFunc(ops, func(a, b porcupine.Operation) int {
		return cmp.Or(cmp.Compare(a.Call, b.Call), cmp.Compare(a.Return, b.Return))
	})
	return ops
}
