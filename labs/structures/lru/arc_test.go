package lru_test

import (
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// Quotations are from Megiddo and Modha, "ARC: A Self-Tuning, Low Overhead Replacement
// Cache", FAST '03, unless they say otherwise.

func newARC(t testing.TB, capacity int) *lru.ARC[int, int] {
	t.Helper()
	c := lru.NewARC[int, int](capacity)
	if c == nil {
		t.Fatalf("NewARC(%d) = nil", capacity)
	}
	return c
}

// ask is a request as a program makes it: look, and fetch what isn't there.
func ask(c lru.Cache[int, int], keys ...int) {
	for _, k := range keys {
		if _, ok := c.Get(k); !ok {
			c.Put(k, 10*k)
		}
	}
}

// has checks which of the keys are present, without using them.
func has(t *testing.T, c lru.Cache[int, int], after string, want ...int) {
	t.Helper()
	got := map[int]bool{}
	for k, v := range c.All() {
		if got[k] {
			t.Errorf("after %s: All() yields %d twice", after, k)
		}
		if v != 10*k {
			t.Errorf("after %s: All() yields %d: %d, want %d: %d", after, k, v, k, 10*k)
		}
		got[k] = true
	}
	for _, k := range want {
		if !got[k] {
			t.Errorf("after %s: %d is gone; want %v", after, k, want)
		}
		delete(got, k)
	}
	if len(got) > 0 {
		t.Errorf("after %s: there is more than %v: %v", after, want, got)
	}
	if c.Len() != len(want) {
		t.Errorf("after %s: Len() = %d, want %d", after, c.Len(), len(want))
	}
}

// TestARC_SecondUseGoesToT2 promises the two lists: "One list, say L1, contains pages
// that have been seen only once 'recently', while the other list, say L2, contains
// pages that have been seen at least twice 'recently'." (section I)
func TestARC_SecondUseGoesToT2(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 3)
	claim.Equal(t, "Shape() after 1, 2, 3", c.Shape(), lru.ARCShape{T1: 3})
	ask(c, 1)
	claim.Equal(t, "Shape() after 1, 2, 3, 1", c.Shape(), lru.ARCShape{T1: 2, T2: 1})
	ask(c, 1)
	claim.Equal(t, "Shape() after 1, 2, 3, 1, 1", c.Shape(), lru.ARCShape{T1: 2, T2: 1})
	if out, ok := c.Put(2, 20); !ok || out.Key != 2 {
		t.Errorf("Put of a present key returned %v, %v; want its former value", out, ok)
	}
	claim.Equal(t, "Shape() after … and Put 2 again", c.Shape(), lru.ARCShape{T1: 1, T2: 2})
	has(t, c, "1, 2, 3, 1, 1, 2", 1, 2, 3)
}

// TestARC_FullOfStrangers promises case IV A: when T1 alone fills the cache its oldest
// entry goes, and leaves no ghost.
func TestARC_FullOfStrangers(t *testing.T) {
	c := newARC(t, 3)
	ask(c, 1, 2, 3, 4, 5)
	has(t, c, "1 … 5 in a cache of 3", 3, 4, 5)
	claim.Equal(t, "Shape() after 1 … 5 in a cache of 3 (L1 holds at most c keys, and T1 is all of it)",
		c.Shape(), lru.ARCShape{T1: 3})
}

// TestARC_GhostOfB1RaisesTarget promises case II: who asks for a ghost of B1 says that
// T1 was too short.
func TestARC_GhostOfB1RaisesTarget(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 1, 2) // T2: 2 1
	ask(c, 3, 4, 5)    // T1: 5 4, and 3 is a ghost: T1 is over its target of 0
	has(t, c, "1, 2, 1, 2, 3, 4, 5", 1, 2, 4, 5)
	claim.Equal(t, "Shape() before the ghost is asked for", c.Shape(), lru.ARCShape{T1: 2, T2: 2, B1: 1})

	if _, ok := c.Get(3); ok {
		t.Fatal("Get(3) found a ghost. A ghost is a key that was evicted; its value is gone")
	}
	claim.Equal(t, "Shape() after a Get of the ghost (only the Put that brings it back counts)",
		c.Shape(), lru.ARCShape{T1: 2, T2: 2, B1: 1})
	c.Put(3, 30)
	claim.Equal(t, "Shape() after the Put of ghost 3: target up by one, 3 in T2, 4 a ghost in its stead",
		c.Shape(), lru.ARCShape{Target: 1, T1: 1, T2: 3, B1: 1})
	has(t, c, "the return of 3", 1, 2, 3, 5)
}

