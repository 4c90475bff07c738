package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// maxDepth is how deep inlined calls are followed. The inliner itself stops long before.
const maxDepth = 40

// inline shows the decision about a function, then each of its calls: what was inlined
// with its text in place, what stays with the reason.
func (p *page) inline(f *compile.Function) {
	if !p.unknown("Inlining", compile.FeatureInlining, 0) {
		style := term.Green
		if !f.Inlining.Inlinable {
			style = term.Yellow
		}
		p.title("Inlining", p.inlinable(f), style)
		if f.Inlining.Reason != "" {
			p.line("%s", p.screen.Wrap(term.Clean(f.Inlining.Reason), "  "))
		}
	}
	p.line("")
	if p.unknown("Calls", compile.FeatureCalls, len(f.Calls)) {
		return
	}
	inlined, stay := calls(f)
	text := fmt.Sprintf("%d inlined, %d %s", inlined, len(stay), verb(len(stay), "stays", "stay"))
	if !p.r.Observed.Has(compile.FeatureCalls) && len(stay) == 0 {
		text = fmt.Sprintf("%d inlined", inlined)
	}
	p.title("Calls", text, term.Dim)
	p.within, p.unfolded = insideOf(f), map[string]bool{}
	p.calls(f, -1, 0)
}

// calls counts the calls that were inlined, and lists those that are still calls.
func calls(f *compile.Function) (inlined int, stay []*compile.Call) {
	for i := range f.Calls {
		switch c := &f.Calls[i]; c.Kind {
		case compile.CallInlined:
			inlined++
		case compile.CallIntrinsic:
		default:
			stay = append(stay, c)
		}
	}
	return inlined, stay
}

// calls shows the calls that stand in the body of one inlined call, or in the function
// itself. Each depth is one bar further to the right.
func (p *page) calls(f *compile.Function, inside, depth int) {
	for i := range f.Calls {
		if f.Calls[i].Inside == inside {
			p.call(f, &f.Calls[i], depth)
		}
	}
}

// call shows one call, and the text that was inlined for it.
func (p *page) call(f *compile.Function, c *compile.Call, depth int) {
	at := c.Stack.Text().Position
	var note string
	style := term.Green
	switch c.Kind {
	case compile.CallInlined:
		note = "inlined: " + p.short(c.Callee)
		if c.Cost > 0 {
			note += fmt.Sprintf(", cost %d", c.Cost)
		}
		if c.Devirtualized != "" {
			note += ", devirtualized"
		}
	case compile.CallIntrinsic:
		note = "an instruction: " + p.short(c.Callee)
	default:
		note, style = "stays: "+p.stays(c), term.Yellow
	}
	code := p.code(at)
	if depth > 0 {
		code = "" // its line stands above
	}
	if depth > maxDepth {
		return
	}
	p.columns(strings.TrimRight(p.bars(depth)+"  "+p.at(at)+"  "+code, " "), p.screen.Paint(note, style))
	if c.Kind != compile.CallInlined {
		return
	}
	if p.unfolded[c.Callee] && !p.o.Full {
		return // its text stands above
	}
	p.unfolded[c.Callee] = true
	if !p.unfold(f, c, depth+1) && c.Index >= 0 {
		p.calls(f, c.Index, depth+1)
	}
}

func (p *page) bars(depth int) string { return p.dim(strings.Repeat("  ┊", depth)) }

// columns prints text with a note at the right of it, or, without room, below.
func (p *page) columns(text, note string) {
	if p.screen.Width == 0 || term.Cells(text)+2+term.Cells(note) <= p.screen.Width {
		p.line("%s  %s", text, note)
		return
	}
	p.line("%s", p.screen.Cut(text, 0))
	p.line("%s", p.screen.Wrap(note, "      "))
}

// unfold shows the text of an inlined function, with its own calls under their lines,
// and reports whether there is a text.
func (p *page) unfold(f *compile.Function, c *compile.Call, depth int) bool {
	at, ok := p.bodyOf(c)
	if !ok {
		return false
	}
	b := p.bodyAt(at.File, at.Line, strings.Contains(p.short(c.Callee), ".func"))
	if b == nil || p.resolve(at.File) == p.resolve(f.Position.File) && b.first <= f.Position.Line && f.Position.Line <= b.last {
		return false // the body of a range over a function is part of what is shown
	}
	indent := ""
	for n := b.first; n <= b.last; n++ {
		raw, _ := p.source(at.File, n)
		if n == b.first {
			indent = raw[:len(raw)-len(strings.TrimLeft(raw, " \t"))]
		}
		text := fmt.Sprintf("%s %s %s", p.bars(depth), p.dim(fmt.Sprintf("%5d", n)), term.Clean(strings.TrimPrefix(raw, indent)))
		p.line("%s", p.screen.Cut(text, 0))
		for i := range f.Calls {
			if inner := &f.Calls[i]; c.Index >= 0 && inner.Inside == c.Index && inner.Stack.Text().Line == n {
				p.call(f, inner, depth)
			}
		}
	}
	return true
}

// insideOf says for each inlined call which text came through it: the next site of any
// stack that goes through the call.
func insideOf(f *compile.Function) map[string][]lens.Stack {
	out := map[string][]lens.Stack{}
	for _, s := range stacks(f) {
		for i := range len(s) - 1 {
			key := s[:i+1].String()
			if len(out[key]) == 0 {
				out[key] = []lens.Stack{s[i+1:]}
			}
		}
	}
	return out
}

