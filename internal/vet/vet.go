// Package vet proves the claims that stand in source as directives:
//
//	//hone:claim noescape b
//	//hone:claim noheapalloc
//	func (r *Ring) Put(b []byte) { … }
//
//	//hone:claim size 64
//	type slot struct { … }
//
//	sum += b[i] //hone:claim noboundschecks
//
// A directive is the name of a method of [claim.CompiledFunc] in lower-case letters, with
// its arguments, and means what that means. It stands in the comment of a function, or in
// its body: there, claims that can be about lines are about the line on which the
// directive stands, or, alone on a line, about the next. Those about a type are methods
// of [claim.TypeLayout]; which fields share a cache line is left to tests, for it depends
// on where values begin.
//
// It fails closed. A directive that is misspelt, that stands at nothing a claim can be
// about, or whose subject the compiler does not compile, does not hold.
//
// What it leaves out: functions of test files, which are part of no package's code, and
// files that are not compiled for the platform; claims there are counted and not proven.
//
// Where to start: [Run].
package vet

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/lens"
)

// Options say what to vet. The zero value is the package in the current directory.
type Options struct {
	Dir      string       // where patterns and the go command start; "" is the current directory
	Patterns []string     // as go list takes them; none is "."
	Settings []string     // as claim.Compiler takes them: "GOARCH=arm64", "GOTOOLCHAIN=go1.25.3"
	Event    func(string) // told what is looked at; nil: nobody
}

// A Report is what became of the claims of some packages.
type Report struct {
	Packages int      `json:"packages"`           // that were read
	Claims   []Claim  `json:"claims"`             // by package, file and line
	Unproven []Unread `json:"unproven,omitempty"` // claims in files that are not compiled here
}

// Failed is how many claims do not hold.
func (r *Report) Failed() int {
	n := 0
	for _, c := range r.Claims {
		if !c.Holds {
			n++
		}
	}
	return n
}

// A Claim is one directive, and whether it holds.
type Claim struct {
	Position lens.Position `json:"position"` // of the directive
	Package  string        `json:"package"`
	Subject  string        `json:"subject,omitempty"` // the function or type: "(*Ring).Put"; "" where it stands at none
	Text     string        `json:"text"`              // "noescape b"
	Holds    bool          `json:"holds"`
	Message  string        `json:"message,omitempty"`  // why not
	Evidence string        `json:"evidence,omitempty"` // what the compiler said
}

// An Unread is a file with claims that is not compiled for the platform.
type Unread struct {
	File   string `json:"file"`
	Claims int    `json:"claims"`
}

// ErrNoPackage says that a pattern matches nothing.
var ErrNoPackage = errors.New("no package")

// listed is what go list says of a package.
type listed struct {
	ImportPath, Dir                           string
	GoFiles, CgoFiles                         []string
	TestGoFiles, XTestGoFiles, IgnoredGoFiles []string
	Error                                     *struct{ Err string }
}

const fields = "ImportPath,Dir,GoFiles,CgoFiles,TestGoFiles,XTestGoFiles,IgnoredGoFiles,Error"

// Run proves the claims of packages, one after the other. What does not hold is in the
// report; the error is about what could not be read.
func Run(ctx context.Context, o Options) (*Report, error) {
	if o.Event == nil {
		o.Event = func(string) {}
	}
	if len(o.Patterns) == 0 {
		o.Patterns = []string{"."}
	}
	dir, err := filepath.Abs(o.Dir)
	if err != nil {
		return nil, err
	}
	o.Dir = dir
	o.Event("looking for packages")
	packages, err := list(ctx, o)
	if err != nil {
		return nil, err
	}
	report := &Report{Claims: []Claim{}}
	for _, p := range packages {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		report.Packages++
		found, unread, err := read(p)
		if err != nil {
			return nil, err
		}
		report.Unproven = append(report.Unproven, unread...)
		if len(found) > 0 {
			report.Claims = append(report.Claims, prove(ctx, o, p, found)...)
		}
	}
	if err := ctx.Err(); err != nil {
		return nil, context.Cause(ctx)
	}
	return report, nil
}

// list finds the packages, each once.
func list(ctx context.Context, o Options) ([]listed, error) {
	version, env := "", []string(nil)
	for _, s := range o.Settings {
		if v, ok := strings.CutPrefix(s, "GOTOOLCHAIN="); ok {
			version = v
		} else {
			env = append(env, s)
		}
	}
	tool, err := gotool.FindIn(ctx, o.Dir, version)
	if err != nil {
		return nil, err
	}
	var all []listed
	for _, pattern := range o.Patterns {
		found, err := gotool.ListJSON[listed](ctx, tool, gotool.Build{Dir: o.Dir, Package: pattern, Own: true, Env: env}, fields, "-e")
		if err != nil {
			return nil, err
		}
		n := len(all)
		for _, p := range found {
			if p.Error != nil && p.Dir == "" {
				return nil, fmt.Errorf("%w matches %s: %s", ErrNoPackage, pattern, strings.TrimSpace(p.Error.Err))
			}
			if !slices.ContainsFunc(all, func(q listed) bool { return q.ImportPath == p.ImportPath }) {
				all = append(all, p)
			}
		}
		if len(found) == 0 && len(all) == n {
			return nil, fmt.Errorf("%w matches %s", ErrNoPackage, pattern)
		}
	}
	return all, nil
}
