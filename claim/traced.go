package claim

import (
	"bytes"
	"cmp"
	"fmt"
	"path/filepath"
	"runtime"
	runtimetrace "runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/trace"
)

// Traced runs f, records an execution trace of it, and starts claims about what the
// goroutines did meanwhile: that of f, and all that it and those created, one after the
// other.
//
//	r := claim.Traced(t, func() { server.Serve(1000) })
//	r.AllEnded()
//	r.MaxGoroutines(64)
//	r.SyscallsPerOp(1000, 2.1)
//
// Claims that count hold or do not, on any machine. Claims about time skip the test, with
// outcome noisy, where the system took processors away from the program while it ran: where
// its goroutines ran for longer, by the trace, than the process had CPU time. In a bubble of
// testing/synctest, time is not that of the trace.
//
// Events are recorded of the whole program, so tests that run in parallel with it slow it
// down, and are not counted. A test that is traced already, by go test -trace, fails.
func Traced(t testing.TB, f func()) *TracedRun {
	t.Helper()
	var buf bytes.Buffer
	if err := runtimetrace.Start(&buf); err != nil {
		t.Fatalf("claim.Traced: %v. Run the test without -trace.", err)
	}
	before := runtime.NumGoroutine()
	used, clockErr := cpuTime()
	func() {
		defer func() {
			for waited := time.Duration(0); waited < stragglers/2 && runtime.NumGoroutine() > before; waited += time.Millisecond {
				time.Sleep(time.Millisecond) // goroutines whose last statement was run
			}
			now, err := cpuTime()
			used, clockErr = now-used, cmp.Or(clockErr, err)
			runtimetrace.Stop()
		}()
		runtimetrace.WithRegion(t.Context(), tracedRegion, f)
	}()
	r := &TracedRun{t: t, cpu: used, noClock: clockErr != nil, lives: map[trace.GoID]*tracedGoroutine{}}
	tr, err := trace.Parse(buf.Bytes())
	if err != nil {
		t.Fatalf("claim.Traced: read the trace: %v", err)
	}
	if !r.read(tr) {
		t.Fatalf("claim.Traced: f is not in the trace of %d bytes: the part that says when it ran was lost.", buf.Len())
	}
	t.Cleanup(func() {
		if !r.claimed {
			t.Errorf("claim.Traced: nothing is claimed of the run: say what, as in claim.Traced(t, f).AllEnded()")
		}
	})
	return r
}

// tracedRegion names the time in which f ran.
const tracedRegion = "github.com/hone-go/hone/claim.Traced"

// A TracedRun makes claims about a run; see [Traced]. A claim that does not hold fails the
// test and lets it continue, with what the trace shows as evidence.
type TracedRun struct {
	t       testing.TB
	claimed bool

	trace      *trace.Trace
	root       trace.GoID // of f
	start, end trace.Time // of f
	lives      map[trace.GoID]*tracedGoroutine
	intervals  []trace.Interval // of all these, while f ran
	of         []trace.GoID     // whose
	calls      map[trace.StackID]int
	wakes      map[trace.StackID]int
	stopped    []trace.Range
	ran        trace.Time // all goroutines of the program
	cpu        time.Duration
	noClock    bool
}

// A tracedGoroutine is one that f created, directly or not, or f's own.
type tracedGoroutine struct {
	parent  trace.GoID
	of      trace.Symbol
	stack   trace.StackID // of its creation
	created trace.Time
	ended   trace.Time // the end of the trace where it has not
	alive   bool
	last    trace.Interval // that it was in when the trace ended
}

