package bounds

// The functions of this file are for looking at: what each asks of prove, and gets. Say
// which of them have a check left before you look: hone look '.' and hone look .Next --bounds.

// To adds up the first n bytes.
func To(b []byte, n int) (sum int) {
	for i := 0; i < n; i++ {
		sum += int(b[i])
	}
	return sum
}

// ToOnce does it with one check in all.
func ToOnce(b []byte, n int) (sum int) {
	b = b[:n]
	for i := 0; i < n; i++ {
		sum += int(b[i])
	}
	return sum
}

// Next returns the byte behind b[i].
func Next(b []byte, i int) int {
	if i >= 0 && i+1 < len(b) {
		return int(b[i+1])
	}
	return -1
}

// NextLess does it with the 1 on the other side.
func NextLess(b []byte, i int) int {
	if i >= 0 && i < len(b)-1 {
		return int(b[i+1])
	}
	return -1
}

// Fourth adds up every fourth byte.
func Fourth(b []byte) (sum int) {
	for i := 0; i < len(b)/4; i++ {
		sum += int(b[4*i+3])
	}
	return sum
}

// FourthCut does it by cutting four bytes off.
func FourthCut(b []byte) (sum int) {
	for len(b) >= 4 {
		sum += int(b[3])
		b = b[4:]
	}
	return sum
}

// Hops goes on by as many bytes as each says.
func Hops(b []byte) (hops int) {
	for at := 0; at < len(b); hops++ {
		at += int(b[at]&7) + 1
	}
	return hops
}

// HopsCut does it by cutting off.
func HopsCut(b []byte) (hops int) {
	for len(b) >= 8 {
		b = b[b[0]&7+1:]
		hops++
	}
	return hops
}

// Squares looks x up, in a slice and in an array.
func Squares(slice []int, array *[256]int, x byte) (int, int) {
	return slice[x],
		array[x]
}

// Both adds two lists.
func Both(dst, a, b []int) {
	for i := range a {
		dst[i] = a[i] + b[i]
	}
}

// BothSame says before the loop that they are of one length.
func BothSame(dst, a, b []int) {
	dst, b = dst[:len(a)], b[:len(a)]
	for i := range a {
		dst[i] = a[i] + b[i]
	}
}
