// Package bitcask is a key-value store whose only data structure on disk is a
// log: after Sheehy and Smith, "Bitcask: A Log-Structured Hash Table for Fast
// Key/Value Data", 2010.
//
// What Put acknowledged is there after a crash at any moment. There are no
// transactions over several keys and no order between keys: those are other
// stores. Start with [Open].
package bitcask

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"sync"
)

// DB is an open database. All its methods may be called at the same time.
type DB struct {
	fs   FS        //hone:line log
	dir  string    //hone:line log
	opts Options   //hone:line log
	lock io.Closer //hone:line process

	// commit is held by whoever changes the log: the writer of a batch, the
	// start of a compaction, Close. It guards the fields up to the next lock.
	//hone:hide log
	commit sync.Mutex
	active *segment //hone:line log
	end    int64    //hone:line log
	// synced is the offset in active below which fsync has returned.
	//hone:hide frame
	synced int64
	marked bool //hone:line frame

	// joining guards pending, the batch that still takes entries.
	//hone:hide group
	joining sync.Mutex
	pending *batch      //hone:line group
	batches chan *batch //hone:line log

	// index guards what readers need. A reader holds it for one look-up, never
	// while it touches the disk; a segment that it has pinned stays open.
	//hone:hide log
	index  sync.RWMutex
	keys   keydir     //hone:line log
	segs   []*segment //hone:line log
	closed bool       //hone:line log
	failed error      //hone:line durable

	merging sync.Mutex //hone:line compact
	torn    int64      //hone:line frame
}

const (
	defaultSegment = 64 << 20 //hone:line log
	maxSegment     = 1 << 30  //hone:line log
	spareBatches   = 4        //hone:line log
)

// Open opens the database in the directory dir, which it makes if need be (its
// parent must exist), and recovers from whatever a crash has left there. It
// fails with [ErrCorrupt] when durable bytes have changed, and with [ErrLocked]
// when the directory is open already, here or in another process.
//
//hone:stage log
func Open(dir string, o Options) (*DB, error) {
	if o.FS == nil {
		o.FS = Disk{}
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = defaultSegment
	}
	o.SegmentSize = min(o.SegmentSize, maxSegment)
	d := &DB{fs: o.FS, dir: filepath.Clean(dir), opts: o, keys: newKeydir()}
	d.batches = make(chan *batch, spareBatches)
	if err := d.recover(); err != nil {
		d.release()
		return nil, fmt.Errorf("open %s: %w", dir, err)
	}
	return d, nil
}

// recover makes the directory this opener's own and reads it.
//
//hone:hide log
func (d *DB) recover() error {
	if err := d.fs.Mkdir(d.dir); err != nil {
		return err
	}
	// A directory is a name in its parent. Without this fsync a power cut can
	// take the whole database, all its files synced, off the disk. Mkdir does
	// not say whether it made anything, so the parent is always synced.
	if err := d.fs.SyncDir(filepath.Dir(d.dir)); err != nil { //hone:line durable
		return err
	}
	// Before the first look at the files: recovery cuts tails and removes
	// files, and what looks torn may be another opener's write in progress.
	lock, err := d.fs.Lock(filepath.Join(d.dir, "LOCK")) //hone:line process
	if err != nil {                                      //hone:line process
		return err
	}
	d.lock = lock //hone:line process
	// The names that we are about to see may be in memory only, if the
	// opener before us was killed between a create, or a rename, and its sync.
	// We build on them, so first they must last.
	if err := d.fs.SyncDir(d.dir); err != nil { //hone:line durable
		return err
	}
	return d.load()
}

// Get returns a copy of the value of key, or [ErrNotFound].
//
//hone:stage log
func (d *DB) Get(key []byte) ([]byte, error) {
	return d.AppendValue(nil, key)
}

// AppendValue appends the value of key to dst and returns the extended slice:
// a Get that does not allocate when dst has room for the value, the key and 16
// bytes. On an error it returns dst as it was.
//
//hone:stage log
func (d *DB) AppendValue(dst, key []byte) ([]byte, error) {
	hash := d.keys.hash(key)
	d.index.RLock()
	if d.closed {
		d.index.RUnlock()
		return dst, ErrClosed
	}
	at, ok := d.keys.find(hash, key)
	if !ok {
		d.index.RUnlock()
		return dst, ErrNotFound
	}
	// The pin, taken under the same lock as the look-up, is what lets a
	// compaction delete files while they are read: it drops its own hold, and
	// the last reader closes the file.
	seg := d.segs[at.seg]
	seg.pin()
	d.index.RUnlock()
	defer seg.unpin()

	// The whole frame is read behind dst, checked there, and the value moved
	// down over header and key: one pread, no second buffer.
	dst = slices.Grow(dst, int(at.size))
	raw := dst[len(dst) : len(dst)+int(at.size)]
	if n, err := seg.file.ReadAt(raw, at.off); n < len(raw) {
		return dst, fmt.Errorf("read %s at %d: %w", seg.name, at.off, err)
	}
	f, ok := decode(raw, seg.seed, at.off)
	if !ok {
		return dst, seg.corrupt(at.off)
	}
	n := copy(raw, f.value)
	return dst[:len(dst)+n], nil
}

