package claim

import (
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"text/tabwriter"
	"time"
)

// How Ratio and Faster measure, and why so.
//
// They count CPU time of the whole process, not wall time. On a machine that does
// other things too, wall time of the same code varies by 70 to 110 % from round
// to round, CPU time by 3 to 16 %, and the goroutines and the garbage collection
// that an operation causes are in it.
//
// They compare in one run and never with a number from elsewhere: rounds of the
// sides are interleaved, in alternating order, so that what the machine does
// meanwhile (clock frequency, a neighbour, a warm cache) meets both. Each round
// gives one ratio; the median of the ratios is the answer, and its confidence
// interval comes from order statistics, which assume nothing about the
// distribution of the noise (David and Nagaraja, Order Statistics, 7.1).
//
// What the rounds cannot see is what differs from process to process: where the
// memory of the sides happens to be, and a neighbour that stays. A ratio that is near
// its limit may be above it in one process and below it in the next by some percent.
// So a failure that is near is marked with the attribute hone.near, and who judges
// repeats it in other processes before believing it.
//
// They answer only when they know: while the interval contains the limit, more
// rounds are added, and in the end the test is skipped as noisy.
//
// Whether a limit is a good one is a question of its own, and calibrate.go answers it
// for who sets HONE_CALIBRATE in the environment of the tests.
const (
	roundCPU      = 15 * time.Millisecond // the least CPU time of a round
	roundWall     = 500 * time.Millisecond
	defaultRounds = 15 // the fewest at which the 99 % interval leaves out two outliers at either end
	fewestRounds  = 8  // below, even the whole range of the rounds is less than a 99 % interval
	moreRounds    = 3  // up to this many times as many rounds
	confidence    = 0.99
	near          = 1.25 // times the limit: what lies beyond does not come from where memory happens to be
	widest        = 0.25 // of the median: an interval this wide is no answer to Ratio
)

// A Side is one of those that compete.
type Side struct {
	Name string
	Op   func(n int) // does the operation n times

	// CPU reads the clock of what does the work, nil for the CPU time of this process.
	// An operation that another process does, and this one only asks for, is measured
	// by that process's clock.
	CPU func() time.Duration
}

// A Contest is what to measure.
type Contest struct {
	Ours, Peer Side

	// Floor, if not nil, does what no implementation can avoid: copying the bytes,
	// touching the memory, the system call alone. A side that is faster than the
	// floor has not done the work, and the contest is refused.
	Floor *Side

	// Rounds is how often each side is measured, 0 for 15, at least 8. Up to three
	// times as many are made where that is needed for an answer.
	Rounds int
}

// Ratio returns CPU(ours)/CPU(peer) for one operation, the median over rounds:
// below 1, ours is faster. The test is skipped, with outcome noisy, when the
// machine cannot tell: the 99 % confidence interval is wider than a quarter of
// the median, or the build is one that measures something else (-race, -cover,
// -gcflags=-N). It ends, failed, when a side is faster than the floor.
//
// An operation must not be optimised away: keep its results, in a variable of the
// test package for instance.
func Ratio(t testing.TB, c Contest) float64 {
	t.Helper()
	m := prepare(t, c)
	for m.more(t) {
		if mid, lo, hi := m.ratio(); hi-lo <= widest*mid {
			return mid
		}
	}
	mid, lo, hi := m.ratio()
	m.evidence().attach(t)
	noisy(t, "This machine is too noisy to tell: CPU per operation is %.2f of %s's, but anything from %.2f to %.2f after %d rounds.",
		mid, c.Peer.Name, lo, hi, m.rounds)
	return mid
}

