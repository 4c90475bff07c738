package judge

import (
	"context"
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/start"
)

// CheckOptions say what to judge. The zero value judges all stages in order, up
// to and with the first that does not pass.
type CheckOptions struct {
	Stages []string // only these; empty means all
	Only   []string // only these checks; empty means all
	All    bool     // go on after a stage that does not pass
	First  bool     // stop at the first check that does not pass
	Seed   uint64   // 0 draws one
	Vet    bool     // add vet's findings as notes once everything passed
	Event  func(Event)

	NoRules bool          // skip the rules on imports and directives: for programs of our own
	NoRace  bool          // build the checks without the race detector
	Limit   time.Duration // replaces the stages' limits, 0 leaves them
	Env     []string      // added to the checks' environment
	Shuffle bool          // run the checks of a stage in an order drawn from Seed
}

// An Event tells how judging goes on: a check that starts, or one that ended.
type Event struct {
	Stage   string
	Check   string
	Outcome Outcome // "" when it starts
}

// Check judges files against a lab.
func (j *Judge) Check(ctx context.Context, lab *catalog.Lab, files start.Files, o CheckOptions) (*Verdict, error) {
	c, err := j.Build(lab, files)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	if !o.NoRules {
		own := maps.Clone(files)
		maps.DeleteFunc(own, func(name string, _ []byte) bool { return c.given(name) })
		if problems := rules(lab, own); len(problems) > 0 {
			v := c.blank(o)
			v.Problems = problems
			return v, nil
		}
	}
	return c.Run(ctx, o)
}

// Run judges the candidate. It may be called many times; each call is a new process.
func (c *Candidate) Run(ctx context.Context, o CheckOptions) (*Verdict, error) {
	begin, cpu := time.Now(), cpuTime()
	if o.Seed == 0 {
		var b [8]byte
		rand.Read(b[:])
		o.Seed = binary.LittleEndian.Uint64(b[:])>>1 | 1
	}
	if o.Event == nil {
		o.Event = func(Event) {}
	}
	v := c.blank(o)
	for i := range v.Stages {
		stage := &v.Stages[i]
		if err := c.runStage(ctx, v, stage, o); err != nil {
			return nil, err
		}
		if len(v.Problems) > 0 || stage.Outcome != Passed && !o.All {
			break
		}
	}
	if len(v.Problems) == 0 && !slices.ContainsFunc(v.Stages, func(s Stage) bool { return s.Outcome != Passed }) {
		v.Outcome = Passed
		if o.Vet {
			notes, err := c.Vet(ctx)
			if err != nil {
				return nil, err
			}
			v.Notes = append(v.Notes, notes...)
		}
	}
	v.Wall, v.CPU = time.Since(begin), cpuTime()-cpu
	return v, nil
}

// blank is the verdict before anything ran: every expected check is in it.
func (c *Candidate) blank(o CheckOptions) *Verdict {
	v := &Verdict{Lab: c.lab.ID, Outcome: NotYet, Go: c.judge.Go.Version, Source: c.source}
	if c.judge.Go.CC == "" {
		v.Notes = append(v.Notes, Problem{Message: "no C compiler: judged without the race detector"})
	}
	for _, s := range c.lab.Stages {
		if len(o.Stages) > 0 && !slices.Contains(o.Stages, s.ID) {
			continue
		}
		stage := Stage{ID: s.ID, Title: s.Title, Outcome: NotRun}
		for _, check := range s.Checks {
			if len(o.Only) == 0 || slices.Contains(o.Only, check.Name) {
				stage.Checks = append(stage.Checks, Check{Name: check.Name, Doc: check.Doc, Outcome: NotRun})
			}
		}
		if len(stage.Checks) > 0 {
			v.Stages = append(v.Stages, stage)
		}
	}
	return v
}

// measureTries is how often a measurement is tried that a noisy machine cannot tell, or
// that is over its limit by little: it passes when it does so once.
const measureTries = 3

