package lru_test

import (
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// Quotations are from section 4.1 of Yang, Zhang, Qiu, Yue and Vinayak, "FIFO queues
// are all you need for cache eviction", SOSP '23.

func newS3FIFO(t *testing.T, capacity int) *lru.S3FIFO[int, int] {
	t.Helper()
	c := lru.NewS3FIFO[int, int](capacity)
	if c == nil {
		t.Fatalf("NewS3FIFO(%d) = nil", capacity)
	}
	return c
}

// span returns the keys from … to, both included.
func span(from, to int) []int {
	keys := make([]int, 0, max(0, to-from+1))
	for k := from; k <= to; k++ {
		keys = append(keys, k)
	}
	return keys
}

// TestS3FIFO_FirstInFirstOut promises that without a second use it is a FIFO, and that
// a hit moves nothing.
func TestS3FIFO_FirstInFirstOut(t *testing.T) {
	c := newS3FIFO(t, 10)
	ask(c, span(1, 10)...)
	claim.Equal(t, "Shape() after 10 new keys", c.Shape(), lru.S3FIFOShape{Small: 10})
	ask(c, 1) // one use isn't enough
	out, ok := c.Put(11, 110)
	if !ok || out.Key != 1 {
		t.Errorf("1 … 10, one Get of 1, Put 11 evicted %v, %v; want 1. \"When S is full, the object at the tail is either "+
			"moved to M if it is accessed more than once or G if not.\" Once isn't more than once, and a hit moves nothing", out, ok)
	}
	claim.Equal(t, "Shape() after the eviction of 1", c.Shape(), lru.S3FIFOShape{Small: 10, Ghost: 1})
	has(t, c, "1 … 10, 1, 11", span(2, 11)...)
}

// TestS3FIFO_TwoUsesMoveToMain promises lazy promotion: what was used more than once is
// moved when its turn to leave comes, not before.
func TestS3FIFO_TwoUsesMoveToMain(t *testing.T) {
	c := newS3FIFO(t, 10)
	ask(c, span(1, 10)...)
	ask(c, 1, 1, 2)
	c.Put(2, 20) // an update is a use too
	claim.Equal(t, "Shape() after two uses of 1 and 2, before any eviction", c.Shape(), lru.S3FIFOShape{Small: 10})
	out, ok := c.Put(11, 110)
	if !ok || out.Key != 3 {
		t.Errorf("1 … 10, 1, 1, 2, 2, Put 11 evicted %v, %v; want 3, the first one that wasn't used twice", out, ok)
	}
	claim.Equal(t, "Shape() after the eviction", c.Shape(), lru.S3FIFOShape{Small: 8, Main: 2, Ghost: 1})
}

// TestS3FIFO_GhostReturnsToMain promises the second chance: "New objects are inserted
// into S if not in G. Otherwise, it is inserted into M."
func TestS3FIFO_GhostReturnsToMain(t *testing.T) {
	c := newS3FIFO(t, 10)
	ask(c, span(1, 12)...) // 1 and 2 are ghosts
	claim.Equal(t, "Shape() after 12 keys", c.Shape(), lru.S3FIFOShape{Small: 10, Ghost: 2})
	if _, ok := c.Get(1); ok {
		t.Fatal("Get(1) found a ghost. A ghost is a key that was evicted; its value is gone")
	}
	claim.Equal(t, "Shape() after a Get of a ghost", c.Shape(), lru.S3FIFOShape{Small: 10, Ghost: 2})
	c.Put(1, 10)
	claim.Equal(t, "Shape() after the Put of ghost 1: it is in main, and 3 left for it",
		c.Shape(), lru.S3FIFOShape{Small: 9, Main: 1, Ghost: 2})
	ask(c, span(20, 60)...) // strangers pass through
	if _, ok := c.Get(1); !ok {
		t.Error("41 keys passed by once, and 1 is gone. It was in main, where a tenth of the cache is none of its business")
	}
}

// TestS3FIFO_SmallIsATenth promises that strangers get a tenth of a cache that knows
// better: "We choose S to use 10% of the cache space".
func TestS3FIFO_SmallIsATenth(t *testing.T) {
	c := newS3FIFO(t, 100)
	for k := range 100 { // all of them used twice
		ask(c, k, k, k)
	}
	ask(c, span(1000, 1300)...)
	if s := c.Shape(); s.Small != 10 || s.Main != 90 {
		t.Errorf("100 keys used twice, then 301 keys used once, in a cache of 100: %+v; want 10 in small and 90 in main", s)
	}
	kept := 0
	for k := range 100 {
		if _, ok := c.Get(k); ok {
			kept++
		}
	}
	if kept != 90 {
		t.Errorf("%d of the 100 keys that were used twice are left after 301 strangers, want 90: once main has its share, strangers displace strangers", kept)
	}
	for _, capacity := range []int{1, 2, 5, 9, 15, 19} { // a tenth, rounded down, but at least one
		c := newS3FIFO(t, capacity)
		for k := range capacity {
			ask(c, k, k, k)
		}
		ask(c, span(1000, 1010)...)
		if s := c.Shape(); s.Small != 1 || s.Main != capacity-1 {
			t.Errorf("capacity %d: %+v; want 1 in small and %d in main", capacity, s, capacity-1)
		}
	}
}

// TestS3FIFO_GhostsAreBounded promises that "the ghost queue G stores the same number
// of ghost entries (no data) as M": nine tenths, and first in, first out.
func TestS3FIFO_GhostsAreBounded(t *testing.T) {
	c := newS3FIFO(t, 10)
	for k := 1; k <= 100; k++ {
		ask(c, k)
		if s := c.Shape(); s.Ghost > 9 || s.Small+s.Main > 10 || s.Small+s.Main != c.Len() {
			t.Fatalf("after %d keys in a cache of 10: %+v and Len() = %d; want at most 10 entries and 9 ghosts", k, s, c.Len())
		}
	}
	claim.Equal(t, "Shape() after 100 keys", c.Shape(), lru.S3FIFOShape{Small: 10, Ghost: 9})
	ask(c, 81) // 81 was the oldest ghost (91 … 100 are present, 82 … 90 the ghosts): it is forgotten
	if s := c.Shape(); s.Main != 0 {
		t.Errorf("after keys 1 … 100 the nine ghosts are 82 … 90, and 81 is forgotten; but 81 went to main: %+v", s)
	}
	ask(c, 84) // among the ghosts 83 … 91
	if s := c.Shape(); s.Main != 1 {
		t.Errorf("84 is one of the nine ghosts, but it didn't go to main: %+v", s)
	}
}

// A mainQueue is a cache of 10 whose main queue holds the keys 1 … 9, the oldest first,
// and a way to make it evict.
type mainQueue struct {
	*lru.S3FIFO[int, int]
	ghost, stranger int
}

func inMain(t *testing.T) *mainQueue {
	t.Helper()
	c := newS3FIFO(t, 10)
	ask(c, span(1, 10)...)
	for k := 1; k <= 9; k++ {
		ask(c, k, k)
	}
	ask(c, 1)   // once more than the others
	ask(c, 100) // 1 … 9 move to main, 10 becomes a ghost
	claim.Equal(t, "Shape() after 1 … 10, two more uses of 1 … 9, and 100", c.Shape(), lru.S3FIFOShape{Small: 1, Main: 9, Ghost: 1})
	return &mainQueue{c, 10, 100}
}

// turn brings back the last ghost, so that main is one over its share, then a stranger,
// for whom main has to give up an entry; it returns the key of that.
func (q *mainQueue) turn() int {
	q.Put(q.ghost, 0)
	q.ghost = q.stranger
	q.stranger++
	out, _ := q.Put(q.stranger, 0)
	return out.Key
}

// TestS3FIFO_CounterStartsAgain promises that "its access bits are cleared during the
// move": uses in small don't count in main.
func TestS3FIFO_CounterStartsAgain(t *testing.T) {
	q := inMain(t)
	for want := 1; want <= 9; want++ {
		if got := q.turn(); got != want {
			t.Fatalf("main gave up %d, want %d. None of its keys was used since it came to main, so they leave in the order in which they came, "+
				"however often they were used in small", got, want)
		}
	}
}

// TestS3FIFO_MainLeavesNoGhost promises that what main evicts is forgotten, and comes
// back as a stranger.
func TestS3FIFO_MainLeavesNoGhost(t *testing.T) {
	q := inMain(t)
	q.turn()
	before := q.Shape()
	q.Put(1, 10)
	after := q.Shape()
	if before.Ghost != 1 || after.Main > before.Main {
		t.Errorf("main evicted 1: %+v, then Put 1: %+v; want 1 ghost (the stranger that small evicted), and 1 to start in small again", before, after)
	}
}

// TestS3FIFO_CounterDecays promises two bits that run down: "a capped counter with
// frequency up to 3", and each time round takes one off. What was hot once goes in the
// end.
func TestS3FIFO_CounterDecays(t *testing.T) {
	for _, use := range []struct{ times, turn int }{{0, 1}, {1, 10}, {2, 19}, {3, 28}, {4, 28}, {1000, 28}} {
		q := inMain(t)
		for range use.times {
			q.Get(1)
		}
		got := 0
		for turn := 1; turn <= 60 && got == 0; turn++ {
			if q.turn() == 1 {
				got = turn
			}
		}
		if got != use.turn {
			t.Errorf("1 was used %d times in a main queue of 9 and left at turn %d (0: never in 60), want %d: each use saves it once from its turn to leave, "+
				"and no more than three are counted", use.times, got, use.turn)
		}
	}
}

// TestS3FIFO_EvictionEnds promises that a main queue full of hot keys still gives one
// up: the oldest, when all were used alike.
func TestS3FIFO_EvictionEnds(t *testing.T) {
	q := inMain(t)
	for k := 1; k <= 9; k++ {
		ask(q, k, k, k)
	}
	q.Put(q.ghost, 0)
	ask(q, q.ghost, q.ghost, q.ghost)
	var out lru.Entry[int, int]
	claim.Terminates(t, 2*time.Second, func() { out, _ = q.Put(500, 0) })
	if out.Key != 1 {
		t.Errorf("ten keys in main were used three times each, and %d left; want 1. Each time round takes one use off each, "+
			"and the one that came first is the first to have none", out.Key)
	}
}

// TestS3FIFO_ResistsScan promises quick demotion: ten times the capacity in strangers
// doesn't touch what is in main.
func TestS3FIFO_ResistsScan(t *testing.T) {
	const capacity, hot = 100, 60
	c := newS3FIFO(t, capacity)
	for range 3 {
		ask(c, span(1, hot)...)
	}
	ask(c, span(1000, 1000+10*capacity)...)
	left := 0
	for k := 1; k <= hot; k++ {
		if _, ok := c.Get(k); ok {
			left++
		}
	}
	if left < hot {
		t.Errorf("%d keys were used twice after they came in, then %d keys passed by once; %d of the %d are left, want all", hot, 10*capacity, left, hot)
	}
}

// TestS3FIFO_GhostsHoldNoValue promises that an evicted value can be collected while
// its key is remembered.
func TestS3FIFO_GhostsHoldNoValue(t *testing.T) {
	c := lru.NewS3FIFO[int, *blob](4)
	claim.Unreachable(t, "the value of a ghost", func() *blob {
		value := new(blob)
		c.Put(1, value)
		for k := 2; k <= 5; k++ {
			c.Put(k, nil)
		}
		return value
	})
	if s := c.Shape(); s.Ghost == 0 {
		t.Errorf("Shape() = %+v: no ghosts, so this check proved nothing", s)
	}
}

// TestS3FIFO_DeleteForgetsGhosts promises that Delete ends the memory of a key, and makes room.
func TestS3FIFO_DeleteForgetsGhosts(t *testing.T) {
	c := newS3FIFO(t, 10)
	ask(c, span(1, 12)...)
	if v, ok := c.Delete(1); ok || v != 0 {
		t.Errorf("Delete of a ghost = %d, %v; want 0, false: its value left when it was evicted", v, ok)
	}
	c.Delete(12)
	claim.Equal(t, "Shape() after Delete of ghost 1 and entry 12", c.Shape(), lru.S3FIFOShape{Small: 9, Ghost: 1})
	if out, ok := c.Put(1, 10); ok {
		t.Errorf("9 of 10 entries are present, and Put evicted %v", out)
	}
	claim.Equal(t, "Shape() after the return of 1, which is a stranger now", c.Shape(), lru.S3FIFOShape{Small: 10, Ghost: 1})
}

// TestS3FIFO_ClearStartsAgain promises that Clear forgets ghosts, too.
func TestS3FIFO_ClearStartsAgain(t *testing.T) {
	q := inMain(t)
	q.Clear()
	claim.Equal(t, "Shape() after Clear", q.Shape(), lru.S3FIFOShape{})
	ask(q, q.ghost)
	claim.Equal(t, "Shape() after Clear and a former ghost", q.Shape(), lru.S3FIFOShape{Small: 1})
}

// TestS3FIFO_KeepsContract promises all that Cache promises: conservation, capacity 0
// and 1, refusals, Clear.
func TestS3FIFO_KeepsContract(t *testing.T) {
	contract(t, "NewS3FIFO",
		func(n int) lru.Cache[int, int] { return lru.NewS3FIFO[int, int](n) },
		func(n int) lru.Cache[float64, int] { return lru.NewS3FIFO[float64, int](n) },
		func(n int) lru.Cache[pinned, *blob] { return lru.NewS3FIFO[pinned, *blob](n) })
}

// TestS3FIFO_AgreesWithPaper promises the same answers and the same queues as algorithm
// 1 executed literally, for random operations.
func TestS3FIFO_AgreesWithPaper(t *testing.T) {
	agree(t, subject{
		cache: func(n int) lru.Cache[int, int] { return lru.NewS3FIFO[int, int](n) },
		model: newS3FIFOModel,
		shape: func(c lru.Cache[int, int]) any { return c.(*lru.S3FIFO[int, int]).Shape() },
	})
}
