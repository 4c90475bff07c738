package trace

// What an event needs of its M.
const (
	needsProc = 1 << iota
	needsGo
	needsBoth = needsProc | needsGo
)

// needs is what internal/trace/order.go demands of an event's context (validateCtx). An
// event that has less is delivered all the same, and is a conflict.
var needs = [256]uint8{
	ProcsChange: needsBoth, ProcStop: needsProc, GoCreate: needsProc, GoCreateBlocked: needsProc, GoStart: needsProc,
	GoDestroy: needsBoth, GoStop: needsBoth, GoBlock: needsBoth, GoSyscallBegin: needsBoth, GoSyscallEnd: needsBoth,
	GoSyscallEndBlocked: needsGo, GoDestroySyscall: needsGo, STWBegin: needsBoth, STWEnd: needsBoth,
	GCSweepBegin: needsProc, GCSweepEnd: needsProc, GCMarkAssistBegin: needsBoth, GCMarkAssistEnd: needsBoth,
	HeapAlloc: needsProc, HeapGoal: needsProc, GoLabel: needsBoth, UserTaskBegin: needsBoth, UserTaskEnd: needsBoth,
	UserRegionBegin: needsBoth, UserRegionEnd: needsBoth, UserLog: needsBoth, GoSwitch: needsBoth, GoSwitchDestroy: needsBoth,
}

// handlers are what takes each kind of event, if it may come now, and fills in what
// depends on what came before. Otherwise they return where to wait. They set cursor.after.
var handlers = [256]func(m *merge, c *cursor, e *Event) *uint32{
	GoStart: (*merge).goStart, GoUnblock: (*merge).goUnblock, GoBlock: (*merge).goBlock, GoStop: (*merge).goStop,
	GoDestroy: (*merge).goDestroy, GoSyscallBegin: (*merge).syscallBegin, GoSyscallEnd: (*merge).syscallEnd,
	GoSyscallEndBlocked: (*merge).syscallEndBlocked, GoDestroySyscall: (*merge).destroySyscall,
	GoCreate: (*merge).goCreate, GoCreateBlocked: (*merge).goCreate, GoCreateSyscall: (*merge).goCreate,
	GoStatus: (*merge).goStatus, GoStatusStack: (*merge).goStatus, GoSwitch: (*merge).goSwitch, GoSwitchDestroy: (*merge).goSwitch,
	ProcStart: (*merge).procStart, ProcStop: (*merge).procStop, ProcSteal: (*merge).procSteal, ProcStatus: (*merge).procStatus,
	GCActive: (*merge).collect, GCBegin: (*merge).collect, GCEnd: (*merge).collect,

	ProcsChange: (*merge).says, STWBegin: (*merge).says, STWEnd: (*merge).says, GCSweepActive: (*merge).says, GCSweepBegin: (*merge).says,
	GCSweepEnd: (*merge).says, GCMarkAssistActive: (*merge).says, GCMarkAssistBegin: (*merge).says, GCMarkAssistEnd: (*merge).says,
	HeapAlloc: (*merge).says, HeapGoal: (*merge).says, GoLabel: (*merge).says, UserTaskBegin: (*merge).says, UserTaskEnd: (*merge).says,
	UserRegionBegin: (*merge).says, UserRegionEnd: (*merge).says, UserLog: (*merge).says,
	Span: (*merge).says, SpanAlloc: (*merge).says, SpanFree: (*merge).says, HeapObject: (*merge).says, HeapObjectAlloc: (*merge).says,
	HeapObjectFree: (*merge).says, GoroutineStack: (*merge).says, GoroutineStackAlloc: (*merge).says, GoroutineStackFree: (*merge).says,
}

// says is for events that change nothing here.
func (m *merge) says(c *cursor, e *Event) *uint32 {
	c.any()
	m.check(c, needs[e.Kind])
	return nil
}

// pass is for samples of the CPU profile, which are no events of the file.
func (m *merge) pass(*cursor, *Event) *uint32 { return nil }

// check counts an event whose M lacks what it needs.
func (m *merge) check(c *cursor, need uint8) {
	if need&needsProc != 0 && c.p == 0 || need&needsGo != 0 && c.g == 0 {
		m.account.Conflicts++
	}
}

