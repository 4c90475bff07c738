package leaks_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"runtime/pprof"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

// The whole service on a virtual clock: its markets are functions in place of a network.

// TestShutdown_Defaults: a service that was told nothing but its market works with the
// times that are documented in Config.
func TestShutdown_Defaults(t *testing.T) {
	t.Run("Hedge", func(t *testing.T) {
		virtual(t, func(t *testing.T) {
			first, second := &counting{delay: time.Hour}, new(counting)
			service := serving(leaks.Config{}, first, second)
			defer service.Close()
			start := time.Now()
			status, body := call(service, "GET", "/quote?symbol=ACME")
			if took := time.Since(start); status != 200 || took != 50*time.Millisecond {
				t.Errorf("the first market hangs, the second answers at once: got %d %q after %v; want 200 after 50ms, the default of Hedge", status, body, took)
			}
		})
	})
	t.Run("Timeout", func(t *testing.T) {
		virtual(t, func(t *testing.T) {
			service := serving(leaks.Config{}, &counting{delay: time.Hour})
			defer service.Close()
			start := time.Now()
			status, body := call(service, "GET", "/quote?symbol=ACME")
			if took := time.Since(start); status != 504 || took != 2*time.Second {
				t.Errorf("the only market hangs: got %d %q after %v; want 504 after 2s, the default of Timeout", status, body, took)
			}
		})
	})
	t.Run("Fresh, Stale", func(t *testing.T) {
		virtual(t, func(t *testing.T) { remembers(t, leaks.Config{}, time.Second, 10*time.Second) })
		virtual(t, func(t *testing.T) {
			remembers(t, leaks.Config{Fresh: time.Minute, Stale: time.Hour}, time.Minute, time.Hour)
		})
	})
	t.Run("Poll", func(t *testing.T) {
		virtual(t, func(t *testing.T) {
			m := new(counting)
			service := serving(leaks.Config{}, m)
			ended := make(chan struct{})
			go func() {
				defer close(ended)
				call(service, "GET", "/stream?symbol=ACME")
			}()
			time.Sleep(10*time.Second + time.Millisecond)
			service.Close()
			<-ended
			claim.Equal(t, "questions to the market of a stream that was open for 10s (Poll is 1s if nothing is said)", m.asked, 11)
		})
	})
	t.Run("Workers", func(t *testing.T) {
		virtual(t, func(t *testing.T) {
			m := &counting{delay: time.Second}
			service := serving(leaks.Config{}, m)
			defer service.Close()
			call(service, "GET", "/quotes?symbols="+symbols("A", 40))
			claim.Equal(t, "questions at once for a batch of 40 (there are 8 workers if nothing is said)", m.most, 8)
		})
	})
}

// remembers checks for how long a service serves what it knows.
func remembers(t *testing.T, c leaks.Config, fresh, stale time.Duration) {
	t.Helper()
	m := new(counting)
	service := serving(c, m)
	defer service.Close()
	for _, step := range []struct {
		after time.Duration // since the step before
		price int
		asked int
	}{
		{0, 1, 1},
		{fresh - 1, 1, 1},
		{1, 1, 2},         // served as it is, and asked for behind the answer
		{stale - 1, 2, 3}, // as good as too old
		{stale, 4, 4},     // too old: asked for first
		{fresh / 2, 4, 4},
	} {
		time.Sleep(step.after)
		status, body := call(service, "GET", "/quote?symbol=ACME")
		synctest.Wait()
		if !strings.Contains(body, fmt.Sprintf(`"price":%d,`, step.price)) || m.asked != step.asked {
			t.Errorf("%v later (fresh for %v, stale until %v): got %d %q, and %d questions to the market so far; want price %d and %d", step.after, fresh, stale, status, body, m.asked, step.price, step.asked)
		}
	}
}

