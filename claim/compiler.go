package claim

import (
	"context"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/lens/compile"
)

// Compiler starts claims about what the compiler does to functions of a package:
// its import path, or "." for the one whose tests run. Settings pin the claims to a
// configuration that is not this one: "GOARCH=arm64", "GOAMD64=v3",
// "GOTOOLCHAIN=go1.25.14".
//
//	func TestSum_CompilesWell(t *testing.T) {
//		f := claim.Compiler(t, ".").Func("Sum")
//		f.NoBoundsChecks()
//		f.NoHeapAlloc()
//		claim.Compiler(t, ".").Func("(*Ring).Put").NoEscape("buf").Inlined("(*Ring).mask")
//	}
//
// The package is compiled anew, as go build does it: that the test itself was built
// with -race or -cover, which change all of this, makes no difference. The verdict
// comes from the machine code wherever the machine code shows it, else from what the
// compiler says while it decides; nothing that was not found is believed. So a claim
// fails where it names a function, a variable or a call that is not there, where the
// compiler in use cannot tell, and where nothing is claimed.
//
// What the stock compiler says suffices for most claims. For the others a copy of it
// that says more is built from GOROOT, the first time for each version of Go: about a
// minute of CPU. What a compiler does changes from version to version: a claim that
// turns red after an upgrade is news, not a fault of the claim.
func Compiler(t testing.TB, pkg string, settings ...string) *CompiledPackage {
	t.Helper()
	p := &CompiledPackage{t: t, path: pkg, settings: settings, lenses: map[compile.ObserverUse]*compile.Lens{}}
	// The observing compiler is asked where it is built, and built where it must be.
	p.order = []compile.ObserverUse{compile.ObserverReady, compile.ObserverBuild}
	t.Cleanup(func() {
		for _, l := range p.lenses {
			l.Close()
		}
	})
	return p
}

// A CompiledPackage is a package about whose functions claims are made; see [Compiler].
// Claims on several functions of one share a compiler: only the first waits for it.
type CompiledPackage struct {
	t        testing.TB
	path     string
	settings []string
	order    []compile.ObserverUse // whom to ask
	lenses   map[compile.ObserverUse]*compile.Lens
}

// Func names a function: "Sum", "(*Ring).Put", "Sum.func1" for the first closure in
// it. The name of a generic function stands for all its instances in the package, and
// a claim must hold for each. A claim about a function holds for what is inlined into
// it, too; not for what it calls.
func (p *CompiledPackage) Func(name string) *CompiledFunc {
	p.t.Helper()
	return newFunc(p.t, name, p.order, func(ctx context.Context, use compile.ObserverUse) (*compile.Report, error) {
		return p.look(ctx, name, use)
	})
}

// Report returns what the compiler said about every function of the package, for
// questions that no claim asks: a lab compares it with a prediction. The features are
// those that the answer rests on; where the compiler cannot tell one of them, or the
// package does not compile, the test ends and has failed.
func (p *CompiledPackage) Report(need ...compile.Feature) *compile.Report {
	p.t.Helper()
	all := newFunc(p.t, everything, p.order, func(ctx context.Context, use compile.ObserverUse) (*compile.Report, error) {
		return p.look(ctx, "", use)
	})
	r := all.report(need...)
	if r == nil {
		p.t.FailNow()
	}
	return r
}

// everything is the name of no function: that of all of a package.
const everything = "the package"

// newFunc makes the claims on a function of which look reports.
func newFunc(t testing.TB, name string, order []compile.ObserverUse, look func(context.Context, compile.ObserverUse) (*compile.Report, error)) *CompiledFunc {
	f := &CompiledFunc{t: t, name: name, order: order, look: look, reports: map[compile.ObserverUse]*compile.Report{}}
	t.Cleanup(func() {
		if !f.claimed {
			t.Errorf("claim.Compiler: nothing is claimed of %s: say what, as in Func(%q).NoHeapAlloc()", name, name)
		}
	})
	return f
}

// Settings of the environment, for a program that makes claims away from their package.
// They may be among those that [Compiler] takes, too.
const (
	envDir      = "HONE_DIR"      // the directory that "." means
	envCompiler = "HONE_COMPILER" // the cache in which the observing compiler is ready
	toolchain   = "GOTOOLCHAIN"   // the version of Go
)

