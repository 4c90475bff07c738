package mutate

import (
	"fmt"
	"go/ast"
	"go/token"
	"go/types"
	"strconv"
)

var classic = []Operator{
	{"negate", Classic, "turn a condition into its opposite", false, negate},
	{"boundary", Classic, "include or exclude the boundary of a comparison", false, boundary},
	{"logic", Classic, "and for or, or for and", false, logic},
	{"arithmetic", Classic, "another arithmetic operator", false, arithmetic},
	{"constant", Classic, "a number one larger or one smaller, true for false", false, constant},
	{"zero", Classic, "return the zero value in place of a result", false, zero},
	{"swap", Classic, "swap two neighbouring arguments of the same type", false, swap},
	{"branch", Classic, "leave out a break or a continue", false, branch},
	{"drop", Classic, "leave out a statement", false, drop},
}

var opposite = map[token.Token]string{
	token.EQL: "!=", token.NEQ: "==", token.LSS: ">=", token.GEQ: "<", token.GTR: "<=", token.LEQ: ">",
}

// operator replaces the operator of a binary expression.
func (s *site) operatorText(x *ast.BinaryExpr, op string) string {
	after := x.OpPos + token.Pos(len(x.Op.String()))
	return string(s.between(x.Pos(), x.OpPos)) + op + string(s.between(after, x.End()))
}

func negate(s *site) {
	e, ok := s.node.(ast.Expr)
	if !ok || !s.boolean(e) {
		return
	}
	switch x := e.(type) {
	case *ast.BinaryExpr:
		if op := opposite[x.Op]; op != "" {
			s.put(x, s.operatorText(x, op))
		}
	case *ast.UnaryExpr:
		if x.Op == token.NOT {
			s.put(x, s.text(x.X))
		}
	case *ast.Ident, *ast.SelectorExpr, *ast.CallExpr, *ast.IndexExpr:
		// The operand of ! is changed with it; a field is not its own condition.
		if s.condition(e) {
			s.put(x, "!"+s.text(x))
		}
	}
}

// condition says whether e stands where only its truth matters, and not under a !.
func (s *site) condition(e ast.Expr) bool {
	switch p := s.parent(1).(type) {
	case *ast.IfStmt:
		return p.Cond == e
	case *ast.ForStmt:
		return p.Cond == e
	case *ast.BinaryExpr:
		return p.Op == token.LAND || p.Op == token.LOR
	}
	return false
}

func boundary(s *site) {
	x, ok := s.node.(*ast.BinaryExpr)
	if !ok || !s.boolean(x) {
		return
	}
	others := map[token.Token]string{token.LSS: "<=", token.LEQ: "<", token.GTR: ">=", token.GEQ: ">"}
	if op := others[x.Op]; op != "" {
		s.put(x, s.operatorText(x, op))
	}
}

func logic(s *site) {
	x, ok := s.node.(*ast.BinaryExpr)
	if !ok || !s.boolean(x) {
		return
	}
	others := map[token.Token]string{token.LAND: "||", token.LOR: "&&"}
	if op := others[x.Op]; op != "" {
		// && binds tighter: what was an operand of || must not fall apart.
		text := s.operatorText(x, op)
		if p, ok := s.parent(1).(*ast.BinaryExpr); ok && (p.Op == token.LAND || p.Op == token.LOR) {
			text = "(" + text + ")"
		}
		s.put(x, text)
	}
}

var otherArithmetic = map[token.Token]string{
	token.ADD: "-", token.SUB: "+", token.MUL: "/", token.QUO: "*", token.REM: "*",
	token.AND: "|", token.OR: "&", token.XOR: "&", token.SHL: ">>", token.SHR: "<<", token.AND_NOT: "&",
	token.ADD_ASSIGN: "-=", token.SUB_ASSIGN: "+=", token.MUL_ASSIGN: "/=", token.QUO_ASSIGN: "*=", token.REM_ASSIGN: "*=",
	token.AND_ASSIGN: "|=", token.OR_ASSIGN: "&=", token.XOR_ASSIGN: "&=", token.SHL_ASSIGN: ">>=", token.SHR_ASSIGN: "<<=", token.AND_NOT_ASSIGN: "&=",
	token.INC: "--", token.DEC: "++",
}

// numeric says whether all values of t are numbers.
func numeric(t types.Type) bool {
	if p, ok := t.(*types.TypeParam); ok {
		c, ok := p.Constraint().Underlying().(*types.Interface)
		if !ok || c.NumEmbeddeds() != 1 {
			return false
		}
		u, ok := c.EmbeddedType(0).(*types.Union)
		if !ok {
			return false
		}
		for term := range u.Terms() {
			if !numeric(term.Type()) {
				return false
			}
		}
		return true
	}
	b, ok := t.Underlying().(*types.Basic)
	return ok && b.Info()&types.IsNumeric != 0
}

