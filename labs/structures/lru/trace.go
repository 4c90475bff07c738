package lru

import "math/rand/v2"

// TraceCapacity is the capacity at which the traces are judged.
const TraceCapacity = 1000

// A Trace is a sequence of requests to judge a policy by, with the best hit ratios
// known for it: of a request that misses, the caller fetches the value and Puts it.
type Trace struct {
	Name string
	Keys []uint64

	// The best hit ratios known to us at TraceCapacity, of each policy and of any cache
	// that doesn't know the future. Measured, and kept current, by the module peers
	// beside hashicorp/golang-lru, otter and theine.
	LRU, ARC, S3FIFO, Any float64
}

// Traces returns the four traces of this lab. They are always the same, whatever the
// machine or the seed of a run.
func Traces() []Trace {
	return []Trace{
		{Name: "zipf", Keys: zipf(), LRU: 0.5632, ARC: 0.6400, S3FIFO: 0.6420, Any: 0.6431},
		{Name: "scan", Keys: scan(), LRU: 0.3574, ARC: 0.4309, S3FIFO: 0.4294, Any: 0.4309},
		{Name: "loop", Keys: loop(), LRU: 0, ARC: 0.0025, S3FIFO: 0.6993, Any: 0.8149},
		{Name: "shift", Keys: shift(), LRU: 0.5560, ARC: 0.5813, S3FIFO: 0.5686, Any: 0.5813},
	}
}

const (
	requests = 200_000
	universe = 50_000 // keys of the skewed traces
)

func skewed(seed uint64) *rand.Zipf {
	return rand.NewZipf(rand.New(rand.NewPCG(seed, 1)), 1.01, 1, universe-1)
}

// zipf is the plain case of a cache in front of a database: the n-th most popular key
// is asked for with a probability of about 1/n (exponent 1.01).
func zipf() []uint64 {
	next := skewed(1)
	keys := make([]uint64, requests)
	for i := range keys {
		keys[i] = next.Uint64()
	}
	return keys
}

// scan is zipf, disturbed: after every 5,000 requests somebody reads 2,500 keys in a
// row that nobody reads again. A backup does that, or a report.
func scan() []uint64 {
	next := skewed(2)
	once := uint64(universe)
	keys := make([]uint64, requests)
	for i := range keys {
		if i%7500 < 5000 {
			keys[i] = next.Uint64()
		} else {
			keys[i] = once
			once++
		}
	}
	return keys
}

// loop walks through a fifth more keys than there is room for, again and again: a table
// scanned by every query.
func loop() []uint64 {
	keys := make([]uint64, requests)
	for i := range keys {
		keys[i] = uint64(i % (TraceCapacity * 12 / 10))
	}
	return keys
}

// shift is zipf over keys that change their popularity: every 20,000 requests another
// key is the most popular one. Yesterday's news.
func shift() []uint64 {
	next := skewed(3)
	keys := make([]uint64, requests)
	for i := range keys {
		keys[i] = (next.Uint64() + uint64(i/20_000)*7919) % universe
	}
	return keys
}