// Faster claims that an operation of ours takes at most atMost times the CPU time
// that the peer's takes. It fails, with outcome budget, when the whole 99 %
// confidence interval of the ratio lies above atMost, holds when the whole
// interval lies at or below, and otherwise skips the test with outcome noisy, as
// [Ratio] does. The table of what was measured is attached either way.
//
//	claim.Faster(t, claim.Contest{
//		Ours: claim.Side{Name: "ours", Op: func(n int) { for range n { sink = Sum(data) } }},
//		Peer: claim.Side{Name: "loop", Op: func(n int) { for range n { sink = loop(data) } }},
//	}, 0.5) // at least twice as fast
func Faster(t testing.TB, c Contest, atMost float64) {
	t.Helper()
	m := prepare(t, c)
	m.atMost = atMost
	for m.more(t) {
		mid, lo, hi := m.ratio()
		switch decide(lo, hi, atMost) {
		case holds:
			m.evidence().attach(t)
			return
		case fails:
			if mid < near*atMost {
				t.Attr(keyNear, "true")
			}
			m.evidence().fail(t, OutcomeBudget,
				"%s takes %.2f times the CPU of %s for an operation, claimed at most %.2f.\nA profile of both shows where it goes: go test -bench . -cpuprofile cpu.out, then go tool pprof.",
				c.Ours.Name, mid, c.Peer.Name, atMost)
			return
		}
	}
	mid, lo, hi := m.ratio()
	m.evidence().attach(t)
	noisy(t, "This machine cannot tell whether %s takes at most %.2f times the CPU of %s: %.2f was measured, but anything from %.2f to %.2f is likely after %d rounds.",
		c.Ours.Name, atMost, c.Peer.Name, mid, lo, hi, m.rounds)
}

// An answer is what an interval says about a limit.
type answer int

const (
	unclear answer = iota
	holds
	fails
)

// decide is the rule of Faster.
func decide(lo, hi, atMost float64) answer {
	switch {
	case hi <= atMost:
		return holds
	case lo > atMost:
		return fails
	}
	return unclear
}

// A match is a contest while it is measured.
type match struct {
	sides  []*meter // ours, peer and perhaps the floor
	want   int      // rounds until the first look
	rounds int      // rounds so far
	atMost float64  // the limit, 0 for Ratio
}

// next is how many rounds come after so many, 0 when it is enough.
func (m *match) next(rounds int) int {
	k := m.want
	if rounds > 0 {
		k = (m.want + 2) / 3
	}
	if rounds+k > moreRounds*m.want {
		return 0
	}
	return k
}

// A meter is a side and what was measured of it.
type meter struct {
	Side
	n  int       // operations in a round
	ns []float64 // CPU per operation, round by round
}

// prepare refuses what cannot be measured, and finds how many operations make a
// round.
func prepare(t testing.TB, c Contest) *match {
	t.Helper()
	if why := distorted(); why != "" {
		noisy(t, "Speed is not measured in this build: %s. Build plain: go test without it.", why)
	}
	m := &match{want: c.Rounds, sides: []*meter{{Side: c.Ours}, {Side: c.Peer}}}
	if m.want <= 0 {
		m.want = defaultRounds
	}
	m.want = max(m.want, fewestRounds)
	if c.Floor != nil {
		m.sides = append(m.sides, &meter{Side: *c.Floor})
	}
	for _, s := range m.sides {
		if s.Op == nil || s.Name == "" {
			t.Fatalf("side %q of the contest has no name or no Op", s.Name)
		}
		if _, err := cpuTime(); s.CPU == nil && err != nil {
			noisy(t, "This system does not tell the CPU time of a process: %v.", err)
		}
		s.calibrate(t)
	}
	return m
}

// distorted names what in this build changes the speed of one side more than
// that of the other.
func distorted() string {
	switch {
	case raceDetector:
		return "the race detector slows every access to memory (-race)"
	case testing.CoverMode() != "":
		return "coverage counts in the code under test and not in its peer (-cover)"
	}
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, s := range info.Settings {
			if s.Key == "-gcflags" && slices.Contains(strings.Fields(s.Value), "-N") {
				return "the compiler does not optimise (-gcflags=-N)"
			}
		}
	}
	return ""
}

// calibrate finds n so that a round takes roundCPU. Its calls warm the side up.
func (s *meter) calibrate(t testing.TB) {
	t.Helper()
	for s.n = 1; ; {
		start := time.Now()
		used := s.measure()
		wall := time.Since(start)
		switch {
		case wall > roundWall && used < wall/20:
			noisy(t, "%s uses next to no CPU (%v in %v): it waits, and CPU time says nothing about it. Count what it does instead.", s.Name, used, wall)
		case used >= roundCPU || wall > roundWall:
			return
		case s.n >= 1<<40:
			t.Fatalf("refused: %s did %d operations in %v. That is less than one instruction each: the work was optimised away, or Op does not do it n times.", s.Name, s.n, used)
		}
		grow := 100.0
		if used > roundCPU/100 {
			grow = 1.2 * float64(roundCPU) / float64(used)
		}
		grow = min(grow, 1.2*float64(roundWall)/float64(wall)) // what sleeps must not sleep for minutes
		s.n = int(float64(s.n)*max(grow, 1.2)) + 1
	}
}

