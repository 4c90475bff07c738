//go:build !race

package lru_test

import (
	"container/list"
	"fmt"
	"runtime"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// A listLRU is the LRU of every textbook, container/list and a map, but for one thing: it
// uses the memory of its victims again. It is the peer of the speed budgets, which would
// measure the collector without that.
type listLRU struct {
	capacity int
	order    *list.List
	where    map[uint64]*list.Element
}

type listEntry struct{ key, value uint64 }

func newListLRU(capacity int) *listLRU {
	return &listLRU{capacity: capacity, order: list.New(), where: map[uint64]*list.Element{}}
}

func (c *listLRU) Get(key uint64) (uint64, bool) {
	e, ok := c.where[key]
	if !ok {
		return 0, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*listEntry).value, true
}

func (c *listLRU) Put(key, value uint64) {
	if e, ok := c.where[key]; ok {
		c.order.MoveToFront(e)
		e.Value.(*listEntry).value = value
		return
	}
	if c.order.Len() == c.capacity { // the victim's memory is used again: nothing is left to the collector
		victim := c.order.Back()
		e := victim.Value.(*listEntry)
		delete(c.where, e.key)
		*e = listEntry{key, value}
		c.order.MoveToFront(victim)
		c.where[key] = victim
		return
	}
	c.where[key] = c.order.PushFront(&listEntry{key, value})
}

// The three policies for keys and values of 8 bytes.
func newLRU(n int) lru.Cache[uint64, uint64]  { return lru.NewLRU[uint64, uint64](n) }
func openARC(n int) lru.Cache[uint64, uint64] { return lru.NewARC[uint64, uint64](n) }
func newS3(n int) lru.Cache[uint64, uint64]   { return lru.NewS3FIFO[uint64, uint64](n) }
func request(c lru.Cache[uint64, uint64], k uint64) {
	if _, ok := c.Get(k); !ok {
		c.Put(k, k)
	}
}

// allocatesNothing checks a hit, an update, a miss and a Put that evicts, in a cache
// that has seen enough to be in its steady state.
func allocatesNothing(t *testing.T, c lru.Cache[uint64, uint64]) {
	t.Helper()
	const capacity = 1000
	next := uint64(1 << 32)
	for range 5 * capacity { // strangers, and keys that come back
		next++
		request(c, next)
		request(c, next%1300)
		request(c, next%700)
	}
	if c.Len() != capacity {
		t.Fatalf("Len() = %d, want a full cache of %d", c.Len(), capacity)
	}
	var present uint64
	for k := range c.All() {
		present = k
		break
	}
	claim.Allocs(t, 0, func() { c.Get(present) })
	claim.Allocs(t, 0, func() { c.Put(present, 1) })
	claim.Allocs(t, 0, func() { c.Get(1 << 60) })
	claim.Allocs(t, 0, func() { next++; c.Put(next, next) })
	claim.Allocs(t, 0, func() { next++; request(c, next%1300); request(c, next%700) })
	if _, ok := c.Get(1 << 60); ok || c.Len() != capacity {
		t.Errorf("Len() = %d after the measurement, want %d", c.Len(), capacity)
	}
}

// bytesPerEntry checks the heap that a full cache takes for each entry, when keys and
// values are 8 bytes each.
func bytesPerEntry(t *testing.T, open func(int) lru.Cache[uint64, uint64], budget float64) {
	t.Helper()
	const capacity = 100_000
	before := heapInUse()
	c := open(capacity)
	for k := range uint64(4 * capacity) { // turnover, and keys used again: all memory that a policy has is in use
		request(c, k)
		request(c, k)
		request(c, k/2)
	}
	per := (heapInUse() - before) / capacity
	if c.Len() != capacity {
		t.Fatalf("Len() = %d, want a full cache of %d", c.Len(), capacity)
	}
	listBefore := heapInUse()
	peer := newListLRU(capacity)
	for k := range uint64(4 * capacity) {
		peer.Put(k, k)
		peer.Put(k/2, k)
	}
	listed := (heapInUse() - listBefore) / capacity
	runtime.KeepAlive(peer)
	if per < 16 {
		t.Fatalf("%.1f bytes an entry, and key and value alone are 16: the entries aren't in this cache", per)
	}
	if per > budget {
		claim.Fail(t, claim.OutcomeBudget, "%.1f bytes an entry for 16 bytes of payload at %d entries, want at most %.0f. "+
			"Count what is there beside the payload: each object is rounded up to a size class, each pointer is 8 bytes, each interface 16, "+
			"and a map is never full", per, capacity, budget)
		claim.Show(t, claim.KindText, "bytes an entry", fmt.Sprintf("payload  16\nyours    %.1f\nbudget   %.0f\ncontainer/list and map  %.1f", per, budget, listed))
	}
	t.Logf("%.1f bytes an entry; container/list and map: %.1f", per, listed)
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// hitRatio replays the traces of the lab and compares with the best that is known, and
// with the best that is possible.
func hitRatio(t *testing.T, open func(int) lru.Cache[uint64, uint64], known func(lru.Trace) float64) {
	t.Helper()
	for _, trace := range lru.Traces() {
		c := open(lru.TraceCapacity)
		hits := 0
		for i, k := range trace.Keys {
			v, ok := c.Get(k)
			switch {
			case ok && v != k*k:
				t.Fatalf("trace %s, request %d: Get(%d) = %d, want %d, the value that was put", trace.Name, i, k, v, k*k)
			case ok:
				hits++
			default:
				c.Put(k, k*k)
			}
		}
		ratio := float64(hits) / float64(len(trace.Keys))
		bound := float64(optimal(trace.Keys, lru.TraceCapacity)) / float64(len(trace.Keys))
		t.Logf("trace %-5s: hit ratio %.4f, best known of this policy %.4f, of any %.4f, with knowledge of the future %.4f",
			trace.Name, ratio, known(trace), trace.Any, bound)
		if ratio > bound {
			t.Errorf("trace %s: hit ratio %.4f, but a cache of %d that knows the future (Belady's MIN) has %.4f. "+
				"More entries are kept than the capacity allows", trace.Name, ratio, lru.TraceCapacity, bound)
		}
		if ratio < known(trace)-0.01 {
			claim.Fail(t, claim.OutcomeBudget, "trace %s: hit ratio %.4f; the best known implementation of this policy has %.4f, "+
				"and 0.01 less is allowed", trace.Name, ratio, known(trace))
		}
	}
}

// speed compares CPU per request with the textbook LRU of the same capacity on a trace
// of mostly hits.
func speed(t *testing.T, name string, open func(int) lru.Cache[uint64, uint64], atMost float64) {
	t.Helper()
	const capacity = 10_000
	keys := lru.Traces()[0].Keys
	ours, peer := open(capacity), newListLRU(capacity)
	for _, k := range keys {
		request(ours, k)
		if _, ok := peer.Get(k); !ok {
			peer.Put(k, k)
		}
	}
	if ours.Len() != capacity {
		t.Fatalf("Len() = %d, want a full cache of %d", ours.Len(), capacity)
	}
	at, peerAt := 0, 0
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: name, Op: func(n int) {
			for range n {
				k := keys[at]
				if at++; at == len(keys) {
					at = 0
				}
				request(ours, k)
			}
		}},
		Peer: claim.Side{Name: "container/list and map", Op: func(n int) {
			for range n {
				k := keys[peerAt]
				if peerAt++; peerAt == len(keys) {
					peerAt = 0
				}
				if _, ok := peer.Get(k); !ok {
					peer.Put(k, k)
				}
			}
		}},
	}, atMost)
}

