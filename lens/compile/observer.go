package compile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/hone-go/hone/internal/gotool"
)

// An observer is an observing compiler that is built.
type observer struct {
	Gaps     []Gap  `json:"gaps"`
	Verified bool   `json:"verified"`
	Why      string `json:"why,omitempty"` // why not verified
	Go       string `json:"go"`

	path string
}

// samples are the packages on which an observer is verified: together they have
// generics, closures, defers, assembly stubs, reflection and large functions.
var samples = [...]string{"bufio", "strconv", "encoding/json", "math/big"}

// compilerName is the file name of the observing compiler.
func compilerName() string {
	if runtime.GOOS == "windows" {
		return "compile.exe"
	}
	return "compile"
}

// observerDir is where the observer for a toolchain belongs: another toolchain, or
// another observer, has another directory.
func (l *Lens) observerDir(t *gotool.Toolchain) string {
	h := sha256.New()
	version := stampOf(filepath.Join(t.Root, "VERSION"))
	fmt.Fprintf(h, "%s %s %s %d %d", patchesHash(), t.Version, t.Root, version.Size, version.Time)
	name := strings.Map(func(r rune) rune {
		if strings.ContainsRune(`/\: `, r) {
			return '-'
		}
		return r
	}, t.Version)
	return filepath.Join(l.cache, "observers", name+"-"+hex.EncodeToString(h.Sum(nil))[:12])
}

// ready returns the observer where it is built.
func (l *Lens) ready(t *gotool.Toolchain) *observer {
	dir := l.observerDir(t)
	text, err := os.ReadFile(filepath.Join(dir, "observer.json"))
	if err != nil {
		return nil
	}
	o := &observer{path: filepath.Join(dir, compilerName())}
	if json.Unmarshal(text, o) != nil {
		return nil
	}
	if _, err := os.Stat(o.path); err != nil {
		return nil
	}
	return o
}

// observer returns the observer for a toolchain, building it where need be. Processes
// that want the same one wait for each other.
func (l *Lens) observer(ctx context.Context, t *gotool.Toolchain) (*observer, error) {
	if o := l.ready(t); o != nil {
		return o, nil
	}
	dir := l.observerDir(t)
	unlock, err := lock(ctx, dir+".lock")
	if err != nil {
		return nil, err
	}
	defer unlock()
	if o := l.ready(t); o != nil {
		return o, nil
	}
	done := l.progress("build the observing compiler for " + t.Version)
	o, err := l.buildObserver(ctx, t, dir)
	done(err)
	if err != nil {
		return nil, fmt.Errorf("build the observing compiler for %s: %w", t.Version, err)
	}
	return o, nil
}

// buildObserver builds it aside, verifies it, and puts it in place.
func (l *Lens) buildObserver(ctx context.Context, t *gotool.Toolchain, dir string) (*observer, error) {
	parent := filepath.Dir(dir)
	if err := os.MkdirAll(parent, 0o777); err != nil {
		return nil, err
	}
	aside, err := os.MkdirTemp(parent, ".building-*")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(aside)
	removeOld(parent)
	root, err := sourceRoot(t, aside)
	if err != nil {
		return nil, err
	}
	internal := filepath.Join(root, "src", "cmd", "compile", "internal")
	p, err := applyPatches(func(file string) (string, error) {
		text, err := os.ReadFile(filepath.Join(internal, filepath.FromSlash(file)))
		return string(text), err
	})
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("this Go distribution comes without the source of its compiler: %w", err)
	}
	if err != nil {
		return nil, err
	}
	o := &observer{Gaps: p.gaps, Go: t.Version, path: filepath.Join(aside, compilerName())}
	if err := build(ctx, t, buildPlace{root, internal, aside}, p); err != nil {
		return nil, err
	}
	o.Why = l.verify(ctx, t, o)
	o.Verified = o.Why == ""
	return o, l.install(o, aside, dir)
}

