//go:build wheat

package leaks

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrClosed is returned by every part of the service that was closed.
var ErrClosed = errors.New("closed")

// A Cache remembers quotes, and asks its source once at a time for each symbol.
//
// A young quote is served as it is. One that is a little older is served at once
// too, while a new one is fetched behind the answer (RFC 5861,
// stale-while-revalidate). Only a request that finds nothing, or something
// too old, waits; and all who wait for one symbol wait for the same fetch.
//
// A fetch has no owner among the requests: whoever started it may hang up,
// others wait for it, and the cache wants the quote anyway. So it carries
// the values of the request that started it (its id goes to the market), but it
// ends with the cache, not with the request.
type Cache struct {
	source Source
	fresh  time.Duration // younger: no need to ask
	stale  time.Duration // younger: good enough to answer with

	life  context.Context // ends with Close
	end   context.CancelFunc
	tasks sync.WaitGroup // fetches under way

	mu      sync.Mutex // guards what follows
	closed  bool
	entries map[string]entry
	flights map[string]*flight
}

type entry struct {
	quote Quote
	at    time.Time
}

// A flight is a fetch under way. Its result may be read once done is closed.
type flight struct {
	cancel context.CancelFunc // for Drop
	done   chan struct{}
	quote  Quote
	err    error
}

// NewCache returns a cache in front of a source: quotes are fresh for so long, and
// good enough to answer with while they are younger than stale.
func NewCache(source Source, fresh, stale time.Duration) *Cache {
	life, end := context.WithCancel(context.Background())
	return &Cache{
		source: source, fresh: fresh, stale: stale,
		life: life, end: end,
		entries: make(map[string]entry),
		flights: make(map[string]*flight),
	}
}

// Quote answers from memory if it can.
func (c *Cache) Quote(ctx context.Context, symbol string) (Quote, error) {
	c.mu.Lock()
	e, known := c.entries[symbol]
	age := time.Since(e.at)
	if known && age < c.fresh {
		c.mu.Unlock()
		return e.quote, nil
	}
	if c.closed {
		c.mu.Unlock()
		return Quote{}, fmt.Errorf("quote %s: cache: %w", symbol, ErrClosed)
	}
	f, underway := c.flights[symbol]
	if !underway {
		f = c.fetch(ctx, symbol)
	}
	c.mu.Unlock()

	if known && age < c.stale {
		return e.quote, nil
	}
	select {
	case <-f.done:
		return f.quote, f.err
	case <-ctx.Done():
		return Quote{}, fmt.Errorf("quote %s: %w", symbol, ctx.Err())
	}
}

// fetch asks the source in the background. The caller holds c.mu.
func (c *Cache) fetch(ctx context.Context, symbol string) *flight {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	stop := context.AfterFunc(c.life, cancel)
	f := &flight{cancel: cancel, done: make(chan struct{})}
	c.flights[symbol] = f
	c.tasks.Go(func() {
		// Both: cancel frees what hangs on this context, stop takes it off the cache's.
		defer cancel()
		defer stop()
		f.quote, f.err = c.source(ctx, symbol)
		c.land(symbol, f)
	})
	return f
}

// land files the result of a flight, and lets those go who wait for it.
func (c *Cache) land(symbol string, f *flight) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.flights[symbol] == f { // else it was dropped
		delete(c.flights, symbol)
		if f.err == nil {
			c.entries[symbol] = entry{f.quote, time.Now()}
		}
	}
	close(f.done)
}

// Drop forgets a symbol, and gives up the fetch that may be under way: trading was
// halted, and no price from before must be seen.
func (c *Cache) Drop(symbol string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.entries, symbol)
	if f, ok := c.flights[symbol]; ok {
		f.cancel()
		delete(c.flights, symbol)
	}
}

// Close gives up all fetches and waits for their end.
func (c *Cache) Close() {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.end()
	c.tasks.Wait()
}
