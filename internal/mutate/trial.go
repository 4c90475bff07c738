package mutate

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/hone-go/hone/internal/sandbox"
)

// When a run has gone on for too long. Processor time is what a mutant that computes for
// ever spends whatever else the machine does, so its limit may be close; wall time is
// spent also by a machine that is busy, so its limit is wide, and a run that it ended
// while something was still going on is given a second, longer chance.
const (
	wallFactor = 10                     // times what the tests take without a mutant
	cpuFactor  = 5                      // the same
	cpuFloor   = 200 * time.Millisecond // and so much more
	wallFloor  = time.Second            // and so much more
	again      = 8                      // times the limit, the second time
	baseWall   = 5 * time.Minute        // for a test without a mutant
	dumpDelay  = 2 * time.Second        // for the goroutine dump of a run that hangs
)

// limits bound one process of tests.
var limits = sandbox.Limits{Memory: 3 << 30, Processes: 256, Files: 8192, FileSize: 1 << 30, Output: 64 << 20}

// quick is how long tests may take together to be run in one process. Longer ones are
// run in two: first the one that is likely to fail.
const quick = 100 * time.Millisecond

// trial runs the tests that reach a mutant, the likeliest to fail first: one that has
// noticed it before, if there is one.
func (r *runner) trial(ctx context.Context, m *Mutant, reach []*test, round int, noticed string) (Trial, error) {
	for _, group := range r.order(reach, noticed) {
		a := attempt{tests: group, env: []string{r.s.Environment(m)}, failfast: true}
		if r.Rounds > 1 {
			a.args = []string{"-test.shuffle=" + strconv.Itoa(round+1)}
			a.env = append(a.env, "HONE_SEED="+strconv.Itoa(round+1))
		}
		a.wall, a.cpu = r.limit(group)
		t, err := r.attempt(ctx, a)
		if err != nil {
			return t, err
		}
		if t.Outcome != Survived {
			r.killed(t.Test)
			return t, nil
		}
	}
	return Trial{Outcome: Survived}, nil
}

