package compile_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime/pprof"
	"slices"
	"sort"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/lens/compile"
)

func absolute(t testing.TB, file string) string {
	t.Helper()
	abs, err := filepath.Abs(file)
	if err != nil {
		t.Fatal(err)
	}
	return abs
}

func names(r *compile.Report) []string {
	var out []string
	for _, f := range r.Functions {
		if !f.Wrapper {
			out = append(out, f.Name)
		}
	}
	return out
}

// A question selects a function, its closures, all instances of a generic, the methods
// of a type, or what stands at a line.
func TestLook_SelectsByName(t *testing.T) {
	l := open(t, compile.Options{})
	for ask, want := range map[string][]string{
		"escapes":                         {"escapes"},
		"closes":                          {"closes", "closes.func1"},
		"closes.func1":                    {"closes.func1"},
		"largest":                         {"largest[go.shape.int]", "largest[go.shape.string]"},
		"largest[go.shape.int]":           {"largest[go.shape.int]"},
		"(*point).grow":                   {"(*point).grow"},
		"point.grow":                      {"(*point).grow"},
		"point":                           {"point.area", "(*point).grow"},
		"facts.go:38":                     {"stays"},
		"example.com/facts/facts.escapes": {"escapes"},
	} {
		r := look(t, l, compile.Query{Package: "./facts", Function: ask})
		if got := names(r); !slices.Equal(got, want) {
			t.Errorf("%s: %q, want %q", ask, got, want)
		}
	}
}

// What escapes says on which way: from the variable to the heap, with the compiler's
// reasons.
func TestLook_SaysWhyItEscapes(t *testing.T) {
	r := look(t, open(t, compile.Options{}), compile.Query{Package: "./facts", Function: "stores"})
	e := r.Functions[0].Escape
	vs := e.Variable("stores", "v")
	if len(vs) != 1 || !vs[0].Escapes {
		t.Fatalf("v is %+v", vs)
	}
	path := e.Path(vs[0].ID)
	var why []string
	for _, edge := range path {
		for _, s := range edge.Steps {
			why = append(why, s.Why+" "+s.Text)
		}
	}
	if got := strings.Join(why, ", "); got != "address-of &v, assign global = &v" {
		t.Errorf("the way is %q", got)
	}
	if last := path[len(path)-1]; e.Locations[last.To].Kind != compile.LocationHeap {
		t.Errorf("the way ends at %v", e.Locations[last.To])
	}
}

// The bill of a function sums to what the compiler says that it costs, also where that
// is over the budget.
func TestLook_BillSumsToCost(t *testing.T) {
	r := look(t, open(t, compile.Options{}), compile.Query{Package: "./facts", Function: "calls"})
	in := r.Functions[0].Inlining
	sum := 0
	for _, c := range in.Bill {
		sum += c.Self
	}
	if in.Inlinable || in.Cost <= in.Budget || sum != in.Cost || !strings.Contains(in.Reason, "exceeds budget 80") {
		t.Errorf("%d charges sum to %d: %+v", len(in.Bill), sum, in)
	}
}

// A call that stays says by how much its callee is too expensive.
func TestLook_SaysWhatACalleeCosts(t *testing.T) {
	l := open(t, compile.Options{})
	callee := look(t, l, compile.Query{Package: "./facts", Function: "calls"}).Functions[0].Inlining
	c := look(t, l, compile.Query{Package: "./facts", Function: "callsCalls"}).Functions[0].Calls[0]
	if c.Cost != callee.Cost || c.Cost <= 80 || !strings.Contains(c.Why, "exceeds budget 80") {
		t.Errorf("%+v, want the cost %d", c, callee.Cost)
	}
}

