//go:build wheat

package bounds

import "math/bits"

// A shape says where the second, third and fourth value of a group begin, and where the
// group ends.
type shape struct{ second, third, fourth, end uint8 }

var shapes = func() (t [256]shape) {
	for c := range t {
		a, b := uint8(c&3)+1, uint8(c>>2&3)+1
		d, e := uint8(c>>4&3)+1, uint8(c>>6)+1
		t[c] = shape{a, a + b, a + b + d, a + b + d + e}
	}
	return t
}()

var keep = [4]uint32{1<<8 - 1, 1<<16 - 1, 1<<24 - 1, 1<<32 - 1}

func four(s *[20]byte, at uint8) uint32 {
	i := uint(at & 15)
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

// Stream looks the shape of a group up and masks what it found.
func Stream(dst []uint32, src []byte) (int, error) {
	all := len(src)
	groups := (uint(len(dst)) + 3) / 4
	if groups > uint(len(src)) {
		return 0, ErrTruncated
	}
	control, data := src[:groups], src[groups:]
	for len(control) > 0 && len(dst) >= 4 && len(data) > 31 {
		c, s, d := control[0], (*[20]byte)(data), (*[4]uint32)(dst)
		at := &shapes[c]
		d[0] = four(s, 0) & keep[c&3]
		d[1] = four(s, at.second) & keep[c>>2&3]
		d[2] = four(s, at.third) & keep[c>>4&3]
		d[3] = four(s, at.fourth) & keep[c>>6]
		control, dst, data = control[1:], dst[4:], data[at.end&31:]
	}
	for _, c := range control {
		for range 4 {
			if len(dst) == 0 {
				break
			}
			n := uint(c&3) + 1
			if n > uint(len(data)) {
				return 0, ErrTruncated
			}
			var b [4]byte
			copy(b[:], data[:n])
			dst[0] = uint32(b[0]) | uint32(b[1])<<8 | uint32(b[2])<<16 | uint32(b[3])<<24
			dst, data = dst[1:], data[n:]
			c >>= 2
		}
	}
	return all - len(data), nil
}

// length is the number of bytes of v less one, without a branch.
func length(v uint32) uint { return uint(31-bits.LeadingZeros32(v|255)) >> 3 }

func putFour(d *[20]byte, at uint, v uint32) {
	i := at & 15
	d[i], d[i+1], d[i+2], d[i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}

// PutStream writes groups of four and copies what does not fit in 32 bytes.
func PutStream(dst []byte, src []uint32) (int, error) {
	all := len(dst)
	groups := (uint(len(src)) + 3) / 4
	if groups > uint(len(dst)) {
		return 0, ErrShort
	}
	control, data := dst[:groups], dst[groups:]
	for i := range control {
		if len(src) >= 4 && len(data) > 31 {
			s, d := (*[4]uint32)(src), (*[20]byte)(data)
			a, b, c, e := length(s[0]), length(s[1]), length(s[2]), length(s[3])
			putFour(d, 0, s[0])
			putFour(d, a+1, s[1])
			putFour(d, a+b+2, s[2])
			putFour(d, a+b+c+3, s[3])
			control[i] = byte(a | b<<2 | c<<4 | e<<6)
			src, data = src[4:], data[(a+b+c+e+4)&31:]
			continue
		}
		shape := byte(0)
		for k := range uint(4) {
			if len(src) == 0 {
				break
			}
			v := src[0]
			n := length(v) + 1
			b := [4]byte{byte(v), byte(v >> 8), byte(v >> 16), byte(v >> 24)}
			if n > uint(len(data)) {
				return 0, ErrShort
			}
			copy(data, b[:n])
			shape |= byte((n - 1) << (2 * k))
			src, data = src[1:], data[n:]
		}
		control[i] = shape
	}
	return all - len(data), nil
}
