package claim

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"
)

// A quiet test is given to a check that is tried and not yet reported. It notes
// how the check fails, and what it has to say is kept from the real test. What a
// check changes through it, directories and the environment too, is undone after
// each run, or two thousand runs would meet each other's leavings.
type quiet struct {
	testing.TB // the real test: its name, and what it alone can do

	mu       sync.Mutex
	failed   bool
	skipped  bool
	stopped  bool // by FailNow or SkipNow
	cleaning bool
	late     bool // the first failure was that of a cleanup
	outcome  Outcome
	alike    string      // set by alike
	first    string      // what the first failure said
	said     []string    // all failures, and the words of a skip
	size     int         // bytes in said and attrs
	attrs    [][2]string // but for outcomes
	cleanups []func()
	ctx      context.Context
	cancel   context.CancelFunc
}

// quietLimit is the most bytes that are kept of what one run says.
const quietLimit = 4 * evidenceLimit

// quietly runs f, and its cleanups, on a goroutine of its own, as the testing
// package does: FailNow ends only f, and a panic is a failure. After patience, 0
// being endless, it leaves f to itself and returns false.
func quietly(t testing.TB, patience time.Duration, f func(t testing.TB)) (q *quiet, ended bool) {
	q = &quiet{TB: t}
	r := start(func() {
		defer q.clean()
		f(q)
	})
	if patience == 0 {
		<-r.done
	} else {
		timer := time.NewTimer(patience)
		defer timer.Stop()
		select {
		case <-r.done:
		case <-timer.C:
			return q, false
		}
	}
	q.mu.Lock()
	stopped := q.stopped
	q.mu.Unlock()
	switch {
	case r.panicked != nil:
		q.fail(fmt.Sprintf("panic: %v", r.panicked), fmt.Sprintf("panic: %v\n\n%s", r.panicked, r.stack))
	case !r.returned && !stopped:
		q.fail("it called runtime.Goexit", "it called runtime.Goexit")
	}
	return q, true
}

// clean runs the cleanups, last first, all of them whatever they do.
func (q *quiet) clean() {
	q.mu.Lock()
	cancel := q.cancel
	q.cleaning = true
	q.mu.Unlock()
	if cancel != nil {
		cancel()
	}
	for {
		q.mu.Lock()
		last := len(q.cleanups) - 1
		if last < 0 {
			q.mu.Unlock()
			return
		}
		f := q.cleanups[last]
		q.cleanups = q.cleanups[:last]
		q.mu.Unlock()
		func() {
			done := false
			defer func() {
				if !done {
					q.clean() // f panicked or called FailNow, and the others must run
				}
			}()
			f()
			done = true
		}()
	}
}

// fail notes a failure: how it is told from others, and all that it says.
func (q *quiet) fail(first, text string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.failed {
		q.failed, q.late = true, q.cleaning
		q.first = cmp.Or(q.alike, first)
	}
	q.say(text)
}

// alike tells who compares failures what the next one is called, for claims that
// word the same failure in several ways: side by side while the values are short.
func alike(t testing.TB, name string) {
	if q, ok := t.(*quiet); ok {
		q.mu.Lock()
		defer q.mu.Unlock()
		q.alike = name
	}
}

// say keeps text while there is room. The caller holds mu.
func (q *quiet) say(text string) {
	if text == "" || q.size+len(text) > quietLimit {
		return
	}
	q.size += len(text)
	q.said = append(q.said, text)
}

// repeat tells the real test what the run had to say.
func (q *quiet) repeat(t testing.TB, note string) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, a := range q.attrs {
		t.Attr(a[0], a[1])
	}
	Fail(t, q.outcome, "%s\n%s", strings.Join(q.said, "\n"), note)
}

// skip skips the real test, as the run would have.
func (q *quiet) skip(t testing.TB) {
	t.Helper()
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.outcome != "" {
		t.Attr(keyOutcome, string(q.outcome))
	}
	t.Skip(strings.Join(q.said, "\n"))
}

func sprintln(args []any) string { return strings.TrimSuffix(fmt.Sprintln(args...), "\n") }

func (q *quiet) Helper()             {}
func (q *quiet) Log(...any)          {}
func (q *quiet) Logf(string, ...any) {}
func (q *quiet) Output() io.Writer   { return io.Discard }

func (q *quiet) Fail()             { q.fail("", "") }
func (q *quiet) Error(args ...any) { s := sprintln(args); q.fail(s, s) }
func (q *quiet) Errorf(format string, args ...any) {
	s := fmt.Sprintf(format, args...)
	q.fail(s, s)
}

func (q *quiet) FailNow()          { q.Fail(); q.stop() }
func (q *quiet) Fatal(args ...any) { q.Error(args...); q.stop() }
func (q *quiet) Fatalf(format string, args ...any) {
	q.Errorf(format, args...)
	q.stop()
}

func (q *quiet) SkipNow()                         { q.skipNow("") }
func (q *quiet) Skip(args ...any)                 { q.skipNow(sprintln(args)) }
func (q *quiet) Skipf(format string, args ...any) { q.skipNow(fmt.Sprintf(format, args...)) }

func (q *quiet) skipNow(why string) {
	q.mu.Lock()
	q.skipped = true
	q.say(why)
	q.mu.Unlock()
	q.stop()
}

func (q *quiet) stop() {
	q.mu.Lock()
	q.stopped = true
	q.mu.Unlock()
	runtime.Goexit()
}

func (q *quiet) Failed() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.failed
}

func (q *quiet) Skipped() bool {
	q.mu.Lock()
	defer q.mu.Unlock()
	return q.skipped
}

func (q *quiet) Cleanup(f func()) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.cleanups = append(q.cleanups, f)
}

// Attr keeps the outcome of the first failure, which claims send before it, and
// all other attributes.
func (q *quiet) Attr(key, value string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case key == keyOutcome:
		if !q.failed {
			q.outcome = Outcome(value)
		}
	case q.size+len(value) <= quietLimit:
		q.size += len(value)
		q.attrs = append(q.attrs, [2]string{key, value})
	}
}

// Context is cancelled when this run ends, not the test.
func (q *quiet) Context() context.Context {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.ctx == nil {
		q.ctx, q.cancel = context.WithCancel(q.TB.Context())
	}
	return q.ctx
}

func (q *quiet) TempDir() string {
	dir := q.TB.TempDir()
	q.Cleanup(func() { os.RemoveAll(dir) }) // the test tries again, and says why not
	return dir
}

func (q *quiet) Setenv(key, value string) {
	defer q.restore(key)()
	q.TB.Setenv(key, value)
}

func (q *quiet) Chdir(dir string) {
	before, err := os.Getwd()
	defer q.restore("PWD")()
	q.TB.Chdir(dir)
	if err == nil {
		q.Cleanup(func() { os.Chdir(before) }) // as above
	}
}

// restore notes an environment variable, and returns what has it put back.
func (q *quiet) restore(key string) func() {
	value, set := os.LookupEnv(key)
	return func() {
		q.Cleanup(func() {
			if !set {
				os.Unsetenv(key)
				return
			}
			os.Setenv(key, value)
		})
	}
}
