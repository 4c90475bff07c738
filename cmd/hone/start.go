package main

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) startCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "start LAB [DIR]",
		Short: "Make a directory to work in",
		Long: `Make a directory with a lab's starter: a small Go module that opens cleanly in any
editor, with the lesson in README.md and the checks beside your files, to read and
to run with go test.

DIR is the lab's name if you don't give it. Nothing is ever overwritten.`,
		Example:           "  hone start structures/lru\n  hone start lru ~/go-labs/lru",
		Args:              cobra.RangeArgs(1, 2),
		ValidArgsFunction: a.completeLab,
		RunE: func(cmd *cobra.Command, args []string) error {
			lab, err := a.find(args[0])
			if err != nil {
				return err
			}
			dir := lab.Name
			if len(args) > 1 {
				dir = args[1]
			}
			j, err := a.bench(cmd.Context())
			if err != nil {
				return err
			}
			files, err := j.Workspace(lab)
			if err != nil {
				return err
			}
			if err := create(dir, files); err != nil {
				return err
			}
			a.started(lab, dir)
			return nil
		},
	}
	return cmd
}

// create makes dir with files in it. It touches nothing that exists, and leaves
// nothing where it fails half-way.
func create(dir string, files start.Files) (err error) {
	switch entries, err := os.ReadDir(dir); {
	case err == nil && len(entries) > 0:
		return mistake(dir+" exists and is not empty; nothing was changed",
			"name another directory, or type: hone reset "+quote(dir)+"   (begins the lab in it again, with a backup)")
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return mistake(fmt.Sprintf("%s can't be used as a directory: %v", dir, errors.Unwrap(err)), "name another one")
	}
	var made []string
	defer func() {
		if err != nil {
			for _, name := range slices.Backward(made) {
				os.Remove(name)
			}
		}
	}()
	made, err = makeDirs(dir)
	if err != nil {
		return fmt.Errorf("start in %s: %w", dir, err)
	}
	for _, name := range slices.Sorted(maps.Keys(files)) {
		path := filepath.Join(dir, filepath.FromSlash(name))
		dirs, err := makeDirs(filepath.Dir(path))
		made = append(made, dirs...)
		if err == nil {
			made = append(made, path)
			err = writeNew(path, files[name])
		}
		if err != nil {
			return fmt.Errorf("start in %s: %w", dir, err)
		}
	}
	return nil
}

// makeDirs is os.MkdirAll that says which directories it made.
func makeDirs(dir string) (made []string, err error) {
	var missing []string
	for d := filepath.Clean(dir); ; d = filepath.Dir(d) {
		if _, err := os.Stat(d); err == nil || filepath.Dir(d) == d {
			break
		}
		missing = append(missing, d)
	}
	for _, d := range slices.Backward(missing) {
		if err := os.Mkdir(d, 0o755); err != nil && !errors.Is(err, fs.ErrExist) {
			return made, err
		}
		made = append(made, d)
	}
	return made, nil
}

func writeNew(path string, data []byte) error {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
	if err != nil {
		return err
	}
	_, err = f.Write(data)
	return errors.Join(err, f.Close())
}

// started says what was made and what to do in it.
func (a *app) started(lab *catalog.Lab, dir string) {
	a.print("%s: %s\n", a.out.Paint(lab.ID, term.Bold), lab.Title)
	a.print("%s\n", a.out.Wrap(fmt.Sprintf("%s in %s. You write %s; README.md has the lesson.",
		report.Count(len(lab.Stages), "stage"), quote(dir), strings.Join(lab.Files, ", ")), ""))
	first := lab.Stages[0]
	a.next(
		step("cd "+quote(dir), ""),
		step("hone next", fmt.Sprintf("the first stage: %s", first.Title)),
		step("hone watch", "judges every save"),
	)
}

// readGiven reads a file that the lab gives to its learners.
func readGiven(lab *catalog.Lab, name string) ([]byte, error) {
	if slices.Contains(lab.Files, name) {
		return nil, fs.ErrNotExist
	}
	return fs.ReadFile(lab.FS, name)
}
