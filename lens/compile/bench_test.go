//go:build linux

package compile

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Rounds of a benchmark. Everything is measured in each round, one after the other, so
// that a busy machine is busy for all; what is compared is CPU, not the clock.
const benchRounds = 5

// benchSubjects are one function each of packages of 3 thousand to 40 thousand lines.
// Those of other modules are measured where peers requires them and they were fetched.
var benchSubjects = [...]struct{ name, dir, pkg, fn string }{
	{"bufio", ".", "bufio", "(*Scanner).Scan"},
	{"json", ".", "encoding/json", "(*decodeState).object"},
	{"zstd", "../../peers", "github.com/klauspost/compress/zstd", "(*fseDecoder).buildDtable"},
	{"pebble", "../../peers", "github.com/cockroachdb/pebble/v2", "(*Batch).Apply"},
}

// cpu is what this process and those that it waited for have used.
func cpu(b *testing.B) time.Duration {
	total := time.Duration(0)
	for _, who := range []int{syscall.RUSAGE_SELF, syscall.RUSAGE_CHILDREN} {
		var u syscall.Rusage
		if err := syscall.Getrusage(who, &u); err != nil {
			b.Fatal(err)
		}
		total += time.Duration(u.Utime.Nano() + u.Stime.Nano())
	}
	return total
}

func spent(b *testing.B, f func()) float64 {
	b.Helper()
	before := cpu(b)
	f()
	return float64(cpu(b)-before) / 1e6
}

func median(xs []float64) float64 {
	xs = slices.Sorted(slices.Values(xs))
	return xs[len(xs)/2]
}

func benchLens(b *testing.B, o Options) *Lens {
	b.Helper()
	if dir := os.Getenv("HONE_CACHE"); dir != "" {
		o.Cache = filepath.Join(dir, "compile")
	}
	l, err := Open(b.Context(), o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { l.Close() })
	return l
}

// BenchmarkCold compares a cold Look, everything on, with what it takes to get less out
// of the stock compiler: its HTML of the passes, its JSON, -m=2 and -S in one run, called
// directly. "plain" is compiling the package once, without any output. look is without
// the go command, which is asked again only after a change of imports; planned is with.
func BenchmarkCold(b *testing.B) {
	for _, s := range benchSubjects {
		b.Run(s.name, func(b *testing.B) {
			l := benchLens(b, Options{})
			q := Query{Dir: s.dir, Package: s.pkg, Function: s.fn, IR: true, Passes: true}
			if _, err := l.Look(b.Context(), q); err != nil {
				b.Skip(err)
			}
			l.background.Wait()
			r, err := l.request(b.Context(), q)
			if err != nil {
				b.Fatal(err)
			}
			p, err := l.plan(b.Context(), r)
			if err != nil {
				b.Fatal(err)
			}
			var look, planned, stock, plain []float64
			for b.Loop() {
				for range benchRounds {
					look = append(look, spent(b, func() { mustLook(b, l, q) }))
					os.RemoveAll(filepath.Join(l.cache, "plans", p.key))
					planned = append(planned, spent(b, func() { mustLook(b, l, q) }))
					l.background.Wait()
					stock = append(stock, spent(b, func() { compileStock(b, r, p, true) }))
					plain = append(plain, spent(b, func() { compileStock(b, r, p, false) }))
				}
			}
			b.ReportMetric(median(look), "look-ms")
			b.ReportMetric(median(planned), "planned-ms")
			b.ReportMetric(median(stock), "stock-ms")
			b.ReportMetric(median(plain), "plain-ms")
			b.ReportMetric(median(look)/median(stock), "look/stock")
			b.ReportMetric(median(planned)/median(stock), "planned/stock")
			b.ReportMetric(median(look)/median(plain), "look/plain")
		})
	}
}

func mustLook(b *testing.B, l *Lens, q Query) *Report {
	rep, err := l.Look(b.Context(), q)
	if err != nil {
		b.Fatal(err)
	}
	return rep
}

func compileStock(b *testing.B, r *request, p *plan, facts bool) {
	dir := b.TempDir()
	args := []string{"-o", filepath.Join(dir, "object")}
	env := r.tool.Environment(r.build())
	if facts {
		args = append(args, "-json=0,"+dir, "-m=2", "-S")
		env = append(env, "GOSSAFUNC="+r.Function, "GOSSADIR="+dir)
	}
	cmd := exec.CommandContext(b.Context(), p.Tool, append(args, p.Args...)...)
	cmd.Dir, cmd.Env = p.Dir, env
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Run(); err != nil {
		b.Fatalf("%v\n%s", err, out.Bytes())
	}
}

// BenchmarkResident asks a resident process for every function of a package, one by
// one, and reports the median: CPU of both processes, and the clock.
func BenchmarkResident(b *testing.B) {
	for _, s := range benchSubjects[:3] {
		b.Run(s.name, func(b *testing.B) {
			q := Query{Dir: s.dir, Package: s.pkg, Function: s.fn, Passes: true}
			var used, clock []float64
			for b.Loop() {
				l := benchLens(b, Options{Resident: 1})
				rep, err := l.Look(b.Context(), q)
				if err != nil {
					b.Skip(err)
				}
				pid := residentPID(b, l)
				for _, n := range rep.Names {
					if n.NoBody {
						continue
					}
					q.Function = n.Name
					start, before := time.Now(), onCPU(b, pid)+cpu(b)
					if _, err := l.Look(b.Context(), q); err != nil {
						continue // a wrapper, or nothing was compiled for it
					}
					used = append(used, float64(onCPU(b, pid)+cpu(b)-before)/1e6)
					clock = append(clock, float64(time.Since(start))/1e6)
				}
				l.Close()
			}
			b.ReportMetric(median(used), "median-ms")
			b.ReportMetric(slices.Sorted(slices.Values(used))[len(used)*9/10], "p90-ms")
			b.ReportMetric(median(clock), "clock-ms")
			b.ReportMetric(float64(len(used)), "functions")
		})
	}
}

func residentPID(b *testing.B, l *Lens) int {
	l.homes.mu.Lock()
	defer l.homes.mu.Unlock()
	for _, h := range l.homes.byID {
		return h.c.cmd.Process.Pid
	}
	b.Fatal("there is no resident process")
	return 0
}

// onCPU is what all threads of a process have used, to the nanosecond.
func onCPU(b *testing.B, pid int) time.Duration {
	files, err := filepath.Glob(fmt.Sprintf("/proc/%d/task/*/schedstat", pid))
	if err != nil || len(files) == 0 {
		b.Skip("the kernel keeps no schedstat")
	}
	total := time.Duration(0)
	for _, f := range files {
		text, err := os.ReadFile(f)
		if err != nil {
			continue
		}
		n, _ := strconv.ParseInt(strings.Fields(string(text))[0], 10, 64)
		total += time.Duration(n)
	}
	return total
}
