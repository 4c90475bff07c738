package claim_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// at is a stack: the lines of one file, outermost first.
func at(lines ...int) lens.Stack {
	var s lens.Stack
	for _, n := range lines {
		s = append(s, lens.Site{Position: lens.Position{File: "/src/f.go", Line: n, Column: 2}})
	}
	return s
}

// facts is a report on one function F, changed as a test needs it.
func facts(change func(r *compile.Report, f *compile.Function)) *compile.Report {
	r := &compile.Report{
		Package: "m", Go: "go1.99", Target: compile.Target{OS: "linux", Arch: "amd64"}, Observed: compile.Observed{Mode: compile.Observing},
		Functions: []compile.Function{{
			Name: "F", Symbol: "m.F", Position: lens.Position{File: "/src/f.go", Line: 10, Column: 6}, EndLine: 20,
			Inlining: compile.Inlining{Decided: true, Inlinable: true, Cost: 60, Budget: 80},
			Code:     compile.Code{Frame: 24, Instructions: []compile.Instruction{{Op: "MOVQ", Text: "MOVQ AX, BX", Stack: at(12)}, {Op: "RET", Text: "RET"}}},
		}},
	}
	if change != nil {
		change(r, &r.Functions[0])
	}
	return r
}

// code adds an instruction.
func code(op, target string, lines ...int) func(*compile.Report, *compile.Function) {
	return func(_ *compile.Report, f *compile.Function) {
		f.Code.Instructions = append(f.Code.Instructions, compile.Instruction{Op: op, Target: target, Text: op + " " + target, Stack: at(lines...)})
	}
}

func call(kind compile.CallKind, callee string, c compile.Call) func(*compile.Report, *compile.Function) {
	return func(_ *compile.Report, f *compile.Function) {
		c.Kind, c.Callee, c.Stack = kind, callee, at(13)
		f.Calls = append(f.Calls, c)
	}
}

// escape is the graph of p := &T{} with a flow to the heap, or without.
func escape(heap bool, leaks ...compile.Leak) func(*compile.Report, *compile.Function) {
	return func(_ *compile.Report, f *compile.Function) {
		f.Escape = compile.Escape{
			Locations: []compile.Location{
				{ID: 0, Kind: compile.LocationHeap, Name: "{heap}"},
				{ID: 1, Kind: compile.LocationVariable, Name: "p", Function: "F", Stack: at(11)},
				{ID: 2, Kind: compile.LocationAllocation, Name: "&T{}", Function: "F", Stack: at(11)},
				{ID: 3, Kind: compile.LocationParameter, Name: "b", Function: "F", Stack: at(10), Leaks: leaks},
				{ID: 4, Kind: compile.LocationVariable, Name: "q", Function: "F", Stack: at(14)},
			},
			Edges: []compile.Edge{{From: 2, To: 1, Derefs: -1}, {From: 1, To: 4, Derefs: 0}},
		}
		if heap {
			f.Escape.Edges = append(f.Escape.Edges, compile.Edge{From: 1, To: 0, Derefs: 0, Steps: []compile.Step{{Why: "assign", Text: "sink = p", Stack: at(15)}}})
			f.Escape.Locations[2].Escapes = true
			f.Escape.Locations[2].Path = []int{0, 2}
		}
	}
}

func check(kind compile.CheckKind, kept, folded bool, line int) func(*compile.Report, *compile.Function) {
	return func(_ *compile.Report, f *compile.Function) {
		f.Checks = append(f.Checks, compile.Check{Kind: kind, Kept: kept, Folded: folded, Stack: at(line), Proof: "0 <= i"})
	}
}

func closure(change func(*compile.Report, *compile.Function)) func(*compile.Report, *compile.Function) {
	return func(r *compile.Report, _ *compile.Function) {
		c := facts(change).Functions[0]
		c.Name, c.Parent = "F.func1", "F"
		r.Functions = append(r.Functions, c)
	}
}

func both(changes ...func(*compile.Report, *compile.Function)) func(*compile.Report, *compile.Function) {
	return func(r *compile.Report, f *compile.Function) {
		for _, change := range changes {
			change(r, f)
		}
	}
}

