//go:build wheat

// Package lru is a second solution of the lab, written without looking at the first:
// nodes are objects, lists are rings of pointers, a Go map finds the node. It shows
// that the checks ask for the contract and not for an arena.
//
// It allocates nothing in its steady state, because a node that was freed is used
// again, and it is about as fast as the reference. But a node of 48 bytes and a map that
// evicts are 95 bytes an entry, and twice that with ghosts: the waived checks. LRU is the
// textbook's own design here, so its speed is the peer's, more or less a tenth that depends
// on where its entries lie: it is no witness for a budget of 1.1.
//
// waives: TestLean_Speed TestLean_BytesPerEntry TestARC_BytesPerEntry TestS3FIFO_BytesPerEntry
package lru

import (
	"iter"
	"sync"
)

type node[K comparable, V any] struct {
	key        K
	value      V
	prev, next *node[K, V]
	in         *ring[K, V]
	uses       int
}

// A ring is a list through its own head.
type ring[K comparable, V any] struct {
	head node[K, V]
	len  int
}

func (r *ring[K, V]) push(n *node[K, V]) {
	first := r.head.next
	n.prev, n.next, n.in = &r.head, first, r
	first.prev, r.head.next = n, n
	r.len++
}

func (n *node[K, V]) leave() {
	n.prev.next, n.next.prev = n.next, n.prev
	n.in.len--
}

func (r *ring[K, V]) last() *node[K, V] { return r.head.prev }

// A store is the nodes of a cache by key, and its rings.
type store[K comparable, V any] struct {
	capacity int
	nodes    map[K]*node[K, V]
	rings    [4]ring[K, V]
	spare    *node[K, V] // the node freed last: one is enough, an eviction precedes each insertion
}

func (s *store[K, V]) open(capacity int) {
	if capacity < 0 || capacity > MaxCapacity {
		panic("lru: capacity out of range")
	}
	s.capacity = capacity
	s.Clear()
}

func (s *store[K, V]) Clear() {
	s.nodes, s.spare = map[K]*node[K, V]{}, nil
	for i := range s.rings {
		r := &s.rings[i]
		r.head.prev, r.head.next, r.len = &r.head, &r.head, 0
	}
}

func (s *store[K, V]) refuses(key K) bool { return s.capacity == 0 || key != key }

func (s *store[K, V]) add(r *ring[K, V], key K, value V) {
	n := s.spare
	if n == nil {
		n = new(node[K, V])
	}
	s.spare = nil
	n.key, n.value = key, value
	s.nodes[key] = n
	r.push(n)
}

func (s *store[K, V]) drop(n *node[K, V]) Entry[K, V] {
	e := Entry[K, V]{n.key, n.value}
	delete(s.nodes, n.key)
	n.leave()
	*n = node[K, V]{}
	s.spare = n
	return e
}

// haunt moves n to a ring of ghosts and returns it with the value that it had.
func (s *store[K, V]) haunt(n *node[K, V], ghosts *ring[K, V]) Entry[K, V] {
	out := n.replace(*new(V))
	n.move(ghosts)
	return out
}

func (n *node[K, V]) replace(value V) Entry[K, V] {
	out := Entry[K, V]{n.key, n.value}
	n.value = value
	return out
}

func (n *node[K, V]) move(to *ring[K, V]) {
	n.leave()
	to.push(n)
}

// all yields what is in the rings given, in that order.
func all[K comparable, V any](rings ...*ring[K, V]) iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		for _, r := range rings {
			for n := r.head.next; n != &r.head; {
				key, value := n.key, n.value
				n = n.next
				if !yield(key, value) {
					return
				}
			}
		}
	}
}

// live returns the node of key if it isn't in one of the rings of ghosts.
func (s *store[K, V]) live(key K, ghosts ...*ring[K, V]) *node[K, V] {
	n := s.nodes[key]
	for _, g := range ghosts {
		if n != nil && n.in == g {
			return nil
		}
	}
	return n
}

