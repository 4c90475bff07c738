package bitcask

import (
	"encoding/binary"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
)

// The log is a sequence of segments, files that only ever grow; the newest is
// the active one. A segment is a sequence of frames:
//
//	crc     4  Castagnoli, of all that follows, begun with the frame's own place
//	synced  4  offset in this segment below which all was durable at the write
//	value   4  length of the value
//	key     2  length of the key
//	kind    1  put, delete or mark
//	zero    1
//	key, value
//
// Three of these fields are there for what comes after a crash.
//
// The checksum covers the lengths, so a rotten length cannot send the reader
// into the middle of a value. It is begun with the segment's number and the
// offset, so that a frame is valid in one place only: a value that happens to
// hold a piece of a log, or a block that the disk wrote to the wrong place, is
// never taken for a frame.
//
// synced tells a torn tail from rot. Both look the same, a frame that does not
// check; and after a power cut valid frames may well follow an invalid one, as
// the disk writes sectors in any order. But a later frame that says "all below
// X was durable when I was written" proves that a bad frame below X was once
// whole: that is rot, and cutting the log there would silently drop what was
// promised. Where no frame says so the bad one was never acknowledged: cut.
// What no format can tell is rot in the last batch before a crash: nothing was
// written after it. So the last frame of a segment that is closed in peace is a
// mark, which says that everything before it was durable.
//
//hone:hide log
type frame struct {
	kind       byte
	synced     int64 //hone:line frame
	key, value []byte
	size       int64
}

const headerSize = 16 //hone:line log

//hone:hide log
const (
	kindPut    = 1
	kindDelete = 2
	kindMark   = 3 //hone:line frame
)

// appendFrame appends an unstamped frame.
//
//hone:hide log
func appendFrame(dst []byte, kind byte, key, value []byte) []byte {
	var h [headerSize]byte
	binary.LittleEndian.PutUint32(h[8:], uint32(len(value)))
	binary.LittleEndian.PutUint16(h[12:], uint16(len(key)))
	h[14] = kind
	dst = append(dst, h[:]...)
	dst = append(dst, key...)
	return append(dst, value...)
}

// stamp completes the frame at the start of raw once its place is known.
//
//hone:hide frame
func stamp(raw []byte, seed uint32, off, synced int64) {
	binary.LittleEndian.PutUint32(raw[4:], uint32(synced))
	binary.LittleEndian.PutUint32(raw, checksum(raw, seed, off))
}

// checksum begins the CRC with a hash of the place. A CRC is linear: for one
// content two beginnings never give one sum.
//
//hone:hide frame
func checksum(raw []byte, seed uint32, off int64) uint32 {
	place := (uint64(seed)<<40 ^ uint64(off)) * 0x9e3779b97f4a7c15
	return crc32.Update(uint32(place>>32), castagnoli, raw[4:])
}

//hone:hide frame
var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// measure reads the length of a frame from its header. Nothing in it is believed
// beyond that before the checksum is: then nothing in it can be wrong.
//
//hone:hide log
func measure(h []byte) int64 {
	return headerSize + int64(binary.LittleEndian.Uint16(h[12:])) + int64(binary.LittleEndian.Uint32(h[8:]))
}

// decode reads the frame that is all of raw and should stand at off.
//
//hone:hide log
func decode(raw []byte, seed uint32, off int64) (frame, bool) {
	size := measure(raw)
	if size != int64(len(raw)) {
		return frame{}, false
	}
	if binary.LittleEndian.Uint32(raw) != checksum(raw, seed, off) { //hone:line frame
		return frame{}, false
	}
	value := headerSize + int(binary.LittleEndian.Uint16(raw[12:]))
	f := frame{kind: raw[14], key: raw[headerSize:value:value], value: raw[value:], size: size}
	f.synced = int64(binary.LittleEndian.Uint32(raw[4:])) //hone:line frame
	return f, true
}

// A segment is one file. Its owner is DB.segs; readers pin it. The file closes
// with the last hold, and goes from the disk then if it has been retired.
//
//hone:hide log
type segment struct {
	id   uint32
	base bool   //hone:line compact
	seed uint32 // tells checksums of this file from those of any other
	slot uint32 // index in DB.segs
	name string
	file File
	size int64 // bytes of frames; guarded by DB.index

	pins    atomic.Int32
	retired func() //hone:line compact
}

//hone:hide log
func (s *segment) pin() { s.pins.Add(1) }

