package lru

import "iter"

// ARC is the Adaptive Replacement Cache of Nimrod Megiddo and Dharmendra S. Modha,
// "ARC: A Self-Tuning, Low Overhead Replacement Cache", FAST '03. It isn't safe for
// concurrent use.
type ARC[K comparable, V any] struct {
	capacity int         //hone:line arc
	target   int         //hone:line arc
	table    table[K, V] //hone:line arc
}

// ARCShape is what can be seen of an ARC from outside: the paper's p and the lengths of
// its four lists.
type ARCShape struct {
	Target         int // p: how many of the entries T1 should have
	T1, T2, B1, B2 int
}

// The lists of an ARC, named as in the paper.
//
// # Idea
//
// LRU has one opinion, that what was used lately will be used again, and a scan makes a
// fool of it: keys that come once push out keys that come always. ARC keeps two lists,
// of keys seen once (T1) and of keys seen again (T2), and for each of them remembers
// keys that it evicted, without their values (B1, B2: the ghosts). A request for a
// ghost is the proof of a mistake: that list was too short. So target, the share of T1,
// moves towards the list whose ghost was asked for, and by more the rarer such ghosts
// are compared with the other kind. Nothing is tuned by hand.
//
//	        L1, seen once             L2, seen again
//	┌─────────┬───────────────┐ ┌───────────────┬─────────┐
//	│   B1    │      T1       │ │       T2      │   B2    │
//	└─────────┴───────────────┘ └───────────────┴─────────┘
//	 ghosts    ← evict    new ↑  ↑ hit   evict →   ghosts
//	          ├───────── capacity ─────────────┤
//
// # Invariants (section III.B and figure 4 of the paper; c is the capacity)
//
//   - |T1| + |T2| ≤ c, |T1| + |B1| ≤ c, and all four together ≤ 2c.
//   - Ghosts exist only once the cache has been full.
//   - 0 ≤ target ≤ c.
//
// # Where this differs from the paper
//
// A key can be deleted, so the cache may have room while there are ghosts, and nothing
// is evicted then. Whole numbers: target moves by |B2|/|B1| rounded down, at least 1.
//
// Not like hashicorp/golang-lru/arc: that one runs REPLACE in every miss and then keeps
// B1 within c - p and B2 within p, where the paper keeps |T1| + |B1| within c and the
// sum within 2c. On the lab's traces the two are within 0.003 of each other; the module
// peers prints the table.
//
// # Space
//
// A ghost costs a whole slot, value included: with 16 bytes of payload, 37 bytes twice.
// A ghost without a value would save 8 of these and need a second arena, so that every
// eviction would move a key from one to the other; and a large V is a pointer anyway.
//
//hone:hide arc
const (
	t1 = iota
	t2
	b1
	b2
)

// NewARC returns an empty cache for capacity entries.
//
//hone:stage arc
func NewARC[K comparable, V any](capacity int) *ARC[K, V] {
	mustFit(capacity)
	c := &ARC[K, V]{capacity: capacity}
	c.Clear()
	return c
}

// Get implements [Cache].
//
//hone:stage arc
func (c *ARC[K, V]) Get(key K) (value V, ok bool) {
	s := c.table.find(key, c.table.hash(key))
	if s == 0 || c.table.list(s) >= b1 {
		return value, false // a ghost counts when its value is back: in Put
	}
	c.table.move(s, t2)
	return c.table.slots[s].value, true
}

// Put implements [Cache].
//
//hone:stage arc
func (c *ARC[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	if c.capacity == 0 || key != key {
		return Entry[K, V]{key, value}, true
	}
	hash := c.table.hash(key)
	s := c.table.find(key, hash)
	if s == 0 {
		out, ok = c.makeRoom()
		c.table.add(t1, Entry[K, V]{key, value}, hash)
		return out, ok
	}
	size := &c.table.size
	switch c.table.list(s) {
	case t1, t2: // case I of figure 4: a hit
		ok = true
		out = c.table.swap(s, value)
		c.table.move(s, t2)
		return out, ok
	case b1: // case II: T1 was too short
		c.target = min(c.target+max(1, size[b2]/size[b1]), c.capacity)
		out, ok = c.replace(false)
	case b2: // case III: T2 was too short
		c.target = max(c.target-max(1, size[b1]/size[b2]), 0)
		out, ok = c.replace(true)
	}
	c.table.slots[s].value = value
	c.table.move(s, t2)
	return out, ok
}

// makeRoom makes room for a key that nothing is known of: case IV of figure 4.
//
//hone:hide arc
func (c *ARC[K, V]) makeRoom() (out Entry[K, V], ok bool) {
	size := &c.table.size
	switch {
	case size[t1] == c.capacity:
		// L1 is full and has no ghost to give up. The oldest entry goes without
		// becoming one: it would be the c+1st of L1.
		return c.table.remove(c.table.oldest(t1)), true
	case size[t1]+size[b1] == c.capacity:
		c.table.remove(c.table.oldest(b1))
	case size[t1]+size[t2]+size[b1]+size[b2] == 2*c.capacity:
		c.table.remove(c.table.oldest(b2))
	}
	return c.replace(false)
}

// replace is the paper's REPLACE: a full cache evicts the oldest entry of T1 or of T2,
// whichever is over its share, and remembers the key. A tie is decided against the list
// that just proved too long: T1 when the request was for a ghost of T2.
//
//hone:hide arc
func (c *ARC[K, V]) replace(inB2 bool) (out Entry[K, V], ok bool) {
	size := &c.table.size
	if size[t1]+size[t2] < c.capacity {
		return out, false
	}
	from, to := uint32(t2), uint32(b2)
	if size[t1] > c.target || inB2 && size[t1] == c.target && size[t1] > 0 {
		from, to = t1, b1
	}
	s := c.table.oldest(from)
	var zero V
	out = c.table.swap(s, zero) // a ghost is a key; its value belongs to the caller now
	c.table.move(s, to)
	return out, true
}

// Delete implements [Cache].
//
//hone:stage arc
func (c *ARC[K, V]) Delete(key K) (value V, ok bool) {
	s := c.table.find(key, c.table.hash(key))
	if s == 0 {
		return value, false
	}
	ok = c.table.list(s) < b1
	return c.table.remove(s).Value, ok
}

// Len implements [Cache].
//
//hone:stage arc
func (c *ARC[K, V]) Len() int {
	return c.table.size[t1] + c.table.size[t2]
}

// All implements [Cache], in no particular order.
//
//hone:stage arc
func (c *ARC[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if c.table.each(t2, yield) {
			c.table.each(t1, yield)
		}
	}
}

// Clear implements [Cache]. What was learned goes too.
//
//hone:stage arc
func (c *ARC[K, V]) Clear() {
	c.target = 0
	c.table = newTable[K, V](c.capacity + c.capacity) // entries and ghosts
}

// Shape returns the state of the policy.
//
//hone:stage arc
func (c *ARC[K, V]) Shape() ARCShape {
	size := &c.table.size
	return ARCShape{Target: c.target, T1: size[t1], T2: size[t2], B1: size[b1], B2: size[b2]}
}

// list returns the list that slot s is in.
//
//hone:hide arc
func (t *table[K, V]) list(s uint32) uint8 {
	return t.meta[s] & listMask
}
