package claim

import (
	"context"
	"fmt"
	"runtime"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Terminates claims that f returns within the given time. When it does not, the
// test ends at once, with outcome timeout, and shows the stacks of f and of what
// f started; they stay as they are, for nobody can stop a goroutine from outside.
//
// f runs on a goroutine of its own, but may call t.FailNow and t.SkipNow, and a
// panic in it is one of the test. The time is a bound for hanging, not a measure
// of speed: give seconds.
func Terminates(t testing.TB, within time.Duration, f func()) {
	t.Helper()
	r := start(f)
	timer := time.NewTimer(within)
	defer timer.Stop()
	select {
	case <-r.done:
		r.resume()
		return
	case <-timer.C:
	}
	text, advice := r.hanging()
	evidence{Kind: KindStack, Title: "what hangs", Text: text}.fail(t, OutcomeTimeout,
		"It did not return within %v.\n%s", within, advice)
	t.FailNow()
}

// A run is a function on its own goroutine, and how it ended.
type run struct {
	id       atomic.Int64 // of the goroutine
	done     chan struct{}
	ended    atomic.Bool // as done, for who must not touch the channel of a bubble
	returned bool
	panicked any
	stack    []byte
}

func start(f func()) *run {
	r := &run{done: make(chan struct{})}
	go watched(r, f)
	return r
}

// watched calls f and notes how it ends. Stacks are searched for its name.
func watched(r *run, f func()) {
	r.id.Store(int64(self().id))
	defer close(r.done)
	defer func() {
		if !r.returned {
			r.panicked = recover()
			r.stack = debug.Stack()
		}
		r.ended.Store(true)
	}()
	f()
	r.returned = true
}

// resume goes on as if f had been called here.
func (r *run) resume() {
	switch {
	case r.panicked != nil:
		panic(fmt.Sprintf("%v\n\n%s", r.panicked, r.stack))
	case !r.returned:
		runtime.Goexit() // f called FailNow or SkipNow
	}
}

// hanging renders the goroutine of f, what f started, and, for who holds the lock
// or the other end of the channel may be there, the other goroutines; and says
// what f waits for.
func (r *run) hanging() (text, advice string) {
	id := int(r.id.Load())
	me := self().id
	all := dump()
	children := map[int]bool{}
	for _, g := range family(all, map[int]bool{id: true}, nil) {
		children[g.id] = true
	}
	var f, started, others []goroutine
	for _, g := range all {
		switch {
		case g.id == id:
			f = append(f, g)
			advice = waitsFor(g)
		case children[g.id]:
			started = append(started, g)
		case g.id != me && !ofTesting(g):
			others = append(others, g)
		}
	}
	var b strings.Builder
	b.WriteString(stacks(f))
	if len(started) > 0 {
		b.WriteString("\nstarted by it:\n" + stacks(started))
	}
	if len(others) > 0 {
		b.WriteString("\nothers:\n" + stacks(others))
	}
	return b.String(), advice
}

// ofTesting reports whether the goroutine only waits for a test.
func ofTesting(g goroutine) bool {
	if len(g.frames) == 0 || g.watched {
		return g.watched // what another claim has said already
	}
	pkg, _, _ := strings.Cut(g.frames[0].fn, ".")
	return pkg == "testing" || pkg == "testing/synctest" || pkg == "internal/synctest"
}

// Deadlocks claims that f blocks for ever. It fails the test, with outcome
// deadlock, when f returns, panics, polls or waits for a clock or a connection.
//
// Make what f uses inside f. Then the answer is a proof: f runs in a bubble of
// [testing/synctest], where every channel is known and a hundred years pass in no
// time. What comes from outside the bubble, and a mutex anywhere, can in
// principle be freed by somebody else later; then f must be found blocked and
// stay so for half a second. The same is done where t is not a [testing.T].
//
// The goroutines of f remain, blocked; [NoGoroutineLeak] does not blame them.
func Deadlocks(t testing.TB, f func()) {
	t.Helper()
	var v blocking
	tt, ok := t.(*testing.T)
	switch {
	case inBubble():
		v = blocksInBubble(f, func(*run) bool { return false })
	case ok:
		v = blocksAtAll(tt, f)
	default:
		v = observe(start(unlabelled(f)))
	}
	if v.ended != nil && !v.ended.returned {
		v.ended.resume()
	}
	if v.why == "" {
		return
	}
	const says = "It should block for ever, and does not: %s"
	if v.text == "" {
		Fail(t, OutcomeDeadlock, says, v.why)
		return
	}
	evidence{Kind: KindStack, Title: "where it is", Text: v.text}.fail(t, OutcomeDeadlock, says, v.why)
}

// blocking is the answer to whether a function blocks for ever: it does where why
// is empty.
type blocking struct {
	ended *run   // set where the function ended
	why   string // a sentence
	text  string // stacks
}

func (r *run) over() blocking { return blocking{ended: r, why: "it returned."} }

// unlabelled takes the labels of the test off f, so that what is meant to stay
// is not taken for a leak.
func unlabelled(f func()) func() {
	return func() {
		pprof.SetGoroutineLabels(context.Background())
		f()
	}
}

const (
	blockedFor = 250 * time.Millisecond // for a proof, and then for looking from outside
	eternity   = 100 * 365 * 24 * time.Hour
)

// blocksInBubble answers in the bubble of the caller, by its clock. It tells stop
// what runs, and gives up when stop says so; its answer is then worth nothing.
func blocksInBubble(f func(), stop func(*run) bool) blocking {
	r := start(unlabelled(f))
	// Steps that double: a timer of any length goes off on the way, an idle bubble
	// takes only a few dozen, and one that polls can be stopped after at most as
	// much work again.
	for step := time.Millisecond; step < eternity && !stop(r); step *= 2 {
		synctest.Wait()
		select {
		case <-r.done:
			return r.over()
		default:
		}
		time.Sleep(step)
	}
	return blocking{}
}

// blocksAtAll answers by a bubble of its own, and by looking from outside where
// that cannot tell.
func blocksAtAll(t *testing.T, f func()) blocking {
	var inside atomic.Pointer[run]
	var late atomic.Bool
	verdict := make(chan blocking, 1)
	bubble := start(unlabelled(func() {
		var v blocking
		defer func() {
			// A bubble whose function is blocked cannot end well. The runtime says so
			// with this panic, which for once is the good news.
			if p := recover(); p != nil && !strings.HasPrefix(fmt.Sprint(p), "deadlock: ") {
				panic(p)
			}
			verdict <- v
		}()
		synctest.Test(t, func(*testing.T) {
			v = blocksInBubble(f, func(r *run) bool {
				inside.Store(r)
				return late.Load()
			})
		})
	}))
	limit := time.NewTimer(blockedFor)
	defer limit.Stop()
	select {
	case v := <-verdict:
		return v
	case <-bubble.done:
		select {
		case v := <-verdict:
			return v
		default:
			return bubble.over() // a panic, to go on with
		}
	case <-limit.C:
	}
	late.Store(true)
	r := inside.Load()
	if r == nil {
		r = bubble
	}
	return observe(r)
}

// observe looks at a run from outside for the time blockedFor. In the second half
// of it the function must be blocked whenever looked at.
func observe(r *run) blocking {
	const looks = 10
	for i := range looks {
		time.Sleep(blockedFor / looks)
		if r.ended.Load() {
			return r.over()
		}
		if i < looks/2 {
			continue
		}
		for _, g := range dump() {
			if why := notBlocked(g.state); g.id == int(r.id.Load()) && why != "" {
				text, _ := r.hanging()
				return blocking{why: why, text: text}
			}
		}
	}
	return blocking{}
}

// notBlocked explains why a goroutine in such a state is not blocked for ever,
// or returns nothing.
func notBlocked(state string) string {
	switch {
	case state == "running", state == "runnable", strings.HasPrefix(state, "GC"):
		return "it is running."
	case state == "sleep":
		return "it polls: it sleeps, and wakes by the clock."
	case state == "syscall", state == "IO wait":
		return "it waits for the operating system (" + state + "), where anybody may wake it."
	}
	return ""
}
