package claim_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/lens/compile"
)

// toolchains are the versions of Go that claims are tested with: the one that runs
// this, and those that the module cache has.
func toolchains(t *testing.T) []string {
	t.Helper()
	all := []string{""}
	if testing.Short() {
		return all
	}
	out, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	suffix := "." + runtime.GOOS + "-" + runtime.GOARCH
	found, _ := filepath.Glob(filepath.Join(strings.TrimSpace(string(out)), "golang.org", "toolchain@v0.0.1-*"+suffix))
	for _, dir := range found {
		_, version, _ := strings.Cut(strings.TrimSuffix(filepath.Base(dir), suffix), "@v0.0.1-")
		if version != runtime.Version() {
			all = append(all, "GOTOOLCHAIN="+version)
		}
	}
	return all
}

const compiled = "./testdata/compiled"

// module is a copy of the same package in a module that older versions of Go accept.
func module(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	source, err := os.ReadFile(filepath.Join(compiled, "compiled.go"))
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string][]byte{"compiled.go": source, "go.mod": []byte("module m.test/compiled\n\ngo 1.24\n")} {
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Each claim about the compiler, by the real one: green where it is so, red where it is
// not, with what speaks against it. The stock compiler is asked first, or the observing one.
func TestCompiler_Real(t *testing.T) {
	realClaims(t, claim.StockFirst)
	if !testing.Short() {
		realClaims(t, func(p *claim.CompiledPackage) *claim.CompiledPackage { return p })
	}
}

func realClaims(t *testing.T, how func(*claim.CompiledPackage) *claim.CompiledPackage) {
	type fn = *claim.CompiledFunc
	noEscape := func(v ...string) func(fn) { return func(f fn) { f.NoEscape(v...) } }
	noHeap := func(f fn) { f.NoHeapAlloc() }
	noHeapAt := func(lines ...string) func(fn) { return func(f fn) { f.NoHeapAlloc(lines...) } }
	noBounds := func(lines ...string) func(fn) { return func(f fn) { f.NoBoundsChecks(lines...) } }
	leaf := func(f fn) { f.Leaf() }
	inlined := func(call string) func(fn) { return func(f fn) { f.Inlined(call) } }
	for _, version := range toolchains(t) {
		pkg := compiled
		if version != "" {
			pkg = module(t)
		}
		for _, c := range []struct {
			name  string
			of    string
			claim func(fn)
			says  string // "" where it holds
		}{
			{"escape", "Stays", noEscape("kept", "other", "n"), ""},
			{"escape", "Moves", noEscape("moved"), "sink = &moved"},
			{"escape", "Held", noEscape("held"), "escapes to the heap"},
			{"escape", "InlinesMoves", noEscape("mine", "inner"), ""},
			{"escape", "InlinesMoves", noEscape("moved"), "no variable moved"},
			{"alloc", "InlinesMoves", noHeap, "1 calls allocate"},
			{"escape", "Reads", noEscape("from"), ""},
			{"escape", "Keeps", noEscape("from"), "from leaks to the heap"},
			{"escape", "Returns", noEscape("from"), "from leaks to the result"},
			{"escape", "Captures", noEscape("captured"), "captured escapes to the heap"},
			{"escape", "Moves", noEscape("absent"), "no variable absent"},
			{"alloc", "Fixed", noHeap, ""},
			{"alloc", "Stays", noHeap, ""},
			{"alloc", "Moves", noHeap, "1 calls allocate on the heap"},
			{"alloc", "Sized", noHeap, "runtime.makeslice"},
			{"alloc", "Sized", noHeapAt("buf[i] = byte(i)"), ""},
			{"alloc", "Sized", noHeapAt("make("), `1 calls allocate on the heap at ["make("]`},
			{"alloc", "Sized", noHeapAt("new("), "no line with"},
			{"alloc", "Joins", noHeap, "runtime.concatstring2"},
			{"alloc", "InClosure", noHeap, "calls allocate"},
			{"bounds", "Sum", noBounds(), ""},
			{"bounds", "Sum", noBounds("sum += b[i]"), ""},
			{"bounds", "Sum", noBounds("sum -= b[i]"), "no line with"},
			{"bounds", "Pairs", noBounds(), "index check"},
			{"bounds", "Nth", noBounds(), "1 bounds checks are left"},
			{"bounds", "Nth", noBounds("len(b):len(b)"), "no machine code comes from the line"},
			{"bounds", "Nth", noBounds("b[n]"), "1 bounds checks are left"},
			{"bounds", "Nth", noBounds(":102"), "1 bounds checks are left"},
			{"bounds", "Nth", noBounds(":101"), ""},
			{"bounds", "Nth", noBounds(":1"), "no line with"},
			{"bounds", "Generic", noBounds(), "2 bounds checks are left"},
			{"bounds", "Proven", noBounds(), ""},
			{"bounds", "Uninstantiated", noBounds(), "no compiled code"},
			{"bounds", "Absent", noBounds(), "Absent"},
			{"nil", "Near", func(f fn) { f.NoNilChecks() }, ""},
			{"nil", "Far", func(f fn) { f.NoNilChecks() }, "1 nil checks are left"},
			{"nil", "Far", func(f fn) { f.NoNilChecks("return &p[1<<19]") }, "1 nil checks are left at"},
			{"leaf", "Leaf", leaf, ""},
			{"leaf", "Calls", leaf, "opaque"},
			{"frame", "Leaf", func(f fn) { f.FrameAtMost(0) }, ""},
			{"frame", "Big", func(f fn) { f.FrameAtMost(1024) }, "claimed at most 1024"},
			{"inlinable", "small", func(f fn) { f.Inlinable(80) }, ""},
			{"inlinable", "CallsSmall", func(f fn) { f.Inlinable(80) }, ""},
			{"inlinable", "CallsSmall", func(f fn) { f.Inlinable(3) }, "claimed at most 3"},
			{"inlinable", "Recursive", func(f fn) { f.Inlinable(80) }, "function too complex"},
			{"inlined", "CallsSmall", inlined("small"), ""},
			{"inlined", "DefersSmall", inlined("small"), "are not inlined"},
			{"inlined", "Calls", inlined("opaque"), "calls of opaque are not inlined"},
			{"inlined", "CallsSmall", inlined("smell"), "does not call smell"},
			{"devirtualized", "Concrete", func(f fn) { f.Devirtualized("r.Read") }, ""},
			{"devirtualized", "Abstract", func(f fn) { f.Devirtualized("r.Read") }, "go through an interface"},
			{"devirtualized", "Leaf", func(f fn) { f.Devirtualized("r.Read") }, "no call of r.Read"},
			{"barrier", "StoreInt", func(f fn) { f.NoWriteBarrier() }, ""},
			{"barrier", "StorePointer", func(f fn) { f.NoWriteBarrier() }, "write barriers, claimed none"},
			{"barrier", "StorePointer", func(f fn) { f.NoWriteBarrier("*p = q") }, "write barriers at"},
			{"defer", "Locked", func(f fn) { f.OpenDefers() }, ""},
			{"defer", "LockedInLoop", func(f fn) { f.OpenDefers() }, "not open-coded"},
			{"defer", "Leaf", func(f fn) { f.OpenDefers() }, "has no defer"},
			{"uses", "Root", func(f fn) { f.Uses(root()) }, ""},
			{"uses", "Leaf", func(f fn) { f.Uses(root()) }, "no instruction " + root()},
		} {
			t.Run(strings.Join([]string{version, c.name, c.of}, "/"), func(t *testing.T) {
				r := record(t, func(t testing.TB) {
					var settings []string
					if version != "" {
						settings = append(settings, version)
					}
					c.claim(how(claim.Compiler(t, pkg, settings...)).Func(c.of))
				})
				switch log := r.log.String(); {
				case c.says == "" && (r.failed || r.panicked != nil):
					t.Errorf("it is so, but failed: %v\n%s", r.panicked, log)
				case c.says != "" && (!r.failed || !strings.Contains(log, c.says)):
					t.Errorf("failed %v, want %q in\n%s", r.failed, c.says, log)
				}
			})
		}
	}
}

func root() string {
	if runtime.GOARCH == "arm64" {
		return "FSQRTD"
	}
	return "SQRTSD"
}

// A claim can be pinned to another machine than this one.
func TestCompiler_OtherMachine(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles the standard library for it")
	}
	for _, arch := range []string{"arm64", "386"} {
		record(t, func(t testing.TB) {
			f := claim.Compiler(t, compiled, "GOARCH="+arch, "GOOS=linux").Func("Root")
			f.Uses(map[string]string{"arm64": "FSQRTD", "386": "SQRTSD"}[arch]).Leaf().NoHeapAlloc()
		}).wantSilent(t)
		record(t, func(t testing.TB) {
			claim.Compiler(t, compiled, "GOARCH="+arch, "GOOS=linux").Func("Calls").Leaf()
		}).wantFailed(t, claim.OutcomeBudget, "linux/"+arch, "opaque")
		record(t, func(t testing.TB) {
			claim.Compiler(t, compiled, "GOARCH="+arch, "GOOS=linux").Func("Nth").NoBoundsChecks("b[n]")
		}).wantFailed(t, claim.OutcomeBudget, "1 bounds checks")
	}
}