// any reads as many numbers as the event has.
func (c *cursor) any() {
	i := c.i
	c.ev.Args = [4]uint64{}
	for n := range arity[c.ev.Kind] - 1 {
		c.ev.Args[n&3], i = number(c.d, i)
	}
	c.after = i
}

// forced reports whether an event must come although its turn it isn't.
func (m *merge) forced() bool {
	if m.lenient {
		m.account.Forced++
	}
	return m.lenient
}

func (m *merge) goroutine(id uint64) uint32 {
	cell := m.goIDs.of(id)
	if *cell == 0 {
		m.meet(cell, id)
	}
	return *cell
}

// meet gives a goroutine that is heard of for the first time a place.
func (m *merge) meet(cell *uint32, id uint64) {
	if n := len(m.free); n > 0 {
		*cell = m.free[n-1]
		m.free = m.free[:n-1]
		m.goroutines[*cell] = goState{id: id}
		return
	}
	*cell = uint32(len(m.goroutines))
	m.goroutines = append(m.goroutines, goState{id: id})
}

// shift notes that a goroutine goes from one state to another.
func (m *merge) shift(e *Event, g *goState, from, to State) {
	if g.status != from {
		m.account.Conflicts++
	}
	e.Subject, e.From, e.To = g.id, from, to
	g.status = to
	if g.waits != 0 {
		m.wake(&g.waits)
	}
}

// leave ends the stay of a goroutine on an M.
func (m *merge) leave(c *cursor, e *Event, from, to State) *uint32 {
	g := &m.goroutines[c.g]
	if c.g == 0 || c.p == 0 && from == Running {
		m.account.Conflicts++ // nobody is known to be here
		if c.g == 0 {
			g.status = from
		}
	}
	m.shift(e, g, from, to)
	if to == Absent && c.g != 0 {
		m.end(c.g)
	}
	c.g, c.gid = 0, 0
	return nil
}

func (m *merge) end(i uint32) {
	g := &m.goroutines[i]
	g.status = Absent
	if cell := m.goIDs.of(g.id); *cell == i {
		*cell = 0
	}
	m.free = append(m.free, i)
}

func (m *merge) goStart(c *cursor, e *Event) *uint32 {
	id, seq, after := pair(c.d, c.i)
	cell := m.goIDs.of(id)
	if *cell == 0 {
		m.meet(cell, id)
	}
	g := &m.goroutines[*cell]
	if (g.status != Runnable || seq != uint64(g.seq)+1) && !m.forced() {
		return &g.waits
	}
	if c.g != 0 || c.p == 0 {
		m.account.Conflicts++
	}
	c.after = after
	e.Args = [4]uint64{id, seq}
	g.seq = uint32(seq)
	m.shift(e, g, g.status, Running)
	e.From = Runnable
	c.g, c.gid = *cell, GoID(id)
	return nil
}

func (m *merge) goUnblock(c *cursor, e *Event) *uint32 {
	id, seq, after := pair(c.d, c.i)
	cell := m.goIDs.of(id)
	if *cell == 0 {
		m.meet(cell, id)
	}
	g := &m.goroutines[*cell]
	if (g.status != Waiting || seq != uint64(g.seq)+1) && !m.forced() {
		return &g.waits
	}
	stack, after := number(c.d, after)
	c.after = after
	e.Args = [4]uint64{id, seq, stack}
	g.seq = uint32(seq)
	m.shift(e, g, g.status, Runnable)
	e.From = Waiting
	return nil
}

func (m *merge) goBlock(c *cursor, e *Event) *uint32 {
	c.two()
	return m.leave(c, e, Running, Waiting)
}

func (m *merge) goStop(c *cursor, e *Event) *uint32 {
	c.two()
	return m.leave(c, e, Running, Runnable)
}

func (m *merge) goDestroy(c *cursor, e *Event) *uint32 {
	c.none()
	return m.leave(c, e, Running, Absent)
}

// two and none read so many numbers.
func (c *cursor) two() {
	var a, b uint64
	a, b, c.after = pair(c.d, c.i)
	c.ev.Args = [4]uint64{a, b}
}

func (c *cursor) none() {
	c.after = c.i
	c.ev.Args = [4]uint64{}
}

