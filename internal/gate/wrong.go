package gate

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// mutants runs every wrong solution that the lab lists.
func mutants(ctx context.Context, in *inspection) error {
	count := map[int]int{}
	for _, m := range in.lab.Mutants {
		count[in.lab.StageOf(m.Fails[0])]++
	}
	for i, s := range in.lab.Stages {
		if count[i] < minMutants {
			in.fault("stage %s has %d mutants: at least %d", s.ID, count[i], minMutants)
		}
	}
	rounds := in.times(20, 1)
	if err := in.eachMutant(ctx, func(ctx context.Context, m catalog.Mutant) error { return in.mutant(ctx, m, rounds) }); err != nil {
		return err
	}
	slices.Sort(in.seen)
	if len(in.faults) == 0 {
		in.saw("%d of %d killed, %d of %d times each, at the checks that they name", len(in.lab.Mutants), len(in.lab.Mutants), rounds, rounds)
	}
	return nil
}

// mutant runs one: first every stage up to its own, then the named checks again and again.
func (in *inspection) mutant(ctx context.Context, m catalog.Mutant, rounds int) error {
	in.event(fmt.Sprintf("%s: mutant %s", in.lab.ID, m.Name))
	c, err := in.candidate(m)
	if err != nil {
		in.fault("mutant %s: %v", m.Name, err)
		return nil
	}
	defer c.Close()

	plain := in.needsNoRace(m.Name)
	// The earlier stages of a Build lab take as long as all the rest of this gate.
	if own := in.lab.StageOf(m.Fails[0]); own > 0 && !(in.quick && in.lab.Kind == catalog.Build) {
		o := judge.CheckOptions{Stages: stageIDs(in.lab)[:own], All: true, NoRace: plain}
		if in.quick {
			o.Only = in.rightChecks()
		}
		v, err := c.Run(ctx, o)
		if err != nil {
			return err
		}
		in.expectPass(v, "mutant "+m.Name+", an earlier stage", nil)
	}
	var seen judge.Stage
	for !in.hangs(m.Name) {
		if seen, err = observe(ctx, c, in.stageOf(m), judge.CheckOptions{Seed: goldenSeed, NoRace: plain}); err != nil {
			in.fault("mutant %s: %v", m.Name, err)
			return nil
		}
		if !plain || len(survivors(&judge.Verdict{Stages: []judge.Stage{only(seen, m.Fails)}})) == 0 {
			in.observed.note(m.Name, seen)
			break
		}
		plain = false // the race detector's pace may be what shows it
	}
	for round := range rounds {
		v := &judge.Verdict{Stages: []judge.Stage{only(seen, m.Fails)}}
		if round > 0 || len(survivors(v)) > 0 || len(v.Stages[0].Checks) < len(m.Fails) {
			if v, err = c.Run(ctx, judge.CheckOptions{Only: m.Fails, All: true, NoRace: plain}); err != nil {
				return err
			}
		}
		if round == 0 {
			in.saw("%s: %s", m.Name, says(v))
		}
		if survived := survivors(v); len(survived) > 0 {
			in.fault("mutant %s survives %s in round %d of %d: %s", m.Name, strings.Join(survived, " and "), round+1, rounds, m.Says)
			return nil
		}
	}
	return nil
}

// only is a stage with these checks alone.
func only(stage judge.Stage, names []string) judge.Stage {
	stage.Checks = slices.DeleteFunc(slices.Clone(stage.Checks), func(c judge.Check) bool { return !slices.Contains(names, c.Name) })
	return stage
}

// survivors are the checks that a mutant should fail and did not.
func survivors(v *judge.Verdict) []string {
	var out []string
	for _, s := range v.Stages {
		for _, c := range s.Checks {
			if slices.Contains([]judge.Outcome{judge.Passed, judge.NotRun, judge.Noisy}, c.Outcome) {
				out = append(out, fmt.Sprintf("%s (%s)", c.Name, c.Outcome))
			}
		}
	}
	return out
}

// says is how the first failure of a verdict reads.
func says(v *judge.Verdict) string {
	c := firstFailure(v)
	return fmt.Sprintf("%s (%s) %s", c.Name, c.Outcome, line(c.Message))
}

// A cheat is a program that should not be called right. Its stubs run body; file
// is added beside them.
type cheat struct {
	name  string
	body  string // statements in every stub; "" means zero values
	file  string // declarations of one more file, without the package clause
	panic bool   // panic stubs
	test  bool   // file is a _test.go file
	note  string // what the verdict must mention
}

const call = "honeNull()"

