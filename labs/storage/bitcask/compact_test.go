package bitcask_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
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

func bytesOn(t testing.TB, disk *fault.FS) (n int) {
	t.Helper()
	for _, b := range files(t, disk) {
		n += len(b)
	}
	return n
}

// Overwritten and deleted entries leave the disk; what is live stays, now and
// after a reopen. With nothing to gain a compaction writes nothing.
func TestCompact_GivesSpaceBack(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m, noSync, func(o *bitcask.Options) { o.SegmentSize = 8 << 10 })
	want := map[string]string{}
	live := 0
	for i := range 1000 {
		k := fmt.Sprint("key", i%20)
		want[k] = strings.Repeat(string(rune('a'+i%26)), 100)
		mustPut(t, db, k, want[k])
	}
	for i := range 10 {
		mustDelete(t, db, fmt.Sprint("key", i))
		delete(want, fmt.Sprint("key", i))
	}
	for k, v := range want {
		live += len(k) + len(v)
	}
	full := bytesOn(t, disk)
	claim.Terminates(t, limit, func() {
		if err := db.Compact(); err != nil {
			t.Errorf("Compact: %v", err)
		}
	})
	holds(t, db, "after Compact", want)
	if n := bytesOn(t, disk); n > 2*live+1024 {
		t.Errorf("%d bytes of live entries took %d bytes on the disk before Compact and %d after it; want at most %d", live, full, n, 2*live+1024)
	}
	if s := db.Stats(); s.Keys != 10 || s.Live < int64(live) || s.Live > s.Bytes || s.Bytes > int64(2*live+1024) {
		t.Errorf("after Compact Stats() = %+v, with %d bytes of live entries in 10 keys", s, live)
	}
	before := disk.Ops()
	if err := db.Compact(); err != nil {
		t.Errorf("second Compact: %v", err)
	}
	if n := disk.Ops() - before; n != 0 {
		t.Errorf("a second Compact with nothing to gain changed the disk %d times, want 0", n)
	}
	mustClose(t, db)
	holds(t, mustOpen(t, boot(disk)), "after Compact and a reopen", want)
}

// compactions is a life with two compactions: deletes of keys that stand in
// older segments, overwrites on both sides of each compaction.
func (l *ledger) compactions(m *machine) error {
	db, err := openOn(m)
	if err != nil {
		return err
	}
	steps := []func() error{}
	put := func(k string, n int) {
		steps = append(steps, func() error { return l.put(db, k, strings.Repeat(k, n)) })
	}
	del := func(k string) { steps = append(steps, func() error { return l.delete(db, k) }) }
	put("a", 70)
	put("b", 70)
	put("c", 70)
	put("d", 70)
	del("a")
	put("b", 60)
	steps = append(steps, func() error { return db.Compact() })
	put("e", 70)
	del("c")
	put("a", 5)
	del("a")
	steps = append(steps, func() error { return db.Compact() })
	put("f", 3)
	for _, step := range steps {
		if err := step(); err != nil {
			return err
		}
	}
	return db.Close()
}

// The power goes after every operation of a life with compactions. Nothing
// acknowledged is lost and nothing deleted returns, in whatever order the disk
// forgot the old files.
func TestCompact_SurvivesEveryPowerCut(t *testing.T) {
	var l *ledger
	fault.Crashes(t, func(disk *fault.FS) {
		l = newLedger()
		l.compactions(boot(disk))
	}, func(disk *fault.FS, at fault.Point) {
		db := reopen(t, disk, at.String())
		if db == nil {
			return
		}
		l.audit(t, db, at.String())
		if err := db.Compact(); err != nil {
			t.Errorf("%v: Compact after recovery: %v", at, err)
		}
		l.audit(t, db, at.String()+", recovered and compacted")
		db.Close()
	})
}

