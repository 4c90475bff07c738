package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/compile"
)

// Limits of what the summary shows of one kind.
const (
	maxFindings = 8
	maxSteps    = 6 // of one way to the heap
	maxCharges  = 5
)

// summary is a function in the order in which one would ask.
func (p *page) summary(f *compile.Function) {
	p.gist(f, "")
	p.allocations(f)
	p.escapes(f)
	p.notInlined(f)
	p.keptChecks(f)
	p.left(f)
}

// gist is a function in one line: what a reader looks for first.
func (p *page) gist(f *compile.Function, indent string) {
	var parts []string
	add := func(feature compile.Feature, bad bool, text string) {
		if !p.r.Observed.Has(feature) {
			return
		}
		style := term.Green
		if bad {
			style = term.Yellow
		}
		parts = append(parts, p.screen.Paint(text, style))
	}
	n := len(f.Allocations)
	text := "allocates at " + count(n, "place")
	if n == 0 {
		text = "allocates nothing itself"
	}
	add(compile.FeatureCode, n > 0, text)
	if e := len(escaping(f)); !p.r.Observed.Has(compile.FeatureCode) {
		add(compile.FeatureEscape, e > 0, fmt.Sprint(e)+verb(e, " escapes", " escape"))
	}
	if f.Inlining.Decided {
		add(compile.FeatureInlining, !f.Inlining.Inlinable, p.inlinable(f))
	}
	if kept, gone := tally(f.Checks); kept+gone > 0 {
		add(compile.FeatureChecks, kept > 0, fmt.Sprintf("%d of %s kept", kept, count(kept+gone, "check")))
	}
	if p.r.Observed.Has(compile.FeatureCode) {
		parts = append(parts, "frame "+bytes(f.Code.Frame), "code "+bytes(f.Code.Size))
	}
	p.flow(parts, indent)
}

