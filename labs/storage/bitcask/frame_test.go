package bitcask_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/fault"
	"github.com/hone-go/hone/labs/storage/bitcask"
)

// oneFile is for checks that have to know where an entry went.
func oneFile(o *bitcask.Options) { o.SegmentSize = 1 << 20 }

// entries are what most checks of this stage store first.
func entries() map[string]string {
	return map[string]string{"alpha": "one", "beta": strings.Repeat("two", 9), "gamma": "", "delta": "four"}
}

// tail puts entries and then one more, "last". It returns the files as the
// process would leave them if it died now, the name of the file that the last
// put went to, and that file's length before it.
func tail(t *testing.T, last string) (all map[string][]byte, name string, from int) {
	t.Helper()
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	want := entries()
	for _, k := range slices.Sorted(maps.Keys(want)) {
		mustPut(t, db, k, want[k])
	}
	before := files(t, disk)
	mustPut(t, db, "last", last)
	all = files(t, disk)
	for n := range all {
		if len(all[n]) != len(before[n]) {
			name, from = n, len(before[n])
		}
	}
	if name == "" {
		t.Fatal("a put changed the length of no file: where does it go?")
	}
	return all, name, from
}

// A log that was cut anywhere in its last frame opens, has every earlier entry,
// says in Stats what it cut, and takes new entries that are found again.
func TestFrame_CutsATornTail(t *testing.T) {
	last := strings.Repeat("the last value", 5)
	all, name, from := tail(t, last)
	full := all[name]
	for n := from; n <= len(full); n++ {
		all[name] = full[:n]
		disk := image(t, all)
		when := fmt.Sprintf("last frame (%d bytes) cut to %d bytes", len(full)-from, n-from)
		db, err := openOn(boot(disk), oneFile)
		if err != nil {
			t.Fatalf("%s: Open: %v; a torn tail is what every crash may leave, and no error", when, err)
		}
		want := entries()
		torn := int64(n - from)
		if n == len(full) {
			want["last"], torn = last, 0
		}
		holds(t, db, when, want)
		if s := db.Stats(); s.Torn != torn {
			t.Fatalf("%s: Stats().Torn = %d, want %d", when, s.Torn, torn)
		}
		if s := mustOpen(t, boot(disk), oneFile).Stats(); s.Torn != 0 {
			t.Fatalf("%s: Stats().Torn = %d at the second Open, want 0: the first has cut it", when, s.Torn)
		}
		// Shorter than what was cut, and then one that begins a new file: a
		// tail that was skipped and not cut shows behind the last frame.
		mustPut(t, db, "n", "")
		want["n"] = ""
		db, err = openOn(boot(disk))
		if err != nil {
			t.Fatalf("%s, one put, killed: Open: %v", when, err)
		}
		holds(t, db, when+", one put, killed, reopened", want)
		want["more"] = strings.Repeat("more", 60)
		mustPut(t, db, "more", want["more"])
		db, err = openOn(boot(disk), oneFile)
		if err != nil {
			t.Fatalf("%s, more puts, a new file: Open: %v", when, err)
		}
		holds(t, db, when+", more puts, a new file", want)
	}
}

// The first entry of a database may be torn as well, with nothing in front of it.
func TestFrame_CutsTheFirst(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	before := files(t, disk)
	mustPut(t, db, "first", "of all")
	all := files(t, disk)
	for name, full := range all {
		if len(full) == len(before[name]) {
			continue
		}
		for n := len(before[name]); n < len(full); n++ {
			all[name] = full[:n]
			db, err := openOn(boot(image(t, all)))
			if err != nil {
				t.Fatalf("the only entry cut to %d bytes: Open: %v, want the tail cut", n, err)
			}
			holds(t, db, fmt.Sprintf("the only entry cut to %d bytes", n), map[string]string{})
		}
		all[name] = full
	}
}

// What follows the last whole frame may be anything: zeros where a file was
// extended and its data never came, or what the disk held before.
func TestFrame_CutsGarbage(t *testing.T) {
	all, name, from := tail(t, strings.Repeat("v", 200))
	rng := claim.Rand(t)
	noise := make([]byte, 300)
	for i := range noise {
		noise[i] = byte(rng.Uint32())
	}
	log := all[name]
	for what, junk := range map[string][]byte{
		"zeros": make([]byte, 300), "0xff": bytes.Repeat([]byte{0xff}, 300), "noise": noise,
		"zeros from its middle on":  append(slices.Clone(log[from:from+40]), make([]byte, 150)...),
		"a copy of the log's start": log[:from],
	} {
		all[name] = append(slices.Clone(log[:from]), junk...)
		db, err := openOn(boot(image(t, all)), oneFile)
		if err != nil {
			t.Fatalf("the last frame replaced by %s: Open: %v; want the tail cut", what, err)
		}
		holds(t, db, "the last frame replaced by "+what, entries())
	}
}

