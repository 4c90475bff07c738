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
// a check that failed is reduced to a [Sign]: its outcome class, and a hash of the words
// of its message without what depends on values (numbers, quotations, lists). Classes
// alone would make half of all mistakes of a stage look alike.
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

// A Sign is how a check failed.
type Sign struct {
	Outcome judge.Outcome
	Words   string // hash of the message's words, or "*" where they were never the same
}

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

// variants is how many hashes a check may show before its words count as random.
const variants = 2

// Record makes a fingerprint of what was seen of a mutant's stage in several runs.
func Record(mutant string, runs []judge.Stage) Fingerprint {
	f := Fingerprint{Mutant: mutant, Stage: runs[0].ID}
	for _, check := range runs[0].Checks {
		e := Failure{Check: check.Name, Always: true}
		for _, run := range runs {
			i := slices.IndexFunc(run.Checks, func(c judge.Check) bool { return c.Name == check.Name })
			if i < 0 || !failed(run.Checks[i]) {
				e.Always = e.Always && i >= 0 && !decided(run.Checks[i])
				continue
			}
			if s := signOf(run.Checks[i]); !slices.Contains(e.Signs, s) {
				e.Signs = append(e.Signs, s)
			}
		}
		if len(e.Signs) > 0 {
			e.Signs = generalised(e.Signs)
			e.Always = e.Always && e.Signs[0].Outcome != judge.Timeout
			f.Failures = append(f.Failures, e)
		}
	}
	slices.SortFunc(f.Failures, func(a, b Failure) int { return cmp.Compare(a.Check, b.Check) })
	return f
}

// generalised sorts signs, and takes words for random that are ever different.
func generalised(signs []Sign) []Sign {
	count := map[judge.Outcome]int{}
	for _, s := range signs {
		count[s.Outcome]++
	}
	for i, s := range signs {
		if count[s.Outcome] > variants {
			signs[i].Words = "*"
		}
	}
	slices.SortFunc(signs, func(a, b Sign) int { return cmp.Or(cmp.Compare(a.Outcome, b.Outcome), cmp.Compare(a.Words, b.Words)) })
	return slices.Compact(signs)
}

// decided says whether a verdict knows how a check ends.
func decided(c judge.Check) bool { return c.Outcome != judge.NotRun && c.Outcome != judge.Noisy }

func failed(c judge.Check) bool { return decided(c) && c.Outcome != judge.Passed }

var (
	values = regexp.MustCompile("\"(?:[^\"\\\\]|\\\\.)*\"|`[^`]*`|\\[[^\\]]*\\]|\\{[^}]*\\}|\\S*[0-9]\\S*")
	words  = regexp.MustCompile(`[A-Za-z_]+`)
)

// signOf reduces a failure to what another solution with the same mistake would show, too.
func signOf(c judge.Check) Sign {
	first, _, _ := strings.Cut(strings.TrimSpace(c.Message), "\n")
	h := fnv.New32a()
	for _, w := range words.FindAllString(values.ReplaceAllString(first, " "), -1) {
		h.Write([]byte(w))
		h.Write([]byte{' '})
	}
	return Sign{c.Outcome, fmt.Sprintf("%05x", h.Sum32()&0xfffff)}
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

// shows says whether this failure was seen to look like c.
func (e *Failure) shows(c judge.Check) bool {
	if e == nil {
		return false
	}
	s := signOf(c)
	return slices.ContainsFunc(e.Signs, func(k Sign) bool {
		return k.Outcome == s.Outcome && (k.Words == "*" || k.Words == s.Words)
	})
}

// Agrees says whether a stage's verdict is one that the mutants together give, each of
// them visibly.
func Agrees(stage judge.Stage, prints ...Fingerprint) bool {
	alone := make([]bool, len(prints)) // explains something that no other does
	for _, c := range stage.Checks {
		if !decided(c) || late(c, prints) {
			continue
		}
		var by []int
		for i := range prints {
			e := prints[i].fails(c.Name)
			switch {
			case failed(c) && e.shows(c):
				by = append(by, i)
			case !failed(c) && e != nil && e.Always:
				return false
			}
		}
		if failed(c) && len(by) == 0 {
			return false
		}
		if len(by) == 1 {
			alone[by[0]] = true
		}
	}
	return !slices.Contains(alone, false)
}

// late says whether a check ran out of time that never did so with any of the mutants.
func late(c judge.Check, prints []Fingerprint) bool {
	return c.Outcome == judge.Timeout && !slices.ContainsFunc(prints, func(f Fingerprint) bool { return f.fails(c.Name).shows(c) })
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
	for _, f := range here {
		if Agrees(stage, f) {
			found = append(found, []string{f.Mutant})
		}
	}
	if len(found) == 0 {
		for i, f := range here {
			for _, g := range here[i+1:] {
				if Agrees(stage, f, g) {
					found = append(found, []string{f.Mutant, g.Mutant})
				}
			}
		}
	}
	if len(found) != 1 {
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