// The process is killed at every operation of a compaction, the next one opens
// the files and cleans up, and the power goes at every operation of that one.
func TestCompact_CleanupIsDurable(t *testing.T) {
	setup := func(l *ledger, m *machine) (*bitcask.DB, error) {
		db, err := openOn(m)
		for i := 0; err == nil && i < 6; i++ {
			err = l.put(db, fmt.Sprint("k", i%4), strings.Repeat(fmt.Sprint(i), 60))
		}
		if err == nil {
			err = l.delete(db, "k0")
		}
		return db, err
	}
	for kill := 0; ; kill++ {
		var l *ledger
		done := false
		fault.Crashes(t, func(disk *fault.FS) {
			l = newLedger()
			m := boot(disk)
			db, err := setup(l, m)
			if err != nil {
				return
			}
			m.killAfter(kill)
			done = db.Compact() == nil
			if db, err = openOn(boot(disk)); err == nil {
				l.put(db, "k3", "second process")
			}
		}, func(disk *fault.FS, at fault.Point) {
			when := fmt.Sprintf("process killed after %d operations of Compact, a second one started, then %v", kill, at)
			if db := reopen(t, disk, when); db != nil {
				l.audit(t, db, when)
				db.Close()
			}
		})
		if t.Failed() || done && kill > 0 {
			return
		}
		if kill > 60 {
			t.Fatal("Compact of seven small entries takes more than 60 operations")
		}
	}
}

// Any mixture of removed and remaining old files is a legal disk. In none of
// them does a deleted key return.
func TestCompact_TheDeadStayDead(t *testing.T) {
	rng := claim.Rand(t)
	disk := fault.NewFS()
	l := newLedger()
	db := mustOpen(t, boot(disk))
	for i := range 8 {
		l.put(db, fmt.Sprint("k", i), strings.Repeat("v", 80))
	}
	for i := range 6 {
		l.delete(db, fmt.Sprint("k", i))
	}
	if err := db.Compact(); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	for range 100 {
		when := "Compact returned, then a power cut kept some removals and not others"
		after := reopen(t, disk.Crash(fault.KeepRandom(rng)), when)
		if after == nil {
			return
		}
		l.audit(t, after, when)
		if t.Failed() {
			return
		}
	}
}

// during compacts, and at every operation on the disk that the compaction makes
// it holds the compaction there, calls visit in a goroutine and waits for it, as
// long as patience lasts. A visit that needs a lock which the compaction holds
// just now comes to its end later. It returns how many there were, and how many
// ended while the compaction was held.
func during(t *testing.T, m *machine, db *bitcask.DB, patience time.Duration, visit func(n int, op string)) (all, inTime int) {
	t.Helper()
	var wg sync.WaitGroup
	m.before = func(op, name string) error {
		// The visits change the disk as well; those are not visited.
		if slices.Contains(looks, op) || !bytes.Contains(debug.Stack(), []byte("bitcask.(*DB).Compact")) {
			return nil
		}
		n, done := all, make(chan struct{})
		all++
		wg.Go(func() {
			visit(n, op+" "+name)
			close(done)
		})
		select {
		case <-done:
			inTime++
		case <-time.After(patience):
		}
		return nil
	}
	if err := db.Compact(); err != nil {
		t.Errorf("Compact: %v", err)
	}
	claim.Terminates(t, limit, wg.Wait)
	m.before = nil
	return all, inTime
}

// patience is for a visit that may well have to come later.
const patience = 100 * time.Millisecond

