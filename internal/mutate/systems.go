package mutate

import (
	"go/ast"
	"go/token"
	"go/types"
	"regexp"
	"slices"
)

var systems = []Operator{
	{"skipsync", Systems, "acknowledge without having told the disk: no Sync, no Flush", false, skipSync},
	{"headerfirst", Systems, "write in the other order: the header before the data", false, headerFirst},
	{"shortwrite", Systems, "ignore that less was written than given", false, shortWrite},
	{"ackfirst", Systems, "acknowledge before the commit", false, ackFirst},
	{"nodedup", Systems, "do again what was done already", false, noDedup},
	{"lease", Systems, "take the last instant of a lease for the other side", false, lease},
	{"notimeout", Systems, "wait without end: no deadline, no timeout", false, noTimeout},
}

var syncs = []string{"Sync", "SyncDir", "Fsync", "Fdatasync", "Flush"}

// syncing says whether a call makes what was written last, and may fail.
func (s *site) syncing(call *ast.CallExpr) bool {
	f := s.callee(call)
	return f != nil && f.Signature().Recv() != nil && slices.Contains(syncs, f.Name()) && f.Signature().Params().Len() <= 1
}

func skipSync(s *site) {
	if call, _ := statementCall(s.node); call != nil && s.syncing(call) {
		s.add(s.quote(s.node)+" is left out", s.drop(s.node))
		return
	}
	call, ok := s.node.(*ast.CallExpr)
	if !ok || !s.syncing(call) || !isError(s.typeOf(call)) {
		return
	}
	s.add(s.quote(call)+" is left out", s.edit(call, "error(nil)"))
}

var writes = regexp.MustCompile(`^(?i:f?write|append|put(u?int|header)|encode|store|flush)`)

// does finds the last call in a simple statement, or in the header of an if, whose name matches.
func (s *site) does(n ast.Stmt, name *regexp.Regexp) *ast.CallExpr {
	switch x := n.(type) {
	case *ast.IfStmt:
		if x.Init == nil || x.Else != nil {
			return nil
		}
		return s.does(x.Init, name)
	case *ast.ExprStmt, *ast.AssignStmt:
	default:
		return nil
	}
	var found *ast.CallExpr
	ast.Inspect(n, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok {
			if f := s.callee(call); f != nil && name.MatchString(f.Name()) {
				found = call
			}
		}
		return true
	})
	return found
}

// pairs visits each two neighbouring statements of the node's list that don't need each other.
func (s *site) pairs(visit func(a, b ast.Stmt)) {
	var list []ast.Stmt
	switch n := s.node.(type) {
	case *ast.BlockStmt:
		list = n.List
	case *ast.CaseClause:
		list = n.Body
	case *ast.CommClause:
		list = n.Body
	}
	for i := 1; i < len(list); i++ {
		if !declares(list[i-1]) && !declares(list[i]) {
			visit(list[i-1], list[i])
		}
	}
}

func declares(n ast.Stmt) bool {
	switch n := n.(type) {
	case *ast.DeclStmt, *ast.LabeledStmt:
		return true
	case *ast.AssignStmt:
		return n.Tok == token.DEFINE
	}
	return false
}

// exchange is the edit that swaps two neighbouring statements.
func (s *site) exchange(a, b ast.Stmt) edit {
	return edit{pos: a.Pos(), end: b.End(), text: s.text(b) + string(s.between(a.End(), b.Pos())) + s.text(a)}
}

func headerFirst(s *site) {
	s.pairs(func(a, b ast.Stmt) {
		x, y := s.does(a, writes), s.does(b, writes)
		if x == nil || y == nil || s.text(x.Fun) != s.text(y.Fun) {
			return
		}
		s.add(s.quote(y)+" comes before "+s.quote(x), s.exchange(a, b))
	})
}

var (
	commits = regexp.MustCompile(`^(?i:f?sync|fsync|commit|flush|write|append|persist|save|store|apply)`)
	acks    = regexp.MustCompile(`^(?i:ack|reply|respond|notify|done$|signal$|broadcast$)`)
)

func ackFirst(s *site) {
	s.pairs(func(a, b ast.Stmt) {
		commit := s.does(a, commits)
		if commit == nil {
			return
		}
		ack := s.does(b, acks) != nil
		if _, sends := b.(*ast.SendStmt); sends {
			ack = true
		}
		if call, _ := statementCall(b); call != nil {
			id, ok := call.Fun.(*ast.Ident)
			ack = ack || ok && id.Name == "close" && s.builtin(id)
		}
		if ack {
			s.add(s.quote(b)+" comes before "+s.quote(commit), s.exchange(a, b))
		}
	})
}

