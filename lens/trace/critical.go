package trace

import (
	"cmp"
	"errors"
	"slices"
)

// The critical path to a moment in a goroutine is found backwards. While it ran, it was on
// the path itself. While it was blocked, whoever woke it was, for as long as the wait
// lasted: what that one did before the wait began delayed nobody. So the walk goes to the
// waker at the moment of the wake, back through its time until the wait began, and returns.
// The waker may have been blocked meanwhile, and so on. Before a goroutine was created, the
// path is in its creator.
//
// What nobody in the program ended, a timer or the network, stays a wait. Each nanosecond
// of the window is in exactly one segment, so the segments sum to its length.

// A Segment is a part of a critical path.
type Segment struct {
	Start Time    `json:"start"`
	End   Time    `json:"end"`
	G     GoID    `json:"g"`
	Func  string  `json:"func"` // that the goroutine started in
	State State   `json:"state"`
	Why   string  `json:"why,omitempty"`   // Waiting: for what
	Stack []Frame `json:"stack,omitempty"` // Waiting, Runnable, InSyscall: where it stopped
	Depth int     `json:"depth"`           // wakers between it and the goroutine that was asked for
}

// Limits of the walk. Wakers of wakers are followed in windows that only shrink; the depth is
// for traces whose clocks disagree.
const (
	maxDepth = 64
	maxReads = 32 // times that the trace is read for goroutines that nobody knew of before
)

// ErrNoGoroutine says that a goroutine is not in the window that was asked for.
var ErrNoGoroutine = errors.New("no such goroutine at that time")

// CriticalPath is what kept goroutine id from getting from one moment to another, in
// order of time.
func (t *Trace) CriticalPath(id GoID, from, to Time) ([]Segment, error) {
	w := walker{t: t, from: from, to: to, lives: map[GoID]*past{}}
	missing := map[GoID]bool{id: true}
	for reads := 0; len(missing) > 0 && reads < maxReads; reads++ {
		w.read(missing)
		if len(w.lives[id].intervals) == 0 {
			return nil, ErrNoGoroutine
		}
		w.path, w.missing = w.path[:0], map[GoID]bool{}
		w.back(id, from, to, 0)
		missing = w.missing
	}
	slices.Reverse(w.path)
	return w.path, nil
}

// A past is what is known of one goroutine.
type past struct {
	of        Symbol
	parent    GoID
	created   Time // open where it is not in the trace
	intervals []Interval
}

type walker struct {
	t        *Trace
	from, to Time
	lives    map[GoID]*past
	missing  map[GoID]bool
	path     []Segment // backwards
	stack    StackID   // of its last
}

// read adds the pasts of goroutines, as far as the window goes.
func (w *walker) read(ids map[GoID]bool) {
	for id := range ids {
		w.lives[id] = &past{created: open}
	}
	for g := range w.t.Generations(Options{}) {
		for i := range g.Goroutines {
			row := &g.Goroutines[i]
			if !ids[row.ID] {
				continue
			}
			l := w.lives[row.ID]
			l.of, l.parent, l.created = row.Func, row.Parent, row.Created
			for iv := range g.Timeline(i) {
				if iv.End > w.from && iv.Start < w.to && iv.End > iv.Start && iv.State != Absent {
					l.intervals = append(l.intervals, *iv)
				}
			}
		}
	}
	for id := range ids {
		slices.SortStableFunc(w.lives[id].intervals, func(a, b Interval) int { return cmp.Compare(a.Start, b.Start) })
	}
}

// back walks from one moment of a goroutine to an earlier one.
func (w *walker) back(id GoID, from, to Time, depth int) {
	l := w.lives[id]
	if l == nil {
		w.missing[id] = true
		w.add(&past{}, Segment{Start: from, End: to, G: id, Depth: depth}, 0)
		return
	}
	for to > from {
		iv := l.before(to)
		switch {
		case iv == nil && l.parent != 0 && l.created != open && l.created >= to && depth < maxDepth:
			w.back(l.parent, from, to, depth+1)
			return
		case iv == nil && l.created != open && l.created > from && l.created < to:
			w.add(l, Segment{Start: l.created, End: to, G: id, Depth: depth}, 0)
			to = l.created
			continue
		case iv == nil:
			w.add(l, Segment{Start: from, End: to, G: id, Depth: depth}, 0)
			return
		case iv.End < to: // clocks disagree, or something is lost
			w.add(l, Segment{Start: max(iv.End, from), End: to, G: id, Depth: depth}, 0)
			to = max(iv.End, from)
			continue
		}
		start := max(iv.Start, from)
		if iv.State == Waiting && iv.By != 0 && iv.By != id && to == iv.End && !iv.Open && depth < maxDepth {
			w.back(iv.By, start, to, depth+1)
		} else {
			w.add(l, Segment{Start: start, End: to, G: id, State: iv.State, Why: w.t.Name(iv.Why), Depth: depth}, iv.Stack)
		}
		to = start
	}
}

// before is the last interval that began before a moment.
func (l *past) before(to Time) *Interval {
	i, _ := slices.BinarySearchFunc(l.intervals, to, func(iv Interval, at Time) int {
		if iv.Start < at {
			return -1
		}
		return 1
	})
	if i == 0 {
		return nil
	}
	return &l.intervals[i-1]
}

// add adds a segment, or makes the last one longer.
func (w *walker) add(l *past, s Segment, stack StackID) {
	s.Func = w.t.Name(l.of)
	if n := len(w.path); n > 0 {
		last := &w.path[n-1]
		if last.G == s.G && last.State == s.State && last.Why == s.Why && w.stack == stack && last.Start == s.End && last.Depth == s.Depth {
			last.Start = s.Start
			return
		}
	}
	s.Stack, w.stack = w.t.Frames(stack), stack
	w.path = append(w.path, s)
}

// A Stretch is some time that has a name: a region or a task, or a goroutine's life.
type Stretch struct {
	Name  string `json:"name"`
	G     GoID   `json:"g"` // in which it ended
	Start Time   `json:"start"`
	End   Time   `json:"end"`
}

// Stretches are the regions and tasks of a name of which the trace has both ends, and that took time, longest
// first.
func (t *Trace) Stretches(name string) []Stretch {
	var out []Stretch
	for g := range t.Generations(Options{}) {
		for _, r := range g.Regions {
			if r.Start != open && r.End > r.Start && t.Name(r.Name) == name {
				out = append(out, Stretch{name, r.G, r.Start, r.End})
			}
		}
		for _, k := range g.Tasks {
			if k.Start != open && k.End > k.Start && k.EndG != 0 && t.Name(k.Name) == name {
				out = append(out, Stretch{name, k.EndG, k.Start, k.End})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Stretch) int { return cmp.Compare(b.End-b.Start, a.End-a.Start) })
	return out
}

// Life is what the trace has of a goroutine's life.
func (t *Trace) Life(id GoID) (Stretch, bool) {
	var s Stretch
	found := false
	for g := range t.Generations(Options{}) {
		for i := range g.Goroutines {
			if row := &g.Goroutines[i]; row.ID == id {
				s, found = Stretch{t.Name(row.Func), id, row.First, row.Until}, true
			}
		}
	}
	return s, found && s.End > s.Start
}