// TestShutdown_SmallBatchesOvertake: a batch of up to eight symbols does not queue behind
// large ones; one of nine does.
func TestShutdown_SmallBatchesOvertake(t *testing.T) {
	virtual(t, func(t *testing.T) {
		service := serving(leaks.Config{}, &counting{delay: time.Second})
		defer service.Close()
		start := time.Now()
		var batches sync.WaitGroup
		took := make([]time.Duration, 3)
		for i, size := range []int{40, 8, 9} {
			batches.Go(func() {
				call(service, "GET", "/quotes?symbols="+symbols(fmt.Sprint(i), size))
				took[i] = time.Since(start)
			})
			synctest.Wait()
		}
		batches.Wait()
		if want := []time.Duration{6 * time.Second, 2 * time.Second, 8 * time.Second}; !slices.Equal(took, want) {
			t.Errorf("batches of 40, 8 and 9 symbols, each of which takes a second, on eight workers: done after %v; want %v: up to 8 are small, and small batches are urgent", took, want)
		}
	})
}

// TestShutdown_CanBeTraced: the id of a request goes to the market, and what works for it
// carries the name of its endpoint as a profiler label.
func TestShutdown_CanBeTraced(t *testing.T) {
	var id, endpoint string
	service := serving(leaks.Config{}, transport(func(r *http.Request) (*http.Response, error) {
		id = r.Header.Get("X-Request-ID")
		endpoint, _ = pprof.Label(r.Context(), "endpoint")
		return answering(7), nil
	}))
	defer service.Close()
	r := httptest.NewRequest("GET", "/quote?symbol=ACME", nil)
	r.Header.Set("X-Request-ID", "4711")
	claim.Terminates(t, 5*time.Second, func() { service.ServeHTTP(httptest.NewRecorder(), r) })
	claim.Equal(t, "X-Request-ID at the market, of a request that came with one", id, "4711")
	claim.Equal(t, "the profiler label endpoint of what asks the market", endpoint, "/quote")
}

// TestShutdown_ClosedAnswers: a closed service answers what it is asked, and leaves nobody
// waiting for those who have gone home.
func TestShutdown_ClosedAnswers(t *testing.T) {
	service := serving(leaks.Config{}, new(counting))
	service.Close()
	claim.Terminates(t, 5*time.Second, func() {
		for _, c := range []struct {
			target string
			status int
			body   string
		}{
			{"/quote?symbol=ACME", 503, "closed"},
			{"/stream?symbol=ACME", 503, "closed"},
			{"/quotes?symbols=ACME,EMCA", 200, `"EMCA":{"error":"run a task: pool: closed"}`},
		} {
			if status, body := call(service, "GET", c.target); status != c.status || !strings.Contains(body, c.body) {
				t.Errorf("GET %s of a closed service: got %d %q; want %d with %q", c.target, status, body, c.status, c.body)
			}
		}
	})
}

// serving returns a service whose markets are asked without a network.
func serving(c leaks.Config, markets ...http.RoundTripper) *leaks.Service {
	for i, m := range markets {
		c.Markets = append(c.Markets, leaks.Upstream{Name: fmt.Sprint("market", i+1), URL: "http://market.test", Client: &http.Client{Transport: m}})
	}
	return leaks.New(c)
}

// symbols returns a list of n symbols as a batch has it.
func symbols(prefix string, n int) string {
	var all []string
	for i := range n {
		all = append(all, fmt.Sprint(prefix, "-", i))
	}
	return strings.Join(all, ",")
}

// A transport is a market that is a function.
type transport func(*http.Request) (*http.Response, error)

func (f transport) RoundTrip(r *http.Request) (*http.Response, error) { return f(r) }

// A counting market says how often it was asked, which is its price, too.
type counting struct {
	delay time.Duration // of every answer

	mu                  sync.Mutex
	asked, asking, most int
}

func (c *counting) RoundTrip(r *http.Request) (*http.Response, error) {
	c.mu.Lock()
	c.asked++
	c.asking++
	c.most = max(c.most, c.asking)
	price := c.asked
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.asking--
	}()
	if c.delay > 0 {
		if err := pause(r.Context(), c.delay); err != nil {
			return nil, err
		}
	}
	return answering(price), nil
}

// pause waits, or says that nobody wants it to.
func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-time.After(d):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func answering(price int) *http.Response {
	return &http.Response{StatusCode: 200, Body: io.NopCloser(strings.NewReader(fmt.Sprintf(`{"symbol":"ACME","price":%d}`, price)))}
}