func (m *merge) goCreate(c *cursor, e *Event) *uint32 {
	c.any()
	m.check(c, needs[e.Kind])
	i := m.goroutine(e.Args[0])
	g := &m.goroutines[i]
	if g.status != Unknown {
		m.account.Conflicts++
	}
	g.seq = 0
	to := Runnable
	switch e.Kind {
	case GoCreateBlocked:
		to = Waiting
	case GoCreateSyscall:
		to = InSyscall
		c.g, c.gid = i, GoID(g.id)
	}
	m.shift(e, g, g.status, to)
	e.From = Absent
	return nil
}

// goStatus is the first word about a goroutine in a generation: it begins its sequence. One
// that sits in a system call for all of a generation is spoken for by another M.
func (m *merge) goStatus(c *cursor, e *Event) *uint32 {
	c.any()
	i := m.goroutine(e.Args[0])
	g := &m.goroutines[i]
	to := State(min(e.Args[2], uint64(states)))
	if to == Unknown || to > Waiting || g.status != Unknown && g.status != to || g.status == Unknown && !m.first {
		m.account.Conflicts++
	}
	if to > Waiting {
		to = Unknown
	}
	g.seq = 0
	m.shift(e, g, g.status, to)
	if to == Running || to == InSyscall && e.Args[1] == c.m {
		c.g, c.gid = i, GoID(g.id)
		return nil
	}
	if to == InSyscall {
		o := m.thread(e.Args[1])
		e.M, e.G = ThreadID(o.m), o.gid
		if o.g != 0 && o.g != i {
			m.account.Conflicts++
		}
		o.g, o.gid = i, GoID(g.id)
	}
	return nil
}

func (m *merge) syscallBegin(c *cursor, e *Event) *uint32 {
	c.two()
	m.check(c, needsBoth)
	p := &m.procs[c.p]
	if c.p != 0 && p.status != procRunning || e.Args[0] != p.seq+1 && c.p != 0 {
		m.account.Conflicts++
	}
	p.seq, p.status = e.Args[0], procSyscall
	m.shift(e, &m.goroutines[c.g], Running, InSyscall)
	if p.waits != 0 {
		m.wake(&p.waits)
	}
	return nil
}

func (m *merge) syscallEnd(c *cursor, e *Event) *uint32 {
	c.none()
	m.check(c, needsBoth)
	p := &m.procs[c.p]
	if c.p != 0 && p.status != procSyscall {
		m.account.Conflicts++
	}
	p.status = procRunning
	m.shift(e, &m.goroutines[c.g], InSyscall, Running)
	return nil
}

// syscallEndBlocked says that the P was lost meanwhile, so that must be seen first.
func (m *merge) syscallEndBlocked(c *cursor, e *Event) *uint32 {
	if p := &m.procs[c.p]; c.p != 0 && p.status == procSyscall && !m.forced() {
		return &p.waits
	}
	c.none()
	return m.leave(c, e, InSyscall, Runnable)
}

// destroySyscall is a thread of C that goes away, and may still have a P that is never
// stolen from it: the system can use the thread's number again at once.
func (m *merge) destroySyscall(c *cursor, e *Event) *uint32 {
	c.none()
	if c.p != 0 {
		p := &m.procs[c.p]
		p.status = procAbandoned
		steal := *e
		steal.Kind, steal.Args = ProcSteal, [4]uint64{uint64(p.id), 0, c.m}
		steal.Subject, steal.From, steal.To = uint64(p.id), Running, Idle
		m.extra, m.aside = append(m.extra, steal), true
		c.p, c.pid = 0, NoProc
		m.wake(&p.waits)
	}
	return m.leave(c, e, InSyscall, Absent)
}

// goSwitch is three events in one: see Event.
func (m *merge) goSwitch(c *cursor, e *Event) *uint32 {
	c.any()
	i := m.goroutine(e.Args[0])
	g := &m.goroutines[i]
	if (g.status != Waiting || e.Args[1] != uint64(g.seq)+1) && !m.forced() {
		return &g.waits
	}
	unblock, leave := *e, *e
	m.shift(&unblock, g, g.status, Runnable)
	unblock.Kind, unblock.From = GoUnblock, Waiting
	leave.Args = [4]uint64{}
	if leave.Kind = GoBlock; e.Kind == GoSwitchDestroy {
		leave.Kind = GoDestroy
		m.leave(c, &leave, Running, Absent)
	} else {
		m.leave(c, &leave, Running, Waiting)
	}
	m.extra, m.aside = append(m.extra, unblock, leave), true
	e.Kind, e.G = GoStart, 0
	g.seq = uint32(e.Args[1])
	m.shift(e, g, Runnable, Running)
	c.g, c.gid = i, GoID(g.id)
	return nil
}

