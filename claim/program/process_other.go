//go:build !unix

package program

import (
	"errors"
	"os"
	"os/exec"
	"time"
)

// Systems without process groups and signals: the process alone is ended, and
// what cannot be done is said.

func ownGroup(*exec.Cmd) {}

func terminate(*os.Process) error   { return errors.ErrUnsupported }
func quit(*os.Process) error        { return errors.ErrUnsupported }
func killGroup(p *os.Process) error { return p.Kill() }
func pause(*os.Process) error       { return errors.ErrUnsupported }
func resume(*os.Process) error      { return errors.ErrUnsupported }

func killMarked(string) {}

func cpu(int) (time.Duration, error) { return 0, errors.ErrUnsupported }
