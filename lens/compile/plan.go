package compile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/lens"
)

// How a package is compiled
//
// Which files a package has, which flags the compiler gets, where the export data of
// its imports lies: only the go command knows, and it says so. go build -n prints the
// commands that it would run. The package itself is given a flag of no meaning, marker,
// so that it is always stale, always printed, and told from its neighbours by it. What
// is not built yet appears in its importcfg below $WORK: then the dependencies are built
// and the question is asked again.
//
// A plan is kept, because the answer costs more than most functions do. It holds as
// long as nothing that it depends on changed: see stamps.

// A plan is the compiler's command for one package.
type plan struct {
	Package string   `json:"package"` // import path, as given to -p; "main" for a program
	Import  string   `json:"import"`  // as it was asked for
	Dir     string   `json:"dir"`     // where the compiler runs
	Tool    string   `json:"tool"`    // the stock compiler
	Args    []string `json:"args"`    // flags and files, without output
	Files   []string `json:"files"`   // absolute, in the order of Args
	PGO     bool     `json:"pgo"`
	Stamps  stamps   `json:"stamps"`

	key       string // names the plan in the cache
	generated bool   // some files come from cgo: the plan is asked for each time, since they follow the source
}

// marker makes the go command print a package's compilation, and is taken out again.
const marker = "-d=hone=1"

// planForm changes when plans are made in another way: then older ones are not found.
const planForm = "2"

// overlayMark stands in a kept plan for the directory of the overlay, which has another
// name for each text.
const overlayMark = "$OVERLAY"

// A request is a query with what was found out about it.
type request struct {
	Query
	tool    *gotool.Toolchain
	env     []string // settings that change what is compiled, the query's last
	overlay string   // directory with the overlay's files and overlay.json, "" for none
}

// build is what to tell the go command.
func (r *request) build() gotool.Build {
	b := gotool.Build{Dir: r.Dir, Package: strings.TrimSuffix(r.Package, "_test"), Test: r.Tests, Own: true, Env: r.env}
	if r.overlay != "" {
		b.Overlay = filepath.Join(r.overlay, "overlay.json")
	}
	return b
}

// external reports whether the package of external tests is asked for.
func (r *request) external() bool { return r.Tests && strings.HasSuffix(r.Package, "_test") }

// key names everything that decides a plan, but for the content of files.
func (r *request) key() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %q %q %q %q %v %q %q\n", planForm, r.tool.Version, r.tool.Root, r.Dir, r.Package, r.Tests, r.env, r.Flags)
	fmt.Fprintf(h, "%q\n", os.Getenv("GOFLAGS"))
	for _, file := range sortedKeys(r.Overlay) {
		fmt.Fprintf(h, "%q\n", file)
	}
	return hex.EncodeToString(h.Sum(nil))[:24]
}

// plan returns how the package is compiled, from the cache where that still holds.
func (l *Lens) plan(ctx context.Context, r *request) (*plan, error) {
	key := r.key()
	dir := filepath.Join(l.cache, "plans", key)
	if p := readPlan(dir, r); p != nil {
		return p, nil
	}
	kept := takesFiles(dir)
	if !kept {
		var err error
		if dir, err = l.planAside(key); err != nil {
			return nil, err
		}
	}
	p, err := l.ask(ctx, r, dir)
	if err != nil {
		return nil, err
	}
	p.key = key
	if kept && !p.generated {
		l.keep(ctx, r, p, dir)
	}
	return p, nil
}

// takesFiles reports whether files can be written to a directory, which is made. A test
// in a sandbox reads the user's cache and may not write there.
func takesFiles(dir string) bool {
	if os.MkdirAll(dir, 0o777) != nil {
		return false
	}
	f, err := os.CreateTemp(dir, ".new-*")
	if err != nil {
		return false
	}
	return errors.Join(f.Close(), os.Remove(f.Name())) == nil
}

// planAside returns a directory for a plan that is gone with the lens.
func (l *Lens) planAside(key string) (string, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.aside == "" {
		dir, err := os.MkdirTemp("", "hone-plans-*")
		if err != nil {
			return "", fmt.Errorf("find a place for a plan: %w", err)
		}
		l.aside = dir
	}
	return filepath.Join(l.aside, key), nil
}

