package trace

import (
	"cmp"
	"encoding/json"
	"slices"
)

// A Summary is what a trace says at first sight: who there was, what they were at, what
// they waited for, and what it cost to start and to collect. Times of goroutines are of all
// goroutines together.
//
// It is conserved: Time sums up what [Generation.Timeline] says of each goroutine, and Busy
// what the Ps' stays say; both are counted, neither is derived from the other.
type Summary struct {
	Version     int   `json:"version"` // minor version of Go of the format
	Size        int64 `json:"size"`    // bytes of the file
	Generations int   `json:"generations"`
	Events      int64 `json:"events"`
	Start       Time  `json:"start"`
	End         Time  `json:"end"`
	Procs       int   `json:"procs"` // the most Ps in one generation
	Threads     int   `json:"threads"`

	Goroutines Population `json:"goroutines"`
	Time       States     `json:"time"`
	Busy       Time       `json:"busy"` // that Ps had an M, in system calls that they were kept through too

	Functions []Function   `json:"functions"` // by the time that they ran
	Blocks    []Block      `json:"blocks"`    // by time, without those that only wait for work of the runtime
	Latency   Distribution `json:"latency"`   // from runnable to running
	Slowest   []Delay      `json:"slowest"`   // the longest of these
	GC        Collections  `json:"gc"`

	Inversions int64 `json:"inversions"` // steps back in time between two states of one goroutine
	Conflicts  int64 `json:"conflicts"`  // what doesn't fit together
	Loss       Loss  `json:"loss"`
}

// States are times by [State]: what goroutines were at.
type States [Waiting + 1]Time

// MarshalJSON names the states.
func (s States) MarshalJSON() ([]byte, error) {
	return json.Marshal(struct {
		Runnable Time `json:"runnable"`
		Running  Time `json:"running"`
		Syscall  Time `json:"syscall"`
		Waiting  Time `json:"waiting"`
		Unknown  Time `json:"unknown,omitempty"`
	}{s[Runnable], s[Running], s[InSyscall], s[Waiting], s[Unknown]})
}

// A Population counts goroutines.
type Population struct {
	Seen    int `json:"seen"`
	Created int `json:"created"` // in the trace
	Ended   int `json:"ended"`   // in the trace
	Alive   int `json:"alive"`   // at its end
}

// A Function is the goroutines that started in one function.
type Function struct {
	Name string `json:"name"` // "" where no stack says it
	Population
	Time    States       `json:"time"`
	Longest Time         `json:"longest"` // that one of those alive at the end has been blocked
	Latency Distribution `json:"latency"` // from runnable to running
}

// A Block is all the times that goroutines waited for one reason at one place.
type Block struct {
	Why    string       `json:"why"`   // the runtime's reason: "chan receive", "sync.Mutex.Lock"
	Stack  []Frame      `json:"stack"` // where they waited
	Waits  Distribution `json:"waits"` // those that ended
	Open   int          `json:"open"`  // that had not ended when the trace did
	Wakers []Waker      `json:"wakers,omitempty"`
}

// A Waker is who ended some waits, most first.
type Waker struct {
	Func  string  `json:"func"`  // that the goroutine started in; "" for the runtime: timers, the network poller
	Stack []Frame `json:"stack"` // where it was when it did; nil for the runtime
	Count int64   `json:"count"`
}

// A Delay is one time that a goroutine could run and did not.
type Delay struct {
	G     GoID   `json:"g"`
	Func  string `json:"func"`
	Start Time   `json:"start"`
	End   Time   `json:"end"`
}

// Collections are the garbage collector's work.
type Collections struct {
	Cycles  int                      `json:"cycles"`
	Mark    Distribution             `json:"mark"`    // cycles, but for the sweeping
	Stopped map[string]*Distribution `json:"stopped"` // the world, by reason
	Assists Distribution             `json:"assists"`
	Sweeps  Distribution             `json:"sweeps"`
	Workers Time                     `json:"workers"` // that goroutines of the collector ran
	Peak    uint64                   `json:"peak"`    // bytes of live and not yet swept objects, the most
	Goal    uint64                   `json:"goal"`    // the last goal, bytes
}

