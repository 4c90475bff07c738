// Package facts is compiled by the tests, which compare what is reported with the
// comments: want says what must be found on its line, and nothing of these kinds may be
// found that no comment names.
//
//	escapes: v <- w     the variable, or the storage for the expression, is on the heap;
//	                    after <- where it flows to
//	keeps: index        a check that stays, index, slice or nil
//	proves: index       a check that prove, or another pass, removed
//	inlines: F          a call that was inlined
//	calls: F            a call that was kept, by kind: static, interface, indirect
//	allocates: f        a call to this function of the runtime in the machine code
//	defers: open-coded  how a defer is done
//	barrier             a write barrier
package facts

import "strings"

var sink any

var global *int

type point struct{ x, y int }

type shape interface{ area() int }

func (p point) area() int   { return p.x * p.y }
func (p *point) grow(n int) { p.x += n }

func escapes() *int {
	v := 7 // want escapes: v
	return &v // want allocates-at: v
}

func stays() int {
	v := 7
	p := &v
	return *p
}

func stores(n int) {
	v := n // want escapes: v
	global = &v // want barrier
}

func boxes(n int) {
	sink = n // want escapes: n barrier
}

func sums(s []int) int {
	t := 0
	for i := range s {
		t += s[i] // want proves: index
	}
	return t
}

func pairs(s []int) int {
	t := 0
	for i := 0; i+1 < len(s); i++ {
		t += s[i] + s[i+1] // want proves: index
	}
	return t
}

func reads(s []int, i int) int {
	return s[i] // want keeps: index
}

func cuts(s []int, i int) []int {
	return s[i:] // want keeps: slice
}

func small(n int) int { return n + 1 }

//go:noinline
func big(n int) int { return n + 1 }

func calls(n int, f func(int) int, s shape) int {
	n = small(n) // want inlines: small
	n = big(n) // want calls: static big
	n = f(n) // want calls: indirect f
	return n + s.area() // want calls: interface area
}

func devirtualizes(n int) int {
	var s shape = point{n, n}
	return s.area() // want devirtualizes: point
}

func defers(n int, f func()) {
	defer f() // want defers: open-coded
	if n > 3 {
		f()
	}
}

func loopsDefers(n int, f func()) {
	for range n {
		defer f() // want defers: heap-allocated
	}
}

func closes(n int) func() int {
	return func() int { // want escapes: func
		n++
		return n
	}
}

func ranges(seq func(yield func(int) bool)) int {
	t := 0
	for v := range seq {
		t += v
	}
	return t
}

func largest[T int | string](s []T) T {
	m := s[0]
	for _, v := range s[1:] {
		if v > m {
			m = v
		}
	}
	return m
}

func instances(a []int, b []string) (int, string) { return largest(a), largest(b) }

func unused[T any](v T) T { return v }

func empty() *struct{} {
	return new(struct{})
}

func joins(a, b string) string { return strings.ToUpper(a + b) }

func makes(n int) []byte { return make([]byte, n) }
