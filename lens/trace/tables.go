package trace

import (
	"cmp"
	"encoding/binary"
	"slices"
	"sync"

	"github.com/hone-go/hone/lens"
)

// A StackID names a stack in one [Trace]: equal stacks of all generations have one
// number. 0 is no stack.
type StackID uint32

// A Symbol names a string in one [Trace]: of a function, a file, a reason, a region.
// Equal strings have one number; 0 is the empty string. The numbers mean nothing beyond
// that: they depend on which generation was decoded first.
type Symbol uint32

// A Frame is one frame of a stack, innermost first, with inlined calls as frames of
// their own (tracestack.go, makeTraceFrame).
type Frame struct {
	lens.Site
	PC uint64 `json:"pc"`
}

// frame is a Frame in the table of all.
type frame struct {
	pc       uint64
	fn, file Symbol
	line     uint32
}

// names holds the strings and stacks of a trace, each once. A file repeats them in each
// generation, under other numbers: what compares stacks over time needs one number.
type names struct {
	mu      sync.Mutex // guards all
	strings []string
	symbols map[string]Symbol
	frames  []frame
	starts  []uint32 // of each stack, in frames
	stacks  map[string]StackID
}

func newNames() *names {
	return &names{strings: []string{""}, symbols: map[string]Symbol{"": 0}, starts: []uint32{0}, stacks: map[string]StackID{}}
}

// symbol wants mu held.
func (n *names) symbol(s string) Symbol {
	y, ok := n.symbols[s]
	if !ok {
		y = Symbol(len(n.strings))
		n.strings = append(n.strings, s)
		n.symbols[s] = y
	}
	return y
}

// known wants mu held: the number of a stack that was met before, or 0. The key is the
// program counters of its frames: in one process they decide functions, files and lines,
// so these are read only of stacks that are new.
func (n *names) known(key []byte) StackID { return n.stacks[string(key)] }

// add wants mu held: a number for a new stack, whose frames the caller then appends.
func (n *names) add(key []byte) StackID {
	id := StackID(len(n.starts))
	n.starts = append(n.starts, uint32(len(n.frames)))
	n.stacks[string(key)] = id
	return id
}

// of wants mu held: the frames of a stack, innermost first.
func (n *names) of(id StackID) []frame {
	switch {
	case id == 0 || int(id) >= len(n.starts):
		return nil
	case int(id)+1 < len(n.starts):
		return n.frames[n.starts[id]:n.starts[id+1]]
	}
	return n.frames[n.starts[id]:]
}

// Frames is a stack, innermost frame first; nil for 0, for an unknown number, and where
// the trace has lost it.
func (t *Trace) Frames(id StackID) []Frame {
	n := t.names
	n.mu.Lock()
	defer n.mu.Unlock()
	var out []Frame
	for _, f := range n.of(id) {
		out = append(out, Frame{PC: f.pc, Site: lens.Site{
			Function: n.strings[f.fn],
			Position: lens.Position{File: n.strings[f.file], Line: int(f.line)},
		}})
	}
	return out
}

// Name is the string that a symbol stands for.
func (t *Trace) Name(y Symbol) string {
	n := t.names
	n.mu.Lock()
	defer n.mu.Unlock()
	if int(y) >= len(n.strings) {
		return ""
	}
	return n.strings[y]
}

// root is the function at the outer end of a stack: what a goroutine started in.
func (n *names) root(id StackID) Symbol {
	n.mu.Lock()
	defer n.mu.Unlock()
	f := n.of(id)
	if len(f) == 0 {
		return 0
	}
	return f[len(f)-1].fn
}

// tables are the tables of one generation: from its own numbers to those of the trace.
type tables struct {
	names   *names
	strings dense[string]
	symbols []Symbol // of strings.items, 0 where not yet asked for
	stacks  dense[StackID]
	roots   []Symbol // of stacks.items: the outermost function
	samples []Sample
	alloc   *AllocFree
	loss    *Loss
	key     []byte
}

// A Sample is one sample of the CPU profile, which [runtime/pprof.StartCPUProfile] adds
// to a trace (tracecpu.go).
type Sample struct {
	Time  Time
	G     GoID // 0 where none ran
	M     ThreadID
	P     ProcID // NoProc where there was none
	Stack StackID
}

// dense maps the numbers of a table to what they name. The runtime counts from one, so a
// slice does; numbers from limit on, which damage made, are kept apart, that they cost no
// memory. The limit is set before the first number and stays: entries come in no order, and
// each must be looked for where it was put.
type dense[T any] struct {
	items []T
	rest  map[uint64]T
	limit uint64
}

// slack is the limit of a table that is empty.
const slack = 1024

func (d *dense[T]) set(id uint64, v T) {
	if id >= d.limit+slack {
		if d.rest == nil {
			d.rest = map[uint64]T{}
		}
		d.rest[id] = v
		return
	}
	if id >= uint64(len(d.items)) {
		d.items = append(d.items, make([]T, id+1-uint64(len(d.items)))...)
	}
	d.items[id] = v
}

func (d *dense[T]) at(id uint64) T {
	if id < uint64(len(d.items)) {
		return d.items[id]
	}
	return d.rest[id]
}

