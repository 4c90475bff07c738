package look

import (
	"fmt"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/compile"
)

// overview is a package: one line for each function, and what it all adds up to.
func (p *page) overview() {
	var fs []*compile.Function
	foreign := 0
	for _, f := range visible(p.r.Functions) {
		if p.own(f) {
			fs = append(fs, f)
		} else {
			foreign++
		}
	}
	p.line("%s  %s", p.screen.Paint(p.r.Package, term.Bold), p.dim(p.r.Dir))
	p.observed()
	p.flow(p.totals(fs), "")
	p.line("")
	has := p.r.Observed.Has
	head := []string{"", "where"}
	columns := []struct {
		name    string
		feature compile.Feature
		of      func(*compile.Function) (string, bool)
	}{
		{"allocs", compile.FeatureCode, func(f *compile.Function) (string, bool) { return number(len(f.Allocations)) }},
		{"escapes", compile.FeatureEscape, func(f *compile.Function) (string, bool) { return number(len(escaping(f))) }},
		{"inline", compile.FeatureInlining, p.inlineCell},
		{"checks", compile.FeatureChecks, func(f *compile.Function) (string, bool) {
			kept, _ := tally(f.Checks)
			return number(kept)
		}},
		{"frame", compile.FeatureCode, func(f *compile.Function) (string, bool) { return fmt.Sprint(f.Code.Frame), false }},
		{"code", compile.FeatureCode, func(f *compile.Function) (string, bool) { return fmt.Sprint(f.Code.Size), false }},
	}
	for _, c := range columns {
		if has(c.feature) {
			head = append(head, c.name)
		}
	}
	rows := [][]string{head}
	for _, f := range fs {
		at := f.Position
		at.Column = 0
		row := []string{term.Window(term.Clean(f.Name), 0, 48), p.at(at)}
		for _, c := range columns {
			if !has(c.feature) {
				continue
			}
			text, bad := c.of(f)
			if bad {
				text = p.screen.Paint(text, term.Yellow)
			}
			row = append(row, text)
		}
		rows = append(rows, row)
	}
	p.fit(rows)
	if foreign > 0 {
		p.line("%s", p.dim(p.screen.Wrap(count(foreign, "more instance")+" of generic functions of other packages", "")))
	}
	p.notCompiled()
	p.commandsFor(fs)
}

// number is a count, where none is said by a dot.
func number(n int) (string, bool) {
	if n == 0 {
		return "·", false
	}
	return fmt.Sprint(n), true
}

func (p *page) inlineCell(f *compile.Function) (string, bool) {
	in := f.Inlining
	switch {
	case !in.Decided:
		return "-", false
	case in.Inlinable:
		return "yes", false
	case in.Cost > in.Budget && in.Budget > 0:
		return fmt.Sprintf("%d/%d", in.Cost, in.Budget), true
	}
	return "no", true
}

// fit prints rows with a head, numbers to the right. The names in the first column are
// shortened where the screen is narrow.
func (p *page) fit(rows [][]string) {
	widths := make([]int, len(rows[0]))
	for _, row := range rows {
		for i, cell := range row {
			widths[i] = max(widths[i], term.Cells(cell))
		}
	}
	total := 0
	for _, w := range widths {
		total += w + 2
	}
	if p.screen.Width > 0 && total > p.screen.Width {
		widths[0] = max(widths[0]-(total-p.screen.Width), 16)
	}
	for n, row := range rows {
		text := ""
		for i, cell := range row {
			switch {
			case i == 0:
				text = term.Pad(term.Window(cell, 0, widths[0]), widths[0])
			case i == 1:
				text += "  " + term.Pad(cell, widths[1])
			default:
				text += "  " + term.Pad("", widths[i]-term.Cells(cell)) + cell
			}
		}
		if n == 0 {
			text = p.dim(text)
		}
		p.line("%s", p.screen.Cut(text, 0))
	}
}

// totals is the package in one line.
func (p *page) totals(fs []*compile.Function) []string {
	allocating, allocations, checks, all := 0, 0, 0, 0
	var code int64
	for _, f := range fs {
		allocations += len(f.Allocations)
		if len(f.Allocations) > 0 {
			allocating++
		}
		kept, gone := tally(f.Checks)
		checks, all = checks+kept, all+kept+gone
		code += f.Code.Size
	}
	parts := []string{count(len(fs), "function")}
	if p.r.Observed.Has(compile.FeatureCode) {
		parts = append(parts, "code "+bytes(code), fmt.Sprintf("%d %s, at %s", allocating, verb(allocating, "allocates", "allocate"), count(allocations, "place")))
	}
	if p.r.Observed.Has(compile.FeatureChecks) {
		parts = append(parts, fmt.Sprintf("%d of %s kept", checks, count(all, "check")))
	}
	return parts
}

// notCompiled names what has no code of its own.
func (p *page) notCompiled() {
	without, assembly := 0, 0
	for _, n := range p.r.Names {
		switch {
		case n.NoBody:
			assembly++
		case !n.Compiled:
			without++
		}
	}
	if without > 0 {
		p.line("%s", p.dim(p.screen.Wrap(count(without, "more function")+" with no code here: inlined everywhere, generic, or not used", "")))
	}
	if assembly > 0 {
		p.line("%s", p.dim(count(assembly, "function")+" written in assembly"))
	}
}

// commandsFor proposes the function that allocates most.
func (p *page) commandsFor(fs []*compile.Function) {
	var worst *compile.Function
	for _, f := range fs {
		if worst == nil || len(f.Allocations) > len(worst.Allocations) {
			worst = f
		}
	}
	if worst == nil {
		return
	}
	target := Join(p.o.Target, worst.Name)
	p.line("\n%s", p.screen.Paint("Look closer:", term.Bold))
	p.line("  %s", p.screen.Paint("hone look "+Quote(target), term.Bold, term.Cyan))
}

// Join is what to type for a function of a package that was asked for as pkg.
func Join(pkg, function string) string {
	if pkg == "" || pkg == "." {
		return "." + function
	}
	return pkg + "." + function
}
