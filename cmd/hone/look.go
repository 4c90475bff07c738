package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/look"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/compile"
	"github.com/hone-go/hone/lens/layout"
)

type lookFlags struct {
	sections map[look.Section]*bool
	layout   bool
	pass     string
	value    string
	bytes    bool
	full     bool
	diff     string
	json     bool
	html     string

	goos, goarch string
	env          []string
	tags         string
	tests        bool
	toolchain    string
	stock        bool
}

// lookSections are the flags that each show one thing closely, in the order of the help.
var lookSections = []struct {
	section look.Section
	doc     string
}{
	{look.SectionEscape, "every way to the heap, and what stays on the stack"},
	{look.SectionInline, "inlined calls as nested source, and why the others stay"},
	{look.SectionCost, "the inliner's bill, line by line"},
	{look.SectionBounds, "bounds and nil checks, kept and proven, with what the compiler knew"},
	{look.SectionSSA, "what each pass changed (see --pass, --value)"},
	{look.SectionAsm, "machine code under the lines of source it came from"},
	{look.SectionFrame, "the stack frame to scale"},
	{look.SectionIR, "the syntax tree after each stage of the front end"},
}

func (a *app) lookCmd() *cobra.Command {
	f := lookFlags{sections: map[look.Section]*bool{}}
	cmd := &cobra.Command{
		Use:   "look [PACKAGE][.FUNCTION] | FILE:LINE",
		Short: "See what the compiler did to a function",
		Long: `Compile a package and say what the compiler did to one of its functions: what allocates
and why it must, what was not inlined and by how much, which bounds and nil checks are
left. Any package of any module, the standard library, and tests; nothing is written there.

What is asked is a copy of your own compiler that writes down what it decides. It is built
the first time for each Go version, which costs about a minute; what it makes is compared
with what your compiler makes. --stock asks your compiler as it is, which knows less.

A function is named as in a stack trace: Push, (*Queue).Push, Queue.Push, Push.func1; a
generic one gives all its instances. Without a function there is a line for each.

--diff compares with a revision of git, a Go version (1.25.3), a platform (arm64,
linux/arm64), a setting (GOAMD64=v3), or a file that stands in place of the function's.
Facts are compared, not lines: what moved is the same.

--json prints the report whole, and its form is stable; see the package lens/compile.`,
		Example: `  hone look .                                       the package here, a line a function
  hone look '.(*Queue).Push'                        what allocates, escapes, isn't inlined
  hone look queue.go:42 --bounds                    the function around a line
  hone look 'encoding/json.(*decodeState).object' --asm
  hone look bufio.Scanner --layout                  how a type lies in memory
  hone look .Push --diff HEAD                       what your edits changed`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeLook,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.look(cmd.Context(), strings.Join(args, ""), f)
		},
	}
	fl := cmd.Flags()
	for _, s := range lookSections {
		f.sections[s.section] = fl.Bool(string(s.section), false, s.doc)
	}
	fl.BoolVar(&f.layout, "layout", false, "for a type: its fields, padding, cache lines, and a better order")
	fl.StringVar(&f.pass, "pass", "", "with --ssa: the function after this pass, and what it changed")
	fl.StringVar(&f.value, "value", "", "with --ssa: the life of this value: v12")
	fl.BoolVar(&f.bytes, "bytes", false, "with --asm: the bytes of each instruction")
	fl.BoolVar(&f.full, "full", false, "do not shorten lists")
	fl.StringVar(&f.diff, "diff", "", "compare with a revision of git, a Go version, a platform or a file")
	fl.BoolVar(&f.json, "json", false, "print the report as JSON")
	fl.StringVar(&f.html, "html", "", "write one page for a browser to this file")
	fl.StringVar(&f.goos, "goos", "", "compile for another operating system")
	fl.StringVar(&f.goarch, "goarch", "", "compile for another architecture")
	fl.StringArrayVar(&f.env, "env", nil, "a setting of the go command: GOAMD64=v3")
	fl.StringVar(&f.tags, "tags", "", "build tags, with commas between")
	fl.BoolVar(&f.tests, "tests", false, "compile the package with its tests")
	fl.StringVar(&f.toolchain, "go", "", "another Go version: 1.25.3")
	fl.BoolVar(&f.stock, "stock", false, "ask your compiler as it is")
	for _, name := range []string{"goos", "go", "diff", "pass", "value", "env", "tags"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	must(cmd.RegisterFlagCompletionFunc("goarch", cobra.FixedCompletions(goarches, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// goarches are the architectures that cmd/compile has a back end for.
var goarches = []string{"386", "amd64", "arm", "arm64", "loong64", "mips", "mips64", "mips64le", "mipsle", "ppc64", "ppc64le", "riscv64", "s390x", "wasm"}

// look runs the verb.
func (a *app) look(ctx context.Context, typed string, f lookFlags) error {
	if f.json && f.html != "" {
		return mistake("--json and --html are two forms of one thing: choose one", "")
	}
	value, err := f.valueID()
	if err != nil {
		return err
	}
	target, err := a.lookTarget(ctx, typed, f)
	if err != nil {
		return err
	}
	if f.layout {
		return a.lookLayout(ctx, target, f)
	}
	q := f.query(target)
	l, err := a.openLens(ctx, f.toolchain, f.stock)
	if err != nil {
		return err
	}
	defer l.Close()
	if f.diff != "" {
		return a.lookDiff(ctx, l, q, f)
	}
	r, err := a.ask(ctx, l, q)
	if err != nil {
		return err
	}
	if f.json {
		a.quiet()
		return report.JSON(a.stdout, r)
	}
	o := f.options(r, q, typed)
	o.Value = value
	if f.html != "" {
		return a.lookPage(r, o, f.html)
	}
	return a.page(ctx, look.Text(a.out, r, o))
}

// valueID is the number of --value.
func (f lookFlags) valueID() (int, error) {
	if f.value == "" {
		return 0, nil
	}
	id := 0
	if _, err := fmt.Sscanf(strings.TrimPrefix(f.value, "v"), "%d", &id); err != nil || id <= 0 {
		return 0, mistake(fmt.Sprintf("--value is the name of an SSA value, such as v12, not %q", f.value), "type: hone look FUNCTION --ssa --pass start")
	}
	return id, nil
}

// query is what to ask the compiler.
func (f lookFlags) query(t look.Target) compile.Query {
	q := compile.Query{Dir: t.Dir, Package: t.Package, Function: t.Function, Tests: f.tests || strings.Contains(t.Function, "_test.go:"), Env: slices.Clone(f.env)}
	if f.goos != "" {
		q.Env = append(q.Env, "GOOS="+f.goos)
	}
	if f.goarch != "" {
		q.Env = append(q.Env, "GOARCH="+f.goarch)
	}
	if f.tags != "" {
		q.Flags = append(q.Flags, "-tags="+f.tags)
	}
	q.Passes = *f.sections[look.SectionSSA] || f.pass != "" || f.value != "" || f.html != ""
	q.IR = *f.sections[look.SectionIR] || f.html != ""
	return q
}

// options say what to show. They read the source files that the report names.
func (f lookFlags) options(r *compile.Report, q compile.Query, typed string) look.Options {
	o := look.Options{Overview: q.Function == "", Pass: f.pass, Bytes: f.bytes, Full: f.full, Target: typed, Files: readSources(r, q.Overlay)}
	o.Dir, _ = os.Getwd()
	for _, s := range lookSections {
		if *f.sections[s.section] || s.section == look.SectionSSA && (f.pass != "" || f.value != "") || s.section == look.SectionAsm && f.bytes {
			o.Sections = append(o.Sections, s.section)
		}
	}
	return o
}

// readSources reads what can be read of the files that a report names. Lines of others
// are not shown.
func readSources(r *compile.Report, overlay map[string][]byte) map[string][]byte {
	out := map[string][]byte{}
	for _, name := range look.Files(r) {
		text, laid := overlay[name]
		if !laid {
			text, _ = os.ReadFile(name)
		}
		if text != nil {
			out[name] = text
		}
	}
	return out
}

// lookTarget chooses what was meant among what it may mean: the first whose package
// there is.
func (a *app) lookTarget(ctx context.Context, typed string, f lookFlags) (look.Target, error) {
	targets := look.Targets(typed, func(path string) bool {
		info, err := os.Stat(path)
		return err == nil && info.IsDir()
	})
	switch len(targets) {
	case 0:
		return look.Target{}, mistake(fmt.Sprintf("%s names no package and no function", typed), "name them as in a stack trace: hone look 'encoding/json.(*decodeState).object'")
	case 1:
		return targets[0], nil
	}
	dir, err := os.Getwd()
	if err != nil {
		return look.Target{}, err
	}
	tool, err := gotool.FindIn(ctx, dir, goVersion(f.toolchain))
	if err != nil {
		return look.Target{}, err
	}
	for _, t := range targets {
		b := gotool.Build{Dir: filepath.Join(dir, t.Dir), Package: t.Package, Own: true, Env: f.env}
		if _, err := tool.List(ctx, b, "-find", "-f={{.Dir}}"); err == nil {
			return t, nil
		} else if ctx.Err() != nil {
			return look.Target{}, ctx.Err()
		}
	}
	return targets[0], nil // whose error says most
}

// openLens opens the lens. Nothing is built before the first question.
func (a *app) openLens(ctx context.Context, toolchain string, stock bool) (*compile.Lens, error) {
	o := compile.Options{Toolchain: goVersion(toolchain), Progress: func(p compile.Progress) {
		switch {
		case p.Done:
		case strings.HasPrefix(p.Step, "build the observing compiler"):
			a.say(p.Step + " (once; about a minute of CPU)")
		default:
			a.say(p.Step)
		}
	}}
	if cache := a.env("HONE_CACHE"); cache != "" {
		o.Cache = filepath.Join(cache, "compile")
	}
	if stock {
		o.Observer = compile.ObserverNever
	}
	return compile.Open(ctx, o)
}

// goVersion is a GOTOOLCHAIN for "1.25.3", "go1.25.3" or "".
func goVersion(v string) string {
	if v == "" || strings.HasPrefix(v, "go") {
		return v
	}
	return "go" + v
}

// ask asks one question, with the way on where there is no answer.
func (a *app) ask(ctx context.Context, l *compile.Lens, q compile.Query) (*compile.Report, error) {
	a.say("compiling " + q.Package)
	r, err := l.Look(ctx, q)
	a.quiet()
	if err == nil {
		return r, nil
	}
	var wrong *compile.CompileError
	var missing *compile.MissingError
	var build *gotool.BuildError
	switch {
	case errors.As(err, &wrong) && len(wrong.Messages) == 0: // there is nothing to compile
		return nil, mistake(strings.TrimSpace(wrong.Text), "name a package as for go build: hone look ./queue, hone look encoding/json")
	case errors.As(err, &wrong):
		return nil, mistake("the package does not compile:\n"+strings.TrimSpace(wrong.Text), "")
	case errors.As(err, &missing):
		return nil, noFunction(missing, q)
	case errors.As(err, &build):
		return nil, mistake(strings.TrimSpace(build.Text), "name a package as for go build: hone look ./queue, hone look encoding/json")
	}
	return nil, err
}

// noFunction says what there is in place of a function that there is not.
func noFunction(e *compile.MissingError, q compile.Query) error {
	text := e.Error()
	switch {
	case e.NoCode:
		return mistake(text, "look at a function that uses it: it was compiled there")
	case len(e.Near) > 0:
		try := "type: hone look " + look.Quote(look.Join(q.Package, e.Near[0]))
		if q.Tests {
			try += " --tests"
		}
		return mistake(text, try)
	case testName.MatchString(e.Function) && !q.Tests:
		return mistake(text, "if it is a test: hone look "+look.Quote(look.Join(q.Package, e.Function))+" --tests")
	case strings.Contains(e.Function, ":"):
		return mistake(text, "see what there is: hone look "+look.Quote(q.Package))
	}
	return mistake(text, fmt.Sprintf("see what there is: hone look %s   (for a type: hone look %s --layout)", look.Quote(q.Package), look.Quote(look.Join(q.Package, e.Function))))
}

var testName = regexp.MustCompile(`^(Test|Benchmark|Fuzz|Example)`)

// lookLayout answers for a type.
func (a *app) lookLayout(ctx context.Context, t look.Target, f lookFlags) error {
	if t.Function == "" || strings.Contains(t.Function, ":") {
		return mistake("--layout is about a type", "type: hone look bufio.Scanner --layout")
	}
	a.say("reading " + t.Package)
	p, err := layout.Load(ctx, layout.Source{Dir: t.Dir, Pattern: t.Package, GOOS: f.goos, GOARCH: f.goarch})
	if err != nil {
		return err
	}
	typ, err := p.Type(t.Function)
	a.quiet()
	if err != nil {
		return mistake(err.Error(), "")
	}
	if f.json {
		return report.JSON(a.stdout, typ)
	}
	dir, _ := os.Getwd()
	return a.page(ctx, look.Layout(a.out, typ, look.Options{Dir: dir}))
}

// lookPage writes the page for a browser.
func (a *app) lookPage(r *compile.Report, o look.Options, file string) error {
	text, err := look.HTML(r, o)
	if err != nil {
		return err
	}
	if err := os.WriteFile(file, text, 0o644); err != nil {
		return fmt.Errorf("write the page: %w", err)
	}
	a.print("%s\n", a.out.Paint(file, term.Bold))
	return nil
}

// goLike is what a Go version looks like.
var goLike = regexp.MustCompile(`^(go)?1\.\d+(\.\d+|rc\d+)?$`)

// lookDiff asks two questions and compares the answers.
func (a *app) lookDiff(ctx context.Context, l *compile.Lens, q compile.Query, f lookFlags) error {
	now, err := a.ask(ctx, l, q)
	if err != nil {
		return err
	}
	after := look.Side{Name: "now", Report: now, Files: readSources(now, q.Overlay)}
	before := look.Side{Name: f.diff}
	old, other := q, l
	old.Env = slices.Clone(q.Env)
	switch os, arch, platform := strings.Cut(f.diff, "/"); {
	case goLike.MatchString(f.diff):
		if other, err = a.openLens(ctx, f.diff, f.stock); err != nil {
			return err
		}
		defer other.Close()
		before.Name, after.Name = goVersion(f.diff), now.Go
	case slices.Contains(goarches, f.diff):
		old.Env = append(old.Env, "GOARCH="+f.diff)
		after.Name = now.Target.Arch
	case platform && slices.Contains(goarches, arch):
		old.Env = append(old.Env, "GOOS="+os, "GOARCH="+arch)
		after.Name = now.Target.OS + "/" + now.Target.Arch
	case strings.HasPrefix(f.diff, "GO") && strings.Contains(f.diff, "="):
		old.Env = append(old.Env, f.diff)
	case strings.HasSuffix(f.diff, ".go"):
		if old.Overlay, err = inPlace(now, f.diff); err != nil {
			return err
		}
	default:
		if old.Overlay, err = revision(ctx, now.Dir, f.diff); err != nil {
			return err
		}
	}
	if before.Report, err = a.ask(ctx, other, old); err != nil {
		return fmt.Errorf("%s: %w", f.diff, err)
	}
	before.Files = readSources(before.Report, old.Overlay)
	c := look.Compare(before, after)
	if f.json {
		return report.JSON(a.stdout, c)
	}
	return a.page(ctx, look.Diff(a.out, c, f.options(now, q, "")))
}

// inPlace lays a file over the one that a function is in.
func inPlace(r *compile.Report, file string) (map[string][]byte, error) {
	text, err := os.ReadFile(file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, mistake(fmt.Sprintf("there is no file %s to compare with", file), "")
	} else if err != nil {
		return nil, err
	}
	files := map[string]bool{}
	for _, fn := range r.Functions {
		if name := fn.Position.File; filepath.IsAbs(name) {
			files[name] = true
		}
	}
	if len(files) != 1 {
		return nil, mistake(fmt.Sprintf("%s can stand in place of one file, and %d were looked at", file, len(files)), "name one function")
	}
	return map[string][]byte{slices.Collect(maps.Keys(files))[0]: text}, nil
}
