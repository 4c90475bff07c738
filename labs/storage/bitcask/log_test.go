package bitcask_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// The checks of this stage run on the real disk, without fsync.

func openDir(t testing.TB, dir string, o bitcask.Options) *bitcask.DB {
	t.Helper()
	o.NoSync = true
	db, err := bitcask.Open(dir, o)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

// What was put is what Get and AppendValue return, byte for byte: empty values,
// binary keys, a megabyte.
func TestLog_GetsWhatWasPut(t *testing.T) {
	db := openDir(t, filepath.Join(t.TempDir(), "new"), bitcask.Options{})
	want := map[string]string{
		"k": "v", "empty": "", "\x00": "zero", "\xff\x00\xff": "\x00\n\xff",
		strings.Repeat("K", bitcask.MaxKey): "longest key", "large": strings.Repeat("0123456789abcdef", 1<<16),
	}
	for k, v := range want {
		mustPut(t, db, k, v)
	}
	holds(t, db, "after the puts", want)

	got, err := db.AppendValue([]byte("prefix "), []byte("k"))
	if err != nil {
		t.Fatal(err)
	}
	claim.Bytes(t, `AppendValue("prefix ", "k")`, got, []byte("prefix v"))
	room := make([]byte, 3, 200)
	got, err = db.AppendValue(room, []byte("k"))
	if err != nil || len(got) != 4 || &got[0] != &room[0] {
		t.Errorf("AppendValue into a slice with room returned %d bytes in another array (%v): it should use the room", len(got), err)
	}
	got, err = db.AppendValue([]byte("dst"), []byte("nobody"))
	if !errors.Is(err, bitcask.ErrNotFound) || string(got) != "dst" {
		t.Errorf(`AppendValue("dst", missing key) = %q, %v; want "dst" as it was, and ErrNotFound`, got, err)
	}
	if v, err := db.Get([]byte("nobody")); !errors.Is(err, bitcask.ErrNotFound) || v != nil {
		t.Errorf("Get(missing key) = %q, %v; want nil, ErrNotFound", v, err)
	}
}

// The newest put of a key counts, now and after a reopen.
func TestLog_LastPutWins(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir, bitcask.Options{SegmentSize: 512})
	for i := range 50 {
		mustPut(t, db, "a", fmt.Sprint("a", i))
		mustPut(t, db, "b", fmt.Sprint("b", i%3))
	}
	want := map[string]string{"a": "a49", "b": "b1"}
	holds(t, db, "after 50 puts of two keys", want)
	mustClose(t, db)
	holds(t, openDir(t, dir, bitcask.Options{SegmentSize: 512}), "after a reopen", want)
}

// A deleted key is gone, now and after a reopen, until it is put again. Deleting
// what is not there is no error.
func TestLog_DeleteForgets(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir, bitcask.Options{})
	for _, k := range []string{"a", "b", "c"} {
		mustPut(t, db, k, "1")
	}
	mustDelete(t, db, "a")
	mustDelete(t, db, "b")
	mustDelete(t, db, "b")
	mustDelete(t, db, "never there")
	mustPut(t, db, "b", "again")
	longest := strings.Repeat("K", bitcask.MaxKey)
	mustPut(t, db, longest, "1")
	mustDelete(t, db, longest)
	want := map[string]string{"b": "again", "c": "1"}
	holds(t, db, "after two deletes and a new put", want)
	if n := db.Stats().Keys; n != 2 {
		t.Errorf("Stats().Keys = %d, want 2", n)
	}
	mustClose(t, db)
	holds(t, openDir(t, dir, bitcask.Options{}), "after a reopen: a delete has to be in the log too", want)
}

// Put keeps neither slice, and what Get returns is the caller's.
func TestLog_CopiesBothWays(t *testing.T) {
	db := openDir(t, t.TempDir(), bitcask.Options{})
	key, value := []byte("key"), []byte("value")
	if err := db.Put(key, value); err != nil {
		t.Fatal(err)
	}
	copy(key, "XXX")
	copy(value, "XXXXX")
	if err := db.Put([]byte("key2"), value); err != nil {
		t.Fatal(err)
	}
	v, err := db.Get([]byte("key"))
	if err != nil {
		t.Fatalf("Get after the caller reused its key slice: %v", err)
	}
	claim.Bytes(t, "value after the caller reused its slices", v, []byte("value"))
	copy(v, "YYYYY")
	holds(t, db, "after the caller wrote into what Get returned", map[string]string{"key": "value", "key2": "XXXXX"})
}