func arithmetic(s *site) {
	var at token.Pos
	var op token.Token
	var of ast.Expr
	switch x := s.node.(type) {
	case *ast.BinaryExpr:
		at, op, of = x.OpPos, x.Op, x
	case *ast.AssignStmt:
		at, op, of = x.TokPos, x.Tok, x.Lhs[0]
	case *ast.IncDecStmt:
		at, op, of = x.TokPos, x.Tok, x.X
	}
	other := otherArithmetic[op]
	if other == "" || !numeric(s.typeOf(of)) || s.constant(of) {
		return
	}
	end := at + token.Pos(len(op.String()))
	changed := string(s.between(s.node.Pos(), at)) + other + string(s.between(end, s.node.End()))
	s.add(s.quote(s.node)+" becomes `"+short(changed)+"`", edit{pos: at, end: end, text: other})
}

func constant(s *site) {
	switch x := s.node.(type) {
	case *ast.BasicLit:
		n, err := strconv.ParseUint(x.Value, 0, 63)
		if x.Kind != token.INT || err != nil || s.capacity(x) || s.besideError(x) || named(s.typeOf(x), "io/fs", "FileMode") {
			return
		}
		s.number(x, n, 1)
		// An unsigned zero has nothing below it, and x[-1] doesn't compile.
		if n > 0 {
			s.number(x, n, -1)
		}
	case *ast.Ident:
		obj := s.info.Uses[x]
		if obj == nil || obj.Parent() != types.Universe || s.besideError(x) {
			return
		}
		switch x.Name {
		case "true":
			s.put(x, "false")
		case "false":
			s.put(x, "true")
		}
	}
}

// besideError says whether e is returned beside an error: nobody looks at it then.
func (s *site) besideError(e ast.Expr) bool {
	ret, ok := s.parent(1).(*ast.ReturnStmt)
	if !ok {
		return false
	}
	last := ret.Results[len(ret.Results)-1]
	return last != e && types.Implements(s.typeOf(last), types.Universe.Lookup("error").Type().Underlying().(*types.Interface))
}

// number changes a number by a little, and says what is around it.
func (s *site) number(x *ast.BasicLit, n uint64, by int) {
	format := "%d"
	switch x.Value[:min(2, len(x.Value))] {
	case "0x", "0X":
		format = "%#x"
	case "0o", "0O":
		format = "%O"
	case "0b", "0B":
		format = "%#b"
	}
	text := fmt.Sprintf(format, n+uint64(by))
	var around ast.Node = x
	switch p := s.parent(1).(type) {
	case *ast.BinaryExpr:
		// x < n+1 is x <= n, which boundary makes already.
		if twin, ok := map[token.Token]int{token.LSS: 1, token.GEQ: 1, token.LEQ: -1, token.GTR: -1}[p.Op]; ok && p.Y == x && twin == by {
			return
		}
		around = p
	case *ast.IndexExpr, *ast.SliceExpr, *ast.AssignStmt, *ast.CallExpr, *ast.ReturnStmt, *ast.IncDecStmt, *ast.KeyValueExpr:
		around = p
	}
	changed := string(s.between(around.Pos(), x.Pos())) + text + string(s.between(x.End(), around.End()))
	s.add(s.quote(around)+" becomes `"+short(changed)+"`", s.edit(x, text))
}

// capacity says whether a number is only a hint to make: how much room to have.
func (s *site) capacity(x *ast.BasicLit) bool {
	call, ok := s.parent(1).(*ast.CallExpr)
	if !ok {
		return false
	}
	id, ok := call.Fun.(*ast.Ident)
	if !ok || id.Name != "make" || !s.builtin(id) {
		return false
	}
	_, isMap := s.typeOf(call.Args[0]).Underlying().(*types.Map)
	return len(call.Args) == 3 && call.Args[2] == x || isMap
}

func zero(s *site) {
	x, ok := s.node.(*ast.ReturnStmt)
	if !ok {
		return
	}
	results := s.results()
	if results == nil || results.Len() != len(x.Results) {
		return
	}
	for i, e := range x.Results {
		t := results.At(i).Type()
		if z := s.zeroOf(e, t); z != "" && z != s.text(e) && !s.isZero(e) {
			says := s.quote(x) + " returns `" + z + "` for " + s.quote(e)
			if isError(t) {
				says = s.quote(x) + " returns no error"
			}
			s.add(says, s.edit(e, z))
		}
	}
}

