// Package gotool runs the go command. It is the only package that does: what a
// build may see of the world (its environment, its flags, the network) is
// decided here, once.
//
// Nothing is inherited that could change a verdict: GOFLAGS, GOENV, go.work and
// proxies of the user are off, and the toolchain is the one that was found.
package gotool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A Toolchain is one go command with the caches of its user.
type Toolchain struct {
	Command  string // absolute path of go
	Version  string // "go1.26.8"
	Root     string // GOROOT
	Cache    string // GOCACHE
	ModCache string // GOMODCACHE
	CC       string // C compiler, "" where there is none: then there is no race detector
}

// ErrNoGo says that no go command is on the PATH.
var ErrNoGo = errors.New("no go command on the PATH: install Go from https://go.dev/dl")

// Find asks the go command on the PATH about itself.
func Find(ctx context.Context) (*Toolchain, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return nil, ErrNoGo
	}
	cmd := exec.CommandContext(ctx, command, "env", "-json", "GOVERSION", "GOROOT", "GOCACHE", "GOMODCACHE", "CC")
	cmd.Dir = os.TempDir() // no go.mod there can switch toolchains
	cmd.Env = append(os.Environ(), "GOTOOLCHAIN=local", "GOWORK=off")
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("ask %s for its environment: %w", command, err)
	}
	var env struct{ GOVERSION, GOROOT, GOCACHE, GOMODCACHE, CC string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("read the answer of %s env: %w", command, err)
	}
	t := &Toolchain{Command: command, Version: env.GOVERSION, Root: env.GOROOT, Cache: env.GOCACHE, ModCache: env.GOMODCACHE}
	if fields := strings.Fields(env.CC); len(fields) > 0 {
		if _, err := exec.LookPath(fields[0]); err == nil {
			t.CC = env.CC
		}
	}
	return t, nil
}

// Env is the whole environment of a go command that builds with overlay, a file
// for -overlay, or "" for none. The overlay goes in through GOFLAGS, so that go
// commands started by a test see the same files as the test does.
func (t *Toolchain) Env(overlay string) []string {
	flags := "-mod=readonly -buildvcs=false"
	if overlay != "" {
		flags += " -overlay=" + overlay
	}
	env := []string{
		"GOFLAGS=" + flags, "GOENV=off", "GOWORK=off", "GOPROXY=off", "GOSUMDB=off", "GOTOOLCHAIN=local",
		"GOROOT=" + t.Root, "GOCACHE=" + t.Cache, "GOMODCACHE=" + t.ModCache,
		"CGO_ENABLED=1", "CC=" + t.CC, "LC_ALL=C",
	}
	if t.CC == "" {
		env = append(env, "CGO_ENABLED=0")
	}
	for _, name := range []string{"PATH", "HOME", "TMPDIR", "USERPROFILE", "LOCALAPPDATA", "SystemRoot"} {
		if v, ok := os.LookupEnv(name); ok {
			env = append(env, name+"="+v)
		}
	}
	return env
}

// A Build says what to compile.
type Build struct {
	Dir     string // module root
	Package string // "./labs/structures/lru"
	Output  string // executable to write
	Test    bool   // the package's tests, not the package
	Race    bool
	Overlay string // file for -overlay, may be ""
	Temp    string // for what the go command writes on the way: a killed build leaves it; "" is the system's
	Own     bool   // it is somebody's own module: their go.work, vendor directory and GOFLAGS hold
	Pure    bool   // without cgo: the runtime finds deadlocks only then

	Env []string // settings that hold over all others: "GOARCH=386"
}

// A Diagnostic is one error of the compiler, or one finding of vet.
type Diagnostic struct {
	File         string // as the go command printed it: relative to Build.Dir, or absolute
	Line, Column int
	Message      string
}

// A BuildError says why a build failed: what the compiler found, and all it printed.
type BuildError struct {
	Diagnostics []Diagnostic
	Text        string
}

func (e *BuildError) Error() string { return "build: " + strings.TrimSpace(e.Text) }

// Compile builds one executable. It returns a [*BuildError] where the source is
// at fault.
func (t *Toolchain) Compile(ctx context.Context, b Build) error {
	args := []string{"build"}
	if b.Test {
		args = []string{"test", "-c", "-vet=off"}
	}
	// Without a symbol table and DWARF the linker takes half the time; stacks
	// and race reports need neither.
	args = append(args, "-ldflags=-s -w", "-o", b.Output)
	if b.Race {
		args = append(args, "-race")
	}
	return t.run(ctx, b, append(args, b.Package))
}