// A claim on made-up facts: what each claim must accept, and refuse with which words.
func TestCompiler_Judges(t *testing.T) {
	type fn = *claim.CompiledFunc
	for _, c := range []struct {
		name  string
		claim func(fn)
		facts func(*compile.Report, *compile.Function)
		says  string // "" where the claim holds
	}{
		{"no alloc", func(f fn) { f.NoHeapAlloc() }, nil, ""},
		{"alloc", func(f fn) { f.NoHeapAlloc() }, func(_ *compile.Report, f *compile.Function) {
			f.Allocations = []compile.Allocation{{Call: "runtime.newobject", What: "T", Stack: at(12, 3)}}
		}, "m.F: 1 calls allocate on the heap, claimed none"},
		{"alloc in a closure", func(f fn) { f.NoHeapAlloc() }, closure(func(_ *compile.Report, f *compile.Function) {
			f.Allocations = []compile.Allocation{{Call: "runtime.makeslice", Stack: at(12), Conditional: true}}
		}), "/src/f.go:12:2  runtime.makeslice, where the buffer on the stack is too small"},

		{"runtime that takes nothing", func(f fn) { f.NoHeapAlloc() }, both(code("CALL", "runtime.memmove", 12), code("CALL", "runtime.mapaccess2_faststr", 12), code("CALL", "runtime.GC", 12)), ""},
		{"runtime that is not known", func(f fn) { f.NoHeapAlloc() }, code("CALL", "runtime.deferrangefunc", 12), "runtime.deferrangefunc, of which it is not known"},
		{"alloc in a closure's closure, by a compiler that names no parents", func(f fn) { f.NoHeapAlloc() }, func(r *compile.Report, f *compile.Function) {
			closure(func(_ *compile.Report, f *compile.Function) {
				f.Allocations = []compile.Allocation{{Call: "runtime.newobject", Stack: at(12)}}
			})(r, f)
			r.Functions[1].Name, r.Functions[1].Parent, r.Functions[1].Wrapper = "F.func1.2", "", true
		}, "runtime.newobject"},

		{"no bounds checks", func(f fn) { f.NoBoundsChecks() }, both(check(compile.CheckIndex, false, false, 12), check(compile.CheckNil, true, false, 12)), ""},
		{"bounds check", func(f fn) { f.NoBoundsChecks() }, check(compile.CheckIndex, true, false, 12), "1 bounds checks are left, claimed none"},
		{"slice check in a closure", func(f fn) { f.NoBoundsChecks() }, closure(check(compile.CheckSlice, true, false, 13)), "/src/f.go:13:2  slice check\n    \tknown: 0 <= i"},
		{"bounds check in code alone, 1.25", func(f fn) { f.NoBoundsChecks() }, code("CALL", "runtime.panicIndex", 12), "calls runtime.panicIndex"},
		{"bounds check in code alone, 1.26", func(f fn) { f.NoBoundsChecks() }, code("CALL", "runtime.panicBounds", 12), "calls runtime.panicBounds"},
		{"other panic", func(f fn) { f.NoBoundsChecks() }, code("CALL", "runtime.panicdivide", 12), ""},

		{"no nil checks", func(f fn) { f.NoNilChecks() }, both(check(compile.CheckNil, true, true, 12), check(compile.CheckNil, false, false, 12), check(compile.CheckIndex, true, false, 12)), ""},
		{"nil check", func(f fn) { f.NoNilChecks() }, check(compile.CheckNil, true, false, 12), "1 nil checks are left"},

		{"leaf", func(f fn) { f.Leaf() }, code("CALL", "runtime.morestack_noctxt", 10), ""},
		{"no leaf", func(f fn) { f.Leaf() }, code("CALL", "fmt.Println", 12), "calls fmt.Println"},
		{"no leaf, indirect", func(f fn) { f.Leaf() }, code("CALL", "", 12), "1 calls, claimed none"},
		{"no leaf, arm64", func(f fn) { f.Leaf() }, code("BL", "fmt.Println", 12), "calls fmt.Println"},

		{"frame", func(f fn) { f.FrameAtMost(24) }, nil, ""},
		{"large frame", func(f fn) { f.FrameAtMost(23) }, func(_ *compile.Report, f *compile.Function) {
			f.Code.Slots = []compile.Slot{{Name: "x", Type: "int", Class: "PAUTO", Size: 8}, {Name: "buf", Type: "[16]byte", Class: "PAUTO", Size: 16}}
		}, "16 bytes  buf [16]byte"},

		{"no write barrier", func(f fn) { f.NoWriteBarrier() }, code("CALL", "fmt.Println", 12), ""},
		{"write barrier", func(f fn) { f.NoWriteBarrier() }, code("CALL", "runtime.gcWriteBarrier2", 12), "1 write barriers, claimed none"},
		{"typed copy", func(f fn) { f.NoWriteBarrier() }, code("CALL", "runtime.typedmemmove", 12), "runtime.typedmemmove"},
		{"barrier flag", func(f fn) { f.NoWriteBarrier() }, func(_ *compile.Report, f *compile.Function) {
			f.Code.Relocations = []compile.Relocation{{Symbol: "runtime.writeBarrier"}}
		}, "reads runtime.writeBarrier"},

		{"open defer", func(f fn) { f.OpenDefers() }, func(_ *compile.Report, f *compile.Function) {
			f.Facts = []compile.Fact{{Kind: compile.FactDefer, Text: "open-coded"}}
		}, ""},
		{"defer in a loop", func(f fn) { f.OpenDefers() }, func(_ *compile.Report, f *compile.Function) {
			f.Facts = []compile.Fact{{Kind: compile.FactDefer, Text: "heap-allocated", Stack: at(12)}}
		}, "defer: heap-allocated"},
		{"defer in code", func(f fn) { f.OpenDefers() }, both(func(_ *compile.Report, f *compile.Function) {
			f.Facts = []compile.Fact{{Kind: compile.FactDefer, Text: "open-coded"}}
		}, code("CALL", "runtime.deferprocStack", 12)), "calls runtime.deferprocStack"},
		{"no defer", func(f fn) { f.OpenDefers() }, nil, "has no defer"},

		{"uses", func(f fn) { f.Uses("movq") }, nil, ""},
		{"uses in a closure", func(f fn) { f.Uses("POPCNTQ") }, closure(code("POPCNTQ", "", 12)), ""},
		{"uses not", func(f fn) { f.Uses("POPCNTQ") }, nil, "F uses MOVQ RET"},
		{"uses in one instance", func(f fn) { f.Uses("POPCNTQ") }, func(r *compile.Report, f *compile.Function) {
			second := facts(code("POPCNTQ", "", 12)).Functions[0]
			second.Name = "F[go.shape.int]"
			r.Functions = append(r.Functions, second)
		}, "no instruction POPCNTQ"},

		{"inlinable", func(f fn) { f.Inlinable(80) }, nil, ""},
		{"too expensive", func(f fn) { f.Inlinable(59) }, func(_ *compile.Report, f *compile.Function) {
			f.Inlining.Bill = []compile.Charge{{Self: 57, Op: "CALLFUNC", Text: "g()", Stack: at(12)}}
		}, "cost 60, claimed at most 59"},
		{"not inlinable", func(f fn) { f.Inlinable(80) }, func(_ *compile.Report, f *compile.Function) {
			f.Inlining = compile.Inlining{Decided: true, Reason: "function too complex: cost 90 exceeds budget 80"}
		}, "function too complex"},
		{"not considered", func(f fn) { f.Inlinable(80) }, func(_ *compile.Report, f *compile.Function) { f.Inlining = compile.Inlining{} }, "did not consider"},

		{"inlined", func(f fn) { f.Inlined("helper").Inlined("m.helper") }, call(compile.CallInlined, "m.helper", compile.Call{Inside: -1}), ""},
		{"kept", func(f fn) { f.Inlined("(*T).M") }, both(call(compile.CallInlined, "m.(*T).M", compile.Call{}), call(compile.CallStatic, "m.(*T).M", compile.Call{Why: "too complex"})), "1 calls of (*T).M are not inlined"},
		{"go", func(f fn) { f.Inlined("helper") }, call(compile.CallStatic, "m.helper", compile.Call{How: "go"}), "go calls are not inlined"},
		{"defer through a wrapper", func(f fn) { f.Inlined("helper") }, func(r *compile.Report, f *compile.Function) {
			closure(call(compile.CallInlined, "m.helper", compile.Call{Inside: -1}))(r, f)
			r.Functions[1].Wrapper = true
		}, "go and defer calls are not inlined"},
		{"kept in code", func(f fn) { f.Inlined("helper") }, both(call(compile.CallInlined, "m.helper", compile.Call{Inside: -1}), code("CALL", "m.helper", 12)), "calls m.helper"},
		{"not called", func(f fn) { f.Inlined("helpr") }, call(compile.CallInlined, "m.helper", compile.Call{Inside: -1}), "does not call helpr: a claim about that does not hold. It calls m.helper"},

		{"devirtualized", func(f fn) { f.Devirtualized("r.Read").Devirtualized("Read") }, call(compile.CallStatic, "bytes.(*Reader).Read", compile.Call{Devirtualized: "*bytes.Reader"}), ""},
		{"interface", func(f fn) { f.Devirtualized("r.Read") }, call(compile.CallInterface, "r.Read", compile.Call{}), "1 calls of r.Read go through an interface"},
		{"guessed", func(f fn) { f.Devirtualized("Read") }, call(compile.CallStatic, "bytes.(*Reader).Read", compile.Call{Devirtualized: "*bytes.Reader", PGO: true}), "a guess from a profile"},
		{"static anyway", func(f fn) { f.Devirtualized("Read") }, call(compile.CallStatic, "bytes.(*Reader).Read", compile.Call{}), "no call of Read through an interface"},

		{"stays", func(f fn) { f.NoEscape("p", "q", "b") }, escape(false, compile.Leak{To: "callee"}), ""},
		{"what it points to escapes", func(f fn) { f.NoEscape("p") }, escape(true), "&T{} escapes to the heap\n    \t    &T{} flows to p"},
		{"through another", func(f fn) { f.NoEscape("q") }, escape(true), "sink = p (assign)"},
		{"leaks", func(f fn) { f.NoEscape("b") }, escape(false, compile.Leak{To: "heap", Derefs: 1}), "b leaks to the heap, with what it points to"},
		{"leaks to a result", func(f fn) { f.NoEscape("b") }, escape(false, compile.Leak{To: "result 0"}), "b leaks to the result 0, itself"},
		{"no variable", func(f fn) { f.NoEscape("x") }, escape(false), "has no variable x: a claim about it does not hold. It has b, p, q"},
		{"no name", func(f fn) { f.NoEscape() }, escape(false), "names no variable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := record(t, func(t testing.TB) { c.claim(claim.FuncOf(t, "F", facts(c.facts), nil)) })
			if c.says == "" {
				r.wantSilent(t)
				return
			}
			says := strings.ReplaceAll(c.says, "\n    \t    ", "\n\t    ")
			if says = strings.ReplaceAll(says, "\n    \t", "\n\t    "); !r.failed || !strings.Contains(r.log.String(), says) {
				t.Errorf("failed %v, log:\n%s\nwant %q", r.failed, r.log.String(), says)
			}
		})
	}
}

