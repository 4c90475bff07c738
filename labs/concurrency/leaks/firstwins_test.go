package leaks_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

const losers = "Each source of a race runs on a goroutine that has to end when its source has answered, also when Quote has long returned. What does it still want to do, and who is there to do it with?"

// TestFirstwins_Cause: the finding in causes.go agrees with the profile of the broken service.
func TestFirstwins_Cause(t *testing.T) {
	named(t, "firstwins", leaks.FirstWins)
}

// TestFirstwins_LosersEnd: when one source has won, the goroutines of those that were
// told to stop end.
func TestFirstwins_LosersEnd(t *testing.T) {
	endsAll(t, losers)
	race := &leaks.Race{Sources: []leaks.Source{hanging, hanging, quoting(7)}, Hedge: time.Millisecond, Timeout: 2 * time.Second}
	for range 4 {
		q, err := race.Quote(context.Background(), "ACME")
		if err != nil {
			t.Fatalf("two sources hang, the third answers: Quote failed: %v", err)
		}
		claim.Equal(t, "price", q.Price, 7)
	}
}

// TestFirstwins_LateLosersEnd: a source that doesn't hear it was told to stop and
// answers long after the winner leaves nothing behind either.
func TestFirstwins_LateLosersEnd(t *testing.T) {
	bubble(t, losers, func(t *testing.T) {
		slow := deaf(10*time.Second, quoting(1))
		race := &leaks.Race{Sources: []leaks.Source{slow, slow, quoting(7)}, Hedge: time.Millisecond, Timeout: time.Minute}
		if _, err := race.Quote(t.Context(), "ACME"); err != nil {
			t.Errorf("two sources are slow, the third answers: Quote failed: %v", err)
		}
		time.Sleep(time.Minute)
	})
}

// TestFirstwins_CallerGone: when the caller gives up before anybody answered, every
// source has lost, and all their goroutines end.
func TestFirstwins_CallerGone(t *testing.T) {
	bubble(t, losers, func(t *testing.T) {
		race := &leaks.Race{Sources: []leaks.Source{hanging, hanging, hanging}, Hedge: time.Millisecond, Timeout: time.Minute}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := race.Quote(ctx, "ACME"); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("all sources hang and the caller has a second: got error %v, want its context's", err)
		}
	})
}

// TestFirstwins_GivesUpInTime: Quote returns when its caller gives up, and when its own
// time is over, also while no source listens.
func TestFirstwins_GivesUpInTime(t *testing.T) {
	virtual(t, func(t *testing.T) {
		slow := deaf(time.Hour, quoting(1))
		race := &leaks.Race{Sources: []leaks.Source{slow, slow, slow}, Hedge: time.Millisecond, Timeout: 2 * time.Second}
		for _, patience := range []time.Duration{time.Second, time.Minute} {
			ctx, cancel := context.WithTimeout(t.Context(), patience)
			defer cancel()
			start := time.Now()
			_, err := race.Quote(ctx, "ACME")
			want := min(patience, race.Timeout)
			if took := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || took != want {
				t.Errorf("no source answers within an hour, the caller has %v, the race 2s: Quote returned %v after %v; want the deadline's error after %v", patience, err, took, want)
			}
		}
	})
}

// TestFirstwins_NobodyRuns: a race without sources is an error, not a wait.
func TestFirstwins_NobodyRuns(t *testing.T) {
	virtual(t, func(t *testing.T) {
		race := &leaks.Race{Hedge: time.Millisecond, Timeout: time.Second}
		if _, err := race.Quote(t.Context(), "ACME"); !errors.Is(err, leaks.ErrNoSource) {
			t.Errorf("a race without sources: got error %v, want ErrNoSource", err)
		}
	})
}

// TestFirstwins_CancelsLosers: the losers' context is cancelled as soon as there is a
// winner. A request that nobody waits for is work for a market, and for us.
func TestFirstwins_CancelsLosers(t *testing.T) {
	virtual(t, func(t *testing.T) {
		var told time.Duration
		start := time.Now()
		loser := func(ctx context.Context, symbol string) (leaks.Quote, error) {
			q, err := hanging(ctx, symbol)
			told = time.Since(start)
			return q, err
		}
		race := &leaks.Race{Sources: []leaks.Source{loser, quoting(7)}, Hedge: 50 * time.Millisecond, Timeout: time.Minute}
		race.Quote(t.Context(), "ACME")
		synctest.Wait()
		time.Sleep(time.Hour)
		if told != 50*time.Millisecond {
			t.Errorf("the winner answered after 50ms; the loser's context was cancelled after %v", told)
		}
	})
}

