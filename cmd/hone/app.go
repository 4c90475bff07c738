package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

// An app is one call of hone: the world it runs in, and what its verbs share,
// opened at first use. Tests make their own with a smaller source.
type app struct {
	source fs.FS // go.mod, go.sum, labs/ and claim/, as the root package embeds them
	env    func(string) string
	stdin  *os.File
	stdout *os.File
	stderr *os.File

	color string      // --color
	out   term.Screen // stdout
	diag  term.Screen // stderr

	labs  *catalog.Catalog
	judge *judge.Judge

	// mu guards what follows: watch judges and answers keys at the same time.
	mu       sync.Mutex
	store    *store.Store
	storeErr error // why it can't be opened; not tried again
	warned   bool  // that progress isn't saved

	status atomic.Pointer[term.Status]
	voice  atomic.Pointer[func(string)] // where say goes while watch has the screen
}

// Exit statuses.
const (
	exitOK     = 0
	exitNotYet = 1
	exitError  = 2
)

// errNotYet ends a verb whose answer is "not yet": it was said already.
var errNotYet = errors.New("not yet")

// run is the whole command: arguments in, exit status out.
func run(a *app, args []string) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	// After the first interrupt everything winds down. A second one must not have
	// to wait for that.
	go func() { <-ctx.Done(); stop() }()
	defer a.close()

	a.diag = term.Of(a.stderr, term.Auto, a.env)
	root := a.root()
	root.SetArgs(args)
	root.SetIn(a.stdin)
	root.SetOut(a.stdout)
	root.SetErr(a.stderr)
	cmd, err := root.ExecuteContextC(ctx)
	a.quiet()
	switch {
	case err == nil:
		return exitOK
	case errors.Is(err, errNotYet):
		return exitNotYet
	case ctx.Err() != nil:
		fmt.Fprintln(a.stderr, "hone: interrupted")
	default:
		a.explain(cmd, err)
	}
	return exitError
}

// setUp decides what the screens can show, once the flags are known.
func (a *app) setUp(*cobra.Command, []string) error {
	mode := term.Mode(a.color)
	switch mode {
	case term.Auto, term.Always, term.Never:
	default:
		return mistake(fmt.Sprintf("--color is auto, always or never, not %q", a.color), "")
	}
	a.out = term.Of(a.stdout, mode, a.env)
	a.diag = term.Of(a.stderr, mode, a.env)
	return nil
}

func (a *app) close() {
	a.quiet()
	if a.store != nil {
		a.store.Close()
	}
}

// say shows a line of progress on stderr, for work that lasts.
func (a *app) say(text string) {
	if v := a.voice.Load(); v != nil {
		(*v)(text)
		return
	}
	s := a.status.Load()
	if s == nil {
		s = term.NewStatus(a.stderr, a.diag)
		if !a.status.CompareAndSwap(nil, s) {
			s.Stop()
			s = a.status.Load()
		}
	}
	if s != nil {
		s.Set(text)
	}
}

// quiet takes the line of progress away; to be called before anything is printed.
func (a *app) quiet() {
	if s := a.status.Swap(nil); s != nil {
		s.Stop()
	}
}

// catalog reads the labs. A lab that is broken doesn't hide the others: that is
// for lab check to report.
func (a *app) catalog() (*catalog.Catalog, error) {
	if a.labs != nil {
		return a.labs, nil
	}
	c, err := openLabs(a.source)
	if c == nil {
		return nil, err
	}
	a.labs = c
	return c, nil
}

func openLabs(source fs.FS) (*catalog.Catalog, error) {
	dir, err := fs.Sub(source, "labs")
	if err != nil {
		return nil, err
	}
	return catalog.Open(dir)
}

// bench returns the judge: the sources unpacked, the toolchain found.
func (a *app) bench(ctx context.Context) (*judge.Judge, error) {
	if a.judge != nil {
		return a.judge, nil
	}
	j, err := judge.New(ctx, judge.Options{Source: a.source, Cache: a.env("HONE_CACHE"), Progress: a.say})
	if err != nil {
		return nil, err
	}
	a.judge = j
	return j, nil
}

// progress opens the file of progress. Its error is worth showing where progress
// is what was asked for.
func (a *app) progress(ctx context.Context) (*store.Store, error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.store != nil || a.storeErr != nil {
		return a.store, a.storeErr
	}
	path, err := store.Path(a.env)
	if err == nil {
		a.store, err = store.Open(ctx, path)
	}
	a.storeErr = err
	return a.store, err
}

// memory returns what is remembered of a lab, for verbs that do their work
// without it too. A store that fails is warned of once.
func (a *app) memory(ctx context.Context, lab string) *store.Lab {
	s, err := a.progress(ctx)
	if err == nil {
		var l *store.Lab
		if l, err = s.Lab(ctx, lab); err == nil {
			return l
		}
	}
	a.warn(err)
	return &store.Lab{ID: lab}
}

// warn says once that progress can't be read or saved.
func (a *app) warn(err error) {
	if !a.firstWarning() {
		return
	}
	a.quiet()
	fmt.Fprintf(a.stderr, "%s progress is not saved: %v\n", a.diag.Paint("hone:", term.Yellow), err)
	if h := hintFor(err); h != "" {
		fmt.Fprintf(a.stderr, "  %s\n", h)
	}
}

func (a *app) firstWarning() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	first := !a.warned
	a.warned = true
	return first
}

// print writes to stdout.
func (a *app) print(format string, args ...any) {
	a.quiet()
	fmt.Fprintf(a.stdout, format, args...)
}

// next prints what to type now.
func (a *app) next(steps ...report.Step) {
	a.print("\n%s", report.Steps(a.out, steps))
}
