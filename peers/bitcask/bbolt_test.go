package bitcask

import (
	"encoding/json"
	"errors"
	"go/parser"
	"go/token"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

const lab = "github.com/hone-go/hone/labs/storage/bitcask"

// learners are the files that the adapter replaces.
var learners = []string{"bitcask.go", "segment.go", "keydir.go", "commit.go", "compact.go"}

// TestBboltPassesTheLab runs the lab's checks, all but those that the adapter
// waives in its package comment, on bbolt.
func TestBboltPassesTheLab(t *testing.T) {
	if testing.Short() {
		t.Skip("-short: it compiles bbolt and the lab")
	}
	adapter, err := filepath.Abs("bbolt/bbolt.go")
	if err != nil {
		t.Fatal(err)
	}
	dir, err := filepath.Abs("../../labs/storage/bitcask")
	if err != nil {
		t.Fatal(err)
	}
	replace := map[string]string{}
	for _, name := range learners {
		replace[filepath.Join(dir, name)] = "" // as if it were not there
	}
	replace[filepath.Join(dir, learners[0])] = adapter
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(file, overlay, 0o666); err != nil {
		t.Fatal(err)
	}
	flags := []string{"-overlay", file, "-tags", "bbolt", "-mod", "mod", "-modfile", modules(t)}
	// The program is built here: from the lab's own module, where its checks
	// would build it, bbolt cannot be seen.
	exe := filepath.Join(t.TempDir(), "program")
	goTool(t, slices.Concat([]string{"build"}, flags, []string{"-o", exe, lab + "/program"}))
	t.Setenv("HONE_PROGRAM", exe)

	list := goTool(t, slices.Concat([]string{"test"}, flags, []string{"-list", ".", lab}))
	all := regexp.MustCompile(`(?m)^Test\w+$`).FindAllString(list, -1)
	waived := waives(t, adapter)
	for _, w := range waived {
		if !slices.Contains(all, w) {
			t.Errorf("the adapter waives %s, which is no check of the lab", w)
		}
	}
	run := slices.DeleteFunc(all, func(c string) bool { return slices.Contains(waived, c) })
	if len(run) == 0 {
		t.Fatal("every check is waived")
	}
	out := goTool(t, slices.Concat([]string{"test"}, flags, []string{"-count=1", "-v", "-run", "^(" + strings.Join(run, "|") + ")$", lab}))
	for _, c := range run {
		if !strings.Contains(out, "--- PASS: "+c+" ") {
			t.Errorf("%s did not pass:\n%s", c, out)
		}
	}
	t.Logf("bbolt passes %d checks and waives %d: %s", len(run), len(waived), strings.Join(run, " "))
}

// modules makes a go.mod like this module's, whose go.sum also knows what only
// the tests of the lab need, and returns its name.
func modules(t *testing.T) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "peers.mod")
	var text [3][]byte
	for i, file := range []string{"../go.mod", "../go.sum", "../../go.sum"} {
		var err error
		if text[i], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	sum := slices.Concat(text[1], text[2])
	if err := errors.Join(os.WriteFile(name, text[0], 0o666), os.WriteFile(strings.TrimSuffix(name, "mod")+"sum", sum, 0o666)); err != nil {
		t.Fatal(err)
	}
	return name
}

// waives reads the names behind "waives:" in the adapter's package comment.
func waives(t *testing.T, file string) (names []string) {
	t.Helper()
	f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(f.Doc.Text()) {
		if list, ok := strings.CutPrefix(line, "waives:"); ok {
			names = append(names, strings.Fields(list)...)
		}
	}
	return names
}

func goTool(t *testing.T, args []string) string {
	t.Helper()
	out, err := exec.Command("go", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("go %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}
