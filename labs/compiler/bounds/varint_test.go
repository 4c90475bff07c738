package bounds_test

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"math"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/bounds"
)

// uvarints compares with naive.go: what is said, what is written, what is left alone.
func uvarints(t *testing.T, what string, src []byte, room int) {
	t.Helper()
	want := make([]uint64, room)
	values, read, err := bounds.NaiveUvarints(want, src)
	for _, behind := range behinds {
		g := newGuard[uint64](room)
		gotValues, gotRead, gotErr := bounds.Uvarints(g.room, lend(src, behind))
		same(t, what, src, result{gotValues, gotRead, gotErr}, result{values, read, err})
		g.untouched(t, what, values)
		all(t, fmt.Sprintf("%s, from % x", what, clip(src)), g.room[:values], want[:values])
	}
}

// edges are the values where an encoding becomes one byte longer, and their neighbours.
func edges() []uint64 {
	out := []uint64{0, math.MaxUint64, math.MaxUint64 - 1}
	for k := 7; k < 64; k += 7 {
		out = append(out, 1<<k-1, 1<<k, 1<<k+1)
	}
	return out
}

// TestVarint_EveryLength promises that values of one to ten bytes are read and written
// as encoding/binary does, at the beginning, in the middle and at the end of an input.
func TestVarint_EveryLength(t *testing.T) {
	for _, v := range edges() {
		for _, before := range []int{0, 1, 7, 20} {
			for _, after := range []int{0, 1, 6, 7, 8, 15, 16, 30} {
				values := make([]uint64, before+1+after)
				values[before] = v
				var want []byte
				for _, v := range values {
					want = binary.AppendUvarint(want, v)
				}
				what := fmt.Sprintf("%d between %d and %d zeros", v, before, after)
				uvarints(t, "Uvarints of "+what, want, len(values)+1)
				got := make([]byte, len(want))
				if n, written := bounds.PutUvarints(got, values); n != len(values) || written != len(want) {
					t.Fatalf("PutUvarints of %s, with room for its %d bytes: %d values, %d bytes", what, len(want), n, written)
				}
				claim.Bytes(t, "PutUvarints of "+what, got, want)
			}
		}
		if t.Failed() {
			return
		}
	}
}

// TestVarint_LongerThanNeeded promises that zeros at the end of a value are no error:
// 0x80 0x00 is 0, as it is for encoding/binary.
func TestVarint_LongerThanNeeded(t *testing.T) {
	for n := 2; n <= 10; n++ {
		for _, first := range []byte{0x80, 0x85, 0xff} {
			one := bytes.Repeat([]byte{0x80}, n)
			one[0], one[n-1] = first, 0
			for _, copies := range []int{1, 2, 9} {
				uvarints(t, "Uvarints", bytes.Repeat(one, copies), copies)
			}
		}
	}
}

// TestVarint_Overflow promises ErrOverflow where the tenth byte is more than 1, whether
// or not it ends the value, and the values before it.
func TestVarint_Overflow(t *testing.T) {
	for _, before := range []int{0, 1, 8, 17} {
		for _, last := range []byte{0, 1, 2, 3, 0x7f, 0x80, 0x81, 0xff} {
			for after := range 20 {
				src := bytes.Repeat([]byte{5}, before)
				src = append(src, bytes.Repeat([]byte{0xff}, 9)...)
				src = append(append(src, last), make([]byte, after)...)
				uvarints(t, "Uvarints", src, before+after+2)
			}
		}
	}
}

// TestVarint_Truncated promises, of each beginning of a list, the values that are whole,
// and ErrTruncated where the rest is a part of one: what lies behind the end is not read.
func TestVarint_Truncated(t *testing.T) {
	rng := claim.Rand(t)
	for _, most := range []int{7, 14, 30, 64} {
		var src []byte
		for _, v := range list64(rng, 30, most) {
			src = binary.AppendUvarint(src, v)
		}
		for n := range len(src) + 1 {
			uvarints(t, "Uvarints", src[:n], 40)
		}
	}
}

// TestVarint_FitsBoth promises that decoding stops where dst is full, and encoding where
// the next value does not fit whole.
func TestVarint_FitsBoth(t *testing.T) {
	rng := claim.Rand(t)
	for _, most := range []int{7, 20, 64} {
		values := list64(rng, 40, most)
		var src []byte
		for _, v := range values {
			src = binary.AppendUvarint(src, v)
		}
		for room := range len(values) + 2 {
			uvarints(t, "Uvarints", src, room)
		}
		for room := range len(src) + 2 {
			g, want := newGuard[uint8](room), make([]byte, room)
			what := fmt.Sprintf("PutUvarints into room for %d bytes", room)
			n, written := bounds.PutUvarints(g.room, values)
			m, need := bounds.NaivePutUvarints(want, values)
			same(t, what, nil, result{Values: n, Bytes: written}, result{Values: m, Bytes: need})
			g.untouched(t, what, room)
			claim.Bytes(t, what, g.room[:written], want[:need])
			if t.Failed() {
				return
			}
		}
	}
}

// TestVarint_AnyBytes promises what naive.go says of whatever comes: values, errors and
// where they are.
func TestVarint_AnyBytes(t *testing.T) {
	rng := claim.Rand(t)
	for range 1500 {
		uvarints(t, "Uvarints", hostile(rng, rng.IntN(80)), rng.IntN(60))
	}
}
