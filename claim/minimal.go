package claim

import (
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// How Minimal searches, and why so.
//
// A random check fails after hundreds of steps of which three matter. Delta
// debugging (Zeller and Hildebrandt, Simplifying and Isolating Failure-Inducing
// Input, TSE 28:2, 2002) finds these by trying: leave a part out, run again, and
// keep what is left if it still fails. It takes no generator, no shrinker for each
// type and no luck with the seed; only that the check can be run again.
//
// In this order, for each is cheap where the one before has done its work:
//
//  1. the whole, a few times. Where it fails only now and then, for a hash has a
//     random seed, each part below is tried as often as that takes;
//  2. no steps at all: then the steps are not to blame;
//  3. the shortest beginning that fails, by bisection. A check that stops at the
//     first wrong answer fails alike whatever comes later: 500 steps lose those
//     behind the failure in 9 runs;
//  4. the algorithm ddmin, in the form that leaves out a half, a quarter, … one
//     step. That of the paper also tries each part alone, which after 3 hardly
//     ever fails. The result is 1-minimal: every step in it is needed;
//  5. two steps at once. Steps often come in pairs (push and pop, lock and
//     unlock) of which neither can go alone.
//
// What is left must fail in the same way as the whole, or the search slips from
// the mistake that it was given to another one, most often to a step that is
// wrong on its own: a pop without its push. The same way is the same outcome and
// the same skeleton of the first message, see skeleton.
//
// Elements stay as they are. A short list of the original steps is what a reader
// can replay in the head; smaller numbers in it are seldom worth as many runs.

// Bounds of a search. They are for the patience of who waits for the result.
const (
	searchTime  = 2 * time.Second // of the clock, or of the CPU where the clock is fake
	searchRuns  = 2000
	pairSteps   = 40 // the most steps of which all pairs are tried
	gaugeRuns   = 40 // of the whole, where it does not fail each time
	surelyFails = 3  // further failures, and none that is missing, are enough
	leastTries  = 5  // to see a part fail that has failed before, times tries

	// A part can block for ever where the whole did not: a take whose put is gone.
	// Such a run is left behind after patience times what the whole took, and its
	// goroutine with it. In a bubble the first ends the search, for the bubble
	// cannot end well any more.
	patience     = 10
	leastPatient = 100 * time.Millisecond
	mostHanging  = 3
)

// Minimal runs check on steps. Where it fails, Minimal finds a small part of the
// steps, in their order, that still fails in the same way, shows it as evidence
// of kind transcript, and runs check on that part with t, so that its own message
// and evidence are what is reported, and nothing else.
//
//	steps := make([]step, 500)
//	for i := range steps {
//		steps[i] = randomStep(rng)
//	}
//	claim.Minimal(t, steps, func(t testing.TB, steps []step) {
//		q, model := New(), []int{}
//		for _, s := range steps {
//			s.apply(t, q, &model) // t.Fatalf where they differ
//		}
//	})
//
// A check that passes is run once and says nothing, not even what it logs. One
// that fails is run up to 2,000 times in about 2 s, while t hears nothing of it.
// So check must make anew whatever it changes, must not change what steps point
// to, and should fail again on the same input. Of one that fails only now and then
// each part is tried several times; one that never fails again is reported with the
// first failure, and as one that does not repeat. It reports to the t that it is
// given, by any method, any claim, or a panic; its cleanups run after each run.
// Where it fails after more than 2 s, nothing is searched. A part of the steps on
// which it blocks is given up after a moment, and its goroutine left behind.
//
// Steps print with %v, so give their type a String method that reads like the
// call: put(3, "x"). Bytes are quoted, and strings, and []byte may be steps too:
// they get shorter, their elements no simpler.
//
// In a synctest bubble call Minimal in the bubble; check runs there too. A data
// race, a fatal error and a panic of a goroutine that check starts end the test as
// they always do, with nothing left out.
func Minimal[T any](t testing.TB, steps []T, check func(t testing.TB, steps []T)) {
	t.Helper()
	if _, within := t.(*quiet); within {
		check(t, steps) // who searches around this one leaves out more
		return
	}
	s := search{t: t, began: time.Now()}
	// check may sort its steps, or write to them: each run has its own.
	first, _ := quietly(t, 0, func(t testing.TB) { check(t, slices.Clone(steps)) })
	switch {
	case !first.failed && first.skipped:
		first.skip(t)
		return
	case !first.failed:
		return
	}
	s.try = func(t testing.TB, kept []int) { check(t, pick(steps, kept)) }
	s.want = first.way()
	kept := s.run(len(steps))
	part := pick(steps, kept)
	noun := "step"
	if _, ok := any(steps).([]byte); ok {
		noun = "byte"
	}
	if len(steps) > 0 {
		Show(t, KindTranscript, s.title(noun, len(kept), len(steps)), listed(part)+s.note())
	}
	if s.again(first, func() { check(t, slices.Clone(part)) }) {
		return
	}
	if len(part) < len(steps) && s.again(first, func() { check(t, slices.Clone(steps)) }) {
		t.Logf("The part shown failed once and passed when run again, so this is the failure of all %s.", plural(len(steps), noun))
		return
	}
	first.repeat(t, doesNotRepeat)
}

const doesNotRepeat = "It failed so, and passed when run again with the same steps: they alone do not decide. Look for what else does: the order of a map, the scheduler, the clock, a random number without a seed, what an earlier run left behind."

// pick returns the steps at the places kept.
func pick[T any](steps []T, kept []int) []T {
	part := make([]T, len(kept))
	for i, at := range kept {
		part[i] = steps[at]
	}
	return part
}

// again runs f, which reports to t itself, until it fails, and says whether it
// did; once does where it fails each time. Where t had failed before, or a cleanup
// is to fail, which t runs later, nobody can tell, and it is taken to have. Where f
// skips what failed before, the first failure is reported: there is no way back.
func (s *search) again(first *quiet, f func()) bool {
	t := s.t
	t.Helper()
	before, returned := t.Failed() || s.want.late, false
	defer func() {
		if !returned && t.Skipped() && !t.Failed() {
			first.repeat(t, doesNotRepeat)
		}
	}()
	began := time.Now()
	for range max(s.tries, 1) * leastTries {
		if f(); before || t.Failed() || time.Since(began) > searchTime {
			break
		}
	}
	returned = true
	return before || t.Failed()
}

// note says that the steps do not always fail.
func (s *search) note() string {
	if s.seldom == 0 {
		return ""
	}
	return fmt.Sprintf("It does not always fail: all the steps together did in %d of %d further runs.\n", s.seldom, gaugeRuns)
}

// A way is what failures have in common that are taken for the same.
type way struct {
	outcome  Outcome
	skeleton string
	late     bool // in a cleanup
}

func (q *quiet) way() way {
	q.mu.Lock()
	defer q.mu.Unlock()
	if !q.failed {
		return way{}
	}
	return way{q.outcome, "failed: " + skeleton(q.first), q.late}
}

// A search looks for a small part of steps 0 to n-1 that fails in the way wanted.
type search struct {
	t     testing.TB
	began time.Time
	try   func(t testing.TB, kept []int)
	want  way

	bubble  bool
	cpu     time.Duration // used when the search began
	whole   time.Duration // how long the first run took
	runs    int
	hanging int
	cut     bool // by a bound
	tries   int  // runs of each part; 0: the whole has not failed again
	seldom  int  // of gaugeRuns, in how many the whole failed; 0: always, or never again
}

// run returns the smallest part found.
func (s *search) run(n int) []int {
	s.whole = time.Since(s.began)
	if s.bubble = inBubble(); s.bubble {
		s.cpu, _ = cpuTime()
	}
	kept := make([]int, n)
	for i := range kept {
		kept[i] = i
	}
	s.gauge(kept)
	if n == 0 || s.fails(kept[:0]) {
		return kept[:0]
	}
	if s.tries == 0 {
		return kept
	}
	kept = s.beginning(kept)
	for {
		kept = s.ddmin(kept)
		fewer, ok := s.withoutPair(kept)
		if !ok {
			return kept
		}
		kept = fewer
	}
}

// gauge decides how often a part is tried. Where the whole fails whenever it is run,
// once is enough. Where it does not, a hash with a random seed, say, has a part in
// it: the whole is run until it is known how seldom it fails.
func (s *search) gauge(whole []int) {
	s.tries = 1
	runs, failed, enough := 0, 0, surelyFails
	if s.whole > searchTime/100 {
		enough = 1 // the time is better spent on parts
	}
	for runs < gaugeRuns && (runs < enough || failed < runs) {
		runs++
		if s.failsNow(whole) {
			failed++
		}
	}
	switch {
	case s.cut || failed == runs:
	case failed == 0:
		s.tries = 0
	default:
		s.seldom = failed
		s.tries = 3 * gaugeRuns / failed // then 19 of 20 parts that fail are seen to
	}
}

// beginning returns the shortest beginning that fails, if longer ones fail too.
func (s *search) beginning(kept []int) []int {
	passes, fails := 0, len(kept)
	for fails-passes > 1 {
		if middle := (passes + fails) / 2; s.fails(kept[:middle]) {
			fails = middle
		} else {
			passes = middle
		}
	}
	return kept[:fails]
}

// ddmin leaves out ever smaller chunks, until no single step can go.
func (s *search) ddmin(kept []int) []int {
	for chunks := min(2, len(kept)); len(kept) > 1; {
		smaller := false
		for i := 0; i < chunks && chunks > 1; {
			from, to := i*len(kept)/chunks, (i+1)*len(kept)/chunks
			rest := slices.Concat(kept[:from], kept[to:])
			if !s.fails(rest) {
				i++
				continue
			}
			// What is now at i has not been tried; chunks keep about their size.
			kept, smaller = rest, true
			chunks--
		}
		switch {
		case s.cut || !smaller && chunks >= len(kept):
			return kept
		case !smaller:
			chunks = min(2*chunks, len(kept))
		default:
			chunks = min(max(chunks, 2), len(kept))
		}
	}
	return kept
}

// withoutPair leaves out two steps of which neither can go alone.
func (s *search) withoutPair(kept []int) ([]int, bool) {
	if len(kept) < 3 || len(kept) > pairSteps {
		return kept, false // one of two is a single step left out
	}
	for i := range kept {
		for j := i + 1; j < len(kept); j++ {
			rest := slices.Concat(kept[:i], kept[i+1:j], kept[j+1:])
			if s.fails(rest) {
				return rest, true
			}
		}
	}
	return kept, false
}

// fails reports whether the steps kept fail in the way wanted, in one of the
// tries. Past a bound nothing does.
func (s *search) fails(kept []int) bool {
	for range s.tries {
		if s.failsNow(kept) {
			return true
		}
	}
	return false
}

func (s *search) failsNow(kept []int) bool {
	if s.cut || s.over() {
		s.cut = true
		return false
	}
	s.runs++
	q, ended := quietly(s.t, s.patience(), func(t testing.TB) { s.try(t, kept) })
	if !ended {
		s.hanging++
		return false
	}
	return q.way() == s.want
}

func (s *search) over() bool {
	if s.runs >= searchRuns {
		return true
	}
	if s.bubble {
		used, err := cpuTime()
		return s.hanging > 0 || err == nil && used-s.cpu > searchTime
	}
	return s.hanging >= mostHanging || s.whole > searchTime || time.Since(s.began) > s.whole+searchTime
}

// patience is how long a run may take.
func (s *search) patience() time.Duration {
	if s.bubble {
		return patience*s.whole + time.Hour // costs nothing
	}
	left := searchTime + s.whole - time.Since(s.began)
	return min(max(patience*s.whole, leastPatient), s.whole+max(left, 0)+leastPatient)
}

// title says what part is shown.
func (s *search) title(noun string, part, whole int) string {
	switch {
	case part == 0:
		return fmt.Sprintf("it fails without any of the %s", plural(whole, noun))
	case s.tries == 0:
		return fmt.Sprintf("what failed once: all %s", plural(whole, noun))
	case s.runs == 0:
		return fmt.Sprintf("all %s: one run took %v, too long to leave any out", plural(whole, noun), s.whole.Round(time.Millisecond))
	case s.cut:
		return fmt.Sprintf("the smallest found in %s: %d of %s", plural(s.runs, "run"), part, plural(whole, noun))
	case part == whole && whole == 1:
		return fmt.Sprintf("the one %s that shows it", noun)
	case part == whole:
		return fmt.Sprintf("all %s are needed to show it", plural(whole, noun))
	}
	return fmt.Sprintf("the smallest that shows it: %d of %s", part, plural(whole, noun))
}

const (
	listedSteps = 100 // the most steps that are shown, the last ones always
	listedBytes = 64  // on a line
)

// listed renders steps, one to a line and numbered from 1, or bytes, quoted.
func listed[T any](steps []T) string {
	var b strings.Builder
	if text, ok := any(steps).([]byte); ok {
		for line := range slices.Chunk(text, listedBytes) {
			fmt.Fprintf(&b, "%q\n", line)
		}
		return b.String()
	}
	width := len(fmt.Sprint(len(steps)))
	for i, step := range steps {
		if skip := len(steps) - listedSteps; skip > 0 && i >= listedSteps/2 && i < listedSteps/2+skip {
			if i == listedSteps/2 {
				fmt.Fprintf(&b, "%*s  … %d more …\n", width, "", skip)
			}
			continue
		}
		text := strings.ReplaceAll(worded(step), "\n", "\n"+strings.Repeat(" ", width+2))
		fmt.Fprintf(&b, "%*d  %s\n", width, i+1, text)
	}
	return b.String()
}

// worded is a step as %v prints it; text that has no words of its own is quoted.
func worded(step any) string {
	switch step.(type) {
	case fmt.Formatter, fmt.Stringer, error:
		return fmt.Sprintf("%v", step)
	}
	v := reflect.ValueOf(step)
	if v.IsValid() && (v.Kind() == reflect.String || v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8) {
		return fmt.Sprintf("%q", step)
	}
	return fmt.Sprintf("%v", step)
}

// skeleton is what a message says without the values in it, which change with the
// steps: its first line that is not empty, without what is quoted, in brackets or
// braces, and without every word that has a digit in it.
//
//	get("k7") = 12, want []int{1, 2} after 1.5ms   →   get("") = #, want []int{} after #
func skeleton(message string) string {
	line := strings.TrimSpace(message)
	line, _, _ = strings.Cut(line, "\n")
	var b strings.Builder
	for before := ' '; line != ""; {
		r, size := utf8.DecodeRuneInString(line)
		switch {
		case r == '"', r == '`', r == '\'' && !partOfWord(before):
			if end := closing(line); end > 0 {
				b.WriteString(`""`)
				line = line[end:]
				continue
			}
		case r == '[' || r == '{':
			if end := balanced(line); end > 0 {
				b.WriteString(line[:1] + line[end-1:end])
				line = line[end:]
				continue
			}
		case partOfWord(r):
			end := strings.IndexFunc(line, func(r rune) bool { return !partOfWord(r) })
			if end < 0 {
				end = len(line)
			}
			if word := strings.TrimRight(line[:end], "."); strings.ContainsFunc(word, unicode.IsDigit) {
				b.WriteString("#")
				line = line[len(word):]
			} else {
				b.WriteString(line[:end])
				line = line[end:]
			}
			before = r
			continue
		case r == '-' && len(line) > 1 && line[1] >= '0' && line[1] <= '9':
			line = line[1:] // a sign
			continue
		}
		b.WriteString(line[:size])
		before, line = r, line[size:]
	}
	return b.String()
}

func partOfWord(r rune) bool {
	return unicode.IsLetter(r) || unicode.IsDigit(r) || r == '_' || r == '.'
}

// closing returns where the quotation that begins line ends, 0 if it does not: an
// apostrophe, say.
func closing(line string) int {
	for i := 1; i < len(line); i++ {
		switch {
		case line[i] == '\\' && line[0] != '`':
			i++
		case line[i] == line[0]:
			return i + 1
		}
	}
	return 0
}

// balanced returns where the bracket that begins line is closed, 0 if it is not.
func balanced(line string) int {
	depth := 0
	for i := 0; i < len(line); i++ {
		switch line[i] {
		case '"', '`':
			if end := closing(line[i:]); end > 0 {
				i += end - 1
			}
		case '[', '{':
			depth++
		case ']', '}':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
	return 0
}
