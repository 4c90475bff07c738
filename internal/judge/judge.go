// Package judge decides: a lab and a learner's files in, a [Verdict] out.
//
// The learner's directory is never written, and is read once. What is judged is
// a snapshot, laid over the lab's own package with go's -overlay: the learner's
// files stand where the reference stands, their _test.go files stand nowhere, and
// a runner of ours is added. The test binary runs in a sandbox and says how each
// check ended on a descriptor of its own, with a nonce; what it prints, and how it
// exits, proves nothing. A check that is expected and not reported did not pass.
//
// One process can lie about itself: code under test shares an address space with
// the checks, so the nonce stops accidents and lazy cheats, not an attacker. Labs
// with a program/ directory are judged from another process.
//
// Start with [New], then [Judge.Check]. Package gate uses [Judge.Build] to run
// one binary many times.
package judge

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/gotool"
)

// Module is the module that labs and claims live in; a learner's module is
// Module + "/labs/" + id.
const Module = "github.com/hone-go/hone"

// checkModules are the modules outside of the standard library that checks may
// reach, through claim/linear.
var checkModules = []string{"github.com/anishathalye/porcupine"}

// Options configure a [Judge].
type Options struct {
	Source   fs.FS        // hone.Source, or the root of a checkout
	Cache    string       // directory for what can be made again; "" is hone/ in the user's cache directory
	Progress func(string) // told what takes long, may be nil
}

// A Judge has a toolchain and the labs' sources on disk. It is safe for
// concurrent use.
type Judge struct {
	Go *gotool.Toolchain

	cache    string
	tree     string // the labs' module, extracted: what go builds
	library  string // claim alone: what a learner's go.mod replaces Module with
	source   fs.FS
	progress func(string)
	slow     sync.Once // told that compiling takes long
}

// New finds the toolchain and extracts the sources, once per version of them.
func New(ctx context.Context, o Options) (*Judge, error) {
	j := &Judge{cache: o.Cache, source: o.Source, progress: o.Progress}
	if j.progress == nil {
		j.progress = func(string) {}
	}
	if j.cache == "" {
		dir, err := os.UserCacheDir()
		if err != nil {
			return nil, fmt.Errorf("find a cache directory: %w", err)
		}
		j.cache = filepath.Join(dir, "hone")
	}
	var err error
	if j.Go, err = gotool.Find(ctx); err != nil {
		return nil, err
	}
	if err := j.extract(); err != nil {
		return nil, err
	}
	j.forget()
	return j, nil
}

// extract writes the sources below the cache: the judge's tree under the hash of
// its content, the editors' library under a name that never changes.
func (j *Judge) extract() error {
	files, hash, err := sources(j.source)
	if err != nil {
		return err
	}
	j.tree = filepath.Join(j.cache, "judge-"+hash)
	j.library = filepath.Join(j.cache, "library")
	if err := place(j.tree, hash, files, func(string) bool { return true }); err != nil {
		return fmt.Errorf("extract the labs: %w", err)
	}
	isLibrary := func(name string) bool { return !strings.HasPrefix(name, "labs/") }
	if err := place(j.library, hash, files, isLibrary); err != nil {
		return fmt.Errorf("extract the claim library: %w", err)
	}
	now := time.Now()
	os.Chtimes(j.tree, now, now) // forget goes by the time of last use
	return nil
}

// carried says whether the tree holds a file of the sources: the labs, claim, and what
// claim imports, without its tests.
func carried(name string) bool {
	switch {
	case strings.HasPrefix(name, "labs/"), strings.HasPrefix(name, "claim/"):
		return true
	case strings.HasSuffix(name, "_test.go"), strings.Contains(name, "/testdata/"):
		return false
	}
	return path.Dir(name) == "lens" || path.Dir(name) == "internal/gotool" || strings.HasPrefix(name, "lens/compile/") || strings.HasPrefix(name, "lens/trace/")
}

