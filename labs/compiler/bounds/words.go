package bounds

// Words decodes big-endian words of 64 bits, as many as fit in dst and as src has
// whole. It returns how many.
//
//hone:stage words
func Words(dst []uint64, src []byte) int {
	// The textbook loop indexes src[8*i:]. That i < n and n <= len(src)/8 make 8*i+7 <
	// len(src) is a multiplication away from anything that prove relates, and so a word
	// costs a check. Here no index is ever computed. What is left to do is what is left
	// of two slices, and each step begins with a comparison of a length with a constant,
	// which is the one fact that prove never loses: after it, the array inside the slice
	// has a type with its length in it, and every index into that is a constant.
	//
	// Four words a step, since a step is not free: two comparisons, and six additions to
	// keep two slices. With one word a step this is hardly faster than with checks.
	room := len(dst)
	for len(dst) >= 4 && len(src) >= 32 {
		d, s := (*[4]uint64)(dst), (*[32]byte)(src)
		d[0] = word((*[8]byte)(s[0:]))
		d[1] = word((*[8]byte)(s[8:]))
		d[2] = word((*[8]byte)(s[16:]))
		d[3] = word((*[8]byte)(s[24:]))
		dst, src = dst[4:], src[32:]
	}
	for len(dst) >= 1 && len(src) >= 8 {
		dst[0] = word((*[8]byte)(src))
		dst, src = dst[1:], src[8:]
	}
	return room - len(dst)
}

// PutWords encodes words of 64 bits in big-endian order, as many as fit in dst. It
// returns how many.
//
//hone:stage words
func PutWords(dst []byte, src []uint64) int {
	all := len(src)
	for len(src) >= 4 && len(dst) >= 32 {
		s, d := (*[4]uint64)(src), (*[32]byte)(dst)
		putWord((*[8]byte)(d[0:]), s[0])
		putWord((*[8]byte)(d[8:]), s[1])
		putWord((*[8]byte)(d[16:]), s[2])
		putWord((*[8]byte)(d[24:]), s[3])
		src, dst = src[4:], dst[32:]
	}
	for len(src) >= 1 && len(dst) >= 8 {
		putWord((*[8]byte)(dst), src[0])
		src, dst = src[1:], dst[8:]
	}
	return all - len(src)
}

// word is one load and one BSWAPQ (MOVBEQ with GOAMD64=v3): the compiler puts the eight
// loads together (cmd/compile/internal/ssa/memcombine.go), but only where no check
// stands between them.
//
//hone:hide words
func word(b *[8]byte) uint64 {
	return uint64(b[7]) | uint64(b[6])<<8 | uint64(b[5])<<16 | uint64(b[4])<<24 |
		uint64(b[3])<<32 | uint64(b[2])<<40 | uint64(b[1])<<48 | uint64(b[0])<<56
}

// putWord is one store, likewise.
//
//hone:hide words
func putWord(b *[8]byte, w uint64) {
	b[0], b[1], b[2], b[3] = byte(w>>56), byte(w>>48), byte(w>>40), byte(w>>32)
	b[4], b[5], b[6], b[7] = byte(w>>24), byte(w>>16), byte(w>>8), byte(w)
}
