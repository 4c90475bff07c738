package compile

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"
)

// Limits of the cache.
const (
	maxPlans     = 200 // about 20 kB each
	maxOverlays  = 50
	maxObservers = 8 // Go versions; about 25 MB each
)

// The lock of a build is a file that its holder touches. One that is not touched for
// so long belongs to a process that is gone.
const (
	lockBeat  = time.Second
	lockStale = 30 * time.Second
	lockPoll  = 100 * time.Millisecond
)

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// writeFile writes a file whole or not at all, making its directory.
func writeFile(name string, text []byte) error {
	dir := filepath.Dir(name)
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		os.Remove(f.Name())
	}
	return err
}

// trim removes the oldest entries of a directory above a number.
func trim(dir string, most int) {
	entries, err := os.ReadDir(dir)
	entries = slices.DeleteFunc(entries, func(e fs.DirEntry) bool { // what is in the making
		return strings.HasPrefix(e.Name(), ".") || strings.HasSuffix(e.Name(), ".lock")
	})
	if err != nil || len(entries) <= most {
		return
	}
	age := map[string]time.Time{}
	for _, e := range entries {
		if info, err := e.Info(); err == nil {
			age[e.Name()] = info.ModTime()
		}
	}
	slices.SortFunc(entries, func(a, b fs.DirEntry) int {
		return cmp.Or(age[a.Name()].Compare(age[b.Name()]), cmp.Compare(a.Name(), b.Name()))
	})
	for _, e := range entries[:len(entries)-most] {
		os.RemoveAll(filepath.Join(dir, e.Name()))
	}
}

// lock takes the lock file, waiting for whoever holds it. Two processes that find the
// same stale lock may both go on: what it guards is only work done twice, since results
// are put in place by a rename.
func lock(ctx context.Context, file string) (unlock func(), err error) {
	if err := os.MkdirAll(filepath.Dir(file), 0o777); err != nil {
		return nil, err
	}
	for {
		f, err := os.OpenFile(file, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o666)
		if err == nil {
			f.Close()
			return beat(file), nil
		}
		if !errors.Is(err, fs.ErrExist) {
			return nil, fmt.Errorf("lock: %w", err)
		}
		if info, err := os.Stat(file); err == nil && time.Since(info.ModTime()) > lockStale {
			os.Remove(file)
			continue
		}
		select {
		case <-ctx.Done():
			return nil, context.Cause(ctx)
		case <-time.After(lockPoll):
		}
	}
}

// beat touches a lock until it is given back.
func beat(file string) (unlock func()) {
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		tick := time.NewTicker(lockBeat)
		defer tick.Stop()
		for {
			select {
			case <-stop:
				os.Remove(file)
				return
			case now := <-tick.C:
				_ = os.Chtimes(file, now, now)
			}
		}
	}()
	return func() {
		close(stop)
		<-stopped
	}
}

// stale reports whether something is older than any build takes.
func stale(info fs.FileInfo) bool { return time.Since(info.ModTime()) > time.Hour }
