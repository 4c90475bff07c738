package fault_test

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"runtime"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim/fault"
)

// A ledger is a log of records with checksums: the smallest store that can be
// right about crashes. Each flag is a mistake.
type ledger struct {
	disk *fault.FS
	file *fault.File

	noSync, noDirSync, noChecksum, ignoresErrors bool
}

func (l *ledger) open() error {
	f, err := l.disk.OpenFile("log", os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o644)
	if err != nil {
		return err
	}
	l.file = f
	if l.noDirSync {
		return nil
	}
	return l.disk.SyncDir(".")
}

func (l *ledger) add(s string) error {
	b := binary.BigEndian.AppendUint32(nil, uint32(len(s)))
	b = binary.BigEndian.AppendUint32(b, crc32.ChecksumIEEE([]byte(s)))
	_, err := l.file.Write(append(b, s...))
	if err == nil && !l.noSync {
		err = l.file.Sync()
	}
	if l.ignoresErrors {
		return nil
	}
	return err
}

// read returns the records up to the first broken one.
func (l *ledger) read() []string {
	f, err := l.disk.OpenFile("log", os.O_RDONLY, 0)
	if err != nil {
		return nil
	}
	b, _ := io.ReadAll(f)
	var all []string
	for len(b) >= 8 {
		n, sum := binary.BigEndian.Uint32(b), binary.BigEndian.Uint32(b[4:])
		if int(n) > len(b)-8 {
			break
		}
		s := b[8 : 8+n]
		if !l.noChecksum && crc32.ChecksumIEEE(s) != sum {
			break
		}
		if n == 0 {
			break
		}
		all = append(all, string(s))
		b = b[8+n:]
	}
	return all
}

// verifyLedger runs an enumeration over a ledger and returns what it says.
func verifyLedger(t *testing.T, mistakes ledger, enumerate func(testing.TB, func(*fault.FS), func(*fault.FS, fault.Point)), crash bool) *recorder {
	return record(t, func(t testing.TB) {
		var acked, sent []string
		enumerate(t, func(disk *fault.FS) {
			acked, sent = nil, nil
			l := mistakes
			l.disk = disk
			if l.open() != nil {
				return
			}
			for i := range 8 {
				s := fmt.Sprint(i, strings.Repeat("x", 200*i))
				sent = append(sent, s)
				if l.add(s) != nil {
					return
				}
				acked = append(acked, s)
			}
		}, func(disk *fault.FS, at fault.Point) {
			if crash {
				disk = disk.Crash(fault.KeepSynced)
			}
			l := mistakes
			l.disk = disk
			got := l.read()
			if len(got) < len(acked) {
				t.Errorf("%d records were acknowledged, %d are there", len(acked), len(got))
			}
			for i, s := range got {
				if i >= len(sent) || s != sent[i] {
					t.Errorf("record %d was never written", i)
					break
				}
			}
		})
	})
}

func TestCrashes(t *testing.T) {
	if r := verifyLedger(t, ledger{}, fault.Crashes, false); r.failed || strings.Contains(r.log.String(), "power cut") {
		t.Errorf("a right ledger fails:\n%s", r.log.String())
	}
	for name, c := range map[string]struct {
		mistakes ledger
		want     []string
	}{
		"no sync":     {ledger{noSync: true}, []string{"1 records were acknowledged, 0 are there", "power cut after operation 3 (write log at 0, 9 bytes), kept synced", "operation 1 (create log)", "operation 2 (syncdir .)", "       0  log"}},
		"no dir sync": {ledger{noDirSync: true}, []string{"kept synced", "operation 3 (sync log)", "nothing"}},
		"no checksum": {ledger{noChecksum: true}, []string{"was never written", "kept random"}},
	} {
		t.Run(name, func(t *testing.T) {
			// Which sectors survive is random, by a seed that the test's name is part of: a
			// mistake that only some cuts show is shown by one of several names.
			var r *recorder
			for i := 0; i < 20 && (r == nil || !r.failed); i++ {
				t.Run(fmt.Sprint(i), func(t *testing.T) { r = verifyLedger(t, c.mistakes, fault.Crashes, false) })
			}
			if !r.failed {
				t.Fatal("passed")
			}
			for _, w := range c.want {
				if !strings.Contains(r.log.String(), w) {
					t.Errorf("%q is missing in:\n%s", w, r.log.String())
				}
			}
		})
	}
}

