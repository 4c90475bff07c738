package leaks_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

const over = "Between questions a cache has nothing to do, and needs no goroutine for it. Every fetch has a context; when the fetch is over, who says so to the context?"

// TestContext_Cause: the finding in causes.go agrees with the profile of the broken service.
func TestContext_Cause(t *testing.T) {
	named(t, "context", leaks.Context)
}

// TestContext_NothingAfterMiss: a miss that was answered leaves no goroutine, while the
// cache is open: a service that has to be restarted to be clean leaks.
func TestContext_NothingAfterMiss(t *testing.T) {
	cache := leaks.NewCache(quoting(7), time.Minute, time.Hour)
	t.Cleanup(cache.Close) // after the goroutines were counted
	endsAll(t, over)
	for _, symbol := range []string{"A", "B", "C", "D"} {
		request(func(ctx context.Context) {
			if _, err := cache.Quote(ctx, symbol); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestContext_NothingAfterFailure: neither does one that failed.
func TestContext_NothingAfterFailure(t *testing.T) {
	cache := leaks.NewCache(failing(errors.New("down")), time.Minute, time.Hour)
	t.Cleanup(cache.Close)
	endsAll(t, over)
	for range 4 {
		request(func(ctx context.Context) {
			if _, err := cache.Quote(ctx, "A"); err == nil {
				t.Error("the source fails, and Quote has no error")
			}
		})
	}
}

// TestContext_NothingKept: when a fetch is over, nothing of the request that started it
// is kept alive by the cache. A leak needs no goroutine.
func TestContext_NothingKept(t *testing.T) {
	cache := leaks.NewCache(quoting(7), time.Minute, time.Hour)
	defer cache.Close()
	type key struct{}
	claim.Unreachable(t, "what the request carried in its context", func() *[1 << 10]byte {
		carried := new([1 << 10]byte)
		request(func(ctx context.Context) {
			if _, err := cache.Quote(context.WithValue(ctx, key{}, carried), "ACME"); err != nil {
				t.Error(err)
			}
		})
		return carried
	})
	runtime.KeepAlive(cache)
}

// TestContext_OutlivesTheRequest: a fetch goes on when the request that started it has
// gone: another one waits for it too.
func TestContext_OutlivesTheRequest(t *testing.T) {
	virtual(t, func(t *testing.T) {
		cache := leaks.NewCache(late(time.Second, quoting(7)), time.Minute, time.Hour)
		defer cache.Close()
		impatient, hangUp := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer hangUp()
		var requests sync.WaitGroup
		requests.Go(func() {
			if _, err := cache.Quote(impatient, "ACME"); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("the request that waits 100ms for a quote that takes 1s got error %v, want its context's", err)
			}
		})
		synctest.Wait()
		requests.Go(func() {
			q, err := cache.Quote(t.Context(), "ACME")
			if err != nil || q.Price != 7 {
				t.Errorf("the request that waits for the same fetch got %d, %v; want 7: it has not hung up", q.Price, err)
			}
		})
		requests.Wait()
	})
}

// TestContext_CloseEndsFetches: but it ends with the cache, whatever the source waits for,
// and Close returns when it has ended.
func TestContext_CloseEndsFetches(t *testing.T) {
	bubble(t, "Close has to reach the fetches under way: their source hangs, and only its context can tell it to stop.", func(t *testing.T) {
		ended := false
		cache := leaks.NewCache(func(ctx context.Context, symbol string) (leaks.Quote, error) {
			q, err := hanging(ctx, symbol)
			time.Sleep(time.Second) // tidies up
			ended = true
			return q, err
		}, time.Minute, time.Hour)
		impatient, hangUp := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer hangUp()
		cache.Quote(impatient, "ACME")
		cache.Close()
		if !ended {
			t.Error("Close returned while a fetch was still running: what it uses is taken away under it")
		}
		if _, err := cache.Quote(t.Context(), "EMCA"); !errors.Is(err, leaks.ErrClosed) {
			t.Errorf("a closed cache answers with error %v, want ErrClosed", err)
		}
		time.Sleep(time.Minute)
	})
}

// TestContext_CarriesValues: the source sees the values of the request's context: the
// id of a request goes all the way to the market's log.
func TestContext_CarriesValues(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var id string
		cache := leaks.NewCache(func(ctx context.Context, symbol string) (leaks.Quote, error) {
			id = leaks.RequestID(ctx)
			return quoting(7)(ctx, symbol)
		}, time.Minute, time.Hour)
		defer cache.Close()
		cache.Quote(leaks.WithRequestID(t.Context(), "4711"), "ACME")
		claim.Equal(t, "the request's id at the source", id, "4711")
	})
}

// TestContext_DropGivesUp: dropping a symbol gives up the fetch under way, and what it
// would have brought is not remembered.
func TestContext_DropGivesUp(t *testing.T) {
	virtual(t, func(t *testing.T) {
		asked := 0
		cache := leaks.NewCache(func(ctx context.Context, symbol string) (leaks.Quote, error) {
			asked++
			return late(time.Hour, quoting(int64(asked)))(ctx, symbol)
		}, time.Minute, time.Hour)
		defer cache.Close()
		start := time.Now()
		var waiting sync.WaitGroup
		waiting.Go(func() {
			if _, err := cache.Quote(t.Context(), "ACME"); err == nil {
				t.Error("Drop gave up the fetch, and the request that waited for it got a quote")
			}
		})
		synctest.Wait()
		cache.Drop("ACME")
		waiting.Wait()
		if took := time.Since(start); took != 0 {
			t.Errorf("Drop gave up the fetch, and the request that waited for it heard of it after %v", took)
		}
		q, err := cache.Quote(t.Context(), "ACME")
		if err != nil || q.Price != 2 {
			t.Errorf("after Drop, the next request got %d, %v; want the quote of a new fetch, 2", q.Price, err)
		}
	})
}

// TestContext_DropForgets: no price from before a halt is served after it, from memory, or from
// a source that doesn't hear that it was given up: the next request has a fetch of its own.
func TestContext_DropForgets(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var asked atomic.Int64
		cache := leaks.NewCache(func(ctx context.Context, symbol string) (leaks.Quote, error) {
			n := asked.Add(1)
			if n == 1 {
				return deaf(10*time.Second, quoting(n))(ctx, symbol)
			}
			return quoting(n)(ctx, symbol)
		}, time.Minute, time.Hour)
		defer cache.Close()
		impatient, hangUp := context.WithTimeout(t.Context(), time.Second)
		defer hangUp()
		cache.Quote(impatient, "ACME")
		cache.Drop("ACME")
		for _, after := range []time.Duration{0, 20 * time.Second} {
			time.Sleep(after)
			if q, err := cache.Quote(t.Context(), "ACME"); err != nil || q.Price != 2 {
				t.Errorf("%v after Drop, with a fetch under way that takes 10s and listens to nobody: got %d, %v; want the quote of a new fetch, 2", after, q.Price, err)
			}
		}
		cache.Drop("ACME")
		if q, err := cache.Quote(t.Context(), "ACME"); err != nil || q.Price != 3 {
			t.Errorf("Drop of a quote in memory, and the next request got %d, %v; want that of a new fetch, 3", q.Price, err)
		}
	})
}

