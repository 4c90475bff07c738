package lru_test

import (
	"fmt"
	"maps"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// filled returns an LRU of the given capacity that holds keys, put in this order, each
// with ten times itself as its value.
func filled(t *testing.T, capacity int, keys ...int) *lru.LRU[int, int] {
	t.Helper()
	c := lru.NewLRU[int, int](capacity)
	if c == nil {
		t.Fatalf("NewLRU(%d) = nil", capacity)
	}
	for _, k := range keys {
		c.Put(k, 10*k)
	}
	return c
}

// holds checks the keys of c in the order of All.
func holds(t *testing.T, c *lru.LRU[int, int], after string, want ...int) {
	t.Helper()
	got := slices.Collect(keysOf(c.All()))
	if !slices.Equal(got, want) {
		t.Errorf("after %s: All() yields %v, want %v (most recently used first)", after, got, want)
	}
	if c.Len() != len(want) {
		t.Errorf("after %s: Len() = %d, want %d", after, c.Len(), len(want))
	}
}

// TestOrder_KeepsWhatFits promises that nothing leaves while there is room.
func TestOrder_KeepsWhatFits(t *testing.T) {
	c := lru.NewLRU[int, string](3)
	if c == nil {
		t.Fatal("NewLRU(3) = nil")
	}
	for k := 1; k <= 3; k++ {
		if out, ok := c.Put(k, strconv.Itoa(k)); ok {
			t.Errorf("Put(%d) into a cache with room returned %v, true; nothing had to leave", k, out)
		}
	}
	for k := 1; k <= 3; k++ {
		if v, ok := c.Get(k); !ok || v != strconv.Itoa(k) {
			t.Errorf("Get(%d) = %q, %v; want %q, true: 3 entries fit in a capacity of 3", k, v, ok, strconv.Itoa(k))
		}
	}
	if v, ok := c.Get(4); ok || v != "" {
		t.Errorf("Get(4) = %q, %v for a key that was never put; want the zero value and false", v, ok)
	}
	if c.Len() != 3 {
		t.Errorf("Len() = %d, want 3", c.Len())
	}
}

// TestOrder_EvictsOldest promises that a full cache gives up the entry whose use is
// longest ago, and that one only.
func TestOrder_EvictsOldest(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	out, ok := c.Put(4, 40)
	if want := (lru.Entry[int, int]{Key: 1, Value: 10}); !ok || out != want {
		t.Errorf("1, 2, 3 are in a cache of 3; Put(4) returned %v, %v, want %v, true: 1 was used longest ago", out, ok, want)
	}
	if _, ok := c.Get(1); ok {
		t.Error("Get(1) still finds the entry that Put(4) had to evict")
	}
	holds(t, c, "Put 1, 2, 3, 4", 4, 3, 2)
}

// TestOrder_GetRefreshes promises that Get is a use: R of LRU is "recently used", not
// "recently inserted".
func TestOrder_GetRefreshes(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	c.Get(1)
	holds(t, c, "Put 1, 2, 3, Get 1", 1, 3, 2)
	if out, _ := c.Put(4, 40); out.Key != 2 {
		t.Errorf("Put 1, 2, 3, Get 1, Put 4 evicted %d, want 2: the Get made 1 the most recently used. "+
			"Without that this is a FIFO", out.Key)
	}
	c.Get(3) // from the middle
	holds(t, c, "… Get 3", 3, 4, 1)
	c.Get(3) // already the first
	holds(t, c, "… Get 3 again", 3, 4, 1)
}

// TestOrder_PutRefreshes promises that Put of a present key replaces the value, returns
// the former one, and is a use.
func TestOrder_PutRefreshes(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	out, ok := c.Put(1, 11)
	if want := (lru.Entry[int, int]{Key: 1, Value: 10}); !ok || out != want {
		t.Errorf("Put(1, 11) over 1: 10 returned %v, %v; want %v, true: the former value leaves the cache, "+
			"and whoever must close it has to learn of it", out, ok, want)
	}
	holds(t, c, "Put 1, 2, 3, and 1 again", 1, 3, 2)
	if v, _ := c.Get(1); v != 11 {
		t.Errorf("Get(1) = %d after Put(1, 11), want 11", v)
	}
	if out, _ := c.Put(4, 40); out.Key != 2 {
		t.Errorf("Put 1, 2, 3, 1, 4 evicted %d, want 2: an update is a use", out.Key)
	}
}

// TestOrder_LooksChangeNothing promises that a miss, Len and All leave the order alone.
func TestOrder_LooksChangeNothing(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	c.Get(9)
	c.Delete(9)
	c.Len()
	for range c.All() {
	}
	for range c.All() {
		break
	}
	holds(t, c, "a miss, a Delete of nothing, Len and All", 3, 2, 1)
}

// TestOrder_DeleteMakesRoom promises that Delete returns the value once, and that what
// it frees is used.
func TestOrder_DeleteMakesRoom(t *testing.T) {
	for _, key := range []int{1, 2, 3} { // the last, the middle, the first
		c := filled(t, 3, 1, 2, 3)
		if v, ok := c.Delete(key); !ok || v != 10*key {
			t.Errorf("Delete(%d) = %d, %v; want %d, true", key, v, ok, 10*key)
		}
		if v, ok := c.Delete(key); ok || v != 0 {
			t.Errorf("Delete(%d) a second time = %d, %v; want 0, false", key, v, ok)
		}
		if v, ok := c.Get(key); ok {
			t.Errorf("Get(%d) = %d after Delete(%d)", key, v, key)
		}
		rest := slices.DeleteFunc([]int{3, 2, 1}, func(k int) bool { return k == key })
		holds(t, c, fmt.Sprintf("Put 1, 2, 3, Delete %d", key), rest...)
		if out, ok := c.Put(4, 40); ok {
			t.Errorf("Put 1, 2, 3, Delete %d, Put 4 evicted %v from a cache with room", key, out)
		}
		if out, _ := c.Put(5, 50); out.Key != rest[1] {
			t.Errorf("Put 1, 2, 3, Delete %d, Put 4, 5 evicted %d, want %d", key, out.Key, rest[1])
		}
	}
}

// TestOrder_DeleteAll promises that an emptied cache is as good as a new one.
func TestOrder_DeleteAll(t *testing.T) {
	c := filled(t, 3, 1, 2, 3)
	for k := range 4 {
		c.Delete(k)
	}
	holds(t, c, "deleting everything")
	for k := 5; k <= 8; k++ {
		c.Put(k, k)
	}
	holds(t, c, "deleting everything, then Put 5, 6, 7, 8", 8, 7, 6)
}

// TestOrder_CapacityOne promises that the smallest real cache works: its one entry is
// first and last.
func TestOrder_CapacityOne(t *testing.T) {
	c := filled(t, 1, 1)
	holds(t, c, "Put 1", 1)
	if out, ok := c.Put(2, 20); !ok || out.Key != 1 {
		t.Errorf("capacity 1: Put(2) returned %v, %v; want 1 to leave", out, ok)
	}
	c.Get(2)
	holds(t, c, "Put 1, 2, Get 2", 2)
	c.Delete(2)
	holds(t, c, "Put 1, 2, Delete 2")
}

// TestOrder_CapacityZero promises that a cache of capacity 0 is one that is switched
// off: what is put comes straight back.
func TestOrder_CapacityZero(t *testing.T) {
	c := filled(t, 0)
	out, ok := c.Put(1, 10)
	if want := (lru.Entry[int, int]{Key: 1, Value: 10}); !ok || out != want {
		t.Errorf("capacity 0: Put(1, 10) returned %v, %v; want %v, true: nothing can stay, so it leaves at once, "+
			"and the caller learns it in the one place where it learns of all that leaves", out, ok, want)
	}
	if _, ok := c.Get(1); ok || c.Len() != 0 {
		t.Errorf("capacity 0: holds an entry (Len() = %d)", c.Len())
	}
}

// TestOrder_CapacityRefused promises that a capacity that makes no sense panics in the
// constructor, not later.
func TestOrder_CapacityRefused(t *testing.T) {
	refuses(t, "NewLRU", func(n int) any { return lru.NewLRU[int, int](n) })
}

func refuses(t *testing.T, name string, create func(int) any) {
	t.Helper()
	create(0) // a constructor that isn't written yet must not look like one that refuses
	for _, n := range []int{-1, lru.MaxCapacity + 1} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s(%d) doesn't panic. A capacity computed wrong should be found where it was computed", name, n)
				}
			}()
			create(n)
		}()
	}
}

