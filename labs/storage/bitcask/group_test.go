package bitcask_test

import (
	"errors"
	"fmt"
	"maps"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/claim/linear"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// slow makes every fsync of a file take as long as a disk's. It is the device,
// not a way to wait for something: while one fsync is under way, others come.
func slow(m *machine, took func()) {
	m.before = func(op, _ string) error {
		if op == "sync" {
			time.Sleep(2 * time.Millisecond)
			if took != nil {
				took()
			}
		}
		return nil
	}
}

// writers runs n goroutines that put each times, every one its own keys, and
// returns when all are done.
func writers(n, each int, put func(key string) error) {
	var wg sync.WaitGroup
	for g := range n {
		wg.Go(func() {
			for i := range each {
				if put(fmt.Sprintf("w%d-%d", g, i)) != nil {
					return
				}
			}
		})
	}
	wg.Wait()
}

// 64 writers on a disk that takes 2 ms to sync share its fsyncs, and its writes:
// at most one for eight acknowledged puts.
func TestGroup_SharesSyncs(t *testing.T) {
	const n, each = 64, 10
	disk := fault.NewFS()
	m := boot(disk)
	slow(m, nil)
	db := mustOpen(t, m, func(o *bitcask.Options) { o.SegmentSize = 16 << 10 })
	before := disk.Ops()
	claim.Terminates(t, limit, func() {
		writers(n, each, func(key string) error {
			err := db.Put([]byte(key), []byte(strings.Repeat(key, 5)))
			if err != nil {
				t.Errorf("Put: %v", err)
			}
			return err
		})
	})
	var writes, syncs int
	for _, op := range disk.Log()[before:] {
		switch op.Kind {
		case fault.OpWrite:
			writes++
		case fault.OpSync:
			syncs++
		}
	}
	if syncs > n*each/8 {
		t.Errorf("%d writers made %d puts with %d fsyncs, want at most %d: while one fsync is under way, everybody who comes can share the next", n, n*each, syncs, n*each/8)
	}
	if writes > n*each/8 {
		t.Errorf("%d writers made %d puts with %d writes, want at most %d: a group needs one", n, n*each, writes, n*each/8)
	}
	if got := db.Stats().Keys; got != n*each {
		t.Errorf("Stats().Keys = %d after %d puts of different keys", got, n*each)
	}
}

// Writers who put again as soon as they are answered all get into the next group: on one
// processor, where nothing is left to chance, 64 of them need little more than one fsync
// for 64 puts. Where the first who wakes up does not look for the others, it takes twice as many.
func TestGroup_FillsItsGroups(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	const n, each = 64, 20
	disk := fault.NewFS()
	m := boot(disk)
	slow(m, nil)
	db := mustOpen(t, m, oneFile)
	before := disk.Syncs()
	claim.Terminates(t, limit, func() {
		writers(n, each, func(key string) error { return db.Put([]byte(key), []byte("v")) })
	})
	if syncs := disk.Syncs() - before; syncs > each*3/2 {
		t.Errorf("%d writers on one processor made %d puts each with %d fsyncs, want at most %d: if a group of one and a group of %d take turns, every other fsync is for one put alone", n, each, syncs, each*3/2, n-1)
	}
}

// Several who delete the same key at the same time delete it once.
func TestGroup_DeletesTogether(t *testing.T) {
	m := boot(fault.NewFS())
	slow(m, nil)
	db := mustOpen(t, m, oneFile)
	for i := range 10 {
		mustPut(t, db, fmt.Sprint("k", i), "v")
	}
	claim.Terminates(t, limit, func() {
		for i := range 5 {
			writers(8, 1, func(string) error {
				err := db.Delete([]byte(fmt.Sprint("k", i)))
				if err != nil {
					t.Errorf("Delete: %v", err)
				}
				return err
			})
		}
	})
	if n := db.Stats().Keys; n != 5 {
		t.Errorf("Stats().Keys = %d after 10 puts, and 5 times 8 deletes of the same key at once; want 5", n)
	}
	holds(t, db, "after deletes at once", map[string]string{"k5": "v", "k6": "v", "k7": "v", "k8": "v", "k9": "v"})
}

// A group, too, fits into a segment.
func TestGroup_FitsItsSegment(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	slow(m, nil)
	db := mustOpen(t, m, func(o *bitcask.Options) { o.SegmentSize = 1 << 10 })
	claim.Terminates(t, limit, func() {
		writers(64, 4, func(key string) error { return db.Put([]byte(key), []byte(strings.Repeat(key, 5))) })
	})
	for name, b := range files(t, disk) {
		if len(b) > 1<<10 {
			t.Errorf("64 writers of entries of some 50 bytes: %s has %d bytes, SegmentSize is %d", name, len(b), 1<<10)
		}
	}
	if got := db.Stats().Keys; got != 64*4 {
		t.Errorf("Stats().Keys = %d after %d puts of different keys", got, 64*4)
	}

	db = mustOpen(t, boot(fault.NewFS()), func(o *bitcask.Options) { o.SegmentSize = 1 }) // where a group is one
	claim.Terminates(t, limit, func() {
		writers(64, 4, func(key string) error { return db.Put([]byte(key), nil) })
	})
	if got := db.Stats().Files; got != 64*4 {
		t.Errorf("with SegmentSize 1, %d puts by 64 writers are in %d files, want one for each", 64*4, got)
	}
}

// A lone writer does not wait for company: in a bubble of time that stands still
// while anybody can run, its puts take no time at all.
func TestGroup_NobodyWaitsForCompany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		disk := fault.NewFS()
		db := mustOpen(t, boot(disk), oneFile)
		start, before := time.Now(), disk.Syncs()
		for i := range 50 {
			mustPut(t, db, fmt.Sprint("k", i), "v")
		}
		if d := time.Since(start); d > 0 {
			t.Errorf("50 puts by a lone writer slept %v: whoever waits for others to join pays for it when there are none", d)
		}
		if n := disk.Syncs() - before; n != 50 {
			t.Errorf("50 puts by a lone writer made %d fsyncs, want 50", n)
		}
		mustClose(t, db)
	})
}

