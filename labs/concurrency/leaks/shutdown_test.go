package leaks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

const idle = "A worker that sleeps does not see that the pool was closed. Somebody has to tell it: each of them."

// TestShutdown_Cause: the finding in causes.go agrees with the profile of the broken service.
func TestShutdown_Cause(t *testing.T) {
	named(t, "shutdown", leaks.Shutdown)
}

// TestShutdown_IdleWorkersEnd: workers that have nothing to do end when the pool is closed.
func TestShutdown_IdleWorkersEnd(t *testing.T) {
	bubble(t, idle, func(t *testing.T) {
		pool := leaks.NewPool(4)
		synctest.Wait() // until all sleep
		pool.Close()
	})
}

// TestShutdown_BusyWorkersEnd: so do workers that were busy at that time.
func TestShutdown_BusyWorkersEnd(t *testing.T) {
	bubble(t, idle, func(t *testing.T) {
		pool := leaks.NewPool(4)
		for i := range 4 {
			pool.Go(false, func() { time.Sleep(time.Duration(i) * time.Second) })
		}
		synctest.Wait()
		pool.Close()
	})
}

// TestShutdown_FinishesAccepted: what was accepted is done, also what is still queued when
// the pool is closed, and Close returns when it is done.
func TestShutdown_FinishesAccepted(t *testing.T) {
	virtual(t, func(t *testing.T) {
		pool := leaks.NewPool(2)
		var mu sync.Mutex
		done := 0
		for i := range 10 {
			if err := pool.Go(i%2 == 0, func() {
				time.Sleep(time.Second)
				mu.Lock()
				done++
				mu.Unlock()
			}); err != nil {
				t.Error(err)
			}
		}
		start := time.Now()
		pool.Close()
		mu.Lock()
		defer mu.Unlock()
		if took := time.Since(start); done != 10 || took != 5*time.Second {
			t.Errorf("Close with ten tasks of 1s for two workers: returned after %v with %d done; want 10 after 5s", took, done)
		}
	})
}

// TestShutdown_RefusesAfterClose: a task that comes after Close is refused, not forgotten.
func TestShutdown_RefusesAfterClose(t *testing.T) {
	virtual(t, func(t *testing.T) {
		pool := leaks.NewPool(2)
		pool.Close()
		if err := pool.Go(true, func() {}); !errors.Is(err, leaks.ErrClosed) {
			t.Errorf("Go after Close: got error %v, want ErrClosed: nobody is left to run the task", err)
		}
		pool.Close()
	})
}

// TestShutdown_SafeForAll: tasks come from everywhere, also while the pool is being closed;
// each is done or refused.
func TestShutdown_SafeForAll(t *testing.T) {
	pool := leaks.NewPool(4)
	claim.Terminates(t, 5*time.Second, func() {
		var accepted, done atomic.Int64
		var clients sync.WaitGroup
		warm := make(chan bool)
		for i := range 4 {
			clients.Go(func() {
				for n := 0; pool.Go(n%2 == 0, func() { done.Add(1) }) == nil; n++ { // until it is closed
					accepted.Add(1)
					if i == 0 && n == 50 {
						close(warm)
					}
				}
			})
		}
		<-warm
		pool.Close()
		clients.Wait()
		claim.Equal(t, "tasks done, of those that were accepted", done.Load(), accepted.Load())
	})
}

// TestShutdown_NothingKept: a task that is done is forgotten, with all that it held, while
// the pool is open.
func TestShutdown_NothingKept(t *testing.T) {
	pool := leaks.NewPool(2)
	defer pool.Close()
	for _, urgent := range []bool{false, true} {
		claim.Unreachable(t, "what a finished task held", func() *[1 << 10]byte {
			held := new([1 << 10]byte)
			done := make(chan bool)
			if err := pool.Go(urgent, func() { held[0]++; close(done) }); err != nil {
				t.Fatal(err)
			}
			claim.Terminates(t, 5*time.Second, func() { <-done })
			return held
		})
	}
}

