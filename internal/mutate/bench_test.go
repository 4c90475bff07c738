package mutate_test

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/hone-go/hone/internal/mutate"
)

const gremlins = "github.com/go-gremlins/gremlins/cmd/gremlins@v0.6.0"

// rivals are small public packages, each with the module it is in.
var rivals = []struct{ module, pkg string }{
	{"github.com/google/btree@v1.1.3", "."},
	{"github.com/julienschmidt/httprouter@v1.3.0", "."},
	{"github.com/kballard/go-shellquote@v0.0.0-20180428030007-95032a82bc51", "."},
	{"github.com/google/uuid@v1.6.0", "."},
	{"golang.org/x/sync@v0.24.0", "./semaphore"},
}

// BenchmarkAgainstGremlins runs gremlins and this engine over the same packages, one
// after the other, and reports the wall time of a mutant that was run (those that no test
// reaches are run by neither) and how many survive. Both have their default settings; theirs has
// fewer operators, which is why totals don't compare.
func BenchmarkAgainstGremlins(b *testing.B) {
	bin := b.TempDir()
	install := exec.Command("go", "install", gremlins)
	install.Env = append(os.Environ(), "GOBIN="+bin, "GOFLAGS=")
	if out, err := install.CombinedOutput(); err != nil {
		b.Skipf("gremlins can't be fetched: %v\n%s", err, out)
	}
	for _, rival := range rivals {
		b.Run(filepath.Base(rival.module), func(b *testing.B) {
			dir := fetch(b, rival.module)
			b.ResetTimer()
			for b.Loop() {
				begin := time.Now()
				ours := run(b, dir, rival.pkg)
				took := time.Since(begin)
				begin = time.Now()
				theirs := gremlin(b, filepath.Join(bin, "gremlins"), dir, rival.pkg)
				tookTheirs := time.Since(begin)
				c := ours.Counts
				each := took.Seconds() / float64(max(1, c.Killed+c.TimedOut+c.Survived))
				eachTheirs := tookTheirs.Seconds() / float64(max(1, theirs.run()))
				b.Logf("hone %v: %d mutants, %d killed, %d timed out, %d survive, %d not reached; gremlins %v: %d killed, %d timed out, %d survive, %d not reached, %d not viable",
					took.Round(time.Millisecond), c.All, c.Killed, c.TimedOut, c.Survived, c.Uncovered,
					tookTheirs.Round(time.Millisecond), theirs.Killed, theirs.count["TIMED OUT"], theirs.Lived, theirs.NotCovered, theirs.count["NOT VIABLE"])
				b.ReportMetric(1000*each, "hone-ms/mutant")
				b.ReportMetric(1000*eachTheirs, "gremlins-ms/mutant")
				b.ReportMetric(eachTheirs/each, "ratio")
				b.ReportMetric(float64(c.Survived), "hone-survivors")
				b.ReportMetric(float64(theirs.Lived), "gremlins-survivors")
				b.ReportMetric(0, "ns/op")
			}
		})
	}
}

// fetch copies a module out of the module cache, with a go.mod that gremlins can read.
func fetch(b *testing.B, module string) string {
	download := exec.Command("go", "mod", "download", "-json", module)
	download.Dir = b.TempDir()
	out, err := download.Output()
	var found struct{ Dir, Path string }
	if err != nil || json.Unmarshal(out, &found) != nil {
		b.Skipf("%s can't be fetched: %v", module, err)
	}
	dir := filepath.Join(b.TempDir(), "m")
	if err := os.CopyFS(dir, os.DirFS(found.Dir)); err != nil {
		b.Fatal(err)
	}
	if err := exec.Command("chmod", "-R", "u+w", dir).Run(); err != nil {
		b.Fatal(err)
	}
	// It takes the first line for the module's path, whatever it is.
	write(b, dir, "go.mod", fmt.Sprintf("module %s\n\ngo 1.25\n", modulePath(module)))
	return dir
}

func modulePath(module string) string {
	for i, r := range module {
		if r == '@' {
			return module[:i]
		}
	}
	return module
}

func run(b *testing.B, dir, pkg string) *mutate.Report {
	tool, err := toolchain()
	if err != nil {
		b.Fatal(err)
	}
	p, err := mutate.Load(b.Context(), tool, mutate.Source{Dir: dir, Pattern: pkg})
	if err != nil {
		b.Fatal(err)
	}
	s, err := p.Scheme(mutate.Operators, false)
	if err != nil {
		b.Fatal(err)
	}
	r, err := mutate.Run(b.Context(), s, mutate.Options{})
	if err != nil {
		b.Fatal(err)
	}
	return r
}

// counts are gremlins' own.
type counts struct {
	Killed     int `json:"mutants_killed"`
	Lived      int `json:"mutants_lived"`
	NotCovered int `json:"mutants_not_covered"`
	Files      []struct {
		Mutations []struct{ Status string }
	}
	count map[string]int
}

// run is the number of mutants that were built and run.
func (c counts) run() int { return c.Killed + c.Lived + c.count["TIMED OUT"] + c.count["NOT VIABLE"] }

func gremlin(b *testing.B, bin, dir, pkg string) counts {
	file := filepath.Join(b.TempDir(), "out.json")
	cmd := exec.CommandContext(b.Context(), bin, "unleash", "--silent", "--output", file, pkg)
	cmd.Dir = dir
	if out, err := cmd.CombinedOutput(); err != nil {
		b.Fatalf("gremlins: %v\n%s", err, out)
	}
	data, err := os.ReadFile(file)
	if err != nil {
		b.Fatal(err)
	}
	var c counts
	if err := json.Unmarshal(data, &c); err != nil {
		b.Fatal(err)
	}
	c.count = map[string]int{}
	for _, f := range c.Files {
		for _, m := range f.Mutations {
			c.count[m.Status]++
		}
	}
	return c
}
