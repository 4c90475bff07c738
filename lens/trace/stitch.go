package trace

import (
	"cmp"
	"slices"
)

// stitcher joins generations, in order: what was open at the end of one goes on in the next.
type stitcher struct {
	live    map[GoID]*life
	free    []*life
	threads map[ThreadID]GoID // who was on an M at the end
	tasks   map[uint64]Task   // that have begun
	sweeps  map[ProcID]Range  // under way
	mark    Range             // the collection under way
	marking bool
	line    timeline // of the goroutine that is being joined
	ends    []uint32 // marks of tasks that end
	first   bool
}

// life is what is carried of a goroutine.
type life struct {
	row     Goroutine
	out     carried
	regions []Region
	ranges  []Range
	seen    int // the last generation that named it
}

func newStitcher() *stitcher {
	return &stitcher{live: map[GoID]*life{}, threads: map[ThreadID]GoID{}, tasks: map[uint64]Task{}, sweeps: map[ProcID]Range{}, first: true}
}

// join completes the columns of the next generation.
func (s *stitcher) join(g *Generation) {
	s.adopt(g)
	for i := range g.Goroutines {
		s.enter(g, &g.Goroutines[i])
	}
	for _, a := range g.assists {
		s.assisting(g, a)
	}
	for i := range g.Goroutines {
		s.line = timeline{gen: g, row: &g.Goroutines[i], stitch: s}
		s.line.walk()
	}
	s.endTasks(g)
	s.collect(g)
	s.sweep(g)
	s.names(g)
	if g.Final {
		s.finish(g)
	} else {
		s.leave(g)
	}
	s.first = false
}

// adopt gives runs whose goroutine this generation doesn't name the one that was on
// their thread when the last generation ended.
func (s *stitcher) adopt(g *Generation) {
	if len(g.phantoms) == 0 {
		return
	}
	rows := map[GoID]uint32{}
	for i := range g.Goroutines {
		rows[g.Goroutines[i].ID] = uint32(i)
	}
	for _, p := range g.phantoms {
		id := s.threads[ThreadID(p.m)]
		if id == 0 {
			g.Conflicts++
			continue
		}
		i, ok := rows[id]
		if !ok {
			i = uint32(len(g.Goroutines))
			rows[id] = i
			g.Goroutines = append(g.Goroutines, Goroutine{ID: id, Created: open, Ended: open, made: none, run: none, carry: none})
		}
		if g.Goroutines[i].run == none {
			g.Runs[p.run].G, g.Goroutines[i].run = i, p.run
		}
	}
}

// enter gives a row what was known of its goroutine.
func (s *stitcher) enter(g *Generation, row *Goroutine) {
	if row.created {
		row.First, row.Until = row.at, row.at
		if row.made != none {
			row.Parent = g.GoroutineOf(row.made)
		}
		return
	}
	if l := s.live[row.ID]; l != nil {
		old := &l.row
		row.Parent, row.Created, row.First, row.Until, row.Total = old.Parent, old.Created, old.First, old.Until, old.Total
		row.Func, row.Stack, row.kept = old.Func, old.Stack, true
		row.carry = g.carry(l.out)
		l.seen = g.Index
		if row.status != old.State && row.status != Unknown {
			g.Conflicts++
		}
		return
	}
	// Not known before: this is the first generation, or something is missing.
	row.First = row.at
	if row.status == Unknown {
		row.First = g.Start
	}
	if row.status == Unknown || !s.first {
		g.Conflicts++
	}
	row.Until = row.First
	row.carry = g.carry(carried{state: row.status, since: row.First})
}

// carry makes a place for what comes with a goroutine.
func (g *Generation) carry(in carried) uint32 {
	g.carries = append(g.carries, carry{in: in})
	return uint32(len(g.carries) - 1)
}

// leave keeps what goes on in the next generation.
func (s *stitcher) leave(g *Generation) {
	clear(s.threads)
	for i := range g.Threads {
		if t := &g.Threads[i]; t.last != none {
			if id := g.GoroutineOf(t.last); id != 0 {
				s.threads[t.ID] = id
			}
		}
	}
	for i := range g.Goroutines {
		row := &g.Goroutines[i]
		if row.State == Absent && !row.kept {
			continue
		}
		l := s.live[row.ID]
		if row.State == Absent {
			delete(s.live, row.ID)
			s.free = append(s.free, l)
			continue
		}
		if l == nil {
			l = s.newLife()
			s.live[row.ID] = l
		}
		l.row, l.out, l.seen = *row, g.carries[row.carry].out, g.Index
	}
}

