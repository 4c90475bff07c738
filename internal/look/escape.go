package look

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// location shows what is stored and where.
func (p *page) location(l *compile.Location, style term.Style) {
	var marks []mark
	if c := l.Stack.Text().Column; c > 0 {
		marks = []mark{{c, style}}
	}
	p.show(finding{stack: l.Stack, marks: marks, label: storage(l), style: style})
}

// storage is a location in words: name, type, size.
func storage(l *compile.Location) string {
	text := term.Clean(l.Name)
	if l.Type != "" && l.Kind != compile.LocationAllocation {
		text += " " + term.Clean(l.Type)
	}
	if l.Size >= 0 {
		text += ", " + bytes(l.Size)
	}
	return text
}

// way shows how something gets to the heap: one line for each line of source that it
// passes, with the compiler's word for what happens there. The line on which it is made
// stands above already.
func (p *page) way(f *compile.Function, l *compile.Location) {
	const pad = "      "
	if l.Reason != "" {
		p.line("%s", p.screen.Wrap(term.Clean(l.Reason), pad))
	}
	stops := p.stops(f, l)
	known := len(stops) > 0 || l.Reason != ""
	how := ""
	if made := l.Stack.Text(); len(stops) > 0 && stops[0].at.File == made.File && stops[0].at.Line == made.Line {
		how = strings.Join(stops[0].why, ", then ")
		stops = stops[1:]
	}
	if len(stops) > 0 || how != "" {
		known, how = true, "  "+p.dim(how)
	}
	if len(stops) > 0 {
		how = ""
	}
	width := 0
	for _, s := range stops {
		width = max(width, term.Cells(s.where))
	}
	for i, s := range stops {
		if hidden := len(stops) - maxSteps; i == maxSteps/2 && hidden > 1 && !p.o.Full {
			p.line("%s%s", pad, p.dim(fmt.Sprintf("… %s more: --escape", count(hidden, "step"))))
			stops = stops[hidden:]
		}
		if i >= len(stops) {
			break
		}
		s = stops[i]
		p.stop(s, pad, width)
	}
	if to := p.destination(f, l); to != "" {
		p.line("%s", p.screen.Wrap(p.screen.Paint("→ "+to, term.Yellow)+how, pad))
	} else if _, missing := p.gap(compile.FeaturePath); !missing && !known {
		p.line("%s%s", pad, p.dim("the compiler gave no way for it"))
	}
}

// A stop is one line of source on the way to the heap.
type stop struct {
	at    lens.Position
	where string // for its width
	code  string
	why   []string
}

func (p *page) stop(s stop, pad string, width int) {
	why := strings.Join(s.why, ", then ")
	text := pad + term.Pad(p.at(s.at), width) + "  " + s.code
	room := p.screen.Width - term.Cells(why) - 2
	if p.screen.Width > 0 && term.Cells(text) > room {
		if room < p.screen.Width/2 {
			p.line("%s", p.screen.Cut(text, 0))
			p.line("%s", p.screen.Wrap(p.dim(why), pad+"  "))
			return
		}
		text = term.Window(text, 0, room)
	}
	p.line("%s  %s", text, p.dim(why))
}

// stops joins the steps of a way that stand on one line of source.
func (p *page) stops(f *compile.Function, l *compile.Location) []stop {
	var steps []compile.Step
	for _, i := range l.Path {
		if i >= 0 && i < len(f.Escape.Edges) {
			steps = append(steps, f.Escape.Edges[i].Steps...)
		}
	}
	return p.join(steps)
}

func (p *page) join(steps []compile.Step) []stop {
	var out []stop
	for _, st := range steps {
		if st.Why == "spill" { // the compiler's word for the place where it is made
			continue
		}
		at := st.Stack.Text().Position
		if n := len(out); n > 0 && out[n-1].at.File == at.File && out[n-1].at.Line == at.Line {
			if !slices.Contains(out[n-1].why, st.Why) {
				out[n-1].why = append(out[n-1].why, st.Why)
			}
			continue
		}
		code := p.code(at)
		if code == "" {
			code = term.Clean(st.Text)
		}
		out = append(out, stop{at: at, where: p.place(at), code: code, why: []string{term.Clean(st.Why)}})
	}
	return out
}

// destination is where a way ends.
func (p *page) destination(f *compile.Function, l *compile.Location) string {
	if len(l.Path) == 0 {
		return ""
	}
	last := l.Path[len(l.Path)-1]
	if last < 0 || last >= len(f.Escape.Edges) {
		return ""
	}
	to := f.Escape.Edges[last].To
	if to < 0 || to >= len(f.Escape.Locations) {
		return ""
	}
	end := &f.Escape.Locations[to]
	switch end.Kind {
	case compile.LocationHeap:
		return "the heap"
	case compile.LocationResult:
		return "the result " + term.Clean(end.Name) + ", which outlives the call"
	case compile.LocationEffect:
		return term.Clean(end.Name)
	}
	text := term.Clean(end.Name)
	if end.LoopDepth < l.LoopDepth {
		return text + ", which is declared outside the loop"
	}
	if end.Escapes {
		return text + ", which is on the heap"
	}
	return text + ", which outlives it"
}

