// Package lru is a generic cache with three policies: [LRU], [ARC] and [S3FIFO], and
// [Safe], which makes any of them safe for concurrent use.
//
// A policy answers one question: which entry has to go? Everything else is the same for
// all of them and is promised by [Cache]. Nothing here expires, weighs or loads
// entries; that is another lab.
package lru

import "iter"

// MaxCapacity is the largest capacity that a constructor accepts. Two entries for each
// of a thousand million are still counted by 32 bits.
const MaxCapacity = 1 << 30

// An Entry is a key with its value.
type Entry[K comparable, V any] struct {
	Key   K
	Value V
}

// A Cache holds at most as many entries as its capacity says, at every moment.
//
// Values aren't lost inside it: each value that goes in by Put comes out exactly once,
// from a later Put, from Delete, or by Clear. Whoever caches what must be closed or
// counted can rely on it.
//
// The constructors panic when the capacity is negative or above [MaxCapacity]. A
// capacity of 0 is a cache that is switched off: it holds nothing.
type Cache[K comparable, V any] interface {
	// Get returns the value of key and counts as one use of it. A miss changes nothing.
	Get(key K) (value V, ok bool)

	// Put stores value under key, counts as one use of it, and returns what left the
	// cache in exchange: the entry that was evicted, or the key with its former value
	// if it was present. What can't be stored leaves at once and is returned itself:
	// everything when the capacity is 0, and any key that isn't equal to itself (a
	// NaN), because no Get could ever find it again.
	Put(key K, value V) (out Entry[K, V], ok bool)

	// Delete removes key and returns its value, if it was present. The cache forgets
	// all that it knew about the key.
	Delete(key K) (value V, ok bool)

	// Len returns the number of entries: keys that Get would find.
	Len() int

	// All yields every entry once and counts as a use of none. The loop may delete the
	// key that it was just given, and change nothing else.
	All() iter.Seq2[K, V]

	// Clear removes every entry and gives the memory back.
	Clear()
}