func shortWrite(s *site) {
	x, ok := s.node.(*ast.IfStmt)
	if !ok || x.Else != nil || x.Init != nil || s.elseBranch() || !leaves(x.Body.List) {
		return
	}
	cond, ok := x.Cond.(*ast.BinaryExpr)
	if !ok || cond.Op != token.LSS && cond.Op != token.NEQ {
		return
	}
	id, ok := cond.X.(*ast.Ident)
	call, isCall := cond.Y.(*ast.CallExpr)
	if !ok || !isCall {
		return
	}
	if fun, ok := call.Fun.(*ast.Ident); ok && fun.Name == "len" && s.builtin(fun) && s.written(id) {
		s.add("nobody looks whether "+s.quote(cond), s.drop(x))
	}
}

// written says whether a variable is assigned what a call of Write or Copy returned, in
// the list of statements that the node stands in.
func (s *site) written(id *ast.Ident) bool {
	block, ok := s.parent(1).(*ast.BlockStmt)
	if !ok {
		return false
	}
	found := false
	for _, n := range block.List {
		a, ok := n.(*ast.AssignStmt)
		if !ok || len(a.Rhs) != 1 || s.does(a, regexp.MustCompile(`^(Write|Copy)`)) == nil {
			continue
		}
		to, ok := a.Lhs[0].(*ast.Ident)
		found = found || ok && s.info.ObjectOf(to) == s.info.ObjectOf(id)
	}
	return found
}

func noDedup(s *site) {
	x, ok := s.node.(*ast.IfStmt)
	if !ok || x.Else != nil || s.elseBranch() || !leaves(x.Body.List) || len(x.Body.List) > 2 {
		return
	}
	looked := ast.Unparen(x.Cond)
	if init, ok := x.Init.(*ast.AssignStmt); ok && len(init.Lhs) == 2 && len(init.Rhs) == 1 && s.text(init.Lhs[1]) == s.text(x.Cond) {
		looked = ast.Unparen(init.Rhs[0])
	} else if x.Init != nil {
		return
	}
	ix, ok := looked.(*ast.IndexExpr)
	if !ok {
		return
	}
	if _, ok := s.typeOf(ix.X).Underlying().(*types.Map); ok {
		s.add("what is in `"+short(s.text(ix.X))+"` already is done again", s.drop(x))
	}
}

func lease(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	if !ok || len(call.Args) != 1 || !s.boolean(call) || !s.calls(call, "time", "Before", "After") {
		return
	}
	recv, name := s.method(call)
	if recv == nil {
		return
	}
	other := map[string]string{"Before": "After", "After": "Before"}[name]
	e := s.edit(call, "!"+s.text(recv)+"."+other+"("+s.text(call.Args[0])+")")
	// Under a ! the two cancel out, as a person would write it.
	s.add(s.quote(call)+" holds at the very instant too", e)
}

var deadlines = []string{"SetDeadline", "SetReadDeadline", "SetWriteDeadline"}

var timeoutField = regexp.MustCompile(`Timeout$`)

func noTimeout(s *site) {
	switch x := s.node.(type) {
	case *ast.ExprStmt:
		if call, _ := statementCall(x); call != nil {
			if f := s.callee(call); f != nil && slices.Contains(deadlines, f.Name()) {
				s.add(s.quote(x)+" is left out", s.drop(x))
			}
		}
	case *ast.CallExpr:
		sel, ok := ast.Unparen(x.Fun).(*ast.SelectorExpr)
		if ok && s.calls(x, "context", "WithTimeout", "WithDeadline") && len(x.Args) == 2 {
			s.add(s.quote(x)+" never times out", edit{pos: sel.Sel.Pos(), end: x.End(), text: "WithCancel(" + s.text(x.Args[0]) + ")"})
		}
	case *ast.CommClause:
		from := receives(x)
		if from == nil {
			return
		}
		if call, ok := ast.Unparen(from).(*ast.CallExpr); ok && s.calls(call, "time", "After") || s.timer(from) {
			s.add("nothing happens at "+s.quote(from), s.clause(x))
		}
	case *ast.KeyValueExpr:
		lit, ok := s.parent(1).(*ast.CompositeLit)
		if key, isField := x.Key.(*ast.Ident); ok && isField && timeoutField.MatchString(key.Name) && named(s.typeOf(x.Value), "time", "Duration") {
			_, isStruct := s.typeOf(lit).Underlying().(*types.Struct)
			if isStruct {
				s.add(s.quote(x)+" is not set", s.edit(x.Value, "0"))
			}
		}
	}
}

// timer says whether e is the channel of a time.Timer.
func (s *site) timer(e ast.Expr) bool {
	sel, ok := ast.Unparen(e).(*ast.SelectorExpr)
	return ok && sel.Sel.Name == "C" && named(s.typeOf(sel.X), "time", "Timer")
}
