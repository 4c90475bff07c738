//go:build unix

package program

import (
	"errors"
	"os"
	"syscall"
)

func terminate(p *os.Process) error { return p.Signal(syscall.SIGTERM) }
func quit(p *os.Process) error      { return p.Signal(syscall.SIGQUIT) }
func killGroup(p *os.Process) error { return group(p, syscall.SIGKILL) }
func pause(p *os.Process) error     { return group(p, syscall.SIGSTOP) }
func resume(p *os.Process) error    { return group(p, syscall.SIGCONT) }

// group signals the process group. The group keeps the id of its first process
// while it has any member, so it is safe to use after that process has ended; with
// none left the id may be anybody's only after the kernel has gone once around.
func group(p *os.Process, s syscall.Signal) error {
	err := syscall.Kill(-p.Pid, s)
	if errors.Is(err, syscall.ESRCH) {
		return os.ErrProcessDone
	}
	return err
}
