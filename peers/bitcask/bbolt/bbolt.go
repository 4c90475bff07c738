//go:build bbolt

// Package bitcask is bbolt with the interface of the lab storage/bitcask. It
// takes the place of the learner's files (go test -overlay, with -tags bbolt), so
// that the lab's checks judge a store that has been in production for years.
//
// It waives what is not in bbolt's contract, and why:
//
// bbolt maps its file into memory, so it needs the real disk; the checks on a
// simulated one cannot run it.
//
// waives: TestLog_OnlyAppends
// waives: TestFrame_CutsATornTail TestFrame_CutsGarbage TestFrame_AValueIsNotAFrame
// waives: TestFrame_FindsRot TestFrame_RotIsNoTornTail TestFrame_ChecksEveryRead
// waives: TestFrame_BelievesNoLength TestFrame_AFailedReadIsNoTail TestFrame_MissesASegment
// waives: TestDurable_SurvivesEveryPowerCut TestDurable_RecoveryIsDurable TestDurable_SurvivesEveryFailure
// waives: TestDurable_AFailedSyncIsFinal TestDurable_OutlivesAFullDisk TestDurable_NoSyncUntilSync
// waives: TestDurable_LosesOnlyASuffix TestDurable_OneSyncPerPut
// waives: TestCompact_GivesSpaceBack TestCompact_SurvivesEveryPowerCut TestCompact_CleanupIsDurable
// waives: TestCompact_TheDeadStayDead TestCompact_ServesMeanwhile TestCompact_NewWritesWin
// waives: TestCompact_SurvivesEveryFailure TestCompact_WithoutRoom TestCompact_IterationsFinish
// waives: TestCompact_ClosesFiles TestCompact_CopiesNoRot
// waives: TestGroup_SharesSyncs TestGroup_FitsItsSegment TestGroup_NobodyWaitsForCompany
// waives: TestGroup_AckIsDurable TestGroup_AFailedSyncFailsAll TestGroup_AFailedWriteFailsItsGroup
// waives: TestGroup_CloseEndsIt TestGroup_CountsOnTheRealDisk
// waives: TestProcess_TheLockComesFirst TestProcess_TheLockIsGivenBack
//
// It has one file, which does not roll.
//
// waives: TestLog_RollsSegments
//
// Its transactions cost more than an append, and allocate.
//
// waives: TestLog_ReadsAllocateNothing TestLog_ReadsAreOneRead
// waives: TestGroup_SharesTheCost TestGroup_AloneCostsLittle TestGroup_PutsAllocateNothing
package bitcask

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

var bucket = []byte("entries")

// DB is a bbolt database with one bucket.
type DB struct {
	path string
	opts Options

	// swap is held for writing while Compact and Close exchange bolt.
	swap sync.RWMutex
	bolt *bbolt.DB // nil once closed
}

// Open opens dir/bbolt.db.
func Open(dir string, o Options) (*DB, error) {
	if o.FS != nil && o.FS != (Disk{}) {
		return nil, errors.New("bbolt works on the real disk only")
	}
	if err := (Disk{}).Mkdir(dir); err != nil {
		return nil, err
	}
	d := &DB{path: filepath.Join(dir, "bbolt.db"), opts: o}
	return d, d.open()
}

func (d *DB) open() error {
	db, err := bbolt.Open(d.path, 0o666, &bbolt.Options{Timeout: time.Millisecond, NoSync: d.opts.NoSync})
	if errors.Is(err, bolterrors.ErrTimeout) {
		err = ErrLocked
	}
	if err != nil {
		return fmt.Errorf("open %s: %w", d.path, err)
	}
	err = db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(bucket)
		return err
	})
	if err != nil {
		return errors.Join(err, db.Close())
	}
	d.bolt = db
	return nil
}

// with calls f with the open database, which stays open until f returns.
func (d *DB) with(f func(*bbolt.DB) error) error {
	d.swap.RLock()
	defer d.swap.RUnlock()
	if d.bolt == nil {
		return ErrClosed
	}
	return f(d.bolt)
}

