// Package diagnose tells a learner what is probably wrong, in the words of somebody who
// made that mistake before.
//
// Every lab brings wrong solutions, each with a sentence that says what is wrong with it.
// Which checks of its stage a wrong solution fails, and how, is its [Fingerprint]; a lab
// stores those of all in one file. When a learner's code fails a stage, [Suspect] looks
// for wrong solutions that fail in that very way. If there is exactly one, its sentence is
// a suspicion worth showing. If there are several, or none, nothing is said: a wrong
// hint costs a learner more than no hint.
//
// It looks at verdicts and runs nothing. Package gate records fingerprints, holds them
// against fresh runs, and measures how often a suspicion is right.
package diagnose

import (
	"cmp"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
)

// File is where a lab keeps its fingerprints.
const File = "fingerprints.tsv"

// How a comparison works
//
// A learner's mistake is not the author's: names, values and line numbers differ. What
// stays the same is which promises are broken and what the check has to say about it. So
// a check that failed is reduced to a [Sign]: its outcome class, and what it says. Classes
// alone would make half of all mistakes of a stage look alike. What a check says about a
// mistake comes in three degrees, and the strongest that held in all recorded runs is kept:
//
//   - the same text, with its values: the check is deterministic, and the values are
//     those that this mistake gives. To the text belong the exported functions that are
//     on the stacks of the evidence: all data races read alike, but not all are in Len;
//   - the same words, without numbers, quotations and lists: the input is drawn;
//   - neither. Such a failure fits a mutant, but nothing is suspected by it alone.
//
// A fingerprint holds, for each check of the stage, the signs that were seen in several
// runs with different seeds, and whether it failed in all of them. A verdict agrees with
// it when each failure of the verdict is one that was seen, and each check that always
// failed failed. Checks that the verdict doesn't know about (not run, noisy) agree with
// anything. Running out of time is a failure that says as much about the machine as
// about the code: where it was never seen it is not held against a mutant, and where
// nothing else was seen it need not come again.
//
// Where no single mistake agrees, two together may: each failure is one of either. They
// are named when one pair alone agrees, and each of the two explains something that the
// other doesn't.

// A Sign is how a check failed, and what it said.
type Sign struct {
	Outcome judge.Outcome
	Says    string // "=" and a hash of the text, "~" and a hash of its words, or "*" for anything
}

const anything = "*"

// A Failure is a check that a wrong solution fails.
type Failure struct {
	Check  string
	Signs  []Sign // that were seen
	Always bool   // it failed in every run
}

// A Fingerprint is what a wrong solution fails in the stage that it breaks.
type Fingerprint struct {
	Mutant   string
	Stage    string
	Failures []Failure // by name of the check
}

// A Matrix is the fingerprints of a lab's wrong solutions, by name.
type Matrix []Fingerprint

// variants is how many different words a check may say before they count as random.
const variants = 2

// Record makes a fingerprint of what was seen of a mutant's stage in several runs.
func Record(mutant string, runs []judge.Stage) Fingerprint {
	f := Fingerprint{Mutant: mutant, Stage: runs[0].ID}
	for _, check := range runs[0].Checks {
		always := true
		var seen []judge.Check
		for _, run := range runs {
			i := slices.IndexFunc(run.Checks, func(c judge.Check) bool { return c.Name == check.Name })
			if i >= 0 && failed(run.Checks[i]) {
				seen = append(seen, run.Checks[i])
			} else {
				always = always && i >= 0 && !decided(run.Checks[i])
			}
		}
		if len(seen) > 0 {
			signs := strongest(seen)
			f.Failures = append(f.Failures, Failure{check.Name, signs, always && signs[0].Outcome != judge.Timeout})
		}
	}
	slices.SortFunc(f.Failures, func(a, b Failure) int { return cmp.Compare(a.Check, b.Check) })
	return f
}