//hone:hide log
func (s *segment) unpin() {
	if s.pins.Add(-1) > 0 {
		return
	}
	s.file.Close()        // every byte that matters was synced before
	if s.retired != nil { //hone:line compact
		s.retired()
	}
}

//hone:hide log
func (s *segment) corrupt(off int64) error {
	return fmt.Errorf("%w: %s at offset %d", ErrCorrupt, s.name, off)
}

// A window reads a file front to back, and never back, through one buffer.
//
//hone:hide log
type window struct {
	file File
	size int64 // bytes of the file to look at
	buf  []byte
	at   int64 // offset of buf[0]
}

const windowSize = 256 << 10 //hone:line log

// view returns the n bytes at off, valid until the next view. They must lie
// inside the window's file, so a rotten length costs no more than the file.
//
//hone:hide log
func (w *window) view(off, n int64) ([]byte, error) {
	if off+n > w.at+int64(len(w.buf)) {
		want := int(min(max(n, windowSize), w.size-off))
		w.at, w.buf = off, slices.Grow(w.buf[:0], want)[:want]
		if got, err := w.file.ReadAt(w.buf, off); got < want {
			return nil, err
		}
	}
	return w.buf[off-w.at:][:n], nil
}

// frame reads the frame at off. Bytes that are no frame are not an error but
// !ok; an error is the disk's, and nothing may be concluded from it.
//
//hone:hide log
func (w *window) frame(seed uint32, off int64) (frame, bool, error) {
	if off+headerSize > w.size {
		return frame{}, false, nil
	}
	h, err := w.view(off, headerSize)
	if err != nil {
		return frame{}, false, err
	}
	size := measure(h)
	if off+size > w.size {
		return frame{}, false, nil
	}
	raw, err := w.view(off, size)
	if err != nil {
		return frame{}, false, err
	}
	f, ok := decode(raw, seed, off)
	return f, ok, nil
}

// load opens the segments and replays them, oldest first.
//
//hone:hide log
func (d *DB) load() error {
	names, err := d.fs.List(d.dir)
	if err != nil {
		return err
	}
	var logs []uint32
	for _, name := range names {
		if id, ok := parseName(name, ".log"); ok {
			logs = append(logs, id)
		}
	}
	slices.Sort(logs)
	first := uint32(1)
	base, err := d.clean(names) //hone:line compact
	if err != nil {             //hone:line compact
		return err
	}
	if base > 0 { //hone:line compact
		if err := d.replay(&segment{id: base, base: true}, false); err != nil {
			return err
		}
		first = base + 1
		logs = slices.DeleteFunc(logs, func(id uint32) bool { return id <= base })
	}
	if len(logs) == 0 && first == 1 {
		return d.create(first)
	}
	// Each segment was made durable before the next was made, so a hole in the
	// numbers was not left by a crash.
	for i, want := 0, first; i == 0 || i < len(logs); i, want = i+1, want+1 { //hone:line frame
		if len(logs) == 0 || logs[i] != want {
			return fmt.Errorf("%w: %s is missing", ErrCorrupt, logName(want))
		}
	}
	for i, id := range logs {
		if err := d.replay(&segment{id: id}, i == len(logs)-1); err != nil {
			return err
		}
	}
	return nil
}

//hone:hide log
func logName(id uint32) string { return fmt.Sprintf("%08d.log", id) }

// parseName is strict: "1.log" and "00000001.log~" are not ours.
//
//hone:hide log
func parseName(name, suffix string) (uint32, bool) {
	id, _ := strconv.ParseUint(strings.TrimSuffix(name, suffix), 10, 32)
	return uint32(id), id > 0 && name == fmt.Sprintf("%08d", id)+suffix
}

// attach opens the file of seg and gives it its place in d.segs.
//
//hone:hide log
func (d *DB) attach(seg *segment, flag int) error {
	seg.name, seg.seed = logName(seg.id), seg.id<<1
	if seg.base { //hone:line compact
		seg.name, seg.seed = baseName(seg.id), seg.id<<1|1
	}
	file, err := d.fs.OpenFile(filepath.Join(d.dir, seg.name), flag, 0o666)
	if err != nil {
		return err
	}
	seg.file = file
	seg.pin()
	d.index.Lock()
	seg.slot = uint32(len(d.segs))
	d.segs = append(d.segs, seg)
	d.index.Unlock()
	return nil
}

