package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// A place is what a verb works on: a lab, and the learner's directory with it.
type place struct {
	lab   *catalog.Lab
	dir   string      // as a person would type it from here; "" where a lab was named
	files start.Files // what the judge would read
}

// arg is the place as an argument for another command: " d", or "" for here.
func (p *place) arg() string {
	switch p.dir {
	case "":
		return " " + p.lab.ID
	case ".":
		return ""
	}
	return " " + quote(p.dir)
}

// quote makes a word of a path, for a shell.
func quote(path string) string {
	if path != "" && !strings.ContainsAny(path, " \t\n'\"\\$`&|;()<>*?[]#~!") {
		return path
	}
	return "'" + strings.ReplaceAll(path, "'", `'\''`) + "'"
}

// here finds the learner's directory that args name: the first argument, or the
// working directory and what is above it.
func (a *app) here(args []string) (*place, error) {
	if len(args) > 0 {
		if info, err := os.Stat(args[0]); err != nil {
			if _, found := a.find(args[0]); found == nil {
				return nil, mistake(fmt.Sprintf("%s is a lab, and a directory is needed", args[0]), "type: hone start "+args[0])
			}
			return nil, mistake(fmt.Sprintf("there is no directory %s", args[0]), "type: hone start LAB "+quote(args[0]))
		} else if !info.IsDir() {
			return nil, mistake(args[0]+" is a file; name the directory that it is in", "")
		}
		return a.read(args[0])
	}
	dir := "."
	for {
		p, err := a.read(dir)
		if !errors.Is(err, judge.ErrNoLab) {
			return p, err
		}
		abs, absErr := filepath.Abs(dir)
		if absErr != nil || filepath.Dir(abs) == abs {
			return nil, err
		}
		dir = filepath.Join(dir, "..")
	}
}

// read reads one directory.
func (a *app) read(dir string) (*place, error) {
	id, files, err := judge.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	lab, err := a.find(id)
	if err != nil {
		return nil, err
	}
	return &place{lab: lab, dir: filepath.Clean(dir), files: files}, nil
}

// about finds the lab that args name, by its id or by a directory. It is for verbs
// that need no directory.
func (a *app) about(args []string) (*place, error) {
	if len(args) > 0 {
		if info, err := os.Stat(args[0]); err != nil || !info.IsDir() {
			lab, err := a.find(args[0])
			if err != nil {
				return nil, err
			}
			return &place{lab: lab}, nil
		}
		p, err := a.read(args[0])
		if errors.Is(err, judge.ErrNoLab) {
			// A directory may happen to be called like a lab.
			if lab, found := a.find(args[0]); found == nil {
				return &place{lab: lab}, nil
			}
		}
		return p, err
	}
	return a.here(nil)
}

func (a *app) find(id string) (*catalog.Lab, error) {
	c, err := a.catalog()
	if err != nil {
		return nil, err
	}
	return c.Find(id)
}

// stage returns the index of the stage that is named, or where none is, of the
// first that never passed. It is len(lab.Stages) where all have.
func (a *app) stage(ctx context.Context, lab *catalog.Lab, name string) (int, error) {
	if name != "" {
		return stageNamed(lab, name)
	}
	memory := a.memory(ctx, lab.ID)
	for i, st := range lab.Stages {
		if !memory.Passed(st.ID) {
			return i, nil
		}
	}
	return len(lab.Stages), nil
}

func stageNamed(lab *catalog.Lab, name string) (int, error) {
	if i := lab.Stage(name); i >= 0 {
		return i, nil
	}
	ids := make([]string, len(lab.Stages))
	for i, st := range lab.Stages {
		ids[i] = st.ID
	}
	return 0, mistake(fmt.Sprintf("%s has no stage %q", lab.ID, name), "its stages: "+strings.Join(ids, ", "))
}