// What cannot be told is not proven.
func TestCompiler_FailsClosed(t *testing.T) {
	gap := func(feature compile.Feature) *compile.Report {
		return facts(func(r *compile.Report, f *compile.Function) {
			r.Observed = compile.Observed{Mode: compile.Stock, Gaps: []compile.Gap{{Feature: feature, Why: "too old"}}}
			f.Facts = []compile.Fact{{Kind: compile.FactDefer, Text: "open-coded"}}
		})
	}
	record(t, func(t testing.TB) {
		claim.FuncOf(t, "F", gap(compile.FeatureDefers), gap(compile.FeatureDefers)).OpenDefers()
	}).wantFailed(t, "", "not proven", "defers: too old")
	record(t, func(t testing.TB) { claim.FuncOf(t, "F", gap(compile.FeatureDefers), nil).OpenDefers() }).wantFailed(t, "", "not proven", "no such compiler")
	record(t, func(t testing.TB) {
		claim.FuncOf(t, "F", gap(compile.FeatureCode), gap(compile.FeatureCode)).NoHeapAlloc()
	}).wantFailed(t, "", "not proven")
	record(t, func(t testing.TB) {
		claim.FuncOf(t, "F", facts(func(_ *compile.Report, f *compile.Function) { f.Code = compile.Code{} }), nil).NoHeapAlloc().NoBoundsChecks()
	}).wantFailed(t, "", "has no compiled code")
	record(t, func(t testing.TB) {
		claim.FuncOf(t, "F", facts(func(_ *compile.Report, f *compile.Function) { f.Wrapper = true }), nil).Leaf()
	}).wantFailed(t, "", "has no compiled code")
	record(t, func(t testing.TB) { claim.FuncOf(t, "F", facts(nil), nil) }).wantFailed(t, "", "nothing is claimed of F")

	// A type has a name, too: that its methods can be found by it makes it no function.
	methods := facts(func(_ *compile.Report, f *compile.Function) { f.Name = "F.M" })
	record(t, func(t testing.TB) { claim.FuncOf(t, "F", methods, methods).NoHeapAlloc() }).wantFailed(t, "", "has no compiled code")
	record(t, func(t testing.TB) { claim.FuncOf(t, "F.M", methods, nil).NoHeapAlloc() }).wantSilent(t)

	// The observing compiler is asked only where the stock compiler cannot tell.
	record(t, func(t testing.TB) {
		claim.FuncOf(t, "F", gap(compile.FeatureCode), facts(nil)).NoHeapAlloc()
		claim.FuncOf(t, "F", gap(compile.FeatureCode), facts(nil)).Uses("RET")
		claim.FuncOf(t, "F", facts(nil), nil).Leaf()
	}).wantSilent(t)
}

