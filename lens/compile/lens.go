package compile

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/hone-go/hone/lens"
)

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
	Function string            // "F", "(*T).M", "T.M", "F.func1", "file.go:12"; a generic's name is all its instances; "" is every function
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

// A Lens looks at functions. It is safe for use by several goroutines; close it, or
// its resident processes stay until they are idle for long enough.
type Lens struct{}

// Open finds the toolchain and readies the cache. It builds nothing yet.
func Open(ctx context.Context, o Options) (*Lens, error) { return nil, errors.ErrUnsupported }

// Look compiles the package of a query and reports what the compiler did to its
// functions. It returns a [*CompileError] where the package does not compile, and a
// [*MissingError] where it has no such function.
func (l *Lens) Look(ctx context.Context, q Query) (*Report, error) { return nil, errors.ErrUnsupported }

// Close ends the resident processes.
func (l *Lens) Close() error { return nil }
