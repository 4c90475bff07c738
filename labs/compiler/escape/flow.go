package escape

// Stage flow: what moves to the heap because of where its address goes.

// Order keeps p once. Before and after that, p and q hold other addresses.
func Order(keep **int) int {
	a, b, c, d := 1, 2, 3, 4
	p := &a
	q := p
	p = &b
	*keep = p
	p, q = &d, &c
	return *p + *q
}

// Store writes eight addresses to eight places. None of them leaves.
func Store() int {
	a, b, c, d, e, f, g, h := 1, 2, 3, 4, 5, 6, 7, 8
	p := &a
	q := &p
	*q = &b

	var array [1]*int
	array[0] = &c
	slice := []*int{&d}
	slice[0] = &e

	var pair struct{ left, right *int }
	pair.left = &f
	to := &pair
	to.right = &g

	set := map[int]*int{}
	set[0] = &h
	return *p + *array[0] + *slice[0] + *pair.left + *pair.right + *set[0]
}

// Field keeps one field of a struct, an int that was beside a pointer, and one
// element of an array.
func Field(keep **int, number *int) {
	a, b, c, d, e, f := 1, 2, 3, 4, 5, 6
	var pair struct{ left, right *int }
	pair.left, pair.right = &a, &b
	*keep = pair.left

	tagged := struct {
		tag int
		p   *int
	}{1, &c}
	*number = tagged.tag

	array := [2]*int{&d, &e}
	*keep = array[1]
	local := [2]*int{&f}
	*number = *local[0]
}

// Level keeps what lies at three depths behind a pointer to a pointer.
func Level(one **int, two ***int) {
	a, b, c := 1, 2, 3
	p, q, r := &a, &b, &c
	pp, qq, rr := &p, &q, &r
	*one = *pp
	*two = qq
	**one = **rr
}

// Loop keeps addresses beyond the iteration that made them, and some not.
func Loop(n int) int {
	var last *int
	a := n
	for i := range n {
		b, c := i, i
		near := &b
		last = &c
		n += *near
	}
	for i := 0; i < n; i++ {
		last = &i
	}
	last = &a
again:
	d := n
	if n > 9 {
		last = &d
		n--
		goto again
	}
	{
		e := n
		last = &e
	}
	return *last
}

// A Box holds a pointer.
type Box struct{ p *int }

// Route keeps v, by a detour.
func Route(keep *Box) int {
	v, w := 1, 2
	a := &v
	b := a
	c := Box{b}
	d := &c
	e := d.p
	f := Box{a}
	g := f.p
	h := &w
	keep.p = e
	return *g + *h
}
