//go:build wheat

package leaks

// The case file. One finding for each stage: look first, write down what you saw,
// then repair. cause.go says what the fields mean and which values there are.

// FirstWins is why quoting a symbol leaves goroutines behind.
var FirstWins Cause = Cause{Func: "(*Race).Quote", Op: ChanSend, Why: NoReceiver}

// Subscriber is why a stream goes on when its client has gone.
var Subscriber Cause = Cause{Func: "(*Hub).ServeHTTP", Op: ChanReceive, Why: ContextIgnored}

// Ticker is why a symbol that nobody watches any more still has a goroutine.
var Ticker Cause = Cause{Func: "(*Poller).run", Op: ChanReceive, Why: StoppedTicker}

// Bodies is why an ailing market costs goroutines, two at a time.
var Bodies Cause = Cause{Func: "(*Upstream).Quote", Op: Select, Why: BodyNotClosed}

// Context is why every miss of the cache leaves a goroutine, and none of its frames is ours.
var Context Cause = Cause{Func: "(*Cache).fetch", Op: Select, Why: CancelNotCalled}

// Shutdown is why a service that was closed is not gone.
var Shutdown Cause = Cause{Func: "(*Pool).next", Op: CondWait, Why: MissedWakeup}
