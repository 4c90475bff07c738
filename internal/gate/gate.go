// Package gate decides whether a lab is good: whether its judge can be trusted.
//
// A lab passes when what is right passes and what is wrong does not: the
// reference, always, however it is scheduled; every stage's own solution, up to
// that stage and no further; each wrong solution that somebody thought of, in the
// stage where it goes wrong; and programs that only want to be called right. A lab
// that can't show this is not in the catalogue.
//
// [Gates] is the list; [Check] runs it.
package gate

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
)

// A Gate is one condition that a lab must meet.
type Gate struct {
	ID    string // one word
	Title string // what it shows
	run   func(context.Context, *inspection) error
}

// Gates are all conditions, the cheap ones first. A lab that fails one is not
// held against the next: what follows would only repeat it.
var Gates = []Gate{
	{"ids", "front matter, directives, checks and mutants agree", ids},
	{"hints", "every stage has a ladder of hints, and no rung tells what is to be written", hints},
	{"prose", "the lesson names the checks that exist, its links lead somewhere, and its transcripts are what comes out", prose},
	{"starter", "the starter compiles, is clean, leaks nothing and does not pass", starter},
	{"staircase", "a solution up to a stage passes up to it and fails the next, with panic and with zero stubs", staircase},
	{"reference", "the reference passes with and without the race detector, on 1, 2 and 8 processors, with a tight and a lax collector, in any order", reference},
	{"budgets", "the reference meets every budget, and code that is a quarter slower would not", budgets},
	{"latency", "the first verdict does not keep anybody waiting", latency},
	{"wheats", "other correct solutions pass", wheats},
	{"mutants", "every stage has two wrong solutions or more, and each is rejected where it goes wrong, every time", mutants},
	{"diagnosis", "each wrong solution fails as recorded, a learner sees the words on record, and what is suspected is right", diagnosis},
	{"generated", "each small mistake that a machine can make in the learner's files is noticed, or listed as none with the reason", generated},
	{"null", "programs that do nothing, hang, lie or explode are rejected", null},
}

// Options say how thorough to be.
type Options struct {
	Quick bool         // few repetitions: for every change; the full form is for the night
	Runs  int          // of the reference, to find what fails one time in many; 0 for 20, or 3
	Only  []string     // ids of the gates to run, nil for all
	Event func(string) // told what happens, may be nil
}

// A Report says which gates a lab passed. Its JSON form is stable.
type Report struct {
	Lab   string   `json:"lab"`
	Gates []Result `json:"gates"`
}

// A Result is how one gate ended.
type Result struct {
	ID     string        `json:"id"`
	Title  string        `json:"title"`
	Passed bool          `json:"passed"`
	Run    bool          `json:"run"`    // false where an earlier gate did not pass
	Detail []string      `json:"detail"` // what was seen; what is wrong, where it did not pass
	Wall   time.Duration `json:"wall_ns"`
}

// Passed says whether every gate that ran passed. Those that did not run were not
// asked for, or stand behind one that did not pass.
func (r *Report) Passed() bool {
	for _, g := range r.Gates {
		if g.Run && !g.Passed {
			return false
		}
	}
	return true
}

// An inspection is one lab under examination by one gate.
type inspection struct {
	judge *judge.Judge
	lab   *catalog.Lab
	quick bool
	runs  int // of the reference, 0 for the form's own
	event func(string)

	observed *observations // by all gates over the lab

	mu     sync.Mutex
	seen   []string // what speaks for the lab
	faults []string // what speaks against it
}

func (in *inspection) saw(format string, args ...any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.seen = append(in.seen, fmt.Sprintf(format, args...))
}

func (in *inspection) fault(format string, args ...any) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.faults = append(in.faults, fmt.Sprintf(format, args...))
}

// each calls work for 0 … n-1, one more at a time than there are processors: much of it
// waits, for programs that hang and for time to pass. The first error ends all.
func (in *inspection) each(ctx context.Context, n int, work func(context.Context, int) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	var wg sync.WaitGroup
	next := make(chan int)
	for range min(n, runtime.GOMAXPROCS(0)+1) {
		wg.Go(func() {
			for i := range next {
				if err := work(ctx, i); err != nil {
					cancel(err)
				}
			}
		})
	}
	for i := range n {
		select {
		case next <- i:
		case <-ctx.Done():
		}
	}
	close(next)
	wg.Wait()
	return context.Cause(ctx)
}

// times is n in the full form, few in the quick one.
func (in *inspection) times(n, few int) int {
	if in.quick {
		return few
	}
	return n
}

// Check runs the gates over one lab.
func Check(ctx context.Context, j *judge.Judge, lab *catalog.Lab, o Options) (*Report, error) {
	if o.Event == nil {
		o.Event = func(string) {}
	}
	report := &Report{Lab: lab.ID}
	observed := &observations{of: map[string]judge.Stage{}}
	passed := true
	for _, g := range Gates {
		result := Result{ID: g.ID, Title: g.Title}
		if passed && (o.Only == nil || slices.Contains(o.Only, g.ID)) {
			in := &inspection{judge: j, lab: lab, quick: o.Quick, runs: o.Runs, event: o.Event, observed: observed}
			o.Event(lab.ID + ": " + g.ID)
			begin := time.Now()
			if err := g.run(ctx, in); err != nil {
				return nil, fmt.Errorf("gate %s of %s: %w", g.ID, lab.ID, err)
			}
			result.Run, result.Wall = true, time.Since(begin)
			result.Passed = len(in.faults) == 0
			result.Detail = append(in.faults, in.seen...)
			passed = result.Passed
		}
		report.Gates = append(report.Gates, result)
	}
	return report, nil
}
