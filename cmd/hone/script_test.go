package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// solve DIR N writes the reference with the first N stages solved into DIR.
func solve(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: solve DIR STAGES")
	}
	dir := ts.MkAbs(args[0])
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	id, _, err := judge.ReadDir(dir)
	ts.Check(err)
	c, err := openLabs(fixture())
	ts.Check(err)
	lab, err := c.Find(id)
	ts.Check(err)
	files, err := judge.Solution(lab, n, start.Panic)
	ts.Check(err)
	for name, data := range files {
		ts.Check(os.WriteFile(filepath.Join(dir, name), data, 0o644))
	}
}

// snapshot DIR FILE writes the names, modes, times and content of all below DIR to
// FILE: two snapshots are equal if nothing was touched.
func snapshot(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: snapshot DIR FILE")
	}
	out, err := os.Create(ts.MkAbs(args[1]))
	ts.Check(err)
	defer out.Close()
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		info, err := d.Info()
		if err != nil {
			return err
		}
		fmt.Fprintln(out, path, info.Mode(), info.ModTime().UnixNano())
		if !d.IsDir() {
			data, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			fmt.Fprintf(out, "%q\n", data)
		}
		return nil
	}))
}

// half FILE NEW writes the first half of FILE to NEW.
func half(ts *testscript.TestScript, neg bool, args []string) {
	if neg || len(args) != 2 {
		ts.Fatalf("usage: half FILE NEW")
	}
	data, err := os.ReadFile(ts.MkAbs(args[0]))
	ts.Check(err)
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), data[:len(data)/2], 0o644))
}
