// Package claims has directives that hold, and, where a want stands behind them, some
// that do not.
package claims

import "io"

type T struct{ a, b int }

var sink *T

// In the comment of a function.
//
//hone:claim noescape n
//hone:claim noheapalloc // want "1 calls allocate on the heap"
//hone:claim noescape m // want "m escapes"
//hone:claim noescape absent // want "has no variable absent"
func Put(n int) {
	m := T{a: n}
	sink = &m
}

//hone:claim noboundschecks
//hone:claim noboundschecks "s += b[i]"
//hone:claim noboundschecks "s -= b[i]" // want "no line with"
//hone:claim leaf
//hone:claim nonilchecks
//hone:claim nowritebarrier
//hone:claim inlinable 80
//hone:claim inlinable
//hone:claim inlinable 3 // want "claimed at most 3"
//hone:claim frameatmost 0
func Sum(b []int) (s int) {
	for i := range b {
		s += b[i]
	}
	return s
}

// In its body, about a line.
func Lines(b []int, i int) int {
	x := b[i]     //hone:claim noboundschecks // want "1 bounds checks are left at"
	y := b[i] * 3 //hone:claim noboundschecks
	//hone:claim noboundschecks // want "1 bounds checks are left at"
	z := b[i+1]

	//hone:claim noboundschecks

	// A comment between is none of its lines.
	w := b[0] * 5
	return x + y + z + w
}

func Short(b []int) int { return b[1] } //hone:claim noboundschecks // want "1 bounds checks"

// In a body, and about all of the function.
func Root(x []*T) (n int) {
	defer func() { n++ }() //hone:claim opendefers
	for _, t := range x {
		n += small(t) //hone:claim inlined small
	}
	return n
}

func small(t *T) int { return t.a }

type file struct{}

func (*file) Read(p []byte) (int, error) { return len(p), nil }

//hone:claim devirtualized r.Read
//hone:claim devirtualized r.Write // want "no call of r.Write"
//hone:claim uses RET
//hone:claim uses RET NOSUCH // want "no instruction NOSUCH"
func Concrete(p []byte) int {
	var r io.Reader = &file{}
	n, _ := r.Read(p)
	return n
}

type List[E any] struct{ all []E }

//hone:claim noheapalloc // want "growslice"
func (l *List[E]) Push(e E) { l.all = append(l.all, e) }

//hone:claim noheapalloc
func (l List[E]) Len() int { return len(l.all) }

var ints List[int]

func Use() int { ints.Push(1); return ints.Len() }

//hone:claim leaf // want "no compiled code"
func Generic[E any](e E) E { return e }

// About types.
//
//hone:claim size 24 // want "it has 16 bytes, claimed 24"
//hone:claim sizeatmost 16
//hone:claim sizeatmost 15 // want "it has 16 bytes, claimed at most 15"
//hone:claim align 8
//hone:claim offset b 8
//hone:claim offset b 9 // want "b stands at offset 8, claimed 9"
//hone:claim offset c 9 // want "no field c"
//hone:claim nopadding // want "7 of its 16 bytes are padding, claimed none"
//hone:claim nopointers
//hone:claim leaf // want "a claim about a function, and stands at a type"
type U struct {
	a bool
	b int64
}

//hone:claim nopointers // want "it holds pointers"
//hone:claim nopadding
type P struct{ next *P }

type Q struct{ a bool } //hone:claim size 1

//hone:claim size 8 // want "a generic type has no layout"
type G[E any] struct{ e E }

type (
	//hone:claim size 4
	A int32
	B int64
)

// Directives that are none, or stand nowhere.

//hone:claim leaf // want "no function and no type"

//hone:claim size 8 // want "no function and no type"
var x int

// hone:claim leaf // want "is written //hone:claim"
// hone: claim leaf // want "is written //hone:claim"
//
//hone:claims leaf // want "is written //hone:claim"
//hone:claim // want "it claims nothing"
//hone:claim noescpae a // want "there is no claim noescpae"
//hone:claim noescape // want "written //hone:claim noescape VARIABLE"
//hone:claim leaf now // want "written //hone:claim leaf"
//hone:claim frameatmost x // want "x is no number"
//hone:claim frameatmost -1 // want "-1 is no number"
//hone:claim size 8 // want "a claim about a type, and stands at a function"
func None(a int) int { return a + x }
