package trace

import (
	"bytes"
	"fmt"
	"testing"
	"unsafe"
)

// biography is one goroutine's life, as two readings must agree on it.
type biography struct {
	state State
	since Time
	first Time
	total [Waiting + 1]Time
	hash  uint64 // over its changes of state, in order, with reasons, stacks and wakers
	steps int
}

func (b *biography) change(from, to State, vs ...any) {
	b.hash = mix(b.hash, append([]any{goStates[from], goStates[to]}, vs...)...)
	b.steps++
}

// chronicle is what a trace is about, put together from ordered events with maps: the plain
// way, against which the columns are held.
type chronicle struct {
	lives  map[uint64]*biography
	edges  uint64
	counts map[string]int
	ranges map[string]Time
}

func chronicleOf(tr *Trace) *chronicle {
	c := &chronicle{lives: map[uint64]*biography{}, counts: map[string]int{}, ranges: map[string]Time{}}
	text, end := stackText(tr), Time(0)
	openAt := map[string][]Time{}
	for e := range tr.Events() {
		end = max(end, e.Time)
		if e.Kind == CPUSample {
			continue
		}
		c.counts[e.Kind.String()]++
		if e.ChangesGoroutine() {
			c.event(e, text)
		}
		switch e.Kind {
		case STWBegin, GCMarkAssistBegin, UserRegionBegin:
			k := fmt.Sprint(e.Kind, e.G)
			openAt[k] = append(openAt[k], e.Time)
		case STWEnd, GCMarkAssistEnd, UserRegionEnd:
			begin := map[Kind]Kind{STWEnd: STWBegin, GCMarkAssistEnd: GCMarkAssistBegin, UserRegionEnd: UserRegionBegin}[e.Kind]
			k := fmt.Sprint(begin, e.G)
			if n := len(openAt[k]) - 1; n >= 0 {
				c.ranges[begin.String()] += e.Time - openAt[k][n]
				openAt[k] = openAt[k][:n]
			}
		}
	}
	for _, b := range c.lives {
		if b.state != Absent {
			b.total[b.state] += end - b.since
			b.since = end
		}
	}
	return c
}

func (c *chronicle) event(e *Event, text func(StackID) uint64) {
	b := c.lives[e.Subject]
	if b == nil {
		b = &biography{first: e.Time, since: e.Time, state: e.To}
		if e.From == Absent {
			b.state = Absent
		}
		c.lives[e.Subject] = b
	}
	if e.Kind == GoUnblock {
		c.edges += mix(1, uint64(e.G), e.Subject, text(e.Stack()))
	}
	if b.state == e.To {
		return // a status
	}
	if b.state != Absent {
		b.total[b.state] += e.Time - b.since
	}
	switch e.Kind {
	case GoUnblock:
		b.change(b.state, e.To, "by", e.G)
	case GoBlock, GoStop:
		b.change(b.state, e.To, e.Text(), text(e.Stack()))
	case GoSyscallBegin:
		b.change(b.state, e.To, text(e.Stack()))
	default:
		b.change(b.state, e.To)
	}
	b.state, b.since = e.To, e.Time
}

// columns puts the same together from columns.
func columns(t *testing.T, tr *Trace, o Options) *chronicle {
	t.Helper()
	c := &chronicle{lives: map[uint64]*biography{}, counts: map[string]int{}, ranges: map[string]Time{}}
	text := stackText(tr)
	var end Time
	for g := range tr.Generations(o) {
		if g.Conflicts != 0 || !g.Loss.IsZero() {
			t.Errorf("generation %d: %d conflicts, %v", g.ID, g.Conflicts, g.Loss)
		}
		end = g.End
		c.generation(t, g, text)
	}
	for id, b := range c.lives {
		if b.state != Absent && b.since != end {
			t.Errorf("goroutine %d ends at %v, the trace at %v", id, b.since, end)
		}
	}
	return c
}

func (c *chronicle) generation(t *testing.T, g *Generation, text func(StackID) uint64) {
	for i := range g.Goroutines {
		c.goroutine(t, g, i, text)
	}
	for _, w := range g.Wakes {
		c.edges += mix(1, uint64(g.GoroutineOf(w.Run)), uint64(g.Goroutines[w.G].ID), text(w.Stack))
	}
	names := map[RangeKind]Kind{GCMark: GCBegin, GCSweep: GCSweepBegin, GCAssist: GCMarkAssistBegin, STW: STWBegin}
	for _, r := range g.Ranges {
		if r.End != open && !r.Before {
			c.ranges[names[r.Kind].String()] += r.End - r.Start
		}
		if !r.Before {
			c.counts[names[r.Kind].String()]++
		}
	}
	for _, r := range g.Regions {
		if r.Start != open {
			c.counts["UserRegionBegin"]++
			if r.End != open {
				c.ranges["UserRegionBegin"] += r.End - r.Start
			}
		}
	}
	for _, k := range g.Tasks {
		if k.Start != open {
			c.counts["UserTaskBegin"]++
		}
		if k.End != open {
			c.counts["UserTaskEnd"]++
		}
	}
	for _, m := range g.Metrics {
		c.counts[m.Kind.String()]++
	}
	for _, a := range g.Allocs {
		c.counts[a.Kind.String()]++
	}
	c.counts["UserLog"] += len(g.Logs)
	c.counts["GoLabel"] += len(g.Labels)
}

