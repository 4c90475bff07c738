package claim

import (
	"runtime"
	"testing"
	"time"
)

// Terminates claims that f returns within the given time.
func Terminates(t testing.TB, within time.Duration, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
	case <-time.After(within):
		buf := make([]byte, 1<<20)
		Show(t, KindStack, "goroutines", string(buf[:runtime.Stack(buf, true)]))
		Fail(t, OutcomeTimeout, "did not return within %v", within)
		t.FailNow()
	}
}

// Deadlocks claims that f blocks for ever.
func Deadlocks(t testing.TB, f func()) {
	t.Helper()
	done := make(chan struct{})
	go func() { defer close(done); f() }()
	select {
	case <-done:
		Fail(t, OutcomeDeadlock, "returned, and should block for ever")
	case <-time.After(500 * time.Millisecond):
	}
}
