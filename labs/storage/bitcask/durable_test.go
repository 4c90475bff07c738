package bitcask_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// A ledger is what a client knows: acked is what the store promised; maybe is
// the outcome, promised or not, of operations that failed. A key in maybe may
// have any of those values, and "" in front means it may be absent.
type ledger struct {
	acked map[string]string
	maybe map[string][]string
}

const absent = "\x00absent"

func newLedger() *ledger { return &ledger{map[string]string{}, map[string][]string{}} }

func (l *ledger) put(db *bitcask.DB, key, value string) error {
	return l.note(db.Put([]byte(key), []byte(value)), key, value)
}

func (l *ledger) delete(db *bitcask.DB, key string) error {
	return l.note(db.Delete([]byte(key)), key, absent)
}

func (l *ledger) note(err error, key, value string) error {
	if err != nil {
		l.maybe[key] = append(l.maybe[key], value)
		return err
	}
	delete(l.maybe, key)
	l.acked[key] = value
	if value == absent {
		delete(l.acked, key)
	}
	return nil
}

// audit checks that the database has what was promised and nothing else.
func (l *ledger) audit(t testing.TB, db *bitcask.DB, when string) {
	t.Helper()
	got, err := contents(db)
	if err != nil {
		t.Errorf("%s: Each: %v", when, err)
		return
	}
	keys := maps.Clone(l.acked)
	for k := range l.maybe {
		keys[k] = ""
	}
	for k := range got {
		keys[k] = ""
	}
	for k := range keys {
		want, ok := l.acked[k]
		if !ok {
			want = absent
		}
		v, ok := got[k]
		if !ok {
			v = absent
		}
		if v == want {
			continue
		}
		legal := false
		for _, m := range l.maybe[k] {
			legal = legal || v == m
		}
		switch {
		case legal:
		case v == absent:
			t.Errorf("%s: key %q is gone; Put(%q, %s) had returned nil", when, k, k, brief(want))
		case want == absent:
			t.Errorf("%s: key %q is back with %s; its Delete had returned nil, or nobody put it", when, k, brief(v))
		default:
			t.Errorf("%s: key %q has %s; Put(%q, %s) had returned nil after that", when, k, brief(v), k, brief(want))
		}
	}
}

// work is a short life of a database: it fills two segments and more,
// overwrites, deletes. It stops at the first error.
func (l *ledger) work(m *machine) error {
	db, err := openOn(m)
	if err != nil {
		return err
	}
	for i := range 9 {
		if err := l.put(db, fmt.Sprint("k", i%4), strings.Repeat(fmt.Sprint(i), 9*i)); err != nil {
			return err
		}
	}
	if err := l.delete(db, "k1"); err != nil {
		return err
	}
	if err := l.put(db, "end", "1"); err != nil {
		return err
	}
	return db.Close()
}

// reopen opens what is left after a power cut, and fails the test if that fails.
func reopen(t testing.TB, disk *fault.FS, when string) *bitcask.DB {
	t.Helper()
	db, err := openOn(boot(disk))
	if err != nil {
		t.Errorf("%s: Open: %v; recovery must cope with whatever a power cut may leave", when, err)
		return nil
	}
	return db
}

// The power goes after every single operation on the disk, and the disk keeps
// only what was synced, or all, or any legal mixture. What was acknowledged is
// there; what was not is there whole or not at all.
func TestDurable_SurvivesEveryPowerCut(t *testing.T) {
	var l *ledger
	fault.Crashes(t, func(disk *fault.FS) {
		l = newLedger()
		l.work(boot(disk))
	}, func(disk *fault.FS, at fault.Point) {
		if db := reopen(t, disk, at.String()); db != nil {
			l.audit(t, db, at.String())
			db.Close()
		}
	})
}

