package claim

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"
)

const (
	batches    = 7                // the fewest allocations of so many batches count
	batchTime  = time.Millisecond // about how long a batch is
	batchCalls = 1000             // the most calls in a batch
	batchBytes = 1 << 20          // the most that a batch allocates: the collector starts at 4 MB
	profiled   = 100              // the most calls that are profiled when the claim fails
)

// Allocs claims that a call of f makes at most most heap allocations, on average
// over many calls after a first one: 0 for none, 0.1 for one in ten calls. It
// fails with outcome budget and shows the stacks that allocated.
//
// Everything that the process allocates meanwhile is counted, so that goroutines
// started by f are in it. The best of several short batches counts, which leaves
// out the occasional allocation of somebody else, and the collector is made to
// run before a batch and not in it, so that it does not empty a [sync.Pool]. Where
// something else allocates all the time, other tests in parallel say, the test is
// skipped with outcome noisy. So it is under the race detector when the claim
// does not hold: there, sync.Pool forgets a quarter of what it is given.
func Allocs(t testing.TB, most float64, f func()) {
	t.Helper()
	f()
	n := batchSize(f)
	best, idle := batch(n, f)
	for i := 1; i < batches && best > most; i++ {
		b, other := batch(n, f)
		best, idle = min(best, b), min(idle, other)
	}
	if best <= most {
		return
	}
	if raceDetector {
		noisy(t, "Allocations are not counted in this build: %.4g were seen in a call, claimed at most %.4g, but the race detector makes sync.Pool and others allocate more. Build plain: go test without -race.", best, most)
	}
	if idle > 0 {
		noisy(t, "Something else allocates all the time, %d times while nothing was called: whether a call makes at most %.4g allocations cannot be told. Run this test alone, not in parallel.", idle, most)
	}
	where := allocations(min(n, profiled), f)
	evidence{Kind: KindAlloc, Title: "who allocates", Text: where}.fail(t, OutcomeBudget,
		"%.4g heap allocations in a call, claimed at most %.4g.\nWhy a value is on the heap says go build -gcflags=-m: look for \"escapes to heap\" and \"moved to heap\" at these lines.",
		best, most)
}

// batchSize is how many calls of f make a batch.
func batchSize(f func()) int {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	start := time.Now()
	f()
	took := max(time.Since(start), 1)
	runtime.ReadMemStats(&after)
	bytes := max(after.TotalAlloc-before.TotalAlloc, 1)
	return max(1, min(batchCalls, int(batchTime/took), int(batchBytes/bytes)))
}

// batch returns the allocations per call, and the number of allocations in as
// long a time when f was not called.
func batch(n int, f func()) (perCall float64, idle uint64) {
	var before, after, later runtime.MemStats
	runtime.GC()
	f() // refills what a collection empties
	start := time.Now()
	runtime.ReadMemStats(&before)
	repeat(n, f)
	runtime.ReadMemStats(&after)
	for wait := time.Now().Add(time.Since(start)); time.Now().Before(wait); {
	}
	runtime.ReadMemStats(&later)
	return float64(after.Mallocs-before.Mallocs) / float64(n), later.Mallocs - after.Mallocs
}

// repeat calls f n times. Stacks are searched for its name.
//
//go:noinline
func repeat(n int, f func()) {
	for range n {
		f()
	}
}

// allocations lists the stacks that allocate in n calls of f.
func allocations(n int, f func()) string {
	rate := runtime.MemProfileRate
	runtime.MemProfileRate = 1
	before := heapProfile()
	repeat(n, f)
	after := heapProfile()
	runtime.MemProfileRate = rate

	var ours, others []site
	for stack, r := range after {
		s := site{objects: r.AllocObjects, bytes: r.AllocBytes}
		if old, ok := before[stack]; ok {
			s.objects -= old.AllocObjects
			s.bytes -= old.AllocBytes
		}
		if s.objects == 0 {
			continue
		}
		if s.resolve(r.Stack()) {
			ours = append(ours, s)
		} else if !s.measuring() {
			others = append(others, s)
		}
	}
	text := sites(ours, n)
	if len(others) > 0 {
		text += "\non other goroutines, which f started or not:\n" + sites(others, n)
	}
	if len(ours)+len(others) == 0 {
		text = "The heap profile shows none: they are too small (values under 16 bytes without pointers share a block) or were made only once.\n"
	}
	return text
}

// heapProfile returns all records since the start of the process by stack. What
// the runtime publishes is two collections old.
func heapProfile() map[[32]uintptr]runtime.MemProfileRecord {
	for range 3 {
		runtime.GC()
	}
	var records []runtime.MemProfileRecord
	for n, ok := runtime.MemProfile(nil, true); !ok; {
		records = make([]runtime.MemProfileRecord, n+64)
		n, ok = runtime.MemProfile(records, true)
		records = records[:min(n, len(records))]
	}
	all := map[[32]uintptr]runtime.MemProfileRecord{}
	for _, r := range records {
		if sum, ok := all[r.Stack0]; ok { // one stack has a record for each size
			r.AllocObjects += sum.AllocObjects
			r.AllocBytes += sum.AllocBytes
		}
		all[r.Stack0] = r
	}
	return all
}

// A site is a stack that allocated.
type site struct {
	objects, bytes int64
	how            string  // the runtime's function, "growslice"
	frames         []frame // innermost first, up to the call of f
}

// resolve names the frames of a stack, and reports whether they end in a call of
// f.
func (s *site) resolve(stack []uintptr) bool {
	frames := runtime.CallersFrames(stack)
	for {
		f, more := frames.Next()
		switch {
		case strings.HasSuffix(f.Function, "/claim.repeat"):
			return true
		case strings.HasPrefix(f.Function, "runtime.") && len(s.frames) == 0:
			s.how = strings.TrimPrefix(f.Function, "runtime.")
		default:
			s.frames = append(s.frames, frame{f.Function, fmt.Sprintf("%s:%d", f.File, f.Line)})
		}
		if !more {
			return false
		}
	}
}

// measuring reports whether it was the measurement that allocated.
func (s *site) measuring() bool {
	return len(s.frames) == 0 || slices.ContainsFunc(s.frames, func(f frame) bool {
		return strings.HasSuffix(f.fn, "/claim.allocations")
	})
}

// sites renders stacks with what they allocate in each of n calls.
func sites(all []site, n int) string {
	slices.SortFunc(all, func(a, b site) int {
		if a.objects != b.objects {
			return int(b.objects - a.objects)
		}
		return strings.Compare(a.frames[0].pos, b.frames[0].pos)
	})
	var b strings.Builder
	for _, s := range all {
		fmt.Fprintf(&b, "%.4g a call, %d bytes each", float64(s.objects)/float64(n), s.bytes/s.objects)
		if s.how != "" {
			fmt.Fprintf(&b, " (%s)", s.how)
		}
		b.WriteString("\n")
		for i, f := range s.frames {
			if i == shownFrames {
				fmt.Fprintf(&b, "    … %d more\n", len(s.frames)-i)
				break
			}
			fmt.Fprintf(&b, "    %-40s %s\n", shortFunc(f.fn), shortPos(f.pos))
		}
	}
	return b.String()
}
