//go:build wheat

package bounds

// EncodeHex shifts two digits out of a constant string: 15 is its largest index.
func EncodeHex(dst, src []byte) int {
	const digits = "0123456789abcdef"
	for i, c := range src {
		if len(dst) < 2 {
			return i
		}
		dst[0], dst[1] = digits[c>>4], digits[c&15]
		dst = dst[2:]
	}
	return len(src)
}

// low has the value of a digit, and a bit that no value has for what is none.
var low = func() (t [256]uint16) {
	for i := range t {
		c := i | 0x20
		switch {
		case i >= '0' && i <= '9':
			t[i] = uint16(i - '0')
		case c >= 'a' && c <= 'f':
			t[i] = uint16(c - 'a' + 10)
		default:
			t[i] = 1 << 15
		}
	}
	return t
}()

// high has the same, for the first digit of a pair.
var high = func() (t [256]uint16) {
	for i, v := range low {
		t[i] = v<<4 | v&(1<<15)
	}
	return t
}()

// DecodeHex makes a word of eight digits.
func DecodeHex(dst, src []byte) (int, error) {
	n := 0
	for len(src) >= 8 && len(dst) >= 4 {
		s := (*[8]byte)(src)
		w0, w1 := high[s[0]]|low[s[1]], high[s[2]]|low[s[3]]
		w2, w3 := high[s[4]]|low[s[5]], high[s[6]]|low[s[7]]
		if (w0|w1|w2|w3)>>15 != 0 {
			break
		}
		d := (*[4]byte)(dst)
		d[0], d[1], d[2], d[3] = byte(w0), byte(w1), byte(w2), byte(w3)
		src, dst = src[8:], dst[4:]
		n += 4
	}
	for i := range dst {
		if len(src) < 2 {
			if len(src) == 1 {
				return n + i, ErrTruncated
			}
			return n + i, nil
		}
		w := high[src[0]] | low[src[1]]
		if w>>15 != 0 {
			return n + i, ErrDigit
		}
		dst[i] = byte(w)
		src = src[2:]
	}
	return n + len(dst), nil
}
