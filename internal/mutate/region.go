package mutate

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/token"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// A span is a piece of source that can be written twice: a boolean expression, or
// statements that follow each other in a list.
type span struct {
	pos, end token.Pos
	boolean  bool
}

// region finds the smallest span around an edit that can hold alternatives.
func (p *Package) region(f *file, e edit) (span, bool) {
	path := enclosing(f.ast, e.pos, e.end)
	for i := len(path) - 1; i > 0; i-- {
		var list []ast.Stmt
		switch n := path[i].(type) {
		case ast.Expr:
			if p.boolean(n) && operand(n, path[i-1]) {
				return span{n.Pos(), n.End(), true}, true
			}
			continue
		case *ast.BlockStmt:
			if clauses(path[i-1]) {
				continue
			}
			list = n.List
		case *ast.CaseClause:
			list = n.Body
		case *ast.CommClause:
			list = n.Body
		default:
			continue
		}
		from, to, ok := covering(list, e.pos, e.end)
		if !ok {
			continue
		}
		if to = p.extend(list, from, to); p.closed(f, list[from:to+1]) {
			return span{list[from].Pos(), list[to].End(), false}, true
		}
		if last := len(list) - 1; p.closed(f, list) {
			return span{list[0].Pos(), list[last].End(), false}, true
		}
	}
	return span{}, false
}

// nest widens regions that overlap until of any two one is in the other: two edits that each
// exchange statements may share one.
func nest(all []*candidate) {
	byFile := map[*file][]*span{}
	for _, c := range all {
		for i := range c.spans {
			byFile[c.file] = append(byFile[c.file], &c.spans[i])
		}
	}
	for _, spans := range byFile {
		for changed := true; changed; {
			changed = false
			slices.SortFunc(spans, func(a, b *span) int { return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(b.end, a.end)) })
			var open []*span
			for _, b := range spans {
				for len(open) > 0 && open[len(open)-1].end <= b.pos {
					open = open[:len(open)-1]
				}
				for _, a := range open {
					if b.end > a.end {
						a.end, b.pos, changed = b.end, a.pos, true
					}
				}
				open = append(open, b)
			}
		}
	}
}

// enclosing are the nodes around a span, outermost first.
func enclosing(f *ast.File, pos, end token.Pos) []ast.Node {
	var path []ast.Node
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil || n.Pos() > pos || n.End() < end {
			return false
		}
		// Of two neighbours, an edit at the boundary (an insertion) is in the first.
		if len(path) > 0 && path[len(path)-1].End() <= n.Pos() {
			return false
		}
		path = append(path, n)
		return true
	})
	return path
}

// clauses says whether the block of a statement is made of clauses.
func clauses(n ast.Node) bool {
	switch n.(type) {
	case *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		return true
	}
	return false
}

// operand says whether a boolean expression may stand in parentheses: it is no variable
// that is assigned to, no call that is a statement.
func operand(e ast.Expr, parent ast.Node) bool {
	switch x := e.(type) {
	case *ast.BinaryExpr:
		return true
	case *ast.UnaryExpr:
		return x.Op == token.NOT
	}
	switch p := parent.(type) {
	case *ast.IfStmt:
		return p.Cond == e
	case *ast.ForStmt:
		return p.Cond == e
	case *ast.BinaryExpr:
		return p.Op == token.LAND || p.Op == token.LOR
	case *ast.UnaryExpr:
		return p.Op == token.NOT
	case *ast.ReturnStmt:
		return true
	}
	return false
}

// covering finds the statements of a list that an edit touches.
func covering(list []ast.Stmt, pos, end token.Pos) (from, to int, ok bool) {
	from, to = -1, -1
	for i, s := range list {
		if s.Pos() <= pos && pos <= s.End() && from < 0 {
			from = i
		}
		if s.Pos() <= end && end <= s.End() {
			to = i
			break
		}
	}
	return from, to, from >= 0 && to >= from
}

// extend moves the end of a range of statements to where nothing that they declare is
// used any more.
func (p *Package) extend(list []ast.Stmt, from, to int) int {
	for i := from; i <= to; i++ {
		for _, id := range declared(list[i]) {
			last := p.lasts[p.info.Defs[id]]
			for to < len(list)-1 && list[to+1].Pos() <= last {
				to++
			}
		}
	}
	return to
}

