package gotool

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func module(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, src := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(src), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func TestFind(t *testing.T) {
	tool, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if !strings.HasPrefix(tool.Version, "go1.") || !filepath.IsAbs(tool.Root) || !filepath.IsAbs(tool.Cache) {
		t.Errorf("%+v", tool)
	}
	t.Setenv("PATH", "")
	if _, err := Find(t.Context()); !errors.Is(err, ErrNoGo) {
		t.Errorf("without a go command: %v", err)
	}
}

// The user's settings don't reach a build.
func TestEnv(t *testing.T) {
	t.Setenv("GOFLAGS", "-mod=mod -tags=evil")
	t.Setenv("GOPROXY", "https://example.com")
	t.Setenv("SECRET", "x")
	tool, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	env := tool.Env("/tmp/overlay.json")
	for _, want := range []string{"GOFLAGS=-mod=readonly -buildvcs=false -overlay=/tmp/overlay.json", "GOPROXY=off", "GOWORK=off", "GOENV=off", "GOTOOLCHAIN=local"} {
		if !slices.Contains(env, want) {
			t.Errorf("the environment lacks %s: %q", want, env)
		}
	}
	if slices.Contains(env, "SECRET=x") {
		t.Error("the user's environment is inherited")
	}
}

func TestCompile(t *testing.T) {
	tool, err := Find(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	dir := module(t, map[string]string{"go.mod": "module m\n\ngo 1.26\n", "m.go": "package main\n\nfunc main() { println(\"no\") }\n"})
	// The overlay replaces what stands in the directory.
	other := filepath.Join(t.TempDir(), "other.go")
	if err := os.WriteFile(other, []byte("package main\n\nfunc main() { println(\"yes\") }\n"), 0o644); err != nil {
		t.Fatal(err)
	}
	overlay := filepath.Join(t.TempDir(), "overlay.json")
	if err := os.WriteFile(overlay, []byte(`{"Replace":{"`+filepath.Join(dir, "m.go")+`":"`+other+`"}}`), 0o644); err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "m")
	if err := tool.Compile(t.Context(), Build{Dir: dir, Package: ".", Output: program, Overlay: overlay}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(program).CombinedOutput(); err != nil || string(out) != "yes\n" {
		t.Errorf("the program says %q, %v", out, err)
	}

	broken := module(t, map[string]string{"go.mod": "module m\n\ngo 1.26\n", "m.go": "package m\n\nvar x int = \"s\"\n\nfunc f() { undefined() }\n"})
	err = tool.Compile(t.Context(), Build{Dir: broken, Package: ".", Output: program})
	var e *BuildError
	if !errors.As(err, &e) || len(e.Diagnostics) != 2 || e.Diagnostics[0].Line != 3 || e.Diagnostics[0].File != "m.go" {
		t.Errorf("error %v, diagnostics %+v", err, e)
	}

	findings, err := tool.Vet(t.Context(), Build{Dir: module(t, map[string]string{
		"go.mod": "module m\n\ngo 1.26\n", "m.go": "package m\n\nimport \"fmt\"\n\nfunc F() { fmt.Printf(\"%d\", \"s\") }\n",
	}), Package: "."})
	if err != nil || len(findings) != 1 || findings[0].Line != 5 {
		t.Errorf("vet: %+v, %v", findings, err)
	}

	ctx, cancel := context.WithTimeout(t.Context(), time.Nanosecond)
	defer cancel()
	if err := tool.Compile(ctx, Build{Dir: dir, Package: ".", Output: program}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("cancelled: %v", err)
	}
	if err := tool.Compile(t.Context(), Build{Dir: dir, Package: ".", Overlay: "/with blank/o.json"}); err == nil {
		t.Error("an overlay with a blank in its path is accepted")
	}
}

func TestDiagnostics(t *testing.T) {
	got := diagnostics(`# m/labs/a
labs/a/a.go:3:7: cannot use x
	have int
	want string
vet: labs/a/b.go:9:1: undefined: y
/abs/c.go:12: short
note: module requires Go 1.99
`)
	want := []Diagnostic{
		{"labs/a/a.go", 3, 7, "cannot use x\nhave int\nwant string"},
		{"labs/a/b.go", 9, 1, "undefined: y"},
		{"/abs/c.go", 12, 0, "short"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("diagnostics (-want +got):\n%s", diff)
	}
}

func FuzzDiagnostics(f *testing.F) {
	f.Add("a.go:1:2: x\n\ty\n")
	f.Fuzz(func(t *testing.T, text string) { diagnostics(text) })
}
