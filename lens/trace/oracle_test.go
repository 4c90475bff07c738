package trace

import (
	"bytes"
	"fmt"
	"io"
	"maps"
	"slices"
	"testing"

	exp "golang.org/x/exp/trace"
)

// tally is what two readings of one trace must agree on.
type tally struct {
	kinds  map[string]int    // how many events of each kind
	lives  map[uint64]uint64 // for each goroutine, a hash over its transitions, in order, with their stacks and reasons
	edges  uint64            // a hash over all wake edges: who woke whom, with which stack
	wakes  int
	stacks map[exp.Stack]uint64
	notes  uint64 // a hash over ranges, regions, tasks, logs, metrics and samples
}

func newTally() *tally {
	return &tally{kinds: map[string]int{}, lives: map[uint64]uint64{}, stacks: map[exp.Stack]uint64{}}
}

func mix(h uint64, vs ...any) uint64 {
	for _, v := range vs {
		if n, ok := v.(uint64); ok {
			h = (h ^ n ^ 0xff<<56) * 0x9E3779B97F4A7C15
			h ^= h >> 29
			continue
		}
		for _, c := range fmt.Append(nil, v, ";") {
			h = (h ^ uint64(c)) * 0x100000001b3
		}
	}
	return h
}

func (y *tally) transition(g uint64, from, to any, reason string, stack uint64) {
	y.lives[g] = mix(y.lives[g], from, to, reason, stack)
}

func (y *tally) wake(by, g uint64, stack uint64) {
	y.edges += mix(1, by, g, stack)
	y.wakes++
}

func (y *tally) note(vs ...any) { y.notes += mix(2, vs...) }

// oracle reads a trace with golang.org/x/exp/trace; the error is its.
func oracle(data []byte) (*tally, error) {
	y := newTally()
	r, err := exp.NewReader(bytes.NewReader(data))
	if err != nil {
		return y, err
	}
	for {
		ev, err := r.ReadEvent()
		if err == io.EOF {
			return y, nil
		}
		if err != nil {
			return y, err
		}
		y.oracleEvent(ev)
	}
}

// stackHash is of a stack's text; the oracle's stacks are comparable, and few.
func (y *tally) stackHash(s exp.Stack) uint64 {
	h, ok := y.stacks[s]
	if !ok {
		h = mix(3, expStack(s))
		y.stacks[s] = h
	}
	return h
}

func expStack(s exp.Stack) string {
	var b []byte
	for f := range s.Frames() {
		b = fmt.Appendf(b, "%x %s %s:%d\n", f.PC, f.Func, f.File, f.Line)
	}
	return string(b)
}

func (y *tally) oracleEvent(ev exp.Event) {
	g := max(0, int64(ev.Goroutine()))
	stack := y.stackHash(ev.Stack())
	y.kinds[ev.Kind().String()]++
	switch ev.Kind() {
	case exp.EventStateTransition:
		s := ev.StateTransition()
		if s.Resource.Kind == exp.ResourceProc {
			from, to := s.Proc()
			y.kinds[fmt.Sprint("P ", from, " ", to)]++
			return
		}
		id := uint64(s.Resource.Goroutine())
		from, to := s.Goroutine()
		y.kinds[fmt.Sprint("G ", from, " ", to)]++
		y.transition(id, from, to, s.Reason, y.stackHash(s.Stack))
		if from == exp.GoWaiting && to == exp.GoRunnable {
			y.wake(uint64(g), id, stack)
		}
	case exp.EventRangeBegin, exp.EventRangeEnd, exp.EventRangeActive:
		r := ev.Range()
		y.note(ev.Kind(), g, r.Name, stack)
	case exp.EventTaskBegin, exp.EventTaskEnd:
		y.note(ev.Kind(), g, uint64(ev.Task().ID), stack)
	case exp.EventRegionBegin, exp.EventRegionEnd:
		y.note(ev.Kind(), g, uint64(ev.Region().Task), ev.Region().Type, stack)
	case exp.EventLog:
		y.note(ev.Kind(), g, uint64(ev.Log().Task), ev.Log().Category, ev.Log().Message, stack)
	case exp.EventMetric:
		y.note(ev.Metric().Name, ev.Metric().Value.Uint64())
	case exp.EventStackSample, exp.EventLabel:
		y.note(ev.Kind(), g, stack)
	case exp.EventExperimental:
		x := ev.Experimental()
		v := []any{x.Name}
		for i := range x.Args {
			v = append(v, x.ArgValue(i).Uint64())
		}
		y.note(v...)
	}
}

