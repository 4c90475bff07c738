package trace

import "strconv"

// A Kind is what an event says. The numbers are those of the file, which are those of
// internal/trace/tracev2.EventType; the runtime writes most of them in traceruntime.go.
type Kind uint8

// Kinds that frame the file. They are never the kind of an [Event], but for Sync.
const (
	eventBatch   Kind = 1 + iota // [generation, M, timestamp, size] and so many bytes of events
	stacks                       // a part of the table of stacks
	stackEntry                   // [id, frames] and, for each frame, [pc, function, file, line]
	stringsTable                 // a part of the table of strings
	stringEntry                  // [id, length] and the bytes
	cpuSamples                   // a part of the CPU profile
	CPUSample                    // a sample of the CPU profile (tracecpu.go, traceReadCPU)
	frequency                    // [units of time in a second]
)

// Kinds of events. What stands in brackets is what [Event.Args] holds, in this order.
const (
	ProcsChange Kind = 9 + iota // GOMAXPROCS is now [procs, stack] (GomaxprocsChange)
	ProcStart                   // a P starts on this M [P, sequence] (ProcStart)
	ProcStop                    // this M lets go of its P (ProcStop)
	ProcSteal                   // a P is taken from an M in a system call [P, sequence, M] (ProcSteal)
	ProcStatus                  // what a P is at, said once a generation [P, status] (writeProcStatus)

	GoCreate            // [new goroutine, stack it starts at, stack] (GoCreate)
	GoCreateSyscall     // a thread of C appears as a goroutine [goroutine] (GoCreateSyscall)
	GoStart             // a goroutine starts to run [goroutine, sequence] (GoStart)
	GoDestroy           // the goroutine that runs ends (GoEnd)
	GoDestroySyscall    // a thread of C goes away (GoDestroySyscall)
	GoStop              // the goroutine that runs yields [reason, stack] (GoStop)
	GoBlock             // the goroutine that runs blocks [reason, stack] (GoPark)
	GoUnblock           // a goroutine is made runnable [goroutine, sequence, stack] (GoUnpark)
	GoSyscallBegin      // [sequence of the P, stack] (GoSysCall)
	GoSyscallEnd        // and the P was kept (GoSysExit)
	GoSyscallEndBlocked // and the P was lost: the goroutine is runnable (GoSysExit)
	GoStatus            // what a goroutine is at, said once a generation [goroutine, M, status] (writeGoStatus)

	STWBegin           // the world is stopped [reason, stack] (STWStart)
	STWEnd             // (STWDone)
	GCActive           // a collection was under way when the generation began [sequence] (GCActive)
	GCBegin            // marking begins [sequence, stack] (GCStart)
	GCEnd              // marking is done [sequence] (GCDone)
	GCSweepActive      // a P was sweeping when the generation began [P]
	GCSweepBegin       // the P sweeps, for an allocation [stack] (GCSweepSpan)
	GCSweepEnd         // [bytes swept, bytes reclaimed] (GCSweepDone)
	GCMarkAssistActive // a goroutine was assisting when the generation began [goroutine]
	GCMarkAssistBegin  // the goroutine has to mark, to pay for what it allocates [stack] (GCMarkAssistStart)
	GCMarkAssistEnd    // (GCMarkAssistDone)
	HeapAlloc          // bytes in live and not yet swept objects [bytes] (HeapAlloc)
	HeapGoal           // bytes at which the next collection should be done [bytes] (HeapGoal)

	GoLabel         // a name for what the goroutine does: the kind of GC worker [label] (GoStart)
	UserTaskBegin   // runtime/trace.NewTask [task, parent, name, stack] (UserTaskCreate)
	UserTaskEnd     // Task.End [task, stack] (UserTaskEnd)
	UserRegionBegin // StartRegion, WithRegion [task, name, stack] (UserRegion)
	UserRegionEnd   // [task, name, stack] (UserRegion)
	UserLog         // Log, Logf [task, category, message, stack] (UserLog)

	GoSwitch        // in the file only: a coroutine runs another [goroutine, sequence] (GoSwitch); see Event
	GoSwitchDestroy // in the file only: and ends (GoSwitch)
	GoCreateBlocked // a coroutine, which starts blocked [new goroutine, stack it starts at, stack] (GoCreate)
	GoStatusStack   // [goroutine, M, status, stack] (writeGoStatus)

	experimentalBatch // [experiment], then as eventBatch
	Sync              // a generation begins; in the file, the batch with the clocks
	clockSnapshot     // [timestamp, monotonic, seconds, nanoseconds]
	endOfGeneration   // since Go 1.26
)

// Kinds of the experiment that GODEBUG=traceallocfree=1 turns on (traceallocfree.go).
// Identifiers are addresses, counted in units of [AllocFree] from its first address.
const (
	Span                Kind = 128 + iota // a span of the heap was there at the start [span, pages, class<<1 or 1 for a stack]
	SpanAlloc                             // [span, pages, class<<1 or 1]
	SpanFree                              // [span]
	HeapObject                            // an object was there at the start [object, type]
	HeapObjectAlloc                       // [object, type]
	HeapObjectFree                        // [object]
	GoroutineStack                        // a stack was there at the start [stack, log2 of its size plus 1]
	GoroutineStackAlloc                   // [stack, log2 of its size plus 1]
	GoroutineStackFree                    // [stack]
)

// maxEventBytes is what the longest event takes: its kind and five numbers, each of at
// most ten bytes.
const maxEventBytes = 1 + 5*maxVarint

// maxVarint is how long a number of 64 bits is at most.
const maxVarint = 10

