package bounds

import "math/bits"

// Unpack decodes a list of values, see [NaiveUnpack]. It returns how many values the
// list has, and how many bytes. Errors: those of [Uvarints] and [Stream], [ErrTruncated]
// for a block that src does not have whole, [ErrWidth], and [ErrShort] where dst has no
// room for all; of dst nothing can be relied on then, and both numbers are 0.
//
//hone:stage pack
func Unpack(dst []uint32, src []byte) (values, read int, err error) {
	length := len(src)
	count, src, err := uvarint(src)
	if err != nil {
		return 0, 0, err
	}
	if count > uint64(len(dst)) {
		return 0, 0, ErrShort
	}
	dst = dst[:count]
	last := uint32(0)
	rest := dst
	for len(rest) >= Block {
		if len(src) == 0 {
			return 0, 0, ErrTruncated
		}
		width := uint(src[0])
		src = src[1:]
		if width > 32 {
			return 0, 0, ErrWidth
		}
		if 4*width > uint(len(src)) {
			return 0, 0, ErrTruncated
		}
		if len(src) >= room {
			last = unpack((*[Block]uint32)(rest), (*[room]byte)(src), width, last)
		} else {
			// What the end of the input needs is not another loop but bytes to look at
			// in vain. They can be lent.
			var padded [room]byte
			copy(padded[:], src)
			last = unpack((*[Block]uint32)(rest), &padded, width, last)
		}
		rest, src = rest[Block:], src[4*width:]
	}
	n, err := Stream(rest, src)
	if err != nil {
		return 0, 0, err
	}
	for i, v := range rest {
		last += v
		rest[i] = last
	}
	return len(dst), length - len(src) + n, nil
}

// Pack encodes a list as [Unpack] decodes it, each block with the least width that its
// widest difference fits in. It returns how many bytes the list has. The error is
// [ErrShort].
//
//hone:stage pack
func Pack(dst []byte, src []uint32) (int, error) {
	length := len(dst)
	dst, ok := putUvarint(dst, uint64(len(src)))
	if !ok {
		return 0, ErrShort
	}
	last := uint32(0)
	var differences [Block]uint32
	for len(src) >= Block {
		all := uint32(0)
		for i, v := range (*[Block]uint32)(src) {
			differences[i] = v - last
			all |= v - last
			last = v
		}
		width := uint(bits.Len32(all))
		if 4*width >= uint(len(dst)) {
			return 0, ErrShort
		}
		dst[0] = byte(width)
		if len(dst) > room {
			pack((*[room]byte)(dst[1:]), &differences, width)
		} else {
			var padded [room]byte
			pack(&padded, &differences, width)
			copy(dst[1:], padded[:4*width])
		}
		dst, src = dst[1+4*width:], src[Block:]
	}
	for i, v := range src {
		differences[i%Block] = v - last
		last = v
	}
	n, err := PutStream(dst, differences[:len(src)%Block])
	if err != nil {
		return 0, err
	}
	return length - len(dst) + n, nil
}

// room is what the loops below touch at most: of 32 values of 32 bits the last begins at
// byte 124, and eight bytes are loaded.
//
//hone:hide pack
const room = 124 + 8

// unpack decodes a block of a width of at most 32 and adds up the differences.
//
// Where value i begins is computed as i*width, and not by adding width in each turn as
// one would by habit. The multiplication costs nothing here, and it is bounded by its
// factors: i < 32 from the loop, width <= 32 from the test, so that i*width/8 is at most
// 124. Of a sum over the turns of a loop prove only knows where it begins: it looks for
// loop variables that grow by a constant (cmd/compile/internal/ssa/loopbce.go).
//
// Four values a turn, for the sake of the processor: one value is so little code that its
// cost depends on where the linker puts it, 0.75 or 1.05 ns as the function begins in the
// middle of a cache line or at its start. With four it is 0.67 wherever that is.
//
//hone:hide pack
func unpack(d *[Block]uint32, s *[room]byte, width uint, last uint32) uint32 {
	if width > 32 { // never, and prove must hear it in this function
		return last
	}
	mask := uint64(1)<<width - 1
	for i := 0; i < Block; i += 4 {
		last += field(s, uint(i)*width, mask)
		d[i] = last
		last += field(s, uint(i+1)*width, mask)
		d[i+1] = last
		last += field(s, uint(i+2)*width, mask)
		d[i+2] = last
		last += field(s, uint(i+3)*width, mask)
		d[i+3] = last
	}
	return last
}

// field is the value that begins at a bit, and what is added to the one before it. It is
// inlined, and only there is bit bounded.
//
//hone:hide pack
func field(s *[room]byte, bit uint, mask uint64) uint32 {
	return uint32(load64((*[8]byte)(s[bit/8:])) >> (bit % 8) & mask)
}

// pack encodes differences of at most width bits. It keeps the bits of the byte that is
// not full yet in w, and stores eight bytes each time, of which only those that are full
// are not stored again.
//
//hone:hide pack
func pack(d *[room]byte, differences *[Block]uint32, width uint) {
	if width > 32 {
		return
	}
	w := uint64(0)
	for i, v := range differences {
		bit := uint(i) * width
		w |= uint64(v) << (bit % 8)
		store64((*[8]byte)(d[bit/8:]), w)
		w >>= (bit%8 + width) &^ 7
	}
}