// setting is one of these.
func (p *CompiledPackage) setting(name string) string {
	for _, s := range p.settings {
		if value, ok := strings.CutPrefix(s, name+"="); ok {
			return value
		}
	}
	if name == toolchain {
		return "" // that of the environment holds anyway
	}
	return os.Getenv(name)
}

// look asks for the facts.
func (p *CompiledPackage) look(ctx context.Context, name string, use compile.ObserverUse) (*compile.Report, error) {
	env := plain(os.Getenv("GOFLAGS"))
	for _, s := range p.settings {
		if name, _, _ := strings.Cut(s, "="); !slices.Contains([]string{envDir, envCompiler, toolchain}, name) {
			env = append(env, s)
		}
	}
	l, err := p.lens(ctx, use)
	if err != nil {
		return nil, err
	}
	return l.Look(ctx, compile.Query{
		Dir: p.setting(envDir), Package: p.path, Function: name, Env: env,
	})
}

// lens is what looks, open until the test ends.
func (p *CompiledPackage) lens(ctx context.Context, use compile.ObserverUse) (*compile.Lens, error) {
	if l := p.lenses[use]; l != nil {
		return l, nil
	}
	options := compile.Options{
		Cache: p.setting(envCompiler), Observer: use, Toolchain: p.setting(toolchain), Resident: 1,
		Progress: func(s compile.Progress) {
			if !s.Done {
				p.t.Logf("%s …", s.Step)
			}
		},
	}
	l, err := compile.Open(ctx, options)
	if err != nil {
		return nil, err
	}
	p.lenses[use] = l
	return l, nil
}

// plain returns a setting without the flags in GOFLAGS that make another build of it
// than the one that claims are about.
func plain(goflags string) []string {
	other := func(flag string) bool {
		name, _, _ := strings.Cut(strings.TrimLeft(flag, "-"), "=")
		return slices.Contains([]string{"race", "msan", "asan", "gcflags", "toolexec"}, name) || strings.HasPrefix(name, "cover")
	}
	flags := strings.Fields(goflags)
	if !slices.ContainsFunc(flags, other) {
		return nil
	}
	return []string{"GOFLAGS=" + strings.Join(slices.DeleteFunc(flags, other), " ")}
}

// A CompiledFunc makes claims about one function; see [Compiler] and
// [CompiledPackage.Func]. A claim that does not hold fails the test and lets it
// continue, with what the compiler said as evidence.
type CompiledFunc struct {
	t       testing.TB
	name    string
	claimed bool
	failed  bool // it cannot be looked at, and that was said

	look    func(context.Context, compile.ObserverUse) (*compile.Report, error)
	order   []compile.ObserverUse // whom to ask
	reports map[compile.ObserverUse]*compile.Report
}

// report returns facts of the features that a claim needs: from the stock compiler
// where that can tell, else from the observing one. Where neither can, the test fails
// and report returns nil.
func (f *CompiledFunc) report(need ...compile.Feature) *compile.Report {
	f.t.Helper()
	f.claimed = true
	if f.failed {
		return nil
	}
	var why []string
	var bare error // it has no code
	for _, use := range f.order {
		r, seen := f.reports[use]
		if !seen {
			var err error
			if r, err = f.look(f.t.Context(), use); err != nil {
				if f.refused(err) {
					return nil
				}
				why = append(why, err.Error())
				continue
			}
			f.reports[use] = r
		}
		if len(f.subjects(r)) == 0 {
			bare = &compile.MissingError{Package: r.Package, Function: f.name, NoCode: true}
			continue
		}
		missing := gaps(r, need)
		if len(missing) == 0 {
			return r
		}
		why = append(why, missing...)
	}
	if bare != nil && len(why) == 0 {
		f.refused(bare)
		return nil
	}
	if bare != nil {
		why = append(why, bare.Error())
	}
	f.t.Errorf("%s: not proven. The compiler cannot tell here: %s.", f.name, strings.Join(why, "; "))
	return nil
}