// Nobody in a group is told yes before the fsync that covers it has returned:
// at the end of every fsync, before it takes effect, the power is cut, and
// everything that had been acknowledged is found.
func TestGroup_AckIsDurable(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	var mu sync.Mutex
	acked := map[string]string{}
	cut := func(when string) {
		mu.Lock()
		promised := maps.Clone(acked)
		mu.Unlock()
		if len(promised) == 0 || t.Failed() {
			return
		}
		after := reopen(t, disk.Crash(fault.KeepSynced), when)
		if after == nil {
			return
		}
		for k := range promised {
			if _, err := after.Get([]byte(k)); err != nil {
				t.Errorf("16 writers, %s: Put(%q) had returned nil, and now: %v", when, k, err)
				return
			}
		}
	}
	slow(m, func() { cut("power cut in an fsync") })
	db := mustOpen(t, m, oneFile)
	claim.Terminates(t, limit, func() {
		writers(16, 12, func(key string) error {
			err := db.Put([]byte(key), []byte("v"))
			if err == nil {
				mu.Lock()
				acked[key] = "v"
				mu.Unlock()
			}
			return err
		})
	})
	cut("power cut after the last put")
}

// When the fsync of a group fails, every member is told, and so is everybody
// after.
func TestGroup_AFailedSyncFailsAll(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m, oneFile)
	slow(m, nil)
	syncs := 0
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpSync {
			if syncs++; syncs == 4 {
				return syscall.EIO
			}
		}
		return nil
	})
	var mu sync.Mutex
	acked := map[string]bool{}
	claim.Terminates(t, limit, func() {
		var others sync.WaitGroup
		defer others.Wait()
		others.Go(func() {
			for { // until the fsync has failed
				switch err := db.Delete([]byte("nobody")); {
				case errors.Is(err, bitcask.ErrFailed):
					return
				case err != nil:
					t.Errorf("Delete beside a group whose fsync fails: %v, want nil or ErrFailed", err)
					return
				}
			}
		})
		writers(32, 20, func(key string) error {
			err := db.Put([]byte(key), []byte("v"))
			if err == nil {
				mu.Lock()
				acked[key] = true
				mu.Unlock()
			} else if !errors.Is(err, bitcask.ErrFailed) {
				t.Errorf("Put in, or after, a group whose fsync failed: %v, want ErrFailed", err)
			}
			return err
		})
	})
	if len(acked) == 32*20 {
		t.Fatal("the fourth fsync failed and every put was acknowledged")
	}
	if err := db.Put([]byte("after"), nil); !errors.Is(err, bitcask.ErrFailed) {
		t.Errorf("Put after a group whose fsync failed: %v, want ErrFailed", err)
	}
	after := reopen(t, disk.Crash(fault.KeepSynced), "after a failed fsync")
	if after == nil {
		return
	}
	for key := range acked {
		if _, err := after.Get([]byte(key)); err != nil {
			t.Fatalf("the fsync of a group failed, then a power cut: Put(%q) had returned nil, and now: %v", key, err)
		}
	}
}

