package start

import (
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"slices"
	"sort"
	"strings"
)

// A source is one Go file, seen three ways at once: as bytes (where cuts are
// made), as tokens and comments in order of offset (which say what is attached
// to what), and as a tree (which says where a thing begins and ends).
//
// All positions below are byte offsets into text and 1-based lines of text.
// token.Position is not used inside, because a //line comment bends it.
type source struct {
	name     string
	text     string // LF only
	tree     *ast.File
	file     *token.File
	lines    []int   // offset of the first byte of each line
	tokens   []piece // code, without the semicolons that the scanner makes up
	comments []piece
	parts    []*part
	starts   map[int][]*part // by offset of the first byte
	ends     map[int][]*part // by offset behind the last byte
}

// A piece is a token or a comment.
type piece struct {
	from, to int
	tok      token.Token
}

// A kind says what sort of list a part stands in, and so which directives it may bear.
type kind string

const (
	declaration kind = "declaration"
	spec        kind = "spec"
	field       kind = "field"
	method      kind = "method"
	statement   kind = "statement"
	clause      kind = "clause"
	element     kind = "literal element"
)

// A part is anything that can be taken out of a Go file leaving a Go file:
// a member of some list in the grammar.
type part struct {
	kind     kind
	node     ast.Node
	from, to int
	spec     ast.Spec // the one spec of a declaration without parentheses, or the spec that this is
	group    *part    // spec in parentheses: the declaration around it
	members  []*part  // declaration with parentheses: its specs
	limit    int      // clause: where the brace that closes its switch or select stands
	next     *part    // clause: the clause below
}

// parse reads one file. Its error holds one line "file:line: …" for each mistake.
func parse(name string, content []byte) (*source, error) {
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	if i := strings.IndexByte(text, '\r'); i >= 0 {
		// The scanner drops a lone carriage return from comments and raw strings
		// without saying so, and every position behind it would be off by one.
		return nil, fmt.Errorf("%s:%d: a carriage return that ends no line", name, 1+strings.Count(text[:i], "\n"))
	}
	fset := token.NewFileSet()
	// Object resolution stays on: tidy asks which identifiers the file leaves unresolved.
	tree, err := parser.ParseFile(fset, name, text, parser.ParseComments)
	if err != nil {
		var list scanner.ErrorList
		if !errors.As(err, &list) {
			return nil, fmt.Errorf("%s:1: %w", name, err)
		}
		var errs []error
		for _, e := range list {
			errs = append(errs, fmt.Errorf("%s:%d: %s", name, e.Pos.Line, e.Msg))
		}
		return nil, errors.Join(errs...)
	}
	s := &source{
		name: name, text: text, tree: tree, file: fset.File(tree.FileStart), lines: []int{0},
		starts: map[int][]*part{}, ends: map[int][]*part{},
	}
	for i := range len(text) {
		if text[i] == '\n' {
			s.lines = append(s.lines, i+1)
		}
	}
	s.scan()
	s.collect()
	return s, nil
}

// scan fills tokens and comments.
func (s *source) scan() {
	var sc scanner.Scanner
	file := token.NewFileSet().AddFile(s.name, -1, len(s.text))
	sc.Init(file, []byte(s.text), nil, scanner.ScanComments)
	for {
		pos, tok, lit := sc.Scan()
		from := file.Offset(pos)
		switch {
		case tok == token.EOF:
			return
		case tok == token.SEMICOLON && lit != ";": // made up at the end of a line
		case tok == token.COMMENT:
			s.comments = append(s.comments, piece{from, from + len(lit), tok})
		case lit == "" || tok.IsOperator():
			s.tokens = append(s.tokens, piece{from, from + len(tok.String()), tok})
		default:
			s.tokens = append(s.tokens, piece{from, from + len(lit), tok})
		}
	}
}

func (s *source) offset(p token.Pos) int { return s.file.Offset(p) }

// line is the 1-based line that holds the byte at offset.
func (s *source) line(offset int) int {
	return sort.SearchInts(s.lines, offset+1)
}

