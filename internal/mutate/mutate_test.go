package mutate_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/mutate"
)

var toolchain = sync.OnceValues(func() (*gotool.Toolchain, error) { return gotool.Find(context.Background()) })

// load loads the package in dir.
func load(t testing.TB, dir string) *mutate.Package {
	t.Helper()
	tool, err := toolchain()
	if err != nil {
		t.Fatal(err)
	}
	p, err := mutate.Load(t.Context(), tool, mutate.Source{Dir: dir, Pattern: "."})
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// module copies a directory of testdata, so that tests may change it.
func module(t testing.TB, name string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(filepath.Join("testdata", name))); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestScheme_Ring(t *testing.T) {
	p := load(t, module(t, "ring"))
	s, err := p.Scheme(mutate.Operators, false)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range s.Mutants {
		t.Logf("%s %s %v %s\n%s", m.ID, m.Operator, m.Position, m.Says, m.Diff)
	}
	for name, text := range s.Files() {
		if strings.HasSuffix(name, "ring.go") {
			t.Logf("%s", text)
		}
	}
}

func TestRun_Ring(t *testing.T) {
	p := load(t, module(t, "ring"))
	s, err := p.Scheme(mutate.Operators, false)
	if err != nil {
		t.Fatal(err)
	}
	r, err := mutate.Run(t.Context(), s, mutate.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range r.Results {
		t.Logf("%-10s %-8s %-22s %6.3fs %s %v %s", x.Outcome, x.Class, x.Test, x.Wall.Seconds(), x.Operator, x.Position, x.Says)
	}
	t.Logf("%+v compile %v wall %v score %.3f %.3f %v", r.Counts, r.Compile, r.Wall, r.Score, r.Strict, r.Notes)
}
