package bounds

import "math/bits"

// Uvarints decodes varints until dst is full or src is at its end. It returns how many
// values it has written, and how many bytes they took, also where there is an error:
// [ErrOverflow] for a value whose tenth byte is more than 1, [ErrTruncated] for one that
// src does not have whole. An encoding need not be the shortest.
//
//hone:stage varint
func Uvarints(dst []uint64, src []byte) (values, read int, err error) {
	// A loop over the bytes of a value has a branch for each, and how many it will be is
	// what the processor cannot guess: half of its time goes into taking back wrong
	// guesses. So the fast path looks at eight bytes at once and does the same for one
	// byte as for eight. Values of nine and ten bytes, and the end of src, go the slow way.
	//
	// The guard asks for 16 bytes, although 8 are read. After src = src[n:] with n equal
	// to the capacity, the pointer would point behind the array, and so keep the wrong
	// object alive; the compiler masks it to prevent that, four instructions between one
	// value and the next. From n <= 8 and a length of 16 prove sees that something is
	// left, and the mask goes: 2.9 ns a value instead of 3.5.
	//
	// Where no value ends, stops is 0, and TrailingZeros64 says 64. That n is asked for
	// and not stops looks like a detour. But BSFQ, which scans on amd64, leaves its
	// target as it was where it finds nothing, and so waits for what was there. Behind
	// the branch it would share a block, and perhaps a register, with squeeze, and each
	// turn would wait for the squeezing of its own value: 5.9 ns instead of 2.9, as the
	// register allocator pleases. Before the branch it cannot.
	room, length := len(dst), len(src)
	for len(dst) > 0 && len(src) > 0 {
		if len(src) >= 16 {
			w := load64((*[8]byte)(src))
			stops := ^w & 0x8080808080808080 // of each byte that ends a value, the highest bit
			if stops == 0x8080808080808080 && len(dst) >= 8 {
				spread((*[8]uint64)(dst), w)
				dst, src = dst[8:], src[8:]
				continue
			}
			if n := bits.TrailingZeros64(stops)/8 + 1; n <= 8 {
				dst[0] = squeeze(w & (stops ^ (stops - 1)))
				dst, src = dst[1:], src[n:]
				continue
			}
		}
		v, rest, err := uvarint(src)
		if err != nil {
			return room - len(dst), length - len(src), err
		}
		dst[0] = v
		dst, src = dst[1:], rest
	}
	return room - len(dst), length - len(src), nil
}

// PutUvarints encodes values as varints, as many as fit in dst whole. It returns how
// many, and how many bytes they take.
//
//hone:stage varint
func PutUvarints(dst []byte, src []uint64) (values, written int) {
	room := len(dst)
	for i, v := range src {
		if v < 1<<56 && len(dst) >= 16 {
			more := uint(bits.Len64(v|1)-1) / 7 // bytes behind the first, at most 7
			store64((*[8]byte)(dst), stretch(v)|0x8080808080808080&(1<<(8*more)-1))
			dst = dst[more+1:]
			continue
		}
		rest, ok := putUvarint(dst, v)
		if !ok {
			return i, room - len(dst)
		}
		dst = rest
	}
	return len(src), room - len(dst)
}

// uvarint decodes one value and returns what comes behind it. It returns a slice and not
// a number because a number would lose the proof on the way: that a result is at most
// the length of an argument is nothing that a caller can know.
//
//hone:hide varint
func uvarint(b []byte) (v uint64, rest []byte, err error) {
	for i, c := range b {
		if i == 9 && c > 1 {
			return 0, nil, ErrOverflow
		}
		v |= uint64(c&0x7f) << (7 * uint(i))
		if c < 0x80 {
			return v, b[i+1:], nil
		}
	}
	return 0, nil, ErrTruncated
}

// putUvarint encodes one value and returns what is left of b. ok is false where it does
// not fit.
//
//hone:hide varint
func putUvarint(b []byte, v uint64) (rest []byte, ok bool) {
	for i := range b {
		if v < 0x80 {
			b[i] = byte(v)
			return b[i+1:], true
		}
		b[i] = byte(v) | 0x80
		v >>= 7
	}
	return nil, false
}

// squeeze takes the highest bit out of each byte, in three steps: from eight groups of
// seven bits to four of 14, two of 28, one of 56. PEXTQ does it in one, and the Go
// compiler does not use it.
//
//hone:hide varint
func squeeze(w uint64) uint64 {
	w = w&0x007f007f007f007f | w>>1&0x3f803f803f803f80
	w = w&0x00003fff00003fff | w>>2&0x0fffc0000fffc000
	return w&0x0fffffff | w>>4&0x00fffffff0000000
}

// stretch is the inverse of squeeze.
//
//hone:hide varint
func stretch(v uint64) uint64 {
	v = v&0x0fffffff | v&0x00fffffff0000000<<4
	v = v&0x00003fff00003fff | v&0x0fffc0000fffc000<<2
	return v&0x007f007f007f007f | v&0x3f803f803f803f80<<1
}

// spread decodes eight values of one byte each.
//
//hone:hide varint
func spread(d *[8]uint64, w uint64) {
	d[0], d[1], d[2], d[3] = w&0x7f, w>>8&0x7f, w>>16&0x7f, w>>24&0x7f
	d[4], d[5], d[6], d[7] = w>>32&0x7f, w>>40&0x7f, w>>48&0x7f, w>>56
}

//hone:hide varint
func load64(b *[8]byte) uint64 {
	return uint64(b[0]) | uint64(b[1])<<8 | uint64(b[2])<<16 | uint64(b[3])<<24 |
		uint64(b[4])<<32 | uint64(b[5])<<40 | uint64(b[6])<<48 | uint64(b[7])<<56
}

//hone:hide varint
func store64(b *[8]byte, w uint64) {
	b[0], b[1], b[2], b[3] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
	b[4], b[5], b[6], b[7] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
}
