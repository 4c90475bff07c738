package mutate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

// A Family is a group of operators.
type Family string

const (
	Classic Family = "classic" // mistakes in any language: conditions, arithmetic, lost statements
	Go      Family = "go"      // mistakes with goroutines, locks, channels, errors and slices
	Systems Family = "systems" // mistakes about disks, networks and time
)

// An Operator is a kind of mistake.
type Operator struct {
	Name   string
	Family Family
	Doc    string
	Race   bool // only the race detector can notice it: not planted without
	find   func(*site)
}

// Operators are all kinds of mistake. Of two that would make the same change, the first
// in the list makes it: the more particular ones come first.
var Operators = slices.Concat(systems, concurrency, classic)

// Choose returns the operators that names select: names of operators or families, all
// for no names. unknown are the names that select nothing.
func Choose(names ...string) (chosen []Operator, unknown []string) {
	if len(names) == 0 {
		return Operators, nil
	}
	for _, name := range names {
		if !slices.ContainsFunc(Operators, func(o Operator) bool { return o.is(name) }) {
			unknown = append(unknown, name)
		}
	}
	for _, o := range Operators {
		if slices.ContainsFunc(names, o.is) {
			chosen = append(chosen, o)
		}
	}
	return chosen, unknown
}

func (o Operator) is(name string) bool { return o.Name == name || string(o.Family) == name }

// A draft is a mutant as an operator proposes it.
type draft struct {
	operator *Operator
	file     *file
	function string
	says     string
	edits    []edit
}

// A site is a node that operators look at.
type site struct {
	*Package
	file     *file
	function string
	parents  []ast.Node // outermost first
	node     ast.Node
	operator *Operator
	drafts   *[]draft
}

// drafts asks every operator about every node.
func (p *Package) drafts(operators []Operator) []draft {
	var out []draft
	for _, f := range p.files {
		if f.spared {
			continue
		}
		for _, d := range f.ast.Decls {
			s := site{Package: p, file: f, drafts: &out}
			switch d := d.(type) {
			case *ast.FuncDecl:
				if d.Body == nil || low(d.Doc) {
					continue
				}
				s.function = functionName(d)
				s.walk(d, operators)
			case *ast.GenDecl:
				if d.Tok == token.VAR {
					s.walk(d, operators)
				}
			}
		}
	}
	return out
}

// low says whether a function is compiled under rules that a guard may break.
func low(doc *ast.CommentGroup) bool {
	if doc == nil {
		return false
	}
	return slices.ContainsFunc(doc.List, func(c *ast.Comment) bool {
		return strings.HasPrefix(c.Text, "//go:nosplit") || strings.HasPrefix(c.Text, "//go:nowritebarrier") || strings.HasPrefix(c.Text, "//go:systemstack")
	})
}

func functionName(d *ast.FuncDecl) string {
	if d.Recv == nil || len(d.Recv.List) == 0 {
		return d.Name.Name
	}
	t, star := d.Recv.List[0].Type, ""
	if p, ok := t.(*ast.StarExpr); ok {
		t, star = p.X, "*"
	}
	switch x := t.(type) {
	case *ast.IndexExpr:
		t = x.X
	case *ast.IndexListExpr:
		t = x.X
	}
	id, ok := t.(*ast.Ident)
	switch {
	case !ok:
		return d.Name.Name
	case star == "":
		return id.Name + "." + d.Name.Name
	}
	return "(*" + id.Name + ")." + d.Name.Name
}

// walk visits what may change in root: no types, no constants, nothing that only words
// a message.
func (s *site) walk(root ast.Node, operators []Operator) {
	var stack []ast.Node
	ast.Inspect(root, func(n ast.Node) bool {
		if n == nil {
			stack = stack[:len(stack)-1]
			return true
		}
		if s.fixed(n, stack) {
			return false
		}
		for i := range operators {
			at := *s
			at.node, at.parents, at.operator = n, stack, &operators[i]
			operators[i].find(&at)
		}
		stack = append(stack, n)
		return true
	})
}

// fixed says whether nothing in n is worth changing.
func (s *site) fixed(n ast.Node, stack []ast.Node) bool {
	switch n := n.(type) {
	case *ast.ArrayType, *ast.StructType, *ast.InterfaceType, *ast.FuncType, *ast.MapType, *ast.ChanType, *ast.FieldList, *ast.CommentGroup:
		return true
	case *ast.GenDecl:
		return n.Tok != token.VAR
	case ast.Expr:
		if len(stack) == 0 {
			return false
		}
		call, ok := stack[len(stack)-1].(*ast.CallExpr)
		return ok && slices.Contains(call.Args, n) && s.message(call)
	}
	return false
}

// message says whether a call only words what went wrong.
func (s *site) message(call *ast.CallExpr) bool {
	if id, ok := call.Fun.(*ast.Ident); ok {
		return id.Name == "panic" && s.builtin(id)
	}
	f := s.callee(call)
	if f == nil || f.Pkg() == nil {
		return false
	}
	switch f.Pkg().Path() {
	case "errors":
		return f.Name() == "New"
	case "fmt":
		return f.Name() == "Errorf"
	case "log", "log/slog":
		return true
	}
	return false
}

