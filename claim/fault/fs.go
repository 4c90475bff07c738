package fault

import (
	"errors"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"
)

// FS is a file system in memory that can lose power, run full and fail on
// purpose. The zero value is not usable; make one with [NewFS]. Its methods may
// be called concurrently. Names are slash-separated and cleaned; "/a", "a" and
// "./a" are the same file.
//
// It keeps two states side by side. The volatile one is what the program sees.
// The durable one is what survives a power cut for certain, and only two calls
// move anything into it:
//
//   - [File.Sync] makes the content and size of that file durable, and nothing
//     about its name;
//   - [FS.SyncDir], or Sync on an open directory, makes the names in that
//     directory durable: what was created, removed and renamed there.
//
// That is what POSIX promises, and what fsync(2) says in as many words: "Calling
// fsync() does not necessarily ensure that the entry in the directory containing
// the file has also reached disk." Between the two states lies everything the
// operating system was free to write or not; [FS.Crash] chooses.
//
// A sector of 512 bytes is written whole or not at all. A rename is atomic: after
// a crash either the old names are there or the new one. Permissions are kept
// but not enforced; there are no links.
type FS struct {
	mu      sync.Mutex
	root    *node
	journal []entryChange // changes to names that are not durable yet, oldest first

	log   []Op // every operation so far
	syncs int  // of which succeeded: Sync and SyncDir
	fail  func(Op) error
	limit int64 // bytes of file content, < 0 = none
	power bool  // false once power is cut by Crashes
}

// NewFS returns an empty file system with a root directory.
func NewFS() *FS {
	return &FS{root: newDir(0o755), limit: -1, power: true}
}

// OpKind is the kind of an operation that changes the file system or makes a
// change durable.
type OpKind string

const (
	OpCreate   OpKind = "create" // OpenFile of a file that was not there
	OpMkdir    OpKind = "mkdir"
	OpWrite    OpKind = "write"
	OpTruncate OpKind = "truncate"
	OpSync     OpKind = "sync"
	OpSyncDir  OpKind = "syncdir"
	OpRename   OpKind = "rename"
	OpRemove   OpKind = "remove"
)

// An Op is one operation. Opening, reading, seeking and closing are not
// operations in this sense: they leave the disk as it was.
type Op struct {
	N    int // 1 for the first operation of this FS
	Kind OpKind
	Name string // cleaned, without a leading slash; the old name of a rename
	To   string // the new name of a rename
	Off  int64  // of a write
	Len  int    // bytes of a write; new size of a truncate
}

// Torn, returned by the function given to [FS.Fail], lets the first Keep bytes
// of a write through and then fails it. The program sees a short count and Err,
// or EIO when Err is nil.
type Torn struct {
	Keep int
	Err  error
}

func (e Torn) Error() string { return "torn write: " + e.Unwrap().Error() }

// Unwrap returns the error that the program sees.
func (e Torn) Unwrap() error {
	if e.Err != nil {
		return e.Err
	}
	return syscall.EIO
}

// ErrPowerLost is the error of every operation after the power was cut.
var ErrPowerLost = errors.New("power lost")

// Fail sets the function that decides about every operation before it happens.
// An error makes the operation fail with it, wrapped in [fs.PathError]; nil lets
// it pass. A [Torn] keeps part of a write. Fail(nil) ends it.
//
// A failed Sync behaves as Linux does since the "fsyncgate" of 2018: the data
// that could not be written is marked clean. Reading still shows it, the next
// Sync succeeds without writing it, and a crash loses it. Calling Sync again
// after an error is therefore no repair.
//
// The function is called with the file system locked; it must not call it.
func (f *FS) Fail(decide func(Op) error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.fail = decide
}

// Limit sets the capacity for file content in bytes. A write that does not fit
// keeps what does and fails with ENOSPC. A negative limit is none.
func (f *FS) Limit(bytes int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.limit = bytes
}

// Ops returns the number of operations so far, failed ones included.
func (f *FS) Ops() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.log)
}

// Syncs returns the number of successful calls of Sync and SyncDir so far.
func (f *FS) Syncs() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.syncs
}

// Log returns the operations so far, oldest first.
func (f *FS) Log() []Op {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.log)
}

// ask records the operation and lets the faults decide. It is called before
// anything changes.
func (f *FS) ask(op Op) error {
	if !f.power {
		return ErrPowerLost
	}
	op.N = len(f.log) + 1
	f.log = append(f.log, op)
	if f.fail == nil {
		return nil
	}
	err := f.fail(op)
	if errors.Is(err, ErrPowerLost) {
		f.power = false
	}
	return err
}

