package judge

import (
	"bytes"
	"context"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"time"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/start"
)

// A Candidate is a learner's files, laid over a lab and ready to run. Close it.
type Candidate struct {
	judge   *Judge
	lab     *catalog.Lab
	dir     string // below the cache: src/, work/, tmp/, go/, overlay.json, binaries
	overlay string
	source  string // hash of the files
	built   map[kind]string
}

// kind is one of the executables that a candidate may need.
type kind struct {
	test bool // the checks; else the lab's program
	race bool
}

// Build lays files over the lab. Nothing is compiled yet: a run compiles what it needs.
func (j *Judge) Build(lab *catalog.Lab, files start.Files) (*Candidate, error) {
	if err := os.MkdirAll(j.cache, 0o755); err != nil {
		return nil, fmt.Errorf("make the cache: %w", err)
	}
	dir, err := os.MkdirTemp(j.cache, "run-")
	if err != nil {
		return nil, fmt.Errorf("make a directory to judge in: %w", err)
	}
	c := &Candidate{judge: j, lab: lab, dir: dir, source: hashOf(files), built: map[kind]string{}}
	if err := c.lay(files); err != nil {
		c.Close()
		return nil, fmt.Errorf("lay the files over lab %s: %w", lab.ID, err)
	}
	return c, nil
}

// Close removes all that the candidate wrote.
func (c *Candidate) Close() error {
	// What a program made unreadable must go too.
	filepath.WalkDir(c.dir, func(name string, d fs.DirEntry, err error) error {
		if err != nil && d != nil && d.IsDir() {
			os.Chmod(name, 0o700)
		}
		return nil
	})
	return os.RemoveAll(c.dir)
}

//go:embed runner.go.txt budgets.go.txt
var runnerText embed.FS

var runners = template.Must(template.ParseFS(runnerText, "*.txt"))

// lay writes the snapshot, the runner and the overlay that joins them with the lab.
func (c *Candidate) lay(files start.Files) error {
	labDir := c.judge.labDir(c.lab.ID)
	replace := map[string]string{}
	for _, name := range c.lab.Files {
		replace[filepath.Join(labDir, filepath.FromSlash(name))] = "" // absent unless the learner has it
	}
	for name, data := range files {
		if c.given(name) || strings.HasSuffix(name, "_test.go") {
			continue
		}
		file := filepath.Join(c.dir, "src", filepath.FromSlash(name))
		if err := writeFile(file, data); err != nil {
			return err
		}
		replace[filepath.Join(labDir, filepath.FromSlash(name))] = file
	}
	for name, text := range c.runner() {
		file := filepath.Join(c.dir, name)
		if err := writeFile(file, text); err != nil {
			return err
		}
		replace[filepath.Join(labDir, name)] = file
	}
	overlay, err := json.Marshal(map[string]any{"Replace": replace})
	if err != nil {
		return err
	}
	c.overlay = filepath.Join(c.dir, "overlay.json")
	if err := writeFile(c.overlay, overlay); err != nil {
		return err
	}
	for _, d := range []string{"work", "tmp", "go"} {
		if err := os.MkdirAll(filepath.Join(c.dir, d), 0o755); err != nil {
			return err
		}
	}
	if _, err := fs.Stat(c.lab.FS, "testdata"); err == nil {
		return os.Symlink(filepath.Join(labDir, "testdata"), filepath.Join(c.dir, "work", "testdata"))
	}
	return nil
}

// given says whether a file is the lab's own: the learner's copy of it is for
// reading, and is not judged.
func (c *Candidate) given(name string) bool {
	if slices.Contains(c.lab.Files, name) {
		return false
	}
	if first, _, nested := strings.Cut(name, "/"); nested && (first == "program" || first == "wheats" || first == "mutants") {
		return true
	}
	_, err := fs.Stat(c.lab.FS, name)
	return err == nil
}

// runner is the test files that are added to the lab's: they run what the judge
// asks for. Checks in bench_test.go exist only without the race detector.
func (c *Candidate) runner() map[string][]byte {
	var right, budgets []string
	for _, s := range c.lab.Stages {
		for _, check := range s.Checks {
			if check.Plain {
				budgets = append(budgets, check.Name)
			} else {
				right = append(right, check.Name)
			}
		}
	}
	execute := func(name, constraint string, budgets []string) []byte {
		var b bytes.Buffer
		err := runners.ExecuteTemplate(&b, name, map[string]any{
			"Package": c.lab.Name + "_test", "Right": right, "Budgets": budgets, "Constraint": constraint,
		})
		if err != nil {
			panic(err) // a template of ours, data of ours
		}
		return b.Bytes()
	}
	return map[string][]byte{
		"hone_runner_test.go":  execute("runner.go.txt", "", nil),
		"hone_budgets_test.go": execute("budgets.go.txt", "!race", budgets),
		"hone_none_test.go":    execute("budgets.go.txt", "race", nil),
	}
}

