package mutate

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/importer"
	"go/parser"
	"go/token"
	"go/types"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/gotool"
)

// A Source says where a package comes from.
type Source struct {
	Dir     string            // where the go command runs: a directory of the module
	Pattern string            // one package: ".", "./queue", "container/list"
	Overlay map[string][]byte // absolute path → content that stands there instead; nil: no such file
	Own     bool              // it is the user's own module: their go.work, vendor directory and GOFLAGS hold
	Files   []string          // names of the files to mutate, empty for all
}

// What a package may lack to be worth mutating.
var (
	ErrNoPackage = errors.New("no package")
	ErrCgo       = errors.New("the package uses cgo")
	ErrNoTests   = errors.New("the package has no tests")
	ErrNoCode    = errors.New("the package has no code beside its tests")
)

// A Package is a package that was read and type-checked.
type Package struct {
	Path string // import path
	Name string
	Dir  string

	source Source
	tool   *gotool.Toolchain
	fset   *token.FileSet
	files  []*file
	types  *types.Package
	info   *types.Info
	lasts  map[types.Object]token.Pos // where an object is used last
	config types.Config
	tested bool
}

// A file is one source file of a package, as the compiler would see it.
type file struct {
	name   string // absolute
	text   []byte
	ast    *ast.File
	spared bool // no mistakes in it: it is generated, or not asked for
}

// listed is what go list says about a package.
type listed struct {
	ImportPath, Dir, Name, Export string
	GoFiles, CgoFiles             []string
	TestGoFiles, XTestGoFiles     []string
	ImportMap                     map[string]string
	Standard, DepOnly             bool
	Module                        *struct{ GoVersion string }
}

const fields = "ImportPath,Dir,Name,Export,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,ImportMap,Standard,DepOnly,Module"

// Expand lists the import paths that patterns match in the module at s.Dir, and for
// each whether it has tests.
func Expand(ctx context.Context, tool *gotool.Toolchain, s Source, patterns ...string) (paths []string, tested map[string]bool, err error) {
	tested = map[string]bool{}
	for _, pattern := range patterns {
		b := gotool.Build{Dir: s.Dir, Package: pattern, Own: s.Own}
		found, err := gotool.ListJSON[listed](ctx, tool, b, fields)
		if err != nil {
			return nil, nil, noPackage(pattern, err)
		}
		if len(found) == 0 {
			return nil, nil, fmt.Errorf("%w matches %s", ErrNoPackage, pattern)
		}
		for _, p := range found {
			if !slices.Contains(paths, p.ImportPath) {
				paths = append(paths, p.ImportPath)
			}
			tested[p.ImportPath] = len(p.TestGoFiles)+len(p.XTestGoFiles) > 0
		}
	}
	return paths, tested, nil
}

var missing = regexp.MustCompile(`cannot find (main )?module|no required module|is not in std|matched no packages|directory not found|no Go files|outside main module|not contain`)

// noPackage turns the go command's ways of saying that there is no package into ErrNoPackage.
func noPackage(pattern string, err error) error {
	var b *gotool.BuildError
	if errors.As(err, &b) && missing.MatchString(b.Text) {
		return fmt.Errorf("%w matches %s: %s", ErrNoPackage, pattern, strings.TrimSpace(b.Text))
	}
	return err
}

// Load reads the package that s names, with the types of all it imports. Where it does
// not compile, the error is a [*gotool.BuildError].
func Load(ctx context.Context, tool *gotool.Toolchain, s Source) (*Package, error) {
	b := gotool.Build{Dir: s.Dir, Package: s.Pattern, Own: s.Own}
	if len(s.Overlay) > 0 {
		dir, err := os.MkdirTemp("", "hone-mutate-")
		if err != nil {
			return nil, fmt.Errorf("make a directory for the overlay: %w", err)
		}
		defer os.RemoveAll(dir)
		if b.Overlay, err = gotool.WriteOverlay(dir, s.Overlay); err != nil {
			return nil, err
		}
	}
	all, err := gotool.ListJSON[listed](ctx, tool, b, fields, "-export", "-deps")
	if err != nil {
		return nil, noPackage(s.Pattern, err)
	}
	roots := slices.DeleteFunc(slices.Clone(all), func(p listed) bool { return p.DepOnly })
	switch {
	case len(roots) == 0:
		return nil, fmt.Errorf("%w matches %s", ErrNoPackage, s.Pattern)
	case len(roots) > 1:
		return nil, fmt.Errorf("%s matches %d packages, want one", s.Pattern, len(roots))
	}
	root := roots[0]
	switch {
	case len(root.CgoFiles) > 0:
		return nil, fmt.Errorf("%w: %s", ErrCgo, root.ImportPath)
	case len(root.GoFiles) == 0:
		return nil, fmt.Errorf("%w: %s", ErrNoCode, root.ImportPath)
	}
	p := &Package{
		Path: root.ImportPath, Name: root.Name, Dir: root.Dir,
		source: s, tool: tool, fset: token.NewFileSet(), tested: len(root.TestGoFiles)+len(root.XTestGoFiles) > 0,
	}
	if err := p.parse(root.GoFiles); err != nil {
		return nil, err
	}
	return p, p.check(root, exports(all))
}

// exports maps import paths to the files with their types.
func exports(all []listed) map[string]string {
	out := map[string]string{}
	for _, p := range all {
		out[p.ImportPath] = p.Export
	}
	return out
}

func (p *Package) parse(names []string) error {
	for _, name := range names {
		f := &file{name: filepath.Join(p.Dir, name)}
		text, laid := p.source.Overlay[f.name]
		if !laid {
			var err error
			if text, err = os.ReadFile(f.name); err != nil {
				return fmt.Errorf("read %s: %w", p.Path, err)
			}
		}
		tree, err := parser.ParseFile(p.fset, f.name, text, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return fmt.Errorf("parse %s: %w", p.Path, err)
		}
		f.text, f.ast = text, tree
		f.spared = ast.IsGenerated(tree) || len(p.source.Files) > 0 && !slices.Contains(p.source.Files, name)
		p.files = append(p.files, f)
	}
	return nil
}

// check finds the types of everything in the package.
func (p *Package) check(root listed, exported map[string]string) error {
	lookup := func(path string) (io.ReadCloser, error) {
		if to, ok := root.ImportMap[path]; ok {
			path = to
		}
		file := exported[path]
		if file == "" {
			return nil, fmt.Errorf("no types of %s", path)
		}
		return os.Open(file)
	}
	p.config = types.Config{
		Importer: importer.ForCompiler(p.fset, "gc", lookup),
		Sizes:    types.SizesFor("gc", runtime.GOARCH),
	}
	if root.Module != nil && root.Module.GoVersion != "" && !root.Standard {
		p.config.GoVersion = "go" + root.Module.GoVersion
	}
	p.info = &types.Info{
		Types: map[ast.Expr]types.TypeAndValue{}, Defs: map[*ast.Ident]types.Object{}, Uses: map[*ast.Ident]types.Object{},
		Selections: map[*ast.SelectorExpr]*types.Selection{}, Implicits: map[ast.Node]types.Object{},
	}
	var trees []*ast.File
	for _, f := range p.files {
		trees = append(trees, f.ast)
	}
	var err error
	if p.types, err = p.config.Check(p.Path, p.fset, trees, p.info); err != nil {
		return fmt.Errorf("find the types of %s: %w", p.Path, err)
	}
	p.lasts = map[types.Object]token.Pos{}
	for id, obj := range p.info.Uses {
		p.lasts[obj] = max(p.lasts[obj], id.Pos())
	}
	return nil
}
