package program

import (
	"fmt"
	"hash/fnv"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// defaultPackage is where a lab has its program, and what $HONE_PROGRAM is.
const defaultPackage = "./program"

// executable returns the path of the built package.
func executable(t testing.TB, pkg string) string {
	t.Helper()
	if pkg == "" {
		pkg = defaultPackage
	}
	if exe := os.Getenv("HONE_PROGRAM"); exe != "" && pkg == defaultPackage {
		return exe
	}
	name := name(pkg)
	shared := sharedDir()
	if shared != "" {
		if exe := filepath.Join(shared, name); exists(exe) {
			return exe
		}
	}
	exe := filepath.Join(t.TempDir(), name)
	args := []string{"build", "-o", exe}
	if raceDetector {
		args = append(args, "-race")
	}
	if out, err := exec.Command("go", append(args, pkg)...).CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", pkg, err, out)
	}
	if shared != "" {
		// Whole or not at all, for tests in parallel look for it.
		if moved := filepath.Join(shared, name); os.Rename(exe, moved) == nil {
			return moved
		}
	}
	return exe
}

// sharedDir is where all tests of this binary find what one of them built: the
// directory in which go test has put the binary, and which it removes in the end.
// A test binary that lies elsewhere has none, and builds once for each test: what
// would it remove the file with?
func sharedDir() string {
	exe, err := os.Executable()
	if err != nil || !strings.Contains(exe, string(filepath.Separator)+"go-build") {
		return ""
	}
	return filepath.Dir(exe)
}

func name(pkg string) string {
	dir, _ := os.Getwd() // the package may be relative to it
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\x00%s", dir, pkg)
	s := fmt.Sprintf("hone-program-%x", h.Sum64())
	if runtime.GOOS == "windows" {
		s += ".exe"
	}
	return s
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