// column is the distance of offset from the start of its line, in bytes.
func (s *source) column(offset int) int { return offset - s.lines[s.line(offset)-1] }

func (s *source) position(offset int) token.Position {
	return token.Position{Filename: s.name, Offset: offset, Line: s.line(offset), Column: s.column(offset) + 1}
}

func (s *source) errorf(offset int, format string, args ...any) error {
	return fmt.Errorf("%s:%d: %s", s.name, s.line(offset), fmt.Sprintf(format, args...))
}

// before is the last of pieces that ends at or before offset.
func before(pieces []piece, offset int) (piece, bool) {
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].to > offset })
	if i == 0 {
		return piece{}, false
	}
	return pieces[i-1], true
}

// after is the first of pieces that starts at or behind offset.
func after(pieces []piece, offset int) (piece, bool) {
	i := sort.Search(len(pieces), func(i int) bool { return pieces[i].from >= offset })
	if i == len(pieces) {
		return piece{}, false
	}
	return pieces[i], true
}

// opensLine reports whether no code stands before offset on its line.
func (s *source) opensLine(offset int) bool {
	prev, ok := before(s.tokens, offset)
	return !ok || s.line(prev.to-1) < s.line(offset)
}

// collect finds every part, in the order of the text.
func (s *source) collect() {
	for _, d := range s.tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			s.add(&part{kind: declaration, node: d})
		case *ast.GenDecl:
			s.addDecl(declaration, d, d)
		}
	}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.StructType:
			s.addFields(field, n.Fields)
		case *ast.InterfaceType:
			s.addFields(method, n.Methods)
		case *ast.CompositeLit:
			for _, e := range n.Elts {
				s.add(&part{kind: element, node: e})
			}
		case *ast.BlockStmt:
			s.addStatements(n.List, n.Rbrace)
		case *ast.CaseClause:
			s.addStatements(n.Body, token.NoPos)
		case *ast.CommClause:
			s.addStatements(n.Body, token.NoPos)
		}
		return true
	})
	slices.SortStableFunc(s.parts, func(a, b *part) int { return a.from - b.from })
}

func (s *source) add(p *part) *part {
	p.from, p.to = s.offset(p.node.Pos()), s.offset(p.node.End())
	s.parts = append(s.parts, p)
	s.starts[p.from] = append(s.starts[p.from], p)
	s.ends[p.to] = append(s.ends[p.to], p)
	return p
}

// addDecl adds the declaration d, which as a statement stands in node, and its specs.
func (s *source) addDecl(k kind, node ast.Node, d *ast.GenDecl) {
	whole := s.add(&part{kind: k, node: node})
	if !d.Lparen.IsValid() {
		if len(d.Specs) == 1 {
			whole.spec = d.Specs[0]
		}
		return
	}
	for _, sp := range d.Specs {
		whole.members = append(whole.members, s.add(&part{kind: spec, node: sp, spec: sp, group: whole}))
	}
}

func (s *source) addFields(k kind, list *ast.FieldList) {
	if list == nil {
		return
	}
	for _, f := range list.List {
		s.add(&part{kind: k, node: f})
	}
}

func (s *source) addStatements(list []ast.Stmt, end token.Pos) {
	var above *part
	for _, st := range list {
		switch st := st.(type) {
		case *ast.DeclStmt:
			s.addDecl(statement, st, st.Decl.(*ast.GenDecl))
		case *ast.CaseClause, *ast.CommClause:
			p := s.add(&part{kind: clause, node: st, limit: s.offset(end)})
			if above != nil {
				above.next = p
			}
			above = p
		default:
			p := s.add(&part{kind: statement, node: st})
			// A label belongs to its statement: who cuts the one cuts the other.
			for l, ok := st.(*ast.LabeledStmt); ok; l, ok = l.Stmt.(*ast.LabeledStmt) {
				at := s.offset(l.Stmt.Pos())
				s.starts[at] = append(s.starts[at], p)
			}
		}
	}
}
