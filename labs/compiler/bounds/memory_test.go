package bounds_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/hone-go/hone/claim"
)

// Memory that tells: each slice that a check passes on is a part of a longer array, so
// that whoever reslices it up to its capacity reads and writes what is not his. Code
// without bounds checks invites just that, and where nothing panics only a look at the
// surroundings shows it.
const margin = 40

// lend returns a copy of b in an array with more behind it: bytes that would be taken
// for input if somebody read on.
func lend(b []byte, behind byte) []byte {
	array := append(bytes.Clone(b), bytes.Repeat([]byte{behind}, margin)...)
	return array[:len(b)]
}

// behinds are what lies behind an input: once a digit that ends every varint, once one
// that ends none.
var behinds = []byte{'0', 0xff}

// guard is room for n elements in an array with more before and behind it.
type guard[T uint8 | uint32 | uint64] struct {
	array []T
	room  []T
	salt  T
}

func newGuard[T uint8 | uint32 | uint64](n int) *guard[T] {
	g := &guard[T]{array: make([]T, margin+n+margin), salt: T(0xa5a5a5a5a5a5a5a5 & uint64(^T(0)))}
	for i := range g.array {
		g.array[i] = g.salt
	}
	g.room = g.array[margin : margin+n]
	return g
}

// untouched checks that nothing was written outside of the first n elements of the room.
func (g *guard[T]) untouched(t *testing.T, what string, n int) {
	t.Helper()
	for i, v := range g.array {
		if at := i - margin; v != g.salt && (at < 0 || at >= n) {
			where := fmt.Sprintf("dst has %d elements", len(g.room))
			if at < len(g.room) {
				where = fmt.Sprintf("it reports %d", n)
			}
			t.Fatalf("%s wrote %#x to dst[%d], and %s. What lies there is somebody else's: a slice whose length is not asked is a buffer overflow, in Go too, as far as its capacity goes.", what, v, at, where)
		}
	}
}

// A result is what a function said; a decoder's output goes with it.
type result struct {
	Values, Bytes int
	Err           error
}

func (r result) String() string {
	return fmt.Sprintf("%d values, %d bytes, error %v", r.Values, r.Bytes, r.Err)
}

// same checks that a function said the same as the naive one, and in the same words.
func same(t *testing.T, what string, input []byte, got, want result) {
	t.Helper()
	if got != want {
		t.Fatalf("%s: %v\nnaive.go: %v\nThe input: % x", what, got, want, clip(input))
	}
}

// clip keeps messages short.
func clip(b []byte) []byte {
	return b[:min(len(b), 64)]
}

// hostile returns n bytes of the kinds that parsers meet: noise, long runs of one bit
// pattern, and noise with many high bits.
func hostile(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	kind := rng.IntN(4)
	one := byte(rng.Uint32())
	for i := range b {
		switch kind {
		case 0:
			b[i] = byte(rng.Uint32())
		case 1:
			b[i] = one
		case 2:
			b[i] = byte(rng.Uint32() | rng.Uint32() | rng.Uint32())
		default:
			b[i] = byte(rng.Uint32() & rng.Uint32() & rng.Uint32())
		}
	}
	return b
}

// bits64 is a value whose length in bits is as likely 1 as it is most.
func bits64(rng *rand.Rand, most int) uint64 {
	return rng.Uint64() >> (64 - 1 - rng.IntN(most))
}

func list64(rng *rand.Rand, n, most int) []uint64 {
	out := make([]uint64, n)
	for i := range out {
		out[i] = bits64(rng, most)
	}
	return out
}

func list32(rng *rand.Rand, n, most int) []uint32 {
	out := make([]uint32, n)
	for i := range out {
		out[i] = uint32(bits64(rng, most))
	}
	return out
}

// all checks elements one by one and shows the first that differs.
func all[T uint8 | uint32 | uint64](t *testing.T, what string, got, want []T) {
	t.Helper()
	for i := range want {
		if i >= len(got) || got[i] != want[i] {
			lo, hi := max(0, i-2), min(len(want), i+6)
			claim.Equal(t, fmt.Sprintf("%s, elements %d to %d of %d", what, lo, hi-1, len(want)), got[lo:min(hi, len(got))], want[lo:hi])
			t.FailNow()
		}
	}
}
