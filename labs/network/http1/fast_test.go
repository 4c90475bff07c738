package http1_test

import (
	"io"
	"net"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// What the stage counts, beside what it measures.

// A body that is read in portions of 4 KiB or more goes past the connection's own
// buffer: one Read of the connection for each Read of the body.
func TestFast_LargeReads(t *testing.T) {
	for _, size := range []int{4 << 10, 64 << 10} {
		n := 4 << 20 / size
		body := strings.Repeat("x", n*size)
		s := &script{in: io.MultiReader(strings.NewReader(post("/", body)[:len(post("/", body))-len(body)]), strings.NewReader(body)), closed: make(chan struct{})}
		alone(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
			for p := make([]byte, size); ; {
				if _, err := io.ReadFull(r, p); err != nil {
					return
				}
			}
		}}, s, s)
		if s.reads > n+8 {
			claim.Fail(t, claim.OutcomeBudget, "a handler reads a body %d times, %d KiB at a time, and the connection was read %d times. What is as large as the buffer need not go through it: read it into the handler's own memory", n, size>>10, s.reads)
		}
	}
}

// Deadlines are moved when they have to be, not for every request.
func TestFast_Deadlines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.WriteString("quick") }})
		ours, theirs := net.Pipe()
		defer ours.Close()
		c := &moved{Conn: theirs}
		h.conns <- c
		const n = 100
		buf := make([]byte, 4096)
		for i := range n {
			time.Sleep(time.Duration(i/(n/2)) * time.Millisecond) // the first half in no time
			io.WriteString(ours, get("/"))
			if _, err := ours.Read(buf); err != nil {
				t.Fatalf("an exchange over a pipe: %v", err)
			}
		}
		synctest.Wait()
		if c.reads > n/10 || c.writes > n/10 {
			claim.Fail(t, claim.OutcomeBudget, "%d exchanges within 50 ms moved the deadline for reading %d times and that for writing %d times, and %d of each are allowed. Each takes a lock and a timer of the runtime; a deadline that stands and is good enough can stay", n, c.reads, c.writes, n/10)
		}
	})
}

// moved counts how often the deadlines of a connection are moved.
type moved struct {
	net.Conn
	reads, writes int
}

func (m *moved) SetReadDeadline(t time.Time) error  { m.reads++; return m.Conn.SetReadDeadline(t) }
func (m *moved) SetWriteDeadline(t time.Time) error { m.writes++; return m.Conn.SetWriteDeadline(t) }
func (m *moved) SetDeadline(t time.Time) error {
	m.reads++
	m.writes++
	return m.Conn.SetDeadline(t)
}
