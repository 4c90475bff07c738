package compile

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/lens"
)

// settings are the variables of the environment that change what is compiled.
var settings = [...]string{
	"GOOS", "GOARCH", "GOAMD64", "GOARM", "GOARM64", "GO386", "GOMIPS", "GOMIPS64", "GOPPC64", "GORISCV64", "GOWASM",
	"GOEXPERIMENT", "GOFIPS140", "CGO_ENABLED", "CGO_CFLAGS", "CGO_CPPFLAGS", "CGO_CXXFLAGS", "CGO_LDFLAGS",
}

// Look compiles the package of a query and reports what the compiler did to its
// functions. It returns a [*CompileError] where the package does not compile, and a
// [*MissingError] where it has no such function.
func (l *Lens) Look(ctx context.Context, q Query) (*Report, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx) // a resident process may be quicker than to look
	}
	r, err := l.request(ctx, q)
	if err != nil {
		return nil, err
	}
	o, gap, err := l.choose(ctx, r.tool)
	if err != nil {
		return nil, err
	}
	p, err := l.plan(ctx, r)
	if err != nil {
		return nil, err
	}
	if o == nil {
		return l.stock(ctx, r, p, gap)
	}
	a, err := l.answer(ctx, r, p, o)
	var broken *brokenError
	if errors.As(err, &broken) {
		return l.stock(ctx, r, p, broken.Error())
	}
	if err != nil {
		return nil, err
	}
	return r.report(p, o, a)
}

// request completes a query.
func (l *Lens) request(ctx context.Context, q Query) (*request, error) {
	dir, err := filepath.Abs(q.Dir)
	if err != nil {
		return nil, err
	}
	q.Dir = dir
	if q.Package == "" {
		q.Package = "."
	}
	if filepath.IsAbs(q.Package) {
		q.Dir, q.Package = q.Package, "."
	}
	if q.Function == "" {
		q.Function = "*"
	}
	if strings.ContainsAny(q.Function, "\t\n") {
		return nil, fmt.Errorf("look at %q: that is no name of a function", q.Function)
	}
	r := &request{Query: q}
	if r.tool, err = l.toolchain(ctx, q.Dir); err != nil {
		return nil, err
	}
	for _, name := range settings {
		if v, ok := os.LookupEnv(name); ok {
			r.env = append(r.env, name+"="+v)
		}
	}
	r.env = append(r.env, q.Env...)
	if t := r.target(&plan{}); (t.OS != hostOS || t.Arch != hostArch) && !slices.ContainsFunc(r.env, func(e string) bool { return strings.HasPrefix(e, "CGO_ENABLED=") }) {
		// As the go command decides: no C compiler for another machine is assumed.
		r.env = append(r.env, "CGO_ENABLED=0")
	}
	return r, l.writeOverlay(r)
}

// writeOverlay puts the text of unsaved files where the compiler finds it. Equal texts
// are at the same place, so a plan that names them holds.
func (l *Lens) writeOverlay(r *request) error {
	if len(r.Overlay) == 0 {
		return nil
	}
	h := sha256.New()
	for _, file := range sortedKeys(r.Overlay) {
		if !filepath.IsAbs(file) {
			return fmt.Errorf("overlay %s: the path must be absolute", file)
		}
		fmt.Fprintf(h, "%q %v %x\n", file, r.Overlay[file] == nil, sha256.Sum256(r.Overlay[file]))
	}
	all := filepath.Join(l.cache, "overlays")
	r.overlay = filepath.Join(all, hex.EncodeToString(h.Sum(nil))[:24])
	if _, err := os.Stat(filepath.Join(r.overlay, "overlay.json")); err == nil {
		return nil
	}
	_, err := gotool.WriteOverlay(r.overlay, r.Overlay)
	trim(all, maxOverlays)
	return err
}

// choose returns the observer, or why the stock compiler must answer.
func (l *Lens) choose(ctx context.Context, t *gotool.Toolchain) (*observer, string, error) {
	if l.options.Observer == ObserverNever {
		return nil, "the observing compiler was not asked for", nil
	}
	if o := l.ready(t); o != nil {
		return o, "", nil
	}
	if l.options.Observer == ObserverReady {
		return nil, "the observing compiler is not built yet", nil
	}
	dir := l.observerDir(t)
	l.mu.Lock()
	failed := l.failed[dir]
	l.mu.Unlock()
	if failed != nil {
		return nil, failed.Error(), nil
	}
	if l.options.Observer == ObserverBackground {
		l.buildBehind(t, dir)
		return nil, "the observing compiler is being built", nil
	}
	o, err := l.observer(ctx, t)
	if ctx.Err() != nil {
		return nil, "", context.Cause(ctx)
	}
	if err != nil {
		l.fail(dir, err)
		return nil, err.Error(), nil
	}
	return o, "", nil
}