// strongest are the signs that stand for all of these failures of one check, in order.
func strongest(seen []judge.Check) []Sign {
	var out []Sign
	for _, o := range []judge.Outcome{judge.Failed, judge.Panicked, judge.Raced, judge.Deadlock, judge.Leaked, judge.Budget, judge.Exited, judge.Limited, judge.Timeout} {
		texts, words := map[string]bool{}, map[string]bool{}
		for _, c := range seen {
			if c.Outcome == o {
				texts[textOf(c)], words[wordsOf(c)] = true, true
			}
		}
		says := []string{anything}
		switch {
		case len(texts) == 0:
			continue
		case len(texts) == 1:
			says = slices.Collect(maps.Keys(texts))
		case len(words) <= variants:
			says = slices.Sorted(maps.Keys(words))
		}
		for _, s := range says {
			out = append(out, Sign{o, s})
		}
	}
	return out
}

// decided says whether a verdict knows how a check ends.
func decided(c judge.Check) bool { return c.Outcome != judge.NotRun && c.Outcome != judge.Noisy }

func failed(c judge.Check) bool { return decided(c) && c.Outcome != judge.Passed }

var (
	values    = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|\\[[^\\]]*\\]|\\{[^}]*\\}|\\S*[0-9]\\S*")
	words     = regexp.MustCompile(`[A-Za-z_]+`)
	durations = regexp.MustCompile(`\b[0-9][0-9.]*\s?(?:ns|µs|ms|s|m|h)\b`)
	exported  = regexp.MustCompile(`(?m)/labs/[a-z0-9]+/[a-z0-9]+\.((?:\(?\*?[A-Z]\w*(?:\[[^\]]*\])?\)?\.)?[A-Z]\w*)(?:\[[^\]]*\])?\(`)
)

// textOf is what a failure says, but for times, and who is on the stacks that it shows.
func textOf(c judge.Check) string {
	h := fnv.New32a()
	h.Write([]byte(durations.ReplaceAllString(firstLine(c), "")))
	var who []string
	for _, e := range c.Evidence {
		if e.Kind == "race" || e.Kind == "stack" {
			for _, m := range exported.FindAllStringSubmatch(e.Text, -1) {
				who = append(who, m[1])
			}
		}
	}
	slices.Sort(who)
	for _, w := range slices.Compact(who) {
		h.Write([]byte(" " + w))
	}
	return fmt.Sprintf("=%05x", h.Sum32()&0xfffff)
}

// wordsOf is what a failure says without any value.
func wordsOf(c judge.Check) string {
	h := fnv.New32a()
	for _, w := range words.FindAllString(values.ReplaceAllString(firstLine(c), " "), -1) {
		h.Write([]byte(w))
		h.Write([]byte{' '})
	}
	return fmt.Sprintf("~%05x", h.Sum32()&0xfffff)
}

func firstLine(c judge.Check) string {
	first, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	return first
}

// fails returns what is known of a check, nil where the mutant was never seen to fail it.
func (f *Fingerprint) fails(check string) *Failure {
	for i := range f.Failures {
		if f.Failures[i].Check == check {
			return &f.Failures[i]
		}
	}
	return nil
}

// shows says whether this failure was seen to look like c, and whether that says much.
func (e *Failure) shows(c judge.Check) (like, telling bool) {
	if e == nil {
		return false, false
	}
	for _, k := range e.Signs {
		if k.Outcome == c.Outcome && slices.Contains([]string{anything, textOf(c), wordsOf(c)}, k.Says) {
			like, telling = true, telling || k.Says != anything
		}
	}
	return like, telling
}

// Agrees says whether a stage's verdict is one that the mutants together give, each of
// them visibly, and whether enough is known of each to suspect it.
func Agrees(stage judge.Stage, prints ...Fingerprint) (agrees, telling bool) {
	alone := make([]bool, len(prints)) // explains something that no other does
	told := make([]bool, len(prints))
	for _, c := range stage.Checks {
		if !decided(c) || late(c, prints) {
			continue
		}
		var by []int
		for i := range prints {
			e := prints[i].fails(c.Name)
			like, tells := e.shows(c)
			switch {
			case failed(c) && like:
				by = append(by, i)
				told[i] = told[i] || tells
			case !failed(c) && e != nil && e.Always:
				return false, false
			}
		}
		if failed(c) && len(by) == 0 {
			return false, false
		}
		if len(by) == 1 {
			alone[by[0]] = true
		}
	}
	return !slices.Contains(alone, false), !slices.Contains(told, false)
}

