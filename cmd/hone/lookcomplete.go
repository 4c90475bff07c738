package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/look"
	"github.com/hone-go/hone/lens/compile"
)

// completeLook completes a package and, behind a dot, its functions.
func (a *app) completeLook(cmd *cobra.Command, args []string, typed string) ([]string, cobra.ShellCompDirective) {
	const quiet = cobra.ShellCompDirectiveNoFileComp
	if len(args) > 0 {
		return nil, quiet
	}
	dir, err := os.Getwd()
	if err != nil {
		return nil, quiet
	}
	ctx := cmd.Context()
	tool, err := gotool.FindIn(ctx, dir, "")
	if err != nil {
		return nil, quiet
	}
	for _, t := range look.Targets(typed, func(string) bool { return false }) {
		if t.Function == "" && !strings.HasSuffix(typed, ".") {
			continue
		}
		if names := functionsOf(cmd, tool, dir, t.Package); len(names) > 0 {
			prefix := strings.TrimSuffix(typed, t.Function)
			var out []string
			for _, n := range names {
				if !strings.Contains(t.Function, "(") { // (*T).M needs quotes, T.M does not
					n = strings.NewReplacer("(*", "", ")", "").Replace(n)
				}
				out = append(out, prefix+n)
			}
			return out, quiet
		}
	}
	var out []string
	pattern := "std"
	if strings.HasPrefix(typed, ".") {
		pattern = "./..."
	}
	listed, err := tool.List(ctx, gotool.Build{Dir: dir, Package: pattern, Own: true}, "-find", "-f={{.ImportPath}}\t{{.Dir}}")
	if err != nil {
		return nil, cobra.ShellCompDirectiveDefault
	}
	for line := range strings.Lines(string(listed)) {
		path, at, _ := strings.Cut(strings.TrimSpace(line), "\t")
		if rel, err := filepath.Rel(dir, at); pattern != "std" && err == nil {
			if path = rel; rel != "." {
				path = "." + string(filepath.Separator) + rel
			}
		}
		if strings.HasPrefix(path, typed) && !strings.Contains(path, "internal/") && !strings.HasPrefix(path, "vendor/") {
			out = append(out, path)
		}
	}
	return out, quiet | cobra.ShellCompDirectiveNoSpace
}

// functionsOf are the functions that a package declares, as they are named here.
func functionsOf(cmd *cobra.Command, tool *gotool.Toolchain, dir, pkg string) []string {
	type files struct {
		Dir               string
		GoFiles, CgoFiles []string
	}
	found, err := gotool.ListJSON[files](cmd.Context(), tool, gotool.Build{Dir: dir, Package: pkg, Own: true}, "Dir,GoFiles,CgoFiles", "-find")
	if err != nil || len(found) == 0 {
		return nil
	}
	p := found[0]
	var names []string
	fset := token.NewFileSet()
	for _, file := range append(p.GoFiles, p.CgoFiles...) {
		f, _ := parser.ParseFile(fset, filepath.Join(p.Dir, file), nil, parser.SkipObjectResolution)
		if f == nil {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				names = append(names, compile.DeclaredName(fn))
			}
		}
	}
	return names
}
