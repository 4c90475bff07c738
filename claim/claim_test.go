package claim_test

import (
	"bytes"
	"encoding/json"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
)

func TestShow_Pieces(t *testing.T) {
	text := strings.Repeat("<é\n\x00\"", 2000)
	r := record(t, func(t testing.TB) { claim.Show(t, claim.KindText, "long", text) })
	var got strings.Builder
	for i, line := range r.attr("hone.evidence") {
		if len(line)+len(t.Name()) > claim.LineLimit {
			t.Errorf("piece %d has %d bytes, want at most %d with the name", i, len(line), claim.LineLimit)
		}
	}
	for i, e := range r.evidence(t) {
		if e.Kind != "text" || e.Title != "long" || e.More != (i > 0) {
			t.Errorf("piece %d = %q %q more %v", i, e.Kind, e.Title, e.More)
		}
		got.WriteString(e.Text)
	}
	if got.String() != text {
		t.Error("the pieces are not the text")
	}
}

func TestShow_Limit(t *testing.T) {
	r := record(t, func(t testing.TB) { claim.Show(t, claim.KindText, "endless", strings.Repeat("é", 50_000)) })
	n := 0
	last := ""
	for _, e := range r.evidence(t) {
		n += len(e.Text)
		last = e.Text
	}
	if n > claim.EvidenceLimit+100 || !strings.HasSuffix(last, "[cut: 65536 of 100000 bytes shown]") {
		t.Errorf("%d bytes, ending in %q", n, last[max(0, len(last)-50):])
	}
}

func TestShow_AttributesAlone(t *testing.T) {
	t.Setenv("HONE_EVIDENCE", "attr")
	r := record(t, func(t testing.TB) {
		claim.Show(t, claim.KindText, "title", "the text")
		claim.Bytes(t, "reply", []byte("a"), []byte("b"))
	})
	if log := r.log.String(); strings.Contains(log, "the text") || strings.Contains(log, "^") || !strings.Contains(log, "byte 0 is wrong") {
		t.Errorf("log = %q, want sentences alone", log)
	}
	if e := r.evidence(t); len(e) != 2 {
		t.Errorf("evidence = %+v, want two", e)
	}
}

func TestFail_Outcome(t *testing.T) {
	r := record(t, func(t testing.TB) { claim.Fail(t, claim.OutcomeBudget, "%d bytes", 7) })
	r.wantFailed(t, claim.OutcomeBudget, "7 bytes")
	if r.stopped {
		t.Error("Fail ended the test")
	}
}

func TestSeed(t *testing.T) {
	var a, b uint64
	r := record(t, func(t testing.TB) { a, b = claim.Seed(t), claim.Seed(t) })
	if a != b {
		t.Errorf("two calls in one test give %d and %d", a, b)
	}
	reported := r.attr("hone.seed")
	if len(reported) != 2 || reported[0] != reported[1] {
		t.Fatalf("hone.seed = %q", reported)
	}
	r = record(t, func(t testing.TB) { b = claim.Seed(t); t.Error("red") })
	r.wantFailed(t, "", "HONE_SEED="+r.attr("hone.seed")[0]+" repeats it")
	if a == b {
		t.Error("two tests have one seed")
	}
	t.Setenv("HONE_SEED", reported[0])
	r = record(t, func(t testing.TB) { b = claim.Seed(t); t.Error("red") })
	if a != b {
		t.Errorf("HONE_SEED gives %d, not %d again", b, a)
	}
	if strings.Contains(r.log.String(), "HONE_SEED") {
		t.Error("a seed that was given is told")
	}
	t.Run("TestSeed", func(t *testing.T) { // called by another: as if it were not
		if b = claim.Seed(t); a != b {
			t.Errorf("under another test the seed is %d, not %d", b, a)
		}
	})
	t.Setenv("HONE_SEED", "x")
	record(t, func(t testing.TB) { claim.Seed(t) }).wantFailed(t, "", `HONE_SEED="x": want a decimal number`)
}

func TestRand_Repeats(t *testing.T) {
	t.Setenv("HONE_SEED", "1")
	if a, b := claim.Rand(t).Uint64(), claim.Rand(t).Uint64(); a != b {
		t.Errorf("%d and %d, want the same", a, b)
	}
}