// measure returns the CPU time of n operations. It starts from a collected heap,
// so that a side does not pay for the garbage of the other.
func (s *meter) measure() time.Duration {
	runtime.GC()
	before := s.clock()
	s.Op(s.n)
	return s.clock() - before
}

// clock reads the CPU time that what does the work has used so far.
func (s *meter) clock() time.Duration {
	if s.CPU != nil {
		return s.CPU()
	}
	used, _ := cpuTime()
	return used
}

// more measures further rounds: as many as wanted at first, then a third of that
// at a time. It reports whether there were any.
func (m *match) more(t testing.TB) bool {
	t.Helper()
	k := m.next(m.rounds)
	if k == 0 {
		return false
	}
	for range k {
		order := slices.Clone(m.sides)
		if m.rounds%2 == 1 {
			slices.Reverse(order)
		}
		for _, s := range order {
			s.ns = append(s.ns, float64(s.measure())/float64(s.n))
		}
		m.rounds++
	}
	m.refuse(t)
	return true
}

// refuse ends the test when a side is faster than the floor.
func (m *match) refuse(t testing.TB) {
	t.Helper()
	if len(m.sides) < 3 {
		return
	}
	floor := m.sides[2]
	for _, s := range m.sides[:2] {
		if mid, _, hi := interval(quotients(s.ns, floor.ns)); hi < 1 {
			m.evidence().fail(t, "", "refused: %s takes %.2f of the CPU of the floor, %q, which is work that nobody can avoid.\nThe work was not done, or was optimised away: does Op keep its results? Or the floor is not one.",
				s.Name, mid, floor.Name)
			t.FailNow()
		}
	}
}

// ratio returns ours/peer and its confidence interval.
func (m *match) ratio() (mid, lo, hi float64) {
	return interval(quotients(m.sides[0].ns, m.sides[1].ns))
}

// evidence is the table of what was measured.
func (m *match) evidence() evidence {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(w, "\tCPU ns/op\tfrom\tto\tops a round\t")
	for i, s := range m.sides {
		mid, lo, hi := interval(slices.Clone(s.ns))
		name := s.Name
		if i == 2 {
			name += " (floor)"
		}
		fmt.Fprintf(w, "%s\t%.4g\t%.4g\t%.4g\t%d\t\n", name, mid, lo, hi, s.n)
	}
	w.Flush()
	mid, lo, hi := m.ratio()
	fmt.Fprintf(&b, "ratio %.3f, from %.3f to %.3f with 99 %% confidence, %d rounds\nby round:", mid, lo, hi, m.rounds)
	for _, q := range quotients(m.sides[0].ns, m.sides[1].ns) {
		fmt.Fprintf(&b, " %.2f", q)
	}
	if os.Getenv(calibrate) != "" && m.atMost > 0 {
		b.WriteString("\n" + m.calibration().String())
	}
	title := fmt.Sprintf("CPU per operation, %s against %s", m.sides[0].Name, m.sides[1].Name)
	return evidence{Kind: KindRatioTable, Title: title, Text: b.String()}
}

func quotients(a, b []float64) []float64 {
	q := make([]float64, len(a))
	for i := range a {
		q[i] = a[i] / b[i]
	}
	return q
}

// interval sorts x and returns its median, and the values between which the
// median of the distribution lies with the confidence wanted: those that are
// exceeded by so few, by so many of the others that a fair coin would do it in
// less than (1-confidence)/2 of all cases. With too few values for that it is the
// whole range.
func interval(x []float64) (mid, lo, hi float64) {
	slices.Sort(x)
	n := len(x)
	mid = (x[(n-1)/2] + x[n/2]) / 2
	k := 0
	p := 1.0 // the probability of k heads in n throws
	for range n {
		p /= 2
	}
	for tail := p; tail <= (1-confidence)/2 && 2*(k+1) < n; tail += p {
		k++
		p *= float64(n-k+1) / float64(k)
	}
	k = max(k, 1)
	return mid, x[k-1], x[n-k]
}
