package fault_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"testing/fstest"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
)

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}

const create = os.O_CREATE | os.O_RDWR

// put writes a file from its beginning, without a sync.
func put(disk *fault.FS, name, data string) *fault.File {
	f := must(disk.OpenFile(name, create, 0o644))
	must(f.Write([]byte(data)))
	return f
}

// get reads a file, "?" where there is none.
func get(disk *fault.FS, name string) string {
	b, err := fs.ReadFile(disk, name)
	if errors.Is(err, fs.ErrNotExist) {
		return "?"
	}
	return string(must(b, err))
}

func TestFS_IsAFileSystem(t *testing.T) {
	disk := fault.NewFS()
	check(disk.MkdirAll("a/b", 0o755))
	check(disk.MkdirAll("empty", 0o755))
	put(disk, "a/b/deep", "deep")
	put(disk, "a/one", "1")
	put(disk, "/two", "22")
	if err := fstest.TestFS(disk, "a/b/deep", "a/one", "two", "empty"); err != nil {
		t.Error(err)
	}
}

// What the program sees is what the operating system would show it: the same
// random operations on a directory give the same results.
func TestFS_AgreesWithTheSystem(t *testing.T) {
	rng := claim.Rand(t)
	for range 20 {
		a := newActs(rng)
		dir := t.TempDir()
		for range 200 {
			op, got, want := a.step(dir)
			if got != want {
				t.Fatalf("after\n%s: %s, the system says %s", strings.Join(append(a.done, op), "\n"), got, want)
			}
			a.done = append(a.done, op)
		}
	}
}

// acts does the same on both.
type acts struct {
	rng  *rand.Rand
	disk *fault.FS
	done []string
}

func newActs(rng *rand.Rand) *acts { return &acts{rng: rng, disk: fault.NewFS()} }

func (a *acts) name() string {
	return []string{"a", "b", "d", "d/a", "d/b", "d/e", "d/e/a", "x/y"}[a.rng.IntN(8)]
}

func (a *acts) step(dir string) (op, got, want string) {
	n, m := a.name(), a.name()
	real, other := filepath.Join(dir, n), filepath.Join(dir, m)
	size := a.rng.Int64N(1500)
	data := bytes.Repeat([]byte{byte('a' + a.rng.IntN(26))}, a.rng.IntN(1200))
	flag := []int{os.O_RDWR, create, create | os.O_EXCL, create | os.O_TRUNC, os.O_RDONLY, os.O_WRONLY | os.O_APPEND}[a.rng.IntN(6)]
	switch a.rng.IntN(8) {
	case 0:
		return "remove " + n, outcome(a.disk.Remove(n)), outcome(os.Remove(real))
	case 1:
		return "rename " + n + " " + m, outcome(a.disk.Rename(n, m)), outcome(os.Rename(real, other))
	case 2:
		return "mkdir " + n, outcome(a.disk.MkdirAll(n, 0o755)), outcome(os.MkdirAll(real, 0o755))
	case 3:
		return fmt.Sprint("truncate ", n, size), outcome(a.disk.Truncate(n, size)), outcome(os.Truncate(real, size))
	case 4:
		return "list " + n, list(a.disk.ReadDir(n)), list(os.ReadDir(real))
	case 5:
		return "list .", list(a.disk.ReadDir(".")), list(os.ReadDir(dir))
	}
	op = fmt.Sprintf("open %s %#x, write %d at %d", n, flag, len(data), size)
	f, err := a.disk.OpenFile(n, flag, 0o644)
	g, err2 := os.OpenFile(real, flag, 0o644)
	if err != nil || err2 != nil {
		if err2 == nil {
			g.Close()
		}
		return op, outcome(err), outcome(err2)
	}
	defer g.Close()
	if i, err := f.Stat(); err == nil && i.IsDir() {
		return op, "", "" // what one can do with it varies
	}
	return op, use(f, data, size), use(g, data, size)
}

type file interface {
	io.ReadWriteSeeker
	io.ReaderAt
	io.WriterAt
	Truncate(int64) error
	Sync() error
	Stat() (fs.FileInfo, error)
	Close() error
}

var _ file = (*fault.File)(nil)

// use does a few things with a file and tells all that was seen.
func use(f file, data []byte, size int64) string {
	var b strings.Builder
	say := func(n any, err error) { fmt.Fprintf(&b, "%v %s; ", n, outcome(err)) }
	say(f.Seek(size/2, io.SeekStart))
	say(f.Write(data))
	say(f.Seek(0, io.SeekCurrent))
	if size%2 == 0 {
		say(f.WriteAt(data, size))
	}
	buf := make([]byte, 700)
	n, err := f.ReadAt(buf, size/3)
	say(string(buf[:n]), err)
	say(f.Seek(-1, io.SeekEnd))
	n, err = f.Read(buf)
	say(string(buf[:n]), err)
	if size%3 == 0 {
		say(0, f.Truncate(size/4))
	}
	i, err := f.Stat()
	if i != nil && !i.IsDir() {
		say(i.Size(), err)
	}
	say(0, f.Close())
	say(0, f.Close())
	return b.String()
}

