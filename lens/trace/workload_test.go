package trace

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"runtime/trace"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// The program whose traces are read. It does a little of everything that the runtime
// traces, with more goroutines than processors: channels, locks, goroutines that live
// for microseconds, garbage, HTTP with tasks, regions and logs, system calls, timers, coroutines,
// stopped worlds. It runs as a process of its own, this test binary with workloadBytes in
// its environment, so that GODEBUG can be set and nothing of it stays.

const (
	workloadBytes = "HONE_TRACE_WORKLOAD_BYTES" // how long the trace shall be at least
	workloadLight = "HONE_TRACE_WORKLOAD_LIGHT" // only what is slow, for two seconds: several generations in little space
)

func TestMain(m *testing.M) {
	if n, err := strconv.ParseInt(os.Getenv(workloadBytes), 10, 64); err == nil {
		if err := workload(os.Stdout, n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// size is how much to record for a test: less of it where -short asks for that.
func size(bytes int) int {
	if testing.Short() {
		return bytes / 8
	}
	return bytes
}

// record is a trace of the workload of about so many bytes.
func record(t testing.TB, bytes int, env ...string) []byte {
	t.Helper()
	name := filepath.Join(t.TempDir(), "workload.trace")
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(append(os.Environ(), workloadBytes+"="+strconv.Itoa(bytes)), env...)
	cmd.Stdout, cmd.Stderr = f, os.Stderr
	if err := cmd.Run(); err != nil {
		t.Fatalf("recording a trace: %v", err)
	}
	data, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

type counted struct {
	w io.Writer
	n atomic.Int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n.Add(int64(n))
	return n, err
}

// workload runs until its trace is n bytes long.
func workload(w io.Writer, n int64) error {
	runtime.GOMAXPROCS(8)
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	var wg sync.WaitGroup
	for range 50 {
		go func() { <-make(chan int) }() // there before the trace, and after
	}
	out := &counted{w: w}
	if err := pprof.StartCPUProfile(io.Discard); err != nil {
		return err
	}
	if err := trace.Start(out); err != nil {
		return err
	}
	parts := []func(context.Context, *sync.WaitGroup){requests, timers, coroutines, worlds, pipelines, contention, churn, garbage, systemCalls}
	began, least := time.Now(), time.Duration(0)
	if os.Getenv(workloadLight) != "" {
		parts, least = parts[1:4], 2200*time.Millisecond
	}
	for _, part := range parts {
		part(ctx, &wg)
	}
	for out.n.Load() < n || time.Since(began) < least {
		if time.Sleep(2 * time.Millisecond); time.Since(began) > 5*time.Minute {
			return errors.New("the trace doesn't grow")
		}
	}
	stop()
	wg.Wait()
	trace.Stop()
	pprof.StopCPUProfile()
	return nil
}

func pipelines(ctx context.Context, wg *sync.WaitGroup) {
	for range 4 {
		a, b := make(chan int), make(chan int, 4)
		wg.Go(func() {
			defer close(a)
			for i := 0; ctx.Err() == nil; i++ {
				a <- i
			}
		})
		wg.Go(func() {
			defer close(b)
			for v := range a {
				b <- v * 2
			}
		})
		wg.Go(func() {
			for v := range b {
				sink.Store(new(make([]byte, v%2048)))
			}
		})
	}
}

var sink atomic.Pointer[[]byte]

func contention(ctx context.Context, wg *sync.WaitGroup) {
	var hot sync.Mutex
	n := 0
	for range 6 {
		wg.Go(func() {
			for ctx.Err() == nil {
				hot.Lock()
				if n++; n%64 == 0 {
					time.Sleep(10 * time.Microsecond)
				}
				hot.Unlock()
			}
		})
	}
}

func churn(ctx context.Context, wg *sync.WaitGroup) {
	for range 2 {
		wg.Go(func() {
			for ctx.Err() == nil {
				var some sync.WaitGroup
				for range 32 {
					some.Go(func() { sink.Store(new(make([]byte, 1024))) })
				}
				some.Wait()
			}
		})
	}
}

type tree struct{ l, r *tree }

func grow(depth int) *tree {
	if depth == 0 {
		return &tree{}
	}
	return &tree{grow(depth - 1), grow(depth - 1)}
}

func garbage(ctx context.Context, wg *sync.WaitGroup) {
	wg.Go(func() {
		var keep []*tree
		for ctx.Err() == nil {
			if keep = append(keep, grow(12)); len(keep) > 64 {
				keep = keep[32:]
			}
		}
	})
}

func answer(w http.ResponseWriter, r *http.Request) {
	ctx, task := trace.NewTask(r.Context(), "request")
	defer task.End()
	results := make(chan int)
	trace.WithRegion(ctx, "fan out", func() {
		for i := range 4 {
			go func() {
				defer trace.StartRegion(ctx, "part").End()
				time.Sleep(time.Duration(rand.IntN(300)) * time.Microsecond)
				results <- i
			}()
		}
		for range 4 {
			<-results
		}
	})
	trace.Log(ctx, "answer", r.URL.Path)
	io.WriteString(w, "yes")
}

func requests(ctx context.Context, wg *sync.WaitGroup) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return // without a network there is the rest
	}
	server := &http.Server{Handler: http.HandlerFunc(answer)}
	go server.Serve(l)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 8}}
	for i := range 4 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if resp, err := client.Get(fmt.Sprintf("http://%s/%d", l.Addr(), i)); err == nil {
					io.Copy(io.Discard, resp.Body)
					resp.Body.Close()
				}
			}
		})
	}
}

func systemCalls(ctx context.Context, wg *sync.WaitGroup) {
	wg.Go(func() {
		f, err := os.Open(os.DevNull)
		if err != nil {
			return
		}
		defer f.Close()
		for b := make([]byte, 64); ctx.Err() == nil; {
			f.Read(b)
		}
	})
}

func timers(ctx context.Context, wg *sync.WaitGroup) {
	for i := range 50 {
		wg.Go(func() {
			t := time.NewTicker(time.Duration(500+20*i) * time.Microsecond)
			defer t.Stop()
			for ctx.Err() == nil {
				<-t.C
			}
		})
	}
}

func coroutines(ctx context.Context, wg *sync.WaitGroup) {
	wg.Go(func() {
		for ctx.Err() == nil {
			next, stop := iter.Pull(func(yield func(int) bool) {
				for i := 0; i < 5 && yield(i); i++ {
				}
			})
			for range 3 + rand.IntN(4) {
				next()
			}
			stop()
			time.Sleep(100 * time.Microsecond)
		}
	})
}

func worlds(ctx context.Context, wg *sync.WaitGroup) {
	wg.Go(func() {
		for i := 0; ctx.Err() == nil; i++ {
			time.Sleep(20 * time.Millisecond)
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			if i%10 == 9 {
				runtime.GOMAXPROCS(6 + i/10%3)
			}
		}
	})
}