// TestARC_GhostOfB2LowersTarget promises case III: who asks for a ghost of B2 says that
// T2 was too short.
func TestARC_GhostOfB2LowersTarget(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 1, 2, 3, 4, 5, 3) // as above: Target is 1, T1: 5, T2: 3 2 1, B1: 4
	ask(c, 6)                      // T1 isn't over its target, so T2 gives up 1
	claim.Equal(t, "Shape() after 6", c.Shape(), lru.ARCShape{Target: 1, T1: 2, T2: 2, B1: 1, B2: 1})
	ask(c, 1)
	claim.Equal(t, "Shape() after the return of 1: Target down by one, 1 in T2, and 5 a ghost in its stead",
		c.Shape(), lru.ARCShape{Target: 0, T1: 1, T2: 3, B1: 2})
	has(t, c, "the return of 1", 1, 2, 3, 6)
}

// TestARC_TieGoesAgainstT1 promises the second half of REPLACE's condition: T1 also
// gives up an entry when it is just as long as its target and the request is for a
// ghost of B2.
func TestARC_TieGoesAgainstT1(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 1, 2, 3, 4, 5, 3, 6) // Target 1, T1: 6 5, T2: 3 2, B1: 4, B2: 1
	ask(c, 4, 5)                      // ghost of B1: Target 2, T2 gives up 2; then 5 goes to T2
	claim.Equal(t, "Shape() before", c.Shape(), lru.ARCShape{Target: 2, T1: 1, T2: 3, B2: 2})
	ask(c, 1) // ghost of B2: Target 1, which is the length of T1
	claim.Equal(t, "Shape() after the return of 1, with |T1| = p = 1", c.Shape(),
		lru.ARCShape{Target: 1, T1: 0, T2: 4, B1: 1, B2: 1})
	has(t, c, "the return of 1", 1, 3, 4, 5)
}

// TestARC_LearnsFasterFromTheRare promises the learning rate: a hit in the shorter
// ghost list moves target by the ratio of the two, rounded down.
func TestARC_LearnsFasterFromTheRare(t *testing.T) {
	c := newARC(t, 8)
	for k := range 8 { // T2: 7 … 0
		ask(c, k, k)
	}
	ask(c, 100, 101) // 100 pushes 0 to B2; 101 pushes 100 to B1
	claim.Equal(t, "Shape() before", c.Shape(), lru.ARCShape{T1: 1, T2: 7, B1: 1, B2: 1})
	ask(c, 100)      // |B1| = |B2| = 1: Target is 1 now, and 1 is a ghost
	ask(c, 102, 103) // 102 makes a ghost of 2, and 103 of 101, since T1 is over its target now
	claim.Equal(t, "Shape() before the second ghost is asked for", c.Shape(),
		lru.ARCShape{Target: 1, T1: 2, T2: 6, B1: 1, B2: 3})
	ask(c, 101)
	if shape := c.Shape(); shape.Target != 4 {
		t.Errorf("Target = %d, want 4. The first ghost hit found |B1| = |B2| and adds 1; the second found 1 ghost in B1 and 3 in B2 "+
			"and adds 3: a hit in the rarer kind of ghost says more. Shape: %+v", shape.Target, shape)
	}
}

// TestARC_TargetIsClamped promises 0 ≤ p ≤ c, however long one kind of ghost is asked for.
func TestARC_TargetIsClamped(t *testing.T) {
	rng := claim.Rand(t)
	var keys []int
	for i := range 6000 {
		// In turns: a loop that is a little too long (ghosts of B1), and a few hot keys
		// among strangers (ghosts of B2).
		key := i % 9
		if i/500%2 == 1 {
			key = 100 + rng.IntN(9)
			keys = append(keys, key)
		}
		keys = append(keys, key)
	}
	claim.Minimal(t, keys, func(t testing.TB, keys []int) {
		c := lru.NewARC[int, int](6)
		for _, key := range keys {
			ask(c, key)
			if s := c.Shape(); s.Target < 0 || s.Target > 6 {
				t.Fatalf("after a request for %d: Target = %d, outside 0 … 6; it is a number of entries in a cache of 6", key, s.Target)
			}
		}
	})
}