// read finds f and its goroutines, and what they did.
func (r *TracedRun) read(tr *trace.Trace) bool {
	r.trace = tr
	parents := map[trace.GoID]*tracedGoroutine{}
	for g := range tr.Generations(trace.Options{}) {
		for _, region := range g.Regions {
			if tr.Name(region.Name) == tracedRegion {
				r.root, r.start, r.end = region.G, region.Start, region.End
			}
		}
		for i := range g.Goroutines {
			row := &g.Goroutines[i]
			life := &tracedGoroutine{parent: row.Parent, of: row.Func, stack: row.Stack, created: row.Created, ended: row.Until, alive: !row.HasEnded()}
			if row.HasEnded() {
				life.ended = row.Ended
			}
			parents[row.ID] = life
		}
	}
	if r.root == 0 {
		return false
	}
	for id := range parents {
		if r.isOwn(id, parents) {
			r.lives[id] = parents[id]
		}
	}
	r.calls, r.wakes = map[trace.StackID]int{}, map[trace.StackID]int{}
	for g := range tr.Generations(trace.Options{}) {
		r.generation(g)
	}
	return true
}

// isOwn reports whether a goroutine is f's or descends from it, by way of those that were
// created while f ran.
func (r *TracedRun) isOwn(id trace.GoID, parents map[trace.GoID]*tracedGoroutine) bool {
	for range len(parents) + 1 {
		if id == r.root {
			return true
		}
		life := parents[id]
		if life == nil || life.created < r.start || id == 0 {
			return false
		}
		id = life.parent
	}
	return false
}

// generation takes what f's goroutines did in one part of the trace.
func (r *TracedRun) generation(g *trace.Generation) {
	for i := range g.Goroutines {
		row := &g.Goroutines[i]
		life := r.lives[row.ID]
		for iv := range g.Timeline(i) {
			if iv.State == trace.Running {
				r.ran += iv.End - iv.Start
			}
			if life == nil {
				continue
			}
			life.last = *iv
			if iv.End > r.start && (iv.Start < r.end || row.ID != r.root) {
				r.intervals, r.of = append(r.intervals, *iv), append(r.of, row.ID)
			}
		}
	}
	for run := range g.Runs {
		id := g.GoroutineOf(uint32(run))
		if r.lives[id] == nil {
			continue
		}
		for _, call := range g.CallsOf(uint32(run)) {
			if call.Start >= r.start && (call.Start < r.end || id != r.root) {
				r.calls[call.Stack]++
			}
		}
	}
	for _, w := range g.Wakes {
		if id := g.Goroutines[w.G].ID; r.lives[id] != nil && w.Time >= r.start && (w.Time < r.end || id != r.root) {
			r.wakes[w.Stack]++
		}
	}
	for _, x := range g.Ranges {
		if x.Kind == trace.STW && x.Start >= r.start && x.Start < r.end && !strings.Contains(r.trace.Name(x.Why), "trace") {
			r.stopped = append(r.stopped, x)
		}
	}
}

// AllEnded claims that every goroutine that f created, and those that these created, has
// ended, a second after f returned at the latest.
func (r *TracedRun) AllEnded() *TracedRun {
	r.t.Helper()
	r.claimed = true
	var left []string
	for id, life := range r.lives {
		if !life.alive || id == r.root {
			continue
		}
		what := life.last.State.String()
		if life.last.State == trace.Waiting {
			what = "waits: " + r.trace.Name(life.last.Why)
		}
		text := fmt.Sprintf("goroutine %d, %s, %s\n", id, r.function(life.of), what)
		if life.last.Stack != 0 {
			text += r.frames(life.last.Stack, "at")
		}
		left = append(left, text+r.frames(life.stack, "created"))
	}
	slices.Sort(left)
	return r.hold(len(left) == 0, OutcomeLeak, evidence{Title: "what is left", Text: strings.Join(left, "\n")}, "%d goroutines that f started have not ended, claimed all.", len(left))
}