// A process is killed at every operation, the next one opens the files, and then
// the power goes at every operation of that one. What it had read, it and its
// clients may rely on.
func TestDurable_RecoveryIsDurable(t *testing.T) {
	for kill := range 14 {
		var l *ledger
		fault.Crashes(t, func(disk *fault.FS) {
			l = newLedger()
			first := boot(disk)
			first.killAfter(kill)
			db, err := openOn(first)
			for i := 0; err == nil && i < 6; i++ {
				err = l.put(db, fmt.Sprint("k", i%3), strings.Repeat(fmt.Sprint(i), 60))
			}
			db, err = openOn(boot(disk))
			if err != nil {
				return // verified below, as every state is
			}
			l.witness(db)
			l.put(db, "second", "process")
		}, func(disk *fault.FS, at fault.Point) {
			when := fmt.Sprintf("first process killed after %d operations, then %v", kill, at)
			if db := reopen(t, disk, when); db != nil {
				l.audit(t, db, when)
				db.Close()
			}
		})
		if t.Failed() {
			return
		}
	}
}

// witness makes a promise of what is read: nobody may read a value that a later
// crash takes back.
func (l *ledger) witness(db *bitcask.DB) {
	got, err := contents(db)
	if err != nil {
		return
	}
	for k := range l.maybe {
		if v, ok := got[k]; ok {
			l.acked[k] = v
		} else {
			delete(l.acked, k)
		}
		delete(l.maybe, k)
	}
}

// Every single operation on the disk fails once, writes also by half. The call
// that needed it says so; everything that was acknowledged, before and after, is
// there: now, after a reopen, and after a power cut.
func TestDurable_SurvivesEveryFailure(t *testing.T) {
	var l *ledger
	var db *bitcask.DB
	fault.Failures(t, func(disk *fault.FS) {
		l = newLedger()
		var err error
		if db, err = openOn(boot(disk)); err != nil {
			return
		}
		for i := range 9 {
			l.put(db, fmt.Sprint("k", i%4), strings.Repeat(fmt.Sprint(i), 9*i))
		}
		l.delete(db, "k1")
		l.put(db, "end", "1")
	}, func(disk *fault.FS, at fault.Point) {
		if db != nil {
			// A failed operation is not visible to this process.
			sure := &ledger{acked: l.acked}
			sure.audit(t, db, at.String()+", read by the process that saw it")
		}
		for _, keep := range []fault.Keep{fault.KeepSynced, fault.KeepAll} {
			when := fmt.Sprintf("%v, then a power cut that kept %v", at, keep)
			if db := reopen(t, disk.Crash(keep), when); db != nil {
				l.audit(t, db, when)
			}
		}
		if db := reopen(t, disk, at.String()+", reopened"); db != nil {
			l.audit(t, db, at.String()+", reopened")
		}
		for name, b := range files(t, disk) {
			if len(b) > 256 { // the entries are smaller
				t.Errorf("%v: %s has %d bytes, SegmentSize is 256", at, name, len(b))
			}
		}
	})
}

// Whoever needed the operation that failed hears of it, with the disk's own error.
func TestDurable_SaysWhatFailed(t *testing.T) {
	var db *bitcask.DB
	trial{
		ops: []string{"create", "write", "sync", "syncdir"},
		boot: func() *machine {
			m := boot(fault.NewFS())
			db = mustOpen(t, m)
			return m
		},
		run: func(m *machine) error {
			for i := range 9 {
				if err := db.Put([]byte(fmt.Sprint("k", i)), []byte(strings.Repeat("v", 50))); err != nil {
					return err
				}
			}
			return db.Close()
		},
		verify: func(m *machine, what string, err error) {
			if !errors.Is(err, syscall.EIO) {
				t.Errorf("puts and Close, where %s: the first error is %v, want one that wraps EIO", what, err)
			}
		},
	}.each(t)
}

