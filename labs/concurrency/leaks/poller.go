package leaks

import (
	"context"
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

	ticker *time.Ticker
	cancel context.CancelFunc
	done   chan struct{} // closed when run has returned
}

// Poll starts a poller. It runs until [Poller.Stop].
func Poll(symbol string, every time.Duration, source Source, publish func(Quote)) *Poller {
	ctx, cancel := context.WithCancel(context.Background())
	p := &Poller{
		symbol: symbol, source: source, publish: publish,
		ticker: time.NewTicker(every), cancel: cancel, done: make(chan struct{}),
	}
	go p.run(ctx)
	return p
}

// Stop ends the poller: it cuts an answer that is waited for short, and once it has
// returned, nothing is published any more. It may be called more than once, but
// not by the function that publishes.
func (p *Poller) Stop() {
	p.cancel()
	<-p.done
}

func (p *Poller) run(ctx context.Context) {
	// Ticker.Stop does not close its channel: a receiver could not tell the close from
	// a tick (time/tick.go says so). Something else has to say that it is over, and
	// whoever waits for ticks has to wait for that too.
	defer close(p.done)
	defer p.ticker.Stop()
	p.poll(ctx)
	for {
		select {
		case <-p.ticker.C:
			p.poll(ctx)
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
