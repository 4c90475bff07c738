package look

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

//go:embed page/page.html
var pageHTML string

//go:embed page/page.css
var pageCSS string

//go:embed page/page.js
var pageJS string

// What the script of the page reads. Stacks are numbered, for most are the same.
type (
	pageData struct {
		Known     string         `json:"known"`
		Gaps      []string       `json:"gaps"`
		Files     []pageFile     `json:"files"`
		Stacks    [][][2]int     `json:"stacks"` // of file and line, outermost first
		Functions []pageFunction `json:"functions"`
	}
	pageFile struct {
		Name  string         `json:"name"`
		Lines map[int]string `json:"lines"` // those that are shown
	}
	pageFunction struct {
		Name   string                `json:"name"`
		Gist   string                `json:"gist"`
		Source []pagePart            `json:"source"`
		Notes  map[string][]pageNote `json:"notes"` // by "file:line"
		Passes []pagePass            `json:"passes"`
		Code   []pageInstruction     `json:"code"`
	}
	pagePart struct {
		File  int      `json:"file"`
		First int      `json:"first"`
		Lines []string `json:"lines"`
	}
	pageNote struct {
		Text  string `json:"text"`
		Style string `json:"style"` // a class of the style sheet
	}
	pagePass struct {
		Name       string            `json:"name"`
		Changed    []pageValue       `json:"changed,omitempty"`
		Gone       []int             `json:"gone,omitempty"`
		Heads      []compile.Block   `json:"heads,omitempty"`
		GoneBlocks []int             `json:"goneBlocks,omitempty"`
		Order      []int             `json:"order,omitempty"`
		Rewrites   []compile.Rewrite `json:"rewrites,omitempty"`
	}
	pageValue struct {
		ID       int    `json:"id"`
		Op       string `json:"op"`
		Type     string `json:"type,omitempty"`
		Aux      string `json:"aux,omitempty"`
		Args     []int  `json:"args,omitempty"`
		Register string `json:"register,omitempty"`
		Stack    int    `json:"stack"`
	}
	pageInstruction struct {
		PC    int64  `json:"pc"`
		Text  string `json:"text"`
		Bytes string `json:"bytes,omitempty"`
		Live  string `json:"live,omitempty"`
		Value int    `json:"value"`
		Stack int    `json:"stack"`
		Style string `json:"style,omitempty"`
	}
)

// HTML lays a report out as one page that needs nothing else: source with what was found
// on its lines, the SSA after each pass, and the machine code, with one cursor for all.
func HTML(r *compile.Report, o Options) ([]byte, error) {
	b := &builder{page: newPage(term.Screen{}, r, o), stacks: map[string]int{}, files: map[string]int{}}
	b.data = pageData{Known: known(r), Gaps: []string{}, Files: []pageFile{}, Stacks: [][][2]int{}}
	for _, g := range r.Observed.Gaps {
		b.data.Gaps = append(b.data.Gaps, "Not known, or not all: "+featureName(g.Feature)+" ("+g.Why+")")
	}
	for _, f := range inOrder(r.Functions) {
		b.function(f)
	}
	if len(b.data.Functions) == 0 {
		return nil, fmt.Errorf("lay out %s: no function was compiled", o.Target)
	}
	data, err := json.Marshal(b.data) // which writes < as \u003c: it can't end the script
	if err != nil {
		return nil, fmt.Errorf("lay out %s: %w", o.Target, err)
	}
	title := r.Package + "." + b.data.Functions[0].Name
	return []byte(strings.NewReplacer("{{title}}", html.EscapeString(title), "{{css}}", pageCSS, "{{js}}", pageJS, "{{data}}", string(data)).Replace(pageHTML)), nil
}

// A builder collects the data of a page.
type builder struct {
	*page
	data   pageData
	stacks map[string]int
	files  map[string]int
}

// file numbers a file.
func (b *builder) file(name string) int {
	name = b.resolve(name)
	i, ok := b.files[name]
	if !ok {
		i = len(b.data.Files)
		b.files[name] = i
		b.data.Files = append(b.data.Files, pageFile{Name: b.name(name), Lines: map[int]string{}})
	}
	return i
}

// stack numbers a stack, and keeps the lines it names.
func (b *builder) stack(s lens.Stack) int {
	if len(s) == 0 {
		return -1
	}
	var sites [][2]int
	for _, site := range s {
		f := b.file(site.File)
		if text, ok := b.source(site.File, site.Line); ok {
			b.data.Files[f].Lines[site.Line] = term.Clean(text)
		}
		sites = append(sites, [2]int{f, site.Line})
	}
	key := fmt.Sprint(sites)
	i, ok := b.stacks[key]
	if !ok {
		i = len(b.data.Stacks)
		b.stacks[key] = i
		b.data.Stacks = append(b.data.Stacks, sites)
	}
	return i
}