// After a failed fsync every write is refused with ErrFailed, although the disk
// would say yes again. Reads go on. Nothing acknowledged is lost.
func TestDurable_AFailedSyncIsFinal(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	l := newLedger()
	l.put(db, "a", "1")
	failed := 0
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpSync && failed == 0 {
			failed++
			return syscall.EIO
		}
		return nil
	})
	err := l.put(db, "b", "2")
	if failed == 0 {
		t.Fatal("Put returned without an fsync: what it acknowledged is in memory only")
	}
	if !errors.Is(err, bitcask.ErrFailed) || !errors.Is(err, syscall.EIO) {
		t.Errorf("fsync failed with EIO and Put returned %v, want an error that wraps ErrFailed and EIO", err)
	}
	for what, err := range map[string]error{
		"Put": l.put(db, "c", "3"), "Put of the same": l.put(db, "b", "2"), "Delete": l.delete(db, "a"), "Sync": db.Sync(),
	} {
		if !errors.Is(err, bitcask.ErrFailed) {
			t.Errorf("%s after a failed fsync: %v, want ErrFailed. The kernel has marked the lost pages clean: the next fsync says nil and writes nothing", what, err)
		}
	}
	sure := &ledger{acked: map[string]string{"a": "1"}}
	sure.audit(t, db, "read by the process whose fsync failed")
	l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), "after a power cut"), "after a power cut")

	// The next process reads what is in memory, which the disk never got.
	next := reopen(t, disk, "by the next process")
	l.witness(next)
	for _, keep := range []fault.Keep{fault.KeepSynced, fault.KeepAll} {
		when := fmt.Sprintf("after a failed fsync, a reopen that read %v, and a power cut that kept %v", summary(l.acked), keep)
		l.audit(t, reopen(t, disk.Crash(keep), when), when)
	}
}

// A Close after a failed fsync says that it can't keep its promise, and does not ask the
// disk again, which would now say yes. So it is too with NoSync, where the fsync that
// fails is that of Close itself.
func TestDurable_CloseAfterAFailedSync(t *testing.T) {
	for _, late := range []bool{false, true} {
		disk := fault.NewFS()
		change := func(o *bitcask.Options) { o.SegmentSize, o.NoSync = 1<<20, late }
		db := mustOpen(t, boot(disk), change)
		failed, more := false, 0
		disk.Fail(func(op fault.Op) error {
			switch {
			case op.Kind == fault.OpSync && !failed:
				failed = true
				return syscall.EIO
			case failed && (op.Kind == fault.OpSync || op.Kind == fault.OpWrite):
				more++
			}
			return nil
		})
		err := db.Put([]byte("a"), []byte("1"))
		if late != (err == nil) {
			t.Fatalf("NoSync %v, and the first fsync fails: Put: %v", late, err)
		}
		if err := db.Close(); !errors.Is(err, bitcask.ErrFailed) || !errors.Is(err, syscall.EIO) {
			t.Errorf("NoSync %v, and the first fsync fails: Close: %v, want an error that wraps ErrFailed and EIO", late, err)
		}
		if more > 0 {
			t.Errorf("NoSync %v: after the failed fsync there were %d more writes and fsyncs before Close returned, want 0: the kernel says nil now, and nobody may believe it", late, more)
		}
	}
}

// A write fails although all of it arrived, and is taken back. Then a Delete of its key,
// which finds nothing, says yes. That has to be true after a power cut as well.
func TestDurable_WhatFailedStaysAway(t *testing.T) {
	rng := claim.Rand(t)
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	l := newLedger()
	l.put(db, "a", "1")
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpWrite {
			return fault.Torn{Keep: op.Len, Err: syscall.ENOSPC}
		}
		return nil
	})
	if err := l.put(db, "b", strings.Repeat("b", 700)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Put on a full disk: %v, want an error that wraps ENOSPC", err)
	}
	disk.Fail(nil)
	if err := l.delete(db, "b"); err != nil {
		t.Errorf("Delete once there is space again: %v", err)
	}
	for range 60 {
		when := "a failed put, a delete of its key, a power cut"
		if db := reopen(t, disk.Crash(fault.KeepRandom(rng)), when); db != nil {
			l.audit(t, db, when)
		}
		if t.Failed() {
			return
		}
	}
}