// Get answers at every moment of a compaction, and Put at least while the data
// is copied.
func TestCompact_ServesMeanwhile(t *testing.T) {
	m := boot(fault.NewFS())
	db := mustOpen(t, m)
	want := fill(t, db)
	all, inTime := during(t, m, db, 2*time.Second, func(n int, op string) {
		for k, w := range want {
			if v, err := db.Get([]byte(k)); err != nil || string(v) != w {
				t.Errorf("during Compact, before %s: Get(%q) = %s, %v; want %s", op, k, brief(string(v)), err, brief(w))
			}
		}
	})
	if inTime < all {
		t.Errorf("Get was called at %d operations of a compaction and did not answer at %d of them: readers wait for the disk", all, all-inTime)
	}
	mustPut(t, db, "key0", "again") // so that there is something to compact
	want["key0"] = "again"
	all, inTime = during(t, m, db, patience, func(n int, op string) {
		if err := db.Put([]byte(fmt.Sprint("meanwhile", n)), []byte("v")); err != nil {
			t.Errorf("during Compact, before %s: Put: %v", op, err)
		}
	})
	if all > 0 && inTime == 0 {
		t.Errorf("a put was tried at each of the %d operations of a compaction, and none returned before it was over: writers wait for the whole of it", all)
	}
	for n := range all {
		want[fmt.Sprint("meanwhile", n)] = "v"
	}
	holds(t, db, "after compactions with readers and writers", want)
}

// A value that was put, and a delete that was made, at any moment of a
// compaction win over the old entry that is copied, now and after a reopen.
func TestCompact_NewWritesWin(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m)
	want := map[string]string{}
	for i := range 30 {
		for _, k := range []string{"put", "del"} {
			mustPut(t, db, fmt.Sprint(k, i), "old")
			want[fmt.Sprint(k, i)] = "old"
		}
	}
	all, _ := during(t, m, db, patience, func(n int, op string) {
		err := db.Put([]byte(fmt.Sprint("put", n)), []byte("new"))
		if err = errors.Join(err, db.Delete([]byte(fmt.Sprint("del", n)))); err != nil {
			t.Errorf("during Compact, before %s: %v", op, err)
		}
	})
	for n := range all {
		want[fmt.Sprint("put", n)] = "new"
		delete(want, fmt.Sprint("del", n))
	}
	holds(t, db, "after writes during Compact", want)
	if err := db.Compact(); err != nil {
		t.Fatalf("second Compact: %v", err)
	}
	holds(t, db, "after a second Compact", want)
	holds(t, mustOpen(t, boot(disk.Crash(fault.KeepSynced))), "after a power cut", want)
}

// Every operation of a compaction fails once. It says so, loses nothing, and
// leaves nothing behind that the next one, or the next Open, trips over.
func TestCompact_SurvivesEveryFailure(t *testing.T) {
	var l *ledger
	var db *bitcask.DB
	fault.Failures(t, func(disk *fault.FS) {
		l = newLedger()
		var err error
		if db, err = openOn(boot(disk)); err != nil {
			return
		}
		for i := range 8 {
			l.put(db, fmt.Sprint("k", i%5), strings.Repeat(fmt.Sprint(i), 60))
		}
		l.delete(db, "k1")
		db.Compact()
		l.put(db, "end", "1")
	}, func(disk *fault.FS, at fault.Point) {
		if db == nil {
			return
		}
		sure := &ledger{acked: l.acked}
		sure.audit(t, db, at.String()+", read by the process that saw it")
		if err := db.Compact(); err != nil && !errors.Is(err, bitcask.ErrFailed) {
			t.Errorf("%v: the next Compact: %v, want nil or ErrFailed", at, err)
		}
		sure.audit(t, db, at.String()+", compacted again")
		for _, keep := range []fault.Keep{fault.KeepSynced, fault.KeepAll} {
			when := fmt.Sprintf("%v, then a power cut that kept %v", at, keep)
			if db := reopen(t, disk.Crash(keep), when); db != nil {
				l.audit(t, db, when)
			}
		}
	})
}