// add proposes a mutant. A change that is none is not proposed.
func (s *site) add(says string, edits ...edit) {
	for _, e := range edits {
		if string(s.between(e.pos, e.end)) == e.text {
			return
		}
	}
	*s.drafts = append(*s.drafts, draft{operator: s.operator, file: s.file, function: s.function, says: says, edits: edits})
}

// put proposes to write text in the place of n.
func (s *site) put(n ast.Node, text string) {
	s.add(s.quote(n)+" becomes `"+short(text)+"`", s.edit(n, text))
}

func (s *site) edit(n ast.Node, text string) edit {
	return edit{pos: n.Pos(), end: n.End(), text: text}
}

// drop is the edit that leaves n out.
func (s *site) drop(n ast.Node) edit { return s.edit(n, "") }

// parent is the n-th node above, 1 for the one around; nil where there is none.
func (s *site) parent(n int) ast.Node {
	if n > len(s.parents) {
		return nil
	}
	return s.parents[len(s.parents)-n]
}

func (p *Package) offset(pos token.Pos) int { return p.fset.PositionFor(pos, false).Offset }

func (s *site) between(pos, end token.Pos) []byte {
	return s.file.text[s.offset(pos):s.offset(end)]
}

func (s *site) text(n ast.Node) string { return string(s.between(n.Pos(), n.End())) }

// quote is the source of n in a sentence.
func (s *site) quote(n ast.Node) string { return "`" + short(s.text(n)) + "`" }

const maxQuote = 64

// short is the first line of a text, cut.
func short(text string) string {
	first, rest, more := strings.Cut(strings.TrimSpace(text), "\n")
	first = strings.TrimSpace(first)
	if r := []rune(first); len(r) > maxQuote {
		return string(r[:maxQuote-1]) + "…"
	}
	if more && strings.TrimSpace(rest) != "" {
		return first + " …"
	}
	return first
}

func (p *Package) typeOf(e ast.Expr) types.Type {
	if t := p.info.TypeOf(e); t != nil {
		return t
	}
	return types.Typ[types.Invalid]
}

// constant says whether the compiler knows the value of e.
func (p *Package) constant(e ast.Expr) bool { return p.info.Types[e].Value != nil }

// boolean says whether e is an expression of a boolean type, and no constant.
func (p *Package) boolean(e ast.Expr) bool {
	tv, ok := p.info.Types[e]
	if !ok || tv.Value != nil || !tv.IsValue() {
		return false
	}
	b, ok := tv.Type.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsBoolean != 0
}

func (p *Package) builtin(id *ast.Ident) bool {
	_, ok := p.info.Uses[id].(*types.Builtin)
	return ok
}

// callee is the function or method that a call names, nil for any other call.
func (p *Package) callee(call *ast.CallExpr) *types.Func {
	fun := ast.Unparen(call.Fun)
	switch x := fun.(type) {
	case *ast.IndexExpr:
		fun = x.X
	case *ast.IndexListExpr:
		fun = x.X
	}
	var id *ast.Ident
	switch x := fun.(type) {
	case *ast.Ident:
		id = x
	case *ast.SelectorExpr:
		id = x.Sel
	default:
		return nil
	}
	f, _ := p.info.Uses[id].(*types.Func)
	return f
}

// calls says whether call is one of the functions of a package, or methods of its types.
func (p *Package) calls(call *ast.CallExpr, pkg string, names ...string) bool {
	f := p.callee(call)
	return f != nil && f.Pkg() != nil && f.Pkg().Path() == pkg && slices.Contains(names, f.Name())
}

// method is the receiver and the name of a method call.
func (p *Package) method(call *ast.CallExpr) (recv ast.Expr, name string) {
	sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	if !ok {
		return nil, ""
	}
	if s := p.info.Selections[sel]; s == nil || s.Kind() != types.MethodVal {
		return nil, ""
	}
	return sel.X, sel.Sel.Name
}

// statementCall is the call that a statement consists of, with or without defer.
func statementCall(n ast.Node) (call *ast.CallExpr, deferred bool) {
	switch n := n.(type) {
	case *ast.ExprStmt:
		call, _ = ast.Unparen(n.X).(*ast.CallExpr)
	case *ast.DeferStmt:
		return n.Call, true
	}
	return call, false
}

// named says whether t, or what it points to, is the named type.
func named(t types.Type, pkg, name string) bool {
	if p, ok := t.Underlying().(*types.Pointer); ok {
		t = p.Elem()
	}
	n, ok := types.Unalias(t).(*types.Named)
	return ok && n.Obj().Name() == name && n.Obj().Pkg() != nil && n.Obj().Pkg().Path() == pkg
}

func isError(t types.Type) bool { return types.Identical(t, types.Universe.Lookup("error").Type()) }

// pure says whether evaluating e once more changes nothing.
func pure(e ast.Expr) bool {
	ok := true
	ast.Inspect(e, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.CallExpr, *ast.FuncLit, *ast.CompositeLit:
			ok = false
		case *ast.UnaryExpr:
			ok = ok && n.Op != token.ARROW
		}
		return ok
	})
	return ok
}

// leaves says whether control never gets past the end of a list of statements.
func leaves(list []ast.Stmt) bool {
	if len(list) == 0 {
		return false
	}
	if b, ok := list[len(list)-1].(*ast.BranchStmt); ok {
		return b.Tok != token.FALLTHROUGH
	}
	return terminating(list[len(list)-1], "")
}
