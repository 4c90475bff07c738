package slices_test

import (
	"fmt"
	stdslices "slices"
	"strings"
	"testing"
	"text/tabwriter"
	"unsafe"

	"github.com/hone-go/hone/labs/types/slices"
)

// A memory shows where slices point, relative to the arrays that it was told of.
type memory struct {
	out    strings.Builder
	w      *tabwriter.Writer
	arrays []array
}

// An array is memory with a name.
type array struct {
	name string
	all  []int
}

// arrays begins a picture of memory.
func arrays(known ...array) *memory {
	m := &memory{arrays: known}
	m.w = tabwriter.NewWriter(&m.out, 0, 0, 2, ' ', 0)
	return m
}

// slice adds a row for s.
func (m *memory) slice(name string, s []int) *memory {
	fmt.Fprintf(m.w, "%s\t%s\tlen %d\tcap %d\t%v\n", name, m.where(s), len(s), cap(s), s)
	return m
}

// where says in which array s lies and how many bytes from its start. A new array
// gets a name, so that a second slice of it is recognised.
func (m *memory) where(s []int) string {
	const size = unsafe.Sizeof(int(0))
	p := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	for _, a := range m.arrays {
		start := uintptr(unsafe.Pointer(unsafe.SliceData(a.all)))
		if p >= start && p < start+uintptr(cap(a.all))*size {
			return fmt.Sprintf("%s + %d B", a.name, p-start)
		}
	}
	name := fmt.Sprintf("new array %d", len(m.arrays)+1)
	m.arrays = append(m.arrays, array{name, s})
	return name + " + 0 B"
}

// String returns the picture with what it shows.
func (m *memory) says(text string) string {
	m.w.Flush()
	return m.out.String() + "\n" + strings.TrimSpace(text)
}

// What an append to a part of a slice does to the rest of it.
func TestAlias_Prefix(t *testing.T) {
	a := []int{1, 2, 3, 4}
	b := append(a[:2], 9)
	slices.AliasPrefix.Check(t, "a and b after b := append(a[:2], 9)", slices.AppendToPrefix(),
		arrays(array{"a's array", a}).slice("a[:2]", a[:2]).slice("b", b).slice("a", a).says(`
a[:2] has length 2 but capacity 4: slicing shortens the length, not the room. append
looks at the capacity alone, finds room, and writes to a[2].`))
}

// What a third index changes about that.
func TestAlias_Clipped(t *testing.T) {
	a := []int{1, 2, 3, 4}
	b := append(a[:2:2], 9)
	slices.AliasClipped.Check(t, "a and b after b := append(a[:2:2], 9); b[0] = 7", slices.AppendToClipped(),
		arrays(array{"a's array", a}).slice("a[:2:2]", a[:2:2]).slice("b", b).slice("a", a).says(`
a[:2:2] is full. append copied it to an array of its own before it added 9, and b[0]
is in that one.`))
}

// What two appends to one slice have in common.
func TestAlias_Twins(t *testing.T) {
	roomy, full := make([]int, 2, 3), make([]int, 2)
	a, b := append(roomy, 1), append(roomy, 2)
	c, d := append(full, 1), append(full, 2)
	slices.AliasTwins.Check(t, "a, b from append(roomy, …); c, d from append(full, …)", slices.Twins(),
		arrays(array{"roomy's array", roomy}, array{"full's array", full}).
			slice("a", a).slice("b", b).slice("c", c).slice("d", d).says(`
append doesn't change roomy, whose length stays 2. So both appends to it write the
same slot, and the second wins for both results.`))
}

// What a caller sees of a callee that writes, appends, and writes again.
func TestAlias_Callee(t *testing.T) {
	full := []int{1, 2}
	roomy := append(make([]int, 0, 3), 1, 2)
	slices.AliasCallee.Check(t, "full and roomy after scribble", slices.Callee(),
		arrays(array{"full's array", full}, array{"roomy's array", roomy}).
			slice("full", full).slice("append(full, 9)", append(full, 9)).
			slice("roomy", roomy).slice("append(roomy, 9)", append(roomy, 9)).says(`
s[0] = 8 comes before the append: both callers see it. s[1] = 9 comes after. Where
append moved, it writes to an array that only scribble knows.`))
}

// What range looks at, and when: over an array, over a slice, over a slice that grows.
func TestAlias_Range(t *testing.T) {
	slices.AliasRange.Check(t, "arraySum, sliceSum, len(slice)", slices.RangeTwice(), `The spec, "For range": the range expression is evaluated once, before the loop.

	over an array   the value is the array: all its elements are copied first
	over a slice    the value is pointer, length, capacity: elements are read when
	                their turn comes
	the append      changes the variable slice; the loop has the length of before

range over &array, or over array[:], or with the index alone, copies no array.`)
}

// What copy does where its arguments overlap, and what a loop does.
func TestAlias_Shift(t *testing.T) {
	slices.AliasShift.Check(t, "a after copy(a[1:], a); b after the loop", slices.Shift(), `	     copy(a[1:], a)                   b[i+1] = b[i], i from 0
	     1 2 3 4                          1 2 3 4
	     1 1 2 3   all at once            1 1 3 4   i = 0
	                                      1 1 1 4   i = 1: reads what i = 0 wrote
	                                      1 1 1 1   i = 2

copy is memmove: it compares the addresses and goes backwards where it must.`)
}

// Which conversions of a slice to an array copy.
func TestAlias_Array(t *testing.T) {
	s := []int{1, 2, 3, 4}
	pointer := (*[2]int)(s)
	slices.AliasArray.Check(t, "s, array and *pointer", slices.ToArray(),
		arrays(array{"s's array", s}).slice("s", s).slice("pointer[:]", pointer[:]).says(`
[2]int(s) is a value, with elements of its own. (*[2]int)(s) is the address of s[0]
with a length that the compiler knows. Both panic where s is shorter than the array.`))
}

// What slices.Delete does to the slice that it was given.
func TestAlias_Delete(t *testing.T) {
	s := []int{1, 2, 3, 4, 5}
	u := stdslices.Delete(s, 1, 3)
	slices.AliasDelete.Check(t, "s and t after t := slices.Delete(s, 1, 3)", slices.DeleteMiddle(),
		arrays(array{"s's array", s}).slice("t", u).slice("s", s).says(`
slices.Delete is append(s[:1], s[3:]...) and then clear of the tail, since Go 1.22,
so that what was deleted can be collected. s still has length 5 and shows both.`))
}

// How far clear goes.
func TestAlias_Clear(t *testing.T) {
	slices.AliasClear.Check(t, "s[:1][:3] and t[:cap(t)]", slices.ClearPrefix(), `clear(s[:1]) sets the elements 0 to len-1 to zero: one element. A slice of length 0
has none, so clear(t) does nothing: after t = t[:0] it comes too late.

s[:1][:3] is legal. A slice expression may go up to the capacity, not the length, and
shows again what an earlier one had cut off.`)
}

// Which of five slices without elements encoding/json takes for nil.
func TestAlias_Nil(t *testing.T) {
	slices.AliasNil.Check(t, "the five slices as JSON", slices.NilOrEmpty(), `	none                     pointer is nil
	empty                    pointer is not nil: zero-size memory has an address too
	none[:0]                 slicing keeps the pointer
	append(none, empty...)   nothing to add, so append returns none itself
	slices.Clone(empty)      keeps nil nil, and empty not nil (its comment says so)`)
}
