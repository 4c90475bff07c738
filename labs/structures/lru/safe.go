package lru

import (
	"iter"
	"sync"
)

// Safe makes a cache safe for concurrent use, and tells its owner what left it.
type Safe[K comparable, V any] struct {
	gone func(K, V) //hone:line safe

	mu    sync.Mutex  //hone:line safe
	cache Cache[K, V] //hone:line safe
}

// NewSafe returns a cache around cache, which belongs to it from now on. It calls gone,
// unless that is nil, with each entry that a Put pushed out, in the goroutine that
// called Put, before Put returns. The function may use the cache.
//
//hone:stage safe
func NewSafe[K comparable, V any](cache Cache[K, V], gone func(K, V)) *Safe[K, V] {
	return &Safe[K, V]{cache: cache, gone: gone}
}

// Get implements [Cache].
//
//hone:stage safe
func (c *Safe[K, V]) Get(key K) (V, bool) {
	// A Mutex, not an RWMutex: a hit changes the order, so every Get is a write. For
	// S3FIFO alone a read lock and an atomic counter could do, but RLock is an atomic
	// add to a word that all cores share: it moves the contention, and lets readers in
	// only one at a time through that.
	//
	// Unlock is deferred because the lookup can panic: a key of an interface type may
	// hold what can't be hashed. A deferred call costs about a nanosecond; a lock that
	// is never released costs the process.
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cache.Get(key)
}

// Put implements [Cache].
//
//hone:stage safe
func (c *Safe[K, V]) Put(key K, value V) (out Entry[K, V], ok bool) {
	out, ok = c.put(key, value)
	if ok && c.gone != nil {
		// Not under the lock: the function is a stranger's. It may be slow, may panic,
		// and may well call this cache.
		c.gone(out.Key, out.Value)
	}
	return out, ok
}

//hone:hide safe
func (c *Safe[K, V]) put(key K, value V) (Entry[K, V], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cache.Put(key, value)
}

// Delete implements [Cache].
//
//hone:stage safe
func (c *Safe[K, V]) Delete(key K) (V, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cache.Delete(key)
}

// Len implements [Cache].
//
//hone:stage safe
func (c *Safe[K, V]) Len() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.cache.Len()
}

// All implements [Cache]. The loop sees the entries as they were when it began; its
// body may use the cache as it likes, and so may others.
//
//hone:stage safe
func (c *Safe[K, V]) All() iter.Seq2[K, V] {
	return func(yield func(K, V) bool) {
		// A copy, because the body runs between two steps of the loop and for as long
		// as it wants: with the lock held it would stop everybody, or itself.
		for _, e := range c.snapshot() {
			if !yield(e.Key, e.Value) {
				return
			}
		}
	}
}

//hone:hide safe
func (c *Safe[K, V]) snapshot() []Entry[K, V] {
	c.mu.Lock()
	defer c.mu.Unlock()
	entries := make([]Entry[K, V], 0, c.cache.Len())
	for key, value := range c.cache.All() {
		entries = append(entries, Entry[K, V]{key, value})
	}
	return entries
}

// Clear implements [Cache].
//
//hone:stage safe
func (c *Safe[K, V]) Clear() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.cache.Clear()
}