// read takes in all tables of a generation.
func (tb *tables) read(g *extent, c *content) {
	// An entry has a kind, a number, a length, and of a stack at least one frame of four bytes.
	tb.strings.limit, tb.stacks.limit = g.tableBytes(stringsTable)/3, g.tableBytes(stacks)/7
	for i := range g.batches { // strings first: stacks name them
		if b := &g.batches[i]; b.exp == 0 && b.kind == stringsTable {
			tb.readStrings(g, b, c.of(g, i))
		}
	}
	tb.symbols = make([]Symbol, len(tb.strings.items))
	tb.names.mu.Lock()
	for i := range g.batches {
		if b := &g.batches[i]; b.exp == 0 && b.kind == stacks {
			tb.readStacks(g, b, c.of(g, i))
		}
	}
	tb.names.mu.Unlock()
	for i := range g.batches {
		switch b := &g.batches[i]; {
		case b.exp == experimentAllocFree:
			tb.readAllocFree(g, b, c.of(g, i))
		case b.exp == 0 && b.kind == cpuSamples:
			tb.readSamples(g, b, c.of(g, i))
		}
	}
	slices.SortStableFunc(tb.samples, func(a, b Sample) int { return cmp.Compare(a.Time, b.Time) })
}

func (tb *tables) damaged(g *extent, b *batch, at int) {
	tb.loss.add(Finding{Generation: g.id, Offset: b.off + int64(at), Bytes: int64(b.size) - int64(at), What: TableUnreadable})
}

// tableBytes is the length of all parts of a table.
func (g *extent) tableBytes(kind Kind) uint64 {
	n := uint64(0)
	for i := range g.batches {
		if b := &g.batches[i]; b.exp == 0 && b.kind == kind {
			n += uint64(b.size)
		}
	}
	return n
}

func (tb *tables) readStrings(g *extent, b *batch, d []byte) {
	all := string(d) // one allocation for all of the batch's strings
	for i := 1; i < len(d); {
		id, j := uvarint(d, i+1)
		size, j := uvarint(d, max(j, 0))
		if Kind(d[i]) != stringEntry || j < i+3 || size > maxString || size > uint64(len(d)-j) {
			tb.damaged(g, b, i)
			break
		}
		i = j + int(size)
		tb.strings.set(id, all[j:i])
	}
}

// readStacks wants names.mu held.
func (tb *tables) readStacks(g *extent, b *batch, d []byte) {
	for i := 1; i < len(d); {
		id, j := uvarint(d, i+1)
		frames, j := uvarint(d, max(j, 0))
		if Kind(d[i]) != stackEntry || j < i+3 || frames > maxFrames {
			tb.damaged(g, b, i)
			break
		}
		next := tb.readKey(d, j, int(frames))
		if next < 0 {
			tb.damaged(g, b, i)
			break
		}
		i = next
		if len(tb.key) == 0 {
			continue
		}
		stack := tb.names.known(tb.key)
		if stack == 0 {
			stack = tb.names.add(tb.key)
			tb.addFrames(d, j, int(frames))
		}
		tb.stacks.set(id, stack)
	}
}

// readKey reads the frames of a stack for their program counters; it returns where they end,
// or -1.
func (tb *tables) readKey(d []byte, i, frames int) int {
	key := tb.key[:0]
	for ; frames > 0; frames-- {
		var pc uint64
		if len(d)-i > 5*maxVarint {
			pc, i = number(d, i)
			_, _, i = pair(d, i)
			_, i = number(d, i)
		} else {
			for k := range 4 {
				v, next := uvarint(d, i)
				if i = next; i < 0 {
					tb.key = key
					return -1
				}
				if k == 0 {
					pc = v
				}
			}
		}
		key = binary.NativeEndian.AppendUint64(key, pc)
	}
	tb.key = key
	return i
}

// addFrames wants names.mu held. It reads frames again that readKey has found to be there.
func (tb *tables) addFrames(d []byte, i, frames int) {
	for ; frames > 0; frames-- {
		var f [4]uint64
		for k := range f {
			f[k], i = uvarint(d, max(i, 0))
		}
		tb.names.frames = append(tb.names.frames, frame{
			pc: f[0], fn: tb.symbolLocked(f[1]), file: tb.symbolLocked(f[2]), line: uint32(f[3]),
		})
	}
}

func (tb *tables) readSamples(g *extent, b *batch, d []byte) {
	for i := 1; i < len(d); {
		var f [5]uint64 // time, M, P, G, stack
		j := i + 1
		for k := range f {
			if j >= 0 {
				f[k], j = uvarint(d, j)
			}
		}
		if Kind(d[i]) != CPUSample || j < 0 {
			tb.damaged(g, b, i)
			return
		}
		i = j
		tb.samples = append(tb.samples, Sample{
			Time: g.clock.time(f[0]), M: ThreadID(f[1]), P: ProcID(int32(f[2])), G: GoID(f[3]), Stack: tb.stacks.at(f[4]),
		})
	}
}

// root is the outermost function of a stack.
func (tb *tables) root(id uint64) Symbol {
	if id >= uint64(len(tb.stacks.items)) {
		return tb.names.root(tb.stacks.at(id))
	}
	if tb.roots == nil {
		tb.roots = make([]Symbol, len(tb.stacks.items))
	}
	if tb.roots[id] == 0 {
		tb.roots[id] = tb.names.root(tb.stacks.items[id])
	}
	return tb.roots[id]
}

// symbol is the trace's number of a string of this generation.
func (tb *tables) symbol(id uint64) Symbol {
	if id < uint64(len(tb.symbols)) && tb.symbols[id] != 0 {
		return tb.symbols[id]
	}
	tb.names.mu.Lock()
	defer tb.names.mu.Unlock()
	return tb.symbolLocked(id)
}

func (tb *tables) symbolLocked(id uint64) Symbol {
	if id < uint64(len(tb.symbols)) {
		if y := tb.symbols[id]; y != 0 {
			return y
		}
		y := tb.names.symbol(tb.strings.items[id])
		tb.symbols[id] = y
		return y
	}
	return tb.names.symbol(tb.strings.at(id))
}
