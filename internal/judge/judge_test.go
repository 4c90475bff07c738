package judge

import (
	"context"
	"encoding/json"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/start"
)

// fixture is a source tree with the repository's claim library and the labs of testdata.
func fixture(t *testing.T) fs.FS {
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
	return tree
}

// bench is a judge and the fixture lab.
type bench struct {
	*Judge
	lab *catalog.Lab
}

func newBench(t *testing.T) bench {
	t.Helper()
	return benchOf(t, fixture(t), t.TempDir())
}

// benchOf is a judge over other sources, with its cache in a directory.
func benchOf(t *testing.T, src fs.FS, cache string) bench {
	t.Helper()
	labs, err := fs.Sub(src, "labs")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(labs)
	if err != nil {
		t.Fatal(err)
	}
	lab, err := c.Find("queue")
	if err != nil {
		t.Fatal(err)
	}
	j, err := New(t.Context(), Options{Source: src, Cache: cache, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	return bench{j, lab}
}

func (b bench) solution(t *testing.T, solved int, stub start.Stub) start.Files {
	t.Helper()
	files, err := Solution(b.lab, solved, stub)
	if err != nil {
		t.Fatal(err)
	}
	return files
}

func (b bench) check(t *testing.T, files start.Files, o CheckOptions) *Verdict {
	t.Helper()
	v, err := b.Judge.Check(t.Context(), b.lab, files, o)
	if err != nil {
		t.Fatal(err)
	}
	left, _ := filepath.Glob(filepath.Join(b.cache, "run-*"))
	if len(left) > 0 {
		t.Errorf("%v is left behind", left)
	}
	return v
}

func find(t *testing.T, v *Verdict, name string) Check {
	t.Helper()
	for _, s := range v.Stages {
		for _, c := range s.Checks {
			if c.Name == name {
				return c
			}
		}
	}
	t.Fatalf("the verdict lacks %s: %s", name, show(v))
	return Check{}
}

func show(v *Verdict) string {
	data, _ := json.MarshalIndent(v, "", "  ")
	return string(data)
}

// The reference passes, the starter does not and says what to write, and each
// solution passes just the stages that it solves.
func TestCheck_Staircase(t *testing.T) {
	b := newBench(t)
	for _, stub := range []start.Stub{start.Panic, start.Zero} {
		for solved := 0; solved <= 2; solved++ {
			v := b.check(t, b.solution(t, solved, stub), CheckOptions{All: true})
			for i, s := range v.Stages {
				if want := i < solved; i <= solved && (s.Outcome == Passed) != want {
					t.Errorf("stub %v, %d solved: stage %s is %s\n%s", stub, solved, s.ID, s.Outcome, show(v))
				}
			}
			if (v.Outcome == Passed) != (solved == 2) {
				t.Errorf("stub %v, %d solved: the verdict is %s", stub, solved, v.Outcome)
			}
		}
	}
	v := b.check(t, b.solution(t, 0, start.Panic), CheckOptions{})
	if c := find(t, v, "TestOrder_FIFO"); c.Outcome != Panicked || c.Message != "not written yet: New" || c.Replay == "" {
		t.Errorf("the starter's verdict: %+v", c)
	}
	if c := find(t, v, "TestClose_TakesNothing"); c.Outcome != NotRun {
		t.Errorf("a later stage ran: %+v", c)
	}
}

// add returns files with one more.
func add(files start.Files, name, src string) start.Files {
	out := start.Files{}
	for k, v := range files {
		out[k] = v
	}
	out[name] = []byte(src)
	return out
}

// Programs that lie about their result, or misbehave, are rejected and said to.
func TestCheck_Cheats(t *testing.T) {
	b := newBench(t)
	zero := b.solution(t, 0, start.Zero)
	for _, c := range []struct {
		name, src string
		want      Outcome
		says      string
	}{
		{"exit", `import "os"; func init() { os.Exit(0) }`, Exited, "before the check did"},
		{"forged", `import ("fmt"; "syscall"); func init() {
			fmt.Print("\x16=== RUN   TestHone/TestOrder_FIFO\n\x16--- PASS: TestHone/TestOrder_FIFO (0.00s)\n\x16=== ATTR  TestHone/TestOrder_FIFO hone.outcome passed\nPASS\n{\"Action\":\"pass\"}\n")
			syscall.Exit(0) }`, Exited, "exit code 0"},
		{"init", `func init() { select {} }`, Exited, ""},
		{"spin", `func init() { for {} }`, Timeout, "init"},
		{"memory", `var hold [][]byte; func init() { for { b := make([]byte, 1<<24); for i := 0; i < len(b); i += 4096 { b[i] = 1 }; hold = append(hold, b) } }`, Limited, "memory"},
		{"flood", `import "os"; func init() { b := make([]byte, 1<<20); for i := range b { b[i] = '\n' }; for { os.Stdout.Write(b) } }`, Limited, "printed"},
		{"fork", `import ("os/exec"; "time"); func init() { for range 300 { exec.Command("sleep", "100").Start() }; time.Sleep(time.Minute) }`, Limited, "started more"},
		{"forgery", `import ("os"; "fmt"); func init() { fmt.Fprintln(os.NewFile(4, ""), "nonce end TestOrder_FIFO passed"); os.Exit(0) }`, Exited, ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			limit := 3 * time.Second
			if c.want == Limited {
				limit = time.Minute // what explodes does so in its own time
			}
			v := b.check(t, add(zero, "cheat.go", "package queue\n"+c.src), CheckOptions{NoRules: true, Limit: limit, Only: []string{"TestOrder_FIFO"}})
			got := find(t, v, "TestOrder_FIFO")
			if v.Outcome == Passed || got.Outcome == Passed {
				t.Fatalf("passed: %s", show(v))
			}
			if got.Outcome != c.want && c.name != "init" || !strings.Contains(got.Message, c.says) {
				t.Errorf("rejected as %q (%s), want %q that says %q", got.Outcome, got.Message, c.want, c.says)
			}
		})
	}
}

// A learner's TestMain, and edited checks, count for nothing.
func TestCheck_MasksTests(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	files, err := b.Workspace(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	files["cheat_test.go"] = []byte("package queue_test\n\nimport (\"os\"; \"testing\")\n\nfunc TestMain(*testing.M) { os.Exit(0) }\n")
	files["order_test.go"] = []byte("package queue_test\n")
	for name, data := range files {
		if err := writeFile(filepath.Join(dir, name), data); err != nil {
			t.Fatal(err)
		}
	}
	id, read, err := ReadDir(dir)
	if err != nil || id != b.lab.ID {
		t.Fatalf("ReadDir = %q, %v", id, err)
	}
	for name := range read {
		if strings.HasSuffix(name, "_test.go") {
			t.Errorf("ReadDir read %s", name)
		}
	}
	if v := b.check(t, read, CheckOptions{}); v.Outcome == Passed || find(t, v, "TestOrder_FIFO").Outcome != Panicked {
		t.Errorf("verdict: %s", show(v))
	}
}

// replace makes a wrong solution out of the reference.
func (b bench) replace(t *testing.T, old, new string) start.Files {
	t.Helper()
	files := b.solution(t, 2, start.Panic)
	src := string(files["queue.go"])
	if !strings.Contains(src, old) {
		t.Fatalf("%q is not in the reference:\n%s", old, src)
	}
	return add(files, "queue.go", strings.Replace(src, old, new, 1))
}

// Each way to be wrong has its outcome and its evidence.
func TestCheck_Outcomes(t *testing.T) {
	b := newBench(t)
	for _, c := range []struct {
		name, old, new string
		check          string
		want           Outcome
		says, evidence string
	}{
		{"wrong", "v := q.items[0]", "v := q.items[len(q.items)-1]", "TestOrder_FIFO", Failed, "the oldest value comes first", ""},
		{"race", "	q.mu.Lock()\n	defer q.mu.Unlock()\n	if q.closed", "	if q.closed", "TestOrder_Concurrent", Raced, "data race", "queue.go:"},
		{"deadlock", "	if len(q.items) == 0 {", "	q.mu.Lock()\n	if len(q.items) == 0 {", "TestOrder_FIFO", Deadlock, "blocked", "sync.Mutex.Lock"},
		{"loop", "	if len(q.items) == 0 {", "	for i := 0; i >= 0; i = (i + 1) & 1023 {\n	}\n	if len(q.items) == 0 {", "TestOrder_FIFO", Timeout, "still running", "queue.go:"},
		{"panic", "v := q.items[0]", "v := q.items[len(q.items)]", "TestOrder_FIFO", Panicked, "index out of range", "queue.go:"},
		{"exit", "v := q.items[0]", "v := q.items[0]\n	func() { panic(runtimeExit()) }()", "TestOrder_FIFO", Panicked, "", ""},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := b.replace(t, c.old, c.new)
			if c.name == "exit" {
				files = add(files, "exit.go", "package queue\n\nfunc runtimeExit() string { return \"on purpose\" }\n")
			}
			v := b.check(t, files, CheckOptions{Limit: 700 * time.Millisecond, All: true})
			got := find(t, v, c.check)
			if got.Outcome != c.want || !strings.Contains(got.Message, c.says) || got.Replay == "" {
				t.Errorf("outcome %q: %s\nwant %q that says %q", got.Outcome, got.Message, c.want, c.says)
			}
			text := ""
			for _, e := range got.Evidence {
				text += e.Text
			}
			if !strings.Contains(text, c.evidence) {
				t.Errorf("evidence lacks %q:\n%s", c.evidence, text)
			}
			if strings.Contains(show(v), b.cache) {
				t.Errorf("the verdict names the judge's own directories: %s", show(v))
			}
		})
	}
}

