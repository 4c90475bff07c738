package http1_test

import (
	"errors"
	"io"
	"log/slog"
	"net"
	"os"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// Most of these checks run in a bubble of testing/synctest: the connections are
// pipes, time is virtual, and a limit of a minute is checked to the nanosecond in
// no time.

// quiet is a logger for checks that make a server complain.
func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

// ended waits for the server to close, and returns when that was after start.
func (w *wire) ended(start time.Time) time.Duration {
	w.t.Helper()
	w.patience = time.Hour
	for n := 1; ; {
		b, err := w.rest(n)
		if err == io.EOF {
			return w.end.Sub(start)
		}
		if err != nil {
			w.wrong(len(b), "after an hour the connection is still open")
		}
		n = len(b) + 1
	}
}

// drip sends s byte by byte, every so often, until it is through or the server
// closes.
func (w *wire) drip(s string, every time.Duration) {
	for i := range len(s) {
		w.send(s[i : i+1])
		time.Sleep(every)
		w.mu.Lock()
		gone := w.err != nil
		w.mu.Unlock()
		if gone {
			return
		}
	}
}

// between fails unless the connection ended within its limit, and not much before.
func (w *wire) between(got, limit time.Duration, what string) {
	w.t.Helper()
	if got < limit/2 {
		w.want(false, "%s: the connection ended after %v, and the limit is %v; slow is not forbidden", what, got, limit)
	}
	if got > limit+time.Second { // a moment to linger, so that the client hears why
		w.want(false, "%s: the connection ended after %v, and the limit is %v. A deadline that every byte moves is no limit: that is slowloris, a thousand of them cost an attacker nothing and the server everything", what, got, limit)
	}
}

// A head that drips in is cut off at HeadTimeout, whether its bytes keep coming
// or not, on a new connection and on one that has served.
func TestPatience_SlowHead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{HeadTimeout: 8 * time.Second, ReadTimeout: time.Hour, IdleTimeout: time.Hour, Handler: func(*http1.Response, *http1.Request) {}})
		long := "GET / HTTP/1.1\r\nHost: hone.test\r\nX: " + strings.Repeat("x", 1000)

		w, start := h.connect(), time.Now()
		w.drip(long, time.Second)
		w.between(w.ended(start), 8*time.Second, "a head of one byte a second")

		w, start = h.connect(), time.Now()
		w.between(w.ended(start), 8*time.Second, "a connection that says nothing")

		w = h.connect()
		w.send(get("/"))
		w.reply("GET")
		time.Sleep(30 * time.Second)
		start = time.Now()
		w.send("GET / HT")
		time.Sleep(time.Second)
		w.drip(long, 3*time.Second)
		w.between(w.ended(start), 8*time.Second, "the head of a second request")

		w = h.connect()
		w.drip(get("/"), 100*time.Millisecond)
		w.want(w.reply("GET").status == 200, "a head that takes 5 of the 8 seconds must be served")
	})
}

// A body that drips in is cut off at ReadTimeout, and the handler is told.
func TestPatience_SlowBody(t *testing.T) {
	for _, framing := range []string{"Content-Length: 1000\r\n\r\n", "Content-Length: 1000000\r\n\r\n", "Transfer-Encoding: chunked\r\n\r\n3e8\r\n", "Transfer-Encoding: chunked\r\n\r\n3e8000\r\n"} {
		synctest.Test(t, func(t *testing.T) {
			var read error
			h := open(t, &http1.Server{HeadTimeout: time.Second, ReadTimeout: 20 * time.Second, WriteTimeout: time.Hour, Handler: func(_ *http1.Response, r *http1.Request) {
				_, read = io.Copy(io.Discard, r)
			}})
			w, start := h.connect(), time.Now()
			w.send("POST / HTTP/1.1\r\nHost: hone.test\r\n" + framing)
			w.drip(strings.Repeat("x", 1000), 500*time.Millisecond)
			w.between(w.ended(start), 20*time.Second, "a body of two bytes a second")
			if !errors.Is(read, os.ErrDeadlineExceeded) {
				t.Errorf("reading the body ended with %v, want os.ErrDeadlineExceeded", read)
			}
			r := w.reply("POST")
			w.want(r.status == 408, "a body that did not come in time, and nothing was sent before: want 408 (RFC 9110 §15.5.9), got %d", r.status)
		})
	}

	addr, _ := serve(t, "-read-timeout", "300ms")
	w := connect(t, addr)
	w.send("POST /count HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 10\r\n\r\n12345")
	r := w.reply("POST")
	w.want(r.status == 408, "half a body over TCP, and then nothing: want 408 when the limit is over, got %d", r.status)
	w.ends("it said 408")
}

