package sandbox

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"sync"
	"time"
)

// A Process is a running program.
type Process struct {
	spec  Spec
	cmd   *exec.Cmd
	begin time.Time
	box   box // what the system confines it with
	done  chan struct{}

	mu     sync.Mutex // guards what follows
	reason Reason
	peak   int64
	result Result
	err    error
}

// Start starts a program. When ctx ends, the program and all that it started is killed.
func Start(ctx context.Context, spec Spec) (*Process, error) {
	p := &Process{spec: spec, done: make(chan struct{}), reason: Ended}
	output := newBudget(spec.Limits.Output)
	started := make(chan error)
	go p.run(output, started)
	if err := <-started; err != nil {
		return nil, fmt.Errorf("start %s: %w", spec.Path, err)
	}
	go p.watch(ctx, output.over)
	return p, nil
}

// command prepares the program; box adds what confines it.
func (p *Process) command(output *budget) *exec.Cmd {
	cmd := exec.Command(p.spec.Path, p.spec.Args...)
	cmd.Dir, cmd.Env, cmd.ExtraFiles = p.spec.Dir, p.spec.Env, p.spec.Extra
	cmd.Stdin = p.spec.Stdin
	cmd.Stdout = output.writer(p.spec.Stdout)
	cmd.Stderr = output.writer(p.spec.Stderr)
	// A child left behind may hold the pipes open after it lost its parent.
	cmd.WaitDelay = time.Second
	return cmd
}

// finish waits for the program, ends what it left, and publishes the result.
func (p *Process) finish() {
	err := p.cmd.Wait()
	p.box.sweep()
	p.box.release()
	var exit *exec.ExitError
	if errors.As(err, &exit) || errors.Is(err, exec.ErrWaitDelay) {
		err = nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	state := p.cmd.ProcessState
	p.result = Result{
		Reason: p.reason, Code: state.ExitCode(), Signal: signalName(state),
		CPU: state.SystemTime() + state.UserTime(), Wall: time.Since(p.begin),
		Peak: max(p.peak, peakOf(state)), Confined: p.box.confined,
	}
	p.err = err
	close(p.done)
}

// watch enforces the limits until the program ends.
func (p *Process) watch(ctx context.Context, flooded <-chan struct{}) {
	t := time.NewTicker(tick)
	defer t.Stop()
	var wall <-chan time.Time
	if p.spec.Limits.Wall > 0 {
		timer := time.NewTimer(p.spec.Limits.Wall)
		defer timer.Stop()
		wall = timer.C
	}
	for {
		select {
		case <-p.done:
			return
		case <-ctx.Done():
			p.Kill(Killed)
			return
		case <-wall:
			p.Kill(Wall)
			return
		case <-flooded:
			p.Kill(Output)
			return
		case <-t.C:
			memory, processes := p.box.usage(p.spec.Limits.Processes)
			p.mu.Lock()
			p.peak = max(p.peak, memory)
			p.mu.Unlock()
			if limit := p.spec.Limits.Memory; limit > 0 && memory > limit {
				p.Kill(Memory)
			}
			if limit := p.spec.Limits.Processes; limit > 0 && processes > limit {
				p.Kill(Processes)
			}
		}
	}
}

// Kill ends the program and everything that it started. The first reason stands.
func (p *Process) Kill(why Reason) {
	p.mu.Lock()
	if p.reason == Ended {
		p.reason = why
	}
	p.mu.Unlock()
	p.box.kill()
}

// Signal sends a signal to the program itself.
func (p *Process) Signal(s os.Signal) error { return p.cmd.Process.Signal(s) }

// Done is closed when the program has ended and nothing of it is left.
func (p *Process) Done() <-chan struct{} { return p.done }

// Wait waits for the end of the program and of all that it started.
func (p *Process) Wait() (Result, error) {
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.result, p.err
}

// Children describes the processes that the program has running now, one a line
// of "pid command".
func (p *Process) Children() []string { return p.box.children() }

// A budget is the number of bytes that a program may still write.
type budget struct {
	mu   sync.Mutex
	left int64
	over chan struct{} // holds a token once more was written
}

func newBudget(limit int64) *budget {
	if limit == 0 {
		limit = math.MaxInt64
	}
	return &budget{left: limit, over: make(chan struct{}, 1)}
}

func (b *budget) writer(to io.Writer) io.Writer {
	if to == nil {
		to = io.Discard
	}
	return budgetWriter{b, to}
}

type budgetWriter struct {
	*budget
	to io.Writer
}

// Write passes on what the budget allows and swallows the rest: a program that
// floods is killed, not blocked.
func (w budgetWriter) Write(data []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	keep := min(int64(len(data)), w.left)
	w.left -= keep
	if keep > 0 {
		if _, err := w.to.Write(data[:keep]); err != nil {
			return 0, err
		}
	}
	if keep < int64(len(data)) {
		select {
		case w.over <- struct{}{}:
		default:
		}
	}
	return len(data), nil
}