// collect keeps collections in their order: begin and end of one may be on different Ms.
func (m *merge) collect(c *cursor, e *Event) *uint32 {
	c.any()
	seq := e.Args[0]
	start := !m.gcKnown && e.Kind != GCEnd || m.first && e.Kind == GCActive
	if !start && seq != m.gcSeq+1 && !m.forced() {
		return &m.gcWaits
	}
	m.gcSeq, m.gcKnown = seq, true
	m.wake(&m.gcWaits)
	return nil
}

func (m *merge) proc(id uint64) uint32 {
	i := m.procOf.at(id)
	if i == 0 {
		i = uint32(len(m.procs))
		m.procs = append(m.procs, procState{id: ProcID(int32(id))})
		m.procOf.set(id, i)
	}
	return i
}

func (m *merge) procStart(c *cursor, e *Event) *uint32 {
	c.two()
	i := m.proc(e.Args[0])
	p := &m.procs[i]
	if p.status != procIdle || e.Args[1] != p.seq+1 || c.p != 0 {
		if !m.forced() {
			if c.p != 0 {
				return &m.procs[c.p].waits // lost in a system call, by a ProcSteal that is still to come
			}
			return &p.waits
		}
	}
	p.status, p.seq, p.m = procRunning, e.Args[1], c
	e.Subject, e.From, e.To = e.Args[0], Idle, Running
	c.p, c.pid = i, p.id
	if p.waits != 0 {
		m.wake(&p.waits)
	}
	return nil
}

func (m *merge) procStop(c *cursor, e *Event) *uint32 {
	c.none()
	m.check(c, needsProc)
	p := &m.procs[c.p]
	if c.p != 0 && p.status != procRunning && p.status != procSyscall {
		m.account.Conflicts++
	}
	p.status = procIdle
	e.Subject, e.From, e.To = uint64(p.id), Running, Idle
	c.p, c.pid = 0, NoProc
	if p.waits != 0 {
		m.wake(&p.waits)
	}
	return nil
}

func (m *merge) procSteal(c *cursor, e *Event) *uint32 {
	c.any()
	i := m.proc(e.Args[0])
	p := &m.procs[i]
	if (p.status != procSyscall && p.status != procAbandoned || e.Args[1] != p.seq+1) && !m.forced() {
		return &p.waits
	}
	e.Subject, e.From, e.To = e.Args[0], Running, Idle
	if p.status == procAbandoned {
		e.From = Idle // as ProcStatus had it: from whom is not known
	} else if o := m.threads[e.Args[2]]; o == nil || o.p != i {
		m.account.Conflicts++
	} else {
		o.p, o.pid = 0, NoProc
	}
	p.status, p.seq = procIdle, e.Args[1]
	m.wake(&p.waits)
	return nil
}

// procStatus is the first word about a P in a generation. A P in a system call whose M
// may already be elsewhere is abandoned; if it is known after all from whom it will be
// stolen, the event belongs there.
func (m *merge) procStatus(c *cursor, e *Event) *uint32 {
	c.any()
	i := m.proc(e.Args[0])
	p := &m.procs[i]
	status := uint8(min(e.Args[1], 255))
	if status == procAbandoned && p.status == procSyscall {
		status = procSyscall
		if o := p.m; o != nil && o.p == i {
			e.M, e.P, e.G = ThreadID(o.m), o.pid, o.gid
		} else {
			m.account.Conflicts++
		}
	} else {
		if status == 0 || status > procAbandoned || p.status != 0 && p.status != status {
			m.account.Conflicts++
		}
		if status == procRunning || status == procSyscall {
			c.p, c.pid, p.m = i, p.id, c
		}
	}
	e.Subject, e.From, e.To = e.Args[0], procState2State(p.status, m.first), procState2State(status, m.first)
	p.status, p.seq = status, 0
	m.wake(&p.waits)
	return nil
}

func procState2State(status uint8, first bool) State {
	switch status {
	case procRunning, procSyscall:
		return Running
	case procIdle, procAbandoned:
		return Idle
	}
	if first {
		return Unknown
	}
	return Absent
}
