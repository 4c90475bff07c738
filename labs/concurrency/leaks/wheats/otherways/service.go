//go:build wheat

// Package leaks is a small service that says what shares cost. It asks several
// markets, remembers their answers, and streams changes.
//
//	GET    /quote?symbol=ACME         one quote
//	DELETE /quote?symbol=ACME         forget it: trading was halted
//	GET    /quotes?symbols=ACME,EMCA  many quotes
//	GET    /stream?symbol=ACME        server-sent events, one for each change
//
// How a quote comes about:
//
//	/quote ───────────────▶ Cache ──▶ Race ──▶ Upstream, one for each market
//	/quotes ──▶ Pool ───────▲
//	/stream ──▶ Hub ◀── Poller ──▶ Upstream, the first market only
//
// Every part can be used alone and says in its comment what it promises. The
// service keeps nothing on disk, does not authenticate anybody, and leaves listening
// to [http.Server]. Start with [New].
//
// In this copy each of the six leaks is repaired in another way: a loser's send also
// waits for the race's end, a client who goes closes his subscription, a poller has
// timers of its own, a body is read and closed in one place, a fetch's context has no
// foreign parent, and a worker that leaves wakes the next.
package leaks

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"runtime/pprof"
	"strings"
	"sync"
	"time"
)

// maxBatch is how many symbols may be asked for at once; smallBatch, with how many
// one need not queue behind large batches.
const (
	maxBatch   = 500
	smallBatch = 8
)

// A Quote is the price of a share on one market at one moment.
type Quote struct {
	Symbol string    `json:"symbol"`
	Market string    `json:"market"`
	Price  int64     `json:"price"` // in hundredths of a cent
	At     time.Time `json:"at"`
}

// A Config says how a [Service] works. The zero value of a field means its default.
type Config struct {
	Markets []Upstream    // in order of preference, at least one
	Hedge   time.Duration // before the next market is asked as well; 50 ms
	Timeout time.Duration // for all markets together; 2 s
	Fresh   time.Duration // how long a quote is served without asking; 1 s
	Stale   time.Duration // how long it is served while a new one is fetched; 10 s
	Poll    time.Duration // between two questions for a symbol that is streamed; 1 s
	Workers int           // for batches; 8
}

// A Service is an [http.Handler]. It has to be closed.
type Service struct {
	cache *Cache
	hub   *Hub
	pool  *Pool
	mux   http.ServeMux
}

// New returns a running service.
func New(c Config) *Service {
	c = c.withDefaults()
	race := &Race{Hedge: c.Hedge, Timeout: c.Timeout}
	for i := range c.Markets {
		race.Sources = append(race.Sources, c.Markets[i].Quote)
	}
	s := &Service{
		cache: NewCache(race.Quote, c.Fresh, c.Stale),
		pool:  NewPool(c.Workers),
	}
	// A stream follows one market. To hedge here would ask all of them once a second
	// as soon as the first is slow, for nobody who waits.
	s.hub = &Hub{Feed: func(symbol string) func() {
		return Poll(symbol, c.Poll, c.Markets[0].Quote, s.hub.Publish).Stop
	}}
	s.mux.HandleFunc("GET /quote", s.one)
	s.mux.HandleFunc("DELETE /quote", s.drop)
	s.mux.HandleFunc("GET /quotes", s.many)
	s.mux.Handle("GET /stream", s.hub)
	return s
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		field    *time.Duration
		standard time.Duration
	}{
		{&c.Hedge, 50 * time.Millisecond},
		{&c.Timeout, 2 * time.Second},
		{&c.Fresh, time.Second},
		{&c.Stale, 10 * time.Second},
		{&c.Poll, time.Second},
	} {
		if *d.field == 0 {
			*d.field = d.standard
		}
	}
	if c.Workers == 0 {
		c.Workers = 8
	}
	return c
}

// Close ends the streams, then lets batches finish, then gives up what the cache is
// fetching. The caller stops sending requests first, or lets [http.Server.Shutdown]
// run at the same time: it waits for the streams that Close ends.
func (s *Service) Close() {
	s.hub.Close()
	s.pool.Close()
	s.cache.Close()
}

// ServeHTTP answers one request. Its goroutines, and all that they start, carry the
// endpoint as a profiler label.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	ctx := r.Context()
	if id := r.Header.Get("X-Request-ID"); id != "" {
		ctx = WithRequestID(ctx, id)
	}
	pprof.Do(ctx, pprof.Labels("endpoint", r.URL.Path), func(ctx context.Context) {
		s.mux.ServeHTTP(w, r.WithContext(ctx))
	})
}

func (s *Service) one(w http.ResponseWriter, r *http.Request) {
	quote, err := s.cache.Quote(r.Context(), r.FormValue("symbol"))
	if err != nil {
		http.Error(w, err.Error(), statusOf(err))
		return
	}
	reply(w, quote)
}

func (s *Service) drop(w http.ResponseWriter, r *http.Request) {
	s.cache.Drop(r.FormValue("symbol"))
	w.WriteHeader(http.StatusNoContent)
}

// A result is what /quotes says of one symbol: a quote or an error.
type result struct {
	Quote *Quote `json:"quote,omitempty"`
	Error string `json:"error,omitempty"`
}

// many asks for each symbol in a task of its own. A symbol that can't be had doesn't
// spoil the others.
func (s *Service) many(w http.ResponseWriter, r *http.Request) {
	symbols := strings.Split(r.FormValue("symbols"), ",")
	if len(symbols) > maxBatch {
		http.Error(w, "too many symbols", http.StatusRequestEntityTooLarge)
		return
	}
	results := make([]result, len(symbols))
	var tasks sync.WaitGroup
	for i, symbol := range symbols {
		tasks.Add(1)
		err := s.pool.Go(len(symbols) <= smallBatch, func() {
			defer tasks.Done()
			quote, err := s.cache.Quote(r.Context(), symbol)
			if err != nil {
				results[i].Error = err.Error()
				return
			}
			results[i].Quote = &quote
		})
		if err != nil {
			tasks.Done()
			results[i].Error = err.Error()
		}
	}
	tasks.Wait() // soon, when the client has gone: the cache watches the request's context

	bySymbol := make(map[string]result, len(symbols))
	for i, symbol := range symbols {
		bySymbol[symbol] = results[i]
	}
	reply(w, bySymbol)
}

func reply(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(v) // the only error here is a client that has gone
}

func statusOf(err error) int {
	var status *StatusError
	switch {
	case errors.Is(err, ErrClosed):
		return http.StatusServiceUnavailable
	case errors.Is(err, context.DeadlineExceeded):
		return http.StatusGatewayTimeout
	case errors.As(err, &status) && status.Code == http.StatusNotFound:
		return http.StatusNotFound
	default:
		return http.StatusBadGateway
	}
}

type requestIDKey struct{}

// WithRequestID returns a context that carries the id of a request to the markets.
func WithRequestID(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, requestIDKey{}, id)
}

// RequestID returns the id that ctx carries, or "".
func RequestID(ctx context.Context) string {
	id, _ := ctx.Value(requestIDKey{}).(string)
	return id
}