func (s *store[K, V]) remove(key K, live bool) (value V, ok bool) {
	if n := s.nodes[key]; n != nil {
		value = s.drop(n).Value
		return value, live
	}
	return value, false
}

// LRU is one ring.
type LRU[K comparable, V any] struct{ store[K, V] }

func NewLRU[K comparable, V any](capacity int) *LRU[K, V] {
	c := new(LRU[K, V])
	c.open(capacity)
	return c
}

func (c *LRU[K, V]) Get(key K) (value V, ok bool) {
	if n := c.nodes[key]; n != nil {
		n.move(&c.rings[0])
		return n.value, true
	}
	return value, false
}

func (c *LRU[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	if c.refuses(key) {
		return Entry[K, V]{key, value}, true
	}
	if n := c.nodes[key]; n != nil {
		n.move(&c.rings[0])
		return n.replace(value), true
	}
	if ok = c.Len() == c.capacity; ok {
		out = c.drop(c.rings[0].last())
	}
	c.add(&c.rings[0], key, value)
	return out, ok
}

func (c *LRU[K, V]) Delete(key K) (V, bool) { return c.remove(key, true) }
func (c *LRU[K, V]) Len() int               { return len(c.nodes) }
func (c *LRU[K, V]) All() iter.Seq2[K, V]   { return all(&c.rings[0]) }

// ARC has T1, T2, B1, B2 as its rings 0 to 3.
type ARC[K comparable, V any] struct {
	store[K, V]
	p int
}

type ARCShape struct{ Target, T1, T2, B1, B2 int }

func NewARC[K comparable, V any](capacity int) *ARC[K, V] {
	c := new(ARC[K, V])
	c.open(capacity)
	return c
}

func (c *ARC[K, V]) Get(key K) (value V, ok bool) {
	if n := c.live(key, &c.rings[2], &c.rings[3]); n != nil {
		n.move(&c.rings[1])
		return n.value, true
	}
	return value, false
}

func (c *ARC[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	if c.refuses(key) {
		return Entry[K, V]{key, value}, true
	}
	t1, t2, b1, b2 := &c.rings[0], &c.rings[1], &c.rings[2], &c.rings[3]
	n := c.nodes[key]
	if n == nil {
		switch {
		case t1.len == c.capacity:
			out, ok = c.drop(t1.last()), true
		case t1.len+b1.len == c.capacity:
			c.drop(b1.last())
			out, ok = c.replace(false)
		default:
			if t1.len+t2.len+b1.len+b2.len == 2*c.capacity {
				c.drop(b2.last())
			}
			out, ok = c.replace(false)
		}
		c.add(t1, key, value)
		return out, ok
	}
	switch n.in {
	case b1:
		c.p = min(c.capacity, c.p+max(1, b2.len/b1.len))
		out, ok = c.replace(false)
	case b2:
		c.p = max(0, c.p-max(1, b1.len/b2.len))
		out, ok = c.replace(true)
	default:
		out, ok = n.replace(value), true
	}
	n.value = value
	n.move(t2)
	return out, ok
}

func (c *ARC[K, V]) replace(inB2 bool) (out Entry[K, V], ok bool) {
	t1, t2 := &c.rings[0], &c.rings[1]
	if t1.len+t2.len < c.capacity {
		return out, false
	}
	if t1.len > 0 && (t1.len > c.p || inB2 && t1.len == c.p) {
		return c.haunt(t1.last(), &c.rings[2]), true
	}
	return c.haunt(t2.last(), &c.rings[3]), true
}

func (c *ARC[K, V]) Delete(key K) (V, bool) {
	return c.remove(key, c.live(key, &c.rings[2], &c.rings[3]) != nil)
}
func (c *ARC[K, V]) Len() int             { return c.rings[0].len + c.rings[1].len }
func (c *ARC[K, V]) All() iter.Seq2[K, V] { return all(&c.rings[1], &c.rings[0]) }
func (c *ARC[K, V]) Clear()               { c.p = 0; c.store.Clear() }
func (c *ARC[K, V]) Shape() ARCShape {
	return ARCShape{c.p, c.rings[0].len, c.rings[1].len, c.rings[2].len, c.rings[3].len}
}

// S3FIFO has small, main and ghost as its rings 0 to 2.
type S3FIFO[K comparable, V any] struct{ store[K, V] }

type S3FIFOShape struct{ Small, Main, Ghost int }

func NewS3FIFO[K comparable, V any](capacity int) *S3FIFO[K, V] {
	c := new(S3FIFO[K, V])
	c.open(capacity)
	return c
}

func (c *S3FIFO[K, V]) Get(key K) (value V, ok bool) {
	if n := c.live(key, &c.rings[2]); n != nil {
		n.uses = min(3, n.uses+1)
		return n.value, true
	}
	return value, false
}

func (c *S3FIFO[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	if c.refuses(key) {
		return Entry[K, V]{key, value}, true
	}
	queue := &c.rings[0]
	if n := c.nodes[key]; n != nil {
		if n.in != &c.rings[2] {
			n.uses = min(3, n.uses+1)
			return n.replace(value), true
		}
		c.drop(n)
		queue = &c.rings[1]
	}
	if ok = c.Len() == c.capacity; ok {
		out = c.evict()
	}
	c.add(queue, key, value)
	return out, ok
}

func (c *S3FIFO[K, V]) evict() Entry[K, V] {
	share := max(1, c.capacity/10)
	for {
		small, main, ghost := &c.rings[0], &c.rings[1], &c.rings[2]
		n := main.last()
		if small.len >= share {
			n = small.last()
		}
		switch {
		case n.in == small && n.uses > 1:
			n.uses = 0
			n.move(main)
		case n.in == small:
			n.uses = 0
			out := c.haunt(n, ghost)
			if ghost.len > c.capacity-share {
				c.drop(ghost.last())
			}
			return out
		case n.uses > 0:
			n.uses--
			n.move(main)
		default:
			return c.drop(n)
		}
	}
}

func (c *S3FIFO[K, V]) Delete(key K) (V, bool) {
	return c.remove(key, c.live(key, &c.rings[2]) != nil)
}
func (c *S3FIFO[K, V]) Len() int             { return c.rings[0].len + c.rings[1].len }
func (c *S3FIFO[K, V]) All() iter.Seq2[K, V] { return all(&c.rings[1], &c.rings[0]) }
func (c *S3FIFO[K, V]) Shape() S3FIFOShape {
	return S3FIFOShape{c.rings[0].len, c.rings[1].len, c.rings[2].len}
}

// Safe is a mutex around a cache.
type Safe[K comparable, V any] struct {
	mu    sync.Mutex
	cache Cache[K, V]
	gone  func(K, V)
}

func NewSafe[K comparable, V any](cache Cache[K, V], gone func(K, V)) *Safe[K, V] {
	return &Safe[K, V]{cache: cache, gone: gone}
}

func (c *Safe[K, V]) locked(f func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	f()
}

func (c *Safe[K, V]) Get(key K) (value V, ok bool) {
	c.locked(func() { value, ok = c.cache.Get(key) })
	return value, ok
}

func (c *Safe[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	c.locked(func() { out, ok = c.cache.Put(key, value) })
	if ok && c.gone != nil {
		c.gone(out.Key, out.Value)
	}
	return out, ok
}

func (c *Safe[K, V]) Delete(key K) (value V, ok bool) {
	c.locked(func() { value, ok = c.cache.Delete(key) })
	return value, ok
}

func (c *Safe[K, V]) Len() (n int) {
	c.locked(func() { n = c.cache.Len() })
	return n
}

func (c *Safe[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		var entries []Entry[K, V]
		c.locked(func() {
			for key, value := range c.cache.All() {
				entries = append(entries, Entry[K, V]{key, value})
			}
		})
		for _, e := range entries {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	}
}

func (c *Safe[K, V]) Clear() { c.locked(c.cache.Clear) }
