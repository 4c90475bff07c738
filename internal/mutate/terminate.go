package mutate

import (
	"go/ast"
	"go/token"
)

// terminating says whether a statement is terminating, as the specification defines it
// (https://go.dev/ref/spec#Terminating_statements). label is the label it bears.
func terminating(s ast.Stmt, label string) bool {
	switch s := s.(type) {
	case *ast.ReturnStmt:
		return true
	case *ast.BranchStmt:
		return s.Tok == token.GOTO
	case *ast.ExprStmt:
		call, ok := ast.Unparen(s.X).(*ast.CallExpr)
		if !ok {
			return false
		}
		id, ok := call.Fun.(*ast.Ident)
		return ok && id.Name == "panic"
	case *ast.BlockStmt:
		return terminatingList(s.List)
	case *ast.IfStmt:
		return s.Else != nil && terminating(s.Body, "") && terminating(s.Else, "")
	case *ast.ForStmt:
		return s.Cond == nil && !breaks(s.Body, label)
	case *ast.LabeledStmt:
		return terminating(s.Stmt, s.Label.Name)
	case *ast.SwitchStmt:
		return terminatingClauses(s.Body, label, true)
	case *ast.TypeSwitchStmt:
		return terminatingClauses(s.Body, label, true)
	case *ast.SelectStmt:
		return terminatingClauses(s.Body, label, false)
	}
	return false
}

func terminatingList(list []ast.Stmt) bool {
	for len(list) > 0 {
		last := list[len(list)-1]
		if _, empty := last.(*ast.EmptyStmt); !empty {
			return terminating(last, "")
		}
		list = list[:len(list)-1]
	}
	return false
}

// terminatingClauses decides for the body of a switch, which needs a default, and of a
// select, which doesn't.
func terminatingClauses(body *ast.BlockStmt, label string, needDefault bool) bool {
	hasDefault := false
	for _, c := range body.List {
		var list []ast.Stmt
		switch c := c.(type) {
		case *ast.CaseClause:
			list = c.Body
			hasDefault = hasDefault || c.List == nil
		case *ast.CommClause:
			list = c.Body
		}
		through := false
		if n := len(list); n > 0 {
			b, ok := list[n-1].(*ast.BranchStmt)
			through = ok && b.Tok == token.FALLTHROUGH
		}
		if !through && !terminatingList(list) || breaksList(list, label) {
			return false
		}
	}
	return hasDefault || !needDefault
}

func breaksList(list []ast.Stmt, label string) bool {
	for _, s := range list {
		if breaks(s, label) {
			return true
		}
	}
	return false
}

// breaks says whether a break in s refers to the statement around it, which has a label
// or "".
func breaks(s ast.Node, label string) bool {
	found, depth := false, []ast.Node(nil)
	inner := 0 // statements between that an unlabelled break would refer to
	ast.Inspect(s, func(n ast.Node) bool {
		if n == nil {
			if takesBreak(depth[len(depth)-1]) {
				inner--
			}
			depth = depth[:len(depth)-1]
			return true
		}
		if _, ok := n.(*ast.FuncLit); ok {
			return false
		}
		if b, ok := n.(*ast.BranchStmt); ok && b.Tok == token.BREAK {
			found = found || b.Label == nil && inner == 0 || b.Label != nil && b.Label.Name == label
		}
		depth = append(depth, n)
		if takesBreak(n) {
			inner++
		}
		return true
	})
	return found
}

func takesBreak(n ast.Node) bool {
	switch n.(type) {
	case *ast.ForStmt, *ast.RangeStmt, *ast.SwitchStmt, *ast.TypeSwitchStmt, *ast.SelectStmt:
		return true
	}
	return false
}
