package compile_test

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/hone-go/hone/lens/compile"
)

// In large packages, too, every function has the stock compiler's code. Those of other
// modules are compared where peers requires them and they were fetched.
func TestLook_LargePackagesHaveTheStockCode(t *testing.T) {
	if testing.Short() {
		t.Skip("compiles large packages")
	}
	ours, theirs := open(t, compile.Options{}), open(t, compile.Options{Observer: compile.ObserverNever})
	for _, q := range []compile.Query{
		{Dir: ".", Package: "encoding/json"},
		{Dir: "../../peers", Package: "github.com/klauspost/compress/zstd"},
		{Dir: "../../peers", Package: "github.com/cockroachdb/pebble/v2/sstable/colblk"},
	} {
		stock, err := theirs.Look(t.Context(), q)
		if err != nil {
			t.Logf("%s: %v", q.Package, err)
			continue
		}
		t.Logf("%s: %d functions are the same", q.Package, sameCode(t, look(t, ours, q), stock))
	}
}

// Every function of the standard library goes through the observer, with everything
// recorded. The number is printed.
func TestSweep_Std(t *testing.T) {
	if os.Getenv("HONE_GATES") != "nightly" {
		t.Skip("set HONE_GATES=nightly")
	}
	l := open(t, compile.Options{})
	out, err := exec.Command("go", "list", "std").Output()
	if err != nil {
		t.Fatal(err)
	}
	functions, packages := 0, 0
	for _, pkg := range strings.Fields(string(out)) {
		r, err := l.Look(t.Context(), compile.Query{Dir: t.TempDir(), Package: pkg, Passes: true})
		var refused *compile.CompileError
		if errors.As(err, &refused) || err != nil && strings.Contains(err.Error(), "no Go files") {
			t.Logf("%s: %v", pkg, err)
			continue
		}
		if err != nil {
			t.Errorf("%s: %v", pkg, err)
			continue
		}
		if r.Observed.Mode != compile.Observing || len(r.Observed.Gaps) > 0 {
			t.Errorf("%s: %+v", pkg, r.Observed)
		}
		for i := range r.Functions {
			f := &r.Functions[i]
			if len(f.Code.Instructions) == 0 || len(f.Passes) == 0 {
				t.Errorf("%s: %s has %d instructions and %d passes", pkg, f.Name, len(f.Code.Instructions), len(f.Passes))
			}
		}
		functions += len(r.Functions)
		packages++
	}
	t.Logf("%d functions of %d packages", functions, packages)
}
