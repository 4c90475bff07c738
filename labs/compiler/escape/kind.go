package escape

import "strconv"

// Stage kind: what moves to the heap because of what it is.

// Large has eight variables and objects of about 64 and 128 KiB.
func Large() int {
	var a [128 << 10]byte
	var b [128<<10 + 1]byte
	c := new([64 << 10]byte)
	d := new([64<<10 + 1]byte)
	e := make([]byte, 64<<10)
	f := make([]byte, 64<<10+1)
	g := &[100 << 10]byte{1}
	h := [100 << 10]byte{1}
	return Look(a[:]) + Look(b[:]) + Look(c[:]) + Look(d[:]) + Look(e) + Look(f) + Look(g[:]) + Look(h[:])
}

// Look reads its argument and keeps nothing.
//
//go:noinline
func Look(b []byte) int { return len(b) + int(b[0]) }

// Nine ways to make a slice that stays in the function. Their parameter is not
// known to the compiler.

//go:noinline
func MakeConst(int) { Look(make([]byte, 64)) }

//go:noinline
func MakeNamed(int) {
	size := 64
	Look(make([]byte, size))
}

//go:noinline
func MakeParam(n int) { Look(make([]byte, n)) }

//go:noinline
func MakeCapped(n int) { Look(make([]byte, min(n, 40))) }

//go:noinline
func MakeRoom(n int) { Look(make([]byte, 1, n)) }

//go:noinline
func MakeInts(n int) { LookInts(make([]int, n)) }

//go:noinline
func MakeWide(n int) { LookWide(make([][40]byte, n)) }

//go:noinline
func MakeLen(int) {
	names := []string{"a", "b", "c"}
	LookInts(make([]int, len(names)))
}

//go:noinline
func MakeFixed(int) {
	size := 20
	size *= 2
	Look(make([]byte, size))
}

//go:noinline
func LookInts(s []int) int { return s[0] }

//go:noinline
func LookWide(s [][40]byte) int { return len(s) }

// Ten conversions to an interface that is kept.

//go:noinline
func BoxInt(keep *any, n int) { *keep = n }

//go:noinline
func BoxByte(keep *any, b byte) { *keep = b }

//go:noinline
func BoxConst(keep *any) { *keep = 1000 }

//go:noinline
func BoxString(keep *any, s string) { *keep = s }

//go:noinline
func BoxPointer(keep *any, p *Node) { *keep = p }

//go:noinline
func BoxArray(keep *any, p [1]*Node) { *keep = p }

//go:noinline
func BoxPair(keep *any, p [2]*Node) { *keep = p }

//go:noinline
func BoxEmpty(keep *any) { *keep = struct{}{} }

//go:noinline
func BoxFunc(keep *any, f func()) { *keep = f }

//go:noinline
func BoxSlice(keep *any, s []int) { *keep = s }

// Capture returns closures over nine variables, all of them used in one.
func Capture(n int) (func() int, []func() int) {
	a := n
	b := n
	b++
	c := [16]int64{1: 2}
	d := [17]int64{1: 2}
	e := n
	f := n
	p := &f
	g := n
	h := 0
	if n > 1 {
		h = n
	}
	i := 0
	var list []func() int
	for range n {
		i++
		list = append(list, func() int { return i })
	}
	sum := func() int {
		e++
		return a + b + int(c[1]+d[1]) + e + *p + f + g + h
	}
	g++
	return sum, list
}

// A Counter counts.
type Counter struct{ n int }

//go:noinline
func (c *Counter) Add(n int) { c.n += n }

// Show has a receiver that is a value.
//
//go:noinline
func (c Counter) Show(to *int) { *to = c.n }

// Defer calls a method of each variable, later or elsewhere.
func Defer(n int) {
	var a, b, c, d, e, f Counter
	defer a.Add(1)
	defer func() { b.Add(1) }()
	for range n {
		defer c.Add(1)
	}
	go d.Add(1)
	func() {
		defer e.Add(1)
	}()
	if n > 1 {
		defer f.Add(1)
	}
}

// Bound makes method values.
func Bound(keep *func(int), show *func(*int)) {
	var a, b, c, d, e Counter
	*keep = a.Add
	*show = b.Show
	add := c.Add
	add(1)
	Each(d.Add)
	(*Counter).Add(&e, 1)
}

// Each calls f and keeps nothing.
//
//go:noinline
func Each(f func(int)) { f(1) }

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
