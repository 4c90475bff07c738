// Package program runs a program under test and sees it from outside.
package program

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Options say what to run. The zero value runs the package ./program.
type Options struct {
	Package string   // a package to build, default "./program"
	Args    []string // arguments
	Env     []string // added to the environment, "KEY=value"
	Dir     string   // working directory, default that of the test
	Ready   string   // Start waits for a line on stdout with this prefix
}

// A Process is a running program.
type Process struct {
	Stdin io.WriteCloser

	t    testing.TB
	cmd  *exec.Cmd
	done chan struct{}

	mu    sync.Mutex
	out   bytes.Buffer
	lines []string
	next  int
	err   error
}

// Start builds and starts the program.
func Start(t testing.TB, o Options) *Process {
	t.Helper()
	exe := os.Getenv("HONE_PROGRAM")
	if exe == "" {
		pkg := o.Package
		if pkg == "" {
			pkg = "./program"
		}
		exe = filepath.Join(t.TempDir(), "program")
		if out, err := exec.Command("go", "build", "-o", exe, pkg).CombinedOutput(); err != nil {
			t.Fatalf("go build %s: %v\n%s", pkg, err, out)
		}
	}
	p := &Process{t: t, cmd: exec.Command(exe, o.Args...), done: make(chan struct{})}
	p.cmd.Env = append(os.Environ(), o.Env...)
	p.cmd.Dir = o.Dir
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	in, err := p.cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	p.Stdin = in
	r, w := io.Pipe()
	p.cmd.Stdout, p.cmd.Stderr = w, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		s := bufio.NewScanner(r)
		for s.Scan() {
			p.mu.Lock()
			p.lines = append(p.lines, s.Text())
			p.mu.Unlock()
		}
	}()
	go func() { p.err = p.cmd.Wait(); w.Close(); close(p.done) }()
	t.Cleanup(p.Kill)
	if o.Ready != "" {
		p.Line(o.Ready)
		p.next = 0
	}
	return p
}

// Line waits for a line on stdout with the prefix, and returns it whole.
func (p *Process) Line(prefix string) string {
	p.t.Helper()
	for range 1000 {
		p.mu.Lock()
		for p.next < len(p.lines) {
			l := p.lines[p.next]
			p.next++
			if strings.HasPrefix(l, prefix) {
				p.mu.Unlock()
				return l
			}
		}
		p.mu.Unlock()
		time.Sleep(10 * time.Millisecond)
	}
	p.t.Fatalf("no line %q on stdout; output:\n%s", prefix, p.Output())
	return ""
}

func (p *Process) signal(s syscall.Signal) { syscall.Kill(-p.cmd.Process.Pid, s) }

// Terminate sends SIGTERM.
func (p *Process) Terminate() { p.signal(syscall.SIGTERM) }

// Kill kills the process group and waits until the process is gone.
func (p *Process) Kill() { p.signal(syscall.SIGKILL); <-p.done }

// Pause stops the process.
func (p *Process) Pause() { p.signal(syscall.SIGSTOP) }

// Resume continues it.
func (p *Process) Resume() { p.signal(syscall.SIGCONT) }

// Pid is the process id.
func (p *Process) Pid() int { return p.cmd.Process.Pid }

// Wait waits for the program to end and returns its exit status, -1 when a
// signal ended it.
func (p *Process) Wait() (code int, err error) {
	<-p.done
	if _, ok := p.err.(*exec.ExitError); p.err != nil && !ok {
		return -1, p.err
	}
	return p.cmd.ProcessState.ExitCode(), nil
}

// CPU is the CPU time used by the process so far.
func (p *Process) CPU() time.Duration {
	select {
	case <-p.done:
		return p.cmd.ProcessState.UserTime() + p.cmd.ProcessState.SystemTime()
	default:
		return 0
	}
}

// Output returns what the program printed.
func (p *Process) Output() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.lines, "\n") + "\n" + p.out.String()
}