var cheats = []cheat{
	{name: "zero values"},
	{name: "panic", panic: true},
	{name: "sleeps", body: call, file: `import "time"
func honeNull() { time.Sleep(time.Hour) }`},
	{name: "busy loop", body: call, file: `func honeNull() { for {} }`},
	{name: "os.Exit in init", file: `import "os"
func init() { os.Exit(0) }`},
	{name: "forged output", file: `import ("fmt"; "os"; "syscall")
func init() {
	fmt.Print("\x16=== RUN   TestHone\n\x16--- PASS: TestHone (0.00s)\nPASS\n")
	fmt.Println("{\"Action\":\"pass\",\"Test\":\"TestHone\"}")
	fmt.Fprintln(os.NewFile(4, "judge"), "done")
	syscall.Exit(0)
}`},
	{name: "TestMain", test: true, file: `import ("os"; "testing")
func TestMain(*testing.M) { os.Exit(0) }`},
	{name: "memory bomb", file: `var honeHold [][]byte
func init() {
	for {
		b := make([]byte, 1<<24)
		for i := 0; i < len(b); i += 4096 { b[i] = 1 }
		honeHold = append(honeHold, b)
	}
}`},
	{name: "goroutine bomb", file: `func init() { for { go func() { select {} }() } }`},
	// It stops by itself after a while: should the sandbox fail, the machine must not.
	{name: "fork bomb", file: `import ("os"; "os/exec"; "strconv"; "time")
func init() {
	until, err := strconv.ParseInt(os.Getenv("HONE_UNTIL"), 10, 64)
	if err != nil {
		until = time.Now().Unix() + 4
		os.Setenv("HONE_UNTIL", strconv.FormatInt(until, 10))
	}
	for time.Now().Unix() < until { exec.Command("/proc/self/exe").Start() }
	os.Exit(0)
}`},
	{name: "gigabyte of output", file: `import "os"
func init() {
	b := make([]byte, 1<<20)
	for i := range b { b[i] = '\n' }
	for range 1024 { os.Stdout.Write(b) }
	os.Exit(0)
}`},
	{name: "child left behind", note: "left running", file: `import ("os/exec"; "syscall")
func init() {
	cmd := exec.Command("sleep", "3000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Start()
}`},
	{name: "reads outside", note: "outside of the lab", body: call, file: `import "os"
func honeNull() { os.ReadFile("/var/secret") }`},
}

// nullLimit is how long a check may take here: none of these programs gets better
// with time.
const nullLimit = 2 * time.Second

// null runs the programs that only want to be called right.
func null(ctx context.Context, in *inspection) error {
	ref, err := judge.Reference(in.lab)
	if err != nil {
		return err
	}
	if err := in.empty(ctx); err != nil {
		return err
	}
	stages := stageIDs(in.lab)
	return in.each(ctx, len(cheats), func(ctx context.Context, i int) error {
		c := cheats[i]
		in.event(in.lab.ID + ": null set, " + c.name)
		files, err := in.cheat(ref, stages, c)
		if err != nil {
			return err
		}
		v, err := in.judge.Check(ctx, in.lab, files, judge.CheckOptions{NoRules: true, First: true, Limit: nullLimit})
		if err != nil {
			return err
		}
		in.rejected(v, c)
		return nil
	})
}

// cheat builds one program.
func (in *inspection) cheat(ref start.Files, stages []string, c cheat) (files start.Files, err error) {
	switch {
	case c.panic:
		files, err = judge.Solution(in.lab, 0, start.Panic)
	case c.body == "" || in.lab.Kind == catalog.Hunt:
		files, err = judge.Solution(in.lab, 0, start.Zero)
	default:
		files, err = start.Null(ref, stages, c.body)
	}
	if err != nil {
		return nil, err
	}
	out := start.Files{}
	for name, src := range files {
		out[name] = src
	}
	if c.file != "" {
		name := "hone_null.go"
		if c.test {
			name = "hone_null_test.go"
		}
		out[name] = []byte("package " + in.lab.Name + "\n\n" + c.file + "\n")
	}
	return out, nil
}

func (in *inspection) rejected(v *judge.Verdict, c cheat) {
	if v.Outcome == judge.Passed {
		in.fault("%s: passes", c.name)
		return
	}
	how := says(v)
	text := how
	for _, p := range append(v.Problems, v.Notes...) {
		text += "\n" + p.Message
		if p.File != "" {
			in.fault("%s: does not compile: %s:%d: %s", c.name, p.File, p.Line, p.Message)
		}
	}
	// What reads runs in a stub, which some labs don't have and others run in their program.
	if c.note != "" && !strings.Contains(text, c.note) && c.body == "" {
		in.fault("%s: rejected (%s), but the verdict does not say that something was %s", c.name, how, c.note)
	}
	in.saw("%s: %s", c.name, how)
}

// empty judges no files at all.
func (in *inspection) empty(ctx context.Context) error {
	v, err := in.judge.Check(ctx, in.lab, start.Files{}, judge.CheckOptions{})
	if err != nil {
		return err
	}
	if v.Outcome == judge.Passed || len(v.Problems) == 0 {
		in.fault("no files at all: %s", v.Outcome)
	}
	return nil
}
