package claim

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// stragglers is how long goroutines that are on their way out may take.
const stragglers = 2 * time.Second

// NoGoroutineLeak claims that no goroutine which this test starts, itself or
// through others, is left when it ends. Call it first in the test: it looks at
// the end, after all later cleanups, and waits up to 2 s for stragglers.
//
//	func TestServer_StopsItsWorkers(t *testing.T) {
//		claim.NoGoroutineLeak(t)
//		s := Start()
//		defer s.Stop()
//		…
//	}
//
// It goes by ancestry, not by counting, so tests that run in parallel do not
// disturb each other: it puts a profiler label ([runtime/pprof.Labels], key
// hone.test) on the test's goroutine, and the runtime hands labels on to every
// goroutine started from there. Subtests are included.
//
// Where code under test replaces the labels, by [runtime/pprof.Do] with a context of
// its own, the goroutines' creators are asked instead, which finds those whose
// ancestors still run. What the runtime starts for a timer ([time.AfterFunc]) has no
// ancestor and is not found. Toolchains with the goroutineleak profile add a
// proof: nothing alive can ever wake the goroutine.
func NoGoroutineLeak(t testing.TB) {
	t.Helper()
	c := newCensus(t.Name())
	pprof.SetGoroutineLabels(pprof.WithLabels(context.Background(),
		pprof.Labels("hone.test", c.test, "hone.run", c.run)))
	t.Cleanup(func() {
		t.Helper()
		pprof.SetGoroutineLabels(context.Background())
		c.report(t)
	})
}

// A census tells the goroutines of one run of one test from all others.
type census struct {
	test   string
	run    string          // random: with -count, one test runs many times
	old    map[string]bool // runs of subtests of this name that were there before
	caller int             // the test's goroutine
	before map[int]bool    // all goroutines at the start
}

func newCensus(test string) *census {
	c := &census{
		test:   test,
		run:    strconv.FormatUint(rand.Uint64(), 36),
		old:    map[string]bool{},
		caller: self().id,
		before: map[int]bool{},
	}
	for _, g := range dump() {
		c.before[g.id] = true
	}
	for _, group := range profile("goroutine") {
		if group.test == test || strings.HasPrefix(group.test, test+"/") {
			c.old[group.run] = true
		}
	}
	return c
}

// owns reports whether the labels are those of this run or of a subtest of it.
func (c *census) owns(g labelled) bool {
	return g.run == c.run || strings.HasPrefix(g.test, c.test+"/") && !c.old[g.run]
}

// report waits for stragglers and fails the test for what is left.
func (c *census) report(t testing.TB) {
	t.Helper()
	var left []goroutine
	proved, asked := 0, false
	pause := 100 * time.Microsecond
	for waited := time.Duration(0); waited < stragglers && (proved == 0 || proved < len(left)); waited += pause {
		if left = c.left(); len(left) == 0 {
			return
		}
		if !asked && waited > 100*time.Millisecond {
			proved, asked = c.proved(), true // then there is nothing to wait for
		}
		pause = min(pause*2, 100*time.Millisecond)
		time.Sleep(pause)
	}
	text := stacks(left)
	if proved > 0 {
		text += fmt.Sprintf("\nThe runtime's goroutineleak profile proves %d of them leaked: nothing that is alive can wake them.\n", proved)
	}
	evidence{Kind: KindStack, Title: "goroutines left behind", Text: text}.fail(t, OutcomeLeak,
		"%s started by this test %s still there after it ended.\n%s",
		plural(len(left), "goroutine"), isAre(len(left)), advice(left))
}

// left returns the goroutines of the test that are there now.
func (c *census) left() []goroutine {
	want := map[string]int{}
	var unnamed []goroutine
	for _, g := range profile("goroutine") {
		if c.owns(g) && !harmless(g.goroutine) {
			want[g.key()] += g.count
			unnamed = append(unnamed, slices.Repeat([]goroutine{g.goroutine}, g.count)...)
		}
	}
	all := dump()
	kin := family(all, map[int]bool{c.caller: true}, c.before)
	if len(unnamed) == 0 {
		return slices.DeleteFunc(kin, harmless)
	}
	// The profile has the labels, the dump has state and creator. They meet at
	// the stack; where goroutines of several tests are at one place, those whose
	// creator is known come first, and any other shows it as well as another.
	var left []goroutine
	shown := map[int]bool{}
	for _, g := range append(kin, all...) {
		if k := g.key(); want[k] > 0 && !c.before[g.id] && !shown[g.id] {
			want[k]--
			shown[g.id] = true
			left = append(left, g)
		}
	}
	if len(left) == 0 {
		return unnamed // gone between profile and dump, or the two texts disagree: the profile counts
	}
	return left
}