// TestARC_Bounds promises that no more than c entries are resident and no more than 2c
// keys remembered: "Together the two lists remember exactly twice the number of pages
// that would fit in the cache." (section I)
func TestARC_Bounds(t *testing.T) {
	rng := claim.Rand(t)
	const c = 10
	keys := make([]int, 20_000)
	for i := range keys {
		keys[i] = int(rng.ExpFloat64() * 12)
	}
	claim.Minimal(t, keys, func(t testing.TB, keys []int) { bounded(t, newARC(t, c), c, keys) })
	cache := newARC(t, c)
	ask(cache, keys...)
	if s := cache.Shape(); s.B1+s.B2 < c/2 {
		t.Errorf("after 20000 requests for more keys than fit there are only %d ghosts: %+v. "+
			"ARC remembers as many keys that it evicted as it has entries", s.B1+s.B2, s)
	}
}

func bounded(t testing.TB, cache *lru.ARC[int, int], c int, keys []int) {
	full := false
	for _, key := range keys {
		ask(cache, key)
		s := cache.Shape()
		full = full || cache.Len() == c
		switch {
		case s.T1+s.T2 > c || cache.Len() != s.T1+s.T2:
			t.Fatalf("after a request for %d: %+v and Len() = %d; |T1| + |T2| is the number of entries and at most %d", key, s, cache.Len(), c)
		case s.T1+s.B1 > c:
			t.Fatalf("after a request for %d: %+v; |T1| + |B1| must not exceed %d", key, s, c)
		case s.T1+s.T2+s.B1+s.B2 > 2*c:
			t.Fatalf("after a request for %d: %+v; all four lists together must not exceed %d", key, s, 2*c)
		case s.B1+s.B2 > 0 && !full:
			t.Fatalf("after a request for %d: %+v; there are ghosts, but nothing was ever evicted", key, s)
		}
	}
}

// TestARC_ResistsScan promises what the name was made for: "it allows one-time
// sequential requests to pass through without polluting the cache." (abstract)
func TestARC_ResistsScan(t *testing.T) {
	const capacity, hot = 100, 60
	c := newARC(t, capacity)
	for range 2 {
		for k := range hot {
			ask(c, k)
		}
	}
	for k := range 10 * capacity {
		ask(c, 1000+k)
	}
	left := 0
	for k := range hot {
		if _, ok := c.Get(k); ok {
			left++
		}
	}
	if left < hot {
		t.Errorf("%d keys were used twice, then %d keys passed by once; %d of the %d are left. "+
			"An LRU keeps none of them; ARC must keep all, since every victim was over the target of T1", hot, 10*capacity, left, hot)
	}
}

// TestARC_GhostsHoldNoValue promises that an evicted value can be collected while its
// key is remembered.
func TestARC_GhostsHoldNoValue(t *testing.T) {
	c := lru.NewARC[int, *blob](4)
	for k := range 2 {
		c.Put(k, nil)
		c.Get(k)
	}
	next := 10
	claim.Unreachable(t, "the value of a ghost", func() *blob {
		value := new(blob)
		c.Put(next, value) // T1 has room for two beside 0 and 1, and a target of 0
		for range 3 {
			next++
			c.Put(next, nil)
		}
		next++
		return value
	})
	if s := c.Shape(); s.B1 == 0 {
		t.Errorf("Shape() = %+v: no ghosts, so this check proved nothing", s)
	}
}

// TestARC_DeleteForgetsGhosts promises that Delete ends the memory of a key: it isn't
// present, and it comes back as a stranger.
func TestARC_DeleteForgetsGhosts(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 1, 2, 3, 4, 5) // 3 is a ghost
	if v, ok := c.Delete(3); ok || v != 0 {
		t.Errorf("Delete of a ghost = %d, %v; want 0, false: its value left when it was evicted", v, ok)
	}
	claim.Equal(t, "Shape() after Delete of the only ghost", c.Shape(), lru.ARCShape{T1: 2, T2: 2})
	ask(c, 3)
	if s := c.Shape(); s.Target != 0 || s.T2 != 2 {
		t.Errorf("a deleted ghost came back as a known key: %+v; want it in T1, and Target 0", s)
	}
}

