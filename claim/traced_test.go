package claim_test

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	runtimetrace "runtime/trace"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
)

// pool does n tasks with some workers, and waits for them.
func pool(workers, n int, task func()) {
	tasks := make(chan func())
	var wg sync.WaitGroup
	for range workers {
		wg.Go(func() {
			for f := range tasks {
				f()
			}
		})
	}
	for range n {
		tasks <- task
	}
	close(tasks)
	wg.Wait()
}

// What a run must be allowed, and what not, with which words.
func TestTraced_Counts(t *testing.T) {
	file := filepath.Join(t.TempDir(), "x")
	write := func() {
		if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
			t.Error(err)
		}
	}
	stop := make(chan bool)
	defer close(stop)
	leak := func() { go func() { <-stop }() }
	for _, c := range []struct {
		name  string
		run   func()
		claim func(r *claim.TracedRun)
		fails claim.Outcome
		says  []string
	}{
		{"all end", func() { pool(4, 100, func() {}) }, func(r *claim.TracedRun) { r.AllEnded() }, "", nil},
		{"one is left", leak, func(r *claim.TracedRun) { r.AllEnded() }, claim.OutcomeLeak, []string{"1 goroutines that f started have not ended", "waits: chan receive", "created github.com/hone-go/hone/claim_test.TestTraced_Counts"}},
		{"left by a child", func() {
			done := make(chan bool)
			go func() { leak(); close(done) }()
			<-done
		}, func(r *claim.TracedRun) { r.AllEnded() }, claim.OutcomeLeak, []string{"1 goroutines that f started"}},
		{"four at a time", func() { pool(4, 100, runtime.Gosched) }, func(r *claim.TracedRun) { r.MaxGoroutines(4) }, "", nil},
		{"not three", func() { pool(4, 100, runtime.Gosched) }, func(r *claim.TracedRun) { r.MaxGoroutines(3) }, claim.OutcomeBudget, []string{"4 goroutines were alive at one time, claimed at most 3", "4× "}},
		{"one after the other", func() {
			for range 20 {
				done := make(chan bool)
				go func() { done <- true }()
				<-done
				time.Sleep(time.Millisecond)
			}
		}, func(r *claim.TracedRun) { r.MaxGoroutines(5) }, "", nil},
		{"calls", func() { pool(2, 50, write) }, func(r *claim.TracedRun) { r.SyscallsPerOp(50, 20) }, "", nil},
		{"too many calls", func() { pool(2, 50, write) }, func(r *claim.TracedRun) { r.SyscallsPerOp(50, 1) }, claim.OutcomeBudget, []string{"system calls for 50 operations", "claimed at most 1", "claim_test.TestTraced_Counts"}},
		{"no calls", func() { pool(2, 50, func() {}) }, func(r *claim.TracedRun) { r.SyscallsPerOp(50, 0) }, "", nil},
		{"wake-ups", func() { pool(1, 50, func() {}) }, func(r *claim.TracedRun) { r.WakeupsPerOp(50, 3) }, "", nil},
		{"too many wake-ups", func() {
			ping, pong := make(chan bool), make(chan bool)
			go func() {
				for range ping {
					pong <- true
				}
			}()
			for range 50 {
				ping <- true
				<-pong
			}
			close(ping)
		}, func(r *claim.TracedRun) { r.WakeupsPerOp(50, 0.5) }, claim.OutcomeBudget, []string{"wake-ups for 50 operations"}},
		{"of nothing", func() {}, func(r *claim.TracedRun) { r.WakeupsPerOp(0, 1) }, "", []string{"each of 0 operations"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, func(t testing.TB) { c.claim(claim.Traced(t, c.run)) })
			if c.says == nil {
				r.wantSilent(t)
			} else {
				r.wantFailed(t, c.fails, c.says...)
			}
		})
	}
}

// Claims about time hold, fail, or say that nobody can tell: never that they hold where
// they don't.
func TestTraced_Times(t *testing.T) {
	slow := func() {
		c := make(chan bool)
		go func() { time.Sleep(30 * time.Millisecond); c <- true }()
		<-c
	}
	for _, c := range []struct {
		name  string
		run   func()
		claim func(r *claim.TracedRun)
		says  string // "" where it holds
	}{
		{"short enough", slow, func(r *claim.TracedRun) { r.NoBlockOver("chan receive", time.Minute) }, ""},
		{"too long", slow, func(r *claim.TracedRun) { r.NoBlockOver("chan receive", 10*time.Millisecond) }, `1 waits for "chan receive" took longer than 10ms`},
		{"for something else", slow, func(r *claim.TracedRun) { r.NoBlockOver("sync", time.Millisecond) }, ""},
		{"starts", slow, func(r *claim.TracedRun) { r.RunQueueP99(time.Minute) }, ""},
		{"late", slow, func(r *claim.TracedRun) { r.RunQueueP99(-1) }, "claimed -1ns"},
		{"stops", func() { runtime.GC() }, func(r *claim.TracedRun) { r.STWAtMost(time.Minute) }, ""},
		{"stops long", func() { runtime.GC() }, func(r *claim.TracedRun) { r.STWAtMost(1) }, "the world was stopped for"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, func(t testing.TB) { c.claim(claim.Traced(t, c.run)) })
			switch {
			case r.skipped:
				r.wantNoisy(t, "")
			case c.says == "":
				r.wantSilent(t)
			default:
				r.wantFailed(t, claim.OutcomeBudget, c.says)
			}
		})
	}
}

// Nothing claimed, and a program that is traced already, are failures; a run that panics
// stops the trace.
func TestTraced_Misuse(t *testing.T) {
	record(t, func(t testing.TB) { claim.Traced(t, func() {}) }).wantFailed(t, "", "nothing is claimed of the run")
	if r := record(t, func(t testing.TB) { claim.Traced(t, func() { panic("on purpose") }) }); r.panicked != "on purpose" || runtimetrace.IsEnabled() {
		t.Errorf("panicked %v, and the trace is on: %v", r.panicked, runtimetrace.IsEnabled())
	}
	if err := runtimetrace.Start(&bytes.Buffer{}); err != nil {
		t.Fatal(err)
	}
	defer runtimetrace.Stop()
	record(t, func(t testing.TB) { claim.Traced(t, func() {}).AllEnded() }).wantFailed(t, "", "Run the test without -trace")
}
