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

// TestScheme_Large plants every mistake in large packages, and type-checks the result.
func TestScheme_Large(t *testing.T) {
	if testing.Short() {
		t.Skip("they take seconds each")
	}
	tool, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{"net/http", "go/types", "text/template", "time"} {
		p, err := mutate.Load(t.Context(), tool, mutate.Source{Dir: t.TempDir(), Pattern: path})
		if err != nil {
			t.Fatal(err)
		}
		s, err := p.Scheme(mutate.Operators, true)
		if err != nil {
			t.Errorf("%s: %v", path, err)
			continue
		}
		t.Logf("%s: %d mutants, %d stillborn", path, len(s.Mutants), len(s.Stillborn))
		if most := len(s.Mutants) / 50; len(s.Stillborn) > most {
			t.Errorf("%s: %d stillborn of %d mutants, over %d", path, len(s.Stillborn), len(s.Mutants), most)
		}
	}
}