// A check that takes the process down costs the others nothing.
func TestCheck_GoesOnAfterACrash(t *testing.T) {
	b := newBench(t)
	v := b.check(t, b.replace(t, "v := q.items[0]", "v := q.items[0]\n	if q.closed {\n		panic(\"closed\")\n	}"), CheckOptions{All: true})
	for name, want := range map[string]Outcome{"TestOrder_FIFO": Passed, "TestOrder_Concurrent": Passed, "TestClose_TakesNothing": Panicked, "TestClose_GetAllocatesNothing": NotRun} {
		if got := find(t, v, name); got.Outcome != want {
			t.Errorf("%s is %q, want %q", name, got.Outcome, want)
		}
	}
}

func TestCheck_Budget(t *testing.T) {
	b := newBench(t)
	v := b.check(t, b.replace(t, "q.items = q.items[1:]", "q.items = append([]int(nil), q.items[1:]...)"), CheckOptions{All: true})
	if got := find(t, v, "TestClose_GetAllocatesNothing"); got.Outcome != Budget || len(got.Evidence) == 0 {
		t.Errorf("outcome %q: %+v", got.Outcome, got)
	}
}

const nearChecks = `//go:build !race

package queue_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/hone-go/hone/claim"
)

// try counts the processes in which a check ran.
func try(t *testing.T) int {
	f, err := os.OpenFile(filepath.Join(os.TempDir(), t.Name()[len("TestHone/"):]), os.O_CREATE|os.O_APPEND|os.O_RDWR, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	f.Write([]byte{1})
	info, _ := f.Stat()
	return int(info.Size())
}

func slow(t *testing.T, near bool) {
	if near {
		t.Attr("hone.near", "true")
	}
	claim.Fail(t, claim.OutcomeBudget, "try %d", try(t))
}

// Passes at the third try.
func TestClose_NearTwice(t *testing.T) {
	if n := try(t); n < 3 {
		t.Attr("hone.near", "true")
		claim.Fail(t, claim.OutcomeBudget, "try %d", n)
	}
}

// Never passes.
func TestClose_NearAlways(t *testing.T) { slow(t, true) }

// Is far off: one try is enough.
func TestClose_Far(t *testing.T) { slow(t, false) }

// Is over, and then cannot be told.
func TestClose_NearThenNoisy(t *testing.T) {
	if try(t) == 1 {
		t.Attr("hone.near", "true")
		claim.Fail(t, claim.OutcomeBudget, "try 1")
		return
	}
	t.Attr("hone.outcome", "noisy")
	t.Skip("noise")
}
`

