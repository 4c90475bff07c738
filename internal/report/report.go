// Package report shows a verdict: to a person in a terminal, to a program as
// JSON, to a CI system as JUnit XML.
//
// All three come from the same [judge.Verdict]; none decides anything. Start with
// [Text]. The text is made for the moment after a save: what passed, the first
// thing that didn't with what it promised, what happened and the evidence, and
// what to type next. The rest of the verdict stays out of the way until it is asked
// for.
package report

import (
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/term"
)

// Limits of what is shown without being asked for.
const (
	maxLines    = 24 // of one piece of evidence
	maxProblems = 10
)

// Options say what stands around a verdict. The zero value is usable.
type Options struct {
	Dir   string            // the learner's directory as it was typed; problems are named below it
	Files map[string][]byte // the learner's files, to show the line that a problem is in
	Full  bool              // every failure, whole evidence
	Next  []Step            // what to type next, the most useful first
}

// A Step is a command worth typing, and why.
type Step struct{ Command, Why string }

// Text lays a verdict out for a screen.
func Text(s term.Screen, v *judge.Verdict, o Options) string {
	p := &page{screen: s, o: o}
	p.headline(v)
	if len(v.Problems) > 0 {
		p.problems(v.Problems)
	} else {
		p.stages(v)
		p.failures(v)
		if v.Outcome == judge.Passed {
			p.measured(v)
		}
	}
	p.notes(v.Notes)
	p.next()
	return p.String()
}

// Findings is the part of [Text] that explains: problems, failures and notes,
// without how far it went.
func Findings(s term.Screen, v *judge.Verdict, o Options) string {
	p := &page{screen: s, o: o}
	if len(v.Problems) > 0 {
		p.problems(v.Problems)
	} else {
		p.failures(v)
	}
	p.notes(v.Notes)
	return p.String()
}

// First returns the first check that keeps a verdict from passing, with its
// stage, or nil. A check that couldn't be measured comes after every one that
// failed, and one that shows a suspected mistake most plainly before all.
func First(v *judge.Verdict) (*judge.Stage, *judge.Check) {
	if len(v.Suspicions) > 0 {
		for i := range v.Stages {
			for j := range v.Stages[i].Checks {
				if c := &v.Stages[i].Checks[j]; c.Name == v.Suspicions[0].Check && failing(c.Outcome) {
					return &v.Stages[i], c
				}
			}
		}
	}
	for _, noisy := range []bool{false, true} {
		for i := range v.Stages {
			for j := range v.Stages[i].Checks {
				if c := &v.Stages[i].Checks[j]; failing(c.Outcome) && (c.Outcome == judge.Noisy) == noisy {
					return &v.Stages[i], c
				}
			}
		}
	}
	return nil, nil
}

func failing(o judge.Outcome) bool { return o != judge.Passed && o != judge.NotRun && o != "" }

// Headline is a verdict in one line: how far, and what stands in the way.
func Headline(v *judge.Verdict) string {
	passed := 0
	for _, st := range v.Stages {
		if st.Outcome == judge.Passed {
			passed++
		}
	}
	took := Seconds(v.Wall)
	switch stage, check := First(v); {
	case len(v.Problems) > 0:
		return fmt.Sprintf("%s: not yet, it does not build (%s)", v.Lab, took)
	case check != nil:
		return fmt.Sprintf("%s: not yet, %d of %s (%s): %s, %s %s", v.Lab, passed,
			Count(len(v.Stages), "stage"), took, stage.ID, check.Name, word(check.Outcome))
	case passed == len(v.Stages):
		return fmt.Sprintf("%s: passed, %s (%s)", v.Lab, Count(passed, "stage"), took)
	default:
		return fmt.Sprintf("%s: %s, %d of %s (%s)", v.Lab, v.Outcome, passed, Count(len(v.Stages), "stage"), took)
	}
}

// Count returns "1 stage", "3 stages".
func Count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// Seconds writes a duration as a person would say it.
func Seconds(d time.Duration) string {
	switch {
	case d < time.Second:
		return fmt.Sprintf("%d ms", d.Milliseconds())
	case d < 10*time.Second:
		return fmt.Sprintf("%.1f s", d.Seconds())
	case d < 2*time.Minute:
		return fmt.Sprintf("%.0f s", d.Seconds())
	default:
		return fmt.Sprintf("%.0f min", d.Minutes())
	}
}

// word names an outcome in a sentence about a check.
func word(o judge.Outcome) string {
	switch o {
	case judge.Panicked:
		return "panicked"
	case judge.Raced:
		return "has a data race"
	case judge.Deadlock:
		return "is deadlocked"
	case judge.Timeout:
		return "ran out of time"
	case judge.Leaked:
		return "leaks"
	case judge.Budget:
		return "is over budget"
	case judge.Exited:
		return "ended the process"
	case judge.Limited:
		return "went past a limit"
	case judge.Noisy:
		return "could not be measured"
	default:
		return string(o)
	}
}

// Mark is the sign before a stage or a check, in its colour.
func Mark(s term.Screen, o judge.Outcome) string {
	switch o {
	case judge.Passed:
		return s.Paint("✓", term.Green)
	case judge.NotRun, "":
		return s.Paint("·", term.Dim)
	case judge.Noisy:
		return s.Paint("~", term.Yellow)
	default:
		return s.Paint("✗", term.Red)
	}
}