func TestCrashes_FatalIsExplained(t *testing.T) {
	r := record(t, func(t testing.TB) {
		fault.Crashes(t, func(disk *fault.FS) {
			if f, err := disk.OpenFile("f", os.O_CREATE|os.O_WRONLY, 0); err == nil {
				f.Write([]byte("x"))
			}
		}, func(disk *fault.FS, at fault.Point) {
			if at.N == 2 {
				t.Fatal("gone")
			}
		})
	})
	if log := r.log.String(); !strings.Contains(log, "gone") || !strings.Contains(log, "power cut after operation 2 (write f at 0, 1 bytes)") {
		t.Error(log)
	}
}

func TestCrashes_NeedsWork(t *testing.T) {
	r := record(t, func(t testing.TB) {
		fault.Crashes(t, func(*fault.FS) {}, func(*fault.FS, fault.Point) {})
	})
	if !r.failed || !strings.Contains(r.log.String(), "changed nothing on the disk") {
		t.Error(r.log.String())
	}
}

func TestCrashes_PowerStaysOff(t *testing.T) {
	fault.Crashes(t, func(disk *fault.FS) {
		f, err := disk.OpenFile("f", os.O_CREATE|os.O_RDWR, 0)
		if err != nil {
			if !errors.Is(err, fault.ErrPowerLost) {
				t.Errorf("open: %v", err)
			}
			if _, err := disk.Stat("f"); !errors.Is(err, fault.ErrPowerLost) {
				t.Errorf("stat without power: %v", err)
			}
			return
		}
		if _, err = f.Write([]byte("x")); err != nil {
			if _, err := f.ReadAt(make([]byte, 1), 0); !errors.Is(err, fault.ErrPowerLost) {
				t.Errorf("read without power: %v", err)
			}
		}
	}, func(disk *fault.FS, _ fault.Point) {
		if _, err := disk.Stat("f"); err != nil && !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("the disk after the crash: %v", err)
		}
	})
}

func TestFailures(t *testing.T) {
	if r := verifyLedger(t, ledger{}, fault.Failures, true); r.failed {
		t.Errorf("a right ledger fails:\n%s", r.log.String())
	}
	r := verifyLedger(t, ledger{ignoresErrors: true}, fault.Failures, true)
	if log := r.log.String(); !r.failed || !strings.Contains(log, "operation 3 (write log at 0, 9 bytes) failed with: input/output error") {
		t.Errorf("failed %v:\n%s", r.failed, log)
	}
}

// A file is replaced the way everybody should: written aside, synced, renamed,
// and the directory synced.
func TestCrashes_AtomicReplace(t *testing.T) {
	fault.Crashes(t, func(disk *fault.FS) {
		replace := func(content string) error {
			f, err := disk.OpenFile("tmp", os.O_CREATE|os.O_TRUNC|os.O_WRONLY, 0o644)
			if err != nil {
				return err
			}
			if _, err = f.Write([]byte(content)); err == nil {
				err = f.Sync()
			}
			f.Close()
			if err == nil {
				err = disk.Rename("tmp", "config")
			}
			if err == nil {
				err = disk.SyncDir(".")
			}
			return err
		}
		if replace(strings.Repeat("1", 1000)) == nil {
			replace(strings.Repeat("2", 1500))
		}
	}, func(disk *fault.FS, at fault.Point) {
		b, err := fs.ReadFile(disk, "config")
		if errors.Is(err, fs.ErrNotExist) && at.N < 5 {
			return
		}
		if whole := len(b) == 1000 && b[0] == '1' || len(b) == 1500 && b[0] == '2'; err != nil || !whole || !bytes.Equal(b, bytes.Repeat(b[:1], len(b))) {
			t.Errorf("config has %d bytes, %v", len(b), err)
		}
	})
}

// A recorder notes what is said to a testing.TB.
type recorder struct {
	testing.TB
	log    strings.Builder
	failed bool
}

func record(t *testing.T, f func(testing.TB)) *recorder {
	r := &recorder{TB: t}
	done := make(chan struct{})
	go func() { defer close(done); f(r) }()
	<-done
	return r
}

func (r *recorder) Helper()                      {}
func (r *recorder) Attr(string, string)          {}
func (r *recorder) Cleanup(func())               {}
func (r *recorder) Failed() bool                 { return r.failed }
func (r *recorder) Log(args ...any)              { fmt.Fprintln(&r.log, args...) }
func (r *recorder) Logf(f string, args ...any)   { fmt.Fprintf(&r.log, f+"\n", args...) }
func (r *recorder) Errorf(f string, args ...any) { r.Logf(f, args...); r.failed = true }
func (r *recorder) Fatal(args ...any)            { r.Log(args...); r.failed = true; runtime.Goexit() }
