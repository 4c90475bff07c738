package claim_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"os/signal"
	"runtime/pprof"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
)

func TestNoGoroutineLeak_Green(t *testing.T) {
	claim.NoGoroutineLeak(t)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {})
	}
	wg.Wait()
	go time.Sleep(50 * time.Millisecond) // a straggler
	t.Run("subtest", func(t *testing.T) {
		claim.NoGoroutineLeak(t)
		t.Parallel()
	})
}

func TestNoGoroutineLeak_NamesThem(t *testing.T) {
	t.Parallel()
	c, d := make(chan int), make(chan int)
	defer close(c)
	defer func() { <-d }()
	r := record(t, func(t testing.TB) {
		claim.NoGoroutineLeak(t)
		for range 3 {
			go receiveForEver(c)
		}
		func() { go func() { sendForEver(d) }() }()
	})
	r.wantFailed(t, claim.OutcomeLeak, "4 goroutines started by this test are still there",
		"3 goroutines in chan receive, started by claim_test.", "receiveForEver", "leak_test.go:", "who was to send", "sendForEver", "who was to receive")
	if e := r.evidence(t); len(e) != 1 || e[0].Kind != "stack" {
		t.Errorf("evidence = %+v, want one of kind stack", e)
	}
}

func sendForEver(c chan int) { c <- 1 }

// Two tests at the same place at the same time: each is blamed for its own alone.
func TestNoGoroutineLeak_Parallel(t *testing.T) {
	release := make(chan int)
	t.Cleanup(func() { close(release) })
	var bad, good *recorder
	t.Run("both", func(t *testing.T) {
		t.Run("leaks", func(t *testing.T) {
			t.Parallel()
			bad = record(t, func(t testing.TB) {
				claim.NoGoroutineLeak(t)
				go receiveForEver(release)
			})
		})
		t.Run("clean", func(t *testing.T) {
			t.Parallel()
			good = record(t, func(t testing.TB) {
				claim.NoGoroutineLeak(t)
				c := make(chan int)
				go receiveForEver(c)
				time.Sleep(100 * time.Millisecond)
				close(c)
			})
		})
	})
	bad.wantFailed(t, claim.OutcomeLeak, "1 goroutine started by this test is")
	good.wantSilent(t)
}

// Code that replaces the labels does not hide what it starts.
func TestNoGoroutineLeak_LabelsReplaced(t *testing.T) {
	t.Parallel()
	c := make(chan int)
	defer close(c)
	r := record(t, func(t testing.TB) {
		claim.NoGoroutineLeak(t)
		pprof.Do(context.Background(), pprof.Labels("a", "b"), func(context.Context) {
			go receiveForEver(c)
		})
	})
	r.wantFailed(t, claim.OutcomeLeak, "receiveForEver")
}

func TestNoGoroutineLeak_Subtest(t *testing.T) {
	t.Parallel()
	c := make(chan int)
	defer close(c)
	r := record(t, func(outer testing.TB) {
		claim.NoGoroutineLeak(outer)
		t.Run("sub", func(t *testing.T) {
			in := record(t, func(t testing.TB) { claim.NoGoroutineLeak(t); go receiveForEver(c) })
			in.wantFailed(t, claim.OutcomeLeak)
		})
	})
	r.wantFailed(t, claim.OutcomeLeak, "receiveForEver")
}

func TestNoGoroutineLeak_HTTP(t *testing.T) {
	r := record(t, func(t testing.TB) {
		claim.NoGoroutineLeak(t)
		s := httptest.NewServer(http.NotFoundHandler())
		t.Cleanup(s.Close)
		c := &http.Client{Transport: &http.Transport{}}
		resp, err := c.Get(s.URL)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
	})
	// The server's Close closes idle connections at its end, and the client's
	// goroutines end then.
	r.wantSilent(t)
}

func TestNoGoroutineLeak_Signals(t *testing.T) {
	claim.NoGoroutineLeak(t)
	c := make(chan os.Signal, 1)
	signal.Notify(c, os.Interrupt)
	signal.Stop(c)
}

func TestNoGoroutineLeak_InBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claim.NoGoroutineLeak(t)
		go time.Sleep(time.Second)
	})
}

func TestNoGoroutineLeak_Proof(t *testing.T) {
	if pprof.Lookup("goroutineleak") == nil {
		t.Skip("this toolchain has no goroutineleak profile")
	}
	r := record(t, func(t testing.TB) {
		claim.NoGoroutineLeak(t)
		go receiveForEver(make(chan int))
	})
	r.wantFailed(t, claim.OutcomeLeak, "proves 1 of them leaked")
	if strings.Contains(r.log.String(), "proves 0") {
		t.Error(r.log.String())
	}
}
