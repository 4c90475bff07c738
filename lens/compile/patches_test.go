package compile

import (
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/gotool"
)

// source reads the compiler of this Go, with one text replaced in every file.
func source(t *testing.T, old, text string) func(string) (string, error) {
	t.Helper()
	tool, err := gotool.Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return func(file string) (string, error) {
		b, err := os.ReadFile(filepath.Join(tool.Root, "src/cmd/compile/internal", filepath.FromSlash(file)))
		return strings.ReplaceAll(string(b), old, text), err
	}
}

// Every anchor is in this Go's compiler, once, and what comes out is Go.
func TestPatches_FitThisCompiler(t *testing.T) {
	p, err := applyPatches(source(t, "", ""))
	if err != nil {
		t.Fatal(err)
	}
	if len(p.gaps) != 0 {
		t.Errorf("gaps: %v", p.gaps)
	}
	add, err := p.addedFiles()
	if err != nil {
		t.Fatal(err)
	}
	for _, files := range []map[string]string{p.files, add} {
		for name, text := range files {
			if _, err := parser.ParseFile(token.NewFileSet(), name, text, parser.SkipObjectResolution); err != nil {
				t.Error(err)
			}
		}
	}
}

// An anchor that is not there, or twice, turns its feature off and nothing else, with
// the reason. None of the feature's other patches are made.
func TestPatches_UnknownCompilerLosesTheFeature(t *testing.T) {
	for _, p := range patches {
		if p.feature == "" {
			continue
		}
		line := strings.TrimSpace(p.anchor)
		for _, text := range []string{"moved elsewhere", p.anchor + p.anchor} {
			if p.every && text != "moved elsewhere" {
				continue
			}
			got, err := applyPatches(source(t, p.anchor, text))
			if err != nil {
				t.Errorf("%q: %v", line, err)
				continue
			}
			o := Observed{Gaps: got.gaps}
			if o.Has(p.feature) {
				t.Errorf("%q becomes %q, and %s is not off", line, text, p.feature)
			}
			if !strings.Contains(got.gaps[0].Why, p.file) {
				t.Errorf("%q: the reason is %q", line, got.gaps[0].Why)
			}
			for _, other := range patches {
				if other.feature == p.feature && other.text != "" && strings.Contains(got.files[other.file], strings.ReplaceAll(other.text, "$0", other.anchor)) {
					t.Errorf("%s is off and %q is still patched in", p.feature, other.text)
				}
			}
		}
	}
}

// Without an anchor that every observation needs, there is no observer.
func TestPatches_NeedTheirCore(t *testing.T) {
	for _, p := range patches {
		if p.feature != "" {
			continue
		}
		if _, err := applyPatches(source(t, p.anchor, "moved elsewhere")); err == nil {
			t.Errorf("%q is gone, and there is an observer", strings.TrimSpace(p.anchor))
		}
	}
}

// The files of escape analysis need its patches: without them they are left out.
func TestPatches_LeaveOutWhatTheyCannotUse(t *testing.T) {
	p, err := applyPatches(source(t, "type location struct {", "type storage struct {"))
	if err != nil {
		t.Fatal(err)
	}
	add, err := p.addedFiles()
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := add["escape/hone.go"]; ok || (Observed{Gaps: p.gaps}).Has(FeatureEscape) {
		t.Errorf("escape/hone.go is added, gaps %v", p.gaps)
	}
}
