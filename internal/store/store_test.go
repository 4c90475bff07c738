package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/hone-go/hone/internal/judge"
)

// writerEnv makes the test binary a second hone: see TestTwoProcesses.
const writerEnv = "STORE_TEST_WRITER"

// rowsEach is how many verdicts each of the processes records.
const rowsEach = 40

func TestMain(m *testing.M) {
	if path := os.Getenv(writerEnv); path != "" {
		if err := write(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

func write(path string) error {
	ctx := context.Background()
	for i := range rowsEach {
		s, err := Open(ctx, path) // each time, as each command does
		if err != nil {
			return err
		}
		a := attempt(time.Now(), judge.Failed)
		a.Verdict.Stages[1].Checks[0].Replay = fmt.Sprintf("%d-%d", os.Getpid(), i)
		if err := s.Record(ctx, a); err != nil {
			return err
		}
		if _, _, err := s.TakeHint(ctx, "structures/lru", "cost", 1000); err != nil {
			return err
		}
		if err := s.Close(); err != nil {
			return err
		}
	}
	return nil
}

func open(t *testing.T) *Store {
	t.Helper()
	s, err := Open(t.Context(), filepath.Join(t.TempDir(), "progress.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// attempt has a first stage that passed and a second that ended as told.
func attempt(at time.Time, second judge.Outcome) Attempt {
	v := &judge.Verdict{
		Lab: "structures/lru", Outcome: judge.NotYet, Go: "go1.26.8", Source: "abc",
		Stages: []judge.Stage{
			{ID: "order", Outcome: judge.Passed, Checks: []judge.Check{{Name: "TestOrder_A", Outcome: judge.Passed}}},
			{ID: "cost", Outcome: judge.NotYet, Checks: []judge.Check{{Name: "TestCost_A", Outcome: second, Seed: 1<<63 + 5, Replay: "r1"}}},
			{ID: "arc", Outcome: judge.NotRun},
		},
	}
	if second == judge.Passed {
		v.Stages[1].Outcome = judge.Passed
		v.Stages[1].Checks[0].Replay = ""
	}
	return Attempt{Dir: "/home/l/lru", At: at, Files: map[string][]byte{"lru.go": []byte("package lru\n")}, Verdict: v}
}

func TestRecord_KeepsTheFirstPassAndCountsUpToIt(t *testing.T) {
	s, ctx := open(t), t.Context()
	start := time.UnixMilli(1_750_000_000_000)
	for i, o := range []judge.Outcome{judge.Failed, judge.Raced, judge.Passed, judge.Failed} {
		if err := s.Record(ctx, attempt(start.Add(time.Duration(i)*time.Minute), o)); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Lab(ctx, "structures/lru")
	if err != nil {
		t.Fatal(err)
	}
	want := &Lab{
		ID: "structures/lru", First: start, Last: start.Add(3 * time.Minute),
		Stages: map[string]Stage{
			"order": {Passed: start, Attempts: 1},
			"cost":  {Passed: start.Add(2 * time.Minute), Attempts: 3},
		},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if !got.Passed("cost") || got.Passed("arc") {
		t.Errorf("Passed: cost %v, arc %v; want true, false", got.Passed("cost"), got.Passed("arc"))
	}
}

func TestTakeHint_OneRungAtATimeUpToTheLast(t *testing.T) {
	s := open(t)
	for i, want := range []struct {
		rung int
		more bool
	}{{1, true}, {2, true}, {3, false}, {3, false}} {
		rung, more, err := s.TakeHint(t.Context(), "a/b", "c", 3)
		if err != nil || rung != want.rung || more != want.more {
			t.Errorf("call %d: TakeHint = %d, %v, %v; want %d, %v", i+1, rung, more, err, want.rung, want.more)
		}
	}
}

func TestSawSolution_CostsOnlyBeforeTheStagePassed(t *testing.T) {
	s, ctx := open(t), t.Context()
	if err := s.Record(ctx, attempt(time.Now(), judge.Failed)); err != nil {
		t.Fatal(err)
	}
	for _, stage := range []string{"order", "cost"} {
		if err := s.SawSolution(ctx, "structures/lru", stage); err != nil {
			t.Fatal(err)
		}
	}
	l, err := s.Lab(ctx, "structures/lru")
	if err != nil {
		t.Fatal(err)
	}
	if got := l.Stages["order"].Solution; !got.IsZero() {
		t.Errorf("the solution of a passed stage was held against the learner: %v", got)
	}
	if l.Stages["cost"].Solution.IsZero() {
		t.Error("the solution of an open stage was shown and not remembered")
	}
}

func TestPredictions_OnlyTheFirstAnswerCounts(t *testing.T) {
	s, ctx := open(t), t.Context()
	for i, o := range []judge.Outcome{judge.Failed, judge.Passed} {
		a := attempt(time.UnixMilli(int64(1000+i)), o)
		a.Verdict.Stages[1].Checks[0].Evidence = []judge.Evidence{{Kind: "prediction", Text: fmt.Sprint("answer ", i)}}
		if err := s.Record(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	got, err := s.Predictions(ctx, "structures/lru")
	if err != nil {
		t.Fatal(err)
	}
	want := []Prediction{{Check: "TestCost_A", Said: "answer 0", At: time.UnixMilli(1000)}}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestReplay_BringsBackFilesAndSeed(t *testing.T) {
	s, ctx := open(t), t.Context()
	a := attempt(time.UnixMilli(1000), judge.Raced)
	if err := s.Record(ctx, a); err != nil {
		t.Fatal(err)
	}
	got, err := s.Replay(ctx, "r1")
	if err != nil {
		t.Fatal(err)
	}
	want := &Replay{
		ID: "r1", Lab: "structures/lru", Dir: "/home/l/lru", Stage: "cost", Check: "TestCost_A",
		Outcome: judge.Raced, Seed: 1<<63 + 5, At: time.UnixMilli(1000), Files: a.Files,
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
	if _, err := s.Replay(ctx, "nope"); !errors.Is(err, ErrNoReplay) {
		t.Errorf("Replay of an unknown id: %v, want ErrNoReplay", err)
	}
}

func TestReplay_ForgetsTheOldestOverTheLimit(t *testing.T) {
	s, ctx := open(t), t.Context()
	for i := range maxReplays + 3 {
		a := attempt(time.UnixMilli(int64(1000+i)), judge.Failed)
		a.Verdict.Source = fmt.Sprint("source", i)
		a.Verdict.Stages[1].Checks[0].Replay = fmt.Sprint("r", i)
		if err := s.Record(ctx, a); err != nil {
			t.Fatal(err)
		}
	}
	for _, table := range []string{"replays", "snapshots"} {
		var n int
		if err := s.db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != maxReplays {
			t.Errorf("%d %s left, %v; want %d", n, table, err, maxReplays)
		}
	}
	if _, err := s.Replay(ctx, "r2"); !errors.Is(err, ErrNoReplay) {
		t.Errorf("the oldest is still there: %v", err)
	}
}

// TestTwoProcesses starts two programs that open, write and close one file that
// doesn't exist yet, as fast as they can.
func TestTwoProcesses(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.db")
	const processes = 2
	var cmds [processes]*exec.Cmd
	var out [processes]bytes.Buffer
	for i := range cmds {
		cmds[i] = exec.CommandContext(t.Context(), os.Args[0])
		cmds[i].Env = append(os.Environ(), writerEnv+"="+path)
		cmds[i].Stdout, cmds[i].Stderr = &out[i], &out[i]
		if err := cmds[i].Start(); err != nil {
			t.Fatal(err)
		}
	}
	for i, c := range cmds {
		if err := c.Wait(); err != nil {
			t.Errorf("process %d: %v\n%s", i, err, out[i].String())
		}
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	var verdict string
	if err := s.db.QueryRow("PRAGMA integrity_check").Scan(&verdict); err != nil || verdict != "ok" {
		t.Errorf("integrity_check: %s, %v", verdict, err)
	}
	for _, table := range []string{"hints", "replays"} {
		var n int
		if err := s.db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil || n != processes*rowsEach {
			t.Errorf("%d %s, %v; want %d: a write was lost", n, table, err, processes*rowsEach)
		}
	}
}

func TestOpen_DamagedFileIsSetAsideNotDeleted(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.db")
	garbage := []byte(strings.Repeat("this is no database. ", 100))
	if err := os.WriteFile(path, garbage, 0o600); err != nil {
		t.Fatal(err)
	}
	_, err := Open(t.Context(), path)
	var d *DamagedError
	if !errors.As(err, &d) || d.Path != path {
		t.Fatalf("Open = %v, want a DamagedError for %s", err, path)
	}
	aside, err := SetAside(path, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := os.ReadFile(aside); err != nil || !bytes.Equal(got, garbage) {
		t.Errorf("the damaged file was not kept as it was: %v", err)
	}
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatalf("after SetAside: %v", err)
	}
	s.Close()
}

// TestOpen_DamageInTheMiddle overwrites a page of a good file, as a failing disk
// would: what can't be read is reported as damage, by whichever method meets it.
func TestOpen_DamageInTheMiddle(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress.db")
	s, err := Open(t.Context(), path)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Record(t.Context(), attempt(time.Now(), judge.Failed)); err != nil {
		t.Fatal(err)
	}
	s.Close()
	file, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for i := 4096; i < len(file); i++ {
		file[i] = 0xa5
	}
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	s, err = Open(t.Context(), path)
	if err == nil {
		defer s.Close()
		_, err = s.Labs(t.Context())
	}
	if d := (*DamagedError)(nil); !errors.As(err, &d) {
		t.Errorf("got %v, want a DamagedError", err)
	}
}

func TestRecord_FullDiskLosesNothingOlder(t *testing.T) {
	s, ctx := open(t), t.Context()
	if err := s.Record(ctx, attempt(time.UnixMilli(1000), judge.Passed)); err != nil {
		t.Fatal(err)
	}
	// SQLite's own limit on the file's size gives the error of a full disk.
	if _, err := s.db.Exec("PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	big := attempt(time.UnixMilli(2000), judge.Failed)
	big.Files["noise.go"] = noise(200_000)
	if err := s.Record(ctx, big); err == nil {
		t.Fatal("Record on a full disk reports success")
	}
	if _, err := s.db.Exec("PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	l, err := s.Lab(ctx, "structures/lru")
	if err != nil || l.Stages["cost"].Attempts != 1 || !l.Passed("cost") {
		t.Errorf("after a full disk: %+v, %v; want exactly the first verdict", l, err)
	}
	if err := s.Record(ctx, big); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// noise doesn't compress.
func noise(n int) []byte {
	b := make([]byte, n)
	x := uint32(1)
	for i := range b {
		x ^= x << 13
		x ^= x >> 17
		x ^= x << 5
		b[i] = byte(x)
	}
	return b
}

func TestOpen_OddPathsAndNoPlace(t *testing.T) {
	odd := filepath.Join(t.TempDir(), "50% off? #1 & more", "progress.db")
	s, err := Open(t.Context(), odd)
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
	if _, err := os.Stat(odd); err != nil {
		t.Errorf("the file is not where it was asked for: %v", err)
	}
	if _, err := Open(t.Context(), filepath.Join(odd, "below", "a", "file")); err == nil {
		t.Error("Open below a file succeeds")
	}
}

func TestPath(t *testing.T) {
	for _, c := range []struct {
		env  map[string]string
		want string
	}{
		{map[string]string{"HONE_DATA": "/d", "XDG_DATA_HOME": "/x", "HOME": "/h"}, "/d/progress.db"},
		{map[string]string{"XDG_DATA_HOME": "/x", "HOME": "/h"}, "/x/hone/progress.db"},
	} {
		got, err := Path(func(k string) string { return c.env[k] })
		if err != nil || got != filepath.FromSlash(c.want) {
			t.Errorf("Path(%v) = %q, %v; want %q", c.env, got, err, c.want)
		}
	}
	if _, err := Path(func(string) string { return "" }); err == nil {
		t.Error("Path with an empty environment: no error")
	}
}

func BenchmarkOpen(b *testing.B) {
	path := filepath.Join(b.TempDir(), "progress.db")
	for b.Loop() {
		s, err := Open(b.Context(), path)
		if err != nil {
			b.Fatal(err)
		}
		s.Close()
	}
}
