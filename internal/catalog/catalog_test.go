package catalog

import (
	"errors"
	"flag"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/tools/txtar"
)

var update = flag.Bool("update", false, "rewrite the wanted errors in testdata")

// TestOpen reads each archive of testdata as a labs directory. Its comment says
// what is wrong; the file "want" holds every mistake, in order. An archive may
// say "like good.txtar" to start from that one and replace files.
func TestOpen(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) < 10 {
		t.Fatalf("%d archives, %v", len(files), err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) {
			ar := parse(t, file)
			_, err := Open(labsOf(t, ar))
			got := ""
			if err != nil {
				got = err.Error() + "\n"
			}
			if *update {
				rewrite(t, file, ar, got)
				return
			}
			if diff := cmp.Diff(want(ar), got); diff != "" {
				t.Errorf("mistakes (-want +got):\n%s", diff)
			}
		})
	}
}

func parse(t *testing.T, file string) *txtar.Archive {
	t.Helper()
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	return ar
}

// labsOf builds the file system of an archive.
func labsOf(t *testing.T, ar *txtar.Archive) fs.FS {
	t.Helper()
	all := &txtar.Archive{}
	if strings.Contains(string(ar.Comment), "like good.txtar") {
		all.Files = slices.DeleteFunc(parse(t, "testdata/good.txtar").Files, func(f txtar.File) bool {
			return f.Name == "want" || slices.ContainsFunc(ar.Files, func(o txtar.File) bool { return o.Name == f.Name })
		})
	}
	for _, f := range ar.Files {
		if f.Name != "want" && strings.TrimSpace(string(f.Data)) != "(absent)" {
			all.Files = append(all.Files, f)
		}
	}
	fsys, err := txtar.FS(all)
	if err != nil {
		t.Fatal(err)
	}
	return fsys
}

func want(ar *txtar.Archive) string {
	for _, f := range ar.Files {
		if f.Name == "want" {
			return string(f.Data)
		}
	}
	return ""
}

func rewrite(t *testing.T, file string, ar *txtar.Archive, got string) {
	t.Helper()
	ar.Files = slices.DeleteFunc(ar.Files, func(f txtar.File) bool { return f.Name == "want" })
	if got != "" {
		ar.Files = append(ar.Files, txtar.File{Name: "want", Data: []byte(got)})
	}
	if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
		t.Fatal(err)
	}
}

// Everything that a good lab says is read.
func TestOpen_Good(t *testing.T) {
	c, err := Open(labsOf(t, parse(t, "testdata/good.txtar")))
	if err != nil {
		t.Fatal(err)
	}
	l, err := c.Find("ring")
	if err != nil {
		t.Fatal(err)
	}
	if l.ID != "structures/ring" || l.Kind != Write || l.Title != "A ring" || l.Lesson != "A ring goes round.\n\n```\n## Stage: nothing\n```" {
		t.Errorf("lab = %+v", l)
	}
	s := l.Stages[0]
	if s.ID != "put" || s.Limit.String() != "2s" || s.Effort.String() != "20m0s" || !slices.Equal(s.Hints, []string{"Think.", "Harder."}) || s.Text != "Write Put." {
		t.Errorf("stage = %+v", s)
	}
	if l.Stages[1].Limit != DefaultLimit || l.Effort().String() != "30m0s" {
		t.Errorf("limit = %v, effort = %v", l.Stages[1].Limit, l.Effort())
	}
	if len(s.Checks) != 1 || s.Checks[0] != (Check{Name: "TestPut_Wraps", File: "put_test.go", Line: 6, Doc: "Put wraps around.", Plain: false}) {
		t.Errorf("checks = %+v", s.Checks)
	}
	if c := l.Stages[1].Checks; len(c) != 1 || !c[0].Plain {
		t.Errorf("budgets = %+v", c)
	}
	m := l.Mutant("nowrap")
	if m == nil || m.Says != "Put wraps one element too late, and overwrites nothing." || !slices.Equal(m.Fails, []string{"TestPut_Wraps"}) || !strings.HasPrefix(string(m.Diff), "--- ring.go\n") {
		t.Errorf("mutant = %+v", m)
	}
	if len(l.Wheats) != 1 || l.Wheats[0].Name != "list" || !slices.Equal(l.Wheats[0].Waives, []string{"TestFast_Enough"}) {
		t.Errorf("wheats = %+v", l.Wheats)
	}
	if got := c.Tracks(); len(got) != 1 || got[0].Title != "Data structures" {
		t.Errorf("tracks = %+v", got)
	}
}

func TestFind(t *testing.T) {
	c, err := Open(labsOf(t, parse(t, "testdata/good.txtar")))
	if err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ring", "structures/ring", "structures/ring/"} {
		if _, err := c.Find(id); err != nil {
			t.Errorf("Find(%q): %v", id, err)
		}
	}
	for _, id := range []string{"rink", "strctures/ring", "structures/rig"} {
		_, err := c.Find(id)
		var e *NotFoundError
		if !errors.As(err, &e) || !slices.Equal(e.Near, []string{"structures/ring"}) {
			t.Errorf("Find(%q): %v", id, err)
		}
	}
	if _, err := c.Find("kubernetes"); err == nil || err.Error() != `no lab is called "kubernetes"` {
		t.Errorf("Find: %v", err)
	}
}

// Open never panics, whatever the files of a lab hold.
func FuzzRead(f *testing.F) {
	ar, err := txtar.ParseFile("testdata/good.txtar")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range ar.Files {
		f.Add(file.Name, file.Data)
	}
	f.Fuzz(func(t *testing.T, name string, data []byte) {
		labs := &txtar.Archive{Files: slices.Clone(ar.Files)}
		i := slices.IndexFunc(labs.Files, func(f txtar.File) bool { return f.Name == name })
		if i < 0 {
			t.Skip("no such file")
		}
		labs.Files[i].Data = data
		fsys, err := txtar.FS(labs)
		if err != nil {
			t.Skip(err)
		}
		Open(fsys)
	})
}

// A program is judged where there is one and a check imports what runs it.
func TestOpen_Program(t *testing.T) {
	main := txtar.File{Name: "structures/ring/program/main.go", Data: []byte("package main\n\nfunc main() {}\n")}
	serve := txtar.File{Name: "structures/ring/serve_test.go", Data: []byte(`package ring_test

import _ "github.com/hone-go/hone/claim/program"
`)}
	for _, c := range []struct {
		name  string
		files []txtar.File
		want  bool
	}{
		{"neither", nil, false},
		{"for the learner alone", []txtar.File{main}, false},
		{"none to run", []txtar.File{serve}, false},
		{"judged", []txtar.File{main, serve}, true},
	} {
		ar := parse(t, "testdata/good.txtar")
		ar.Files = append(ar.Files, c.files...)
		catalog, err := Open(labsOf(t, ar))
		if err != nil {
			t.Fatal(err)
		}
		if got := catalog.Labs()[0].Program; got != c.want {
			t.Errorf("%s: Program = %v, want %v", c.name, got, c.want)
		}
	}
}
