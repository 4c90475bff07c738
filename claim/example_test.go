package claim_test

import (
	"fmt"
	"runtime"
	"strconv"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
)

// A console is a testing.TB that prints what a test would log, for the examples.
// In a test, t is its *testing.T.
type console struct {
	testing.TB
	failed   bool
	cleanups []func()
}

func (*console) Helper()                             {}
func (*console) Name() string                        { return "TestExample" }
func (*console) Attr(string, string)                 {}
func (*console) Logf(format string, args ...any)     { fmt.Printf(format+"\n", args...) }
func (t *console) Errorf(format string, args ...any) { t.Logf(format, args...); t.failed = true }
func (t *console) Fatalf(format string, args ...any) { t.Errorf(format, args...) }
func (t *console) Cleanup(f func())                  { t.cleanups = append(t.cleanups, f) }
func (t *console) Failed() bool                      { return t.failed }
func (t *console) end() {
	for _, f := range t.cleanups {
		f()
	}
}

func ExampleAllocs() {
	t := &console{}
	buf := make([]byte, 0, 64)
	claim.Allocs(t, 0, func() { buf = strconv.AppendInt(buf[:0], 42, 10) })
	// Output:
}

func ExampleNoGoroutineLeak() {
	t := &console{}
	claim.NoGoroutineLeak(t) // first, so that it looks last

	ticks := make(chan int)
	go func() { ticks <- 1 }()
	fmt.Println(<-ticks) // without this, the goroutine would wait for ever

	t.end() // as the end of a test does
	// Output: 1
}

func ExampleUnreachable() {
	t := &console{}
	type job struct{ Payload [64]byte }
	var queue []*job
	claim.Unreachable(t, "a popped job", func() *job {
		queue = append(queue, new(job), new(job))
		j := queue[0]
		queue[0] = nil // without this, the array would keep it
		queue = queue[1:]
		return j
	})
	runtime.KeepAlive(queue)
	// Output:
}

func ExampleTerminates() {
	t := &console{}
	done := make(chan struct{})
	close(done)
	claim.Terminates(t, 5*time.Second, func() { <-done })
	// Output:
}

func ExampleDeadlocks() {
	t := &console{}
	claim.Deadlocks(t, func() {
		unbuffered := make(chan int)
		unbuffered <- 1 // nobody receives
		<-unbuffered
	})
	// Output:
}

func ExampleEqual() {
	t := &console{}
	type user struct {
		Name string
		Tags []string
	}
	claim.Equal(t, "user", user{"ann", nil}, user{"ann", []string{}})
	// Output:
	// user = claim_test.user{Name: "ann", Tags: nil}, want claim_test.user{Name: "ann", Tags: []string{}}
}

func ExampleBytes() {
	t := &console{}
	claim.Bytes(t, "response", []byte("HTTP/1.1 200 OK\n\n"), []byte("HTTP/1.1 200 OK\r\n\r\n"))
	// Output:
	// response: byte 15 is wrong: got '\n' (0x0a), want '\r' (0x0d) (17 bytes got, 19 wanted).
	// 	got   "HTTP/1.1 200 OK\n\n"
	// 	want  "HTTP/1.1 200 OK\r\n\r\n"
	// 	                      ^ 15
}

func ExamplePrediction_Check() {
	t := &console{}
	predicted := claim.Predict(5)
	observed := cap(append(make([]int, 4), 1))
	predicted.Check(t, "What is the capacity after appending to a full slice of four?", observed, "")
	// Output:
	// What is the capacity after appending to a full slice of four?
	// You predicted 5; it is 8.
	// 	predicted  5
	// 	observed   8
}

// A sum kept in a byte.
func ExampleMinimal() {
	t := &console{}
	steps := []int{10, 200, 3, 7, 90, 1, 25} // random ones, in a test
	claim.Minimal(t, steps, func(t testing.TB, steps []int) {
		var got uint8
		want := 0
		for _, n := range steps {
			got += uint8(n)
			want += n
			if int(got) != want {
				t.Fatalf("after adding %d the sum is %d, want %d", n, got, want)
			}
		}
	})
	// Output:
	// the smallest that shows it: 2 of 7 steps:
	// 	1  200
	// 	2  90
	// after adding 90 the sum is 34, want 290
}

var sum int

func ExampleFaster() {
	t := &testing.T{} // the test's
	data := make([]int, 1000)
	unrolled := func() (s int) {
		for i := 0; i < len(data); i += 4 {
			s += data[i] + data[i+1] + data[i+2] + data[i+3]
		}
		return s
	}
	plain := func() (s int) {
		for _, x := range data {
			s += x
		}
		return s
	}
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "unrolled", Op: func(n int) {
			for range n {
				sum = unrolled()
			}
		}},
		Peer: claim.Side{Name: "plain", Op: func(n int) {
			for range n {
				sum = plain()
			}
		}},
	}, 0.9) // at most nine tenths of the CPU
}
