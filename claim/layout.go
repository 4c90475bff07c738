package claim

import (
	"cmp"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// cacheLine is the size of a cache line, in bytes, where [TypeLayout.Line] says no other.
const cacheLine = 64

// Layout starts claims about how values of v's type lie in memory, in the program
// that runs: for its GOARCH, as its compiler laid them out. A pointer stands for what
// it points to, so that a large type needs no value: (*T)(nil).
//
//	claim.Layout(t, Slot{}).Size(64).NoPadding().Offset("sum", 16)
//	claim.Layout(t, (*Ring)(nil)).DifferentLines("head", "tail")
//
// A field of a struct within the struct is named by its path, "lock.state". A field
// that does not exist fails the test, and so does a Layout of which nothing is claimed.
func Layout(t testing.TB, v any) *TypeLayout {
	t.Helper()
	l := &TypeLayout{t: t, typ: reflect.TypeOf(v), line: cacheLine}
	if l.typ == nil {
		t.Fatalf("claim.Layout of nil: there is no type in it. Write claim.Layout(t, T{}) or claim.Layout(t, (*T)(nil)).")
	}
	if l.typ.Kind() == reflect.Pointer {
		l.typ = l.typ.Elem()
	}
	t.Cleanup(func() {
		if !l.claimed {
			t.Errorf("claim.Layout of %v claims nothing: say what, as in claim.Layout(t, %v{}).Size(%d)", l.typ, l.typ, l.typ.Size())
		}
	})
	return l
}

// A TypeLayout makes claims about one type; see [Layout]. A claim that does not hold
// fails the test and lets it continue, with a table of the fields as evidence. Where
// the answer is right and the memory too much, the outcome is budget.
type TypeLayout struct {
	t       testing.TB
	typ     reflect.Type
	line    uintptr
	claimed bool
}

// Size claims that a value has exactly this many bytes.
func (l *TypeLayout) Size(bytes uintptr) *TypeLayout {
	l.t.Helper()
	return l.hold(l.typ.Size() == bytes, "%v has %d bytes on %s, claimed %d.", l.typ, l.typ.Size(), runtime.GOARCH, bytes)
}

// SizeAtMost claims that a value has at most this many bytes.
func (l *TypeLayout) SizeAtMost(bytes uintptr) *TypeLayout {
	l.t.Helper()
	return l.hold(l.typ.Size() <= bytes, "%v has %d bytes on %s, claimed at most %d.", l.typ, l.typ.Size(), runtime.GOARCH, bytes)
}

// Align claims that values stand at multiples of this many bytes.
func (l *TypeLayout) Align(bytes int) *TypeLayout {
	l.t.Helper()
	return l.hold(l.typ.Align() == bytes, "%v is aligned to %d bytes on %s, claimed %d.", l.typ, l.typ.Align(), runtime.GOARCH, bytes)
}

// Offset claims that a field starts this many bytes behind the start of the value.
func (l *TypeLayout) Offset(field string, bytes uintptr) *TypeLayout {
	l.t.Helper()
	if f, ok := l.find(field); ok {
		l.hold(f.offset == bytes, "%v.%s stands at offset %d on %s, claimed %d.", l.typ, field, f.offset, runtime.GOARCH, bytes)
	}
	return l
}

// NoPadding claims that every byte of a value belongs to a field: of the type itself,
// of structs within it, and of the elements of arrays. Blank fields count as fields, so
// that padding on purpose, _ [56]byte, is none.
func (l *TypeLayout) NoPadding() *TypeLayout {
	l.t.Helper()
	var gaps []string
	lost := uintptr(0)
	for _, f := range flatten(l.typ, "", 0) {
		inside := padding(f.typ)
		if lost += f.after + inside; f.after > 0 {
			gaps = append(gaps, fmt.Sprintf("%d behind %s", f.after, f.path))
		}
		if inside > 0 {
			gaps = append(gaps, fmt.Sprintf("%d within %s", inside, f.path))
		}
	}
	if l.typ.Kind() == reflect.Array {
		lost = padding(l.typ)
		gaps = append(gaps, "in its elements")
	}
	return l.hold(lost == 0, "%v has %d bytes of padding on %s, claimed none: %s.%s", l.typ, lost, runtime.GOARCH, strings.Join(gaps, ", "), better(l.typ))
}

// NoPointers claims that a value holds no pointer, so that the garbage collector does
// not look into it, nor into arrays and slices of it.
func (l *TypeLayout) NoPointers() *TypeLayout {
	l.t.Helper()
	var found []string
	if fields := flatten(l.typ, "", 0); len(fields) > 0 {
		for _, f := range fields {
			if hasPointers(f.typ) {
				found = append(found, fmt.Sprintf("%s %v", f.path, f.typ))
			}
		}
	} else if hasPointers(l.typ) {
		found = append(found, l.typ.String())
	}
	return l.hold(len(found) == 0, "%v holds pointers, claimed none: %s.", l.typ, strings.Join(found, ", "))
}

// Line sets the size of a cache line for the claims that follow, a power of two: 128
// where the processor fetches lines in pairs (Intel's spatial prefetcher) or has lines
// of 128 bytes (Apple's). It is 64 before.
func (l *TypeLayout) Line(bytes int) *TypeLayout {
	l.t.Helper()
	if bytes < tinyBlock || bytes&(bytes-1) != 0 {
		l.t.Fatalf("a cache line of %d bytes: want a power of two, from 16", bytes)
	}
	l.line = uintptr(bytes)
	return l
}

// DifferentLines claims that no two of the fields ever share a cache line, so that
// writing one does not take the line of another from other cores. It is claimed for
// every address at which a value of the type can stand, not only for the start of a
// line: nothing in Go aligns a value to one.
func (l *TypeLayout) DifferentLines(fields ...string) *TypeLayout {
	l.t.Helper()
	found, ok := l.findAll(fields)
	if !ok {
		return l
	}
	for i, a := range found {
		for _, b := range found[i+1:] {
			at, shared := l.anywhere(uintptr(l.typ.Align()), func(base uintptr) bool {
				return a.first(base, l.line) <= b.last(base, l.line) && b.first(base, l.line) <= a.last(base, l.line)
			})
			apart := max(a.offset, b.offset) - min(a.offset, b.offset)
			l.hold(!shared, "%v.%s and %s start %d bytes apart and share a cache line of %d bytes%s, claimed never.\nA write to one takes the line of the other from every other core. Put %d bytes between them, _ [%d]byte, or what is only read.",
				l.typ, a.path, b.path, apart, l.line, standing(at, l.line), l.line, l.line)
		}
	}
	return l
}

// SameLine claims that the fields lie in one cache line, in every value that new(T)
// or &T{} puts on the heap. The allocator aligns a value as its size class says: 64
// bytes start at a line; of 96 bytes, every second value starts in the middle of one.
// As an element of an array, or within another struct, a value starts where that puts
// it: make the claim on that.
func (l *TypeLayout) SameLine(fields ...string) *TypeLayout {
	l.t.Helper()
	found, ok := l.findAll(fields)
	if !ok {
		return l
	}
	if l.typ.Size() <= tinyBlock && !hasPointers(l.typ) {
		return l // in one block of 16 bytes, and no block is in two lines
	}
	for _, b := range found[1:] {
		a := found[0]
		apart := func(base uintptr) bool {
			return a.first(base, l.line) != b.last(base, l.line) || b.first(base, l.line) != a.last(base, l.line)
		}
		align, class := heapAlign(l.typ)
		at, split := l.anywhere(align, apart)
		hint := "Move them together."
		if split && !apart(0) {
			hint = fmt.Sprintf("They do where a value starts at a line, but the allocator has a class of %d bytes for it, which is aligned to %d: make the size a power of two, or move them to the start of one aligned block of %d bytes.", class, align, align)
		}
		l.hold(!split, "%v.%s and %s do not share a cache line of %d bytes%s, claimed always.\n%s", l.typ, a.path, b.path, l.line, standing(at, l.line), hint)
	}
	return l
}

// anywhere looks for an address, modulo the size of a line, at which something holds.
func (l *TypeLayout) anywhere(align uintptr, holds func(base uintptr) bool) (at uintptr, found bool) {
	for base := uintptr(0); base < l.line; base += align {
		if holds(base) {
			return base, true
		}
	}
	return 0, false
}

func standing(at, line uintptr) string {
	if at == 0 {
		return ""
	}
	return fmt.Sprintf(" in a value that starts %d bytes behind the start of one", at%line)
}

// hold makes one claim.
func (l *TypeLayout) hold(ok bool, format string, args ...any) *TypeLayout {
	l.t.Helper()
	l.claimed = true
	if !ok {
		evidence{Kind: KindText, Title: fmt.Sprintf("%v in memory", l.typ), Text: l.table()}.fail(l.t, OutcomeBudget, format, args...)
	}
	return l
}

// findAll finds two fields or more.
func (l *TypeLayout) findAll(paths []string) ([]laid, bool) {
	l.t.Helper()
	if len(paths) < 2 {
		l.claimed = true
		l.t.Errorf("a claim on the cache lines of %v names %d fields: name two or more", l.typ, len(paths))
		return nil, false
	}
	var found []laid
	for _, path := range paths {
		f, ok := l.find(path)
		if ok && f.typ.Size() == 0 {
			l.t.Errorf("%v.%s has no bytes, so it is in no cache line", l.typ, path)
			ok = false
		}
		if !ok {
			return nil, false
		}
		found = append(found, f)
	}
	return found, true
}

// find finds a field by its path, and fails the test where there is none.
func (l *TypeLayout) find(path string) (laid, bool) {
	l.t.Helper()
	l.claimed = true
	at := laid{typ: l.typ}
	for name := range strings.SplitSeq(path, ".") {
		f, ok := fieldOf(at.typ, name)
		if !ok {
			l.t.Errorf("%v has no field %s%s.", at.typ, name, fieldNames(at.typ))
			return laid{}, false
		}
		at = laid{path: path, offset: at.offset + f.Offset, typ: f.Type}
	}
	return at, true
}

func fieldOf(t reflect.Type, name string) (reflect.StructField, bool) {
	if t.Kind() != reflect.Struct || name == "_" {
		return reflect.StructField{}, false
	}
	for f := range t.Fields() {
		if f.Name == name {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

// fieldNames lists the fields of a type behind a colon.
func fieldNames(t reflect.Type) string {
	if t.Kind() != reflect.Struct {
		return ": it is no struct"
	}
	var all []string
	for f := range t.Fields() {
		if f.Name != "_" {
			all = append(all, f.Name)
		}
	}
	if len(all) == 0 {
		return ": it has none with a name"
	}
	return ": it has " + strings.Join(all, ", ")
}

// A laid field is one with its place in the outermost struct.
type laid struct {
	path   string
	offset uintptr
	typ    reflect.Type
	after  uintptr // padding between it and the next field, or the end of its struct
}

// first and last are the lines in which it begins and ends when the struct stands at
// base. It has a size.
func (f laid) first(base, line uintptr) uintptr { return (base + f.offset) / line }
func (f laid) last(base, line uintptr) uintptr  { return (base + f.offset + f.typ.Size() - 1) / line }

// flatten lists the fields of a struct, those of structs within it in place of them.
func flatten(t reflect.Type, path string, base uintptr) []laid {
	if t.Kind() != reflect.Struct {
		return nil
	}
	var out []laid
	for i := range t.NumField() {
		f := t.Field(i)
		end, next := f.Offset+f.Type.Size(), t.Size()
		if i+1 < t.NumField() {
			next = t.Field(i + 1).Offset
		}
		if inner := flatten(f.Type, path+f.Name+".", base+f.Offset); len(inner) > 0 {
			inner[len(inner)-1].after += next - end
			out = append(out, inner...)
			continue
		}
		out = append(out, laid{path: path + f.Name, offset: base + f.Offset, typ: f.Type, after: next - end})
	}
	return out
}

// padding is how many bytes within a value belong to nothing.
func padding(t reflect.Type) uintptr {
	switch t.Kind() {
	case reflect.Array:
		return uintptr(t.Len()) * padding(t.Elem())
	case reflect.Struct:
		lost := uintptr(0)
		for _, f := range flatten(t, "", 0) {
			lost += f.after + padding(f.typ)
		}
		return lost
	}
	return 0
}

func hasPointers(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Array:
		return t.Len() > 0 && hasPointers(t.Elem())
	case reflect.Struct:
		for f := range t.Fields() {
			if hasPointers(f.Type) {
				return true
			}
		}
		return false
	case reflect.Chan, reflect.Func, reflect.Interface, reflect.Map, reflect.Pointer, reflect.Slice, reflect.String, reflect.UnsafePointer:
		return true
	}
	return false
}

// better says which order of a struct's own fields is smallest, where this one is not:
// by falling alignment, for then no gap is between them, and what has no size first.
func better(t reflect.Type) string {
	if t.Kind() != reflect.Struct {
		return ""
	}
	var fields []reflect.StructField
	sum := uintptr(0)
	for f := range t.Fields() {
		fields = append(fields, f)
		sum += f.Type.Size()
	}
	slices.SortStableFunc(fields, func(a, b reflect.StructField) int {
		return cmp.Or(cmp.Compare(min(a.Type.Size(), 1), min(b.Type.Size(), 1)), cmp.Compare(b.Type.Align(), a.Type.Align()))
	})
	align := uintptr(t.Align())
	size := (sum + align - 1) &^ (align - 1)
	if size >= t.Size() {
		return ""
	}
	var order []string
	for _, f := range fields {
		order = append(order, f.Name)
	}
	return fmt.Sprintf("\nIn the order %s it has %d bytes.", strings.Join(order, ", "), size)
}

// tinyBlock is the size of the blocks that values without pointers share when they are
// smaller.
const tinyBlock = 16

// heapAlign is the alignment of values of t that new allocates, and the size of the
// block that they get. Blocks of a size stand one behind the other from the start of
// a page (runtime/mheap.go); those over 512 bytes that hold pointers begin with a
// header of a word (runtime/mbitmap.go); those under 16 bytes without pointers share
// blocks.
func heapAlign(t reflect.Type) (align, class uintptr) {
	const (
		page   = 8 << 10
		header = 512
	)
	size, pointers := t.Size(), hasPointers(t)
	switch {
	case size == 0 || size < tinyBlock && !pointers:
		return uintptr(t.Align()), tinyBlock
	case size > header && pointers:
		// Blocks of over 32 kB have no header, but it costs nothing to allow for one.
		return 8, size
	}
	// What append makes room for is what the allocator would give.
	class = uintptr(cap(append([]byte(nil), make([]byte, size)...)))
	return min(class&-class, page), class
}

// table shows where everything lies.
func (l *TypeLayout) table() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%d bytes, aligned to %d, on %s; lines of %d bytes\n", l.typ.Size(), l.typ.Align(), runtime.GOARCH, l.line)
	fields := flatten(l.typ, "", 0)
	if len(fields) == 0 {
		return b.String()
	}
	const most = 200
	fmt.Fprintf(&b, "%6s %6s %5s  %s\n", "offset", "size", "line", "field")
	for i, f := range fields {
		if i == most {
			fmt.Fprintf(&b, "… %d more\n", len(fields)-i)
			break
		}
		fmt.Fprintf(&b, "%6d %6d %5d  %s %v\n", f.offset, f.typ.Size(), f.offset/l.line, f.path, f.typ)
		if f.after > 0 {
			fmt.Fprintf(&b, "%6d %6d        padding\n", f.offset+f.typ.Size(), f.after)
		}
	}
	return b.String()
}