// arity is how many numbers follow the kind, the time among them; 0 for what is no event
// of a stream. The source is tracev2.Specs.
var arity = [256]uint8{
	ProcsChange: 3, ProcStart: 3, ProcStop: 1, ProcSteal: 4, ProcStatus: 3,
	GoCreate: 4, GoCreateSyscall: 2, GoStart: 3, GoDestroy: 1, GoDestroySyscall: 1, GoStop: 3, GoBlock: 3, GoUnblock: 4,
	GoSyscallBegin: 3, GoSyscallEnd: 1, GoSyscallEndBlocked: 1, GoStatus: 4,
	STWBegin: 3, STWEnd: 1, GCActive: 2, GCBegin: 3, GCEnd: 2, GCSweepActive: 2, GCSweepBegin: 2, GCSweepEnd: 3,
	GCMarkAssistActive: 2, GCMarkAssistBegin: 2, GCMarkAssistEnd: 1, HeapAlloc: 2, HeapGoal: 2,
	GoLabel: 2, UserTaskBegin: 5, UserTaskEnd: 3, UserRegionBegin: 4, UserRegionEnd: 4, UserLog: 5,
	GoSwitch: 3, GoSwitchDestroy: 3, GoCreateBlocked: 4, GoStatusStack: 5,
	Span: 4, SpanAlloc: 4, SpanFree: 2, HeapObject: 3, HeapObjectAlloc: 3, HeapObjectFree: 2,
	GoroutineStack: 3, GoroutineStackAlloc: 3, GoroutineStackFree: 2,
}

// stackAt is which of Event.Args names the stack of whoever made the event, counted from
// one; 0 where there is none.
var stackAt = [256]uint8{
	CPUSample: 1, ProcsChange: 2, GoCreate: 3, GoStop: 2, GoBlock: 2, GoUnblock: 3, GoSyscallBegin: 2, STWBegin: 2, GCBegin: 2,
	GCSweepBegin: 1, GCMarkAssistBegin: 1, UserTaskBegin: 4, UserTaskEnd: 2, UserRegionBegin: 3, UserRegionEnd: 3, UserLog: 4,
	GoCreateBlocked: 3, GoStatusStack: 4,
}

// Names of kinds are those of the runtime.
var kindNames = [256]string{
	CPUSample: "CPUSample", ProcsChange: "ProcsChange", ProcStart: "ProcStart", ProcStop: "ProcStop", ProcSteal: "ProcSteal", ProcStatus: "ProcStatus",
	GoCreate: "GoCreate", GoCreateSyscall: "GoCreateSyscall", GoStart: "GoStart", GoDestroy: "GoDestroy",
	GoDestroySyscall: "GoDestroySyscall", GoStop: "GoStop", GoBlock: "GoBlock", GoUnblock: "GoUnblock",
	GoSyscallBegin: "GoSyscallBegin", GoSyscallEnd: "GoSyscallEnd", GoSyscallEndBlocked: "GoSyscallEndBlocked", GoStatus: "GoStatus",
	STWBegin: "STWBegin", STWEnd: "STWEnd", GCActive: "GCActive", GCBegin: "GCBegin", GCEnd: "GCEnd",
	GCSweepActive: "GCSweepActive", GCSweepBegin: "GCSweepBegin", GCSweepEnd: "GCSweepEnd",
	GCMarkAssistActive: "GCMarkAssistActive", GCMarkAssistBegin: "GCMarkAssistBegin", GCMarkAssistEnd: "GCMarkAssistEnd",
	HeapAlloc: "HeapAlloc", HeapGoal: "HeapGoal", GoLabel: "GoLabel", UserTaskBegin: "UserTaskBegin", UserTaskEnd: "UserTaskEnd",
	UserRegionBegin: "UserRegionBegin", UserRegionEnd: "UserRegionEnd", UserLog: "UserLog",
	GoSwitch: "GoSwitch", GoSwitchDestroy: "GoSwitchDestroy", GoCreateBlocked: "GoCreateBlocked", GoStatusStack: "GoStatusStack", Sync: "Sync",
	Span: "Span", SpanAlloc: "SpanAlloc", SpanFree: "SpanFree", HeapObject: "HeapObject", HeapObjectAlloc: "HeapObjectAlloc",
	HeapObjectFree: "HeapObjectFree", GoroutineStack: "GoroutineStack", GoroutineStackAlloc: "GoroutineStackAlloc", GoroutineStackFree: "GoroutineStackFree",
}

// String is the runtime's name of the kind.
func (k Kind) String() string {
	if s := kindNames[k]; s != "" {
		return s
	}
	return "Kind(" + strconv.Itoa(int(k)) + ")"
}

// A State is what a goroutine is at, or, with Idle, a P. The first five numbers are those
// of the file (tracev2.GoStatus).
type State uint8

const (
	Unknown   State  = iota // before the first word about it
	Runnable                // could run, and waits for a P
	Running                 // runs on an M with a P, as far as the runtime knows: the system may have taken the CPU away
	InSyscall               // in a system call or in C
	Waiting                 // blocked: for what, the reason says
	Absent                  // not yet created, or ended
	Idle                    // of a P: nobody has it
	states    = iota        // how many there are
)

// String is one word in lower case.
func (s State) String() string {
	switch s {
	case Runnable:
		return "runnable"
	case Running:
		return "running"
	case InSyscall:
		return "syscall"
	case Waiting:
		return "waiting"
	case Absent:
		return "absent"
	case Idle:
		return "idle"
	}
	return "unknown"
}

// Statuses of a P in the file (tracev2.ProcStatus).
const (
	procRunning   = 1
	procIdle      = 2
	procSyscall   = 3
	procAbandoned = 4 // in a system call whose M is not known any more
)