// bodyOf is a place in the function that a call inlined.
func (p *page) bodyOf(c *compile.Call) (lens.Position, bool) {
	found := p.within[c.Stack.String()]
	if len(found) == 0 {
		return lens.Position{}, false
	}
	return found[0][0].Position, true
}

// A lineCharge is what one line of source costs the inliner's budget.
type lineCharge struct {
	at    lens.Position // without a column
	cost  int
	nodes []compile.Charge
}

// billByLine adds the bill up by source line, in order of line. A name stands in the
// syntax tree where it is declared; it is charged where it is used, which is the line
// of the node around it.
func billByLine(f *compile.Function) []lineCharge {
	var out []lineCharge
	var around []lens.Position // of the nodes around, by depth
	for _, c := range f.Inlining.Bill {
		at := c.Stack.Outer().Position
		at.Column = 0
		around = around[:min(max(c.Depth, 0), len(around))]
		elsewhere := c.Op == "NAME" || at.File != f.Position.File || at.Line < f.Position.Line || f.EndLine > 0 && at.Line > f.EndLine
		if elsewhere && len(around) > 0 {
			at = around[len(around)-1]
		}
		around = append(around, at)
		if c.Self == 0 {
			continue
		}
		i := slices.IndexFunc(out, func(l lineCharge) bool { return l.at == at })
		if i < 0 {
			i = len(out)
			out = append(out, lineCharge{at: at})
		}
		out[i].cost += c.Self
		out[i].nodes = append(out[i].nodes, c)
	}
	slices.SortStableFunc(out, func(a, b lineCharge) int {
		if a.at.File != b.at.File {
			return strings.Compare(a.at.File, b.at.File)
		}
		return a.at.Line - b.at.Line
	})
	return out
}

// cost shows the inliner's bill: the function's text with what each line costs, and
// under each line the nodes that it is made of.
func (p *page) cost(f *compile.Function) {
	if p.unknown("Bill", compile.FeatureBill, len(f.Inlining.Bill)) {
		return
	}
	style := term.Green
	if !f.Inlining.Inlinable {
		style = term.Yellow
	}
	p.title("Bill", p.inlinable(f), style)
	lines := billByLine(f)
	if len(lines) == 0 {
		p.line("  %s", p.dim("the inliner did not count: "+term.Clean(f.Inlining.Reason)))
		return
	}
	most, spent := 0, 0
	for _, c := range lines {
		most = max(most, c.cost)
	}
	over := false
	for _, c := range lines {
		spent += c.cost
		style := term.Green
		if f.Inlining.Budget > 0 && spent > f.Inlining.Budget {
			style = term.Yellow
			if !over && !f.Inlining.Inlinable {
				over = true
				p.line("  %s", p.screen.Paint(fmt.Sprintf("── the budget of %d ends here ──", f.Inlining.Budget), term.Yellow))
			}
		}
		bar := p.screen.Paint(scale(c.cost, most, 10), style)
		p.line("%s", p.screen.Cut(fmt.Sprintf("  %4d %s %s  %s", c.cost, term.Pad(bar, 10), p.at(c.at), p.code(c.at)), 0))
		p.nodes(c)
	}
	p.line("  %4d in all", spent)
	if f.Inlining.Cost != 0 && spent != f.Inlining.Cost {
		p.line("  %s", p.dim(fmt.Sprintf("the compiler counts %d: the rest belongs to no node", f.Inlining.Cost)))
	}
}

// nodes shows what is dear on a line.
func (p *page) nodes(c lineCharge) {
	nodes := slices.DeleteFunc(slices.Clone(c.nodes), func(n compile.Charge) bool { return n.Self < 3 })
	slices.SortStableFunc(nodes, func(a, b compile.Charge) int { return b.Self - a.Self })
	for i, n := range nodes {
		if i == maxCharges && !p.o.Full {
			return
		}
		p.line("%s", p.dim(p.screen.Cut(fmt.Sprintf("       %4d %s %s", n.Self, strings.ToLower(n.Op), term.Clean(n.Text)), 0)))
	}
}

// scale is a bar of at most width cells, and at least an eighth of one.
func scale(n, of, width int) string {
	if of <= 0 || n <= 0 {
		return ""
	}
	n = min(n, of) // more than all there is would leave the picture
	eighths := max(int(float64(n)/float64(of)*float64(width*8)), 1)
	bar := strings.Repeat("█", eighths/8)
	if r := eighths % 8; r > 0 {
		bar += string([]rune("▏▎▍▌▋▊▉")[r-1])
	}
	return bar
}

// ir shows the syntax tree after each stage.
func (p *page) ir(f *compile.Function) {
	if p.unknown("Syntax tree", compile.FeatureIR, len(f.IR)) {
		return
	}
	for i, st := range f.IR {
		if i > 0 {
			p.line("")
		}
		p.title("Syntax tree", st.Name, term.Cyan)
		for l := range strings.Lines(st.Text) {
			p.line("%s", p.screen.Cut(term.Clean(strings.TrimRight(l, "\n")), 0))
		}
	}
}
