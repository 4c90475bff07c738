package leaks

// A Cause is a finding: why one kind of goroutine never ended. A full one can be
// written down from a goroutine profile and the source, without a guess.
type Cause struct {
	// Func is the function of this package that is highest on the stack of the
	// goroutine that was left behind, as a profile prints it: "(*Race).Quote" or
	// "(*Race).Quote.func1", with or without the path of the package. Where no frame
	// of the stack is ours, it is the function of this package that opened what the
	// goroutine serves: that made the context, sent the request, took the lock.
	Func string

	// Op is what that goroutine is blocked in: the words between the brackets after
	// its number. "goroutine 41 [chan receive, 3 minutes]:" is a ChanReceive.
	Op Op

	// Why is the mechanism: what was forgotten, so that the wait has no end.
	Why Why
}

// An Op is a way to be blocked, in the words of the runtime (runtime/runtime2.go,
// waitReasonStrings).
type Op string

// The operations that block a goroutine, as a profile names them.
const (
	ChanSend      Op = "chan send"
	ChanReceive   Op = "chan receive"
	NilChannel    Op = "chan receive (nil chan)"
	Select        Op = "select"
	SelectEmpty   Op = "select (no cases)"
	Sleep         Op = "sleep"
	MutexLock     Op = "sync.Mutex.Lock"
	CondWait      Op = "sync.Cond.Wait"
	WaitGroupWait Op = "sync.WaitGroup.Wait"
	IOWait        Op = "IO wait"
	Syscall       Op = "syscall"
	Running       Op = "running"
)

// A Why is a mechanism by which a goroutine is forgotten.
type Why string

// The mechanisms. Exactly one fits each leak of this service; several look as if
// they did until the stack has been read to its end.
const (
	NoReceiver        Why = "it sends, and whoever would have received has returned"
	NoSender          Why = "it receives, and whoever would have sent or closed has returned"
	StoppedTicker     Why = "it receives from a ticker that was stopped, which closes nothing"
	TimerPending      Why = "it sleeps until a timer fires that nobody stopped"
	ContextIgnored    Why = "it waits for data only, and does not watch the context that says that the data is no longer wanted"
	ContextDetached   Why = "it watches a context that was cut off from the one that gets cancelled"
	CancelNotCalled   Why = "it watches a context that is over and done with, and whose cancel function was never called"
	NoDeadline        Why = "it waits for a peer that never answers, without a deadline"
	BodyNotClosed     Why = "it keeps a connection for a response whose body was neither read to its end nor closed"
	IdleConnection    Why = "it keeps an idle connection open for the next request"
	LockHeld          Why = "it waits for a lock whose holder returned without unlocking"
	SlotNotReturned   Why = "it waits for a slot of a semaphore that somebody took and did not give back"
	MissedWakeup      Why = "it sleeps on a condition that came true, and it was not among those that were woken"
	CounterNotZero    Why = "it waits for a group whose count was raised once more than it was lowered"
	SubscriptionStale Why = "it is still registered with a publisher, under a name that nobody publishes any more"
)