func readPlan(dir string, r *request) *plan {
	text, err := os.ReadFile(filepath.Join(dir, "plan.json"))
	if err != nil {
		return nil
	}
	var p plan
	if json.Unmarshal(text, &p) != nil || !p.Stamps.hold(r) {
		return nil
	}
	if !p.complete(filepath.Join(dir, "importcfg")) {
		return nil
	}
	p.key = filepath.Base(dir)
	for i, a := range p.Args {
		p.Args[i] = strings.ReplaceAll(a, overlayMark, r.overlay)
	}
	for i, f := range p.Files {
		p.Files[i] = strings.ReplaceAll(f, overlayMark, r.overlay)
	}
	return &p
}

// complete reports whether the files that the compiler reads are there: the go command
// removes from its cache what it did not use for some days, and people remove all of it.
func (p *plan) complete(importcfg string) bool {
	text, err := os.ReadFile(importcfg)
	if err != nil {
		return false
	}
	files := slices.DeleteFunc(slices.Clone(p.Files), func(f string) bool { return strings.HasPrefix(f, overlayMark) })
	for line := range strings.Lines(string(text)) {
		if _, file, ok := strings.Cut(strings.TrimSpace(line), "="); ok && strings.HasPrefix(line, "packagefile ") {
			files = append(files, file)
		}
	}
	for _, f := range files {
		if _, err := os.Stat(f); err != nil {
			return false
		}
	}
	return true
}

// keep writes a plan into the cache while the compiler is at work. Nothing depends on
// its success.
func (l *Lens) keep(ctx context.Context, r *request, p *plan, dir string) {
	saved := *p
	saved.Args, saved.Files = slices.Clone(p.Args), slices.Clone(p.Files)
	l.background.Go(func() {
		stamps, err := l.stamp(context.WithoutCancel(ctx), r, &saved)
		if err != nil {
			return
		}
		saved.Stamps = stamps
		if r.overlay != "" {
			for i, a := range saved.Args {
				saved.Args[i] = strings.ReplaceAll(a, r.overlay, overlayMark)
			}
			for i, f := range saved.Files {
				saved.Files[i] = strings.ReplaceAll(f, r.overlay, overlayMark)
			}
		}
		text, err := json.Marshal(&saved)
		if err == nil {
			_ = writeFile(filepath.Join(dir, "plan.json"), text)
		}
		trim(filepath.Join(l.cache, "plans"), maxPlans)
	})
}

// ask asks the go command for the plan, building the dependencies where it must.
func (l *Lens) ask(ctx context.Context, r *request, dir string) (*plan, error) {
	var exports map[string]string
	for {
		text, err := l.commands(ctx, r)
		if err != nil {
			return nil, err
		}
		s := parseScript(text)
		c, err := s.target(r)
		if err != nil {
			return nil, err
		}
		config := c.value("-importcfg")
		if exports != nil {
			s.files[config] = resolveImports(s.files[config], exports, strings.TrimSuffix(c.value("-p"), "_test"))
		}
		if !strings.Contains(s.files[config], "=$WORK/") {
			return l.settle(ctx, r, settled{s, c, dir})
		}
		if exports != nil {
			return nil, fmt.Errorf("plan %s: its dependencies were built, and the go command still doesn't have them", r.Package)
		}
		if exports, err = l.buildDependencies(ctx, r); err != nil {
			return nil, err
		}
	}
}

// resolveImports names the export files of packages that the go command would build
// again: an external test imports the package under test, which is stale like its
// tests because both have the marker.
func resolveImports(config string, exports map[string]string, tested string) string {
	lines := strings.Split(config, "\n")
	for i, line := range lines {
		path, file, ok := strings.Cut(strings.TrimPrefix(line, "packagefile "), "=")
		if !ok || !strings.HasPrefix(file, "$WORK/") {
			continue
		}
		for _, name := range []string{path + " [" + tested + ".test]", path} {
			if e := exports[name]; e != "" {
				lines[i] = "packagefile " + path + "=" + e
				break
			}
		}
	}
	return strings.Join(lines, "\n")
}

func (l *Lens) commands(ctx context.Context, r *request) (string, error) {
	b := r.build()
	if r.Tests {
		b.Output = filepath.Join(l.cache, "never-written")
	}
	flags := append(slices.Clone(r.Flags), "-gcflags="+b.Package+"="+strings.TrimSpace(compilerFlags(r.Flags)+" "+marker))
	text, err := r.tool.Commands(ctx, b, flags...)
	return text, compileError(r, err)
}

