package report

import (
	"bytes"
	"encoding/json"
	"encoding/xml"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/term"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestGolden renders the verdict of each testdata file in every form that the
// file has a part for. Escape sequences are shown as ␛.
func TestGolden(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatal("no testdata", err)
	}
	for _, file := range files {
		t.Run(strings.TrimSuffix(filepath.Base(file), ".txtar"), func(t *testing.T) { golden(t, file) })
	}
}

func golden(t *testing.T, file string) {
	ar, err := txtar.ParseFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var v judge.Verdict
	o := Options{Dir: "d", Files: map[string][]byte{}, Next: []Step{{"hone hint", "one rung of the ladder"}}}
	for i, part := range ar.Files {
		var got string
		switch name, arg, _ := strings.Cut(part.Name, " "); name {
		case "verdict.json":
			if err := json.Unmarshal(part.Data, &v); err != nil {
				t.Fatalf("%s: %v", part.Name, err)
			}
			continue
		case "text", "color", "full":
			s := term.Screen{Color: name == "color"}
			fmt.Sscan(arg, &s.Width)
			o.Full = name == "full"
			got = Text(s, &v, o)
		case "headline":
			got = Headline(&v) + "\n"
		case "junit":
			var b bytes.Buffer
			if err := JUnit(&b, &v); err != nil {
				t.Fatal(err)
			}
			got = b.String()
		default:
			o.Files[part.Name] = part.Data
			continue
		}
		got = strings.ReplaceAll(got, "\x1b", "␛")
		if want := string(part.Data); got != want {
			if *update {
				ar.Files[i].Data = []byte(got)
				continue
			}
			t.Errorf("%s\n%s", part.Name, diff.Diff("want", part.Data, "got", []byte(got)))
		}
	}
	if *update {
		if err := os.WriteFile(file, txtar.Format(ar), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// TestText_FitsTheScreen renders every golden verdict at every width: no line may
// be wider than the screen but where a single word is.
func TestText_FitsTheScreen(t *testing.T) {
	files, _ := filepath.Glob("testdata/*.txtar")
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		var v judge.Verdict
		o := Options{Dir: "d", Files: map[string][]byte{}}
		for _, part := range ar.Files {
			if part.Name == "verdict.json" {
				if err := json.Unmarshal(part.Data, &v); err != nil {
					t.Fatal(err)
				}
			} else if strings.HasSuffix(part.Name, ".go") {
				o.Files[part.Name] = part.Data
			}
		}
		for width := 40; width < 120; width += 7 {
			for _, l := range strings.Split(Text(term.Screen{Width: width, Color: true, Links: true}, &v, o), "\n") {
				if term.Cells(l) > width {
					t.Errorf("%s at %d: %d cells: %q", file, width, term.Cells(l), l)
				}
			}
		}
	}
}

// TestJUnit_Counts decodes what was written: the totals must be those of the
// cases, and text that XML can't hold must not break it.
func TestJUnit_Counts(t *testing.T) {
	v := &judge.Verdict{Lab: "a/b", Problems: []judge.Problem{{Message: "broken \x00\x1b & <tag>"}}, Stages: []judge.Stage{{
		ID: "s", Outcome: judge.NotYet, Checks: []judge.Check{
			{Name: "A", Outcome: judge.Passed}, {Name: "B", Outcome: judge.Failed, Message: "x < y\x07"},
			{Name: "C", Outcome: judge.Deadlock}, {Name: "D", Outcome: judge.NotRun}, {Name: "E", Outcome: judge.Noisy},
		},
	}}}
	var b bytes.Buffer
	if err := JUnit(&b, v); err != nil {
		t.Fatal(err)
	}
	var got junitSuites
	if err := xml.Unmarshal(b.Bytes(), &got); err != nil {
		t.Fatalf("not XML: %v\n%s", err, b.Bytes())
	}
	if got.Tests != 6 || got.Failures != 1 || got.Errors != 2 || got.Suites[1].Skipped != 2 {
		t.Errorf("tests %d failures %d errors %d skipped %d, want 6 1 2 2\n%s",
			got.Tests, got.Failures, got.Errors, got.Suites[1].Skipped, b.Bytes())
	}
}

func TestDiff(t *testing.T) {
	got := Diff(term.Screen{}, "yours/a.go", []byte("a\nb\n"), "reference/a.go", []byte("a\nc\n"))
	want := "--- yours/a.go\n+++ reference/a.go\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n"
	if got != want {
		t.Errorf("Diff =\n%s\nwant\n%s", got, want)
	}
	if got := Diff(term.Screen{}, "a", []byte("x"), "b", []byte("x")); got != "" {
		t.Errorf("Diff of equal texts = %q", got)
	}
}

func TestFirst_NoisyComesLast(t *testing.T) {
	v := &judge.Verdict{Stages: []judge.Stage{{Checks: []judge.Check{
		{Name: "noisy", Outcome: judge.Noisy}, {Name: "skipped", Outcome: judge.NotRun}, {Name: "failed", Outcome: judge.Budget},
	}}}}
	if _, c := First(v); c == nil || c.Name != "failed" {
		t.Errorf("First = %+v, want the one that failed", c)
	}
}
