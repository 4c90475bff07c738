// Package compiled has, for each claim about the compiler, a function of which it holds
// and one of which it does not.
package compiled

import (
	"bytes"
	"io"
	"math"
	"math/bits"
	"sync"
)

type T struct{ a, b int }

var (
	sink *T
	lock sync.Mutex
)

// Escape.

func Stays(n int) int {
	kept := &T{a: n}
	other := kept
	return other.a + other.b
}

func Moves(n int) {
	moved := T{a: n}
	sink = &moved
}

func Held(n int) {
	held := &T{a: n}
	sink = held
}

// InlinesMoves has a variable of its own, and one that is Moves's.
func InlinesMoves(n int) int {
	mine := T{a: n}
	Moves(mine.a)
	return func() int {
		inner := &T{b: n}
		return inner.b
	}()
}

func Reads(from *T) int { return from.a }

func Keeps(from *T) { sink = from }

func Returns(from *T) *T { return from }

func Captures(n int) func() int {
	captured := n
	return func() int { captured++; return captured }
}

// Allocation.

func Fixed() int {
	buf := make([]byte, 64)
	return len(buf) + cap(buf)
}

// Sized has a buffer that does not escape, and that is allocated where n is large.
func Sized(n int) byte {
	buf := make([]byte, n)
	for i := range buf {
		buf[i] = byte(i)
	}
	return buf[n/2]
}

func Joins(a, b string) string { return a + b }

func InClosure(n int) func() *T {
	return func() *T { return &T{a: n} }
}

// Bounds.

func Sum(b []int) int {
	sum := 0
	for i := range b {
		sum += b[i]
	}
	return sum
}

func Pairs(b []int) int {
	sum := 0
	for i := 0; i+1 < len(b); i += 2 {
		sum += b[i] * b[i+1]
	}
	return sum
}

func Nth(b []int, n int) int {
	first := b[:len(b):len(b)]
	return len(first) +
		b[n]
}

func Generic[E any](b []E, n int) E { return b[n] }

func Proven[E any](b []E) (last E) {
	for i := range b {
		last = b[i]
	}
	return last
}

func Uninstantiated[E any](b []E) E { return b[0] }

func Instances() (int, string) {
	return Generic([]int{1}, 0) + Proven([]int{1}), Generic([]string{""}, 0) + Proven([]string{""})
}

// Nil.

func Near(p *T) int { return p.b }

func Far(p *[1 << 20]int) *int { return &p[1<<19] }

// Calls and frames.

func Leaf(a, b int) int { return a*b + a }

func Calls(a int) int { return opaque(a) + 1 }

//go:noinline
func opaque(a int) int { return a + 1 }

func Big(n int) byte {
	var big [2048]byte
	big[n&1023] = 1
	return big[(n+1)&1023]
}

// Inlining.

func small(a int) int { return a + a }

func CallsSmall(a int) int { return small(a) * 3 }

func DefersSmall(a int) { defer small(a) }

func Recursive(a int) int {
	if a < 2 {
		return a
	}
	return Recursive(a-1) + Recursive(a-2)
}

// Interfaces.

func Concrete(b, to []byte) int {
	var r io.Reader = bytes.NewReader(b)
	n, _ := r.Read(to)
	return n
}

func Abstract(r io.Reader, to []byte) int {
	n, _ := r.Read(to)
	return n
}

// Collector.

func StoreInt(p *int, n int) { *p = n }

func StorePointer(p **T, q *T) { *p = q }

// Defers.

func Locked() int {
	lock.Lock()
	defer lock.Unlock()
	return 1
}

func LockedInLoop(n int) {
	for range n {
		lock.Lock()
		defer lock.Unlock()
	}
}

// Instructions.

func Ones(n uint64) int { return bits.OnesCount64(n) }

func Root(x float64) float64 { return math.Sqrt(x) }