// compilerFlags are those that the query itself gives the compiler: the last -gcflags
// that matches a package counts, and that is the one with the marker.
func compilerFlags(flags []string) string {
	out := ""
	for _, f := range flags {
		v, ok := strings.CutPrefix(strings.TrimPrefix(f, "-"), "-gcflags=")
		if !ok {
			v, ok = strings.CutPrefix(f, "-gcflags=")
		}
		if !ok {
			continue
		}
		if !strings.HasPrefix(v, "-") {
			_, v, _ = strings.Cut(v, "=")
		}
		out = v
	}
	return out
}

// compileError makes the go command's complaint the query's.
func compileError(r *request, err error) error {
	var e *gotool.BuildError
	if !errors.As(err, &e) {
		return err
	}
	out := &CompileError{Package: r.Package, Text: withoutScript(e.Text)}
	for _, d := range e.Diagnostics {
		file := d.File
		if !filepath.IsAbs(file) {
			file = filepath.Join(r.Dir, file)
		}
		out.Messages = append(out.Messages, Message{lens.Position{File: file, Line: d.Line, Column: d.Column}, d.Message})
	}
	return out
}

// withoutScript is what the go command complained of, without what it would have run
// before it came to that.
func withoutScript(text string) string {
	var out strings.Builder
	for line := range strings.Lines(text) {
		if !strings.HasPrefix(line, "mkdir -p $WORK") && !strings.HasPrefix(line, "#") && strings.TrimSpace(line) != "" {
			out.WriteString(line)
		}
	}
	return out.String()
}

// buildDependencies makes the go command build what the package imports, and returns
// the export files by import path. The package itself need not compile.
func (l *Lens) buildDependencies(ctx context.Context, r *request) (map[string]string, error) {
	done := l.progress("build dependencies of " + r.Package)
	flags := append([]string{"-e", "-export", "-deps", "-f", "{{.ImportPath}}\t{{.Export}}"}, r.Flags...)
	if r.Tests {
		flags = append(flags, "-test")
	}
	b := r.build()
	b.Test = false
	out, err := r.tool.List(ctx, b, flags...)
	done(err)
	if err != nil {
		return nil, compileError(r, err)
	}
	exports := map[string]string{}
	for line := range strings.Lines(string(out)) {
		path, file, _ := strings.Cut(strings.TrimSpace(line), "\t")
		exports[path] = file
	}
	return exports, nil
}

// settled is a compilation that can be carried out.
type settled struct {
	script *script
	target *shellCommand
	dir    string // for what the compilation reads
}

// settle writes the files that the compilation reads and turns its command into a plan.
func (l *Lens) settle(ctx context.Context, r *request, s settled) (*plan, error) {
	if err := os.MkdirAll(s.dir, 0o777); err != nil {
		return nil, fmt.Errorf("plan %s: %w", r.Package, err)
	}
	object := filepath.Dir(s.target.value("-importcfg")) // $WORK/b001
	local := func(text string) string { return strings.ReplaceAll(text, object, s.dir) }
	for name, text := range s.script.files {
		if filepath.Dir(name) == object {
			if err := writeFile(local(name), []byte(text)); err != nil {
				return nil, fmt.Errorf("plan %s: %w", r.Package, err)
			}
		}
	}
	if err := l.prepare(ctx, r, s, local); err != nil {
		return nil, err
	}
	p := &plan{Import: r.Package, Dir: s.target.dir, Tool: s.target.words[0], Package: s.target.value("-p")}
	for i := 1; i < len(s.target.words); i++ {
		switch w := s.target.words[i]; {
		case w == "-o", w == "-buildid", w == "-asmhdr":
			i++
		case w == marker:
		case strings.HasSuffix(w, ".go") && !strings.HasPrefix(w, "-"):
			p.Files = append(p.Files, w)
		default:
			p.PGO = p.PGO || strings.HasPrefix(w, "-pgoprofile")
			p.Args = append(p.Args, local(w))
		}
	}
	if err := l.generated(ctx, r, p, s.dir); err != nil {
		return nil, err
	}
	p.Args = append(p.Args, p.Files...)
	for i, f := range p.Files {
		if !filepath.IsAbs(f) {
			p.Files[i] = filepath.Join(p.Dir, f)
		}
	}
	return p, nil
}