// A measurement that is over its limit by little is repeated in other processes.
func TestCheck_MeasuresAgain(t *testing.T) {
	src := fixture(t).(fstest.MapFS)
	src["labs/structures/queue/bench_test.go"] = &fstest.MapFile{Data: []byte(nearChecks)}
	b := benchOf(t, src, t.TempDir())
	v := b.check(t, b.solution(t, 2, start.Panic), CheckOptions{All: true, NoRace: true})
	for name, want := range map[string]Check{
		"TestClose_NearTwice":     {Outcome: Passed},
		"TestClose_NearAlways":    {Outcome: Budget, Message: "try 3"},
		"TestClose_Far":           {Outcome: Budget, Message: "try 1"},
		"TestClose_NearThenNoisy": {Outcome: Budget, Message: "try 1"},
	} {
		got := find(t, v, name)
		if got.Outcome != want.Outcome || !strings.HasSuffix(got.Message, want.Message) || want.Message == "" && got.Message != "" || (got.Replay == "") != (want.Outcome == Passed) {
			t.Errorf("%s: %q %q, want %q %q", name, got.Outcome, got.Message, want.Outcome, want.Message)
		}
	}
}

// What does not compile is a verdict with positions, not an error.
func TestCheck_Problems(t *testing.T) {
	b := newBench(t)
	v := b.check(t, b.replace(t, "v := q.items[0]", "v := q.itms[0]"), CheckOptions{})
	if len(v.Problems) == 0 || v.Problems[0].File != "queue.go" || v.Problems[0].Line == 0 || !strings.Contains(v.Problems[0].Message, "itms") {
		t.Errorf("problems: %+v", v.Problems)
	}
	files := b.solution(t, 2, start.Panic)
	delete(files, "queue.go")
	if v := b.check(t, files, CheckOptions{}); len(v.Problems) == 0 || v.Outcome == Passed {
		t.Errorf("no source at all: %s", show(v))
	}
	v = b.check(t, add(b.solution(t, 2, start.Panic), "x.go", "package queue\n\nimport _ \"unsafe\"\n\n//go:norace\nfunc f() {}\n"), CheckOptions{})
	if len(v.Problems) != 2 || v.Problems[0].Line != 3 || v.Problems[1].Line != 5 {
		t.Errorf("rules: %+v", v.Problems)
	}
}

