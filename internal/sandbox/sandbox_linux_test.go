package sandbox

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestMain lets the test binary play the programs that the sandbox must hold.
func TestMain(m *testing.M) {
	if deed := os.Getenv("DEED"); deed != "" {
		deeds[deed]()
		os.Exit(0)
	}
	os.Exit(m.Run())
}

var deeds = map[string]func(){
	"nothing": func() {},
	"echo":    func() { fmt.Println("out"); fmt.Fprintln(os.Stderr, "err"); os.Exit(7) },
	"sleep":   func() { time.Sleep(time.Hour) },
	"memory": func() {
		var hold [][]byte
		for len(hold) < 1<<20 {
			b := make([]byte, 1<<20)
			for i := 0; i < len(b); i += 4096 {
				b[i] = 1
			}
			hold = append(hold, b)
		}
		fmt.Println(len(hold))
	},
	"flood": func() {
		b := bytes.Repeat([]byte("y\n"), 1<<19)
		for {
			os.Stdout.Write(b)
		}
	},
	// It stops by itself: should the sandbox fail, the machine must not.
	"fork": func() {
		until, _ := strconv.ParseInt(os.Getenv("UNTIL"), 10, 64)
		for time.Now().Unix() < until {
			exec.Command("/proc/self/exe").Start() // inherits DEED=fork
		}
	},
	"daemon": func() {
		cmd := exec.Command("sleep", "3000")
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if err := cmd.Start(); err != nil {
			fmt.Println(err)
		}
		fmt.Println("ready")
		if os.Getenv("STAY") != "" {
			time.Sleep(time.Hour)
		}
	},
	"files": func() {
		for i := 0; ; i++ {
			if _, err := os.Open("/dev/null"); err != nil {
				fmt.Println(i, err)
				return
			}
		}
	},
	"read": func() {
		_, err := os.ReadFile(os.Getenv("FILE"))
		fmt.Println(err)
		fmt.Println(os.WriteFile(os.Getenv("FILE"), nil, 0o644) != nil)
	},
	"write": func() { fmt.Println(os.WriteFile(os.Getenv("FILE"), []byte("x"), 0o644)) },
	"listen": func() {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		fmt.Println(l != nil, err)
	},
}

func self(t *testing.T, deed string, env ...string) (Spec, *bytes.Buffer) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	return Spec{Path: exe, Env: append([]string{"DEED=" + deed, "PATH=" + os.Getenv("PATH")}, env...), Dir: t.TempDir(), Stdout: &out, Stderr: &out}, &out
}

