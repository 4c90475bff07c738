package bitcask

import (
	"encoding/binary"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
)

// A batch is a run of frames that reaches the disk in one write and becomes
// durable by one fsync.
//
// An fsync costs as much for one entry as for a thousand, and the disk takes
// one at a time; so writers that come while it is busy share the next one. The
// first of them makes a batch and leads it: it waits for d.commit, which the
// leader before it holds until its fsync is done. Whoever comes in that time
// appends to the same batch and only waits. Every batch has one leader, its
// first member; nobody is ever asked to lead, so no wake-up can be lost, and
// nobody leads twice for others while its own caller waits.
//
// The order of batches does not matter: entries of two batches are in progress
// at the same time, so neither has been acknowledged.
//
// Not chosen: handing leadership to a member of the next batch, which is a wake-up
// more and a protocol that can lose it; and a goroutine that writes for all, which
// is two switches for each put where there is one writer.
//
//hone:hide log
type batch struct {
	buf    []byte   // frames without stamps
	hashes []uint64 // of their keys, in order
	err    error    // the outcome, for all of them

	done    sync.WaitGroup //hone:line group
	members atomic.Int32   //hone:line group
}

const maxBatch = 4 << 20 //hone:line log

// write appends an entry to the log and returns when it is safe.
//
//hone:hide log
func (d *DB) write(kind byte, key, value []byte) error {
	b, lead := d.join(kind, key, value)
	if lead {
		b.err = d.flush(b)
		b.done.Done() //hone:line group
	}
	b.done.Wait() //hone:line group
	err := b.err
	// The last to leave gives the buffers back: in the steady state a put
	// allocates nothing.
	if b.members.Add(-1) > 0 { //hone:line group
		return err
	}
	d.recycle(b)
	return err
}

// recycle keeps a few batches for their buffers; a sync.Pool would drop them at
// each garbage collection. One that a huge value has blown up is let go.
//
//hone:hide log
func (d *DB) recycle(b *batch) {
	if cap(b.buf) > maxBatch {
		return
	}
	select {
	case d.batches <- b:
	default:
	}
}

// join puts the entry into a batch, and says whether the caller leads it.
//
//hone:hide log
func (d *DB) join(kind byte, key, value []byte) (b *batch, lead bool) {
	hash := d.keys.hash(key)
	d.joining.Lock()         //hone:line group
	defer d.joining.Unlock() //hone:line group
	// At most what one segment can take: the batch is written in one piece.
	most := min(maxBatch, d.opts.SegmentSize-headerSize)                                      //hone:line group
	if b := d.pending; b != nil && int64(len(b.buf)+headerSize+len(key)+len(value)) <= most { //hone:line group
		d.pending.add(hash, kind, key, value)
		return d.pending, false
	}
	select {
	case b = <-d.batches:
	default:
		b = new(batch)
	}
	b.buf, b.hashes, b.err = b.buf[:0], b.hashes[:0], nil
	b.done.Add(1) //hone:line group
	b.add(hash, kind, key, value)
	d.pending = b //hone:line group
	return b, true
}

//hone:hide log
func (b *batch) add(hash uint64, kind byte, key, value []byte) {
	b.members.Add(1) //hone:line group
	b.buf = appendFrame(b.buf, kind, key, value)
	b.hashes = append(b.hashes, hash)
}

// flush writes the batch when its turn comes.
//
//hone:hide log
func (d *DB) flush(b *batch) error {
	d.commit.Lock()
	defer d.commit.Unlock()
	d.gather(b) //hone:line group
	return d.append(b)
}

// gather closes the batch to newcomers. The members of the batch before have
// just been woken and are about to put again; if this leader wrote at once, it
// would take an fsync for itself alone and all of them would share the next, so
// every other fsync would be wasted. So it lets other goroutines run for as long
// as that makes the batch grow: with 64 writers on two cores that is 55 puts for
// an fsync instead of 32 (TestGroup_CountsOnTheRealDisk shows the figure). With
// nobody else about it is one Gosched. Its price: beside goroutines that compute
// without end, a put may wait for a turn of theirs.
//
//hone:hide group
func (d *DB) gather(b *batch) {
	for grown := 0; ; {
		d.joining.Lock()
		n := len(b.hashes)
		if n == grown {
			if d.pending == b {
				d.pending = nil
			}
			d.joining.Unlock()
			return
		}
		d.joining.Unlock()
		grown = n
		runtime.Gosched()
	}
}