// TestShutdown_QueueStaysSmall: the queue of a pool that is never behind by more than a
// hundred tasks doesn't grow with those that are done.
func TestShutdown_QueueStaysSmall(t *testing.T) {
	pool := leaks.NewPool(1)
	defer pool.Close()
	round := func() {
		done := make(chan bool)
		for range 99 {
			pool.Go(false, func() {})
		}
		pool.Go(false, func() { close(done) })
		<-done
	}
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	claim.Terminates(t, 8*time.Second, func() {
		round()
		before := live()
		for range 2000 {
			round()
		}
		if grown := int64(live() - before); grown > 400<<10 {
			t.Errorf("200,000 tasks, a hundred at a time, are done, and the heap has grown by %d KiB: what is empty can be used again", grown>>10)
		}
	})
	runtime.KeepAlive(pool)
}

// TestShutdown_UrgentFirst: urgent tasks overtake the others, and keep their order.
func TestShutdown_UrgentFirst(t *testing.T) {
	virtual(t, func(t *testing.T) {
		pool := leaks.NewPool(1)
		pool.Go(false, func() { time.Sleep(time.Second) })
		synctest.Wait()
		var order []string
		for _, name := range []string{"a", "b", "A", "B", "c", "C"} {
			pool.Go(name < "a", func() { order = append(order, name) })
		}
		pool.Close()
		claim.Equal(t, "the order of tasks (capitals are urgent)", strings.Join(order, ""), "ABCabc")
	})
}

// TestShutdown_NeverMoreThanWorkers: so many tasks run at once as there are workers: no
// fewer, which would be slow, and no more, which the pool is there to prevent.
func TestShutdown_NeverMoreThanWorkers(t *testing.T) {
	virtual(t, func(t *testing.T) {
		pool := leaks.NewPool(3)
		var mu sync.Mutex
		running, most := 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			running += by
			most = max(most, running)
		}
		start := time.Now()
		for range 12 {
			pool.Go(false, func() {
				count(+1)
				defer count(-1)
				time.Sleep(time.Second)
			})
		}
		pool.Close()
		if took := time.Since(start); most != 3 || took != 4*time.Second {
			t.Errorf("12 tasks of 1s for 3 workers: %d at once, done after %v; want 3 and 4s", most, took)
		}
	})
}

// TestShutdown_StartsAtOnce: a task for an idle pool starts at once: its workers are
// woken, and don't look every now and then.
func TestShutdown_StartsAtOnce(t *testing.T) {
	virtual(t, func(t *testing.T) {
		pool := leaks.NewPool(2)
		for range 10 {
			time.Sleep(1234567 * time.Nanosecond)
			given := time.Now()
			pool.Go(false, func() {
				if waited := time.Since(given); waited != 0 {
					t.Errorf("all workers were idle, and a task waited for %v", waited)
				}
			})
		}
		pool.Close()
	})
}

// TestShutdown_Service: the whole service, over the network, with one market that works,
// one that hangs and one that's down, used by clients of every kind, is gone when closed.
func TestShutdown_Service(t *testing.T) {
	endsAll(t, "All parts are repaired, and something of the service is left when it was closed.")
	hang := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }))
	down := serve(t, unavailable(page))
	good := serve(t, exchange(7))
	service := leaks.New(leaks.Config{
		Markets: []leaks.Upstream{*down.upstream(), *hang.upstream(), *good.upstream()},
		Hedge:   time.Millisecond, Timeout: 5 * time.Second, Poll: time.Millisecond,
	})
	front := serve(t, service)
	for i := range 4 {
		claim.Equal(t, "GET /quote", quote(t, front, fmt.Sprint("ACME", i)).Price, 7)
		symbols := fmt.Sprintf("A%d,B%d,C%d", i, i, i)
		for symbol, r := range quotes(t, front, symbols) {
			if r.Quote.Price != 7 {
				t.Errorf("GET /quotes: %s: %q", symbol, r.Error)
			}
		}
		ctx, hangUp := context.WithCancel(context.Background())
		subscribe(t, ctx, front, "ACME")
		hangUp()
	}
	subscribe(t, context.Background(), front, "ACME") // and one that stays
	claim.Terminates(t, 5*time.Second, service.Close)
}