// A compaction that finds no room for its copy fails with ENOSPC and leaves no
// half copy on the disk that it needs the space of.
func TestCompact_WithoutRoom(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	want := map[string]string{}
	for i := range 20 {
		want[fmt.Sprint("k", i)] = strings.Repeat("v", 100)
		mustPut(t, db, fmt.Sprint("k", i), want[fmt.Sprint("k", i)])
	}
	mustPut(t, db, "k0", "short")
	want["k0"] = "short"
	used := bytesOn(t, disk)
	disk.Limit(int64(used + 500))
	if err := db.Compact(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Compact of %d bytes with 500 bytes free: %v, want an error that wraps ENOSPC", used, err)
	}
	if n := bytesOn(t, disk); n > used+100 {
		t.Errorf("the failed Compact left %d bytes more on the full disk", n-used)
	}
	holds(t, db, "after a compaction without room", want)
	disk.Limit(-1)
	if err := db.Compact(); err != nil {
		t.Errorf("Compact once there is room: %v", err)
	}
	holds(t, db, "after a compaction with room", want)
	holds(t, mustOpen(t, boot(disk)), "after a compaction with room and a reopen", want)
}

// After Close, and after a failed fsync, Compact refuses as all that writes does.
func TestCompact_Refuses(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	fill(t, db)
	failed := false
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpSync && !failed {
			failed = true
			return syscall.EIO
		}
		return nil
	})
	db.Put([]byte("k"), []byte("v"))
	if err := db.Compact(); !errors.Is(err, bitcask.ErrFailed) {
		t.Errorf("Compact after a failed fsync: %v, want ErrFailed", err)
	}
	db.Close()
	claim.Terminates(t, limit, func() {
		for range 2 {
			if err := db.Compact(); !errors.Is(err, bitcask.ErrClosed) && !errors.Is(err, bitcask.ErrFailed) {
				t.Errorf("Compact of a closed database that had failed: %v, want ErrClosed or ErrFailed", err)
			}
		}
		db = mustOpen(t, boot(disk))
		mustClose(t, db)
		if err := db.Compact(); !errors.Is(err, bitcask.ErrClosed) {
			t.Errorf("Compact after Close: %v, want ErrClosed", err)
		}
	})
}

// big puts n entries twice, so that half of some 3 or 4 MB is outdated.
func big(t *testing.T, db *bitcask.DB, n int) map[string]string {
	t.Helper()
	want := map[string]string{}
	for i := range 2 * n {
		k := fmt.Sprint("key", i%n)
		want[k] = strings.Repeat(fmt.Sprint(i, "."), 500_000/n)
		mustPut(t, db, k, want[k])
	}
	return want
}

func bigSegments(o *bitcask.Options) { o.SegmentSize, o.NoSync = 512<<10, true }

// The copy of many small entries is made in a few large writes, not in one for each.
func TestCompact_WritesInLargePieces(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), bigSegments)
	want := big(t, db, 300)
	before := disk.Ops()
	if err := db.Compact(); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	writes := 0
	for _, op := range disk.Log()[before:] {
		if op.Kind == fault.OpWrite {
			writes++
		}
	}
	if writes > len(want)/4 {
		t.Errorf("to copy %d entries Compact made %d writes, want at most %d", len(want), writes, len(want)/4)
	}
	holds(t, db, "after Compact", want)
	mustClose(t, db)
	holds(t, mustOpen(t, boot(disk), bigSegments), "after Compact and a reopen", want)
}

// Compact says so when an operation fails that it needs, with the disk's own error, and
// nothing is lost.
func TestCompact_SaysWhatFailed(t *testing.T) {
	var db *bitcask.DB
	var want map[string]string
	for _, large := range []bool{false, true} {
		ops := []string{"create", "open", "read", "write", "sync", "rename", "syncdir"}
		if large {
			ops = []string{"write"} // of which there are more then
		}
		trial{
			ops: ops,
			boot: func() *machine {
				m := boot(fault.NewFS())
				if large {
					db = mustOpen(t, m, bigSegments)
					want = big(t, db, 30)
				} else {
					db = mustOpen(t, m)
					want = fill(t, db)
				}
				return m
			},
			run: func(m *machine) error { return db.Compact() },
			verify: func(m *machine, what string, err error) {
				if !errors.Is(err, syscall.EIO) {
					t.Errorf("Compact, where %s: %v, want an error that wraps EIO", what, err)
				}
				holds(t, db, "after a Compact where "+what, want)
				if err := db.Close(); err != nil && !errors.Is(err, bitcask.ErrFailed) {
					t.Errorf("Close after a Compact where %s: %v", what, err)
				}
				holds(t, mustOpen(t, boot(m.disk)), "after a Compact where "+what+", and a reopen", want)
			},
		}.each(t)
	}
}