// outcome is the class of an error.
func outcome(err error) string {
	for _, class := range []error{
		io.EOF, fs.ErrNotExist, fs.ErrExist, fs.ErrClosed, syscall.ENOTDIR, syscall.EISDIR,
		syscall.ENOTEMPTY, syscall.EBADF, syscall.EINVAL,
	} {
		if errors.Is(err, class) {
			return class.Error()
		}
	}
	if err != nil && strings.Contains(err.Error(), "invalid") || err != nil && strings.Contains(err.Error(), "O_APPEND") {
		return "invalid"
	}
	if err != nil {
		return err.Error()
	}
	return "ok"
}

func list(entries []fs.DirEntry, err error) string {
	s := outcome(err)
	for _, e := range entries {
		s += fmt.Sprintf(" %s dir=%v", e.Name(), e.IsDir())
		if i, err := e.Info(); err == nil && !e.IsDir() {
			s += fmt.Sprintf(" %d", i.Size())
		}
	}
	return s
}

func TestCrash_KeepsWhatWasPromised(t *testing.T) {
	disk := fault.NewFS()
	check(disk.MkdirAll("d", 0o755))
	check(disk.SyncDir("/"))
	a := put(disk, "d/a", "old")
	check(a.Sync())
	check(disk.SyncDir("d"))
	must(a.Write([]byte(" and new")))
	put(disk, "d/named", "content was not synced")
	check(disk.SyncDir("d"))
	check(put(disk, "d/synced", "name was not synced").Sync())
	check(put(disk, "other", "x").Sync())

	after := disk.Crash(fault.KeepSynced)
	for name, want := range map[string]string{"d/a": "old", "d/named": "", "d/synced": "?", "other": "?"} {
		if got := get(after, name); got != want {
			t.Errorf("synced: %s = %q, want %q", name, got, want)
		}
	}
	after = disk.Crash(fault.KeepAll)
	for name, want := range map[string]string{
		"d/a": "old and new", "d/named": "content was not synced", "d/synced": "name was not synced", "other": "x",
	} {
		if got := get(after, name); got != want {
			t.Errorf("all: %s = %q, want %q", name, got, want)
		}
	}
	must(after.OpenFile("d/a", os.O_TRUNC|os.O_RDWR, 0))
	if get(disk, "d/a") != "old and new" {
		t.Error("a crashed copy shares content with the original")
	}
	if disk.Syncs() != 6 || after.Ops() != 1 {
		t.Errorf("Syncs = %d, want 6; Ops of the new = %d, want 1", disk.Syncs(), after.Ops())
	}
}

func TestCrash_OpenDirectorySync(t *testing.T) {
	disk := fault.NewFS()
	check(put(disk, "a", "x").Sync())
	root := must(disk.OpenFile(".", os.O_RDONLY, 0))
	check(root.Sync())
	if got := get(disk.Crash(fault.KeepSynced), "a"); got != "x" {
		t.Errorf("a = %q", got)
	}
	if _, err := disk.OpenFile(".", os.O_RDWR, 0); !errors.Is(err, syscall.EISDIR) {
		t.Errorf("opening a directory for writing: %v", err)
	}
}

// A rename is there whole or not at all, whichever of the two directories is
// synced, and whatever else is lost.
func TestCrash_RenameIsAtomic(t *testing.T) {
	rng := claim.Rand(t)
	for range 500 {
		disk := fault.NewFS()
		check(disk.MkdirAll("d", 0o755))
		check(put(disk, "d/target", "old").Sync())
		check(disk.SyncDir("d"))
		check(disk.SyncDir("."))
		check(put(disk, "tmp", "new").Sync())
		if rng.IntN(2) == 0 {
			check(disk.SyncDir("."))
		}
		check(disk.Rename("tmp", "tmp2"))
		check(disk.Rename("tmp2", "d/target"))
		synced := []string{"", ".", "d"}[rng.IntN(3)]
		if synced != "" {
			check(disk.SyncDir(synced))
		}
		for _, keep := range []fault.Keep{fault.KeepSynced, fault.KeepAll, fault.KeepRandom(rng)} {
			after := disk.Crash(keep)
			target, tmp, tmp2 := get(after, "d/target"), get(after, "tmp"), get(after, "tmp2")
			names := 0
			for _, s := range []string{target, tmp, tmp2} {
				if s == "new" {
					names++
				}
			}
			if target != "new" && target != "old" || names > 1 {
				t.Fatalf("keep %v, synced %q: target %q, tmp %q, tmp2 %q", keep, synced, target, tmp, tmp2)
			}
			if synced != "" && target != "new" {
				t.Fatalf("keep %v: %q was synced after the rename, and the target is %q", keep, synced, target)
			}
		}
	}
}

