//go:build wheat

package leaks

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ErrNoSource is returned by a race in which nobody runs.
var ErrNoSource = errors.New("no source to ask")

// A Source says what a symbol costs. It returns soon after ctx has ended, but
// nobody can rely on how soon. A market is a source, and so is whatever asks
// several of them or remembers what they said: [Upstream], [Race] and [Cache] each
// have a method of this shape.
type Source func(ctx context.Context, symbol string) (Quote, error)

// A Race asks one source, then a second one when the first is slow or failed, and
// so on; the first good answer wins.
//
// These are the hedged requests of Dean and Barroso, "The Tail at Scale" (CACM
// 56(2), 2013): with the delay near the 95th percentile of a source, one request
// in twenty is asked twice, and the tail of the latency is that of two sources
// being slow at once. Asking everybody at once would be as fast, and would
// multiply the load on the markets by their number.
type Race struct {
	Sources []Source      // in order of preference
	Hedge   time.Duration // how long one is waited for before the next is asked as well
	Timeout time.Duration // for the whole race
}

// Quote returns the first good answer. It does not wait for the others: their
// context is cancelled and what they say no longer matters. When all have failed,
// the error has every reason in it.
func (r *Race) Quote(ctx context.Context, symbol string) (Quote, error) {
	if len(r.Sources) == 0 {
		return Quote{}, fmt.Errorf("quote %s: %w", symbol, ErrNoSource)
	}
	ctx, cancel := context.WithTimeout(ctx, r.Timeout)
	defer cancel()

	type answer struct {
		quote Quote
		err   error
	}
	answers := make(chan answer)

	hedge := time.NewTimer(r.Hedge)
	defer hedge.Stop()
	asked, running := 0, 0
	askNext := func() {
		source := r.Sources[asked]
		asked++
		running++
		hedge.Reset(r.Hedge)
		go func() {
			quote, err := source(ctx, symbol)
			select {
			case answers <- answer{quote, err}:
			case <-ctx.Done(): // the race is over; a send needs somebody who receives
			}
		}()
	}
	askNext()

	var failed []error
	for {
		select {
		case a := <-answers:
			if a.err == nil {
				return a.quote, nil
			}
			running--
			failed = append(failed, a.err)
			if asked < len(r.Sources) {
				askNext() // a failure is known at once: no reason to wait for the hedge
			} else if running == 0 {
				return Quote{}, fmt.Errorf("quote %s: %w", symbol, errors.Join(failed...))
			}
		case <-hedge.C:
			if asked < len(r.Sources) {
				askNext()
			}
		case <-ctx.Done():
			return Quote{}, fmt.Errorf("quote %s: %w", symbol, ctx.Err())
		}
	}
}