// TestARC_DeleteMakesRoom promises that nothing is evicted while there is room, ghost hit or not.
func TestARC_DeleteMakesRoom(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 1, 2, 3, 4, 5) // 3 is a ghost, 1, 2, 4, 5 are present
	c.Delete(5)
	if out, ok := c.Put(3, 30); ok {
		t.Errorf("3 of 4 entries are present, and the Put of a ghost evicted %v", out)
	}
	has(t, c, "the return of 3 into the gap that 5 left", 1, 2, 3, 4)
	c.Delete(4)
	if out, ok := c.Put(6, 60); ok {
		t.Errorf("3 of 4 entries are present, and the Put of a new key evicted %v", out)
	}
}

// TestARC_ClearStartsAgain promises that Clear forgets ghosts and what was learned, too.
func TestARC_ClearStartsAgain(t *testing.T) {
	c := newARC(t, 4)
	ask(c, 1, 2, 1, 2, 3, 4, 5, 3, 6)
	if c.Shape().Target == 0 {
		t.Fatalf("Shape() = %+v; the requests should have raised Target, so this check proves nothing", c.Shape())
	}
	c.Clear()
	claim.Equal(t, "Shape() after Clear", c.Shape(), lru.ARCShape{})
	ask(c, 4)
	claim.Equal(t, "Shape() after Clear and the former ghost 4", c.Shape(), lru.ARCShape{T1: 1})
}

// TestARC_KeepsContract promises all that Cache promises: conservation, capacity 0 and
// 1, refusals, Clear.
func TestARC_KeepsContract(t *testing.T) {
	contract(t, "NewARC",
		func(n int) lru.Cache[int, int] { return lru.NewARC[int, int](n) },
		func(n int) lru.Cache[float64, int] { return lru.NewARC[float64, int](n) },
		func(n int) lru.Cache[pinned, *blob] { return lru.NewARC[pinned, *blob](n) })
}

// contract runs the checks that don't depend on which entry a policy evicts.
func contract(t *testing.T, name string, ints func(int) lru.Cache[int, int],
	floats func(int) lru.Cache[float64, int], blobs func(int) lru.Cache[pinned, *blob]) {
	t.Helper()
	refuses(t, name, func(n int) any { return ints(n) })
	refusesNaN(t, floats(4))
	clears(t, ints(3))
	conserves(t, 20, ints)
	conserves(t, 1, ints)
	c := blobs(8)
	forgets(t, c, "was deleted", func(victim pinned) { c.Delete(victim) })
	forgets(t, c, "was cleared", func(pinned) { c.Clear() })

	zero := ints(0)
	if out, ok := zero.Put(1, 10); !ok || out.Key != 1 || out.Value != 10 || zero.Len() != 0 {
		t.Errorf("capacity 0: Put(1, 10) returned %v, %v and Len() is %d; want the entry itself, true, and 0", out, ok, zero.Len())
	}
	loop := ints(4)
	ask(loop, 1, 2, 3, 4, 1, 2)
	for k := range loop.All() {
		loop.Delete(k)
	}
	if loop.Len() != 0 {
		t.Errorf("Len() = %d after a loop over All that deletes every key it is given", loop.Len())
	}
	stops(t, name, ints(4))
	reservesNothing(t, name, ints)
}

// stops leaves a loop over All at each of its turns.
func stops(t *testing.T, name string, c lru.Cache[int, int]) {
	t.Helper()
	ask(c, 1, 2, 3, 4, 1, 1, 2, 2, 5) // some keys were used again and some weren't: every list has entries
	for turns := 1; turns <= c.Len(); turns++ {
		seen := 0
		c.All()(func(int, int) bool {
			seen++
			return seen < turns
		})
		if seen != turns {
			t.Errorf("%s: a loop over All of %d entries that ends at turn %d was called %d times. "+
				"When yield returns false the whole iteration is over, not only that of one list", name, c.Len(), turns, seen)
		}
	}
}

// TestARC_AgreesWithPaper promises the same answers and the same lists as figure 4
// executed literally, for random operations.
func TestARC_AgreesWithPaper(t *testing.T) {
	agree(t, subject{
		cache: func(n int) lru.Cache[int, int] { return lru.NewARC[int, int](n) },
		model: newARCModel,
		shape: func(c lru.Cache[int, int]) any { return c.(*lru.ARC[int, int]).Shape() },
	})
}