// How many rows a Summary keeps.
const (
	mostWakers = 4
	mostDelays = 10
)

// blockKey is a reason and a place.
type blockKey struct {
	why   Symbol
	stack StackID
}

type wakerKey struct {
	of    Symbol
	stack StackID
}

// A summing is a Summary while the generations go by.
type summing struct {
	*Summary
	t         *Trace
	functions map[Symbol]*Function
	blocks    map[blockKey]*Block
	wakers    map[blockKey]map[wakerKey]int64
	starts    map[GoID]Symbol // what goroutines started in
	threads   map[ThreadID]bool
	seen      map[GoID]bool
}

// Summarize reads a trace once, one generation at a time.
func (t *Trace) Summarize() *Summary {
	s := &summing{
		Summary: &Summary{Version: t.Version, Size: t.Size, Loss: t.Loss, GC: Collections{Stopped: map[string]*Distribution{}}},
		t:       t, functions: map[Symbol]*Function{}, blocks: map[blockKey]*Block{}, wakers: map[blockKey]map[wakerKey]int64{},
		starts: map[GoID]Symbol{}, threads: map[ThreadID]bool{}, seen: map[GoID]bool{},
	}
	for g := range t.Generations(Options{}) {
		s.generation(g)
	}
	s.finish()
	return s.Summary
}

func (s *summing) generation(g *Generation) {
	if s.Generations == 0 {
		s.Start = g.Start
	}
	s.Generations++
	s.Events += g.Events
	s.End = max(s.End, g.End)
	s.Procs = max(s.Procs, len(g.Procs))
	s.Inversions += g.Inversions
	s.Conflicts += g.Conflicts
	s.Loss.join(&g.Loss)
	for _, th := range g.Threads {
		s.threads[th.ID] = true
	}
	for i := range g.Stays {
		from, to := g.Stays[i].Start, g.Stays[i].End
		if to == open {
			to = g.End
		}
		s.Busy += max(0, to-from)
	}
	for i := range g.Goroutines {
		s.starts[g.Goroutines[i].ID] = g.Goroutines[i].Func
	}
	for i := range g.Goroutines {
		s.goroutine(g, i)
	}
	// Only now: whoever has ended may have woken any of the others before. Numbers are not
	// used twice.
	for i := range g.Goroutines {
		if row := &g.Goroutines[i]; row.HasEnded() {
			delete(s.seen, row.ID)
			delete(s.starts, row.ID)
		}
	}
	s.collections(g)
}

// goroutine takes what one was at in a generation.
func (s *summing) goroutine(g *Generation, i int) {
	row := &g.Goroutines[i]
	f := s.functions[row.Func]
	if f == nil {
		f = &Function{Name: s.t.Name(row.Func)}
		s.functions[row.Func] = f
	}
	if !s.seen[row.ID] {
		s.seen[row.ID] = true
		f.Seen++
		if row.HasCreated() {
			f.Created++
		}
	}
	if row.HasEnded() {
		f.Ended++
	} else if g.Final {
		f.Alive++
	}
	for iv := range g.Timeline(i) {
		if iv.State > Waiting {
			continue
		}
		f.Time[iv.State] += iv.End - iv.Start
		switch iv.State {
		case Waiting:
			s.wait(f, iv)
		case Runnable:
			if !iv.Open {
				s.delay(f, row.ID, iv)
			}
		}
	}
}

