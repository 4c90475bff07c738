package http1_test

import (
	"context"
	"errors"
	"net"
	"strings"
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
	addr, _ := serve(t)
	for range 3 {
		w := connect(t, addr)
		w.send(get("/panic") + get("/hello"))
		r := w.reply("GET")
		w.want(r.status == 500 && !strings.Contains(r.body, "never seen"), "a handler that panicked before anything was sent: want 500, got %d %q", r.status, r.body)
		w.ends("after a panic nothing of this connection can be trusted")

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
}
