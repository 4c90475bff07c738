//go:build !unix

package gotool

import "os/exec"

// inGroup does nothing here: cancellation ends the go command alone.
func inGroup(*exec.Cmd) {}
