//go:build wheat

package leaks

import (
	"context"
	"sync"
	"time"
)

// A Poller asks a source for one symbol, at once and then at a steady pace, and
// publishes every quote whose price differs from the last. It never asks
// twice at a time: while an answer is late, ticks are lost.
type Poller struct {
	symbol  string
	source  Source
	publish func(Quote)
	last    Quote

	every   time.Duration
	cancel  context.CancelFunc
	running sync.WaitGroup
}

// Poll starts a poller. It runs until [Poller.Stop].
func Poll(symbol string, every time.Duration, source Source, publish func(Quote)) *Poller {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Poller{
		symbol: symbol, source: source, publish: publish,
		every: every, cancel: cancel,
	}
	p.running.Go(func() { p.run(ctx) })
	return p
}

// Stop ends the poller: it cuts an answer that is waited for short, and once it has
// returned, nothing is published any more. It may be called more than once, but
// not by the function that publishes.
func (p *Poller) Stop() {
	p.cancel()
	p.running.Wait()
}

func (p *Poller) run(ctx context.Context) {
	start := time.Now()
	for n := time.Duration(0); ; {
		p.poll(ctx)
		n = max(n+1, time.Since(start)/p.every) // the next beat that is not over yet
		select {
		case <-time.After(time.Until(start.Add(n * p.every))):
		case <-ctx.Done():
			return
		}
	}
}

// poll asks once. An error is not the end: the next tick asks again.
func (p *Poller) poll(ctx context.Context) {
	quote, err := p.source(ctx, p.symbol)
	if err != nil || ctx.Err() != nil || quote.Price == p.last.Price {
		return
	}
	p.last = quote
	p.publish(quote)
}
