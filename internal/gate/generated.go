package gate

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/mutate"
	"github.com/hone-go/hone/internal/start"
)

// Hand-written mutants are the mistakes that the author thought of. Generated ones are
// those that nobody did: each is a small change of the reference, in a file that the
// learner owns, and some check must notice. They go through three sieves, the cheap one
// first, and only what one lets through meets the next:
//
//   - all at once in one binary, without the race detector, whose absence lets the
//     runtime see deadlocks;
//   - the same with the race detector;
//   - one by one, compiled as a learner's code would be, against the budgets. These
//     mean nothing in a binary full of mutants.
//
// What is left after that is a hole in the checks, or no mistake: then mutants.equivalent
// says why, by the hash of the change, and a line there that fits nothing any more is a
// fault of its own.

const (
	sample     = 40 // mutants of the quick form, the same ones every time
	planters   = 4  // processes at a time: checks of concurrency wait more than they compute
	fewOfMany  = 12 // faults that are told in full
	maxBudgets = 60 // mutants that the budgets are tried on: each costs a build and a measurement
)

// A planting is the search for generated mutants that no check notices.
type planting struct {
	*inspection
	pack       *mutate.Package
	equivalent mutate.Equivalents
	known      map[string]bool // ids, of both schemes
	killed     map[string]int  // by what
}

// generated runs the mistakes that package mutate makes in the learner's files.
func generated(ctx context.Context, in *inspection) error {
	dir := in.judge.Dir(in.lab)
	listed, err := mutate.ReadEquivalents(filepath.Join(dir, mutate.EquivalentFile), true)
	if err != nil {
		in.fault("%v", err)
		return nil
	}
	pack, err := mutate.Load(ctx, in.judge.Go, mutate.Source{Dir: dir, Pattern: ".", Files: in.lab.Files})
	if err != nil {
		return err
	}
	p := &planting{inspection: in, pack: pack, equivalent: listed, known: map[string]bool{}, killed: map[string]int{}}
	left, err := p.sieve(ctx, nil, false)
	if err != nil {
		return err
	}
	if in.judge.Go.CC != "" {
		if left, err = p.sieve(ctx, left, true); err != nil {
			return err
		}
	}
	if left, err = p.budgets(ctx, left); err != nil {
		return err
	}
	p.report(left)
	return nil
}

// A survivor is a mutant that is still alive, and the scheme that can write it down.
type survivor struct {
	mutate.Result
	scheme *mutate.Scheme
}

// sieve runs mutants together: all, or those that the first sieve left and those that
// only the race detector can notice. It returns those that live.
func (p *planting) sieve(ctx context.Context, left []survivor, race bool) ([]survivor, error) {
	scheme, err := p.pack.Scheme(mutate.Operators, race)
	if err != nil {
		return nil, err
	}
	var only []string
	for _, m := range scheme.Mutants {
		was := p.known[m.ID]
		p.known[m.ID] = true
		if !was || slices.ContainsFunc(left, func(s survivor) bool { return s.ID == m.ID }) {
			only = append(only, m.ID)
		}
	}
	if only == nil {
		return nil, nil
	}
	here := maps.Clone(p.equivalent)
	maps.DeleteFunc(here, func(id string, _ string) bool {
		return !slices.ContainsFunc(scheme.Mutants, func(m mutate.Mutant) bool { return m.ID == id })
	})
	o := mutate.Options{
		Tests: exactly(p.rightChecks()), Workers: planters, Rounds: p.times(20, 1), Only: only, Equivalent: here,
		Event: func(e mutate.Event) {
			p.event(fmt.Sprintf("%s: generated mutants%s, %s %d of %d", p.lab.ID, under(race), e.Doing, e.Done, e.Total))
		},
	}
	if p.lab.Program {
		o.Program = "./program"
	}
	if p.quick {
		o.Max = sample
	}
	report, err := mutate.Run(ctx, scheme, o)
	if err != nil {
		return nil, err
	}
	for _, n := range report.Notes {
		p.saw("%s", n)
	}
	return p.count(report, scheme, race), nil
}

func under(race bool) string {
	if race {
		return " under the race detector"
	}
	return ""
}

// exactly is the regular expression for these tests and no other.
func exactly(names []string) string {
	var quoted []string
	for _, n := range names {
		quoted = append(quoted, regexp.QuoteMeta(n))
	}
	return "^(?:" + strings.Join(quoted, "|") + ")$"
}

// count keeps the books, and returns what lives.
func (p *planting) count(report *mutate.Report, scheme *mutate.Scheme, race bool) []survivor {
	var left []survivor
	how := "killed by checks"
	if race {
		how = "only under the race detector"
	}
	for _, x := range report.Results {
		switch x.Outcome {
		case mutate.Killed, mutate.TimedOut:
			p.killed[how]++
		case mutate.Equivalent:
		default:
			left = append(left, survivor{x, scheme})
		}
	}
	return left
}

var lineDirective = regexp.MustCompile(`//hone:line [a-z0-9]+`)

// budgets tries the lab's measurements on what is left, one mutant at a time.
func (p *planting) budgets(ctx context.Context, left []survivor) ([]survivor, error) {
	names := p.budgetChecks()
	if len(names) == 0 || len(left) > maxBudgets {
		return left, nil
	}
	ref, err := judge.Reference(p.lab)
	if err != nil {
		return nil, err
	}
	stages := stageIDs(p.lab)
	var alive []survivor
	for i, s := range left {
		p.event(fmt.Sprintf("%s: generated mutants, budgets %d of %d", p.lab.ID, i+1, len(left)))
		name, text := s.scheme.Mutated(&s.Mutant)
		wrong := maps.Clone(ref)
		wrong[name] = lineDirective.ReplaceAll(text, nil) // a statement that is gone may have left its own behind
		files, err := start.Derive(wrong, stages, len(stages), start.Panic)
		if err != nil {
			return nil, fmt.Errorf("mutant %s: %w", s.ID, err)
		}
		v, err := p.judge.Check(ctx, p.lab, files, judge.CheckOptions{NoRules: true, All: true, First: true, Only: names})
		if err != nil {
			return nil, err
		}
		switch c := firstFailure(v); c.Outcome {
		case "", judge.Noisy:
			alive = append(alive, s)
		default:
			p.killed["only by budgets"]++
		}
	}
	return alive, nil
}

// report says what lives, and what is listed for no reason any more.
func (p *planting) report(left []survivor) {
	for _, id := range slices.Sorted(maps.Keys(p.equivalent)) {
		if !p.known[id] {
			p.fault("%s lists %s, and there is no such mutant: the code around it changed", mutate.EquivalentFile, id)
		}
	}
	for i, s := range left {
		if i == fewOfMany {
			p.fault("… and %d more", len(left)-i)
			break
		}
		how := "no check notices if"
		if s.Class == mutate.Flaky {
			how = fmt.Sprintf("only %d of %d runs notice if", s.Kills, s.Rounds)
		}
		if s.Outcome == mutate.Uncovered {
			how = "no check gets to where"
		}
		p.fault("%s %s %s (%s, %s)\n%s", s.Position, how, s.Says, s.Operator, s.ID, strings.TrimSuffix(s.Diff, "\n"))
	}
	total := len(left) + len(p.equivalent)
	for _, n := range p.killed {
		total += n
	}
	text := fmt.Sprintf("%d mutants, %d listed as equivalent", total, len(p.equivalent))
	for _, how := range slices.Sorted(maps.Keys(p.killed)) {
		text += fmt.Sprintf(", %d %s", p.killed[how], how)
	}
	p.saw("%s, %d alive", text, len(left))
}
