package fault_test

import (
	"fmt"
	"io"
	"io/fs"
	"net"
	"os"
	"testing"

	"github.com/hone-go/hone/claim/fault"
)

// What only Sync of the file was called on has its content after a crash, but no
// name.
func ExampleFS_Crash() {
	disk := fault.NewFS()
	f, _ := disk.OpenFile("config", os.O_CREATE|os.O_WRONLY, 0o644)
	f.Write([]byte("colour = blue"))
	f.Sync()
	f.Close()

	_, err := fs.ReadFile(disk.Crash(fault.KeepSynced), "config")
	fmt.Println(err)

	disk.SyncDir(".")
	b, err := fs.ReadFile(disk.Crash(fault.KeepSynced), "config")
	fmt.Printf("%s, %v\n", b, err)
	// Output:
	// open config: file does not exist
	// colour = blue, <nil>
}

func ExampleFS_Fail() {
	disk := fault.NewFS()
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpWrite && op.N == 2 {
			return fault.Torn{Keep: 3}
		}
		return nil
	})
	f, _ := disk.OpenFile("log", os.O_CREATE|os.O_WRONLY, 0o644)
	n, err := f.Write([]byte("record"))
	fmt.Println(n, err)
	// Output: 3 write log: input/output error
}

// A program that overwrites a file in place loses it: between the truncation and
// the sync there is a moment with neither the old content nor the new.
func ExampleCrashes() {
	t := &recorder{TB: &testing.T{}} // in a test, its *testing.T
	save := func(disk *fault.FS, content string) error {
		f, err := disk.OpenFile("config", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
		if err != nil {
			return err
		}
		defer f.Close()
		if _, err := f.Write([]byte(content)); err != nil {
			return err
		}
		if err := f.Sync(); err != nil {
			return err
		}
		return disk.SyncDir(".")
	}
	saved := false
	fault.Crashes(t, func(disk *fault.FS) {
		saved = save(disk, "old") == nil
		if saved {
			save(disk, "new")
		}
	}, func(disk *fault.FS, at fault.Point) {
		b, _ := fs.ReadFile(disk, "config")
		if got := string(b); saved && got != "old" && got != "new" {
			fmt.Printf("%v: config = %q\n", at, got)
			t.failed = true
		}
	})
	// Output: power cut after operation 5 (truncate config to 0 bytes), kept all: config = ""
}

func ExampleNetwork_Conn() {
	client, server := net.Pipe()
	n := fault.NewNetwork(nil)
	n.Out(fault.Link{Segment: 4})
	c := n.Conn(client)
	go func() {
		c.Write([]byte("GET / HTTP/1.1"))
		c.Close()
	}()
	buf := make([]byte, 100)
	for {
		k, err := server.Read(buf)
		if err == io.EOF {
			break
		}
		fmt.Printf("%q\n", buf[:k])
	}
	// Output:
	// "GET "
	// "/ HT"
	// "TP/1"
	// ".1"
}