// Put sets the value of key. When it returns nil the entry is durable (with
// NoSync: handed to the operating system). When it returns an error the entry
// is not visible; whether it is there after the next Open is unknown. Put keeps
// neither slice.
//
//hone:stage log
func (d *DB) Put(key, value []byte) error {
	if len(key) == 0 || len(key) > MaxKey {
		return ErrKey
	}
	if len(value) > MaxValue {
		return ErrValue
	}
	return d.write(kindPut, key, value)
}

// Delete removes key, with the promises of Put. A key that is not there is no
// error, and nothing is written for it.
//
//hone:stage log
func (d *DB) Delete(key []byte) error {
	if len(key) == 0 || len(key) > MaxKey {
		return ErrKey
	}
	// A put of this key may be on its way to the disk. Then it has not
	// returned, and this delete may count as having come before it.
	d.index.RLock()
	_, found := d.keys.find(d.keys.hash(key), key)
	closed := d.closed
	failed := d.failed //hone:line durable
	d.index.RUnlock()
	if closed {
		return ErrClosed
	}
	// Not found, yet perhaps on the disk: a put whose fsync failed may be there
	// at the next Open, and a delete that said yes must not be undone by it.
	if failed != nil { //hone:line durable
		return failed
	}
	if !found {
		return nil
	}
	return d.write(kindDelete, key, nil)
}

// Each calls fn for every key with the value that it had when Each was called,
// in no order, and stops at fn's first error, which it returns. The slices are
// valid during the call only. fn may use the database. The files are read front to
// back, in large pieces.
//
//hone:stage log
func (d *DB) Each(fn func(key, value []byte) error) error {
	s, err := d.snapshot()
	if err != nil {
		return err
	}
	defer s.release()
	var w window
	var in *segment
	for _, at := range s.places {
		if pin := s.segs[at.seg]; in != pin.segment {
			in = pin.segment
			w = window{file: in.file, size: pin.size, buf: w.buf[:0]}
		}
		f, ok, err := w.frame(in.seed, at.off)
		if err != nil {
			return fmt.Errorf("read %s: %w", in.name, err)
		}
		if !ok {
			return in.corrupt(at.off)
		}
		if err := fn(f.key, f.value); err != nil {
			return err
		}
	}
	return nil
}

// A snapshot is where every entry was at one moment, 16 bytes each, in the
// order of the disk. The segments are pinned and never change below the sizes
// they had, so nothing else has to be kept.
//
//hone:hide log
type snapshot struct {
	places []place
	segs   []pinned // index: place.seg
}

//hone:hide log
type pinned struct {
	*segment
	size int64
}

//hone:hide log
func (d *DB) snapshot() (*snapshot, error) {
	d.index.RLock()
	defer d.index.RUnlock()
	if d.closed {
		return nil, ErrClosed
	}
	s := &snapshot{places: d.keys.places(), segs: make([]pinned, len(d.segs))}
	for i, seg := range d.segs {
		if seg != nil {
			seg.pin()
			s.segs[i] = pinned{seg, seg.size}
		}
	}
	slices.SortFunc(s.places, func(a, b place) int {
		return cmp.Or(cmp.Compare(a.seg, b.seg), cmp.Compare(a.off, b.off))
	})
	return s, nil
}

//hone:hide log
func (s *snapshot) release() {
	for _, seg := range s.segs {
		if seg.segment != nil {
			seg.unpin()
		}
	}
}

// Sync returns when every entry that was acknowledged before it is durable. It
// has work to do only with NoSync.
//
//hone:stage log
func (d *DB) Sync() error {
	d.commit.Lock()
	defer d.commit.Unlock()
	if err := d.writable(); err != nil {
		return err
	}
	return d.sync()
}

// Close makes everything durable and gives up the directory. Operations in
// progress finish or return [ErrClosed], later ones return it. A second Close
// does nothing.
//
//hone:stage log
func (d *DB) Close() error {
	d.index.Lock()
	again := d.closed
	d.closed = true // a compaction sees this and stops
	d.index.Unlock()
	if again {
		return nil
	}
	d.merging.Lock()         //hone:line compact
	defer d.merging.Unlock() //hone:line compact
	d.commit.Lock()
	defer d.commit.Unlock()
	if d.failed != nil { //hone:line durable
		d.release()
		return d.failed
	}
	err := d.seal()
	return errors.Join(err, d.release())
}

// release closes the files and, last of all, gives back the lock. Nobody changes
// d.segs any more: the caller has all locks that it takes.
//
//hone:hide log
func (d *DB) release() error {
	for _, seg := range d.segs {
		if seg != nil {
			seg.unpin()
		}
	}
	if d.lock != nil { //hone:line process
		return d.lock.Close()
	}
	return nil
}

// Stats returns the counters.
//
//hone:stage log
func (d *DB) Stats() Stats {
	d.index.RLock()
	defer d.index.RUnlock()
	s := Stats{Keys: d.keys.len(), Live: d.keys.live}
	s.Torn = d.torn //hone:line frame
	for _, seg := range d.segs {
		if seg != nil {
			s.Files++
			s.Bytes += seg.size
		}
	}
	return s
}
