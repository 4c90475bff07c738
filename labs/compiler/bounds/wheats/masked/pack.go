//go:build wheat

package bounds

import "math/bits"

const padded = 256 + 8

// Unpack decodes each block from an array in which no masked index is outside.
func Unpack(dst []uint32, src []byte) (values, read int, err error) {
	all := len(src)
	count, src, err := next(src)
	switch {
	case err != nil:
		return 0, 0, err
	case count > uint64(len(dst)):
		return 0, 0, ErrShort
	}
	list := dst[:count]
	rest, last := list, uint32(0)
	for len(rest) >= Block {
		if len(src) == 0 {
			return 0, 0, ErrTruncated
		}
		width := uint(src[0])
		src = src[1:]
		if width > 32 {
			return 0, 0, ErrWidth
		}
		if uint(len(src)) < 4*width {
			return 0, 0, ErrTruncated
		}
		var b [padded]byte
		s := &b
		if len(src) >= padded {
			s = (*[padded]byte)(src)
		} else {
			copy(b[:], src)
		}
		last = block((*[Block]uint32)(rest), s, width, last)
		src, rest = src[4*width:], rest[Block:]
	}
	n, err := Stream(rest, src)
	if err != nil {
		return 0, 0, err
	}
	for i := range rest {
		last += rest[i]
		rest[i] = last
	}
	return len(list), all - len(src) + n, nil
}

func block(d *[Block]uint32, s *[padded]byte, width uint, last uint32) uint32 {
	mask := uint64(1)<<(width&63) - 1
	at := uint(0)
	for i := range d {
		k := at / 8 & 255
		w := uint64(s[k]) | uint64(s[k+1])<<8 | uint64(s[k+2])<<16 | uint64(s[k+3])<<24 |
			uint64(s[k+4])<<32 | uint64(s[k+5])<<40 | uint64(s[k+6])<<48 | uint64(s[k+7])<<56
		last += uint32(w >> (at & 7) & mask)
		d[i] = last
		at += width
	}
	return last
}

// Pack gathers each block in an array and copies it out.
func Pack(dst []byte, src []uint32) (int, error) {
	all := len(dst)
	count := [1]uint64{uint64(len(src))}
	ok, n := PutUvarints(dst, count[:])
	if ok == 0 || uint(n) > uint(len(dst)) {
		return 0, ErrShort
	}
	dst = dst[n:]
	last := uint32(0)
	for len(src) >= Block {
		var d [Block]uint32
		used := uint32(0)
		for i, v := range (*[Block]uint32)(src) {
			d[i] = v - last
			used |= d[i]
			last = v
		}
		width := uint(bits.Len32(used))
		var b [padded]byte
		w, have, at := uint64(0), uint(0), uint(0)
		for _, v := range d {
			w |= uint64(v) << (have & 63)
			for have += width; have >= 8; have -= 8 {
				b[at&255] = byte(w)
				w >>= 8
				at++
			}
		}
		if len(dst) == 0 || uint(len(dst))-1 < 4*width {
			return 0, ErrShort
		}
		dst[0] = byte(width)
		copy(dst[1:], b[:4*width])
		src, dst = src[Block:], dst[1+4*width:]
	}
	var d [Block]uint32
	for i, v := range src {
		d[i&(Block-1)] = v - last
		last = v
	}
	n, err := PutStream(dst, d[:len(src)&(Block-1)])
	if err != nil {
		return 0, err
	}
	return all - len(dst) + n, nil
}