// A write fails, and then an fsync fails, as they do on a dying disk. What NoSync had
// left in memory is perhaps lost with it: Sync must not say that all is well.
func TestDurable_NoSyncOnADyingDisk(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), noSync, oneFile)
	l := newLedger()
	l.put(db, "a", "1")
	failed := map[fault.OpKind]bool{}
	disk.Fail(func(op fault.Op) error {
		if (op.Kind == fault.OpWrite || op.Kind == fault.OpSync) && !failed[op.Kind] {
			failed[op.Kind] = true
			return syscall.EIO
		}
		return nil
	})
	if err := l.put(db, "b", "2"); err == nil {
		t.Error("the write failed and Put returned nil")
	}
	if err := db.Sync(); err != nil {
		return // honest
	}
	l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), "after Sync"), "NoSync, a put, a write and an fsync that failed, a Sync that returned nil, a power cut")
}

// A new file can't be made, again and again: puts that need it fail, leave nothing
// behind, and work once it can.
func TestDurable_NoNewFile(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m)
	l := newLedger()
	refused := 0
	m.before = func(op, _ string) error {
		if op == "create" {
			refused++
			return syscall.ENOSPC
		}
		return nil
	}
	value := strings.Repeat("v", 60)
	var err error
	for i := 0; err == nil; i++ {
		if err = l.put(db, fmt.Sprint("k", i), value); i > 20 {
			t.Fatal("20 puts of 60 bytes went into a file of 256 bytes")
		}
	}
	before := bytesOn(t, disk)
	for range 3 {
		if err := l.put(db, "more", value); !errors.Is(err, syscall.ENOSPC) {
			t.Errorf("Put where no new file can be made: %v, want an error that wraps ENOSPC", err)
		}
	}
	if n := bytesOn(t, disk); n != before {
		t.Errorf("three puts that failed, because no new file could be made, left %d bytes", n-before)
	}
	if refused < 2 {
		t.Errorf("of four puts that need a new file only %d tried to make one", refused)
	}
	m.before = nil
	if err := l.put(db, "more", value); err != nil {
		t.Errorf("Put when new files can be made again: %v", err)
	}
	l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), "after all"), "no new file, then one, then a power cut")
}

// An entry is durable whatever its length, also the first one of a new file, which may
// end where the old file did.
func TestDurable_EveryLength(t *testing.T) {
	for n := range 300 {
		disk := fault.NewFS()
		db := mustOpen(t, boot(disk))
		l := newLedger()
		for i := range 3 {
			l.put(db, fmt.Sprint("k", i), strings.Repeat("v", 50))
		}
		l.put(db, "kn", strings.Repeat("n", n))
		when := fmt.Sprintf("three puts of 50 bytes, one of %d, and a power cut", n)
		l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), when), when)
		if t.Failed() {
			return
		}
	}
}

// Recovery makes durable what perhaps was not: that is little, where every put but the
// last had been acknowledged. It does not write the log once more.
func TestDurable_RecoveryWritesLittle(t *testing.T) {
	disk := fault.NewFS()
	l := newLedger()
	db := mustOpen(t, boot(disk), oneFile)
	for i := range 100 {
		l.put(db, fmt.Sprint("k", i), strings.Repeat("v", 100))
	}
	size, before := bytesOn(t, disk), disk.Ops()
	l.audit(t, mustOpen(t, boot(disk), oneFile), "after the process died")
	written := 0
	for _, op := range disk.Log()[before:] {
		if op.Kind == fault.OpWrite {
			written += op.Len
		}
	}
	if written > size/4 {
		t.Errorf("100 puts, each acknowledged, made a log of %d bytes; the next Open wrote %d of them again, want at most a quarter", size, written)
	}
}

