//go:build !race

package leaks_test

import (
	"context"
	"runtime"
	"runtime/metrics"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

// TestFirstwins_OneGoroutine: a quote whose first source answers in time costs one
// goroutine: a source that isn't asked needs none, and neither does tidying up.
func TestFirstwins_OneGoroutine(t *testing.T) {
	race := &leaks.Race{Sources: []leaks.Source{quoting(7), quoting(8), quoting(9)}, Hedge: time.Hour, Timeout: 5 * time.Second}
	const quotes = 2000
	before := created()
	for range quotes {
		if _, err := race.Quote(context.Background(), "ACME"); err != nil {
			t.Fatal(err)
		}
	}
	if each := float64(created()-before) / quotes; each > 1.1 {
		t.Errorf("%d quotes, the first of three sources answers at once: %.2f goroutines were started for each, want 1", quotes, each)
	}
}

// TestFirstwins_Allocates: and as many allocations as its parts need: a context with
// its timer, a channel, a timer, and what the goroutine is started with.
func TestFirstwins_Allocates(t *testing.T) {
	race := &leaks.Race{Sources: []leaks.Source{quoting(7), quoting(8), quoting(9)}, Hedge: time.Hour, Timeout: 5 * time.Second}
	claim.Allocs(t, 12, func() { race.Quote(context.Background(), "ACME") })
}

// TestSubscriber_PublishAllocates: to publish to a hundred subscribers allocates nothing,
// whether they keep up or not.
func TestSubscriber_PublishAllocates(t *testing.T) {
	hub := new(leaks.Hub)
	defer hub.Close()
	for range 100 {
		if _, err := hub.Subscribe("ACME"); err != nil {
			t.Fatal(err)
		}
	}
	quote := leaks.Quote{Symbol: "ACME", Price: 7}
	claim.Allocs(t, 0, func() { hub.Publish(quote) })
}

// TestContext_HitAllocates: a quote from memory allocates nothing and asks nobody.
func TestContext_HitAllocates(t *testing.T) {
	cache := leaks.NewCache(quoting(7), time.Hour, 2*time.Hour)
	defer cache.Close()
	hit := func() {
		if _, err := cache.Quote(context.Background(), "ACME"); err != nil {
			t.Fatal(err)
		}
	}
	hit()
	claim.Allocs(t, 0, hit)
}

// TestContext_MissGoroutines: a miss starts at most two goroutines: one that fetches,
// and one that package context may need.
func TestContext_MissGoroutines(t *testing.T) {
	cache := leaks.NewCache(quoting(7), time.Nanosecond, time.Nanosecond)
	defer cache.Close()
	const misses = 2000
	before := created()
	for range misses {
		request(func(ctx context.Context) {
			if _, err := cache.Quote(ctx, "ACME"); err != nil {
				t.Fatal(err)
			}
		})
	}
	if each := float64(created()-before) / misses; each > 2.1 {
		t.Errorf("%d misses: %.2f goroutines were started for each, want at most 2", misses, each)
	}
}

// TestShutdown_Cost: to have an idle pool of 32 run one task costs at most 1.26 times what
// 32 goroutines behind a channel cost: one of them is woken, not all. It is measured on
// one processor, where every wake-up costs the same.
func TestShutdown_Cost(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const workers = 32
	done := make(chan bool)
	task := func() { done <- true }
	pool := leaks.NewPool(workers)
	defer pool.Close()
	tasks := make(chan func())
	defer close(tasks)
	for range workers {
		go func() {
			for task := range tasks {
				task()
			}
		}()
	}
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "Pool", Op: func(n int) {
			for range n {
				pool.Go(false, task)
				<-done
				runtime.Gosched() // let those go back to sleep who were woken for nothing
			}
		}},
		Peer: claim.Side{Name: "channel", Op: func(n int) {
			for range n {
				tasks <- task
				<-done
				runtime.Gosched()
			}
		}},
	}, 1.26)
}

// created counts the goroutines that were ever started.
func created() uint64 {
	sample := []metrics.Sample{{Name: "/sched/goroutines-created:goroutines"}}
	metrics.Read(sample)
	return sample[0].Value.Uint64()
}
