//go:build unix && !linux

package program

import (
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

func ownGroup(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// killMarked finds nothing: the environment of a process is not readable here.
func killMarked(string) {}

// cpu asks ps.
func cpu(pid int) (time.Duration, error) {
	out, err := exec.Command("ps", "-o", "time=", "-p", strconv.Itoa(pid)).Output()
	if err != nil {
		return 0, fmt.Errorf("ps: %w", err)
	}
	return psTime(strings.TrimSpace(string(out)))
}
