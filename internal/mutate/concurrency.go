package mutate

import (
	"go/ast"
	"go/token"
	"go/types"
	"slices"
	"strings"
)

var concurrency = []Operator{
	{"lockpair", Go, "take no lock: leave out Lock and Unlock of a function", false, lockPair},
	{"rlock", Go, "take a lock for reading where it is for writing", false, readLock},
	{"signal", Go, "wake one waiter instead of all", false, signalOne},
	{"dropsignal", Go, "wake nobody", false, dropSignal},
	{"dropclose", Go, "never close a channel", false, dropClose},
	{"dropcancel", Go, "never cancel a context", false, dropCancel},
	{"dropdefer", Go, "leave out a defer", false, dropDefer},
	{"waitloop", Go, "test a condition once before Wait, not until it holds", false, waitLoop},
	{"dropdone", Go, "don't watch whether the context is done", false, dropDone},
	{"dropdefault", Go, "block in a select instead of taking its default", false, dropDefault},
	{"unbuffer", Go, "another capacity of a channel: none for some, one for none", false, unbuffer},
	{"nogo", Go, "call a function in place of starting a goroutine", false, noGo},
	{"splitatomic", Go, "load and store instead of one atomic change", false, splitAtomic},
	{"plain", Go, "plain access instead of an atomic one", true, plainAccess},
	{"splitcas", Go, "compare, then swap, not both at once", false, splitCAS},
	{"droperr", Go, "ignore an error", false, dropError},
	{"shortread", Go, "Read where ReadFull is needed", false, shortRead},
	{"alias", Go, "share memory in place of copying it", false, alias},
	{"dropclear", Go, "keep what should be forgotten: no clear, no delete", false, dropClear},
	{"endian", Go, "the other byte order", false, endian},
	{"keeppooled", Go, "give an object back to its pool while it is still used", false, keepPooled},
	{"timeunit", Go, "another unit of time", false, timeUnit},
}

// bodyOf is the body of a function, for operators that look at functions as a whole.
func (s *site) bodyOf() *ast.BlockStmt {
	switch n := s.node.(type) {
	case *ast.FuncDecl:
		return n.Body
	case *ast.FuncLit:
		return n.Body
	}
	return nil
}

// inside visits the nodes of a function, but not of the functions in it.
func inside(body *ast.BlockStmt, visit func(ast.Node)) {
	ast.Inspect(body, func(n ast.Node) bool {
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if n != nil {
			visit(n)
		}
		return true
	})
}

// A mutex is a lock that a function takes, by the text of the expression it is.
type mutex struct {
	name   string
	recv   ast.Expr
	locks  []ast.Stmt // calls of Lock, or of RLock
	pair   []ast.Stmt // these and the calls that undo them
	reads  bool
	method []*ast.Ident
}

// mutexes finds the locks that a function takes and gives back, in order.
func (s *site) mutexes(body *ast.BlockStmt) []*mutex {
	var all []*mutex
	inside(body, func(n ast.Node) {
		call, _ := statementCall(n)
		if call == nil {
			return
		}
		recv, name := s.method(call)
		base := strings.TrimPrefix(name, "R")
		if recv == nil || len(call.Args) > 0 || base != "Lock" && base != "Unlock" {
			return
		}
		reads := name != base
		i := slices.IndexFunc(all, func(m *mutex) bool { return m.name == s.text(recv) && m.reads == reads })
		if i < 0 {
			i = len(all)
			all = append(all, &mutex{name: s.text(recv), recv: recv, reads: reads})
		}
		m := all[i]
		m.pair = append(m.pair, n.(ast.Stmt))
		m.method = append(m.method, ast.Unparen(call.Fun).(*ast.SelectorExpr).Sel)
		if base == "Lock" {
			m.locks = append(m.locks, n.(ast.Stmt))
		}
	})
	return slices.DeleteFunc(all, func(m *mutex) bool { return len(m.locks) == 0 || len(m.pair) == len(m.locks) })
}

func lockPair(s *site) {
	body := s.bodyOf()
	if body == nil {
		return
	}
	for _, m := range s.mutexes(body) {
		var edits []edit
		for _, n := range m.pair {
			edits = append(edits, s.drop(n))
		}
		s.add(s.who()+" does not lock `"+m.name+"`", edits...)
	}
}

// who names the function in a sentence.
func (s *site) who() string {
	if s.function == "" {
		return "a function"
	}
	return s.function
}

