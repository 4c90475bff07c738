package catalog

import (
	"bytes"
	"errors"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"regexp"
	"strings"
)

// BudgetFile is the file whose checks measure: it begins with //go:build !race, and
// they run alone.
const BudgetFile = "bench_test.go"

// programImport is what checks import that judge a program: without it, a program in
// the lab's directory is there for the learner alone, and no verdict waits for it.
const programImport = `"github.com/hone-go/hone/claim/program"`

var checkName = regexp.MustCompile(`^Test([A-Z][A-Za-z0-9]*)_[A-Z0-9][A-Za-z0-9_]*$`)

// checks finds the test functions of the lab and gives each to its stage.
func (r *reader) checks() {
	files, err := fs.Glob(r.lab.FS, "*_test.go")
	if err != nil {
		r.wrong("", 0, "%v", err)
	}
	for _, file := range files {
		src, err := fs.ReadFile(r.lab.FS, file)
		if err != nil {
			r.wrong(file, 0, "%v", err)
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, src, parser.ParseComments|parser.SkipObjectResolution)
		var list scanner.ErrorList
		if errors.As(err, &list) {
			r.wrong(file, list[0].Pos.Line, "%s", list[0].Msg)
			continue
		}
		if want := r.lab.Name + "_test"; f.Name.Name != want {
			r.wrong(file, fset.Position(f.Name.Pos()).Line, "checks are in package %s, so that they see what any user of the package sees", want)
		}
		if file == BudgetFile && !bytes.HasPrefix(src, []byte("//go:build !race\n")) {
			r.wrong(file, 1, "budgets mean nothing under the race detector: the file begins with //go:build !race")
		}
		for _, im := range f.Imports {
			if im.Path.Value == programImport {
				r.lab.Program = true // if there is one
			}
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok && fn.Recv == nil && isTest(fn) {
				r.check(file, fset.Position(fn.Pos()).Line, fn)
			}
		}
	}
	for _, s := range r.lab.Stages {
		if len(s.Checks) == 0 {
			r.wrong("lab.md", 0, "stage %s has no check Test%s_…", s.ID, title(s.ID))
		}
	}
}

// isTest says whether go test would run fn, or let it run the others.
func isTest(fn *ast.FuncDecl) bool {
	name, ok := strings.CutPrefix(fn.Name.Name, "Test")
	return ok && (name == "" || name[0] < 'a' || name[0] > 'z')
}

func (r *reader) check(file string, line int, fn *ast.FuncDecl) {
	m := checkName.FindStringSubmatch(fn.Name.Name)
	if m == nil {
		r.wrong(file, line, "%s is not named Test<Stage>_<Promise>", fn.Name.Name)
		return
	}
	i := r.lab.Stage(strings.ToLower(m[1]))
	if i < 0 {
		r.wrong(file, line, "%s belongs to stage %q, which the front matter lacks", fn.Name.Name, strings.ToLower(m[1]))
		return
	}
	doc := strings.Join(strings.Fields(fn.Doc.Text()), " ")
	if doc == "" {
		r.wrong(file, line, "%s has no doc comment: say what it promises", fn.Name.Name)
	}
	stage := &r.lab.Stages[i]
	stage.Checks = append(stage.Checks, Check{
		Name: fn.Name.Name, File: file, Line: line, Doc: doc, Plain: file == BudgetFile,
	})
}

func title(id string) string {
	if id == "" {
		return ""
	}
	return strings.ToUpper(id[:1]) + id[1:]
}
