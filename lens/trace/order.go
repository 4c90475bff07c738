package trace

import "iter"

// Reading in order
//
// A trace is as many streams as there are Ms, each in order of itself. The clocks of the
// streams nearly agree, so merging them by time is nearly right. Where it is wrong, one sees a
// goroutine that runs before it was created. The runtime therefore numbers what happens to a
// goroutine or a P across Ms: the n-th GoStart or GoUnblock of a goroutine in a generation
// carries n, and nothing may be delivered before its predecessor (runtime/traceruntime.go,
// internal/trace/order.go). Numbers win over clocks; events that went back in time for it
// are counted, and their times are left alone.
//
// internal/trace tries the earliest stream, and when that can't go on sorts all streams
// and tries one after the other. Here a stream that can't go on waits at what it waits
// for, a goroutine, a P or the collector, and comes back when that changes: no stream is tried
// twice for one reason, and many threads don't make it slower than their number's logarithm.
//
// Generations come one after the other. Each restates what every goroutine and P is at,
// which must be what it was: else it is a conflict. A new generation begins before the last
// events of the old, on other Ms; that is not an inversion and is counted apart.
//
// When no stream can go on something is missing. internal/trace gives up then. Here the
// rest of the generation comes in the order of the clocks, every event that doesn't fit is
// counted, and the next generation, whose events stand on their own, starts afresh.

// An Order is the account of one reading in order.
type Order struct {
	Events     int64 `json:"events"`     // delivered
	Inversions int64 `json:"inversions"` // that sequence numbers put behind one with a later time, inside a generation
	Furthest   Time  `json:"furthest"`   // the greatest step back of those
	Overlaps   int64 `json:"overlaps"`   // generations that began before the last event of the one before
	Waits      int64 `json:"waits"`      // how often the earliest stream had to wait for another
	Forced     int64 `json:"forced"`     // delivered although what had to come before them is missing
	Conflicts  int64 `json:"conflicts"`  // delivered although they contradict what came before
	Loss       Loss  `json:"loss"`       // what decoding found to be missing, beside Trace.Loss
}

// Events are all events in order, for one loop. The event is overwritten by the next
// step: copy what is to be kept. Use [Trace.Ordered] to also know what was wrong with them.
func (t *Trace) Events() iter.Seq[*Event] { return t.Ordered(new(Order)) }

// Ordered is [Trace.Events] with its account, which is complete when the loop has ended. An
// error of the file that the trace comes from ends the loop and is in the account as loss.
func (t *Trace) Ordered(o *Order) iter.Seq[*Event] {
	return func(yield func(*Event) bool) {
		*o = Order{}
		m := merge{trace: t, account: o, yield: yield, threads: map[uint64]*cursor{}}
		m.procs = []procState{{id: NoProc}}
		m.goroutines = make([]goState, 1)
		defer func() { o.Events = m.events }()
		for i, g := range t.gens {
			if !m.generation(i, g) {
				return
			}
		}
	}
}

// goState is what is known of a goroutine. The first is none.
type goState struct {
	id     uint64
	seq    uint32
	waits  uint32 // first of the streams that wait for it, as an index into merge.streams plus one
	status State
}

// procState is what is known of a P. The first is none.
type procState struct {
	seq    uint64
	waits  uint32
	id     ProcID
	status uint8   // as in the file, 0 where unknown
	m      *cursor // that has it
}

// cursor is the stream of one M.
type cursor struct {
	ev      Event
	d       []byte // of the batch it is in
	i       int    // behind the kind and time of the event
	after   int    // behind all of it
	safe    int    // an event that begins before this is whole
	units   uint64 // the clock, as the batch counts
	m       uint64
	gid     GoID     // the goroutine and the P of this M, before the event
	pid     ProcID   //
	g, p    uint32   // and where they are in merge.goroutines and procs, 0 for none
	next    uint32   // the stream behind it where it waits, plus one
	parked  bool     //
	tail    bool     // d is a copy of the end of a batch
	batches []uint32 // those still to be read
	samples []Sample // for the stream of the CPU profile
}

type merge struct {
	trace   *Trace
	account *Order
	yield   func(*Event) bool

	goroutines []goState
	goIDs      ids
	free       []uint32
	procs      []procState
	procOf     dense[uint32]
	threads    map[uint64]*cursor
	gcSeq      uint64
	gcKnown    bool
	gcWaits    uint32

	gen     *extent
	clock   clock
	first   bool // the generation is the first
	content content
	tables  *tables
	streams []*cursor
	heap    heap
	woken   []uint32
	extra   []Event // that go before the next: see Event
	aside   bool    // something is in woken or extra
	lenient bool    // nothing waits any more
	last    Time
	events  int64
}

