package lru_test

import (
	"math"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// A blob is what a value points to: something that should be collected.
type blob struct{ _ [1 << 10]byte }

// A pinned is a key whose field tells whether the key itself is still kept somewhere.
type pinned struct {
	id   int
	blob *blob
}

// forgets checks that the value which leave makes c give up, and its key, aren't kept alive by c.
func forgets(t *testing.T, c lru.Cache[pinned, *blob], what string, leave func(victim pinned)) {
	t.Helper()
	id := 0
	put := func() (key pinned, value *blob) {
		id++
		key, value = pinned{id, new(blob)}, new(blob)
		c.Put(key, value)
		return key, value
	}
	claim.Unreachable(t, "the value of an entry that "+what, func() *blob {
		key, value := put()
		leave(key)
		return value
	})
	claim.Unreachable(t, "the key of an entry that "+what, func() *blob {
		key, _ := put()
		leave(key)
		return key.blob
	})
	if c.Len() > 8 { // keeps c itself alive until here
		t.Errorf("Len() = %d in a cache of 8", c.Len())
	}
}

// TestLean_DeleteForgets promises that a deleted value can be collected although the
// cache lives on.
func TestLean_DeleteForgets(t *testing.T) {
	c := lru.NewLRU[pinned, *blob](8)
	forgets(t, c, "was deleted", func(victim pinned) { c.Delete(victim) })
}

// TestLean_EvictionForgets promises that an evicted value can be collected although the
// cache lives on.
func TestLean_EvictionForgets(t *testing.T) {
	c := lru.NewLRU[pinned, *blob](8)
	forgets(t, c, "was evicted", func(pinned) {
		for i := range 8 {
			c.Put(pinned{id: -i}, nil)
		}
	})
}

// TestLean_UpdateForgets promises that a replaced value can be collected although the
// cache lives on.
func TestLean_UpdateForgets(t *testing.T) {
	c := lru.NewLRU[int, *blob](8)
	claim.Unreachable(t, "the former value of a key that was put again", func() *blob {
		value := new(blob)
		c.Put(1, value)
		c.Put(1, nil)
		return value
	})
	if c.Len() != 1 {
		t.Errorf("Len() = %d, want 1", c.Len())
	}
}

// TestLean_ClearForgets promises that Clear leaves nothing behind, and a cache that works.
func TestLean_ClearForgets(t *testing.T) {
	c := lru.NewLRU[pinned, *blob](8)
	forgets(t, c, "was cleared", func(pinned) { c.Clear() })
	clears(t, lru.NewLRU[int, int](3))
}

// clears checks Clear on a cache of 3.
func clears(t *testing.T, c lru.Cache[int, int]) {
	t.Helper()
	for k := range 5 {
		c.Put(k, k)
	}
	c.Clear()
	for k, v := range c.All() {
		t.Errorf("All() yields %d: %d after Clear", k, v)
	}
	for k := range 5 {
		if v, ok := c.Get(k); ok {
			t.Errorf("Get(%d) = %d after Clear", k, v)
		}
	}
	for k := range 3 {
		if out, ok := c.Put(k, k); ok {
			t.Errorf("a cleared cache of 3 evicted %v for key %d of 3", out, k)
		}
	}
	if out, ok := c.Put(3, 3); !ok {
		t.Error("a cleared cache of 3 took a 4th entry and evicted nothing: Clear must keep the capacity")
	} else if out.Key == 3 {
		t.Errorf("a cleared cache of 3 evicted the newcomer: %v", out)
	}
}

// TestLean_RefusesNaN promises that a key that isn't equal to itself isn't stored: no
// Get could find it, no delete of a map could remove it.
func TestLean_RefusesNaN(t *testing.T) {
	refusesNaN(t, lru.NewLRU[float64, int](4))
}

func refusesNaN(t *testing.T, c lru.Cache[float64, int]) {
	t.Helper()
	c.Put(1, 1)
	for i := range 10 {
		out, ok := c.Put(math.NaN(), i)
		if !ok || out.Key == out.Key || out.Value != i {
			t.Fatalf("Put(NaN, %d) returned %v, %v; want the entry itself, true", i, out, ok)
		}
	}
	if _, ok := c.Get(math.NaN()); ok {
		t.Error("Get(NaN) found something; NaN == NaN is false, and equal means ==")
	}
	if _, ok := c.Delete(math.NaN()); ok {
		t.Error("Delete(NaN) found something")
	}
	if _, ok := c.Get(1); !ok || c.Len() != 1 {
		t.Errorf("after 10 puts of NaN into a cache of 4 with the key 1: Len() = %d, 1 found: %v; want 1 and true. "+
			"Keys that nobody can ask for must not push out keys that somebody will", c.Len(), ok)
	}
}

// TestLean_HashIsNoKey promises that keys are compared by == in the end, whatever the
// cache is built on. Two of 300,000 keys, all different, almost surely have the same 32
// bits of any hash: of the 45,000 million pairs one in 4,295 million, so about ten.
// That many keys also take a search from end to end past its time limit.
func TestLean_HashIsNoKey(t *testing.T) {
	const n = 300_000
	c := lru.NewLRU[int, int](n)
	for k := range n {
		if _, ok := c.Put(k, k); ok {
			t.Fatalf("%d different keys, put into a cache with room for all: one of them was taken for another, whose value came out. "+
				"Keys with equal hashes are only probably equal, and among so many some aren't", n)
		}
	}
	if c.Len() != n {
		t.Errorf("Len() = %d after %d different keys in a cache of as many", c.Len(), n)
	}
}
