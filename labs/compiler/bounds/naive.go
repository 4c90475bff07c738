package bounds

import "math/bits"

// NaiveWords decodes big-endian words of 64 bits, as many as fit in dst and as src has
// whole. It returns how many.
func NaiveWords(dst []uint64, src []byte) int {
	n := min(len(dst), len(src)/8)
	for i := 0; i < n; i++ {
		w := uint64(0)
		for k := 0; k < 8; k++ {
			w = w<<8 | uint64(src[8*i+k])
		}
		dst[i] = w
	}
	return n
}

// NaivePutWords encodes words of 64 bits in big-endian order, as many as fit in dst. It
// returns how many.
func NaivePutWords(dst []byte, src []uint64) int {
	n := min(len(src), len(dst)/8)
	for i := 0; i < n; i++ {
		for k := 0; k < 8; k++ {
			dst[8*i+k] = byte(src[i] >> (56 - 8*k))
		}
	}
	return n
}

// NaiveEncodeHex encodes bytes as two lower-case hexadecimal digits each, as many as fit
// in dst. It returns how many bytes of src.
func NaiveEncodeHex(dst, src []byte) int {
	const digits = "0123456789abcdef"
	n := min(len(src), len(dst)/2)
	for i := 0; i < n; i++ {
		dst[2*i] = digits[src[i]>>4]
		dst[2*i+1] = digits[src[i]&15]
	}
	return n
}

// NaiveDecodeHex decodes pairs of hexadecimal digits of either case until dst is full or
// src is at its end. It returns how many bytes it has written, all of them right also
// where there is an error: [ErrDigit] for a pair with something else in it,
// [ErrTruncated] for half a pair, whatever it holds, for which dst has room.
func NaiveDecodeHex(dst, src []byte) (int, error) {
	for i := 0; i < len(dst); i++ {
		switch len(src) - 2*i {
		case 0:
			return i, nil
		case 1:
			return i, ErrTruncated
		}
		hi, ok1 := digit(src[2*i])
		lo, ok2 := digit(src[2*i+1])
		if !ok1 || !ok2 {
			return i, ErrDigit
		}
		dst[i] = hi<<4 | lo
	}
	return len(dst), nil
}

func digit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// NaiveUvarints decodes varints (LEB128, as encoding/binary has them) until dst is full
// or src is at its end. It returns how many values it has written, and how many bytes
// they took, also where there is an error: [ErrOverflow] for a value whose tenth byte is
// more than 1, [ErrTruncated] for one that src does not have whole. An encoding need not
// be the shortest.
func NaiveUvarints(dst []uint64, src []byte) (values, read int, err error) {
	for values < len(dst) && read < len(src) {
		v, n := uint64(0), 0
		for {
			if read+n == len(src) {
				return values, read, ErrTruncated
			}
			c := src[read+n]
			if n == 9 && c > 1 {
				return values, read, ErrOverflow
			}
			v |= uint64(c&0x7f) << (7 * n)
			n++
			if c < 0x80 {
				break
			}
		}
		dst[values] = v
		values++
		read += n
	}
	return values, read, nil
}

// NaivePutUvarints encodes values as varints, as many as fit in dst whole. It returns
// how many, and how many bytes they take.
func NaivePutUvarints(dst []byte, src []uint64) (values, written int) {
	for _, v := range src {
		n := (bits.Len64(v|1) + 6) / 7
		if written+n > len(dst) {
			break
		}
		for k := 0; k < n-1; k++ {
			dst[written+k] = byte(v) | 0x80
			v >>= 7
		}
		dst[written+n-1] = byte(v)
		written += n
		values++
	}
	return values, written
}

// NaiveStream decodes len(dst) values of a Stream VByte block (Lemire, Kurz and Rupp,
// "Stream VByte: Faster Byte-Oriented Integer Compression", 2017). The block begins with
// a control byte for every four values, the last perhaps for fewer; value i has bits
// 2*(i%4) and 2*(i%4)+1 of byte i/4, and they are the number of its bytes less one. The
// values follow, little-endian. Bits of the last control byte that belong to no value
// are ignored. It returns how many bytes the block has. The error is [ErrTruncated]; of
// dst nothing can be relied on then.
func NaiveStream(dst []uint32, src []byte) (int, error) {
	read := (len(dst) + 3) / 4
	if read > len(src) {
		return 0, ErrTruncated
	}
	for i := range dst {
		n := int(src[i/4]>>(2*(i%4))&3) + 1
		if read+n > len(src) {
			return 0, ErrTruncated
		}
		dst[i] = 0
		for k := 0; k < n; k++ {
			dst[i] |= uint32(src[read+k]) << (8 * k)
		}
		read += n
	}
	return read, nil
}

