package lru

import (
	"fmt"
	"runtime"
	"strconv"
	"syscall"
	"testing"
	"text/tabwriter"

	"github.com/hone-go/hone/labs/structures/lru"
)

// rivals are the peers and the two simple LRUs.
func rivals() []peer {
	return append(peers(),
		peer{"arena and map", func(n int) cache { c := newMapped(n); return cache{c.get, c.put, func() {}} }},
		peer{"container/list and map", func(n int) cache { c := newListed(n); return cache{c.get, c.put, func() {}} }},
	)
}

// TestBytes prints the heap per entry of full caches, for keys and values of 8 bytes
// (-v). With -short it leaves out the large ones, which take 20 seconds.
func TestBytes(t *testing.T) {
	sizes := []int{100_000, 1_000_000}
	if testing.Short() {
		sizes = sizes[:1]
	}
	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprint(table, "bytes an entry")
	for _, size := range sizes {
		fmt.Fprintf(table, "\t%d entries", size)
	}
	fmt.Fprintln(table)
	for _, p := range rivals() {
		fmt.Fprint(table, p.name)
		for _, size := range sizes {
			fmt.Fprintf(table, "\t%.1f", bytesPerEntry(p, size))
		}
		fmt.Fprintln(table)
	}
	table.Flush()
}

func bytesPerEntry(p peer, capacity int) float64 {
	before := heapInUse()
	c := p.open(capacity)
	for k := range uint64(3 * capacity) {
		for _, key := range []uint64{k, k, k / 2} {
			if _, ok := c.get(key); !ok {
				c.put(key, key)
			}
		}
	}
	per := (heapInUse() - before) / float64(capacity)
	c.get(0)
	c.close()
	return per
}

func heapInUse() float64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return float64(m.HeapAlloc)
}

// BenchmarkRequest reports CPU per request (cpu-ns/op): a Get, and a Put if that
// missed. It includes the CPU of a cache's own goroutines.
func BenchmarkRequest(b *testing.B) {
	for _, trace := range lru.Traces() {
		for _, p := range rivals() {
			b.Run(trace.Name+"/"+p.name, func(b *testing.B) { run(b, p, lru.TraceCapacity, trace.Keys) })
		}
	}
}

// BenchmarkIndex compares the reference's own index with a map, at sizes that fit in
// the processor's caches and that don't.
func BenchmarkIndex(b *testing.B) {
	keys := lru.Traces()[0].Keys
	for _, capacity := range []int{1_000, 10_000, 40_000} {
		for _, p := range rivals() {
			if p.name == "hone LRU" || p.name == "arena and map" || p.name == "container/list and map" {
				b.Run(strconv.Itoa(capacity)+"/"+p.name, func(b *testing.B) { run(b, p, capacity, keys) })
			}
		}
	}
}

func run(b *testing.B, p peer, capacity int, keys []uint64) {
	c := p.open(capacity)
	defer c.close()
	replay(c, keys)
	b.ReportAllocs()
	start := cpu(b)
	b.ResetTimer()
	for i := range b.N {
		k := keys[i%len(keys)]
		if _, ok := c.get(k); !ok {
			c.put(k, k)
		}
	}
	b.StopTimer()
	b.ReportMetric(float64(cpu(b)-start)/float64(b.N), "cpu-ns/op")
}

// cpu returns the CPU time of this process in nanoseconds.
func cpu(b *testing.B) int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}