// TestOrder_LargeCapacityIsFree promises that capacity is a limit and no reservation, up
// to the largest that the contract allows.
func TestOrder_LargeCapacityIsFree(t *testing.T) {
	reservesNothing(t, "NewLRU", func(n int) lru.Cache[int, int] { return lru.NewLRU[int, int](n) })
}

func reservesNothing(t *testing.T, name string, create func(int) lru.Cache[int, int]) {
	t.Helper()
	const capacity, most = 10_000_000, 1 << 20
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	c := create(capacity)
	c.Put(1, 10)
	c.Put(2, 20)
	runtime.ReadMemStats(&after)
	if got := after.TotalAlloc - before.TotalAlloc; got > most {
		t.Errorf("%s(%d) and two Puts allocated %d bytes, want at most %d. Whoever says \"at most ten million\" mostly has a thousand", name, capacity, got, most)
		return // don't ask for a hundred times as much
	}
	if _, ok := c.Get(1); !ok || c.Len() != 2 {
		t.Errorf("%s(%d): after Put 1, 2: Len() = %d, 1 found: %v; want 2, true", name, capacity, c.Len(), ok)
	}
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("%s(MaxCapacity) panics: %v. It is the largest capacity that is allowed, and allowed it is", name, r)
		}
	}()
	create(lru.MaxCapacity).Put(1, 10)
}

