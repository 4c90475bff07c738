package http1_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/program"
	"github.com/hone-go/hone/labs/network/http1"
)

// exits waits for the program to end and checks its status.
func exits(t *testing.T, p *program.Process, want int) {
	t.Helper()
	code := -2
	var err error
	claim.Terminates(t, 8*time.Second, func() { code, err = p.Wait() })
	if code != want || err != nil {
		claim.Show(t, claim.KindOutput, "what the program printed", p.Output())
		t.Errorf("the program ended with status %d (%v), want %d", code, err, want)
	}
}

// A request in flight at SIGTERM is answered to its end, and told that it was the
// last; then the program ends with status 0.
func TestStop_FinishesInFlight(t *testing.T) {
	addr, p := serve(t)
	var held []*wire
	for range 5 {
		w := connect(t, addr)
		w.send(get("/hold"))
		w.want(w.statusLine() == 200, "want the head of /hold")
		w.section("head")
		held = append(held, w)
	}
	idle := connect(t, addr)
	idle.send(get("/hello"))
	idle.reply("GET")

	p.Terminate()
	p.Line("stopping")
	idle.ends("it is idle, and the server is stopping")
	if _, err := p.Stdin.Write([]byte("release\n")); err != nil {
		t.Fatalf("the program is gone with 5 requests in flight: %v\n%s", err, p.Output())
	}
	for _, w := range held {
		r := &reply{}
		w.chunks(r)
		w.want(r.body == "held\nreleased\n", "a response that was half sent at SIGTERM must be finished: got %q", r.body)
		w.ends("the server is stopping")
	}
	exits(t, p, 0)
}

// A request whose head was half read at SIGTERM has been begun, and is answered.
func TestStop_AnswersHalfRead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }}
		h := open(t, s)
		w := h.connect()
		w.send("GET /half HTTP/1.1\r\nHo")
		synctest.Wait()
		down := make(chan error, 1)
		go func() { down <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		w.send("st: hone.test\r\n\r\n")
		r := w.reply("GET")
		w.want(r.body == "/half" && strings.EqualFold(r.field("Connection"), "close"), "a request that was half read at Shutdown must be answered, with Connection: close; got %d %q, Connection %q. The client has begun to speak and nobody has told it to stop: to drop it is to lose a request at every deployment", r.status, r.body, r.field("Connection"))
		w.ends("the response said Connection: close")
		if err := <-down; err != nil {
			t.Errorf("Shutdown = %v after the last request was answered, want nil", err)
		}
	})
}

// From SIGTERM on nobody new gets in.
func TestStop_AcceptsNoMore(t *testing.T) {
	addr, p := serve(t)
	w := connect(t, addr)
	w.send(get("/hold"))
	w.statusLine()
	p.Terminate()
	p.Line("stopping")
	claim.Terminates(t, 5*time.Second, func() {
		for {
			c, err := net.Dial("tcp", addr)
			if err != nil {
				return // refused
			}
			c.Close()
		}
	})
	if _, err := p.Stdin.Write([]byte("release\n")); err != nil {
		t.Fatal(err)
	}
	exits(t, p, 0)
}

// A handler that never ends does not keep the program from ending: after the
// grace period what is left is cut off, and the status says so.
func TestStop_GraceEnds(t *testing.T) {
	addr, p := serve(t, "-grace", "200ms")
	w := connect(t, addr)
	w.send(get("/hold"))
	w.want(w.statusLine() == 200, "want the head of /hold")
	p.Terminate()
	exits(t, p, 1)
	w.section("head")
	w.take(len("5\r\nheld\n\r\n"), "what /hold flushed")
	w.ends("the grace period is over; no last chunk, so that the client can tell that it has half")
}

