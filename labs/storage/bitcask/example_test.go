package bitcask_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/hone-go/hone/claim/fault"
)

// What a disk promises, and what it doesn't.
func Example_disk() {
	disk := fault.NewFS()
	powerCut := func() {
		after := disk.Crash(fault.KeepSynced)
		if text, err := fs.ReadFile(after, "wal"); err != nil {
			fmt.Println("  power cut, wal:", err)
		} else {
			fmt.Printf("  power cut, wal: %q\n", text)
		}
	}

	wal, _ := disk.OpenFile("wal", os.O_CREATE|os.O_WRONLY|os.O_APPEND, 0o600)
	wal.Write([]byte("put a 1\n"))
	fmt.Println("write, fsync(wal):", wal.Sync())
	powerCut()
	fmt.Println("fsync(directory):", disk.SyncDir("."))
	powerCut()

	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpSync {
			return errors.New("I/O error")
		}
		return nil
	})
	wal.Write([]byte("put b 2\n"))
	fmt.Println("write, fsync(wal):", wal.Sync())
	disk.Fail(nil)
	fmt.Println("fsync(wal) again:", wal.Sync())
	powerCut()

	// Output:
	// write, fsync(wal): <nil>
	//   power cut, wal: open wal: file does not exist
	// fsync(directory): <nil>
	//   power cut, wal: "put a 1\n"
	// write, fsync(wal): sync wal: I/O error
	// fsync(wal) again: <nil>
	//   power cut, wal: "put a 1\n\x00\x00\x00\x00\x00\x00\x00\x00"
}
