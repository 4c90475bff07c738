package judge

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"path"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/start"
)

// rules says what a learner's files may not hold, with positions. They stop
// accidents and lazy cheats before anything is compiled. A file that does not
// parse is left to the compiler.
func rules(lab *catalog.Lab, files start.Files) []Problem {
	var problems []Problem
	for name, src := range files {
		if path.Ext(name) == ".s" {
			problems = append(problems, Problem{File: name, Message: "this lab is solved in Go: no assembly"})
			continue
		}
		fset := token.NewFileSet()
		f, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			continue
		}
		for _, im := range f.Imports {
			p, _ := strconv.Unquote(im.Path.Value)
			if why := forbidden(lab, p); why != "" {
				at := fset.Position(im.Pos())
				problems = append(problems, Problem{name, at.Line, at.Column, why})
			}
		}
		for _, group := range f.Comments {
			for _, c := range group.List {
				if why := forbiddenDirective(c); why != "" {
					at := fset.Position(c.Pos())
					problems = append(problems, Problem{name, at.Line, at.Column, why})
				}
			}
		}
	}
	slices.SortFunc(problems, func(a, b Problem) int {
		if a.File != b.File {
			return strings.Compare(a.File, b.File)
		}
		return a.Line - b.Line
	})
	return problems
}

// forbidden says why a lab's solution may not import p, or "".
func forbidden(lab *catalog.Lab, p string) string {
	self := Module + "/labs/" + lab.ID
	first, _, _ := strings.Cut(p, "/")
	isStd := !strings.Contains(first, ".")
	switch {
	case slices.Contains(lab.Imports, p), p == self, strings.HasPrefix(p, self+"/"):
		return ""
	case p == "C":
		return "this lab is solved in Go: no cgo"
	case p == Module+"/claim" || strings.HasPrefix(p, Module+"/claim/"):
		if slices.Contains(lab.Imports, "claim") {
			return ""
		}
		return "claims are for the checks: the solution may not import " + p
	case isStd && p != "unsafe" && slices.Contains(lab.Imports, "std"):
		return ""
	}
	allowed := strings.Join(lab.Imports, ", ")
	if allowed == "std" {
		allowed = "the standard library without unsafe and cgo"
	}
	return fmt.Sprintf("import of %s is not allowed here; allowed: %s", p, allowed)
}

// forbiddenDirective says why a comment is not allowed, or "".
func forbiddenDirective(c *ast.Comment) string {
	switch {
	case strings.HasPrefix(c.Text, "//go:norace"):
		return "//go:norace hides code from the race detector"
	case strings.HasPrefix(c.Text, "//go:linkname"):
		return "//go:linkname reaches into other packages"
	case strings.HasPrefix(c.Text, "//go:build") && strings.Contains(c.Text, "race"):
		return "code may not depend on whether the race detector is on"
	}
	return ""
}