// Shutdown ends idle connections at once and waits for the rest; Serve returns
// ErrServerClosed, then and ever after.
func TestStop_Shutdown(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, release := gate(t)
		s := &http1.Server{IdleTimeout: time.Hour, WriteTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) {
			if string(r.Path) == "/slow" {
				<-held
			}
			w.Write(r.Path)
		}}
		h := open(t, s)
		idle, busy := h.connect(), h.connect()
		idle.send(get("/idle"))
		idle.want(idle.reply("GET").body == "/idle", "want /idle")
		busy.send(get("/slow") + get("/behind"))
		synctest.Wait()

		down := make(chan error, 1)
		go func() { down <- s.Shutdown(t.Context()) }()
		start := time.Now()
		if took := idle.ended(start); took > time.Second {
			t.Errorf("an idle connection was closed %v after Shutdown, want at once", took)
		}
		time.Sleep(time.Minute)
		select {
		case err := <-down:
			t.Fatalf("Shutdown returned (%v) while a handler was at work", err)
		default:
		}
		release()
		r := busy.reply("GET")
		busy.want(r.body == "/slow" && strings.EqualFold(r.field("Connection"), "close"), "want the answer that was in flight, with Connection: close; got %q, Connection %q", r.body, r.field("Connection"))
		busy.ends("the response said Connection: close")
		if err := <-down; err != nil {
			t.Errorf("Shutdown = %v after everything ended well, want nil", err)
		}
		if err := <-h.served; !errors.Is(err, http1.ErrServerClosed) {
			t.Errorf("Serve = %v, want ErrServerClosed", err)
		}
		if err := s.Serve(h); !errors.Is(err, http1.ErrServerClosed) {
			t.Errorf("Serve after Shutdown = %v, want ErrServerClosed", err)
		}
	})
}

// Shutdown with a context that ends returns its error, having cut off what is
// left.
func TestStop_ShutdownGivesUp(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, release := gate(t)
		s := &http1.Server{WriteTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) { <-held }}
		h := open(t, s)
		w := h.connect()
		w.send(get("/"))
		synctest.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
		defer cancel()
		start := time.Now()
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown with a stuck handler = %v, want context.DeadlineExceeded", err)
		}
		if took := time.Since(start); took > 6*time.Second {
			t.Errorf("Shutdown took %v with a context of 5 s", took)
		}
		if took := w.ended(start); took > 6*time.Second {
			t.Errorf("the connection of the stuck handler was closed after %v, want when the context ended", took)
		}
		release()
	})
}

// Nothing of a server is left when Shutdown has returned.
func TestStop_LeavesNothing(t *testing.T) {
	claim.NoGoroutineLeak(t)
	s := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }}
	h := open(t, s)
	for range 10 {
		w := h.connect()
		w.send(get("/a"))
		w.reply("GET")
	}
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	if err := s.Shutdown(ctx); err != nil {
		t.Errorf("Shutdown with ten idle connections = %v", err)
	}
	if err := <-h.served; !errors.Is(err, http1.ErrServerClosed) {
		t.Errorf("Serve = %v, want ErrServerClosed", err)
	}
}

// A handler that panics costs its own connection and no other: 500 while nothing
// has been sent, and after that an end that the client can see is one.
func TestStop_Panic(t *testing.T) {
	addr, p := serve(t)
	for range 3 {
		w := connect(t, addr)
		w.send(get("/panic") + get("/hello"))
		r := w.reply("GET")
		w.want(r.status == 500 && !strings.Contains(r.body, "never seen"), "a handler that panicked before anything was sent: want 500, got %d %q", r.status, r.body)
		w.ends("after a panic nothing of this connection can be trusted")
		w.conn.Close()

		w = connect(t, addr)
		w.send(get("/panic?late"))
		w.want(w.statusLine() == 200, "the head was flushed before the panic")
		w.section("head")
		got := w.untilEnd()
		w.want(got == "7\r\nhalf a \r\n", "after the panic comes nothing, no last chunk above all: the client must see that it has half (RFC 9112 §8). Got %q", got)
	}
	w := connect(t, addr)
	w.send(get("/hello"))
	w.want(w.reply("GET").body == "hello", "the server must survive its handlers")
	w.conn.Close()
	p.Terminate()
	exits(t, p, 0)
}

