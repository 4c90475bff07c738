package gotool_test

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/gotool"
)

func planned(t *testing.T, text string) (*gotool.Toolchain, string) {
	t.Helper()
	dir := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module m\n\ngo 1.24\n", "m.go": text} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	tool, err := gotool.FindIn(t.Context(), dir, "")
	if err != nil {
		t.Fatal(err)
	}
	return tool, dir
}

// The commands of a build are said, with the flags that were given, and not run.
func TestCommands_SaysAndDoesNot(t *testing.T) {
	tool, dir := planned(t, "package m\n\nfunc F() int { return \"not run\" }\n")
	script, err := tool.Commands(t.Context(), gotool.Build{Dir: dir, Package: ".", Own: true}, "-gcflags=.=-N")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(script, " -p m ") || !strings.Contains(script, " -N ") {
		t.Errorf("the script is\n%s", script)
	}
	tests, err := tool.Commands(t.Context(), gotool.Build{Dir: dir, Package: ".", Own: true, Test: true, Output: filepath.Join(dir, "out")})
	if err != nil || !strings.Contains(tests, " -p m ") {
		t.Errorf("%v, the script is\n%s", err, tests)
	}
}

// What the go command refuses is a BuildError.
func TestCommands_RefusesAsTheGoCommand(t *testing.T) {
	tool, dir := planned(t, "package m\n\nimport _ \"m/nowhere\"\n")
	_, err := tool.Commands(t.Context(), gotool.Build{Dir: dir, Package: ".", Own: true})
	var refused *gotool.BuildError
	if !errors.As(err, &refused) || !strings.Contains(refused.Text, "m/nowhere") {
		t.Errorf("%v", err)
	}
}

// A directory's toolchain is asked for, and its own go command is used.
func TestFindIn_AnswersForADirectory(t *testing.T) {
	tool, _ := planned(t, "package m\n")
	if !strings.HasPrefix(tool.Version, "go1.") || !strings.HasPrefix(tool.Command, tool.Root) {
		t.Errorf("%+v", tool)
	}
	if _, err := gotool.FindIn(t.Context(), t.TempDir(), "go-nonsense"); err == nil {
		t.Error("there is a Go of that name")
	}
}

// The compiler sees the settings of a build, the build's own last.
func TestEnvironment_EndsWithTheBuilds(t *testing.T) {
	tool, _ := planned(t, "package m\n")
	env := tool.Environment(gotool.Build{Own: true, Env: []string{"GOARCH=386"}})
	if env[len(env)-1] != "GOARCH=386" || !slices.Contains(env, "GOTOOLCHAIN=local") {
		t.Errorf("%q", env)
	}
}
