package compile

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/lens"
)

// defaultIdle is how long a resident process stays without a question.
const defaultIdle = 5 * time.Minute

// Options say where a Lens keeps what it builds and how much it may hold. The zero
// value is useful.
type Options struct {
	Cache     string         // directory; "" is hone/compile in the user's cache directory. Safe to delete at any time
	Progress  func(Progress) // told what takes long; may be called from several goroutines; nil: nobody
	Observer  ObserverUse    // whether to wait for the observing compiler
	Resident  int            // processes that keep a package's front end in memory; 0: none
	Idle      time.Duration  // after which a resident process ends; 0: 5 minutes
	Toolchain string         // a GOTOOLCHAIN: "go1.24.13"; "" is the go command on the PATH
}

// ObserverUse says what to do while the observing compiler is not built.
type ObserverUse int

const (
	ObserverBuild      ObserverUse = iota // build it and wait: the first time for each Go version costs about a minute of CPU
	ObserverBackground                    // build it, and let the stock compiler answer until it is ready
	ObserverReady                         // ask it where it is built already, else let the stock compiler answer
	ObserverNever                         // let the stock compiler answer
)

// Progress is a step that takes long.
type Progress struct {
	Step string // "build the observing compiler", "build dependencies", "verify"
	Done bool
	Err  error // why it did not succeed, where Done
}

// A Query says which functions to look at.
type Query struct {
	Dir      string            // directory that Package and relative file names are relative to; "" is the current one
	Package  string            // import path, or "./x"; one package. "" is the one in Dir
	Function string            // "F", "(*T).M", "T.M", "T" for all its methods, "F.func1", "file.go:12"; a generic's name is all its instances; "" is every function
	Overlay  map[string][]byte // text of unsaved files by absolute path
	Env      []string          // "GOARCH=arm64", "GOAMD64=v3", "CGO_ENABLED=0"
	Flags    []string          // of go build that change what is compiled: "-tags=x", "-race", "-pgo=FILE"
	Tests    bool              // compile the package with its _test.go files, for go test; the external test package is Package + "_test"
	IR       bool              // with Function.IR
	Passes   bool              // with Function.Passes: about 200 kB for a function of 100 lines
}

// A CompileError says that the package does not compile. Its messages are the
// compiler's, or the go command's where it was that which refused.
type CompileError struct {
	Package  string
	Messages []Message
	Text     string // all that was printed
}

// A Message is one error with its position.
type Message struct {
	lens.Position
	Text string
}

func (e *CompileError) Error() string {
	if len(e.Messages) == 0 {
		return fmt.Sprintf("compile %s: %s", e.Package, strings.TrimSpace(e.Text))
	}
	m := e.Messages[0]
	s := fmt.Sprintf("compile %s: %v: %s", e.Package, m.Position, m.Text)
	if n := len(e.Messages) - 1; n > 0 {
		s += fmt.Sprintf(" (and %d more)", n)
	}
	return s
}

// A MissingError says that the package has no such function.
type MissingError struct {
	Package  string
	Function string
	Near     []string // names that are like it, best first
	NoCode   bool     // it exists, and nothing was compiled for it: a generic function without instances, or written in assembly
}

func (e *MissingError) Error() string {
	if e.NoCode {
		return fmt.Sprintf("%s.%s has no compiled code: it is generic and has no instance in this package, or is written in assembly", e.Package, e.Function)
	}
	s := fmt.Sprintf("no function %s in %s", e.Function, e.Package)
	if len(e.Near) > 0 {
		s += "; did you mean " + strings.Join(e.Near, ", ") + "?"
	}
	return s
}

// A Lens looks at functions. It is safe for use by several goroutines. Close it, or
// its resident processes stay as long as the program.
type Lens struct {
	cache   string
	options Options

	background sync.WaitGroup  // work that nobody waits for, but for Close
	life       context.Context // ends with Close: an observer is not built on for nobody
	end        context.CancelFunc

	mu       sync.Mutex // guards all below
	tools    map[string]*gotool.Toolchain
	building map[string]bool // observers, by directory
	failed   map[string]error
	aside    string // a temporary directory for plans, where the cache takes none
	homes    homes
}

// Open readies the cache. It builds nothing yet: the first Look does, or Prepare.
func Open(ctx context.Context, o Options) (*Lens, error) {
	dir := o.Cache
	if dir == "" {
		user, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a place for the cache: %w", err)
		}
		dir = filepath.Join(user, "hone", "compile")
	}
	dir, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("find the cache: %w", err)
	}
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	if o.Idle <= 0 {
		o.Idle = defaultIdle
	}
	life, end := context.WithCancel(context.WithoutCancel(ctx))
	l := &Lens{life: life, end: end, cache: dir, options: o, tools: map[string]*gotool.Toolchain{}, building: map[string]bool{}, failed: map[string]error{}}
	return l, ctx.Err()
}

// Prepare builds the observing compiler for the toolchain that is used in dir, and
// says whether its objects are the stock compiler's. It costs about a minute of CPU the
// first time, and nothing later.
func (l *Lens) Prepare(ctx context.Context, dir string) (Observed, error) {
	t, err := l.toolchain(ctx, dir)
	if err != nil {
		return Observed{}, err
	}
	o, err := l.observer(ctx, t)
	if err != nil {
		return Observed{}, err
	}
	return Observed{Mode: Observing, Verified: o.Verified, Gaps: o.Gaps}, nil
}

// Close ends the resident processes and an observer's building, and waits for what is
// still written to the cache.
func (l *Lens) Close() error {
	l.end()
	l.homes.closeAll()
	l.background.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.aside != "" {
		return os.RemoveAll(l.aside)
	}
	return nil
}

// progress tells of a step that takes long; the result tells of its end.
func (l *Lens) progress(step string) (done func(error)) {
	if l.options.Progress == nil {
		return func(error) {}
	}
	l.options.Progress(Progress{Step: step})
	return func(err error) { l.options.Progress(Progress{Step: step, Done: true, Err: err}) }
}

// toolchain is the Go that is used in a directory. It is asked once for each.
func (l *Lens) toolchain(ctx context.Context, dir string) (*gotool.Toolchain, error) {
	l.mu.Lock()
	t := l.tools[dir]
	l.mu.Unlock()
	if t != nil {
		return t, nil
	}
	t, err := gotool.FindIn(ctx, dir, l.options.Toolchain)
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.tools[dir] = t
	l.mu.Unlock()
	return t, nil
}