func (c *chronicle) goroutine(t *testing.T, g *Generation, i int, text func(StackID) uint64) {
	row := &g.Goroutines[i]
	b := c.lives[uint64(row.ID)]
	if b == nil {
		b = &biography{first: row.First, since: row.First, state: Unknown}
		c.lives[uint64(row.ID)] = b
		if row.HasCreated() {
			b.state = Absent
		}
	}
	sum := Time(0)
	for _, d := range row.Total {
		sum += d
	}
	if sum != row.Until-row.First {
		t.Errorf("goroutine %d: states add up to %v, its life is %v", row.ID, sum, row.Until-row.First)
	}
	arrive := func(to State, iv *Interval) {
		if b.state != Unknown && b.state != to {
			switch {
			case b.state == Waiting && to == Runnable:
				b.change(b.state, to, "by", iv.By)
			case b.state == Running && (to == Waiting || to == Runnable):
				b.change(b.state, to, c.reason(g, iv), text(iv.Stack))
			case to == InSyscall && b.state == Running:
				b.change(b.state, to, text(iv.Stack))
			default:
				b.change(b.state, to)
			}
		}
		b.state = to
	}
	for iv := range g.Timeline(i) {
		arrive(iv.State, iv)
		b.total[iv.State] += iv.End - iv.Start
		if b.since != iv.Start {
			t.Fatalf("goroutine %d: an interval begins at %v, the last ended at %v", row.ID, iv.Start, b.since)
		}
		b.since = iv.End
	}
	if row.State == Absent {
		arrive(Absent, &Interval{})
	}
	if (g.Final || row.State == Absent) && b.total != row.Total {
		t.Errorf("goroutine %d: the timeline adds up to %v, the totals are %v", row.ID, b.total, row.Total)
	}
}

func (c *chronicle) reason(g *Generation, iv *Interval) string {
	g.names.mu.Lock()
	defer g.names.mu.Unlock()
	return g.names.strings[iv.Why]
}

// same compares what was put together in two ways, to the nanosecond.
func same(t *testing.T, got, want *chronicle) {
	t.Helper()
	wrong := 0
	for id, w := range want.lives {
		b := got.lives[id]
		if b == nil || *b != *w {
			if wrong++; wrong <= 5 {
				t.Errorf("goroutine %d:\n got %+v\nwant %+v", id, b, w)
			}
		}
	}
	if wrong > 5 || len(got.lives) != len(want.lives) {
		t.Errorf("%d of %d goroutines differ, there are %d", wrong, len(want.lives), len(got.lives))
	}
	if got.edges != want.edges {
		t.Errorf("wake edges differ")
	}
	for k, n := range got.counts {
		if want.counts[k] != n {
			t.Errorf("%d of %s, want %d", n, k, want.counts[k])
		}
	}
	for k, d := range want.ranges {
		if got.ranges[k] != d {
			t.Errorf("%v in %s, want %v", got.ranges[k], k, d)
		}
	}
}

// TestRows holds the sizes that the columns were measured with: a goroutine is two lines of a
// cache, and a wake and a call are each less than half of one.
func TestRows(t *testing.T) {
	for _, c := range []struct {
		name      string
		got, want uintptr
	}{
		{"Goroutine", unsafe.Sizeof(Goroutine{}), 128},
		{"Run", unsafe.Sizeof(Run{}), 40},
		{"Wake", unsafe.Sizeof(Wake{}), 24},
		{"Call", unsafe.Sizeof(Call{}), 24},
	} {
		if c.got != c.want {
			t.Errorf("a %s is %d bytes, want %d", c.name, c.got, c.want)
		}
	}
}

// TestGenerations_Goldens holds the columns of all whole test data against the ordered events,
// which other tests hold against the oracle.
func TestGenerations_Goldens(t *testing.T) {
	for _, g := range goldens(t) {
		if g.fails {
			continue
		}
		t.Run(g.name, func(t *testing.T) {
			tr, err := Parse(g.data)
			if err != nil {
				t.Fatal(err)
			}
			same(t, columns(t, tr, Options{Workers: 1}), chronicleOf(tr))
		})
	}
}

// TestGenerations_Recorded does so with real traces, of several generations, decoded by
// one worker and by several.
func TestGenerations_Recorded(t *testing.T) {
	for _, c := range []struct {
		name string
		env  []string
	}{
		{"generations", []string{workloadLight + "=1"}},
		{"allocfree", []string{"GODEBUG=traceallocfree=1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := record(t, size(1<<20), c.env...)
			tr, err := New(bytes.NewReader(data), int64(len(data)))
			if err != nil {
				t.Fatal(err)
			}
			want := chronicleOf(tr)
			same(t, columns(t, tr, Options{Workers: 1}), want)
			same(t, columns(t, tr, Options{Workers: 3}), want)
			tally, err := oracle(data)
			if err != nil {
				t.Fatal(err)
			}
			agree(t, ordered(tr, new(Order)), tally)
			t.Logf("%d generations, %d goroutines", len(tr.Extents), len(want.lives))
		})
	}
}