func TestCrash_RandomIsSectors(t *testing.T) {
	rng := claim.Rand(t)
	mixed, short := false, false
	for range 200 {
		disk := fault.NewFS()
		f := put(disk, "f", strings.Repeat("A", 5*fault.Sector))
		check(f.Sync())
		check(disk.SyncDir("."))
		must(f.WriteAt(bytes.Repeat([]byte("B"), 4*fault.Sector), 0))
		must(f.WriteAt(bytes.Repeat([]byte("C"), 3*fault.Sector), 0))
		must(f.WriteAt(bytes.Repeat([]byte("D"), 3*fault.Sector), 5*fault.Sector))
		got := get(disk.Crash(fault.KeepRandom(rng)), "f")
		if len(got) < 5*fault.Sector || len(got)%fault.Sector != 0 {
			t.Fatalf("size %d: less than was synced, or a torn sector", len(got))
		}
		short = short || len(got) < 8*fault.Sector
		seen := map[byte]bool{}
		for i := 0; i < len(got); i += fault.Sector {
			s := got[i : i+fault.Sector]
			if s != strings.Repeat(s[:1], fault.Sector) {
				t.Fatalf("sector %d is torn: %q", i/fault.Sector, s)
			}
			legal := map[int]string{0: "ABC", 1: "ABC", 2: "ABC", 3: "AB", 4: "A", 5: "D\x00", 6: "D\x00", 7: "D\x00"}
			if !strings.Contains(legal[i/fault.Sector], s[:1]) {
				t.Fatalf("sector %d holds %q, which was never there", i/fault.Sector, s[:1])
			}
			seen[s[0]] = true
		}
		mixed = mixed || seen['A'] && seen['C']
	}
	if !mixed || !short {
		t.Errorf("in 200 crashes: mixed %v, shorter %v, want both", mixed, short)
	}
}

func TestCrash_RepeatsFromItsSeed(t *testing.T) {
	state := func(seed uint64) string {
		disk := fault.NewFS()
		for i := range 20 {
			f := put(disk, fmt.Sprint(i), strings.Repeat("x", 700*i))
			if i%3 == 0 {
				check(f.Sync())
			}
		}
		after := disk.Crash(fault.KeepRandom(rand.New(rand.NewPCG(seed, 0))))
		var b strings.Builder
		for _, e := range must(after.ReadDir(".")) {
			fmt.Fprintf(&b, "%s %q\n", e.Name(), get(after, e.Name()))
		}
		return b.String()
	}
	one, again := state(1), state(1)
	if one != again {
		t.Error("one seed, two disks")
	}
	if one == state(2) {
		t.Error("two seeds, one disk")
	}
}

func TestCrash_TruncateAndGrow(t *testing.T) {
	disk := fault.NewFS()
	f := put(disk, "f", strings.Repeat("A", 2000))
	check(f.Sync())
	check(disk.SyncDir("."))
	check(f.Truncate(100))
	check(f.Truncate(1500))
	check(f.Sync())
	want := strings.Repeat("A", 100) + strings.Repeat("\x00", 1400)
	if got := get(disk.Crash(fault.KeepSynced), "f"); got != want {
		t.Errorf("what was cut off is back: %d bytes, %q…", len(got), got[:min(len(got), 110)])
	}
}

// A file that is synced many times while it grows must not cost its size each
// time.
func TestSync_AppendIsLinear(t *testing.T) {
	disk := fault.NewFS()
	f := must(disk.OpenFile("log", create|os.O_APPEND, 0o644))
	for range 100_000 {
		must(f.Write([]byte("a record of some forty bytes, more or less")))
		check(f.Sync())
	}
}

func TestFail_Torn(t *testing.T) {
	disk := fault.NewFS()
	f := put(disk, "f", "")
	disk.Fail(func(op fault.Op) error {
		if op.Kind == fault.OpWrite && op.N == 2 {
			return fault.Torn{Keep: 3}
		}
		return nil
	})
	n, err := f.Write([]byte("hello"))
	if n != 3 || !errors.Is(err, syscall.EIO) || get(disk, "f") != "hel" {
		t.Errorf("Write = %d, %v, file %q", n, err, get(disk, "f"))
	}
	if n, err := f.Write([]byte("lo")); n != 2 || err != nil || get(disk, "f") != "hello" {
		t.Errorf("Write = %d, %v, file %q", n, err, get(disk, "f"))
	}
}