// A value is the same one in all passes; put together, the deltas are the function.
func TestLook_PassesFitTogether(t *testing.T) {
	r := look(t, open(t, compile.Options{}), compile.Query{Package: "./facts", Function: "sums", Passes: true, IR: true})
	f := &r.Functions[0]
	if len(f.Passes) < 40 || len(f.IR) < 5 {
		t.Fatalf("%d passes, %d stages", len(f.Passes), len(f.IR))
	}
	for i, p := range f.Passes {
		s, ok := f.After(i)
		if !ok || len(s.Blocks) != p.Blocks || len(s.Values) != p.Values {
			t.Fatalf("after %s there are %d blocks and %d values, want %d and %d", p.Name, len(s.Blocks), len(s.Values), p.Blocks, p.Values)
		}
		for _, b := range s.Blocks {
			for _, v := range b.Values {
				if _, ok := s.Values[v]; !ok {
					t.Fatalf("after %s, v%d of b%d is nowhere", p.Name, v, b.ID)
				}
			}
		}
	}
	check := f.Checks[0]
	if _, gone := f.History(check.Value); gone < f.PassIndex("prove") || check.Pass != "prove" || !strings.Contains(check.Proof, "i < len(s)") {
		t.Errorf("the check is %+v, gone in pass %d", check, gone)
	}
	last, _ := f.After(len(f.Passes) - 1)
	for _, in := range f.Code.Instructions {
		if _, ok := last.Values[in.Value]; in.Value >= 0 && !ok {
			t.Errorf("%s is for v%d, which isn't there after the last pass", in.Text, in.Value)
		}
	}
	if rewrites := f.Passes[f.PassIndex("opt")].Rewrites; len(rewrites) == 0 {
		t.Error("opt rewrote nothing")
	}
}

// What was known of a check that is kept is said in the words of the source.
func TestLook_SaysWhatWasKnown(t *testing.T) {
	r := look(t, open(t, compile.Options{}), compile.Query{Package: "./facts", Function: "(*ring).next"})
	for _, c := range r.Functions[0].Checks {
		if c.Kind == compile.CheckIndex && (!c.Kept || c.Proof != "r.at can be anything; 0 <= len(r.buf)") {
			t.Errorf("%+v", c)
		}
	}
}

// A function that isn't there is an error that says what is, and one without code says
// why.
func TestLook_SaysWhatIsMissing(t *testing.T) {
	l := open(t, compile.Options{})
	_, err := l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./facts", Function: "escape"})
	var missing *compile.MissingError
	if !errors.As(err, &missing) || !slices.Contains(missing.Near, "escapes") || missing.NoCode {
		t.Errorf("escape: %v", err)
	}
	_, err = l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./facts", Function: "unused"})
	if !errors.As(err, &missing) || !missing.NoCode {
		t.Errorf("unused: %v", err)
	}
	_, err = l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./asm", Function: "add"})
	if !errors.As(err, &missing) || !missing.NoCode {
		t.Errorf("add: %v", err)
	}
}

// What the compiler says against a package is passed on, with positions, by every kind
// of process.
func TestLook_PassesCompileErrorsOn(t *testing.T) {
	for _, o := range []compile.Options{{}, {Resident: 1}, {Observer: compile.ObserverNever}} {
		_, err := open(t, o).Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./broken", Function: "F"})
		var broken *compile.CompileError
		if !errors.As(err, &broken) || len(broken.Messages) != 2 {
			t.Fatalf("%+v: %v", o, err)
		}
		if m := broken.Messages[0]; filepath.Base(m.File) != "broken.go" || m.Line != 3 || m.Column != 23 || !strings.Contains(m.Text, "cannot use") {
			t.Errorf("%+v: %+v", o, m)
		}
	}
	_, err := open(t, compile.Options{}).Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./nowhere"})
	var broken *compile.CompileError
	if !errors.As(err, &broken) || !strings.Contains(broken.Text, "nowhere") {
		t.Errorf("a package that isn't there: %v", err)
	}
}

// Names have the package's path as the source does, also where symbols escape it.
func TestLook_SpellsPathsOut(t *testing.T) {
	const pkg = "example.com/facts/dotted.v1"
	for _, o := range []compile.Options{{}, {Observer: compile.ObserverNever}} {
		r, err := open(t, o).Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./dotted.v1", Function: "Make"})
		if err != nil || len(r.Functions) != 1 {
			t.Fatalf("%+v: %+v, %v", o, r, err)
		}
		f := r.Functions[0]
		if f.Name != "Make" || f.Symbol != pkg+".Make" || f.Wrapper {
			t.Errorf("%+v: %s, %s, wrapper %v", o, f.Name, f.Symbol, f.Wrapper)
		}
		if len(f.Allocations) != 1 || f.Allocations[0].What != pkg+".T" {
			t.Errorf("%+v: allocates %+v", o, f.Allocations)
		}
		if !slices.ContainsFunc(f.Code.Instructions, func(i compile.Instruction) bool { return i.Target == pkg+".keep" }) {
			t.Errorf("%+v: no call of keep in %+v", o, f.Code.Instructions)
		}
		for _, i := range f.Code.Instructions {
			if of := i.Stack.Text().Function; of != "" && of != f.Symbol {
				t.Errorf("%+v: an instruction of %s, in %s", o, of, f.Symbol)
			}
		}
	}
}

