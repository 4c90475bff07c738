package judge

import (
	"bufio"
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/sandbox"
)

// limits bound one process of checks and all that it starts.
var limits = sandbox.Limits{
	Memory: 2 << 30, Processes: 64, Files: 4096, FileSize: 1 << 30, Output: 16 << 20,
}

const (
	dumpDelay = 2 * time.Second  // for the goroutine dump of a check that hangs
	startWait = 10 * time.Second // before the first check: init functions
	endWait   = 5 * time.Second  // after the last check
	settle    = time.Second      // for children to go that were told to
)

// A run runs checks of one stage.
type run struct {
	candidate *Candidate
	stage     catalog.Stage
	verdict   *Verdict
	options   CheckOptions
}

// all runs checks, in as many processes as it takes: a check that takes its
// process down costs the others nothing but a new start. Where the learner has yet
// to write what a check needs, the rest of the stage would say the same again, at
// the price of a process each: that is left out unless all was asked for.
func (r *run) all(ctx context.Context, checks []*Check, race bool) error {
	for len(checks) > 0 && len(r.verdict.Problems) == 0 {
		ended, err := r.process(ctx, checks, race)
		if err != nil {
			return err
		}
		if len(r.verdict.Problems) > 0 {
			return nil
		}
		if r.options.First && slices.ContainsFunc(checks[:ended], func(c *Check) bool { return c.Outcome != Passed }) {
			return nil
		}
		if last := checks[ended-1]; !r.options.All && last.Outcome == Panicked && strings.HasPrefix(last.Message, notWritten) {
			return nil
		}
		checks = checks[ended:]
	}
	return nil
}

// process runs checks in one process until it ends, and judges those that ran or
// should have: at least the first. It returns how many.
func (r *run) process(ctx context.Context, checks []*Check, race bool) (int, error) {
	c := r.candidate
	binary, err := c.executable(ctx, kind{test: true, race: race})
	if err != nil {
		r.verdict.Problems, err = c.buildFailed(err)
		return 0, err
	}
	lent, err := c.lendCompiler(ctx)
	if err != nil {
		return 0, fmt.Errorf("lend a compiler to the checks of %s: %w", c.lab.ID, err)
	}
	env := append(r.environment(), lent...)
	if c.lab.Program {
		program, err := c.executable(ctx, kind{race: race})
		if err != nil {
			r.verdict.Problems, err = c.buildFailed(err)
			return 0, err
		}
		env = append(env, "HONE_PROGRAM="+program)
	}
	s, err := r.start(ctx, binary, env, checks)
	if err != nil {
		return 0, err
	}
	ended := s.follow(r)
	result, err := s.process.Wait()
	s.close()
	if ctx.Err() != nil {
		return 0, context.Cause(ctx)
	}
	if err != nil {
		return 0, fmt.Errorf("run the checks of %s: %w", c.lab.ID, err)
	}
	return r.judge(checks, s, ended, result), nil
}

// environment is all that the checks see of the world.
func (r *run) environment() []string {
	c := r.candidate
	env := slices.DeleteFunc(c.judge.Go.Env(c.overlay), func(e string) bool {
		return strings.HasPrefix(e, "HOME=") || strings.HasPrefix(e, "TMPDIR=")
	})
	env = append(env,
		"HOME="+filepath.Join(c.dir, "work"), "TMPDIR="+filepath.Join(c.dir, "tmp"),
		"GORACE=halt_on_error=1 atexit_sleep_ms=0",
		"GOTRACEBACK=crash",  // the only level at which a dump has the stacks of running goroutines
		"HONE_EVIDENCE=attr", // evidence comes as test attributes alone, not in the log too
		"HONE_SEED="+strconv.FormatUint(r.options.Seed, 10),
	)
	return append(env, r.options.Env...)
}

// A session is one process of checks and the pipes to it.
type session struct {
	process *sandbox.Process
	nonce   string
	hold    *os.File // closing it lets the process end
	reports *os.File
	stdout  lockedBuffer
	stderr  lockedBuffer
	testlog string

	last     string   // the check that started last
	hung     bool     // it ran past its limit
	outcomes []report // in order
	children []string // left when all checks were done
	done     bool
}

type report struct {
	check, outcome string
	wall           time.Duration
}

