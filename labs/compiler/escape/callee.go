package escape

import (
	"fmt"
	"io"
	"iter"
	"slices"
	"sort"
	"strconv"
)

// Stage callee: what moves to the heap because of who is called.

// A Putter takes an address.
type Putter interface{ Put(p *int) }

// Null is a Putter that keeps nothing.
type Null struct{}

//go:noinline
func (Null) Put(p *int) { *p++ }

//go:noinline
func UseInt(p *int) { *p++ }

//go:noinline
func PutTo[P Putter](to P, p *int) { to.Put(p) }

// Unknown passes ten addresses to functions of which none keeps anything.
func Unknown(to Putter, f func(*int), hook *func(*int)) {
	a, b, c, d, e, g, h, i, j, k := 1, 2, 3, 4, 5, 6, 7, 8, 9, 10
	UseInt(&a)
	to.Put(&b)
	var null Putter = Null{}
	null.Put(&c)
	f(&d)
	local := UseInt
	local(&e)
	(*hook)(&g)
	PutTo(Null{}, &h)
	func(p *int) { UseInt(p) }(&i)
	if known, ok := to.(Null); ok {
		known.Put(&j)
	}
	put := Null{}.Put
	put(&k)
}

// A Point has a constructor of each kind.
type Point struct{ x, y int }

//go:noinline
func (p *Point) Scale(n int) { p.x *= n; p.y *= n }

// A Scaler can be scaled.
type Scaler interface{ Scale(n int) }

func NewPoint(x, y int) *Point { return &Point{x, y} }

//go:noinline
func NewApart(x, y int) *Point { return &Point{x, y} }

func NewScaler(x, y int) Scaler { return &Point{x, y} }

func NewChecked(x, y int) (*Point, error) {
	if x < 0 || y < 0 {
		return nil, fmt.Errorf("negative: %d, %d", x, y)
	}
	return &Point{x, y}, nil
}

func NewSafe(x, y int) (p *Point) {
	defer func() { _ = recover() }()
	return &Point{x, y}
}

func NewLoop(x, y int) *Point {
	p := new(Point)
	for p.x < x {
		p.x++
	}
	p.y = y
	return p
}

// Six users of them.

//go:noinline
func UsePoint(x int) { NewPoint(x, 2).Scale(3) }

//go:noinline
func UseApart(x int) { NewApart(x, 2).Scale(3) }

//go:noinline
func UseScaler(x int) { NewScaler(x, 2).Scale(3) }

//go:noinline
func UseChecked(x int) {
	if p, err := NewChecked(x, 2); err == nil {
		p.Scale(3)
	}
}

//go:noinline
func UseSafe(x int) { NewSafe(x, 2).Scale(3) }

//go:noinline
func UseLoop(x int) { NewLoop(x, 2).Scale(3) }

// A Line is another Scaler.
type Line struct{ n int }

//go:noinline
func (l *Line) Scale(n int) { l.n *= n }

// Concrete scales six variables through an interface.
func Concrete(long bool, given Scaler) {
	var a Scaler = &Point{1, 2}
	a.Scale(1)

	var b Scaler = &Point{1, 2}
	if long {
		b = &Point{3, 4}
	}
	b.Scale(1)

	var c Scaler = &Point{1, 2}
	if long {
		c = &Line{3}
	}
	c.Scale(1)

	d := NewScaler(1, 2)
	d.Scale(1)

	e := PickScaler(1)
	e.Scale(1)

	f := given
	if f == nil {
		f = &Point{5, 6}
	}
	f.Scale(1)
}

//go:noinline
func PickScaler(n int) Scaler { return &Point{n, n} }

// A Server is configured in three styles.
type Server struct {
	port int
	name string
}

// An Option changes a Server.
type Option func(*Server)

func WithPort(n int) Option    { return func(s *Server) { s.port = n } }
func WithName(n string) Option { return func(s *Server) { s.name = n } }

//go:noinline
func (s *Server) Run() int { return s.port + len(s.name) }

func NewServer(options ...Option) *Server {
	s := &Server{}
	for _, o := range options {
		o(s)
	}
	return s
}

//go:noinline
func ByOptions(n int, name string) int { return NewServer(WithPort(n), WithName(name)).Run() }

func (s *Server) Port(n int) *Server    { s.port = n; return s }
func (s *Server) Name(n string) *Server { s.name = n; return s }

//go:noinline
func ByChain(n int, name string) int { return new(Server).Port(n).Name(name).Run() }

// Count yields the numbers from 0 to n-1.
func Count(n int) iter.Seq[int] {
	return func(yield func(int) bool) {
		for i := range n {
			if !yield(i) {
				return
			}
		}
	}
}

//go:noinline
func CountApart(n int) iter.Seq[int] { return Count(n) }

//go:noinline
func SumInlined(n int) (sum int) {
	for i := range Count(n) {
		sum += i
	}
	return sum
}

//go:noinline
func SumApart(n int) (sum int) {
	for i := range CountApart(n) {
		sum += i
	}
	return sum
}

//go:noinline
func SumGiven(seq iter.Seq[int]) (sum int) {
	for i := range seq {
		sum += i
	}
	return sum
}

// Ascending is a slice as package sort would have it.
type Ascending []int

func (s Ascending) Len() int           { return len(s) }
func (s Ascending) Less(i, j int) bool { return s[i] < s[j] }
func (s Ascending) Swap(i, j int)      { s[i], s[j] = s[j], s[i] }

// Three ways to order a slice, and one to search it.

//go:noinline
func SortSlice(s []int) { sort.Slice(s, func(i, j int) bool { return s[i] < s[j] }) }

//go:noinline
func SortSort(s []int) { sort.Sort(Ascending(s)) }

//go:noinline
func SortFunc(s []int, by int) { slices.SortFunc(s, func(a, b int) int { return (a - b) * by }) }

//go:noinline
func SortSearch(s []int, x int) int {
	return sort.Search(len(s), func(i int) bool { return s[i] >= x })
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