// Our kinds under the names of golang.org/x/exp/trace.
var expKinds = map[Kind]exp.EventKind{
	CPUSample: exp.EventStackSample, ProcsChange: exp.EventMetric, HeapAlloc: exp.EventMetric, HeapGoal: exp.EventMetric,
	STWBegin: exp.EventRangeBegin, STWEnd: exp.EventRangeEnd, GCActive: exp.EventRangeActive, GCBegin: exp.EventRangeBegin,
	GCEnd: exp.EventRangeEnd, GCSweepActive: exp.EventRangeActive, GCSweepBegin: exp.EventRangeBegin, GCSweepEnd: exp.EventRangeEnd,
	GCMarkAssistActive: exp.EventRangeActive, GCMarkAssistBegin: exp.EventRangeBegin, GCMarkAssistEnd: exp.EventRangeEnd,
	GoLabel: exp.EventLabel, UserTaskBegin: exp.EventTaskBegin, UserTaskEnd: exp.EventTaskEnd,
	UserRegionBegin: exp.EventRegionBegin, UserRegionEnd: exp.EventRegionEnd, UserLog: exp.EventLog, Sync: exp.EventSync,
}

var goStates = map[State]exp.GoState{
	Unknown: exp.GoUndetermined, Absent: exp.GoNotExist, Runnable: exp.GoRunnable, Running: exp.GoRunning,
	InSyscall: exp.GoSyscall, Waiting: exp.GoWaiting,
}

var procStates = map[State]exp.ProcState{
	Unknown: exp.ProcUndetermined, Absent: exp.ProcNotExist, Running: exp.ProcRunning, Idle: exp.ProcIdle,
}

var metrics = map[Kind]string{
	ProcsChange: "/sched/gomaxprocs:threads", HeapAlloc: "/memory/classes/heap/objects:bytes", HeapGoal: "/gc/heap/goal:bytes",
}

// ordered reads a trace in order with this package.
func ordered(tr *Trace, o *Order) *tally {
	y := newTally()
	stw := map[GoID]string{}
	text := stackText(tr)
	for e := range tr.Ordered(o) {
		y.event(e, text, stw)
	}
	y.kinds[exp.EventSync.String()]++ // the oracle has one at the end, too
	return y
}

// stackText hashes the text of stacks, each once.
func stackText(tr *Trace) func(StackID) uint64 {
	seen := map[StackID]uint64{}
	return func(id StackID) uint64 {
		s, ok := seen[id]
		if !ok {
			var b []byte
			for _, f := range tr.Frames(id) {
				b = fmt.Appendf(b, "%x %s %s:%d\n", f.PC, f.Function, f.File, f.Line)
			}
			s = mix(3, string(b))
			seen[id] = s
		}
		return s
	}
}

func (y *tally) event(e *Event, text func(StackID) uint64, stw map[GoID]string) {
	stack, g := text(e.Stack()), int64(e.G)
	kind, ok := expKinds[e.Kind]
	switch {
	case e.ChangesProc() || e.ChangesGoroutine():
		kind = exp.EventStateTransition
	case !ok && e.Kind >= Span:
		kind = exp.EventExperimental
	}
	y.kinds[kind.String()]++
	switch e.Kind {
	case STWBegin, STWEnd:
		if e.Kind == STWBegin {
			stw[e.G] = e.Text()
		}
		y.note(kind, g, "stop-the-world ("+stw[e.G]+")", stack)
	case GCActive, GCBegin, GCEnd:
		y.note(kind, g, "GC concurrent mark phase", stack)
	case GCSweepActive, GCSweepBegin, GCSweepEnd:
		y.note(kind, g, "GC incremental sweep", stack)
	case GCMarkAssistActive, GCMarkAssistBegin, GCMarkAssistEnd:
		y.note(kind, g, "GC mark assist", stack)
	case UserTaskBegin, UserTaskEnd:
		y.note(kind, g, e.Task(), stack)
	case UserRegionBegin, UserRegionEnd:
		y.note(kind, g, e.Task(), e.Text(), stack)
	case UserLog:
		y.note(kind, g, e.Task(), e.Category(), e.Text(), stack)
	case ProcsChange, HeapAlloc, HeapGoal:
		y.note(metrics[e.Kind], e.Args[0])
	case CPUSample, GoLabel:
		y.note(kind, g, stack)
	case Sync:
	default:
		y.change(e, kind, text)
	}
}

