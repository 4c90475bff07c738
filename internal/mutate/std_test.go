package mutate_test

import (
	"testing"

	"github.com/hone-go/hone/internal/mutate"
)

// TestScheme_Std plants every mistake in packages of the standard library: the result
// compiles, and with none chosen the packages pass their own tests.
func TestScheme_Std(t *testing.T) {
	packages := []string{"container/list", "container/heap", "container/ring"}
	if !testing.Short() {
		packages = append(packages, "net/textproto", "encoding/json", "text/tabwriter", "strings")
	}
	tool, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range packages {
		t.Run(path, func(t *testing.T) {
			p, err := mutate.Load(t.Context(), tool, mutate.Source{Dir: t.TempDir(), Pattern: path})
			if err != nil {
				t.Fatal(err)
			}
			s, err := p.Scheme(mutate.Operators, false)
			if err != nil {
				t.Fatal(err)
			}
			r, err := mutate.Run(t.Context(), s, mutate.Options{Max: 1})
			if err != nil {
				t.Fatal(err)
			}
			for _, n := range r.Notes {
				t.Log(n)
			}
			size := 0
			for _, text := range s.Files() {
				size += len(text)
			}
			t.Logf("%d mutants, %d stillborn, %d tests, %d bytes, compiled in %v", len(s.Mutants), len(s.Stillborn), r.Tests, size, r.Compile)
			for _, m := range s.Stillborn[:min(5, len(s.Stillborn))] {
				t.Logf("stillborn: %v %s: %s", m.Position, m.Operator, m.Says)
			}
		})
	}
}