func readLock(s *site) {
	body := s.bodyOf()
	if body == nil {
		return
	}
	for _, m := range s.mutexes(body) {
		if m.reads || !hasMethod(s.typeOf(m.recv), "RLock") {
			continue
		}
		var edits []edit
		for _, id := range m.method {
			edits = append(edits, s.edit(id, "R"+id.Name))
		}
		s.add(s.who()+" locks `"+m.name+"` for reading only", edits...)
	}
}

func hasMethod(t types.Type, name string) bool {
	obj, _, _ := types.LookupFieldOrMethod(t, true, nil, name)
	_, ok := obj.(*types.Func)
	return ok
}

func signalOne(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	if !ok || !s.calls(call, "sync", "Broadcast") {
		return
	}
	sel := ast.Unparen(call.Fun).(*ast.SelectorExpr)
	s.add(s.quote(call)+" wakes one waiter, not all", s.edit(sel.Sel, "Signal"))
}

func dropSignal(s *site) {
	if call, _ := statementCall(s.node); call != nil && s.calls(call, "sync", "Signal", "Broadcast") {
		s.add(s.quote(s.node)+" wakes nobody", s.drop(s.node))
	}
}

func dropClose(s *site) {
	call, _ := statementCall(s.node)
	if call == nil {
		return
	}
	if id, ok := call.Fun.(*ast.Ident); ok && id.Name == "close" && s.builtin(id) {
		s.add("`"+short(s.text(call.Args[0]))+"` is never closed in "+s.who(), s.drop(s.node))
	}
}

func dropCancel(s *site) {
	call, _ := statementCall(s.node)
	if call == nil || !named(s.typeOf(call.Fun), "context", "CancelFunc") && !named(s.typeOf(call.Fun), "context", "CancelCauseFunc") {
		return
	}
	s.add(s.quote(call)+" is not called", s.drop(s.node))
}

func dropDefer(s *site) {
	if d, ok := s.node.(*ast.DeferStmt); ok {
		s.add(s.quote(d)+" is left out", s.drop(d))
	}
}

func waitLoop(s *site) {
	loop, ok := s.node.(*ast.ForStmt)
	if !ok || loop.Init != nil || loop.Post != nil || loop.Cond == nil || breaks(loop.Body, "") {
		return
	}
	waits := false
	inside(loop.Body, func(n ast.Node) {
		switch n := n.(type) {
		case *ast.CallExpr:
			waits = waits || s.calls(n, "sync", "Wait")
		case *ast.BranchStmt:
			ok = ok && n.Tok != token.CONTINUE
		}
	})
	if waits && ok {
		s.add("`"+short(s.text(loop.Cond))+"` is tested once, not again after Wait", edit{pos: loop.For, end: loop.For + 3, text: "if"})
	}
}

// receives is what a clause of a select receives from, nil where it sends or is the default.
func receives(c *ast.CommClause) ast.Expr {
	var e ast.Expr
	switch x := c.Comm.(type) {
	case *ast.ExprStmt:
		e = x.X
	case *ast.AssignStmt:
		e = x.Rhs[0]
	}
	if u, ok := ast.Unparen(e).(*ast.UnaryExpr); ok && u.Op == token.ARROW {
		return u.X
	}
	return nil
}

func dropDone(s *site) {
	c, ok := s.node.(*ast.CommClause)
	if !ok || receives(c) == nil {
		return
	}
	call, ok := ast.Unparen(receives(c)).(*ast.CallExpr)
	if !ok {
		return
	}
	if _, name := s.method(call); name == "Done" {
		s.add("nobody watches "+s.quote(receives(c)), s.clause(c))
	}
}

// clause is the edit that leaves out a clause.
func (s *site) clause(c *ast.CommClause) edit { return edit{pos: c.Pos(), end: c.End()} }

func dropDefault(s *site) {
	if c, ok := s.node.(*ast.CommClause); ok && c.Comm == nil {
		s.add("the select in "+s.who()+" blocks, where it took its default", s.clause(c))
	}
}

func unbuffer(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	id, ok := call.Fun.(*ast.Ident)
	if !ok || id.Name != "make" || !s.builtin(id) {
		return
	}
	if _, ok := s.typeOf(call.Args[0]).Underlying().(*types.Chan); !ok {
		return
	}
	if len(call.Args) == 1 {
		s.add(s.quote(call)+" has room for one", edit{pos: call.Rparen, end: call.Rparen, text: ", 1"})
		return
	}
	s.add(s.quote(call)+" has no buffer", edit{pos: call.Args[0].End(), end: call.Args[1].End()})
}

