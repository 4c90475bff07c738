// Package facts is compiled by the tests, which compare what is reported with the
// comments: a want comment names everything that is found on its line, other lines have
// nothing.
//
//	escapes: v        the variable, or the storage for the expression, is on the heap
//	keeps: index      a bounds check that stays
//	proves: index     a bounds check that a pass removed
//	inlined: F        a call that was inlined
//	static: F         a call that was kept; also interface, indirect
//	devirtualizes: T  the call goes to a method of T, and the source doesn't say so
//	allocates         the machine code takes memory from the heap
//	defers: how       how a defer is done
//	barrier           a write barrier
package facts

import "strings"

var sink any

var global *int

type point struct{ x, y int }

type shape interface{ area() int }

func (p point) area() int   { return p.x * p.y }
func (p *point) grow(n int) { p.x += n }

func escapes() *int {
	v := 7 // want allocates; escapes: v
	return &v
}

func stays() int {
	v := 7
	p := &v
	return *p
}

func stores(n int) {
	v := n      // want allocates; escapes: v
	global = &v // want barrier
}

func boxes(n int) {
	sink = n // want allocates; barrier; escapes: n
}

func sums(s []int) int {
	t := 0
	for i := range s {
		t += s[i] // want proves: index
	}
	return t
}

func nextTo(s []int) int {
	t := 0
	for i := 0; i+1 < len(s); i++ {
		t += s[i+1] // want keeps: index
	}
	return t
}

func reads(s []int, i int) int {
	return s[i] // want keeps: index
}

func readsFirst(s []int) int {
	if len(s) == 0 {
		return 0
	}
	return s[0] // want proves: index
}

func masked(s *[16]int, i int) int {
	return s[i&15] // the front end makes no check at all
}

func cuts(s string, i int) string {
	return s[i:] // want keeps: slice
}

func small(n int) int { return n + 1 }

//go:noinline
func big(n int) int { return n + 1 }

func calls(n int, f func(int) int, s shape) int {
	n = small(n)        // want inlined: small
	n = big(n)          // want static: big
	n = f(n)            // want indirect: f
	return n + s.area() // want interface: s.area
}

func devirtualizes(n int) int {
	var s shape = point{n, n}
	return s.area() // want devirtualizes: point; inlined: point.area
}

func defers(n int, f func()) {
	defer f() // want defers: open-coded; indirect: f
	if n > 3 {
		f() // want indirect: f
	}
}

func loopsDefers(n int, f func()) {
	for range n {
		defer f() // want allocates; defers: heap-allocated; indirect: f
	}
}

func closes(n int) func() int { // want allocates; escapes: n
	return func() int { // want allocates; barrier; escapes: func literal
		n++
		return n
	}
}

func upTo(n int) func(yield func(int) bool) {
	return func(yield func(int) bool) { // want allocates; escapes: func literal
		for i := range n {
			if !yield(i) { // want indirect: yield
				return
			}
		}
	}
}

func ranges() int {
	t := 0
	for v := range upTo(9) { // want inlined: upTo
		t += v
	} // want static: runtime.panicrangestate
	return t
}

func largest[T int | string](s []T) T {
	m := s[0]                 // want keeps: index
	for _, v := range s[1:] { // want proves: slice
		if v > m {
			m = v
		}
	}
	return m
}

func instances(a []int, b []string) (int, string) { return largest(a), largest(b) } // want inlined: largest[go.shape.int]; inlined: largest[go.shape.string]

func unused[T any](v T) T { return v }

func empty() *struct{} {
	return new(struct{}) // want escapes: new(struct {})
}

func joins(a, b string) string { return strings.ToUpper(a + b) } // want allocates; escapes: a + b; static: strings.ToUpper

func makes(n int) []byte { return make([]byte, n) } // want allocates; escapes: make([]byte, n)

type ring struct {
	buf []int
	at  int
}

func (r *ring) next() int { return r.buf[r.at] } // want keeps: index

func callsCalls(n int, f func(int) int, s shape) int {
	return calls(n, f, s) // want static: calls
}
