package layout

import (
	"context"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/lens"
)

// A Source says where a package comes from. The zero value is the package in the
// current directory, for this platform.
type Source struct {
	Dir     string            // where the go command runs: a directory of the module; "" is the current one
	Pattern string            // one package: ".", "./queue", "container/list"; "" is "."
	GOOS    string            // "" is this one
	GOARCH  string            // "" is this one
	Overlay map[string][]byte // absolute path → content that stands there instead; nil: no such file
}

// What a source may lack.
var (
	ErrNoType    = errors.New("no such type")
	ErrGeneric   = errors.New("a generic type has no layout")
	ErrPlatform  = errors.New("the compiler knows no such GOARCH")
	ErrIncorrect = errors.New("the source is not correct there")
)

// A Package is a package whose types were read. It is not safe for concurrent use.
type Package struct {
	Path   string // import path
	GOARCH string
	Errors []error // what does not compile; types that it does not touch can still be asked for

	sizes   types.Sizes
	fset    *token.FileSet
	types   *types.Package
	files   []*ast.File
	atomics map[*types.Var]token.Pos // fields that are handed to 64-bit functions of sync/atomic
}

// listed is what go list says about a package.
type listed struct {
	ImportPath, Dir   string
	CompiledGoFiles   []string
	ImportMap         map[string]string
	Standard, DepOnly bool
	Module            *struct{ GoVersion string }
}

const fields = "ImportPath,Dir,CompiledGoFiles,ImportMap,Standard,DepOnly,Module"