// When the write of a group fails, its members are told and none of their
// entries shows; the next group is written as if nothing had been.
func TestGroup_AFailedWriteFailsItsGroup(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	slow(m, nil)
	db := mustOpen(t, m, oneFile)
	var writes, failed atomic.Int32
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpWrite && writes.Add(1)%3 == 0 {
			return fault.Torn{Keep: op.Len * 2 / 3, Err: syscall.ENOSPC}
		}
		return nil
	})
	var mu sync.Mutex
	want := map[string]string{}
	claim.Terminates(t, limit, func() {
		writers(16, 12, func(key string) error {
			err := db.Put([]byte(key), []byte(key))
			if err == nil {
				mu.Lock()
				want[key] = key
				mu.Unlock()
			} else if failed.Add(1); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("Put in a group whose write failed: %v, want an error that wraps ENOSPC", err)
			}
			return nil
		})
	})
	if failed.Load() == 0 {
		t.Fatal("every third write failed and every put was acknowledged")
	}
	disk.Fail(nil)
	holds(t, db, "after failed writes", want)
	for _, keep := range []fault.Keep{fault.KeepSynced, fault.KeepAll} {
		if after := reopen(t, disk.Crash(keep), "after failed writes and a power cut"); after != nil {
			holds(t, after, "after failed writes and a power cut that kept "+keep.String(), want)
		}
	}
}

// history lets clients put, read and delete a few keys at the same time, while
// meanwhile runs, and has the result judged: some order of the operations,
// each between its call and its return, must explain every answer.
func history(t *testing.T, meanwhile func(db *bitcask.DB)) {
	rng := claim.Rand(t)
	db, err := bitcask.Open(t.TempDir(), bitcask.Options{SegmentSize: 1 << 10}) // on the real disk
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	t.Cleanup(func() { db.Close() })
	h := linear.NewHistory()
	const clients, keys, each = 8, 4, 30
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for c := range clients {
		seed := rng.Uint64()
		wg.Go(func() {
			for i := range each {
				seed = seed*6364136223846793005 + 1442695040888963407
				key := fmt.Sprint("k", seed>>33%keys)
				switch seed >> 40 % 8 {
				case 0:
					op := h.Call(c, linear.Delete(key))
					if err := db.Delete([]byte(key)); err != nil {
						t.Errorf("Delete: %v", err)
					}
					op.Return(nil)
				case 1, 2, 3:
					value := fmt.Sprint(c, ".", i)
					op := h.Call(c, linear.Put(key, value))
					if err := db.Put([]byte(key), []byte(value)); err != nil {
						t.Errorf("Put: %v", err)
					}
					op.Return(nil)
				default:
					op := h.Call(c, linear.Get(key))
					v, err := db.Get([]byte(key))
					if errors.Is(err, bitcask.ErrNotFound) {
						op.Return(linear.Missing())
					} else if err != nil {
						t.Errorf("Get: %v", err)
					} else {
						op.Return(linear.Value(string(v)))
					}
				}
			}
		})
	}
	var side sync.WaitGroup
	if meanwhile != nil {
		side.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
					meanwhile(db)
				}
			}
		})
	}
	wg.Wait()
	close(stop)
	side.Wait()
	linear.Check(t, linear.KV(), h)
}

// Eight clients on four keys see a history that is linearizable.
func TestGroup_IsLinearizable(t *testing.T) {
	claim.Terminates(t, limit, func() { history(t, nil) })
}