func (b *builder) function(f *compile.Function) {
	out := pageFunction{Name: f.Name, Notes: map[string][]pageNote{}, Passes: []pagePass{}, Code: []pageInstruction{}}
	gist := newPage(term.Screen{}, b.r, b.o)
	gist.gist(f, "")
	out.Gist = strings.TrimSpace(gist.String())
	for i := range f.Passes {
		p := &f.Passes[i]
		x := pagePass{Name: p.Name, Gone: p.Gone, Heads: slices.Clone(p.Heads), GoneBlocks: p.GoneBlocks, Order: p.Order, Rewrites: p.Rewrites}
		for j := range x.Heads {
			x.Heads[j].Stack = nil
		}
		for _, v := range p.Changed {
			x.Changed = append(x.Changed, pageValue{v.ID, v.Op, v.Type, v.Aux, v.Args, v.Register, b.stack(v.Stack)})
		}
		out.Passes = append(out.Passes, x)
	}
	for _, in := range f.Code.Instructions {
		if in.Op == "FUNCDATA" || in.Op == "PCDATA" {
			continue
		}
		out.Code = append(out.Code, pageInstruction{in.PC, strings.ReplaceAll(in.Text, "\t", " "), in.Bytes, in.Live, in.Value, b.stack(in.Stack), styleOf(in)})
	}
	b.notes(f, &out)
	out.Source = b.parts(f)
	b.data.Functions = append(b.data.Functions, out)
}

// styleOf is the class of an instruction, in the colours of [page.instruction].
func styleOf(in compile.Instruction) string {
	target, ok := strings.CutPrefix(in.Target, "runtime.")
	switch {
	case ok && strings.HasPrefix(target, "panic"):
		return "bad"
	case ok && strings.HasPrefix(target, "morestack"):
		return "dim"
	case ok:
		return "warn"
	case in.Op == "CALL":
		return "good"
	}
	return ""
}

// notes puts what was found on the lines it is about.
func (b *builder) notes(f *compile.Function, out *pageFunction) {
	add := func(s lens.Stack, style, text string) {
		at := s.Text()
		key := fmt.Sprintf("%d:%d", b.file(at.File), at.Line)
		if s.Inlined() {
			text += ", inlined at " + b.place(s[len(s)-2].Position)
		}
		if n := (pageNote{text, style}); !slices.Contains(out.Notes[key], n) {
			out.Notes[key] = append(out.Notes[key], n)
		}
	}
	made := madeBy(f)
	for _, a := range f.Allocations {
		l := made[a.PC]
		text := "allocates " + allocated(a, l)
		if l != nil {
			if to := b.destination(f, l); to != "" {
				text += " → " + to
			}
		}
		add(a.Stack, "warn", text)
	}
	for i := range f.Calls {
		switch c := &f.Calls[i]; c.Kind {
		case compile.CallInlined:
			add(c.Stack, "good", "inlined: "+b.short(c.Callee))
		case compile.CallIntrinsic:
		default:
			add(c.Stack, "dim", "stays: "+b.stays(c))
		}
	}
	for _, c := range f.Checks {
		if c.Kind != compile.CheckNil || c.Kept && !c.Folded {
			text, style := verdict(c)
			class := "good"
			if style == term.Red {
				class = "bad"
			}
			add(c.Stack, class, text)
		}
	}
	for _, x := range f.Facts {
		switch x.Kind {
		case compile.FactDefer:
			add(x.Stack, "dim", "defer, "+x.Text)
		case compile.FactInduction, compile.FactBranch:
			add(x.Stack, "good", x.Text)
		}
	}
}

// parts are the texts that a function is made of: its own first, then those that were
// inlined into it.
func (b *builder) parts(f *compile.Function) []pagePart {
	type span struct {
		file        int
		first, last int
	}
	var spans []span
	add := func(name string, line int) {
		body := b.bodyAt(name, line, true)
		if body == nil {
			return
		}
		s := span{b.file(name), body.first, body.last}
		if !slices.ContainsFunc(spans, func(x span) bool { return x.file == s.file && x.first <= s.first && s.last <= x.last }) {
			spans = append(spans, s)
		}
	}
	add(f.Position.File, f.Position.Line)
	for _, in := range f.Code.Instructions {
		add(in.Stack.Text().File, in.Stack.Text().Line)
	}
	out := []pagePart{}
	names := map[int]string{}
	for name, i := range b.files {
		names[i] = name
	}
	for _, s := range spans {
		part := pagePart{File: s.file, First: s.first}
		for n := s.first; n <= s.last; n++ {
			text, _ := b.source(names[s.file], n)
			part.Lines = append(part.Lines, term.Clean(text))
		}
		out = append(out, part)
	}
	return out
}