// refused says, once, why there is nothing to look at, where it is the source that
// has the fault.
func (f *CompiledFunc) refused(err error) bool {
	f.t.Helper()
	var missing *compile.MissingError
	var broken *compile.CompileError
	switch {
	case errors.As(err, &missing):
		f.t.Errorf("%v. A claim about what is not there does not hold.", missing)
	case errors.As(err, &broken):
		evidence{Kind: KindOutput, Title: "the compiler", Text: broken.Text}.fail(f.t, "", "%s: %v", f.name, broken)
	default:
		return false
	}
	f.failed = true
	return true
}

// gaps says which of the features a report lacks, and why.
func gaps(r *compile.Report, need []compile.Feature) []string {
	var why []string
	for _, g := range r.Observed.Gaps {
		if slices.Contains(need, g.Feature) {
			why = append(why, fmt.Sprintf("%s: %s", g.Feature, g.Why))
		}
	}
	return why
}

// subjects are the functions that were asked for by name: every instance of a generic
// one, and nothing else of which the name begins so.
func (f *CompiledFunc) subjects(r *compile.Report) []compile.Function {
	var out []compile.Function
	for _, fn := range r.Functions {
		if !fn.Wrapper && len(fn.Code.Instructions) > 0 && (f.name == everything || f.isAsked(r, fn.Name)) {
			out = append(out, fn)
		}
	}
	return out
}

// isAsked reports whether a function is what was asked for, "T.M" for "(*T).M" and
// without type arguments where none were given.
func (f *CompiledFunc) isAsked(r *compile.Report, name string) bool {
	asked := strings.TrimPrefix(f.name, r.Package+".")
	if !strings.Contains(asked, "[") {
		name = withoutArguments(name)
	}
	return name == asked || !strings.Contains(asked, "(*") && pointerless(name) == asked
}

// bodies are the subjects and all closures and range-over-func bodies in them, with
// those that the compiler makes of go and defer statements: the whole text of the
// function.
func (f *CompiledFunc) bodies(r *compile.Report) []compile.Function {
	subjects := f.subjects(r)
	var out []compile.Function
	for _, fn := range r.Functions {
		within := slices.ContainsFunc(subjects, func(s compile.Function) bool { return s.Name == fn.Name && !fn.Wrapper || isWithin(fn, s) })
		if within && len(fn.Code.Instructions) > 0 {
			out = append(out, fn)
		}
	}
	return out
}

// isWithin reports whether a function is a closure in another, or in a closure in it.
// They are named after it: F.func1, F.func1.2, F-range1, F.deferwrap1.
func isWithin(closure, of compile.Function) bool {
	rest, ok := strings.CutPrefix(closure.Name, of.Name)
	return closure.Parent == of.Name || ok && rest != "" && (rest[0] == '.' || rest[0] == '-')
}

// A finding is one thing that speaks against a claim.
type finding struct {
	at   string // position, with the calls that were inlined
	what string
	more []string // lines of detail: a path, a bill
}

// hold makes a claim: it holds where nothing speaks against it.
func (f *CompiledFunc) hold(r *compile.Report, against []finding, format string, args ...any) *CompiledFunc {
	f.t.Helper()
	if len(against) == 0 {
		return f
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n", how(r))
	for _, a := range against {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(a.at+"  "+a.what))
		for _, line := range a.more {
			fmt.Fprintf(&b, "    %s\n", line)
		}
	}
	evidence{Kind: KindText, Title: "what the compiler did to " + f.name, Text: b.String()}.fail(f.t, OutcomeBudget, "%s.%s: %s", r.Package, f.name, fmt.Sprintf(format, args...))
	return f
}

// how says under which configuration something was seen, and by whom.
func how(r *compile.Report) string {
	text := fmt.Sprintf("%s %s/%s", r.Go, r.Target.OS, r.Target.Arch)
	if r.Target.Level != "" {
		text += " " + r.Target.Level
	}
	if r.Target.PGO {
		text += " with a profile"
	}
	text += ", plain build, " + string(r.Observed.Mode) + " compiler"
	if r.Observed.Verified {
		text += ", verified"
	}
	return text
}
