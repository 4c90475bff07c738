package iface

import (
	"bufio"
	"crypto/hmac"
	"crypto/md5"
	"crypto/sha256"
	"fmt"
	"hash"
	"hash/crc32"
	"hash/fnv"
	"io"
	"strings"
)

// The compiler is asked what it made of the functions here. Some are run as well.

// Conversions that leave the function.

// FromInt boxes an int.
//
//go:noinline
func FromInt(x int) any { return x }

// FromFloat boxes a float64.
//
//go:noinline
func FromFloat(x float64) any { return x }

// FromByte boxes a byte.
//
//go:noinline
func FromByte(x byte) any { return x }

// FromString boxes a string.
//
//go:noinline
func FromString(x string) any { return x }

// FromSlice boxes a slice.
//
//go:noinline
func FromSlice(x []int) any { return x }

// FromWrapped boxes a struct with an int32 in it and nothing else.
func FromWrapped(x struct{ n int32 }) any { return x }

// FromNamed boxes a struct with a string in it and nothing else.
func FromNamed(x struct{ s string }) any { return x }

// FromHalves boxes eight bytes: two int32.
func FromHalves(x struct{ a, b int32 }) any { return x }

// FromPair boxes a struct with a pointer and a number.
func FromPair(x struct {
	p *int
	n int
}) any {
	return x
}

// FromPointers boxes two pointers.
func FromPointers(x [2]*int) any { return x }

// FromPointer boxes a pointer.
func FromPointer(x *point) any { return x }

// FromHandle boxes a struct with a pointer in it and nothing else.
func FromHandle(x handle) any { return x }

// FromBool boxes a struct with a bool in it and nothing else.
func FromBool(x struct{ ok bool }) any { return x }

// FromStringer changes the interface type.
func FromStringer(x fmt.Stringer) any { return x }

// Calls through an interface.

// A Shape has an area.
type Shape interface {
	Area() int
}

type square struct{ side int }

func (s *square) Area() int { return s.side * s.side }

type circle struct{ radius int }

func (c circle) Area() int { return 3 * c.radius * c.radius }

func newSquare(side int) Shape { return &square{side} }

//go:noinline
func newHidden(side int) Shape { return &square{side} }

var unit Shape = &square{1}

// LocalValue calls through a variable that is assigned once.
func LocalValue(n int) int {
	var s Shape = circle{n}
	return s.Area()
}

// Parameter calls through what it is given.
func Parameter(s Shape) int { return s.Area() }

// Constructed calls through what an inlined constructor returns.
func Constructed(n int) int {
	s := newSquare(n)
	return s.Area()
}

// Hidden calls through what a constructor returns that is not inlined.
func Hidden(n int) int {
	s := newHidden(n)
	return s.Area()
}

// TwiceSame calls through a variable that two assignments give the same type.
func TwiceSame(n int) int {
	var s Shape
	if n > 0 {
		s = &square{n}
	} else {
		s = &square{-n}
	}
	return s.Area()
}

// TwiceOther calls through a variable that two assignments give two types.
func TwiceOther(n int) int {
	var s Shape
	if n > 0 {
		s = &square{n}
	} else {
		s = circle{-n}
	}
	return s.Area()
}

// Passed calls Parameter, which is inlined.
func Passed(n int) int { return Parameter(&square{n}) }

// Stored calls through a field of a local variable.
func Stored(n int) int {
	h := struct{ s Shape }{&square{n}}
	return h.s.Area()
}

// Global calls through a package variable that nobody ever assigns to.
func Global() int { return unit.Area() }

// Asserted calls through what an assertion to the concrete type returns.
func Asserted(s Shape) int { return s.(*square).Area() }

// Method makes a method value of a variable that is assigned once, and calls it.
func Method(n int) int {
	var s Shape = &square{n}
	area := s.Area
	return area()
}

// Captured calls through a variable that a closure may have changed.
func Captured(n int) int {
	var s Shape = &square{n}
	double := func() { s = &square{2 * n} }
	double()
	return s.Area()
}

// Sums. Each hashes through what a constructor of the standard library returns.

// Fnv calls fnv.New32a, which returns a hash.Hash32.
func Fnv(b []byte) []byte {
	h := fnv.New32a()
	h.Write(b)
	return h.Sum(nil)
}

// Crc calls crc32.NewIEEE, which returns a hash.Hash32.
func Crc(b []byte) []byte {
	h := crc32.NewIEEE()
	h.Write(b)
	return h.Sum(nil)
}

// Md calls md5.New, which returns a hash.Hash.
func Md(b []byte) []byte {
	h := md5.New()
	h.Write(b)
	return h.Sum(nil)
}

// Sha calls sha256.New, which returns a hash.Hash.
func Sha(b []byte) []byte {
	h := sha256.New()
	h.Write(b)
	return h.Sum(nil)
}

