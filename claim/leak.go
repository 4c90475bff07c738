package claim

import (
	"runtime"
	"testing"
	"time"
)

// NoGoroutineLeak claims that no goroutine started by this test outlives it.
func NoGoroutineLeak(t testing.TB) {
	t.Helper()
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 200 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		buf := make([]byte, 1<<20)
		Show(t, KindStack, "goroutines", string(buf[:runtime.Stack(buf, true)]))
		Fail(t, OutcomeLeak, "goroutines left behind")
	})
}
