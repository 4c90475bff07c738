// Package trace reads execution traces of Go programs, of Go 1.22 and newer: who ran, who
// waited, for what, and who ended the waiting.
//
//	t, err := trace.Open("app.trace")
//	defer t.Close()
//	for e := range t.Events() {
//		if e.Kind == trace.GoBlock {
//			fmt.Println(e.Time, e.G, e.Text(), t.Frames(e.Stack()))
//		}
//	}
//
// There are two ways to read, and both take files of any size in the memory of one
// generation, about a second or 16 MB of the program:
//
//   - [Trace.Events] gives every event in order, for programs that follow along.
//   - [Trace.Generations] gives columns: who ran when and where, who woke whom, system calls,
//     stays of Ps, ranges, regions and tasks, as slices of structs, decoded by all processors.
//     [Generation.Timeline] is one goroutine's life.
//
// On the columns stand the answers: [Trace.Summarize], [Trace.Blame], [Trace.CriticalPath] and
// [Compare].
//
// Start with the second where the question is about time: it costs no merge, and totals are
// there. What a figure is worth is in the accounts: [Trace.Loss], [Order] and [Generation] say
// what was missing and what went against the clock.
//
// The package doesn't record, and keeps nothing between two readings but names of functions.
// Traces of Go 1.21 and older have another format: a [FormatError] says what to do.
//
// # How it works
//
//	kind.go         what the runtime writes: kinds of events and their numbers
//	wire.go         header, batches, generations: the walk that finds them; numbers
//	clock.go        units to nanoseconds
//	tables.go       strings, stacks, samples of a generation, and names of the trace
//	loss.go         what is damaged
//	order.go        events in order: streams, merge
//	advance.go      which event may come when, and what it changes
//	columns.go      the columns, described
//	decode.go       events to columns, thread by thread
//	note.go         what events say beside who runs
//	stitch.go       generations joined in order
//	timeline.go     one goroutine's life from its rows
//	generations.go  workers
//	summary.go      what a trace says at first sight
//	blame.go        who ran while others could have
//	critical.go     what delayed whom
//	compare.go      two traces, by ranks
//	distribution.go how long things took
//
// # Time
//
// Times are the trace's own, and true. golang.org/x/exp/trace, and all that is built on it,
// moves a time forward where it is not after the last event's: where generations overlap, as
// they do on a busy machine by milliseconds, that squeezes real time. Here only the order of
// events is put right, by the sequence numbers that the runtime gives, and every step back is
// counted.
//
// “Running” is the runtime's word for it: the system may have had the thread wait for a CPU
// all the same.
//
// # Traps
//
// What follows cost somebody a wrong answer once.
//
//   - A generation begins before the one before it has ended, on other threads. Intervals
//     over a boundary are right because they are joined per goroutine, not in time.
//   - The state that a goroutine is known to be in does not let its next event come before
//     its status of that generation was read: the numbers begin again with it.
//   - A goroutine may sit in a system call for whole generations. Then another M speaks for
//     it, and the first event of its own M has no goroutine before one has looked there.
//   - GoSyscallEndBlocked may come after a ProcStart on the same M: the P that was lost is the
//     one of before.
//   - Threads of C come and go with numbers that the system uses again, and may leave with a
//     P that is never stolen.
//   - A goroutine of C is created without a status and gets one afterwards, in the same
//     generation.
//   - Numbers of strings and stacks are a generation's own. [StackID] and [Symbol] are the
//     trace's.
//
// # Cost
//
// On traces of 10 and 38 million events a core reads events in order at 11 to 14 ns each
// and builds all columns at 18 to 23, where golang.org/x/exp/trace takes 76 to 80 ns, and 110 to 115
// with maps for a part of what the columns hold. The more finely threads interleave, the more turns
// the merge takes; columns don't care. BenchmarkOrdered and BenchmarkRebuild measure both in one
// run. Streaming takes some eleven bytes for each byte of the largest generation and worker.
package trace
