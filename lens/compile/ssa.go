package compile

import (
	"maps"
	"slices"

	"github.com/hone-go/hone/lens"
)

// A Pass is what one pass of the SSA back end changed: a difference to the function
// after the pass before it. The first, "start", holds everything. Values and blocks
// keep their numbers for the whole way, so a value can be followed by identity.
type Pass struct {
	Name        string           `json:"name"`                  // "start", "opt", "prove", … "genssa"
	Nanoseconds int64            `json:"nanoseconds,omitempty"` // wall time it took in the compiler; 0 where not known
	Blocks      int              `json:"blocks"`                // after the pass
	Values      int              `json:"values"`                // after the pass
	Changed     []Value          `json:"changed,omitempty"`     // new or different values
	Gone        []int            `json:"gone,omitempty"`        // IDs of values that are no longer there
	Heads       []Block          `json:"heads,omitempty"`       // new or different blocks
	GoneBlocks  []int            `json:"goneBlocks,omitempty"`  //
	Order       []int            `json:"order,omitempty"`       // of the blocks; nil where it did not change
	Dead        []int            `json:"dead,omitempty"`        // IDs of values that are there and not used by anything alive
	Variables   map[string][]int `json:"variables,omitempty"`   // which values a variable of the source is, nil where that did not change
	Rewrites    []Rewrite        `json:"rewrites,omitempty"`    // in the order in which the rules fired
}

// Empty reports whether the pass changed nothing.
func (p *Pass) Empty() bool {
	return len(p.Changed) == 0 && len(p.Gone) == 0 && len(p.Heads) == 0 && len(p.GoneBlocks) == 0 && p.Order == nil
}

// A Value is one SSA value.
type Value struct {
	ID       int        `json:"id"` // printed as v12
	Op       string     `json:"op"`
	Type     string     `json:"type"`
	Aux      string     `json:"aux,omitempty"`  // constant, symbol or offset that belongs to the operation
	Args     []int      `json:"args,omitempty"` // IDs
	Stack    lens.Stack `json:"stack,omitempty"`
	Stmt     bool       `json:"stmt,omitempty"`     // a statement starts here, for debuggers
	Register string     `json:"register,omitempty"` // or stack slot, from regalloc on
}

// A Block is one basic block.
type Block struct {
	ID       int        `json:"id"`   // printed as b3
	Kind     string     `json:"kind"` // "If", "Plain", "Ret", or an architecture's: "ULT"
	Aux      string     `json:"aux,omitempty"`
	Controls []int      `json:"controls,omitempty"` // IDs of values
	Succs    []int      `json:"succs,omitempty"`    // IDs of blocks
	Preds    []int      `json:"preds,omitempty"`
	Likely   int        `json:"likely,omitempty"` // 1: the first successor is likely, -1: unlikely
	Dead     bool       `json:"dead,omitempty"`   // unreachable
	Stack    lens.Stack `json:"stack,omitempty"`
	Values   []int      `json:"values,omitempty"` // IDs, in order
}

// A Rewrite is one firing of a rewrite rule.
type Rewrite struct {
	Before string `json:"before"` // "v9 = Mul64 <int> v7 v8"
	After  string `json:"after"`
}

// SSA is a whole function after one pass.
type SSA struct {
	Pass      string           `json:"pass"`
	Blocks    []Block          `json:"blocks"` // in the compiler's order
	Values    map[int]Value    `json:"values"`
	Variables map[string][]int `json:"variables,omitempty"`
}

// After puts the function together as it was after Passes[i]. It returns false
// where there is no such pass.
func (f *Function) After(i int) (*SSA, bool) {
	if i < 0 || i >= len(f.Passes) {
		return nil, false
	}
	s := &SSA{Pass: f.Passes[i].Name, Values: map[int]Value{}}
	heads := map[int]Block{}
	var order []int
	for _, p := range f.Passes[:i+1] {
		for _, v := range p.Changed {
			s.Values[v.ID] = v
		}
		for _, id := range p.Gone {
			delete(s.Values, id)
		}
		for _, b := range p.Heads {
			heads[b.ID] = b
		}
		for _, id := range p.GoneBlocks {
			delete(heads, id)
		}
		if p.Order != nil {
			order = p.Order
		}
		if p.Variables != nil {
			s.Variables = maps.Clone(p.Variables)
		}
	}
	for _, id := range order {
		if b, ok := heads[id]; ok {
			s.Blocks = append(s.Blocks, b)
		}
	}
	return s, true
}

// PassIndex is the index in Passes of the pass with a name, or -1. Some passes run
// several times and are numbered by the compiler: "late opt", "opt", "deadcode".
func (f *Function) PassIndex(name string) int {
	return slices.IndexFunc(f.Passes, func(p Pass) bool { return p.Name == name })
}

// History is what became of a value: the indices of the passes that changed it, the
// first of which made it, and the index of the one that removed it, or -1. The compiler
// may later give the number of a value that is gone to another one.
func (f *Function) History(value int) (changed []int, gone int) {
	for i, p := range f.Passes {
		if slices.ContainsFunc(p.Changed, func(v Value) bool { return v.ID == value }) {
			changed = append(changed, i)
		} else if len(changed) > 0 && slices.Contains(p.Gone, value) {
			return changed, i
		}
	}
	return changed, -1
}
