package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// asm shows the machine code. Whenever the line of source changes, it stands above the
// instructions that were made for it; a jump's target has a label.
func (p *page) asm(f *compile.Function) {
	if p.unknown("Code", compile.FeatureCode, len(f.Code.Instructions)) {
		return
	}
	c := &f.Code
	p.title("Code", fmt.Sprintf("%s, frame %s, arguments %s", bytes(c.Size), bytes(c.Frame), bytes(c.Args)), term.Dim)
	targets := map[int64]bool{}
	width := 0
	for _, in := range c.Instructions {
		if in.Jump >= 0 {
			targets[in.Jump] = true
		}
		width = max(width, len(in.Bytes))
	}
	var last lens.Stack
	for _, in := range c.Instructions {
		if in.Op == "FUNCDATA" || in.Op == "PCDATA" {
			continue
		}
		if len(in.Stack) > 0 && !slices.Equal(lineOf(in.Stack), lineOf(last)) {
			last = in.Stack
			p.over(in.Stack)
		}
		pc := fmt.Sprintf("0x%04x", in.PC)
		if targets[in.PC] {
			pc = p.screen.Paint(pc, term.Bold, term.Cyan)
		} else {
			pc = p.dim(pc)
		}
		text := "  " + pc + "  "
		if p.o.Bytes {
			text += p.dim(term.Pad(in.Bytes, min(width, 24))) + "  "
		}
		p.line("%s", p.screen.Cut(text+p.instruction(in), 0))
	}
}

// lineOf is a stack without columns: what decides whether another line begins.
func lineOf(s lens.Stack) lens.Stack {
	out := slices.Clone(s)
	for i := range out {
		out[i].Column = 0
	}
	return out
}

// over is the source above the instructions made for it.
func (p *page) over(s lens.Stack) {
	at := s.Text().Position
	at.Column = 0
	text := p.at(at) + "  " + p.code(at)
	if s.Inlined() {
		outer := s[len(s)-2].Position
		outer.Column = 0
		text += p.dim("  ← " + p.place(outer))
	}
	p.line("%s", p.screen.Cut(text, 0))
}

// instruction is its text in the colour of what it costs: calls, and above all those
// that allocate, that tell the collector, and that panic.
func (p *page) instruction(in compile.Instruction) string {
	text := term.Clean(strings.ReplaceAll(in.Text, "\t", " "))
	target := strings.TrimPrefix(in.Target, "runtime.")
	switch {
	case target != in.Target && (strings.HasPrefix(target, "panic") || strings.HasPrefix(target, "goPanic")):
		return p.screen.Paint(text, term.Red)
	case target != in.Target && strings.HasPrefix(target, "morestack"):
		return p.dim(text)
	case target != in.Target:
		return p.screen.Paint(text, term.Yellow)
	case in.Op == "CALL":
		return p.screen.Paint(text, term.Green)
	case in.Jump >= 0:
		return p.screen.Paint(text, term.Cyan)
	}
	return text
}
