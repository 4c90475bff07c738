package compile

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/lens"
)

// What the stock compiler says
//
// -S lists the machine code by symbol, with file and line of each instruction.
// -m=2 and -d=ssa/check_bce print sentences with a position and no function: which
// instance of a generic function or which closure they are about is not said, so here
// they go to the declaration that they stand in, and are inferred. What these switches
// don't say at all is a gap: a claim must not read silence as a fact.

// stockGaps are the features that a report by the stock compiler lacks.
var stockGaps = [...]Gap{
	{FeatureBill, "-m=2 prints the sum only"},
	{FeatureCalls, "-m=2 names inlined calls only, and not in which instance or closure"},
	{FeatureDevirtualized, "-m=2 doesn't say in which function"},
	{FeatureEscape, "-m=2 says what escapes, in no function, and has no graph"},
	{FeaturePath, "-m=2 prints it as text"},
	{FeatureChecks, "check_bce lists bounds checks that are kept, in no function, and no nil checks"},
	{FeatureProof, "not printed"},
	{FeatureIR, "not printed"},
	{FeaturePasses, "not printed"},
	{FeatureRewrites, "not printed"},
	{FeatureLiveness, "not printed"},
	{FeatureDefers, "printed without the function"},
	{FeatureResident, "the stock compiler compiles the whole package each time"},
}

// stock lets the compiler as it is answer, through its switches. why says why.
func (l *Lens) stock(ctx context.Context, r *request, p *plan, why string) (*Report, error) {
	text, err := runStock(ctx, r, p)
	if err != nil {
		return nil, err
	}
	rep := &Report{Package: p.Package, Dir: p.Dir, Go: r.tool.Version, Target: r.target(p), Observed: Observed{Mode: Stock}}
	for _, g := range stockGaps {
		rep.Observed.Gaps = append(rep.Observed.Gaps, Gap{g.Feature, why + "; " + g.Why})
	}
	s := &stockReader{r: r, p: p, declared: declarations(p)}
	s.listing(text)
	q := question(r, p)
	for _, f := range s.functions {
		rep.Names = append(rep.Names, Name{Name: f.Name, Position: f.Position, Compiled: matches(q, f.Name)})
		if matches(q, f.Name) || s.isAt(f, q) {
			rep.Functions = append(rep.Functions, f)
		}
	}
	rep.Instances = instances(rep.Names)
	if len(rep.Functions) == 0 && q != "*" {
		return nil, r.missing(p, rep.Names)
	}
	s.sentences(text, rep)
	for i := range rep.Functions {
		f := &rep.Functions[i]
		f.Allocations = allocations(&f.Code)
		f.Facts = append(f.Facts, writeBarriers(&f.Code)...)
	}
	slices.SortFunc(rep.Functions, func(a, b Function) int { return comparePositions(a.Position, b.Position) })
	return rep, nil
}

// runStock compiles the package with everything that the compiler can print.
func runStock(ctx context.Context, r *request, p *plan) (string, error) {
	dir, err := os.MkdirTemp("", "hone-stock-*")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(dir)
	args := append([]string{"-o", filepath.Join(dir, "object"), "-m=2", "-S", "-d=ssa/check_bce/debug=1,defer=1"}, p.Args...)
	cmd := exec.CommandContext(ctx, p.Tool, args...)
	cmd.Dir, cmd.Env = p.Dir, r.tool.Environment(r.build())
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if ctx.Err() != nil {
		return "", context.Cause(ctx)
	}
	if err != nil {
		return "", &CompileError{Package: r.Package, Messages: compilerMessages(p.Dir, out.String()), Text: out.String()}
	}
	return out.String(), nil
}

// A declaration is where a function stands in the source.
type declaration struct {
	name     string
	file     string
	from, to int // lines
	at       lens.Position
}

func declarations(p *plan) []declaration {
	var out []declaration
	for _, file := range p.Files {
		fset := token.NewFileSet()
		f, _ := parser.ParseFile(fset, file, nil, parser.SkipObjectResolution)
		if f == nil {
			continue
		}
		for _, d := range f.Decls {
			if fn, ok := d.(*ast.FuncDecl); ok {
				at := fset.Position(fn.Name.Pos())
				out = append(out, declaration{
					DeclaredName(fn), file, fset.Position(fn.Pos()).Line, fset.Position(fn.End()).Line,
					lens.Position{File: file, Line: at.Line, Column: at.Column},
				})
			}
		}
	}
	return out
}

