package leaks_test

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"runtime"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

const gone = "A stream has two ends. When the client's end goes, net/http cancels the request's context; the handler has to notice also while there is nothing to write."

// TestSubscriber_Cause: the finding in causes.go agrees with the profile of the broken service.
func TestSubscriber_Cause(t *testing.T) {
	named(t, "subscriber", leaks.Subscriber)
}

// TestSubscriber_QuietSymbol: the stream of a symbol that nobody publishes ends when its
// client hangs up: over a real connection, which really breaks.
func TestSubscriber_QuietSymbol(t *testing.T) {
	endsAll(t, gone)
	m := serve(t, new(leaks.Hub))
	for range 3 {
		ctx, hangUp := context.WithCancel(context.Background())
		subscribe(t, ctx, m, "ACME")
		hangUp()
	}
}

// TestSubscriber_BusySymbol: so does the stream of one that is published all the time.
func TestSubscriber_BusySymbol(t *testing.T) {
	bubble(t, gone, func(t *testing.T) {
		hub := new(leaks.Hub)
		ctx, hangUp := context.WithCancel(t.Context())
		ended := stream(ctx, hub, "ACME", httptest.NewRecorder())
		for range 10 {
			hub.Publish(leaks.Quote{Symbol: "ACME"})
			synctest.Wait()
		}
		hangUp()
		synctest.Wait()
		for range 10 {
			hub.Publish(leaks.Quote{Symbol: "ACME"})
		}
		<-ended
	})
}

// TestSubscriber_BrokenConnection: a stream also ends when a write fails.
func TestSubscriber_BrokenConnection(t *testing.T) {
	virtual(t, func(t *testing.T) {
		hub := new(leaks.Hub)
		ended := stream(t.Context(), hub, "ACME", &broken{ResponseRecorder: httptest.NewRecorder()})
		for range 10 {
			hub.Publish(leaks.Quote{Symbol: "ACME"})
			synctest.Wait()
		}
		select {
		case <-ended:
		default:
			t.Error("every write to the client fails, and the stream goes on: an error of Write or Flush is news about the client")
			hub.Close()
			<-ended
		}
	})
}

// TestSubscriber_WholeEvents: what is no JSON, a year of five digits, is not sent at all,
// rather than as an event that no client can read. The stream ends, so that the client hears of it.
func TestSubscriber_WholeEvents(t *testing.T) {
	virtual(t, func(t *testing.T) {
		hub := new(leaks.Hub)
		w := httptest.NewRecorder()
		ended := stream(t.Context(), hub, "ACME", w)
		synctest.Wait()
		hub.Publish(leaks.Quote{Symbol: "ACME", At: time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)})
		synctest.Wait()
		select {
		case <-ended:
		default:
			t.Error("a quote could not be encoded, and the stream goes on as if nothing had been lost")
			hub.Close()
			<-ended
		}
		claim.Equal(t, "what the client hears of a quote that can't be encoded", w.Body.String(), "")
	})
}

// TestSubscriber_LeavesTheHub: a stream that ended is no subscriber any more, and when
// the last of a symbol has gone, its feed is stopped, once.
func TestSubscriber_LeavesTheHub(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var started, halted int
		hub := &leaks.Hub{Feed: func(string) func() {
			started++
			return func() { halted++ }
		}}
		ctx, hangUp := context.WithCancel(t.Context())
		for range 3 {
			stream(ctx, hub, "ACME", httptest.NewRecorder())
		}
		synctest.Wait()
		claim.Equal(t, "subscribers with three streams open", hub.Subscribers(), 3)
		hangUp()
		synctest.Wait()
		claim.Equal(t, "subscribers when all clients have gone (each that stays is memory, and work for every Publish)", hub.Subscribers(), 0)
		claim.Equal(t, "feeds started and stopped for three streams of one symbol", [2]int{started, halted}, [2]int{1, 1})
		if _, err := hub.Subscribe("ACME"); err != nil {
			t.Error(err)
		}
		claim.Equal(t, "feeds started when somebody comes back to a symbol that nobody watched (its first feed was stopped)", started, 2)
		hub.Close()
	})
}

// TestSubscriber_HubCloseEndsStreams: closing the hub ends every stream, stops every
// feed, and lets nobody in any more.
func TestSubscriber_HubCloseEndsStreams(t *testing.T) {
	var halted int
	subscribed := make(chan bool)
	hub := &leaks.Hub{Feed: func(string) func() {
		subscribed <- true
		return func() { halted++ }
	}}
	var streams []<-chan struct{}
	for i := range 3 {
		streams = append(streams, stream(context.Background(), hub, fmt.Sprint("ACME", i), httptest.NewRecorder()))
	}
	claim.Terminates(t, 5*time.Second, func() {
		for range streams {
			<-subscribed
		}
		hub.Close()
		for _, ended := range streams {
			<-ended
		}
	})
	claim.Equal(t, "feeds stopped", halted, 3)
	if _, err := hub.Subscribe("ACME"); !errors.Is(err, leaks.ErrClosed) {
		t.Errorf("Subscribe after Close: got error %v, want ErrClosed: this subscriber would wait for ever", err)
	}
}

// TestSubscriber_CloseTwice: a subscription may be closed again, by somebody else, and
// after the hub: each of the two ends of a stream closes what it knows.
func TestSubscriber_CloseTwice(t *testing.T) {
	defer func() {
		if r := recover(); r != nil {
			t.Errorf("Close panics: %v\nWhoever closes a channel has to know that it is still open; the hub's lock is there to know it under.", r)
		}
	}()
	hub := new(leaks.Hub)
	a, _ := hub.Subscribe("ACME")
	b, _ := hub.Subscribe("ACME")
	a.Close()
	a.Close()
	hub.Publish(leaks.Quote{Symbol: "ACME", Price: 7})
	claim.Equal(t, "what the one hears that stayed", (<-b.C).Price, 7)
	hub.Close()
	a.Close()
	b.Close()
	hub.Close()
}

