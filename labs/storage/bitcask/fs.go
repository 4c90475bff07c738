package bitcask

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// FS is what a database needs of a file system, and no more: every method is a
// place where a machine can lose power. The checks replace it by one that does.
// Names are paths joined with package path/filepath.
type FS interface {
	// OpenFile is os.OpenFile. A new file's name is not durable before SyncDir
	// of its directory, however often the file itself is synced.
	OpenFile(name string, flag int, perm fs.FileMode) (File, error)

	// Rename replaces to by from, atomically; durable after SyncDir.
	Rename(from, to string) error

	// Remove deletes a file; durable after SyncDir.
	Remove(name string) error

	// Mkdir makes a directory in an existing one. One that exists is no error.
	// Its name, too, is durable only after SyncDir of its parent.
	Mkdir(name string) error

	// List returns the names of the files in a directory, in no order.
	List(dir string) ([]string, error)

	// SyncDir makes the names in a directory durable.
	SyncDir(dir string) error

	// Lock takes the lock file name for this opener, or fails with ErrLocked
	// at once. Close gives it back; so does the death of the process, even by
	// kill -9, which is why the lock is not the existence of a file.
	Lock(name string) (io.Closer, error)
}

// File is an open file. Reads and writes say where: there is no file position
// to share, so a Get never disturbs a Put.
type File interface {
	io.ReaderAt
	io.WriterAt // fewer bytes than asked come with an error; some may be on disk
	io.Closer

	// Truncate cuts the file to size bytes.
	Truncate(size int64) error

	// Sync returns when all that was written is on the disk. After an error
	// the state of those bytes is unknown, and another Sync may return nil
	// without having written them: the kernel has marked the pages clean
	// (https://wiki.postgresql.org/wiki/Fsync_Errors).
	Sync() error

	// Size is the length of the file in bytes.
	Size() (int64, error)
}

// Disk is the operating system's file system.
type Disk struct{}

// OpenFile is os.OpenFile.
func (Disk) OpenFile(name string, flag int, perm fs.FileMode) (File, error) {
	f, err := os.OpenFile(name, flag, perm)
	if err != nil {
		return nil, err
	}
	return diskFile{f}, nil
}

// Rename is os.Rename.
func (Disk) Rename(from, to string) error { return os.Rename(from, to) }

// Remove is os.Remove.
func (Disk) Remove(name string) error { return os.Remove(name) }

// Mkdir is os.Mkdir; a directory that exists is no error.
func (Disk) Mkdir(name string) error {
	err := os.Mkdir(name, 0o777)
	if errors.Is(err, fs.ErrExist) {
		if info, statErr := os.Stat(name); statErr == nil && info.IsDir() {
			return nil
		}
	}
	return err
}

// List returns the names of the plain files in dir.
func (Disk) List(dir string) ([]string, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, e := range entries {
		if e.Type().IsRegular() {
			names = append(names, e.Name())
		}
	}
	return names, nil
}

// SyncDir is fsync(2) on the directory; see lockFile's file for the system.
func (Disk) SyncDir(dir string) error { return syncDir(filepath.Clean(dir)) }

// Lock opens name, making it if need be, and locks it for this opener alone.
func (Disk) Lock(name string) (io.Closer, error) { return lockFile(name) }

// diskFile adds to *os.File the one method that it spells differently.
type diskFile struct{ *os.File }

// Size is the length that fstat reports.
func (f diskFile) Size() (int64, error) {
	info, err := f.Stat()
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}
