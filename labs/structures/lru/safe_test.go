package lru_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// policies are the three caches that Safe has to work around.
func policies(capacity int) map[string]lru.Cache[int, int] {
	return map[string]lru.Cache[int, int]{
		"LRU":    lru.NewLRU[int, int](capacity),
		"ARC":    lru.NewARC[int, int](capacity),
		"S3FIFO": lru.NewS3FIFO[int, int](capacity),
	}
}

func newSafe(t *testing.T, capacity int, gone func(int, int)) *lru.Safe[int, int] {
	t.Helper()
	c := lru.NewSafe[int, int](lru.NewLRU[int, int](capacity), gone)
	if c == nil {
		t.Fatal("NewSafe = nil")
	}
	return c
}

// TestSafe_IsACache promises that Safe answers as the cache inside it does.
func TestSafe_IsACache(t *testing.T) {
	agree(t, subject{
		cache:   func(n int) lru.Cache[int, int] { return lru.NewSafe[int, int](lru.NewLRU[int, int](n), nil) },
		model:   newLRUModel,
		ordered: true,
	})
	clears(t, newSafe(t, 3, nil))
}

// TestSafe_NothingIsLost promises, with eight goroutines at work, no data race, never
// more than the capacity, and that each value comes out exactly once.
func TestSafe_NothingIsLost(t *testing.T) {
	claim.NoGoroutineLeak(t)
	seed := claim.Rand(t).Uint64()
	for name, cache := range policies(50) {
		claim.Terminates(t, 8*time.Second, func() { storm(t, name, cache, seed) })
	}
}

func storm(t *testing.T, name string, cache lru.Cache[int, int], seed uint64) {
	const workers, steps, capacity = 8, 1500, 50
	var mu sync.Mutex
	out := map[int]int{} // how often each value came out
	count := func(_, value int) { mu.Lock(); out[value]++; mu.Unlock() }
	c := lru.NewSafe(cache, count)

	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			state := seed + uint64(w)*0x9E3779B97F4A7C15
			for i := range steps {
				state = state*6364136223846793005 + 1442695040888963407
				key := int(state >> 57) // 0 … 127
				switch state >> 32 & 7 {
				case 0:
					if v, ok := c.Delete(key); ok {
						count(key, v)
					}
				case 1, 2, 3:
					c.Get(key)
				default:
					c.Put(key, w*steps+i)
				}
				if n := c.Len(); n > capacity {
					t.Errorf("%s: Len() = %d in a cache of %d", name, n, capacity)
					return
				}
				if i%500 == 0 {
					for range c.All() {
					}
				}
			}
		})
	}
	wg.Wait()
	for _, v := range c.All() {
		out[v]++
	}
	for v, n := range out {
		if n != 1 {
			t.Errorf("%s: the value %d came out %d times (of Delete, the function gone, or the cache in the end), want once", name, v, n)
			return
		}
	}
	// Every fourth operation is … random; what matters is that puts and values agree.
	if puts := putsOf(seed, workers, steps); puts != len(out) {
		t.Errorf("%s: %d values were put, %d came out or are still in", name, puts, len(out))
	}
}

// putsOf counts the Puts of a storm.
func putsOf(seed uint64, workers, steps int) (puts int) {
	for w := range workers {
		state := seed + uint64(w)*0x9E3779B97F4A7C15
		for range steps {
			state = state*6364136223846793005 + 1442695040888963407
			if state>>32&7 > 3 {
				puts++
			}
		}
	}
	return puts
}