// runStage runs one stage: what must be right first, with the race detector, and
// only then what is measured, without it and alone.
func (c *Candidate) runStage(ctx context.Context, v *Verdict, stage *Stage, o CheckOptions) error {
	def := c.lab.Stages[c.lab.Stage(stage.ID)]
	var right, measured []*Check
	for i := range stage.Checks {
		check := &stage.Checks[i]
		k := slices.IndexFunc(def.Checks, func(d catalog.Check) bool { return d.Name == check.Name })
		if def.Checks[k].Plain {
			measured = append(measured, check)
		} else {
			right = append(right, check)
		}
	}
	if o.Shuffle {
		shuffle(right, o.Seed)
	}
	run := &run{candidate: c, stage: def, verdict: v, options: o}
	stage.Outcome = NotYet
	if err := run.all(ctx, right, !o.NoRace); err != nil || len(v.Problems) > 0 {
		return err
	}
	if slices.ContainsFunc(right, func(c *Check) bool { return c.Outcome != Passed }) && len(o.Only) == 0 {
		return nil
	}
	if err := run.measure(ctx, measured); err != nil || len(v.Problems) > 0 {
		return err
	}
	if !slices.ContainsFunc(stage.Checks, func(c Check) bool { return c.Outcome != Passed }) {
		stage.Outcome = Passed
	}
	return nil
}

// measure runs the measurements of a stage, and in a new process those again that did
// not come to a clear result. One that was over its limit by little, and then could not
// be told, is over its limit.
func (r *run) measure(ctx context.Context, measured []*Check) error {
	over, tries := map[*Check]Check{}, map[*Check]int{}
	for {
		var todo []*Check
		for _, c := range measured {
			again := tries[c] < measureTries
			switch {
			case c.Outcome == NotRun, again && c.Outcome == Noisy, again && c.near:
				if c.near {
					over[c] = *c
				}
				*c = Check{Name: c.Name, Doc: c.Doc, Outcome: NotRun}
				todo = append(todo, c)
			case r.options.First && c.Outcome != Passed:
				return nil
			}
		}
		if len(todo) == 0 {
			break
		}
		if err := r.all(ctx, todo, false); err != nil || len(r.verdict.Problems) > 0 {
			return err
		}
		if todo[0].Outcome == NotRun {
			break // what an earlier one lacks stops them all
		}
		for _, c := range todo {
			if c.Outcome != NotRun {
				tries[c]++
			}
		}
	}
	for c, was := range over {
		if c.Outcome == Noisy || c.Outcome == NotRun {
			*c = was
		}
	}
	return nil
}

// shuffle is a Fisher-Yates shuffle by a small generator (splitmix64), so that a
// seed gives the same order on every version of Go.
func shuffle(checks []*Check, seed uint64) {
	for i := len(checks) - 1; i > 0; i-- {
		seed += 0x9e3779b97f4a7c15
		z := (seed ^ seed>>30) * 0xbf58476d1ce4e5b9
		z = (z ^ z>>27) * 0x94d049bb133111eb
		k := int((z ^ z>>31) % uint64(i+1))
		checks[i], checks[k] = checks[k], checks[i]
	}
}

// replayID names a failure: the same lab, source, check and seed give the same id.
func replayID(lab, source, check string, seed uint64) string {
	h := fnv.New64a()
	fmt.Fprintln(h, lab, source, check, seed)
	id := base32.StdEncoding.WithPadding(base32.NoPadding).EncodeToString(h.Sum(nil))
	_, name, _ := strings.Cut(lab, "/")
	return name + "-" + strings.ToLower(id[:8])
}

// cpuTime is the CPU time of this process and of all children it waited for.
func cpuTime() time.Duration {
	var sum time.Duration
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if syscall.Getrusage(who, &u) == nil {
			sum += time.Duration(u.Utime.Nano() + u.Stime.Nano())
		}
	}
	return sum
}
