package claim_test

import (
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/hone-go/hone/claim"
)

// A recorder is a testing.TB that notes what is said to it, so that a claim that
// does not hold can be looked at by a test that does.
type recorder struct {
	testing.TB // for what is not recorded: Name, Context, …

	mu       sync.Mutex
	log      strings.Builder
	attrs    [][2]string
	failed   bool
	skipped  bool
	stopped  bool // by FailNow or SkipNow
	panicked any
	cleanups []func()
}

// record runs f, and its cleanups, on a goroutine of its own, as a test does.
func record(t testing.TB, f func(t testing.TB)) *recorder {
	t.Helper()
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer func() {
			for len(r.cleanups) > 0 {
				last := len(r.cleanups) - 1
				c := r.cleanups[last]
				r.cleanups = r.cleanups[:last]
				c()
			}
		}()
		defer func() { r.panicked = recover() }()
		f(r)
	}()
	<-done
	return r
}

func (r *recorder) say(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	fmt.Fprintf(&r.log, format+"\n", args...)
}

func (r *recorder) set(b *bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	*b = true
}

func (r *recorder) Helper()                      {}
func (r *recorder) Log(args ...any)              { r.say("%s", fmt.Sprint(args...)) }
func (r *recorder) Logf(f string, args ...any)   { r.say(f, args...) }
func (r *recorder) Fail()                        { r.set(&r.failed) }
func (r *recorder) Error(args ...any)            { r.Log(args...); r.Fail() }
func (r *recorder) Errorf(f string, args ...any) { r.Logf(f, args...); r.Fail() }
func (r *recorder) FailNow()                     { r.Fail(); r.set(&r.stopped); runtime.Goexit() }
func (r *recorder) Fatal(args ...any)            { r.Log(args...); r.FailNow() }
func (r *recorder) Fatalf(f string, args ...any) { r.Logf(f, args...); r.FailNow() }
func (r *recorder) SkipNow()                     { r.set(&r.skipped); r.set(&r.stopped); runtime.Goexit() }
func (r *recorder) Skip(args ...any)             { r.Log(args...); r.SkipNow() }
func (r *recorder) Skipf(f string, args ...any)  { r.Logf(f, args...); r.SkipNow() }
func (r *recorder) Cleanup(f func())             { r.cleanups = append(r.cleanups, f) }
func (r *recorder) Failed() bool                 { r.mu.Lock(); defer r.mu.Unlock(); return r.failed }
func (r *recorder) Skipped() bool                { r.mu.Lock(); defer r.mu.Unlock(); return r.skipped }
func (r *recorder) Attr(key, value string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.attrs = append(r.attrs, [2]string{key, value})
}

// attr returns the values of an attribute.
func (r *recorder) attr(key string) []string {
	var values []string
	for _, a := range r.attrs {
		if a[0] == key {
			values = append(values, a[1])
		}
	}
	return values
}

type evidence struct {
	Kind, Title, Text string
	More              bool
}

func (r *recorder) evidence(t *testing.T) []evidence {
	t.Helper()
	var all []evidence
	for _, line := range r.attr("hone.evidence") {
		var e evidence
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Errorf("hone.evidence %q: %v", line, err)
		}
		if strings.ContainsAny(line, "\r\n") {
			t.Errorf("hone.evidence %q is more than a line", line)
		}
		all = append(all, e)
	}
	return all
}

// wantFailed checks that the claim failed with the outcome, and that the log has
// all of the words, whatever their case.
func (r *recorder) wantFailed(t *testing.T, o claim.Outcome, words ...string) {
	t.Helper()
	if !r.failed {
		t.Errorf("the claim held, and must not:\n%s", r.log.String())
	}
	r.want(t, o, words...)
}

// wantNoisy checks that the claim refused to answer.
func (r *recorder) wantNoisy(t *testing.T, words ...string) {
	t.Helper()
	if r.failed || !r.skipped {
		t.Errorf("failed %v, skipped %v, want skipped alone:\n%s", r.failed, r.skipped, r.log.String())
	}
	r.want(t, claim.OutcomeNoisy, words...)
}

func (r *recorder) want(t *testing.T, o claim.Outcome, words ...string) {
	t.Helper()
	if got := strings.Join(r.attr("hone.outcome"), " "); got != string(o) {
		t.Errorf("hone.outcome = %q, want %q", got, o)
	}
	log := r.log.String()
	for _, w := range words {
		if !strings.Contains(strings.ToLower(log), strings.ToLower(w)) {
			t.Errorf("the log lacks %q:\n%s", w, log)
		}
	}
}

// wantSilent checks that the claim held and said nothing.
func (r *recorder) wantSilent(t *testing.T) {
	t.Helper()
	if r.failed || r.skipped || r.log.Len() > 0 || r.panicked != nil {
		t.Errorf("failed %v, skipped %v, panic %v, log:\n%s", r.failed, r.skipped, r.panicked, r.log.String())
	}
}

var stopSpin atomic.Bool

func spin(stop *atomic.Bool) {
	for !stop.Load() {
	}
}