func run(t *testing.T, s Spec) Result {
	t.Helper()
	p, err := Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestEnds(t *testing.T) {
	s, out := self(t, "echo")
	r := run(t, s)
	if r.Reason != Ended || r.Code != 7 {
		t.Errorf("result = %+v, want ended with 7", r)
	}
	if got := out.String(); !strings.Contains(got, "out\n") || !strings.Contains(got, "err\n") {
		t.Errorf("output = %q", got)
	}
	t.Logf("confined by %v", r.Confined)
}

func TestNoSuchProgram(t *testing.T) {
	if _, err := Start(t.Context(), Spec{Path: "/does/not/exist"}); err == nil {
		t.Error("no error")
	}
}

// Each bomb is ended by the limit that it goes for.
func TestLimits(t *testing.T) {
	for _, c := range []struct {
		deed   string
		limits Limits
		want   Reason
	}{
		{"sleep", Limits{Wall: 50 * time.Millisecond}, Wall},
		{"memory", Limits{Memory: 200 << 20, Wall: time.Minute}, Memory},
		{"flood", Limits{Output: 1 << 20, Wall: time.Minute}, Output},
		{"fork", Limits{Processes: 30, Wall: time.Minute}, Processes},
	} {
		t.Run(c.deed, func(t *testing.T) {
			s, out := self(t, c.deed, "UNTIL="+strconv.FormatInt(time.Now().Unix()+4, 10))
			s.Limits = c.limits
			s.Read, s.Write = []string{"/"}, []string{"/dev", "/proc"}
			r := run(t, s)
			if r.Reason != c.want {
				t.Errorf("ended by %q, want %q: %+v\n%.500s", r.Reason, c.want, r, out)
			}
			if c.deed == "memory" && r.Peak > 3*c.limits.Memory {
				t.Errorf("peak is %d MB", r.Peak>>20)
			}
			if int64(out.Len()) > 1<<20 {
				t.Errorf("%d bytes of output came through", out.Len())
			}
		})
	}
}

func TestOpenFiles(t *testing.T) {
	s, out := self(t, "files")
	s.Limits = Limits{Files: 64, Wall: time.Minute}
	run(t, s)
	n, _ := strconv.Atoi(strings.Fields(out.String())[0])
	if n < 30 || n > 64 || !strings.Contains(out.String(), "too many open files") {
		t.Errorf("output = %q", out)
	}
}

// Everything that this system has confines the program together, and is given back.
func TestConfined(t *testing.T) {
	s, _ := self(t, "nothing")
	s.Read, s.Write = []string{"/"}, []string{s.Dir, "/proc"}
	s.Limits = Limits{Processes: 10, Files: 100}
	p, err := Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	r, err := p.Wait()
	if err != nil {
		t.Fatal(err)
	}
	got := r.Confined
	want := []string{"rlimits"}
	if restrictable() == nil {
		want = append(want, "landlock")
	}
	probe := newCgroup(1)
	if probe.dir != "" {
		want = append(want, "cgroup")
		probe.remove()
	}
	for _, w := range want {
		if !slices.Contains(got, w) {
			t.Errorf("confined by %q, lacks %q", got, w)
		}
	}
	if dir := p.box.group.dir; dir != "" {
		if _, err := os.Stat(dir); err == nil {
			t.Errorf("the group %s is left", dir)
		}
	}
	t.Logf("confined by %q", got)
}

// A child that left its session dies with the program: when the program ends,
// and when it is killed.
func TestNothingSurvives(t *testing.T) {
	for _, stay := range []string{"", "1"} {
		s, out := self(t, "daemon", "STAY="+stay)
		s.Limits.Wall = 400 * time.Millisecond
		p, err := Start(t.Context(), s)
		if err != nil {
			t.Fatal(err)
		}
		if r, err := p.Wait(); err != nil || !strings.Contains(out.String(), "ready") {
			t.Fatalf("%+v, %v\n%s", r, err, out)
		}
		if left := marked(p.box.mark); len(left) > 0 {
			t.Errorf("stay=%q: processes %v are left", stay, left)
		}
	}
}

// The same without a namespace: group and mark do it.
func TestNothingSurvivesWithoutNamespace(t *testing.T) {
	s, out := self(t, "daemon", "STAY=1")
	p := &Process{spec: s, done: make(chan struct{}), reason: Ended}
	p.box.mark = "HONE_SANDBOX=" + t.Name()
	p.spec.Env = append(p.spec.Env, p.box.mark)
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- p.startIn(newBudget(0), 0)
		p.finish()
	}()
	if err := <-started; err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); len(p.Children()) == 0; {
		if time.Now().After(deadline) {
			t.Fatalf("no child: %s", out)
		}
		time.Sleep(time.Millisecond)
	}
	p.Kill(Killed)
	p.Wait()
	if left := marked(p.box.mark); len(left) > 0 {
		t.Errorf("processes %v are left", left)
	}
}

func TestChildren(t *testing.T) {
	s, _ := self(t, "daemon", "STAY=1")
	p, err := Start(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(time.Millisecond) {
		if c := p.Children(); len(c) == 1 && strings.Contains(c[0], "sleep 3000") {
			break
		} else if time.Now().After(deadline) {
			t.Fatalf("children = %q", c)
		}
	}
	p.Kill(Killed)
	p.Wait()
}

func TestCancel(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	s, _ := self(t, "sleep")
	p, err := Start(ctx, s)
	if err != nil {
		t.Fatal(err)
	}
	cancel()
	if r, err := p.Wait(); r.Reason != Killed || err != nil {
		t.Errorf("%+v, %v", r, err)
	}
}

// Files outside the given trees can be neither read nor written.
func TestFiles(t *testing.T) {
	if restrictable() != nil {
		t.Skip("no Landlock here")
	}
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("s"), 0o644); err != nil {
		t.Fatal(err)
	}
	work := t.TempDir()
	trees := func(s *Spec) {
		s.Read = []string{filepath.Dir(s.Path), "/usr", "/lib", "/lib64", "/etc"}
		s.Write = []string{work, "/dev", "/proc"}
	}

	s, out := self(t, "read", "FILE="+secret)
	s.Dir = work
	trees(&s)
	run(t, s)
	if got := out.String(); !strings.Contains(got, "permission denied\ntrue\n") {
		t.Errorf("reading and writing the secret: %q", got)
	}

	s, out = self(t, "write", "FILE="+filepath.Join(work, "new"))
	s.Dir = work
	trees(&s)
	run(t, s)
	if got := out.String(); got != "<nil>\n" {
		t.Errorf("writing in its own tree: %q", got)
	}

	s, out = self(t, "listen")
	s.Dir = work
	trees(&s)
	run(t, s)
	if got := out.String(); got != "true <nil>\n" {
		t.Errorf("listening: %q", got)
	}
}

// restrictable tries Landlock on a thread that is thrown away.
func restrictable() error {
	done := make(chan error)
	go func() {
		runtime.LockOSThread()
		done <- restrict([]string{"/"}, nil)
	}()
	return <-done
}

func BenchmarkStart(b *testing.B) {
	exe, _ := os.Executable()
	for b.Loop() {
		p, err := Start(b.Context(), Spec{Path: exe, Env: []string{"DEED=nothing"}, Read: []string{"/"}})
		if err != nil {
			b.Fatal(err)
		}
		p.Wait()
	}
}