// MaxGoroutines claims that at no time were more than most goroutines alive of those that f
// created, directly or not. f's own is not one of them.
func (r *TracedRun) MaxGoroutines(most int) *TracedRun {
	r.t.Helper()
	r.claimed = true
	type change struct {
		at trace.Time
		by int
	}
	var changes []change
	for id, life := range r.lives {
		if id == r.root {
			continue
		}
		changes = append(changes, change{life.created, 1})
		if !life.alive {
			changes = append(changes, change{life.ended, -1})
		}
	}
	// One that ends when another begins was alive with it only if the trace says so.
	slices.SortFunc(changes, func(a, b change) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.by, b.by)) })
	alive, peak, when := 0, 0, trace.Time(0)
	for _, c := range changes {
		if alive += c.by; alive > peak {
			peak, when = alive, c.at
		}
	}
	by := map[string]int{}
	for id, life := range r.lives {
		if id != r.root && life.created <= when && (life.alive || life.ended > when) {
			by[r.function(life.of)+"\n"+r.frames(life.stack, "created")]++
		}
	}
	return r.hold(peak <= most, OutcomeBudget, evidence{Title: fmt.Sprintf("who was alive %v after f began", when-r.start), Text: counted(by)}, "%d goroutines were alive at one time, claimed at most %d.", peak, most)
}

// SyscallsPerOp claims that f's goroutines made at most this many system calls for each of
// so many operations. Calls that the runtime makes without telling the scheduler, as it does
// for futexes and clocks, are not counted; calls of C are.
func (r *TracedRun) SyscallsPerOp(ops int, most float64) *TracedRun {
	r.t.Helper()
	return r.perOp(r.calls, ops, most, "system calls")
}

// WakeupsPerOp claims that f's goroutines were made ready to run, after they were blocked,
// at most this many times for each of so many operations.
func (r *TracedRun) WakeupsPerOp(ops int, most float64) *TracedRun {
	r.t.Helper()
	return r.perOp(r.wakes, ops, most, "wake-ups")
}

func (r *TracedRun) perOp(by map[trace.StackID]int, ops int, most float64, what string) *TracedRun {
	r.t.Helper()
	r.claimed = true
	if ops <= 0 {
		r.t.Errorf("claim.Traced: %s for each of %d operations: a claim about none does not hold.", what, ops)
		return r
	}
	n := 0
	places := map[string]int{}
	for stack, k := range by {
		n += k
		places[r.frames(stack, "by")] += k
	}
	per := float64(n) / float64(ops)
	return r.hold(per <= most, OutcomeBudget, evidence{Title: what + " by place", Text: counted(places)}, "%d %s for %d operations, %.3g for each, claimed at most %.3g.", n, what, ops, per, most)
}

// NoBlockOver claims that no goroutine of f's was blocked for longer, for a reason that
// contains the text: "chan receive", "sync", "network"; "" is any. Reasons are the
// runtime's (traceruntime.go, traceBlockReason).
func (r *TracedRun) NoBlockOver(reason string, longest time.Duration) *TracedRun {
	r.t.Helper()
	if !r.quiet() {
		return r
	}
	var against []string
	for i, iv := range r.intervals {
		if iv.State == trace.Waiting && iv.End-iv.Start > trace.Time(longest) && strings.Contains(r.trace.Name(iv.Why), reason) {
			against = append(against, fmt.Sprintf("%v  goroutine %d, %s: %s\n%s", iv.End-iv.Start, r.of[i], r.function(r.lives[r.of[i]].of), r.trace.Name(iv.Why), r.frames(iv.Stack, "at")))
		}
	}
	return r.hold(len(against) == 0, OutcomeBudget, evidence{Title: "waits", Text: strings.Join(against, "\n")}, "%d waits for %q took longer than %v, claimed none.", len(against), reason, longest)
}

// RunQueueP99 claims that of 100 times that goroutines of f's became ready, at most one took
// longer until they ran.
func (r *TracedRun) RunQueueP99(longest time.Duration) *TracedRun {
	r.t.Helper()
	if !r.quiet() {
		return r
	}
	var d trace.Distribution
	for _, iv := range r.intervals {
		if iv.State == trace.Runnable && !iv.Open {
			d.Add(iv.End - iv.Start)
		}
	}
	p99 := d.Quantile(0.99)
	table := fmt.Sprintf("%d starts, p50 %v, p90 %v, p99 %v, longest %v\n", d.Count, d.Quantile(0.5), d.Quantile(0.9), p99, d.Max)
	return r.hold(p99 <= trace.Time(longest), OutcomeBudget, evidence{Title: "from ready to running", Text: table}, "99 of 100 goroutines that were ready ran within %v, claimed %v.", p99, longest)
}

