package start

import (
	"cmp"
	"errors"
	"go/ast"
	"go/token"
	"slices"
	"strings"
)

// An edit replaces the bytes [from, to) of a text.
type edit struct {
	from, to int
	with     string
	cut      bool // takes away what a stage hides, not just a directive
	lines    bool // takes whole lines, so blank lines can meet where it was
}

// span is what goes when p is cut: p itself, the comments attached to it, the comma
// or semicolon behind it, and its lines, if nothing else stands on them.
func (s *source) span(p *part) edit {
	e := edit{from: p.from, to: s.trail(s.separator(p.to)), cut: true}
	if s.opensLine(p.from) {
		e.from = s.lead(p)
	}
	if p.kind == clause {
		// A clause goes on to the next one, or to the brace: comments may stand
		// behind its last statement.
		e.to = p.limit
		if p.next != nil {
			e.to = s.lead(p.next)
		}
	}
	return s.widen(e)
}

// lead is where the comments attached above p begin: those that stand directly over
// it, no blank line between, and don't trail other code. If there are none, it is p.from.
func (s *source) lead(p *part) int {
	from := p.from
	floor := 0
	if prev, ok := before(s.tokens, from); ok {
		floor = s.line(prev.to - 1) // what starts on this line trails that code
	}
	for {
		c, ok := before(s.comments, from)
		if !ok || s.line(c.from) <= floor && floor > 0 || s.line(c.to) < s.line(from)-1 {
			return from
		}
		if p.kind == clause && s.column(c.from) > s.column(p.from) {
			return from // indented deeper: the last words of the clause above
		}
		from = c.from
	}
}

// separator is the end of the comma or semicolon behind a part that ends at offset, if
// one is on the same line.
func (s *source) separator(offset int) int {
	next, ok := after(s.tokens, offset)
	if ok && (next.tok == token.COMMA || next.tok == token.SEMICOLON) && s.line(next.from) == s.line(offset) {
		return next.to
	}
	return offset
}

// trail is the end of the comments that trail code that ends at offset: those that begin
// on its line, if no more code does. Before more code they would be that code's.
func (s *source) trail(offset int) int {
	line := s.line(offset)
	if next, ok := after(s.tokens, offset); ok && s.line(next.from) == line {
		return offset
	}
	for {
		c, ok := after(s.comments, offset)
		if !ok || s.line(c.from) != line {
			return offset
		}
		offset = c.to
	}
}

// widen takes the rest of the lines of e with it, if only blanks are left of them.
func (s *source) widen(e edit) edit {
	start := s.lines[s.line(e.from)-1]
	if !blank(s.text[start:e.from]) {
		return e
	}
	if first := s.lines[s.line(e.to)-1]; first >= e.from && blank(s.text[first:e.to]) {
		e.from, e.to, e.lines = start, first, true // e ends where a line of other code begins
		return e
	}
	end := strings.IndexByte(s.text[e.to:], '\n')
	if end < 0 {
		end = len(s.text) - e.to
	} else {
		end++
	}
	if blank(s.text[e.to : e.to+end]) {
		e.from, e.to, e.lines = start, e.to+end, true
	}
	return e
}

func blank(text string) bool { return strings.TrimSpace(text) == "" }

// excise makes the edits that cut all of parts. A group that is left without specs goes whole.
func (s *source) excise(parts []*part) ([]edit, error) {
	gone := map[*part]bool{}
	for _, p := range parts {
		gone[p] = true
	}
	var edits []edit
	var errs []error
	for _, p := range s.parts { // not over gone: the order of the text
		if len(p.members) > 0 && !slices.ContainsFunc(p.members, func(m *part) bool { return !gone[m] }) {
			gone[p] = true
		}
		if err := s.renumbers(p, gone); err != nil && !gone[p] {
			errs = append(errs, err)
		}
		if gone[p] {
			edits = append(edits, s.span(p))
		}
	}
	return edits, errors.Join(errs...)
}

// renumbers is an error if cutting members of the const group p would change the
// value of one that stays: by moving its iota, or by taking the expression it repeats.
func (s *source) renumbers(p *part, gone map[*part]bool) error {
	if len(p.members) == 0 || p.keyword() != token.CONST {
		return nil
	}
	var cut *part      // the first member cut
	var repeated *part // the member whose expression an empty one repeats
	for _, m := range p.members {
		v := m.spec.(*ast.ValueSpec)
		if len(v.Values) > 0 {
			repeated = m
		}
		if gone[m] {
			if cut == nil {
				cut = m
			}
			continue
		}
		if cut != nil && repeated != nil && (gone[repeated] || mentions(repeated.node, "iota")) {
			return s.errorf(cut.from, "cutting %s would change the value of %s below it: move it to the end of the group",
				cut.spec.(*ast.ValueSpec).Names[0].Name, v.Names[0].Name)
		}
	}
	return nil
}