// Keys and values that can't be stored are refused, and nothing happens.
func TestLog_RefusesBadKeys(t *testing.T) {
	db := openDir(t, t.TempDir(), bitcask.Options{})
	for _, key := range [][]byte{nil, {}, make([]byte, bitcask.MaxKey+1)} {
		if err := db.Put(key, []byte("v")); !errors.Is(err, bitcask.ErrKey) {
			t.Errorf("Put with a key of %d bytes: %v, want ErrKey", len(key), err)
		}
		if err := db.Delete(key); !errors.Is(err, bitcask.ErrKey) {
			t.Errorf("Delete with a key of %d bytes: %v, want ErrKey", len(key), err)
		}
	}
	if err := db.Put([]byte("k"), make([]byte, bitcask.MaxValue+1)); !errors.Is(err, bitcask.ErrValue) {
		t.Errorf("Put with a value of MaxValue+1 bytes: %v, want ErrValue", err)
	}
	holds(t, db, "after refused puts", map[string]string{})
}

// The log is cut into files: none passes SegmentSize but for an entry that is
// larger by itself. All of them are read on reopen, in the right order.
func TestLog_RollsSegments(t *testing.T) {
	dir := t.TempDir()
	o := bitcask.Options{SegmentSize: 4 << 10}
	db := openDir(t, dir, o)
	want := map[string]string{}
	for i := range 400 {
		k, v := fmt.Sprint("key", i%150), strings.Repeat(fmt.Sprint(i, "."), 30)
		mustPut(t, db, k, v)
		want[k] = v
	}
	want["big"] = strings.Repeat("big", 5000)
	mustPut(t, db, "big", want["big"])
	mustPut(t, db, "after", "big")
	want["after"] = "big"
	if n := db.Stats().Files; n < 10 {
		t.Errorf("Stats().Files = %d after some 50 kB of entries with SegmentSize 4096, want at least 10", n)
	}
	large := 0
	logs, sum := 0, int64(0)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > 4<<10 {
			large++
		}
		if e.Name() != "LOCK" {
			logs++
			sum += info.Size()
		}
	}
	if s := db.Stats(); s.Files == logs && s.Bytes != sum {
		t.Errorf("Stats().Bytes = %d, and the %d log files have %d bytes together", s.Bytes, logs, sum)
	}
	if large != 1 {
		t.Errorf("%d files are larger than SegmentSize, want 1: the one that holds the 15 kB entry", large)
	}
	holds(t, db, "over many segments", want)
	mustClose(t, db)
	db = openDir(t, dir, o)
	holds(t, db, "after a reopen", want)
	mustPut(t, db, "more", "1")
	want["more"] = "1"
	mustClose(t, db)
	holds(t, openDir(t, dir, o), "after a put in a reopened log and one more reopen", want)
}

// SegmentSize counts from the first entry on, 0 stands for a size that is documented,
// and an entry that is larger than a segment takes no file beside its own.
func TestLog_SizesSegments(t *testing.T) {
	for _, c := range []struct {
		size  int64
		value int // bytes in each of ten values
		files int
	}{
		{0, 1 << 10, 1}, // 64 MiB
		{1, 1, 10},
		{64 << 10, 100 << 10, 10},
	} {
		dir := t.TempDir()
		o := bitcask.Options{SegmentSize: c.size}
		db := openDir(t, dir, o)
		want := map[string]string{}
		for i := range 10 {
			k := fmt.Sprint("k", i)
			want[k] = strings.Repeat("v", c.value)
			mustPut(t, db, k, want[k])
		}
		claim.Equal(t, fmt.Sprintf("files after 10 puts of %d bytes with SegmentSize %d", c.value, c.size), db.Stats().Files, c.files)
		mustClose(t, db)
		holds(t, openDir(t, dir, o), "after a reopen", want)
	}
}

// Files in the directory that are not the database's, whatever they are called, are not
// read and not touched.
func TestLog_IgnoresStrangers(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), noSync)
	want := map[string]string{}
	for i := range 20 {
		want[fmt.Sprint("k", i)] = strings.Repeat(fmt.Sprint(i), 20)
		mustPut(t, db, fmt.Sprint("k", i), want[fmt.Sprint("k", i)])
	}
	mustClose(t, db)
	all := files(t, disk)
	strangers := []string{"README", ".log"}
	for name := range all {
		if name == "LOCK" {
			continue
		}
		digits := strings.Map(func(r rune) rune {
			if r >= '0' && r <= '9' {
				return '0'
			}
			return r
		}, name)
		strangers = append(strangers, name+"~", "~"+name, name+".bak", digits,
			strings.TrimLeft(name, "0"), "0"+name, strings.TrimSuffix(name, filepath.Ext(name)))
	}
	strangers = slices.DeleteFunc(strangers, func(name string) bool { _, ours := all[name]; return ours || name == "" })
	for _, name := range strangers {
		all[name] = []byte("not yours")
	}
	disk = image(t, all)
	holds(t, mustOpen(t, boot(disk), noSync), fmt.Sprintf("with strange files beside the log, %q", strangers), want)
	after := files(t, disk)
	for _, name := range strangers {
		if string(after[name]) != "not yours" {
			t.Errorf("Open changed the file %q, which is not a file of the database", name)
		}
	}
}

