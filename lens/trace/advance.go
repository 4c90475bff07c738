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

// advance takes the stream's next event, if it may come now, and fills in what depends on
// what came before. Otherwise it returns where to wait.
func (m *merge) advance(c *cursor) *uint32 {
	e := &c.ev
	if e.Kind == CPUSample {
		return nil
	}
	e.G, e.P, e.M = c.gid, c.pid, ThreadID(c.m)
	e.From, e.To = Unknown, Unknown
	if n := needs[e.Kind]; n&needsProc != 0 && c.p == 0 || n&needsGo != 0 && c.g == 0 {
		m.account.Conflicts++
	}
	switch e.Kind {
	case GoStart:
		return m.goStart(c, e)
	case GoUnblock:
		return m.goUnblock(e)
	case GoBlock:
		m.leave(c, e, Running, Waiting)
	case GoStop:
		m.leave(c, e, Running, Runnable)
	case GoDestroy:
		m.leave(c, e, Running, Absent)
	case GoSyscallBegin:
		m.syscallBegin(c, e)
	case GoSyscallEnd:
		m.syscallEnd(c, e)
	case GoSyscallEndBlocked:
		return m.syscallEndBlocked(c, e)
	case GoCreate, GoCreateBlocked, GoCreateSyscall:
		m.goCreate(c, e)
	case ProcStart:
		return m.procStart(c, e)
	case ProcStop:
		m.procStop(c, e)
	case ProcSteal:
		return m.procSteal(c, e)
	default:
		return m.advanceRare(c, e)
	}
	return nil
}

func (m *merge) advanceRare(c *cursor, e *Event) *uint32 {
	switch e.Kind {
	case GoStatus, GoStatusStack:
		m.goStatus(c, e)
	case ProcStatus:
		m.procStatus(c, e)
	case GoSwitch, GoSwitchDestroy:
		return m.goSwitch(c, e)
	case GoDestroySyscall:
		m.destroySyscall(c, e)
	case GCActive, GCBegin, GCEnd:
		return m.collect(e)
	}
	return nil
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
		if n := len(m.free); n > 0 {
			*cell = m.free[n-1]
			m.free = m.free[:n-1]
			m.goroutines[*cell] = goState{id: id}
		} else {
			*cell = uint32(len(m.goroutines))
			m.goroutines = append(m.goroutines, goState{id: id})
		}
	}
	return *cell
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
func (m *merge) leave(c *cursor, e *Event, from, to State) {
	g := &m.goroutines[c.g]
	if c.g == 0 {
		g.status = from // nobody is known to be here, and that is counted
	}
	m.shift(e, g, from, to)
	if to == Absent && c.g != 0 {
		m.end(c.g)
	}
	c.g, c.gid = 0, 0
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
	i := m.goroutine(e.Args[0])
	g := &m.goroutines[i]
	if (g.status != Runnable || e.Args[1] != uint64(g.seq)+1) && !m.forced() {
		return &g.waits
	}
	if c.g != 0 {
		m.account.Conflicts++
	}
	g.seq = uint32(e.Args[1])
	m.shift(e, g, g.status, Running)
	e.From = Runnable
	c.g, c.gid = i, GoID(g.id)
	return nil
}

func (m *merge) goUnblock(e *Event) *uint32 {
	g := &m.goroutines[m.goroutine(e.Args[0])]
	if (g.status != Waiting || e.Args[1] != uint64(g.seq)+1) && !m.forced() {
		return &g.waits
	}
	g.seq = uint32(e.Args[1])
	m.shift(e, g, g.status, Runnable)
	e.From = Waiting
	return nil
}

func (m *merge) goCreate(c *cursor, e *Event) {
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
}

// goStatus is the first word about a goroutine in a generation: it begins its sequence. One
// that sits in a system call for all of a generation is spoken for by another M.
func (m *merge) goStatus(c *cursor, e *Event) {
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
		return
	}
	if to == InSyscall {
		o := m.thread(e.Args[1])
		e.M, e.G = ThreadID(o.m), o.gid
		if o.g != 0 && o.g != i {
			m.account.Conflicts++
		}
		o.g, o.gid = i, GoID(g.id)
	}
}

func (m *merge) syscallBegin(c *cursor, e *Event) {
	p := &m.procs[c.p]
	if c.p != 0 && p.status != procRunning || e.Args[0] != p.seq+1 && c.p != 0 {
		m.account.Conflicts++
	}
	p.seq, p.status = e.Args[0], procSyscall
	m.shift(e, &m.goroutines[c.g], Running, InSyscall)
	if p.waits != 0 {
		m.wake(&p.waits)
	}
}

func (m *merge) syscallEnd(c *cursor, e *Event) {
	p := &m.procs[c.p]
	if c.p != 0 && p.status != procSyscall {
		m.account.Conflicts++
	}
	p.status = procRunning
	m.shift(e, &m.goroutines[c.g], InSyscall, Running)
}

// syscallEndBlocked says that the P was lost meanwhile, so that must be seen first.
func (m *merge) syscallEndBlocked(c *cursor, e *Event) *uint32 {
	if p := &m.procs[c.p]; c.p != 0 && p.status == procSyscall && !m.forced() {
		return &p.waits
	}
	m.leave(c, e, InSyscall, Runnable)
	return nil
}

// destroySyscall is a thread of C that goes away, and may still have a P that is never
// stolen from it: the system can use the thread's number again at once.
func (m *merge) destroySyscall(c *cursor, e *Event) {
	if c.p != 0 {
		p := &m.procs[c.p]
		p.status = procAbandoned
		steal := *e
		steal.Kind, steal.Args = ProcSteal, [4]uint64{uint64(p.id), 0, c.m}
		steal.Subject, steal.From, steal.To = uint64(p.id), Running, Idle
		m.extra = append(m.extra, steal)
		c.p, c.pid = 0, NoProc
		m.wake(&p.waits)
	}
	m.leave(c, e, InSyscall, Absent)
}

// goSwitch is three events in one: see Event.
func (m *merge) goSwitch(c *cursor, e *Event) *uint32 {
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
	m.extra = append(m.extra, unblock, leave)
	e.Kind, e.G = GoStart, 0
	g.seq = uint32(e.Args[1])
	m.shift(e, g, Runnable, Running)
	c.g, c.gid = i, GoID(g.id)
	return nil
}

// collect keeps collections in their order: begin and end of one may be on different Ms.
func (m *merge) collect(e *Event) *uint32 {
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
		m.procOf.set(id, i, len(m.procs))
	}
	return i
}

func (m *merge) procStart(c *cursor, e *Event) *uint32 {
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

func (m *merge) procStop(c *cursor, e *Event) {
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
}

func (m *merge) procSteal(c *cursor, e *Event) *uint32 {
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
func (m *merge) procStatus(c *cursor, e *Event) {
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