func noGo(s *site) {
	if g, ok := s.node.(*ast.GoStmt); ok {
		s.add(s.quote(g)+" starts no goroutine", edit{pos: g.Go, end: g.Call.Pos()})
	}
}

// splitAtomic makes of x.Add(d) a load and a store. Between the two the compiled
// mutant lets another goroutine run: a schedule that is allowed, but that a test would
// have to wait for.
func splitAtomic(s *site) {
	call, deferred := statementCall(s.node)
	if call == nil || deferred || !s.calls(call, "sync/atomic", "Add") {
		return
	}
	recv, _ := s.method(call)
	if recv == nil || !pure(recv) || !pure(call.Args[0]) {
		return
	}
	x, d := s.text(recv), s.text(call.Args[0])
	e := s.edit(s.node, x+".Store("+x+".Load() + "+d+")")
	e.live = "{ hone_old := " + x + ".Load(); hone_yield(); " + x + ".Store(hone_old + " + d + ") }"
	s.add("another goroutine may come between the load and the store of "+s.quote(call), e)
}

// plainAccess replaces the functions of sync/atomic; its types can't be read otherwise.
func plainAccess(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	f := s.calleeIn(call, ok, "sync/atomic")
	if f == nil || f.Signature().Recv() != nil || len(call.Args) == 0 {
		return
	}
	target := "*" + s.text(call.Args[0])
	if u, ok := ast.Unparen(call.Args[0]).(*ast.UnaryExpr); ok && u.Op == token.AND {
		target = s.text(u.X)
	}
	says := s.quote(call) + " is not atomic"
	stmt, isStmt := s.parent(1).(*ast.ExprStmt)
	switch name := f.Name(); {
	case strings.HasPrefix(name, "Load"):
		s.add(says, s.edit(call, target))
	case strings.HasPrefix(name, "Store") && isStmt:
		s.add(says, s.edit(stmt, target+" = "+s.text(call.Args[1])))
	case strings.HasPrefix(name, "Add") && isStmt:
		s.add(says, s.edit(stmt, target+" += "+s.text(call.Args[1])))
	}
}

func (s *site) calleeIn(call *ast.CallExpr, ok bool, pkg string) *types.Func {
	if !ok {
		return nil
	}
	if f := s.callee(call); f != nil && f.Pkg() != nil && f.Pkg().Path() == pkg {
		return f
	}
	return nil
}

func splitCAS(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	f := s.calleeIn(call, ok, "sync/atomic")
	if f == nil || !strings.HasPrefix(f.Name(), "CompareAndSwap") || !s.boolean(call) || slices.ContainsFunc(call.Args, func(e ast.Expr) bool { return !pure(e) }) {
		return
	}
	var load, store, old string
	if recv, _ := s.method(call); recv != nil {
		if !pure(recv) || len(call.Args) != 2 {
			return
		}
		x := s.text(recv)
		load, old, store = x+".Load()", s.text(call.Args[0]), x+".Store("+s.text(call.Args[1])+")"
	} else if sel, ok := ast.Unparen(call.Fun).(*ast.SelectorExpr); ok && len(call.Args) == 3 {
		pkg, kind, p := s.text(sel.X), strings.TrimPrefix(f.Name(), "CompareAndSwap"), s.text(call.Args[0])
		load, old, store = pkg+".Load"+kind+"("+p+")", s.text(call.Args[1]), pkg+".Store"+kind+"("+p+", "+s.text(call.Args[2])+")"
	} else {
		return
	}
	e := s.edit(call, "func() bool { if "+load+" != "+old+" { return false }; "+store+"; return true }()")
	e.live = strings.Replace(e.text, "; "+store, "; hone_yield(); "+store, 1)
	e.boolean = true
	s.add("another goroutine may come between the comparison and the swap of "+s.quote(call), e)
}

func dropError(s *site) {
	x, ok := s.node.(*ast.IfStmt)
	if !ok || x.Else != nil || x.Init != nil || !leaves(x.Body.List) || s.elseBranch() {
		return
	}
	cond, ok := x.Cond.(*ast.BinaryExpr)
	if !ok || cond.Op != token.NEQ || !isError(s.typeOf(cond.X)) || s.text(cond.Y) != "nil" {
		return
	}
	s.add("the error in "+s.quote(cond)+" is ignored", s.drop(x))
}

// elseBranch says whether the statement is what follows an else.
func (s *site) elseBranch() bool {
	_, ok := s.parent(1).(*ast.IfStmt)
	return ok
}