// Every file that was opened is closed by Close: nobody who reads keeps one.
func TestLog_ClosesFiles(t *testing.T) {
	m := boot(fault.NewFS())
	db := mustOpen(t, m, noSync)
	for i := range 20 {
		mustPut(t, db, fmt.Sprint("k", i), strings.Repeat("v", 40))
	}
	if _, err := db.Get([]byte("k3")); err != nil {
		t.Errorf("Get: %v", err)
	}
	stop := errors.New("stop")
	for _, err := range []error{nil, stop} {
		if got := db.Each(func(k, v []byte) error { return err }); got != err {
			t.Errorf("Each: %v, want %v", got, err)
		}
	}
	mustClose(t, db)
	if open := m.handles(); open != "" {
		t.Errorf("after a Get, two Each and Close these files are still open:\n%s", open)
	}
}

// Each goes through the files front to back, and a read serves many entries.
func TestLog_EachReadsInOrder(t *testing.T) {
	m := boot(fault.NewFS())
	db := mustOpen(t, m, noSync, func(o *bitcask.Options) { o.SegmentSize = 4 << 10 })
	for i := range 600 {
		mustPut(t, db, fmt.Sprint("k", i*7%600), strings.Repeat("v", 30))
	}
	reads, visited := 0, 0
	m.before = func(op, _ string) error {
		if op == "read" {
			reads++
		}
		return nil
	}
	if err := db.Each(func(k, v []byte) error { visited++; return nil }); err != nil {
		t.Fatalf("Each: %v", err)
	}
	m.before = nil
	n := db.Stats().Files
	if visited != 600 || reads > 2*n {
		t.Errorf("Each over %d entries in %d files of 4 KiB read %d times, want at most %d: what is read in the order of the disk comes many entries at a time", visited, n, reads, 2*n)
	}
}

// A read that fails is reported, with the disk's own error, and is not taken for an entry
// that is not there. AppendValue returns its slice as it was.
func TestLog_ReportsFailedReads(t *testing.T) {
	m := boot(fault.NewFS())
	db := mustOpen(t, m, noSync)
	mustPut(t, db, "k", "v")
	m.before = func(op, _ string) error {
		if op == "read" {
			return syscall.EIO
		}
		return nil
	}
	v, err := db.AppendValue([]byte("dst"), []byte("k"))
	if !errors.Is(err, syscall.EIO) || string(v) != "dst" {
		t.Errorf(`AppendValue("dst", …), where the read fails with EIO: %q, %v; want "dst" as it was, and an error that wraps EIO`, v, err)
	}
	if err := db.Each(func(k, v []byte) error { return nil }); !errors.Is(err, syscall.EIO) {
		t.Errorf("Each, where the read fails with EIO: %v, want an error that wraps EIO", err)
	}
	m.before = nil
	holds(t, db, "when reads work again", map[string]string{"k": "v"})
}

// Keys of every length up to the longest, together much longer than any one of them, are
// told apart, also when half of them have gone.
func TestLog_KeysOfEveryLength(t *testing.T) {
	dir := t.TempDir()
	db := openDir(t, dir, bitcask.Options{})
	want := map[string]string{}
	key := func(i int) string {
		return strings.Repeat(string(rune('a'+i%3)), min(1+i*i*3, bitcask.MaxKey-i%2))
	}
	for i := range 120 {
		want[key(i)] = fmt.Sprint(i)
		mustPut(t, db, key(i), fmt.Sprint(i))
	}
	holds(t, db, "with keys of up to 32 KiB", want)
	for i := 1; i < 120; i += 2 {
		delete(want, key(i))
		mustDelete(t, db, key(i))
	}
	for i := range 200 {
		k := fmt.Sprint("short", i)
		want[k] = "s"
		mustPut(t, db, k, "s")
	}
	holds(t, db, "with half of the long keys deleted and short ones put", want)
	mustClose(t, db)
	holds(t, openDir(t, dir, bitcask.Options{}), "after a reopen", want)
}

