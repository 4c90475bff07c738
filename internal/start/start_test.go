package start_test

import (
	"errors"
	"flag"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/tools/txtar"

	"github.com/hone-go/hone/internal/start"
)

var update = flag.Bool("update", false, "rewrite what the archives in testdata say the commands print")

// TestText runs the archives of testdata, one behaviour each. An archive says in words
// what it shows, then gives commands, one a line:
//
//	stages order arc        the stages, in order, for all commands below
//	$ derive 0 panic        files with no stage solved
//	$ null 0 select {}
//	$ leaks 0               what Leaks says of the derivation, or of the file leaky/NAME in its place
//	$ stages
//	$ apply x.diff
//
// Then come the files, and for each command what it gives: "$ derive 0 panic: NAME", or
// "$ derive 0 panic: error".
func TestText(t *testing.T) {
	for _, path := range archives(t) {
		t.Run(strings.TrimSuffix(filepath.Base(path), ".txtar"), func(t *testing.T) {
			content, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			a := readArchive(content)
			got := a.run(t)
			if *update {
				if err := os.WriteFile(path, txtar.Format(got), 0o644); err != nil {
					t.Fatal(err)
				}
				return
			}
			if want := txtar.Format(txtar.Parse(content)); string(txtar.Format(got)) != string(want) {
				t.Errorf("%s: want\n%s\ngot\n%s\n(go test -update accepts what came)", path, want, txtar.Format(got))
			}
		})
	}
}

func archives(t testing.TB) []string {
	paths, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(paths) == 0 {
		t.Fatal("no archives in testdata", err)
	}
	return paths
}

// An archive is a parsed file of testdata.
type archive struct {
	*txtar.Archive
	stages   []string
	commands []string
	ref      start.Files // the reference
	aside    start.Files // diffs, and files below leaky/
}

func readArchive(content []byte) archive {
	a := archive{Archive: txtar.Parse(content), ref: start.Files{}, aside: start.Files{}}
	for line := range strings.Lines(string(a.Comment)) {
		line = strings.TrimSpace(line)
		if rest, ok := strings.CutPrefix(line, "stages "); ok && a.stages == nil {
			a.stages = strings.Fields(rest)
		}
		if rest, ok := strings.CutPrefix(line, "$ "); ok {
			a.commands = append(a.commands, rest)
		}
	}
	for _, f := range a.Files {
		data := f.Data
		name, crlf := strings.CutPrefix(f.Name, "crlf/")
		if crlf { // txtar can't hold one
			data = []byte(strings.ReplaceAll(string(data), "\n", "\r\n"))
		}
		switch {
		case strings.HasPrefix(name, "$ "):
		case strings.HasSuffix(name, ".diff") || strings.HasPrefix(name, "leaky/"):
			a.aside[name] = data
		default:
			a.ref[name] = data
		}
	}
	return a
}

// run gives the archive as it would be if all its commands gave what they should.
func (a archive) run(t *testing.T) *txtar.Archive {
	out := &txtar.Archive{Comment: a.Comment}
	for _, f := range a.Files {
		if !strings.HasPrefix(f.Name, "$ ") {
			out.Files = append(out.Files, f)
		}
	}
	for _, c := range a.commands {
		print := func(name, text string) {
			out.Files = append(out.Files, txtar.File{Name: "$ " + c + ": " + name, Data: []byte(strings.TrimSuffix(text, "\n") + "\n")})
		}
		files, text, err := a.command(t, c)
		if err != nil {
			print("error", err.Error())
			continue
		}
		if text != "" {
			print("text", text)
		}
		for _, name := range slices.Sorted(maps.Keys(a.ref)) {
			if _, ok := files[name]; files != nil && !ok {
				print(name, "(removed)")
			}
		}
		for _, name := range slices.Sorted(maps.Keys(files)) {
			if old, ok := a.ref[name]; !ok || string(old) != string(files[name]) || strings.HasSuffix(name, ".go") && !strings.HasPrefix(c, "apply") {
				print(name, string(files[name]))
			}
		}
	}
	return out
}