// What go test -json reports, seen through the go command itself: a red package
// on testdata, each attribute a whole event.
func TestAttributes_ThroughTheGoCommand(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a test binary")
	}
	cmd := exec.Command("go", "test", "-json", "-vet=off", "./testdata/red")
	cmd.Env = append(os.Environ(), "HONE_SEED=7", "GOFLAGS=")
	out, _ := cmd.Output()
	seen := map[string][]string{}
	for line := range bytes.Lines(out) {
		var e struct{ Action, Test, Key, Value string }
		if json.Unmarshal(line, &e) == nil && e.Action == "attr" {
			seen[e.Test+" "+e.Key] = append(seen[e.Test+" "+e.Key], e.Value)
		}
	}
	for key, want := range map[string]string{
		"TestLong hone.evidence": `"more":true`,
		"TestLeak hone.outcome":  "leak",
		"TestLeak hone.evidence": "goroutine in chan receive",
		"TestSeed hone.seed":     "7",

		"TestMinimal hone.outcome":        "budget",
		"TestMinimal hone.evidence":       `"title":"the smallest that shows it: 2 of 300 steps","text":"1  7\n2  8\n"`,
		"TestMinimalPanic hone.evidence":  `"title":"the smallest that shows it: 1 of 3 steps","text":"1  1\n"`,
		"TestMinimalBubble hone.evidence": `"title":"the smallest that shows it: 5 of 50 steps"`,
	} {
		if got := strings.Join(seen[key], "\n"); !strings.Contains(got, want) {
			t.Errorf("%s = %q, want %q in it\n%s", key, got, want, out)
		}
	}
}

func FuzzReadDump(f *testing.F) {
	buf := make([]byte, 64<<10)
	f.Add(string(buf[:runtime.Stack(buf, true)]))
	f.Add("goroutine 1 [running]:\nmain.f(...)\n\t/a.go:1 +0x1\ncreated by x in goroutine x\n\t/b.go:2\n")
	f.Add("goroutine x [a\n\n\ngoroutine 7 [chan receive (nil chan), 3 minutes, locked to thread]:\n\t\n")
	f.Fuzz(func(t *testing.T, text string) {
		rendered, n := claim.ReadDump(text)
		if n == 0 && rendered != "" {
			t.Errorf("no goroutine, but %q", rendered)
		}
	})
}

func FuzzReadProfile(f *testing.F) {
	f.Add("goroutine profile: total 3\n2 @ 0x1\n# labels: {\"hone.test\":\"A\\\"\"}\n#\t0x1\tmain.f+0x2\t/a.go:1\n")
	f.Add("1 @\n# labels: {\"hone.test\":\"\n#\t\t\t\n-1 @ \n")
	f.Fuzz(func(_ *testing.T, text string) { claim.ReadProfile(text) })
}

func TestReadDump(t *testing.T) {
	text, n := claim.ReadDump(`goroutine 7 [chan receive (durable), 2 minutes, synctest bubble 1]:
runtime.gopark(0x1)
	/usr/local/go/src/runtime/proc.go:1 +0x1
example.com/a/queue.(*Queue[...]).Take(...)
	/home/a/queue.go:12 +0x1f
created by example.com/a/queue.New in goroutine 1
	/home/a/queue.go:5 +0x25

goroutine 8 [chan receive]:
runtime.gopark(0x2)
	/usr/local/go/src/runtime/proc.go:1 +0x1
example.com/a/queue.(*Queue[...]).Take(...)
	/home/a/queue.go:12 +0x1f
created by example.com/a/queue.New in goroutine 1
	/home/a/queue.go:5 +0x25
`)
	want := `2 goroutines in chan receive, started by queue.New at /home/a/queue.go:5
    runtime.gopark                           runtime/proc.go:1
    queue.(*Queue[...]).Take                 /home/a/queue.go:12
`
	if n != 2 || text != want {
		t.Errorf("%d goroutines:\n%swant 2:\n%s", n, text, want)
	}
}

func TestReadProfile(t *testing.T) {
	n, tests := claim.ReadProfile("goroutine profile: total 3\n2 @ 0x1 0x2\n# labels: {\"a\":\"b\", \"hone.test\":\"Test\\\"A\\\"/x\"}\n#\t0x1\tmain.f+0x2\t/a.go:1\n1 @ 0x3\n")
	if n != 3 || strings.Join(tests, "|") != `|Test"A"/x` {
		t.Errorf("%d goroutines of %s", n, strconv.Quote(strings.Join(tests, "|")))
	}
}

func FuzzDiff(f *testing.F) {
	f.Add("a\nb\nc", "a\nB\nc")
	f.Add("", "x\n")
	f.Fuzz(func(t *testing.T, a, b string) {
		d := claim.Diff(a, b)
		// Without context lines left out, the difference contains both texts.
		if strings.Contains(d, " equal lines") {
			return
		}
		var got, want []string
		for _, l := range strings.Split(strings.TrimSuffix(d, "\n"), "\n") {
			if l[0] != '+' {
				got = append(got, l[2:])
			}
			if l[0] != '-' {
				want = append(want, l[2:])
			}
		}
		if strings.Join(got, "\n") != a || strings.Join(want, "\n") != b {
			t.Errorf("diff of %q and %q is %q", a, b, d)
		}
	})
}
