package compile

import (
	"cmp"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"runtime"
	"slices"
	"strings"
)

const (
	hostOS   = runtime.GOOS
	hostArch = runtime.GOARCH
)

// levelOf says for which architecture a setting chooses the level, "" for none.
func levelOf(setting string) string {
	switch setting {
	case "GOAMD64", "GOARM", "GOARM64", "GOMIPS", "GOMIPS64", "GORISCV64", "GOWASM", "GO386":
		return strings.ToLower(strings.TrimPrefix(setting, "GO"))
	case "GOPPC64":
		return "ppc64le"
	}
	return ""
}

// maxNear is how many names are suggested.
const maxNear = 5

// missing says that there is no such function, and what there is instead.
func (r *request) missing(p *plan, names []Name) error {
	e := &MissingError{Package: p.Package, Function: question(r, p)}
	var known []string
	for _, n := range names {
		if g := genericOf(n.Name); g != "" {
			known = append(known, g)
		} else {
			known = append(known, n.Name)
		}
		e.NoCode = e.NoCode || n.NoBody && n.Name == e.Function
	}
	declared := r.declared(p)
	for _, name := range declared {
		e.NoCode = e.NoCode || plain(name) == plain(e.Function)
	}
	e.Near = near(e.Function, append(known, declared...))
	return e
}

// declared are the functions in the source, as the compiler names them: it says
// nothing of a generic function that has no instance.
func (r *request) declared(p *plan) []string {
	var out []string
	for _, file := range p.Files {
		text, err := os.ReadFile(file)
		if err != nil || !isText(text) {
			continue
		}
		f, _ := parser.ParseFile(token.NewFileSet(), file, text, parser.SkipObjectResolution)
		if f == nil {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				out = append(out, DeclaredName(fn))
			}
		}
	}
	return out
}

// DeclaredName is the name that a function of the source has in a [Report]: "F", "T.M",
// "(*T).M". Type parameters are no part of it.
func DeclaredName(fn *ast.FuncDecl) string {
	if fn.Recv == nil || len(fn.Recv.List) == 0 {
		return fn.Name.Name
	}
	t := fn.Recv.List[0].Type
	star, pointer := t.(*ast.StarExpr)
	if pointer {
		t = star.X
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
		return fn.Name.Name
	case pointer:
		return "(*" + id.Name + ")." + fn.Name.Name
	}
	return id.Name + "." + fn.Name.Name
}

// plain is a name without what people leave out: type arguments, pointers, case.
func plain(name string) string {
	if g := genericOf(name); g != "" {
		name = g
	}
	return strings.ToLower(strings.NewReplacer("(*", "", ")", "").Replace(name))
}

// near are the names most like one, best first.
func near(name string, names []string) []string {
	type scored struct {
		name string
		at   int
	}
	want := plain(name)
	seen := map[string]bool{}
	var found []scored
	for _, n := range names {
		if seen[n] {
			continue
		}
		seen[n] = true
		have := plain(n)
		at := distance(want, have)
		_, method, _ := strings.Cut(have, ".")
		if method != "" && !strings.Contains(want, ".") {
			at = min(at, distance(want, method)) // a method's type is often left out
		}
		switch {
		case len(want) > 2 && strings.Contains(have, want):
			at = min(at, 1)
		}
		if at <= max(2, len(want)/3) {
			found = append(found, scored{n, at})
		}
	}
	slices.SortFunc(found, func(a, b scored) int { return cmp.Or(cmp.Compare(a.at, b.at), cmp.Compare(a.name, b.name)) })
	var out []string
	for _, f := range found[:min(maxNear, len(found))] {
		out = append(out, f.name)
	}
	return out
}

// distance is how many bytes must be changed, put in or left out.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := diagonal
			if a[i] != b[j] {
				change++
			}
			diagonal = row[j+1]
			row[j+1] = min(change, row[j]+1, row[j+1]+1)
		}
	}
	return row[len(b)]
}
