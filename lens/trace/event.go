package trace

// A GoID is the runtime's number of a goroutine. Numbers are not used twice. 0 is none:
// it is no goroutine's.
type GoID uint64

// A ProcID is the number of a P: below GOMAXPROCS.
type ProcID int32

// NoProc stands where there is no P.
const NoProc ProcID = -1

// A ThreadID is the runtime's number of an M (m.procid: on Linux, the thread's number). The
// system uses numbers again.
type ThreadID uint64

// NoThread stands where there is no M.
const NoThread ThreadID = ^ThreadID(0)

// An Event is one thing that happened, in the order of [Trace.Events]. G, P and M are the
// context in which it happened, as it was before it: a GoStart has no G.
//
// An event that changes what a goroutine or a P is at says so: Subject is whose, From and To
// what it was and is. For kinds that begin with Go the subject is a goroutine, for kinds
// that begin with Proc a P.
//
// Two kinds of the file are given as what they mean. A switch between coroutines comes as
// GoUnblock of the one that goes on, GoBlock or GoDestroy of the one that did run, and
// GoStart. And when a thread of C that still has a P goes away, a ProcSteal goes before.
type Event struct {
	Time     Time
	G        GoID
	M        ThreadID
	Args     [4]uint64 // what else the file says, as its Kind documents; numbers of strings and stacks are the generation's
	Subject  uint64
	P        ProcID
	Kind     Kind
	From, To State

	tables *tables
}

// Stack is the stack of whoever made the event, 0 where none was recorded.
// For a GoStatusStack it is that of the subject.
func (e *Event) Stack() StackID {
	k := stackAt[e.Kind]
	if k == 0 || e.tables == nil {
		return 0
	}
	return e.stackOf(k - 1)
}

// StartStack is, for the creation of a goroutine, the stack that it starts at: one frame,
// its function.
func (e *Event) StartStack() StackID {
	if e.Kind != GoCreate && e.Kind != GoCreateBlocked {
		return 0
	}
	return e.stackOf(1)
}

func (e *Event) stackOf(arg uint8) StackID {
	if e.Kind == CPUSample {
		return StackID(e.Args[arg]) // a sample is decoded with its table
	}
	return e.tables.stacks.at(e.Args[arg&3])
}

// Text is the string that an event carries: the reason of a GoStop, GoBlock or STWBegin,
// the label of a GoLabel, the name of a task or region, the message of a UserLog.
func (e *Event) Text() string {
	switch e.Kind {
	case GoStop, GoBlock, STWBegin, GoLabel:
		return e.tables.strings.at(e.Args[0])
	case UserRegionBegin, UserRegionEnd:
		return e.tables.strings.at(e.Args[1])
	case UserTaskBegin, UserLog:
		return e.tables.strings.at(e.Args[2])
	}
	return ""
}

// Category is the category of a UserLog.
func (e *Event) Category() string {
	if e.Kind != UserLog {
		return ""
	}
	return e.tables.strings.at(e.Args[1])
}

// Task is the task of an annotation: of a UserTaskBegin or End itself, of a region or a
// log the one it belongs to. 0 is the background task.
func (e *Event) Task() uint64 {
	if e.Kind < UserTaskBegin || e.Kind > UserLog {
		return 0
	}
	return e.Args[0]
}

// AllocFree is what explains the events of the experiment of that name; nil in a trace
// without it. It holds for the event's generation.
func (e *Event) AllocFree() *AllocFree { return e.tables.alloc }

// ChangesGoroutine reports whether Subject is a goroutine.
func (e *Event) ChangesGoroutine() bool {
	return e.To != Unknown && e.Kind >= GoCreate
}

// ChangesProc reports whether Subject is a P.
func (e *Event) ChangesProc() bool {
	return e.To != Unknown && e.Kind < GoCreate
}