// Between requests a connection may be silent for IdleTimeout.
func TestPatience_Idle(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{HeadTimeout: time.Second, ReadTimeout: 2 * time.Second, WriteTimeout: 2 * time.Second, IdleTimeout: 30 * time.Second, Handler: func(*http1.Response, *http1.Request) {}})
		w := h.connect()
		for range 3 {
			w.send(get("/"))
			w.want(w.reply("GET").status == 200, "a request after 20 of 30 idle seconds must be served")
			time.Sleep(20 * time.Second)
		}
		w.send(get("/"))
		w.reply("GET")
		start := time.Now()
		w.between(w.ended(start), 30*time.Second, "an idle connection")
	})
}

// A client that does not take its response is cut off at WriteTimeout, and the
// handler is told.
func TestPatience_SlowReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		failed := make(chan error, 1)
		h := open(t, &http1.Server{WriteTimeout: 10 * time.Second, ReadTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) {
			piece := make([]byte, 8<<10)
			for range 100 {
				if _, err := w.Write(piece); err != nil {
					failed <- err
					return
				}
			}
			failed <- nil
		}})
		ours, theirs := net.Pipe()
		h.conns <- theirs
		start := time.Now()
		io.WriteString(ours, get("/"))
		var sipping sync.WaitGroup
		defer sipping.Wait()
		sipping.Go(func() { // a sip a second
			for buf := make([]byte, 100); ; time.Sleep(time.Second) {
				if _, err := ours.Read(buf); err != nil {
					return
				}
			}
		})
		err := <-failed
		took := time.Since(start)
		if err == nil || took > 10*time.Second || took < 5*time.Second {
			t.Errorf("the client takes 100 bytes a second: Write returned %v after %v, want an error by 10 s, and not much before. Without a deadline, who reads slowly holds your goroutine, your buffers, and whatever lock the handler holds", err, took)
		}
	})
}

// A handler may take longer than any of the limits on the client.
func TestPatience_SlowHandler(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{HeadTimeout: time.Second, ReadTimeout: time.Second, IdleTimeout: time.Second, WriteTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) {
			time.Sleep(time.Minute)
			w.Write(r.Path)
		}})
		w := h.connect()
		w.patience = time.Hour
		for _, path := range []string{"/1", "/2"} {
			w.send(get(path))
			w.want(w.reply("GET").body == path, "a handler that takes a minute must be able to answer, and the connection to go on: the limits are on the client")
		}
	})
}

// A Server whose limits were not set has limits all the same.
func TestPatience_Defaults(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{Handler: func(_ *http1.Response, r *http1.Request) { io.Copy(io.Discard, r) }})
		for _, c := range []struct {
			said  string
			limit time.Duration
		}{
			{"", 10 * time.Second},
			{"GET / HTTP/1.1\r\nHost: hone", 10 * time.Second},
			{"POST / HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 10\r\n\r\n12345", time.Minute},
			{get("/"), 2 * time.Minute},
			{"again", 10 * time.Second},
		} {
			w, start := h.connect(), time.Now()
			if c.said == "again" {
				w.send(get("/"))
				w.reply("GET")
				time.Sleep(time.Minute)
				c.said, start = "GET / HT", time.Now()
			}
			if c.said != "" {
				w.send(c.said)
			}
			if got := w.ended(start); got > c.limit || got < c.limit*19/20 {
				t.Errorf("a client that says %q and then nothing was kept for %v by a Server with zero limits; their documentation promises %v", c.said, got, c.limit)
			}
		}
	})
}

// No more than MaxConns connections are accepted at a time; the others wait, and
// get in when one has left.
func TestPatience_MaxConns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{MaxConns: 1, Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }})
		only := h.connect()
		in := make(chan *wire)
		go func() { in <- h.connect() }()
		synctest.Wait()
		select {
		case <-in:
			t.Fatal("a second connection was accepted while one was open and MaxConns is 1")
		default:
		}
		only.send(get("/only"))
		only.want(only.reply("GET").body == "/only", "the one connection that is in must be served")
		only.conn.Close()
		w := <-in
		w.send(get("/next"))
		w.want(w.reply("GET").body == "/next", "the one connection has left: want the next one served")
		w.conn.Close()
	})
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{MaxConns: 2, Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }})
		a, b := h.connect(), h.connect()
		ours, theirs := net.Pipe()
		got := make(chan struct{})
		go func() { h.conns <- theirs; close(got) }()
		synctest.Wait()
		select {
		case <-got:
			t.Fatal("a third connection was accepted while two were open and MaxConns is 2. Accepted and refused is not the same as not accepted: it costs a descriptor")
		default:
		}
		for _, w := range []*wire{a, b} {
			w.send(get("/in"))
			w.want(w.reply("GET").body == "/in", "the two connections that are in must be served")
		}
		a.conn.Close()
		synctest.Wait()
		select {
		case <-got:
		default:
			t.Fatal("one of two connections has left, and the third is still not accepted")
		}
		c := newWire(t, ours)
		c.send(get("/third"))
		c.want(c.reply("GET").body == "/third", "the third connection must be served")
		b.conn.Close()
		c.conn.Close()
	})
}

