package sandbox

import (
	"bufio"
	"crypto/rand"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// tasksPerProcess is how many threads a process of Go has at most, about. The
// pids controller counts threads; [Limits.Processes] counts processes. The group
// is the wall that a fork bomb runs into while the sampler comes to count it.
const tasksPerProcess = 16

// A cgroup is a pids control group of one program, or nothing where this process
// may make none (a plain user without delegation, a read-only mount).
//
// A program must be in its group before its first instruction: on a busy machine
// one that is moved there after its start has forked a thousand times by then.
type cgroup struct {
	dir string
	// Version 1: the lists of threads of the group and of its parent, opened while
	// the thread that starts the program may still do so.
	in, out *os.File
	// Version 2: the group itself.
	group *os.File
}

// newCgroup makes a group below this process's own.
func newCgroup(processes int) cgroup {
	parent, threads := ownCgroup()
	if parent == "" || processes == 0 {
		return cgroup{}
	}
	removeStale(parent)
	c := cgroup{dir: filepath.Join(parent, "hone-"+rand.Text())}
	if os.Mkdir(c.dir, 0o755) != nil {
		return cgroup{}
	}
	limit := strconv.Itoa(processes * tasksPerProcess)
	err := os.WriteFile(filepath.Join(c.dir, "pids.max"), []byte(limit), 0o644)
	if err == nil && threads {
		if c.in, err = os.OpenFile(filepath.Join(c.dir, "tasks"), os.O_WRONLY, 0); err == nil {
			c.out, err = os.OpenFile(filepath.Join(parent, "tasks"), os.O_WRONLY, 0)
		}
	} else if err == nil {
		c.group, err = os.Open(c.dir)
	}
	if err != nil {
		c.remove()
		return cgroup{}
	}
	return c
}

// removeStale removes empty groups that a killed hone left an hour ago or longer.
func removeStale(parent string) {
	old, _ := filepath.Glob(filepath.Join(parent, "hone-*"))
	for _, dir := range old {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > time.Hour {
			os.Remove(dir)
		}
	}
}

// ownCgroup is the directory of this process in the hierarchy that has the pids
// controller: version 1's of that name, whose groups hold single threads, else
// version 2's. "" where neither is mounted.
func ownCgroup() (dir string, threads bool) {
	f, err := os.Open("/proc/self/cgroup")
	if err != nil {
		return "", false
	}
	defer f.Close()
	unified := ""
	for s := bufio.NewScanner(f); s.Scan(); {
		id, rest, _ := strings.Cut(s.Text(), ":")
		controllers, path, _ := strings.Cut(rest, ":")
		if controllers == "pids" {
			return filepath.Join("/sys/fs/cgroup/pids", path), true
		}
		if id == "0" {
			unified = filepath.Join("/sys/fs/cgroup", path)
		}
	}
	if data, err := os.ReadFile(filepath.Join(unified, "cgroup.subtree_control")); err != nil || !strings.Contains(string(data), "pids") {
		return "", false
	}
	return unified, false
}

// enter puts what the calling thread starts into the group: version 1 by moving the
// thread, version 2 by what it sets in attr.
func (c cgroup) enter(attr *syscall.SysProcAttr) bool {
	if c.group != nil {
		attr.UseCgroupFD, attr.CgroupFD = true, int(c.group.Fd())
		return true
	}
	return c.in != nil && moveThread(c.in) == nil
}

// leave takes the calling thread out of the group again.
func (c cgroup) leave() {
	if c.out != nil {
		moveThread(c.out)
	}
}

func moveThread(to *os.File) error {
	_, err := to.WriteString(strconv.Itoa(syscall.Gettid()))
	return err
}

// remove removes the group. The kernel may take a moment to let go of the last process.
func (c cgroup) remove() {
	for _, f := range []*os.File{c.in, c.out, c.group} {
		if f != nil {
			f.Close()
		}
	}
	for range 100 {
		if c.dir == "" || os.Remove(c.dir) == nil {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