// prepare runs the steps before the compilation that are cheap and that it reads from:
// which functions are in assembly, and a profile made ready.
func (l *Lens) prepare(ctx context.Context, r *request, s settled, local func(string) string) error {
	for _, c := range s.script.commands {
		tool := filepath.Base(c.words[0])
		symabis := strings.HasPrefix(tool, "asm") && slices.Contains(c.words, "-gensymabis") && strings.HasPrefix(c.value("-o"), filepath.Dir(s.target.value("-importcfg"))+"/")
		if !symabis && !strings.HasPrefix(tool, "preprofile") {
			continue
		}
		args := make([]string, 0, len(c.words))
		for _, w := range c.words[1:] {
			args = append(args, strings.ReplaceAll(local(w), "$WORK", s.dir))
		}
		if symabis {
			if err := writeFile(filepath.Join(s.dir, "go_asm.h"), nil); err != nil {
				return err
			}
		}
		if out := (&shellCommand{words: args}).value("-o"); out != "" {
			if err := os.MkdirAll(filepath.Dir(out), 0o777); err != nil {
				return err
			}
		}
		cmd := exec.CommandContext(ctx, c.words[0], args...)
		cmd.Dir, cmd.Env = c.dir, r.tool.Environment(r.build())
		if out, err := cmd.CombinedOutput(); err != nil {
			return fmt.Errorf("plan %s: %s: %w\n%s", r.Package, tool, err, out)
		}
	}
	for i, w := range s.target.words {
		s.target.words[i] = w
		if strings.HasPrefix(w, "-pgoprofile=$WORK/") {
			s.target.words[i] = strings.ReplaceAll(w, "$WORK", s.dir)
		}
	}
	return nil
}

// generated finds the files of the package that cgo wrote: the go command prints them
// below $WORK, and keeps them in its cache.
func (l *Lens) generated(ctx context.Context, r *request, p *plan, dir string) error {
	missing := 0
	for _, f := range p.Files {
		if strings.HasPrefix(f, "$WORK/") {
			missing++
		}
	}
	if missing == 0 {
		return nil
	}
	cached, err := l.compiledFiles(ctx, r, p)
	if err != nil {
		return err
	}
	if len(cached) != missing {
		return fmt.Errorf("look at %s: it uses cgo, and go list names %d generated files where the build has %d", r.Package, len(cached), missing)
	}
	for i, f := range p.Files {
		if !strings.HasPrefix(f, "$WORK/") {
			continue
		}
		// The compiler tells files of cgo by their names, and the cache has others.
		if p.Files[i], err = copyNamed(cached[0], filepath.Join(dir, filepath.Base(f))); err != nil {
			return fmt.Errorf("look at %s: %w", r.Package, err)
		}
		cached = cached[1:]
	}
	p.generated = true
	return nil
}

// compiledFiles are the files in the go command's cache that it compiles for a package.
func (l *Lens) compiledFiles(ctx context.Context, r *request, p *plan) ([]string, error) {
	type listed struct {
		ImportPath      string
		CompiledGoFiles []string
	}
	flags := append([]string{"-compiled"}, r.Flags...)
	if r.Tests {
		flags = append(flags, "-test")
	}
	all, err := gotool.ListJSON[listed](ctx, r.tool, r.build(), "ImportPath,CompiledGoFiles", flags...)
	if err != nil {
		return nil, compileError(r, err)
	}
	var cached []string
	for _, one := range all {
		// A package is listed without its tests, and with them: "p", "p [p.test]".
		path, variant, _ := strings.Cut(one.ImportPath, " ")
		asked := path == p.Package || p.Package == "main" && !strings.HasSuffix(path, ".test")
		if !asked || cached != nil && variant == "" {
			continue
		}
		cached = []string{}
		for _, f := range one.CompiledGoFiles {
			if strings.HasPrefix(f, r.tool.Cache) {
				cached = append(cached, f)
			}
		}
	}
	return cached, nil
}

// copyNamed copies a file, where the copy is not there already, and returns its name.
func copyNamed(from, to string) (string, error) {
	text, err := os.ReadFile(from)
	if err != nil {
		return "", err
	}
	if have, err := os.ReadFile(to); err == nil && bytes.Equal(have, text) {
		return to, nil
	}
	return to, writeFile(to, text)
}
