package fault

import (
	"io"
	"io/fs"
	"os"
	"syscall"
)

// A File is an open file or directory of an [FS]. Its methods may be called
// concurrently, as those of [os.File].
type File struct {
	fs   *FS
	node *node
	name string
	flag int

	// Guarded by fs.mu.
	off    int64
	closed bool
	listed int // entries that ReadDir has returned
}

// Name returns the name that the file was opened with, cleaned.
func (f *File) Name() string { return f.name }

// Stat describes the file.
func (f *File) Stat() (fs.FileInfo, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("stat", 0); err != nil {
		return nil, err
	}
	return f.node.info(base(f.name)), nil
}

// Read reads from the file's offset and moves it.
func (f *File) Read(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n, err := f.readAt(p, f.off)
	f.off += int64(n)
	return n, err
}

// ReadAt reads at off. A short count comes with [io.EOF].
func (f *File) ReadAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	n, err := f.readAt(p, off)
	if err == nil && n < len(p) {
		err = io.EOF
	}
	return n, err
}

func (f *File) readAt(p []byte, off int64) (int, error) {
	switch err := f.usable("read", os.O_RDONLY); {
	case err != nil:
		return 0, err
	case f.node.dir():
		return 0, pathError("read", f.name, syscall.EISDIR)
	case off < 0:
		return 0, pathError("read", f.name, fs.ErrInvalid)
	case len(p) == 0:
		return 0, nil
	case off >= int64(len(f.node.data)):
		return 0, io.EOF
	}
	return copy(p, f.node.data[off:]), nil
}

// Write writes at the file's offset, or at the end under O_APPEND, and moves it.
func (f *File) Write(p []byte) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		f.off = int64(len(f.node.data))
	}
	n, err := f.writeAt(p, f.off)
	f.off += int64(n)
	return n, err
}

// WriteAt writes at off. A gap before off reads as zeros.
func (f *File) WriteAt(p []byte, off int64) (int, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.flag&os.O_APPEND != 0 {
		return 0, pathError("write", f.name, fs.ErrInvalid)
	}
	if len(p) == 0 && off >= 0 {
		return 0, nil // os.File makes no system call then, so nobody finds fault with the file
	}
	return f.writeAt(p, off)
}

func (f *File) writeAt(p []byte, off int64) (int, error) {
	if err := f.usable("write", os.O_WRONLY); err != nil {
		return 0, err
	}
	if off < 0 {
		return 0, pathError("write", f.name, fs.ErrInvalid)
	}
	if len(p) == 0 {
		return 0, nil
	}
	n, err := f.fs.write(f.node, Op{Kind: OpWrite, Name: f.name, Off: off, Len: len(p)}, p)
	if err == nil && f.flag&os.O_SYNC != 0 {
		err = f.fs.sync(f.node, f.name)
	}
	if err != nil {
		err = pathError("write", f.name, err)
	}
	return n, err
}

// Seek sets the offset of the next Read or Write.
func (f *File) Seek(offset int64, whence int) (int64, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("seek", 0); err != nil {
		return 0, err
	}
	switch whence {
	case io.SeekStart:
	case io.SeekCurrent:
		offset += f.off
	case io.SeekEnd:
		offset += int64(len(f.node.data))
	default:
		return 0, pathError("seek", f.name, syscall.EINVAL)
	}
	if offset < 0 {
		return 0, pathError("seek", f.name, syscall.EINVAL)
	}
	f.off = offset
	return offset, nil
}

// Sync makes the content and size of the file durable; on a directory, the names
// in it.
func (f *File) Sync() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("sync", 0); err != nil {
		return err
	}
	var err error
	if f.node.dir() {
		err = f.fs.syncDir(f.node, f.name)
	} else {
		err = f.fs.sync(f.node, f.name)
	}
	if err != nil {
		return pathError("sync", f.name, err)
	}
	return nil
}

// Truncate sets the size of the file; what is added reads as zeros. The offset
// stays.
func (f *File) Truncate(size int64) error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("truncate", 0); err != nil {
		return err
	}
	if f.flag&writable == 0 {
		return pathError("truncate", f.name, syscall.EINVAL) // not EBADF, says ftruncate(2)
	}
	if err := f.fs.truncate(f.node, f.name, size); err != nil {
		return pathError("truncate", f.name, err)
	}
	return nil
}

// Close closes the file. It makes nothing durable, here as everywhere.
func (f *File) Close() error {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if f.closed {
		return pathError("close", f.name, fs.ErrClosed)
	}
	f.closed = true
	return nil
}

// ReadDir returns the next count entries of a directory, or with count ≤ 0 all
// that are left, as [fs.ReadDirFile] says.
func (f *File) ReadDir(count int) ([]fs.DirEntry, error) {
	f.fs.mu.Lock()
	defer f.fs.mu.Unlock()
	if err := f.usable("readdir", 0); err != nil {
		return nil, err
	}
	if !f.node.dir() {
		return nil, pathError("readdir", f.name, syscall.ENOTDIR)
	}
	all := f.node.list()
	rest := all[min(f.listed, len(all)):]
	if count > 0 {
		if len(rest) == 0 {
			return nil, io.EOF
		}
		rest = rest[:min(count, len(rest))]
	}
	f.listed += len(rest)
	return rest, nil
}

// usable refuses a closed file, and reading or writing against the open mode.
func (f *File) usable(op string, mode int) error {
	access := f.flag & writable
	switch {
	case f.closed:
		return pathError(op, f.name, fs.ErrClosed)
	case !f.fs.power:
		return pathError(op, f.name, ErrPowerLost)
	case mode == os.O_WRONLY && access == os.O_RDONLY, op == "read" && access == os.O_WRONLY:
		return pathError(op, f.name, syscall.EBADF)
	}
	return nil
}