// verb is the form of a verb that goes with a number.
func verb(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// flow prints parts one after the other, each whole.
func (p *page) flow(parts []string, indent string) {
	line := ""
	for _, part := range parts {
		next := line + p.dim(" · ") + part
		if line == "" {
			next = indent + part
		} else if p.screen.Width > 0 && term.Cells(next) > p.screen.Width {
			p.line("%s", p.screen.Cut(line, 0))
			next = indent + part
		}
		line = next
	}
	if line != "" {
		p.line("%s", p.screen.Cut(line, 0))
	}
}

// inlinable is the inliner's decision in a few words.
func (p *page) inlinable(f *compile.Function) string {
	in := f.Inlining
	switch {
	case !in.Decided:
		return "not considered for inlining"
	case in.Inlinable:
		return fmt.Sprintf("can be inlined, %s", costs(in))
	case in.Cost > in.Budget && in.Budget > 0:
		return fmt.Sprintf("can't be inlined, %s", costs(in))
	default:
		return "can't be inlined"
	}
}

func costs(in compile.Inlining) string {
	if in.Cost == 0 {
		return "cost unknown"
	}
	if in.Budget == 0 {
		return fmt.Sprintf("cost %d", in.Cost)
	}
	return fmt.Sprintf("cost %d of %d", in.Cost, in.Budget)
}

// tally counts checks that cost something, and those that don't.
func tally(checks []compile.Check) (kept, gone int) {
	for _, c := range checks {
		if c.Kept && !c.Folded {
			kept++
		} else {
			gone++
		}
	}
	return kept, gone
}

// escaping are the variables and allocations of a function itself that are on the heap.
func escaping(f *compile.Function) []*compile.Location {
	var out []*compile.Location
	for i := range f.Escape.Locations {
		l := &f.Escape.Locations[i]
		if l.Escapes && stored(l) && (l.Function == "" || l.Function == f.Name) {
			out = append(out, l)
		}
	}
	return out
}

func variable(l *compile.Location) bool {
	return l.Kind == compile.LocationVariable || l.Kind == compile.LocationParameter
}

// stored reports whether a location is storage that a reader wrote.
func stored(l *compile.Location) bool {
	switch l.Kind {
	case compile.LocationVariable, compile.LocationParameter, compile.LocationAllocation, compile.LocationResult:
		return true
	}
	return false
}

// allocations shows each call of the allocator, with the way that made it necessary.
func (p *page) allocations(f *compile.Function) {
	if _, missing := p.gap(compile.FeatureCode); missing || len(f.Allocations) == 0 {
		return
	}
	p.line("")
	p.title("Allocates", "at "+count(len(f.Allocations), "place"), term.Yellow)
	all := slices.Clone(f.Allocations) // which are in the order of the machine code
	slices.SortStableFunc(all, func(a, b compile.Allocation) int { return a.Stack.Outer().Line - b.Stack.Outer().Line })
	made := madeBy(f)
	for i, a := range all {
		if i == maxFindings && !p.o.Full {
			p.more(len(f.Allocations)-i, "place", "--escape")
			break
		}
		l := made[a.PC]
		if l != nil && (a.Stack.Text().Column == 0 || variable(l)) {
			a.Stack = l.Stack // where its name stands, not where its declaration begins
		}
		p.show(finding{stack: a.Stack, marks: []mark{{a.Stack.Text().Column, term.Yellow}}, label: allocated(a, l), style: term.Yellow})
		if l != nil {
			p.way(f, l)
		}
	}
}

// allocated says what is taken from the heap, and by which function of the runtime.
func allocated(a compile.Allocation, l *compile.Location) string {
	call := strings.TrimPrefix(a.Call, "runtime.")
	what := lastOf(a.What)
	switch {
	case l != nil && variable(l):
		what = "the variable " + storage(l)
	case l != nil && l.Op == "CONVIFACE":
		what = term.Window(term.Clean(l.Name), 0, 40) + " in an interface"
	case l != nil && l.Type != "":
		what = strings.TrimPrefix(term.Clean(l.Type), "*")
	}
	text := call
	if what != "" {
		text = what + ", by " + call
	}
	switch {
	case a.Conditional && strings.HasPrefix(call, "convT"):
		text += ", unless it is zero"
	case a.Conditional:
		text += ", only where a buffer on the stack is too small"
	}
	return text
}

// escapes shows what is on the heap and was not shown as an allocation: constants that
// become interfaces, code that is never reached, what could not be matched. Where all is
// known their number is enough.
func (p *page) escapes(f *compile.Function) {
	made := map[*compile.Location]bool{}
	for _, l := range madeBy(f) {
		made[l] = true
	}
	var rest []*compile.Location
	for _, l := range escaping(f) {
		if !made[l] {
			rest = append(rest, l)
		}
	}
	if len(rest) == 0 {
		return
	}
	p.line("")
	if p.r.Observed.Has(compile.FeatureCode) && p.r.Observed.Has(compile.FeatureEscape) {
		p.title("Escapes", fmt.Sprintf("%d more that no call of the allocator was found for: --escape", len(rest)), term.Dim)
		return
	}
	p.title("Escapes", count(len(rest), "place"), term.Yellow)
	for i, l := range rest {
		if i == maxFindings && !p.o.Full {
			p.more(len(rest)-i, "escape", "--escape")
			break
		}
		p.location(l, term.Yellow)
		p.way(f, l)
	}
}

// notInlined shows why a function can't be inlined into others, and which of its own
// calls stay.
func (p *page) notInlined(f *compile.Function) {
	in := f.Inlining
	if p.r.Observed.Has(compile.FeatureInlining) && in.Decided && !in.Inlinable {
		p.line("")
		text := p.inlinable(f)
		if in.Cost > in.Budget && in.Budget > 0 {
			text = fmt.Sprintf("%d over: cost %d, budget %d", in.Cost-in.Budget, in.Cost, in.Budget)
		}
		p.title("Can't be inlined", text, term.Yellow)
		if in.Reason != "" && !strings.Contains(in.Reason, "exceeds budget") {
			p.line("%s", p.screen.Wrap(term.Clean(in.Reason), "  "))
		}
		p.charges(f)
	}
	inlined, kept := calls(f)
	if len(kept) == 0 {
		return
	}
	p.line("")
	p.title("Calls", fmt.Sprintf("%d %s, %d inlined", len(kept), verb(len(kept), "stays", "stay"), inlined), term.Yellow)
	groups := p.byCallee(kept)
	rows := [][]string{}
	for i, g := range groups {
		if i == maxFindings && len(groups) > maxFindings+1 && !p.o.Full {
			break
		}
		times := ""
		if len(g.calls) > 1 {
			times = fmt.Sprintf("×%d", len(g.calls))
		}
		rows = append(rows, []string{"  " + g.what, times, p.dim(p.lineNumbers(g.calls)), g.why})
	}
	for _, l := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut(l, 0))
	}
	p.more(len(groups)-len(rows), "callee", "--inline")
}

