package sandbox

import (
	"crypto/rand"
	"os"
	"runtime"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// A box is what Linux confines a program with.
type box struct {
	pid       int
	namespace bool   // it is process 1 of a PID namespace of its own
	mark      string // environment entry that all its processes inherit
	group     cgroup
	confined  []string
}

// run starts the program and stays with it. Landlock restricts a thread and what
// it forks, so the thread that starts the program is used for nothing else: it is
// locked, restricted, and thrown away with this goroutine. It must live as long
// as the program, because the parent-death signal is bound to the thread.
func (p *Process) run(output *budget, started chan<- error) {
	runtime.LockOSThread()
	p.box.group = newCgroup(p.spec.Limits.Processes) // before files are out of reach
	if p.spec.Read != nil || p.spec.Write != nil {
		if restrict(p.spec.Read, p.spec.Write) == nil {
			p.box.confined = append(p.box.confined, "landlock")
		}
	}
	p.box.mark = "HONE_SANDBOX=" + rand.Text()
	p.spec.Env = append(p.spec.Env[:len(p.spec.Env):len(p.spec.Env)], p.box.mark)

	err := p.startIn(output, unix.CLONE_NEWUSER|unix.CLONE_NEWPID)
	if err != nil {
		err = p.startIn(output, 0)
	}
	if err != nil {
		p.box.release()
		started <- err
		return
	}
	p.box.limit(p.spec.Limits)
	started <- nil
	p.finish()
}

// startIn starts the program in new namespaces of the given kinds.
func (p *Process) startIn(output *budget, namespaces uintptr) error {
	cmd := p.command(output)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Cloneflags: namespaces}
	grouped := p.box.group.enter(cmd.SysProcAttr)
	defer p.box.group.leave()
	if namespaces != 0 {
		cmd.SysProcAttr.UidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getuid(), HostID: os.Getuid(), Size: 1}}
		cmd.SysProcAttr.GidMappings = []syscall.SysProcIDMap{{ContainerID: os.Getgid(), HostID: os.Getgid(), Size: 1}}
	}
	p.begin = time.Now()
	if err := cmd.Start(); err != nil {
		return err
	}
	p.cmd, p.box.pid = cmd, cmd.Process.Pid
	if grouped {
		p.box.confined = append(p.box.confined, "cgroup")
	}
	if p.box.namespace = namespaces != 0; p.box.namespace {
		p.box.confined = append(p.box.confined, "pid namespace")
	}
	return nil
}

// limit sets the rlimits of the program, which all that it starts inherits. They
// hold from about a tenth of a millisecond after its start.
func (b *box) limit(l Limits) {
	set := func(resource int, value uint64) error {
		return unix.Prlimit(b.pid, resource, &unix.Rlimit{Cur: value, Max: value}, nil)
	}
	ok := set(unix.RLIMIT_CORE, 0) == nil
	if b.namespace && l.Processes > 0 { // counted per namespace since Linux 5.14; root is exempt
		ok = set(unix.RLIMIT_NPROC, uint64(l.Processes*tasksPerProcess)) == nil
	}
	if l.Files > 0 {
		ok = set(unix.RLIMIT_NOFILE, l.Files) == nil && ok
	}
	if l.FileSize > 0 {
		ok = set(unix.RLIMIT_FSIZE, l.FileSize) == nil && ok
	}
	if ok {
		b.confined = append(b.confined, "rlimits")
	}
}

// kill ends every process of the program. In a PID namespace the kernel does it
// when the first process dies; elsewhere the group goes first, then what left it.
func (b *box) kill() {
	unix.Kill(b.pid, unix.SIGKILL)
	if !b.namespace {
		unix.Kill(-b.pid, unix.SIGKILL)
		b.sweep()
	}
}

// maxSweeps bounds the hunt for processes that fork as fast as they are killed.
const maxSweeps = 200

// sweep kills what outlived the program: processes that bear its mark.
func (b *box) sweep() {
	if b.namespace {
		return // the kernel did, before Wait returned
	}
	unix.Kill(-b.pid, unix.SIGKILL)
	for range maxSweeps {
		left := marked(b.mark)
		if len(left) == 0 {
			return
		}
		for _, pid := range left {
			unix.Kill(pid, unix.SIGKILL)
		}
	}
}

// release gives back what the box took from the system. The calling thread may be
// restricted, so another one does it.
func (b *box) release() {
	done := make(chan struct{})
	go func() {
		defer close(done)
		b.group.remove()
	}()
	<-done
}

// restrict confines the calling thread, and what it forks from now on, to the
// given trees. See landlock(7). Trees that don't exist are left out.
func restrict(read, write []string) error {
	version, _, errno := unix.Syscall(unix.SYS_LANDLOCK_CREATE_RULESET, 0, 0, unix.LANDLOCK_CREATE_RULESET_VERSION)
	if errno != 0 {
		return errno
	}
	const readable = unix.LANDLOCK_ACCESS_FS_EXECUTE | unix.LANDLOCK_ACCESS_FS_READ_FILE | unix.LANDLOCK_ACCESS_FS_READ_DIR
	all := uint64(1<<13 - 1) // ABI 1: execute … make symlink
	if version >= 2 {
		all |= unix.LANDLOCK_ACCESS_FS_REFER
	}
	if version >= 3 {
		all |= unix.LANDLOCK_ACCESS_FS_TRUNCATE
	}
	attr := unix.LandlockRulesetAttr{Handled_access_fs: all}
	size := uintptr(8)
	if version >= 6 { // signals stay inside: kill(-1) reaches nobody else
		attr.Scoped, size = unix.LANDLOCK_SCOPE_SIGNAL, 24
	}
	fd, err := createRuleset(&attr, size)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	for _, tree := range read {
		if err := allow(fd, tree, readable); err != nil {
			return err
		}
	}
	for _, tree := range write {
		if err := allow(fd, tree, all); err != nil {
			return err
		}
	}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	if _, _, errno := unix.Syscall(unix.SYS_LANDLOCK_RESTRICT_SELF, uintptr(fd), 0, 0); errno != 0 {
		return errno
	}
	return nil
}

// peakOf is the largest resident set of the program's first process, in bytes.
func peakOf(state *os.ProcessState) int64 {
	if u, ok := state.SysUsage().(*syscall.Rusage); ok {
		return u.Maxrss << 10
	}
	return 0
}

func signalName(state *os.ProcessState) string {
	if s, ok := state.Sys().(syscall.WaitStatus); ok && s.Signaled() {
		return s.Signal().String()
	}
	return ""
}