// TestOrder_DeleteInLoop promises that a loop over All may delete the key in hand, and may stop.
func TestOrder_DeleteInLoop(t *testing.T) {
	c := filled(t, 6, 1, 2, 3, 4, 5, 6)
	var seen []int
	for k, v := range c.All() {
		seen = append(seen, k)
		if v != 10*k {
			t.Errorf("All() yields %d: %d, want %d: %d", k, v, k, 10*k)
		}
		if k%2 == 0 {
			c.Delete(k)
		}
	}
	if want := []int{6, 5, 4, 3, 2, 1}; !slices.Equal(seen, want) {
		t.Errorf("a loop that deletes the key in hand saw %v, want %v", seen, want)
	}
	holds(t, c, "deleting 2, 4, 6 in a loop", 5, 3, 1)
	for k := range c.All() {
		if k == 3 {
			break
		}
	}
}

// TestOrder_EveryKeyFound promises that many keys live together: growth loses none, and
// equal means ==.
func TestOrder_EveryKeyFound(t *testing.T) {
	const n = 5000
	c := lru.NewLRU[string, int](n)
	if c == nil {
		t.Fatal("NewLRU = nil")
	}
	for i := range 3 * n { // every slot is used three times
		c.Put("key "+strconv.Itoa(i), i)
	}
	if c.Len() != n {
		t.Fatalf("Len() = %d after %d keys in a cache of %d", c.Len(), 3*n, n)
	}
	for i := range 3 * n {
		// The messages name no key: which one it hits depends on the seed of the hash.
		v, ok := c.Get("key " + strconv.Itoa(i))
		switch want := i >= 2*n; {
		case !ok && want:
			t.Fatalf("of %d keys put into a cache of %d, one of the last %d isn't found. Its entry is in there, for Len() counts it, and Get doesn't get to it", 3*n, n, n)
		case ok && !want:
			t.Fatalf("of %d keys put into a cache of %d, one is found that isn't among the last %d", 3*n, n, n)
		case ok && v != i:
			t.Fatalf("of %d keys put into a cache of %d, one has the value of another", 3*n, n)
		}
	}
}

// TestOrder_NothingIsLost promises conservation: each value that was put comes out
// exactly once, or is still in.
func TestOrder_NothingIsLost(t *testing.T) {
	conserves(t, 20, func(n int) lru.Cache[int, int] { return lru.NewLRU[int, int](n) })
}

// conserves puts values that are all different and follows each to where it leaves.
func conserves(t *testing.T, capacity int, create func(int) lru.Cache[int, int]) {
	t.Helper()
	rng := claim.Rand(t)
	ops := operations(rng, 4000, func() int { return rng.IntN(60) })
	claim.Minimal(t, ops, func(t testing.TB, ops []op) { follow(t, create(capacity), ops) })
}

func follow(t testing.TB, c lru.Cache[int, int], ops []op) {
	inside := map[int]int{} // value to key
	leave := func(by op, key, value int) {
		if k, ok := inside[value]; !ok || k != key {
			t.Fatalf("%v gave back %d: %d, which isn't in the cache (it never was, or came out before)", by, key, value)
		}
		delete(inside, value)
	}
	for _, o := range ops {
		switch o.name {
		case "Delete":
			if v, ok := c.Delete(o.key); ok {
				leave(o, o.key, v)
			}
		case "Get":
			c.Get(o.key)
		default:
			inside[o.value] = o.key
			if out, ok := c.Put(o.key, o.value); ok {
				leave(o, out.Key, out.Value)
			}
		}
		if c.Len() != len(inside) {
			t.Fatalf("after %v Len() = %d, but %d values went in and didn't come out", o, c.Len(), len(inside))
		}
	}
	rest := map[int]int{}
	for k, v := range c.All() {
		rest[v] = k
	}
	if !maps.Equal(rest, inside) {
		t.Errorf("All() yields %v, but what went in and didn't come out is %v (value:key)", rest, inside)
	}
}

// TestOrder_AgreesWithModel promises the same answers as the slow, obvious LRU for
// random operations.
func TestOrder_AgreesWithModel(t *testing.T) {
	agree(t, subject{
		cache:   func(n int) lru.Cache[int, int] { return lru.NewLRU[int, int](n) },
		model:   newLRUModel,
		ordered: true,
	})
}
