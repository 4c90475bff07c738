package claim

import (
	"runtime"
	"testing"
	"time"
	"weak"
)

// Unreachable claims that the garbage collector can collect what hold returns.
func Unreachable[T any](t testing.TB, what string, hold func() *T) {
	t.Helper()
	c := make(chan weak.Pointer[T])
	go func() { c <- weak.Make(hold()) }()
	w := <-c
	for range 20 {
		runtime.GC()
		if w.Value() == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
	Fail(t, OutcomeLeak, "%s is still reachable: something keeps a pointer to it", what)
}
