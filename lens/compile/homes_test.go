package compile

import (
	"os"
	"path/filepath"
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
