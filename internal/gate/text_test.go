package gate

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
)

// An edit replaces a text, which is there once, in a file of the fixture lab. Without a
// text the replacement is added at the end.
type edit struct{ file, from, to string }

// fixture is the lab of testdata with edits, in a source tree with the repository's
// claim library.
func fixture(t *testing.T, edits ...edit) (fs.FS, *catalog.Lab) {
	t.Helper()
	tree := fstest.MapFS{}
	for dir, root := range map[string]string{"claim": "../..", "lens": "../..", "internal/gotool": "../..", "labs": "testdata"} {
		err := fs.WalkDir(os.DirFS(root), dir, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() {
				return err
			}
			data, err := os.ReadFile(filepath.Join(root, name))
			tree[name] = &fstest.MapFile{Data: data, Mode: 0o644}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := os.ReadFile("../../" + name)
		if err != nil {
			t.Fatal(err)
		}
		tree[name] = &fstest.MapFile{Data: data}
	}
	for _, e := range edits {
		f := tree["labs/structures/window/"+e.file]
		switch {
		case e.from == "":
			f.Data = append(f.Data, e.to...)
		case strings.Count(string(f.Data), e.from) != 1:
			t.Fatalf("%q is in %s %d times", e.from, e.file, strings.Count(string(f.Data), e.from))
		default:
			f.Data = []byte(strings.Replace(string(f.Data), e.from, e.to, 1))
		}
	}
	labs, err := fs.Sub(tree, "labs")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(labs)
	if err != nil {
		t.Fatal(err)
	}
	return tree, c.Labs()[0]
}

// faults runs one gate over the fixture with edits.
func faults(t *testing.T, gate string, edits ...edit) string {
	t.Helper()
	tree, lab := fixture(t, edits...)
	j, err := judge.New(t.Context(), judge.Options{Source: tree, Cache: cache(t)})
	if err != nil {
		t.Fatal(err)
	}
	quick := gate != "budgets" // there the quick form forgives what a busy machine can't tell
	r, err := Check(t.Context(), j, lab, Options{Quick: quick, Only: []string{gate}})
	if err != nil {
		t.Fatal(err)
	}
	for _, g := range r.Gates {
		if g.ID != gate {
			continue
		}
		if !g.Run {
			t.Fatalf("gate %s did not run", gate)
		}
		if g.Passed {
			t.Logf("passed in %v: %s", g.Wall, strings.Join(g.Detail, "; "))
			return ""
		}
		return strings.Join(g.Detail, "\n")
	}
	t.Fatalf("there is no gate %s", gate)
	return ""
}

// cache is where the judges of all tests of a run write.
func cache(t *testing.T) string {
	t.Helper()
	return t.TempDir()
}

// A refusal is a lab that violates one gate, and what that gate says first.
type refusal struct {
	name  string
	edits []edit
	want  string
}

func refuse(t *testing.T, gate string, cases []refusal) {
	t.Helper()
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			got, _, _ := strings.Cut(faults(t, gate, c.edits...), "\n")
			got, _, _ = strings.Cut(got, " (replay with seed ")
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
		})
	}
}

func TestHints_Refuses(t *testing.T) {
	last := "Keep the indices in `queue`; drop from behind what a new value beats, from the front what is too old."
	third := "What is left, in order of time, is in order of size too."
	refuse(t, "hints", []refusal{
		{"good", nil, ""},
		{"three rungs", []edit{{"lab.md", "### Hint\n" + third + "\n\n", ""}},
			"stage max has 3 hints: a ladder has 4 rungs or more"},
		{"told in pieces", []edit{{"lab.md", third, "The loop `len(queue) > head && values[queue[len(queue)-1]] <= v && true` drops."}},
			"stage max, hint 3 of 4: 89 % of the runs of five tokens in its code are in the hidden code; below 60 % is allowed, but for the last rung: len(queue) > head && values[queue[len(queue)-1]] <= v && true"},
		{"told in names", []edit{{"lab.md", third, "You need `largest`, `queue` and `head`, no `heap` and no `deque`."}},
			"stage max, hint 3 of 4: 60 % of the names in its code are in the hidden code; below 60 % is allowed, but for the last rung: largest queue head"},
		{"quoted in code", []edit{{"lab.md", third, "Then:\n```go\nqueue = queue[ : len(queue)-1 ]\n```"}},
			"stage max, hint 3 of 4 quotes what the learner is to write (window.go:13): queue = queue[:len(queue)-1]"},
		{"quoted in prose", []edit{{"lab.md", third, "Don't forget: largest = append(largest, values[queue[head]]), isn't it?"}},
			"stage max, hint 3 of 4 quotes what the learner is to write (window.go:19): largest = append(largest, values[queue[head]])"},
		{"quoted on the last rung", []edit{{"lab.md", last, "`if queue[head] <= i-n {`"}},
			"stage max, hint 4 of 4 quotes what the learner is to write (window.go:16): if queue[head] <= i-n"},
		{"shown by the lesson", []edit{{"lab.md", "three. For", "three (`queue = queue[:len(queue)-1]`). For"}, {"lab.md", last, "`queue = queue[:len(queue)-1]`"}}, ""},
	})
}

func TestProse_Refuses(t *testing.T) {
	refuse(t, "prose", []refusal{
		{"good", nil, ""},
		{"no such check", []edit{{"lab.md", "looks at three.", "looks at three (`TestMax_Three`)."}},
			"lab.md:17: no check is called TestMax_Three"},
		{"check not named", []edit{{"lab.md", "`TestMax_Empty`", "the next one"}},
			"stage max: its text does not name the check TestMax_Empty"},
		{"no heading", []edit{{"lab.md", "#stage-max", "#stage-min"}},
			"lab.md: link to #stage-min, where no heading is called so"},
		{"no file", []edit{{"lab.md", "#stage-max", "../lru/lru.go"}},
			"lab.md: link to ../lru/lru.go, which is not in the lab's directory"},
		{"in clear", []edit{{"lab.md", "https://arxiv", "http://arxiv"}},
			"lab.md: link to http://arxiv.org/abs/cs/0610046: only https is linked to"},
		{"no example", []edit{{"lab.md", "output ExampleMax", "output ExampleMin"}},
			`lab.md:20: no example with a comment // Output: is called "ExampleMin"`},
		{"another lesson", []edit{{"lab.md", "5 9 9 9", "5 9 9 8"}},
			"lab.md:20: shows something else than the comment of ExampleMax (max_test.go); hone lab check --record writes both anew"},
	})
}

// A transcript that nothing prints any more is refused, and recorded anew.
func TestProse_Stale(t *testing.T) {
	stale := []edit{{"lab.md", "5 9 9 9", "5 9 9 8"}, {"max_test.go", "5 9 9 9", "5 9 9 8"}}
	got := faults(t, "prose", stale...)
	if !strings.HasPrefix(got, "ExampleMax prints something else on go1.") || !strings.Contains(got, "max    3 3 4 4 5 9 9 9") {
		t.Errorf("a stale transcript: %q", got)
	}
	tree, lab := fixture(t, stale...)
	_, good := fixture(t)
	j, err := judge.New(t.Context(), judge.Options{Source: tree, Cache: cache(t)})
	if err != nil {
		t.Fatal(err)
	}
	changed, err := Transcripts(t.Context(), j, lab)
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"lab.md", "max_test.go"} {
		want, err := fs.ReadFile(good.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(changed[name])); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
	if len(changed) != 2 {
		t.Errorf("%d files change, want 2", len(changed))
	}
}
