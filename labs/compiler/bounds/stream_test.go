package bounds_test

import (
	"errors"
	"fmt"
	"math"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/bounds"
)

// stream compares with naive.go.
func stream(t *testing.T, what string, src []byte, values int) {
	t.Helper()
	want := make([]uint32, values)
	read, err := bounds.NaiveStream(want, src)
	for _, behind := range behinds {
		g := newGuard[uint32](values)
		gotRead, gotErr := bounds.Stream(g.room, lend(src, behind))
		same(t, what, src, result{values, gotRead, gotErr}, result{values, read, err})
		g.untouched(t, what, values)
		if err == nil {
			all(t, fmt.Sprintf("%s, from % x", what, clip(src)), g.room, want)
		}
	}
}

// TestStream_EveryControlByte promises that each of the 256 control bytes is understood,
// with much behind its values and with nothing.
func TestStream_EveryControlByte(t *testing.T) {
	rng := claim.Rand(t)
	for c := range 256 {
		data := hostile(rng, 40)
		data[0] = byte(c)
		need := 5 + c&3 + c>>2&3 + c>>4&3 + c>>6
		for _, length := range []int{need, need + 1, 17, 18, 40} {
			stream(t, fmt.Sprintf("Stream of 4 values with the control byte %08b", c), data[:length], 4)
		}
	}
}

// TestStream_AnyLength promises that lists of 0 to 40 values and longer ones are written
// as naive.go does, byte for byte, and read again: the last group may have fewer than four.
func TestStream_AnyLength(t *testing.T) {
	rng := claim.Rand(t)
	for n := range 60 {
		if n > 40 {
			n = rng.IntN(1000)
		}
		for _, most := range []int{1, 8, 9, 17, 32} {
			values := list32(rng, n, most)
			want := make([]byte, 5*n+1)
			need, _ := bounds.NaivePutStream(want, values)
			for _, room := range []int{need, need + 1, need + 30} {
				got := make([]byte, room)
				what := fmt.Sprintf("PutStream of %d values into room for %d bytes", n, room)
				written, err := bounds.PutStream(got, values)
				same(t, what, nil, result{n, written, err}, result{n, need, nil})
				claim.Bytes(t, what, got[:written], want[:need])
			}
			stream(t, fmt.Sprintf("Stream of %d values", n), want[:need], n)
			if t.Failed() {
				return
			}
		}
	}
}

// TestStream_Lengths promises that a value takes one byte up to 255, two up to 65,535,
// and so on.
func TestStream_Lengths(t *testing.T) {
	for k, v := range []uint32{0, 1<<8 - 1, 1 << 8, 1<<16 - 1, 1 << 16, 1<<24 - 1, 1 << 24, math.MaxUint32} {
		each := k/2 + 1
		n, err := bounds.PutStream(make([]byte, 64), []uint32{v, v, v, v})
		if n != 1+4*each || err != nil {
			t.Errorf("PutStream of four times %#x: %d bytes, error %v; want %d: a control byte and four times %d", v, n, err, 1+4*each, each)
		}
	}
}

// TestStream_UnusedBits promises that bits of the last control byte which belong to no
// value are ignored: another encoder may have left them as they were.
func TestStream_UnusedBits(t *testing.T) {
	rng := claim.Rand(t)
	for n := 1; n < 4; n++ {
		for c := range 256 {
			src := hostile(rng, 1+4*n)
			src[0] = byte(c)
			stream(t, fmt.Sprintf("Stream of %d values with the control byte %08b", n, c), src, n)
			stream(t, fmt.Sprintf("Stream of %d values with the control byte %08b", n, c), append(src, hostile(rng, 30)...), n)
		}
	}
}

// TestStream_Truncated promises ErrTruncated for each beginning of a block that is not
// the whole of it, whatever lies behind.
func TestStream_Truncated(t *testing.T) {
	rng := claim.Rand(t)
	for _, n := range []int{1, 2, 3, 4, 5, 8, 13, 64} {
		for _, most := range []int{8, 32} {
			src := make([]byte, 5*n)
			need, _ := bounds.NaivePutStream(src, list32(rng, n, most))
			for length := range need {
				g := newGuard[uint32](n)
				if read, err := bounds.Stream(g.room, lend(src[:length], 0)); !errors.Is(err, bounds.ErrTruncated) || read != 0 {
					t.Fatalf("Stream of %d values from the first %d of %d bytes: %d bytes, error %v; want 0, %v", n, length, need, read, err, bounds.ErrTruncated)
				}
				g.untouched(t, "Stream of a truncated block", n)
			}
		}
	}
}

// TestStream_Short promises ErrShort where dst is one byte too small, or more, and
// nothing written behind it.
func TestStream_Short(t *testing.T) {
	rng := claim.Rand(t)
	for _, n := range []int{1, 2, 3, 4, 5, 8, 13, 64} {
		for _, most := range []int{8, 32} {
			values := list32(rng, n, most)
			need, _ := bounds.NaivePutStream(make([]byte, 5*n), values)
			for room := range need {
				g := newGuard[uint8](room)
				if written, err := bounds.PutStream(g.room, values); !errors.Is(err, bounds.ErrShort) || written != 0 {
					t.Fatalf("PutStream of %d values, which take %d bytes, into room for %d: %d bytes, error %v; want 0, %v", n, need, room, written, err, bounds.ErrShort)
				}
				g.untouched(t, "PutStream", room)
			}
		}
	}
}

// TestStream_AnyBytes promises what naive.go says of whatever comes.
func TestStream_AnyBytes(t *testing.T) {
	rng := claim.Rand(t)
	for range 1500 {
		stream(t, "Stream", hostile(rng, rng.IntN(120)), rng.IntN(60))
	}
}