func TestFail_EveryKind(t *testing.T) {
	boom := errors.New("boom")
	for kind, do := range map[fault.OpKind]func(*fault.FS) error{
		fault.OpCreate:   func(d *fault.FS) error { _, err := d.OpenFile("new", create, 0); return err },
		fault.OpMkdir:    func(d *fault.FS) error { return d.MkdirAll("new", 0) },
		fault.OpWrite:    func(d *fault.FS) error { _, err := must(d.OpenFile("f", os.O_RDWR, 0)).Write([]byte("x")); return err },
		fault.OpTruncate: func(d *fault.FS) error { return d.Truncate("f", 0) },
		fault.OpSync:     func(d *fault.FS) error { return must(d.OpenFile("f", os.O_RDWR, 0)).Sync() },
		fault.OpSyncDir:  func(d *fault.FS) error { return d.SyncDir(".") },
		fault.OpRename:   func(d *fault.FS) error { return d.Rename("f", "g") },
		fault.OpRemove:   func(d *fault.FS) error { return d.Remove("f") },
	} {
		disk := fault.NewFS()
		put(disk, "f", "data")
		disk.Fail(func(op fault.Op) error {
			if op.Kind != kind {
				t.Errorf("%s announced as %v", kind, op)
			}
			return boom
		})
		if err := do(disk); !errors.Is(err, boom) {
			t.Errorf("%s: error %v, want boom", kind, err)
		}
		if got := list(disk.ReadDir(".")); got != "ok f dir=false 4" {
			t.Errorf("%s failed and changed the disk: %s", kind, got)
		}
	}
}

func TestFail_FsyncTwiceIsNoRepair(t *testing.T) {
	disk := fault.NewFS()
	f := put(disk, "f", strings.Repeat("A", 600))
	check(disk.SyncDir("."))
	check(f.Sync())
	must(f.WriteAt([]byte("B"), 0))
	disk.Fail(func(op fault.Op) error { return syscall.EIO })
	if err := f.Sync(); !errors.Is(err, syscall.EIO) {
		t.Fatalf("Sync = %v", err)
	}
	disk.Fail(nil)
	check(f.Sync())
	if get(disk, "f")[0] != 'B' {
		t.Error("the page cache lost the write")
	}
	if get(disk.Crash(fault.KeepSynced), "f")[0] != 'A' {
		t.Error("a second Sync wrote what the first had given up")
	}
	must(f.WriteAt([]byte("C"), 1)) // makes the page dirty again
	check(f.Sync())
	if got := get(disk.Crash(fault.KeepSynced), "f")[:3]; got != "BCA" {
		t.Errorf("after a new write and a Sync: %q, want BCA", got)
	}
}

func TestLimit(t *testing.T) {
	disk := fault.NewFS()
	disk.Limit(10)
	f := put(disk, "f", "12345678")
	n, err := f.Write([]byte("9abc"))
	if n != 2 || !errors.Is(err, syscall.ENOSPC) || get(disk, "f") != "123456789a" {
		t.Errorf("Write = %d, %v, file %q", n, err, get(disk, "f"))
	}
	if _, err := f.WriteAt([]byte("over"), 0); err != nil {
		t.Errorf("overwriting on a full disk: %v", err)
	}
	if err := disk.Truncate("f", 11); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("growing a full disk: %v", err)
	}
	f.Close()
	check(disk.Remove("f"))
	put(disk, "g", "1234567890")
}

func TestFile_Modes(t *testing.T) {
	disk := fault.NewFS()
	put(disk, "f", "x")
	r := must(disk.OpenFile("f", os.O_RDONLY, 0))
	if _, err := r.Write([]byte("y")); !errors.Is(err, syscall.EBADF) {
		t.Errorf("writing a file opened for reading: %v", err)
	}
	w := must(disk.OpenFile("f", os.O_WRONLY|os.O_SYNC, 0))
	if _, err := w.Read(make([]byte, 1)); !errors.Is(err, syscall.EBADF) {
		t.Errorf("reading a file opened for writing: %v", err)
	}
	must(w.Write([]byte("y")))
	if disk.Syncs() != 1 {
		t.Errorf("a write under O_SYNC made %d syncs", disk.Syncs())
	}
	check(disk.Remove("f"))
	if b, err := io.ReadAll(r); string(b) != "y" || err != nil {
		t.Errorf("a removed file reads %q, %v", b, err)
	}
}
