// Package program runs a program under test as a process of its own and looks at
// it from outside, as its users do: what it prints, how it ends, how much CPU it
// takes, what is left after kill -9.
//
// The smallest example tests the package main in the directory program:
//
//	func TestServe_StopsOnTERM(t *testing.T) {
//		p := program.Start(t, program.Options{Ready: "listening on "})
//		addr := strings.TrimPrefix(p.Line("listening on "), "listening on ")
//		… talk to addr …
//		p.Terminate()
//		if code, err := p.Wait(); code != 0 || err != nil {
//			t.Errorf("exit status %d, %v", code, err)
//		}
//	}
//
// The program is built once for each test binary, with -race where that has it.
// It runs in a process group of its own and ends with the test, together with
// everything that it started. A test that fails shows what it printed. A data
// race or a panic that it reports fails the test even where no one asked.
//
// Every wait ends: Start, Line and Wait fail the test when [Options.Timeout] is
// over. What is deliberately left out: containers, remote machines, and judging
// more than one program at a time; Start twice for that.
package program

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
)

// Options say what to run. The zero value runs the package in ./program, without
// arguments, in the directory of the test.
type Options struct {
	// Package is the package to build, as go build understands it; "" is ./program.
	// Where $HONE_PROGRAM is set, it is the path of ./program, built already.
	Package string

	Args []string
	Env  []string // "KEY=value", added to the environment of the test
	Dir  string   // working directory

	// Ready, if not empty, is the beginning of a line on stdout for which Start
	// waits. The line can still be read with [Process.Line].
	Ready string

	// Timeout is the most that Start, Line and Wait wait, each; 0 is 10 s.
	Timeout time.Duration
}

const defaultTimeout = 10 * time.Second

// A Process is a running program. Its methods may be called concurrently, but
// those that can fail the test only from the test's goroutine.
type Process struct {
	Stdin io.WriteCloser

	t       testing.TB
	cmd     *exec.Cmd
	mark    string // in the environment of everything that it starts
	timeout time.Duration
	out     *output
	began   chan error    // one value: from the start
	done    chan struct{} // closed when it has ended and been waited for
	err     error         // of the wait, after done
	ending  atomic.Bool   // the test ends it, or has asked how it ended
}

// Start builds and starts the program. It fails the test, and ends it, when the
// program cannot be built or started, or does not become ready in time.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	p := &Process{
		t:       t,
		mark:    "HONE_PROCESS=" + strconv.FormatUint(rand.Uint64(), 36),
		timeout: o.Timeout,
		out:     newOutput(),
		began:   make(chan error, 1),
		done:    make(chan struct{}),
	}
	if p.timeout <= 0 {
		p.timeout = defaultTimeout
	}
	p.cmd = exec.Command(executable(t, o.Package), o.Args...)
	p.cmd.Env = append(append(os.Environ(), o.Env...), p.mark)
	p.cmd.Dir = o.Dir
	p.cmd.Stdout = stdout{p.out}
	p.cmd.Stderr = stderr{p.out}
	p.cmd.WaitDelay = time.Second // for a child that keeps stdout open
	ownGroup(p.cmd)
	stdin, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatalf("starting the program: %v", err)
	}
	p.Stdin = stdin
	go p.run()
	if err := <-p.began; err != nil {
		t.Fatalf("starting the program: %v", err)
	}
	t.Cleanup(func() { t.Helper(); p.finish() })
	if o.Ready != "" {
		p.find(o.Ready, false)
	}
	return p
}

// run starts the process and waits for it, on one thread: the kernel kills the
// process when the thread that started it ends (where ownGroup can ask for
// that), so the thread must not end before.
func (p *Process) run() {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	err := p.cmd.Start()
	p.began <- err
	if err != nil {
		return
	}
	p.err = p.cmd.Wait()
	p.out.close()
	close(p.done)
}

// Line waits for a line on stdout that begins with prefix, and returns it whole,
// without the newline. It begins to look after the line that the last call
// returned. When no such line comes in time, or the program ends, it fails the
// test and ends it, and shows what was printed.
func (p *Process) Line(prefix string) string {
	p.t.Helper()
	return p.find(prefix, true)
}

func (p *Process) find(prefix string, consume bool) string {
	p.t.Helper()
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	for {
		line, found, changed := p.out.find(prefix, consume)
		if found {
			return line
		}
		if changed == nil {
			<-p.done
			p.ending.Store(true)
			p.t.Fatalf("The program ended (%v) without a line on stdout that begins with %q.", p.cmd.ProcessState, prefix)
		}
		select {
		case <-changed:
		case <-timer.C:
			p.t.Fatalf("No line on stdout began with %q within %v.", prefix, p.timeout)
		}
	}
}