// Mac calls hmac.New, which returns a hash.Hash.
func Mac(b []byte) []byte {
	h := hmac.New(sha256.New, b)
	h.Write(b)
	return h.Sum(nil)
}

// Chosen calls one of two constructors.
func Chosen(b []byte, crc bool) []byte {
	var h hash.Hash32
	if crc {
		h = crc32.NewIEEE()
	} else {
		h = fnv.New32a()
	}
	h.Write(b)
	return h.Sum(nil)
}

// Teed hashes through a writer that copies to two.
func Teed(b []byte) []byte {
	h := fnv.New32a()
	io.MultiWriter(h, io.Discard).Write(b)
	return h.Sum(nil)
}

// Lined hashes through a buffer.
func Lined(b []byte) []byte {
	h := fnv.New32a()
	w := bufio.NewWriter(h)
	w.Write(b)
	w.Flush()
	return h.Sum(nil)
}

// Generics.

// Total adds areas through the interface.
func Total(list []Shape) (n int) {
	for _, s := range list {
		n += s.Area()
	}
	return n
}

// TotalOf adds areas of shapes of one type.
//
//go:noinline
func TotalOf[S Shape](list []S) (n int) {
	for _, s := range list {
		n += s.Area()
	}
	return n
}

type disc struct{ radius int } // as a circle, but for its method

func (d disc) Area() int { return 22 * d.radius * d.radius / 7 }

type block struct{ side, height int }

func (b *block) Area() int { return b.side * b.height }

// Totals adds areas of shapes of five types through TotalOf.
func Totals(a []*square, b []*block, c []circle, d []disc, e []Shape) int {
	return TotalOf(a) + TotalOf(b) + TotalOf(c) + TotalOf(d) + TotalOf(e)
}

// What the callee may do.

// ReadAny reads into an array by an unknown reader.
//
//go:noinline
func ReadAny(r io.Reader) byte {
	var b [64]byte
	r.Read(b[:])
	return b[0]
}

// ReadStrings reads into an array by a known reader.
//
//go:noinline
func ReadStrings(r *strings.Reader) byte {
	var b [64]byte
	r.Read(b[:])
	return b[0]
}

// ReadEither knows one reader and calls the others through the interface.
//
//go:noinline
func ReadEither(r io.Reader) byte {
	var b [64]byte
	switch r := r.(type) {
	case *strings.Reader:
		r.Read(b[:])
	default:
		r.Read(b[:])
	}
	return b[0]
}

// ReadApart does so with an array for each.
//
//go:noinline
func ReadApart(r io.Reader) byte {
	switch r := r.(type) {
	case *strings.Reader:
		var b [64]byte
		r.Read(b[:])
		return b[0]
	default:
		var b [64]byte
		r.Read(b[:])
		return b[0]
	}
}

// ReadLocal makes a reader and calls it through the interface.
//
//go:noinline
func ReadLocal(s string) byte {
	var r io.Reader = strings.NewReader(s)
	var b [64]byte
	r.Read(b[:])
	return b[0]
}

// Asking.

// ToConcrete asserts a concrete type.
func ToConcrete(v any) *square { return v.(*square) }

// ToConcreteOK asks for a concrete type.
func ToConcreteOK(v any) (int, bool) { n, ok := v.(int); return n, ok }

// ToInterface asserts an interface type.
func ToInterface(v any) Shape { return v.(Shape) }

// ToFewer changes the interface type to one with fewer methods.
func ToFewer(s interface {
	Shape
	fmt.Stringer
}) Shape {
	return s
}

// SwitchTypes switches over concrete types.
func SwitchTypes(v any) int {
	switch v.(type) {
	case int, uint:
		return 1
	case string:
		return 2
	case *square, circle:
		return 3
	}
	return 0
}

// SwitchInterfaces switches over interface types.
func SwitchInterfaces(v any) int {
	switch v.(type) {
	case Shape:
		return 1
	case fmt.Stringer:
		return 2
	}
	return 0
}

// SameAny compares two values of type any.
func SameAny(a, b any) bool { return a == b }

// SameShape compares two values of type Shape.
func SameShape(a, b Shape) bool { return a == b }

// IsSeven compares a value of type any with a constant.
func IsSeven(v any) bool { return v == 7 }

// IsN compares a value of type any with a variable.
func IsN(v any, n int) bool { return v == n }

// HoldsN asks for an int and compares that.
func HoldsN(v any, n int) bool { x, ok := v.(int); return ok && x == n }

// IsNil compares with nil.
func IsNil(s Shape) bool { return s == nil }

// CallZap calls one of five methods.
func CallZap(c Crowded) int { return c.Zap() }

// CallWrite calls another.
func CallWrite(c Crowded) int { return c.write() }