// It stays so over a reopen: clients put the same keys at the same time, see who won, and
// see the same winners in the next process. The order in memory is the order on the disk.
func TestGroup_IsLinearizableOverAReopen(t *testing.T) {
	h := linear.NewHistory()
	disk := fault.NewFS()
	read := func(db *bitcask.DB) {
		for k := range 4 {
			key := fmt.Sprint("k", k)
			op := h.Call(0, linear.Get(key))
			v, err := db.Get([]byte(key))
			if err != nil {
				t.Errorf("Get: %v", err)
			}
			op.Return(linear.Value(string(v)))
		}
	}
	claim.Terminates(t, limit, func() {
		for life := range 5 {
			m := boot(disk)
			db := mustOpen(t, m, oneFile)
			if life > 0 {
				read(db)
			}
			slow(m, nil)
			var wg sync.WaitGroup
			for c := range 8 {
				wg.Go(func() {
					for i := range 8 {
						key, value := fmt.Sprint("k", i%4), fmt.Sprint(life, ".", c, ".", i)
						op := h.Call(c, linear.Put(key, value))
						if err := db.Put([]byte(key), []byte(value)); err != nil {
							t.Errorf("Put: %v", err)
						}
						op.Return(nil)
					}
				})
			}
			wg.Wait()
			read(db)
			mustClose(t, db)
		}
	})
	if !t.Failed() {
		linear.Check(t, linear.KV(), h)
	}
}

// It stays so while compactions move the entries under their feet.
func TestGroup_IsLinearizableWhileCompacting(t *testing.T) {
	claim.Terminates(t, limit, func() {
		history(t, func(db *bitcask.DB) {
			if err := db.Compact(); err != nil {
				t.Errorf("Compact: %v", err)
			}
		})
	})
}

// All methods are called at the same time, Close at last among them. The race detector
// watches.
func TestGroup_IsSafeForAll(t *testing.T) {
	for life := range 4 {
		db := openDir(t, t.TempDir(), bitcask.Options{SegmentSize: 1 << 10})
		var wg sync.WaitGroup
		// again calls f until the database is closed.
		again := func(what string, f func(i int) error) {
			wg.Go(func() {
				for i := 0; ; i++ {
					err := f(i)
					if errors.Is(err, bitcask.ErrClosed) {
						return
					}
					if err != nil && !errors.Is(err, bitcask.ErrNotFound) {
						t.Errorf("%s, where all methods are called at the same time: %v", what, err)
						return
					}
				}
			})
		}
		warm := make(chan struct{})
		for g := range 3 {
			again("Put", func(i int) error {
				if g == 0 && i == 12 {
					close(warm)
				}
				return db.Put([]byte(fmt.Sprint("k", i%5)), []byte("v"))
			})
		}
		again("Delete", func(i int) error { return db.Delete([]byte(fmt.Sprint("k", i%5))) })
		again("Get", func(i int) error { _, err := db.Get([]byte(fmt.Sprint("k", i%5))); db.Stats(); return err })
		again("Sync", func(int) error { return db.Sync() })
		if life%2 == 0 {
			again("Each", func(int) error { return db.Each(func(k, v []byte) error { return nil }) })
			again("Compact", func(int) error { return db.Compact() })
			again("Compact", func(int) error { return db.Compact() })
		}
		claim.Terminates(t, limit, func() {
			<-warm
			mustClose(t, db)
			wg.Wait()
		})
	}
}

// Close while 16 writers are at it: each put has returned nil and is there, or
// has returned ErrClosed.
func TestGroup_CloseEndsIt(t *testing.T) {
	disk := fault.NewFS()
	m := boot(disk)
	db := mustOpen(t, m, oneFile)
	var syncs atomic.Int32
	half := make(chan struct{})
	slow(m, func() {
		if syncs.Add(1) == 5 {
			close(half)
		}
	})
	var mu sync.Mutex
	acked := map[string]bool{}
	claim.Terminates(t, limit, func() {
		var closing sync.WaitGroup
		closing.Go(func() {
			<-half
			if err := db.Close(); err != nil {
				t.Errorf("Close: %v", err)
			}
		})
		writers(16, 1000, func(key string) error {
			err := db.Put([]byte(key), []byte("v"))
			if err == nil {
				mu.Lock()
				acked[key] = true
				mu.Unlock()
			} else if !errors.Is(err, bitcask.ErrClosed) {
				t.Errorf("Put while Close comes: %v, want nil or ErrClosed", err)
			}
			return err
		})
		closing.Wait()
	})
	after := reopen(t, disk.Crash(fault.KeepSynced), "after Close under load")
	if after == nil {
		return
	}
	for key := range acked {
		if _, err := after.Get([]byte(key)); err != nil {
			t.Fatalf("Put(%q) returned nil while Close came; after it and a power cut: %v", key, err)
		}
	}
}
