//go:build darwin || dragonfly || freebsd || linux || netbsd || openbsd

package bitcask

import (
	"errors"
	"io"
	"os"
	"syscall"
)

// lockFile takes flock(2) on the file. The lock belongs to the open file, so a
// second opener in the same process is refused as well, and the kernel gives
// it back when the process dies, however it dies.
func lockFile(name string) (io.Closer, error) {
	f, err := os.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, err
	}
	for {
		err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		if err != syscall.EINTR {
			break
		}
	}
	if errors.Is(err, syscall.EWOULDBLOCK) {
		err = ErrLocked
	}
	if err != nil {
		f.Close()
		return nil, &os.PathError{Op: "lock", Path: name, Err: err}
	}
	return f, nil
}

// syncDir opens the directory and fsyncs it: on these systems the names in a
// directory are its content, and durable like any other content.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	return f.Sync()
}