// The text of an unsaved file is what is compiled, and its positions are those of the
// file.
func TestLook_SeesUnsavedText(t *testing.T) {
	file := absolute(t, "testdata/src/tested/tested.go")
	l := open(t, compile.Options{})
	for _, body := range []string{"n + 1", "n + 2"} {
		text := "package tested\n\n// Double doesn't.\n//\n//go:noinline\nfunc Double(n int) int { return " + body + " }\n"
		r := look(t, l, compile.Query{Package: "./tested", Function: "Double", Overlay: map[string][]byte{file: []byte(text)}})
		f := r.Functions[0]
		if f.Position.File != file || f.Position.Line != 6 || f.Inlining.Reason != "marked go:noinline" {
			t.Errorf("%s: %v, %+v", body, f.Position, f.Inlining)
		}
	}
	r := look(t, l, compile.Query{Package: "./tested", Function: "Double"})
	if f := r.Functions[0]; f.Position.Line != 5 || !f.Inlining.Inlinable {
		t.Errorf("the saved file is %v, %+v", f.Position, f.Inlining)
	}
}

// A cache that can be read and not written to, as from within a sandbox, is no hindrance.
func TestLook_CacheIsReadOnly(t *testing.T) {
	cache := t.TempDir()
	if err := os.WriteFile(filepath.Join(cache, "plans"), nil, 0o400); err != nil { // permissions don't stop root
		t.Fatal(err)
	}
	l := open(t, compile.Options{Cache: cache, Observer: compile.ObserverNever})
	r, err := l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./tested", Function: "Double"})
	if err != nil {
		t.Fatal(err)
	}
	if len(r.Functions) != 1 || len(r.Functions[0].Code.Instructions) == 0 {
		t.Errorf("%d functions", len(r.Functions))
	}
}

// Packages in all their forms can be asked for.
func TestLook_AnyPackage(t *testing.T) {
	l := open(t, compile.Options{})
	for _, q := range []compile.Query{
		{Package: "./asm", Function: "Twice"},
		{Package: "./embeds", Function: "Text"},
		{Package: "./tested", Function: "inner", Tests: true},
		{Package: "./tested_test", Function: "outer", Tests: true},
		{Package: "bufio", Function: "(*Scanner).Scan"},
		{Package: "math/big", Function: "nat.add"},
		{Package: "runtime", Function: "mallocgc"},
		{Package: "./facts", Function: "sums", Env: []string{"GOARCH=arm64"}},
		{Package: "os/user", Function: "Current", Env: []string{"GOARCH=arm64"}}, // uses cgo where it can
		{Package: "./facts", Function: "sums", Env: []string{"GOAMD64=v3"}},
		{Package: "./facts", Function: "sums", Env: []string{"GOOS=js", "GOARCH=wasm"}},
		{Package: absolute(t, "testdata/src/facts"), Function: "sums"},
	} {
		if q.Env != nil && testing.Short() {
			continue // builds dependencies for another machine
		}
		r := look(t, l, q)
		if len(r.Functions) == 0 || len(r.Functions[0].Code.Instructions) == 0 {
			t.Errorf("%+v: no code", q)
		}
	}
}

// A package that uses cgo is compiled from what cgo made of it.
func TestLook_Cgo(t *testing.T) {
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("there is no C compiler")
	}
	r := look(t, open(t, compile.Options{}), compile.Query{Package: "./cgo", Function: "Plain"})
	f := r.Functions[0]
	if filepath.Base(f.Position.File) != "cgo.go" || f.Position.Line != 11 || len(f.Checks) == 0 {
		t.Errorf("Plain is at %v with the checks %+v", f.Position, f.Checks)
	}
	for _, fn := range []string{"Plain", "TestTwice"} {
		r := look(t, open(t, compile.Options{}), compile.Query{Package: "./cgo", Function: fn, Tests: true})
		if f := r.Functions[0]; f.Name != fn || len(f.Code.Instructions) == 0 {
			t.Errorf("with its tests, %s is %+v", fn, f)
		}
	}
	r = look(t, open(t, compile.Options{}), compile.Query{Package: "./cgo/program", Function: "main"})
	if f := r.Functions[0]; f.Name != "main" || len(f.Code.Instructions) == 0 {
		t.Errorf("main is %+v", f)
	}
}

