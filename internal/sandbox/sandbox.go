// Package sandbox runs one program that nobody vouches for, inside limits, and
// leaves nothing of it behind.
//
// It protects a learner's machine from accidents: a fork bomb, a loop that fills
// memory or the disk, a child that outlives its parent, a path that was meant to
// be relative. It needs no privileges and no daemon. It is not a wall against an
// attacker who holds a kernel bug; that is the business of a worker's own machine.
//
// What it uses depends on the system, and [Result.Confined] says what was active:
//
//   - limits on wall time, memory, processes and output, watched from outside
//     (everywhere; memory and processes on Linux);
//   - a pids control group, where this user may make one (Linux);
//   - rlimits on open files, file size and core dumps (Linux);
//   - a PID namespace of its own, whose end is the end of every process in it,
//     also of one that called setsid (Linux with user namespaces);
//   - Landlock: files outside the listed trees do not exist for it (Linux 5.13).
//
// Start with [Start]; [Process.Wait] gives the [Result].
package sandbox

import (
	"io"
	"os"
	"time"
)

// A Spec is one program to run.
type Spec struct {
	Path   string
	Args   []string // without the program's name
	Env    []string // all of it: nothing is inherited
	Dir    string
	Extra  []*os.File // descriptors 3, 4, …
	Stdin  io.Reader
	Stdout io.Writer
	Stderr io.Writer
	Read   []string // trees it may read and execute; nil: no confinement of files
	Write  []string // trees it may also write
	Limits Limits
}

// Limits bound what a program may use. Zero means no limit.
type Limits struct {
	Wall      time.Duration
	Memory    int64 // resident bytes of all its processes together, sampled
	Processes int   // processes at one time, sampled; at most 500
	Files     uint64
	FileSize  uint64
	Output    int64 // bytes on stdout and stderr together
}

// A Reason says what ended a program.
type Reason string

const (
	Ended     Reason = "ended" // by itself: by exit or by a signal of its own making
	Killed    Reason = "killed"
	Wall      Reason = "wall time"
	Memory    Reason = "memory"
	Processes Reason = "processes"
	Output    Reason = "output"
)

// A Result is how a program ended.
type Result struct {
	Reason   Reason
	Code     int    // exit code, -1 where a signal ended it
	Signal   string // "segmentation fault", where one did
	CPU      time.Duration
	Wall     time.Duration
	Peak     int64    // the most resident bytes seen, of all its processes together
	Confined []string // "pid namespace", "cgroup", "landlock", "rlimits"
}

// tick is how often memory and processes are sampled. A bomb that fills 4 GB/s
// gets 80 MB past its limit in that time; reading /proc costs 0.2 % of a core.
const tick = 20 * time.Millisecond
