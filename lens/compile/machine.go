package compile

import (
	"slices"
	"strings"

	"github.com/hone-go/hone/lens"
)

// code reads the machine code of a function.
func (d *decoder) code(fn string, r *record) {
	f := d.at(fn)
	f.Symbol = lens.Spell(r.text())
	c := Code{Size: r.int64(), Frame: r.int64(), Args: r.int64(), NoSplit: r.bool()}
	r.bool() // the linker's Leaf, which only some architectures set
	c.ABI, c.LiveAtEntry = r.text(), r.text()
	for range r.count() {
		s := Slot{Name: r.text(), Type: r.text(), Class: r.text(), Size: r.int64(), Align: r.int64(), Offset: r.int64(), Used: r.bool(), OnHeap: r.bool(), AddrTaken: r.bool()}
		s.Stack = d.stack(r.int(), fn)
		if r.bad {
			break
		}
		c.Slots = append(c.Slots, s)
	}
	for range r.count() {
		i := Instruction{PC: r.int64(), Op: r.text(), Text: r.text(), Bytes: r.text(), Target: lens.Spell(r.text()), Jump: r.int64()}
		i.Stack = d.stack(r.int(), fn)
		i.Value, i.Block, i.Live = r.int(), r.int(), r.text()
		if r.bad {
			break
		}
		c.Instructions = append(c.Instructions, i)
	}
	for range r.count() {
		x := Relocation{Offset: r.int64(), Size: r.int(), Type: r.text(), Symbol: lens.Spell(r.text()), Add: r.int64()}
		if r.bad {
			break
		}
		c.Relocations = append(c.Relocations, x)
	}
	c.Leaf = !slices.ContainsFunc(c.Instructions, func(in Instruction) bool {
		return isCall(in.Op) && !strings.HasPrefix(in.Target, "runtime.morestack")
	})
	f.Code = c
}

// pass reads what a pass changed.
func (d *decoder) pass(fn string, r *record) {
	p := Pass{Name: r.text(), Nanoseconds: r.int64(), Blocks: r.int(), Values: r.int()}
	for range r.count() {
		p.Changed = append(p.Changed, d.value(fn, r))
		if r.bad {
			return
		}
	}
	p.Gone = r.intList(r.count())
	for range r.count() {
		p.Heads = append(p.Heads, d.block(fn, r))
		if r.bad {
			return
		}
	}
	p.GoneBlocks, p.Dead, p.Order = r.intList(r.count()), r.intList(r.count()), r.ints()
	slices.Sort(p.Gone)
	slices.Sort(p.GoneBlocks)
	if n := r.int(); n >= 0 {
		p.Variables = map[string][]int{}
		for range n {
			name := r.text()
			p.Variables[name] = r.intList(r.count())
			if r.bad {
				return
			}
		}
	}
	for range r.count() {
		p.Rewrites = append(p.Rewrites, Rewrite{r.text(), r.text()})
		if r.bad {
			return
		}
	}
	f := d.at(fn)
	f.Passes = append(f.Passes, p)
}

func (d *decoder) value(fn string, r *record) Value {
	v := Value{ID: r.int(), Op: r.text(), Type: r.text(), Aux: r.text(), Args: r.intList(r.count())}
	v.Stack, v.Stmt, v.Register = d.stack(r.int(), fn), r.bool(), r.text()
	return v
}

func (d *decoder) block(fn string, r *record) Block {
	b := Block{ID: r.int(), Kind: r.text(), Aux: r.text(), Controls: r.intList(r.count()), Succs: r.intList(r.count()), Preds: r.intList(r.count())}
	b.Likely, b.Dead, b.Stack = r.int(), r.bool(), d.stack(r.int(), fn)
	b.Values = r.intList(r.count())
	return b
}

// allocating are the functions of the runtime that take memory from the heap, for Go
// 1.24 to 1.27: those of cmd/compile/internal/typecheck/_builtin/runtime.go, and the
// sized ones of malloc.
var allocating = lazily(`^runtime\.(newobject|mallocgc\w*|mallocTiny\w*|newarray|makeslice\w*|growslice\w*|makemap\w*|makechan\w*|` +
	`convT\w*|concatstring\w*|concatbyte\w*|intstring|slicebytetostring|slicerunetostring|stringtoslicebyte|stringtoslicerune|rawstring\w*|rawbyteslice|rawruneslice|` +
	`mapassign\w*|makeslicecopy|moveSlice\w*|newproc|deferproc\w*|deferrangefunc|growsliceBuf\w*)$`)

// sometimes are those that need no memory for some arguments: a small integer, a result
// that fits a buffer on the stack, a key that is there.
var sometimes = lazily(`^runtime\.(convT(16|32|64|string|slice)|concatstring\w*|concatbyte\w*|intstring|slicebytetostring|slicerunetostring|stringtoslicebyte|stringtoslicerune|mapassign\w*|deferproc\w*|newproc|growsliceBuf\w*)$`)

// never is the one that matches and takes none: its record is on the stack.
const never = "runtime.deferprocStack"

var typeOperand = lazily(`type:([^(]*)\(SB\)`)

// lookBack is how many instructions before a call its type operand may be.
const lookBack = 12

// allocations finds the calls that take memory from the heap.
func allocations(c *Code) []Allocation {
	var out []Allocation
	for i, in := range c.Instructions {
		if in.Target == "" || !isCall(in.Op) || !allocating().MatchString(in.Target) || in.Target == never {
			continue
		}
		a := Allocation{PC: in.PC, Call: in.Target, Stack: in.Stack, Conditional: sometimes().MatchString(in.Target), Provenance: lens.Recorded}
		for j := i - 1; j >= max(0, i-lookBack); j-- {
			if isCall(c.Instructions[j].Op) {
				break
			}
			if m := typeOperand().FindStringSubmatch(c.Instructions[j].Text); m != nil {
				a.What = lens.Spell(m[1])
				break
			}
		}
		out = append(out, a)
	}
	return out
}

// isCall reports whether an operation calls. CALL is the same word on all architectures
// of the Go assembler.
func isCall(op string) bool { return op == "CALL" }

// writeBarriers finds the calls that tell the collector of a pointer.
func writeBarriers(c *Code) []Fact {
	var out []Fact
	for _, in := range c.Instructions {
		if isCall(in.Op) && (strings.HasPrefix(in.Target, "runtime.gcWriteBarrier") || strings.HasPrefix(in.Target, "runtime.wbZero") || strings.HasPrefix(in.Target, "runtime.wbMove") || strings.HasPrefix(in.Target, "runtime.typedmem")) {
			out = append(out, Fact{Kind: FactWriteBarrier, Pass: "genssa", Text: in.Target, Stack: in.Stack, Provenance: lens.Recorded})
		}
	}
	return out
}
