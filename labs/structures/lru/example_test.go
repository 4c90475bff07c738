//go:build !race

package lru_test

import (
	"container/heap"
	"fmt"

	"github.com/hone-go/hone/labs/structures/lru"
)

// The hit ratios of the three policies on the four traces, and the best that is possible.
func Example_hitRatios() {
	traces := lru.Traces()
	fmt.Print("hit ratio            ")
	for _, t := range traces {
		fmt.Printf("  %6s", t.Name)
	}
	fmt.Println()
	row := func(name string, hits func(keys []uint64) int) {
		fmt.Printf("%-21s", name)
		for _, t := range traces {
			fmt.Printf("  %.4f", float64(hits(t.Keys))/float64(len(t.Keys)))
		}
		fmt.Println()
	}
	policy := func(open func(int) lru.Cache[uint64, uint64]) func(keys []uint64) int {
		return func(keys []uint64) (hits int) {
			c := open(lru.TraceCapacity)
			for _, k := range keys {
				if _, ok := c.Get(k); ok {
					hits++
				} else {
					c.Put(k, k)
				}
			}
			return hits
		}
	}
	row("LRU", policy(func(n int) lru.Cache[uint64, uint64] { return lru.NewLRU[uint64, uint64](n) }))
	row("ARC", policy(func(n int) lru.Cache[uint64, uint64] { return lru.NewARC[uint64, uint64](n) }))
	row("S3-FIFO", policy(func(n int) lru.Cache[uint64, uint64] { return lru.NewS3FIFO[uint64, uint64](n) }))
	row("MIN, a clairvoyant", func(keys []uint64) int { return optimal(keys, lru.TraceCapacity) })
	// Output:
	// hit ratio                zipf    scan    loop   shift
	// LRU                    0.5632  0.3574  0.0000  0.5560
	// ARC                    0.6400  0.4307  0.0000  0.5810
	// S3-FIFO                0.6420  0.4294  0.6993  0.5686
	// MIN, a clairvoyant     0.7120  0.4794  0.8290  0.6816
}

// optimal returns the hits of Belady's MIN (L. A. Belady, "A study of replacement
// algorithms for a virtual-storage computer", IBM Systems Journal 5(2), 1966): of all
// keys in hand, the newcomer included, it lets go the one that is needed again last. No
// cache of this capacity can have more.
func optimal(keys []uint64, capacity int) (hits int) {
	const never = 1 << 40
	next := make([]int, len(keys)) // when the key of request i is needed again
	seen := map[uint64]int{}
	for i := len(keys) - 1; i >= 0; i-- {
		next[i] = never
		if j, ok := seen[keys[i]]; ok {
			next[i] = j
		}
		seen[keys[i]] = i
	}
	kept := map[int]bool{} // entries, named by the request that will need them
	var last descending
	for i := range keys {
		if kept[i] {
			hits++
			delete(kept, i)
		}
		if next[i] == never {
			continue
		}
		kept[next[i]] = true
		heap.Push(&last, next[i])
		for len(kept) > capacity {
			delete(kept, heap.Pop(&last).(int)) // needed later than any other, so it is still ahead
		}
	}
	return hits
}

type descending []int

func (d descending) Len() int           { return len(d) }
func (d descending) Less(i, j int) bool { return d[i] > d[j] }
func (d descending) Swap(i, j int)      { d[i], d[j] = d[j], d[i] }
func (d *descending) Push(x any)        { *d = append(*d, x.(int)) }
func (d *descending) Pop() any {
	x := (*d)[len(*d)-1]
	*d = (*d)[:len(*d)-1]
	return x
}
