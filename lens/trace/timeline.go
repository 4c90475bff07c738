package trace

// timeline goes through what happened to one goroutine in one generation, in order, and
// says what it was at. Each interval begins where the one before it ended, so the totals of
// all states make up the lifetime whatever the clocks said: the accounting identity.
//
// It is used in two ways. The stitcher, which goes through all goroutines, has it add up
// totals, see to marks, and note at the end what the goroutine is at; only then is looked
// up why. With yield it gives every interval with all that is known of it.
type timeline struct {
	gen     *Generation
	row     *Goroutine
	now     Interval // that has begun
	yield   func(*Interval) bool
	stopped bool
	stitch  *stitcher // without yield
	cause   cause
	index   uint32 // of the row that is the cause
}

// cause is what began the present interval.
type cause uint8

const (
	carriedIn cause = iota // it is older than the generation
	nothing                // of which more is known
	creation
	runEnd
	callStart
	wakeUp
)

// walk leaves the row with its state at the end of the generation.
func (l *timeline) walk() {
	g, row := l.gen, l.row
	in := carried{state: Absent, since: row.at}
	if row.carry != none {
		in = g.carries[row.carry].in
	}
	l.now = Interval{
		Start: in.since, State: in.state, G: row.ID, Why: in.why, Stack: in.stack,
		By: in.by, ByStack: in.byStack, M: NoThread, P: NoProc,
	}
	l.first()
	for _, slot := range g.slots[row.from:row.to] {
		switch {
		case slot == none: // its record is missing, and was counted
		case slot&wakeBit != 0:
			l.wake(slot &^ wakeBit)
		default:
			l.run(slot)
		}
	}
	row.State, row.Until = l.now.State, l.now.Start
	if l.yield != nil || l.now.State == Absent {
		return
	}
	l.explain()
	if row.carry == none {
		row.carry = g.carry(in)
	}
	g.carries[row.carry].out = carried{
		state: l.now.State, since: l.now.Start, why: l.now.Why, stack: l.now.Stack, by: l.now.By, byStack: l.now.ByStack,
	}
}

// first takes in the first word of the generation about the goroutine: its creation, or
// the status in which it goes on.
func (l *timeline) first() {
	g, row := l.gen, l.row
	if row.created {
		l.shift(row.status, row.at, creation, 0)
	} else if row.status != l.now.State && row.status != Unknown {
		l.shift(row.status, row.at, nothing, 0) // something is missing in between
	}
	if row.run != none {
		r := &g.Runs[row.run]
		if r.flags&runInCall == 0 && l.now.State == Unknown {
			l.shift(Running, r.Start, nothing, 0)
		}
		l.on(r)
		l.stay(row.run, r)
	}
}

// shift ends the interval that has begun and begins another.
func (l *timeline) shift(to State, at Time, why cause, index uint32) {
	took := at - l.now.Start
	from := l.now.State
	if from > Waiting {
		from = Unknown // it ended, and yet goes on: something is missing
	}
	l.row.Total[from] += took
	if l.yield == nil {
		if took < 0 {
			l.gen.Inversions++
			l.gen.Furthest = max(l.gen.Furthest, -took)
		}
		l.now.Start, l.now.State, l.cause, l.index = at, to, why, index
		return
	}
	if l.now.State = from; !l.stopped && (from != Unknown || took != 0) {
		l.now.End = at
		l.stopped = !l.yield(&l.now)
	}
	l.now = Interval{Start: at, State: to, G: l.now.G, M: NoThread, P: NoProc}
	l.cause, l.index = why, index
	l.explain()
}

// explain looks up why the present interval began.
func (l *timeline) explain() {
	g := l.gen
	if l.cause != carriedIn {
		l.now.Why, l.now.Stack, l.now.By, l.now.ByStack = 0, 0, 0, 0
	}
	switch l.cause {
	case creation:
		l.now.By, l.now.ByStack = l.row.Parent, l.row.Stack
	case runEnd:
		l.now.Why, l.now.Stack = g.Runs[l.index].Why, g.Runs[l.index].Stack
	case callStart:
		l.now.Stack = g.Calls[l.index].Stack
	case wakeUp:
		l.now.By, l.now.ByStack = g.GoroutineOf(g.Wakes[l.index].Run), g.Wakes[l.index].Stack
	}
}

func (l *timeline) on(r *Run) {
	if l.yield != nil {
		l.now.M, l.now.P = l.gen.Threads[r.M].ID, ProcID(r.P)
	}
}

// conflict counts once: when the generation is joined, and not when a timeline is read.
func (l *timeline) conflict() {
	if l.yield == nil {
		l.gen.Conflicts++
	}
}

func (l *timeline) wake(i uint32) {
	w := &l.gen.Wakes[i]
	if l.now.State != Waiting {
		l.conflict()
	}
	if l.yield != nil {
		l.now.By, l.now.ByStack = l.gen.GoroutineOf(w.Run), w.Stack
	}
	l.shift(Runnable, w.Time, wakeUp, i)
}

// run takes in a run that a GoStart or a switch began.
func (l *timeline) run(i uint32) {
	r := &l.gen.Runs[i]
	if r.flags&runSwitched != 0 {
		if l.now.State != Waiting {
			l.conflict()
		}
		by := GoID(0)
		if l.yield != nil {
			by = l.gen.GoroutineOf(i - 1) // who switched: the run before, on the same thread
		}
		l.now.By, l.now.ByStack = by, 0
		l.shift(Runnable, r.Start, nothing, 0)
		l.now.By = by
	} else if l.now.State != Runnable {
		l.conflict()
	}
	l.shift(Running, r.Start, nothing, 0)
	l.on(r)
	l.stay(i, r)
}

// stay takes in what happened in a run, and its end.
func (l *timeline) stay(i uint32, r *Run) {
	if r.flags&runMarked != 0 && l.stitch != nil {
		l.stitch.marked(l.gen, i)
	}
	if r.flags&runCalls != 0 {
		l.calls(i, r)
	}
	switch r.How {
	case Blocked:
		l.shift(Waiting, r.End, runEnd, i)
	case Switched:
		l.shift(Waiting, r.End, nothing, 0)
	case Yielded:
		l.shift(Runnable, r.End, runEnd, i)
	case LostProc:
		l.shift(Runnable, r.End, nothing, 0)
	case Ended:
		l.shift(Absent, r.End, nothing, 0)
		l.row.Ended = r.End
	}
}

// calls takes in the system calls of a run. One that was under way when the run began, or
// is when it ends, has no other end there.
func (l *timeline) calls(i uint32, r *Run) {
	end := l.gen.callsEnd(i)
	for k := r.Call; k < end; k++ {
		c := &l.gen.Calls[k]
		if k > r.Call || r.flags&runInCall == 0 || l.now.State != InSyscall {
			l.shift(InSyscall, c.Start, callStart, k)
			l.on(r)
		}
		if c.End == open || k == end-1 && r.flags&runEndsInCall != 0 {
			break // it ends with the run
		}
		l.shift(Running, c.End, nothing, 0)
		l.on(r)
	}
}