// Terminate asks the program to end, as an init system or a container would:
// SIGTERM, to the process alone. It does not wait; [Process.Wait] does.
func (p *Process) Terminate() {
	p.t.Helper()
	p.check("SIGTERM", terminate(p.cmd.Process))
}

// Kill ends the program and everything in its process group without warning,
// SIGKILL, and waits until it is gone.
func (p *Process) Kill() {
	p.t.Helper()
	p.ending.Store(true)
	p.check("SIGKILL", killGroup(p.cmd.Process))
	<-p.done
}

// Pause stops the process group, SIGSTOP: to its peers the program is alive and
// says nothing.
func (p *Process) Pause() {
	p.t.Helper()
	p.check("SIGSTOP", pause(p.cmd.Process))
}

// Resume continues the process group after Pause.
func (p *Process) Resume() {
	p.t.Helper()
	p.check("SIGCONT", resume(p.cmd.Process))
}

// check reports an error other than that the process has ended.
func (p *Process) check(what string, err error) {
	p.t.Helper()
	if err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.t.Fatalf("sending %s to the program: %v", what, err)
	}
}

// Wait waits for the program to end, and returns its exit status, or -1 and an
// error that names the signal which ended it. When it does not end in time, Wait
// asks a Go program for its goroutines, by SIGQUIT, shows them, and ends the test.
func (p *Process) Wait() (code int, err error) {
	p.t.Helper()
	p.ending.Store(true)
	timer := time.NewTimer(p.timeout)
	defer timer.Stop()
	select {
	case <-p.done:
	case <-timer.C:
		p.ask()
		claim.Fail(p.t, claim.OutcomeTimeout, "The program did not end within %v. Its goroutines, where it is Go, are at the end of its output.", p.timeout)
		p.t.FailNow()
	}
	var exit *exec.ExitError
	switch {
	case p.cmd.ProcessState.ExitCode() < 0:
		return -1, fmt.Errorf("%v", p.cmd.ProcessState)
	case p.err == nil, errors.As(p.err, &exit), errors.Is(p.err, exec.ErrWaitDelay):
		return p.cmd.ProcessState.ExitCode(), nil
	}
	return -1, fmt.Errorf("waiting for the program: %w", p.err)
}

// ask makes a Go program print its goroutines.
func (p *Process) ask() {
	resume(p.cmd.Process)
	if quit(p.cmd.Process) != nil {
		return
	}
	select {
	case <-p.done:
	case <-time.After(2 * time.Second):
	}
}

// CPU returns the CPU time that the process has used so far, user and system,
// all threads, without its children. It is exact to the microsecond on Linux,
// there by the clock of the process (clock_getcpuclockid(3)); elsewhere as ps
// says, and 0 where nobody says before the process has ended.
func (p *Process) CPU() time.Duration {
	select {
	case <-p.done:
	default:
		if d, err := cpu(p.Pid()); err == nil {
			return d
		}
	}
	select {
	case <-p.done:
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	default:
		return 0
	}
}

// Output returns what the program has printed so far, stdout and stderr together
// in the order of arrival. Of more than 1 MiB the middle is missing.
func (p *Process) Output() string { return p.out.String() }

// Pid returns the id of the process.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// finish ends the process, leaves nothing behind, and looks at what it said.
func (p *Process) finish() {
	p.t.Helper()
	crashed := false
	select {
	case <-p.done:
		crashed = !p.ending.Load() && !p.cmd.ProcessState.Success()
	default:
		killGroup(p.cmd.Process)
		<-p.done
	}
	killGroup(p.cmd.Process) // children that outlived it
	killMarked(p.mark)
	out := p.Output()
	if report, ok := raceReport(out); ok {
		claim.Show(p.t, claim.KindRace, "data race in the program", report)
		p.t.Errorf("The program has a data race.")
	}
	if crashed && (strings.Contains(out, "panic: ") || strings.Contains(out, "fatal error: ")) {
		p.t.Errorf("The program crashed (%v).", p.cmd.ProcessState)
	}
	if p.t.Failed() && out != "" {
		claim.Show(p.t, claim.KindOutput, "the program's output", out)
	}
}

// raceReport cuts the first report of the race detector out of the output.
func raceReport(out string) (report string, ok bool) {
	const rule = "=================="
	_, rest, ok := strings.Cut(out, "WARNING: DATA RACE")
	if !ok {
		return "", false
	}
	body, _, _ := strings.Cut(rest, rule)
	return "WARNING: DATA RACE" + body, true
}
