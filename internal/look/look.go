// Package look lays out what the compiler did to a function: a [compile.Report]
// as text for a terminal, or as a page for a browser.
//
// The text is made for somebody who asks why a function is slow: what allocates and
// why it must, what was not inlined and by how much, which checks are left, how
// large it all is; everything deeper is a [Section] of its own. The package reads
// no files and runs nothing: source lines come from [Options.Files], which the caller
// fills with what [Files] names.
//
// It never takes silence for an answer. A kind of fact that the report has a gap for
// is shown as not known, with the reason, and never as none.
//
// Start with [Text].
package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/compile"
)

// A Section is one thing to look at closely.
type Section string

// The sections, each named like the flag that asks for it.
const (
	SectionEscape Section = "escape" // the way of everything to the heap, and what stays
	SectionInline Section = "inline" // inlined calls as nested source
	SectionCost   Section = "cost"   // the inliner's bill
	SectionBounds Section = "bounds" // checks, kept and proven
	SectionSSA    Section = "ssa"    // the passes, one pass, or the life of one value
	SectionAsm    Section = "asm"    // machine code between the source lines it came from
	SectionFrame  Section = "frame"  // the stack frame to scale
	SectionIR     Section = "ir"     // the syntax tree after each stage of the front end
)

// Options say what to show of a report. The zero value is the summary.
type Options struct {
	Sections []Section
	Overview bool              // a line for each function, in place of the summary
	Pass     string            // SectionSSA: the function after this pass
	Value    int               // SectionSSA: the life of this value; 0 is none
	Bytes    bool              // SectionAsm: with the bytes of each instruction
	Full     bool              // do not shorten lists
	Files    map[string][]byte // source text, by the names that Files returns
	Dir      string            // absolute; files below it are named from it
	Target   string            // what was asked for, as it was typed: for the commands under "Look closer"
}

// Text lays a report out for a screen: what was asked for, then the closures in it.
func Text(s term.Screen, r *compile.Report, o Options) string {
	p := newPage(s, r, o)
	if o.Overview && len(o.Sections) == 0 {
		p.overview()
		return p.String()
	}
	shown := inOrder(r.Functions)
	generics := map[string]int{}
	for i, f := range shown {
		if i > 0 {
			p.line("")
		}
		generics[f.Generic]++
		p.heading(f)
		if i == 0 {
			p.observed()
		}
		again := f.Generic != "" && generics[f.Generic] > 1
		switch {
		case len(o.Sections) > 0:
			for _, section := range o.Sections {
				p.section(f, section)
			}
		case again && !o.Full:
			p.gist(f, "  ")
		default:
			p.summary(f)
		}
	}
	if len(shown) == 0 {
		p.line("nothing was compiled for %s", o.Target)
	}
	if len(o.Sections) == 0 && len(shown) > 0 {
		p.closer(shown[0])
	}
	return p.String()
}

// visible leaves out what the compiler made itself, unless there is nothing else.
func visible(all []compile.Function) []*compile.Function {
	var own, made []*compile.Function
	for i := range all {
		if all[i].Wrapper {
			made = append(made, &all[i])
		} else {
			own = append(own, &all[i])
		}
	}
	if len(own) == 0 {
		return made
	}
	return own
}

// inOrder puts closures behind what was asked for, wherever their text stands.
func inOrder(all []compile.Function) []*compile.Function {
	out := visible(all)
	slices.SortStableFunc(out, func(a, b *compile.Function) int { return len(a.Parent) - len(b.Parent) })
	return out
}

// section shows one function as one section.
func (p *page) section(f *compile.Function, s Section) {
	p.line("")
	switch s {
	case SectionEscape:
		p.escape(f)
	case SectionInline:
		p.inline(f)
	case SectionCost:
		p.cost(f)
	case SectionBounds:
		p.bounds(f)
	case SectionSSA:
		p.ssa(f)
	case SectionAsm:
		p.asm(f)
	case SectionFrame:
		p.frame(f)
	case SectionIR:
		p.ir(f)
	}
}

// heading names a function and where it stands.
func (p *page) heading(f *compile.Function) {
	name := p.r.Package + "." + f.Name
	if !p.own(f) { // an instance of another package's generic function
		name = f.Symbol
	}
	where := ""
	if f.Position.IsKnown() {
		at := f.Position
		at.Column = 0
		where = p.at(at)
		if f.EndLine > at.Line {
			where += p.dim(fmt.Sprintf("-%d", f.EndLine))
		}
	}
	name = p.screen.Paint(p.screen.Cut(term.Clean(name), 0), term.Bold)
	if p.screen.Width > 0 && term.Cells(name)+2+term.Cells(where) > p.screen.Width {
		p.line("%s\n  %s", name, where)
		return
	}
	p.line("%s  %s", name, where)
}

// own reports whether a function is declared in the package that was compiled.
func (p *page) own(f *compile.Function) bool {
	for _, prefix := range p.prefixes() {
		if strings.HasPrefix(f.Symbol, prefix) {
			return true
		}
	}
	return f.Symbol == ""
}

// prefixes are what symbols of the package begin with; a program is main, whatever its
// path.
func (p *page) prefixes() []string {
	path, _, _ := strings.Cut(p.r.Package, " ")
	return []string{path + ".", "main."}
}

// observed says how all this is known, and what is not.
func (p *page) observed() {
	p.line("%s", p.dim(p.screen.Wrap(known(p.r), "")))
	if len(p.o.Sections) == 0 { // a section says what it lacks itself
		p.gaps()
	}
}

