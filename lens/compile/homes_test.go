package compile

import (
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"
)

func openInside(t *testing.T, o Options) *Lens {
	t.Helper()
	if dir := os.Getenv("HONE_CACHE"); dir != "" {
		o.Cache = filepath.Join(dir, "compile")
	}
	l, err := Open(t.Context(), o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return l
}

func (hs *homes) only(t *testing.T) *home {
	t.Helper()
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if len(hs.byID) != 1 {
		t.Fatalf("%d homes, want 1", len(hs.byID))
	}
	for _, h := range hs.byID {
		return h
	}
	return nil
}

// A resident process that is killed is replaced, and nobody notices.
func TestHome_KilledIsReplaced(t *testing.T) {
	l := openInside(t, Options{Resident: 1})
	q := Query{Dir: "testdata/src", Package: "./facts", Function: "sums"}
	for range 3 {
		if _, err := l.Look(t.Context(), q); err != nil {
			t.Fatal(err)
		}
		h := l.homes.only(t)
		if err := h.c.cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.Look(t.Context(), q); err != nil {
		t.Fatal(err)
	}
}

// There are never more resident processes than allowed, and idle ones end.
func TestHome_IsBounded(t *testing.T) {
	l := openInside(t, Options{Resident: 1, Idle: time.Hour})
	for _, pkg := range []string{"./facts", "./tested", "./facts"} {
		if _, err := l.Look(t.Context(), Query{Dir: "testdata/src", Package: pkg}); err != nil {
			t.Fatal(err)
		}
		l.homes.only(t)
	}
	h := l.homes.only(t)
	h.timer.Reset(0)
	for deadline := time.Now().Add(10 * time.Second); ; {
		h.mu.Lock()
		gone := h.gone
		h.mu.Unlock()
		if gone {
			return
		}
		if time.Now().After(deadline) {
			t.Fatal("an idle process stays")
		}
		time.Sleep(time.Millisecond)
	}
}

// A file that changed has another home.
func TestHome_FollowsTheFile(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module m\n\ngo 1.24\n")
	l := openInside(t, Options{Resident: 2})
	for i, body := range []string{"n", "n + 1000", "n + 100000"} {
		write("m.go", "package m\n\nfunc F(n int) int { return "+body+" }\n")
		r, err := l.Look(t.Context(), Query{Dir: dir, Function: "F"})
		if err != nil {
			t.Fatal(err)
		}
		if r.Observed.Resident {
			t.Errorf("%d: the answer is about a text that changed", i)
		}
	}
}

// A cache that somebody deletes while it is in use is made again.
func TestCache_MayBeDeleted(t *testing.T) {
	cache := filepath.Join(t.TempDir(), "cache")
	l, err := Open(t.Context(), Options{Cache: cache, Observer: ObserverNever})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for range 3 {
		if _, err := l.Look(t.Context(), Query{Dir: "testdata/src", Package: "./tested", Function: "Double"}); err != nil {
			t.Fatal(err)
		}
		l.background.Wait()
		if err := os.RemoveAll(cache); err != nil {
			t.Fatal(err)
		}
	}
}

// A lock is waited for, and one whose holder is gone is taken.
func TestLock_WaitsAndRecovers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "a", "lock")
	unlock, err := lock(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	got := make(chan error, 1)
	go func() {
		second, err := lock(t.Context(), file)
		if err == nil {
			second()
		}
		got <- err
	}()
	select {
	case <-got:
		t.Fatal("two hold the lock")
	case <-time.After(3 * lockPoll):
	}
	unlock()
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(file, nil, 0o666); err != nil {
		t.Fatal(err)
	}
	old := time.Now().Add(-2 * lockStale)
	if err := os.Chtimes(file, old, old); err != nil {
		t.Fatal(err)
	}
	unlock, err = lock(t.Context(), file)
	if err != nil {
		t.Fatal(err)
	}
	unlock()
}

// fakeObserver makes a Lens believe that a program is its observing compiler.
func fakeObserver(t *testing.T, script string) *Lens {
	t.Helper()
	if runtime.GOOS == "windows" {
		t.Skip("it is a shell script")
	}
	l, err := Open(t.Context(), Options{Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	dir, err := filepath.Abs("testdata/src")
	if err != nil {
		t.Fatal(err)
	}
	tool, err := l.toolchain(t.Context(), dir)
	if err != nil {
		t.Fatal(err)
	}
	at := l.observerDir(tool)
	if err := writeFile(filepath.Join(at, "observer.json"), []byte("{}")); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(at, compilerName()), []byte("#!/bin/sh\n"+script), 0o777); err != nil {
		t.Fatal(err)
	}
	return l
}

// Where the observer itself breaks, or its answer ends in the middle, the stock
// compiler answers, and the report says why.
func TestLook_BrokenObserverFallsBack(t *testing.T) {
	for script, why := range map[string]string{
		"read q; exit 3": "exit status 3",
		"read q; printf 'name\\tF\\t0\\t8\\t0\\t0\\t0\\nfu'":                  errTruncated.Error(),
		"read q; echo 'x.go:1:2: internal compiler error: oh no' >&2; exit 2": "internal compiler error: oh no",
		"read q; kill -9 $$": "signal: killed",
	} {
		r, err := fakeObserver(t, script).Look(t.Context(), Query{Dir: "testdata/src", Package: "./facts", Function: "escapes"})
		if err != nil {
			t.Errorf("%s: %v", script, err)
			continue
		}
		if r.Observed.Mode != Stock || !strings.Contains(r.Observed.Gaps[0].Why, why) || len(r.Functions) != 1 {
			t.Errorf("%s: %+v", script, r.Observed)
		}
	}
}

// A plan holds while the package changes below its imports, and no longer when its
// imports, its files or its dependencies do.
func TestPlan_HoldsAsLongAsItMay(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) {
		t.Helper()
		if err := writeFile(filepath.Join(dir, name), []byte(text)); err != nil {
			t.Fatal(err)
		}
	}
	write("go.mod", "module m\n\ngo 1.24\n")
	write("m.go", "package m\n\nimport \"m/q\"\n\nfunc F() int { return q.G() }\n")
	write("q/q.go", "package q\n\nfunc G() int { return 1 }\n")
	l := openInside(t, Options{Cache: t.TempDir(), Observer: ObserverNever})
	q := Query{Dir: dir}
	held := func() bool {
		t.Helper()
		r, err := l.request(t.Context(), q)
		if err != nil {
			t.Fatal(err)
		}
		held := readPlan(filepath.Join(l.cache, "plans", r.key()), r) != nil
		if _, err := l.plan(t.Context(), r); err != nil {
			t.Fatal(err)
		}
		l.background.Wait()
		return held
	}
	for _, step := range []struct {
		what string
		do   func()
		want bool
	}{
		{"the first time", func() {}, false},
		{"nothing", func() {}, true},
		{"a body", func() { write("m.go", "package m\n\nimport \"m/q\"\n\nfunc F() int { return q.G() + 1 }\n") }, true},
		{"an import", func() {
			write("m.go", "package m\n\nimport (\n\t\"m/q\"\n\t\"os\"\n)\n\nfunc F() int { return q.G() + os.Getpid() }\n")
		}, false},
		{"a dependency", func() { write("q/q.go", "package q\n\nfunc G() int { return 2 + 2 }\n") }, false},
		{"another file", func() { write("n.go", "package m\n") }, false},
		{"the module", func() { write("go.mod", "module m\n\ngo 1.25\n") }, false},
		{"nothing again", func() {}, true},
		{"unsaved text", func() { q.Overlay = map[string][]byte{filepath.Join(dir, "n.go"): []byte("package m\n\nvar X = 1\n")} }, false},
		{"more unsaved text", func() { q.Overlay = map[string][]byte{filepath.Join(dir, "n.go"): []byte("package m\n\nvar X = 2\n")} }, true},
		{"an unsaved dependency", func() {
			q.Overlay = map[string][]byte{filepath.Join(dir, "q/q.go"): []byte("package q\n\nfunc G() int { return 3 }\n")}
		}, false},
		{"its text", func() {
			q.Overlay = map[string][]byte{filepath.Join(dir, "q/q.go"): []byte("package q\n\nfunc G() int { return 4 }\n")}
		}, false},
	} {
		step.do()
		if got := held(); got != step.want {
			t.Errorf("after %s changed, the plan holds: %v, want %v", step.what, got, step.want)
		}
	}
}
