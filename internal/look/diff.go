package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// A Side is one of two reports to compare.
type Side struct {
	Name   string // "HEAD", "go1.24.13", "arm64"
	Report *compile.Report
	Files  map[string][]byte
}

// A Change is one fact that only one of two reports has.
type Change struct {
	Function string     `json:"function"`
	Kind     string     `json:"kind"` // "allocates", "escapes", "calls", "inlines", "bounds check", "nil check", "write barrier", "defer"
	New      bool       `json:"new"`  // only the second has it
	Text     string     `json:"text"`
	Stack    lens.Stack `json:"stack,omitempty"`
}

// A Figure is a number that differs.
type Figure struct {
	Function string `json:"function"`
	Name     string `json:"name"` // "cost", "frame", "code"
	Before   int64  `json:"before"`
	After    int64  `json:"after"`
}

// A Comparison is two reports, aligned by facts: a fact is the same where it says the
// same about the same text of source, wherever the line has moved.
type Comparison struct {
	Before, After Side     `json:"-"`
	Changes       []Change `json:"changes"`
	Figures       []Figure `json:"figures"`
	Only          []string `json:"only,omitempty"` // functions that only one of them has, with "+" or "-" before
	Pass          string   `json:"pass,omitempty"` // the first pass after which the SSA differs, where both reports have it
}

// Compare finds what differs. Functions are matched by name.
func Compare(before, after Side) *Comparison {
	c := &Comparison{Before: before, After: after}
	old := map[string]*compile.Function{}
	for _, f := range visible(before.Report.Functions) {
		old[f.Name] = f
	}
	for _, f := range visible(after.Report.Functions) {
		was := old[f.Name]
		delete(old, f.Name)
		if was == nil {
			c.Only = append(c.Only, "+"+f.Name)
			continue
		}
		c.figures(was, f)
		c.facts(was, f)
		if c.Pass == "" {
			c.Pass = firstDifferent(was, f)
		}
	}
	for _, f := range visible(before.Report.Functions) {
		if old[f.Name] != nil {
			c.Only = append(c.Only, "-"+f.Name)
		}
	}
	return c
}

// both reports whether both sides know a kind of fact: else its absence on one means
// nothing.
func (c *Comparison) both(f compile.Feature) bool {
	return c.Before.Report.Observed.Has(f) && c.After.Report.Observed.Has(f)
}

func (c *Comparison) figures(was, is *compile.Function) {
	add := func(f compile.Feature, name string, before, after int64) {
		if before != after && c.both(f) {
			c.Figures = append(c.Figures, Figure{is.Name, name, before, after})
		}
	}
	add(compile.FeatureInlining, "cost", int64(was.Inlining.Cost), int64(is.Inlining.Cost))
	add(compile.FeatureCode, "frame", was.Code.Frame, is.Code.Frame)
	add(compile.FeatureCode, "code", was.Code.Size, is.Code.Size)
}

// A fact of a function, in the form in which two of them are compared.
type fact struct {
	feature compile.Feature
	kind    string
	text    string
	stack   lens.Stack
}

func facts(p *page, f *compile.Function) []fact {
	var out []fact
	for _, a := range f.Allocations {
		what := lastOf(a.What) // by which function changes with every Go version
		if what == "" {
			what = strings.TrimPrefix(a.Call, "runtime.")
		}
		out = append(out, fact{compile.FeatureCode, "allocates", term.Clean(what), a.Stack})
	}
	for _, l := range escaping(f) {
		out = append(out, fact{compile.FeatureEscape, "escapes", storage(l), l.Stack})
	}
	for i := range f.Calls {
		c := &f.Calls[i]
		kind := "calls"
		if c.Kind == compile.CallInlined {
			kind = "inlines"
		}
		out = append(out, fact{compile.FeatureCalls, kind, p.short(c.Callee), c.Stack})
	}
	for _, c := range f.Checks {
		if c.Kept && !c.Folded {
			kind := "bounds check"
			if c.Kind == compile.CheckNil {
				kind = "nil check"
			}
			out = append(out, fact{compile.FeatureChecks, kind, "", c.Stack})
		}
	}
	for _, x := range f.Facts {
		switch x.Kind {
		case compile.FactWriteBarrier:
			out = append(out, fact{compile.FeatureWriteBarriers, "write barrier", "", x.Stack})
		case compile.FactDefer:
			out = append(out, fact{compile.FeatureDefers, "defer", x.Text, x.Stack})
		}
	}
	return out
}

// key is what makes two facts the same one: what is said, and the text of the lines that
// it is said about.
func (p *page) key(f fact) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\x00%s", f.kind, f.text)
	for _, site := range f.stack {
		b.WriteByte(0)
		b.WriteString(p.code(site.Position))
	}
	return b.String()
}