// sources reads everything that the tree will hold, with a go.mod that requires
// only what checks need, and hashes it.
func sources(src fs.FS) (map[string][]byte, string, error) {
	files := map[string][]byte{}
	for _, root := range []string{"labs", "claim", "lens", "internal/gotool"} {
		err := fs.WalkDir(src, root, func(name string, d fs.DirEntry, err error) error {
			if err != nil || d.IsDir() || !carried(name) {
				return err
			}
			files[name], err = fs.ReadFile(src, name)
			return err
		})
		if err != nil {
			return nil, "", fmt.Errorf("read the sources: %w", err)
		}
	}
	for _, name := range []string{"go.mod", "go.sum"} {
		data, err := fs.ReadFile(src, name)
		if err != nil {
			return nil, "", fmt.Errorf("read the sources: %w", err)
		}
		files[name] = data
	}
	requires, sums := requirements(files["go.mod"], files["go.sum"])
	files["go.mod"] = []byte("module " + Module + "\n\ngo 1.26\n\n" + requires)
	files["go.sum"] = []byte(sums)

	return files, hashOf(files), nil
}

// hashOf names a set of files by their names and content.
func hashOf(files map[string][]byte) string {
	h := sha256.New()
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(h, "%s %d\n", name, len(files[name]))
		h.Write(files[name])
	}
	return hex.EncodeToString(h.Sum(nil))[:16]
}

// requirements picks the lines on checkModules from go.mod and go.sum.
func requirements(mod, sum []byte) (requires, sums string) {
	for line := range strings.Lines(string(mod)) {
		f := strings.Fields(strings.TrimPrefix(strings.TrimSpace(line), "require "))
		if len(f) >= 2 && slices.Contains(checkModules, f[0]) {
			requires += "require " + f[0] + " " + f[1] + "\n"
		}
	}
	for line := range strings.Lines(string(sum)) {
		if name, _, _ := strings.Cut(line, " "); slices.Contains(checkModules, name) {
			sums += line
		}
	}
	return requires, sums
}

// stamp is the file, written last, that says that a tree is whole and of which version.
const stamp = ".hone-version"

// place makes dir hold the wanted files. Another hone may do the same at the
// same time: trees are made aside and moved into place.
func place(dir, hash string, files map[string][]byte, want func(string) bool) error {
	if have, err := os.ReadFile(filepath.Join(dir, stamp)); err == nil && string(have) == hash {
		return nil
	}
	if err := os.MkdirAll(filepath.Dir(dir), 0o755); err != nil {
		return err
	}
	aside, err := os.MkdirTemp(filepath.Dir(dir), "new-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(aside)
	for name, data := range files {
		if !want(name) {
			continue
		}
		if err := writeFile(filepath.Join(aside, filepath.FromSlash(name)), data); err != nil {
			return err
		}
	}
	if err := writeFile(filepath.Join(aside, stamp), []byte(hash)); err != nil {
		return err
	}
	if err := os.Chmod(aside, 0o755); err != nil {
		return err
	}
	old := aside + "-old"
	if err := os.Rename(dir, old); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	defer os.RemoveAll(old)
	if err := os.Rename(aside, dir); err != nil {
		if have, readErr := os.ReadFile(filepath.Join(dir, stamp)); readErr == nil && string(have) == hash {
			return nil // another hone was faster
		}
		return err
	}
	return nil
}

func writeFile(name string, data []byte) error {
	if err := os.MkdirAll(filepath.Dir(name), 0o755); err != nil {
		return err
	}
	return os.WriteFile(name, data, 0o644)
}

const (
	keepTrees = 30 * 24 * time.Hour // trees of other versions of hone
	keepRuns  = 24 * time.Hour      // what a killed hone left
)

// forget removes what nobody has used for long.
func (j *Judge) forget() {
	entries, _ := os.ReadDir(j.cache)
	for _, e := range entries {
		info, err := e.Info()
		if err != nil {
			continue
		}
		age := time.Since(info.ModTime())
		stale := strings.HasPrefix(e.Name(), "judge-") && age > keepTrees ||
			(strings.HasPrefix(e.Name(), "run-") || strings.HasPrefix(e.Name(), "new-")) && age > keepRuns
		if dir := filepath.Join(j.cache, e.Name()); stale && dir != j.tree {
			os.RemoveAll(dir)
		}
	}
}

// labDir is the directory of a lab's package in the tree.
func (j *Judge) labDir(id string) string {
	return filepath.Join(j.tree, "labs", filepath.FromSlash(id))
}

// Dir is where the lab lies on disk, as it is in the catalogue: its reference with the
// directives, its checks. Nothing there may be changed.
func (j *Judge) Dir(lab *catalog.Lab) string { return j.labDir(lab.ID) }

// packageOf is the package path of a lab, relative to the tree.
func packageOf(id string) string { return "./" + path.Join("labs", id) }
