// Package shapes has types of every shape whose layout is easily got wrong.
package shapes

import (
	"sync/atomic"
	"unsafe"
)

type Empty struct{}

type Bool bool

type Loose struct {
	a bool
	b int64
	c bool
	d int32
	e bool
}

type Tight struct {
	b       int64
	d       int32
	a, c, e bool
}

type Trailing struct {
	n int64
	_ struct{}
}

type TrailingArray struct {
	p *int
	b byte
	z [0]uint64
}

type OnlyZero struct {
	a struct{}
	b [0]int64
}

type LeadingZero struct {
	z [0]uint64
	b byte
}

type Counter struct {
	on   bool
	hits int64
	miss uint64
}

func (c *Counter) Hit() { atomic.AddInt64(&c.hits, 1) }

type Atomic struct {
	on   bool
	hits atomic.Int64
	last atomic.Bool
	u    atomic.Uint64
}

type Word struct {
	b bool
	u uintptr
	i int
	f float64
	c complex64
	z complex128
}

type Pointers struct {
	n  int
	s  string
	b  []byte
	e  any
	er error
	m  map[string]int
	c  chan int
	f  func()
	p  unsafe.Pointer
	q  *Pointers
	k  [3]int16
}

type Tail struct {
	a [4]string
	n int64
	b []int
	c int8
}

type Inner struct {
	b byte
	n int64
	s struct {
		x int16
		y *byte
	}
}

type Outer struct {
	on bool
	Inner
	more  [3]Inner
	other Inner
	*Tail
	p Pair[int8, Inner]
}

type Pair[K, V any] struct {
	key   K
	value V
	ok    bool
}

type Deep struct {
	a, b byte
	in   struct {
		c  byte
		in struct {
			d byte
			e int64
			f [0]int32
		}
	}
}

type Lines struct {
	head uint64
	_    [56]byte
	tail uint64
	_    [48]byte
	wide [3]uint64
}

const WordSize = unsafe.Sizeof(uintptr(0))

type BySize struct {
	a [WordSize]byte
	b [unsafe.Offsetof(Counter{}.hits)]byte
	c byte
}

type Flat = Pair[string, [2]bool]

type Func func(int) error

type List []Inner

type Grid [3][5]Trailing

// Values of all types, so that each has a descriptor.
var Values = []any{
	Empty{}, Bool(false), Loose{}, Tight{}, Trailing{}, TrailingArray{}, OnlyZero{}, LeadingZero{}, Counter{}, &Atomic{},
	Word{}, Pointers{}, Tail{}, Inner{}, Outer{}, Pair[int8, Inner]{}, Pair[string, [2]bool]{}, Deep{}, Lines{}, BySize{},
	Func(nil), List(nil), Grid{},
}