// A value may hold a piece of a log. When the frame around it is torn, what is
// inside must not be taken for an entry, nor for proof that the log is rotten.
func TestFrame_AValueIsNotAFrame(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk), oneFile)
	for i := range 60 {
		mustPut(t, db, fmt.Sprint("inside", i), "a value")
	}
	other := ""
	for _, b := range files(t, disk) {
		other += string(b)
	}
	all, name, from := tail(t, other+strings.Repeat(".", 100))
	all[name] = all[name][:len(all[name])-50]
	db, err := openOn(boot(image(t, all)), oneFile)
	if err != nil {
		t.Fatalf("the last frame, whose value is a copy of a log, lacks its last 50 bytes: Open: %v; want the tail cut", err)
	}
	holds(t, db, fmt.Sprintf("a torn frame at %d whose value is a copy of a log", from), entries())
}

// flips calls f for every byte of every file, with one bit of it flipped.
func flips(t *testing.T, all map[string][]byte, f func(where string, disk *fault.FS)) {
	rng := claim.Rand(t)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		for i := range all[name] {
			bit := byte(1) << rng.IntN(8)
			all[name][i] ^= bit
			f(fmt.Sprintf("%s, byte %d of %d, bit %#02x flipped", name, i, len(all[name]), bit), image(t, all))
			all[name][i] ^= bit
			if t.Failed() {
				return
			}
		}
	}
}

// judge opens a rotten disk: every entry must be right or reported; only those
// in mayVanish may be missing.
func judge(t *testing.T, where string, disk *fault.FS, want map[string]string, mayVanish string) {
	db, err := openOn(boot(disk))
	if errors.Is(err, bitcask.ErrCorrupt) {
		return
	}
	if err != nil {
		t.Errorf("%s: Open: %v, want ErrCorrupt or nil", where, err)
		return
	}
	defer db.Close()
	for k, w := range want {
		v, err := db.Get([]byte(k))
		switch {
		case err == nil && string(v) == w, errors.Is(err, bitcask.ErrCorrupt):
		case errors.Is(err, bitcask.ErrNotFound) && k == mayVanish:
		case errors.Is(err, bitcask.ErrNotFound):
			t.Errorf("%s: Open says nil and key %q is gone. It was durable, and more was written after it, so this is rot, not a torn tail", where, k)
		case err != nil:
			t.Errorf("%s: Get(%q): %v, want the value or ErrCorrupt", where, k, err)
		default:
			t.Errorf("%s: Get(%q) = %s, which was never put; want %s or ErrCorrupt", where, k, brief(string(v)), brief(w))
		}
	}
	if n := db.Stats().Keys; n > len(want) {
		t.Errorf("%s: there are %d keys, %d were put", where, n, len(want))
	}
}

// fill writes some entries over several segments, with an overwrite and a delete.
func fill(t *testing.T, db *bitcask.DB) map[string]string {
	t.Helper()
	want := map[string]string{}
	for i := range 9 {
		k := fmt.Sprint("key", i)
		want[k] = strings.Repeat(fmt.Sprint(i), 30)
		mustPut(t, db, k, want[k])
	}
	mustDelete(t, db, "key2")
	delete(want, "key2")
	want["key5"] = "short"
	mustPut(t, db, "key5", "short")
	return want
}

// A database that was closed: flip any bit of any file, and nothing wrong is
// read, and nothing is missing without ErrCorrupt.
func TestFrame_FindsRot(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	want := fill(t, db)
	mustClose(t, db)
	all := files(t, disk)
	holds(t, mustOpen(t, boot(image(t, all))), "before any bit is flipped", want)
	flips(t, all, func(where string, disk *fault.FS) { judge(t, where, disk, want, "") })
}

// The same after a crash. Only the newest entry, with nothing behind it, can be
// mistaken for one that was never finished.
func TestFrame_RotIsNoTornTail(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	want := fill(t, db)
	want["newest"] = strings.Repeat("n", 20)
	mustPut(t, db, "newest", want["newest"])
	flips(t, files(t, disk), func(where string, disk *fault.FS) { judge(t, where, disk, want, "newest") })
}