// declared are the names that a statement puts into the scope of its list.
func declared(s ast.Stmt) []*ast.Ident {
	var out []*ast.Ident
	switch s := s.(type) {
	case *ast.LabeledStmt:
		return declared(s.Stmt)
	case *ast.AssignStmt:
		if s.Tok != token.DEFINE {
			return nil
		}
		for _, e := range s.Lhs {
			if id, ok := e.(*ast.Ident); ok {
				out = append(out, id)
			}
		}
	case *ast.DeclStmt:
		d, ok := s.Decl.(*ast.GenDecl)
		if !ok {
			return nil
		}
		for _, spec := range d.Specs {
			switch spec := spec.(type) {
			case *ast.ValueSpec:
				out = append(out, spec.Names...)
			case *ast.TypeSpec:
				out = append(out, spec.Name)
			}
		}
	}
	return out
}

// closed says whether statements can go into a block: no goto jumps in from outside,
// and no fallthrough is among them.
func (p *Package) closed(f *file, list []ast.Stmt) bool {
	pos, end := list[0].Pos(), list[len(list)-1].End()
	if b, ok := list[len(list)-1].(*ast.BranchStmt); ok && b.Tok == token.FALLTHROUGH {
		return false
	}
	if through(list[len(list)-1]) {
		return false
	}
	own := map[string]bool{}
	for _, id := range labels(f, pos, end) {
		own[id.Name] = true
	}
	if len(own) == 0 {
		return true
	}
	_, body := enclosingFunction(f.ast, pos, end)
	ok := body != nil
	if ok {
		inside(body, func(n ast.Node) {
			if b, is := n.(*ast.BranchStmt); is && b.Label != nil && own[b.Label.Name] && (b.Pos() < pos || b.End() > end) {
				ok = false
			}
		})
	}
	return ok
}

// through says whether a labelled statement hides a fallthrough.
func through(s ast.Stmt) bool {
	l, ok := s.(*ast.LabeledStmt)
	if !ok {
		return false
	}
	b, ok := l.Stmt.(*ast.BranchStmt)
	return ok && b.Tok == token.FALLTHROUGH || through(l.Stmt)
}

// labels are the labels declared in a span, but not in functions that begin in it.
func labels(f *file, pos, end token.Pos) []*ast.Ident {
	var out []*ast.Ident
	_, body := enclosingFunction(f.ast, pos, end)
	if body == nil {
		return nil
	}
	inside(body, func(n ast.Node) {
		if l, ok := n.(*ast.LabeledStmt); ok && pos <= l.Pos() && l.End() <= end {
			out = append(out, l.Label)
		}
	})
	return out
}

// A region is a span with its alternatives.
type region struct {
	span
	number int
	alts   []*candidate
	inner  []*region
}

// A writer writes one file with its regions.
type writer struct {
	p       *Package
	f       *file
	regions []*region // outermost ones
	next    int       // number given last
	out     strings.Builder
}

// build makes the tree of regions of the file.
func (w *writer) build(live []*candidate) {
	byspan := map[span]*region{}
	var all []*region
	for _, c := range live {
		if c.file != w.f {
			continue
		}
		for _, sp := range c.spans {
			r := byspan[sp]
			if r == nil {
				r = &region{span: sp}
				byspan[sp] = r
				all = append(all, r)
			}
			if !slices.Contains(r.alts, c) {
				r.alts = append(r.alts, c)
			}
		}
	}
	slices.SortFunc(all, func(a, b *region) int { return cmp.Or(cmp.Compare(a.pos, b.pos), cmp.Compare(b.end, a.end)) })
	var open []*region
	for _, r := range all {
		w.next++
		r.number = w.next
		for _, c := range r.alts {
			c.mutant.regions = append(c.mutant.regions, r.number)
		}
		for len(open) > 0 && open[len(open)-1].end <= r.pos {
			open = open[:len(open)-1]
		}
		if len(open) == 0 {
			w.regions = append(w.regions, r)
		} else {
			outer := open[len(open)-1]
			outer.inner = append(outer.inner, r)
		}
		open = append(open, r)
	}
}

func (w *writer) file() []byte {
	start := w.f.ast.FileStart
	w.original(start, w.f.ast.FileEnd, w.regions)
	return []byte(w.out.String())
}

// original writes source with the regions in it.
func (w *writer) original(pos, end token.Pos, regions []*region) {
	for _, r := range regions {
		w.text(pos, r.pos)
		w.region(r)
		pos = r.end
		w.line(pos)
	}
	w.text(pos, end)
}

func (w *writer) text(pos, end token.Pos) {
	w.out.Write(w.f.text[w.p.offset(pos):w.p.offset(end)])
}