// A process that is out of descriptors gets well again: Serve waits, does not
// spin, and goes on.
func TestPatience_OutOfDescriptors(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var asked atomic.Int32
		start := time.Now()
		emfile := &net.OpError{Op: "accept", Net: "tcp", Err: os.NewSyscallError("accept4", syscall.EMFILE)}
		s := &http1.Server{Log: quiet(), Handler: func(w *http1.Response, r *http1.Request) { w.WriteString("well") }}
		h := &house{t: t, server: s, conns: make(chan net.Conn), closed: make(chan struct{}), served: make(chan error, 1)}
		h.close = sync.OnceValue(func() error { close(h.closed); return nil })
		h.accept = func() error {
			if asked.Add(1); asked.Load() > 100_000 {
				return net.ErrClosed // a loop without a pause would never let time pass
			}
			if time.Since(start) < 3*time.Second {
				return emfile
			}
			return nil
		}
		go func() { h.served <- s.Serve(h) }()
		t.Cleanup(func() { h.close() })
		w := h.connect()
		w.send(get("/"))
		w.want(w.reply("GET").body == "well", "after three seconds of EMFILE the server must accept again")
		if n := asked.Load(); n > 100 {
			t.Errorf("Accept was called %d times during three seconds of EMFILE: that burns a core just when the process is in need; wait a little longer each time", n)
		}
		if took := time.Since(start); took > 5*time.Second {
			t.Errorf("after three seconds of EMFILE it took %v until a client was served; wait longer each time, but not for more than a second", took-3*time.Second)
		}
	})
}

// Two hundred connections that drip do not keep a client waiting, and are all cut
// off: the same over real sockets.
func TestPatience_Slowloris(t *testing.T) {
	addr, _ := serve(t, "-head-timeout", "400ms", "-idle-timeout", "400ms")
	var dripping []*wire
	for range 200 {
		w := connect(t, addr)
		w.send("GET /hello HTTP/1.1\r\nHo")
		dripping = append(dripping, w)
	}
	stop := make(chan struct{})
	var done sync.WaitGroup
	done.Go(func() {
		for tick := time.NewTicker(100 * time.Millisecond); ; {
			select {
			case <-tick.C:
			case <-stop:
				return
			}
			for _, w := range dripping {
				w.send("o")
			}
		}
	})
	for range 20 {
		w := connect(t, addr)
		w.send(get("/hello"))
		w.want(w.reply("GET").body == "hello", "while 200 connections drip, a client must be served")
		w.conn.Close()
	}
	claim.Terminates(t, 8*time.Second, func() {
		for _, w := range dripping {
			w.ended(time.Now())
		}
	})
	close(stop)
	done.Wait()
}

// The clock of a response starts when its request is there, whatever the requests
// before it have taken, and the ones that came together with it.
func TestPatience_EachItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{HeadTimeout: time.Hour, ReadTimeout: time.Minute, WriteTimeout: 30 * time.Second, IdleTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) {
			io.Copy(io.Discard, r)
			time.Sleep(20 * time.Second)
			w.Write(r.Path)
		}})
		w := h.connect()
		w.patience = time.Hour
		w.send(get("/1") + get("/2") + get("/3"))
		for _, path := range []string{"/1", "/2", "/3"} {
			r := w.reply("GET")
			w.want(r.body == path, "three requests came together, each handler takes 20 s of the 30 s of WriteTimeout: want an answer to each, got %q for %s. The clock starts at the end of each request's head", r.body, path)
		}

		w = h.connect()
		w.patience = time.Hour
		w.drip(get("/slow-head"), time.Second)
		w.want(w.reply("GET").body == "/slow-head", "the head took 45 s, the handler 20 s of the 30 s of WriteTimeout, which starts at the end of the head: want the answer")

		h = open(t, &http1.Server{HeadTimeout: time.Hour, ReadTimeout: time.Minute, WriteTimeout: time.Hour, IdleTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) {
			io.Copy(io.Discard, r)
			time.Sleep(20 * time.Second)
			w.Write(r.Path)
		}})
		w = h.connect()
		w.patience = time.Hour
		w.send(get("/1") + post("/2", "hello")[:len(post("/2", ""))])
		w.reply("GET")
		time.Sleep(50 * time.Second)
		w.send("hello")
		r := w.reply("POST")
		w.want(r.body == "/2", "a body came 50 s after its head, which had come together with the request before, and ReadTimeout is 1 min: want the answer, got %d %q", r.status, r.body)
	})
}