// Rot that comes after Open is found by the Get that reads it.
func TestFrame_ChecksEveryRead(t *testing.T) {
	all, name, from := tail(t, strings.Repeat("v", 50))
	disk := image(t, all)
	db := mustOpen(t, boot(disk), oneFile)
	f, err := disk.OpenFile(filepath.Join(dir, name), 1, 0)
	if err != nil {
		t.Fatal(err)
	}
	for at := from; at < len(all[name]); at++ {
		was := all[name][at : at+1]
		if _, err := f.WriteAt([]byte{was[0] ^ 4}, int64(at)); err != nil {
			t.Fatal(err)
		}
		where := fmt.Sprintf("a bit of byte %d of the newest entry, which has %d, flipped after Open", at-from, len(all[name])-from)
		if v, err := db.AppendValue([]byte("dst"), []byte("last")); !errors.Is(err, bitcask.ErrCorrupt) || string(v) != "dst" {
			t.Fatalf(`%s: AppendValue("dst", …) = %s, %v; want "dst" as it was, and ErrCorrupt`, where, brief(string(v)), err)
		}
		if err := db.Each(func(k, v []byte) error { return nil }); !errors.Is(err, bitcask.ErrCorrupt) {
			t.Fatalf("%s: Each: %v; want ErrCorrupt", where, err)
		}
		if _, err := f.WriteAt(was, int64(at)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := f.WriteAt([]byte("R"), int64(len(all[name])-10)); err != nil {
		t.Fatal(err)
	}
	if v, err := db.Get([]byte("alpha")); err != nil || string(v) != "one" {
		t.Errorf(`Get("alpha") beside the rotten entry = %q, %v; want "one"`, v, err)
	}
}

// A length is a claim until its checksum is checked: a rotten one must not make
// Open allocate what it says.
func TestFrame_BelievesNoLength(t *testing.T) {
	all, name, _ := tail(t, "v")
	log := all[name]
	for i := range 64 {
		all[name] = slices.Clone(log)
		all[name][i] = 0x0f
		disk := image(t, all)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		db, err := openOn(boot(disk), oneFile)
		runtime.ReadMemStats(&after)
		if err == nil {
			db.Close()
		}
		if got := after.TotalAlloc - before.TotalAlloc; got > 16<<20 {
			t.Fatalf("byte %d of %s set to 0x0f: Open allocated %d MiB for a database of %d bytes", i, name, got>>20, len(log))
		}
	}
}

// An operation of Open that fails, above all a read, is not a torn tail, nor an empty
// directory: Open returns its error, and destroys nothing.
func TestFrame_AFailedReadIsNoTail(t *testing.T) {
	closed := fault.NewFS()
	db := mustOpen(t, boot(closed))
	want := fill(t, db)
	mustClose(t, db)

	all, name, from := tail(t, strings.Repeat("v", 300<<10)) // more than is read at a time
	torn := maps.Clone(all)
	torn[name] = append(slices.Clone(all[name][:from]), make([]byte, 280<<10)...)

	rotten := fault.NewFS()
	db = mustOpen(t, boot(rotten), oneFile)
	mustPut(t, db, "rotten", "rrrrrrr")
	mustPut(t, db, "proof", strings.Repeat("p", 300<<10))
	rot := files(t, rotten)
	for _, b := range rot {
		if at := bytes.Index(b, []byte("rrrrrrr")); at >= 0 {
			b[at] ^= 1
		}
	}

	for _, c := range []struct {
		what  string
		files map[string][]byte
		want  map[string]string // nil: ErrCorrupt
	}{
		{"a database that was closed", files(t, closed), want},
		{"one that ends with a large entry", all, map[string]string{"last": strings.Repeat("v", 300<<10)}},
		{"one with a torn tail of 280 KiB", torn, map[string]string{}},
		{"one whose first entry is rotten", rot, nil},
	} {
		if c.want != nil && c.what != "a database that was closed" {
			maps.Copy(c.want, entries())
		}
		trial{
			ops:  append(slices.Clone(looks), "sync", "syncdir", "write", "truncate"),
			boot: func() *machine { return boot(image(t, c.files)) },
			run: func(m *machine) error {
				_, err := openOn(m, oneFile)
				return err
			},
			verify: func(m *machine, what string, err error) {
				when := fmt.Sprintf("Open of %s, where %s", c.what, what)
				if c.want == nil && errors.Is(err, bitcask.ErrCorrupt) {
					return // the failure came after the verdict, or does not matter for it
				}
				if !errors.Is(err, syscall.EIO) || errors.Is(err, bitcask.ErrCorrupt) {
					t.Errorf("%s: %v; want an error that wraps EIO and is not ErrCorrupt: what can't be read is not known to be torn", when, err)
					return
				}
				db, err := openOn(boot(m.disk), oneFile)
				if c.want == nil {
					if !errors.Is(err, bitcask.ErrCorrupt) {
						t.Errorf("%s, and then one without a failure: %v, want ErrCorrupt", when, err)
					}
					return
				}
				if err != nil {
					t.Errorf("%s, and then one without a failure: %v", when, err)
					return
				}
				holds(t, db, when+", and then one without a failure", c.want)
			},
		}.each(t)
	}
}

// A file that was finished, from between others, may be cut anywhere, also at the border
// between two entries: that is rot, for whoever began the next file had seen it whole.
func TestFrame_MissesATail(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	want := fill(t, db)
	mustClose(t, db)
	all, order := files(t, disk), made(t, disk)
	for _, name := range order[:len(order)-1] {
		full := all[name]
		for n := range full {
			all[name] = full[:n]
			judge(t, fmt.Sprintf("%s cut to %d of its %d bytes", name, n, len(full)), image(t, all), want, "")
			if t.Failed() {
				return
			}
		}
		all[name] = full
	}
}

// A frame is valid in its own file only: two files that changed places, as after a repair
// by hand, are rot, although each is whole.
func TestFrame_MissesAnOrder(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	want := map[string]string{}
	for i := range 24 { // the same keys again and again: an older file in a newer one's place is an older value
		k := fmt.Sprint("k", i%3)
		want[k] = strings.Repeat(string(rune('a'+i)), 60)
		mustPut(t, db, k, want[k])
	}
	mustClose(t, db)
	swaps(t, files(t, disk), want)
}

// swaps has every two files change places.
func swaps(t *testing.T, all map[string][]byte, want map[string]string) {
	t.Helper()
	names := slices.Sorted(maps.Keys(all))
	for i, a := range names {
		for _, b := range names[:i] {
			all[a], all[b] = all[b], all[a]
			judge(t, fmt.Sprintf("the contents of %s and %s changed places", a, b), image(t, all), want, "")
			all[a], all[b] = all[b], all[a]
			if t.Failed() {
				return
			}
		}
	}
}

// Opening and closing a database in which nothing is done does not let it grow.
func TestFrame_RestsInPeace(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	want := fill(t, db)
	mustClose(t, db)
	before := map[string]int{}
	for name, b := range files(t, disk) {
		before[name] = len(b)
	}
	for range 3 {
		mustClose(t, mustOpen(t, boot(disk)))
	}
	after := map[string]int{}
	for name, b := range files(t, disk) {
		after[name] = len(b)
	}
	claim.Equal(t, "bytes in the files after three times Open and Close, where nothing was put", after, before)
	holds(t, mustOpen(t, boot(disk)), "after all", want)
}

// A file of the log that is gone altogether, from between others, is rot too.
func TestFrame_MissesASegment(t *testing.T) {
	disk := fault.NewFS()
	db := mustOpen(t, boot(disk))
	fill(t, db)
	mustClose(t, db)
	all, order := files(t, disk), made(t, disk)
	for _, name := range order[:len(order)-1] {
		some := maps.Clone(all)
		delete(some, name)
		if _, err := openOn(boot(image(t, some))); !errors.Is(err, bitcask.ErrCorrupt) {
			t.Errorf("%s, one of %v, is missing: Open: %v; want ErrCorrupt", name, order, err)
		}
	}
}

// made returns the files of the log that have a content, in the order in which they
// were made.
func made(t *testing.T, disk *fault.FS) (order []string) {
	t.Helper()
	for _, op := range disk.Log() {
		if op.Kind == fault.OpCreate && !strings.HasSuffix(op.Name, "LOCK") {
			order = append(order, filepath.Base(op.Name))
		}
	}
	all := files(t, disk)
	order = slices.DeleteFunc(order, func(n string) bool { return len(all[n]) == 0 })
	if len(order) < 3 {
		t.Fatalf("11 entries with SegmentSize 256 are in %d files, want at least 3: %v", len(order), order)
	}
	return order
}
