package trace

// note takes in what events say beside who runs: figures, labels, annotations, collections.
func (d *decoder) note(kind Kind, t Time, a *[8]uint64) {
	o := d.out
	switch kind {
	case HeapAlloc, HeapGoal, ProcsChange:
		o.Metrics = append(o.Metrics, Metric{t, kind, a[1]})
	case GoLabel:
		o.Labels = append(o.Labels, Label{Time: t, G: GoID(d.here(t)), Name: d.tables.symbol(a[1])})
	case GCBegin, GCActive, GCEnd:
		c := cycle{seq: a[1], time: t, run: d.run, kind: kind}
		if kind == GCBegin {
			c.stack = d.tables.stacks.at(a[2])
		}
		o.cycles = append(o.cycles, c)
	case GCSweepBegin, GCSweepActive, GCSweepEnd:
		d.sweepEvent(kind, t, a)
	case UserLog:
		o.Logs = append(o.Logs, Log{
			Time: t, G: GoID(d.here(t)), Task: a[1], Category: d.tables.symbol(a[2]),
			Message: d.tables.strings.at(a[3]), Stack: d.tables.stacks.at(a[4]),
		})
	case GCMarkAssistActive:
		o.assists = append(o.assists, assist{d.goroutine(a[1]), t})
	case STWBegin:
		d.mark(kind, t, a[2], [3]uint64{uint64(d.tables.symbol(a[1]))})
	case GCMarkAssistBegin:
		d.mark(kind, t, a[1], [3]uint64{})
	case STWEnd, GCMarkAssistEnd:
		d.mark(kind, t, 0, [3]uint64{})
	case UserTaskBegin:
		d.mark(kind, t, a[4], [3]uint64{a[1], a[2], uint64(d.tables.symbol(a[3]))})
	case UserTaskEnd:
		d.mark(kind, t, a[2], [3]uint64{a[1]})
	case UserRegionBegin, UserRegionEnd:
		d.mark(kind, t, a[3], [3]uint64{a[1], uint64(d.tables.symbol(a[2]))})
	default:
		if kind >= Span {
			x := Alloc{Time: t, ID: a[1], Run: d.run, Kind: kind}
			if arity[kind] > 2 {
				x.Arg = a[2]
			}
			o.Allocs = append(o.Allocs, x)
		}
	}
}

func (d *decoder) mark(kind Kind, t Time, stack uint64, args [3]uint64) {
	run := d.here(t)
	d.out.Runs[run].flags |= runMarked
	d.out.marks = append(d.out.marks, mark{time: t, run: run, stack: d.tables.stacks.at(stack), kind: kind, args: args})
}

// sweepEvent follows sweeps, which a P does between two events of the scheduler: so begin
// and end are on one thread.
func (d *decoder) sweepEvent(kind Kind, t Time, a *[8]uint64) {
	o := d.out
	p := NoProc
	if d.proc != 0 {
		p = d.procs[d.proc-1].id
	}
	switch kind {
	case GCSweepBegin:
		d.sweep = uint32(len(o.Ranges))
		o.Ranges = append(o.Ranges, Range{Kind: GCSweep, Start: t, End: open, G: GoID(d.run), P: p, Stack: d.tables.stacks.at(a[1])})
	case GCSweepActive:
		r := uint32(len(o.Ranges))
		o.Ranges = append(o.Ranges, Range{Kind: GCSweep, Before: true, Start: t, End: open, G: GoID(none), P: ProcID(int32(a[1]))})
		if p == ProcID(int32(a[1])) {
			d.sweep = r
		}
	case GCSweepEnd:
		if d.sweep == none {
			o.Conflicts++
			return
		}
		r := &o.Ranges[d.sweep]
		r.End, r.Swept, r.Reclaimed = t, a[1], a[2]
		d.sweep = none
	}
}
