package vet

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// A directive is one claim as it stands in the source.
type directive struct {
	at       lens.Position
	function string   // that it stands at; "" for none
	typ      string   // or the type
	line     int      // in the body of the function, the line that it is about; else 0
	words    []string // the claim and its arguments
	text     string   // the same as written
	wrong    string   // what is wrong with it before it is looked at
}

const prefix = "//hone:claim"

// almost matches comments that look like a directive and are none: nobody would notice.
var almost = regexp.MustCompile(`^(//\s+hone:\s*claim|//hone:\s+claim|/\*\s*hone:claim)\b`)

// read finds the directives of a package, those of files that are not compiled included:
// these are only counted.
func read(p listed) ([]directive, []Unread, error) {
	var found []directive
	for _, name := range append(p.GoFiles, p.CgoFiles...) {
		d, err := readFile(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, nil, err
		}
		found = append(found, d...)
	}
	for _, name := range append(p.TestGoFiles, p.XTestGoFiles...) {
		d, err := readFile(filepath.Join(p.Dir, name))
		if err != nil {
			return nil, nil, err
		}
		for i := range d {
			d[i].wrong = "it stands in a test file, which is no part of the package. Claim it in a test: claim.Compiler"
		}
		found = append(found, d...)
	}
	var unread []Unread
	for _, name := range p.IgnoredGoFiles {
		file := filepath.Join(p.Dir, name)
		d, err := readFile(file)
		if err != nil {
			continue // what is not compiled need not be Go
		}
		if len(d) > 0 {
			unread = append(unread, Unread{File: file, Claims: len(d)})
		}
	}
	return found, unread, nil
}

// readFile finds the directives of one file. One that does not parse has those that were
// read until then: the compiler says what is wrong with it.
func readFile(file string) ([]directive, error) {
	src, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read the claims of %s: %w", file, err)
	}
	if !bytes.Contains(src, []byte("hone")) {
		return nil, nil
	}
	return directives(file, src), nil
}

// directives finds the directives in the text of a file.
func directives(file string, src []byte) []directive {
	fset := token.NewFileSet()
	tree, _ := parser.ParseFile(fset, file, src, parser.ParseComments|parser.SkipObjectResolution)
	if tree == nil {
		return nil
	}
	lines := bytes.Split(src, []byte("\n"))
	var out []directive
	for _, group := range tree.Comments {
		for _, c := range group.List {
			if !strings.HasPrefix(c.Text, prefix) && !almost.MatchString(c.Text) {
				continue
			}
			p := fset.PositionFor(c.Pos(), false)
			d := directive{at: lens.Position{File: file, Line: p.Line, Column: p.Column}}
			d.parse(c.Text)
			d.place(fset, tree, group)
			if d.function != "" && group != docOf(tree, group) {
				d.line = about(lines, p)
			}
			if d.wrong == "" && d.function == "" && d.typ == "" {
				d.wrong = "it stands at no function and no type. Put it into the comment of one, or on a line of a function's body"
			}
			out = append(out, d)
		}
	}
	return out
}

// parse reads the words of a directive.
func (d *directive) parse(comment string) {
	rest, ok := strings.CutPrefix(comment, prefix)
	d.text = strings.TrimSpace(rest)
	if !ok || rest != "" && rest[0] != ' ' && rest[0] != '\t' {
		d.text = comment
		d.wrong = "a directive is written " + prefix + " and then, after a blank, what is claimed"
		return
	}
	rest = d.text
	for rest = strings.TrimSpace(rest); rest != "" && !strings.HasPrefix(rest, "//"); rest = strings.TrimSpace(rest) {
		if quoted, err := strconv.QuotedPrefix(rest); err == nil {
			word, _ := strconv.Unquote(quoted)
			d.words = append(d.words, word)
			rest = rest[len(quoted):]
			continue
		}
		word := rest
		if i := strings.IndexAny(rest, " \t"); i >= 0 {
			word = rest[:i]
		}
		d.words = append(d.words, word)
		rest = rest[len(word):]
	}
	if text, _, ok := strings.Cut(d.text, " //"); ok {
		d.text = strings.TrimSpace(text)
	}
	if len(d.words) == 0 {
		d.wrong = "it claims nothing. There are " + names()
	}
}

// place finds what a directive stands at.
func (d *directive) place(fset *token.FileSet, tree *ast.File, group *ast.CommentGroup) {
	for _, decl := range tree.Decls {
		switch decl := decl.(type) {
		case *ast.FuncDecl:
			first, last := fset.PositionFor(decl.Type.Func, false).Line, fset.PositionFor(decl.End(), false).Line
			if decl.Doc == group || first <= d.at.Line && d.at.Line <= last {
				d.function = compile.DeclaredName(decl)
				return
			}
		case *ast.GenDecl:
			for _, spec := range decl.Specs {
				spec, ok := spec.(*ast.TypeSpec)
				if ok && (spec.Doc == group || spec.Comment == group || decl.Doc == group && len(decl.Specs) == 1) {
					d.typ = spec.Name.Name
					if spec.TypeParams != nil {
						d.wrong = "a generic type has no layout: claim it of an instance, in a test"
					}
					return
				}
			}
		}
	}
}

// docOf returns the group if it is the comment of a declaration.
func docOf(tree *ast.File, group *ast.CommentGroup) *ast.CommentGroup {
	for _, decl := range tree.Decls {
		if fn, ok := decl.(*ast.FuncDecl); ok && fn.Doc == group {
			return group
		}
	}
	return nil
}

// about is the line that a directive in a body is about: its own if there is code on it,
// else the next that has any.
func about(lines [][]byte, p token.Position) int {
	if len(bytes.TrimSpace(lines[p.Line-1][:p.Column-1])) > 0 {
		return p.Line
	}
	for n := p.Line; n < len(lines); n++ {
		if text := bytes.TrimSpace(lines[n]); len(text) > 0 && !bytes.HasPrefix(text, []byte("//")) {
			return n + 1
		}
	}
	return p.Line
}
