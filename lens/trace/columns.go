package trace

import "iter"

// A Generation is the columns of one generation: rows of plain structs that name each other
// by index. [Trace.Generations] gives them in order, with what is open carried from each
// to the next.
//
// What lasts over the end of a generation is given where it ends, complete; what is still
// open at the end of the trace is given with the last generation. Runs and stays are the
// exception: they are rows of the file, cut where the file cuts them, and say so.
// [Generation.Timeline] puts them together.
type Generation struct {
	ID     uint64 // as the runtime counts
	Index  int    // in Trace.Extents
	Start  Time   // the earliest batch
	End    Time   // the last event; of the last generation, the end of the trace
	Final  bool   // no other comes after it
	Events int64  // in the file: a switch between coroutines is one

	Goroutines []Goroutine // every one that was alive in it, in no order
	Runs       []Run       // by thread, in order
	Wakes      []Wake      // by thread, in order
	Calls      []Call      // by run, in order
	Stays      []Stay      // by P, in order
	Threads    []Thread    //
	Procs      []Proc      //
	Ranges     []Range     // what ended here: collections, sweeps, assists, stopped worlds
	Regions    []Region    // what ended here
	Tasks      []Task      // what ended here
	Logs       []Log       // by thread, in order
	Labels     []Label     // by thread, in order
	Metrics    []Metric    // by thread, in order
	Samples    []Sample    // by time
	Allocs     []Alloc     // by thread, in order: with GODEBUG=traceallocfree=1
	AllocFree  *AllocFree  // what explains Allocs, nil without

	Inversions int64 // steps back in time between two states of one goroutine
	Furthest   Time  // the greatest of them
	Conflicts  int64 // what doesn't fit together: lost events, or a state that is not what it was
	Loss       Loss  // what decoding found to be missing, beside Trace.Loss

	slots    []uint32 // what happened to each goroutine, in order: indexes of Runs, or of Wakes with wakeBit
	carries  []carry
	marks    []mark   // by run, in order
	assists  []assist // under way when the generation began
	cycles   []cycle
	phantoms []phantom
	names    *names
}

// wakeBit marks a slot that is a wake. There are never so many rows: 2^31 runs take 80 GB.
const wakeBit = 1 << 31

// phantom is a run at the start of a thread whose goroutine this generation doesn't name.
type phantom struct {
	run uint32
	m   uint64
}

// cycle is a GCBegin, GCActive or GCEnd.
type cycle struct {
	seq   uint64
	time  Time
	run   uint32
	stack StackID
	kind  Kind
}

// none is the index of no row.
const none = ^uint32(0)

// A Goroutine is one goroutine, as it is known at the end of the generation. Totals and
// times are over its whole life, not only this generation.
type Goroutine struct {
	ID      GoID
	Parent  GoID              // who created it; 0 for the runtime, or before the trace
	Created Time              // open, which IsOpen tells, where that was before the trace
	Ended   Time              // open where it has not
	First   Time              // the first word about it: where its totals start
	Until   Time              // how far its totals go: its last change of state; in the last generation the end of the trace
	Total   [Waiting + 1]Time // in each State; their sum is Until - First
	Func    Symbol            // what it started in, "" where no stack says it
	Stack   StackID           // of its creation
	State   State             // at the end of the generation; Absent once it has ended
	status  State             // the first word in this generation; Unknown where there was none
	created bool              // here
	kept    bool              // it has a life in the stitcher
	carry   uint32            // what came with it into this generation or left with it: index of carries, or none
	made    uint32            // the run that created it
	run     uint32            // that its status opened
	from    uint32            // its part of slots
	to      uint32
	at      Time // of the first word in this generation
}

// carry is what a goroutine that is older than the generation, or outlives it, was at. It
// is apart from its row because most goroutines are neither.
type carry struct{ in, out carried }

// assist is a GCMarkAssistActive.
type assist struct {
	g    uint32
	time Time
}

// carried is an interval that has begun.
type carried struct {
	state   State
	since   Time
	why     Symbol
	stack   StackID
	by      GoID
	byStack StackID
}

// HasCreated reports whether its creation is in the trace.
func (g *Goroutine) HasCreated() bool { return g.Created != open }

// HasEnded reports whether its end is in the trace.
func (g *Goroutine) HasEnded() bool { return g.Ended != open }

// How says how a run ended.
type How uint8

const (
	StillRunning How = iota // not yet, when the generation ended
	Blocked                 // for the reason in Why
	Yielded                 // preempted, or by itself: the reason is in Why
	Ended                   // the goroutine did
	Switched                // to another coroutine
	LostProc                // its P was taken from it in a system call
	Lost                    // something is missing here
)

// A Run is one stay of a goroutine on a thread, system calls included: from a GoStart to
// what ended it.
type Run struct {
	Start, End Time // End is open for StillRunning
	G          uint32
	M          uint32  // index of Threads
	Call       uint32  // its first system call: those to the next Run's are its
	Why        Symbol  // Blocked, Yielded: the runtime's reason (traceruntime.go, traceGoStopReason, traceBlockReason)
	Stack      StackID // where it blocked or yielded
	P          int16   // NoProc where it was in a system call without one
	How        How
	flags      uint8
}

const (
	runSwitched   uint8 = 1 << iota // began by a switch from the run before it
	runCarried                      // began in an earlier generation
	runInCall                       // and was in a system call
	runEndsInCall                   // its last system call ends with it
	runMarked                       // it has marks
	runCalls                        // it has system calls
)

