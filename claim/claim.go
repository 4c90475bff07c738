// Package claim asserts what an ordinary test cannot see: that a call does not
// allocate, that a goroutine is not left behind, that a value can be collected,
// that a function blocks, that one implementation is faster than another, that the
// compiler keeps a variable on the stack.
//
// The smallest example, in any repository, under plain go test:
//
//	func TestParse_DoesNotAllocate(t *testing.T) {
//		claim.Allocs(t, 0, func() { Parse(input) })
//	}
//
// A claim that holds is silent. One that does not says what was claimed, what
// was seen and where to look next, and attaches evidence: the stacks that
// allocated, the goroutines that stayed, the table of measured rounds. No fact
// found is a failure, never a pass; only a machine that cannot measure just now
// skips a test instead of failing it.
//
// Where to start: [Allocs], [NoGoroutineLeak], [Unreachable], [Terminates],
// [Deadlocks], [Faster], [Layout], [Compiler] and [Traced] are the claims. [Equal] and [Bytes]
// compare with a readable difference. [Rand] gives random numbers that can be replayed.
//
// # For programs that read results
//
// Beside the text in the log, every claim emits test attributes
// ([testing.TB.Attr]), which go test -json reports as events of action "attr":
//
//	hone.evidence  one line of JSON: {"kind":…,"title":…,"text":…}
//	hone.outcome   budget, leak, deadlock, timeout or noisy
//	hone.near      true where a measurement failed by so little that another process,
//	               with its memory elsewhere, may find otherwise
//	hone.seed      decimal; HONE_SEED set to it repeats the random input
//
// Text too long for one attribute (go test -json reads lines of 4 KiB) continues
// in further ones, which have "more":true. A program that shows evidence itself
// sets HONE_EVIDENCE=attr in the environment of the tests, and the log then has
// the sentences alone.
//
// What this package deliberately leaves out: mocks, matchers, and any second way
// to say what an if statement and t.Errorf say well.
package claim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

// A Kind says how evidence is to be read.
type Kind string

const (
	KindDiff       Kind = "diff"       // lines with -, + or space before them; - is what was got
	KindTranscript Kind = "transcript" // bytes exchanged, quoted, a caret under the first wrong one
	KindStack      Kind = "stack"      // goroutine stacks
	KindRace       Kind = "race"       // a report of the race detector
	KindAlloc      Kind = "alloc"      // allocating stacks with counts
	KindRatioTable Kind = "ratio"      // CPU per operation, round by round
	KindHistory    Kind = "history"    // concurrent operations in time
	KindPrediction Kind = "prediction" // what was predicted and what was observed
	KindOutput     Kind = "output"     // what a program printed
	KindText       Kind = "text"       // anything else
)

// An Outcome classes a failure that is not merely a wrong answer.
type Outcome string

const (
	OutcomeBudget   Outcome = "budget"   // right, but too slow or too fat
	OutcomeLeak     Outcome = "leak"     // something was left behind
	OutcomeDeadlock Outcome = "deadlock" // it waits and nothing can wake it, or it should and does not
	OutcomeTimeout  Outcome = "timeout"  // it did not end in time
	OutcomeNoisy    Outcome = "noisy"    // this machine cannot tell now; the test is skipped
)

// Keys of the test attributes.
const (
	keyEvidence = "hone.evidence"
	keyOutcome  = "hone.outcome"
	keyNear     = "hone.near"
	keySeed     = "hone.seed"
)

// evidenceLimit is the most bytes of text that one piece of evidence carries.
const evidenceLimit = 64 << 10

// lineLimit is the longest attribute line. cmd/test2json gives up on a line that
// does not fit its 4,096-byte buffer and passes it on as plain output, so longer
// evidence is sent in pieces.
const lineLimit = 4000

// Show attaches evidence to the test: to its log, and as the attribute
// hone.evidence. Text longer than 64 KiB is cut with a note.
//
// Show does not fail the test. The log of a passing test is not printed unless
// go test -v asks for it.
func Show(t testing.TB, kind Kind, title, text string) {
	t.Helper()
	e := evidence{Kind: kind, Title: title, Text: cut(text)}
	e.attach(t)
	if logged() {
		t.Logf("%s:\n%s", title, indent(e.Text))
	}
}

// Fail fails the test with a class of outcome, for the reader of hone.outcome,
// and continues, as [testing.T.Errorf] does. The zero Outcome is a plain failure.
func Fail(t testing.TB, o Outcome, format string, args ...any) {
	t.Helper()
	if o != "" {
		t.Attr(keyOutcome, string(o))
	}
	t.Errorf(format, args...)
}

// logged reports whether evidence belongs in the log. A program that reads the
// attributes, and shows the log beside them, sets HONE_EVIDENCE=attr.
func logged() bool { return os.Getenv("HONE_EVIDENCE") != "attr" }

// noisy skips the test: neither pass nor fail.
func noisy(t testing.TB, format string, args ...any) {
	t.Helper()
	t.Attr(keyOutcome, string(OutcomeNoisy))
	t.Skipf(format, args...)
}

// evidence is the value of the attribute hone.evidence. One that would make the
// attribute too long goes on in further ones: same kind and title, more set.
type evidence struct {
	Kind  Kind   `json:"kind"`
	Title string `json:"title"`
	Text  string `json:"text"`
	More  bool   `json:"more,omitempty"` // continues the text of the one before
}

// fail fails the test with the evidence, in one log entry.
func (e evidence) fail(t testing.TB, o Outcome, format string, args ...any) {
	t.Helper()
	e.Text = cut(e.Text)
	e.attach(t)
	message := strings.TrimRight(fmt.Sprintf(format, args...), "\n")
	if logged() {
		message += "\n" + indent(e.Text)
	}
	Fail(t, o, "%s", message)
}

// attach sends the evidence as attributes.
func (e evidence) attach(t testing.TB) {
	room := max(1024, lineLimit-len(t.Name()))
	line, rest := e.fill(e.Text, room)
	t.Attr(keyEvidence, line)
	for rest != "" {
		e.More = true
		line, rest = e.fill(rest, room)
		t.Attr(keyEvidence, line)
	}
}

// fill takes as much of text as fits in room bytes of JSON, at least one rune,
// and returns the JSON and the rest.
func (e evidence) fill(text string, room int) (line, rest string) {
	n := min(len(text), room)
	for {
		for n > 0 && n < len(text) && !utf8.RuneStart(text[n]) {
			n--
		}
		e.Text = text[:n]
		line = oneLine(e)
		if len(line) <= room || n <= utf8.UTFMax {
			return line, text[n:]
		}
		n = max(utf8.UTFMax, n-(len(line)-room))
	}
}

// oneLine is JSON without the escapes that are only of use in HTML.
func oneLine(v any) string {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return fmt.Sprintf("{%q:%q}", "text", err.Error())
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// cut limits text, and says so.
func cut(text string) string {
	if len(text) <= evidenceLimit {
		return text
	}
	n := evidenceLimit
	for n > 0 && !utf8.RuneStart(text[n]) {
		n--
	}
	return fmt.Sprintf("%s\n[cut: %d of %d bytes shown]", text[:n], n, len(text))
}

func indent(text string) string {
	text = strings.TrimRight(text, "\n")
	return "\t" + strings.ReplaceAll(text, "\n", "\n\t")
}