// create makes the next log file and makes it the active segment.
//
//hone:hide log
func (d *DB) create(id uint32) error {
	seg := &segment{id: id}
	if err := d.attach(seg, os.O_RDWR|os.O_CREATE|os.O_EXCL); err != nil {
		return err
	}
	// fsync of the file does not make its name durable; that is the
	// directory's content. Without this an acknowledged entry, itself safely
	// on the disk, can be in a file that nobody finds.
	if err := d.fs.SyncDir(d.dir); err != nil { //hone:line durable
		return d.fail(fmt.Errorf("sync %s: %w", d.dir, err))
	}
	d.active, d.end = seg, 0
	d.synced = 0 //hone:line frame
	return nil
}

// replay reads a segment into the keydir. The last one becomes the active
// segment, and it alone may end in a torn frame.
//
//hone:hide log
func (d *DB) replay(seg *segment, last bool) error {
	if err := d.attach(seg, os.O_RDWR); err != nil {
		return err
	}
	size, err := seg.file.Size()
	if err != nil {
		return err
	}
	w := window{file: seg.file, size: size}
	var off int64
	var synced int64 //hone:line frame
	var marked bool  //hone:line frame
	for {
		f, ok, err := w.frame(seg.seed, off)
		if err != nil {
			return fmt.Errorf("read %s: %w", seg.name, err)
		}
		if !ok {
			break
		}
		d.apply(d.keys.hash(f.key), &f, place{off: off, seg: seg.slot, size: uint32(f.size)})
		synced, marked = max(synced, f.synced), f.kind == kindMark //hone:line frame
		off += f.size
	}
	seg.size = off
	if !last {
		if off < size || !marked { //hone:line frame
			return seg.corrupt(off)
		}
		return nil
	}
	d.active, d.end = seg, off
	d.marked = marked                          //hone:line frame
	if err := d.mend(&w, synced); err != nil { //hone:line frame
		return err
	}
	return nil
}

// apply is what a frame means for the keydir.
//
//hone:hide log
func (d *DB) apply(hash uint64, f *frame, at place) {
	switch f.kind {
	case kindPut:
		d.keys.set(hash, f.key, at)
	case kindDelete:
		d.keys.remove(hash, f.key)
	}
}

// mend makes the active segment, valid up to d.end and durable at least up to
// synced, fit for appending: it judges what follows d.end and cuts it, and
// makes durable what was perhaps not.
//
//hone:hide frame
func (d *DB) mend(w *window, synced int64) error {
	// Anything may follow a bad frame, so every offset is tried. The stamp, which has
	// to name something between the bad frame and its own place, is looked at before
	// the checksum and turns away nearly all of them.
	for off := d.end; off+headerSize <= w.size; off++ {
		h, err := w.view(off, headerSize)
		if err != nil {
			return fmt.Errorf("read %s: %w", d.active.name, err)
		}
		if s := int64(binary.LittleEndian.Uint32(h[4:])); s <= d.end || s > off {
			continue
		}
		_, ok, err := w.frame(d.active.seed, off)
		if err != nil {
			return fmt.Errorf("read %s: %w", d.active.name, err)
		}
		if ok {
			return d.active.corrupt(d.end)
		}
	}
	if d.torn = w.size - d.end; d.torn != 0 {
		// Not left for the next write to cover: a shorter frame would leave
		// the rest of the old one behind itself.
		if err := d.active.file.Truncate(d.end); err != nil {
			return fmt.Errorf("cut %s: %w", d.active.name, err)
		}
	}
	return d.rewrite(synced)
}

// rewrite writes the frames above synced once more, over themselves, and syncs.
// They are readable, but perhaps in memory only: if an fsync of the previous
// opener failed, the kernel holds them in pages that it believes clean, and
// fsync alone would return nil and write nothing. Whoever reads them from now
// on must not see them vanish. A crash in here leaves every sector with its old
// content or its new, which are the same.
//
//hone:hide frame
func (d *DB) rewrite(synced int64) error {
	w := window{file: d.active.file, size: d.end} //hone:line durable
	for off := synced; off < d.end; {             //hone:line durable
		raw, err := w.view(off, min(d.end-off, windowSize))
		if err == nil {
			_, err = d.active.file.WriteAt(raw, off)
		}
		if err != nil {
			return fmt.Errorf("rewrite %s: %w", d.active.name, err)
		}
		off += int64(len(raw))
	}
	return d.sync()
}
