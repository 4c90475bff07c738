//go:build wheat

// Package bounds is a second solution of the lab. Where the first one lets prove add
// ranges up, this one cuts them off: an index that is masked into an array needs no
// proof, and costs an AND. What does not fit in 16 bytes at hand goes through a copy
// that does. Its tables are strings and arrays of other shapes, its loops have other
// lengths.
//
// Its encoders of varints, bits and digits go byte by byte, it has no case for eight
// values of one byte, it unpacks one value a turn, and its Stream pays for a table and a
// mask: the waived budgets. It shows that the proofs do not ask for what the budgets ask for.
//
// waives: TestVarint_Speed TestVarint_PutSpeed TestPack_Speed TestPack_PutSpeed TestHex_EncodeSpeed TestStream_Speed
package bounds

func be(b *[8]byte) uint64 {
	return uint64(b[7]) | uint64(b[6])<<8 | uint64(b[5])<<16 | uint64(b[4])<<24 |
		uint64(b[3])<<32 | uint64(b[2])<<40 | uint64(b[1])<<48 | uint64(b[0])<<56
}

func putBE(b *[8]byte, w uint64) {
	b[7], b[6], b[5], b[4] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
	b[3], b[2], b[1], b[0] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
}

// Words decodes eight words a turn.
func Words(dst []uint64, src []byte) int {
	n := 0
	for len(src) >= 64 && len(dst) >= 8 {
		s := (*[64]byte)(src)
		d := (*[8]uint64)(dst)
		d[0], d[1] = be((*[8]byte)(s[0:])), be((*[8]byte)(s[8:]))
		d[2], d[3] = be((*[8]byte)(s[16:])), be((*[8]byte)(s[24:]))
		d[4], d[5] = be((*[8]byte)(s[32:])), be((*[8]byte)(s[40:]))
		d[6], d[7] = be((*[8]byte)(s[48:])), be((*[8]byte)(s[56:]))
		src, dst = src[64:], dst[8:]
		n += 8
	}
	for i := range dst {
		if len(src) < 8 {
			return n + i
		}
		dst[i] = be((*[8]byte)(src))
		src = src[8:]
	}
	return n + len(dst)
}

// PutWords encodes eight words a turn.
func PutWords(dst []byte, src []uint64) int {
	n := 0
	for len(src) >= 8 && len(dst) >= 64 {
		s := (*[8]uint64)(src)
		d := (*[64]byte)(dst)
		putBE((*[8]byte)(d[0:]), s[0])
		putBE((*[8]byte)(d[8:]), s[1])
		putBE((*[8]byte)(d[16:]), s[2])
		putBE((*[8]byte)(d[24:]), s[3])
		putBE((*[8]byte)(d[32:]), s[4])
		putBE((*[8]byte)(d[40:]), s[5])
		putBE((*[8]byte)(d[48:]), s[6])
		putBE((*[8]byte)(d[56:]), s[7])
		src, dst = src[8:], dst[64:]
		n += 8
	}
	for i, w := range src {
		if len(dst) < 8 {
			return n + i
		}
		putBE((*[8]byte)(dst), w)
		dst = dst[8:]
	}
	return n + len(src)
}