func (s *stitcher) newLife() *life {
	if n := len(s.free); n > 0 {
		l := s.free[n-1]
		s.free = s.free[:n-1]
		*l = life{regions: l.regions[:0], ranges: l.ranges[:0]}
		return l
	}
	return &life{}
}

// finish ends the trace: goroutines that the last generation didn't name get a row in it, totals
// reach to the end, and what is open is given.
func (s *stitcher) finish(g *Generation) {
	for id, l := range s.live {
		if l.seen != g.Index {
			row := l.row
			row.status, row.run, row.made, row.from, row.to, row.created = Unknown, none, none, 0, 0, false
			row.carry = g.carry(l.out)
			g.Goroutines = append(g.Goroutines, row)
		}
		g.Regions = append(g.Regions, l.regions...)
		g.Ranges = append(g.Ranges, l.ranges...)
		delete(s.live, id)
	}
	for i := range g.Goroutines {
		if row := &g.Goroutines[i]; row.State != Absent {
			row.Total[row.State] += g.End - row.Until // the open interval
			row.Until = g.End
		}
	}
	for _, t := range s.tasks {
		g.Tasks = append(g.Tasks, t)
	}
	slices.SortFunc(g.Tasks, func(a, b Task) int { return cmp.Compare(a.ID, b.ID) })
	if s.marking {
		g.Ranges = append(g.Ranges, s.mark)
	}
	for _, r := range s.sweeps {
		g.Ranges = append(g.Ranges, r)
	}
	slices.SortStableFunc(g.Ranges, func(a, b Range) int { return cmp.Compare(a.Start, b.Start) })
	slices.SortStableFunc(g.Regions, func(a, b Region) int { return cmp.Compare(a.G, b.G) })
}

// collect pairs begins and ends of collections by their numbers.
func (s *stitcher) collect(g *Generation) {
	slices.SortStableFunc(g.cycles, func(a, b cycle) int { return cmp.Compare(a.seq, b.seq) })
	for _, c := range g.cycles {
		switch {
		case c.kind == GCActive && s.marking:
		case c.kind == GCEnd && s.marking:
			s.mark.End = c.time
			g.Ranges = append(g.Ranges, s.mark)
			s.marking = false
		case c.kind == GCEnd:
			g.Conflicts++
		default:
			if s.marking || c.kind == GCActive && !s.first {
				g.Conflicts++
			}
			s.mark = Range{Kind: GCMark, Before: c.kind == GCActive, Start: c.time, End: open, G: g.GoroutineOf(c.run), P: NoProc, Stack: c.stack}
			s.marking = true
		}
	}
}

// sweep joins sweeps over generations; those that didn't end are carried.
func (s *stitcher) sweep(g *Generation) {
	kept := g.Ranges[:0]
	for _, r := range g.Ranges {
		if r.Kind == GCSweep {
			if old, ok := s.sweeps[r.P]; ok && r.Before {
				old.End, old.Swept, old.Reclaimed = r.End, r.Swept, r.Reclaimed
				r = old
			} else {
				r.G = g.GoroutineOf(uint32(r.G))
			}
			delete(s.sweeps, r.P)
			if r.End == open {
				s.sweeps[r.P] = r
				continue
			}
		}
		kept = append(kept, r)
	}
	g.Ranges = kept
}

// names turns the runs that logs and labels were made in into goroutines.
func (s *stitcher) names(g *Generation) {
	for i := range g.Logs {
		g.Logs[i].G = g.GoroutineOf(uint32(g.Logs[i].G))
	}
	for i := range g.Labels {
		g.Labels[i].G = g.GoroutineOf(uint32(g.Labels[i].G))
	}
}

