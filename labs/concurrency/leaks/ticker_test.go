package leaks_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

const stopped = "Stop has to end the goroutine that Poll started, wherever it is: in front of the ticker, or in the middle of a question."

// TestTicker_Cause: the finding in causes.go agrees with the profile of the broken service.
func TestTicker_Cause(t *testing.T) {
	named(t, "ticker", leaks.Ticker)
}

// TestTicker_StopEndsIt: a poller that waits for its next tick ends when it's stopped,
// even if that tick is an hour away.
func TestTicker_StopEndsIt(t *testing.T) {
	endsAll(t, stopped)
	for range 3 {
		heard := make(chan leaks.Quote, 1)
		p := leaks.Poll("ACME", time.Hour, quoting(7), func(q leaks.Quote) { heard <- q })
		claim.Terminates(t, 5*time.Second, func() { <-heard })
		claim.Terminates(t, 5*time.Second, p.Stop)
	}
}

// TestTicker_StopCutsShort: a poller that waits for an answer gives it up when it's stopped.
func TestTicker_StopCutsShort(t *testing.T) {
	endsAll(t, stopped)
	asked := make(chan bool, 1)
	p := leaks.Poll("ACME", time.Hour, func(ctx context.Context, symbol string) (leaks.Quote, error) {
		asked <- true
		return hanging(ctx, symbol)
	}, func(leaks.Quote) {})
	claim.Terminates(t, 5*time.Second, func() { <-asked })
	claim.Terminates(t, 5*time.Second, p.Stop)
}

// TestTicker_StopIsFinal: when Stop returns, nothing is being published and nothing
// will be. The hub counts on that, and whoever closes what is published to.
func TestTicker_StopIsFinal(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var inside, release = make(chan bool), make(chan bool)
		p := leaks.Poll("ACME", time.Second, quoting(7), func(leaks.Quote) {
			close(inside)
			<-release
		})
		<-inside
		returned := make(chan bool)
		go func() {
			p.Stop()
			close(returned)
		}()
		synctest.Wait()
		select {
		case <-returned:
			t.Error("Stop returned while a quote was being published: whoever stops a poller takes away what it publishes to")
		default:
		}
		close(release)
		<-returned
	})
}

// TestTicker_StopTwice: Stop may be called again, and by several at once.
func TestTicker_StopTwice(t *testing.T) {
	virtual(t, func(t *testing.T) {
		p := leaks.Poll("ACME", time.Second, quoting(7), func(leaks.Quote) {})
		var stops sync.WaitGroup
		for range 4 {
			stops.Go(p.Stop)
		}
		stops.Wait()
		p.Stop()
	})
}

// TestTicker_KeepsPace: polls begin at a steady pace, whatever a poll itself takes.
func TestTicker_KeepsPace(t *testing.T) {
	virtual(t, func(t *testing.T) {
		start := time.Now()
		var polls []time.Duration
		p := leaks.Poll("ACME", time.Second, func(ctx context.Context, symbol string) (leaks.Quote, error) {
			polls = append(polls, time.Since(start))
			return late(300*time.Millisecond, quoting(7))(ctx, symbol)
		}, func(leaks.Quote) {})
		time.Sleep(3500 * time.Millisecond)
		p.Stop()
		synctest.Wait()
		claim.Equal(t, "when a poller polled that asks every second and waits 300ms for its answer",
			polls, []time.Duration{0, time.Second, 2 * time.Second, 3 * time.Second})
	})
}

// TestTicker_NeverOverlaps: a source that is slower than the ticker is asked less
// often, never twice at a time.
func TestTicker_NeverOverlaps(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var mu sync.Mutex
		asking, most := 0, 0
		count := func(by int) {
			mu.Lock()
			defer mu.Unlock()
			asking += by
			most = max(most, asking)
		}
		p := leaks.Poll("ACME", time.Second, func(ctx context.Context, symbol string) (leaks.Quote, error) {
			count(+1)
			defer count(-1)
			return late(10*time.Second, quoting(7))(ctx, symbol)
		}, func(leaks.Quote) {})
		time.Sleep(time.Minute)
		p.Stop()
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		if most != 1 {
			t.Errorf("a source that takes 10s, polled every second, was asked %d times at once; want 1: a pile of requests is what a slow market needs least", most)
		}
	})
}

// TestTicker_PublishesChanges: a quote is published when its price has changed, and an
// error is not the end of a poller.
func TestTicker_PublishesChanges(t *testing.T) {
	virtual(t, func(t *testing.T) {
		prices := []int64{5, 5, 0, 6, 6, 5} // 0: an error
		n := -1
		source := func(ctx context.Context, symbol string) (leaks.Quote, error) {
			n++
			if n >= len(prices) {
				return hanging(ctx, symbol)
			}
			if prices[n] == 0 {
				return leaks.Quote{}, errors.New("busy")
			}
			return quoting(prices[n])(ctx, symbol)
		}
		var got []int64
		p := leaks.Poll("ACME", time.Second, source, func(q leaks.Quote) { got = append(got, q.Price) })
		time.Sleep(time.Minute)
		p.Stop()
		synctest.Wait()
		claim.Equal(t, "published prices, where the source said 5, 5, error, 6, 6, 5", got, []int64{5, 6, 5})
	})
}
