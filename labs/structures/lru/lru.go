package lru

import (
	"fmt"
	"hash/maphash"
	"iter"
)

// LRU evicts the entry whose last use is longest ago. It isn't safe for concurrent use:
// even Get changes the order.
type LRU[K comparable, V any] struct {
	capacity int         //hone:line order
	table    table[K, V] //hone:line order
}

// NewLRU returns an empty cache for capacity entries.
//
//hone:stage order
func NewLRU[K comparable, V any](capacity int) *LRU[K, V] {
	mustFit(capacity)
	return &LRU[K, V]{capacity: capacity, table: newTable[K, V](capacity)}
}

// Get implements [Cache].
//
//hone:stage order
func (c *LRU[K, V]) Get(key K) (value V, ok bool) {
	s := c.table.find(key, c.table.hash(key))
	if s == 0 {
		return value, false
	}
	c.table.move(s, recent)
	return c.table.slots[s].value, true
}

// Put implements [Cache].
//
//hone:stage order
func (c *LRU[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	if c.capacity == 0 {
		return Entry[K, V]{key, value}, true
	}
	if key != key { //hone:line lean
		// NaN: it would sit in the table unfindable. A Go map has the same trap, and a
		// worse one: delete can't remove such a key, so a cache on a map that is fed
		// NaNs grows for ever while its Len stays exact.
		return Entry[K, V]{key, value}, true
	}
	hash := c.table.hash(key)
	if s := c.table.find(key, hash); s != 0 {
		c.table.move(s, recent)
		return c.table.swap(s, value), true
	}
	if c.table.size[recent] == c.capacity {
		// Evict first, insert second: the newcomer takes the victim's slot, the cache
		// is never over its capacity, and nothing is allocated.
		out, ok = c.table.remove(c.table.oldest(recent)), true
	}
	c.table.add(recent, Entry[K, V]{key, value}, hash)
	return out, ok
}

// Delete implements [Cache].
//
//hone:stage order
func (c *LRU[K, V]) Delete(key K) (value V, ok bool) {
	s := c.table.find(key, c.table.hash(key))
	if s == 0 {
		return value, false
	}
	return c.table.remove(s).Value, true
}

// Len implements [Cache].
//
//hone:stage order
func (c *LRU[K, V]) Len() int {
	return c.table.size[recent]
}

// All implements [Cache]; the most recently used entry comes first.
//
//hone:stage order
func (c *LRU[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		c.table.each(recent, yield)
	}
}

// Clear implements [Cache].
//
//hone:stage lean
func (c *LRU[K, V]) Clear() {
	c.table = newTable[K, V](c.capacity)
}

// recent is the one list of an LRU.
//
//hone:hide order
const recent = 0

// mustFit panics unless capacity is one that [Cache] allows.
//
//hone:hide order
func mustFit(capacity int) {
	if capacity < 0 || capacity > MaxCapacity {
		panic(fmt.Sprintf("lru: capacity %d is not in 0 … %d", capacity, MaxCapacity))
	}
}

// A table is where all three policies keep their entries: an arena of slots, an index
// from key to slot, and up to four circular lists through the slots.
//
// # Idea
//
// The textbook LRU is a map to nodes of a container/list. For 16 bytes of payload that
// is a list.Element of 40 bytes in a size class of 48, the 16 bytes that its Value
// points to, and a map slot with key and pointer: 88 bytes in a fresh cache, 111 after
// some turnover, in two objects an entry that the garbage collector visits in every
// cycle. Here the nodes are elements of one slice and links are 32-bit positions in it:
// 37 bytes an entry, and without pointers in K and V nothing to visit.
//
//	slots    0        1        2        3        4
//	       ┌────────┬────────┬────────┬────────┬────────┐
//	key    │ list 0 │ list 1 │   …    │   …    │  "k"   │
//	value  │   -    │   -    │   -    │   -    │  "v"   │
//	prev   │   4    │   1    │   2    │   3    │   0    │   towards the front
//	next   │   4    │   1    │   2    │   3    │   0    │   towards the back
//	       └────────┴────────┴────────┴────────┴────────┘
//
//	index  [ …, hash("k")<<32 | 4, … ]     open addressing, linear probing
//
// The first four slots are the heads of the lists. A list is a ring through its head,
// so unlinking has no case for first, last or only element. Slot 0 is a head, so 0 is
// free to mean "no slot" everywhere.
//
// # Invariants
//
//   - A slot is in exactly one list, or in the chain of free slots.
//   - The index holds exactly the slots that are in lists; no slot twice.
//   - size[l] is the length of list l, and the low bits of meta[s] are the list of s.
//   - A free slot holds the zero key and the zero value: an arena is one object to
//     the collector, and whatever a dead slot still mentions lives as long as the cache.
//
// # Why not map[K]uint32
//
// It is the simpler choice and within every budget of this lab. But a Go 1.26 map
// spends 17 bytes a slot on an 8-byte key and a 4-byte value, is between 7/16 and 7/8
// full, and is fuller of tombstones the longer a cache evicts: 77 bytes an entry for
// the whole cache, 65 when it is larger, where this index of 12 bytes an entry makes it
// 37. For CPU it is a draw: 46 ns a request against 43 at 1,000 entries on the lab's
// trace zipf, 30 against 34 at 10,000 (BenchmarkIndex in the module peers).
//
// Also rejected: 32-bit cells without the hash (6 bytes an entry less, but then every
// probe of a cell is a visit to its slot, likely a cache miss); a load of 0.8 instead
// of 2/3 (2 bytes less, 13 probes for a miss instead of 5: Knuth, volume 3, section
// 6.4, theorem K); tombstones instead of shifting back (a cache deletes as often as it
// inserts, and would drown in them).
//
// The hash is maphash.Comparable with a seed of its own for each table: keys come from
// strangers, and without a secret seed they could choose them to collide. Its one
// price: keys that hold pointers (other than strings) escape, one allocation a call in
// Go 1.26.
//
//hone:hide order
type table[K comparable, V any] struct {
	seed  maphash.Seed
	limit int          // the most slots that are ever needed, heads included
	slots []slot[K, V] // heads first
	index []uint64     // hash<<32 | slot; 0 is an empty cell
	free  uint32       // first free slot, chained by next; 0 when none
	meta  []uint8      // of each slot: its list in the low two bits, the rest is the policy's
	size  [heads]int   // of each list
}

// A slot is 24 bytes for a payload of 16.
//
//hone:hide order
type slot[K comparable, V any] struct {
	key        K
	value      V
	prev, next uint32
}

//hone:hide order
const (
	heads     = 4         // list heads at the start of slots
	listMask  = heads - 1 // of a meta byte
	firstRoom = 12        // slots of a new table
)

// newTable returns a table for at most keys entries, ghosts included.
//
//hone:hide order
func newTable[K comparable, V any](keys int) table[K, V] {
	t := table[K, V]{
		seed:  maphash.MakeSeed(),
		limit: heads + keys,
		slots: make([]slot[K, V], heads),
		meta:  make([]uint8, heads),
	}
	for l := range uint32(heads) {
		t.slots[l].prev, t.slots[l].next = l, l
	}
	t.grow(min(t.limit, firstRoom))
	return t
}

// grow makes room for n slots. The index is rebuilt from the hashes in its own cells: no
// key is hashed again, none is even read.
//
//hone:hide order
func (t *table[K, V]) grow(n int) {
	slots := make([]slot[K, V], len(t.slots), n)
	copy(slots, t.slots)
	t.slots = slots
	meta := make([]uint8, len(t.meta), n)
	copy(meta, t.meta)
	t.meta = meta

	old := t.index
	t.index = make([]uint64, n+n/2) // at most two thirds full, so a probe always ends
	for _, cell := range old {
		if cell != 0 {
			t.insert(cell)
		}
	}
}

//hone:hide order
func (t *table[K, V]) hash(key K) uint32 {
	return uint32(maphash.Comparable(t.seed, key))
}

// home returns the cell where the probe for hash starts. Multiply and shift (Lemire, "A
// fast alternative to the modulo reduction", 2016) lets the index have any length: no
// rounding up to a power of two, which would waste up to half.
//
//hone:hide order
func (t *table[K, V]) home(hash uint32) int {
	return int(uint64(hash) * uint64(len(t.index)) >> 32)
}

//hone:hide order
func (t *table[K, V]) after(i int) int {
	if i++; i == len(t.index) {
		return 0
	}
	return i
}

// find returns the slot of key, or 0.
//
//hone:hide order
func (t *table[K, V]) find(key K, hash uint32) uint32 {
	for i := t.home(hash); ; i = t.after(i) {
		cell := t.index[i]
		if cell == 0 {
			return 0
		}
		if uint32(cell>>32) == hash && t.slots[uint32(cell)].key == key {
			return uint32(cell)
		}
	}
}

//hone:hide order
func (t *table[K, V]) insert(cell uint64) {
	i := t.home(uint32(cell >> 32))
	for t.index[i] != 0 {
		i = t.after(i)
	}
	t.index[i] = cell
}

// erase takes slot s out of the index and closes the gap (Knuth, volume 3, 6.4,
// algorithm R): a later cell of the same run moves back into the gap if its home is as
// far back as the gap or farther. One whose home lies between must stay, since a probe
// for it never passes the gap.
//
//hone:hide order
func (t *table[K, V]) erase(s, hash uint32) {
	gap := t.home(hash)
	for uint32(t.index[gap]) != s {
		gap = t.after(gap)
	}
	for i := t.after(gap); t.index[i] != 0; i = t.after(i) {
		home := t.home(uint32(t.index[i] >> 32))
		if t.steps(home, i) >= t.steps(gap, i) {
			t.index[gap] = t.index[i]
			gap = i
		}
	}
	t.index[gap] = 0
}

// steps returns how many cells a probe goes on from cell i to reach cell j.
//
//hone:hide order
func (t *table[K, V]) steps(i, j int) int {
	if j < i {
		return j - i + len(t.index)
	}
	return j - i
}

// add stores an entry that isn't in the table, at the front of list. The caller has
// made sure that fewer than limit slots are in use.
//
//hone:hide order
func (t *table[K, V]) add(list uint32, e Entry[K, V], hash uint32) {
	s := t.free
	if s != 0 {
		t.free = t.slots[s].next
	} else {
		if len(t.slots) == cap(t.slots) {
			t.grow(min(t.limit, 2*len(t.slots)))
		}
		s = uint32(len(t.slots))
		t.slots = t.slots[:s+1]
		t.meta = t.meta[:s+1]
	}
	t.slots[s].key, t.slots[s].value = e.Key, e.Value
	t.insert(uint64(hash)<<32 | uint64(s))
	t.push(s, list)
}

// remove takes slot s out of its list and of the index, and frees it.
//
//hone:hide order
func (t *table[K, V]) remove(s uint32) Entry[K, V] {
	e := Entry[K, V]{t.slots[s].key, t.slots[s].value}
	t.erase(s, t.hash(e.Key))
	t.unlink(s)
	var zero Entry[K, V]                                    //hone:line lean
	t.slots[s].key, t.slots[s].value = zero.Key, zero.Value //hone:line lean
	t.slots[s].next = t.free
	t.free = s
	return e
}

// swap replaces the value in slot s and returns the entry as it was.
//
//hone:hide order
func (t *table[K, V]) swap(s uint32, value V) Entry[K, V] {
	out := Entry[K, V]{t.slots[s].key, t.slots[s].value}
	t.slots[s].value = value
	return out
}

// oldest returns the slot at the back of list, which isn't empty.
//
//hone:hide order
func (t *table[K, V]) oldest(list uint32) uint32 {
	return t.slots[list].prev
}

// move puts slot s at the front of list, from wherever it was.
//
//hone:hide order
func (t *table[K, V]) move(s, list uint32) {
	t.unlink(s)
	t.push(s, list)
}

//hone:hide order
func (t *table[K, V]) unlink(s uint32) {
	prev, next := t.slots[s].prev, t.slots[s].next
	t.slots[prev].next = next
	t.slots[next].prev = prev
	t.size[t.meta[s]&listMask]--
}

//hone:hide order
func (t *table[K, V]) push(s, list uint32) {
	first := t.slots[list].next
	t.slots[s].prev, t.slots[s].next = list, first
	t.slots[first].prev = s
	t.slots[list].next = s
	t.meta[s] = uint8(list)
	t.size[list]++
}

// each yields the entries of list from the front. It reads the successor before it
// yields, so that the loop's body may remove the entry in hand.
//
//hone:hide order
func (t *table[K, V]) each(list uint32, yield func(K, V) bool) bool {
	for s := t.slots[list].next; s != list; {
		e := &t.slots[s]
		s = e.next
		if !yield(e.key, e.value) {
			return false
		}
	}
	return true
}
