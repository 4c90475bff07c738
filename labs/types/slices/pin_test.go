package slices_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"text/tabwriter"
	"unsafe"

	"github.com/hone-go/hone/labs/types/slices"
)

// inside says where the memory that v points to lies: in b, or not.
func inside(b []byte, v any) string {
	var p *byte
	switch v := v.(type) {
	case []byte:
		p = unsafe.SliceData(v)
	case string:
		p = unsafe.StringData(v)
	case *byte:
		p = v
	default:
		return fmt.Sprintf("is a %T, which points nowhere", v)
	}
	offset := uintptr(unsafe.Pointer(p)) - uintptr(unsafe.Pointer(&b[0]))
	if offset < uintptr(len(b)) {
		return fmt.Sprintf("points into the 64 KiB, at byte %d", offset)
	}
	return "points to memory of its own"
}

// ways shows for each way of holding where the result points.
func ways(list []func(b []byte) any, why ...string) string {
	b := bytes.Repeat([]byte("lowercase words "), 4096)
	var out strings.Builder
	w := tabwriter.NewWriter(&out, 0, 0, 2, ' ', 0)
	for i, way := range list {
		fmt.Fprintf(w, "%c\t%s\t%s\n", 'a'+i, inside(b, way(b)), why[i])
	}
	w.Flush()
	return out.String() + `
The collector keeps objects, never parts of them. A pointer to any byte of an object
keeps all of it.`
}

// Which ways of holding a few bytes keep the array that they came from.
func TestPin_Bytes(t *testing.T) {
	slices.PinBytes.Check(t, "ways that keep 64 KiB of bytes", slices.HoldBytes(), ways(slices.BytesWays(),
		"copies",
		"takes away the capacity, not the memory: s[:len(s):len(s)]",
		"is a value",
		"length 0, capacity 0, and a pointer all the same",
		"copies",
		"a pointer to one element",
		"nothing fits into capacity 0, so append moves",
		"slices what it gets, as all of bytes.Trim… does",
	))
}

// Which ways of holding a part of a string keep all of it.
func TestPin_Strings(t *testing.T) {
	var list []func(b []byte) any
	for _, way := range slices.StringWays() {
		list = append(list, func(b []byte) any {
			v := way(unsafe.String(&b[0], len(b)))
			return v
		})
	}
	slices.PinStrings.Check(t, "ways that keep a string of 64 KiB", slices.HoldStrings(), ways(list,
		"slices",
		"copies: this is what it is for",
		"slices, as Split, Cut, TrimSpace and FieldsSeq do",
		"copies twice",
		"nothing to change: returns its argument",
		"something to change: a new string",
		"one operand isn't empty: returns it (runtime/string.go, concatstrings)",
		"copies",
	))
}

// What a map keeps of the strings that it was asked about.
func TestPin_Keys(t *testing.T) {
	slices.PinKeys.Check(t, "ways in which a map keeps a string of 64 KiB", slices.HoldKeys(), `	a  a lookup compares and forgets
	b  a lookup; the ++ is behind the pointer
	c  an assignment. Two equal strings may lie in different memory, and the map takes
	   the newer: "Key needs update, as the backing storage may differ"
	   (internal/runtime/maps/runtime_faststr.go). The own key is gone.
	d  the same, in the other direction
	e  an assignment too, with a key that was copied`)
}

// How long a queue keeps what was taken off its front.
func TestPin_Queue(t *testing.T) {
	slices.PinQueue.Check(t, "popped nodes alive: after popping, after an append, with slots set to nil", slices.PopFront(), `	q = q[1:] five times          [x x x x x q q q]   x: in the array, out of reach
	append(q, …), which is full   [q q q n . .]       a new array: the old one goes,
	                                                  and with it what only it held
	q[0] = nil; q = q[1:]         [. . . . . q q q]

The collector reads all eight words of the array, because the array is one object; it
knows no slices.`)
}

// What stays in memory of elements that were taken out of a slice.
func TestPin_Truncate(t *testing.T) {
	slices.PinTruncate.Check(t, "removed nodes alive, for six ways of removing", slices.Truncate(), `	s[:4]                     the array still holds all eight
	slices.Delete(s, 4, 8)    clears what it cut off
	slices.Clip(s[:4])        shortens the capacity; the array is the same
	clear(s[4:]); s[:4]       by hand
	s[4:]                     the same from the front: all eight are in the array
	append(s[:0], s[4:]...)   the last four are copied over the first four, which are
	                          thus gone. The array holds each of the last four twice:
	                          drop one from the slice and the other copy keeps it.`)
}
