package trace

import (
	"bytes"
	"encoding/json"
	"math/rand/v2"
	"runtime"
	rt "runtime/trace"
	"slices"
	"strings"
	"testing"
	"time"
)

func traceOf(t *testing.T, data []byte) *Trace {
	t.Helper()
	tr, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	return tr
}

// Nothing that a summary counts is lost or counted twice, whatever the trace.
func TestSummarize_Conserves(t *testing.T) {
	tr := traceOf(t, record(t, size(4<<20)))
	s := tr.Summarize()
	var totals States
	goroutines, alive := 0, 0
	var wakes int64
	for g := range tr.Generations(Options{}) {
		wakes += int64(len(g.Wakes))
		for i := range g.Goroutines {
			row := &g.Goroutines[i]
			if row.HasEnded() || g.Final {
				goroutines++
				for state, d := range row.Total {
					totals[state] += d
				}
			}
			if g.Final && !row.HasEnded() {
				alive++
			}
		}
	}
	if s.Time != totals {
		t.Errorf("times of timelines %v, of rows %v", s.Time, totals)
	}
	if s.Goroutines.Seen != goroutines || s.Goroutines.Alive != alive || s.Goroutines.Ended != goroutines-alive {
		t.Errorf("%+v, want %d seen and %d alive", s.Goroutines, goroutines, alive)
	}
	var functions, blocks Time
	count := int64(0)
	for _, f := range s.Functions {
		functions += f.Latency.Sum
		count += f.Latency.Count
	}
	if functions != s.Latency.Sum || count != s.Latency.Count || s.Latency.Count == 0 {
		t.Errorf("latency of functions %v in %d, of all %v in %d", functions, count, s.Latency.Sum, s.Latency.Count)
	}
	for _, b := range s.Blocks {
		blocks += b.Waits.Sum
		woken := int64(0)
		for _, w := range b.Wakers {
			woken += w.Count
		}
		if woken > b.Waits.Count || len(b.Wakers) < mostWakers && woken != b.Waits.Count {
			t.Errorf("%s: %d waits ended, %d by somebody", b.Why, b.Waits.Count, woken)
		}
	}
	if blocks > s.Time[Waiting] || blocks == 0 {
		t.Errorf("%v in blocks, %v waiting", blocks, s.Time[Waiting])
	}
	if wall := Time(s.Procs) * (s.End - s.Start); s.Busy > wall || s.Busy < s.Time[Running]*9/10 {
		t.Errorf("Ps were busy for %v of %v, goroutines ran for %v", s.Busy, wall, s.Time[Running])
	}
	if s.GC.Cycles == 0 || s.GC.Peak == 0 || len(s.GC.Stopped) == 0 {
		t.Errorf("%+v", s.GC)
	}
	if text, err := json.Marshal(s); err != nil || !strings.Contains(string(text), `"time":{"runnable":`) {
		t.Errorf("%.100s, %v", text, err)
	}
}

// A waker has a name also where it ended right after, and was met before those it woke.
func TestSummarize_NamesWakersThatEnded(t *testing.T) {
	if rt.IsEnabled() {
		t.Skip("this test is being traced")
	}
	var buf bytes.Buffer
	if err := rt.Start(&buf); err != nil {
		t.Fatal(err)
	}
	const n = 200
	done := make(chan bool)
	for range n {
		c := make(chan bool)
		go func() { <-c; done <- true }()
		go func() { runtime.Gosched(); c <- true }()
	}
	for range n {
		<-done
	}
	rt.Stop()
	woken := int64(0)
	for _, b := range traceOf(t, buf.Bytes()).Summarize().Blocks {
		for _, w := range b.Wakers {
			if len(w.Stack) == 0 || !strings.Contains(w.Stack[len(w.Stack)-1].Function, "NamesWakersThatEnded") {
				continue
			}
			woken += w.Count
			if w.Func == "" {
				t.Errorf("%d waits for %q were ended by nobody, at %v", w.Count, b.Why, w.Stack)
			}
		}
	}
	if woken == 0 {
		t.Error("nobody woke anybody")
	}
}