// A connection that was accepted and has said nothing yet is about to: it gets a
// moment at Shutdown, and no more, and what it begins to say is heard to its end.
func TestStop_NewConnection(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := &http1.Server{HeadTimeout: time.Minute, Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }}
		h := open(t, s)
		silent, speaks, slow := h.connect(), h.connect(), h.connect()
		synctest.Wait()
		down, start := make(chan error, 1), time.Now()
		go func() { down <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		for _, w := range []*wire{speaks, slow} {
			w.send("GET /new HTTP/1.1\r\nHost: hone.test\r\n")
		}
		speaks.send("\r\n")
		r := speaks.reply("GET")
		speaks.want(r.body == "/new" && strings.EqualFold(r.field("Connection"), "close"), "a connection that was accepted before Shutdown sends its first request right after it: want the answer, with Connection: close; got %d %q, Connection %q. Its client connected in order to ask", r.status, r.body, r.field("Connection"))
		if took := silent.ended(start); took > 10*time.Second {
			t.Errorf("a connection that has never said anything was closed %v after Shutdown. It gets a moment, or it holds up the end", took)
		}
		time.Sleep(20 * time.Second)
		slow.send("\r\n")
		r = slow.reply("GET")
		slow.want(r.body == "/new", "the first request of a new connection was begun after Shutdown, and took 20 s of the minute of HeadTimeout: want the answer, got %d %q", r.status, r.body)
		if err := <-down; err != nil {
			t.Errorf("Shutdown = %v, want nil", err)
		}
	})
}

// Serve returns as soon as Shutdown is called, even with no room for another
// connection; and Shutdown may come twice, or before Serve.
func TestStop_Twice(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		held, release := gate(t)
		s := &http1.Server{MaxConns: 1, WriteTimeout: time.Hour, Handler: func(w *http1.Response, r *http1.Request) { <-held }}
		h := open(t, s)
		w := h.connect()
		w.send(get("/"))
		down := make(chan error, 2)
		synctest.Wait()
		go func() { down <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		go func() { down <- s.Shutdown(t.Context()) }()
		synctest.Wait()
		select {
		case err := <-h.served:
			if !errors.Is(err, http1.ErrServerClosed) {
				t.Errorf("Serve = %v after Shutdown, want ErrServerClosed", err)
			}
		default:
			t.Error("Serve waits for a connection to leave (MaxConns is 1 and one is open) and does not see that Shutdown was called")
		}
		release()
		w.reply("GET")
		for range 2 {
			if err := <-down; err != nil {
				t.Errorf("each of two Shutdowns must return nil when the last connection is gone, got %v", err)
			}
		}
	})

	never := &http1.Server{Handler: func(*http1.Response, *http1.Request) {}}
	claim.Terminates(t, 5*time.Second, func() {
		if err := never.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown of a server that has never served = %v, want nil", err)
		}
	})
	h := &house{t: t, conns: make(chan net.Conn), closed: make(chan struct{})}
	h.close = sync.OnceValue(func() error { close(h.closed); return nil })
	claim.Terminates(t, 5*time.Second, func() {
		if err := never.Serve(h); !errors.Is(err, http1.ErrServerClosed) {
			t.Errorf("Serve after Shutdown = %v, want ErrServerClosed", err)
		}
	})
	select {
	case <-h.closed:
	default:
		t.Error("Serve after Shutdown returned, and left its listener open")
	}
}

// One server serves several listeners, and Shutdown ends them all.
func TestStop_TwoListeners(t *testing.T) {
	s := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }}
	houses := []*house{open(t, s), open(t, s)}
	for _, h := range houses {
		w := h.connect()
		w.send(get("/in"))
		w.want(w.reply("GET").body == "/in", "a server with two listeners must serve both")
	}
	claim.Terminates(t, 5*time.Second, func() {
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
	})
	for _, h := range houses {
		if err := heard(t, h.served); !errors.Is(err, http1.ErrServerClosed) {
			t.Errorf("one of two Serves returned %v after Shutdown, want ErrServerClosed of both", err)
		}
	}
}

// A connection that comes out of the listener when Shutdown has begun is closed
// unheard: nobody would wait for its end.
func TestStop_LateAccept(t *testing.T) {
	late := &lateListener{accepting: make(chan struct{}), closed: make(chan struct{}), conn: &script{in: strings.NewReader(get("/")), closed: make(chan struct{})}}
	called := make(chan struct{}, 1)
	s := &http1.Server{Handler: func(*http1.Response, *http1.Request) { called <- struct{}{} }}
	served := make(chan error, 1)
	go func() { served <- s.Serve(late) }()
	claim.Terminates(t, 5*time.Second, func() { <-late.accepting })
	claim.Terminates(t, 5*time.Second, func() {
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown of a server without connections = %v", err)
		}
		if err := <-served; !errors.Is(err, http1.ErrServerClosed) {
			t.Errorf("a connection came out of Accept after Shutdown; Serve = %v, want ErrServerClosed", err)
		}
	})
	select {
	case <-late.conn.closed:
	case <-time.After(5 * time.Second):
		t.Error("a connection that came out of Accept after Shutdown was not closed: its client waits")
	}
	if len(called) > 0 {
		t.Error("a connection that came out of Accept after Shutdown was served. Shutdown has returned by then, and the process may end in the middle")
	}
}

