package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/chart"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/trace"
)

type traceFlags struct {
	sections map[chart.Section]*bool
	blame    string
	critical string
	diff     string
	full     bool
	json     bool
	seconds  int
	keep     string
}

// traceSections are the flags that each show one thing at length, in the order of the help.
var traceSections = []struct {
	section chart.Section
	doc     string
}{
	{chart.Block, "what goroutines waited for, where, and who ended it"},
	{chart.Goroutines, "goroutines by the function that they started in"},
	{chart.Sched, "how long goroutines were ready before they ran"},
	{chart.GC, "what the garbage collector did"},
}

func (a *app) traceCmd() *cobra.Command {
	f := traceFlags{sections: map[chart.Section]*bool{}}
	cmd := &cobra.Command{
		Use:   "trace FILE | URL | -- go test …",
		Short: "See who ran, who waited and for whom, in an execution trace",
		Long: `Read an execution trace of Go 1.22 or newer, of any size, and say what matters: what
goroutines waited for and who ended it, who was ready and did not run, what the collector
took. A damaged trace is read as far as it goes, and what is lost is counted.

A trace comes from runtime/trace, from go test -trace, or from net/http/pprof, which a URL
asks for one (http://host:6060 is enough). After -- stands a go test to run and trace.

--blame says who ran while a goroutine, or all that started in a function, could have.
--critical goes back from the end of a region, a task or a goroutine to whoever delayed it:
through each wait into whoever ended it, for as long as it lasted. Its steps sum to the whole.`,
		Example: `  hone trace trace.out
  hone trace trace.out --block --full
  hone trace trace.out --blame main.worker
  hone trace trace.out --critical handleOrder     the slowest region or task of this name
  hone trace now.out --diff before.out            what takes longer, by rank test
  hone trace http://localhost:6060 --seconds 5
  hone trace -- go test ./queue -run TestPut`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.trace(cmd.Context(), args, cmd.ArgsLenAtDash(), f)
		},
	}
	fl := cmd.Flags()
	for _, s := range traceSections {
		f.sections[s.section] = fl.Bool(string(s.section), false, s.doc)
	}
	fl.StringVar(&f.blame, "blame", "", "who ran while this function's goroutines, or this goroutine, could have")
	fl.StringVar(&f.critical, "critical", "", "what delayed this region, task or goroutine")
	fl.StringVar(&f.diff, "diff", "", "compare with another trace, of before a change")
	fl.BoolVar(&f.full, "full", false, "do not shorten lists")
	fl.BoolVar(&f.json, "json", false, "print as JSON")
	fl.IntVar(&f.seconds, "seconds", 5, "with a URL: how long to trace")
	fl.StringVar(&f.keep, "keep", "", "with a URL or go test: keep the trace in this file")
	for _, name := range []string{"blame", "critical", "seconds"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	return cmd
}

// trace runs the verb.
func (a *app) trace(ctx context.Context, args []string, dash int, f traceFlags) error {
	if questions := slices.DeleteFunc([]string{f.blame, f.critical, f.diff}, func(q string) bool { return q == "" }); len(questions) > 1 {
		return mistake("--blame, --critical and --diff are questions of their own: ask one", "")
	}
	file, name, err := a.traceFile(ctx, args, dash, f)
	if err != nil {
		return err
	}
	if file != name && f.keep == "" {
		defer os.Remove(file)
	}
	t, err := openTrace(file, name)
	if err != nil {
		return err
	}
	defer t.Close()
	o := chart.Options{Name: name, Full: f.full}
	o.Dir, _ = os.Getwd()
	a.say("reading " + name)
	switch {
	case f.blame != "":
		return a.traceBlame(ctx, t, f, o)
	case f.critical != "":
		return a.traceCritical(ctx, t, f, o)
	}
	s, err := cancelable(ctx, t.Summarize)
	if err != nil {
		return err
	}
	if f.diff != "" {
		return a.traceDiff(ctx, s, f, o)
	}
	a.quiet()
	if f.json {
		return report.JSON(a.stdout, s)
	}
	var sections []chart.Section
	for _, x := range traceSections {
		if *f.sections[x.section] {
			sections = append(sections, x.section)
		}
	}
	return a.page(ctx, chart.Summary(a.out, s, o, sections...))
}

// openTrace opens a trace that the user knows by a name.
func openTrace(file, name string) (*trace.Trace, error) {
	t, err := trace.Open(file)
	var format *trace.FormatError
	switch {
	case errors.As(err, &format):
		return nil, mistake(fmt.Sprintf("%s: %v", name, format), "record one with runtime/trace, or: hone trace -- go test ./pkg")
	case errors.Is(err, fs.ErrNotExist):
		return nil, mistake(fmt.Sprintf("there is no file %s", name), "type: hone trace --help")
	}
	return t, err
}