// Vet runs go vet on a package and its tests, and returns what it found.
func (t *Toolchain) Vet(ctx context.Context, b Build) ([]Diagnostic, error) {
	err := t.run(ctx, b, []string{"vet", b.Package})
	var e *BuildError
	if errors.As(err, &e) {
		return e.Diagnostics, nil
	}
	return nil, err
}

// List runs go list with the given flags on b.Package, and returns what it printed.
// It returns a [*BuildError] where it refuses, such as for a package that does not
// compile under -export.
func (t *Toolchain) List(ctx context.Context, b Build, flags ...string) ([]byte, error) {
	var out, errs bytes.Buffer
	args := append([]string{"list"}, flags...)
	if err := t.start(ctx, b, append(args, "--", b.Package), &out, &errs); err != nil {
		return nil, err
	}
	return out.Bytes(), nil
}

// ListJSON is List with the given fields of each package, decoded into T, which has them.
// Dependencies come before what imports them.
func ListJSON[T any](ctx context.Context, t *Toolchain, b Build, fields string, flags ...string) ([]T, error) {
	out, err := t.List(ctx, b, append([]string{"-json=" + fields}, flags...)...)
	if err != nil {
		return nil, err
	}
	var all []T
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p T
		if err := d.Decode(&p); err == io.EOF {
			return all, nil
		} else if err != nil {
			return nil, fmt.Errorf("read what go list printed: %w", err)
		}
		all = append(all, p)
	}
}

// killDelay is how long a cancelled go command may take to end.
const killDelay = 2 * time.Second

func (t *Toolchain) run(ctx context.Context, b Build, args []string) error {
	var out bytes.Buffer
	return t.start(ctx, b, args, &out, &out)
}

// start runs the go command to its end. What it wrote to errors explains a failure.
func (t *Toolchain) start(ctx context.Context, b Build, args []string, output, errs *bytes.Buffer) error {
	if strings.ContainsAny(b.Overlay, " \t") {
		return fmt.Errorf("the go command takes no overlay with blanks in its path: %s; set HONE_CACHE to a directory without", b.Overlay)
	}
	cmd := exec.CommandContext(ctx, t.Command, args...)
	cmd.Dir = b.Dir
	cmd.Env = t.Env(b.Overlay)
	if b.Temp != "" {
		cmd.Env = append(cmd.Env, "GOTMPDIR="+b.Temp)
	}
	if b.Own {
		cmd.Env = own(cmd.Env, b)
	}
	if b.Pure {
		cmd.Env = append(cmd.Env, "CGO_ENABLED=0")
	}
	cmd.Env = append(cmd.Env, b.Env...)
	cmd.WaitDelay = killDelay
	inGroup(cmd)
	cmd.Stdout, cmd.Stderr = output, errs
	err := cmd.Run()
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return &BuildError{Diagnostics: diagnostics(errs.String()), Text: errs.String()}
	}
	if err != nil {
		return fmt.Errorf("run go %s: %w", args[0], err)
	}
	return nil
}

// own adds to an environment what the owner of a module decided about it. The
// network stays off, and so does -mod=mod, which writes go.mod. Without -mod the go
// command takes the vendor directory where there is one.
func own(env []string, b Build) []string {
	keep := slices.DeleteFunc(strings.Fields(os.Getenv("GOFLAGS")), func(f string) bool { return strings.TrimLeft(f, "-") == "mod=mod" })
	flags := strings.Join(append(keep, "-buildvcs=false"), " ")
	if b.Overlay != "" {
		flags += " -overlay=" + b.Overlay
	}
	return append(env, "GOFLAGS="+flags, "GOWORK="+os.Getenv("GOWORK"))
}

var diagnostic = regexp.MustCompile(`^(?:vet: )?(\S[^:]*\.go):(\d+)(?::(\d+))?: (.*)$`)

// diagnostics reads what the go command prints: lines of file:line:column:
// message, a tab before each line that goes on.
func diagnostics(text string) []Diagnostic {
	var out []Diagnostic
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if more, ok := strings.CutPrefix(line, "\t"); ok && len(out) > 0 {
			out[len(out)-1].Message += "\n" + more
			continue
		}
		m := diagnostic.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		d := Diagnostic{File: filepath.ToSlash(strings.TrimPrefix(m[1], "./")), Message: m[4]}
		d.Line, _ = strconv.Atoi(m[2])
		d.Column, _ = strconv.Atoi(m[3])
		out = append(out, d)
	}
	return out
}