// A lateListener has one connection, which Accept returns when the listener is
// closed: accept(2) had it already.
type lateListener struct {
	once, first sync.Once
	accepting   chan struct{} // closed by the first Accept
	closed      chan struct{}
	conn        *script
}

func (l *lateListener) Accept() (c net.Conn, err error) {
	err = net.ErrClosed
	l.first.Do(func() {
		close(l.accepting)
		<-l.closed
		c, err = l.conn, nil
	})
	return c, err
}

func (l *lateListener) Close() error   { l.once.Do(func() { close(l.closed) }); return nil }
func (l *lateListener) Addr() net.Addr { return &net.TCPAddr{} }

// A request that arrives on an idle connection after Shutdown has closed it is not
// served: nobody would hear the answer.
func TestStop_TooLate(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		calls := make(chan string, 2)
		s := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { calls <- string(r.Path) }}
		h := open(t, s)
		ours, theirs := net.Pipe()
		h.conns <- &lateBytes{Conn: theirs, late: get("/late")}
		w := newWire(t, ours)
		w.send(get("/first"))
		w.reply("GET")
		synctest.Wait()
		if err := s.Shutdown(t.Context()); err != nil {
			t.Errorf("Shutdown = %v", err)
		}
		if got := <-calls; got != "/first" || len(calls) > 0 {
			t.Errorf("the handler was called for %q, and %d times after that. Shutdown had closed the connection, which was idle, before its next request arrived: what is done for that, nobody can be told", got, len(calls))
		}
	})
}

// lateBytes is a connection on which a request arrives in the moment in which the
// server closes it.
type lateBytes struct {
	net.Conn
	late   string
	closed atomic.Bool
}

func (c *lateBytes) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if err != nil && c.closed.Load() && c.late != "" {
		n, c.late = copy(p, c.late), ""
		return n, nil
	}
	return n, err
}

func (c *lateBytes) Close() error { c.closed.Store(true); return c.Conn.Close() }

// When Shutdown gives up on a handler, its client learns so at once, over a socket
// as well; and the handler's panic is told to the log of the server.
func TestStop_CutsOff(t *testing.T) {
	held, release := gate(t)
	called := make(chan struct{})
	s := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { close(called); <-held }}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- s.Serve(l) }()
	w := connect(t, l.Addr().String())
	w.send(get("/"))
	claim.Terminates(t, 5*time.Second, func() { <-called })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	claim.Terminates(t, 5*time.Second, func() {
		if err := s.Shutdown(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("Shutdown with a stuck handler = %v, want context.DeadlineExceeded", err)
		}
	})
	w.ends("Shutdown has given up, though the handler is still stuck: its client need not wait for it")
	release()
	if err := heard(t, served); !errors.Is(err, http1.ErrServerClosed) {
		t.Errorf("Serve = %v, want ErrServerClosed", err)
	}
}

// The log of the server is told of a panic: what it was, and where.
func TestStop_PanicIsLogged(t *testing.T) {
	var log bytes.Buffer
	h := open(t, &http1.Server{Log: slog.New(slog.NewJSONHandler(&log, nil)), Handler: func(*http1.Response, *http1.Request) { panic("at the disco") }})
	w := h.connect()
	w.send(get("/"))
	w.want(w.reply("GET").status == 500, "want 500 for a handler that panics")
	w.ends("the handler panicked")
	var entry map[string]any
	if err := json.Unmarshal(log.Bytes(), &entry); err != nil {
		t.Fatalf("a handler panicked, and Server.Log was told %q, want one entry", log.String())
	}
	told := fmt.Sprintln(slices.Collect(maps.Values(entry))...)
	if !strings.Contains(told, "at the disco") || !strings.Contains(told, "TestStop_PanicIsLogged") {
		t.Errorf("a handler panicked with what it said, and the values of the log's entry name the panic: %v, and on its stack the handler: %v. Without both nobody will find it", strings.Contains(told, "at the disco"), strings.Contains(told, "TestStop_PanicIsLogged"))
	}
}