// TestSafe_HitsAreWrites promises no data race between goroutines that only read: a hit
// changes the order, or a counter.
func TestSafe_HitsAreWrites(t *testing.T) {
	claim.NoGoroutineLeak(t)
	for name, cache := range policies(8) {
		c := lru.NewSafe(cache, nil)
		for k := range 8 {
			c.Put(k, 10*k)
		}
		var wg sync.WaitGroup
		for range 4 {
			wg.Go(func() {
				for i := range 400 {
					if v, ok := c.Get(i % 8); !ok || v != 10*(i%8) {
						t.Errorf("%s: Get(%d) = %d, %v; want %d, true", name, i%8, v, ok, 10*(i%8))
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// TestSafe_ClearAmongOthers promises no data race of Clear with anything else, and a
// cache that works afterwards.
func TestSafe_ClearAmongOthers(t *testing.T) {
	claim.NoGoroutineLeak(t)
	for name, cache := range policies(8) {
		c := lru.NewSafe(cache, nil)
		var wg sync.WaitGroup
		for w := range 4 {
			wg.Go(func() {
				for i := range 200 {
					if w == 0 {
						c.Clear()
						continue
					}
					c.Put(i%20, i)
					c.Get(i % 20)
				}
			})
		}
		wg.Wait()
		c.Clear()
		c.Put(1, 10)
		if v, ok := c.Get(1); !ok || v != 10 || c.Len() != 1 {
			t.Errorf("%s: after Clear and Put(1, 10): Get(1) = %d, %v, Len() = %d; want 10, true, 1", name, v, ok, c.Len())
		}
	}
}

// TestSafe_TellsWhatLeft promises a call of gone for each entry that a Put pushed out,
// before that Put returns.
func TestSafe_TellsWhatLeft(t *testing.T) {
	var left []lru.Entry[int, int]
	c := newSafe(t, 2, func(k, v int) { left = append(left, lru.Entry[int, int]{Key: k, Value: v}) })
	c.Put(1, 10)
	c.Put(2, 20)
	claim.Equal(t, "what left after two Puts into a cache of 2", len(left), 0)
	c.Put(1, 11)
	c.Put(3, 30)
	c.Delete(3)
	c.Clear()
	claim.Equal(t, "what left by Put 1 again, Put 3, Delete 3, Clear (the caller of Delete has its value, and Clear tells nobody)",
		left, []lru.Entry[int, int]{{Key: 1, Value: 10}, {Key: 2, Value: 20}})
}

// TestSafe_CallbackMayUseCache promises that gone can call the cache that it was called by.
func TestSafe_CallbackMayUseCache(t *testing.T) {
	var c *lru.Safe[int, int]
	var lens []int
	c = newSafe(t, 2, func(k, _ int) {
		lens = append(lens, c.Len())
		c.Get(k)
	})
	claim.Terminates(t, 2*time.Second, func() {
		for k := range 4 {
			c.Put(k, k)
		}
	})
	claim.Equal(t, "Len() as the function saw it", lens, []int{2, 2})
}

// TestSafe_CallbackHoldsNobodyUp promises that a slow gone delays its own Put and nothing else.
func TestSafe_CallbackHoldsNobodyUp(t *testing.T) {
	claim.NoGoroutineLeak(t)
	entered, release := make(chan bool), make(chan bool)
	c := newSafe(t, 1, func(k, _ int) {
		if k == 1 {
			entered <- true
			<-release
		}
	})
	c.Put(1, 10)
	done := make(chan bool)
	go func() {
		defer close(done)
		c.Put(2, 20) // evicts 1 and is stuck in the function
	}()
	<-entered
	claim.Terminates(t, 2*time.Second, func() {
		if v, ok := c.Get(2); !ok || v != 20 {
			t.Errorf("Get(2) = %d, %v while the function runs for 1; want 20, true: the Put has happened", v, ok)
		}
		c.Put(3, 30)
	})
	close(release)
	<-done
}

// TestSafe_PanicLeavesItUnlocked promises that a lookup that panics doesn't take the lock with it.
func TestSafe_PanicLeavesItUnlocked(t *testing.T) {
	c := lru.NewSafe[any, int](lru.NewLRU[any, int](2), nil)
	if c == nil {
		t.Fatal("NewSafe = nil")
	}
	for name, call := range map[string]func(){
		"Get":    func() { c.Get([]int{1}) },
		"Put":    func() { c.Put([]int{1}, 1) },
		"Delete": func() { c.Delete([]int{1}) },
	} {
		func() {
			defer func() {
				if recover() == nil {
					t.Errorf("%s of a slice as a key didn't panic; a slice has no ==", name)
				}
			}()
			call()
		}()
		claim.Terminates(t, 2*time.Second, func() {
			c.Put("key", 1)
			if v, ok := c.Get("key"); !ok || v != 1 {
				t.Errorf("after a %s that panicked: Get = %d, %v, want 1, true", name, v, ok)
			}
		})
	}
}

// TestSafe_LoopMayUseCache promises that the body of a loop over All, and others
// meanwhile, can use the cache; the loop sees the entries as they were.
func TestSafe_LoopMayUseCache(t *testing.T) {
	claim.NoGoroutineLeak(t)
	c := newSafe(t, 4, nil)
	for k := range 4 {
		c.Put(k, 10*k)
	}
	var seen []int
	claim.Terminates(t, 2*time.Second, func() {
		for k, v := range c.All() {
			seen = append(seen, k)
			if v != 10*k {
				t.Errorf("All() yields %d: %d, want %d: %d", k, v, k, 10*k)
			}
			c.Delete(3 - k)
			done := make(chan bool)
			go func() {
				defer close(done)
				c.Put(100+k, 0)
			}()
			<-done
		}
	})
	if want := []int{3, 2, 1, 0}; !slices.Equal(seen, want) {
		t.Errorf("a loop over 3, 2, 1, 0 whose body deletes and puts saw %v, want %v", seen, want)
	}
	for k := range c.All() {
		_ = fmt.Sprint(k)
		break
	}
}
