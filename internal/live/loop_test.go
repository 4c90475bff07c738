package live

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
)

var lab = &catalog.Lab{ID: "structures/lru", Title: "A cache that knows what to forget", Stages: []catalog.Stage{
	{ID: "order", Title: "Evict the least recently used", Checks: []catalog.Check{{Name: "TestOrder_A"}, {Name: "TestOrder_B"}}},
	{ID: "cost", Title: "Make a hit cost nothing", Checks: []catalog.Check{{Name: "TestCost_A"}}},
}}

func save(t *testing.T, dir, name, text string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
}

// watched is a directory with a loop over it whose judge reads lru.go when it
// begins and gives that as the source of its verdict when it ends.
func watched(t *testing.T, takes time.Duration) (dir string, results <-chan *Result, cancelled *int) {
	dir = t.TempDir()
	save(t, dir, "lru.go", "0")
	cancelled = new(int)
	o := Options{Dir: dir, Lab: lab, Judge: func(ctx context.Context, hear Ears) (*Result, error) {
		text, err := os.ReadFile(filepath.Join(dir, "lru.go"))
		if err != nil {
			return nil, err
		}
		hear.Event(judge.Event{Stage: "order", Check: "TestOrder_A"})
		select {
		case <-time.After(takes):
		case <-ctx.Done():
			*cancelled++
			return nil, ctx.Err()
		}
		return &Result{Verdict: &judge.Verdict{Source: string(text)}}, nil
	}}
	ctx, stop := context.WithCancel(t.Context())
	out := make(chan *Result, 1000)
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_, err := watchLines(ctx, o, func(_ io.Writer, r *Result, err error) error {
			if err != nil && !errors.Is(err, context.Canceled) {
				t.Error(err)
			} else if err == nil {
				out <- r
			}
			return nil
		})
		if err != nil {
			t.Error(err)
		}
	}()
	t.Cleanup(func() { stop(); <-ended })
	return dir, out, cancelled
}

func await(t *testing.T, results <-chan *Result, want string) {
	t.Helper()
	deadline := time.After(10 * time.Second)
	last := "nothing"
	for {
		select {
		case r := <-results:
			if last = r.Verdict.Source; last == want {
				return
			}
		case <-deadline:
			t.Fatalf("the newest verdict is about %s, want %s: a save was lost", last, want)
		}
	}
}

func TestWatch_SaveCancelsAndRestarts(t *testing.T) {
	dir, results, cancelled := watched(t, 400*time.Millisecond)
	time.Sleep(150 * time.Millisecond) // into the first run
	save(t, dir, "lru.go", "1")
	await(t, results, "1")
	if *cancelled == 0 {
		t.Error("the run on the old files went on to its end")
	}
}

func TestWatch_LosesNoSave(t *testing.T) {
	dir, results, _ := watched(t, 3*time.Millisecond)
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	for i := range 60 {
		want := fmt.Sprint("v", i)
		if i%3 == 0 { // as most editors save: aside, then renamed over the file
			save(t, dir, "lru.go~", want)
			if err := os.Rename(filepath.Join(dir, "lru.go~"), filepath.Join(dir, "lru.go")); err != nil {
				t.Fatal(err)
			}
		} else {
			save(t, dir, "lru.go", want)
		}
		if i%10 == 9 {
			await(t, results, want)
		}
		time.Sleep(time.Duration(r.IntN(60)) * time.Millisecond)
	}
}

func TestWatch_IgnoresWhatIsNotJudged(t *testing.T) {
	dir, results, _ := watched(t, time.Millisecond)
	await(t, results, "0")
	for _, name := range []string{"lru_test.go", "notes.md", ".lru.go.swp", "4913"} {
		save(t, dir, name, "x")
	}
	select {
	case <-results:
		t.Error("a file that the judge does not read started a run")
	case <-time.After(300 * time.Millisecond):
	}
	if err := os.Mkdir(filepath.Join(dir, "sub"), 0o755); err != nil {
		t.Fatal(err)
	}
	save(t, dir, "sub/more.go", "package sub")
	await(t, results, "0")
}

func TestFingerprint_SameContentSavedAgainDiffers(t *testing.T) {
	dir := t.TempDir()
	save(t, dir, "a.go", "package a")
	before, err := fingerprint(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chtimes(filepath.Join(dir, "a.go"), time.Time{}, time.Now().Add(time.Second)); err != nil {
		t.Fatal(err)
	}
	if after, _ := fingerprint(dir); after == before {
		t.Error("saving again asks for nothing")
	}
}

func TestWatch_FaultOfOursIsReported(t *testing.T) {
	l := newLoop(Options{Judge: func(context.Context, Ears) (*Result, error) { panic("boom") }})
	if u := l.once(t.Context()); u.err == nil || !strings.Contains(u.err.Error(), "boom") {
		t.Errorf("once = %v, want the panic as an error", u.err)
	}
}
