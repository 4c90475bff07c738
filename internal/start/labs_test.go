package start_test

import (
	"bytes"
	"errors"
	"fmt"
	"go/ast"
	"go/build"
	"go/format"
	"go/importer"
	"go/parser"
	"go/scanner"
	"go/token"
	"go/types"
	"io"
	"maps"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/start"
)

// TestLabs_Hold checks what must be true of every derivation, on every lab there is.
func TestLabs_Hold(t *testing.T) {
	im := newImporter()
	found := 0
	for _, file := range glob(t, "../../labs/*/*/lab.md") {
		dir := filepath.Dir(file)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		ref := start.Files{}
		for _, f := range glob(t, dir+"/*.go") {
			if !strings.HasSuffix(f, "_test.go") {
				if ref[filepath.Base(f)], err = os.ReadFile(f); err != nil {
					t.Fatal(err)
				}
			}
		}
		if len(ref) == 0 {
			continue
		}
		found++
		t.Run(strings.TrimPrefix(filepath.ToSlash(dir), "../../labs/"), func(t *testing.T) {
			hold(t, im, ref, stageIDs(string(text)), true)
			for _, diff := range glob(t, dir+"/mutants/*.diff") {
				content, err := os.ReadFile(diff)
				if err != nil {
					t.Fatal(err)
				}
				reversible(t, filepath.Base(diff), ref, content)
			}
		})
	}
	if found == 0 {
		t.Skip("no lab has a reference")
	}
}

// TestText_Hold checks the same on the awkward syntax of testdata, as far as it derives.
func TestText_Hold(t *testing.T) {
	im := newImporter()
	for _, path := range archives(t) {
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		a := readArchive(content)
		if _, err := start.Derive(a.ref, a.stages, 0, start.Panic); err != nil || len(a.stages) == 0 {
			continue
		}
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {

			leaky := slices.ContainsFunc(a.commands, func(c string) bool { return strings.HasPrefix(c, "leaks") })
			hold(t, im, a.ref, a.stages, !leaky)
		})
	}
}

func glob(t *testing.T, pattern string) []string {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		t.Fatal(err)
	}
	return paths
}

var stageID = regexp.MustCompile(`(?m)^\[\[stage\]\]\s*\nid\s*=\s*"([a-z0-9]+)"`)

// stageIDs reads the stages of a lab.md, in their order.
func stageIDs(text string) []string {
	var ids []string
	for _, m := range stageID.FindAllStringSubmatch(text, -1) {
		ids = append(ids, m[1])
	}
	return ids
}

// hold checks every derivation of ref: parsed, formatted, type-checked, the same twice,
// and nothing leaked where the author says so.
func hold(t *testing.T, im types.ImporterFrom, ref start.Files, stages []string, tight bool) {
	before := maps.Clone(ref)
	for solved := range len(stages) + 1 {
		for _, stub := range []start.Stub{start.Panic, start.Zero} {
			where := fmt.Sprintf("%d of %d solved, stub %d", solved, len(stages), stub)
			got, err := start.Derive(ref, stages, solved, stub)
			if err != nil {
				t.Errorf("%s: %v", where, err)
				continue
			}
			again, err := start.Derive(ref, stages, solved, stub)
			if err != nil || !equal(got, again) {
				t.Errorf("%s: not the same twice", where)
			}
			check(t, im, where, got)
			if finds := start.Leaks(ref, got, stages, solved); tight && len(finds) > 0 {
				t.Errorf("%s: leaks:\n%s", where, strings.Join(finds, "\n"))
			}
			if solved == len(stages) {
				for name, content := range ref {
					if want := plain(t, name, content); !bytes.Equal(got[name], want) {
						t.Errorf("%s: %s is not the reference without directives: want\n%s\ngot\n%s", where, name, want, got[name])
					}
				}
			}
		}
	}
	for _, body := range []string{"select {}", "for {}", "time.Sleep(1)"} {
		got, err := start.Null(ref, stages, body)
		if err != nil {
			t.Errorf("null %s: %v", body, err)
			continue
		}
		check(t, im, "null "+body, got)
	}
	if !equal(ref, before) {
		t.Error("the reference was written to")
	}
}

func equal(a, b start.Files) bool {
	return maps.EqualFunc(a, b, func(x, y []byte) bool { return bytes.Equal(x, y) })
}