// marked makes regions, tasks, assists and stopped worlds of the marks of a run. A
// goroutine's runs come in its order, whatever threads they were on.
func (s *stitcher) marked(g *Generation, run uint32) {
	i, _ := slices.BinarySearchFunc(g.marks, run, func(m mark, run uint32) int { return cmp.Compare(m.run, run) })
	for ; i < len(g.marks) && g.marks[i].run == run; i++ {
		switch m := &g.marks[i]; m.kind {
		case UserTaskBegin:
			s.tasks[m.args[0]] = Task{
				ID: m.args[0], Parent: m.args[1], Name: Symbol(m.args[2]), Start: m.time, End: open, G: g.GoroutineOf(run), Stack: m.stack,
			}
		case UserTaskEnd:
			s.ends = append(s.ends, uint32(i)) // it may have begun on a goroutine that is still to come
		default:
			s.annotation(g, g.Runs[run].G, m)
		}
	}
}

// endTasks gives the tasks that ended. One may be ended more than once: each end is given.
func (s *stitcher) endTasks(g *Generation) {
	slices.Sort(s.ends)
	for _, i := range s.ends {
		m := &g.marks[i]
		t, ok := s.tasks[m.args[0]]
		if !ok {
			t = Task{ID: m.args[0], Start: open}
		}
		delete(s.tasks, m.args[0])
		t.End, t.EndG, t.EndStack = m.time, g.GoroutineOf(m.run), m.stack
		g.Tasks = append(g.Tasks, t)
	}
	s.ends = s.ends[:0]
}

// lifeOf is where a goroutine's open regions and ranges are kept.
func (s *stitcher) lifeOf(g *Generation, row uint32) *life {
	id := g.Goroutines[row].ID
	l := s.live[id]
	if l == nil {
		l = s.newLife()
		l.seen = g.Index
		s.live[id] = l
		g.Goroutines[row].kept = true
	}
	return l
}

func (s *stitcher) annotation(g *Generation, row uint32, m *mark) {
	id, l := g.Goroutines[row].ID, s.lifeOf(g, row)
	switch m.kind {
	case UserRegionBegin:
		l.regions = append(l.regions, Region{
			G: id, Task: m.args[0], Name: Symbol(m.args[1]), Depth: len(l.regions), Start: m.time, End: open, Stack: m.stack,
		})
	case UserRegionEnd:
		r := Region{G: id, Task: m.args[0], Name: Symbol(m.args[1]), Start: open}
		if n := len(l.regions) - 1; n >= 0 && l.regions[n].Task == r.Task && l.regions[n].Name == r.Name {
			r = l.regions[n]
			l.regions = l.regions[:n]
		} else if n >= 0 {
			g.Conflicts++ // the program ended another region than its innermost
		}
		r.End, r.EndStack = m.time, m.stack
		g.Regions = append(g.Regions, r)
	case STWBegin:
		l.ranges = append(l.ranges, Range{Kind: STW, Start: m.time, End: open, G: id, P: NoProc, Why: Symbol(m.args[0]), Stack: m.stack})
	case GCMarkAssistBegin:
		l.ranges = append(l.ranges, Range{Kind: GCAssist, Start: m.time, End: open, G: id, P: NoProc, Stack: m.stack})
	case STWEnd:
		s.endRange(g, l, STW, m)
	case GCMarkAssistEnd:
		s.endRange(g, l, GCAssist, m)
	}
}

func (s *stitcher) endRange(g *Generation, l *life, kind RangeKind, m *mark) {
	for i := len(l.ranges) - 1; i >= 0; i-- {
		if r := l.ranges[i]; r.Kind == kind {
			l.ranges = slices.Delete(l.ranges, i, i+1)
			r.End = m.time
			g.Ranges = append(g.Ranges, r)
			return
		}
	}
	g.Conflicts++
}

// assisting is the first word in a generation about a goroutine that assists.
func (s *stitcher) assisting(g *Generation, a assist) {
	l := s.lifeOf(g, a.g)
	if slices.ContainsFunc(l.ranges, func(r Range) bool { return r.Kind == GCAssist }) {
		return
	}
	if !s.first {
		g.Conflicts++
	}
	l.ranges = append(l.ranges, Range{Kind: GCAssist, Before: true, Start: a.time, End: open, G: g.Goroutines[a.g].ID, P: NoProc})
}