func (s *summing) wait(f *Function, iv *Interval) {
	key := blockKey{iv.Why, iv.Stack}
	b := s.blocks[key]
	if b == nil {
		b = &Block{Why: s.t.Name(iv.Why), Stack: s.t.Frames(iv.Stack)}
		s.blocks[key] = b
		s.wakers[key] = map[wakerKey]int64{}
	}
	if iv.Open {
		b.Open++
		f.Longest = max(f.Longest, iv.End-iv.Start)
		return
	}
	b.Waits.Add(iv.End - iv.Start)
	s.wakers[key][wakerKey{s.starts[iv.By], iv.ByStack}]++
}

func (s *summing) delay(f *Function, id GoID, iv *Interval) {
	d := iv.End - iv.Start
	f.Latency.Add(d)
	s.Latency.Add(d)
	if n := len(s.Slowest); n == mostDelays && d <= s.Slowest[n-1].End-s.Slowest[n-1].Start {
		return
	}
	s.Slowest = append(s.Slowest, Delay{G: id, Func: f.Name, Start: iv.Start, End: iv.End})
	slices.SortStableFunc(s.Slowest, func(a, b Delay) int { return cmp.Compare(b.End-b.Start, a.End-a.Start) })
	s.Slowest = s.Slowest[:min(len(s.Slowest), mostDelays)]
}

func (s *summing) collections(g *Generation) {
	for i := range g.Ranges {
		r := &g.Ranges[i]
		if r.End == open {
			continue
		}
		d := r.End - r.Start
		switch r.Kind {
		case GCMark:
			s.GC.Cycles++
			s.GC.Mark.Add(d)
		case GCAssist:
			s.GC.Assists.Add(d)
		case GCSweep:
			s.GC.Sweeps.Add(d)
		case STW:
			why := s.t.Name(r.Why)
			if s.GC.Stopped[why] == nil {
				s.GC.Stopped[why] = &Distribution{}
			}
			s.GC.Stopped[why].Add(d)
		}
	}
	for _, m := range g.Metrics {
		switch m.Kind {
		case HeapAlloc:
			s.GC.Peak = max(s.GC.Peak, m.Value)
		case HeapGoal:
			s.GC.Goal = m.Value
		}
	}
}

// worker is what goroutines of the collector start in.
const worker = "runtime.gcBgMarkWorker"

// finish sorts what was found.
func (s *summing) finish() {
	s.Threads = len(s.threads)
	for _, f := range s.functions {
		s.Goroutines.Seen += f.Seen
		s.Goroutines.Created += f.Created
		s.Goroutines.Ended += f.Ended
		s.Goroutines.Alive += f.Alive
		for state, d := range f.Time {
			s.Time[state] += d
		}
		if f.Name == worker {
			s.GC.Workers += f.Time[Running]
		}
		s.Functions = append(s.Functions, *f)
	}
	slices.SortFunc(s.Functions, func(a, b Function) int {
		return cmp.Or(cmp.Compare(b.Time[Running], a.Time[Running]), cmp.Compare(b.Seen, a.Seen), cmp.Compare(a.Name, b.Name))
	})
	for key, b := range s.blocks {
		for w, n := range s.wakers[key] {
			b.Wakers = append(b.Wakers, Waker{Func: s.t.Name(w.of), Stack: s.t.Frames(w.stack), Count: n})
		}
		slices.SortFunc(b.Wakers, func(a, b Waker) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Func, b.Func), compareStacks(a.Stack, b.Stack))
		})
		b.Wakers = b.Wakers[:min(len(b.Wakers), mostWakers)]
		s.Blocks = append(s.Blocks, *b)
	}
	slices.SortFunc(s.Blocks, func(a, b Block) int {
		return cmp.Or(cmp.Compare(b.Waits.Sum, a.Waits.Sum), cmp.Compare(b.Open, a.Open), cmp.Compare(a.Why, b.Why), compareStacks(a.Stack, b.Stack))
	})
}

// compareStacks orders stacks by what they say, which is the same in every run.
func compareStacks(a, b []Frame) int {
	return slices.CompareFunc(a, b, func(a, b Frame) int {
		return cmp.Or(cmp.Compare(a.Function, b.Function), cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line))
	})
}
