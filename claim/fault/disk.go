package fault

import (
	"io/fs"
	"maps"
	"os"
	"path"
	"slices"
	"syscall"
	"time"
)

// Sector is the unit that a disk writes whole or not at all, in bytes.
const Sector = 512

// versions is the most unsynced versions of one sector that are kept for
// KeepRandom to choose from; with more, the oldest go.
const versions = 8

// A node is a file or a directory, in both states.
//
// For a file, dirty holds what each sector has been since it was last durable,
// oldest version first. Any one of them may be on the disk after a crash: the
// operating system writes pages back when it likes, so a later version of one
// sector can be there without an earlier version of its neighbour. sizes does the
// same for the file's size.
type node struct {
	mode  fs.FileMode
	mtime time.Time

	data    []byte // volatile content
	durable []byte // content after a crash that keeps only what was synced
	dirty   map[int64][][]byte
	lost    map[int64][][]byte // versions that a failed sync marked clean
	sizes   []int64

	entries        map[string]*node // volatile names; nil for a file
	durableEntries map[string]*node
}

func newDir(perm os.FileMode) *node {
	return &node{
		mode:           fs.ModeDir | perm.Perm(),
		entries:        map[string]*node{},
		durableEntries: map[string]*node{},
	}
}

func (n *node) dir() bool { return n.entries != nil }

// An entryChange is one change of names, atomic however many names it touches.
// A rename that replaces a file is three: the old name goes, the replaced file
// goes, the new name comes.
type entryChange []entry

type entry struct {
	dir  *node
	name string
	node *node
	link bool // the name comes, otherwise it goes
}

// A state tells which of its two sets of names a directory answers with.
type state func(*node) map[string]*node

func volatile(n *node) map[string]*node { return n.entries }
func durable(n *node) map[string]*node  { return n.durableEntries }

func (c entryChange) apply(in state) {
	for _, e := range c {
		if e.link {
			in(e.dir)[e.name] = e.node
		} else if in(e.dir)[e.name] == e.node {
			delete(in(e.dir), e.name)
		}
	}
}

// concerns reports whether the change touches a name in dir or one of the nodes.
func (c entryChange) concerns(dir *node, nodes map[*node]bool) bool {
	return slices.ContainsFunc(c, func(e entry) bool { return e.dir == dir || nodes[e.node] })
}

// commit makes durable what the journal has for dir, together with the earlier
// changes of the same files: a file renamed into dir must have left its old name,
// or it would have two. It returns the rest of the journal.
func commit(journal []entryChange, dir *node) []entryChange {
	nodes := map[*node]bool{}
	due := make([]bool, len(journal))
	for i, c := range slices.Backward(journal) {
		if due[i] = c.concerns(dir, nodes); due[i] {
			for _, e := range c {
				nodes[e.node] = true
			}
		}
	}
	var rest []entryChange
	for i, c := range journal {
		if due[i] {
			c.apply(durable)
		} else {
			rest = append(rest, c)
		}
	}
	return rest
}

// write puts p at op.Off, as far as the faults and the capacity let it.
func (f *FS) write(n *node, op Op, p []byte) (int, error) {
	err := f.ask(op)
	if torn, ok := err.(Torn); ok {
		p = p[:min(max(torn.Keep, 0), len(p))]
		err = torn.Unwrap()
	} else if err != nil {
		return 0, err
	}
	end := op.Off + int64(len(p))
	if grow := end - int64(len(n.data)); grow > f.room() {
		err = syscall.ENOSPC
		p = p[:max(0, int64(len(p))-(grow-f.room()))]
		end = op.Off + int64(len(p))
	}
	if len(p) == 0 {
		return 0, err
	}
	if end > int64(len(n.data)) {
		f.resize(n, end)
	}
	copy(n.data[op.Off:], p)
	n.touch(op.Off, end)
	n.mtime = f.now()
	return len(p), err
}

// touch notes a new version of every sector in [from, to).
func (n *node) touch(from, to int64) {
	if n.dirty == nil {
		n.dirty = map[int64][][]byte{}
	}
	for s := from / Sector; s*Sector < to; s++ {
		v := append(n.dirty[s], slices.Clone(n.sector(s)))
		n.dirty[s] = v[max(0, len(v)-versions):]
	}
}

func (n *node) sector(s int64) []byte {
	return n.data[min(s*Sector, int64(len(n.data))):min((s+1)*Sector, int64(len(n.data)))]
}

func (n *node) resize(size int64) {
	old := int64(len(n.data))
	if size <= old {
		clear(n.data[size:])
		n.data = n.data[:size]
	} else {
		n.data = resized(n.data, size)
	}
	n.sizes = append(n.sizes, size)
	if size < old && size%Sector != 0 {
		n.touch(size, size+1) // the rest of the last sector became zeros
	}
	if under := min(size, int64(len(n.durable))); under > old {
		n.touch(old, under) // zeros over what is still on the disk there
	}
}

// sync makes the content of n durable, or, when it fails, marks it clean.
func (f *FS) sync(n *node, name string) error {
	if err := f.ask(Op{Kind: OpSync, Name: name}); err != nil {
		if f.power {
			n.forget()
		}
		return err
	}
	f.syncs++
	n.sync()
	return nil
}

func (n *node) sync() {
	n.durable = resized(n.durable, int64(len(n.data)))
	for s := range n.dirty {
		copy(n.durable[min(s*Sector, int64(len(n.durable))):], n.sector(s))
		delete(n.lost, s)
	}
	n.dirty, n.sizes = nil, nil
}

// forget is what a failed fsync does: the dirty sectors become clean without
// having been written. They stay possible after a crash, for some may have been
// written before the error.
func (n *node) forget() {
	if n.lost == nil {
		n.lost = map[int64][][]byte{}
	}
	for s, v := range n.dirty {
		v = append(n.lost[s], v...)
		n.lost[s] = v[max(0, len(v)-versions):]
	}
	n.dirty = nil
}

// resized sets the length of b; what is added is zero. Capacity grows as append
// grows it, so that appending and syncing in turn stays linear.
func resized(b []byte, size int64) []byte {
	old := int64(len(b))
	if size <= old {
		return b[:size]
	}
	b = slices.Grow(b, int(size-old))[:size]
	clear(b[old:])
	return b
}

func (n *node) list() []fs.DirEntry {
	var list []fs.DirEntry
	for _, name := range slices.Sorted(maps.Keys(n.entries)) {
		list = append(list, fs.FileInfoToDirEntry(n.entries[name].info(name)))
	}
	return list
}

func (n *node) info(name string) fs.FileInfo {
	return info{name: name, size: int64(len(n.data)), mode: n.mode, mtime: n.mtime}
}

type info struct {
	name  string
	size  int64
	mode  fs.FileMode
	mtime time.Time
}

func (i info) Name() string       { return i.name }
func (i info) Size() int64        { return i.size }
func (i info) Mode() fs.FileMode  { return i.mode }
func (i info) ModTime() time.Time { return i.mtime }
func (i info) IsDir() bool        { return i.mode.IsDir() }
func (i info) Sys() any           { return nil }

func base(name string) string { return path.Base(name) }
