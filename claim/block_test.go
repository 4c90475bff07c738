package claim_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
)

func TestTerminates_Returns(t *testing.T) {
	claim.Terminates(t, time.Minute, func() {})
}

func TestTerminates_ShowsWhatHangs(t *testing.T) {
	c := make(chan int)
	defer close(c)
	r := record(t, func(t testing.TB) {
		claim.Terminates(t, 20*time.Millisecond, func() { receiveForEver(c) })
	})
	r.wantFailed(t, claim.OutcomeTimeout, "did not return within 20ms", "who was to send", "receiveForEver", "block_test.go:")
	if !r.stopped {
		t.Error("the test went on after a hang")
	}
}

func receiveForEver(c chan int) { <-c }

func TestTerminates_ShowsWhatWasStarted(t *testing.T) {
	var mu sync.Mutex
	mu.Lock()
	r := record(t, func(t testing.TB) {
		claim.Terminates(t, 20*time.Millisecond, func() {
			var wg sync.WaitGroup
			wg.Go(mu.Lock)
			wg.Wait()
		})
	})
	mu.Unlock()
	r.wantFailed(t, claim.OutcomeTimeout, "started by it", "sync.Mutex.Lock", "sync.WaitGroup.Wait")
}

func TestTerminates_PassesOnFailNow(t *testing.T) {
	r := record(t, func(t testing.TB) {
		claim.Terminates(t, time.Minute, func() { t.Fatal("from inside") })
	})
	r.wantFailed(t, "", "from inside")
	if !r.stopped {
		t.Error("the test went on after FailNow")
	}
}

func TestTerminates_PassesOnPanic(t *testing.T) {
	r := record(t, func(t testing.TB) {
		claim.Terminates(t, time.Minute, func() { panic("boom") })
	})
	if s, ok := r.panicked.(string); !ok || !strings.Contains(s, "boom") || !strings.Contains(s, "block_test.go") {
		t.Errorf("panic = %v, want boom with the stack of f", r.panicked)
	}
}

func TestDeadlocks_Proves(t *testing.T) {
	claim.Deadlocks(t, func() { <-make(chan int) })
	claim.Deadlocks(t, func() { select {} })
	claim.Deadlocks(t, func() {
		c := make(chan int)
		for {
			select {
			case <-time.After(24 * time.Hour):
				<-c
			case <-c:
			}
		}
	})
}

func TestDeadlocks_OutsideChannel(t *testing.T) {
	c := make(chan int)
	claim.Deadlocks(t, func() { <-c })
}

func TestDeadlocks_Mutex(t *testing.T) {
	claim.Deadlocks(t, func() {
		var mu sync.Mutex
		mu.Lock()
		mu.Lock()
	})
}

func TestDeadlocks_InBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c := make(chan int)
		claim.Deadlocks(t, func() { <-c })
		close(c)
		r := record(t, func(t testing.TB) {
			claim.Deadlocks(t, func() { time.Sleep(time.Hour) })
		})
		r.wantFailed(t, claim.OutcomeDeadlock, "it returned")
	})
}

func TestDeadlocks_LeavesNothingToBlame(t *testing.T) {
	claim.NoGoroutineLeak(t)
	claim.Deadlocks(t, func() {
		var mu sync.Mutex
		mu.Lock()
		go mu.Lock()
		mu.Lock()
	})
	claim.Deadlocks(t, func() { go func() { select {} }(); select {} })
}

func TestDeadlocks_Red(t *testing.T) {
	for name, c := range map[string]struct {
		f    func()
		want string
	}{
		"returns": {func() {}, "it returned"},
		"spins":   {func() { spin(&stopSpin) }, "it is running"},
		"polls": {func() {
			for {
				time.Sleep(time.Millisecond)
			}
		}, "does not: it"},
	} {
		t.Run(name, func(t *testing.T) {
			stopSpin.Store(false)
			defer stopSpin.Store(true)
			r := record(t, func(t testing.TB) { claim.Deadlocks(t, c.f) })
			r.wantFailed(t, claim.OutcomeDeadlock, "should block for ever", c.want)
		})
	}
}

func TestDeadlocks_Panic(t *testing.T) {
	r := record(t, func(t testing.TB) { claim.Deadlocks(t, func() { panic("boom") }) })
	if s, ok := r.panicked.(string); !ok || !strings.Contains(s, "boom") {
		t.Errorf("panic = %v, want boom", r.panicked)
	}
}