// install puts the observer into its place. Where another process was first, its own
// stays.
func (l *Lens) install(o *observer, aside, dir string) error {
	text, err := json.Marshal(o)
	if err != nil {
		return err
	}
	final, err := os.MkdirTemp(filepath.Dir(dir), ".ready-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(final)
	if err := os.Chmod(final, 0o777); err != nil {
		return err
	}
	if err := os.Rename(o.path, filepath.Join(final, compilerName())); err != nil {
		return err
	}
	if err := writeFile(filepath.Join(final, "observer.json"), text); err != nil {
		return err
	}
	os.RemoveAll(dir) // half of one, or one whose binary somebody removed
	if err := os.Rename(final, dir); err != nil {
		if _, statErr := os.Stat(filepath.Join(dir, compilerName())); statErr != nil {
			return err
		}
	}
	o.path = filepath.Join(dir, compilerName())
	trim(filepath.Dir(dir), maxObservers)
	return nil
}

// removeOld removes what killed builds left behind.
func removeOld(parent string) {
	entries, _ := os.ReadDir(parent)
	for _, e := range entries {
		info, err := e.Info()
		if err == nil && strings.HasPrefix(e.Name(), ".") && stale(info) {
			os.RemoveAll(filepath.Join(parent, e.Name()))
		}
	}
}

// A buildPlace is where an observer is built.
type buildPlace struct {
	root     string // GOROOT with the source
	internal string // cmd/compile/internal in it
	aside    string // for everything that is written
}

func build(ctx context.Context, t *gotool.Toolchain, at buildPlace, p *patched) error {
	add, err := p.addedFiles()
	if err != nil {
		return err
	}
	files := map[string][]byte{}
	for _, m := range []map[string]string{p.files, add} {
		for file, text := range m {
			files[filepath.Join(at.internal, filepath.FromSlash(file))] = []byte(text)
		}
	}
	overlay, err := gotool.WriteOverlay(filepath.Join(at.aside, "overlay"), files)
	if err != nil {
		return err
	}
	b := gotool.Build{
		Dir: filepath.Join(at.root, "src", "cmd"), Package: "cmd/compile", Output: filepath.Join(at.aside, compilerName()), Overlay: overlay,
		// The compiler's own module is vendored; a user's GOFLAGS have no say in it.
		Env: []string{"GOROOT=" + at.root, "GOFLAGS=-mod=vendor -buildvcs=false -overlay=" + overlay, "CGO_ENABLED=0"},
	}
	return t.Compile(ctx, b)
}

// sourceRoot is a GOROOT whose files may be overlaid. From Go 1.25 on the go command
// refuses overlays of files in the module cache, where a toolchain that it fetched
// lies: then it is a copy made of links.
func sourceRoot(t *gotool.Toolchain, aside string) (string, error) {
	inCache := t.ModCache != "" && strings.HasPrefix(t.Root, t.ModCache+string(filepath.Separator))
	if !inCache {
		return t.Root, nil
	}
	shadow := filepath.Join(aside, "goroot")
	if err := os.MkdirAll(shadow, 0o777); err != nil {
		return "", err
	}
	for _, name := range []string{"bin", "pkg", "lib", "VERSION", "go.env"} {
		if err := os.Symlink(filepath.Join(t.Root, name), filepath.Join(shadow, name)); err != nil {
			return "", fmt.Errorf("shadow %s: %w", t.Root, err)
		}
	}
	return shadow, linkTree(filepath.Join(t.Root, "src"), filepath.Join(shadow, "src"))
}

// linkTree makes the tree from again at to, of hard links, or of copies where from is
// on another file system. Tests are left out.
func linkTree(from, to string) error {
	return filepath.WalkDir(from, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		rel, err := filepath.Rel(from, file)
		if err != nil {
			return err
		}
		target := filepath.Join(to, rel)
		switch {
		case d.IsDir() && d.Name() == "testdata":
			return fs.SkipDir
		case d.IsDir():
			return os.MkdirAll(target, 0o777)
		case strings.HasSuffix(file, "_test.go"):
			return nil
		}
		if os.Link(file, target) == nil {
			return nil
		}
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		return os.WriteFile(target, text, 0o666)
	})
}

// verify compiles the samples with the stock compiler and, observed, with the observer,
// and returns how they differ, "" where they are the same to the byte.
func (l *Lens) verify(ctx context.Context, t *gotool.Toolchain, o *observer) string {
	for _, pkg := range samples {
		r := &request{Query: Query{Dir: filepath.Join(t.Root, "src"), Package: pkg}, tool: t, env: []string{"GOFLAGS="}}
		if err := l.same(ctx, r, o); err != nil {
			return err.Error()
		}
	}
	return ""
}

// same returns an error where the observer's object of a package is not the stock
// compiler's.
func (l *Lens) same(ctx context.Context, r *request, o *observer) error {
	p, err := l.plan(ctx, r)
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("", "hone-verify-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	objects := [2][]byte{}
	for i, tool := range []string{p.Tool, o.path} {
		out := filepath.Join(dir, fmt.Sprint(i))
		cmd := exec.CommandContext(ctx, tool, append([]string{"-o", out}, p.Args...)...)
		cmd.Dir, cmd.Env = p.Dir, r.tool.Environment(r.build())
		if i == 1 {
			cmd.Env = append(cmd.Env, "HONE_OBSERVE=whole,passes,ir")
			cmd.Stdin = strings.NewReader("*\n")
		}
		var errs bytes.Buffer
		cmd.Stderr = &errs
		if err := cmd.Run(); err != nil {
			return fmt.Errorf("compile %s: %w\n%s", r.Package, err, errs.Bytes())
		}
		if objects[i], err = os.ReadFile(out); err != nil {
			return err
		}
	}
	if !bytes.Equal(objects[0], objects[1]) {
		return fmt.Errorf("the object of %s differs from the stock compiler's", r.Package)
	}
	return nil
}
