package escape

import (
	"fmt"
	"io"
	"strconv"
)

// Stage cost: what it costs.

// A RangeError has the number that was out of range.
type RangeError struct{ n *int }

func (e *RangeError) Error() string { return "out of range: " + strconv.Itoa(*e.n) }

//go:noinline
func Early(n int) (int, error) {
	if n < 100 {
		return n, nil
	}
	return 0, &RangeError{&n}
}

//go:noinline
func Late(n int) (int, error) {
	if n < 100 {
		return n, nil
	}
	wrong := n
	return 0, &RangeError{&wrong}
}

// Three ints and their addresses, kept.

//go:noinline
func KeepTwo(keep *[3]*int) {
	a, b := 1, 2
	keep[0], keep[1] = &a, &b
}

//go:noinline
func KeepThree(keep *[3]*int) {
	a, b, c := 1, 2, 3
	keep[0], keep[1], keep[2] = &a, &b, &c
}

//go:noinline
func KeepStruct(keep *[3]*int) {
	var s struct{ a, b, c int }
	keep[0], keep[1], keep[2] = &s.a, &s.b, &s.c
}

//go:noinline
func KeepNew(keep *[3]*int) {
	keep[0], keep[1] = new(int), new(int)
}

//go:noinline
func KeepCall(keep *[3]*int) {
	a := 1
	keep[0] = &a
	UseInt(&a)
	b := 2
	keep[1] = &b
}

// Frames.

//go:noinline
func Branches(n int) int {
	if n > 0 {
		var a [1024]byte
		return Look(a[:])
	}
	var b [1024]byte
	return Look(b[:])
}

// A Page is 1 KiB.
type Page struct{ words [128]int }

//go:noinline
func FirstWord(p Page) int { return p.words[0] }

//go:noinline
func FirstWordOf(p *Page) int { return p.words[0] }

//go:noinline
func ByValue(p *Page) int { return FirstWord(*p) }

//go:noinline
func ByPointer(p *Page) int { return FirstWordOf(p) }

//go:noinline
func One(n int) int {
	var a [1024]byte
	return Look(a[:])
}

// ReadFrom reads 16 bytes through an interface.
//
//go:noinline
func ReadFrom(r io.Reader) int {
	var buf [16]byte
	n, _ := r.Read(buf[:])
	return n
}

//go:noinline
func ReadGeneric[R io.Reader](r R) int {
	var buf [16]byte
	n, _ := r.Read(buf[:])
	return n
}

// Zeros is a reader without end.
type Zeros struct{ room [16]byte }

//go:noinline
func (z *Zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

//go:noinline
func ReadZeros(z *Zeros) int {
	var buf [16]byte
	n, _ := z.Read(buf[:])
	return n
}

//go:noinline
func ReadRoom(z *Zeros) int {
	var r io.Reader = z
	n, _ := r.Read(z.room[:])
	return n
}

// Five ways to write a number.

//go:noinline
func Sprintf(dst []byte, n int) []byte { return append(dst, fmt.Sprintf("%d", n)...) }

//go:noinline
func Appendf(dst []byte, n int) []byte { return fmt.Appendf(dst, "%d", n) }

//go:noinline
func Itoa(dst []byte, n int) []byte { return append(dst, strconv.Itoa(n)...) }

//go:noinline
func AppendInt(dst []byte, n int) []byte { return strconv.AppendInt(dst, int64(n), 10) }