// traceDiff answers --diff.
func (a *app) traceDiff(ctx context.Context, now *trace.Summary, f traceFlags, o chart.Options) error {
	t, err := openTrace(f.diff, f.diff)
	if err != nil {
		return err
	}
	defer t.Close()
	a.say("reading " + f.diff)
	before, err := cancelable(ctx, t.Summarize)
	if err != nil {
		return err
	}
	c := trace.Compare(before, now)
	a.quiet()
	if f.json {
		return report.JSON(a.stdout, c)
	}
	return a.page(ctx, chart.Diff(a.out, c, f.diff, o))
}

// cancelable leaves a long reading to itself when the user does not want it any more: the
// process ends then.
func cancelable[T any](ctx context.Context, read func() T) (T, error) {
	done := make(chan T, 1)
	go func() { done <- read() }()
	select {
	case v := <-done:
		return v, nil
	case <-ctx.Done():
		var none T
		return none, context.Cause(ctx)
	}
}

// noteLoss says that a trace is damaged, where the answer itself does not.
func (a *app) noteLoss(t *trace.Trace) {
	if !t.Loss.IsZero() {
		a.note("the trace is damaged, so figures are lower bounds: hone trace without a question says what is lost")
	}
}

// traceFile is the file to read, and how the user would call it.
func (a *app) traceFile(ctx context.Context, args []string, dash int, f traceFlags) (file, name string, err error) {
	switch {
	case dash >= 0:
		return a.traceTest(ctx, args[dash:], f)
	case len(args) == 0:
		return "", "", mistake("no trace: name a file, a URL, or a go test after --", "type: hone trace --help")
	case len(args) > 1:
		return "", "", mistake("one trace at a time", "a command to trace stands after --: hone trace -- go test ./queue")
	case strings.HasPrefix(args[0], "http://") || strings.HasPrefix(args[0], "https://"):
		return a.traceURL(ctx, args[0], f)
	}
	return args[0], args[0], nil
}

// kept is the file for a trace that is recorded now.
func (f traceFlags) kept() (*os.File, error) {
	if f.keep != "" {
		return os.Create(f.keep)
	}
	return os.CreateTemp("", "hone-trace-*.out")
}

// traceTest runs a go test with a trace.
func (a *app) traceTest(ctx context.Context, command []string, f traceFlags) (file, name string, err error) {
	if len(command) < 2 || filepath.Base(command[0]) != "go" || command[1] != "test" {
		return "", "", mistake("only go test can be made to write a trace from outside", "in another program use runtime/trace.Start, or net/http/pprof and: hone trace http://localhost:6060")
	}
	out, err := f.kept()
	if err != nil {
		return "", "", fmt.Errorf("make a file for the trace: %w", err)
	}
	out.Close()
	// The flag goes before -args, behind which all is the test's.
	at := len(command)
	if i := slices.IndexFunc(command, func(w string) bool { return w == "-args" || w == "--args" }); i >= 0 {
		at = i
	}
	abs, err := filepath.Abs(out.Name())
	if err != nil {
		return "", "", err
	}
	cmd := exec.CommandContext(ctx, command[0], slices.Insert(slices.Clone(command[1:]), at-1, "-trace="+abs)...)
	cmd.Stdout, cmd.Stderr = a.stderr, a.stderr // standard output is for the answer
	a.quiet()
	runErr := cmd.Run()
	if info, err := os.Stat(out.Name()); err != nil || info.Size() == 0 {
		os.Remove(out.Name())
		if runErr != nil {
			return "", "", fmt.Errorf("%s wrote no trace: %w", strings.Join(command, " "), runErr)
		}
		return "", "", mistake(strings.Join(command, " ")+" wrote no trace", "name one package, with tests: go test takes -trace for one only")
	}
	if runErr != nil {
		a.note("the tests failed; their trace:")
	}
	if f.keep != "" {
		return f.keep, f.keep, nil
	}
	return out.Name(), strings.Join(command, " "), nil
}

