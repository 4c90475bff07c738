package chart

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/trace"
)

var update = flag.Bool("update", false, "write the golden files")

const (
	µs = trace.Time(1000)
	ms = 1000 * µs
)

func frame(function, file string, line int) trace.Frame {
	return trace.Frame{Site: lens.Site{Position: lens.Position{File: file, Line: line}, Function: function}}
}

func distribution(times ...trace.Time) (d trace.Distribution) {
	for _, t := range times {
		d.Add(t)
	}
	return d
}

// summary is a small program's: a worker that waits for a lock and for work.
func summary() *trace.Summary {
	stopped := distribution(12*µs, 40*µs)
	lock := []trace.Frame{frame("sync.(*Mutex).Lock", "/usr/lib/go/src/sync/mutex.go", 46), frame("example.com/shop%2ev2.work", "/home/me/shop/work.go", 12)}
	receive := []trace.Frame{frame("runtime.chanrecv1", "/usr/lib/go/src/runtime/chan.go", 506), frame("example.com/shop%2ev2.work", "/home/me/shop/work.go", 10)}
	return &trace.Summary{
		Version: 26, Size: 5 << 20, Generations: 2, Events: 123456, End: 1500 * ms, Procs: 4, Threads: 7,
		Goroutines: trace.Population{Seen: 1203, Created: 1200, Ended: 1190, Alive: 13},
		Time:       trace.States{trace.Running: 2400 * ms, trace.Runnable: 31 * ms, trace.InSyscall: 4 * ms, trace.Waiting: 9000 * ms},
		Busy:       3000 * ms,
		Functions: []trace.Function{
			{Name: "example.com/shop%2ev2.work", Population: trace.Population{Seen: 8, Created: 8, Alive: 8}, Time: trace.States{trace.Running: 2390 * ms, trace.Waiting: 9000 * ms}, Latency: distribution(3*µs, 5*ms)},
			{Population: trace.Population{Seen: 1195}, Time: trace.States{trace.Running: 10 * ms}},
		},
		Blocks: []trace.Block{
			{Why: "sync", Stack: lock, Waits: distribution(2*ms, 3*ms, 90*ms), Wakers: []trace.Waker{{Func: "example.com/shop%2ev2.work", Stack: lock[1:], Count: 3}}},
			{Why: "chan receive", Stack: receive, Waits: distribution(900 * ns), Open: 2, Wakers: []trace.Waker{{Count: 1}}},
			{Why: "GC worker (idle)", Stack: []trace.Frame{frame("runtime.gcBgMarkWorker", "mgc.go", 1)}, Open: 4},
		},
		Latency: distribution(3*µs, 5*ms),
		Slowest: []trace.Delay{{G: 21, Func: "example.com/shop%2ev2.work", Start: 7 * ms, End: 12 * ms}},
		GC: trace.Collections{
			Cycles: 3, Mark: distribution(2*ms, 2*ms, 3*ms), Stopped: map[string]*trace.Distribution{"GC mark termination": &stopped},
			Assists: distribution(15 * µs), Workers: 6 * ms, Peak: 41 << 20, Goal: 64 << 20,
		},
	}
}

const ns = trace.Time(1)

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name+".txt")
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), got); d != "" {
		t.Errorf("%s (-want +got; -update writes it):\n%s", file, d)
	}
}

var screen = term.Screen{Width: 100}

func TestSummary(t *testing.T) {
	o := Options{Name: "shop.out", Dir: "/home/me/shop"}
	golden(t, "summary", Summary(screen, summary(), o))
	golden(t, "sections", Summary(screen, summary(), o, Block, GC))
	damaged := summary()
	damaged.Inversions, damaged.Conflicts = 3, 1
	damaged.Loss = trace.Loss{Bytes: 70000, Findings: []trace.Finding{{What: trace.BatchCut, Generation: 2, Offset: 4 << 20, Bytes: 70000}}}
	damaged.Blocks, damaged.GC, damaged.Latency, damaged.Slowest = nil, trace.Collections{}, trace.Distribution{}, nil
	golden(t, "damaged", Summary(screen, damaged, o))
}

func TestBlame(t *testing.T) {
	b := &trace.Blame{
		Goroutines: 8, Latency: distribution(3*µs, 5*ms), Asked: 20012 * µs, Idle: 2 * ms, Unknown: 12 * µs,
		By: []trace.Culprit{{Func: "runtime.gcBgMarkWorker", Time: 15 * ms, Runs: 9}, {Time: 3 * ms, Runs: 1}},
	}
	golden(t, "blame", Blame(screen, b, "shop.v2.work", Options{}))
	golden(t, "noblame", Blame(screen, &trace.Blame{}, "goroutine 7", Options{}))
}

func TestPath(t *testing.T) {
	path := []trace.Segment{
		{Start: 10 * ms, End: 11 * ms, G: 5, Func: "main.handle", State: trace.Running},
		{Start: 11 * ms, End: 12 * ms, G: 9, Func: "main.query", State: trace.Runnable, Depth: 1},
		{Start: 12 * ms, End: 30 * ms, G: 9, Func: "main.query", State: trace.Waiting, Why: "network", Depth: 1, Stack: []trace.Frame{frame("net.(*conn).Read", "net.go", 7), frame("main.query", "q.go", 31)}},
		{Start: 30 * ms, End: 31 * ms, G: 5, Func: "main.handle", State: trace.InSyscall},
	}
	golden(t, "path", Path(screen, path, "request", Options{}))
	var many []trace.Segment
	for i := range trace.Time(100) {
		many = append(many, trace.Segment{Start: i * ms, End: (i + 1) * ms, G: trace.GoID(i), State: trace.Running})
	}
	many[99].End += ms
	golden(t, "longpath", Path(screen, many, "request", Options{}))
}

func TestDiff(t *testing.T) {
	lock := summary().Blocks[0].Stack
	many := func(n int, v trace.Time) (d trace.Distribution) {
		for range n {
			d.Add(v)
		}
		return d
	}
	changes := []trace.Change{
		{Why: "sync", Stack: lock, Before: many(100, ms), After: many(120, 3*ms), Longer: 1, P: 1e-9},
		{Func: "main.work", Before: many(50, 900*µs), After: many(50, 100*µs), Longer: 0.02, P: 1e-9},
		{Why: "select", Stack: lock, After: many(3, ms), Longer: 0.5, P: 1},
		{Func: "main.gone", Before: many(1, ms), Longer: 0.5, P: 1},
		{Func: "main.same", Before: many(20, ms), After: many(20, ms), Longer: 0.5, P: 1},
	}
	now := summary()
	now.End, now.GC.Peak = 1200*ms, 90<<20
	golden(t, "diff", Diff(screen, &trace.Comparison{Before: summary(), After: now, Changes: changes}, "before.out", Options{Name: "now.out", Dir: "/home/me/shop"}))
	golden(t, "nodiff", Diff(screen, &trace.Comparison{Before: summary(), After: summary()}, "before.out", Options{Name: "now.out"}))
}
