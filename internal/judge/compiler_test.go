package judge

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hone-go/hone/internal/start"
)

const compilerChecks = `package queue_test

import (
	"testing"

	"github.com/hone-go/hone/claim"
)

// Get compiles as claimed.
func TestOrder_Holds(t *testing.T) {
	claim.Compiler(t, ".").Func("(*Queue).Get").NoHeapAlloc()
}

// Get escapes nothing, which the observing compiler alone can tell.
func TestOrder_HoldsByObserver(t *testing.T) {
	claim.Compiler(t, ".").Func("(*Queue).Get").NoEscape("v")
}

// Put does not compile as claimed.
func TestOrder_DoesNotHold(t *testing.T) {
	claim.Compiler(t, ".").Func("(*Queue).Put").NoHeapAlloc()
}
`

// Claims about the compiler hold and fail in the sandbox, offline, about the learner's
// files: not those that the lab has.
func TestCheck_ClaimsAboutTheCompiler(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the observing compiler")
	}
	src := fixture(t).(fstest.MapFS)
	src["labs/structures/queue/compiler_test.go"] = &fstest.MapFile{Data: []byte(compilerChecks)}
	cache := t.TempDir()
	share(t, filepath.Join(cache, "compile"))
	b := benchOf(t, src, cache)
	files := b.solution(t, 2, start.Panic)
	v := b.check(t, files, CheckOptions{All: true})
	for name, want := range map[string]Outcome{"TestOrder_Holds": Passed, "TestOrder_HoldsByObserver": Passed, "TestOrder_DoesNotHold": Failed} {
		if got := find(t, v, name); got.Outcome != want && !(want == Failed && got.Outcome == Budget) {
			t.Errorf("%s: %s, want %s\n%s", name, got.Outcome, want, show(v))
		}
	}
	if red := find(t, v, "TestOrder_DoesNotHold"); !strings.Contains(show(v), "runtime.growslice") {
		t.Errorf("the evidence does not say what allocates: %+v", red)
	}

	// A learner's own change is what is looked at.
	files["queue.go"] = []byte(strings.Replace(string(files["queue.go"]), "v := q.items[0]", "w := q.items[0]; p := &w; escaped = p; v := *p", 1) + "\nvar escaped *int\n")
	v = b.check(t, files, CheckOptions{All: true})
	if got := find(t, v, "TestOrder_Holds"); got.Outcome == Passed {
		t.Errorf("Get allocates, and the claim holds:\n%s", show(v))
	}
}

// An example finds the compiler and the package as the checks beside it do.
func TestExamples_FindTheCompiler(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the observing compiler")
	}
	src := fixture(t).(fstest.MapFS)
	src["labs/structures/queue/compiler_test.go"] = &fstest.MapFile{Data: []byte(compilerChecks)}
	src["labs/structures/queue/look_test.go"] = &fstest.MapFile{Data: []byte(`package queue_test

import (
	"fmt"
	"os"
)

func Example_look() {
	_, err := os.Stat(os.Getenv("HONE_COMPILER") + "/observers")
	fmt.Println(os.Getenv("HONE_DIR") != "", err)
	// Output: true <nil>
}
`)}
	cache := t.TempDir()
	share(t, filepath.Join(cache, "compile"))
	b := benchOf(t, src, cache)
	c, err := b.Build(b.lab, b.solution(t, 2, start.Panic))
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found, err := c.Examples(t.Context(), []string{"Example_look"})
	if err != nil {
		t.Fatal(err)
	}
	if !found[0].Passed {
		t.Errorf("the example does not see what the checks see: %+v", found[0])
	}
}

// share lets the judge find the observing compiler where the user has it.
func share(t *testing.T, at string) {
	t.Helper()
	user, err := os.UserCacheDir()
	if err != nil {
		t.Fatal(err)
	}
	to := filepath.Join(user, "hone", "compile")
	if ready := os.Getenv("HONE_COMPILER"); ready != "" {
		to = ready
	}
	if err := os.MkdirAll(to, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(to, at); err != nil {
		t.Fatal(err)
	}
}
