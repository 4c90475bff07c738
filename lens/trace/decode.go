package trace

import "slices"

// Decoding without a merge
//
// What a goroutine did can be put together without bringing the events of all threads
// into one order. A GoStart opens a run that ends on the same thread, so one pass over a
// thread's events gives its runs whole. And each GoStart and GoUnblock carries the goroutine's sequence number,
// which counts from one in each generation: with first[g] the sum of the counts of the
// goroutines before g, it belongs at slots[first[g]+number-1]. That is a perfect index:
// no sorting, no comparing of clocks, and every slot filled once, or something is missing. P's
// carry numbers in the same way.
//
//	thread 1:  start(g7,1) ──── block          start(g7,3) ── end
//	thread 2:           start(g9,1) ─ unblock(g7,2) ─ block
//	slots:     g7: [run 0, wake 0, run 1]   g9: [run 2]
//
// So generations are decoded independently of each other, by as many workers as there are
// processors. What they can't know is what was before: that is joined on afterwards, in
// order, by the stitcher, which touches each goroutine once.
//
// Rows are structs, not arrays of fields: a run is opened and closed in one line of the
// cache, and one append is one check of a capacity instead of nine.

// decoder makes the columns of one generation at a time. What it allocates it uses again.
type decoder struct {
	trace   *Trace
	gen     *extent
	content content
	tables  *tables
	out     *Generation
	goIDs   ids // number of a goroutine to its row plus one
	procOf  dense[uint32]
	counts  []uint32 // of each goroutine: its slots
	records []numbered
	procs   []procRow
	stays   []stayRecord
	threads map[uint64]*stream
	order   []*stream
	foreign []foreign

	// Of the thread that is being decoded.
	m     uint32 // index of Threads
	mid   uint64
	run   uint32 // open, or none
	call  uint32 // open, or none
	proc  uint32 // index of procs plus one, 0 for none
	stay  uint32 // open, or none
	sweep uint32 // open range, or none
	inP   uint32 // stay when the system call began
	tail  []byte // the last bytes of a batch
	most  int    // bytes of the largest generation, where columns are used again
	dense density
}

type stream struct{ batches []uint32 }

// numbered is a GoStart or GoUnblock: where in whose slots it belongs.
type numbered struct{ g, seq, ref uint32 }

type procRow struct {
	id    ProcID
	count uint32 // of its sequence numbers, those of system calls included
	open  uint32 // the stay that its status opened, or none
}

// stayRecord is a ProcStart, whose ref is a stay, or a ProcSteal, whose ref is none.
type stayRecord struct {
	proc, seq, ref uint32
	time           Time
}

// foreign is a goroutine in a system call that another M speaks of.
type foreign struct {
	g    uint32
	m    uint64
	time Time
}

// decode makes the columns of a generation in out.
func (d *decoder) decode(index int, out *Generation) {
	g := d.trace.gens[index]
	d.gen, d.out = g, out
	out.reset()
	out.ID, out.Index, out.Start, out.names = g.id, index, g.clock.time(g.minTime), d.trace.names
	out.End = out.Start
	d.reset()
	d.reserve(out, max(int(g.bytes), d.most))
	defer d.measure(out, int(g.bytes))
	if err := d.content.load(&d.trace.src, g); err != nil {
		out.Loss.add(Finding{Generation: g.id, Offset: g.batches[0].off, Bytes: g.bytes, What: Damage(err.Error())})
		return
	}
	d.tables = &tables{names: d.trace.names, loss: &out.Loss}
	d.tables.read(g, &d.content)
	out.Samples, out.AllocFree = d.tables.samples, d.tables.alloc
	for i := range g.batches {
		b := &g.batches[i]
		if b.isTable() {
			continue
		}
		s := d.threads[b.m]
		if s == nil {
			s = &stream{}
			d.threads[b.m] = s
			d.order = append(d.order, s)
		}
		s.batches = append(s.batches, uint32(i))
	}
	for _, s := range d.order {
		d.stream(s)
	}
	d.settle()
	d.index()
	d.indexStays()
}

// How many rows of each column a generation has for each 1024 of its bytes. Growing them
// step by step costs a tenth to a fifth of decoding, in copies and in pages touched for the first
// time; generations of one trace are alike, so the one before says what this one will need.
type density struct{ goroutines, runs, wakes, calls, metrics int }

// usual is the density of a busy server's trace.
var usual = density{goroutines: 10, runs: 48, wakes: 34, calls: 38, metrics: 5}