func (y *tally) change(e *Event, kind exp.EventKind, text func(StackID) uint64) {
	switch {
	case e.ChangesProc():
		y.kinds[fmt.Sprint("P ", procStates[e.From], " ", procStates[e.To])]++
	case e.ChangesGoroutine():
		from, to := goStates[e.From], goStates[e.To]
		y.kinds[fmt.Sprint("G ", from, " ", to)]++
		stack := text(e.Stack())
		switch e.Kind {
		case GoCreate, GoCreateBlocked:
			stack = text(e.StartStack())
		case GoUnblock:
			stack = text(0)
			y.wake(uint64(e.G), e.Subject, text(e.Stack()))
		}
		y.transition(e.Subject, from, to, e.Text(), stack)
	default:
		v := []any{e.Kind.String()}
		for _, a := range e.Args[:arity[e.Kind]-1] {
			v = append(v, a)
		}
		y.note(v...)
	}
}

// agree compares two tallies in words.
func agree(t *testing.T, got, want *tally) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want.kinds)) {
		if got.kinds[k] != want.kinds[k] {
			t.Errorf("%d events of %s, golang.org/x/exp/trace has %d", got.kinds[k], k, want.kinds[k])
		}
	}
	for _, k := range slices.Sorted(maps.Keys(got.kinds)) {
		if _, ok := want.kinds[k]; !ok {
			t.Errorf("%d events of %s, golang.org/x/exp/trace has none", got.kinds[k], k)
		}
	}
	different := 0
	for g, h := range want.lives {
		if got.lives[g] != h {
			different++
		}
	}
	if different > 0 || len(got.lives) != len(want.lives) {
		t.Errorf("%d of %d goroutines have another life, and there are %d", different, len(want.lives), len(got.lives))
	}
	if got.wakes != want.wakes || got.edges != want.edges {
		t.Errorf("%d wake edges with hash %x, want %d with %x", got.wakes, got.edges, want.wakes, want.edges)
	}
	if got.notes != want.notes {
		t.Errorf("ranges, regions, tasks, logs, metrics or samples differ")
	}
}

// TestOrdered_Goldens reads all of the oracle's test data as the oracle does.
func TestOrdered_Goldens(t *testing.T) {
	for _, g := range goldens(t) {
		t.Run(g.name, func(t *testing.T) {
			want, err := oracle(g.data)
			if (err != nil) != g.fails {
				t.Fatalf("golang.org/x/exp/trace: %v", err)
			}
			tr, err := Parse(g.data)
			if err != nil {
				t.Fatal(err)
			}
			var o Order
			got := ordered(tr, &o)
			bad := o.Conflicts + o.Forced
			if g.fails {
				if bad == 0 && tr.Loss.IsZero() {
					t.Errorf("the trace is broken, and the account is clean: %+v", o)
				}
				return
			}
			if bad != 0 || !o.Loss.IsZero() || !tr.Loss.IsZero() {
				t.Errorf("the trace is whole, and the account is %+v, %+v", o, tr.Loss)
			}
			agree(t, got, want)
		})
	}
}

// TestOrdered_Recorded reads traces of a real program as the oracle does.
func TestOrdered_Recorded(t *testing.T) {
	for _, c := range []struct {
		name  string
		bytes int
		env   []string
	}{
		{"plain", size(2 << 20), nil},
		{"allocfree", size(2 << 20), []string{"GODEBUG=traceallocfree=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := record(t, c.bytes, c.env...)
			want, err := oracle(data)
			if err != nil {
				t.Fatal(err)
			}
			tr, err := New(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			var o Order
			got := ordered(tr, &o)
			if o.Conflicts+o.Forced != 0 || !o.Loss.IsZero() || !tr.Loss.IsZero() {
				t.Errorf("the trace is whole, and the account is %+v, %+v", o, tr.Loss)
			}
			agree(t, got, want)
			t.Logf("%d generations, %d events, %d goroutines, %d wakes, %d waits, %d inversions up to %v, %d overlaps",
				len(tr.Extents), o.Events, len(got.lives), got.wakes, o.Waits, o.Inversions, o.Furthest, o.Overlaps)
		})
	}
}
