//go:build wheat

package leaks

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
)

// backlog is how many quotes a subscriber may be behind before it loses the oldest.
const backlog = 16

// A Hub hands each quote to everybody who subscribed to its symbol.
//
// A publisher never waits: a subscriber that doesn't keep up loses old
// quotes, because the newest is the one that counts. The zero Hub works.
type Hub struct {
	// Feed, if not nil, is called with the symbol of a first subscriber. It starts
	// what publishes that symbol, and returns what ends it again, which is called
	// when the last subscriber has gone.
	Feed func(symbol string) (stop func())

	mu     sync.Mutex // guards what follows, and every send and close of a subscriber's channel
	topics map[string]*topic
	closed bool
}

type topic struct {
	subs map[*Subscription]struct{}
	stop func()
}

// A Subscription receives the quotes of one symbol.
type Subscription struct {
	C <-chan Quote // closed by Close, and when the hub closes

	hub    *Hub
	symbol string
	send   chan Quote
}

// Subscribe returns a subscription, which its owner must close.
func (h *Hub) Subscribe(symbol string) (*Subscription, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, fmt.Errorf("subscribe to %s: hub: %w", symbol, ErrClosed)
	}
	if h.topics == nil {
		h.topics = make(map[string]*topic)
	}
	t := h.topics[symbol]
	if t == nil {
		t = &topic{subs: make(map[*Subscription]struct{}), stop: func() {}}
		if h.Feed != nil {
			t.stop = h.Feed(symbol)
		}
		h.topics[symbol] = t
	}
	send := make(chan Quote, backlog)
	s := &Subscription{C: send, send: send, hub: h, symbol: symbol}
	t.subs[s] = struct{}{}
	return s, nil
}

// Close ends the subscription. It may be called more than once, by anybody, and
// also when the hub was closed.
func (s *Subscription) Close() {
	h := s.hub
	h.mu.Lock()
	stop := func() {}
	if t := h.topics[s.symbol]; t != nil {
		if _, ok := t.subs[s]; ok {
			delete(t.subs, s)
			close(s.send)
			if len(t.subs) == 0 {
				delete(h.topics, s.symbol)
				stop = t.stop
			}
		}
	}
	h.mu.Unlock()
	stop() // not under the lock: a feed may be publishing, and its end is waited for
}

// Publish hands a quote to the subscribers of its symbol. It does not wait.
func (h *Hub) Publish(q Quote) {
	h.mu.Lock()
	defer h.mu.Unlock()
	t := h.topics[q.Symbol]
	if t == nil {
		return
	}
	for s := range t.subs {
		s.offer(q)
	}
}

// offer makes room by throwing away the oldest. It ends: the hub's lock keeps other
// senders out, so that whatever goes on meanwhile makes more room.
func (s *Subscription) offer(q Quote) {
	for {
		select {
		case s.send <- q:
			return
		default:
		}
		select {
		case <-s.send:
		default:
		}
	}
}

// Subscribers says how many subscriptions are open.
func (h *Hub) Subscribers() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := 0
	for _, t := range h.topics {
		n += len(t.subs)
	}
	return n
}

// Close ends all subscriptions, and every feed.
func (h *Hub) Close() {
	h.mu.Lock()
	topics := h.topics
	h.topics, h.closed = nil, true
	for _, t := range topics {
		for s := range t.subs {
			close(s.send)
		}
	}
	h.mu.Unlock()
	for _, t := range topics {
		t.stop()
	}
}

// ServeHTTP streams the quotes of a symbol as server-sent events (HTML Living
// Standard, section 9.2) until the client goes away or the hub closes.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	sub, err := h.Subscribe(r.FormValue("symbol"))
	if err != nil {
		http.Error(w, err.Error(), http.StatusServiceUnavailable)
		return
	}
	defer sub.Close()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	stream := http.NewResponseController(w)
	if err := stream.Flush(); err != nil {
		return
	}
	// To close the subscription ends the loop, whoever does it: the hub, or a client
	// who has gone.
	defer context.AfterFunc(r.Context(), sub.Close)()
	for q := range sub.C {
		if err := sendEvent(w, stream, q); err != nil {
			return
		}
	}
}

// sendEvent writes one event and sends it on its way.
func sendEvent(w http.ResponseWriter, stream *http.ResponseController, q Quote) error {
	data, err := json.Marshal(q)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil {
		return err
	}
	return stream.Flush()
}