// reserve makes room for what a generation of so many bytes will probably have.
func (d *decoder) reserve(o *Generation, bytes int) {
	if d.dense == (density{}) {
		d.dense = usual
	}
	rows := func(each int) int { return each * bytes / 1024 * 9 / 8 }
	o.Goroutines = room(o.Goroutines, rows(d.dense.goroutines))
	o.Runs = room(o.Runs, rows(d.dense.runs))
	o.Wakes = room(o.Wakes, rows(d.dense.wakes))
	o.Calls = room(o.Calls, rows(d.dense.calls))
	o.Metrics = room(o.Metrics, rows(d.dense.metrics))
	o.slots = room(o.slots, rows(d.dense.runs+d.dense.wakes))
	d.records = room(d.records, rows(d.dense.runs+d.dense.wakes))
	d.counts = room(d.counts, rows(d.dense.goroutines))
}

// room is s, or an empty slice for n. slices.Grow would copy what is not there any more.
func room[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, 0, n)
	}
	return s
}

// measure remembers what a generation had.
func (d *decoder) measure(o *Generation, bytes int) {
	if bytes < maxBatch {
		return
	}
	each := func(rows int) int { return rows*1024/bytes + 1 }
	d.dense = density{each(len(o.Goroutines)), each(len(o.Runs)), each(len(o.Wakes)), each(len(o.Calls)), each(len(o.Metrics))}
}

func (d *decoder) reset() {
	d.goIDs.reset()
	d.procOf = dense[uint32]{items: d.procOf.items[:0]}
	d.counts, d.records, d.procs, d.stays = d.counts[:0], d.records[:0], d.procs[:0], d.stays[:0]
	d.threads, d.order, d.foreign = map[uint64]*stream{}, d.order[:0], d.foreign[:0]
}

// reset empties the columns and keeps their memory.
func (g *Generation) reset() {
	*g = Generation{
		Goroutines: g.Goroutines[:0], Runs: g.Runs[:0], Wakes: g.Wakes[:0], Calls: g.Calls[:0], Stays: g.Stays[:0],
		Threads: g.Threads[:0], Procs: g.Procs[:0], Ranges: g.Ranges[:0], Regions: g.Regions[:0], Tasks: g.Tasks[:0],
		Logs: g.Logs[:0], Labels: g.Labels[:0], Metrics: g.Metrics[:0], Allocs: g.Allocs[:0],
		slots: g.slots[:0], carries: g.carries[:0], marks: g.marks[:0], assists: g.assists[:0], cycles: g.cycles[:0], phantoms: g.phantoms[:0],
	}
}

// stream decodes the events of one thread.
func (d *decoder) stream(s *stream) {
	o := d.out
	d.mid = d.gen.batches[s.batches[0]].m
	d.m = uint32(len(o.Threads))
	d.run, d.call, d.proc, d.stay, d.sweep, d.inP = none, none, 0, none, none, none
	o.Threads = append(o.Threads, Thread{ID: ThreadID(d.mid), From: uint32(len(o.Runs)), head: none})
	for _, n := range s.batches {
		d.batch(&d.gen.batches[n], d.content.of(d.gen, int(n)))
	}
	t := &o.Threads[d.m]
	t.To = uint32(len(o.Runs))
	t.last = d.run
}

// batch decodes the events of a batch: all but the last few where they are, and those
// where there is room behind them.
func (d *decoder) batch(b *batch, data []byte) {
	units := b.time
	i := 0
	if safe := len(data) - maxEventBytes; safe > 0 {
		if i, units = d.events(data, safe, units); i < 0 {
			return
		}
	}
	rest, safe, lost := tail(d.tail[:0], data[i:])
	d.tail = rest
	if lost.Bytes > 0 {
		lost.Generation, lost.Offset = d.gen.id, b.off+int64(i+safe)
		d.out.Loss.add(lost)
	}
	d.events(rest, safe, units)
}

