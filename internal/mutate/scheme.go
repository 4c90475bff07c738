package mutate

import (
	"cmp"
	_ "embed"
	"errors"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"go/types"
	"path/filepath"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"text/template"

	"github.com/hone-go/hone/internal/gotool"
)

// A Scheme is a package with all its mutants in it.
type Scheme struct {
	Package   *Package
	Mutants   []Mutant
	Stillborn []Mutant // mutants that would not compile, left out

	live    []*candidate
	files   map[string][]byte // absolute path → source, of all files that differ
	regions int
	race    bool
}

// Files are the files to lay over the package: absolute path → content. The overlay that
// the package was loaded with is not in it.
func (s *Scheme) Files() map[string][]byte { return s.files }

// Environment is the entry that makes a binary with s in it behave like mutant m.
func (s *Scheme) Environment(m *Mutant) string {
	var regions []string
	for _, r := range m.regions {
		regions = append(regions, strconv.Itoa(r))
	}
	return chooser + "=" + strconv.Itoa(m.number) + ":" + strings.Join(regions, ",")
}

// Reaching are the entries that make a binary behave as without a mutant, and note in the
// file log what it reaches.
func (s *Scheme) Reaching(log string) []string {
	return []string{chooser + "=reach", reachLog + "=" + log}
}

// Reached reads such a file, and returns the ids of the mutants that were reached.
func (s *Scheme) Reached(log string) (map[string]bool, error) {
	regions, err := readReached(log)
	if err != nil {
		return nil, err
	}
	ids := map[string]bool{}
	for _, m := range s.Mutants {
		if slices.ContainsFunc(m.regions, func(n int) bool { return slices.Contains(regions, n) }) {
			ids[m.ID] = true
		}
	}
	return ids, nil
}

const (
	chooser  = "HONE_MUTANT"         // number:region,region…, or reach
	reachLog = "HONE_MUTANT_REACHED" // file that takes the regions that were entered
	cpuLimit = "HONE_MUTANT_CPU"     // milliseconds of processor time
)

// A candidate is a mutant on its way into the scheme.
type candidate struct {
	draft
	mutant Mutant
	spans  []span // of the regions, one for each edit
	dead   bool
}

// Scheme plants the mistakes of the given operators. Those that only the race detector
// can notice are left out unless race is set.
func (p *Package) Scheme(operators []Operator, race bool) (*Scheme, error) {
	for id := range p.info.Defs {
		if strings.HasPrefix(id.Name, "hone_") {
			return nil, fmt.Errorf("%v: the name %s is in the way: mutate adds names that begin with hone_", p.fset.Position(id.Pos()), id.Name)
		}
	}
	operators = slices.DeleteFunc(slices.Clone(operators), func(o Operator) bool { return o.Race && !race })
	s := &Scheme{Package: p, race: race}
	all := p.candidates(operators)
	s.live = all
	s.bury()
	return s, s.settle()
}

// settle renders what is alive until it compiles. Each pass removes what the last one
// found not to: the first finds nearly all, but a mutant may hide another one's error.
func (s *Scheme) settle() error {
	for {
		s.render(s.live)
		dead, err := s.typeCheck(s.live)
		if err != nil {
			return err
		}
		if dead == 0 {
			break
		}
		s.bury()
	}
	s.Mutants = nil
	for _, c := range s.live {
		s.Mutants = append(s.Mutants, c.mutant)
	}
	return nil
}

func (s *Scheme) bury() {
	s.live = slices.DeleteFunc(s.live, func(c *candidate) bool {
		if c.dead {
			s.Stillborn = append(s.Stillborn, c.mutant)
		}
		return c.dead
	})
}

// without takes out the mutants that the compiler complained about. It says whether
// there were any.
func (s *Scheme) without(found []complaint) (bool, error) {
	dead, err := s.blame(s.live, found)
	if err != nil || dead == 0 {
		return false, err
	}
	s.bury()
	return true, s.settle()
}

// candidates are the drafts in the order of the source, without those that make the same
// change as another, and with those marked that can't compile.
func (p *Package) candidates(operators []Operator) []*candidate {
	drafts := p.drafts(operators)
	rank := map[string]int{}
	for i, o := range operators {
		rank[o.Name] = i
	}
	slices.SortStableFunc(drafts, func(a, b draft) int { return cmp.Compare(rank[a.operator.Name], rank[b.operator.Name]) })
	seen := map[string]bool{}
	var all []*candidate
	for _, d := range drafts {
		slices.SortFunc(d.edits, func(a, b edit) int { return cmp.Compare(a.pos, b.pos) })
		key := d.changes(p)
		if seen[key] {
			continue
		}
		seen[key] = true
		c := &candidate{draft: d}
		if p.place(c) {
			c.dead = !p.returns(c)
			all = append(all, c)
		}
	}
	slices.SortStableFunc(all, func(a, b *candidate) int { return cmp.Compare(a.edits[0].pos, b.edits[0].pos) })
	nest(all)
	p.name(all)
	return all
}

