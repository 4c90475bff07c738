//go:build wheat

package bounds

import "math/bits"

// one decodes a value from ten bytes at hand and says how many it has: 0 where it
// overflows.
func one(b *[16]byte) (v uint64, n int) {
	for i := range 10 {
		c := b[i]
		if i == 9 && c > 1 {
			return 0, 0
		}
		v |= uint64(c&0x7f) << (7 * uint(i))
		if c < 0x80 {
			return v, i + 1
		}
	}
	return 0, 0
}

// next decodes one value of any length, from a copy that ends in zeros.
func next(src []byte) (v uint64, rest []byte, err error) {
	var b [16]byte
	copy(b[:], src)
	v, n := one(&b)
	switch {
	case uint(n) > uint(len(src)) || n == 0 && len(src) < 10:
		return 0, nil, ErrTruncated
	case n == 0:
		return 0, nil, ErrOverflow
	}
	return v, src[n:], nil
}

// Uvarints has the steps of the other solution in another order: pairs of bytes last.
func Uvarints(dst []uint64, src []byte) (values, read int, err error) {
	all := len(src)
	for i := range dst {
		if len(src) > 16 {
			b := (*[8]byte)(src)
			w := uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
				uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
			ends := w&0x8080808080808080 ^ 0x8080808080808080
			if at := bits.TrailingZeros64(ends); at < 64 {
				n := (at + 1) >> 3
				w &= ends ^ (ends - 1)
				w = w&0x7f007f007f007f00>>1 | w&0x007f007f007f007f
				w = w&0x3fff00003fff0000>>2 | w&0x00003fff00003fff
				dst[i] = w>>32<<28 | w&0x0fffffff
				src = src[n&15:]
				continue
			}
		}
		if len(src) == 0 {
			return i, all, nil
		}
		v, rest, err := next(src)
		if err != nil {
			return i, all - len(src), err
		}
		dst[i], src = v, rest
	}
	return len(dst), all - len(src), nil
}

// PutUvarints goes byte by byte, in an array with room for every value.
func PutUvarints(dst []byte, src []uint64) (values, written int) {
	all := len(dst)
	for i, v := range src {
		var b [16]byte
		n := uint(0)
		for ; v >= 0x80; v >>= 7 {
			b[n&15] = byte(v) | 0x80
			n++
		}
		b[n&15] = byte(v)
		n++
		if n > uint(len(dst)) {
			return i, all - len(dst)
		}
		copy(dst, b[:n&15])
		dst = dst[n:]
	}
	return len(src), all - len(dst)
}