// A response that is in time is not cut off because one before it was slow.
func TestPatience_SlowReaderAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{WriteTimeout: 16 * time.Second, ReadTimeout: time.Hour, IdleTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) {
			w.WriteString(strings.Repeat("x", 1000))
		}})
		ours, theirs := net.Pipe()
		defer ours.Close()
		h.conns <- theirs
		for i := range 5 {
			io.WriteString(ours, get("/"))
			got, buf := 0, make([]byte, 100)
			for got < 1000 {
				time.Sleep(time.Second) // a sip a second: 11 or 12 s
				n, err := ours.Read(buf)
				if err != nil {
					t.Fatalf("response %d of 1,000 bytes, of which the client takes 100 a second, was cut off after %d bytes (%v); WriteTimeout is 16 s for each response", i+1, got, err)
				}
				got += n
			}
			ours.SetReadDeadline(time.Now().Add(time.Millisecond))
			for { // what is left of it
				if _, err := ours.Read(buf); err != nil {
					break
				}
			}
			ours.SetReadDeadline(time.Time{})
		}
	})
}

// A small response to a client that takes nothing has a limit, too.
func TestPatience_DeafClient(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.WriteString("small") }})
		for _, c := range []struct {
			after time.Duration
			whole bool
		}{{50 * time.Second, true}, {70 * time.Second, false}} {
			ours, theirs := net.Pipe()
			h.conns <- theirs
			io.WriteString(ours, get("/"))
			time.Sleep(c.after)
			ours.SetReadDeadline(time.Now().Add(time.Second))
			got, _ := io.ReadAll(ours)
			if whole := strings.HasSuffix(string(got), "small"); whole != c.whole {
				t.Errorf("a client that takes its response %v after it has asked gets %q. The default of WriteTimeout is 1 min: before it the response is whole, and after it there is none", c.after, got)
			}
			ours.Close()
		}
	})
}

// The limits hold over sockets as they do over pipes: on a client that says nothing,
// and not on one that is idle for as long as it may.
func TestPatience_Sockets(t *testing.T) {
	addr, _ := serve(t, "-head-timeout", "300ms", "-read-timeout", "300ms", "-idle-timeout", "1m")
	silent, idle := connect(t, addr), connect(t, addr)
	idle.send(get("/hello"))
	idle.want(idle.reply("GET").body == "hello", "want hello")
	start := time.Now()
	silent.ends("it has said nothing for longer than HeadTimeout, 300 ms")
	time.Sleep(time.Until(start.Add(600 * time.Millisecond))) // what has to pass is time
	idle.send(get("/hello"))
	idle.want(idle.reply("GET").body == "hello", "a connection that was idle for 600 ms of the minute of IdleTimeout must be served; HeadTimeout and ReadTimeout, 300 ms, start with the first byte of a request")

	addr, _ = serve(t, "-head-timeout", "1m", "-idle-timeout", "300ms")
	idle = connect(t, addr)
	idle.send(get("/hello"))
	idle.reply("GET")
	idle.ends("it was idle for longer than IdleTimeout, 300 ms")
}

// A connection that waits keeps little, whatever it has served before.
func TestPatience_IdleIsSmall(t *testing.T) {
	const n = 8
	heap := func() int {
		var m runtime.MemStats
		runtime.GC()
		runtime.GC() // what the first has found to be finalized
		runtime.ReadMemStats(&m)
		return int(m.HeapAlloc)
	}
	h := open(t, &http1.Server{MaxHeader: 1 << 20, Handler: func(w *http1.Response, r *http1.Request) {
		w.Length(200 << 10)
		w.Write(make([]byte, 200<<10))
	}})
	large := "GET / HTTP/1.1\r\nHost: hone.test\r\n" + strings.Repeat("A: "+strings.Repeat("x", 200)+"\r\n", 250) + "\r\n"
	var idle []net.Conn
	before := heap()
	for range n {
		ours, theirs := net.Pipe()
		t.Cleanup(func() { ours.Close() })
		ours.SetDeadline(time.Now().Add(patience))
		h.conns <- theirs
		io.WriteString(ours, large)
		if _, err := io.ReadFull(ours, make([]byte, 200<<10)); err != nil {
			t.Fatalf("a request with 50 KB of fields where 1 MB is allowed: %v", err)
		}
		go io.Copy(io.Discard, ours) // the head was not counted
		idle = append(idle, ours)
	}
	for pause := time.Millisecond; heap()-before > n*(32<<10) && pause < time.Second; pause *= 2 {
		time.Sleep(pause) // for those that are not yet back from their exchange
	}
	if each := (heap() - before) / n; each > 32<<10 {
		t.Errorf("%d connections have each sent a head of 50 KB, were answered with four times as much, and are idle. Each keeps %d KB: a buffer that has grown must not stay for as long as the client likes", len(idle), each>>10)
	}
}
