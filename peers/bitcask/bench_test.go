package bitcask

import (
	"encoding/binary"
	"errors"
	"fmt"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"go.etcd.io/bbolt"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// A store is one contestant. All keys have 16 bytes and all values 100.
type store struct {
	name  string
	put   func(key, value []byte) error // durable
	get   func(key []byte) (int, error) // the value's length
	close func() error
}

// An opener opens a store in a directory; unsynced puts are for filling it.
type opener struct {
	name string
	open func(t testing.TB, dir string, sync bool) store
}

var openers = []opener{{"hone", openHone}, {"pebble", openPebble}, {"bbolt", openBbolt}}

func openHone(t testing.TB, dir string, sync bool) store {
	db, err := bitcask.Open(filepath.Join(dir, "hone"), bitcask.Options{NoSync: !sync})
	if err != nil {
		t.Fatal(err)
	}
	get := func(key []byte) (int, error) {
		v, err := db.Get(key)
		return len(v), err
	}
	return store{"hone", db.Put, get, db.Close}
}

type quiet struct{}

func (quiet) Infof(string, ...any)         {}
func (quiet) Errorf(string, ...any)        {}
func (quiet) Fatalf(f string, args ...any) { panic(fmt.Sprintf(f, args...)) }

func openPebble(t testing.TB, dir string, sync bool) store {
	db, err := pebble.Open(filepath.Join(dir, "pebble"), &pebble.Options{Logger: quiet{}})
	if err != nil {
		t.Fatal(err)
	}
	put := func(key, value []byte) error { return db.Set(key, value, &pebble.WriteOptions{Sync: sync}) }
	get := func(key []byte) (int, error) {
		v, closer, err := db.Get(key)
		if err != nil {
			return 0, err
		}
		return len(v), closer.Close()
	}
	return store{"pebble", put, get, db.Close}
}

func openBbolt(t testing.TB, dir string, sync bool) store {
	db, err := bbolt.Open(filepath.Join(dir, "bbolt"), 0o666, &bbolt.Options{NoSync: !sync})
	if err != nil {
		t.Fatal(err)
	}
	name := []byte("b")
	if err := db.Update(func(tx *bbolt.Tx) error { _, err := tx.CreateBucketIfNotExists(name); return err }); err != nil {
		t.Fatal(err)
	}
	set := func(key, value []byte) func(tx *bbolt.Tx) error {
		return func(tx *bbolt.Tx) error { return tx.Bucket(name).Put(key, value) }
	}
	// Batch is bbolt's group commit, for many writers.
	put := func(key, value []byte) error { return db.Batch(set(key, value)) }
	get := func(key []byte) (n int, err error) {
		err = db.View(func(tx *bbolt.Tx) error {
			v := tx.Bucket(name).Get(key)
			if v == nil {
				return errors.New("not found")
			}
			n = len(v)
			return nil
		})
		return n, err
	}
	return store{"bbolt", put, get, db.Close}
}

var value = make([]byte, 100)

func key(b []byte, i uint64) []byte {
	binary.BigEndian.PutUint64(b[8:], i*0x9e3779b97f4a7c15)
	return b
}

// run does n operations in so many goroutines.
func run(t testing.TB, n, goroutines int, op func(key []byte, i uint64) error) {
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(n, goroutines) {
		wg.Go(func() {
			b := make([]byte, 16)
			for {
				i := next.Add(1)
				if i > int64(n) {
					return
				}
				if err := op(b, uint64(i)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

func (s store) puts(t testing.TB, writers int) func(n int) {
	return func(n int) {
		run(t, n, writers, func(b []byte, i uint64) error { return s.put(key(b, i%10000), value) })
	}
}

const filled = 100_000

func (s store) fill(t testing.TB) {
	run(t, filled, 64, func(b []byte, i uint64) error { return s.put(key(b, i), value) })
}

func (s store) gets(t testing.TB) func(n int) {
	return func(n int) {
		run(t, n, 1, func(b []byte, i uint64) error {
			got, err := s.get(key(b, i*7919%filled+1))
			if err == nil && got != len(value) {
				err = fmt.Errorf("%s: a value of %d bytes", s.name, got)
			}
			return err
		})
	}
}

// TestPut64 claims that a durable put at 64 writers takes at most 1.2 times the CPU
// of Pebble's, and of bbolt's.
func TestPut64(t *testing.T) {
	ours := openHone(t, t.TempDir(), true)
	defer ours.close()
	for _, o := range openers[1:] {
		t.Run(o.name, func(t *testing.T) {
			peer := o.open(t, t.TempDir(), true)
			defer peer.close()
			claim.Faster(t, claim.Contest{
				Ours:   claim.Side{Name: "hone", Op: ours.puts(t, 64)},
				Peer:   claim.Side{Name: o.name, Op: peer.puts(t, 64)},
				Rounds: 8,
			}, 1.2)
		})
	}
}

// TestGet compares random reads of 100,000 entries that are in memory, and claims
// that the reference, one system call, is at most twice as slow as either.
func TestGet(t *testing.T) {
	ours := openHone(t, t.TempDir(), false)
	defer ours.close()
	ours.fill(t)
	for _, o := range openers[1:] {
		t.Run(o.name, func(t *testing.T) {
			peer := o.open(t, t.TempDir(), false)
			defer peer.close()
			peer.fill(t)
			claim.Faster(t, claim.Contest{
				Ours:   claim.Side{Name: "hone", Op: ours.gets(t)},
				Peer:   claim.Side{Name: o.name, Op: peer.gets(t)},
				Rounds: 8,
			}, 2)
		})
	}
}

// BenchmarkPut64 is the time of a durable put by 64 writers.
func BenchmarkPut64(b *testing.B) {
	for _, o := range openers {
		b.Run(o.name, func(b *testing.B) {
			s := o.open(b, b.TempDir(), true)
			defer s.close()
			b.ResetTimer()
			s.puts(b, 64)(b.N)
		})
	}
}

// BenchmarkGet is the time of a random read of 100,000 entries.
func BenchmarkGet(b *testing.B) {
	for _, o := range openers {
		b.Run(o.name, func(b *testing.B) {
			s := o.open(b, b.TempDir(), false)
			defer s.close()
			s.fill(b)
			b.ReportAllocs()
			b.ResetTimer()
			s.gets(b)(b.N)
		})
	}
}

// BenchmarkReopen is the time to open and close a store of 100,000 entries.
func BenchmarkReopen(b *testing.B) {
	for _, o := range openers {
		b.Run(o.name, func(b *testing.B) {
			dir := b.TempDir()
			s := o.open(b, dir, false)
			s.fill(b)
			if err := s.close(); err != nil {
				b.Fatal(err)
			}
			var opening time.Duration
			for b.Loop() {
				start := time.Now()
				s := o.open(b, dir, false)
				opening += time.Since(start)
				if err := s.close(); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(opening.Microseconds())/1000/float64(b.N), "ms/open")
		})
	}
}