// Lines are named by their text: one that no line has, or that made no code, fails.
func TestCompiler_Lines(t *testing.T) {
	file := filepath.Join(t.TempDir(), "f.go")
	var source strings.Builder
	for n := range 30 {
		fmt.Fprintf(&source, "// line %d\n", n+1)
	}
	if err := os.WriteFile(file, []byte(source.String()), 0o644); err != nil {
		t.Fatal(err)
	}
	in := func(lines ...int) lens.Stack {
		s := at(lines...)
		for i := range s {
			s[i].File = file
		}
		return s
	}
	report := facts(func(_ *compile.Report, f *compile.Function) {
		f.Position.File = file
		f.Code.Instructions[0].Stack = in(12)
		f.Code.Instructions[1].Stack = in(14)
		f.Checks = []compile.Check{{Kind: compile.CheckIndex, Kept: true, Stack: append(in(14), at(3)...)}}
	})
	with := func(lines ...string) *recorder {
		return record(t, func(t testing.TB) { claim.FuncOf(t, "F", report, nil).NoBoundsChecks(lines...) })
	}
	with("line 12").wantSilent(t)
	with("line 14").wantFailed(t, claim.OutcomeBudget, `1 bounds checks are left at ["line 14"]`, "inlined at")
	with("line 12", "line 14").wantFailed(t, claim.OutcomeBudget, "1 bounds checks")
	with("line 25").wantFailed(t, "", `no line with "line 25"`)
	with("line 12", "absent").wantFailed(t, "", `no line with "absent"`)
	with("").wantFailed(t, "", "no line with")
	with("line 16").wantFailed(t, "", "no machine code comes from the line")
}

