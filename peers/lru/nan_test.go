package lru

import (
	"math"
	"testing"

	simple "github.com/hashicorp/golang-lru/v2"

	"github.com/hone-go/hone/labs/structures/lru"
)

// TestNaN holds a sentence of the lab's text: a cache on a Go map that is fed keys that
// aren't equal to themselves grows without bound while its Len stays exact.
func TestNaN(t *testing.T) {
	const capacity, puts = 100, 200_000
	c, err := simple.New[float64, int](capacity)
	if err != nil {
		t.Fatal(err)
	}
	before := heapInUse()
	for i := range puts {
		c.Add(math.NaN(), i)
	}
	grown := heapInUse() - before
	t.Logf("golang-lru: capacity %d, %d puts of NaN, Len %d, heap grown by %.1f MB", capacity, puts, c.Len(), grown/1e6)
	if c.Len() != capacity || grown < 1e6 {
		t.Errorf("Len() = %d, %.0f bytes: golang-lru doesn't do that any more; correct the lab's text", c.Len(), grown)
	}

	own := lru.NewLRU[float64, int](capacity)
	before = heapInUse()
	for i := range puts {
		own.Put(math.NaN(), i)
	}
	if grown := heapInUse() - before; grown > 1e5 || own.Len() != 0 {
		t.Errorf("hone: Len() = %d, heap grown by %.0f bytes", own.Len(), grown)
	}
}
