package mutate_test

import (
	"flag"
	"fmt"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/hone-go/hone/internal/mutate"
	"github.com/hone-go/hone/internal/start"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestOperators runs operators over testdata/operators: Go in, a list of mutants out. The
// comment of an archive names the operators, and has the word race where they need it.
func TestOperators(t *testing.T) {
	files, err := filepath.Glob("testdata/operators/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal(err, "no archives")
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { operators(t, file) })
	}
}

func operators(t *testing.T, file string) {
	archive, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(string(archive.Comment), "\n")
	names, _ := strings.CutPrefix(lines[0], "operators: ")
	chosen, unknown := mutate.Choose(strings.Split(names, ",")...)
	if len(unknown) > 0 {
		t.Fatalf("there is no operator %v", unknown)
	}
	dir := t.TempDir()
	write(t, dir, "go.mod", "module example.com/a\n\ngo 1.26\n")
	var want []byte
	for _, f := range archive.Files {
		if f.Name == "want" {
			want = f.Data
			continue
		}
		write(t, dir, f.Name, string(f.Data))
	}
	s, err := load(t, dir).Scheme(chosen, lines[1] == "race")
	if err != nil {
		t.Fatal(err)
	}
	var got strings.Builder
	for _, m := range s.Mutants {
		// A diff is what a person could apply.
		changed, err := start.Apply(start.Files{"a.go": archive.Files[0].Data}, []byte(m.Diff))
		if err != nil {
			t.Errorf("%s\n%v", m.Diff, err)
			continue
		}
		if _, err := parser.ParseFile(token.NewFileSet(), "a.go", changed["a.go"], 0); err != nil {
			t.Errorf("%s\n%v", m.Diff, err)
		}
		fmt.Fprintf(&got, "%v %s: %s\n%s\n", m.Position, m.Operator, m.Says, m.Diff)
	}
	for _, m := range s.Stillborn {
		fmt.Fprintf(&got, "stillborn: %v %s: %s\n", m.Position, m.Operator, m.Says)
	}
	if *update {
		archive.Files = append(archive.Files[:1:1], txtar.File{Name: "want", Data: []byte(got.String())})
		if err := os.WriteFile(file, txtar.Format(archive), 0o644); err != nil {
			t.Fatal(err)
		}
		return
	}
	if d := diff.Diff("want", want, "got", []byte(got.String())); d != nil {
		t.Errorf("%s\nif this is right: go test ./internal/mutate -update", d)
	}
}

func write(t testing.TB, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}