// IsCarried reports whether the run began in an earlier generation, as one that was
// StillRunning there.
func (r *Run) IsCarried() bool { return r.flags&runCarried != 0 }

// A Wake is one goroutine made runnable by another, or by the runtime.
type Wake struct {
	Time  Time
	G     uint32  // who was woken
	Run   uint32  // of who woke it; none (^0) for the network poller, timers, the collector on an M without goroutine
	M     uint32  // index of Threads
	Stack StackID // of who woke it
}

// A Call is a system call, or a call of C. Those that take under 20 µs are among
// them: the runtime traces all that it is told of (entersyscall).
type Call struct {
	Start, End Time // Start is where the generation found it, if it was carried; End is open where it has none here
	Run        uint32
	Stack      StackID
}

// A Stay is the time that a P is with an M, the M's system calls included.
type Stay struct {
	Start, End Time // End is open where it has none in this generation
	M          uint32
	P          ProcID
	Carried    bool // from an earlier generation
	Stolen     bool // taken in a system call
}

// A Thread is an M, with the runs on it.
type Thread struct {
	ID         ThreadID
	From, To   uint32 // Runs[From:To]
	head, last uint32 // phantom run at its start; the last run
}

// A Proc is a P, with its stays.
type Proc struct {
	ID       ProcID
	From, To uint32 // Stays[From:To]
}

// A RangeKind is what a Range is of.
type RangeKind uint8

const (
	GCMark   RangeKind = iota // the whole of a collection, but for the sweeping
	GCSweep                   // a P sweeps before it allocates
	GCAssist                  // a goroutine marks, to pay for what it allocates
	STW                       // the world is stopped, or about to be
)

// A Range is a stretch of time with a name, as x/exp/trace calls it.
type Range struct {
	Kind       RangeKind
	Before     bool // it was under way when the trace began, and Start is that
	Start, End Time // End is open where the trace ends in it
	G          GoID // who did it; for GCMark who began it
	P          ProcID
	Why        Symbol // STW: the reason (runtime.stwReason)
	Stack      StackID
	Swept      uint64 // GCSweep: bytes
	Reclaimed  uint64 // GCSweep: bytes
}

// A Region is a region of runtime/trace.
type Region struct {
	G          GoID
	Task       uint64
	Name       Symbol
	Depth      int  // regions around it
	Start, End Time // either is open where it is not in the trace
	Stack      StackID
	EndStack   StackID
}

// A Task is a task of runtime/trace.
type Task struct {
	ID, Parent uint64 // Parent is 0 where there is none
	Name       Symbol
	Start, End Time // either is open where it is not in the trace
	G, EndG    GoID // who began and ended it
	Stack      StackID
	EndStack   StackID
}

// A Log is a message of runtime/trace.
type Log struct {
	Time     Time
	G        GoID
	Task     uint64
	Category Symbol
	Message  string
	Stack    StackID
}

// A Label says what a goroutine does, which the runtime says of workers of the collector.
type Label struct {
	Time Time
	G    GoID
	Name Symbol
}

// A Metric is a figure that changed: HeapAlloc, HeapGoal or ProcsChange.
type Metric struct {
	Time  Time
	Kind  Kind
	Value uint64
}

// An Alloc is an event of the experiment AllocFree: see Kind.
type Alloc struct {
	Time Time
	ID   uint64
	Arg  uint64 // pages, type or size
	Run  uint32 // who did it, none (^0) for the runtime
	Kind Kind
}

// mark is an event that belongs to a goroutine, wherever it then runs.
type mark struct {
	time  Time
	run   uint32
	stack StackID
	kind  Kind
	args  [3]uint64
}

// GoroutineOf is who a run is of; 0 where that is not known.
func (g *Generation) GoroutineOf(run uint32) GoID {
	if run >= uint32(len(g.Runs)) || g.Runs[run].G == none {
		return 0
	}
	return g.Goroutines[g.Runs[run].G].ID
}

// CallsOf are the system calls of a run.
func (g *Generation) CallsOf(run uint32) []Call {
	return g.Calls[g.Runs[run].Call:g.callsEnd(run)]
}

func (g *Generation) callsEnd(run uint32) uint32 {
	if int(run)+1 < len(g.Runs) {
		return g.Runs[run+1].Call
	}
	return uint32(len(g.Calls))
}

// An Interval is what a goroutine was at for a while.
type Interval struct {
	Start, End Time
	State      State
	Open       bool     // it did not end: End is the end of the trace
	G          GoID     //
	Why        Symbol   // Waiting: for what; Runnable: why it stopped, "" after being woken
	Stack      StackID  // Waiting, Runnable, InSyscall: where it stopped
	By         GoID     // Waiting: who ended it; Runnable: who began it, waker or creator. 0 for the runtime
	ByStack    StackID  // and where
	M          ThreadID // Running, InSyscall: on which, NoThread otherwise
	P          ProcID   // Running: on which, NoProc otherwise
}

// Timeline is what the i-th goroutine was at, without gaps. Intervals that end in this
// generation are given whole, from where they began; with the last generation also the one
// that the trace ends in. All generations' timelines of one goroutine are its life.
// The interval is overwritten by the next step.
func (g *Generation) Timeline(i int) iter.Seq[*Interval] {
	return func(yield func(*Interval) bool) {
		row := g.Goroutines[i]
		l := timeline{gen: g, row: &row, yield: yield}
		l.walk()
		if g.Final && !l.stopped && l.now.State != Absent {
			l.now.End, l.now.Open = g.End, true
			yield(&l.now)
		}
	}
}
