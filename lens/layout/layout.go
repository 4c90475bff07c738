// Package layout says how the types of a package lie in memory: sizes, offsets, the
// padding between fields, the cache lines that they share, how far the garbage
// collector scans, and what another order of the fields would save.
//
// It answers for any platform that the compiler knows, whichever this one is:
// nothing is compiled or run. Packages are read from source by go/types, which
// computes sizes by the compiler's own rules (cmd/compile/internal/types/size.go);
// the tests hold every number against reflection and against the type descriptors
// that the compiler writes for amd64, arm64 and 386.
//
// Where to start: [Load] a package, ask it for a [Package.Type]. This package
// renders nothing.
//
// What it deliberately leaves out: where a value will lie. A line index here counts
// from the start of the value, and the allocator aligns a value to a cache line only
// where its size class says so: 64-byte objects start at a line, half of the 96-byte
// ones do not.
package layout

import (
	"go/types"
	"strings"

	"github.com/hone-go/hone/lens"
)

// A Type is how the values of one type lie in memory, on one platform. All figures
// are in bytes, and computed.
type Type struct {
	Name         string        `json:"name"`    // as its package writes it: "Pool", "Pair[int,string]", "[]byte"
	Package      string        `json:"package"` // import path
	Position     lens.Position `json:"position,omitzero"`
	Kind         Kind          `json:"kind"`
	GOARCH       string        `json:"goarch"`
	Size         int64         `json:"size"`
	Align        int64         `json:"align"`
	PointerBytes int64         `json:"pointer_bytes"`    // the collector scans this many from the start; 0: none
	Padding      int64         `json:"padding"`          // in no field, with what is within fields and array elements
	Fields       []Field       `json:"fields,omitempty"` // of a struct, as declared
	Better       *Order        `json:"better,omitempty"` // nil where no order of the fields saves anything
	Traps        []Trap        `json:"traps,omitempty"`
}

// A Kind is what a type is underneath: "struct", "array", "slice", "map", "chan",
// "func", "interface", "pointer", or the name of a basic type.
type Kind string

// A Field is a field of a struct. Offsets count from the outermost struct.
type Field struct {
	Name         string        `json:"name"` // "_" where blank
	Path         string        `json:"path"` // "head.next": from the outermost struct
	Type         string        `json:"type"`
	Embedded     bool          `json:"embedded,omitempty"`
	Position     lens.Position `json:"position,omitzero"`
	Offset       int64         `json:"offset"`
	Size         int64         `json:"size"`
	Align        int64         `json:"align"`
	Padding      int64         `json:"padding"`          // between its end and the next field, or the end of its struct
	PointerBytes int64         `json:"pointer_bytes"`    // from its start
	Line64       Lines         `json:"line64"`           // of a value that starts at a line
	Line128      Lines         `json:"line128"`          // where lines are fetched in pairs, and on arm64 of Apple
	Fields       []Field       `json:"fields,omitempty"` // where it is a struct
}

// Lines are the first and the last cache line that something touches, counted from
// 0 at the start of the value.
type Lines struct {
	First int64 `json:"first"`
	Last  int64 `json:"last"`
}

// An Order is a better order of a struct's own fields. Blank fields move like
// others: a struct that pads on purpose, to keep two fields on different lines, has a
// reason that sizes do not show.
type Order struct {
	Fields       []string `json:"fields"` // names
	Size         int64    `json:"size"`
	PointerBytes int64    `json:"pointer_bytes"`
}

// A TrapKind names what is easily got wrong.
type TrapKind string

const (
	// TrapTrailingZero is a last field of size zero in a struct that has a size. The
	// compiler adds padding behind it, for its address must not be that of the next
	// object, which a pointer to it would keep alive.
	TrapTrailingZero TrapKind = "trailing-zero-size"

	// TrapAtomic64 is a 64-bit integer that is not aligned to 8 bytes on a 32-bit
	// platform: the 64-bit functions of sync/atomic panic on it ("Bugs" in the
	// documentation of sync/atomic). [sync/atomic.Int64] is aligned everywhere.
	TrapAtomic64 TrapKind = "unaligned-atomic64"
)

// A Trap is a field that is easily got wrong.
type Trap struct {
	Kind  TrapKind      `json:"kind"`
	Field string        `json:"field"`          // its path
	Cost  int64         `json:"cost,omitempty"` // bytes that TrapTrailingZero adds to its struct
	Use   lens.Position `json:"use,omitzero"`   // a call of sync/atomic on it in the package; zero where none was seen
}

// Leaves returns the fields that are no structs with fields of their own, those of
// nested structs in place of them, in order of offset.
func (t *Type) Leaves() []Field { return leaves(nil, t.Fields) }

func leaves(to, fields []Field) []Field {
	for _, f := range fields {
		if len(f.Fields) > 0 {
			to = leaves(to, f.Fields)
		} else {
			to = append(to, f)
		}
	}
	return to
}

// Field returns the field with a path such as "head.next".
func (t *Type) Field(path string) (Field, bool) {
	fields := t.Fields
	for {
		name, rest, nested := strings.Cut(path, ".")
		i := 0
		for i < len(fields) && fields[i].Name != name {
			i++
		}
		switch {
		case i == len(fields):
			return Field{}, false
		case !nested:
			return fields[i], true
		}
		path, fields = rest, fields[i].Fields
	}
}