// A stockReader turns what the stock compiler prints into facts.
type stockReader struct {
	r         *request
	p         *plan
	declared  []declaration
	functions []Function
}

// at is the declaration around a line.
func (s *stockReader) at(file string, line int) *declaration {
	for i, d := range s.declared {
		if d.file == file && d.from <= line && line <= d.to {
			return &s.declared[i]
		}
	}
	return nil
}

// isAt reports whether a function is the one at the place asked for, file.go:12.
func (s *stockReader) isAt(f Function, place string) bool {
	file, number, ok := strings.Cut(place, ".go:")
	line, err := strconv.Atoi(number)
	if !ok || err != nil || !strings.HasSuffix(filepath.ToSlash(f.Position.File), file+".go") {
		return false
	}
	d := s.at(f.Position.File, line)
	return d != nil && d == s.at(f.Position.File, f.Position.Line)
}

func (s *stockReader) file(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(s.p.Dir, name)
}

var (
	symbolLine      = lazily(`^(.+?) STEXT (.*?)size=(\d+) (?:align=\S+ )?args=(0x[0-9a-f]+) locals=(0x[0-9a-f]+)`)
	instructionLine = lazily(`^\t0x[0-9a-f]+ (\d+) \((.*?)(?::(\d+))?\)\t(\S+)\t?(.*)$`)
	bytesLine       = lazily(`^\t0x([0-9a-f]+) ((?:[0-9a-f]{2} )+)`)
	relocationLine  = lazily(`^\trel (\d+)\+(\d+) t=(\S+) (.*?)([+-]\d+)$`)
)

// listing reads the machine code of all functions of the package.
func (s *stockReader) listing(text string) {
	var f *Function
	code := map[*Function][]byte{}
	var order []*Function
	for line := range strings.Lines(text) {
		line = strings.TrimSuffix(line, "\n")
		if m := symbolLine().FindStringSubmatch(line); m != nil {
			f = s.symbol(m)
			order = append(order, f)
			continue
		}
		if f == nil || !strings.HasPrefix(line, "\t") {
			f = nil
			continue
		}
		if m := instructionLine().FindStringSubmatch(line); m != nil {
			s.instruction(f, m)
		} else if m := bytesLine().FindStringSubmatch(line); m != nil {
			b, _ := hex.DecodeString(strings.ReplaceAll(m[2], " ", ""))
			code[f] = append(code[f], b...)
		} else if m := relocationLine().FindStringSubmatch(line); m != nil {
			x := Relocation{Type: m[3], Symbol: lens.Spell(m[4])}
			x.Offset, _ = strconv.ParseInt(m[1], 10, 64)
			x.Size, _ = strconv.Atoi(m[2])
			x.Add, _ = strconv.ParseInt(m[5], 10, 64)
			f.Code.Relocations = append(f.Code.Relocations, x)
		}
	}
	for _, f := range order {
		putBytes(&f.Code, code[f])
		s.functions = append(s.functions, *f)
	}
}

// symbol begins a function. Those with another package's name are made here for it:
// instances, and equality of its types.
func (s *stockReader) symbol(m []string) *Function {
	symbol := lens.Spell(m[1])
	name, ok := strings.CutPrefix(symbol, s.p.Package+".")
	f := &Function{Name: name, Symbol: symbol, Generic: genericOf(name)}
	f.Code.NoSplit = strings.Contains(m[2], "nosplit")
	f.Wrapper = !ok || strings.Contains(m[2], "dupok") && f.Generic == ""
	f.Code.Size, _ = strconv.ParseInt(m[3], 10, 64)
	f.Code.Args, _ = strconv.ParseInt(m[4], 0, 64)
	f.Code.Frame, _ = strconv.ParseInt(m[5], 0, 64)
	f.Code.Leaf = true
	return f
}

func (s *stockReader) instruction(f *Function, m []string) {
	in := Instruction{Op: m[4], Text: strings.TrimSpace(m[4] + "\t" + m[5]), Jump: -1, Value: -1, Block: -1}
	in.PC, _ = strconv.ParseInt(m[1], 10, 64)
	at := lens.Position{File: s.file(m[2])}
	at.Line, _ = strconv.Atoi(m[3])
	in.Stack = lens.Stack{{Position: at, Function: f.Symbol}}
	switch symbol, direct := strings.CutSuffix(m[5], "(SB)"); {
	case isCall(in.Op) && direct:
		in.Target = lens.Spell(symbol)
		f.Code.Leaf = f.Code.Leaf && strings.HasPrefix(symbol, "runtime.morestack")
	case isCall(in.Op):
		f.Code.Leaf = false
	default:
		if pc, err := strconv.ParseInt(m[5], 10, 64); err == nil && strings.HasPrefix(in.Op, "J") {
			in.Jump = pc
		}
	}
	if !f.Position.IsKnown() {
		f.Position = at
		if d := s.at(at.File, at.Line); d != nil {
			f.Position, f.EndLine = d.at, d.to
		}
	}
	f.Code.Instructions = append(f.Code.Instructions, in)
}