// TestContext_ClosedRefuses: a closed cache says so, as often as it is asked.
func TestContext_ClosedRefuses(t *testing.T) {
	cache := leaks.NewCache(quoting(7), time.Minute, time.Hour)
	claim.Terminates(t, 5*time.Second, func() {
		cache.Close()
		for range 2 {
			if _, err := cache.Quote(context.Background(), "ACME"); !errors.Is(err, leaks.ErrClosed) {
				t.Errorf("a closed cache answers with error %v, want ErrClosed", err)
			}
		}
		cache.Drop("ACME")
		cache.Close()
	})
}

// TestContext_SafeForAll: requests, halts and the end of the service come at the same time,
// without a race.
func TestContext_SafeForAll(t *testing.T) {
	cache := leaks.NewCache(quoting(7), time.Nanosecond, time.Nanosecond)
	claim.Terminates(t, 5*time.Second, func() {
		var requests sync.WaitGroup
		warm := make(chan bool)
		for i := range 4 {
			requests.Go(func() {
				for n := 0; ; n++ { // until the cache is closed
					if i == 0 && n == 50 {
						close(warm)
					}
					if n%3 == i%3 {
						cache.Drop("ACME")
						continue
					}
					q, err := cache.Quote(context.Background(), "ACME")
					switch {
					case errors.Is(err, leaks.ErrClosed):
						return
					case err == nil && q.Price != 7, err != nil && !errors.Is(err, context.Canceled):
						t.Errorf("got %d, %v; want 7, or ErrClosed at the end", q.Price, err)
						return
					}
				}
			})
		}
		<-warm
		cache.Close()
		requests.Wait()
	})
}

// TestContext_OneFetch: requests for one symbol share a fetch, whichever comes first.
func TestContext_OneFetch(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var mu sync.Mutex
		asked := 0
		cache := leaks.NewCache(func(ctx context.Context, symbol string) (leaks.Quote, error) {
			mu.Lock()
			asked++
			mu.Unlock()
			return late(time.Second, quoting(7))(ctx, symbol)
		}, time.Minute, time.Hour)
		defer cache.Close()
		var requests sync.WaitGroup
		for range 20 {
			requests.Go(func() {
				if q, err := cache.Quote(t.Context(), "ACME"); err != nil || q.Price != 7 {
					t.Errorf("got %d, %v; want 7", q.Price, err)
				}
			})
		}
		requests.Wait()
		claim.Equal(t, "fetches for 20 requests at once", asked, 1)
	})
}

// TestContext_ServesStale: a quote is served from memory while it's fresh; then still at
// once, with a new one fetched behind the answer; and not at all when it is too old.
func TestContext_ServesStale(t *testing.T) {
	virtual(t, func(t *testing.T) {
		n := int64(0)
		cache := leaks.NewCache(func(ctx context.Context, symbol string) (leaks.Quote, error) {
			n++
			return late(time.Second, quoting(n))(ctx, symbol)
		}, time.Minute, time.Hour)
		defer cache.Close()
		for _, step := range []struct {
			after time.Duration // since the step before
			price int64
			took  time.Duration
		}{
			{0, 1, time.Second},
			{59 * time.Second, 1, 0},
			{time.Second, 1, 0}, // stale: and asks again
			{2 * time.Second, 2, 0},
			{time.Hour - time.Second, 3, time.Second}, // an hour old to the second: too old
			{2 * time.Hour, 4, time.Second},
		} {
			time.Sleep(step.after)
			start := time.Now()
			q, err := cache.Quote(t.Context(), "ACME")
			if took := time.Since(start); err != nil || q.Price != step.price || took != step.took {
				t.Errorf("%v later (fresh for 1m, stale until 1h, a fetch takes 1s): got quote %d, %v after %v; want %d after %v", step.after, q.Price, err, took, step.price, step.took)
			}
		}
	})
}

// request runs f with the context of a request, which ends when f returns.
func request(f func(ctx context.Context)) {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	f(ctx)
}
