//go:build !race

package http1_test

import (
	"fmt"
	"io"
	"net"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/program"
	"github.com/hone-go/hone/labs/network/http1"
)

// The budgets. They are measured as the rest is: from outside. Our server and
// net/http's are two processes made of the same program, the client is this one,
// and what is compared is the CPU clock of each process, so that neither the
// client nor a busy neighbour counts.

// request is what a small client of an API sends.
const request = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: hone/1\r\nAccept: */*\r\n\r\n"

// Each server has one processor, because one that has several and little to do looks
// for work, and that is luck.
const clients = 32 // keep-alive connections, one request in flight on each

// A server is one process under load.
type server struct {
	process *program.Process
	conns   []net.Conn
	length  int // of a response
}

func load(t *testing.T, flags ...string) *server {
	t.Helper()
	p := program.Start(t, program.Options{Args: flags, Env: []string{"GOMAXPROCS=1"}})
	addr := strings.TrimPrefix(p.Line("listening "), "listening ")
	s := &server{process: p}
	for range clients {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		c.SetDeadline(time.Now().Add(2 * time.Minute))
		s.conns = append(s.conns, c)
	}
	w := connect(t, addr)
	w.send(request)
	r := w.reply("GET")
	w.want(r.body == "hello" && r.framing == "length", "want \"hello\" with Content-Length")
	s.length = w.read
	return s
}

// side makes a request the operation of a contest, all connections at once, measured by
// the clock of the server.
func (s *server) side(t *testing.T, name string) claim.Side {
	return claim.Side{Name: name, CPU: s.process.CPU, Op: func(n int) {
		var all sync.WaitGroup
		errs := make(chan error, len(s.conns))
		for i, c := range s.conns {
			all.Go(func() {
				if err := exchange(c, (n+i)/len(s.conns), s.length); err != nil {
					errs <- err
				}
			})
		}
		all.Wait()
		select {
		case err := <-errs:
			t.Fatalf("%s, under load of %d connections: %v", name, clients, err)
		default:
		}
	}}
}

// exchange does n requests, with responses of that length.
func exchange(c net.Conn, n, length int) error {
	out := []byte(request)
	in := make([]byte, length)
	for range n {
		if _, err := c.Write(out); err != nil {
			return err
		}
		if _, err := io.ReadFull(c, in); err != nil {
			return err
		}
		if string(in[:12]) != "HTTP/1.1 200" || string(in[length-5:]) != "hello" {
			return fmt.Errorf("the response is not 200 and hello but %q", in)
		}
	}
	return nil
}

// floor is half of what the system calls of one exchange cost a server, and nothing
// else: a quarter of an echo over loopback whose two ends are one goroutine, so that
// nobody is ever waited for. Under load the kernel delivers several packets at a time,
// so a server can be a little below the whole; one that is below half of it was not
// measured.
func floor(t *testing.T, length int) claim.Side {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	client, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	server, err := l.Accept()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close(); server.Close() })
	buf := make([]byte, 4096)
	return claim.Side{Name: "half of one write and one read", Op: func(n int) {
		for range (n + 3) / 4 {
			for _, err := range []error{
				write(client, buf[:len(request)]), read(server, buf[:len(request)]),
				write(server, buf[:length]), read(client, buf[:length]),
			} {
				if err != nil {
					t.Fatal(err)
				}
			}
		}
	}}
}

func write(c net.Conn, p []byte) error { _, err := c.Write(p); return err }
func read(c net.Conn, p []byte) error  { _, err := io.ReadFull(c, p); return err }

// A request costs at most 0.67 of the CPU that net/http takes for it. The system calls
// are the same for both, so look for what is done beside one read and one write: a second
// write, a timer that is moved, a copy, an allocation, a scan of what was scanned. Then
// for a system call that fails each time.
func TestFast_CPU(t *testing.T) {
	ours, peer := load(t), load(t, "-peer")
	least := floor(t, peer.length)
	claim.Faster(t, claim.Contest{
		Ours: ours.side(t, "a request"), Peer: peer.side(t, "net/http"), Floor: &least,
		Rounds: 60, // the kernel has moods: one round says little, and long ones no more than short ones
	}, 0.67)
}

// An exchange on a warm connection allocates nothing: a request of ten fields,
// looked up and walked through, and a response with fields of its own; without a
// body and with one.
func TestFast_Allocs(t *testing.T) {
	get := "GET /path?query HTTP/1.1\r\nHost: hone.test\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64) Gecko/20100101\r\n" +
		"Accept: text/html,application/xhtml+xml\r\nAccept-Language: en\r\nAccept-Encoding: gzip, br\r\nConnection: keep-alive\r\n" +
		"Cookie: session=0123456789abcdef0123456789abcdef; theme=dark\r\nX-One: 1\r\nX-Two: 2\r\nX-Three: 3\r\n\r\n"
	post := "POST /path HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 1000\r\n\r\n" + strings.Repeat("x", 1000)
	pieces := "POST /path HTTP/1.1\r\nHost: hone.test\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("64\r\n"+strings.Repeat("x", 100)+"\r\n", 10) + "0\r\nX-Sum: 1\r\n\r\n"
	scratch := make([]byte, 512)
	handler := func(w *http1.Response, r *http1.Request) {
		n := 0
		for name, value := range r.Fields {
			n += len(name) + len(value)
		}
		for {
			m, err := r.Read(scratch)
			n += m
			if err != nil {
				break
			}
		}
		if r.Field("host") == nil || r.Field("x-missing") != nil || n == 0 {
			w.Status(500)
		}
		w.Add("Content-Type", "text/plain")
		w.Add("Cache-Control", "no-store, max-age=0")
		w.WriteString("hello, ")
		w.Write(scratch[:100])
	}
	for _, c := range []struct{ name, request string }{{"a GET with ten fields", get}, {"a POST of 1,000 bytes", post}, {"a POST in ten chunks with a trailer", pieces}} {
		const n = 5000
		s := &script{in: &repeat{piece: []byte(c.request), left: 2 * n, mark: n}, closed: make(chan struct{})}
		s.in.(*repeat).each = func() { runtime.ReadMemStats(&s.in.(*repeat).at) }
		if err := (&http1.Server{Handler: handler}).Serve(once(s, s)); err == nil {
			t.Fatal("Serve returned nil")
		}
		var after runtime.MemStats
		runtime.ReadMemStats(&after)
		if s.writes < 2*n {
			t.Fatalf("%s: %d responses for %d requests", c.name, s.writes, 2*n)
		}
		// The tail is the end of the connection; a budget of 1 in 100 exchanges
		// leaves room for it and for what the runtime does by itself.
		if each := float64(after.Mallocs-s.in.(*repeat).at.Mallocs) / n; each > 0.01 {
			claim.Fail(t, claim.OutcomeBudget, "%s: %.2f allocations an exchange on a warm connection, want 0. Where: go test -run TestFast_Allocs -memprofile mem.out -memprofilerate 1, then go tool pprof -sample_index alloc_objects -top mem.out", c.name, each)
		}
	}
}

// A repeat is a reader that returns the same piece many times, and stops for a
// moment at a mark.
type repeat struct {
	piece []byte
	left  int
	mark  int
	each  func()
	at    runtime.MemStats
}

func (r *repeat) Read(p []byte) (int, error) {
	if r.left == 0 {
		return 0, io.EOF
	}
	if r.left--; r.left == r.mark {
		r.each()
	}
	return copy(p, r.piece), nil
}

// An exchange is one Read and one Write, whatever the head holds.
func TestFast_OneReadOneWrite(t *testing.T) {
	const n = 200
	s := &script{in: &repeat{piece: []byte(request), left: n, mark: -1}, closed: make(chan struct{})}
	(&http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		w.Add("Content-Type", "text/plain")
		w.WriteString("hel")
		w.WriteString("lo")
	}}).Serve(once(s, s))
	if s.reads != n || s.writes != n {
		claim.Fail(t, claim.OutcomeBudget, "%d exchanges took %d Reads and %d Writes, want one of each. A system call with a packet costs more than all parsing; head and body in two Writes are also two packets", n, s.reads, s.writes)
	}
}

// A head that comes in single bytes costs in proportion to its length: a parser
// that starts from the front with every byte is quadratic, and that is an attack.
func TestFast_DripIsLinear(t *testing.T) {
	drip := func(fields, heads int) func(n int) {
		head := "GET / HTTP/1.1\r\nHost: hone.test\r\n" + strings.Repeat("X-Filler: 0123456789012345678901234567890123456789\r\n", fields) + "\r\n"
		return func(n int) {
			s := &script{in: &dripping{rest: strings.Repeat(head, heads*n)}, closed: make(chan struct{})}
			(&http1.Server{MaxHeader: 1 << 20, Handler: func(*http1.Response, *http1.Request) {}}).Serve(once(s, s))
			if s.writes != heads*n {
				t.Errorf("%d responses for %d requests", s.writes, heads*n)
			}
		}
	}
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "one head of 400 fields, byte by byte", Op: drip(400, 1)},
		Peer: claim.Side{Name: "twenty heads of 20 fields, byte by byte", Op: drip(20, 20)},
	}, 1.1)
}

// dripping returns one byte at a time.
type dripping struct{ rest string }

func (d *dripping) Read(p []byte) (int, error) {
	if d.rest == "" {
		return 0, io.EOF
	}
	p[0] = d.rest[0]
	d.rest = d.rest[1:]
	return 1, nil
}