// changes identifies what a draft does to the text, in the least form: what an edit
// leaves as it is at its ends is no part of it.
func (d draft) changes(p *Package) string {
	var b strings.Builder
	for _, e := range d.edits {
		old := string(d.file.text[p.offset(e.pos):p.offset(e.end)])
		from, text := p.offset(e.pos), e.text
		for old != "" && text != "" && old[0] == text[0] {
			old, text, from = old[1:], text[1:], from+1
		}
		for old != "" && text != "" && old[len(old)-1] == text[len(text)-1] {
			old, text = old[:len(old)-1], text[:len(text)-1]
		}
		fmt.Fprintf(&b, "%s:%d:%d:%s\x00", d.file.name, from, len(old), text)
	}
	return b.String()
}

// place finds the regions of a candidate. There is none in the value of a package
// variable: a table of numbers is data, and stays as it is.
func (p *Package) place(c *candidate) bool {
	for _, e := range c.edits {
		sp, ok := p.region(c.file, e)
		if !ok || sp.pos > e.pos || sp.end < e.end || p.offset(sp.end)-p.offset(sp.pos) > maxRegion {
			return false
		}
		c.spans = append(c.spans, sp)
	}
	return true
}

// maxRegion bounds a region, in bytes: a table of a thousand cases is not copied a
// thousand times.
const maxRegion = 16 << 10

// returns says whether the function that holds the edits still ends in a terminating
// statement where it has to.
func (p *Package) returns(c *candidate) bool {
	fn, _ := enclosingFunction(c.file.ast, c.edits[0].pos, c.edits[len(c.edits)-1].end)
	if fn == nil {
		return true
	}
	text := p.edited(c.file, fn.Pos(), fn.End(), c.edits, false)
	src := "package p\n" + text
	if _, lit := fn.(*ast.FuncLit); lit {
		src = "package p\nvar _ = " + text
	}
	f, err := parser.ParseFile(token.NewFileSet(), "", src, parser.SkipObjectResolution)
	if err != nil || len(f.Decls) != 1 {
		return false
	}
	switch d := f.Decls[0].(type) {
	case *ast.FuncDecl:
		return d.Type.Results.NumFields() == 0 || terminatingList(d.Body.List)
	case *ast.GenDecl:
		lit, ok := d.Specs[0].(*ast.ValueSpec).Values[0].(*ast.FuncLit)
		return ok && (lit.Type.Results.NumFields() == 0 || terminatingList(lit.Body.List))
	}
	return false
}

// enclosingFunction is the innermost function around a span, and its body.
func enclosingFunction(f *ast.File, pos, end token.Pos) (fn ast.Node, body *ast.BlockStmt) {
	ast.Inspect(f, func(n ast.Node) bool {
		if n == nil || n.Pos() > pos || n.End() < end {
			return false
		}
		switch n := n.(type) {
		case *ast.FuncDecl:
			if n.Body != nil {
				fn, body = n, n.Body
			}
		case *ast.FuncLit:
			if n.Body.Pos() <= pos && end <= n.Body.End() {
				fn, body = n, n.Body
			}
		}
		return true
	})
	return fn, body
}

// edited is the text of a span with those edits made that lie in it.
func (p *Package) edited(f *file, pos, end token.Pos, edits []edit, live bool) string {
	var b strings.Builder
	at := pos
	for _, e := range edits {
		if e.pos < at || e.end > end {
			continue
		}
		b.Write(f.text[p.offset(at):p.offset(e.pos)])
		if live {
			b.WriteString(e.compiled())
		} else {
			b.WriteString(e.text)
		}
		at = e.end
	}
	b.Write(f.text[p.offset(at):p.offset(end)])
	return b.String()
}

//go:embed support.go.txt
var supportText string

var support = template.Must(template.New("support").Parse(supportText))