// All time that somebody waited for a P is answered for, as often as there are Ps.
func TestBlame_Conserves(t *testing.T) {
	tr := traceOf(t, record(t, size(4<<20)))
	b := tr.Blame(func(*Goroutine) bool { return true })
	s := tr.Summarize()
	sum := b.Idle + b.Unknown
	for _, c := range b.By {
		sum += c.Time
		if c.Time <= 0 || c.Runs == 0 {
			t.Errorf("%+v", c)
		}
	}
	if sum != b.Asked || b.Idle < 0 || b.Unknown < 0 || b.Latency.Sum > s.Latency.Sum || b.Latency.Sum == 0 {
		t.Errorf("%v answered for, %v asked: idle %v, unknown %v; %v of %v", sum, b.Asked, b.Idle, b.Unknown, b.Latency.Sum, s.Latency.Sum)
	}
	if none := tr.Blame(func(*Goroutine) bool { return false }); none.Asked != 0 || none.Goroutines != 0 {
		t.Errorf("%+v", none)
	}
}

// The segments of any critical path follow each other without gaps, from the one moment
// to the other.
func TestCriticalPath_Conserves(t *testing.T) {
	tr := traceOf(t, record(t, size(4<<20)))
	type window struct {
		id       GoID
		from, to Time
	}
	var all []window
	for g := range tr.Generations(Options{}) {
		for i := range g.Goroutines {
			row := &g.Goroutines[i]
			if (row.HasEnded() || g.Final) && row.Until-row.First > Time(time.Millisecond) {
				all = append(all, window{row.ID, row.First, row.Until})
			}
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
	depth := 0
	for _, w := range all[:min(len(all), 12)] {
		path, err := tr.CriticalPath(w.id, w.from, w.to)
		if err != nil || len(path) == 0 || path[0].Start != w.from || path[len(path)-1].End != w.to {
			t.Fatalf("%+v: %d segments, %v", w, len(path), err)
		}
		for i, s := range path {
			if s.End <= s.Start || i > 0 && s.Start != path[i-1].End {
				t.Fatalf("%+v: segment %d is %v to %v, the one before ends at %v", w, i, s.Start, s.End, path[max(i-1, 0)].End)
			}
			depth = max(depth, s.Depth)
		}
	}
	if depth == 0 {
		t.Error("no path leaves its goroutine")
	}
	if _, err := tr.CriticalPath(1<<60, 0, 1); err != ErrNoGoroutine {
		t.Errorf("no goroutine: %v", err)
	}
}

//go:noinline
func spin(d time.Duration) {
	for begin := time.Now(); time.Since(begin) < d; {
	}
}

// What delays a goroutine is whoever it waits for, while it waits: not what that one did
// before, and not who else ran.
func TestCriticalPath_FindsTheCause(t *testing.T) {
	if rt.IsEnabled() {
		t.Skip("this test is being traced")
	}
	var buf bytes.Buffer
	if err := rt.Start(&buf); err != nil {
		t.Fatal(err)
	}
	begin, ask, answer, done := make(chan bool), make(chan bool), make(chan bool), make(chan bool)
	go func() { // the server: busy with something else first, then asks a third one
		spin(5 * time.Millisecond)
		begin <- true
		<-ask
		spin(10 * time.Millisecond)
		sub := make(chan bool)
		go func() { spin(20 * time.Millisecond); sub <- true }()
		<-sub
		answer <- true
	}()
	<-begin
	go func() { // the client
		rt.WithRegion(t.Context(), "asked", func() {
			ask <- true
			<-answer
		})
		done <- true
	}()
	<-done
	rt.Stop()
	tr := traceOf(t, buf.Bytes())
	var region Region
	for g := range tr.Generations(Options{Keep: true}) {
		for _, r := range g.Regions {
			if tr.Name(r.Name) == "asked" {
				region = r
			}
		}
	}
	path, err := tr.CriticalPath(region.G, region.Start, region.End)
	if err != nil {
		t.Fatal(err)
	}
	ran := map[int]Time{}
	for _, s := range path {
		if s.State == Running {
			ran[s.Depth] += s.End - s.Start
		}
	}
	const ms = Time(time.Millisecond)
	if len(ran) != 3 || ran[1] < 9*ms || ran[2] < 19*ms || ran[0] > 5*ms || region.End-region.Start < 30*ms {
		t.Errorf("ran %v of %v: %+v", ran, region.End-region.Start, path)
	}
}

// A quantile is within a bucket of the truth, whatever was added, and joining two is as
// adding all.
func TestDistribution_Quantile(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var all []Time
	var d, even, odd Distribution
	for i := range 20000 {
		v := Time(r.Uint64() >> (1 + r.IntN(63)))
		all = append(all, v)
		d.Add(v)
		if i%2 == 0 {
			even.Add(v)
		} else {
			odd.Add(v)
		}
	}
	even.Join(&odd)
	slices.Sort(all)
	for _, q := range []float64{0, 0.1, 0.5, 0.9, 0.99, 0.9999, 1} {
		want := all[min(int(q*float64(len(all))), len(all)-1)]
		if got := d.Quantile(q); got < want || got-want > want/fine+1 || got != even.Quantile(q) {
			t.Errorf("quantile %v is %d, joined %d, want %d to %d", q, got, even.Quantile(q), want, want+want/fine+1)
		}
	}
	if d.Max != all[len(all)-1] || d.Count != int64(len(all)) || (&Distribution{}).Quantile(0.5) != 0 {
		t.Errorf("%d of %d, max %d", d.Count, len(all), d.Max)
	}
}

// The rank test is that of a textbook where there are no ties, tells nothing from nothing,
// and finds what is there; its p is what it says it is.
func TestCompare_Rank(t *testing.T) {
	var a, b Distribution
	for _, v := range []Time{1, 2, 3, 4, 5, 6, 7, 8, 20, 21} {
		a.Add(v)
	}
	for _, v := range []Time{9, 10, 11, 12, 13, 14, 15, 16, 17, 18} {
		b.Add(v)
	}
	// U = 80 of 100, mean 50, variance 100*21/12 = 175, z = 2.2678.
	if longer, p := rank(&a, &b); longer != 0.8 || p < 0.0232 || p > 0.0235 {
		t.Errorf("longer %v, p %v", longer, p)
	}
	if longer, p := rank(&a, &Distribution{}); longer != 0.5 || p != 1 {
		t.Errorf("of nothing: longer %v, p %v", longer, p)
	}
	r := rand.New(rand.NewPCG(5, 6))
	small, draws := 0, 2000
	for range draws {
		var x, y Distribution
		for range 40 {
			x.Add(Time(r.ExpFloat64() * 1e6))
			y.Add(Time(r.ExpFloat64() * 1e6))
		}
		if _, p := rank(&x, &y); p < 0.05 {
			small++
		}
	}
	if small < draws*3/100 || small > draws*7/100 {
		t.Errorf("p is below 0.05 in %d of %d draws from one distribution", small, draws)
	}
}

// What is in both traces is compared, what is in one only is listed, the largest first.
func TestCompare(t *testing.T) {
	fill := func(n int, v Time) (d Distribution) {
		for range n {
			d.Add(v)
		}
		return d
	}
	stack := func(line int) []Frame {
		f := Frame{}
		f.Function, f.Line = "main.f", line
		return []Frame{f}
	}
	before := &Summary{
		Functions: []Function{{Name: "main.g", Latency: fill(10, 100)}, {Name: "main.gone", Latency: fill(1, 50)}},
		Blocks:    []Block{{Why: "sync", Stack: stack(1), Waits: fill(10, 1000)}},
	}
	after := &Summary{
		Functions: []Function{{Name: "main.g", Latency: fill(20, 100)}},
		Blocks:    []Block{{Why: "sync", Stack: stack(7), Waits: fill(10, 9000)}, {Why: "select", Stack: stack(7), Waits: fill(1, 10)}},
	}
	changes := Compare(before, after).Changes
	var got []string
	for _, c := range changes {
		got = append(got, c.Func+c.Why)
	}
	if want := []string{"sync", "main.g", "main.gone", "select"}; !slices.Equal(got, want) {
		t.Fatalf("%v, want %v", got, want)
	}
	if c := changes[0]; c.Longer != 1 || c.P > 0.001 || c.Stack[0].Line != 7 || c.Before.Count != 10 || c.After.Sum != 90000 {
		t.Errorf("%+v", c)
	}
	if c := changes[1]; c.Longer != 0.5 || c.P != 1 {
		t.Errorf("the same: %+v", c)
	}
	if all := Compare(before, before).Changes; len(all) != 3 || all[0].size() != 0 {
		t.Errorf("with itself: %+v", all)
	}
}