// order splits tests into groups to be run one after the other.
func (r *runner) order(tests []*test, noticed string) [][]*test {
	var sum time.Duration
	for _, t := range tests {
		sum += t.wall
	}
	at := slices.IndexFunc(tests, func(t *test) bool { return t.name == noticed })
	if len(tests) < 2 || sum < quick && at < 0 {
		return [][]*test{tests}
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	// What kills often for its time comes first; one that is as slow as all gains nothing.
	best := slices.MaxFunc(tests, func(a, b *test) int {
		return cmp.Compare(float64(a.kills+1)/float64(a.wall), float64(b.kills+1)/float64(b.wall))
	})
	if at >= 0 {
		best = tests[at]
	}
	rest := slices.DeleteFunc(slices.Clone(tests), func(t *test) bool { return t == best })
	return [][]*test{{best}, rest}
}

func (r *runner) killed(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, t := range r.tests {
		if t.name == name {
			t.kills++
		}
	}
}

// limit is how long tests may run with a mutant.
func (r *runner) limit(tests []*test) (wall, cpu time.Duration) {
	for _, t := range tests {
		wall += t.wall
		cpu += t.cpu
	}
	wall = wallFactor*wall + wallFloor
	if r.Limit > 0 {
		wall = r.Limit
	}
	return wall, cpuFactor*cpu + cpuFloor
}

// attempt runs tests with a mutant, twice where the first run was cut short for no reason
// that would hold on an idle machine.
func (r *runner) attempt(ctx context.Context, a attempt) (Trial, error) {
	e, err := r.process(ctx, a)
	if err != nil {
		return Trial{}, err
	}
	t := e.judge()
	if t.Outcome == TimedOut && t.Class != Loop && r.Limit == 0 && e.result.CPU < a.cpu {
		a.wall *= again
		if e, err = r.process(ctx, a); err != nil {
			return Trial{}, err
		}
		t = e.judge()
	}
	return t, nil
}

// An attempt is one process of tests.
type attempt struct {
	binary    string // "" for the one with the mutants
	args      []string
	tests     []*test
	env       []string
	log       string // file with the regions that it reached
	failfast  bool
	wall, cpu time.Duration // limits, 0 for none but baseWall
	free      bool          // it may write everywhere
}

// An ending is how it ended.
type ending struct {
	attempt attempt
	result  sandbox.Result
	hung    bool
	reached []int
	stdout  clipped
	stderr  clipped
}

// maxPattern bounds the argument that names the tests; with more of them all are run.
const maxPattern = 64 << 10

func (a attempt) arguments() []string {
	args := append([]string{"-test.timeout=0", "-test.paniconexit0"}, a.args...)
	if a.failfast {
		args = append(args, "-test.failfast")
	}
	if len(a.tests) > 0 {
		var names []string
		for _, t := range a.tests {
			names = append(names, regexp.QuoteMeta(t.name))
		}
		if pattern := "^(?:" + strings.Join(names, "|") + ")$"; len(pattern) < maxPattern {
			args = append(args, "-test.run="+pattern)
		}
	}
	return args
}

// process runs one attempt to its end.
func (r *runner) process(ctx context.Context, a attempt) (*ending, error) {
	tmp, err := os.MkdirTemp(r.dir, "t")
	if err != nil {
		return nil, fmt.Errorf("make a temporary directory: %w", err)
	}
	defer os.RemoveAll(tmp)
	e := &ending{attempt: a}
	spec := sandbox.Spec{
		Path: cmp.Or(a.binary, r.binary), Args: a.arguments(), Env: r.environment(a, tmp), Dir: r.s.Package.Dir,
		Stdout: &e.stdout, Stderr: &e.stderr, Limits: limits,
	}
	if !a.free {
		spec.Read = []string{"/"}
		spec.Write = append([]string{tmp, r.s.Package.tool.Cache, "/dev", "/proc"}, r.Write...)
		if a.log != "" {
			spec.Write = append(spec.Write, r.dir)
		}
	}
	p, err := sandbox.Start(ctx, spec)
	if err != nil {
		return nil, err
	}
	timer := time.NewTimer(cmp.Or(a.wall, baseWall))
	defer timer.Stop()
	select {
	case <-p.Done():
	case <-timer.C:
		e.hung = true
		p.Signal(syscall.SIGQUIT)
		select {
		case <-p.Done():
		case <-time.After(dumpDelay):
			p.Kill(sandbox.Wall)
		}
	}
	e.result, err = p.Wait()
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	if err != nil {
		return nil, fmt.Errorf("run the tests of %s: %w", r.s.Package.Path, err)
	}
	e.reached, err = readReached(a.log)
	return e, err
}

// readReached reads the numbers of regions.
func readReached(log string) ([]int, error) {
	if log == "" {
		return nil, nil
	}
	data, err := os.ReadFile(log)
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read what was reached: %w", err)
	}
	var out []int
	for _, f := range strings.Fields(string(data)) {
		n, err := strconv.Atoi(f)
		if err != nil {
			return nil, fmt.Errorf("read what was reached: %w", err)
		}
		out = append(out, n)
	}
	return out, nil
}

// environment is the user's own, which their tests may need, with what steers the mutants.
func (r *runner) environment(a attempt, tmp string) []string {
	env := slices.DeleteFunc(os.Environ(), func(e string) bool { return strings.HasPrefix(e, "HONE_MUTANT") })
	env = append(env, "TMPDIR="+tmp, "PWD="+r.s.Package.Dir, "GOTRACEBACK=all", "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	if a.cpu > 0 {
		env = append(env, cpuLimit+"="+strconv.FormatInt(a.cpu.Milliseconds(), 10))
	}
	if r.Program != "" {
		env = append(env, "HONE_PROGRAM="+cmp.Or(a.binary, r.binary)+programSuffix)
	}
	return append(env, a.env...)
}

var passLine = regexp.MustCompile(`(?m)^PASS$`)

// passed says whether the tests ran, and passed. A program that exits with 0 before
// they did has not passed.
func (e *ending) passed() bool {
	return !e.hung && e.result.Reason == sandbox.Ended && e.result.Code == 0 && passLine.MatchString(e.stdout.String())
}

