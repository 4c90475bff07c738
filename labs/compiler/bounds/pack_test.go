package bounds_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/bounds"
)

// unpack compares with naive.go.
func unpack(t *testing.T, what string, src []byte, room int) {
	t.Helper()
	want := make([]uint32, room)
	values, read, err := bounds.NaiveUnpack(want, src)
	for _, behind := range behinds {
		g := newGuard[uint32](room)
		gotValues, gotRead, gotErr := bounds.Unpack(g.room, lend(src, behind))
		same(t, what, src, result{gotValues, gotRead, gotErr}, result{values, read, err})
		if err != nil {
			g.untouched(t, what, room)
			continue
		}
		g.untouched(t, what, values)
		all(t, fmt.Sprintf("%s, from % x", what, clip(src)), g.room[:values], want[:values])
	}
}

// ascending is a list of n values whose differences have at most so many bits.
func ascending(rng *rand.Rand, n, bits int) []uint32 {
	out := make([]uint32, n)
	last := uint32(0)
	for i := range out {
		last += uint32(rng.Uint64N(1 << bits))
		out[i] = last
	}
	return out
}

// TestPack_EveryWidth promises all widths from 0 to 32 bits, with a list behind the
// block and with nothing behind it.
func TestPack_EveryWidth(t *testing.T) {
	rng := claim.Rand(t)
	for width := range 33 {
		for _, n := range []int{bounds.Block, 6 * bounds.Block} {
			values := ascending(rng, n, width)
			src := make([]byte, 5*n+20)
			need, err := bounds.NaivePack(src, values)
			if err != nil {
				t.Fatal(err)
			}
			what := fmt.Sprintf("of %d differences of at most %d bits", n, width)
			got := make([]byte, len(src))
			written, err := bounds.Pack(got, values)
			same(t, "Pack "+what, nil, result{n, written, err}, result{n, need, nil})
			claim.Bytes(t, "Pack "+what, got[:written], src[:need])
			unpack(t, "Unpack "+what, src[:need], n)
			unpack(t, "Unpack "+what, src, n)
			if t.Failed() {
				return
			}
		}
	}
}

// TestPack_AnyLength promises lists of 0 to 140 values, written as naive.go does, byte
// for byte, into room that is just enough and into more, and read again.
func TestPack_AnyLength(t *testing.T) {
	rng := claim.Rand(t)
	for n := range 141 {
		values := ascending(rng, n, rng.IntN(33))
		want := make([]byte, 5*n+20)
		need, _ := bounds.NaivePack(want, values)
		for _, room := range []int{need, need + 1, need + 200} {
			got := make([]byte, room)
			what := fmt.Sprintf("Pack of %d values into room for %d bytes", n, room)
			written, err := bounds.Pack(got, values)
			same(t, what, nil, result{n, written, err}, result{n, need, nil})
			claim.Bytes(t, what, got[:written], want[:need])
		}
		unpack(t, fmt.Sprintf("Unpack of %d values", n), want[:need], n)
		unpack(t, fmt.Sprintf("Unpack of %d values", n), want[:need], n+50)
		if t.Failed() {
			return
		}
	}
}

// TestPack_AnyOrder promises that a list need not ascend: differences are modulo 2^32,
// and a step down is a large one up.
func TestPack_AnyOrder(t *testing.T) {
	for _, values := range [][]uint32{
		{math.MaxUint32, 0, math.MaxUint32, 1},
		{5, 4, 3, 2, 1, 0},
		list32(claim.Rand(t), 100, 32),
	} {
		src := make([]byte, 5*len(values)+20)
		n, err := bounds.Pack(src, values)
		if err != nil {
			t.Fatalf("Pack of %d: error %v", values[:4], err)
		}
		back := make([]uint32, len(values))
		if _, _, err := bounds.Unpack(back, src[:n]); err != nil {
			t.Fatalf("Unpack of what Pack made of %d: error %v", values[:4], err)
		}
		all(t, "the list, packed and unpacked", back, values)
	}
}

// TestPack_Truncated promises ErrTruncated for each beginning of a list that is not the
// whole of it, whatever lies behind.
func TestPack_Truncated(t *testing.T) {
	rng := claim.Rand(t)
	for _, n := range []int{1, 31, 32, 33, 70, 129} {
		src := make([]byte, 5*n+20)
		need, _ := bounds.NaivePack(src, ascending(rng, n, 11))
		for length := range need {
			unpack(t, fmt.Sprintf("Unpack of the first %d of %d bytes", length, need), src[:length], n)
		}
	}
}

// TestPack_Short promises ErrShort where dst is too small: for the list on unpacking, or
// for its bytes on packing.
func TestPack_Short(t *testing.T) {
	rng := claim.Rand(t)
	for _, n := range []int{1, 31, 32, 33, 70, 129} {
		values := ascending(rng, n, 11)
		src := make([]byte, 5*n+20)
		need, _ := bounds.NaivePack(src, values)
		for room := range need {
			g := newGuard[uint8](room)
			if written, err := bounds.Pack(g.room, values); !errors.Is(err, bounds.ErrShort) || written != 0 {
				t.Fatalf("Pack of %d values, which take %d bytes, into room for %d: %d bytes, error %v; want 0, %v", n, need, room, written, err, bounds.ErrShort)
			}
			g.untouched(t, "Pack", room)
		}
		for room := range n {
			unpack(t, fmt.Sprintf("Unpack of %d values into room for %d", n, room), src[:need], room)
		}
	}
}

// TestPack_LyingCount promises that a list which says that it has 2^63 values is no more
// trouble than one that says 100: a number from outside is compared before it is
// converted.
func TestPack_LyingCount(t *testing.T) {
	for _, count := range []uint64{100, 1 << 31, 1 << 32, 1<<32 + 1, 1 << 62, 1 << 63, 1<<63 + 8, math.MaxUint64} {
		src := append(binary.AppendUvarint(nil, count), make([]byte, 60)...)
		unpack(t, fmt.Sprintf("Unpack of a list of %d values, it says", count), src, 64)
	}
	unpack(t, "Unpack of a list whose count does not fit in 64 bits", []byte("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02aaaa"), 64)
}

// TestPack_Width promises ErrWidth for a block of more than 32 bits, before anything is
// made of it.
func TestPack_Width(t *testing.T) {
	for _, width := range []byte{32, 33, 34, 63, 64, 65, 127, 128, 129, 255} {
		for _, length := range []int{0, 1, 127, 128, 131, 132, 1100} {
			src := append([]byte{bounds.Block, width}, make([]byte, length)...)
			unpack(t, fmt.Sprintf("Unpack of a block of width %d with %d bytes", width, length), src, 40)
		}
	}
}

// TestPack_AnyBytes promises what naive.go says of whatever comes, behind a count that
// is believable.
func TestPack_AnyBytes(t *testing.T) {
	rng := claim.Rand(t)
	for range 1500 {
		src := hostile(rng, rng.IntN(300))
		if len(src) > 2 && rng.IntN(4) > 0 {
			src[0], src[1] = byte(rng.IntN(128)), byte(rng.IntN(36))
		}
		unpack(t, "Unpack", src, rng.IntN(140))
	}
}
