//go:build unix

package program_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/claim/program"
)

// What a test with a bad program says. Each is run by TestRed in a process of its
// own, which must fail.
func TestBad(t *testing.T) {
	name := os.Getenv("BAD")
	if name == "" {
		t.Skip("runs under TestRed")
	}
	short := func(args ...string) program.Options {
		o := actor(args...)
		o.Timeout = 300 * time.Millisecond
		return o
	}
	switch name {
	case "build":
		program.Start(t, program.Options{Package: "./testdata/none"})
	case "early":
		program.Start(t, short("say=hello", "exit=4")).Line("ready")
	case "silent":
		program.Start(t, short("say=hello", "hang")).Line("ready")
	case "stuck":
		o := short("term", "say=closing", "hang")
		o.Ready = "ready"
		p := program.Start(t, o)
		p.Terminate()
		p.Line("closing")
		p.Wait()
	case "crash":
		p := program.Start(t, actor("say=hello", "panic=boom"))
		p.Line("hello")
		for range 500 {
			if strings.Contains(p.Output(), "goroutine 1") {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		time.Sleep(100 * time.Millisecond) // for the process to end by itself
	case "race":
		p := program.Start(t, actor("race"))
		p.Wait()
	}
}

func TestRed(t *testing.T) {
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for name, words := range map[string][]string{
		"build":  {"go build ./testdata/none"},
		"early":  {"ended (exit status 4) without a line", `"ready"`, "hello"},
		"silent": {"No line on stdout began with \"ready\" within 300ms", "hello"},
		"stuck":  {"did not end within 300ms", "goroutine 1", "main.act"},
		"crash":  {"The program crashed (exit status 2)", "panic: boom"},
		"race":   {"The program has a data race", "main.act"},
	} {
		t.Run(name, func(t *testing.T) {
			if name == "race" && !raceDetector {
				t.Skip("needs -race")
			}
			t.Parallel()
			cmd := exec.Command(exe, "-test.run=^TestBad$")
			cmd.Env = append(os.Environ(), "BAD="+name)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Errorf("the test passed:\n%s", out)
			}
			for _, w := range words {
				if !strings.Contains(string(out), w) {
					t.Errorf("%q is missing in:\n%s", w, out)
				}
			}
		})
	}
}