func TestCheck_LeftBehind(t *testing.T) {
	b := newBench(t)
	v := b.check(t, add(b.solution(t, 2, start.Panic), "x.go", `package queue
import ("os"; "os/exec"; "syscall")
func init() {
	cmd := exec.Command("sleep", "4000")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Start()
	os.ReadFile("/var/secret")
}
`), CheckOptions{})
	if len(v.Problems) != 1 || !strings.Contains(v.Problems[0].Message, "sleep 4000") || v.Outcome == Passed {
		t.Errorf("verdict: %s", show(v))
	}
}

func TestCheck_ReadsOutside(t *testing.T) {
	b := newBench(t)
	files := b.replace(t, "	v := q.items[0]", "	os.ReadFile(\"/var/secret\")\n	v := q.items[0]")
	files = add(files, "queue.go", strings.Replace(string(files["queue.go"]), `import "sync"`, "import (\n\t\"os\"\n\t\"sync\"\n)", 1))
	v := b.check(t, files, CheckOptions{Stages: []string{"order"}})
	if len(v.Notes) != 1 || !strings.Contains(v.Notes[0].Message, "/var/secret") {
		t.Errorf("notes: %+v", v.Notes)
	}
}

// A seed repeats a run, and a cancelled run ends at once.
func TestCheck_SeedAndCancel(t *testing.T) {
	b := newBench(t)
	wrong := b.replace(t, "v := q.items[0]", "v := q.items[len(q.items)-1]")
	first := find(t, b.check(t, wrong, CheckOptions{Seed: 42}), "TestOrder_FIFO")
	again := find(t, b.check(t, wrong, CheckOptions{Seed: 42}), "TestOrder_FIFO")
	other := find(t, b.check(t, wrong, CheckOptions{Seed: 43}), "TestOrder_FIFO")
	if first.Message != again.Message || first.Replay != again.Replay || first.Message == other.Message || first.Replay == other.Replay {
		t.Errorf("seed 42: %q (%s), again %q (%s), seed 43: %q (%s)", first.Message, first.Replay, again.Message, again.Replay, other.Message, other.Replay)
	}

	ctx, cancel := context.WithCancel(t.Context())
	loops := b.replace(t, "	if len(q.items) == 0 {", "	for q.items != nil {\n	}\n	if len(q.items) == 0 {")
	_, err := b.Judge.Check(ctx, b.lab, loops, CheckOptions{Event: func(e Event) { cancel() }})
	if err != context.Canceled {
		t.Errorf("err = %v, want canceled", err)
	}
}

// The learner's directory is byte-identical before and after.
func TestCheck_LeavesTheDirectoryAlone(t *testing.T) {
	b := newBench(t)
	dir := t.TempDir()
	files, err := b.Workspace(b.lab)
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range files {
		if err := writeFile(filepath.Join(dir, name), data); err != nil {
			t.Fatal(err)
		}
	}
	before := snapshot(t, dir)
	_, read, err := ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	b.check(t, read, CheckOptions{All: true, Vet: true})
	if after := snapshot(t, dir); !slices.Equal(before, after) {
		t.Errorf("the directory changed:\n%v\n%v", before, after)
	}
}

// snapshot lists every file with its content, mode and time.
func snapshot(t *testing.T, dir string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		data, _ := os.ReadFile(name)
		out = append(out, name+" "+info.Mode().String()+" "+info.ModTime().String()+" "+string(data))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}