func (a archive) command(t *testing.T, line string) (files start.Files, text string, err error) {
	verb, rest, _ := strings.Cut(line, " ")
	arg, more, _ := strings.Cut(rest, " ")
	switch verb {
	case "apply":
		files, err = start.Apply(a.ref, a.aside[arg])
		return files, "", err
	case "stages":
		named, err := start.Stages(a.ref)
		for _, id := range slices.Sorted(maps.Keys(named)) {
			text += fmt.Sprintln(id, named[id])
		}
		return nil, text, err
	}
	solved, err := strconv.Atoi(arg)
	if err != nil {
		t.Fatalf("%s: %v", line, err)
	}
	switch verb {
	case "derive":
		files, err = start.Derive(a.ref, a.stages, solved, map[string]start.Stub{"panic": start.Panic, "zero": start.Zero}[more])
		return files, "", err
	case "null":
		files, err = start.Null(a.ref, a.stages, more)
		return files, "", err
	case "leaks":
		files, err := start.Derive(a.ref, a.stages, solved, start.Panic)
		if err != nil {
			return nil, "", err
		}
		for name, content := range a.aside {
			if name, ok := strings.CutPrefix(name, "leaky/"); ok {
				files[name] = content
			}
		}
		finds := start.Leaks(a.ref, files, a.stages, solved)
		return nil, strings.Join(append(finds, fmt.Sprintf("%d finds", len(finds))), "\n"), nil
	}
	return nil, "", errors.New("no such command: " + line)
}

// TestDerive_Refuses checks the mistakes that no archive can hold.
func TestDerive_Refuses(t *testing.T) {
	good := start.Files{"x.go": []byte("package x\n")}
	for _, c := range []struct {
		name   string
		ref    start.Files
		solved int
		stub   start.Stub
		want   string
	}{
		{"too few", good, -1, start.Panic, "-1 stages solved: there are 1"},
		{"too many", good, 2, start.Panic, "2 stages solved: there are 1"},
		{"stub", good, 0, start.Stub(7), "stub 7: there are Panic and Zero"},
		{"carriage return", start.Files{"x.go": []byte("package x\n\n// a\rb\n")}, 0, start.Panic, "x.go:3: a carriage return that ends no line"},
		{"empty", start.Files{"x.go": nil}, 0, start.Panic, "x.go:1: expected 'package', found 'EOF'"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := start.Derive(c.ref, []string{"one"}, c.solved, c.stub)
			if err == nil || err.Error() != c.want {
				t.Errorf("got %q, %v, want the error %s", got, err, c.want)
			}
		})
	}
	if got, err := start.Derive(nil, nil, 0, start.Panic); err != nil || len(got) != 0 {
		t.Errorf("nothing of nothing: got %q, %v", got, err)
	}
}

// TestNull_Refuses checks that a body that is no statements is told from the reference.
func TestNull_Refuses(t *testing.T) {
	ref := start.Files{"x.go": []byte("package x\n\n//hone:stage one\nfunc f() {}\n")}
	if got, err := start.Null(ref, []string{"one"}, "}"); err == nil || !strings.HasPrefix(err.Error(), "after the cuts: x.go:") {
		t.Errorf("got %q, %v", got, err)
	}
}

// TestLeaks_Unreadable checks that what can't be read is never clean.
func TestLeaks_Unreadable(t *testing.T) {
	good, bad := start.Files{"x.go": []byte("package x\n")}, start.Files{"x.go": []byte("package\n")}
	if len(start.Leaks(bad, good, nil, 0)) == 0 || len(start.Leaks(good, bad, nil, 0)) == 0 {
		t.Error("a file that doesn't parse passed for one that leaks nothing")
	}
	misplaced := start.Files{"x.go": []byte("package x\n\n//hone:hide one\n")}
	if len(start.Leaks(misplaced, good, []string{"one"}, 0)) == 0 {
		t.Error("a reference with a misplaced directive passed for one that leaks nothing")
	}
}