func (l *Lens) fail(dir string, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed[dir] = err
}

// buildBehind builds the observer once, while others answer. Close ends it.
func (l *Lens) buildBehind(t *gotool.Toolchain, dir string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.building[dir] {
		return
	}
	l.building[dir] = true
	l.background.Go(func() {
		if _, err := l.observer(l.life, t); err != nil && l.life.Err() == nil {
			l.fail(dir, err)
		}
		l.mu.Lock()
		defer l.mu.Unlock()
		l.building[dir] = false
	})
}

// An answer is what a compiler said to one question.
type answer struct {
	functions []Function
	names     []Name
	gaps      []Gap
	resident  bool
}

// brokenError says that the observer itself failed where the stock compiler may not.
type brokenError struct{ why string }

func (e *brokenError) Error() string { return "the observing compiler broke: " + e.why }

// answer asks a resident process, or one that ends after its answer.
func (l *Lens) answer(ctx context.Context, r *request, p *plan, o *observer) (*answer, error) {
	if l.options.Resident > 0 && !r.IR {
		if a, err := l.homes.ask(ctx, l, asking{r, p, o}); err == nil || ctx.Err() != nil || isCompileError(err) {
			return a, err
		}
	}
	c, err := startCompiler(ctx, asking{r, p, o}, "answer")
	if err != nil {
		return nil, err
	}
	defer c.end()
	d := newDecoder(r.tool.Root, p.Dir, p.Package)
	d.begin(wants{r.IR, r.Passes})
	if err := c.put(question(r, p)); err != nil {
		return nil, c.failure(err)
	}
	c.stdin.Close()
	if err := d.read(c.stdout); err != nil {
		return nil, c.failure(err)
	}
	return &answer{functions: d.finish(), names: d.names, gaps: d.gap()}, nil
}

func isCompileError(err error) bool {
	var e *CompileError
	return errors.As(err, &e)
}

// question is the function of a query as the compiler names it.
func question(r *request, p *plan) string { return strings.TrimPrefix(r.Function, p.Package+".") }

// asking is a question on its way.
type asking struct {
	r *request
	p *plan
	o *observer
}

// A compiler is an observing compiler at work.
type compiler struct {
	cmd    *exec.Cmd
	pkg    string
	dir    string
	temp   string // for the object, which is never written
	ctx    context.Context
	stdin  io.WriteCloser
	stdout *bufio.Reader
	stderr *tail
	ended  bool
	err    error
}

// maxErrors is how much of the compiler's error output is kept.
const maxErrors = 64 << 10

// startCompiler starts the observer on a package.
func startCompiler(ctx context.Context, a asking, mode string) (*compiler, error) {
	c := &compiler{pkg: a.r.Package, dir: a.p.Dir, ctx: ctx, stderr: &tail{}}
	// The compiler removes its output file where it fails, even a device: the null
	// device would be gone.
	var err error
	if c.temp, err = os.MkdirTemp("", "hone-look-*"); err != nil {
		return nil, err
	}
	c.cmd = exec.CommandContext(ctx, a.o.path, append([]string{"-o", filepath.Join(c.temp, "object")}, a.p.Args...)...)
	c.cmd.Dir = a.p.Dir
	if a.r.IR {
		mode += ",ir"
	}
	if a.r.Passes || strings.Contains(mode, "stay") {
		mode += ",passes"
	}
	c.cmd.Env = append(a.r.tool.Environment(a.r.build()), "HONE_OBSERVE="+mode)
	c.cmd.Stderr = c.stderr
	if c.stdin, err = c.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	out, err := c.cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	c.stdout = bufio.NewReaderSize(out, 1<<16)
	if err := c.cmd.Start(); err != nil {
		os.RemoveAll(c.temp)
		return nil, &brokenError{err.Error()}
	}
	return c, nil
}

func (c *compiler) put(question string) error {
	_, err := io.WriteString(c.stdin, question+"\n")
	return err
}