// Fits says whether a stage's verdict has the outcomes of a mutant, whatever the checks
// say: which of several races or stacks comes first is the scheduler's choice, and more
// than a few runs can show.
func Fits(stage judge.Stage, print Fingerprint) bool {
	print.Failures = slices.Clone(print.Failures)
	for i, e := range print.Failures {
		print.Failures[i].Signs = nil
		for _, s := range e.Signs {
			print.Failures[i].Signs = append(print.Failures[i].Signs, Sign{s.Outcome, anything})
		}
	}
	agrees, _ := Agrees(stage, print)
	return agrees
}

// late says whether a check ran out of time that never did so with any of the mutants.
func late(c judge.Check, prints []Fingerprint) bool {
	return c.Outcome == judge.Timeout && !slices.ContainsFunc(prints, func(f Fingerprint) bool {
		like, _ := f.fails(c.Name).shows(c)
		return like
	})
}

// Explain names the mutants that a stage's verdict points at: one, two, or none.
func (m Matrix) Explain(stage judge.Stage) []string {
	var here []Fingerprint
	for _, f := range m {
		if f.Stage == stage.ID {
			here = append(here, f)
		}
	}
	var found [][]string
	certain := true
	consider := func(prints ...Fingerprint) {
		agrees, telling := Agrees(stage, prints...)
		if !agrees {
			return
		}
		var names []string
		for _, f := range prints {
			names = append(names, f.Mutant)
		}
		found, certain = append(found, names), certain && telling
	}
	for _, f := range here {
		consider(f)
	}
	if len(found) == 0 {
		for i, f := range here {
			for _, g := range here[i+1:] {
				consider(f, g)
			}
		}
	}
	if len(found) != 1 || !certain {
		return nil
	}
	return found[0]
}

// Without is the matrix as if a mutant had never been thought of.
func (m Matrix) Without(mutant string) Matrix {
	return slices.DeleteFunc(slices.Clone(m), func(f Fingerprint) bool { return f.Mutant == mutant })
}

// Of returns the fingerprint of a mutant, nil where none was recorded.
func (m Matrix) Of(mutant string) *Fingerprint {
	for i := range m {
		if m[i].Mutant == mutant {
			return &m[i]
		}
	}
	return nil
}

// Suspect adds to a verdict what its first stage that did not pass points at. Later
// stages would only repeat it: they build on that one. In a hunt, what is planted is for
// the learner to find, and is never named.
func Suspect(lab *catalog.Lab, m Matrix, v *judge.Verdict) {
	i := slices.IndexFunc(v.Stages, func(s judge.Stage) bool { return s.Outcome == judge.NotYet })
	if i < 0 || len(v.Problems) > 0 {
		return
	}
	var all []judge.Suspicion
	for _, name := range m.Explain(v.Stages[i]) {
		mutant := lab.Mutant(name)
		if mutant == nil || slices.Contains(lab.Plant, name) {
			return
		}
		all = append(all, judge.Suspicion{Mutant: name, Says: mutant.Says, Check: best(mutant, v.Stages[i])})
	}
	v.Suspicions = all
}

// best is the check that shows a mutant most plainly: the first one that it names and
// that failed.
func best(m *catalog.Mutant, stage judge.Stage) string {
	for _, name := range m.Fails {
		if slices.ContainsFunc(stage.Checks, func(c judge.Check) bool { return c.Name == name && failed(c) }) {
			return name
		}
	}
	return stage.Checks[slices.IndexFunc(stage.Checks, failed)].Name
}

// Open reads a lab's fingerprints. Where it has none, the matrix is empty.
func Open(lab *catalog.Lab) (Matrix, error) {
	text, err := fs.ReadFile(lab.FS, File)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the fingerprints of %s: %w", lab.ID, err)
	}
	m, err := Parse(string(text))
	if err != nil {
		return nil, fmt.Errorf("read the fingerprints of %s: %w", lab.ID, err)
	}
	return m, nil
}