// A full disk refuses puts and loses nothing: reads go on, and so do puts once
// there is space, without a reopen.
func TestDurable_OutlivesAFullDisk(t *testing.T) {
	for room := int64(0); room < 700; room += 7 {
		disk := fault.NewFS()
		l := newLedger()
		disk.Limit(room)
		db, err := openOn(boot(disk))
		if err != nil {
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("Open on a disk with room for %d bytes: %v, want nil or ENOSPC", room, err)
			}
			continue
		}
		full := 0
		for i := range 12 {
			if err := l.put(db, fmt.Sprint("k", i), strings.Repeat("v", 40+i)); err != nil {
				full++
				if !errors.Is(err, syscall.ENOSPC) {
					t.Fatalf("Put %d on a disk with room for %d bytes: %v, want nil or an error that wraps ENOSPC", i, room, err)
				}
			}
		}
		if full == 0 {
			t.Fatalf("12 puts of 40 bytes and more fit into %d bytes", room)
		}
		sure := &ledger{acked: maps.Clone(l.acked)}
		sure.audit(t, db, fmt.Sprintf("on a disk full at %d bytes", room))
		disk.Limit(-1)
		for i := range 12 {
			if err := l.put(db, fmt.Sprint("k", i), "after"); err != nil {
				t.Fatalf("disk was full at %d bytes and has space again: Put: %v, want nil", room, err)
			}
		}
		when := fmt.Sprintf("full at %d bytes, then space, then a power cut", room)
		l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), when), when)
	}
}

// With NoSync puts do not wait for the disk; Sync and Close do, for all of them.
func TestDurable_NoSyncUntilSync(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), noSync, oneFile)
	l := newLedger()
	before := disk.Syncs()
	for i := range 10 {
		l.put(db, fmt.Sprint("k", i), "v")
	}
	if n := disk.Syncs() - before; n != 0 {
		t.Errorf("10 puts with NoSync made %d fsyncs, want 0", n)
	}
	if err := db.Sync(); err != nil {
		t.Fatal(err)
	}
	l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), "after Sync"), "NoSync, puts, Sync, power cut")
	l.put(db, "late", "v")
	mustClose(t, db)
	l.audit(t, reopen(t, disk.Crash(fault.KeepSynced), "after Close"), "NoSync, a put, Close, power cut")
}

// With NoSync a power cut loses the newest entries, never one from the middle;
// and that the disk wrote sectors out of order is not mistaken for rot.
func TestDurable_LosesOnlyASuffix(t *testing.T) {
	rng := claim.Rand(t)
	for _, synced := range []int{0, 4} {
		losesOnlyASuffix(t, rng, synced)
	}
}

func losesOnlyASuffix(t *testing.T, rng *rand.Rand, synced int) {
	t.Helper()
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), noSync, oneFile)
	const n = 12
	for i := range n {
		mustPut(t, db, fmt.Sprint("k", i), strings.Repeat(fmt.Sprint(i%10), 300+10*i))
		if i == synced-1 {
			if err := db.Sync(); err != nil {
				t.Fatal(err)
			}
		}
	}
	for range 60 {
		db := reopen(t, disk.Crash(fault.KeepRandom(rng)), "NoSync, power cut with sectors out of order")
		if t.Failed() {
			return
		}
		got, err := contents(db)
		if err != nil {
			t.Fatal(err)
		}
		if len(got) < synced {
			t.Fatalf("%d entries are left after a power cut, %d had been synced", len(got), synced)
		}
		for i := range n {
			if v, ok := got[fmt.Sprint("k", i)]; ok != (i < len(got)) {
				t.Fatalf("after a power cut the log has %d entries, and entry %d is present: %v. A log loses a suffix, never one from the middle", len(got), i, ok)
			} else if ok && v != strings.Repeat(fmt.Sprint(i%10), 300+10*i) {
				t.Fatalf("after a power cut entry %d is %s", i, brief(v))
			}
		}
	}
}

// An acknowledged put costs one write and one fsync, no more.
func TestDurable_OneSyncPerPut(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	before := disk.Ops()
	for i := range 10 {
		mustPut(t, db, fmt.Sprint("k", i), "v")
	}
	var writes, syncs, other int
	for _, op := range disk.Log()[before:] {
		switch op.Kind {
		case fault.OpWrite:
			writes++
		case fault.OpSync:
			syncs++
		default:
			other++
		}
	}
	if writes != 10 || syncs != 10 || other != 0 {
		t.Errorf("10 puts, one after the other: %d writes, %d fsyncs, %d other operations; want 10, 10, 0", writes, syncs, other)
	}
}
