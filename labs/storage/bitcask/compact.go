package bitcask

import (
	"fmt"
	"os"
	"path/filepath"
)

// A compaction copies what is live in the closed segments 1…n into one file,
// the base n, which stands in for all of them.
//
// The commit point is one rename, of a finished and synced temporary file to
// its name. The name carries the whole decision: "base n" means that every log
// up to n, and every older base, is dead. So there is nothing to keep in step;
// a crash before the rename leaves a temporary file, one after it leaves dead
// files, and the next Open removes either. The dead may vanish in any order
// (nobody syncs the removals), which is what makes it safe to drop deletes: a
// put that comes back from the dead without the delete that followed it stands
// in a log that the base outranks.
//
// The order of syncs is the algorithm: the base's content before the rename,
// the rename before the first removal.
//
// Readers and writers go on. Closed segments do not change, so no lock is held
// while they are copied. An entry is live if the keydir points to exactly this
// place, and an entry that was overwritten during the copy is told by the same
// question, asked again at the switch.
//
// All live data is rewritten each time. Choosing the segments with most garbage
// would write less and need a manifest of what is live: that is the LSM lab.
//
//hone:hide compact
type merge struct {
	d     *DB
	old   []*segment
	id    uint32
	seed  uint32
	file  File
	end   int64
	buf   []byte
	moves []move
}

// A move is a frame's old place and its offset in the base.
//
//hone:hide compact
type move struct {
	hash uint64
	from place
	to   int64
}

const (
	mergeName   = "merge.tmp" //hone:line compact
	mergeBuffer = 1 << 20     //hone:line compact
	moveAtOnce  = 1 << 10     //hone:line compact
)

//hone:hide compact
func baseName(id uint32) string { return fmt.Sprintf("%08d.base", id) }

// clean removes what an interrupted compaction left, and returns the number of
// the base, 0 if there is none.
//
//hone:hide compact
func (d *DB) clean(names []string) (base uint32, err error) {
	for _, name := range names {
		if id, ok := parseName(name, ".base"); ok {
			base = max(base, id)
		}
	}
	for _, name := range names {
		log, isLog := parseName(name, ".log")
		old, isBase := parseName(name, ".base")
		if name == mergeName || isLog && log <= base || isBase && old < base {
			if err := d.fs.Remove(filepath.Join(d.dir, name)); err != nil {
				return 0, err
			}
		}
	}
	return base, nil
}

// Compact gives back the space of entries that were overwritten or deleted. It
// needs free space for a copy of what is live. Other operations go on
// meanwhile; a second Compact waits. When it fails, nothing has changed but the
// number of files.
//
//hone:stage compact
func (d *DB) Compact() error {
	d.merging.Lock()
	defer d.merging.Unlock()
	m, err := d.freeze()
	if err != nil || m == nil {
		return err
	}
	if err := m.copy(); err != nil {
		// Not of interest if this fails too: the next Open tries again.
		d.fs.Remove(filepath.Join(d.dir, mergeName))
		return fmt.Errorf("compact %s: %w", d.dir, err)
	}
	if err := m.install(); err != nil {
		return fmt.Errorf("compact %s: %w", d.dir, err)
	}
	return nil
}

// freeze closes the active segment, so that all that holds data is immutable.
// It returns nil if there is nothing to gain.
//
//hone:hide compact
func (d *DB) freeze() (*merge, error) {
	d.commit.Lock()
	defer d.commit.Unlock()
	if err := d.writable(); err != nil {
		return nil, err
	}
	if d.end != 0 {
		if err := d.roll(); err != nil {
			return nil, err
		}
	}
	m := &merge{d: d, id: d.active.id - 1}
	m.seed = m.id<<1 | 1
	for _, seg := range d.segs {
		if seg != nil && seg != d.active {
			m.old = append(m.old, seg)
		}
	}
	// A base alone has nothing dead in it: whatever outdates an entry is a frame in a log.
	if len(m.old) == 0 || len(m.old) == 1 && m.old[0].base {
		return nil, nil
	}
	return m, nil
}

// copy writes the live frames of the old segments to the temporary file and
// makes it durable.
//
//hone:hide compact
func (m *merge) copy() (err error) {
	name := filepath.Join(m.d.dir, mergeName)
	m.file, err = m.d.fs.OpenFile(name, os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return err
	}
	defer m.file.Close() // synced before, where that matters
	for _, seg := range m.old {
		if err := m.copySegment(seg); err != nil {
			return err
		}
	}
	m.add(kindMark, nil, nil)
	if err := m.flush(); err != nil {
		return err
	}
	return m.file.Sync()
}

//hone:hide compact
func (m *merge) copySegment(seg *segment) error {
	w := window{file: seg.file, size: seg.size}
	for off := int64(0); off < seg.size; {
		f, ok, err := w.frame(seg.seed, off)
		if err != nil {
			return fmt.Errorf("read %s: %w", seg.name, err)
		}
		if !ok {
			return seg.corrupt(off) // copying it would give rot a valid checksum
		}
		at := place{off: off, seg: seg.slot, size: uint32(f.size)}
		off += f.size
		hash := m.d.keys.hash(f.key)
		m.d.index.RLock()
		live := m.d.keys.at(hash, at) != nil // which a delete or a mark never is
		closed := m.d.closed
		m.d.index.RUnlock()
		if closed {
			return ErrClosed // Close is waiting for us
		}
		if !live {
			continue
		}
		m.moves = append(m.moves, move{hash: hash, from: at, to: m.end + int64(len(m.buf))})
		m.add(f.kind, f.key, f.value)
		if len(m.buf) >= mergeBuffer {
			if err := m.flush(); err != nil {
				return err
			}
		}
	}
	return nil
}

// add appends a frame, stamped for its new place.
//
//hone:hide compact
func (m *merge) add(kind byte, key, value []byte) {
	at := len(m.buf)
	m.buf = appendFrame(m.buf, kind, key, value)
	stamp(m.buf[at:], m.seed, m.end+int64(at), 0)
}

//hone:hide compact
func (m *merge) flush() error {
	if _, err := m.file.WriteAt(m.buf, m.end); err != nil {
		return err
	}
	m.end += int64(len(m.buf))
	m.buf = m.buf[:0]
	return nil
}

// install commits the base and moves the readers over to it.
//
//hone:hide compact
func (m *merge) install() error {
	d := m.d
	if err := d.fs.Rename(filepath.Join(d.dir, mergeName), filepath.Join(d.dir, baseName(m.id))); err != nil {
		return err
	}
	if err := d.fs.SyncDir(d.dir); err != nil {
		return d.fail(fmt.Errorf("sync %s: %w", d.dir, err))
	}
	seg := &segment{id: m.id, base: true, size: m.end}
	if err := d.attach(seg, os.O_RDWR); err != nil {
		return err // committed all the same: the next Open will find it
	}
	// A thousand at a time, so that nobody waits long. In between some keys
	// are read from the old files and some from the new; both are there.
	for moves := m.moves; len(moves) > 0; {
		n := min(len(moves), moveAtOnce)
		d.index.Lock()
		for _, mv := range moves[:n] {
			if s := d.keys.at(mv.hash, mv.from); s != nil {
				s.place = place{off: mv.to, seg: seg.slot, size: mv.from.size}
			}
		}
		d.index.Unlock()
		moves = moves[n:]
	}
	for _, old := range m.old {
		old.retired = func() {
			// A file that stays is dead, and goes at the next Open.
			d.fs.Remove(filepath.Join(d.dir, old.name))
		}
		d.index.Lock()
		d.segs[old.slot] = nil
		d.index.Unlock()
		old.unpin()
	}
	return nil
}