// TestFirstwins_Hedges: a slow source costs the hedge's delay and no more, the next
// source is asked no sooner, and one that isn't needed is not asked at all.
func TestFirstwins_Hedges(t *testing.T) {
	virtual(t, func(t *testing.T) {
		asked := make([]time.Duration, 3)
		start := time.Now()
		at := func(i int, s leaks.Source) leaks.Source {
			return func(ctx context.Context, symbol string) (leaks.Quote, error) {
				asked[i] = time.Since(start)
				return s(ctx, symbol)
			}
		}
		race := &leaks.Race{Hedge: 100 * time.Millisecond, Timeout: time.Minute, Sources: []leaks.Source{
			at(0, late(10*time.Second, quoting(1))),
			at(1, late(60*time.Millisecond, quoting(2))),
			at(2, quoting(3)),
		}}
		q, err := race.Quote(t.Context(), "ACME")
		took := time.Since(start)
		synctest.Wait()
		if err != nil || q.Price != 2 || took != 160*time.Millisecond {
			t.Errorf("the first source takes 10s, the second 60ms, the hedge is 100ms: got price %d, error %v after %v; want price 2 after 160ms", q.Price, err, took)
		}
		if asked[1] != 100*time.Millisecond || asked[2] != 0 {
			t.Errorf("the second source was asked after %v, the third after %v (0s: never); want 100ms and never: a hedge that asks everybody multiplies the load on the markets", asked[1], asked[2])
		}
	})
}

// TestFirstwins_FailsOver: a source that fails is followed by the next at once.
func TestFirstwins_FailsOver(t *testing.T) {
	virtual(t, func(t *testing.T) {
		start := time.Now()
		race := &leaks.Race{Hedge: time.Second, Timeout: time.Minute, Sources: []leaks.Source{failing(errors.New("down")), quoting(2)}}
		q, err := race.Quote(t.Context(), "ACME")
		if took := time.Since(start); err != nil || q.Price != 2 || took != 0 {
			t.Errorf("the first source fails at once, the second answers at once: got price %d, error %v after %v; want price 2 without waiting", q.Price, err, took)
		}
	})
}

// TestFirstwins_WinnerDoesNotWait: Quote returns with the first good answer, not when
// the losers are done.
func TestFirstwins_WinnerDoesNotWait(t *testing.T) {
	virtual(t, func(t *testing.T) {
		start := time.Now()
		race := &leaks.Race{Hedge: 100 * time.Millisecond, Timeout: time.Minute, Sources: []leaks.Source{deaf(10*time.Second, quoting(1)), quoting(2)}}
		race.Quote(t.Context(), "ACME")
		if took := time.Since(start); took != 100*time.Millisecond {
			t.Errorf("the winner answered after 100ms, and Quote returned after %v: to wait for the losers ends the leak, and gives back what a race is for", took)
		}
		time.Sleep(time.Minute)
	})
}

// TestFirstwins_EveryAnswerCounts: no answer is lost, however many come at the same
// moment: when all have failed, Quote says so at once, with every reason.
func TestFirstwins_EveryAnswerCounts(t *testing.T) {
	virtual(t, func(t *testing.T) {
		start := time.Now()
		race := &leaks.Race{Hedge: time.Millisecond, Timeout: time.Hour}
		var reasons []error
		for i := range 32 { // asked one after another, and all fail after one second
			reasons = append(reasons, fmt.Errorf("market %d is closed", i))
			race.Sources = append(race.Sources, deaf(time.Second-time.Duration(i)*time.Millisecond, failing(reasons[i])))
		}
		_, err := race.Quote(t.Context(), "ACME")
		if took := time.Since(start); took != time.Second {
			t.Errorf("32 sources fail after 1s, and Quote returned after %v: an answer that is thrown away may have been the last one that Quote waits for", took)
		}
		for _, reason := range reasons {
			if !errors.Is(err, reason) {
				t.Fatalf("all sources failed, and the error does not say that %q: %v", reason, err)
			}
		}
	})
}
