package start

import (
	"fmt"
	"go/ast"
	"strings"
)

// A filling says what stands where a body was cut.
type filling struct {
	stub Stub
	lead string // statements before the zero returns
}

// edits replaces the body of fn, a function of stage id.
func (f filling) edits(s *source, fn *ast.FuncDecl, id string) []edit {
	body := edit{from: s.offset(fn.Body.Lbrace), to: s.trail(s.offset(fn.Body.Rbrace) + 1), cut: true}
	if f.stub == Panic {
		body.with = fmt.Sprintf("{\n\tpanic(%q)\n}", fmt.Sprintf("stage %s: write %s", id, title(fn)))
		return []edit{body}
	}
	returns, names := s.zero(fn)
	lines := strings.TrimRight(strings.TrimSpace(f.lead)+"\n"+returns, "\n")
	body.with = "{\n" + strings.TrimLeft(lines+"\n", "\n") + "}"
	return append(names, body)
}

// title is the name of fn as the runtime would print it: New, Cache.Len, (*Cache).Get.
func title(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	format := "%s.%s"
	typ := fn.Recv.List[0].Type
	for {
		switch t := typ.(type) {
		case *ast.ParenExpr:
			typ = t.X
		case *ast.StarExpr:
			typ, format = t.X, "(*%s).%s"
		case *ast.IndexExpr:
			typ = t.X
		case *ast.IndexListExpr:
			typ = t.X
		case *ast.Ident:
			return fmt.Sprintf(format, t.Name, fn.Name.Name)
		default:
			return fn.Name.Name
		}
	}
}

// zero is the statements that return the zero values of fn's results. The signature
// stays as it is, but for one case: in func f(url *url.URL) url.URL the body can't name
// the result's type, so the result gets a name instead, by the edits returned.
func (s *source) zero(fn *ast.FuncDecl) (string, []edit) {
	results := fn.Type.Results
	if results == nil || len(results.List) == 0 {
		return "", nil
	}
	if len(results.List[0].Names) > 0 {
		return "return", nil
	}
	taken := map[string]bool{} // by parameters
	for _, list := range []*ast.FieldList{fn.Recv, fn.Type.Params} {
		if list == nil {
			continue
		}
		for _, f := range list.List {
			for _, n := range f.Names {
				taken[n.Name] = true
			}
		}
	}
	hidden, needed := false, map[string]bool{}
	text := s.text[s.offset(results.Pos()):s.offset(results.End())]
	ast.Inspect(results, func(n ast.Node) bool {
		if id, ok := n.(*ast.Ident); ok {
			hidden = hidden || taken[id.Name]
			needed[id.Name] = true
		}
		return true
	})
	if hidden || strings.Contains(text, "//") {
		return "return", s.nameResults(results)
	}
	var b strings.Builder
	var names []string
	for i, r := range results.List {
		name := fmt.Sprintf("z%d", i)
		for taken[name] || needed[name] {
			name += "_"
		}
		names = append(names, name)
		fmt.Fprintf(&b, "\tvar %s %s\n", name, s.text[s.offset(r.Type.Pos()):s.offset(r.Type.End())])
	}
	return b.String() + "\treturn " + strings.Join(names, ", "), nil
}

func (s *source) nameResults(results *ast.FieldList) []edit {
	var edits []edit
	for _, r := range results.List {
		at := s.offset(r.Type.Pos())
		edits = append(edits, edit{from: at, to: at, with: "_ "})
	}
	if !results.Opening.IsValid() {
		at := s.offset(results.List[0].Type.End())
		edits[0].with = "(_ "
		edits = append(edits, edit{from: at, to: at, with: ")"})
	}
	return edits
}