// known says how a report came about.
func known(r *compile.Report) string {
	text := fmt.Sprintf("%s %s/%s", r.Go, r.Target.OS, r.Target.Arch)
	if r.Target.Level != "" {
		text += " " + r.Target.Level
	}
	if r.Target.PGO {
		text += ", with a profile"
	}
	switch {
	case r.Observed.Mode == compile.Stock:
		text += ", from what your compiler prints"
	case r.Observed.Verified:
		text += ", from an observing copy of your compiler; verified: it makes the same objects"
	default:
		text += ", from an observing copy of your compiler"
	}
	return text
}

// gaps says what the report does not know. The sections say why in full; here kinds that
// lack for one reason share a line.
func (p *page) gaps() {
	var whys []string
	by := map[string][]string{}
	for _, g := range p.r.Observed.Gaps {
		if g.Feature == compile.FeatureResident {
			continue // that is no fact about the code
		}
		why, _, _ := strings.Cut(g.Why, "; ")
		if _, ok := by[why]; !ok {
			whys = append(whys, why)
		}
		by[why] = append(by[why], featureName(g.Feature))
	}
	for _, why := range whys {
		text := "Not known, or not all: " + strings.Join(by[why], ", ")
		if why != "" {
			text += " (" + term.Clean(why) + ")"
		}
		p.line("%s", p.screen.Paint(p.screen.Wrap(text+".", ""), term.Yellow))
	}
}

// featureName is a kind of fact in words.
func featureName(f compile.Feature) string {
	switch f {
	case compile.FeatureCalls:
		return "calls that stay"
	case compile.FeatureDevirtualized:
		return "devirtualized calls"
	case compile.FeatureEscape:
		return "what escapes"
	case compile.FeatureBill:
		return "the inliner's bill"
	case compile.FeaturePath:
		return "ways to the heap"
	case compile.FeatureProof:
		return "what was proven about checks"
	case compile.FeatureIR:
		return "syntax trees"
	case compile.FeaturePasses:
		return "SSA passes"
	case compile.FeatureCode:
		return "machine code"
	case compile.FeatureResident:
		return "fast second answers"
	case compile.FeatureWriteBarriers:
		return "write barriers"
	}
	return string(f)
}

// gap is why a kind of fact is not known; known facts have none.
func (p *page) gap(f compile.Feature) (why string, missing bool) {
	for _, g := range p.r.Observed.Gaps {
		if g.Feature == f {
			return g.Why, true
		}
	}
	return "", false
}

// unknown says in place of a section that it is not known, and reports whether it did.
// Of a kind that has a gap there may still be n facts: they are shown, with a word that
// there may be more.
func (p *page) unknown(what string, f compile.Feature, n int) bool {
	why, missing := p.gap(f)
	switch {
	case !missing:
		return false
	case n > 0:
		p.line("%s", p.screen.Paint(p.screen.Wrap(what+": perhaps not all, for "+term.Clean(why), ""), term.Yellow))
		return false
	}
	p.title(what, "not known", term.Yellow)
	p.line("%s", p.dim(p.screen.Wrap(term.Clean(why), "  ")))
	return true
}

// closer lists the flags that show more of a function.
func (p *page) closer(f *compile.Function) {
	var flags []string
	add := func(ok bool, flag string) {
		if ok {
			flags = append(flags, flag)
		}
	}
	kept, proven := tally(f.Checks)
	has := p.r.Observed.Has
	add(has(compile.FeatureEscape) && len(f.Escape.Locations) > 1, "--escape")
	add(has(compile.FeatureBill) && len(f.Inlining.Bill) > 0, "--cost")
	add(len(f.Calls) > 0 || f.Inlining.Decided, "--inline")
	add(kept+proven > 0, "--bounds")
	add(has(compile.FeatureCode), "--asm")
	add(has(compile.FeaturePasses), "--ssa")
	add(has(compile.FeatureCode) && len(f.Code.Slots) > 0, "--frame")
	add(true, "--diff HEAD")
	add(true, "--html FILE")
	p.commands(flags)
}

// commands lists flags to add to what was typed.
func (p *page) commands(flags []string) {
	p.line("\n%s  %s", p.screen.Paint("Look closer:", term.Bold), p.screen.Paint("hone look "+Quote(p.o.Target), term.Bold, term.Cyan)+" …")
	for i := range flags {
		flags[i] = p.screen.Paint(flags[i], term.Bold, term.Cyan)
	}
	p.flow(flags, "  ")
}

// Quote puts a word in quotes where a shell would read more into it.
func Quote(word string) string {
	if word != "" && !strings.ContainsFunc(word, func(r rune) bool { return strings.ContainsRune(" ()*[]{}'\"$&;<>|?!#`\\~", r) }) {
		return word
	}
	return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'"
}

// Files lists the source files that a report names, in order, as absolute as it
// can: those whose text [Options.Files] should hold.
func Files(r *compile.Report) []string {
	p := newPage(term.Screen{}, r, Options{})
	seen := map[string]bool{}
	for i := range r.Functions {
		f := &r.Functions[i]
		seen[p.resolve(f.Position.File)] = true
		for _, st := range stacks(f) {
			for _, site := range st {
				seen[p.resolve(site.File)] = true
			}
		}
	}
	for _, n := range r.Names {
		seen[p.resolve(n.Position.File)] = true
	}
	delete(seen, "")
	names := make([]string, 0, len(seen))
	for name := range seen {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}
