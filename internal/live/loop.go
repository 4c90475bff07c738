package live

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"

	"github.com/hone-go/hone/internal/judge"
)

// Times of the loop. A save is often several events (write, rename, chmod) within
// a few milliseconds, and "format on save" a second write a little later.
const (
	quiet    = 30 * time.Millisecond  // without a change before a run starts
	patience = 300 * time.Millisecond // for quiet; then the run starts anyway
	poll     = time.Second            // looks at the files whether or not told to
	pollOnly = 250 * time.Millisecond // the same, where notification doesn't work
)

// An update is one thing that happened in the loop.
type update struct {
	kind   kind
	run    int // runs are counted from 1
	event  judge.Event
	said   string
	result *Result // finished without error
	err    error   // finished
}

type kind int

const (
	started kind = iota
	progressed
	cancelled
	finished
)

// A loop judges a directory each time that it changes.
//
// No save is ever lost, and this does not rest on the notifications: a run begins
// by taking a fingerprint of the files, before they are read; whenever the loop
// is told of a change, and once a second if it isn't, it takes another. If the two
// differ, the run in progress is about files that exist no more. It is cancelled,
// waited for, and begun again. Notifications only make that prompt; they don't
// exist on some file systems (NFS, some container mounts) and overflow on others.
type loop struct {
	o       Options
	updates chan update
	again   chan struct{} // asks for a run though nothing changed

	watcher *fsnotify.Watcher // nil where the system offers none
	runs    int
}

func newLoop(o Options) *loop {
	return &loop{o: o, updates: make(chan update), again: make(chan struct{}, 1)}
}

// run is the loop. It returns when ctx ends, after everything it started has.
func (l *loop) run(ctx context.Context) error {
	if w, err := fsnotify.NewWatcher(); err == nil {
		l.watcher = w
		defer w.Close()
	}
	for ctx.Err() == nil {
		l.follow()
		if err := l.settle(ctx); err != nil {
			return nil
		}
		mark, err := fingerprint(l.o.Dir)
		if err != nil {
			return fmt.Errorf("watch %s: %w", l.o.Dir, err)
		}
		l.judge(ctx, mark)
		l.changed(ctx, mark)
	}
	return nil
}

// follow asks to be told of changes, in directories made since as well.
func (l *loop) follow() {
	if l.watcher == nil {
		return
	}
	_ = walk(l.o.Dir, func(name string, d fs.DirEntry) error {
		if !d.IsDir() {
			return nil
		}
		if err := l.watcher.Add(filepath.Join(l.o.Dir, name)); err != nil {
			// The system's limit on watches, most likely: look ourselves.
			l.watcher.Close()
			l.watcher = nil
			return err
		}
		return nil
	})
}

// settle waits until nothing has changed for a moment.
func (l *loop) settle(ctx context.Context) error {
	deadline := time.After(patience)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.changes():
		case <-time.After(quiet):
			return nil
		case <-deadline:
			return nil
		}
	}
}

// changes delivers something when there may have been a change.
func (l *loop) changes() <-chan fsnotify.Event {
	if l.watcher == nil {
		return nil
	}
	return l.watcher.Events
}

// troubles delivers the watcher's errors. An overflow of its queue is one; a
// look at the files is the answer to all of them.
func (l *loop) troubles() <-chan error {
	if l.watcher == nil {
		return nil
	}
	return l.watcher.Errors
}

// changed waits until the files are no longer those of mark, or a run is asked
// for, or ctx ends. It reports which of the first two it was.
func (l *loop) changed(ctx context.Context, mark [32]byte) bool {
	every := poll
	if l.watcher == nil {
		every = pollOnly
	}
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return false
		case <-l.again:
			return true
		case <-l.changes():
		case <-l.troubles():
		case <-tick.C:
		}
		// A directory that can't be read just now (a checkout is replacing it) is
		// no reason to stop: it will have changed when it can be.
		if now, err := fingerprint(l.o.Dir); err == nil && now != mark {
			return true
		}
	}
}

