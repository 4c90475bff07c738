package program

import (
	"bytes"
	"os"
	"os/exec"
	"strconv"
	"syscall"
	"time"
	"unsafe"
)

// ownGroup puts the process into a group of its own, which the kernel kills if
// the test is killed.
func ownGroup(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
}

// cpu reads the CPU clock of another process: its id is the complement of the
// process id, shifted, with 2 for "all threads, as scheduled" (CPUCLOCK_SCHED of
// include/linux/posix-timers.h).
func cpu(pid int) (time.Duration, error) {
	var t syscall.Timespec
	clock := uintptr(^pid<<3 | 2)
	if _, _, errno := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clock, uintptr(unsafe.Pointer(&t)), 0); errno != 0 {
		return 0, errno
	}
	return time.Duration(t.Nano()), nil
}

// killMarked kills every process that has the mark in its environment: those that
// left the process group. It looks again until there is none, for one that is
// just being killed may have started another.
func killMarked(mark string) {
	const rounds = 10
	for range rounds {
		found := false
		entries, _ := os.ReadDir("/proc")
		for _, e := range entries {
			pid, err := strconv.Atoi(e.Name())
			if err != nil || pid == os.Getpid() {
				continue
			}
			env, err := os.ReadFile("/proc/" + e.Name() + "/environ")
			if err == nil && bytes.Contains(env, []byte(mark)) {
				found = true
				syscall.Kill(pid, syscall.SIGKILL)
			}
		}
		if !found {
			return
		}
		time.Sleep(time.Millisecond)
	}
}
