//go:build unix

package gotool

import (
	"os/exec"
	"syscall"
)

// inGroup makes cancellation end the compilers that the go command started too.
func inGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
