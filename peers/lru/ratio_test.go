package lru

import (
	"fmt"
	"math"
	"testing"
	"text/tabwriter"

	"github.com/Yiling-J/theine-go"
	"github.com/hashicorp/golang-lru/arc/v2"
	simple "github.com/hashicorp/golang-lru/v2"
	"github.com/maypok86/otter/v2"

	"github.com/hone-go/hone/labs/structures/lru"
)

// A peer is a cache of some make, reduced to what a trace needs.
type peer struct {
	name string
	open func(capacity int) cache
}

type cache struct {
	get   func(uint64) (uint64, bool)
	put   func(key, value uint64)
	close func()
}

func peers() []peer {
	own := func(c lru.Cache[uint64, uint64]) cache {
		return cache{c.Get, func(k, v uint64) { c.Put(k, v) }, func() {}}
	}
	return []peer{
		{"hone LRU", func(n int) cache { return own(lru.NewLRU[uint64, uint64](n)) }},
		{"hone ARC", func(n int) cache { return own(lru.NewARC[uint64, uint64](n)) }},
		{"hone S3FIFO", func(n int) cache { return own(lru.NewS3FIFO[uint64, uint64](n)) }},
		{"golang-lru", openLRU},
		{"golang-lru/arc", openARC},
		{"otter", openOtter},
		{"theine", openTheine},
	}
}

func openLRU(n int) cache {
	c, err := simple.New[uint64, uint64](n)
	if err != nil {
		panic(err)
	}
	return cache{c.Get, func(k, v uint64) { c.Add(k, v) }, func() {}}
}

func openARC(n int) cache {
	c, err := arc.NewARC[uint64, uint64](n)
	if err != nil {
		panic(err)
	}
	return cache{c.Get, c.Add, func() {}}
}

func openOtter(n int) cache {
	c := otter.Must(&otter.Options[uint64, uint64]{
		MaximumSize: n,
		Executor:    func(f func()) { f() }, // maintenance in the caller: no lag, and its CPU counts
	})
	return cache{c.GetIfPresent, func(k, v uint64) { c.Set(k, v) }, func() {}}
}

func openTheine(n int) cache {
	c, err := theine.NewBuilder[uint64, uint64](int64(n)).Build()
	if err != nil {
		panic(err)
	}
	return cache{c.Get, func(k, v uint64) { c.Set(k, v, 1) }, c.Close}
}

// replay returns the hit ratio of c on keys.
func replay(c cache, keys []uint64) float64 {
	hits := 0
	for _, k := range keys {
		if _, ok := c.get(k); ok {
			hits++
		} else {
			c.put(k, k)
		}
	}
	return float64(hits) / float64(len(keys))
}

// TestHitRatio prints the hit ratios of all peers (-v) and compares the best of each
// policy with the figure in the trace.
func TestHitRatio(t *testing.T) {
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	traces := lru.Traces()
	fmt.Fprint(table, "hit ratio")
	for _, trace := range traces {
		fmt.Fprint(table, "\t", trace.Name)
	}
	fmt.Fprintln(table)
	ratios := map[string][]float64{}
	for _, p := range peers() {
		fmt.Fprint(table, p.name)
		for _, trace := range traces {
			c := p.open(lru.TraceCapacity)
			r := replay(c, trace.Keys)
			c.close()
			ratios[p.name] = append(ratios[p.name], r)
			fmt.Fprintf(table, "\t%.4f", r)
		}
		fmt.Fprintln(table)
	}
	table.Flush()
	for i, trace := range traces {
		current := func(what string, stated, tolerance float64, names ...string) {
			best := 0.0
			for _, name := range names {
				best = max(best, ratios[name][i])
			}
			if math.Abs(best-stated) > tolerance {
				t.Errorf("trace %s states %.4f as the best known %s; the best of %v is %.4f", trace.Name, stated, what, names, best)
			}
		}
		current("LRU", trace.LRU, 0.0001, "hone LRU", "golang-lru")
		current("ARC", trace.ARC, 0.0001, "hone ARC", "golang-lru/arc")
		current("S3-FIFO", trace.S3FIFO, 0.0001, "hone S3FIFO")
		// Otter and theine draw random numbers, so their ratios vary in the third digit.
		current("of all", trace.Any, 0.01, "hone LRU", "hone ARC", "hone S3FIFO", "golang-lru", "golang-lru/arc", "otter", "theine")
	}
}