// slow is how long a compilation may take before the user is told why: on first
// use the standard library is compiled with the race detector.
const slow = 3 * time.Second

// executable compiles, once, the checks or the lab's program.
func (c *Candidate) executable(ctx context.Context, k kind) (string, error) {
	if file, ok := c.built[k]; ok {
		return file, nil
	}
	k.race = k.race && c.judge.Go.CC != ""
	name := "program"
	if k.test {
		name = "checks"
	}
	if k.race {
		name += "-race"
	}
	b := gotool.Build{
		Dir: c.judge.tree, Package: packageOf(c.lab.ID), Output: filepath.Join(c.dir, name),
		Test: k.test, Race: k.race, Overlay: c.overlay, Temp: filepath.Join(c.dir, "go"),
	}
	if !k.test {
		b.Package += "/program"
	}
	timer := time.AfterFunc(slow, func() {
		c.judge.slow.Do(func() {
			c.judge.progress("compiling; the first time this includes the standard library with the race detector, about a minute")
		})
	})
	defer timer.Stop()
	if err := c.judge.Go.Compile(ctx, b); err != nil {
		return "", err
	}
	c.built[k] = b.Output
	return b.Output, nil
}

// problems turns what the compiler found into problems of the learner's files.
func (c *Candidate) problems(e *gotool.BuildError) []Problem {
	var out []Problem
	for _, d := range e.Diagnostics {
		p := Problem{File: c.relative(d.File), Line: d.Line, Column: d.Column, Message: d.Message}
		if strings.HasSuffix(p.File, "_test.go") || c.given(p.File) {
			p.Message += "\nThe lab's own " + p.File + " uses it: keep the names and signatures that you were given."
		}
		out = append(out, p)
	}
	if len(out) == 0 {
		out = append(out, Problem{Message: strings.TrimSpace(c.plain(e.Text))})
	}
	return out
}

// relative turns a file name of the go command into one of the learner's directory.
func (c *Candidate) relative(file string) string {
	file = filepath.ToSlash(file)
	// The go command shortens names to ../run-123/src/queue.go.
	if _, rest, ok := strings.Cut(file, filepath.Base(c.dir)+"/src/"); ok {
		return rest
	}
	for _, prefix := range []string{
		filepath.ToSlash(c.judge.labDir(c.lab.ID)) + "/",
		path.Join("labs", c.lab.ID) + "/",
		"./",
	} {
		if rest, ok := strings.CutPrefix(file, prefix); ok {
			return rest
		}
	}
	return file
}

// plain takes this machine's directories out of a text for the learner.
func (c *Candidate) plain(text string) string {
	return strings.NewReplacer(
		"../"+filepath.Base(c.dir)+"/src/", "",
		c.judge.labDir(c.lab.ID)+string(filepath.Separator), "",
		filepath.Join(c.dir, "src")+string(filepath.Separator), "",
		path.Join("labs", c.lab.ID)+"/", "",
		c.judge.tree+string(filepath.Separator), "hone/",
		c.judge.Go.Root+string(filepath.Separator), "$GOROOT/",
		c.dir+string(filepath.Separator), "",
	).Replace(text)
}

// Vet runs go vet over the learner's files and the checks.
func (c *Candidate) Vet(ctx context.Context) ([]Problem, error) {
	found, err := c.judge.Go.Vet(ctx, gotool.Build{Dir: c.judge.tree, Package: packageOf(c.lab.ID), Overlay: c.overlay, Temp: filepath.Join(c.dir, "go")})
	var out []Problem
	for _, d := range found {
		out = append(out, Problem{File: c.relative(d.File), Line: d.Line, Column: d.Column, Message: "vet: " + d.Message})
	}
	return out, err
}

// buildFailed splits the error of a compilation: problems are the learner's.
func (c *Candidate) buildFailed(err error) ([]Problem, error) {
	var e *gotool.BuildError
	if errors.As(err, &e) {
		return c.problems(e), nil
	}
	return nil, err
}