// TestLean_AllocatesNothing promises 0 allocations in a hit, a miss, an update and a
// Put that evicts, once the cache has been full.
func TestLean_AllocatesNothing(t *testing.T) { allocatesNothing(t, newLRU(1000)) }

// TestLean_BytesPerEntry promises at most 80 bytes of heap an entry for a payload of 16.
func TestLean_BytesPerEntry(t *testing.T) { bytesPerEntry(t, newLRU, 80) }

// TestLean_HitRatio promises the hit ratios of an LRU, no better and no worse.
func TestLean_HitRatio(t *testing.T) {
	hitRatio(t, newLRU, func(trace lru.Trace) float64 { return trace.LRU })
}

// TestLean_Speed promises at most 1.1 times the CPU of a textbook LRU that allocates
// nothing either, in the same run.
func TestLean_Speed(t *testing.T) { speed(t, "LRU", newLRU, 1.1) }

// TestARC_AllocatesNothing promises 0 allocations in a hit, a miss, an update and a Put
// that evicts, once the cache has been full.
func TestARC_AllocatesNothing(t *testing.T) { allocatesNothing(t, openARC(1000)) }

// TestARC_BytesPerEntry promises at most 160 bytes of heap an entry for a payload of
// 16, and as many ghosts as entries.
func TestARC_BytesPerEntry(t *testing.T) { bytesPerEntry(t, openARC, 160) }

// TestARC_HitRatio promises hit ratios within a point of the best ARC that is known.
func TestARC_HitRatio(t *testing.T) {
	hitRatio(t, openARC, func(trace lru.Trace) float64 { return trace.ARC })
}

// TestARC_Speed promises at most 1.06 times the CPU of a textbook LRU that allocates
// nothing, in the same run.
func TestARC_Speed(t *testing.T) { speed(t, "ARC", openARC, 1.06) }

// TestS3FIFO_AllocatesNothing promises 0 allocations in a hit, a miss, an update and a
// Put that evicts, once the cache has been full.
func TestS3FIFO_AllocatesNothing(t *testing.T) { allocatesNothing(t, newS3(1000)) }

// TestS3FIFO_BytesPerEntry promises at most 160 bytes of heap an entry for a payload of
// 16, and nine ghosts for ten entries.
func TestS3FIFO_BytesPerEntry(t *testing.T) { bytesPerEntry(t, newS3, 160) }

// TestS3FIFO_HitRatio promises hit ratios within a point of the best S3-FIFO that is known.
func TestS3FIFO_HitRatio(t *testing.T) {
	hitRatio(t, newS3, func(trace lru.Trace) float64 { return trace.S3FIFO })
}

// TestS3FIFO_Speed promises at most the CPU of a textbook LRU that allocates
// nothing, in the same run.
func TestS3FIFO_Speed(t *testing.T) { speed(t, "S3-FIFO", newS3, 1) }