// generation delivers one generation; false ends the loop.
func (m *merge) generation(n int, g *extent) bool {
	if err := m.content.load(&m.trace.src, g); err != nil {
		m.account.Loss.add(Finding{Generation: g.id, Offset: g.batches[0].off, Bytes: g.bytes, What: Damage(err.Error())})
		return true
	}
	m.gen, m.clock, m.first, m.lenient = g, g.clock, n == 0, false
	m.tables = &tables{names: m.trace.names, loss: &m.account.Loss}
	m.tables.read(g, &m.content)
	m.restart()
	sync := Event{Time: g.clock.time(g.minTime), Kind: Sync, M: NoThread, P: NoProc, Args: [4]uint64{uint64(n)}, tables: m.tables}
	if n > 0 && sync.Time < m.last {
		m.account.Overlaps++
	}
	m.last = sync.Time
	m.events++
	if !m.yield(&sync) {
		return false
	}
	m.begin()
	for {
		if !m.run() {
			return false
		}
		if m.lenient || !m.unlock() {
			return true
		}
	}
}

// unstated is the sequence number of what this generation has not yet said the status of:
// the state is known from the last, but nothing may follow on it before.
const unstated = 1<<32 - 1

// restart makes states ready for a generation: sequences count from one again, after the
// status, and the table of numbers holds who is alive.
func (m *merge) restart() {
	m.goIDs.reset()
	for i := range m.goroutines[1:] {
		g := &m.goroutines[i+1]
		g.seq, g.waits = unstated, 0
		if g.status != Absent {
			*m.goIDs.of(g.id) = uint32(i + 1)
		}
	}
	for i := range m.procs {
		m.procs[i].seq, m.procs[i].waits = unstated, 0
	}
	m.gcWaits = 0
}

// begin makes the streams and puts them on the heap.
func (m *merge) begin() {
	m.streams, m.heap, m.woken = m.streams[:0], m.heap[:0], m.woken[:0]
	for _, c := range m.threads {
		c.d, c.i, c.after, c.safe, c.tail, c.parked, c.next, c.batches = nil, 0, 0, 0, false, false, 0, c.batches[:0]
	}
	for i := range m.gen.batches {
		b := &m.gen.batches[i]
		if b.isTable() {
			continue
		}
		c := m.thread(b.m)
		if len(c.batches) == 0 {
			m.streams = append(m.streams, c)
		}
		c.batches = append(c.batches, uint32(i))
	}
	if len(m.tables.samples) > 0 {
		m.streams = append(m.streams, &cursor{samples: m.tables.samples, m: noThread})
	}
	for i, c := range m.streams {
		c.ev.tables = m.tables
		if m.refill(c) {
			m.heap.push(c.ev.Time, uint32(i))
		}
	}
}

func (m *merge) thread(id uint64) *cursor {
	c := m.threads[id]
	if c == nil {
		c = &cursor{m: id, pid: NoProc}
		m.threads[id] = c
	}
	return c
}

// run merges until no stream is left that can go on; false ends the loop.
//
// The stream in front goes on for as long as no other is earlier: a thread writes several
// events before another one's turn, and the heap is asked only in between. What each event
// costs is a call of its handler, one of what decodes its numbers, and one of the loop's
// body: with eight calls instead it was 15 ns and not 12.6.
//
// Kind and time of the event in front are kept in variables, not only in the event: the
// processor waits for the kind to know where to go on.
func (m *merge) run() bool {
	for len(m.heap) > 0 {
		i := m.heap[0].stream
		c, until := m.streams[i], m.heap.second()
		e := &c.ev
		left := true
		for kind, t := e.Kind, e.Time; left && t <= until; {
			handle := handlers[kind]
			if handle == nil {
				if handle = (*merge).pass; c.samples == nil {
					left = m.skip(c)
					kind, t = e.Kind, e.Time
					continue
				}
			}
			e.G, e.P, e.M = c.gid, c.pid, ThreadID(c.m)
			e.From, e.To = Unknown, Unknown
			if wait := handle(m, c, e); wait != nil {
				c.parked, c.next, *wait = true, *wait, i+1
				m.account.Waits++
				left = false
				break
			}
			if m.aside {
				m.aside, until = false, open // the loop ends with this event: another may be earlier now
				if !m.before() {
					return false
				}
			}
			m.events++
			if t < m.last {
				m.inverted(m.last - t)
			}
			m.last = t
			if !m.yield(e) {
				return false
			}
			at := c.after
			if at >= c.safe {
				c.i = at
				left = m.refill(c)
				kind, t = e.Kind, e.Time
				continue
			}
			kind = Kind(c.d[at])
			dt, at := number(c.d, at+1)
			c.units += dt
			t = m.clock.time(c.units)
			c.i, e.Kind, e.Time = at, kind, t
		}
		if left {
			m.heap.replace(e.Time)
		} else {
			m.heap.pop()
		}
		for _, w := range m.woken {
			m.heap.push(m.streams[w].ev.Time, w)
		}
		m.woken = m.woken[:0]
	}
	return true
}

// unlock lets all streams that still wait go on without what they wait for; false if
// none does.
func (m *merge) unlock() bool {
	for i, c := range m.streams {
		if c.parked {
			c.parked, c.next = false, 0
			m.heap.push(c.ev.Time, uint32(i))
		}
	}
	if len(m.heap) == 0 {
		return false
	}
	m.lenient = true
	m.account.Loss.add(Finding{Generation: m.gen.id, Offset: -1, What: Unordered})
	return true
}

