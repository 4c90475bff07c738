package bitcask_test

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// A machine runs one process on a disk that may misbehave: it gives a
// fault.FS the interface that the database asks for. A second machine on the
// same disk is the next process; the first one's locks are gone, its unsynced
// writes are not.
type machine struct {
	disk *fault.FS

	// before is asked before every operation: those that change the disk, and those
	// in looks.
	before func(op string, name string) error

	mu    sync.Mutex
	locks map[string]bool
	open  map[string]int // handles by name
}

// looks are the operations that leave the disk as it is.
var looks = []string{"read", "open", "size", "list"}

func boot(disk *fault.FS) *machine {
	return &machine{disk: disk, locks: map[string]bool{}, open: map[string]int{}}
}

func (m *machine) ask(op, name string) error {
	if m.before == nil {
		return nil
	}
	return m.before(op, filepath.ToSlash(name))
}

func (m *machine) OpenFile(name string, flag int, perm fs.FileMode) (bitcask.File, error) {
	op := "open"
	if flag&os.O_CREATE != 0 {
		op = "create"
	}
	if err := m.ask(op, name); err != nil {
		return nil, err
	}
	f, err := m.disk.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.open[name]++
	return &handle{File: f, m: m, name: name}, nil
}

func (m *machine) Rename(from, to string) error {
	if err := m.ask("rename", from); err != nil {
		return err
	}
	return m.disk.Rename(from, to)
}

func (m *machine) Remove(name string) error {
	if err := m.ask("remove", name); err != nil {
		return err
	}
	return m.disk.Remove(name)
}

func (m *machine) Mkdir(name string) error {
	if err := m.ask("mkdir", name); err != nil {
		return err
	}
	return m.disk.MkdirAll(name, 0o777)
}

func (m *machine) SyncDir(dir string) error {
	if err := m.ask("syncdir", dir); err != nil {
		return err
	}
	return m.disk.SyncDir(dir)
}

func (m *machine) List(dir string) ([]string, error) {
	if err := m.ask("list", dir); err != nil {
		return nil, err
	}
	entries, err := m.disk.ReadDir(dir)
	var names []string
	for _, e := range entries {
		if !e.IsDir() {
			names = append(names, e.Name())
		}
	}
	slices.Reverse(names) // "in no order"
	return names, err
}

func (m *machine) Lock(name string) (io.Closer, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.locks[name] {
		return nil, bitcask.ErrLocked
	}
	m.locks[name] = true
	return unlock(func() {
		m.mu.Lock()
		defer m.mu.Unlock()
		delete(m.locks, name)
	}), nil
}

type unlock func()

func (u unlock) Close() error { u(); return nil }

// handles lists the files that are open.
func (m *machine) handles() string {
	m.mu.Lock()
	defer m.mu.Unlock()
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(m.open)) {
		if n := m.open[name]; n > 0 {
			fmt.Fprintf(&b, "%s (%d)\n", name, n)
		}
	}
	return b.String()
}

// A handle is a fault.File that asks its machine first.
type handle struct {
	*fault.File
	m    *machine
	name string
}

func (h *handle) ReadAt(p []byte, off int64) (int, error) {
	if err := h.m.ask("read", h.name); err != nil {
		return 0, err
	}
	return h.File.ReadAt(p, off)
}

func (h *handle) WriteAt(p []byte, off int64) (int, error) {
	if err := h.m.ask("write", h.name); errors.Is(err, errKilled) {
		// Half of a write is what a process that dies in it leaves behind.
		n, _ := h.File.WriteAt(p[:len(p)/2], off)
		return n, err
	} else if err != nil {
		return 0, err
	}
	return h.File.WriteAt(p, off)
}

func (h *handle) Truncate(size int64) error {
	if err := h.m.ask("truncate", h.name); err != nil {
		return err
	}
	return h.File.Truncate(size)
}

func (h *handle) Sync() error {
	if err := h.m.ask("sync", h.name); err != nil {
		return err
	}
	return h.File.Sync()
}