// A callee is what several calls lead to.
type callee struct {
	what, why string
	calls     []*compile.Call
}

// byCallee joins calls: those that the inliner refused first, then the most frequent.
func (p *page) byCallee(calls []*compile.Call) []*callee {
	var out []*callee
	for _, c := range calls {
		what, why := p.keptCall(c)
		i := slices.IndexFunc(out, func(g *callee) bool { return g.what == what && g.why == why })
		if i < 0 {
			i = len(out)
			out = append(out, &callee{what: what, why: why})
		}
		out[i].calls = append(out[i].calls, c)
	}
	slices.SortStableFunc(out, func(a, b *callee) int {
		if (a.why == "") != (b.why == "") {
			return len(b.why) - len(a.why)
		}
		return len(b.calls) - len(a.calls)
	})
	return out
}

// lineNumbers are the lines of calls, as far as they stand in one file.
func (p *page) lineNumbers(calls []*compile.Call) string {
	const most = 4
	var parts []string
	for i, c := range calls {
		if i == most {
			parts = append(parts, "…")
			break
		}
		n := fmt.Sprint(c.Stack.Outer().Line)
		if !slices.Contains(parts, n) {
			parts = append(parts, n)
		}
	}
	return ":" + strings.Join(parts, " :")
}

// keptCall says what a call leads to, and why it is still one, if that is known.
func (p *page) keptCall(c *compile.Call) (what, why string) {
	what = p.short(c.Callee)
	switch c.Kind {
	case compile.CallInterface:
		why = "through an interface"
	case compile.CallIndirect:
		why = "through a function value"
	default:
		why = strings.TrimPrefix(term.Clean(c.Why), "cannot inline "+c.Callee+": ")
		why = strings.TrimPrefix(why, "function too complex: ") // the cost says so
		if c.Cost > 0 && !strings.Contains(why, "cost") {
			why = strings.TrimPrefix(why+fmt.Sprintf(", cost %d", c.Cost), ", ")
		}
	}
	if c.How != "" {
		what = c.How + " " + what
	}
	if c.Devirtualized != "" {
		why = strings.TrimPrefix(why+", devirtualized to "+p.short(c.Devirtualized), ", ")
		if c.PGO {
			why += " by the profile, with the slow path kept"
		}
	}
	return what, why
}

// stays is what keptCall says, as one text.
func (p *page) stays(c *compile.Call) string {
	what, why := p.keptCall(c)
	if why == "" {
		return what
	}
	return what + ": " + why
}

// short is a symbol without the path of the package at hand, and without the
// directories of another one: "(*Buffer).Write", "json.Marshal".
func (p *page) short(symbol string) string {
	symbol, _, _ = strings.Cut(symbol, "#") // a hash behind it says nothing
	for _, prefix := range p.prefixes() {
		if rest, ok := strings.CutPrefix(symbol, prefix); ok {
			return term.Clean(rest)
		}
	}
	return term.Clean(lastOf(symbol))
}

// lastOf is a symbol or type without the directories of its package.
func lastOf(symbol string) string {
	head, tail := symbol, ""
	if i := strings.IndexAny(symbol, "[("); i > 0 {
		head, tail = symbol[:i], symbol[i:]
	}
	if i := strings.LastIndex(head, "/"); i >= 0 {
		star := head[:len(head)-len(strings.TrimLeft(head, "*[]"))]
		head = star + head[i+1:]
	}
	return head + tail
}

