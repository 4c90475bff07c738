package sandbox

import (
	"os"
	"os/exec"
)

func inGroup(*exec.Cmd) {}

func killGroup(p *os.Process) { p.Kill() }
