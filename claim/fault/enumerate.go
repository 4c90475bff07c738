package fault

import (
	"fmt"
	"io/fs"
	"strings"
	"syscall"
	"testing"

	"github.com/hone-go/hone/claim"
)

// A Point is where a fault met a run.
type Point struct {
	N    int   // operations that had happened; the fault came after, or was, the N-th
	Op   Op    // the N-th operation, zero where N is 0
	Keep Keep  // what the power cut kept (Crashes)
	Err  error // what the operation failed with (Failures)
}

// String says it in a line.
func (p Point) String() string {
	switch {
	case p.Err != nil:
		return fmt.Sprintf("%v failed with: %v", p.Op, p.Err)
	case p.N == 0:
		return fmt.Sprintf("power cut before the first operation, kept %v", p.Keep)
	}
	return fmt.Sprintf("power cut after %v, kept %v", p.Op, p.Keep)
}

// String says it in a line, such as "operation 7 (write wal at 120, 48 bytes)".
func (op Op) String() string {
	s := fmt.Sprintf("operation %d (%s %s", op.N, op.Kind, op.Name)
	switch op.Kind {
	case OpWrite:
		s += fmt.Sprintf(" at %d, %d bytes", op.Off, op.Len)
	case OpTruncate:
		s += fmt.Sprintf(" to %d bytes", op.Len)
	case OpRename:
		s += " to " + op.To
	}
	return s + ")"
}

// randomCrashes is how many random crashes are tried at each point, beside the
// two ends.
const randomCrashes = 4

// Crashes cuts the power after every single operation of a run, and has every
// resulting disk verified. First run is called on a healthy file system to count
// its operations, N. Then, for each n from 0 to N, run is called on a new one
// whose power goes after the n-th operation, so that every later one fails with
// [ErrPowerLost]; and verify is called on what the disk may hold then: with
// KeepSynced, KeepAll, and KeepRandom a few times.
//
// run must start from nothing and return soon after an error; what it was
// promised it notes in variables that it resets first:
//
//	var acked []string
//	fault.Crashes(t, func(disk *fault.FS) {
//		acked = nil
//		… acked = append(acked, key) after each successful Put …
//	}, func(disk *fault.FS, at fault.Point) {
//		… open the store on disk, and find every key of acked …
//	})
//
// The first point at which verify fails the test ends the enumeration, so it is
// the smallest one. It is shown with the operations before it and the names on
// the disk.
func Crashes(t testing.TB, run func(disk *FS), verify func(disk *FS, at Point)) {
	t.Helper()
	total := count(t, run)
	rng := claim.Rand(t)
	for n := range total + 1 {
		disk := NewFS()
		disk.Fail(func(op Op) error {
			if op.N > n {
				return ErrPowerLost
			}
			return nil
		})
		if n == 0 {
			disk.power = false
		}
		run(disk)
		log := disk.Log()
		log = log[:min(n, len(log))]
		at := Point{N: len(log)}
		if len(log) > 0 {
			at.Op = log[len(log)-1]
		}
		for i := range 2 + randomCrashes {
			at.Keep = []Keep{KeepSynced, KeepAll, KeepRandom(rng)}[min(i, 2)]
			after := disk.Crash(at.Keep)
			if !holds(t, at, log, after, verify) {
				return
			}
		}
	}
}

// Failures makes every single operation of a run fail once, and has the disk
// verified after each run: with EIO, and for a write also torn in the middle. The
// disk works again after that. As with [Crashes], run is called first on a
// healthy file system, and the first point that fails ends the enumeration.
//
// verify gets the disk as the run left it; Crash it there to ask what would
// survive.
func Failures(t testing.TB, run func(disk *FS), verify func(disk *FS, at Point)) {
	t.Helper()
	total := count(t, run)
	for n := 1; n <= total; n++ {
		for _, torn := range []bool{false, true} {
			disk := NewFS()
			at := Point{}
			disk.Fail(func(op Op) error {
				if op.N != n || torn && op.Kind != OpWrite {
					return nil
				}
				at = Point{N: n, Op: op, Err: syscall.EIO}
				if torn {
					at.Err = Torn{Keep: op.Len / 2}
				}
				return at.Err
			})
			run(disk)
			disk.Fail(nil)
			if at.Err != nil && !holds(t, at, disk.Log(), disk, verify) {
				return
			}
		}
	}
}

func count(t testing.TB, run func(*FS)) int {
	t.Helper()
	disk := NewFS()
	run(disk)
	total := disk.Ops()
	if total == 0 {
		t.Fatal("the run changed nothing on the disk, so there is no operation to disturb: does it use the file system that it is given?")
	}
	if t.Failed() {
		t.Fatal("the run fails on a disk without faults; no fault was tried")
	}
	return total
}

// holds calls verify and reports whether the test has not failed. A verify that
// calls FailNow is explained as well.
func holds(t testing.TB, at Point, log []Op, disk *FS, verify func(*FS, Point)) bool {
	t.Helper()
	defer func() {
		if t.Failed() {
			claim.Show(t, claim.KindHistory, at.String(), story(log, disk))
		}
	}()
	verify(disk, at)
	return !t.Failed()
}

// shownOps is the most operations in the story of a failure.
const shownOps = 30

// story lists the operations and what the disk holds.
func story(log []Op, disk *FS) string {
	var b strings.Builder
	if skip := len(log) - shownOps; skip > 0 {
		fmt.Fprintf(&b, "… %d operations …\n", skip)
		log = log[skip:]
	}
	for _, op := range log {
		fmt.Fprintln(&b, op)
	}
	b.WriteString("then on the disk:\n")
	files := 0
	fs.WalkDir(disk, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil || name == "." {
			return nil
		}
		files++
		if d.IsDir() {
			fmt.Fprintf(&b, "%8s  %s/\n", "", name)
		} else if i, err := d.Info(); err == nil {
			fmt.Fprintf(&b, "%8d  %s\n", i.Size(), name)
		}
		return nil
	})
	if files == 0 {
		b.WriteString("nothing\n")
	}
	return b.String()
}