// events is the inner loop: decode, and hand on. It takes all events that begin before
// safe, and returns where it stopped and what the clock was; -1 where what follows is lost.
// Each kind reads its own numbers, which saves a loop and its mispredicted end.
func (d *decoder) events(data []byte, safe int, units uint64) (int, uint64) {
	clk, last := d.gen.clock, d.out.End
	n := int64(0)
	i := 0
	for ; i < safe; n++ {
		kind := Kind(data[i])
		var dt, x, y, z uint64
		dt, i = number(data, i+1)
		units += dt
		t := clk.time(units)
		last = max(last, t)
		switch kind {
		case GoStart:
			x, y, i = pair(data, i)
			g := d.goroutine(x)
			d.record(g, y, d.begin(g, t))
		case GoBlock:
			x, y, i = pair(data, i)
			d.leave(t, Blocked, x, y)
		case GoUnblock:
			x, y, i = pair(data, i)
			z, i = number(data, i)
			d.unblock(t, x, y, z)
		case GoSyscallBegin:
			_, i = number(data, i)
			y, i = number(data, i)
			d.callBegin(t, y)
		case GoSyscallEnd:
			d.callEnd(t)
		case GoStop:
			x, y, i = pair(data, i)
			d.leave(t, Yielded, x, y)
		case GoDestroy:
			d.leave(t, Ended, 0, 0)
		case HeapAlloc:
			x, i = number(data, i)
			d.out.Metrics = append(d.out.Metrics, Metric{t, kind, x})
		default:
			k := arity[kind]
			if k == 0 {
				d.out.Loss.add(Finding{Generation: d.gen.id, Offset: -1, Bytes: int64(len(data) - i), What: EventUnknown})
				i, safe = -1, -1
				break
			}
			var a [8]uint64
			for n := uint8(1); n < k; n++ {
				a[n&7], i = number(data, i)
			}
			d.other(kind, t, &a)
		}
	}
	d.out.End, d.out.Events = last, d.out.Events+n
	return i, units
}

// other is for what is not in the inner loop: the rest of the scheduler's events here,
// what says something about the program in note.
func (d *decoder) other(kind Kind, t Time, a *[8]uint64) {
	switch kind {
	case GoCreate, GoCreateBlocked:
		d.create(kind, t, a)
	case GoSyscallEndBlocked:
		d.callLost(t, LostProc)
	case GoDestroySyscall:
		d.callLost(t, Ended)
		d.proc = 0
		if d.stay != none {
			d.out.Stays[d.stay].End, d.out.Stays[d.stay].Stolen = t, true
			d.stay = none
		}
	case GoCreateSyscall:
		d.create(kind, t, a)
		g := d.goroutine(a[1])
		d.out.Goroutines[g].run = d.begin(g, t)
		d.openCall(t)
	case GoStatus, GoStatusStack:
		d.status(t, a)
	case GoSwitch, GoSwitchDestroy:
		d.switchTo(kind, t, a)
	case ProcStart, ProcStop, ProcSteal, ProcStatus:
		d.procEvent(kind, t, a)
	default:
		d.note(kind, t, a)
	}
}

// goroutine is the row of a goroutine.
func (d *decoder) goroutine(id uint64) uint32 {
	cell := d.goIDs.of(id)
	if *cell == 0 {
		d.out.Goroutines = append(d.out.Goroutines, Goroutine{ID: GoID(id), Created: open, Ended: open, made: none, run: none, carry: none})
		d.counts = append(d.counts, 0)
		*cell = uint32(len(d.out.Goroutines))
	}
	return *cell - 1
}

func (d *decoder) record(g uint32, seq uint64, ref uint32) {
	d.counts[g]++
	d.records = append(d.records, numbered{g, uint32(min(seq, 1<<32-1)), ref})
}

// begin opens a run.
func (d *decoder) begin(g uint32, t Time) uint32 {
	o := d.out
	if d.run != none {
		o.Conflicts++
		o.Runs[d.run].How, o.Runs[d.run].End = Lost, t
	}
	d.run, d.call = uint32(len(o.Runs)), none
	r := Run{Start: t, End: open, G: g, M: d.m, Call: uint32(len(o.Calls)), P: int16(NoProc)}
	if d.proc != 0 {
		r.P = int16(d.procs[d.proc-1].id)
	}
	o.Runs = append(o.Runs, r)
	return d.run
}

// here is the open run. Where none is known, the thread's goroutine is one that this
// generation names elsewhere, in a status that another M wrote, or not at all.
func (d *decoder) here(t Time) uint32 {
	if d.run == none {
		if th := &d.out.Threads[d.m]; th.From == uint32(len(d.out.Runs)) {
			th.head = th.From
			d.out.phantoms = append(d.out.phantoms, phantom{th.From, d.mid})
		} else {
			d.out.Conflicts++
		}
		r := d.begin(none, t)
		d.out.Runs[r].flags = runCarried
	}
	return d.run
}

func (d *decoder) leave(t Time, how How, why, stack uint64) {
	r := &d.out.Runs[d.here(t)]
	r.End, r.How = t, how
	if how != Ended {
		r.Why, r.Stack = d.tables.symbol(why), d.tables.stacks.at(stack)
	}
	d.run, d.call = none, none
}

