package judge

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/start"
)

// Limits on what is read from a learner's directory: far above any solution, far
// below what would hurt.
const (
	maxFiles    = 500
	maxFileSize = 4 << 20
)

var moduleLine = regexp.MustCompile(`(?m)^\s*module\s+"?` + regexp.QuoteMeta(Module) + `/labs/([a-z0-9]+/[a-z0-9]+)"?\s*(?://.*)?$`)

// ErrNoLab says that a directory holds no lab.
var ErrNoLab = errors.New("no lab is in this directory")

// ReadDir reads a learner's directory: the id of its lab, from the module path in
// go.mod, and its Go files without tests. Directories that Go ignores (testdata,
// or with a leading dot or underscore) and nested modules are left out, and so is
// anything that is not a regular file: a link may point anywhere.
func ReadDir(dir string) (lab string, files start.Files, err error) {
	mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, ErrNoLab
	} else if err != nil {
		return "", nil, fmt.Errorf("read the lab's go.mod: %w", err)
	}
	m := moduleLine.FindSubmatch(mod)
	if m == nil {
		return "", nil, fmt.Errorf("%w: its go.mod names another module", ErrNoLab)
	}
	files = start.Files{}
	root := os.DirFS(dir)
	err = fs.WalkDir(root, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return enter(root, name)
		}
		if path.Ext(name) != ".go" && path.Ext(name) != ".s" || strings.HasSuffix(name, "_test.go") || !d.Type().IsRegular() {
			return nil
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		if info.Size() > maxFileSize || len(files) == maxFiles {
			return fmt.Errorf("%s: a lab has at most %d source files of %d MB", name, maxFiles, maxFileSize>>20)
		}
		files[name], err = fs.ReadFile(root, name)
		return err
	})
	if err != nil {
		return "", nil, fmt.Errorf("read %s: %w", dir, err)
	}
	return string(m[1]), files, nil
}

// enter says whether to read a directory: nil or fs.SkipDir.
func enter(root fs.FS, name string) error {
	base := path.Base(name)
	if name == "." {
		return nil
	}
	if base == "testdata" || base == "vendor" || base[0] == '.' || base[0] == '_' {
		return fs.SkipDir
	}
	if _, err := fs.Stat(root, path.Join(name, "go.mod")); err == nil {
		return fs.SkipDir
	}
	return nil
}

// Reference reads the files that the learner would own, as the lab's author wrote
// them, directives and all.
func Reference(lab *catalog.Lab) (start.Files, error) {
	ref := start.Files{}
	for _, name := range lab.Files {
		data, err := fs.ReadFile(lab.FS, name)
		if err != nil {
			return nil, fmt.Errorf("read the reference of %s: %w", lab.ID, err)
		}
		ref[name] = data
	}
	return ref, nil
}

// Planted is what a solution with the first solved stages solved is derived from:
// the reference, and in a hunt the mutants of later stages in it.
func Planted(lab *catalog.Lab, solved int) (start.Files, error) {
	ref, err := Reference(lab)
	if err != nil {
		return nil, err
	}
	for _, name := range lab.Plant {
		m := lab.Mutant(name)
		if lab.StageOf(m.Fails[0]) < solved {
			continue
		}
		if ref, err = start.Apply(ref, m.Diff); err != nil {
			return nil, fmt.Errorf("plant mutant %s of %s: %w", name, lab.ID, err)
		}
	}
	return ref, nil
}

// Solution derives the learner's files with the first solved stages solved.
func Solution(lab *catalog.Lab, solved int, stub start.Stub) (start.Files, error) {
	ref, err := Planted(lab, solved)
	if err != nil {
		return nil, err
	}
	files, err := start.Derive(ref, stageIDs(lab), solved, stub)
	if err != nil {
		return nil, fmt.Errorf("derive %s: %w", lab.ID, err)
	}
	return files, nil
}

func stageIDs(lab *catalog.Lab) []string {
	var ids []string
	for _, s := range lab.Stages {
		ids = append(ids, s.ID)
	}
	return ids
}

// Workspace returns everything that a new learner's directory holds: the starter,
// the lab's own files and checks to read and run, the lesson, and a go.mod with
// which any editor resolves all of it.
func (j *Judge) Workspace(lab *catalog.Lab) (start.Files, error) {
	files, err := Solution(lab, 0, start.Panic)
	if err != nil {
		return nil, err
	}
	err = fs.WalkDir(lab.FS, ".", func(name string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name == "mutants" || name == "wheats" {
				return fs.SkipDir
			}
			return nil
		}
		if name == "lab.md" || slices.Contains(lab.Files, name) {
			return nil
		}
		files[name], err = fs.ReadFile(lab.FS, name)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("read lab %s: %w", lab.ID, err)
	}
	files["README.md"] = []byte(readme(lab))
	mod, sum, err := j.moduleFiles(lab)
	if err != nil {
		return nil, err
	}
	files["go.mod"], files["go.sum"] = mod, sum
	return files, nil
}

// moduleFiles are the go.mod and go.sum of a learner's directory.
func (j *Judge) moduleFiles(lab *catalog.Lab) (mod, sum []byte, err error) {
	libraryMod, err := os.ReadFile(filepath.Join(j.library, "go.mod"))
	if err != nil {
		return nil, nil, fmt.Errorf("read the claim library: %w", err)
	}
	if sum, err = os.ReadFile(filepath.Join(j.library, "go.sum")); err != nil {
		return nil, nil, fmt.Errorf("read the claim library: %w", err)
	}
	requires, _ := requirements(libraryMod, nil)
	var b strings.Builder
	fmt.Fprintf(&b, "// The module path names the lab: hone check goes by it.\nmodule %s/labs/%s\n\ngo 1.26\n\n", Module, lab.ID)
	fmt.Fprintf(&b, "require %s v0.0.0\n\n", Module)
	b.WriteString(strings.ReplaceAll(requires, "\n", " // indirect\n"))
	fmt.Fprintf(&b, "\n// For your editor and go test; hone check brings its own.\nreplace %s => %s\n", Module, quoteModPath(j.library))
	return []byte(b.String()), sum, nil
}

// quoteModPath quotes a path for go.mod where it needs it.
func quoteModPath(p string) string {
	p = filepath.ToSlash(p)
	if strings.ContainsAny(p, " \t\"'`()[]{},") {
		return fmt.Sprintf("%q", p)
	}
	return p
}

// readme is the lesson as a learner reads it: without the hints.
func readme(lab *catalog.Lab) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# %s\n\n%s\n", lab.Title, lab.Lesson)
	for i, s := range lab.Stages {
		fmt.Fprintf(&b, "\n## Stage %d: %s (%s)\n\n%s\n", i+1, s.Title, s.ID, s.Text)
	}
	b.WriteString("\n---\n`hone check` judges this directory, `hone watch` does so at every save, `hone hint` helps when you are stuck.\n")
	return b.String()
}