// putBytes gives each instruction its bytes.
func putBytes(c *Code, code []byte) {
	for i := range c.Instructions {
		from, to := c.Instructions[i].PC, int64(len(code))
		if i+1 < len(c.Instructions) {
			to = c.Instructions[i+1].PC
		}
		if from >= 0 && from < to && to <= int64(len(code)) {
			c.Instructions[i].Bytes = hex.EncodeToString(code[from:to])
		}
	}
}

var (
	costSentence   = lazily(`^can inline (.+?) with cost (\d+) as: `)
	cannotSentence = lazily(`^cannot inline (.+?): (.*)$`)
	callSentence   = lazily(`^inlining call to (.+)$`)
	movedSentence  = lazily(`^(?:moved to heap: (.+)|(.+) escapes to heap)$`)
	overBudget     = lazily(`cost (\d+) exceeds budget (\d+)`)
)

// sentences reads what was said about decisions.
func (s *stockReader) sentences(text string, rep *Report) {
	byName := map[string]*Function{}
	for i := range rep.Functions {
		byName[rep.Functions[i].Name] = &rep.Functions[i]
	}
	for _, m := range compilerMessages(s.p.Dir, text) {
		if sub := costSentence().FindStringSubmatch(m.Text); sub != nil {
			if f := byName[sub[1]]; f != nil {
				f.Inlining = Inlining{Decided: true, Inlinable: true}
				f.Inlining.Cost, _ = strconv.Atoi(sub[2])
			}
			continue
		}
		if sub := cannotSentence().FindStringSubmatch(m.Text); sub != nil {
			if f := byName[sub[1]]; f != nil {
				f.Inlining = Inlining{Decided: true, Reason: sub[2]}
				if b := overBudget().FindStringSubmatch(sub[2]); b != nil {
					f.Inlining.Cost, _ = strconv.Atoi(b[1])
					f.Inlining.Budget, _ = strconv.Atoi(b[2])
				}
			}
			continue
		}
		if d := s.at(m.File, m.Line); d != nil {
			s.about(d, m, rep)
		}
	}
}

// about adds a sentence to the functions of the declaration that it stands in.
func (s *stockReader) about(d *declaration, m Message, rep *Report) {
	for i := range rep.Functions {
		f := &rep.Functions[i]
		name := f.Name
		if f.Generic != "" {
			name = f.Generic
		}
		if plain(name) != plain(d.name) {
			continue
		}
		stack := lens.Stack{{Position: m.Position, Function: f.Symbol}}
		switch sub := movedSentence().FindStringSubmatch(m.Text); {
		case sub != nil:
			kind, what := LocationVariable, sub[1]
			if what == "" {
				kind, what = LocationAllocation, sub[2]
			}
			if len(f.Escape.Locations) == 0 {
				f.Escape.Locations = append(f.Escape.Locations, Location{Kind: LocationHeap, Size: -1, Escapes: true})
			}
			f.Escape.Locations = append(f.Escape.Locations, Location{ID: len(f.Escape.Locations), Kind: kind, Name: what, Size: -1, Stack: stack, Function: f.Name, Escapes: true})
		case m.Text == "Found IsInBounds":
			f.Checks = append(f.Checks, Check{Kind: CheckIndex, Kept: true, Stack: stack, Provenance: lens.Inferred})
		case m.Text == "Found IsSliceInBounds":
			f.Checks = append(f.Checks, Check{Kind: CheckSlice, Kept: true, Stack: stack, Provenance: lens.Inferred})
		case strings.HasSuffix(m.Text, " defer"):
			f.Facts = append(f.Facts, Fact{Kind: FactDefer, Text: strings.TrimSuffix(m.Text, " defer"), Stack: stack, Provenance: lens.Inferred})
		default:
			if sub := callSentence().FindStringSubmatch(m.Text); sub != nil {
				f.Calls = append(f.Calls, Call{Kind: CallInlined, Callee: fmt.Sprint(sub[1]), Stack: stack, Index: -1, Inside: -1})
			}
		}
	}
}