// judge runs the judge on the files of mark and reports what happens. It ends
// early when the files change.
func (l *loop) judge(ctx context.Context, mark [32]byte) {
	l.runs++
	l.send(ctx, update{kind: started, run: l.runs})
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	done := make(chan update, 1)
	go func() { done <- l.once(run) }()

	stale := make(chan bool, 1)
	go func() { stale <- l.changed(run, mark) }()
	select {
	case u := <-done:
		cancel()
		// A change may have been seen in the same instant: the verdict is true,
		// of files that are older. Show it, and begin again.
		if <-stale {
			l.ask()
		}
		l.send(ctx, u)
	case changed := <-stale:
		cancel()
		<-done
		if changed {
			l.send(ctx, update{kind: cancelled, run: l.runs})
			l.ask()
		}
	}
}

// once is one call of the judge. A fault of ours is reported like any other, so
// that the screen is restored before anybody reads about it.
func (l *loop) once(ctx context.Context) (u update) {
	u = update{kind: finished, run: l.runs}
	defer func() {
		if r := recover(); r != nil {
			u.err = fmt.Errorf("hone panicked: %v\n%s", r, debug.Stack())
		}
	}()
	n := l.runs
	u.result, u.err = l.o.Judge(ctx, Ears{
		Event: func(e judge.Event) { l.send(ctx, update{kind: progressed, run: n, event: e}) },
		Say:   func(text string) { l.send(ctx, update{kind: progressed, run: n, said: text}) },
	})
	return u
}

// ask makes the next wait for a change end at once.
func (l *loop) ask() {
	select {
	case l.again <- struct{}{}:
	default: // asked already
	}
}

func (l *loop) send(ctx context.Context, u update) {
	select {
	case l.updates <- u:
	case <-ctx.Done():
	}
}

// drain takes what the loop still sends until it has ended.
func (l *loop) drain(ended <-chan error) {
	for {
		select {
		case <-ended:
			return
		case <-l.updates:
		}
	}
}

// maxWatched bounds what a fingerprint reads. A lab has far fewer files; a
// directory with more of them is somebody's home.
const maxWatched = 2000

var errTooMany = errors.New("too many files for a lab; is this the right directory?")

// fingerprint is equal for two moments if and only if nothing was saved between
// them that the judge reads. It covers content, because a clock may be too coarse
// to tell two saves apart, and times, because saving again is asking again.
func fingerprint(dir string) ([32]byte, error) {
	h := sha256.New()
	n := 0
	err := walk(dir, func(name string, d fs.DirEntry) error {
		if d.IsDir() || !judged(name) {
			return nil
		}
		if n++; n > maxWatched {
			return errTooMany
		}
		info, err := d.Info()
		if err != nil {
			return skipGone(err)
		}
		data, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return skipGone(err)
		}
		fmt.Fprintf(h, "%q %d %d\n", name, info.ModTime().UnixNano(), len(data))
		h.Write(data)
		return nil
	})
	return [32]byte(h.Sum(nil)), err
}

// skipGone forgives a file that went away between being listed and being read:
// that is a change like any other.
func skipGone(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// judged reports whether the judge reads a file of this name.
func judged(name string) bool {
	base := filepath.Base(name)
	return base == "go.mod" || strings.HasSuffix(base, ".s") ||
		strings.HasSuffix(base, ".go") && !strings.HasSuffix(base, "_test.go")
}

// walk visits what the go command would: not testdata, not what begins with a dot
// or an underscore. Names are relative to dir.
func walk(dir string, visit func(name string, d fs.DirEntry) error) error {
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			if path != dir {
				return skipGone(err)
			}
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		base := d.Name()
		if name != "." && (base[0] == '.' || base[0] == '_' || base == "testdata" || base == "vendor") {
			if d.IsDir() {
				return fs.SkipDir
			}
			return nil
		}
		return visit(name, d)
	})
}
