package bounds

// EncodeHex encodes bytes as two lower-case hexadecimal digits each, as many as fit in
// dst. It returns how many bytes of src.
//
//hone:stage hex
func EncodeHex(dst, src []byte) int {
	// A byte is an index that no table of 256 entries needs to check: its type is its
	// proof. One lookup gives both digits, four make a word, and the eight stores become
	// one.
	all := len(src)
	for len(src) >= 4 && len(dst) >= 8 {
		s, d := (*[4]byte)(src), (*[8]byte)(dst)
		w := uint64(pairs[s[0]]) | uint64(pairs[s[1]])<<16 | uint64(pairs[s[2]])<<32 | uint64(pairs[s[3]])<<48
		d[0], d[1], d[2], d[3] = byte(w), byte(w>>8), byte(w>>16), byte(w>>24)
		d[4], d[5], d[6], d[7] = byte(w>>32), byte(w>>40), byte(w>>48), byte(w>>56)
		src, dst = src[4:], dst[8:]
	}
	for len(src) >= 1 && len(dst) >= 2 {
		w := pairs[src[0]]
		dst[0], dst[1] = byte(w), byte(w>>8)
		src, dst = src[1:], dst[2:]
	}
	return all - len(src)
}

// DecodeHex decodes pairs of hexadecimal digits of either case until dst is full or src
// is at its end. It returns how many bytes it has written, all of them right also where
// there is an error: [ErrDigit] for a pair with something else in it, [ErrTruncated] for
// half a pair, whatever it holds, for which dst has room.
//
//hone:stage hex
func DecodeHex(dst, src []byte) (int, error) {
	// One test for eight digits: what is no digit has the high bits set in the table,
	// and an or of eight values shows it. Where it shows, the loop below finds out which
	// pair it was.
	room := len(dst)
	for len(dst) >= 4 && len(src) >= 8 {
		d, s := (*[4]byte)(dst), (*[8]byte)(src)
		a, b, c, e := digits[s[0]], digits[s[1]], digits[s[2]], digits[s[3]]
		f, g, h, i := digits[s[4]], digits[s[5]], digits[s[6]], digits[s[7]]
		if a|b|c|e|f|g|h|i > 15 {
			break
		}
		d[0], d[1], d[2], d[3] = a<<4|b, c<<4|e, f<<4|g, h<<4|i
		dst, src = dst[4:], src[8:]
	}
	for len(dst) >= 1 && len(src) >= 2 {
		hi, lo := digits[src[0]], digits[src[1]]
		if hi|lo > 15 {
			return room - len(dst), ErrDigit
		}
		dst[0] = hi<<4 | lo
		dst, src = dst[1:], src[2:]
	}
	if len(dst) > 0 && len(src) > 0 {
		return room - len(dst), ErrTruncated
	}
	return room - len(dst), nil
}

// pairs has the two digits of each byte, the first one in the low half. It is an array:
// a slice of 256 entries would be checked, since a variable of that type may be another
// slice tomorrow.
//
//hone:hide hex
var pairs = func() (t [256]uint16) {
	const digits = "0123456789abcdef"
	for i := range t {
		t[i] = uint16(digits[i>>4]) | uint16(digits[i&15])<<8
	}
	return t
}()

// digits has the value of each digit, and 255 for what is none.
//
//hone:hide hex
var digits = func() (t [256]uint8) {
	for i := range t {
		t[i] = 255
	}
	for i := range 10 {
		t['0'+i] = uint8(i)
	}
	for i := range 6 {
		t['a'+i], t['A'+i] = uint8(10+i), uint8(10+i)
	}
	return t
}()