// A profile is used as go build uses it: for the program and all that it imports.
func TestLook_PGO(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the runtime anew")
	}
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod":  "module example.com/hot\n\ngo 1.24\n",
		"main.go": "package main\n\nfunc main() { println(hot(3)) }\n\nfunc hot(n int) int { return n }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	f, err := os.Create(filepath.Join(dir, "default.pgo"))
	if err != nil {
		t.Fatal(err)
	}
	if err := pprof.StartCPUProfile(f); err != nil {
		t.Skip(err)
	}
	for start := time.Now(); time.Since(start) < 50*time.Millisecond; {
		sort.Ints([]int{3, 1, 2})
	}
	pprof.StopCPUProfile()
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := open(t, compile.Options{}).Look(t.Context(), compile.Query{Dir: dir, Function: "hot"})
	if err != nil {
		t.Fatal(err)
	}
	if !r.Target.PGO {
		t.Errorf("the profile was not used: %+v", r.Target)
	}
}

// The stock compiler's report says which facts it can't have.
func TestLook_StockSaysWhatItLacks(t *testing.T) {
	l := open(t, compile.Options{Observer: compile.ObserverNever})
	r, err := l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./facts", Function: "escapes"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Observed.Mode != compile.Stock || r.Observed.Has(compile.FeatureEscape) || !r.Observed.Has(compile.FeatureCode) {
		t.Errorf("observed: %+v", r.Observed)
	}
	f := r.Functions[0]
	if len(f.Allocations) != 1 || f.Allocations[0].What != "int" || !f.Inlining.Inlinable || f.Inlining.Cost != 8 {
		t.Errorf("%+v, %+v", f.Allocations, f.Inlining)
	}
	if es := f.Escape.Escaping(); len(es) != 1 || es[0].Name != "v" {
		t.Errorf("what escapes is %+v", es)
	}
	_, err = l.Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./facts", Function: "facts.go:38"})
	if err != nil {
		t.Error(err)
	}
}

// The machine code of both compilers is the same, function by function.
func TestLook_CodeIsTheStockCompilers(t *testing.T) {
	ours := look(t, open(t, compile.Options{}), compile.Query{Package: "./facts"})
	stock, err := open(t, compile.Options{Observer: compile.ObserverNever}).Look(t.Context(), compile.Query{Dir: "testdata/src", Package: "./facts"})
	if err != nil {
		t.Fatal(err)
	}
	sameCode(t, ours, stock)
}

func sameCode(t testing.TB, ours, stock *compile.Report) (same int) {
	t.Helper()
	code := map[string]string{}
	for _, f := range stock.Functions {
		code[f.Symbol] = bytesOf(f)
	}
	for _, f := range ours.Functions {
		if want, ok := code[f.Symbol]; !ok || want != bytesOf(f) {
			t.Errorf("%s: the code differs\n%s\n%s", f.Symbol, bytesOf(f), want)
		} else {
			same++
		}
	}
	return same
}

func bytesOf(f compile.Function) string {
	var b strings.Builder
	for _, in := range f.Code.Instructions {
		b.WriteString(in.Bytes)
	}
	return b.String()
}

// Resident answers are those of a process that ends, and a question that is given up
// doesn't harm the next.
func TestLook_ResidentSaysTheSame(t *testing.T) {
	cold, warm := open(t, compile.Options{}), open(t, compile.Options{Resident: 1})
	for i, name := range []string{"escapes", "calls", "largest", "closes", "escapes", "largest[go.shape.int]", "closes.func1", "facts.go:38"} {
		q := compile.Query{Package: "./facts", Function: name, Passes: i%2 == 0}
		a, b := look(t, cold, q), look(t, warm, q)
		if b.Observed.Resident != (i > 0) {
			t.Errorf("%s: resident is %v", name, b.Observed.Resident)
		}
		if x, y := summary(a), summary(b); x != y {
			t.Errorf("%s: %s\nresident: %s", name, x, y)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := warm.Look(ctx, compile.Query{Dir: "testdata/src", Package: "./facts", Function: "boxes"}); !errors.Is(err, context.Canceled) {
		t.Errorf("given up: %v", err)
	}
	look(t, warm, compile.Query{Package: "./facts", Function: "boxes"})
}

// summary is what must be equal: all facts but wall times.
func summary(r *compile.Report) string {
	var b strings.Builder
	for _, f := range r.Functions {
		for i := range f.Passes {
			f.Passes[i].Nanoseconds = 0
		}
		b.WriteString(jsonOf(f) + "\n")
	}
	return b.String()
}
