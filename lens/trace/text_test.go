package trace

import (
	"encoding/binary"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Traces for tests. The test data of golang.org/x/exp/trace is text, one event a line, and
// the package that turns it into bytes is internal to it: this is its counterpart.

// oracleDir is where golang.org/x/exp/trace is.
func oracleDir(t testing.TB) string {
	t.Helper()
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "golang.org/x/exp").Output()
	if err != nil {
		t.Fatalf("golang.org/x/exp is a requirement of this module and can't be found: %v", err)
	}
	return filepath.Join(strings.TrimSpace(string(out)), "trace")
}

// structural kinds by the names that the text has.
var structural = map[string]Kind{
	"EventBatch": eventBatch, "Stacks": stacks, "Stack": stackEntry, "Strings": stringsTable, "String": stringEntry,
	"CPUSamples": cpuSamples, "CPUSample": CPUSample, "Frequency": frequency, "ExperimentalBatch": experimentalBatch,
	"Sync": Sync, "ClockSnapshot": clockSnapshot, "EndOfGeneration": endOfGeneration,
}

// assemble turns the text of a trace into bytes.
func assemble(t testing.TB, text string) []byte {
	t.Helper()
	byName := map[string]Kind{}
	for k, name := range kindNames {
		if name != "" && name != "CPUSample" && name != "Sync" {
			byName[name] = Kind(k)
		}
	}
	for name, k := range structural {
		byName[name] = k
	}
	var out []byte
	for i, line := range strings.Split(text, "\n") {
		line, _, _ = strings.Cut(line, "#")
		f := strings.Fields(line)
		switch {
		case len(f) == 0:
			continue
		case f[0] == "Trace":
			out = fmt.Appendf(out, "go 1.%s trace\x00\x00\x00", strings.TrimPrefix(f[1], "Go1."))
			continue
		case strings.HasPrefix(f[0], "data="):
			data, err := strconv.Unquote(strings.TrimPrefix(strings.TrimSpace(line), "data="))
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			out = binary.AppendUvarint(out, uint64(len(data)))
			out = append(out, data...)
			continue
		}
		args := f
		if k, ok := byName[f[0]]; ok {
			out = append(out, byte(k))
			args = f[1:]
		} else if !strings.HasPrefix(f[0], "pc=") {
			t.Fatalf("line %d: unknown event %s", i+1, f[0])
		}
		for _, a := range args {
			_, v, _ := strings.Cut(a, "=")
			n, err := strconv.ParseUint(v, 10, 64)
			if err != nil {
				t.Fatalf("line %d: %v", i+1, err)
			}
			out = binary.AppendUvarint(out, n)
		}
	}
	return out
}

// golden is one test of golang.org/x/exp/trace.
type golden struct {
	name  string
	fails bool // internal/trace must refuse it
	data  []byte
}

func goldens(t testing.TB) []golden {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(oracleDir(t), "testdata", "tests", "*.test"))
	if err != nil || len(files) == 0 {
		t.Fatalf("no test data in golang.org/x/exp/trace: %v", err)
	}
	var out []golden
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		head, body, ok := strings.Cut(string(text), "-- trace --\n")
		if !ok {
			t.Fatalf("%s: no trace", f)
		}
		out = append(out, golden{
			name:  strings.TrimSuffix(filepath.Base(f), ".test"),
			fails: strings.Contains(head, "FAILURE"),
			data:  assemble(t, body),
		})
	}
	return out
}

// corpus is the seeds of the fuzz target of golang.org/x/exp/trace.
func corpus(t testing.TB) map[string][]byte {
	t.Helper()
	files, _ := filepath.Glob(filepath.Join(oracleDir(t), "testdata", "fuzz", "FuzzReader", "*"))
	if len(files) == 0 {
		t.Fatal("no corpus in golang.org/x/exp/trace")
	}
	out := map[string][]byte{}
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			t.Fatal(err)
		}
		_, lit, _ := strings.Cut(string(text), "[]byte(")
		data, err := strconv.Unquote(strings.TrimSuffix(strings.TrimSpace(lit), ")"))
		if err != nil {
			t.Fatalf("%s: %v", f, err)
		}
		out[filepath.Base(f)] = []byte(data)
	}
	return out
}