// proved counts the goroutines of the test that the runtime found unreachable.
func (c *census) proved() int {
	n := 0
	for _, g := range profile("goroutineleak") {
		if c.owns(g) {
			n += g.count
		}
	}
	return n
}

// harmless reports whether the goroutine is answered for elsewhere, or kept by the
// standard library for the whole process, whoever happened to need it first.
func harmless(g goroutine) bool {
	return g.watched || slices.ContainsFunc(g.frames, func(f frame) bool { return f.fn == "os/signal.loop" })
}

// A labelled is a group of goroutines in a profile.
type labelled struct {
	goroutine
	count     int
	test, run string
}

// profile reads a profile of goroutines with labels; none where the toolchain
// does not have it.
func profile(name string) []labelled {
	p := pprof.Lookup(name)
	if p == nil {
		return nil
	}
	var b strings.Builder
	if err := p.WriteTo(&b, 1); err != nil {
		return nil
	}
	return parseProfile(b.String())
}

// parseProfile reads the text form of a goroutine profile:
//
//	goroutine profile: total 3
//	2 @ 0x47b8ae 0x4136f1
//	# labels: {"hone.run":"x", "hone.test":"TestA"}
//	#	0x4136f0	main.work+0x30	/home/a/main.go:12
func parseProfile(text string) []labelled {
	var all []labelled
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		count, _, ok := strings.Cut(line, " @ ")
		if n, err := strconv.Atoi(count); ok && err == nil {
			all = append(all, labelled{count: n})
			continue
		}
		if len(all) == 0 {
			continue
		}
		g := &all[len(all)-1]
		if labels, ok := strings.CutPrefix(line, "# labels: "); ok {
			g.test, g.run = label(labels, "hone.test"), label(labels, "hone.run")
		} else if f := strings.Split(line, "\t"); len(f) >= 4 && f[0] == "#" {
			fn, _, _ := strings.Cut(f[2], "+0x")
			g.addFrame(frame{fn, f[len(f)-1]})
		}
	}
	return all
}

// label finds the value of a label in {"key":"value", "key":"value"}.
func label(labels, key string) string {
	_, rest, ok := strings.Cut(labels, strconv.Quote(key)+":")
	if !ok {
		return ""
	}
	quoted, err := strconv.QuotedPrefix(rest)
	if err != nil {
		return ""
	}
	value, _ := strconv.Unquote(quoted)
	return value
}

// advice says what goroutines in such states wait for.
func advice(left []goroutine) string {
	seen := map[string]bool{}
	var lines []string
	for _, g := range left {
		line := waitsFor(g)
		if line != "" && !seen[line] {
			seen[line] = true
			lines = append(lines, line)
		}
	}
	return strings.Join(lines, "\n")
}

func waitsFor(g goroutine) string {
	for _, f := range g.frames {
		if strings.HasPrefix(f.fn, "net/http.(*persistConn)") {
			return "An http.Client keeps idle connections: call CloseIdleConnections when done, and close every response body."
		}
	}
	switch {
	case strings.HasPrefix(g.state, "chan send"):
		return "A send waits for a receiver. Who was to receive, and did it return early?"
	case strings.HasPrefix(g.state, "chan receive"):
		return "A receive waits for a value or a close. Who was to send, and on which path does nobody close?"
	case strings.HasPrefix(g.state, "select"):
		return "A select waits and none of its cases comes. Is there one for stopping, and does anybody cancel or close it?"
	case strings.HasPrefix(g.state, "sync.WaitGroup"):
		return "A WaitGroup waits for a Done that does not come."
	case strings.HasPrefix(g.state, "sync.Cond"):
		return "A Cond waits for a Broadcast or Signal. Does the code that stops everything wake it?"
	case strings.HasPrefix(g.state, "sync."):
		return "A lock is never released. Which path returns without Unlock?"
	case strings.HasPrefix(g.state, "IO wait"):
		return "A read or accept waits on a connection that nobody closes."
	case strings.HasPrefix(g.state, "sleep"):
		return "A loop sleeps and wakes for ever. What tells it to stop?"
	}
	return "Who is to tell it that it is over?"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

func isAre(n int) string {
	if n == 1 {
		return "is"
	}
	return "are"
}