// Load reads the types of a package, and of all that it imports, from source. The
// user's go.work, vendor directory and GOFLAGS hold; the network is not used. For
// another platform than this one cgo is off, as it is in the go command.
func Load(ctx context.Context, s Source) (*Package, error) {
	if s.Pattern == "" {
		s.Pattern = "."
	}
	p := &Package{GOARCH: s.GOARCH, fset: token.NewFileSet(), atomics: map[*types.Var]token.Pos{}}
	if p.GOARCH == "" {
		p.GOARCH = runtime.GOARCH
	}
	if p.sizes = types.SizesFor("gc", p.GOARCH); p.sizes == nil {
		return nil, fmt.Errorf("%w: %q", ErrPlatform, p.GOARCH)
	}
	all, err := list(ctx, s)
	if err != nil {
		return nil, err
	}
	root, err := one(s.Pattern, all)
	if err != nil {
		return nil, err
	}
	p.Path = root.ImportPath
	trees := parse(p.fset, all, s.Overlay)
	checked := map[string]*types.Package{"unsafe": types.Unsafe}
	for i, l := range all { // dependencies come first
		if l.ImportPath == "unsafe" {
			continue
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		checked[l.ImportPath] = p.check(l, trees[i], checked)
	}
	p.types = checked[p.Path]
	return p, nil
}

// list runs go list.
func list(ctx context.Context, s Source) ([]listed, error) {
	tool, err := gotool.Find(ctx)
	if err != nil {
		return nil, err
	}
	b := gotool.Build{Dir: s.Dir, Package: s.Pattern, Own: true}
	foreign := s.GOARCH != "" && s.GOARCH != runtime.GOARCH || s.GOOS != "" && s.GOOS != runtime.GOOS
	if foreign {
		b.Pure = true
		b.Env = append(b.Env, "GOARCH="+s.GOARCH, "GOOS="+s.GOOS) // empty is this one
	}
	if len(s.Overlay) > 0 {
		dir, err := os.MkdirTemp("", "hone-layout-")
		if err != nil {
			return nil, fmt.Errorf("make a directory for the overlay: %w", err)
		}
		defer os.RemoveAll(dir)
		if b.Overlay, err = gotool.WriteOverlay(dir, s.Overlay); err != nil {
			return nil, err
		}
	}
	all, err := gotool.ListJSON[listed](ctx, tool, b, fields, "-deps", "-compiled")
	if err != nil {
		return nil, fmt.Errorf("list %s and what it imports: %w", s.Pattern, err)
	}
	return all, nil
}

// one finds the package that was asked for.
func one(pattern string, all []listed) (listed, error) {
	var roots []listed
	for _, l := range all {
		if !l.DepOnly {
			roots = append(roots, l)
		}
	}
	if len(roots) != 1 {
		return listed{}, fmt.Errorf("%s matches %d packages, want one", pattern, len(roots))
	}
	return roots[0], nil
}

// A tree is the files of one package, and what stands wrong in them.
type tree struct {
	files  []*ast.File
	errors []error
}

// parse reads the files of all packages, several at a time. Only of those that were
// asked for are function bodies read.
func parse(fset *token.FileSet, all []listed, overlay map[string][]byte) []tree {
	trees := make([]tree, len(all))
	var wg sync.WaitGroup
	limit := make(chan struct{}, runtime.GOMAXPROCS(0))
	for i, l := range all {
		limit <- struct{}{}
		wg.Go(func() {
			defer func() { <-limit }()
			for _, name := range l.CompiledGoFiles {
				if !filepath.IsAbs(name) {
					name = filepath.Join(l.Dir, name)
				}
				var text any // nil: the file itself
				if laid := overlay[name]; laid != nil {
					text = laid
				}
				f, err := parser.ParseFile(fset, name, text, parser.SkipObjectResolution)
				if err != nil {
					trees[i].errors = append(trees[i].errors, err)
				}
				if f != nil {
					trees[i].files = append(trees[i].files, f)
				}
			}
		})
	}
	wg.Wait()
	return trees
}

// importer finds packages that were checked before.
type importer struct {
	checked map[string]*types.Package
	mapped  map[string]string // by the vendor directory
}

func (i importer) Import(path string) (*types.Package, error) {
	if to, ok := i.mapped[path]; ok {
		path = to
	}
	if p := i.checked[path]; p != nil {
		return p, nil
	}
	return nil, fmt.Errorf("no types of %s", path)
}

// check finds the types of one package. Of one that is only imported, errors do not
// matter before they touch a type that is asked for.
func (p *Package) check(l listed, t tree, checked map[string]*types.Package) *types.Package {
	config := types.Config{
		Importer: importer{checked, l.ImportMap}, Sizes: p.sizes,
		IgnoreFuncBodies: l.DepOnly, DisableUnusedImportCheck: true,
		Error: func(error) {},
	}
	if l.Module != nil && l.Module.GoVersion != "" && !l.Standard {
		config.GoVersion = "go" + l.Module.GoVersion
	}
	info := &types.Info{}
	if !l.DepOnly {
		p.files, p.Errors = t.files, t.errors
		config.Error = func(err error) { p.Errors = append(p.Errors, err) }
		info.Selections, info.Uses = map[*ast.SelectorExpr]*types.Selection{}, map[*ast.Ident]types.Object{}
	}
	pkg, _ := config.Check(l.ImportPath, p.fset, t.files, info) // errors went to config.Error
	for _, f := range p.files {
		ast.Inspect(f, func(n ast.Node) bool {
			if call, ok := n.(*ast.CallExpr); ok {
				p.noteAtomic(call, info)
			}
			return true
		})
	}
	return pkg
}

// noteAtomic notes the field x.f of a call atomic.AddInt64(&x.f, …).
func (p *Package) noteAtomic(call *ast.CallExpr, info *types.Info) {
	fun, ok := call.Fun.(*ast.SelectorExpr)
	if !ok || len(call.Args) == 0 {
		return
	}
	f, ok := info.Uses[fun.Sel].(*types.Func)
	if !ok || f.Pkg() == nil || f.Pkg().Path() != "sync/atomic" || !strings.HasSuffix(f.Name(), "int64") && !strings.HasSuffix(f.Name(), "Int64") {
		return
	}
	address, ok := ast.Unparen(call.Args[0]).(*ast.UnaryExpr)
	if !ok || address.Op != token.AND {
		return
	}
	if field, ok := ast.Unparen(address.X).(*ast.SelectorExpr); ok {
		if s := info.Selections[field]; s != nil {
			if v, ok := s.Obj().(*types.Var); ok {
				p.atomics[v.Origin()] = call.Pos()
			}
		}
	}
}

// Types returns the names of the types that the package declares at its top level,
// in order. Generic ones have their parameters: "Pair[K, V any]".
func (p *Package) Types() []string {
	var names []string
	for _, name := range p.types.Scope().Names() {
		if o, ok := p.types.Scope().Lookup(name).(*types.TypeName); ok {
			names = append(names, o.Name()+parameters(o.Type()))
		}
	}
	return names
}

func parameters(t types.Type) string {
	var list *types.TypeParamList
	switch t := t.(type) {
	case *types.Named:
		if t.TypeArgs().Len() == 0 {
			list = t.TypeParams()
		}
	case *types.Alias:
		if t.TypeArgs().Len() == 0 {
			list = t.TypeParams()
		}
	}
	if list.Len() == 0 {
		return ""
	}
	var all []string
	for tp := range list.TypeParams() {
		all = append(all, tp.Obj().Name()+" "+types.TypeString(tp.Constraint(), (*types.Package).Name))
	}
	return "[" + strings.Join(all, ", ") + "]"
}

// Type measures a type, given as a file of the package would write it: "Queue",
// "Pair[int, time.Time]", "struct{ a int8; b int64 }". The error is [ErrNoType] with
// near names, [ErrGeneric] for a generic type without arguments, or [ErrIncorrect]
// with what the type checker says.
func (p *Package) Type(name string) (*Type, error) {
	base := name[:strings.IndexFunc(name+"[", func(r rune) bool { return strings.ContainsRune("[ {", r) })]
	t, err := types.Eval(p.fset, p.types, p.fileOf(base), name)
	if err != nil || !t.IsType() {
		if p.types.Scope().Lookup(base) == nil && token.IsIdentifier(base) && base != "struct" {
			return nil, fmt.Errorf("%w: %s.%s%s", ErrNoType, p.Path, name, p.near(base))
		}
		if err == nil {
			err = fmt.Errorf("%s is not a type", name)
		}
		return nil, fmt.Errorf("%w: %s in %s: %w", ErrNoType, name, p.Path, err)
	}
	if params := parameters(t.Type); params != "" {
		return nil, fmt.Errorf("%w: %s%s: name an instance, with types in the brackets", ErrGeneric, name, params)
	}
	if !complete(t.Type, map[types.Type]bool{}) {
		return nil, fmt.Errorf("%w: %s.%s: %w", ErrIncorrect, p.Path, name, errors.Join(p.Errors...))
	}
	m := &measure{pkg: p, sizes: p.sizes, word: p.sizes.Sizeof(types.Typ[types.Uintptr])}
	if m.sizes.Sizeof(t.Type) < 0 {
		return nil, fmt.Errorf("%w: %s.%s is larger than memory", ErrIncorrect, p.Path, name)
	}
	return m.describe(t.Type), nil
}

// complete says whether all that decides a type's layout is known.
func complete(t types.Type, seen map[types.Type]bool) bool {
	if seen[t] {
		return true
	}
	seen[t] = true
	switch u := t.Underlying().(type) {
	case *types.Basic:
		return u.Kind() != types.Invalid
	case *types.Array:
		return complete(u.Elem(), seen) && u.Len() >= 0
	case *types.Struct:
		for f := range u.Fields() {
			if !complete(f.Type(), seen) {
				return false
			}
		}
	case *types.TypeParam:
		return false
	}
	return true
}

// fileOf is a position in the file that declares a name, whose imports the arguments
// of an instance may use.
func (p *Package) fileOf(name string) token.Pos {
	if o := p.types.Scope().Lookup(name); o != nil {
		for _, f := range p.files {
			if f.FileStart <= o.Pos() && o.Pos() < f.FileEnd {
				return f.Name.Pos()
			}
		}
	}
	if len(p.files) == 0 {
		return token.NoPos
	}
	return p.files[0].Name.Pos()
}

// near names the types that are meant, perhaps: those that contain the name or are
// contained in it, or that differ only in the case of letters or by two of them.
func (p *Package) near(name string) string {
	var found []string
	for _, n := range p.types.Scope().Names() {
		if _, ok := p.types.Scope().Lookup(n).(*types.TypeName); !ok {
			continue
		}
		a, b := strings.ToLower(n), strings.ToLower(name)
		if strings.Contains(a, b) || strings.Contains(b, a) || distance(a, b) <= 2 {
			found = append(found, n)
		}
	}
	const most = 6
	switch {
	case len(found) == 0:
		return ""
	case len(found) > most:
		found = append(found[:most], "…")
	}
	return "; near: " + strings.Join(found, ", ")
}

// distance is how many letters must be inserted, left out or replaced to make b of a.
func distance(a, b string) int {
	row := make([]int, 0, len(b)+1)
	for j := range len(b) + 1 {
		row = append(row, j)
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			replace := diagonal
			if a[i] != b[j] {
				replace++
			}
			diagonal = row[j+1]
			row[j+1] = min(replace, row[j]+1, diagonal+1)
		}
	}
	return row[len(b)]
}

// name writes a type as the package itself does.
func (p *Package) name(t types.Type) string {
	return types.TypeString(t, func(of *types.Package) string {
		if of == p.types {
			return ""
		}
		return of.Name()
	})
}

func (p *Package) position(pos token.Pos) lens.Position {
	at := p.fset.Position(pos)
	return lens.Position{File: at.Filename, Line: at.Line, Column: at.Column}
}