func (d *DB) update(key []byte, f func(*bbolt.Bucket) error) error {
	if len(key) == 0 || len(key) > MaxKey {
		return ErrKey
	}
	return d.with(func(db *bbolt.DB) error {
		return db.Update(func(tx *bbolt.Tx) error { return f(tx.Bucket(bucket)) })
	})
}

// Get reads in a transaction and copies.
func (d *DB) Get(key []byte) ([]byte, error) { return d.AppendValue(nil, key) }

// AppendValue reads in a transaction and copies.
func (d *DB) AppendValue(dst, key []byte) ([]byte, error) {
	err := d.with(func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			v := tx.Bucket(bucket).Get(key)
			if v == nil {
				return ErrNotFound
			}
			dst = append(dst, v...)
			return nil
		})
	})
	return dst, err
}

// Put is a transaction of one put.
func (d *DB) Put(key, value []byte) error {
	if len(value) > MaxValue {
		return ErrValue
	}
	// bbolt keeps the value until the transaction ends, and the key not at all.
	return d.update(key, func(b *bbolt.Bucket) error { return b.Put(key, value) })
}

// Delete is a transaction of one delete.
func (d *DB) Delete(key []byte) error {
	return d.update(key, func(b *bbolt.Bucket) error { return b.Delete(key) })
}

// Each collects in one transaction and calls fn after it: fn may write, and a
// write that has to remap the file waits for readers.
func (d *DB) Each(fn func(key, value []byte) error) error {
	var all [][2][]byte
	err := d.with(func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			return tx.Bucket(bucket).ForEach(func(k, v []byte) error {
				all = append(all, [2][]byte{slices.Clone(k), slices.Clone(v)})
				return nil
			})
		})
	})
	if err != nil {
		return err
	}
	for _, e := range all {
		if err := fn(e[0], e[1]); err != nil {
			return err
		}
	}
	return nil
}

// Sync is fdatasync of the file.
func (d *DB) Sync() error {
	return d.with(func(db *bbolt.DB) error { return db.Sync() })
}

// Compact copies into a new file and renames it over the old one. Everything
// else waits meanwhile; bbolt offers no more.
func (d *DB) Compact() error {
	d.swap.Lock()
	defer d.swap.Unlock()
	if d.bolt == nil {
		return ErrClosed
	}
	name := d.path + ".tmp"
	os.Remove(name) // of a compaction that was killed
	to, err := bbolt.Open(name, 0o666, &bbolt.Options{Timeout: time.Millisecond})
	if err != nil {
		return err
	}
	err = bbolt.Compact(to, d.bolt, 1<<20)
	if err = errors.Join(err, to.Close()); err != nil {
		return err
	}
	// The rename comes before the old database is closed, so that the lock on
	// the old file is held until the new one has its name.
	if err := os.Rename(name, d.path); err != nil {
		return err
	}
	if err := (Disk{}).SyncDir(filepath.Dir(d.path)); err != nil {
		return err
	}
	old := d.bolt
	d.bolt = nil
	return errors.Join(old.Close(), d.open())
}

// Close makes everything durable and closes.
func (d *DB) Close() error {
	d.swap.Lock()
	defer d.swap.Unlock()
	if d.bolt == nil {
		return nil
	}
	db := d.bolt
	d.bolt = nil
	return errors.Join(db.Sync(), db.Close())
}

// Stats counts in one transaction.
func (d *DB) Stats() Stats {
	s := Stats{Files: 1}
	d.with(func(db *bbolt.DB) error {
		return db.View(func(tx *bbolt.Tx) error {
			b := tx.Bucket(bucket).Stats()
			s.Keys, s.Bytes, s.Live = b.KeyN, tx.Size(), int64(b.LeafInuse)
			return nil
		})
	})
	return s
}
