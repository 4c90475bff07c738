package look

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// ssa shows the timeline of passes, or what was asked for of it.
func (p *page) ssa(f *compile.Function) {
	if p.unknown("SSA", compile.FeaturePasses, len(f.Passes)) {
		return
	}
	if len(f.Passes) == 0 {
		p.title("SSA", "the report has no passes", term.Yellow)
		return
	}
	if p.o.Value > 0 {
		p.life(f, p.o.Value)
	}
	if p.o.Pass != "" {
		p.afterPass(f, p.o.Pass)
	}
	if p.o.Value == 0 && p.o.Pass == "" {
		p.timeline(f)
	}
}

// timeline is a line for each pass: how much it changed, and what was left after it.
// Passes in a row that changed nothing share one.
func (p *page) timeline(f *compile.Function) {
	most, width := 1, 0
	for i := 1; i < len(f.Passes); i++ { // "start" makes everything, and would dwarf the rest
		most = max(most, len(f.Passes[i].Changed)+len(f.Passes[i].Gone))
	}
	var idle []string
	for i := range f.Passes {
		if !f.Passes[i].Empty() {
			width = max(width, len(f.Passes[i].Name))
		}
	}
	p.title("SSA", fmt.Sprintf("%d passes", len(f.Passes)), term.Dim)
	p.line("%s", p.dim(p.screen.Cut(fmt.Sprintf("  %s  changed    gone  values  blocks", term.Pad("", width)), 0)))
	rest := func() {
		if len(idle) > 0 {
			p.line("%s", p.dim(p.screen.Cut("  · "+strings.Join(idle, ", "), 0)))
			idle = nil
		}
	}
	for i := range f.Passes {
		x := &f.Passes[i]
		if x.Empty() {
			idle = append(idle, x.Name)
			continue
		}
		rest()
		bar := ""
		if i > 0 {
			bar = p.screen.Paint(scale(len(x.Changed), most, 12), term.Cyan) + p.screen.Paint(scale(len(x.Gone), most, 12), term.Red)
		}
		text := fmt.Sprintf("  %s  %7d %7d %7d %7d  %s", term.Pad(x.Name, width), len(x.Changed), len(x.Gone), x.Values, x.Blocks, bar)
		if n := len(x.Rewrites); n > 0 {
			text += p.dim(" " + count(n, "rewrite"))
		}
		if x.Nanoseconds > 1e6 {
			text += p.dim(" " + time.Duration(x.Nanoseconds).Round(10*time.Microsecond).String())
		}
		p.line("%s", p.screen.Cut(text, 0))
	}
	rest()
	p.commands([]string{"--ssa --pass opt", "--ssa --value v12"})
}

// afterPass is the function as it was after a pass, in the compiler's own notation.
// What the pass changed has a mark.
func (p *page) afterPass(f *compile.Function, name string) {
	i := f.PassIndex(name)
	if i < 0 {
		p.title("SSA", "there is no pass "+name, term.Red)
		var names []string
		for _, x := range f.Passes {
			names = append(names, x.Name)
		}
		p.line("%s", p.screen.Wrap("Passes: "+strings.Join(names, ", "), "  "))
		return
	}
	s, _ := f.After(i)
	x := &f.Passes[i]
	p.title("After "+name, fmt.Sprintf("%s changed, %d gone", count(len(x.Changed), "value"), len(x.Gone)), term.Cyan)
	p.rewrites(x)
	changed := map[int]bool{}
	for _, v := range x.Changed {
		changed[v.ID] = i > 0
	}
	for _, b := range s.Blocks {
		p.line("%s", p.screen.Paint(blockHead(b), term.Bold))
		for _, id := range b.Values {
			v, ok := s.Values[id]
			if !ok {
				continue
			}
			mark := "  "
			if changed[id] {
				mark = p.screen.Paint("~ ", term.Cyan)
			}
			text := "  " + mark + p.value(v)
			if slices.Contains(x.Dead, id) {
				text = p.dim(term.Plain(text))
			}
			p.line("%s", p.screen.Cut(text, 0))
		}
		p.line("    %s", blockEnd(b))
	}
	if len(x.Gone) > 0 && i > 0 {
		before, _ := f.After(i - 1)
		p.line("%s", p.screen.Paint("gone", term.Bold))
		for _, id := range x.Gone {
			if v, ok := before.Values[id]; ok {
				p.line("%s", p.screen.Cut("  "+p.screen.Paint("- ", term.Red)+p.value(v), 0))
			}
		}
	}
}

