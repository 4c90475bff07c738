package bitcask_test

import (
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/claim/program"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

func start(t *testing.T, dir string) *program.Process {
	t.Helper()
	return program.Start(t, program.Options{Args: []string{dir}, Ready: "ready"})
}

// read opens the directory in this process, reads it, and gives it back.
func read(t *testing.T, dir, when string) (map[string]string, bitcask.Stats) {
	t.Helper()
	db, err := bitcask.Open(dir, bitcask.Options{SegmentSize: 4 << 10})
	if err != nil {
		t.Fatalf("%s: Open: %v", when, err)
	}
	defer db.Close()
	got, err := contents(db)
	if err != nil {
		t.Fatalf("%s: Each: %v", when, err)
	}
	return got, db.Stats()
}

// kill -9, again and again, at random moments of a process that takes puts of 10
// keys at the same time and compacts now and then. A key never falls behind what
// was acknowledged, and never shows what was not sent.
func TestProcess_KillLosesNothing(t *testing.T) {
	rng := claim.Rand(t)
	dir := filepath.Join(t.TempDir(), "data")
	sent, acked := map[string]int{}, map[string]int{}
	version := 0
	for round := range 8 {
		p := start(t, dir)
		var script strings.Builder
		for i := range 300 {
			version++
			key := fmt.Sprint("key", version%10)
			sent[key] = version
			fmt.Fprintf(&script, "put %s %d-%s\n", key, version, strings.Repeat("x", rng.IntN(100)))
			if i%90 == 50 {
				script.WriteString("compact\n")
			}
		}
		if _, err := io.WriteString(p.Stdin, script.String()); err != nil {
			t.Fatalf("round %d: writing to the program: %v\n%s", round, err, p.Output())
		}
		for range 1 + rng.IntN(250) {
			p.Line("ok ")
		}
		p.Kill()
		answers := 0
		for line := range strings.Lines(p.Output()) {
			words := strings.Fields(line)
			if len(words) == 3 && words[0] == "ok" {
				answers++
				n, _, _ := strings.Cut(words[2], "-")
				v, _ := strconv.Atoi(n)
				acked[words[1]] = max(acked[words[1]], v)
			} else if len(words) > 0 && words[0] == "error" {
				t.Fatalf("round %d: the program answered %q", round, line)
			}
		}
		when := fmt.Sprintf("killed in round %d after %d answers", round, answers)
		got, _ := read(t, dir, when)
		for key, least := range acked {
			n, _, _ := strings.Cut(got[key], "-")
			v, _ := strconv.Atoi(n)
			if v < least {
				t.Fatalf("%s: %s is at version %d (0 = gone); version %d had been answered with ok", when, key, v, least)
			}
			if v > sent[key] {
				t.Fatalf("%s: %s is at version %d, and %d was the last that was sent", when, key, v, sent[key])
			}
			acked[key] = v // seen, so it must stay
		}
	}
}

// While one process has the directory, no other gets in, and a failed attempt
// changes nothing.
func TestProcess_OneOpenerOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, dir)
	fmt.Fprintln(p.Stdin, "put k v")
	p.Line("ok k v")
	before := snapshot(t, dir)
	if db, err := bitcask.Open(dir, bitcask.Options{}); !errors.Is(err, bitcask.ErrLocked) {
		t.Errorf("Open while another process has the directory: %v, want ErrLocked: two logs in one file would eat each other", err)
		if err == nil {
			db.Close()
		}
	}
	claim.Equal(t, "the directory after a refused Open", snapshot(t, dir), before)
	fmt.Fprintln(p.Stdin, "put k2 v2")
	p.Line("ok k2 v2")
	fmt.Fprintln(p.Stdin, "get k")
	p.Line("value k v")
}

// snapshot is what the files of a directory hold.
func snapshot(t *testing.T, dir string) map[string]string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]string{}
	for _, e := range entries {
		b, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		all[e.Name()] = string(b)
	}
	return all
}

// The lock comes before the first look at the files: a second opener that comes
// while the first is in the middle of a write must not take it for a torn tail.
func TestProcess_TheLockComesFirst(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m, oneFile)
	mustPut(t, db, "a", "1")
	tried := false
	m.before = func(op, name string) error {
		if op != "sync" || tried {
			return nil
		}
		// The frame has been written and is not synced yet.
		tried = true
		before := disk.Ops()
		if _, err := openOn(m, oneFile); !errors.Is(err, bitcask.ErrLocked) {
			t.Errorf("second Open on one machine: %v, want ErrLocked", err)
		}
		for _, op := range disk.Log()[before:] {
			if op.Kind != fault.OpSyncDir && op.Kind != fault.OpMkdir {
				t.Errorf("an Open that is refused with ErrLocked did %v; it may not touch the files", op)
			}
		}
		return nil
	}
	mustPut(t, db, "b", "2")
	if !tried {
		t.Fatal("a put made no fsync")
	}
	holds(t, db, "after a refused Open", map[string]string{"a": "1", "b": "2"})
}

// The lock is given back by Close, by an Open that fails, and by death.
func TestProcess_TheLockIsGivenBack(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, dir)
	fmt.Fprintln(p.Stdin, "put k v")
	p.Line("ok k v")
	p.Kill()
	for range 2 { // the first by death, the second by Close
		got, _ := read(t, dir, "after kill -9 and then after Close")
		claim.Equal(t, "what a killed process left", got, map[string]string{"k": "v"})
	}
	db, err := bitcask.Open(dir, bitcask.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := bitcask.Open(dir, bitcask.Options{}); !errors.Is(err, bitcask.ErrLocked) {
		t.Errorf("second Open in one process: %v, want ErrLocked", err)
	}
	mustClose(t, db)

	disk := fault.NewFS()
	other := mustOpen(t, boot(disk))
	fill(t, other)
	mustClose(t, other)
	all := files(t, disk)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		if len(all[name]) > 20 {
			all[name][20] ^= 1
			break
		}
	}
	m := boot(image(t, all))
	for i := range 2 {
		if _, err := openOn(m); !errors.Is(err, bitcask.ErrCorrupt) {
			t.Errorf("Open %d of a rotten database on one machine: %v, want ErrCorrupt each time: an Open that fails keeps no lock", i+1, err)
		}
	}
	if open := m.handles(); open != "" {
		t.Errorf("after an Open that failed these files are still open:\n%s", open)
	}
}

// SIGTERM ends the process in peace: status 0, nothing lost, nothing torn.
func TestProcess_TerminateIsClean(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "data")
	p := start(t, dir)
	want := map[string]string{}
	for i := range 20 {
		key := fmt.Sprint("k", i)
		want[key] = "v"
		fmt.Fprintln(p.Stdin, "put", key, "v")
	}
	for range 20 {
		p.Line("ok ")
	}
	p.Terminate()
	var code int
	var err error
	claim.Terminates(t, limit, func() { code, err = p.Wait() })
	if code != 0 || err != nil {
		t.Errorf("after SIGTERM the program exited with status %d, %v; want 0. Output:\n%s", code, err, p.Output())
	}
	got, stats := read(t, dir, "after SIGTERM")
	claim.Equal(t, "what is there after SIGTERM", summary(got), summary(want))
	if stats.Torn != 0 {
		t.Errorf("after SIGTERM a tail of %d bytes was torn, want 0", stats.Torn)
	}
}