// STWAtMost claims that the world was never stopped for longer while f ran.
func (r *TracedRun) STWAtMost(longest time.Duration) *TracedRun {
	r.t.Helper()
	if !r.quiet() {
		return r
	}
	var b strings.Builder
	var worst trace.Time
	for _, x := range r.stopped {
		worst = max(worst, x.End-x.Start)
		fmt.Fprintf(&b, "%v  %s\n", x.End-x.Start, r.trace.Name(x.Why))
	}
	return r.hold(worst <= trace.Time(longest), OutcomeBudget, evidence{Title: "stops of the world", Text: b.String()}, "the world was stopped for %v, claimed at most %v.", worst, longest)
}

// How much longer than the CPU time goroutines may seem to have run before the machine
// counts as noisy: they are running, for the runtime, also while the system runs others.
const (
	noisyShare = 1.25
	noisySlack = trace.Time(2 * time.Millisecond)
)

// quiet skips the test where time says nothing.
func (r *TracedRun) quiet() bool {
	r.t.Helper()
	r.claimed = true
	switch {
	case raceDetector:
		noisy(r.t, "Time is not measured in this build: the race detector slows every access to memory (-race).")
	case r.noClock:
		noisy(r.t, "This system does not tell the CPU time of a process, so nobody knows whether the machine was busy.")
	case float64(r.ran) > noisyShare*float64(r.cpu)+float64(noisySlack):
		noisy(r.t, "This machine is too busy to tell: goroutines ran for %v, for which the process had %v of CPU.", r.ran, r.cpu)
	default:
		return true
	}
	return false
}

// hold fails the test where the claim does not hold.
func (r *TracedRun) hold(ok bool, o Outcome, e evidence, format string, args ...any) *TracedRun {
	r.t.Helper()
	if !ok {
		e.Kind = KindText
		e.fail(r.t, o, format, args...)
	}
	return r
}

func (r *TracedRun) function(of trace.Symbol) string {
	return cmp.Or(lens.Spell(r.trace.Name(of)), "(not known)")
}

// fewFrames is how much of a stack is shown: as far as from a system call to who wanted it.
const fewFrames = 12

// fewPlaces is how many places a list has.
const fewPlaces = 6

// frames is a stack, without the runtime's own frames at its inner end.
func (r *TracedRun) frames(stack trace.StackID, how string) string {
	all := r.trace.Frames(stack)
	for len(all) > 1 && strings.HasPrefix(all[0].Function, "runtime.") {
		all = all[1:]
	}
	var b strings.Builder
	for i, f := range all[:min(len(all), fewFrames)] {
		if i > 0 {
			how = strings.Repeat(" ", len(how))
		}
		fmt.Fprintf(&b, "    %s %s  %s:%d\n", how, lens.Spell(f.Function), filepath.Base(f.File), f.Line)
	}
	return b.String()
}

// counted lists what there was most of first.
func counted(by map[string]int) string {
	keys := make([]string, 0, len(by))
	for k := range by {
		keys = append(keys, k)
	}
	slices.SortFunc(keys, func(a, b string) int { return cmp.Or(cmp.Compare(by[b], by[a]), cmp.Compare(a, b)) })
	var b strings.Builder
	for i, k := range keys {
		if i == fewPlaces {
			fmt.Fprintf(&b, "… and %d more places\n", len(keys)-i)
			break
		}
		fmt.Fprintf(&b, "%d× %s\n", by[k], strings.TrimSpace(k))
	}
	return b.String()
}