// end waits for the process, ending it where it would stay.
func (c *compiler) end() {
	if c.ended {
		return
	}
	c.ended = true
	c.stdin.Close()
	_, _ = io.Copy(io.Discard, c.stdout)
	c.err = c.cmd.Wait()
	os.RemoveAll(c.temp)
}

// kill ends the process at once.
func (c *compiler) kill() {
	if !c.ended {
		_ = c.cmd.Process.Kill()
		c.end()
	}
}

// failure says why there is no answer: the package does not compile, somebody gave up,
// or the observer broke.
func (c *compiler) failure(err error) error {
	c.end()
	if c.ctx.Err() != nil {
		return context.Cause(c.ctx)
	}
	text := string(c.stderr.text)
	if strings.Contains(text, "internal compiler error") || strings.Contains(text, "goroutine ") {
		line, _, _ := strings.Cut(text[max(0, strings.Index(text, "internal compiler error")):], "\n")
		return &brokenError{line}
	}
	if messages := compilerMessages(c.dir, text); len(messages) > 0 {
		return &CompileError{Package: c.pkg, Messages: messages, Text: text}
	}
	return &brokenError{fmt.Sprintf("%v; %v %s", err, c.err, strings.TrimSpace(text))}
}

// tail keeps the first of what is written to it.
type tail struct{ text []byte }

func (t *tail) Write(p []byte) (int, error) {
	t.text = append(t.text, p[:min(len(p), maxErrors-len(t.text))]...)
	return len(p), nil
}

var compilerMessage = lazily(`(?m)^([^\s:][^:\n]*\.go|<autogenerated>):(\d+)(?::(\d+))?: (.*(?:\n\t.*)*)`)

// compilerMessages reads errors as the compiler prints them.
func compilerMessages(dir, text string) []Message {
	var out []Message
	for _, m := range compilerMessage().FindAllStringSubmatch(text, -1) {
		file := m[1]
		if !filepath.IsAbs(file) && !strings.HasPrefix(file, "<") {
			file = filepath.Join(dir, file)
		}
		msg := Message{Position: lens.Position{File: file}, Text: strings.ReplaceAll(m[4], "\n\t", "\n")}
		msg.Line, _ = strconv.Atoi(m[2])
		msg.Column, _ = strconv.Atoi(m[3])
		out = append(out, msg)
	}
	return out
}

// report puts an answer into its frame.
func (r *request) report(p *plan, o *observer, a *answer) (*Report, error) {
	rep := &Report{
		Package: p.Package, Dir: p.Dir, Go: r.tool.Version, Target: r.target(p),
		Observed:  Observed{Mode: Observing, Verified: o.Verified, Resident: a.resident, Gaps: slices.Concat(o.Gaps, a.gaps)},
		Functions: a.functions, Names: a.names,
	}
	if p.Package == "main" && r.Package != "." {
		rep.Package = r.Package
	}
	rep.Instances = instances(a.names)
	compiled := map[string]bool{}
	for _, f := range a.functions {
		compiled[f.Name] = true
	}
	for i := range rep.Names {
		rep.Names[i].Compiled = compiled[rep.Names[i].Name]
	}
	if len(a.functions) == 0 && r.Function != "*" {
		return nil, r.missing(p, a.names)
	}
	return rep, nil
}

func instances(names []Name) []Instance {
	var out []Instance
	for _, n := range names {
		if g := genericOf(n.Name); g != "" {
			out = append(out, Instance{g, n.Name})
		}
	}
	slices.SortStableFunc(out, func(a, b Instance) int { return strings.Compare(a.Generic, b.Generic) })
	return out
}

// target is what was compiled for: the settings, else the host.
func (r *request) target(p *plan) Target {
	t := Target{OS: hostOS, Arch: hostArch, PGO: p.PGO}
	level := ""
	for _, e := range r.env {
		name, v, _ := strings.Cut(e, "=")
		switch {
		case name == "GOOS" && v != "":
			t.OS = v
		case name == "GOARCH" && v != "":
			t.Arch = v
		case strings.HasPrefix(name, "GO") && v != "" && levelOf(name) != "":
			level = e
		}
	}
	if name, _, _ := strings.Cut(level, "="); levelOf(name) == t.Arch {
		t.Level = level
	}
	return t
}

// isText reports whether text could be a Go source file.
func isText(text []byte) bool { return !bytes.ContainsRune(text, 0) }
