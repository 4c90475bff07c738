package main

import (
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/hone-go/hone"
)

func TestMain(m *testing.M) {
	command := func(source fs.FS) func() {
		return func() {
			os.Exit(run(&app{source: source, env: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:]))
		}
	}
	testscript.Main(m, map[string]func(){
		"hone":      command(fixture()),
		"hone-labs": command(hone.Source), // with the real labs
	})
}

// fixture is hone's own source with three small labs in place of the real ones:
// skeletons, as lab new writes them. They are judged in a second or two.
func fixture() overlaid {
	const topic = "X1.1"
	labs := fstest.MapFS{"syllabus.tsv": {Data: []byte("id\tpart\ttopic\nX1\tSECTION\tFixtures\n" + topic + "\tFixtures\tOne\n")}}
	for id, kind := range map[string]string{"structures/stack": "write", "types/growth": "see", "craft/mean": "hunt"} {
		track, name, _ := strings.Cut(id, "/")
		files, err := skeleton(kind, strings.NewReplacer("<<track>>", track, "<<name>>", name, "<<topic>>", topic))
		must(err)
		for file, data := range files {
			labs[id+"/"+file] = &fstest.MapFile{Data: data}
		}
	}
	return overlaid{hone.Source, labs}
}

// TestScript runs testdata/script: one behaviour of the command a file.
func TestScript(t *testing.T) {
	goCache, err := exec.Command("go", "env", "GOCACHE").Output()
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	observers := os.Getenv("HONE_CACHE") // with compilers that took a minute to build
	if user, err := os.UserCacheDir(); observers == "" && err == nil {
		observers = filepath.Join(user, "hone")
	}
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata/script",
		RequireExplicitExec: true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("HONE_CACHE", cache)
			e.Setenv("OBSERVERS", observers)
			e.Setenv("HONE_DATA", filepath.Join(e.WorkDir, ".data"))
			e.Setenv("GOCACHE", strings.TrimSpace(string(goCache)))
			e.Setenv("GOPROXY", "off")
			e.Setenv("GOFLAGS", "")
			e.Setenv("HOME", filepath.Join(e.WorkDir, ".home"))
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"solve":    solve,
			"snapshot": snapshot,
			"half":     half,
		},
	})
}