func (h *handle) Size() (int64, error) {
	if err := h.m.ask("size", h.name); err != nil {
		return 0, err
	}
	info, err := h.File.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

func (h *handle) Close() error {
	err := h.File.Close()
	if err == nil {
		h.m.mu.Lock()
		h.m.open[h.name]--
		h.m.mu.Unlock()
	}
	return err
}

var (
	errKilled = errors.New("the process was killed in this operation")
	errDead   = errors.New("the process is dead")
)

// killAfter lets n operations happen; a write that comes next happens by half,
// and nothing after it: kill -9, seen from the disk.
func (m *machine) killAfter(n int) {
	m.before = func(op, _ string) error {
		if slices.Contains(looks, op) {
			return nil
		}
		n--
		switch {
		case n >= 0:
			return nil
		case n == -1:
			return errKilled
		}
		return errDead
	}
}

// A trial is something to be done on a machine on which one operation fails.
type trial struct {
	ops    []string                                 // the kinds of operation that fail
	boot   func() *machine                          // makes each time the same machine
	run    func(m *machine) error                   // what is tried
	verify func(m *machine, what string, err error) // is told what failed, and what came of it
}

// each has the n-th operation fail with EIO, once, for n = 0, 1, …, until one run has
// fewer operations than that.
func (x trial) each(t *testing.T) {
	t.Helper()
	for n := 0; !t.Failed(); n++ {
		left, what := n, ""
		m := x.boot()
		m.before = func(op, name string) error {
			if !slices.Contains(x.ops, op) {
				return nil
			}
			if left--; left == -1 {
				what = fmt.Sprintf("%s %s fails with EIO", op, filepath.ToSlash(name))
				return syscall.EIO
			}
			return nil
		}
		err := x.run(m)
		m.before = nil
		if what == "" {
			if n == 0 {
				t.Errorf("nothing of %v was ever done", x.ops)
			}
			return
		}
		x.verify(m, what, err)
	}
}

// limit bounds what could hang. It is no budget: a slow machine has time.
const limit = 20 * time.Second

const dir = "db"

// openOn opens the database of a machine, with segments that hold about four
// entries, so that a short test has several files.
func openOn(m *machine, change ...func(*bitcask.Options)) (*bitcask.DB, error) {
	o := bitcask.Options{FS: m, SegmentSize: 256}
	for _, c := range change {
		c(&o)
	}
	return bitcask.Open(dir, o)
}

func noSync(o *bitcask.Options) { o.NoSync = true }

func mustOpen(t testing.TB, m *machine, change ...func(*bitcask.Options)) *bitcask.DB {
	t.Helper()
	db, err := openOn(m, change...)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

func mustPut(t testing.TB, db *bitcask.DB, key, value string) {
	t.Helper()
	if err := db.Put([]byte(key), []byte(value)); err != nil {
		t.Fatalf("Put(%q, %d bytes): %v", key, len(value), err)
	}
}

func mustDelete(t testing.TB, db *bitcask.DB, key string) {
	t.Helper()
	if err := db.Delete([]byte(key)); err != nil {
		t.Fatalf("Delete(%q): %v", key, err)
	}
}

func mustClose(t testing.TB, db *bitcask.DB) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
}

// contents reads everything there is, through Each.
func contents(db *bitcask.DB) (map[string]string, error) {
	got := map[string]string{}
	err := db.Each(func(k, v []byte) error {
		if _, twice := got[string(k)]; twice {
			return fmt.Errorf("Each visits %q twice", k)
		}
		got[string(k)] = string(v)
		return nil
	})
	return got, err
}

// holds checks that the database has these entries and no others, by Get and
// by Each.
func holds(t testing.TB, db *bitcask.DB, when string, want map[string]string) {
	t.Helper()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		v, err := db.Get([]byte(k))
		if err != nil {
			t.Fatalf("%s: Get(%q): %v; want %s", when, k, err, brief(want[k]))
		}
		if string(v) != want[k] {
			t.Fatalf("%s: Get(%q) = %s, want %s", when, k, brief(string(v)), brief(want[k]))
		}
	}
	got, err := contents(db)
	if err != nil {
		t.Fatalf("%s: Each: %v", when, err)
	}
	if !maps.Equal(got, want) {
		for k := range got {
			if _, ok := want[k]; !ok {
				t.Errorf("%s: Each finds key %q, which should not be there", when, k)
			}
		}
		claim.Equal(t, when+": what Each visits", summary(got), summary(want))
	}
}

func brief(s string) string {
	if len(s) <= 40 {
		return fmt.Sprintf("%q", s)
	}
	return fmt.Sprintf("%q… (%d bytes)", s[:32], len(s))
}

// summary is a map as text, for a diff.
func summary(m map[string]string) []string {
	var lines []string
	for _, k := range slices.Sorted(maps.Keys(m)) {
		lines = append(lines, k+" = "+brief(m[k]))
	}
	return lines
}

// files returns the content of every file in the database's directory.
func files(t testing.TB, disk *fault.FS) map[string][]byte {
	t.Helper()
	entries, err := disk.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	all := map[string][]byte{}
	for _, e := range entries {
		f, err := disk.OpenFile(filepath.Join(dir, e.Name()), os.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(f)
		if err != nil {
			t.Fatal(err)
		}
		f.Close()
		all[e.Name()] = b
	}
	return all
}

// image makes a disk that holds these files, all durable.
func image(t testing.TB, all map[string][]byte) *fault.FS {
	t.Helper()
	disk := fault.NewFS()
	if err := disk.MkdirAll(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	for name, content := range all {
		f, err := disk.OpenFile(filepath.Join(dir, name), os.O_CREATE|os.O_WRONLY, 0o666)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(content, 0); err != nil && len(content) > 0 {
			t.Fatal(err)
		}
		f.Close()
	}
	return disk.Crash(fault.KeepAll)
}