// NaivePutStream encodes values as a Stream VByte block, see [NaiveStream], each with as
// few bytes as it needs, and with 0 in bits that belong to no value. It returns how many
// bytes the block has. The error is [ErrShort].
func NaivePutStream(dst []byte, src []uint32) (int, error) {
	groups := (len(src) + 3) / 4
	if groups > len(dst) {
		return 0, ErrShort
	}
	written := groups
	clear(dst[:groups])
	for i, v := range src {
		n := (bits.Len32(v|1) + 7) / 8
		if written+n > len(dst) {
			return 0, ErrShort
		}
		dst[i/4] |= byte((n - 1) << (2 * (i % 4)))
		for k := 0; k < n; k++ {
			dst[written+k] = byte(v >> (8 * k))
		}
		written += n
	}
	return written, nil
}

// NaiveUnpack decodes a list of values, any list, though ascending ones are the point:
//
//	list   = count as varint, count/32 blocks, then the rest as a Stream VByte block
//	block  = width in bits, one byte, then 32 differences of so many bits each
//	rest   = count%32 differences
//
// A difference is a value less the one before it, modulo 2^32; before the first comes 0.
// Difference i of a block has the bits i*width and up; bit k is bit k%8 of byte k/8.
//
// It returns how many values the list has, and how many bytes. Errors: those of
// [NaiveUvarints] and [NaiveStream], [ErrTruncated] for a block that src does not have
// whole, [ErrWidth], and [ErrShort] where dst has no room for count values; of dst
// nothing can be relied on then, and both numbers are 0.
func NaiveUnpack(dst []uint32, src []byte) (values, read int, err error) {
	var count [1]uint64
	ok, read, err := NaiveUvarints(count[:], src)
	switch {
	case err != nil:
		return 0, 0, err
	case ok == 0:
		return 0, 0, ErrTruncated
	case count[0] > uint64(len(dst)):
		return 0, 0, ErrShort
	}
	dst = dst[:count[0]]
	last := uint32(0)
	for len(dst)-values >= Block {
		if read == len(src) {
			return 0, 0, ErrTruncated
		}
		width := int(src[read])
		read++
		switch {
		case width > 32:
			return 0, 0, ErrWidth
		case len(src)-read < 4*width:
			return 0, 0, ErrTruncated
		}
		for i := 0; i < Block; i++ {
			for k := i * width; k < (i+1)*width; k++ {
				last += uint32(src[read+k/8]>>(k%8)&1) << (k - i*width)
			}
			dst[values] = last
			values++
		}
		read += 4 * width
	}
	n, err := NaiveStream(dst[values:], src[read:])
	if err != nil {
		return 0, 0, err
	}
	for ; values < len(dst); values++ {
		last += dst[values]
		dst[values] = last
	}
	return values, read + n, nil
}

// NaivePack encodes a list as [NaiveUnpack] decodes it, each block with the least width
// that its widest difference fits in. It returns how many bytes the list has. The error
// is [ErrShort].
func NaivePack(dst []byte, src []uint32) (int, error) {
	ok, written := NaivePutUvarints(dst, []uint64{uint64(len(src))})
	if ok == 0 {
		return 0, ErrShort
	}
	last := uint32(0)
	for len(src) >= Block {
		var differences [Block]uint32
		width := 0
		for i := range differences {
			differences[i] = src[i] - last
			last = src[i]
			width = max(width, bits.Len32(differences[i]))
		}
		if len(dst)-written < 1+4*width {
			return 0, ErrShort
		}
		dst[written] = byte(width)
		written++
		clear(dst[written : written+4*width])
		for i, d := range differences {
			for k := 0; k < width; k++ {
				at := i*width + k
				dst[written+at/8] |= byte(d>>k&1) << (at % 8)
			}
		}
		written += 4 * width
		src = src[Block:]
	}
	rest := make([]uint32, len(src))
	for i, v := range src {
		rest[i] = v - last
		last = v
	}
	n, err := NaivePutStream(dst[written:], rest)
	if err != nil {
		return 0, err
	}
	return written + n, nil
}
