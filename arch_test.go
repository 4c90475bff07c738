package hone

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"slices"
	"strings"
	"testing"
)

const module = "github.com/hone-go/hone"

// layers is the architecture. A package may import packages on lines above its
// own; packages on one line do not know each other. A line for what does not
// exist yet keeps its place.
//
// Do not edit this list to make a build pass; move the code.
const layers = `
	.
	lens internal/gotool internal/sandbox internal/term
	lens/*
	claim
	claim/fault claim/linear claim/program
	labs/*
	internal/catalog internal/mutate
	internal/start
	internal/judge
	internal/chart internal/diagnose internal/look internal/store internal/report internal/vet
	internal/gate
	internal/live
	cmd/*
`

// stdOnly are the packages that people import into their own programs, and the
// labs, whose checks must build offline from what is embedded.
var stdOnly = []string{".", "claim", "claim/fault", "claim/program", "lens", "labs/*"}

// importers fences every third-party module in: the one package that imports it.
// Test files may use those of the test block of go.mod anywhere.
var importers = map[string]string{
	"charm.land/bubbletea/v2":           "internal/live",
	"charm.land/glamour/v2":             "internal/term",
	"github.com/anishathalye/porcupine": "claim/linear",
	"github.com/charmbracelet/x/ansi":   "internal/term",
	"github.com/fsnotify/fsnotify":      "internal/live",
	"github.com/pelletier/go-toml/v2":   "internal/catalog",
	"github.com/pressly/goose/v3":       "internal/store",
	"github.com/rogpeppe/go-internal":   "internal/report",
	"github.com/spf13/cobra":            "cmd/hone",
	"golang.org/x/sys":                  "internal/sandbox",
	"golang.org/x/term":                 "internal/term",
	"golang.org/x/tools":                "internal/start",
	"modernc.org/sqlite":                "internal/store",
}

// banned are names that say nothing.
var banned = []string{"util", "utils", "common", "helper", "helpers", "misc", "base", "shared", "types", "models", "interfaces", "pkg", "manager", "impl"}

const (
	maxFunction   = 70   // lines
	maxFile       = 1000 // lines
	maxParameters = 5
)

// excused functions are longer or take more, with the reason. Only specimens of labs come in.
var excused = map[string]string{
	"labs/compiler/escape/leak.go:Spread": "shows how many parameters a summary has room for",
}

func TestArchitecture(t *testing.T) {
	documented := map[string]bool{}
	walk(t, func(file string) {
		pkg := path.Dir(file)
		src, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(src), "\n"); n > maxFile {
			t.Errorf("%s: %d lines, over %d", file, n, maxFile)
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, file, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			t.Fatal(err)
		}
		test := strings.HasSuffix(file, "_test.go")
		if !test {
			documented[pkg] = documented[pkg] || f.Doc != nil
			for _, im := range f.Imports {
				checkImport(t, file, pkg, strings.Trim(im.Path.Value, `"`))
			}
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				checkFunction(t, fset, fn, test)
			}
		}
	})
	for pkg, ok := range documented {
		if !ok {
			t.Errorf("package %s has no doc comment", pkg)
		}
	}
}

// walk calls visit for every Go file of this module that is not test data.
func walk(t *testing.T, visit func(file string)) {
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if !d.IsDir() {
			if path.Ext(file) == ".go" {
				visit(file)
			}
			return nil
		}
		if name := d.Name(); name != "." {
			if _, err := os.Stat(path.Join(file, "go.mod")); err == nil || name == "testdata" || name[0] == '.' || name == "node_modules" {
				return fs.SkipDir
			}
			// Tracks of labs are named after what they are about, types among it.
			if slices.Contains(banned, name) && !strings.HasPrefix(file, "labs/") {
				t.Errorf("%s: a name that says nothing", file)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// layerOf is the line of layers on which a package stands, or -1.
func layerOf(pkg string) int {
	for i, l := range strings.Split(strings.TrimSpace(layers), "\n") {
		if match(strings.Fields(l), pkg) {
			return i
		}
	}
	return -1
}

func match(patterns []string, pkg string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool {
		return p == pkg || strings.HasSuffix(p, "/*") && strings.HasPrefix(pkg, p[:len(p)-1])
	})
}

func checkImport(t *testing.T, file, pkg, to string) {
	level := layerOf(pkg)
	if level < 0 {
		t.Errorf("%s: package %s has no layer", file, pkg)
		return
	}
	if rel, ours := strings.CutPrefix(to, module); ours {
		rel = strings.TrimPrefix(rel, "/")
		if rel == "" {
			rel = "."
		}
		// A lab's program and its other solutions belong to the lab.
		within := strings.HasPrefix(pkg, "labs/") && strings.HasPrefix(pkg, rel)
		if layerOf(rel) >= level && !within {
			t.Errorf("%s: %s may not import %s", file, pkg, rel)
		}
		return
	}
	if first, _, _ := strings.Cut(to, "/"); !strings.Contains(first, ".") {
		return
	}
	if match(stdOnly, pkg) {
		t.Errorf("%s: %s may import only the standard library, not %s", file, pkg, to)
	}
	for mod, only := range importers {
		if to == mod || strings.HasPrefix(to, mod+"/") {
			if pkg != only {
				t.Errorf("%s: only %s imports %s", file, only, mod)
			}
			return
		}
	}
	t.Errorf("%s: %s is not in the list of importers", file, to)
}

func checkFunction(t *testing.T, fset *token.FileSet, fn *ast.FuncDecl, test bool) {
	at := fset.Position(fn.Pos())
	if fn.Recv != nil && strings.HasPrefix(fn.Name.Name, "Get") && len(fn.Name.Name) > 3 && fn.Type.Params.NumFields() == 0 {
		t.Errorf("%v: %s: drop the Get", at, fn.Name.Name)
	}
	if fn.Recv == nil && fn.Name.Name == "init" {
		t.Errorf("%v: no init functions", at)
	}
	_, ok := excused[at.Filename+":"+fn.Name.Name]
	if n := fn.Type.Params.NumFields(); n > maxParameters && !ok {
		t.Errorf("%v: %s has %d parameters, over %d: make it a struct", at, fn.Name.Name, n, maxParameters)
	}
	lines := fset.Position(fn.End()).Line - at.Line + 1
	if lines > maxFunction && !ok && !test {
		t.Errorf("%v: %s is %d lines long, over %d", at, fn.Name.Name, lines, maxFunction)
	}
}