var (
	failLine  = regexp.MustCompile(`(?m)^\s*--- FAIL: ([^\s/]+)`)
	panicLine = regexp.MustCompile(`(?m)^(?:panic|fatal error): (.*)$`)
	testFrame = regexp.MustCompile(`(?m)^\S+\.((?:Test|Fuzz|Example)\w*)(?:\.func[\d.]+)?\(`)
)

// judge says what an ending means.
func (e *ending) judge() Trial {
	if e.passed() {
		return Trial{Outcome: Survived}
	}
	t := Trial{Outcome: Killed, Class: Exit, Test: e.culprit()}
	errs := e.stderr.String()
	died := panicLine.FindStringSubmatch(errs)
	switch {
	case e.hung && asleep(errs):
		t.Class = Deadlock
	case e.hung && e.result.CPU >= e.attempt.cpu && e.attempt.cpu > 0:
		t.Outcome, t.Class = TimedOut, Loop
	case e.hung:
		t.Outcome, t.Class = TimedOut, Stuck
	case e.result.Reason == sandbox.Memory:
		t.Class = Memory
	case e.result.Reason == sandbox.Output:
		t.Class = Flood
	case e.attempt.cpu > 0 && strings.Contains(errs, "SIGQUIT: quit"):
		t.Outcome, t.Class = TimedOut, Loop // the limit on processor time
	case strings.Contains(errs, "WARNING: DATA RACE"):
		t.Class = Race
	case died != nil && strings.Contains(died[1], "deadlock"):
		t.Class = Deadlock
	case died != nil && strings.HasPrefix(died[1], "concurrent map"):
		t.Class = Race
	case died != nil:
		t.Class = Panic
	case failLine.MatchString(e.stdout.String()):
		t.Class = Assert
	}
	return t
}

// culprit is the test that failed, as far as it can be told: it says so itself, or it is
// on the stack of a goroutine.
func (e *ending) culprit() string {
	if len(e.attempt.tests) == 1 {
		return e.attempt.tests[0].name
	}
	if m := failLine.FindStringSubmatch(e.stdout.String()); m != nil {
		return m[1]
	}
	for _, m := range testFrame.FindAllStringSubmatch(e.stderr.String(), -1) {
		if slices.ContainsFunc(e.attempt.tests, func(t *test) bool { return t.name == m[1] }) {
			return m[1]
		}
	}
	return ""
}

var goroutineHead = regexp.MustCompile(`^goroutine \d+ [^\[]*\[([^,\]]*)`)

var waits = []string{"chan receive", "chan send", "select", "semacquire", "sync.", "synctest"}

// asleep says whether every goroutine of a dump waits for another one. The runtime's
// own, and those that only relay signals, don't count.
func asleep(dump string) bool {
	some := false
	for block := range strings.SplitSeq(dump, "\n\n") {
		m := goroutineHead.FindStringSubmatch(block)
		if m == nil || m[1] == "idle" || strings.Contains(block, "\ncreated by runtime.") || strings.Contains(block, "\nos/signal.signal_recv(") {
			continue
		}
		if !slices.ContainsFunc(waits, func(w string) bool { return strings.HasPrefix(m[1], w) }) {
			return false
		}
		some = true
	}
	return some
}

// A clipped keeps the beginning and the end of what is written to it.
type clipped struct {
	mu    sync.Mutex // guards what follows: a process may be read while it dies
	begin bytes.Buffer
	end   []byte
}

const maxKept = 256 << 10 // bytes, of the beginning and of the end

func (c *clipped) Write(p []byte) (int, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(p)
	if room := maxKept - c.begin.Len(); room > 0 {
		k := min(room, len(p))
		c.begin.Write(p[:k])
		p = p[k:]
	}
	c.end = append(c.end, p...)
	if len(c.end) > 2*maxKept {
		c.end = append(c.end[:0], c.end[len(c.end)-maxKept:]...)
	}
	return n, nil
}

func (c *clipped) String() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.end) == 0 {
		return c.begin.String()
	}
	return c.begin.String() + "\n" + string(c.end)
}
