package bounds_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/bounds"
)

// every is each byte once.
func every() []byte {
	b := make([]byte, 256)
	for i := range b {
		b[i] = byte(i)
	}
	return b
}

// TestHex_Encodes promises two lower-case digits for each byte there is.
func TestHex_Encodes(t *testing.T) {
	dst := make([]byte, 512)
	if n := bounds.EncodeHex(dst, every()); n != 256 {
		t.Errorf("EncodeHex of 256 bytes into room for 512: %d, want 256", n)
	}
	claim.Bytes(t, "the digits of the bytes 0 to 255", dst, []byte(hex.EncodeToString(every())))
}

// TestHex_Decodes promises that every digit is known, in either case and at each place
// of a block.
func TestHex_Decodes(t *testing.T) {
	lower := []byte(hex.EncodeToString(every()))
	for _, src := range [][]byte{lower, bytes.ToUpper(lower)} {
		for skip := range 8 {
			dst := make([]byte, 256-skip)
			n, err := bounds.DecodeHex(dst, src[2*skip:])
			if n != len(dst) || err != nil {
				t.Fatalf("DecodeHex of %q…: %d bytes, error %v; want %d, none", src[2*skip:2*skip+16], n, err, len(dst))
			}
			claim.Bytes(t, "what the digits of the bytes say", dst, every()[skip:])
		}
	}
}

// TestHex_RefusesOthers promises ErrDigit for each byte that is no digit, wherever it
// stands, and that what comes before it is decoded.
func TestHex_RefusesOthers(t *testing.T) {
	const digits = 24
	for c := range 256 {
		if bytes.IndexByte([]byte("0123456789abcdefABCDEF"), byte(c)) >= 0 {
			continue
		}
		for at := range digits {
			src := bytes.Repeat([]byte{'7'}, digits)
			src[at] = byte(c)
			g := newGuard[uint8](digits / 2)
			n, err := bounds.DecodeHex(g.room, src)
			what := fmt.Sprintf("DecodeHex of %q", src)
			if n != at/2 || !errors.Is(err, bounds.ErrDigit) {
				t.Fatalf("%s: %d bytes, error %v; want %d, %v. The pairs before the bad one are good, and a caller who reports the place needs their number.", what, n, err, at/2, bounds.ErrDigit)
			}
			g.untouched(t, what, n)
			claim.Bytes(t, what, g.room[:n], bytes.Repeat([]byte{0x77}, n))
		}
	}
}

// TestHex_FitsBoth promises that the shorter of dst and src decides, and that half a
// pair is an error where there is room for it.
func TestHex_FitsBoth(t *testing.T) {
	rng := claim.Rand(t)
	for room := range 30 {
		for length := range 40 {
			src := hostile(rng, length)
			g := newGuard[uint8](room)
			what := fmt.Sprintf("EncodeHex of %d bytes into room for %d", length, room)
			want := min(length, room/2)
			if n := bounds.EncodeHex(g.room, lend(src, 0xff)); n != want {
				t.Fatalf("%s: %d bytes of src, want %d", what, n, want)
			}
			g.untouched(t, what, room)
			claim.Bytes(t, what, g.room[:2*want], []byte(hex.EncodeToString(src[:want])))

			text := []byte(hex.EncodeToString(src))[:length]
			half := newGuard[uint8](room)
			what = fmt.Sprintf("DecodeHex of %q into room for %d", text, room)
			n, err := bounds.DecodeHex(half.room, lend(text, '0'))
			plain, wrong := bounds.NaiveDecodeHex(make([]byte, room), text)
			same(t, what, text, result{Values: n, Err: err}, result{Values: plain, Err: wrong})
			half.untouched(t, what, n)
			if t.Failed() {
				return
			}
		}
	}
}

// TestHex_AgreesWithHex promises what encoding/hex says of random bytes, and of random
// bytes taken for digits what naive.go says.
func TestHex_AgreesWithHex(t *testing.T) {
	rng := claim.Rand(t)
	for range 300 {
		src := hostile(rng, rng.IntN(200))
		text := make([]byte, 2*len(src))
		bounds.EncodeHex(text, src)
		claim.Bytes(t, "EncodeHex", text, []byte(hex.EncodeToString(src)))
		back := make([]byte, len(src))
		if n, err := bounds.DecodeHex(back, text); n != len(src) || err != nil {
			t.Fatalf("DecodeHex of %q: %d bytes, error %v; want %d, none", clip(text), n, err, len(src))
		}
		claim.Bytes(t, "DecodeHex", back, src)

		got, want := make([]byte, len(src)), make([]byte, len(src))
		n, err := bounds.DecodeHex(got, src)
		m, wrong := bounds.NaiveDecodeHex(want, src)
		same(t, "DecodeHex of random bytes", src, result{Values: n, Err: err}, result{Values: m, Err: wrong})
		claim.Bytes(t, "DecodeHex of random bytes", got[:n], want[:m])
		if t.Failed() {
			return
		}
	}
}
