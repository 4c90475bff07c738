package gotool

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"
)

// TestList_Own: somebody's own module is built with their go.work, vendor directory and
// GOFLAGS; any other build knows nothing of them.
func TestList_Own(t *testing.T) {
	tool, err := Find(t.Context())
	if err != nil {
		t.Skip(err)
	}
	dir := module(t, map[string]string{
		"go.mod":    "module m.test\n\ngo 1.26\n\nrequire d.test v1.0.0\n",
		"a.go":      "package m\n",
		"tagged.go": "//go:build special\n\npackage m\n\nimport _ \"d.test\"\n",
	})
	vendored := fstest.MapFS{
		"modules.txt": {Data: []byte("# d.test v1.0.0\n## explicit\nd.test\n")},
		"d.test/d.go": {Data: []byte("package d\n")},
	}
	if err := os.CopyFS(filepath.Join(dir, "vendor"), vendored); err != nil {
		t.Fatal(err)
	}
	t.Setenv("GOFLAGS", "-tags=special -mod=mod")
	out, err := tool.List(t.Context(), Build{Dir: dir, Package: ".", Own: true}, "-deps", "-f={{.ImportPath}}")
	if err != nil || strings.TrimSpace(string(out)) != "d.test\nm.test" {
		t.Errorf("own: %q %v", out, err)
	}
	out, err = tool.List(t.Context(), Build{Dir: dir, Package: "."}, "-deps", "-f={{.ImportPath}}")
	if err != nil || strings.TrimSpace(string(out)) != "m.test" {
		t.Errorf("not own: %q %v", out, err)
	}
}

func TestList_SaysWhatIsWrong(t *testing.T) {
	tool, err := Find(t.Context())
	if err != nil {
		t.Skip(err)
	}
	dir := module(t, map[string]string{"go.mod": "module m.test\n\ngo 1.26\n", "a.go": "package m\n\nvar x int = \"\"\n"})
	_, err = tool.List(t.Context(), Build{Dir: dir, Package: "."}, "-export")
	var b *BuildError
	if !errors.As(err, &b) || len(b.Diagnostics) != 1 || b.Diagnostics[0].Line != 3 {
		t.Errorf("a package that doesn't compile gives %v", err)
	}
}

// TestList_Pure: without cgo, files that use it are not in the package.
func TestList_Pure(t *testing.T) {
	tool, err := Find(t.Context())
	if err != nil || tool.CC == "" {
		t.Skip("no go command, or no C compiler: ", err)
	}
	dir := module(t, map[string]string{"go.mod": "module m.test\n\ngo 1.26\n", "a.go": "package m\n", "c.go": "package m\n\nimport \"C\"\n"})
	for pure, want := range map[bool]string{false: "[c.go]", true: "[]"} {
		out, err := tool.List(t.Context(), Build{Dir: dir, Package: ".", Pure: pure}, "-f={{.CgoFiles}}")
		if got := strings.TrimSpace(string(out)); err != nil || got != want {
			t.Errorf("pure %v: %s %v, want %s", pure, got, err, want)
		}
	}
}

// TestList_Env: what a build asks for holds over everything else, files of another
// platform are in the package then.
func TestList_Env(t *testing.T) {
	tool, err := Find(t.Context())
	if err != nil {
		t.Skip(err)
	}
	dir := module(t, map[string]string{"go.mod": "module m.test\n\ngo 1.26\n", "a.go": "package m\n", "a_plan9_386.go": "package m\n"})
	b := Build{Dir: dir, Package: ".", Own: true, Env: []string{"GOOS=plan9", "GOARCH=386"}}
	out, err := tool.List(t.Context(), b, "-f={{.GoFiles}}")
	if got := strings.TrimSpace(string(out)); err != nil || got != "[a.go a_plan9_386.go]" {
		t.Errorf("%s %v", got, err)
	}
}