// results are the types that the function around the node returns.
func (s *site) results() *types.Tuple {
	for n := 1; s.parent(n) != nil; n++ {
		var t types.Type
		switch fn := s.parent(n).(type) {
		case *ast.FuncLit:
			t = s.typeOf(fn)
		case *ast.FuncDecl:
			t = s.info.Defs[fn.Name].Type()
		default:
			continue
		}
		if sig, ok := t.(*types.Signature); ok {
			return sig.Results()
		}
	}
	return nil
}

// isZero says whether e is written as a zero value.
func (s *site) isZero(e ast.Expr) bool {
	if id, ok := ast.Unparen(e).(*ast.Ident); ok && (id.Name == "nil" || id.Name == "zero") {
		return true
	}
	if lit, ok := ast.Unparen(e).(*ast.CompositeLit); ok {
		return len(lit.Elts) == 0
	}
	tv := s.info.Types[e]
	return tv.Value != nil && (tv.Value.ExactString() == "0" || tv.Value.ExactString() == `""` || tv.Value.ExactString() == "false")
}

// zeroOf writes the zero value of type t, which e is used as; "" where that takes a name
// that may not be in scope.
func (s *site) zeroOf(e ast.Expr, t types.Type) string {
	if lit, ok := ast.Unparen(e).(*ast.CompositeLit); ok && lit.Type != nil {
		switch t.Underlying().(type) {
		case *types.Struct, *types.Array:
			return s.text(lit.Type) + "{}"
		}
	}
	if _, isParam := t.(*types.TypeParam); isParam {
		return ""
	}
	switch t := t.Underlying().(type) {
	case *types.Basic:
		switch {
		case t.Info()&types.IsBoolean != 0:
			return "false"
		case t.Info()&types.IsNumeric != 0:
			return "0"
		case t.Info()&types.IsString != 0:
			return `""`
		case t.Kind() == types.UnsafePointer:
			return "nil"
		}
	case *types.Pointer, *types.Slice, *types.Map, *types.Chan, *types.Signature, *types.Interface:
		return "nil"
	}
	return ""
}

func swap(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	if !ok || call.Ellipsis.IsValid() || s.info.Types[call.Fun].IsType() {
		return
	}
	for i := 1; i < len(call.Args); i++ {
		a, b := call.Args[i-1], call.Args[i]
		if s.text(a) == s.text(b) || !types.Identical(s.typeOf(a), s.typeOf(b)) || s.constant(a) && s.constant(b) {
			continue
		}
		if id, ok := call.Fun.(*ast.Ident); ok && (id.Name == "min" || id.Name == "max") && s.builtin(id) {
			continue // the order doesn't matter
		}
		changed := s.text(b) + string(s.between(a.End(), b.Pos())) + s.text(a)
		s.add("the arguments "+s.quote(a)+" and "+s.quote(b)+" of `"+short(s.text(call.Fun))+"` are swapped",
			edit{pos: a.Pos(), end: b.End(), text: changed})
	}
}

func branch(s *site) {
	if x, ok := s.node.(*ast.BranchStmt); ok && (x.Tok == token.BREAK || x.Tok == token.CONTINUE) {
		s.add(s.quote(x)+" is left out", s.drop(x))
	}
}

func drop(s *site) {
	if s.header() {
		return
	}
	switch x := s.node.(type) {
	case *ast.ExprStmt:
		if call, _ := statementCall(x); call != nil && !s.silent(call) {
			s.add(s.quote(x)+" is not called", s.drop(x))
		}
	case *ast.AssignStmt:
		if x.Tok == token.DEFINE || blank(x.Lhs) && len(x.Lhs) == 1 && pure(x.Rhs[0]) {
			return
		}
		s.add(s.quote(x)+" is left out", s.drop(x))
	case *ast.IncDecStmt, *ast.SendStmt:
		s.add(s.quote(x)+" is left out", s.drop(x))
	}
}

// header says whether the node stands in the header of a statement, where its absence
// doesn't compile or hangs trivially.
func (s *site) header() bool {
	switch p := s.parent(1).(type) {
	case *ast.BlockStmt, *ast.CaseClause, *ast.LabeledStmt:
		return false
	case *ast.CommClause:
		return p.Comm == s.node
	}
	return true
}

// silent says whether leaving out a call is of no interest: what it prints or logs is
// not what the package is for.
func (s *site) silent(call *ast.CallExpr) bool {
	f := s.callee(call)
	if f == nil || f.Pkg() == nil {
		return false
	}
	return f.Pkg().Path() == "log" || f.Pkg().Path() == "log/slog"
}

func blank(list []ast.Expr) bool {
	for _, e := range list {
		if id, ok := e.(*ast.Ident); !ok || id.Name != "_" {
			return false
		}
	}
	return true
}