// TestShutdown_Streams: a stream follows the market, over the network and to its end.
func TestShutdown_Streams(t *testing.T) {
	m := serve(t, exchange(7))
	service := leaks.New(leaks.Config{Markets: []leaks.Upstream{*m.upstream()}, Poll: time.Millisecond})
	front := serve(t, service)
	events := subscribe(t, context.Background(), front, "ACME")
	claim.Terminates(t, 5*time.Second, func() {
		claim.Equal(t, "the first event", event(t, events), leaks.Quote{Symbol: "ACME", Market: "test", Price: 7})
		service.Close()
		if rest, err := io.ReadAll(events); err != nil || len(rest) != 0 {
			t.Errorf("after Close the stream goes on with %q, %v; want its end", rest, err)
		}
	})
}

// TestShutdown_Answers: what each endpoint answers, with the status that a client can act on.
func TestShutdown_Answers(t *testing.T) {
	m := serve(t, exchange(7))
	service := leaks.New(leaks.Config{Markets: []leaks.Upstream{*m.upstream()}})
	for _, c := range []struct {
		method, target string
		status         int
		body           string
	}{
		{"GET", "/quote?symbol=ACME", 200, `"price":7`},
		{"GET", "/quote?symbol=GONE", 404, "404"},
		{"GET", "/quotes?symbols=ACME,GONE", 200, `"GONE":{"error":"`},
		{"GET", "/quote?symbol=SICK", 502, "503"},
		{"GET", "/quotes?symbols=" + strings.Repeat("A,", 499) + "A", 200, `"A":{"quote":{`},
		{"GET", "/quotes?symbols=" + strings.Repeat("A,", 500) + "A", 413, "too many"},
		{"DELETE", "/quote?symbol=ACME", 204, ""},
		{"GET", "/nothing", 404, ""},
	} {
		status, body := call(service, c.method, c.target)
		if status != c.status || !strings.Contains(body, c.body) {
			t.Errorf("%s %.40s: got %d %q; want %d and %q in it", c.method, c.target, status, body, c.status, c.body)
		}
	}
	service.Close()
	if status, body := call(service, "GET", "/quote?symbol=ACME"); status != 503 {
		t.Errorf("GET /quote of what was dropped, from a closed service: got %d %q; want 503", status, body)
	}
}

// exchange is a market that works, has never heard of GONE, and has no price for SICK.
func exchange(price int64) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		symbol := r.FormValue("symbol")
		if symbol == "GONE" {
			http.NotFound(w, r)
			return
		}
		if symbol == "SICK" {
			http.Error(w, "come back later", http.StatusServiceUnavailable)
			return
		}
		json.NewEncoder(w).Encode(leaks.Quote{Symbol: symbol, Price: price})
	})
}

// call makes a request without a network.
func call(h http.Handler, method, target string) (status int, body string) {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(method, target, nil))
	return w.Code, w.Body.String()
}

func quote(t *testing.T, m *market, symbol string) (q leaks.Quote) {
	t.Helper()
	fetch(t, m, "/quote?symbol="+symbol, &q)
	return q
}

type answer struct {
	Quote leaks.Quote
	Error string
}

func quotes(t *testing.T, m *market, symbols string) (q map[string]answer) {
	t.Helper()
	fetch(t, m, "/quotes?symbols="+symbols, &q)
	return q
}

func fetch(t *testing.T, m *market, target string, v any) {
	t.Helper()
	resp, err := m.client.Get(m.url + target)
	if err != nil {
		t.Errorf("GET %s: %v", target, err)
		return
	}
	defer resp.Body.Close()
	claim.Equal(t, "Content-Type of an answer", resp.Header.Get("Content-Type"), "application/json")
	body, err := io.ReadAll(resp.Body)
	if err == nil {
		err = json.Unmarshal(body, v)
	}
	if err != nil {
		t.Errorf("GET %s: %v in %q", target, err, body)
	}
}