// A measure computes sizes for one platform.
type measure struct {
	pkg   *Package
	sizes types.Sizes
	word  int64
}

func (m *measure) describe(t types.Type) *Type {
	d := &Type{
		Name: m.pkg.name(t), Package: m.pkg.Path, Kind: kindOf(t), GOARCH: m.pkg.GOARCH,
		Size: m.sizes.Sizeof(t), Align: m.sizes.Alignof(t), PointerBytes: m.pointers(t), Padding: m.padding(t),
	}
	if n, ok := types.Unalias(t).(*types.Named); ok {
		d.Position = m.pkg.position(n.Obj().Pos())
	}
	if s, ok := t.Underlying().(*types.Struct); ok {
		d.Fields = m.fields(s, d.Size, 0, "")
		d.Better = m.better(s, d)
		d.Traps = m.traps(s, 0, "")
	}
	return d
}

// fields measures the fields of a struct of the given size that stands at an offset
// of the outermost one, under a path with a dot at its end.
func (m *measure) fields(s *types.Struct, size, base int64, path string) []Field {
	vars := varsOf(s)
	offsets := m.sizes.Offsetsof(vars)
	out := make([]Field, len(vars))
	for i, v := range vars {
		f := Field{
			Name: v.Name(), Path: path + v.Name(), Type: m.pkg.name(v.Type()), Embedded: v.Embedded(),
			Position: m.pkg.position(v.Pos()), Offset: base + offsets[i],
			Size: m.sizes.Sizeof(v.Type()), Align: m.sizes.Alignof(v.Type()), PointerBytes: m.pointers(v.Type()),
		}
		next := size
		if i+1 < len(vars) {
			next = offsets[i+1]
		}
		f.Padding = next - offsets[i] - f.Size
		f.Line64, f.Line128 = f.lines(64), f.lines(128)
		if inner, ok := v.Type().Underlying().(*types.Struct); ok {
			f.Fields = m.fields(inner, f.Size, f.Offset, f.Path+".")
		}
		out[i] = f
	}
	return out
}

func (f Field) lines(size int64) Lines {
	return Lines{First: f.Offset / size, Last: (f.Offset + max(f.Size, 1) - 1) / size}
}

func varsOf(s *types.Struct) []*types.Var {
	vars := make([]*types.Var, s.NumFields())
	for i := range vars {
		vars[i] = s.Field(i)
	}
	return vars
}

// padding is how many bytes of a value belong to nothing.
func (m *measure) padding(t types.Type) int64 {
	switch u := t.Underlying().(type) {
	case *types.Array:
		return u.Len() * m.padding(u.Elem())
	case *types.Struct:
		n := m.sizes.Sizeof(t)
		for f := range u.Fields() {
			n += m.padding(f.Type()) - m.sizes.Sizeof(f.Type())
		}
		return n
	}
	return 0
}

// pointers is the end of the last word of a value that may hold a pointer into the
// heap, as PtrDataSize in cmd/compile/internal/types counts it.
func (m *measure) pointers(t types.Type) int64 {
	switch u := t.Underlying().(type) {
	case *types.Basic:
		if u.Kind() == types.String || u.Kind() == types.UnsafePointer {
			return m.word
		}
	case *types.Pointer:
		if !offHeap(u.Elem()) {
			return m.word
		}
	case *types.Chan, *types.Map, *types.Signature, *types.Slice:
		return m.word
	case *types.Interface:
		return 2 * m.word
	case *types.Array:
		if n := m.pointers(u.Elem()); n > 0 && u.Len() > 0 {
			return (u.Len()-1)*m.sizes.Sizeof(u.Elem()) + n
		}
	case *types.Struct:
		vars := varsOf(u)
		offsets := m.sizes.Offsetsof(vars)
		for i := len(vars) - 1; i >= 0; i-- {
			if n := m.pointers(vars[i].Type()); n > 0 {
				return offsets[i] + n
			}
		}
	}
	return 0
}

// offHeap says whether values of a type are never allocated by the garbage collector:
// those of the runtime that contain a sys.NotInHeap. Pointers to them are not scanned.
func offHeap(t types.Type) bool {
	if n, ok := types.Unalias(t).(*types.Named); ok {
		if o := n.Obj(); o.Name() == "NotInHeap" && o.Pkg() != nil && strings.HasSuffix(o.Pkg().Path(), "runtime/sys") {
			return true
		}
	}
	switch u := t.Underlying().(type) {
	case *types.Array:
		return offHeap(u.Elem())
	case *types.Struct:
		for f := range u.Fields() {
			if offHeap(f.Type()) {
				return true
			}
		}
	}
	return false
}

func kindOf(t types.Type) Kind {
	switch u := t.Underlying().(type) {
	case *types.Struct:
		return "struct"
	case *types.Array:
		return "array"
	case *types.Slice:
		return "slice"
	case *types.Map:
		return "map"
	case *types.Chan:
		return "chan"
	case *types.Signature:
		return "func"
	case *types.Interface:
		return "interface"
	case *types.Pointer:
		return "pointer"
	case *types.Basic:
		return Kind(u.Name())
	}
	return "unknown"
}
