package claim

import (
	"runtime"
	"testing"
)

// Allocs claims that a call of f makes at most most heap allocations on average.
func Allocs(t testing.TB, most float64, f func()) {
	t.Helper()
	f()
	best := -1.0
	for range 5 {
		var a, b runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&a)
		for range 100 {
			f()
		}
		runtime.ReadMemStats(&b)
		if x := float64(b.Mallocs-a.Mallocs) / 100; best < 0 || x < best {
			best = x
		}
	}
	if best > most {
		Fail(t, OutcomeBudget, "%.4g allocations per call, want at most %.4g", best, most)
	}
}
