package layout

import (
	"cmp"
	"go/types"
	"slices"

	"github.com/hone-go/hone/lens"
)

// better orders the fields of a struct so that it is smallest, and so that the
// collector scans least of it. It returns nil where that saves nothing.
//
// A size in Go is a multiple of the alignment, so fields by falling alignment have no
// gap between them, and what is left at the end no order can avoid. Fields of size
// zero go first, where they cost nothing. Among fields of one alignment those with
// pointers go first, and the one with the longest tail without pointers is the last
// of them, for the scan ends where its last pointer does. (golang.org/x/tools does the
// same in go/analysis/passes/fieldalignment.)
func (m *measure) better(s *types.Struct, is *Type) *Order {
	vars := varsOf(s)
	slices.SortStableFunc(vars, func(a, b *types.Var) int {
		sizeA, sizeB := m.sizes.Sizeof(a.Type()), m.sizes.Sizeof(b.Type())
		pointersA, pointersB := m.pointers(a.Type()), m.pointers(b.Type())
		order := cmp.Or(
			falseFirst(sizeA != 0, sizeB != 0),
			cmp.Compare(m.sizes.Alignof(b.Type()), m.sizes.Alignof(a.Type())),
			falseFirst(pointersA == 0, pointersB == 0),
		)
		if order == 0 && pointersA > 0 {
			order = cmp.Compare(sizeA-pointersA, sizeB-pointersB)
		}
		return order
	})
	sorted := types.NewStruct(vars, nil)
	o := &Order{Size: m.sizes.Sizeof(sorted), PointerBytes: m.pointers(sorted)}
	if o.Size > is.Size || o.Size == is.Size && o.PointerBytes >= is.PointerBytes {
		return nil
	}
	for _, v := range vars {
		o.Fields = append(o.Fields, v.Name())
	}
	return o
}

func falseFirst(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// traps looks for them in a struct at an offset of the outermost one, and in the
// structs within it.
func (m *measure) traps(s *types.Struct, base int64, path string) []Trap {
	var out []Trap
	vars := varsOf(s)
	offsets := m.sizes.Offsetsof(vars)
	for i, v := range vars {
		at := base + offsets[i]
		switch u := v.Type().Underlying().(type) {
		case *types.Struct:
			out = append(out, m.traps(u, at, path+v.Name()+".")...)
		case *types.Basic:
			is64 := u.Kind() == types.Int64 || u.Kind() == types.Uint64
			if is64 && m.word == 4 && at%8 != 0 {
				out = append(out, Trap{Kind: TrapAtomic64, Field: path + v.Name(), Use: m.use(v)})
			}
		}
	}
	last := len(vars) - 1
	if last > 0 && offsets[last] > 0 && m.sizes.Sizeof(vars[last].Type()) == 0 {
		cost := m.sizes.Sizeof(s) - m.sizes.Sizeof(types.NewStruct(vars[:last], nil))
		out = append(out, Trap{Kind: TrapTrailingZero, Field: path + vars[last].Name(), Cost: cost})
	}
	return out
}

// use is where the package hands a field to a 64-bit function of sync/atomic.
func (m *measure) use(v *types.Var) lens.Position {
	return m.pkg.position(m.pkg.atomics[v.Origin()])
}