// A page collects the parts of a verdict.
type page struct {
	screen term.Screen
	o      Options
	strings.Builder
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

// block starts a part, with one empty line before it.
func (p *page) block() {
	if p.Len() > 0 {
		p.WriteByte('\n')
	}
}

func (p *page) headline(v *judge.Verdict) {
	verdict := p.screen.Paint("not yet", term.Bold, term.Yellow)
	if v.Outcome == judge.Passed {
		verdict = p.screen.Paint("passed", term.Bold, term.Green)
	}
	took := ""
	if v.Wall > 0 {
		took = p.screen.Paint(" in "+Seconds(v.Wall), term.Dim)
	}
	p.line("%s %s%s", p.screen.Paint(v.Lab, term.Bold), verdict, took)
}

// problems shows what stands before any check, each with its line of source.
func (p *page) problems(list []judge.Problem) {
	p.block()
	shown := list
	if !p.o.Full && len(shown) > maxProblems {
		shown = shown[:maxProblems]
	}
	for i, pr := range shown {
		p.problem(pr)
		if p.source(pr) && i < len(shown)-1 {
			p.block()
		}
	}
	if n := len(list) - len(shown); n > 0 {
		p.line("%s", p.screen.Paint(fmt.Sprintf("… %s more", Count(n, "problem")), term.Dim))
	}
}

func (p *page) problem(pr judge.Problem) {
	where := p.where(pr)
	message := term.Clean(pr.Message)
	first, rest, _ := strings.Cut(message, "\n")
	if where != "" {
		first = p.screen.Link(p.url(pr), p.screen.Paint(where, term.Red, term.Bold)) + " " + first
	}
	p.line("%s", p.screen.Wrap(first, ""))
	if rest != "" {
		p.line("%s", p.screen.Wrap(rest, "  "))
	}
}

// where is the form that editors and terminals make a link of.
func (p *page) where(pr judge.Problem) string {
	if pr.File == "" {
		return ""
	}
	w := filepath.Join(p.o.Dir, filepath.FromSlash(pr.File))
	if pr.Line > 0 {
		w += fmt.Sprintf(":%d", pr.Line)
		if pr.Column > 0 {
			w += fmt.Sprintf(":%d", pr.Column)
		}
	}
	return w + ":"
}

func (p *page) url(pr judge.Problem) string {
	abs, err := filepath.Abs(filepath.Join(p.o.Dir, filepath.FromSlash(pr.File)))
	if err != nil {
		return ""
	}
	return "file://" + filepath.ToSlash(abs)
}

// source shows the line that a problem is in, with a caret under the column, and
// reports whether there is one.
// Columns are bytes from 1, as in the messages of the compiler.
func (p *page) source(pr judge.Problem) bool {
	lines := strings.Split(string(p.o.Files[pr.File]), "\n")
	if pr.Line < 1 || pr.Line > len(lines) || len(p.o.Files[pr.File]) == 0 {
		return false
	}
	raw := lines[pr.Line-1]
	number := fmt.Sprintf("%5d ", pr.Line)
	at := -1
	if pr.Column >= 1 && pr.Column <= len(raw)+1 {
		at = term.Cells(term.Clean(raw[:pr.Column-1]))
	}
	left, right := p.around(at, len(number)+2)
	bar := p.screen.Paint("│ ", term.Dim)
	p.line("%s%s%s", p.screen.Paint(number, term.Dim), bar, term.Window(term.Clean(raw), left, right))
	if at >= 0 {
		p.line("%s%s%s%s", strings.Repeat(" ", len(number)), bar, strings.Repeat(" ", at-left), p.screen.Paint("^", term.Red, term.Bold))
	}
	return true
}

// around returns the part of a long line to show so that the cell at stays in
// sight: the start of the line if it is there, else a part with at in the middle.
func (p *page) around(at, taken int) (left, right int) {
	room := p.screen.Width - taken
	if p.screen.Width == 0 {
		return 0, 1 << 30
	}
	room = max(room, 12)
	if at < room-1 {
		return 0, room
	}
	return at - room/2, at - room/2 + room
}

// notes are worth knowing and never fatal, so they come last and quietly.
func (p *page) notes(list []judge.Problem) {
	if len(list) == 0 {
		return
	}
	p.block()
	p.line("%s", p.screen.Paint(p.screen.Wrap("Worth knowing, though nothing depends on it:", ""), term.Dim))
	for i, n := range list {
		if i == maxProblems && !p.o.Full {
			p.line("%s", p.screen.Paint(fmt.Sprintf("… %s more", Count(len(list)-i, "note")), term.Dim))
			break
		}
		text := strings.TrimSpace(p.where(n) + " " + term.Clean(n.Message))
		p.line("%s", p.screen.Wrap(text, "  "))
	}
}

func (p *page) next() {
	if len(p.o.Next) == 0 {
		return
	}
	p.block()
	p.WriteString(Steps(p.screen, p.o.Next))
}

// Steps lists commands worth typing.
func Steps(s term.Screen, steps []Step) string {
	rows := make([][]string, len(steps))
	for i, st := range steps {
		rows[i] = []string{"  " + s.Paint(st.Command, term.Bold, term.Cyan), st.Why}
	}
	var b strings.Builder
	b.WriteString(s.Paint("Next:", term.Bold) + "\n")
	for _, l := range term.Columns(rows, 3) {
		b.WriteString(s.Cut(l, 0) + "\n")
	}
	return b.String()
}