func (d *decoder) unblock(t Time, id, seq, stack uint64) {
	g := d.goroutine(id)
	d.record(g, seq, uint32(len(d.out.Wakes))|wakeBit)
	d.out.Wakes = append(d.out.Wakes, Wake{Time: t, G: g, Run: d.run, M: d.m, Stack: d.tables.stacks.at(stack)})
}

func (d *decoder) callBegin(t Time, stack uint64) {
	r := d.here(t)
	d.out.Runs[r].flags |= runCalls
	if d.proc != 0 {
		d.procs[d.proc-1].count++
	}
	d.call, d.inP = uint32(len(d.out.Calls)), d.stay
	d.out.Calls = append(d.out.Calls, Call{Start: t, End: open, Run: r, Stack: d.tables.stacks.at(stack)})
}

// openCall is a system call that was under way when the generation, or the goroutine, began.
func (d *decoder) openCall(t Time) {
	d.out.Runs[d.run].flags |= runInCall | runCalls
	d.call, d.inP = uint32(len(d.out.Calls)), d.stay
	d.out.Calls = append(d.out.Calls, Call{Start: t, End: open, Run: d.run})
}

func (d *decoder) callEnd(t Time) {
	d.here(t)
	if d.call == none {
		d.out.Conflicts++
		return
	}
	d.out.Calls[d.call].End = t
	d.call = none
}

// callLost ends a system call and the run with it. The P went away meanwhile; if the M
// has one now, it is another.
func (d *decoder) callLost(t Time, how How) {
	r := d.here(t)
	if d.call == none {
		d.openCall(t)
	}
	d.out.Calls[d.call].End = t
	d.out.Runs[r].End, d.out.Runs[r].How = t, how
	d.out.Runs[r].flags |= runEndsInCall
	if d.stay == d.inP && how == LostProc {
		d.proc, d.stay = 0, none
	}
	d.run, d.call = none, none
}

func (d *decoder) create(kind Kind, t Time, a *[8]uint64) {
	row := &d.out.Goroutines[d.goroutine(a[1])]
	if row.status != Unknown || row.created {
		d.out.Conflicts++
	}
	row.created, row.Created, row.at, row.status, row.made = true, t, t, Runnable, d.run
	switch kind {
	case GoCreateSyscall:
		row.status = InSyscall
		return
	case GoCreateBlocked:
		row.status = Waiting
	}
	row.Func = d.tables.root(a[2])
	row.Stack = d.tables.stacks.at(a[3])
}

func (d *decoder) status(t Time, a *[8]uint64) {
	g := d.goroutine(a[1])
	row := &d.out.Goroutines[g]
	if row.created {
		return // a thread of C is created without a status, and has one as soon as it runs Go
	}
	if row.status != Unknown || a[3] == uint64(Unknown) || a[3] > uint64(Waiting) {
		d.out.Conflicts++
		return
	}
	row.status, row.at = State(a[3]), t
	switch {
	case row.status == Running, row.status == InSyscall && a[2] == d.mid:
		r := d.begin(g, t)
		d.out.Runs[r].flags = runCarried
		d.out.Goroutines[g].run = r
		if row.status == InSyscall {
			d.openCall(t)
		}
	case row.status == InSyscall:
		d.foreign = append(d.foreign, foreign{g, a[2], t})
	}
}

func (d *decoder) switchTo(kind Kind, t Time, a *[8]uint64) {
	from := d.here(t)
	g := d.goroutine(a[1])
	d.out.Wakes = append(d.out.Wakes, Wake{Time: t, G: g, Run: from, M: d.m})
	if kind == GoSwitch {
		d.leave(t, Switched, 0, 0)
	} else {
		d.leave(t, Ended, 0, 0)
	}
	r := d.begin(g, t)
	d.out.Runs[r].flags = runSwitched
	d.record(g, a[2], r)
}

func (d *decoder) procRow(id uint64) uint32 {
	i := d.procOf.at(id)
	if i == 0 {
		d.procs = append(d.procs, procRow{id: ProcID(int32(id)), open: none})
		i = uint32(len(d.procs))
		d.procOf.set(id, i)
	}
	return i
}