// A process is killed at every operation of its second compaction. The next Open leaves
// neither a half copy nor dead files on the disk; and when it can't remove one of them, it
// says so or goes on without harm.
func TestCompact_LeavesNothingBehind(t *testing.T) {
	for kill := 0; ; kill++ {
		disk := fault.NewFS()
		m := boot(disk)
		db := mustOpen(t, m)
		want := map[string]string{}
		fillUp := func(from, to int) {
			for i := from; i < to; i++ {
				k := fmt.Sprint("k", i%7)
				want[k] = strings.Repeat(fmt.Sprint(i), 2000)
				mustPut(t, db, k, want[k])
			}
		}
		fillUp(0, 8)
		if err := db.Compact(); err != nil {
			t.Fatalf("Compact: %v", err)
		}
		fillUp(8, 11)
		m.killAfter(kill)
		done := db.Compact() == nil
		when := fmt.Sprintf("process killed after %d operations of Compact", kill)
		for stubborn := range 4 {
			sick := boot(disk.Crash(fault.KeepAll))
			removed := 0
			sick.before = func(op, _ string) error {
				if op == "remove" {
					if removed++; removed > stubborn {
						return syscall.EIO
					}
				}
				return nil
			}
			if db, err := openOn(sick); err == nil {
				holds(t, db, fmt.Sprintf("%s, reopened, where after %d files none can be removed", when, stubborn), want)
			} else if !errors.Is(err, syscall.EIO) {
				t.Errorf("%s: Open, where after %d files none can be removed: %v, want nil or EIO", when, stubborn, err)
			}
		}
		db = mustOpen(t, boot(disk))
		holds(t, db, when+", reopened", want)
		if n, used := int64(bytesOn(t, disk)), db.Stats().Bytes; n > used+1000 {
			t.Errorf("%s: after the next Open there are %d bytes on the disk, and %d in files that are in use: something of the compaction stayed", when, n, used)
		}
		if t.Failed() || done {
			return
		}
		if kill > 90 {
			t.Fatal("Compact of seven entries takes more than 90 operations")
		}
	}
}

// What was compacted is as safe from rot as what was not: any bit of any file may flip,
// a base may change places with a log, and nothing wrong is read.
func TestCompact_FindsRot(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	want := fill(t, db)
	if err := db.Compact(); err != nil {
		t.Fatalf("Compact: %v", err)
	}
	for i := range 12 {
		k := fmt.Sprint("key", i%4)
		want[k] = strings.Repeat(string(rune('a'+i)), 60)
		mustPut(t, db, k, want[k])
	}
	mustClose(t, db)
	all := files(t, disk)
	flips(t, all, func(where string, disk *fault.FS) { judge(t, where, disk, want, "") })
	swaps(t, all, want)
}

