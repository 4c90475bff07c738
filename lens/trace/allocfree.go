package trace

// experimentAllocFree is the number of the experiment that traceallocfree turns on
// (tracev2.AllocFree).
const experimentAllocFree = 1

// Batches of the experiment (traceallocfree.go).
const (
	allocFreeTypes = 0 // [id, address, size, bytes with pointers, length of the name, name] of each type
	allocFreeInfo  = 1 // [first address, bytes of a page, bytes of an object's unit, bytes of a stack's unit]
)

// AllocFree is what one needs to understand the events of GODEBUG=traceallocfree=1: from
// where identifiers count, in which units, and which types there are.
type AllocFree struct {
	Base  uint64          `json:"base"`  // the address of identifier 0
	Page  uint64          `json:"page"`  // bytes of a unit of a Span
	Align uint64          `json:"align"` // bytes of a unit of a HeapObject
	Stack uint64          `json:"stack"` // bytes of a unit of a GoroutineStack
	Types map[uint64]Type `json:"types"` // by the number that HeapObject events have; 0 is an object without a type
}

// A Type is a type of the program whose objects were allocated (tracetype.go).
type Type struct {
	Name     string `json:"name"`     // "" for a type whose name the runtime doesn't keep
	Address  uint64 `json:"address"`  // of its descriptor
	Size     uint64 `json:"size"`     // bytes
	Pointers uint64 `json:"pointers"` // how many of its first bytes may hold pointers
}

func (tb *tables) readAllocFree(g *extent, b *batch, d []byte) {
	if len(d) == 0 {
		return
	}
	if tb.alloc == nil {
		tb.alloc = &AllocFree{Types: map[uint64]Type{}}
	}
	a := tb.alloc
	i := 1
	if d[0] == allocFreeInfo {
		for _, v := range []*uint64{&a.Base, &a.Page, &a.Align, &a.Stack} {
			if i >= 0 {
				*v, i = uvarint(d, i)
			}
		}
		if i < 0 {
			tb.damaged(g, b, 0)
		}
		return
	}
	for i < len(d) {
		var f [5]uint64
		j := i
		for k := range f {
			if j >= 0 {
				f[k], j = uvarint(d, j)
			}
		}
		if d[0] != allocFreeTypes || j < 0 || f[4] > uint64(len(d)-j) {
			tb.damaged(g, b, i)
			return
		}
		i = j + int(f[4])
		a.Types[f[0]] = Type{Address: f[1], Size: f[2], Pointers: f[3], Name: string(d[j:i])}
	}
}