// escape shows all ways to the heap, then what stays, then where parameters flow.
func (p *page) escape(f *compile.Function) {
	if p.unknown("Escapes", compile.FeatureEscape, len(escaping(f))) {
		return
	}
	all := escaping(f)
	if len(all) == 0 {
		p.title("Escapes", "nothing", term.Green)
	} else {
		p.title("Escapes", count(len(all), "place"), term.Yellow)
	}
	for _, l := range all {
		p.location(l, term.Yellow)
		p.flows(f, l)
	}
	if why, missing := p.gap(compile.FeaturePath); missing && len(all) > 0 {
		p.line("%s", p.dim(p.screen.Wrap("Ways to the heap are not known: "+why, "  ")))
	}
	p.staying(f)
	p.leaks(f)
}

// flows shows a way edge by edge: what flows where, and by which expressions.
func (p *page) flows(f *compile.Function, l *compile.Location) {
	if l.Reason != "" {
		p.line("      %s", term.Clean(l.Reason))
	}
	for _, i := range l.Path {
		if i < 0 || i >= len(f.Escape.Edges) {
			continue
		}
		e := f.Escape.Edges[i]
		p.line("      %s", p.screen.Paint(p.edge(f, e), term.Cyan))
		for _, st := range p.join(e.Steps) {
			p.stop(st, "        ", 0)
		}
	}
	if to := p.destination(f, l); to != "" {
		p.line("%s", p.screen.Paint(p.screen.Wrap("→ "+to, "      "), term.Yellow))
	}
}

// edge is an edge as the compiler writes it: "~r0 = &x".
func (p *page) edge(f *compile.Function, e compile.Edge) string {
	name := func(i int) string {
		if i < 0 || i >= len(f.Escape.Locations) {
			return "?"
		}
		l := &f.Escape.Locations[i]
		switch l.Kind {
		case compile.LocationHeap, compile.LocationTemporary:
			return "{" + string(l.Kind) + "}"
		}
		return term.Clean(l.Name)
	}
	from := name(e.From)
	if e.Derefs < 0 {
		from = "&" + from
	} else {
		from = strings.Repeat("*", min(e.Derefs, 9)) + from
	}
	return name(e.To) + " = " + from
}

// staying lists what is on the stack.
func (p *page) staying(f *compile.Function) {
	var rows [][]string
	for i := range f.Escape.Locations {
		l := &f.Escape.Locations[i]
		if l.Escapes || !stored(l) || l.Kind == compile.LocationResult || l.Function != "" && l.Function != f.Name || !l.Stack.Text().IsKnown() {
			continue
		}
		if l.Kind != compile.LocationAllocation && !addressed(f, i) {
			continue
		}
		rows = append(rows, []string{"  " + p.at(l.Stack.Text().Position), storage(l)})
	}
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.title("Stays on the stack", count(len(rows), "place")+" that might have escaped", term.Green)
	for _, l := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut(l, 0))
	}
}

// addressed reports whether the address of a location flows anywhere: others could not
// escape at all.
func addressed(f *compile.Function, i int) bool {
	return slices.ContainsFunc(f.Escape.Edges, func(e compile.Edge) bool { return e.From == i && e.Derefs < 0 })
}

// leaks says where parameters flow.
func (p *page) leaks(f *compile.Function) {
	var rows [][]string
	for i := range f.Escape.Locations {
		l := &f.Escape.Locations[i]
		if l.Kind != compile.LocationParameter || l.Function != "" && l.Function != f.Name || l.Name == "_" {
			continue
		}
		if numeric(l.Type) {
			continue // it is a copy, wherever it goes
		}
		parts := leaksOf(l)
		rows = append(rows, []string{"  " + term.Clean(l.Name), term.Clean(l.Type), strings.Join(parts, ", ")})
	}
	if len(rows) == 0 {
		return
	}
	p.line("")
	p.title("Parameters", "what a caller must reckon with", term.Dim)
	for _, l := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut(l, 0))
	}
}

// numeric reports whether a type is a number or a bool of the language itself.
func numeric(t string) bool {
	switch t {
	case "bool", "int", "int8", "int16", "int32", "int64", "uint", "uint8", "uint16", "uint32", "uint64", "uintptr",
		"byte", "rune", "float32", "float64", "complex64", "complex128":
		return true
	}
	return false
}

// leaksOf says where a parameter flows. What stays on the heap may be written and called
// there, which needs no saying.
func leaksOf(l *compile.Location) []string {
	var parts []string
	heap := slices.IndexFunc(l.Leaks, func(k compile.Leak) bool { return k.To == "heap" })
	for _, k := range l.Leaks {
		what := "it"
		if k.Derefs > 0 {
			what = "what it points to"
		}
		implied := heap >= 0 && l.Leaks[heap].Derefs <= k.Derefs
		switch {
		case k.To == "heap":
			parts = append(parts, what+" may stay on the heap")
		case k.To == "mutator" && !implied:
			parts = append(parts, what+" is written through")
		case k.To == "callee" && !implied:
			parts = append(parts, what+" is called")
		case strings.HasPrefix(k.To, "result"):
			parts = append(parts, what+" flows to "+k.To)
		}
	}
	if len(parts) == 0 {
		parts = []string{"stays inside"}
	}
	return parts
}
