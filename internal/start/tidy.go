package start

import (
	"go/ast"
	"go/token"
	"maps"
	"path"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// tidy makes the edits that let a file compile again after cuts: imports that only cut
// code used go, and labels that only cut code jumped to. ref is the file before the
// cuts: what it doesn't use itself is not ours to judge.
func (s *source) tidy(ref *source) ([]edit, error) {
	edits, err := s.excise(s.idle(ref))
	return append(edits, s.labels()...), err
}

// idle is the imports that ref uses and s doesn't.
func (s *source) idle(ref *source) []*part {
	was, is := ref.selected(), s.selected()
	var idle []*part
	for _, p := range s.parts {
		im, ok := p.spec.(*ast.ImportSpec)
		if !ok {
			continue
		}
		used, needed := false, false
		for _, name := range importNames(im) {
			used = used || was[name]
			needed = needed || is[name]
		}
		if used && !needed {
			idle = append(idle, p)
		}
	}
	return idle
}

// selected is the names that stand before a dot and that no declaration of this file
// explains: packages, and what other files of the package declare.
func (s *source) selected() map[string]bool {
	free := map[*ast.Ident]bool{}
	for _, id := range s.tree.Unresolved {
		free[id] = true
	}
	names := map[string]bool{}
	ast.Inspect(s.tree, func(n ast.Node) bool {
		if sel, ok := n.(*ast.SelectorExpr); ok {
			if id, ok := sel.X.(*ast.Ident); ok && free[id] {
				names[id.Name] = true
			}
		}
		return true
	})
	return names
}

// supply makes the edits that import what statements that stand in a stub now select
// from: packages of a single word such as os and time.
func (s *source) supply(statements string) []edit {
	f, err := parse(s.name, []byte("package p\n\nfunc _() {\n"+statements+"\n}\n"))
	if err != nil {
		return nil // cannot be: they stand in s, which parsed
	}
	known := map[string]bool{}
	for _, im := range s.tree.Imports {
		for _, n := range importNames(im) {
			known[n] = true
		}
	}
	at := s.trail(s.offset(s.tree.Name.End()))
	var edits []edit
	for _, n := range slices.Sorted(maps.Keys(f.selected())) {
		if !known[n] {
			edits = append(edits, edit{from: at, to: at, with: "\n\nimport " + strconv.Quote(n)})
		}
	}
	return edits
}

var major = regexp.MustCompile(`^v[0-9]+$`)

// importNames is the names that im may have in its file. Without a name of its own only
// the package itself says what it is called; these are the customs for its path.
func importNames(im *ast.ImportSpec) []string {
	if im.Name != nil {
		if im.Name.Name == "_" || im.Name.Name == "." {
			return nil
		}
		return []string{im.Name.Name}
	}
	full, err := strconv.Unquote(im.Path.Value)
	if err != nil || full == "C" {
		return nil
	}
	base := path.Base(full)
	if major.MatchString(base) && path.Dir(full) != "." {
		base = path.Base(path.Dir(full)) // math/rand/v2
	}
	names := []string{base}
	if stem, _, ok := strings.Cut(base, ".v"); ok {
		names = append(names, stem) // gopkg.in/yaml.v3
	}
	if stem := strings.TrimSuffix(strings.TrimPrefix(base, "go-"), "-go"); stem != base {
		names = append(names, stem)
	}
	return names
}

// labels makes the edits that remove labels which nothing jumps to: the compiler
// refuses them, so there was a jump, and it was cut.
func (s *source) labels() []edit {
	var edits []edit
	ast.Inspect(s.tree, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				edits = append(edits, s.unused(n.Body)...)
			}
		case *ast.FuncLit:
			edits = append(edits, s.unused(n.Body)...)
		}
		return true
	})
	return edits
}

// unused makes the edits for the labels of one function body, without those of the
// closures in it: a label is known in its own function only.
func (s *source) unused(body *ast.BlockStmt) []edit {
	var labels []*ast.LabeledStmt
	targets := map[string]bool{}
	ast.Inspect(body, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.FuncLit:
			return false
		case *ast.LabeledStmt:
			labels = append(labels, n)
		case *ast.BranchStmt:
			if n.Label != nil {
				targets[n.Label.Name] = true
			}
		}
		return true
	})
	var edits []edit
	for _, l := range labels {
		if !targets[l.Label.Name] {
			e := edit{from: s.offset(l.Pos()), to: s.trail(s.offset(l.Colon) + len(token.COLON.String()))}
			edits = append(edits, s.widen(e))
		}
	}
	return edits
}