func TestCompiler_Names(t *testing.T) {
	for _, c := range []struct {
		symbol, name string
		want         bool
	}{
		{"bytes.IndexByte", "bytes.IndexByte", true}, {"bytes.IndexByte", "IndexByte", true}, {"bytes.IndexByte", "Index", false},
		{"example.com/m/p.(*T).M", "(*T).M", true}, {"example.com/m/p.(*T).M", "T.M", true}, {"example.com/m/p.(*T).M", "p.(*T).M", true},
		{"example.com/m/p.(*T).M", "example.com/m/p.(*T).M", true}, {"example.com/m/p.(*T).M", "M", false}, {"example.com/m/p.(*T).M", "(*U).M", false},
		{"m.Map[go.shape.int,m/p.X]", "Map", true}, {"m.(*List[go.shape.string]).Push", "(*List).Push", true},
		{"m.F.func1", "F.func1", true}, {"m.F.func1", "F", false}, {"", "", false},
	} {
		if got := claim.Names(c.symbol, c.name); got != c.want {
			t.Errorf("%q named %q: %v", c.symbol, c.name, got)
		}
	}
}

// The build that claims are about is the plain one, whatever GOFLAGS says.
func TestCompiler_PlainBuild(t *testing.T) {
	for flags, want := range map[string]string{
		"":                                "[]",
		"-tags=x -mod=vendor":             "[]",
		"-race":                           "[GOFLAGS=]",
		"-tags=x --race -overlay=/o.json": "[GOFLAGS=-tags=x -overlay=/o.json]",
		"-cover -covermode=atomic -coverpkg=./... -gcflags=-N -v": "[GOFLAGS=-v]",
	} {
		if got := fmt.Sprint(claim.Plain(flags)); got != want {
			t.Errorf("GOFLAGS %q: %s, want %s", flags, got, want)
		}
	}
}

// Lines are those that were compiled: of the file that lies over another one.
func TestCompiler_ReadsThroughOverlay(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		name = filepath.Join(dir, name)
		if err := os.WriteFile(name, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
		return name
	}
	below, above := write("below.go", "below"), write("above.go", "above")
	overlay := write("overlay.json", fmt.Sprintf(`{"Replace":{%q:%q}}`, below, above))
	for flags, want := range map[string]string{"": "below", "-mod=readonly -overlay=" + overlay: "above"} {
		if got, err := claim.Compiled(below, flags); err != nil || string(got) != want {
			t.Errorf("with GOFLAGS=%q the source reads %q, error %v; want %q", flags, got, err, want)
		}
	}
	if _, err := claim.Compiled(below, "-overlay="+dir+"/none.json"); err == nil {
		t.Error("an overlay that cannot be read was taken for none")
	}
}