// check checks that files are formatted and that each directory of them is a package.
func check(t *testing.T, im types.ImporterFrom, where string, files start.Files) {
	fset := token.NewFileSet()
	packages := map[string][]*ast.File{}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		if path.Ext(name) != ".go" {
			continue
		}
		f, err := parser.ParseFile(fset, name, files[name], parser.SkipObjectResolution|parser.ParseComments)
		if err != nil {
			t.Errorf("%s: %v", where, err)
			return
		}
		if formatted, err := format.Source(files[name]); err != nil || !bytes.Equal(formatted, files[name]) {
			t.Errorf("%s: %s is not formatted (%v):\n%s", where, name, err, files[name])
		}
		if ok, err := matches(name, files[name]); err != nil || !ok {
			continue
		}
		packages[path.Dir(name)] = append(packages[path.Dir(name)], f)
	}
	for _, dir := range slices.Sorted(maps.Keys(packages)) {
		var errs []error
		conf := types.Config{Importer: im, FakeImportC: true, Error: func(err error) { errs = append(errs, err) }}
		if _, err := conf.Check(dir, fset, packages[dir], nil); err != nil {
			t.Errorf("%s: %v", where, errors.Join(errs...))
		}
	}
}

// matches reports whether a file is built here: its name and its //go:build line.
func matches(name string, content []byte) (bool, error) {
	ctxt := build.Default
	ctxt.CgoEnabled = true
	ctxt.OpenFile = func(string) (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(content)), nil }
	return ctxt.MatchFile(".", path.Base(name))
}

// plain is content without directives, made in another way than the package makes it:
// token by token and line by line.
func plain(t *testing.T, name string, content []byte) []byte {
	if path.Ext(name) != ".go" {
		return content
	}
	text := strings.ReplaceAll(string(content), "\r\n", "\n")
	var sc scanner.Scanner
	file := token.NewFileSet().AddFile(name, -1, len(text))
	sc.Init(file, []byte(text), nil, scanner.ScanComments)
	blanked := []byte(text) // directives become NUL bytes
	for {
		pos, tok, lit := sc.Scan()
		if tok == token.EOF {
			break
		}
		if tok == token.COMMENT && strings.HasPrefix(lit, "//hone:") {
			for i := range lit {
				blanked[file.Offset(pos)+i] = 0
			}
		}
	}
	var lines []string
	all := strings.Split(string(blanked), "\n")
	for i, line := range all {
		bare := strings.TrimRight(line, "\x00")
		switch {
		case bare == line:
			lines = append(lines, line)
		case strings.TrimSpace(bare) != "":
			lines = append(lines, strings.TrimRight(bare, " \t"))
		default:
			// A directive that ends a comment takes the empty comment lines above it along.
			if i+1 == len(all) || !strings.HasPrefix(strings.TrimLeft(all[i+1], " \t"), "/") && !strings.Contains(all[i+1], "\x00") {
				for n := len(lines); n > 0 && strings.TrimSpace(lines[n-1]) == "//"; n-- {
					lines = lines[:n-1]
				}
			}
		}
	}
	formatted := []byte(strings.Join(lines, "\n"))
	for range 3 { // gofmt is not idempotent on the strangest of files
		var err error
		if formatted, err = format.Source(formatted); err != nil {
			t.Fatal(err)
		}
	}
	return formatted
}

const module = "github.com/hone-go/hone/"

// anImporter reads the standard library's export data, and this module's packages from source.
type anImporter struct {
	std     types.ImporterFrom
	sources map[string]*types.Package
}

func newImporter() *anImporter {
	return &anImporter{importer.Default().(types.ImporterFrom), map[string]*types.Package{}}
}

func (im *anImporter) Import(p string) (*types.Package, error) { return im.ImportFrom(p, ".", 0) }

func (im *anImporter) ImportFrom(p, dir string, mode types.ImportMode) (*types.Package, error) {
	rel, ok := strings.CutPrefix(p, module)
	if !ok {
		return im.std.ImportFrom(p, dir, mode)
	}
	if pkg := im.sources[p]; pkg != nil {
		return pkg, nil
	}
	info, err := build.Default.ImportDir(filepath.Join("..", "..", filepath.FromSlash(rel)), 0)
	if err != nil {
		return nil, err
	}
	fset := token.NewFileSet()
	var files []*ast.File
	for _, name := range info.GoFiles {
		f, err := parser.ParseFile(fset, filepath.Join(info.Dir, name), nil, parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	conf := types.Config{Importer: im, IgnoreFuncBodies: true}
	im.sources[p], err = conf.Check(p, fset, files, nil)
	return im.sources[p], err
}
