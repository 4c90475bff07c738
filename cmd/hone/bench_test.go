package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// rounds is how often hone and go test are run in turn.
const rounds = 15

// BenchmarkCheck holds hone check against go test -race: on the same files, the
// starter of structures/lru, in the same run, in turn, each time after an edit that
// changes machine code. It reports ratios of medians; below 1 hone is the faster.
//
// The go command runs as a user would have it, but without the race detector's
// second of sleep at exit (GORACE): with it the ratio of wall time would flatter us.
func BenchmarkCheck(b *testing.B) {
	hone := filepath.Join(b.TempDir(), "hone")
	if out, err := exec.Command("go", "build", "-o", hone, ".").CombinedOutput(); err != nil {
		b.Fatalf("build hone: %v\n%s", err, out)
	}
	dir := filepath.Join(b.TempDir(), "lru")
	env := append(os.Environ(), "HONE_DATA="+b.TempDir(), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	start := exec.Command(hone, "start", "structures/lru", dir)
	start.Env = env
	if out, err := start.CombinedOutput(); err != nil {
		b.Fatalf("hone start: %v\n%s", err, out)
	}
	src, err := os.ReadFile(filepath.Join(dir, "lru.go"))
	if err != nil {
		b.Fatal(err)
	}
	edits := 0
	run := func(args ...string) (cpu, wall time.Duration) {
		edits++
		edited := fmt.Sprintf("%s\n// Edit is here to change the machine code.\nfunc Edit() int { return %d }\n", src, edits)
		if err := os.WriteFile(filepath.Join(dir, "lru.go"), []byte(edited), 0o644); err != nil {
			b.Fatal(err)
		}
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Dir, cmd.Env = dir, env
		var out bytes.Buffer
		cmd.Stdout, cmd.Stderr = &out, &out
		begin := time.Now()
		if err := cmd.Run(); cmd.ProcessState.ExitCode() != 1 { // both say "not yet"
			b.Fatalf("%v: %v\n%s", args, err, &out)
		}
		return cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime(), time.Since(begin)
	}
	for b.Loop() {
		var cpu, wall, peerCPU, peerWall []time.Duration
		run(hone, "check")
		run("go", "test", "-race")
		for range rounds {
			c, w := run(hone, "check")
			cpu, wall = append(cpu, c), append(wall, w)
			c, w = run("go", "test", "-race")
			peerCPU, peerWall = append(peerCPU, c), append(peerWall, w)
		}
		b.ReportMetric(float64(median(cpu))/float64(median(peerCPU)), "cpu-ratio")
		b.ReportMetric(float64(median(wall))/float64(median(peerWall)), "wall-ratio")
		b.ReportMetric(float64(median(cpu).Milliseconds()), "cpu-ms")
		b.ReportMetric(float64(median(wall).Milliseconds()), "wall-ms")
		b.ReportMetric(0, "ns/op")
	}
}

func median(d []time.Duration) time.Duration {
	slices.Sort(d)
	return d[len(d)/2]
}