// A key that was deleted takes no memory any more: keys may come and go for ever.
func TestLog_ForgetsKeys(t *testing.T) {
	db := openDir(t, t.TempDir(), bitcask.Options{})
	key := make([]byte, 16<<10)
	round := func(from, n int) {
		for i := from; i < from+n; i++ {
			binary.LittleEndian.PutUint64(key, uint64(i))
			if err := db.Put(key, nil); err != nil {
				t.Fatalf("Put: %v", err)
			}
			binary.LittleEndian.PutUint64(key, uint64(i-20)) // 20 keys are there at a time
			if err := db.Delete(key); err != nil {
				t.Fatalf("Delete: %v", err)
			}
		}
	}
	live := func() int64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	round(20, 100)
	before := live()
	round(120, 400)
	if grown := live() - before; grown > 1<<20 {
		t.Errorf("400 keys of 16 KiB came and went, 20 at a time, and the heap has grown by %d KiB", grown>>10)
	}
	if n := db.Stats().Keys; n != 20 {
		t.Errorf("Stats().Keys = %d, want 20", n)
	}
}

// The log only grows: each put and each delete is one write, behind all others.
// A delete of nothing is none.
func TestLog_OnlyAppends(t *testing.T) {
	disk := fault.NewFS()
	mustClose(t, mustOpen(t, boot(disk), noSync))
	for _, op := range disk.Log() {
		if op.Kind == fault.OpWrite {
			t.Errorf("nothing was put between Open and Close, and there is %v", op)
		}
	}
	db := mustOpen(t, boot(disk), noSync, func(o *bitcask.Options) { o.SegmentSize = 1 << 20 })
	start := len(disk.Log())
	for i := range 20 {
		mustPut(t, db, fmt.Sprint("k", i%7), strings.Repeat("v", i))
	}
	mustDelete(t, db, "k3")
	before := disk.Ops()
	mustDelete(t, db, "k3")
	if n := disk.Ops() - before; n != 0 {
		t.Errorf("deleting a key that is not there changed the disk %d times, want 0", n)
	}
	sizes := map[string]int64{}
	writes := 0
	for _, op := range disk.Log()[start:] {
		if op.Kind != fault.OpWrite {
			continue
		}
		writes++
		if op.Off < sizes[op.Name] {
			t.Errorf("%v writes over bytes that were written before; the file had %d", op, sizes[op.Name])
		}
		sizes[op.Name] = max(sizes[op.Name], op.Off+int64(op.Len))
	}
	if writes != 21 {
		t.Errorf("20 puts and a delete made %d writes, want 21: a header in a write of its own is one more system call, and one more way to be torn", writes)
	}
}

// Each visits every key once, with the value of the moment when it was called,
// whatever is written meanwhile, and stops at fn's error.
func TestLog_EachIsASnapshot(t *testing.T) {
	db := openDir(t, t.TempDir(), bitcask.Options{SegmentSize: 1 << 10})
	want := map[string]string{}
	for i := range 100 {
		want[fmt.Sprint("k", i)] = fmt.Sprint("v", i)
		mustPut(t, db, fmt.Sprint("k", i), fmt.Sprint("v", i))
	}
	got := map[string]string{}
	claim.Terminates(t, limit, func() {
		err := db.Each(func(k, v []byte) error {
			if len(got) == 0 {
				for i := range 100 {
					mustPut(t, db, fmt.Sprint("k", i), "new")
					mustPut(t, db, fmt.Sprint("more", i), "new")
				}
				mustDelete(t, db, "k50")
			}
			got[string(k)] = string(v)
			return nil
		})
		if err != nil {
			t.Errorf("Each: %v", err)
		}
	})
	claim.Equal(t, "what Each visits while its function overwrites, deletes and adds", summary(got), summary(want))
	stop := errors.New("stop")
	calls := 0
	err := db.Each(func(k, v []byte) error { calls++; return stop })
	if err != stop || calls != 1 {
		t.Errorf("Each returned %v after %d calls of a function that returns %q, want that error after 1", err, calls, stop)
	}
}