// Close in the middle of a compaction need not wait for the rest of it, and loses nothing.
func TestCompact_CloseStopsIt(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m)
	want := fill(t, db)
	closed := make(chan error, 1)
	first := true
	m.before = func(op, _ string) error {
		if slices.Contains(looks, op) || !first || !bytes.Contains(debug.Stack(), []byte("bitcask.(*DB).Compact")) {
			return nil
		}
		first = false
		go func() { closed <- db.Close() }()
		for { // until Close has begun
			if _, err := db.Get([]byte("key0")); errors.Is(err, bitcask.ErrClosed) {
				return nil
			}
			runtime.Gosched()
		}
	}
	claim.Terminates(t, limit, func() {
		if err := db.Compact(); err != nil && !errors.Is(err, bitcask.ErrClosed) {
			t.Errorf("Compact, where Close comes: %v, want nil or ErrClosed", err)
		}
		if err := <-closed; err != nil {
			t.Errorf("Close in the middle of a compaction: %v", err)
		}
	})
	m.before = nil
	holds(t, mustOpen(t, boot(disk)), "after Close in the middle of a compaction, and a reopen", want)
}

// An iteration that began before a compaction sees the end of it: the files it
// reads stay until it is done.
func TestCompact_IterationsFinish(t *testing.T) {
	db := mustOpen(t, boot(fault.NewFS()))
	want := fill(t, db)
	got := map[string]string{}
	err := db.Each(func(k, v []byte) error {
		if len(got) == 0 {
			for k := range want {
				mustPut(t, db, k, "new")
			}
			if err := db.Compact(); err != nil {
				t.Errorf("Compact within Each: %v", err)
			}
		}
		got[string(k)] = string(v)
		return nil
	})
	if err != nil || !maps.Equal(got, want) {
		t.Errorf("Each: %v", err)
		claim.Equal(t, "what an iteration visits that was overtaken by a compaction", summary(got), summary(want))
	}
}

// A file that is gone from the disk is not kept open: its space would not come
// back before the process ends.
func TestCompact_ClosesFiles(t *testing.T) {
	m := boot(fault.NewFS())
	db := mustOpen(t, m)
	fill(t, db)
	for range 3 {
		mustPut(t, db, "again", "and again")
		if err := db.Compact(); err != nil {
			t.Fatalf("Compact: %v", err)
		}
	}
	onDisk := files(t, m.disk)
	for _, line := range strings.Split(strings.TrimSpace(m.handles()), "\n") {
		name, _, _ := strings.Cut(filepath.Base(line), " ")
		if _, ok := onDisk[name]; !ok {
			t.Errorf("%s is open and not on the disk any more", name)
		}
	}
	if names := slices.Sorted(maps.Keys(onDisk)); len(names) > 4 {
		t.Errorf("after Compact there are %d files: %v", len(names), names)
	}
	mustClose(t, db)
	if open := m.handles(); open != "" {
		t.Errorf("after Close these files are still open:\n%s", open)
	}
}

// A compaction that meets rot stops. To copy it would give the wrong bytes a
// right checksum, or drop an entry and its traces.
func TestCompact_CopiesNoRot(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	mustPut(t, db, "rotten", strings.Repeat("r", 50))
	mustPut(t, db, "sound", "s")
	mustPut(t, db, "sound", "sound")
	all := files(t, disk)
	for name, b := range all {
		at := strings.Index(string(b), "rrrrr")
		if at < 0 {
			continue
		}
		f, err := disk.OpenFile(filepath.Join(dir, name), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		f.WriteAt([]byte("R"), int64(at+10))
		f.Close()
	}
	if err := db.Compact(); !errors.Is(err, bitcask.ErrCorrupt) {
		t.Errorf("Compact over a rotten value: %v, want ErrCorrupt", err)
	}
	if v, err := db.Get([]byte("rotten")); !errors.Is(err, bitcask.ErrCorrupt) {
		t.Errorf("Get of the rotten value after Compact = %s, %v; want ErrCorrupt", brief(string(v)), err)
	}
	if v, err := db.Get([]byte("sound")); err != nil || string(v) != "sound" {
		t.Errorf("Get of the sound value after Compact = %q, %v", v, err)
	}
	if _, err := openOn(boot(disk)); !errors.Is(err, bitcask.ErrCorrupt) {
		t.Errorf("Open after that: %v, want ErrCorrupt: the rot must still be found", err)
	}
}