// charges shows the lines that cost the inliner's budget most.
func (p *page) charges(f *compile.Function) {
	lines := billByLine(f)
	slices.SortStableFunc(lines, func(a, b lineCharge) int { return b.cost - a.cost })
	for i, c := range lines {
		if i == maxCharges && len(lines) > maxCharges+1 && !p.o.Full {
			p.more(len(lines)-i, "line", "--cost")
			break
		}
		where := term.Pad(p.at(c.at), cellsOf(lines, p)+2)
		p.line("%s", p.screen.Cut(fmt.Sprintf("  %s %s %s", p.screen.Paint(fmt.Sprintf("%4d", c.cost), term.Yellow), where, p.code(c.at)), 0))
	}
}

func cellsOf(lines []lineCharge, p *page) int {
	w := 0
	for _, c := range lines {
		w = max(w, term.Cells(p.place(c.at)))
	}
	return w
}

// keptChecks shows the lines on which bounds and nil checks are left.
func (p *page) keptChecks(f *compile.Function) {
	listed := p.r.Observed.Has(compile.FeatureChecks)
	for _, kind := range []struct {
		name string
		is   func(compile.Check) bool
	}{
		{"Bounds checks", func(c compile.Check) bool { return c.Kind != compile.CheckNil }},
		{"Nil checks", func(c compile.Check) bool { return c.Kind == compile.CheckNil }},
	} {
		var kept []compile.Check
		all := 0
		for _, c := range f.Checks {
			if kind.is(c) {
				all++
				if c.Kept && !c.Folded {
					kept = append(kept, c)
				}
			}
		}
		if len(kept) > 0 {
			p.line("")
			text := fmt.Sprintf("%d of %d kept", len(kept), all)
			if !listed {
				text = fmt.Sprintf("%d kept that the compiler lists", len(kept))
			}
			p.title(kind.name, text, term.Yellow)
			p.checkLines(kept)
		}
	}
}

// checkLines shows checks with one line of source for all that stand on it.
func (p *page) checkLines(checks []compile.Check) {
	for i, shown := 0, 0; i < len(checks); shown++ {
		if shown == maxFindings && !p.o.Full {
			p.more(len(checks)-i, "check", "--bounds")
			return
		}
		f := finding{stack: checks[i].Stack}
		for ; i < len(checks) && sameLine(checks[i].Stack, f.stack); i++ {
			f.marks = append(f.marks, mark{checks[i].Stack.Text().Column, term.Red})
		}
		slices.SortFunc(f.marks, func(a, b mark) int { return a.column - b.column })
		if n := len(f.marks); n > 1 && f.marks[0] == f.marks[n-1] {
			f.label, f.style = fmt.Sprintf("%d checks", n), term.Red
		}
		if first := f.marks[0].column; first != f.stack.Text().Column {
			f.stack = slices.Clone(f.stack)
			f.stack[len(f.stack)-1].Column = first
		}
		p.show(f)
	}
}

// left is what else costs something, in one line.
func (p *page) left(f *compile.Function) {
	var parts []string
	add := func(n int64, noun string) {
		if n > 0 {
			parts = append(parts, count(int(n), noun))
		}
	}
	defers := map[string]int64{}
	var barriers int64
	for _, x := range f.Facts {
		switch x.Kind {
		case compile.FactWriteBarrier:
			barriers++
		case compile.FactDefer:
			defers[x.Text]++
		}
	}
	add(barriers, "write barrier")
	for _, how := range []string{"open-coded", "stack-allocated", "heap-allocated"} {
		add(defers[how], how+" defer")
	}
	if p.r.Observed.Has(compile.FeatureCode) {
		if f.Code.NoSplit {
			parts = append(parts, "no check for stack growth")
		}
		if f.Code.Leaf {
			parts = append(parts, "a leaf: it calls nothing")
		}
	}
	if len(parts) > 0 {
		p.line("")
		p.line("%s", p.screen.Wrap(p.screen.Paint("Also", term.Bold)+"  "+strings.Join(parts, ", "), ""))
	}
}