// After Close everything returns ErrClosed; a second Close does nothing.
func TestLog_ClosedRefuses(t *testing.T) {
	db := openDir(t, t.TempDir(), bitcask.Options{})
	mustPut(t, db, "k", "v")
	mustClose(t, db)
	k := []byte("k")
	_, get := db.Get(k)
	for what, err := range map[string]error{
		"Get": get, "Put": db.Put(k, k), "Delete": db.Delete(k), "Delete of a missing key": db.Delete([]byte("x")),
		"Sync": db.Sync(), "Each": db.Each(func(k, v []byte) error { return nil }),
	} {
		if !errors.Is(err, bitcask.ErrClosed) {
			t.Errorf("%s after Close: %v, want ErrClosed", what, err)
		}
	}
	if v, err := db.AppendValue([]byte("dst"), k); !errors.Is(err, bitcask.ErrClosed) || string(v) != "dst" {
		t.Errorf(`AppendValue("dst", …) after Close = %q, %v; want "dst" as it was, and ErrClosed`, v, err)
	}
	if err := db.Close(); err != nil {
		t.Errorf("second Close: %v, want nil", err)
	}
}

// A step of a history: a call, or a close and an open.
type step struct{ op, key, value string }

// String returns the step as a call.
func (s step) String() string {
	switch s.op {
	case "put":
		return fmt.Sprintf("Put(%q, %s)", s.key, brief(s.value))
	case "reopen":
		return "Close(), Open()"
	}
	return fmt.Sprintf("%s(%q)", map[string]string{"delete": "Delete", "get": "Get"}[s.op], s.key)
}

// A long random history of puts, deletes, reads and reopens agrees with a map.
func TestLog_MatchesAMap(t *testing.T) {
	rng := claim.Rand(t)
	steps := make([]step, 3000)
	for i := range steps {
		s := step{op: "put", key: fmt.Sprint("key-", rng.IntN(200))}
		switch n := rng.IntN(100); {
		case n < 50:
			s.value = strings.Repeat(string(rune('a'+i%26)), rng.IntN(60))
		case n < 80:
			s.op = "delete"
		case n < 99:
			s.op = "get"
		default:
			s = step{op: "reopen"}
		}
		steps[i] = s
	}
	claim.Minimal(t, steps, func(t testing.TB, steps []step) {
		dir := t.TempDir()
		o := bitcask.Options{SegmentSize: 2 << 10}
		db := openDir(t, dir, o)
		want := map[string]string{}
		for i, s := range steps {
			switch s.op {
			case "put":
				want[s.key] = s.value
				mustPut(t, db, s.key, s.value)
			case "delete":
				delete(want, s.key)
				mustDelete(t, db, s.key)
			case "get":
				v, err := db.Get([]byte(s.key))
				w, ok := want[s.key]
				if ok != (err == nil) || string(v) != w {
					t.Fatalf("step %d: Get(%q) = %q, %v; a map has %q, %v", i, s.key, v, err, w, ok)
				}
			case "reopen":
				mustClose(t, db)
				db = openDir(t, dir, o)
			}
		}
		holds(t, db, "at the end", want)
		if n := db.Stats().Keys; n != len(want) {
			t.Errorf("Stats().Keys = %d, want %d", n, len(want))
		}
	})
}

// Goroutines may use one database at the same time: the race detector watches.
func TestLog_IsSafeForConcurrentUse(t *testing.T) {
	db := openDir(t, t.TempDir(), bitcask.Options{SegmentSize: 1 << 10})
	var wg, watchers sync.WaitGroup
	stop := make(chan struct{})
	for range 2 {
		watchers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					db.Stats()
				}
			}
		})
	}
	for g := range 4 {
		wg.Go(func() {
			for i := range 60 {
				k := []byte(fmt.Sprint(g, ".", i%10))
				v := bytes.Repeat(k, 3)
				if err := db.Put(k, v); err != nil {
					t.Errorf("Put: %v", err)
				}
				if got, err := db.Get(k); err != nil || !bytes.Equal(got, v) {
					t.Errorf("Get(%q) = %q, %v right after Put(%q), and no one else writes this key", k, got, err, v)
				}
				db.Get([]byte(fmt.Sprint((g+1)%4, ".", i%10)))
				if i%20 == 0 {
					db.Stats()
					if err := db.Each(func(k, v []byte) error { return nil }); err != nil {
						t.Errorf("Each: %v", err)
					}
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	watchers.Wait()
	for range 8 {
		wg.Go(func() {
			for range 300 { // one file, many readers
				if _, err := db.Get([]byte("0.0")); err != nil {
					t.Errorf("Get of one key by 8 goroutines: %v", err)
					return
				}
			}
		})
	}
	wg.Wait()
	want := map[string]string{}
	for g := range 4 {
		for i := range 10 {
			k := fmt.Sprint(g, ".", i)
			want[k] = strings.Repeat(k, 3)
		}
	}
	got, err := contents(db)
	if err != nil || !maps.Equal(got, want) {
		claim.Equal(t, "what is there in the end", summary(got), summary(want))
	}
}
