package bounds

import "math/bits"

// Stream decodes len(dst) values of a Stream VByte block, see [NaiveStream]. It returns
// how many bytes the block has. The error is [ErrTruncated]; of dst nothing can be relied
// on then.
//
//hone:stage stream
func Stream(dst []uint32, src []byte) (int, error) {
	// Four values take at most 16 bytes, and the last of them begins at byte 12 at the
	// latest. Nobody has to check that: x&3 is at most 3, prove adds up what is bounded,
	// and so all 16 indices into an array of 16 bytes are proven. The loads become four,
	// of which the bytes too many are masked away.
	//
	// The sum of the lengths is bounded too, by 16, and that is less than the guard asks
	// for: data is cut without a check, and without the mask (see Uvarints).
	length := len(src)
	groups := (len(dst) + 3) / 4
	if groups > len(src) {
		return 0, ErrTruncated
	}
	control, data := src[:groups], src[groups:]
	for len(control) > 0 && len(dst) >= 4 && len(data) > 16 {
		c := control[0]
		x1, x2, x3, x4 := uint(c&3), uint(c>>2&3), uint(c>>4&3), uint(c>>6)
		o2 := x1 + 1
		o3 := o2 + x2 + 1
		o4 := o3 + x3 + 1
		d, s := (*[4]uint32)(dst), (*[16]byte)(data)
		d[0] = load32(s, 0) & masks[x1]
		d[1] = load32(s, o2) & masks[x2]
		d[2] = load32(s, o3) & masks[x3]
		d[3] = load32(s, o4) & masks[x4]
		control, dst, data = control[1:], dst[4:], data[o4+x4+1:]
	}
	for _, c := range control {
		for range 4 {
			if len(dst) == 0 {
				break
			}
			n := int(c&3) + 1
			if n > len(data) {
				return 0, ErrTruncated
			}
			v := uint32(0)
			for k, b := range data[:n] {
				v |= uint32(b) << (8 * uint(k))
			}
			dst[0] = v
			dst, data = dst[1:], data[n:]
			c >>= 2
		}
	}
	return length - len(data), nil
}

// PutStream encodes values as a Stream VByte block, see [NaivePutStream]. It returns how
// many bytes the block has. The error is [ErrShort].
//
//hone:stage stream
func PutStream(dst []byte, src []uint32) (int, error) {
	// Each value is stored with four bytes, and the next one overwrites those too many.
	room := len(dst)
	groups := (len(src) + 3) / 4
	if groups > len(dst) {
		return 0, ErrShort
	}
	control, data := dst[:groups], dst[groups:]
	for len(control) > 0 && len(src) >= 4 && len(data) > 16 {
		s, d := (*[4]uint32)(src), (*[16]byte)(data)
		x1, x2, x3, x4 := extra(s[0]), extra(s[1]), extra(s[2]), extra(s[3])
		o2 := x1 + 1
		o3 := o2 + x2 + 1
		o4 := o3 + x3 + 1
		store32(d, 0, s[0])
		store32(d, o2, s[1])
		store32(d, o3, s[2])
		store32(d, o4, s[3])
		control[0] = byte(x1 | x2<<2 | x3<<4 | x4<<6)
		control, src, data = control[1:], src[4:], data[o4+x4+1:]
	}
	for i := range control {
		c := uint(0)
		for k := range uint(4) {
			if len(src) == 0 {
				break
			}
			v := src[0]
			x := extra(v)
			if x >= uint(len(data)) {
				return 0, ErrShort
			}
			own := data[:x+1] // and not data[j] below: prove knows j < len(own), no more
			for j := range own {
				own[j] = byte(v)
				v >>= 8
			}
			c |= x << (2 * k)
			src, data = src[1:], data[x+1:]
		}
		control[i] = byte(c)
	}
	return room - len(data), nil
}

// masks keep the bytes of a value that are its own.
//
//hone:hide stream
var masks = [4]uint32{0xff, 0xffff, 0xffffff, 0xffffffff}

// extra is the number of bytes of v behind the first. That it is at most 3 prove finds
// out: v>>8 has 24 bits, and bits.Len32 of it is at most 24.
//
//hone:hide stream
func extra(v uint32) uint {
	return uint(bits.Len32(v>>8)+7) / 8
}

// load32 has four checks of its own and none where it is inlined, since there i is
// bounded. That it is inlined is part of the proof.
//
//hone:hide stream
func load32(s *[16]byte, i uint) uint32 {
	return uint32(s[i]) | uint32(s[i+1])<<8 | uint32(s[i+2])<<16 | uint32(s[i+3])<<24
}

//hone:hide stream
func store32(d *[16]byte, i uint, v uint32) {
	d[i], d[i+1], d[i+2], d[i+3] = byte(v), byte(v>>8), byte(v>>16), byte(v>>24)
}