// TestSubscriber_StopsFeedUnlocked: a feed may be publishing when it's stopped, and its stop
// waits until it has: nobody may hold the lock then that publishing needs.
func TestSubscriber_StopsFeedUnlocked(t *testing.T) {
	hub := new(leaks.Hub)
	hub.Feed = func(symbol string) func() {
		return func() { // what Poller.Stop does, at the worst moment
			published := make(chan struct{})
			go func() {
				defer close(published)
				hub.Publish(leaks.Quote{Symbol: symbol})
			}()
			<-published
		}
	}
	claim.Terminates(t, 5*time.Second, func() {
		last, err := hub.Subscribe("ACME")
		if err != nil {
			t.Error(err)
			return
		}
		last.Close()
		if _, err := hub.Subscribe("EMCA"); err != nil {
			t.Error(err)
			return
		}
		hub.Close()
	})
}

// TestSubscriber_LeavesUnderFire: subscribers come and go while others publish and count
// them, and so does the hub in the end, without a race and without a send on a closed
// channel.
func TestSubscriber_LeavesUnderFire(t *testing.T) {
	hub := new(leaks.Hub)
	claim.Terminates(t, 8*time.Second, func() {
		var publishers, subscribers sync.WaitGroup
		stop := make(chan struct{})
		for range 2 {
			publishers.Go(func() {
				for {
					select {
					case <-stop:
						return
					default:
						hub.Publish(leaks.Quote{Symbol: "ACME"})
						hub.Subscribers()
						runtime.Gosched() // or a single processor would see little of the rest
					}
				}
			})
		}
		for range 4 {
			subscribers.Go(func() {
				for range 300 {
					s, err := hub.Subscribe("ACME")
					if err != nil {
						t.Error(err)
						return
					}
					<-s.C
					s.Close()
				}
			})
		}
		subscribers.Wait()
		for range 4 {
			if _, err := hub.Subscribe("ACME"); err != nil {
				t.Error(err)
			}
		}
		hub.Close()
		close(stop)
		publishers.Wait()
	})
}

// TestSubscriber_NewestCounts: a subscriber that doesn't read holds nobody up, and
// what it loses are the oldest quotes.
func TestSubscriber_NewestCounts(t *testing.T) {
	hub := new(leaks.Hub)
	s, err := hub.Subscribe("ACME")
	if err != nil {
		t.Fatal(err)
	}
	claim.Terminates(t, 5*time.Second, func() {
		for price := range int64(100) {
			hub.Publish(leaks.Quote{Symbol: "ACME", Price: price})
		}
	})
	s.Close()
	var last int64
	for q := range s.C {
		if q.Price < last {
			t.Fatalf("price %d came after %d: quotes are published in order", q.Price, last)
		}
		last = q.Price
	}
	claim.Equal(t, "the last of 100 quotes that a slow subscriber hears", last, 99)
}

// TestSubscriber_Streams: a client hears every quote of its symbol, in order, at once.
func TestSubscriber_Streams(t *testing.T) {
	hub := new(leaks.Hub)
	m := serve(t, hub)
	t.Cleanup(hub.Close)
	events := subscribe(t, context.Background(), m, "ACME")
	for price := range int64(5) {
		hub.Publish(leaks.Quote{Symbol: "EMCA", Price: -1})
		hub.Publish(leaks.Quote{Symbol: "ACME", Price: price})
		claim.Terminates(t, 5*time.Second, func() {
			claim.Equal(t, "price in the stream", event(t, events).Price, price)
		})
	}
}

// broken is a client that can't be written to.
type broken struct{ *httptest.ResponseRecorder }

func (broken) Write([]byte) (int, error)       { return 0, net.ErrClosed }
func (broken) WriteString(string) (int, error) { return 0, net.ErrClosed }

// stream has the hub serve a stream, and returns what is closed at its end.
func stream(ctx context.Context, hub *leaks.Hub, symbol string, w http.ResponseWriter) <-chan struct{} {
	ended := make(chan struct{})
	r := httptest.NewRequestWithContext(ctx, http.MethodGet, "/stream?symbol="+symbol, nil)
	go func() {
		defer close(ended)
		hub.ServeHTTP(w, r)
	}()
	return ended
}

// subscribe opens a stream over the network and returns when it's open.
func subscribe(t *testing.T, ctx context.Context, m *market, symbol string) *bufio.Reader {
	t.Helper()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, m.url+"/stream?symbol="+symbol, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := m.client.Do(req)
	if err != nil {
		t.Fatalf("open a stream: %v", err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	claim.Equal(t, "Content-Type of a stream", resp.Header.Get("Content-Type"), "text/event-stream")
	claim.Equal(t, "Cache-Control of a stream", resp.Header.Get("Cache-Control"), "no-store")
	return bufio.NewReader(resp.Body)
}

// event reads one server-sent event.
func event(t *testing.T, r *bufio.Reader) (q leaks.Quote) {
	t.Helper()
	for {
		line, err := r.ReadString('\n')
		if err != nil {
			t.Errorf("the stream ends: %v", err)
			return q
		}
		if data, ok := strings.CutPrefix(line, "data: "); ok {
			if err := json.Unmarshal([]byte(data), &q); err != nil {
				t.Errorf("event %q: %v", data, err)
			}
			if _, err := r.Discard(len("\n")); err != nil { // the empty line at its end
				t.Errorf("the stream ends in the middle of an event: %v", err)
			}
			return q
		}
	}
}