// OpenFile opens a file or, for reading, a directory. Flags are those of package
// os: O_CREATE, O_EXCL, O_TRUNC and O_APPEND are obeyed, and O_SYNC makes every
// write a write and a sync. Truncating an existing file is an operation of its own.
func (f *FS) OpenFile(name string, flag int, perm os.FileMode) (*File, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = clean(name)
	n, err := f.open(name, flag, perm)
	if err != nil {
		return nil, pathError("open", name, err)
	}
	return &File{fs: f, node: n, name: name, flag: flag}, nil
}

const writable = os.O_WRONLY | os.O_RDWR

func (f *FS) open(name string, flag int, perm os.FileMode) (*node, error) {
	n, err := f.find(name)
	switch {
	case !f.power:
		return nil, ErrPowerLost
	case errors.Is(err, fs.ErrNotExist) && flag&os.O_CREATE != 0:
		return f.create(name, perm)
	case err != nil:
		return nil, err
	case flag&(os.O_CREATE|os.O_EXCL) == os.O_CREATE|os.O_EXCL:
		return nil, fs.ErrExist
	case n.dir() && flag&(writable|os.O_CREATE) != 0:
		return nil, syscall.EISDIR
	case flag&os.O_TRUNC != 0 && flag&writable != 0 && len(n.data) > 0:
		if err := f.ask(Op{Kind: OpTruncate, Name: name}); err != nil {
			return nil, err
		}
		f.resize(n, 0)
	}
	return n, nil
}

func (f *FS) create(name string, perm os.FileMode) (*node, error) {
	dir, err := f.parent(name)
	if err != nil {
		return nil, err
	}
	if err := f.ask(Op{Kind: OpCreate, Name: name}); err != nil {
		return nil, err
	}
	n := &node{mode: perm.Perm(), mtime: f.now()}
	f.change(entryChange{{dir, path.Base(name), n, true}})
	return n, nil
}

// MkdirAll makes a directory and the missing ones above it. Each one made is an
// operation.
func (f *FS) MkdirAll(name string, perm os.FileMode) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = clean(name)
	if name == "." {
		return nil
	}
	for i := range len(name) + 1 {
		if i < len(name) && name[i] != '/' {
			continue
		}
		if err := f.mkdir(name[:i], perm); err != nil {
			return pathError("mkdir", name[:i], err)
		}
	}
	return nil
}

func (f *FS) mkdir(name string, perm os.FileMode) error {
	if n, err := f.find(name); err == nil {
		if !n.dir() {
			return syscall.ENOTDIR
		}
		return nil
	}
	dir, err := f.parent(name)
	if err != nil {
		return err
	}
	if err := f.ask(Op{Kind: OpMkdir, Name: name}); err != nil {
		return err
	}
	n := newDir(perm)
	n.mtime = f.now()
	f.change(entryChange{{dir, path.Base(name), n, true}})
	return nil
}

// Rename moves a file or directory, atomically. A file at the new name is
// replaced; a directory there is an error, as it is for [os.Rename].
func (f *FS) Rename(from, to string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	from, to = clean(from), clean(to)
	if err := f.rename(from, to); err != nil {
		return &os.LinkError{Op: "rename", Old: from, New: to, Err: err}
	}
	return nil
}

func (f *FS) rename(from, to string) error {
	// In this order, for it decides which of several errors is seen.
	fromDir, err := f.parent(from)
	if err != nil {
		return err
	}
	toDir, err := f.parent(to)
	if err != nil {
		return err
	}
	n, err := f.find(from)
	if err != nil {
		return err
	}
	old := toDir.entries[path.Base(to)]
	switch {
	case old != nil && old.dir():
		return fs.ErrExist // as os.Rename has it
	case old == n:
		return nil
	case n.dir() && strings.HasPrefix(to, from+"/"):
		return syscall.EINVAL
	case old != nil && n.dir():
		return syscall.ENOTDIR
	}
	if err := f.ask(Op{Kind: OpRename, Name: from, To: to}); err != nil {
		return err
	}
	change := entryChange{{fromDir, path.Base(from), n, false}}
	if old != nil {
		change = append(change, entry{toDir, path.Base(to), old, false})
	}
	f.change(append(change, entry{toDir, path.Base(to), n, true}))
	return nil
}

// Remove removes a file or an empty directory. A file that is open stays usable.
func (f *FS) Remove(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = clean(name)
	if err := f.remove(name); err != nil {
		return pathError("remove", name, err)
	}
	return nil
}