// writable says why the log may not be written to, if it may not.
//
//hone:hide log
func (d *DB) writable() error {
	d.index.RLock()
	defer d.index.RUnlock()
	if d.failed != nil { //hone:line durable
		return d.failed
	}
	if d.closed {
		return ErrClosed
	}
	return nil
}

// append writes, syncs, publishes: in this order. What is not durable is not
// visible, so nobody can act on a value that a crash then takes back.
//
//hone:hide log
func (d *DB) append(b *batch) error {
	if err := d.writable(); err != nil {
		return err
	}
	if d.end != 0 && d.end+int64(len(b.buf))+headerSize > d.opts.SegmentSize {
		if err := d.roll(); err != nil {
			return err
		}
	}
	start := d.end
	for rest, at := b.buf, start; len(rest) != 0; { //hone:line frame
		size := measure(rest)
		stamp(rest[:size], d.active.seed, at, d.synced)
		rest, at = rest[size:], at+size
	}
	if err := d.put(b.buf); err != nil {
		return err
	}
	if !d.opts.NoSync {
		if err := d.sync(); err != nil {
			return err
		}
	}
	d.publish(b, start)
	return nil
}

// put writes frames at the end of the active segment.
//
//hone:hide log
func (d *DB) put(frames []byte) error {
	d.marked = false //hone:line frame
	if _, err := d.active.file.WriteAt(frames, d.end); err != nil {
		return d.takeBack(fmt.Errorf("write %s: %w", d.active.name, err))
	}
	d.end += int64(len(frames))
	return nil
}

// takeBack is what a failed write comes to.
//
//hone:hide log
func (d *DB) takeBack(cause error) error {
	// What it left is cut off. A full disk is not the end: nothing of this write
	// was promised. But half a frame must not stand before the next one; and whole
	// frames, of callers that are about to be told no, must not come back after a
	// power cut, for a delete that finds none of their keys writes nothing. So the
	// cut is synced.
	err := d.active.file.Truncate(d.end) //hone:line durable
	if err == nil {                      //hone:line durable
		err = d.active.file.Sync()
	}
	if err != nil { //hone:line durable
		return d.fail(errors.Join(cause, err))
	}
	return cause
}

// sync makes the active segment durable. A failed fsync is final: asked again
// the kernel may say nil about pages that it threw away (LWN 752063, "fsyncgate").
//
//hone:hide log
func (d *DB) sync() error {
	if d.synced == d.end { //hone:line durable
		return nil
	}
	if err := d.active.file.Sync(); err != nil { //hone:line durable
		return d.fail(fmt.Errorf("sync %s: %w", d.active.name, err))
	}
	d.synced = d.end //hone:line frame
	return nil
}

// fail ends all writing until the next Open.
//
//hone:hide durable
func (d *DB) fail(cause error) error {
	d.index.Lock()
	defer d.index.Unlock()
	d.failed = fmt.Errorf("%w: %w", ErrFailed, cause)
	return d.failed
}

// keyOf is the key of a frame of our own making.
//
//hone:hide log
func keyOf(raw []byte) []byte {
	return raw[headerSize:][:binary.LittleEndian.Uint16(raw[12:])]
}

// publish makes the batch's entries visible, all at once.
//
//hone:hide log
func (d *DB) publish(b *batch, start int64) {
	d.index.Lock()
	defer d.index.Unlock()
	rest := b.buf
	for _, hash := range b.hashes {
		size := measure(rest)
		f := frame{kind: rest[14], key: keyOf(rest)}
		d.apply(hash, &f, place{off: start, seg: d.active.slot, size: uint32(size)})
		start, rest = start+size, rest[size:]
	}
	d.active.size = start
}

// roll makes the active segment immutable and begins the next one.
//
//hone:hide log
func (d *DB) roll() error {
	if err := d.seal(); err != nil {
		return err
	}
	return d.create(d.active.id + 1)
}

// seal makes the active segment durable and ends it with a mark that says so.
//
//hone:hide log
func (d *DB) seal() error {
	if err := d.sync(); err != nil || d.marked || d.end == 0 { //hone:line frame
		return err
	}
	mark := appendFrame(nil, kindMark, nil, nil) //hone:line frame
	stamp(mark, d.active.seed, d.end, d.end)     //hone:line frame
	if err := d.put(mark); err != nil {          //hone:line frame
		return err
	}
	d.marked = true       //hone:line frame
	d.index.Lock()        //hone:line frame
	d.active.size = d.end //hone:line frame
	d.index.Unlock()      //hone:line frame
	return d.sync()
}
