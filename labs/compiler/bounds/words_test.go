package bounds_test

import (
	"encoding/binary"
	"fmt"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/bounds"
)

// TestWords_BigEndian promises that the first byte of a word is its most significant
// one, in both directions.
func TestWords_BigEndian(t *testing.T) {
	dst, src := make([]uint64, 1), []byte{1, 2, 3, 4, 5, 6, 7, 8}
	if n := bounds.Words(dst, src); n != 1 || dst[0] != 0x0102030405060708 {
		t.Errorf("Words of % x: %d word, %#016x; want 1, 0x0102030405060708. Big-endian is network byte order: the first byte counts most.", src, n, dst[0])
	}
	back := make([]byte, 8)
	if n := bounds.PutWords(back, []uint64{0x0102030405060708}); n != 1 {
		t.Errorf("PutWords of one word into 8 bytes: %d, want 1", n)
	}
	claim.Bytes(t, "PutWords of 0x0102030405060708", back, src)
}

// TestWords_FitsBoth promises that the shorter of dst and src decides, whatever lies
// behind either: half a word is none.
func TestWords_FitsBoth(t *testing.T) {
	rng := claim.Rand(t)
	for room := range 11 {
		for length := range 90 {
			src := hostile(rng, length)
			want := min(room, length/8)
			g := newGuard[uint64](room)
			what := fmt.Sprintf("Words of %d bytes into room for %d", length, room)
			if n := bounds.Words(g.room, lend(src, 0xff)); n != want {
				t.Fatalf("%s: %d, want %d", what, n, want)
			}
			g.untouched(t, what, want)

			words := list64(rng, room, 64)
			g8 := newGuard[uint8](length)
			what = fmt.Sprintf("PutWords of %d words into room for %d bytes", room, length)
			if n := bounds.PutWords(g8.room, append(words, 1, 2, 3, 4, 5, 6)[:room]); n != want {
				t.Fatalf("%s: %d, want %d", what, n, want)
			}
			g8.untouched(t, what, length)
		}
	}
}

// TestWords_AgreesWithBinary promises what encoding/binary says, for lists of every
// length up to 70 and some longer ones.
func TestWords_AgreesWithBinary(t *testing.T) {
	rng := claim.Rand(t)
	for n := range 90 {
		if n > 70 {
			n = rng.IntN(1000)
		}
		words := list64(rng, n, 64)
		var want []byte
		for _, w := range words {
			want = binary.BigEndian.AppendUint64(want, w)
		}
		got, back := make([]byte, 8*n), make([]uint64, n)
		if put, had := bounds.PutWords(got, words), bounds.Words(back, want); put != n || had != n {
			t.Fatalf("PutWords and Words of %d words, with room for all: %d and %d", n, put, had)
		}
		claim.Bytes(t, fmt.Sprintf("PutWords of %d words", n), got, want)
		all(t, fmt.Sprintf("Words of %d words", n), back, words)
		if t.Failed() {
			return
		}
	}
}
