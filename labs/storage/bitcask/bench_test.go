//go:build !race

package bitcask_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// A plainLog is the peer: what one writes in an hour, and correct as far as it
// goes. One file, a checksum, a map, a mutex; every put is a write and an fsync
// of its own.
type plainLog struct {
	mu    sync.Mutex
	file  *os.File
	sync  bool
	end   int64
	buf   []byte
	index map[string][2]int64 // offset and length of the value
}

func newPlainLog(t testing.TB, sync bool) *plainLog {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "plain.log"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.Close() })
	return &plainLog{file: f, sync: sync, index: map[string][2]int64{}}
}

func (l *plainLog) put(key, value []byte) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.add(key, value)
	return l.flush()
}

// add appends an entry to the buffer.
func (l *plainLog) add(key, value []byte) {
	from := len(l.buf)
	b := append(l.buf, 0, 0, 0, 0)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(key)))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(value)))
	b = append(append(b, key...), value...)
	binary.LittleEndian.PutUint32(b[from:], crc32.ChecksumIEEE(b[from+4:]))
	l.index[string(key)] = [2]int64{l.end + int64(from+12+len(key)), int64(len(value))}
	l.buf = b
}

// flush writes the buffer.
func (l *plainLog) flush() error {
	if _, err := l.file.WriteAt(l.buf, l.end); err != nil {
		return err
	}
	if l.sync {
		if err := l.file.Sync(); err != nil {
			return err
		}
	}
	l.end += int64(len(l.buf))
	l.buf = l.buf[:0]
	return nil
}

func (l *plainLog) get(key []byte) ([]byte, error) {
	l.mu.Lock()
	at, ok := l.index[string(key)]
	l.mu.Unlock()
	if !ok {
		return nil, bitcask.ErrNotFound
	}
	v := make([]byte, at[1])
	_, err := l.file.ReadAt(v, at[0])
	return v, err
}

func bench(t testing.TB, o bitcask.Options) *bitcask.DB {
	t.Helper()
	db, err := bitcask.Open(filepath.Join(t.TempDir(), "db"), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	return db
}

var payload = make([]byte, 100)

// puts makes an operation of a contest: n puts by so many writers, of 1,000
// keys of 16 bytes with values of 100.
func puts(t testing.TB, writers int, put func(key, value []byte) error) func(n int) {
	return func(n int) {
		var left atomic.Int64
		left.Store(int64(n))
		var wg sync.WaitGroup
		for range min(writers, n) {
			wg.Go(func() {
				var key [16]byte
				for {
					i := left.Add(-1)
					if i < 0 {
						return
					}
					binary.LittleEndian.PutUint64(key[8:], uint64(i)%1000)
					if err := put(key[:], payload); err != nil {
						t.Errorf("put: %v", err)
						return
					}
				}
			})
		}
		wg.Wait()
	}
}

// Get allocates the value and nothing else; AppendValue into a slice with room
// allocates nothing.
func TestLog_ReadsAllocateNothing(t *testing.T) {
	db := bench(t, bitcask.Options{NoSync: true})
	key := []byte("a key of 16 byte")
	if err := db.Put(key, payload); err != nil {
		t.Fatal(err)
	}
	claim.Allocs(t, 1, func() {
		if _, err := db.Get(key); err != nil {
			t.Error(err)
		}
	})
	room := make([]byte, 0, 256)
	claim.Allocs(t, 0, func() {
		if _, err := db.AppendValue(room, key); err != nil {
			t.Error(err)
		}
	})
}

// A value of MaxValue bytes is a value: it is the disk that has no room for it.
func TestLog_TakesTheLargest(t *testing.T) {
	disk := fault.NewFS()
	db, err := openOn(boot(disk))
	if err != nil {
		t.Fatal(err)
	}
	disk.Limit(1 << 20)
	if err := db.Put([]byte("k"), make([]byte, bitcask.MaxValue)); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Put of MaxValue bytes on a disk of 1 MiB: %v, want an error that wraps ENOSPC", err)
	}
}

// A Get costs at most 1.32 times what a map, a mutex and one pread cost, which check
// nothing.
func TestLog_ReadsAreOneRead(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	db := bench(t, bitcask.Options{NoSync: true})
	peer := newPlainLog(t, false)
	puts(t, 1, db.Put)(1000)
	puts(t, 1, peer.put)(1000)
	read := func(get func(key []byte) ([]byte, error)) func(n int) {
		return func(n int) {
			var key [16]byte
			for i := range n {
				binary.LittleEndian.PutUint64(key[8:], uint64(i*7)%1000)
				if v, err := get(key[:]); err != nil || len(v) != len(payload) {
					t.Errorf("get: %d bytes, %v", len(v), err)
				}
			}
		}
	}
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "Get", Op: read(db.Get)},
		Peer: claim.Side{Name: "map, mutex, pread", Op: read(peer.get)},

		Rounds: 25, // system calls vary
	}, 1.32)
}