// start starts the process and sends it the nonce, whether to stop at the first
// failure, and the names.
func (r *run) start(ctx context.Context, binary string, env []string, checks []*Check) (*session, error) {
	c := r.candidate
	toChild, hold, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer toChild.Close()
	reports, fromChild, err := os.Pipe()
	if err != nil {
		hold.Close()
		return nil, err
	}
	defer fromChild.Close()
	s := &session{nonce: rand.Text(), hold: hold, reports: reports, testlog: filepath.Join(c.dir, "tmp", "testlog")}
	spec := c.spec(binary, env)
	spec.Args = []string{"-test.run=^TestHone$", "-test.v=test2json", "-test.timeout=0", "-test.testlogfile=" + s.testlog}
	spec.Extra = []*os.File{toChild, fromChild}
	spec.Stdout, spec.Stderr = &s.stdout, &s.stderr
	s.process, err = sandbox.Start(ctx, spec)
	if err != nil {
		s.close()
		return nil, err
	}
	var names bytes.Buffer
	fmt.Fprintln(&names, s.nonce)
	fmt.Fprintln(&names, r.options.First)
	for _, check := range checks {
		fmt.Fprintln(&names, check.Name)
	}
	fmt.Fprintln(&names)
	go hold.Write(names.Bytes()) // the pipe may be full, the process dead
	return s, nil
}

// spec is the sandbox in which everything of a candidate runs.
func (c *Candidate) spec(binary string, env []string) sandbox.Spec {
	tree := c.judge
	return sandbox.Spec{
		Path: binary, Env: env, Dir: filepath.Join(c.dir, "work"),
		Read: []string{
			tree.tree, tree.Go.Root, tree.Go.ModCache, c.dir, filepath.Join(tree.compilerCache(), observers),
			"/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/etc", "/sys", "/run", "/opt", "/nix",
		},
		Write:  []string{filepath.Join(c.dir, "work"), filepath.Join(c.dir, "tmp"), tree.Go.Cache, "/dev", "/proc"},
		Limits: limits,
	}
}

func (s *session) close() {
	s.hold.Close()
	s.reports.Close()
}

// follow reads reports until the process ends, and ends it when it hangs. It
// returns how many checks reported their end.
func (s *session) follow(r *run) int {
	lines, stop := make(chan string), make(chan struct{})
	defer close(stop)
	go s.read(lines, stop)
	limit, wait := r.stage.Limit, startWait
	if r.options.Limit > 0 {
		limit, wait = r.options.Limit, r.options.Limit
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	begin := time.Now()
	for {
		select {
		case line, ok := <-lines:
			if !ok {
				lines = nil // the descriptor is closed; wait for the end
				continue
			}
			f := strings.Fields(line)
			switch {
			case len(f) == 2 && f[0] == "start":
				s.last, begin = f[1], time.Now()
				timer.Reset(limit)
				r.options.Event(Event{Stage: r.stage.ID, Check: s.last})
			case len(f) == 3 && f[0] == "end":
				s.outcomes = append(s.outcomes, report{f[1], f[2], time.Since(begin)})
				timer.Reset(endWait)
				if f[2] == "passed" {
					r.options.Event(Event{Stage: r.stage.ID, Check: f[1], Outcome: Passed})
				}
			case len(f) == 1 && f[0] == "done":
				s.finish()
			}
		case <-timer.C:
			s.hung = true
			s.dump()
			return len(s.outcomes)
		case <-s.process.Done():
			for line := range drained(lines) {
				if f := strings.Fields(line); len(f) == 3 && f[0] == "end" {
					s.outcomes = append(s.outcomes, report{f[1], f[2], time.Since(begin)})
				}
			}
			return len(s.outcomes)
		}
	}
}

// read sends the reports that bear the nonce until the descriptor is closed.
func (s *session) read(lines chan<- string, stop <-chan struct{}) {
	defer close(lines)
	scanner := bufio.NewScanner(s.reports)
	for scanner.Scan() {
		line, ok := strings.CutPrefix(scanner.Text(), s.nonce+" ")
		if !ok {
			continue
		}
		select {
		case lines <- line:
		case <-stop:
			return
		}
	}
}

// drained yields what is still in a channel that will be closed.
func drained(lines <-chan string) func(func(string) bool) {
	return func(yield func(string) bool) {
		if lines == nil {
			return
		}
		for {
			select {
			case line, ok := <-lines:
				if !ok || !yield(line) {
					return
				}
			case <-time.After(settle): // a grandchild holds the descriptor open
				return
			}
		}
	}
}

// finish looks at what is left when every check has ended, and lets the process go.
func (s *session) finish() {
	s.done = true
	s.children = s.left()
	s.hold.Close()
}

// left is what runs beside the checks, once those that were told to go had the time to.
func (s *session) left() []string {
	for deadline := time.Now().Add(settle); ; time.Sleep(settle / 20) {
		if c := s.process.Children(); len(c) == 0 || time.Now().After(deadline) {
			return c
		}
	}
}

// dump asks a process that hangs for its goroutines, and ends it.
func (s *session) dump() {
	s.process.Signal(syscall.SIGQUIT)
	select {
	case <-s.process.Done():
	case <-time.After(dumpDelay):
		s.process.Kill(sandbox.Wall)
		<-s.process.Done()
	}
}

// A lockedBuffer is a buffer that the sandbox writes while the judge may read.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}