func (d *decoder) procEvent(kind Kind, t Time, a *[8]uint64) {
	o := d.out
	switch kind {
	case ProcStop:
		if d.stay != none {
			o.Stays[d.stay].End = t
		}
		d.proc, d.stay = 0, none
	case ProcStart:
		d.proc = d.procRow(a[1])
		p := &d.procs[d.proc-1]
		p.count++
		d.stay = uint32(len(o.Stays))
		d.stays = append(d.stays, stayRecord{d.proc - 1, uint32(min(a[2], 1<<32-1)), d.stay, t})
		o.Stays = append(o.Stays, Stay{Start: t, End: open, M: d.m, P: p.id})
	case ProcSteal:
		i := d.procRow(a[1])
		d.procs[i-1].count++
		d.stays = append(d.stays, stayRecord{i - 1, uint32(min(a[2], 1<<32-1)), none, t})
		if d.proc == i { // from itself
			d.proc, d.stay = 0, none
		}
	case ProcStatus:
		i := d.procRow(a[1])
		if a[2] == procRunning || a[2] == procSyscall {
			d.proc, d.stay = i, uint32(len(o.Stays))
			d.procs[i-1].open = d.stay
			o.Stays = append(o.Stays, Stay{Start: t, End: open, M: d.m, P: d.procs[i-1].id, Carried: true})
		}
	}
}

// settle gives goroutines in system calls, of which another M spoke, their run on
// their own M: the first of that, if it did anything in this generation.
func (d *decoder) settle() {
	o := d.out
	if len(d.foreign) == 0 {
		return
	}
	byID := map[uint64]uint32{}
	for i := range o.Threads {
		byID[uint64(o.Threads[i].ID)] = uint32(i)
	}
	for _, f := range d.foreign {
		i, ok := byID[f.m]
		if !ok {
			i = uint32(len(o.Threads))
			byID[f.m] = i
			d.m, d.mid, d.run, d.call, d.proc, d.stay = i, f.m, none, none, 0, none
			o.Threads = append(o.Threads, Thread{ID: ThreadID(f.m), From: uint32(len(o.Runs)), To: uint32(len(o.Runs)) + 1, head: none})
			r := d.begin(f.g, f.time)
			d.openCall(f.time)
			o.Threads[i].last = r
			o.Runs[r].flags |= runCarried
			o.Goroutines[f.g].run = r
			continue
		}
		r := o.Threads[i].head
		if r == none {
			o.Conflicts++ // the thread has done something else before
			continue
		}
		o.Threads[i].head = none
		o.Runs[r].G, o.Runs[r].Start = f.g, f.time
		if o.Runs[r].flags&runInCall != 0 {
			o.Calls[o.Runs[r].Call].Start = f.time
		}
		o.Goroutines[f.g].run = r
	}
	o.phantoms = slices.DeleteFunc(o.phantoms, func(p phantom) bool { return o.Runs[p.run].G != none })
}

// index puts each record into its goroutine's slots.
func (d *decoder) index() {
	o := d.out
	n := uint32(0)
	for i, c := range d.counts {
		o.Goroutines[i].from, o.Goroutines[i].to = n, n+c
		n += c
	}
	o.slots = room(o.slots, int(n))[:n]
	for i := range o.slots {
		o.slots[i] = none
	}
	empty := int64(n)
	for i := range d.records {
		r := &d.records[i]
		row := &o.Goroutines[r.g]
		if at := row.from + r.seq - 1; r.seq-1 < row.to-row.from && o.slots[at] == none {
			o.slots[at] = r.ref
			empty--
		}
	}
	o.Conflicts += empty
}

// indexStays ends the stays that another M ended, and sorts them by P. A P's numbers count
// system calls too, of which nothing needs to be kept: their slots stay empty.
func (d *decoder) indexStays() {
	o := d.out
	n := uint32(0)
	first := make([]uint32, len(d.procs)+1)
	for i := range d.procs {
		first[i] = n
		n += d.procs[i].count
	}
	first[len(d.procs)] = n
	slots := make([]uint32, n) // indexes of d.stays plus one
	for i := range d.stays {
		r := &d.stays[i]
		if r.seq-1 >= d.procs[r.proc].count || slots[first[r.proc]+r.seq-1] != 0 {
			o.Conflicts++
			continue
		}
		slots[first[r.proc]+r.seq-1] = uint32(i) + 1
	}
	sorted := make([]Stay, 0, len(o.Stays))
	for i := range d.procs {
		p := Proc{ID: d.procs[i].id, From: uint32(len(sorted))}
		if s := d.procs[i].open; s != none {
			sorted = append(sorted, o.Stays[s])
		}
		for _, s := range slots[first[i]:first[i+1]] {
			if s == 0 {
				continue
			}
			r := &d.stays[s-1]
			if r.ref != none {
				sorted = append(sorted, o.Stays[r.ref])
			} else if last := len(sorted) - 1; last >= int(p.From) && sorted[last].End == open {
				sorted[last].End, sorted[last].Stolen = r.time, true
			}
		}
		p.To = uint32(len(sorted))
		o.Procs = append(o.Procs, p)
	}
	o.Stays = append(o.Stays[:0], sorted...)
}