// render numbers the candidates and writes the files.
func (s *Scheme) render(live []*candidate) {
	p := s.Package
	s.files, s.regions = map[string][]byte{}, 0
	for i, c := range live {
		c.mutant.number, c.mutant.regions = i+1, nil
	}
	for _, f := range p.files {
		w := writer{p: p, f: f, next: s.regions}
		w.build(live)
		if len(w.regions) == 0 {
			continue
		}
		s.files[f.name] = w.file()
		s.regions = w.next
	}
	var b strings.Builder
	err := support.Execute(&b, map[string]any{
		"Package": p.Name, "Regions": s.regions, "Chooser": chooser, "Log": reachLog, "CPU": cpuLimit,
		"Limits": runtime.GOOS == "linux" && strconv.IntSize == 64,
	})
	if err != nil {
		panic(err) // a fixed template over fixed data
	}
	s.files[p.supportFile()] = []byte(b.String())
}

// supportFile is where the added declarations go: a name that the package doesn't have.
func (p *Package) supportFile() string {
	name := "hone_support.go"
	for slices.ContainsFunc(p.files, func(f *file) bool { return filepath.Base(f.name) == name }) {
		name = "x" + name
	}
	return filepath.Join(p.Dir, name)
}

// declarations are the support file without what it imports: the types of those packages
// may be unknown here.
const declarations = `
var hone_mutant, hone_region uint32
func hone_hit(uint32) uint32 { return 0 }
func hone_yield() {}
`

// mutantFile names the text of a mutant to the parser, so that complaints say whose it is.
var mutantFile = regexp.MustCompile(`hone_mutant_(\d+)\.go$`)

// typeCheck looks for mutants that don't compile, marks them dead and counts them.
func (s *Scheme) typeCheck(live []*candidate) (dead int, err error) {
	p := s.Package
	fset := token.NewFileSet()
	var trees []*ast.File
	var complaints []complaint
	for _, f := range p.files {
		text := f.text
		if changed := s.files[f.name]; changed != nil {
			text = changed
		}
		tree, err := parser.ParseFile(fset, f.name, text, parser.SkipObjectResolution)
		if err != nil {
			return 0, fmt.Errorf("mutate %s: the schemata of %s don't parse: %w", p.Path, f.name, err)
		}
		trees = append(trees, tree)
	}
	tree, err := parser.ParseFile(fset, p.supportFile(), "package "+p.Name+declarations, 0)
	if err != nil {
		return 0, fmt.Errorf("mutate %s: %w", p.Path, err)
	}
	config := p.config
	config.Error = func(err error) {
		var e types.Error
		if errors.As(err, &e) {
			at := e.Fset.Position(e.Pos)
			complaints = append(complaints, complaint{at.Filename, at.Line, e.Msg})
		}
	}
	config.Check(p.Path, fset, append(trees, tree), nil)
	return s.blame(live, complaints)
}

// A complaint is an error about the schemata.
type complaint struct {
	file    string
	line    int
	message string
}

// blame marks the mutants that complaints are about.
func (s *Scheme) blame(live []*candidate, complaints []complaint) (dead int, err error) {
	kill := func(c *candidate) {
		if !c.dead {
			c.dead = true
			dead++
		}
	}
	var stray []complaint
	for _, c := range complaints {
		m := mutantFile.FindStringSubmatch(c.file)
		if m == nil {
			stray = append(stray, c)
			continue
		}
		n, _ := strconv.Atoi(m[1])
		kill(live[n-1])
	}
	if dead > 0 || len(stray) == 0 {
		return dead, nil // the rest may be a consequence
	}
	// A complaint about the original text: some mutant in the same function is to blame.
	for _, c := range stray {
		for _, l := range live {
			fn, _ := enclosingFunction(l.file.ast, l.edits[0].pos, l.edits[0].end)
			if fn == nil || filepath.Base(l.file.name) != filepath.Base(c.file) {
				continue
			}
			from, to := s.Package.fset.PositionFor(fn.Pos(), false).Line, s.Package.fset.PositionFor(fn.End(), false).Line
			if from <= c.line && c.line <= to {
				kill(l)
			}
		}
	}
	if dead == 0 {
		return 0, fmt.Errorf("mutate %s: the schemata don't compile, and no mutant is to blame: %s:%d: %s",
			s.Package.Path, stray[0].file, stray[0].line, stray[0].message)
	}
	return dead, nil
}

// fromCompiler turns what the compiler said into complaints.
func fromCompiler(err error) []complaint {
	var b *gotool.BuildError
	if !errors.As(err, &b) {
		return nil
	}
	var out []complaint
	for _, d := range b.Diagnostics {
		out = append(out, complaint{d.File, d.Line, d.Message})
	}
	return out
}
