//go:build unix

package program_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/program"
)

func actor(args ...string) program.Options {
	return program.Options{Package: "./testdata/actor", Args: args}
}

func TestStart_TerminateAndWait(t *testing.T) {
	claim.NoGoroutineLeak(t)
	o := actor("term", "exit=3")
	o.Ready = "ready"
	p := program.Start(t, o)
	if got := p.Line("ready"); got != "ready" {
		t.Errorf("Line after Ready = %q", got)
	}
	p.Terminate()
	code, err := p.Wait()
	if code != 3 || err != nil {
		t.Errorf("Wait = %d, %v, want 3", code, err)
	}
	if got := p.Output(); got != "ready\nterminated\n" {
		t.Errorf("Output = %q", got)
	}
	p.Terminate() // after the end: nothing
}

func TestLine_InOrder(t *testing.T) {
	p := program.Start(t, actor("say=a 1", "say=b", "say=a 2", "err=a 3", "echo"))
	for _, want := range []string{"a 1", "a 2"} {
		if got := p.Line("a "); got != want {
			t.Errorf("Line = %q, want %q", got, want)
		}
	}
	fmt.Fprintln(p.Stdin, "hello")
	if got := p.Line("echo"); got != "echo hello" {
		t.Errorf("Line = %q, want what was written to stdin", got)
	}
	p.Stdin.Close()
	if code, err := p.Wait(); code != 0 || err != nil {
		t.Errorf("Wait = %d, %v", code, err)
	}
}

func TestStart_EnvAndDir(t *testing.T) {
	o := actor("env=COLOUR", "dir")
	o.Env = []string{"COLOUR=blue"}
	o.Dir, _ = filepath.EvalSymlinks(t.TempDir())
	p := program.Start(t, o)
	p.Line("COLOUR blue")
	p.Line("dir " + o.Dir)
}

func TestKill(t *testing.T) {
	p := program.Start(t, actor("say=up", "hang"))
	p.Line("up")
	p.Kill()
	if code, err := p.Wait(); code != -1 || err == nil || !strings.Contains(err.Error(), "killed") {
		t.Errorf("Wait = %d, %v, want -1 and the signal", code, err)
	}
	if alive(p.Pid()) {
		t.Error("alive after Kill")
	}
}

func TestPauseAndResume(t *testing.T) {
	p := program.Start(t, actor("echo"))
	p.Pause()
	before := p.CPU()
	fmt.Fprintln(p.Stdin, "late")
	time.Sleep(20 * time.Millisecond)
	if strings.Contains(p.Output(), "late") {
		t.Error("a paused program answers")
	}
	if used := p.CPU() - before; used > time.Millisecond {
		t.Errorf("a paused program uses %v", used)
	}
	p.Resume()
	p.Line("echo late")
}

func TestCPU(t *testing.T) {
	p := program.Start(t, actor("burn=100", "hang"))
	p.Line("burned")
	used := p.CPU()
	if used < 10*time.Millisecond || used > 10*time.Second {
		t.Errorf("CPU = %v after burning for 100ms", used)
	}
	p.Kill()
	if after := p.CPU(); after < used-20*time.Millisecond {
		t.Errorf("CPU = %v after the end, %v before", after, used)
	}
}

func TestOutput_Limit(t *testing.T) {
	p := program.Start(t, actor("say=first", "flood=8000", "say=last"))
	p.Line("last")
	if _, err := p.Wait(); err != nil {
		t.Error(err)
	}
	out := p.Output()
	if len(out) > 2<<20 || !strings.HasPrefix(out, "first\n") || !strings.HasSuffix(out, "last\n") || !strings.Contains(out, "bytes are missing here") {
		t.Errorf("%d bytes, %.20q … %q", len(out), out, out[len(out)-20:])
	}
}

// Nothing survives the test, wherever it went.
func TestCleanup_LeavesNothing(t *testing.T) {
	var p *program.Process
	var child int
	t.Run("inner", func(t *testing.T) {
		p = program.Start(t, actor("child=1000", "hang"))
		child, _ = strconv.Atoi(strings.TrimPrefix(p.Line("child "), "child "))
	})
	if alive(p.Pid()) {
		t.Error("the program is alive after its test")
	}
	if runtime.GOOS != "linux" {
		syscall.Kill(child, syscall.SIGKILL)
		return
	}
	for range 100 {
		if !alive(child) {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Error("a child that left the group is alive")
}

// alive reports whether there is such a process that is not a zombie.
func alive(pid int) bool {
	if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid)); err == nil {
		_, rest, _ := strings.Cut(string(b), ") ")
		return !strings.HasPrefix(rest, "Z")
	}
	return !errors.Is(syscall.Kill(pid, 0), syscall.ESRCH)
}

func TestStart_BuildsOnce(t *testing.T) {
	program.Start(t, actor("say=x"))
	exe, _ := os.Executable()
	built := func() map[string]time.Time {
		times := map[string]time.Time{}
		paths, _ := filepath.Glob(filepath.Join(filepath.Dir(exe), "hone-program-*"))
		for _, p := range paths {
			i, _ := os.Stat(p)
			times[p] = i.ModTime()
		}
		return times
	}
	first := built()
	if len(first) == 0 {
		t.Skip("this test binary was not built by go test")
	}
	program.Start(t, actor("say=x"))
	claim.Equal(t, "what is built after a second Start", built(), first)
}

func TestStart_HoneProgram(t *testing.T) {
	t.Setenv("HONE_PROGRAM", "/bin/echo")
	p := program.Start(t, program.Options{Args: []string{"hello"}})
	p.Line("hello")
}