// line says where in the original the text that follows stands.
func (w *writer) line(pos token.Pos) {
	at := w.p.fset.PositionFor(pos, false)
	if !filepath.IsAbs(at.Filename) {
		at.Filename = w.f.name
	}
	fmt.Fprintf(&w.out, "/*line %s:%d:%d*/", at.Filename, at.Line, at.Column)
}

func (w *writer) region(r *region) {
	n := r.number
	guard := fmt.Sprintf("hone_region != %d && hone_region != 0 || hone_hit(%d) == 0", n, n)
	if r.boolean {
		fmt.Fprintf(&w.out, "((%s) && (", guard)
		w.line(r.pos)
		w.original(r.pos, r.end, r.inner)
		w.out.WriteString(")")
		for _, c := range r.alts {
			fmt.Fprintf(&w.out, " || hone_mutant == %d && (%s)", c.mutant.number, w.alternative(r, c))
		}
		w.out.WriteString(")")
		return
	}
	fmt.Fprintf(&w.out, "if %s { ", guard)
	w.line(r.pos)
	w.original(r.pos, r.end, r.inner)
	for i, c := range r.alts {
		w.out.WriteString(" } else ")
		if i < len(r.alts)-1 {
			fmt.Fprintf(&w.out, "if hone_mutant == %d ", c.mutant.number)
		}
		w.out.WriteString("{ " + w.alternative(r, c))
	}
	w.out.WriteString(" }")
}

// alternative is the text of a region with a mutant in it, and its labels renamed.
func (w *writer) alternative(r *region, c *candidate) string {
	edits := slices.Clone(c.edits)
	own := map[string]bool{}
	for _, id := range labels(w.f, r.pos, r.end) {
		own[id.Name] = true
	}
	if len(own) > 0 {
		_, body := enclosingFunction(w.f.ast, r.pos, r.end)
		inside(body, func(n ast.Node) {
			var id *ast.Ident
			switch n := n.(type) {
			case *ast.LabeledStmt:
				id = n.Label
			case *ast.BranchStmt:
				id = n.Label
			}
			if id == nil || !own[id.Name] || id.Pos() < r.pos || id.End() > r.end {
				return
			}
			if !slices.ContainsFunc(c.edits, func(e edit) bool { return e.pos <= id.Pos() && id.End() <= e.end }) {
				edits = append(edits, edit{pos: id.Pos(), end: id.End(), text: "hone_" + strconv.Itoa(c.mutant.number) + "_" + id.Name})
			}
		})
		slices.SortFunc(edits, func(a, b edit) int { return cmp.Compare(a.pos, b.pos) })
	}
	return fmt.Sprintf("/*line hone_mutant_%d.go:1:1*/", c.mutant.number) + w.p.edited(w.f, r.pos, r.end, edits, true)
}

// name fills in what a report says about each candidate.
func (p *Package) name(all []*candidate) {
	seen := map[string]int{}
	for _, c := range all {
		at := p.fset.PositionFor(c.edits[0].pos, false)
		c.mutant = Mutant{
			Operator: c.operator.Name, Family: c.operator.Family, Function: c.function, Says: c.says,
			Position: Position{File: filepath.Base(at.Filename), Line: at.Line, Column: at.Column},
			Diff:     p.diff(c.file, c.edits), edits: c.edits,
		}
		h := sha256.New()
		fmt.Fprintf(h, "%s\x00%s\x00%s\x00", p.Path, c.function, c.operator.Name)
		for _, e := range c.edits {
			line, _ := p.lines(c.file, e)
			fmt.Fprintf(h, "%s\x00%s\x00%s\x00", normal(line), normal(string(c.file.text[p.offset(e.pos):p.offset(e.end)])), normal(e.text))
		}
		id := hex.EncodeToString(h.Sum(nil))
		seen[id]++ // the same line twice in a function
		if n := seen[id]; n > 1 {
			sum := sha256.Sum256([]byte(id + strconv.Itoa(n)))
			id = hex.EncodeToString(sum[:])
		}
		c.mutant.ID = id[:idLength]
	}
}

// idLength makes a collision within a package of 10,000 mutants as likely as one in five million.
const idLength = 12

func normal(text string) string { return strings.Join(strings.Fields(text), " ") }

// lines is the text of the lines that an edit touches, and where they begin.
func (p *Package) lines(f *file, e edit) (text string, from int) {
	from, to := p.offset(e.pos), p.offset(e.end)
	for from > 0 && f.text[from-1] != '\n' {
		from--
	}
	for to < len(f.text) && f.text[to] != '\n' {
		to++
	}
	return string(f.text[from:to]), from
}