// wake puts the streams that wait at w on the way back. When nothing waits any more, they
// already are.
func (m *merge) wake(w *uint32) {
	if m.lenient {
		return
	}
	for *w != 0 {
		c := m.streams[*w-1]
		m.woken, m.aside = append(m.woken, *w-1), true
		*w, c.next, c.parked = c.next, 0, false
	}
}

// before delivers the events that the next one brings along.
func (m *merge) before() bool {
	for i := range m.extra {
		m.events++
		if !m.yield(&m.extra[i]) {
			return false
		}
	}
	m.extra = m.extra[:0]
	return true
}

func (m *merge) inverted(back Time) {
	m.account.Inversions++
	m.account.Furthest = max(m.account.Furthest, back)
}

// refill goes on where a stream may not be read without checks: to the end of its batch,
// and to the next. It finds when the next event is; false at the stream's end.
func (m *merge) refill(c *cursor) bool {
	for c.i >= c.safe {
		switch rest := c.d[min(c.i, len(c.d)):]; {
		case c.samples != nil:
			return m.sample(c)
		case !c.tail && len(rest) > 0:
			var lost Finding
			c.d, c.safe, lost = tail(nil, rest)
			c.i, c.tail = 0, true
			m.lose(lost)
		case len(c.batches) == 0:
			return false
		default:
			n := int(c.batches[0])
			c.batches = c.batches[1:]
			c.d, c.i, c.units, c.tail = m.content.of(m.gen, n), 0, m.gen.batches[n].time, false
			c.safe = max(0, len(c.d)-maxEventBytes)
		}
	}
	c.ev.Kind = Kind(c.d[c.i])
	var dt uint64
	dt, c.i = number(c.d, c.i+1)
	c.units += dt
	c.ev.Time = m.clock.time(c.units)
	if arity[c.ev.Kind] == 0 {
		return m.skip(c)
	}
	return true
}

// skip goes to the next batch: how long an event of an unknown kind is can't be known.
func (m *merge) skip(c *cursor) bool {
	m.lose(Finding{What: EventUnknown, Bytes: int64(len(c.d) - c.i)})
	c.d, c.i, c.safe, c.tail = nil, 0, 0, true
	return m.refill(c)
}

func (m *merge) lose(f Finding) {
	if f.Bytes > 0 {
		f.Generation, f.Offset = m.gen.id, -1
		m.account.Loss.add(f)
	}
}

func (m *merge) sample(c *cursor) bool {
	if len(c.samples) == 0 {
		return false
	}
	s := c.samples[0]
	if c.samples = c.samples[1:]; len(c.samples) == 0 {
		c.samples = []Sample{} // not nil: it is still the stream of samples
	}
	c.ev = Event{Time: s.Time, Kind: CPUSample, Args: [4]uint64{uint64(s.Stack)}, tables: m.tables}
	c.gid, c.m, c.pid = s.G, uint64(s.M), s.P
	return true
}

// heap is a heap of streams by the time of their next event, with four children to a
// node: half as deep as with two, and the four lie in one line of the cache.
type heap []entry

type entry struct {
	time   Time
	stream uint32
}

// second is the least time but that of the first.
func (h heap) second() Time {
	if len(h) > 4 {
		four := h[1:5:5]
		return min(four[0].time, four[1].time, four[2].time, four[3].time)
	}
	least := Time(1<<63 - 1)
	for i := 1; i < len(h); i++ {
		least = min(least, h[i].time)
	}
	return least
}

func (h *heap) push(t Time, stream uint32) {
	*h = append(*h, entry{t, stream})
	s := *h
	for i := len(s) - 1; i > 0; {
		up := (i - 1) / 4
		if s[up].time <= s[i].time {
			break
		}
		s[up], s[i] = s[i], s[up]
		i = up
	}
}

// replace gives the first another time. Which of four children is least can't be
// predicted, so it is found without branches: conditional moves take 6 % off
// the reading of a trace whose threads interleave finely.
func (h heap) replace(t Time) {
	e := entry{t, h[0].stream}
	i := 0
	for {
		least, at := e.time, i
		if j := 4*i + 1; j+4 <= len(h) {
			four := h[j : j+4 : j+4]
			at = pick(at, j, four[0].time < least)
			least = min(least, four[0].time)
			at = pick(at, j+1, four[1].time < least)
			least = min(least, four[1].time)
			at = pick(at, j+2, four[2].time < least)
			least = min(least, four[2].time)
			at = pick(at, j+3, four[3].time < least)
		} else {
			for ; j < len(h); j++ {
				at = pick(at, j, h[j].time < least)
				least = min(least, h[j].time)
			}
		}
		if at == i {
			break
		}
		h[i] = h[at]
		i = at
	}
	h[i] = e
}

// pick is b if it is to be, a otherwise: a conditional move.
func pick(a, b int, other bool) int {
	if other {
		a = b
	}
	return a
}

func (h *heap) pop() {
	s := *h
	n := len(s) - 1
	last := s[n]
	*h = s[:n]
	if n > 0 {
		s[0].stream = last.stream
		h.replace(last.time)
	}
}
