package bitcask

import "errors"

// Limits of one entry. They are part of the contract: an implementation may
// not silently accept more and fail later.
const (
	MaxKey   = 1 << 15 // bytes in a key; an empty key is refused
	MaxValue = 1 << 28 // bytes in a value; an empty value is a value
)

// Options say where and how a database keeps its files. The zero value is
// useful: the real disk, durable puts, segments of 64 MiB.
type Options struct {
	// FS is the file system that the database lives on; nil is [Disk].
	FS FS

	// SegmentSize is the size in bytes that no log file may pass, except to
	// hold one entry that is larger by itself. Zero is 64 MiB, the most is 1 GiB.
	SegmentSize int64

	// NoSync lets Put and Delete return once the operating system has the
	// bytes. A crash of the process then loses nothing; a power cut may lose
	// the newest entries, never one from the middle. Sync and Close still wait
	// for the disk.
	NoSync bool
}

// Stats are counters of an open database.
type Stats struct {
	Keys  int   // keys that have a value
	Files int   // log files, the active one included
	Bytes int64 // bytes in them
	Live  int64 // bytes of them that a compaction would keep
	Torn  int64 // bytes of a torn tail that Open cut off
}

// Errors that callers tell apart with errors.Is.
var (
	ErrNotFound = errors.New("bitcask: key not found")
	ErrClosed   = errors.New("bitcask: database is closed")
	ErrLocked   = errors.New("bitcask: database is open elsewhere")
	ErrKey      = errors.New("bitcask: key is empty or longer than MaxKey")
	ErrValue    = errors.New("bitcask: value is longer than MaxValue")

	// ErrCorrupt: bytes that were promised to be on the disk have changed.
	// It is never returned for what a power cut may legally leave behind.
	ErrCorrupt = errors.New("bitcask: data is corrupt")

	// ErrFailed: the disk did something after which nobody knows what it
	// holds, such as a failed fsync. The database reads on and refuses every
	// write until it is opened again. It wraps the disk's own error.
	ErrFailed = errors.New("bitcask: state of the disk is unknown, writes are refused")
)
