package lru

import "iter"

// S3FIFO is the cache of Juncheng Yang, Yazhuo Zhang, Ziyue Qiu, Yao Yue and Rashmi
// Vinayak, "FIFO queues are all you need for cache eviction", SOSP '23. It isn't safe
// for concurrent use.
type S3FIFO[K comparable, V any] struct {
	capacity int         //hone:line s3fifo
	small    int         //hone:line s3fifo
	ghosts   int         //hone:line s3fifo
	table    table[K, V] //hone:line s3fifo
}

// S3FIFOShape is what can be seen of an S3FIFO from outside: the lengths of its queues.
type S3FIFOShape struct {
	Small, Main, Ghost int
}

// The queues of an S3FIFO.
//
// # Idea
//
// Most keys of a skewed workload are asked for once while they are in the cache, so the
// cheapest improvement on LRU is to find them out early: a newcomer waits in a queue of
// a tenth of the capacity. If it is used there more than once it moves to the main
// queue; if not it goes after a tenth of the time that LRU would have kept it, and its
// key is remembered. Whoever comes back while remembered was misjudged and goes to the
// main queue directly.
//
//	new ──► small (10 %) ──┬─ used twice ──► main (90 %) ──► unused: out
//	                       │                  ▲   └─ used: again, one use less
//	                       └─► ghost (keys) ──┘ asked for again
//
// A hit moves nothing. It adds one to a counter of two bits, and that in most cases has
// its maximum already. This is where the speed comes from: LRU and ARC write to five
// cache lines in a hit (the slot, its two neighbours, the head, the first), this to one
// byte.
//
// # Invariants
//
//   - |small| + |main| ≤ capacity, |ghost| ≤ capacity - capacity/10.
//   - A counter is 0 … 3; a ghost has none.
//   - One Put evicts at most one entry. The paper's EVICTS goes on after its call of
//     EVICTM has made room, and then evicts a second entry for one newcomer; here eviction ends when one
//     entry has left.
//
// Eviction isn't O(1): it may go through main up to three times before a counter is
// down to 0. But each step back takes off one that a hit has paid for, so the cost is
// amortised over the hits.
//
//hone:hide s3fifo
const (
	smallQueue = iota
	mainQueue
	ghostQueue

	oneUse  = heads // the counter stands above the list in a slot's meta byte
	maxUses = 3     // "a capped counter with frequency up to 3", section 4.1
)

// NewS3FIFO returns an empty cache for capacity entries.
//
//hone:stage s3fifo
func NewS3FIFO[K comparable, V any](capacity int) *S3FIFO[K, V] {
	mustFit(capacity)
	small := min(capacity, max(1, capacity/10))
	c := &S3FIFO[K, V]{capacity: capacity, small: small, ghosts: capacity - small}
	c.Clear()
	return c
}

// Get implements [Cache].
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) Get(key K) (value V, ok bool) {
	s := c.table.find(key, c.table.hash(key))
	if s == 0 || c.table.list(s) == ghostQueue {
		return value, false
	}
	c.use(s)
	return c.table.slots[s].value, true
}

// Put implements [Cache].
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	if c.capacity == 0 || key != key {
		return Entry[K, V]{key, value}, true
	}
	hash := c.table.hash(key)
	s := c.table.find(key, hash)
	queue := uint32(smallQueue)
	if s != 0 {
		if c.table.list(s) != ghostQueue {
			c.use(s)
			return c.table.swap(s, value), true
		}
		// Off the ghosts before anything is evicted: the eviction may push out the
		// oldest ghost, and that may be this one.
		c.table.remove(s)
		queue = mainQueue
	}
	if c.Len() == c.capacity {
		out, ok = c.evict(), true
	}
	c.table.add(queue, Entry[K, V]{key, value}, hash)
	return out, ok
}

// use counts one use of the entry in slot s.
//
//hone:hide s3fifo
func (c *S3FIFO[K, V]) use(s uint32) {
	if c.table.meta[s]/oneUse < maxUses {
		c.table.meta[s] += oneUse
	}
}

// evict makes room for one entry: EVICT, EVICTS and EVICTM of the paper's algorithm 1
// in one loop, which ends as soon as an entry has left. It does end: a step moves an
// entry out of small or takes one use off a counter.
//
//hone:hide s3fifo
func (c *S3FIFO[K, V]) evict() Entry[K, V] {
	for {
		if c.table.size[smallQueue] < c.small {
			s := c.table.oldest(mainQueue)
			uses := c.table.meta[s] / oneUse
			if uses == 0 {
				return c.table.remove(s) // no ghost: main had its chance
			}
			c.table.move(s, mainQueue)
			c.table.meta[s] += (uses - 1) * oneUse
			continue
		}
		s := c.table.oldest(smallQueue)
		if c.table.meta[s] < 2*oneUse {
			return c.haunt(s)
		}
		c.table.move(s, mainQueue) // its counter starts again at 0
	}
}

// haunt makes a ghost of the entry in slot s, and returns it.
//
//hone:hide s3fifo
func (c *S3FIFO[K, V]) haunt(s uint32) Entry[K, V] {
	var zero V
	out := c.table.swap(s, zero)
	if c.table.size[ghostQueue] == c.ghosts {
		if c.ghosts == 0 { // a capacity of 1 leaves no room for ghosts
			c.table.remove(s)
			return out
		}
		c.table.remove(c.table.oldest(ghostQueue))
	}
	c.table.move(s, ghostQueue)
	return out
}

// Delete implements [Cache].
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) Delete(key K) (value V, ok bool) {
	s := c.table.find(key, c.table.hash(key))
	if s == 0 {
		return value, false
	}
	ok = c.table.list(s) != ghostQueue
	return c.table.remove(s).Value, ok
}

// Len implements [Cache].
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) Len() int {
	return c.table.size[smallQueue] + c.table.size[mainQueue]
}

// All implements [Cache], in no particular order.
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		if c.table.each(mainQueue, yield) {
			c.table.each(smallQueue, yield)
		}
	}
}

// Clear implements [Cache].
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) Clear() {
	c.table = newTable[K, V](c.capacity + c.ghosts)
}

// Shape returns the state of the policy.
//
//hone:stage s3fifo
func (c *S3FIFO[K, V]) Shape() S3FIFOShape {
	size := &c.table.size
	return S3FIFOShape{Small: size[smallQueue], Main: size[mainQueue], Ghost: size[ghostQueue]}
}
