package look

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/diff"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/compile"
	"github.com/hone-go/hone/lens/layout"
)

var update = flag.Bool("update", false, "rewrite the golden parts of testdata")

// TestGolden lays the report of each testdata file out in every form that the file
// has a part for: "SECTION WIDTH", where the section may be "summary" or "overview",
// with "color" behind it, or "pass=NAME", "value=N", "bytes", "full". Escape sequences
// are shown as ␛.
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
	w := readWorld(t, ar)
	for i, part := range ar.Files {
		got, ok := w.render(t, part.Name)
		if !ok {
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

// A world is what a testdata file holds: reports and the sources they speak of.
type world struct {
	reports map[string]*compile.Report
	files   map[string][]byte
	layout  *layout.Type
}

func readWorld(t *testing.T, ar *txtar.Archive) *world {
	w := &world{reports: map[string]*compile.Report{}, files: map[string][]byte{}}
	for _, part := range ar.Files {
		switch filepath.Ext(part.Name) {
		case ".json":
			var r compile.Report
			if part.Name == "layout.json" {
				w.layout = new(layout.Type)
				if err := json.Unmarshal(part.Data, w.layout); err != nil {
					t.Fatal(err)
				}
				continue
			}
			if err := json.Unmarshal(part.Data, &r); err != nil {
				t.Fatalf("%s: %v", part.Name, err)
			}
			w.reports[part.Name] = &r
		case ".go":
			w.files[part.Name] = part.Data
		}
	}
	return w
}

// render makes the text that a part with this name holds.
func (w *world) render(t *testing.T, name string) (string, bool) {
	words := strings.Fields(name)
	s, o := term.Screen{}, Options{Files: w.files, Dir: "/home/me"}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		switch key {
		case "color":
			s.Color = true
		case "links":
			s.Links = true
		case "bytes":
			o.Bytes = true
		case "full":
			o.Full = true
		case "pass":
			o.Pass = value
		case "value":
			fmt.Sscan(value, &o.Value)
		default:
			fmt.Sscan(word, &s.Width)
		}
	}
	switch words[0] {
	case "diff":
		c := Compare(Side{"HEAD", w.reports["before.json"], w.files}, Side{"now", w.reports["report.json"], w.files})
		return Diff(s, c, o), true
	case "layout":
		return Layout(s, w.layout, o), true
	case "summary":
	case "overview":
		o.Overview = true
	case "escape", "inline", "cost", "bounds", "ssa", "asm", "frame", "ir":
		o.Sections = []Section{Section(words[0])}
	default:
		return "", false
	}
	r := w.reports["report.json"]
	if r == nil {
		t.Fatal("no report.json")
	}
	if o.Target = "./" + path.Base(r.Package) + "." + r.Functions[0].Name; o.Overview {
		o.Target = "./" + path.Base(r.Package)
	}
	return Text(s, r, o), true
}

// TestText_FitsTheScreen lays everything out at every width: no line may be wider than
// the screen but where a single word is.
func TestText_FitsTheScreen(t *testing.T) {
	files, err := filepath.Glob("testdata/*.txtar")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		ar, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		w := readWorld(t, ar)
		for _, part := range ar.Files {
			section, _, _ := strings.Cut(part.Name, " ")
			for width := 40; width < 130; width += 7 {
				text, ok := w.render(t, section+" color "+fmt.Sprint(width))
				if !ok {
					break
				}
				for line := range strings.Lines(text) {
					line = strings.TrimRight(line, "\n")
					if term.Cells(line) > width && strings.Contains(strings.TrimSpace(term.Plain(line)), " ") {
						t.Errorf("%s: %s at %d cells: %q", file, section, width, term.Plain(line))
					}
				}
			}
		}
	}
}

// TestHTML_NeedsNothingElse reads the page as a browser would: its data is JSON, and no
// text of the source can end the script or reach for the network.
func TestHTML_NeedsNothingElse(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/pick.txtar")
	if err != nil {
		t.Fatal(err)
	}
	w := readWorld(t, ar)
	r := w.reports["report.json"]
	r.Functions[0].Allocations[0].What = "</script><img src=https://example.com>"
	page, err := HTML(r, Options{Files: w.files, Dir: "/home/me"})
	if err != nil {
		t.Fatal(err)
	}
	for _, bad := range []string{"<img", "{{", "http:", " src="} {
		if strings.Contains(string(page), bad) {
			t.Errorf("the page contains %q", bad)
		}
	}
	if n := strings.Count(string(page), "</script>"); n != 2 {
		t.Errorf("the page ends %d scripts, want 2", n)
	}
	_, rest, _ := strings.Cut(string(page), `<script id="data" type="application/json">`)
	text, _, _ := strings.Cut(rest, "</script>")
	var d pageData
	if err := json.Unmarshal([]byte(text), &d); err != nil {
		t.Fatal(err)
	}
	f := d.Functions[0]
	if f.Name != "Top" || len(f.Passes) != 7 || len(f.Code) != 10 || len(f.Source) == 0 || f.Source[0].First != 6 {
		t.Errorf("the page shows %s with %d passes, %d instructions, source %+v", f.Name, len(f.Passes), len(f.Code), f.Source)
	}
}

// TestText_SurvivesDamage changes digits of a report at random: what leads nowhere may
// not be followed, whatever it is.
func TestText_SurvivesDamage(t *testing.T) {
	ar, err := txtar.ParseFile("testdata/pick.txtar")
	if err != nil {
		t.Fatal(err)
	}
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	for range 50 {
		text := slices.Clone(ar.Files[0].Data)
		for range 1 + rng.IntN(6) {
			at := rng.IntN(len(text))
			if text[at] < '0' || text[at] > '9' {
				continue
			}
			text[at] = byte('0' + rng.IntN(10))
			switch rng.IntN(4) {
			case 0:
				text = slices.Insert(text, at, []byte("99999")...)
			case 1:
				text = slices.Insert(text, at, '-')
			}
		}
		everything(t, string(text), string(ar.Files[1].Data))
	}
}

// FuzzText gives reports that no compiler makes.
func FuzzText(f *testing.F) {
	for _, name := range []string{"testdata/pick.txtar", "testdata/stock.txtar"} {
		ar, err := txtar.ParseFile(name)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(string(ar.Files[0].Data), string(ar.Files[1].Data))
	}
	f.Fuzz(everything)
}

// everything lays a report out in every form. No escape sequence of the report may get
// through.
func everything(t *testing.T, report, source string) {
	var r compile.Report
	if json.Unmarshal([]byte(report), &r) != nil {
		return
	}
	o := Options{Files: map[string][]byte{"/home/me/pick/pick.go": []byte(source)}, Pass: "opt", Value: 8}
	s := term.Screen{Color: true, Width: 50}
	for _, section := range []Section{"", SectionEscape, SectionInline, SectionCost, SectionBounds, SectionSSA, SectionAsm, SectionFrame, SectionIR} {
		if o.Sections = nil; section != "" {
			o.Sections = []Section{section}
		}
		if text := Text(s, &r, o); strings.Contains(strings.ReplaceAll(text, "\x1b[", ""), "\x1b") {
			t.Errorf("%s lets an escape sequence of the report through: %q", section, text)
		}
	}
	Diff(s, Compare(Side{"a", &r, o.Files}, Side{"b", &r, nil}), o)
	_, _ = HTML(&r, o)
}
