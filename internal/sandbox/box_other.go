//go:build !linux

package sandbox

import (
	"os"
	"time"
)

// A box elsewhere than on Linux holds time and output only; see [Result.Confined].
type box struct {
	process  *os.Process
	confined []string
}

func (p *Process) run(output *budget, started chan<- error) {
	cmd := p.command(output)
	inGroup(cmd)
	p.begin = time.Now()
	if err := cmd.Start(); err != nil {
		started <- err
		return
	}
	p.cmd, p.box.process = cmd, cmd.Process
	started <- nil
	p.finish()
}

func (b *box) kill()                  { killGroup(b.process) }
func (b *box) sweep()                 { killGroup(b.process) }
func (b *box) release()               {}
func (b *box) usage(int) (int64, int) { return 0, 0 }
func (b *box) children() []string     { return nil }
func peakOf(*os.ProcessState) int64   { return 0 }
func signalName(s *os.ProcessState) string {
	if s.ExitCode() == -1 {
		return s.String()
	}
	return ""
}
