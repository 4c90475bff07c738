package sandbox

import (
	"bufio"
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// tasksPerProcess is how many threads a process of Go has at most, about. The
// pids controller counts threads; [Limits.Processes] counts processes. The group
// is the wall that a fork bomb runs into while the sampler comes to count it.
const tasksPerProcess = 16

// A cgroup is a pids control group of one program, or nothing where this process
// may make none (a plain user without delegation, a read-only mount).
type cgroup struct{ dir string }

// newCgroup makes a group below this process's own.
func newCgroup(processes int) cgroup {
	parent := ownCgroup()
	if parent == "" || processes == 0 {
		return cgroup{}
	}
	dir := filepath.Join(parent, "hone-"+rand.Text())
	if os.Mkdir(dir, 0o755) != nil {
		return cgroup{}
	}
	limit := strconv.Itoa(processes * tasksPerProcess)
	if os.WriteFile(filepath.Join(dir, "pids.max"), []byte(limit), 0o644) != nil {
		os.Remove(dir)
		return cgroup{}
	}
	return cgroup{dir}
}

// ownCgroup is the directory of this process in the hierarchy that has the pids
// controller: version 1's of that name, else version 2's. "" where neither is mounted.
func ownCgroup() string {
	f, err := os.Open("/proc/self/cgroup")
	if err != nil {
		return ""
	}
	defer f.Close()
	unified := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		id, rest, _ := strings.Cut(s.Text(), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		if controllers == "pids" {
			return filepath.Join("/sys/fs/cgroup/pids", path)
		}
		if id == "0" {
			unified = filepath.Join("/sys/fs/cgroup", path)
		}
	}
	if data, err := os.ReadFile(filepath.Join(unified, "cgroup.subtree_control")); err != nil || !strings.Contains(string(data), "pids") {
		return ""
	}
	return unified
}

// add moves a process, and what it will start, into the group.
func (c cgroup) add(pid int) bool {
	return c.dir != "" && os.WriteFile(filepath.Join(c.dir, "cgroup.procs"), []byte(strconv.Itoa(pid)), 0o644) == nil
}

// remove removes the group. The kernel may take a moment to let go of the last process.
func (c cgroup) remove() {
	for range 50 {
		if c.dir == "" || os.Remove(c.dir) == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
