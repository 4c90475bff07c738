package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/compile"
	"github.com/hone-go/hone/lens/layout"
)

// barWidth is how wide the picture of a frame or a type is, in cells.
const barWidth = 32

// frame shows the slots of the stack frame to scale, from its top down.
func (p *page) frame(f *compile.Function) {
	if p.unknown("Frame", compile.FeatureCode, len(f.Code.Slots)) {
		return
	}
	c := &f.Code
	p.title("Frame", fmt.Sprintf("%s, arguments %s in the caller's", bytes(c.Frame), bytes(c.Args)), term.Dim)
	var locals, args, inRegisters []compile.Slot
	for _, s := range c.Slots {
		switch {
		case s.Class == "PAUTO" && s.Used && s.Offset < 0:
			locals = append(locals, s)
		case s.Class == "PAUTO" && s.Used:
			inRegisters = append(inRegisters, s)
		case s.Class == "PPARAM" || s.Class == "PPARAMOUT":
			args = append(args, s)
		}
	}
	high := func(a, b compile.Slot) int { return int(b.Offset - a.Offset) }
	slices.SortStableFunc(locals, high)
	slices.SortStableFunc(args, func(a, b compile.Slot) int { return int(a.Offset - b.Offset) })
	if len(c.Slots) == 0 && c.Frame > 0 {
		p.line("  %s", p.dim("its slots are not known"))
		return
	}
	var taken int64
	rows := [][]string{}
	for _, s := range locals {
		rows = append(rows, p.slot(s, c.Frame))
		taken += s.Size
	}
	if rest := c.Frame - taken; rest > 0 && c.Frame > 0 {
		rows = append(rows, []string{"", bytes(rest), p.dim(scale(int(rest), int(c.Frame), barWidth)), p.dim("arguments of calls, the saved frame pointer, gaps")})
	}
	p.rows(rows)
	if len(args) > 0 {
		p.line("")
		p.title("Arguments and results", "offsets where they are in memory: spilled registers", term.Dim)
		rows = nil
		for _, s := range args {
			rows = append(rows, p.slot(s, max(c.Args, 1)))
		}
		p.rows(rows)
	}
	if len(inRegisters) > 0 {
		var names []string
		for _, s := range inRegisters {
			names = append(names, s.Name)
		}
		p.line("%s", p.dim(p.screen.Wrap("Without a slot: "+strings.Join(names, ", "), "")))
	}
}

func (p *page) slot(s compile.Slot, of int64) []string {
	style := term.Cyan
	note := ""
	switch {
	case s.OnHeap:
		style, note = term.Yellow, " (pointer to the heap)"
	case s.AddrTaken:
		note = " (its address is taken)"
	}
	if s.Class == "PPARAMOUT" {
		note += " result"
	}
	return []string{fmt.Sprintf("%+d", s.Offset), bytes(s.Size), p.screen.Paint(scale(int(s.Size), int(of), barWidth), style),
		term.Clean(s.Name) + " " + p.dim(term.Clean(s.Type)+note)}
}

// rows prints a picture: offset and size to the right, the bar, what it is.
func (p *page) rows(rows [][]string) {
	var widths [3]int
	for _, r := range rows {
		for i := range widths {
			widths[i] = max(widths[i], term.Cells(r[i]))
		}
	}
	right := func(text string, w int) string { return strings.Repeat(" ", max(w-term.Cells(text), 0)) + text }
	for _, r := range rows {
		p.line("%s", p.screen.Cut("  "+right(r[0], widths[0])+"  "+right(r[1], widths[1])+"  "+term.Pad(r[2], widths[2])+"  "+r[3], 0))
	}
}

// Layout shows how values of a type lie in memory: fields to scale, the padding between
// them, cache lines, and what another order would save.
func Layout(s term.Screen, t *layout.Type, o Options) string {
	p := newPage(s, &compile.Report{}, o)
	where := ""
	if t.Position.IsKnown() {
		where = p.at(t.Position)
	}
	p.line("%s  %s", p.screen.Paint(term.Clean(t.Package+"."+t.Name), term.Bold), where)
	p.line("%s", p.screen.Wrap(p.measures(t), ""))
	leaves := t.Leaves()
	rows := make([][]string, 0, len(leaves))
	line := int64(-1)
	for _, f := range leaves {
		name := term.Clean(f.Path)
		if f.Line64.First != line && t.Size > 64 {
			line = f.Line64.First
			rows = append(rows, []string{"", "", "", p.dim(fmt.Sprintf("── cache line %d ──", line))})
		}
		style := term.Cyan
		if f.PointerBytes > 0 {
			style = term.Blue
		}
		rows = append(rows, []string{fmt.Sprint(f.Offset), bytes(f.Size), p.screen.Paint(scale(int(f.Size), int(t.Size), barWidth), style), name + " " + p.dim(term.Clean(f.Type))})
		if f.Padding > 0 {
			rows = append(rows, []string{fmt.Sprint(f.Offset + f.Size), bytes(f.Padding), p.screen.Paint(strings.Repeat("░", max(int(f.Padding)*barWidth/int(t.Size), 1)), term.Red), p.screen.Paint("padding", term.Red)})
		}
	}
	if len(rows) > 0 {
		p.line("")
		p.rows(rows)
	}
	p.traps(t)
	if b := t.Better; b != nil {
		p.line("")
		p.title("Another order", saved(t), term.Green)
		p.line("%s", p.screen.Wrap(term.Clean(strings.Join(b.Fields, ", ")), "  "))
	}
	return p.String()
}

func (p *page) measures(t *layout.Type) string {
	parts := []string{string(t.Kind), bytes(t.Size), fmt.Sprintf("aligned to %d", t.Align)}
	if t.Padding > 0 {
		parts = append(parts, p.screen.Paint(bytes(t.Padding)+" padding", term.Yellow))
	}
	if t.PointerBytes > 0 {
		parts = append(parts, "the collector scans "+bytes(t.PointerBytes))
	} else {
		parts = append(parts, "no pointers")
	}
	return strings.Join(append(parts, t.GOARCH), p.dim(" · "))
}

func saved(t *layout.Type) string {
	var parts []string
	if n := t.Size - t.Better.Size; n > 0 {
		parts = append(parts, fmt.Sprintf("saves %s a value", bytes(n)))
	}
	if n := t.PointerBytes - t.Better.PointerBytes; n > 0 {
		parts = append(parts, fmt.Sprintf("has the collector scan %s less", bytes(n)))
	}
	return strings.Join(parts, ", ")
}

func (p *page) traps(t *layout.Type) {
	for _, x := range t.Traps {
		text := ""
		switch x.Kind {
		case layout.TrapTrailingZero:
			text = fmt.Sprintf("%s has no size and comes last: it costs %s, so that its address is not that of the next object", x.Field, bytes(x.Cost))
		case layout.TrapAtomic64:
			text = x.Field + " is 64 bits and not aligned to 8 bytes here: the functions of sync/atomic panic on it"
			if x.Use.IsKnown() {
				text += " (used so at " + p.place(x.Use) + ")"
			}
		}
		p.line("")
		p.line("%s", p.screen.Paint(p.screen.Wrap(text, ""), term.Yellow))
	}
}