// rewrites lists the rules that fired, in order.
func (p *page) rewrites(x *compile.Pass) {
	const most = 40
	for i, r := range x.Rewrites {
		if i == most && !p.o.Full {
			p.line("  %s", p.dim(fmt.Sprintf("… %s more", count(len(x.Rewrites)-i, "rewrite"))))
			break
		}
		p.line("%s", p.screen.Cut("  "+p.screen.Paint("- "+term.Clean(r.Before), term.Red), 0))
		p.line("%s", p.screen.Cut("  "+p.screen.Paint("+ "+term.Clean(r.After), term.Green), 0))
	}
	if len(x.Rewrites) > 0 {
		p.line("")
	}
}

// value is one value as the compiler writes it, with its place.
func (p *page) value(v compile.Value) string {
	text := fmt.Sprintf("v%d", v.ID)
	if at := v.Stack.Text().Position; at.IsKnown() {
		at.Column = 0
		text += " " + p.screen.Link(p.url(at), p.dim("("+p.place(at)+")"))
	}
	text += " = " + term.Clean(v.Op)
	if v.Type != "" {
		text += " <" + term.Clean(v.Type) + ">"
	}
	if v.Aux != "" {
		text += " " + term.Clean(v.Aux)
	}
	for _, a := range v.Args {
		text += fmt.Sprintf(" v%d", a)
	}
	if v.Register != "" {
		text += p.screen.Paint(" : "+v.Register, term.Cyan)
	}
	return text
}

func blockHead(b compile.Block) string {
	text := fmt.Sprintf("b%d:", b.ID)
	if len(b.Preds) > 0 {
		text += " ← " + blockList(b.Preds)
	}
	if b.Dead {
		text += " (unreachable)"
	}
	return text
}

func blockEnd(b compile.Block) string {
	text := b.Kind
	for _, c := range b.Controls {
		text += fmt.Sprintf(" v%d", c)
	}
	if b.Aux != "" {
		text += " " + term.Clean(b.Aux)
	}
	if len(b.Succs) > 0 {
		text += " → " + blockList(b.Succs)
	}
	switch b.Likely {
	case 1:
		text += " (likely)"
	case -1:
		text += " (unlikely)"
	}
	return text
}

func blockList(ids []int) string {
	parts := make([]string, len(ids))
	for i, id := range ids {
		parts[i] = fmt.Sprintf("b%d", id)
	}
	return strings.Join(parts, " ")
}

// life is what became of one value, pass by pass, down to its instructions.
func (p *page) life(f *compile.Function, id int) {
	changed, gone := f.History(id)
	if len(changed) == 0 {
		p.title(fmt.Sprintf("v%d", id), "there is no such value", term.Red)
		return
	}
	p.title(fmt.Sprintf("v%d", id), lifeline(f, changed, gone), term.Cyan)
	width := 0
	for _, i := range changed {
		width = max(width, len(f.Passes[i].Name))
	}
	var at lens.Stack
	for _, i := range changed {
		x := &f.Passes[i]
		for _, v := range x.Changed {
			if v.ID != id {
				continue
			}
			p.line("%s", p.screen.Cut("  "+term.Pad(x.Name, width)+"  "+p.value(v), 0))
			if len(v.Stack) > 0 {
				at = v.Stack
			}
		}
		for _, r := range x.Rewrites {
			if strings.HasPrefix(r.Before, fmt.Sprintf("v%d ", id)) {
				p.line("%s", p.dim(p.screen.Cut("  "+term.Pad("", width)+"    by a rule, from "+term.Clean(r.Before), 0)))
			}
		}
	}
	if gone >= 0 {
		p.line("  %s  %s", term.Pad(f.Passes[gone].Name, width), p.screen.Paint("gone", term.Red))
	}
	if len(at) > 0 {
		p.line("")
		p.show(finding{stack: at, marks: []mark{{at.Text().Column, term.Cyan}}})
	}
	for _, in := range f.Code.Instructions {
		if in.Value == id {
			p.line("%s", p.screen.Cut(fmt.Sprintf("  0x%04x  %s", in.PC, term.Clean(in.Text)), 0))
		}
	}
}

func lifeline(f *compile.Function, changed []int, gone int) string {
	text := "born in " + f.Passes[changed[0]].Name
	if n := len(changed) - 1; n > 0 {
		text += ", changed " + count(n, "time")
	}
	if gone >= 0 {
		return text + ", gone in " + f.Passes[gone].Name
	}
	return text + ", alive to the end"
}