// What another tool for such claims, gcassert, passes in silence: a variable that
// escapes, with any Go since 1.25; any claim on a directory with a hyphen in its name;
// and a package that is named without ./ and so not found.
func TestCompiler_RedWhereGcassertIsGreen(t *testing.T) {
	record(t, func(t testing.TB) { claim.Compiler(t, "./testdata/with-hyphen").Func("Moves").NoEscape("moved") }).wantFailed(t, claim.OutcomeBudget, "sink = &moved")
	record(t, func(t testing.TB) { claim.Compiler(t, "./testdata/with-hyphen").Func("Nth").NoBoundsChecks() }).wantFailed(t, claim.OutcomeBudget, "1 bounds checks")
	record(t, func(t testing.TB) { claim.Compiler(t, "testdata/compiled").Func("Sum").NoBoundsChecks() }).wantFailed(t, "", "testdata/compiled")
}

// Claims in a build with -race and -cover say what they say in the plain one: the
// package is compiled anew.
func TestCompiler_UnderRaceAndCover(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the test binary again")
	}
	for _, flag := range []string{"-race", "-cover"} {
		cmd := exec.Command("go", "test", flag, "-vet=off", "-run=^TestCompiler_RedWhereGcassertIsGreen$|^TestCompiler_Real$/^$/(inlined|escape|bounds)", ".", "-short")
		cmd.Env = append(os.Environ(), "GORACE=atexit_sleep_ms=0")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("%s: %v\n%s", flag, err, out)
		}
	}
}

// A report is of every function that has code; what cannot be told ends the test.
func TestCompiler_Report(t *testing.T) {
	record(t, func(t testing.TB) {
		have := map[string]bool{}
		for _, f := range claim.Compiler(t, compiled).Report(compile.FeatureCode).Functions {
			have[f.Name] = len(f.Code.Instructions) > 0
		}
		if !have["Moves"] || !have["Calls"] || have["Uninstantiated"] {
			t.Errorf("not the functions of the package: %v", have)
		}
	}).wantSilent(t)
	after := false
	r := record(t, func(t testing.TB) {
		claim.Compiler(t, "./testdata/absent").Report(compile.FeatureCode)
		after = true
	})
	r.wantFailed(t, "", "the package: compile ./testdata/absent", "absent")
	if after {
		t.Error("the test went on without a report")
	}
}