// traceURL asks net/http/pprof for a trace.
func (a *app) traceURL(ctx context.Context, address string, f traceFlags) (file, name string, err error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", "", mistake(err.Error(), "a URL is written http://localhost:6060")
	}
	if !strings.Contains(u.Path, "/trace") {
		u.Path = strings.TrimSuffix(u.Path, "/") + "/debug/pprof/trace"
	}
	if q := u.Query(); q.Get("seconds") == "" {
		q.Set("seconds", strconv.Itoa(f.seconds))
		u.RawQuery = q.Encode()
	}
	out, err := f.kept()
	if err != nil {
		return "", "", fmt.Errorf("make a file for the trace: %w", err)
	}
	defer out.Close()
	a.say(fmt.Sprintf("tracing %s", u))
	err = download(ctx, u.String(), out)
	a.quiet()
	if err != nil {
		os.Remove(out.Name())
		return "", "", mistake(fmt.Sprintf("%s: %v", u, err), "the program must import net/http/pprof and serve it there")
	}
	if f.keep != "" {
		return f.keep, f.keep, nil
	}
	return out.Name(), address, nil
}

// connectWait is how long a server may take beyond the seconds of the trace.
const connectWait = 30 * time.Second

func download(ctx context.Context, address string, to io.Writer) error {
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	seconds, _ := strconv.Atoi(u.Query().Get("seconds"))
	ctx, cancel := context.WithTimeout(ctx, time.Duration(seconds)*time.Second+connectWait)
	defer cancel()
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		return err
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return err
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(response.Body, 200))
		return fmt.Errorf("%s: %s", response.Status, strings.TrimSpace(string(text)))
	}
	_, err = io.Copy(to, response.Body)
	return err
}

// traceBlame answers --blame.
func (a *app) traceBlame(ctx context.Context, t *trace.Trace, f traceFlags, o chart.Options) error {
	id, err := strconv.ParseUint(f.blame, 10, 64)
	match := func(g *trace.Goroutine) bool { return uint64(g.ID) == id }
	who := "goroutine " + f.blame
	if err != nil {
		who = f.blame
		match = func(g *trace.Goroutine) bool { return isCalled(t.Name(g.Func), f.blame) }
	}
	b, err := cancelable(ctx, func() *trace.Blame { return t.Blame(match) })
	if err != nil {
		return err
	}
	a.quiet()
	a.noteLoss(t)
	if b.Latency.Count == 0 && !a.hasGoroutine(t, match) {
		return mistake(fmt.Sprintf("no goroutine in %s is %s", o.Name, who), "see what there is: hone trace "+o.Name+" --goroutines")
	}
	if f.json {
		return report.JSON(a.stdout, b)
	}
	return a.page(ctx, chart.Blame(a.out, b, who, o))
}

// isCalled reports whether a function has a name: the whole of it, or without the
// directories of its package.
func isCalled(function, name string) bool {
	function = lens.Spell(function)
	return function == name || strings.HasSuffix(function, "/"+name)
}

func (a *app) hasGoroutine(t *trace.Trace, match func(*trace.Goroutine) bool) bool {
	for g := range t.Generations(trace.Options{}) {
		for i := range g.Goroutines {
			if match(&g.Goroutines[i]) {
				return true
			}
		}
	}
	return false
}

// traceCritical answers --critical.
func (a *app) traceCritical(ctx context.Context, t *trace.Trace, f traceFlags, o chart.Options) error {
	span, err := cancelable(ctx, func() trace.Stretch { return stretch(t, f.critical) })
	if err != nil {
		return err
	}
	if span.End <= span.Start {
		a.quiet()
		return mistake(fmt.Sprintf("no region, task or goroutine in %s is %s", o.Name, f.critical), "a goroutine is named by its number; regions and tasks come from runtime/trace.WithRegion and NewTask")
	}
	var wrong error
	path, err := cancelable(ctx, func() (path []trace.Segment) {
		path, wrong = t.CriticalPath(span.G, span.Start, span.End)
		return path
	})
	a.quiet()
	if err = cmp.Or(err, wrong); err != nil {
		return err
	}
	a.noteLoss(t)
	if f.json {
		return report.JSON(a.stdout, map[string]any{"of": span, "path": path})
	}
	return a.page(ctx, chart.Path(a.out, path, term.Clean(span.Name), o))
}

// stretch is what a name stands for, the slowest where there are several; empty for none.
func stretch(t *trace.Trace, name string) trace.Stretch {
	if id, err := strconv.ParseUint(name, 10, 64); err == nil {
		life, _ := t.Life(trace.GoID(id))
		life.Name = fmt.Sprintf("goroutine %d, %s", id, life.Name)
		return life
	}
	all := t.Stretches(name)
	if len(all) == 0 {
		return trace.Stretch{}
	}
	if n := len(all); n > 1 {
		all[0].Name = fmt.Sprintf("%s, the slowest of %d", name, n)
	}
	return all[0]
}