func (c *Comparison) facts(was, is *compile.Function) {
	before := newPage(term.Screen{}, c.Before.Report, Options{Files: c.Before.Files})
	after := newPage(term.Screen{}, c.After.Report, Options{Files: c.After.Files})
	count := map[string]int{}
	for _, x := range facts(before, was) {
		count[before.key(x)]++
	}
	for _, x := range facts(after, is) {
		if k := after.key(x); count[k] > 0 {
			count[k]--
		} else if c.both(x.feature) {
			c.Changes = append(c.Changes, Change{is.Name, x.kind, true, x.text, x.stack})
		}
	}
	for _, x := range facts(before, was) {
		if k := before.key(x); count[k] > 0 && c.both(x.feature) {
			count[k]--
			c.Changes = append(c.Changes, Change{is.Name, x.kind, false, x.text, x.stack})
		}
	}
}

// firstDifferent is the first pass after which two functions do not consist of the same
// operations. Numbers of values are not compared: they say nothing.
func firstDifferent(was, is *compile.Function) string {
	for i := range is.Passes {
		name := is.Passes[i].Name
		j := was.PassIndex(name)
		a, ok := is.After(i)
		b, ok2 := was.After(j)
		if ok && ok2 && !slices.Equal(operations(a), operations(b)) {
			return name
		}
	}
	return ""
}

func operations(s *compile.SSA) []string {
	var out []string
	for _, v := range s.Values {
		out = append(out, v.Op+" "+v.Type+" "+v.Aux)
	}
	slices.Sort(out)
	return out
}

// Diff lays a comparison out for a screen: figures, what is new, what is gone.
func Diff(s term.Screen, c *Comparison, o Options) string {
	o.Files = c.After.Files
	after := newPage(s, c.After.Report, o)
	o.Files = c.Before.Files
	before := newPage(s, c.Before.Report, o)
	after.line("%s", after.screen.Wrap(fmt.Sprintf("%s  %s → %s", s.Paint(after.r.Package, term.Bold), s.Paint(c.Before.Name, term.Red), s.Paint(c.After.Name, term.Green)), ""))
	c.notComparable(after)
	for _, x := range c.Only {
		style := term.Green
		if x[0] == '-' {
			style = term.Red
		}
		after.line("%s", s.Paint(x[:1]+" "+term.Clean(x[1:]), style))
	}
	for _, name := range c.functions() {
		after.line("\n%s", s.Paint(term.Clean(name), term.Bold))
		var parts []string
		for _, f := range c.Figures {
			if f.Function == name {
				style := term.Green
				if f.After > f.Before {
					style = term.Yellow
				}
				parts = append(parts, s.Paint(fmt.Sprintf("%s %d → %d", f.Name, f.Before, f.After), style))
			}
		}
		after.flow(parts, "  ")
		for _, x := range c.Changes {
			if x.Function == name {
				c.change(after, before, x)
			}
		}
	}
	if len(c.Changes)+len(c.Figures)+len(c.Only) == 0 {
		after.line("%s", s.Paint("no difference", term.Green))
	}
	if c.Pass != "" {
		after.line("\nThe first pass after which the SSA differs: %s", s.Paint(c.Pass, term.Cyan))
	}
	return after.String()
}

// functions are the names of those that differ, in order.
func (c *Comparison) functions() []string {
	var out []string
	add := func(name string) {
		if !slices.Contains(out, name) {
			out = append(out, name)
		}
	}
	for _, f := range visible(c.After.Report.Functions) {
		if slices.ContainsFunc(c.Figures, func(x Figure) bool { return x.Function == f.Name }) ||
			slices.ContainsFunc(c.Changes, func(x Change) bool { return x.Function == f.Name }) {
			add(f.Name)
		}
	}
	return out
}

// change shows one fact on a line: a sign, what it says, where.
func (c *Comparison) change(after, before *page, x Change) {
	sign, style, at := "+", term.Yellow, after
	if !x.New {
		sign, style, at = "-", term.Green, before
	}
	if x.Kind == "inlines" { // the one that is good to have
		style = term.Green
		if !x.New {
			style = term.Yellow
		}
	}
	what := x.Kind
	if x.Text != "" {
		what += " " + x.Text
	}
	pos := x.Stack.Text().Position
	left := fmt.Sprintf("  %s %s", sign, what)
	after.columns(after.screen.Paint(left, style)+"  "+at.at(pos), at.code(pos))
}

// notComparable names the kinds of fact that only one side knows.
func (c *Comparison) notComparable(p *page) {
	var names []string
	for _, f := range []compile.Feature{compile.FeatureInlining, compile.FeatureCalls, compile.FeatureEscape, compile.FeatureChecks, compile.FeatureCode, compile.FeatureDefers, compile.FeatureWriteBarriers} {
		if !c.both(f) {
			names = append(names, featureName(f))
		}
	}
	if len(names) > 0 {
		p.line("%s", p.screen.Paint(p.screen.Wrap("Not compared, for it is not known of both: "+strings.Join(names, ", ")+".", ""), term.Yellow))
	}
}