func (f *FS) remove(name string) error {
	n, err := f.find(name)
	if err != nil {
		return err
	}
	dir, err := f.parent(name)
	if err != nil {
		return err
	}
	if len(n.entries) > 0 {
		return syscall.ENOTEMPTY
	}
	if err := f.ask(Op{Kind: OpRemove, Name: name}); err != nil {
		return err
	}
	f.change(entryChange{{dir, path.Base(name), n, false}})
	return nil
}

// Truncate sets the size of a file; what is added reads as zeros.
func (f *FS) Truncate(name string, size int64) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = clean(name)
	n, err := f.find(name)
	if err == nil {
		err = f.truncate(n, name, size)
	}
	if err != nil {
		return pathError("truncate", name, err)
	}
	return nil
}

func (f *FS) truncate(n *node, name string, size int64) error {
	switch {
	case n.dir():
		return syscall.EISDIR
	case size < 0:
		return syscall.EINVAL
	}
	if err := f.ask(Op{Kind: OpTruncate, Name: name, Len: int(size)}); err != nil {
		return err
	}
	if grow := size - int64(len(n.data)); grow > 0 && f.room() < grow {
		return syscall.ENOSPC
	}
	f.resize(n, size)
	return nil
}

// SyncDir makes the names in a directory durable. It does not make the content
// of the files durable, nor the directory's own name in its parent.
func (f *FS) SyncDir(name string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	name = clean(name)
	n, err := f.find(name)
	if err == nil && !n.dir() {
		err = syscall.ENOTDIR
	}
	if err == nil {
		err = f.syncDir(n, name)
	}
	if err != nil {
		return pathError("syncdir", name, err)
	}
	return nil
}

func (f *FS) syncDir(n *node, name string) error {
	if err := f.ask(Op{Kind: OpSyncDir, Name: name}); err != nil {
		return err
	}
	f.syncs++
	f.journal = commit(f.journal, n)
	return nil
}

// Stat describes a file or directory.
func (f *FS) Stat(name string) (fs.FileInfo, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.find(clean(name))
	if err != nil {
		return nil, pathError("stat", name, err)
	}
	return n.info(path.Base(clean(name))), nil
}

// ReadDir returns the entries of a directory in the order of their names.
func (f *FS) ReadDir(name string) ([]fs.DirEntry, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	n, err := f.find(clean(name))
	if err == nil && !n.dir() {
		err = syscall.ENOTDIR
	}
	if err != nil {
		return nil, pathError("readdir", name, err)
	}
	return n.list(), nil
}

// Open opens a file for reading. With it, an FS is an [fs.FS]: [fs.WalkDir] and
// [fs.ReadFile] work on it. As there, name must be valid by [fs.ValidPath].
func (f *FS) Open(name string) (fs.File, error) {
	if !fs.ValidPath(name) {
		return nil, pathError("open", name, fs.ErrInvalid)
	}
	file, err := f.OpenFile(name, os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	return file, nil
}

// find returns the node with the cleaned name.
func (f *FS) find(name string) (*node, error) {
	if !f.power {
		return nil, ErrPowerLost
	}
	n := f.root
	if name == "." {
		return n, nil
	}
	for part := range strings.SplitSeq(name, "/") {
		if !n.dir() {
			return nil, syscall.ENOTDIR
		}
		if n = n.entries[part]; n == nil {
			return nil, fs.ErrNotExist
		}
	}
	return n, nil
}

// parent returns the directory that holds the name.
func (f *FS) parent(name string) (*node, error) {
	if name == "." {
		return nil, fs.ErrInvalid
	}
	n, err := f.find(path.Dir(name))
	if err == nil && !n.dir() {
		err = syscall.ENOTDIR
	}
	return n, err
}

// change applies a change of names and notes that it is not durable.
func (f *FS) change(c entryChange) {
	c.apply(volatile)
	f.journal = append(f.journal, c)
}

// room is how many bytes of content fit. Files without a name do not count.
func (f *FS) room() int64 {
	if f.limit < 0 {
		return 1 << 62
	}
	return max(0, f.limit-used(f.root))
}

func (f *FS) resize(n *node, size int64) {
	n.resize(size)
	n.mtime = f.now()
}

// now is a clock that only operations move, so that a run is the same every time.
func (f *FS) now() time.Time { return time.Unix(int64(len(f.log)), 0).UTC() }

func clean(name string) string {
	name = path.Clean("/" + filepath.ToSlash(name))
	if name == "/" {
		return "."
	}
	return name[1:]
}

func pathError(op, name string, err error) error {
	return &fs.PathError{Op: op, Path: name, Err: err}
}