// Overwriting a key allocates nothing once the buffers have grown.
func TestGroup_PutsAllocateNothing(t *testing.T) {
	db := bench(t, bitcask.Options{NoSync: true})
	key := []byte("a key of 16 byte")
	put := func() {
		if err := db.Put(key, payload); err != nil {
			t.Error(err)
		}
	}
	for range 100 {
		put()
	}
	claim.Allocs(t, 0, put)
}

// A new key costs at most three allocations, also where others go all the time: the
// table is not made anew for each.
func TestGroup_NewKeysAllocateLittle(t *testing.T) {
	db := bench(t, bitcask.Options{NoSync: true})
	key := make([]byte, 500)
	next := uint64(0)
	claim.Allocs(t, 3*500, func() {
		for i := range uint64(500) {
			binary.LittleEndian.PutUint64(key, next+i)
			if err := db.Put(key, nil); err != nil {
				t.Error(err)
			}
			if i%2 == 1 {
				binary.LittleEndian.PutUint64(key, next+i-1)
				if err := db.Delete(key); err != nil {
					t.Error(err)
				}
			}
		}
		next += 500
	})
}

// At 64 writers a durable put costs at most 1.5 times what it costs in batches of 64
// that are made by hand, each with one write and one fsync, by one who waits for nobody.
// (A log that writes and syncs for each put takes twenty to fifty times that.)
func TestGroup_SharesTheCost(t *testing.T) {
	const writers = 64
	db := bench(t, bitcask.Options{})
	peer := newPlainLog(t, true)
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "Put, 64 writers", Op: puts(t, writers, db.Put)},
		Peer: claim.Side{Name: "batches of 64, each a write and a fsync", Op: func(n int) {
			var key [16]byte
			for i := range n {
				binary.LittleEndian.PutUint64(key[8:], uint64(i)%1000)
				peer.add(key[:], payload)
				if i%writers == writers-1 || i == n-1 {
					if err := peer.flush(); err != nil {
						t.Errorf("flush: %v", err)
						return
					}
				}
			}
		}},

		Rounds: 25, // disks vary
	}, 1.5)
}

// A lone writer does not pay for groups: without fsync, where all that is left is
// the code, its put costs at most 1.52 times what a mutex, a map and a write cost. It is
// measured on one processor: elsewhere a wake-up may cost more than the put, or nothing.
func TestGroup_AloneCostsLittle(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(1))
	db := bench(t, bitcask.Options{NoSync: true})
	peer := newPlainLog(t, false)
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "Put, NoSync, one writer", Op: puts(t, 1, db.Put)},
		Peer: claim.Side{Name: "write under a mutex, one writer", Op: puts(t, 1, peer.put)},
	}, 1.52)
}

// counted is the real disk with its fsyncs counted.
type counted struct {
	bitcask.Disk
	syncs *atomic.Int64
}

type countedFile struct {
	bitcask.File
	syncs *atomic.Int64
}

func (c counted) OpenFile(name string, flag int, perm os.FileMode) (bitcask.File, error) {
	f, err := c.Disk.OpenFile(name, flag, perm)
	return countedFile{f, c.syncs}, err
}

func (f countedFile) Sync() error {
	f.syncs.Add(1)
	return f.File.Sync()
}

// At 64 writers on the real disk, at least four puts share an fsync.
func TestGroup_CountsOnTheRealDisk(t *testing.T) {
	var syncs atomic.Int64
	db := bench(t, bitcask.Options{FS: counted{syncs: &syncs}})
	const n = 4000
	puts(t, 64, db.Put)(n)
	claim.Show(t, claim.KindText, "fsyncs", fmt.Sprintf("%d puts by 64 writers, %d fsyncs: %.1f puts each", n, syncs.Load(), n/float64(syncs.Load())))
	if got := syncs.Load(); got > n/4 {
		t.Errorf("64 writers made %d puts with %d fsyncs on this disk, want at most %d", n, got, n/4)
	}
}

// BenchmarkPut is the time, CPU apart, that a durable put takes by writers.
func BenchmarkPut(b *testing.B) {
	for _, writers := range []int{1, 8, 64} {
		b.Run(fmt.Sprint("writers=", writers), func(b *testing.B) {
			var syncs atomic.Int64
			db := bench(b, bitcask.Options{FS: counted{syncs: &syncs}})
			b.ReportAllocs()
			b.ResetTimer()
			puts(b, writers, db.Put)(b.N)
			b.ReportMetric(float64(syncs.Load())/float64(b.N), "fsyncs/op")
		})
	}
}
