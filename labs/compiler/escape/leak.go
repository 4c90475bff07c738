package escape

// Stage leak: what a function does with its parameters, as its callers are told.

// A Node is an element of a list.
type Node struct {
	next  *Node
	value int
}

// Nine functions that return something of what they were given.

func Itself(n *Node) *Node      { return n }
func Next(n *Node) *Node        { return n.next }
func Second(n *Node) *Node      { return n.next.next }
func Value(n *Node) int         { return n.next.value }
func Place(n *Node) *int        { return &n.next.value }
func Copy(n *Node) Node         { return *n }
func First(list []*Node) *Node  { return list[0] }
func FirstOf(list []Node) *Node { return &list[0] }

func Last(n *Node) *Node {
	for n.next != nil {
		n = n.next
	}
	return n
}

// A Buffer holds bytes, rows, and room for a few bytes.
type Buffer struct {
	data []byte
	rows []*Node
	room [8]byte
}

func (b *Buffer) Trim(n int)    { b.data = b.data[n:] }
func (b *Buffer) Reset()        { b.data = b.room[:0] }
func (b *Buffer) Grow()         { b.data = append(b.data, 0) }
func (b *Buffer) Swap(i, j int) { b.rows[i], b.rows[j] = b.rows[j], b.rows[i] }

func (b *Buffer) TrimLater(n int) {
	data := b.data
	b.data = data[n:]
}

func (b *Buffer) Fill(from []byte)  { copy(b.data, from) }
func (b *Buffer) Take(from []byte)  { b.data = from }
func (b *Buffer) Add(from []byte)   { b.data = append(b.data, from...) }
func (b *Buffer) Link(from []*Node) { copy(b.rows, from) }
func (b *Buffer) Lend(from *Buffer) { b.rows = from.rows }

// Eight functions that do something with a pointer.

func ToAny(p *int) any                 { return p }
func ToText(p []byte) string           { return string(p) }
func ToMap(m map[string]*int, p *int)  { m["p"] = p }
func ToPart(s string) string           { return s[1:] }
func ToClosure(p *int) func() int      { return func() int { return *p } }
func ToChannel(c chan<- *int, p *int)  { c <- p }
func ToPanic(p *int)                   { panic(p) }
func ToAppend(s []*int, p *int) []*int { return append(s, p) }

// Spread returns each of its parameters, in order.
func Spread(a, b, c, d, e, f, g, h *int) (_, _, _, _, _, _, _, _ *int) {
	return a, b, c, d, e, f, g, h
}

//go:noinline
func NewNode(v int) *Node { return &Node{value: v} }

//go:noinline
func FillNode(n *Node, v int) { n.value = v }

//go:noinline
func PassNode(n *Node, v int) *Node { n.value = v; return n }

//go:noinline
func LinkNode(n, m *Node) { n.next = m }

// Call calls them all. None of the functions is inlined.
func Call(keep **Node) int {
	a := NewNode(1)

	b, c := Node{}, Node{}
	FillNode(&b, 2)
	d := PassNode(&c, 3)

	e := Node{}
	*keep = NextNode(&e)
	f := Node{}
	g := Node{next: &f}
	*keep = NextNode(&g)

	h, i := Node{}, Node{}
	LinkNode(&h, &i)

	var j, k [8]byte
	x, y := Buffer{data: j[:]}, Buffer{data: k[:]}
	TrimApart(&x)
	TrimLaterApart(&y)
	return a.value + b.value + d.value + len(x.data) + len(y.data)
}

//go:noinline
func NextNode(n *Node) *Node { return n.next }

//go:noinline
func TrimApart(b *Buffer) { b.Trim(1) }

//go:noinline
func TrimLaterApart(b *Buffer) { b.TrimLater(1) }
