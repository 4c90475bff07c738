package trace

// timeline goes through what happened to one goroutine in one generation, in order, and
// says what it was at. It adds up totals as it goes; with yield it also gives the
// intervals. Each interval begins where the one before it ended, so the totals of all
// states make up the lifetime whatever the clocks said: the accounting identity.
type timeline struct {
	gen     *Generation
	row     *Goroutine
	now     Interval // that has begun
	yield   func(*Interval) bool
	stopped bool
	quiet   bool   // totals only: details are not filled in
	by      uint32 // the run of who woke it, where now.By is not filled in
}

// walk leaves the row with its state at the end of the generation.
func (l *timeline) walk() {
	g, row := l.gen, l.row
	l.quiet, l.by = l.yield == nil, none
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
	if l.by != none {
		l.now.By = g.GoroutineOf(l.by)
	}
	if !l.quiet || l.now.State == Absent {
		return
	}
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
		l.shift(row.status, row.at)
		l.now.By = row.Parent
		l.now.ByStack = row.Stack
	} else if row.status != l.now.State && row.status != Unknown {
		l.shift(row.status, row.at) // something is missing in between
	}
	if row.run != none {
		r := &g.Runs[row.run]
		if r.flags&runInCall == 0 && l.now.State == Unknown {
			l.shift(Running, r.Start)
		}
		l.on(r)
		l.stay(row.run, r)
	}
}

// shift ends the interval that has begun and begins another.
func (l *timeline) shift(to State, at Time) {
	took := at - l.now.Start
	if took < 0 {
		l.gen.inverted(-took, l.quiet)
	}
	if l.now.State > Waiting {
		l.now.State = Unknown // it ended, and yet goes on: something is missing
	}
	l.row.Total[l.now.State] += took
	if l.yield != nil && !l.stopped && (l.now.State != Unknown || took != 0) {
		l.now.End = at
		l.stopped = !l.yield(&l.now)
	}
	l.now.Start, l.now.State = at, to
	l.by = none
	l.now.Why, l.now.Stack, l.now.By, l.now.ByStack, l.now.M, l.now.P = 0, 0, 0, 0, NoThread, NoProc
}

// inverted counts once, when the generation is joined, and not when a timeline is read.
func (g *Generation) inverted(by Time, count bool) {
	if count {
		g.Inversions++
		g.Furthest = max(g.Furthest, by)
	}
}

func (l *timeline) on(r *Run) {
	if !l.quiet {
		l.now.M, l.now.P = l.gen.Threads[r.M].ID, ProcID(r.P)
	}
}

func (l *timeline) wake(i uint32) {
	w := &l.gen.Wakes[i]
	if l.now.State != Waiting {
		l.gen.conflict(l.quiet)
	}
	l.woken(w.Run, w.Stack, w.Time)
}

// woken ends waiting and begins being runnable. Who did it is looked up where it is asked
// for: of those millions of rows hardly one is in a cache.
func (l *timeline) woken(run uint32, stack StackID, at Time) {
	if l.quiet {
		l.shift(Runnable, at)
		l.by, l.now.ByStack = run, stack
		return
	}
	by := l.gen.GoroutineOf(run)
	l.now.By, l.now.ByStack = by, stack
	l.shift(Runnable, at)
	l.now.By, l.now.ByStack = by, stack
}

func (g *Generation) conflict(count bool) {
	if count {
		g.Conflicts++
	}
}

// run takes in a run that a GoStart or a switch began.
func (l *timeline) run(i uint32) {
	r := &l.gen.Runs[i]
	if r.flags&runSwitched != 0 {
		if l.now.State != Waiting {
			l.gen.conflict(l.quiet)
		}
		l.woken(i-1, 0, r.Start) // who switched: the run before, on the same thread
	} else if l.now.State != Runnable {
		l.gen.conflict(l.quiet)
	}
	l.shift(Running, r.Start)
	l.on(r)
	l.stay(i, r)
}

// stay takes in what happened in a run, and its end.
func (l *timeline) stay(i uint32, r *Run) {
	calls := l.gen.CallsOf(i)
	for k := range calls {
		c := &calls[k]
		if k > 0 || r.flags&runInCall == 0 {
			l.shift(InSyscall, c.Start)
			l.now.Stack = c.Stack
			l.on(r)
		} else if l.now.State != InSyscall {
			l.shift(InSyscall, c.Start)
		}
		if c.End == open || k == len(calls)-1 && r.flags&runEndsInCall != 0 {
			break // it ends with the run
		}
		l.shift(Running, c.End)
		l.on(r)
	}
	switch r.How {
	case Blocked:
		l.shift(Waiting, r.End)
		l.now.Why, l.now.Stack = r.Why, r.Stack
	case Switched:
		l.shift(Waiting, r.End)
	case Yielded:
		l.shift(Runnable, r.End)
		l.now.Why, l.now.Stack = r.Why, r.Stack
	case LostProc:
		l.shift(Runnable, r.End)
	case Ended:
		l.shift(Absent, r.End)
		l.row.Ended = r.End
	}
}