func shortRead(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	if !ok || !s.calls(call, "io", "ReadFull") || len(call.Args) != 2 {
		return
	}
	r := s.text(call.Args[0])
	if u, ok := call.Args[0].(*ast.UnaryExpr); ok && u.Op == token.AND {
		r = s.text(u.X)
	}
	s.put(call, r+".Read("+s.text(call.Args[1])+")")
}

func alias(s *site) {
	call, ok := s.node.(*ast.CallExpr)
	if !ok {
		return
	}
	if len(call.Args) == 1 && (s.calls(call, "slices", "Clone") || s.calls(call, "bytes", "Clone") || s.calls(call, "maps", "Clone")) {
		s.add(s.quote(call)+" is no copy", s.edit(call, s.text(call.Args[0])))
		return
	}
	id, ok := call.Fun.(*ast.Ident)
	if !ok || id.Name != "append" || !s.builtin(id) || len(call.Args) != 2 || !call.Ellipsis.IsValid() {
		return
	}
	// append([]T(nil), x...) and append([]T{}, x...) copy x.
	fresh := false
	switch x := call.Args[0].(type) {
	case *ast.CallExpr:
		fresh = s.info.Types[x.Fun].IsType() && len(x.Args) == 1 && s.text(x.Args[0]) == "nil"
	case *ast.CompositeLit:
		fresh = len(x.Elts) == 0
	}
	if fresh && types.Identical(s.typeOf(call.Args[0]), s.typeOf(call.Args[1])) {
		s.add(s.quote(call)+" is no copy", s.edit(call, s.text(call.Args[1])))
	}
}

func dropClear(s *site) {
	if s.header() {
		return
	}
	switch x := s.node.(type) {
	case *ast.ExprStmt:
		call, _ := statementCall(x)
		if call == nil {
			return
		}
		if id, ok := call.Fun.(*ast.Ident); ok && (id.Name == "clear" || id.Name == "delete") && s.builtin(id) {
			s.add(s.quote(x)+" is left out: what was there stays", s.drop(x))
		}
	case *ast.AssignStmt:
		if x.Tok != token.ASSIGN || len(x.Lhs) != 1 || !s.isZero(x.Rhs[0]) || numeric(s.typeOf(x.Lhs[0])) {
			return
		}
		switch ast.Unparen(x.Lhs[0]).(type) {
		case *ast.IndexExpr, *ast.SelectorExpr, *ast.StarExpr:
			s.add(s.quote(x)+" is left out: what was there stays", s.drop(x))
		}
	}
}

func endian(s *site) {
	x, ok := s.node.(*ast.SelectorExpr)
	if !ok {
		return
	}
	v, ok := s.info.Uses[x.Sel].(*types.Var)
	if !ok || v.Pkg() == nil || v.Pkg().Path() != "encoding/binary" {
		return
	}
	others := map[string]string{"BigEndian": "LittleEndian", "LittleEndian": "BigEndian"}
	if other := others[v.Name()]; other != "" {
		around := s.node
		if p, ok := s.parent(2).(*ast.CallExpr); ok {
			around = p
		}
		s.add(s.quote(around)+" is "+strings.ToLower(strings.TrimSuffix(other, "Endian"))+" endian", s.edit(x.Sel, other))
	}
}

func keepPooled(s *site) {
	call, deferred := statementCall(s.node)
	if call != nil && deferred && s.calls(call, "sync", "Put") {
		d := s.node.(*ast.DeferStmt)
		s.add(s.quote(call)+" is done before the object's last use", edit{pos: d.Defer, end: d.Call.Pos()})
	}
}

func timeUnit(s *site) {
	x, ok := s.node.(*ast.SelectorExpr)
	if !ok {
		return
	}
	c, ok := s.info.Uses[x.Sel].(*types.Const)
	if !ok || c.Pkg() == nil || c.Pkg().Path() != "time" {
		return
	}
	others := map[string]string{
		"Nanosecond": "Microsecond", "Microsecond": "Millisecond", "Millisecond": "Second",
		"Second": "Millisecond", "Minute": "Second", "Hour": "Minute",
	}
	if other := others[c.Name()]; other != "" {
		around := ast.Node(x)
		if p, ok := s.parent(1).(*ast.BinaryExpr); ok {
			around = p
		}
		s.add(s.quote(around)+" is counted in `"+other+"`", s.edit(x.Sel, other))
	}
}