func mentions(n ast.Node, name string) bool {
	found := false
	ast.Inspect(n, func(n ast.Node) bool {
		id, ok := n.(*ast.Ident)
		found = found || ok && id.Name == name
		return !found
	})
	return found
}

// erase makes the edits that remove the directives themselves, so that no empty
// comment, no trailing blank and no empty last line of a doc comment is left.
func (s *source) erase(found []directive) []edit {
	var edits []edit
	for i := 0; i < len(found); i++ {
		c := found[i].comment
		if !s.alone(c) {
			prev, _ := before(s.tokens, c.from)
			if p, ok := before(s.comments, c.from); ok && p.to > prev.to {
				prev = p
			}
			edits = append(edits, edit{from: prev.to, to: c.to})
			continue
		}
		first := s.line(c.from)
		last := first
		for i+1 < len(found) && s.line(found[i+1].comment.from) == last+1 && s.alone(found[i+1].comment) {
			i, last = i+1, last+1
		}
		edits = append(edits, s.eraseLines(first, last))
	}
	return edits
}

// alone reports whether nothing stands before the comment c on its line.
func (s *source) alone(c piece) bool { return blank(s.text[s.lines[s.line(c.from)-1]:c.from]) }

// eraseLines removes the comment lines first to last, and with them the empty comment
// lines that only set them off from the text around.
func (s *source) eraseLines(first, last int) edit {
	up, down := first-1, last+1
	for s.lineText(up) == "//" {
		up--
	}
	for s.lineText(down) == "//" {
		down++
	}
	top, bottom := !isComment(s.lineText(up)), !isComment(s.lineText(down))
	switch {
	case top || bottom: // they stood at an end of the comment
		first, last = up+1, down-1
	case up < first-1: // between two paragraphs: one empty line stays
		last = down - 1
	}
	e := edit{from: s.lines[first-1], to: len(s.text)}
	if last < len(s.lines) {
		e.to = s.lines[last]
	}
	return e
}

// lineText is a line without the blanks around it, "" outside of the text.
func (s *source) lineText(line int) string {
	if line < 1 || line > len(s.lines) {
		return ""
	}
	end := len(s.text)
	if line < len(s.lines) {
		end = s.lines[line]
	}
	return strings.TrimSpace(s.text[s.lines[line-1]:end])
}

func isComment(line string) bool {
	return strings.HasPrefix(line, "//") || strings.HasPrefix(line, "/*") || strings.HasSuffix(line, "*/")
}

// splice applies edits to text. An edit inside another one is swallowed by it.
// Where whole lines went, blank lines collapse as gofmt would have them written:
// one at most, none behind an opening or before a closing bracket.
func splice(text string, edits []edit) string {
	slices.SortStableFunc(edits, func(a, b edit) int {
		if insert := a.from == a.to; a.from == b.from && insert != (b.from == b.to) {
			if insert { // stands before what is replaced from here on
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(b.to, a.to)) // the outer one first
	})
	var out []byte
	at, seam := 0, false
	for _, e := range edits {
		if e.from < at {
			if e.to <= at {
				continue
			}
			e.from = at
		}
		out = join(out, text[at:e.from], seam, false)
		out = append(out, e.with...)
		// Cuts that touch make one seam.
		seam = e.lines || seam && at == e.from && e.with == ""
		at = e.to
	}
	return string(join(out, text[at:], seam, true))
}

// join appends chunk to out, across a seam or not; last says that no more follows.
func join(out []byte, chunk string, seam, last bool) []byte {
	if !seam {
		return append(out, chunk...)
	}
	rest := chunk
	for {
		line, more, ok := strings.Cut(rest, "\n")
		if !ok || !blank(line) {
			break
		}
		rest = more
	}
	code := strings.TrimLeft(rest, " \t")
	closing := code == "" && last || code != "" && strings.ContainsRune(")]}", rune(code[0]))
	if closing {
		out = trimBlankLines(out)
	}
	if closing || opening(out) || endsBlank(out) {
		chunk = rest
	}
	return append(out, chunk...)
}

// endsBlank reports whether the last line of out is blank.
func endsBlank(out []byte) bool {
	lines := strings.Split(string(out[max(0, len(out)-256):]), "\n")
	return len(lines) >= 2 && lines[len(lines)-1] == "" && blank(lines[len(lines)-2])
}

func trimBlankLines(out []byte) []byte {
	for endsBlank(out) {
		out = out[:strings.LastIndexByte(strings.TrimSuffix(string(out), "\n"), '\n')+1]
	}
	return out
}

// opening reports whether out ends in a line that opens a block, list or clause.
func opening(out []byte) bool {
	text := strings.TrimRight(string(out), "\n")
	text = text[strings.LastIndexByte(text, '\n')+1:]
	if i := strings.Index(text, " //"); i >= 0 {
		text = text[:i]
	}
	text = strings.TrimRight(text, " \t")
	return text == "" || strings.ContainsRune("([{:", rune(text[len(text)-1]))
}
