// Package http1 serves HTTP/1.1 and HTTP/1.0 as RFC 9110 (semantics) and RFC
// 9112 (messages) define them, from the bytes up.
//
// A [Server] reads requests from connections and calls its [Handler] for each.
// What a [Request] shows is a view into the connection's own buffer, and what a
// [Response] is told goes into another, so an exchange needs no memory of its own.
//
// Deliberately absent: TLS, HTTP/2, upgrades, content codings, routing, and any
// repair of a malformed message. What the RFCs do not allow, and what they allow
// but two parsers could read in two ways, is answered with an error and the end
// of the connection.
//
// Start with [Server.Serve].
package http1

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// A Handler answers one request. It runs on the goroutine of the connection, so
// the next request of that connection waits for it. w and r, and every slice
// that r gives out, are valid until it returns: copy what must live longer.
type Handler func(w *Response, r *Request)

// A Server is the configuration of a server and, once Serve was called, the
// server itself: do not copy it, and set the fields before. Zero limits are safe
// defaults, not "no limit": a server that waits for ever is one that anybody can
// switch off.
type Server struct {
	Handler Handler // required

	MaxLine   int   // bytes of a request line without its CR LF, past which the answer is 414; 0 is 8 KiB
	MaxHeader int   // bytes of the field lines of a request, with CR LF, and again of its trailers, past which it is 431; 0 is 32 KiB
	MaxBody   int64 // bytes of a request body, past which it is 413; 0 is 32 MiB
	MaxConns  int   // connections accepted and not yet closed, per call of Serve; others wait in the listener; 0 is no limit

	HeadTimeout  time.Duration // from the first byte of a request, or from accept, to the end of its head; 0 is 10 s
	ReadTimeout  time.Duration // from the first byte of a request to the end of its body; 0 is 1 min
	WriteTimeout time.Duration // from the end of the head of a request to the end of the response; 0 is 1 min
	IdleTimeout  time.Duration // between the end of a response and the first byte of the next request; 0 is 2 min

	Log *slog.Logger // told of panics and of trouble with accept; nil is slog.Default()

	life //hone:hide stop
}

// Errors of this package. Reading a body can also return io.ErrUnexpectedEOF,
// when the client left in the middle, and os.ErrDeadlineExceeded.
var (
	ErrServerClosed = errors.New("http1: server closed")
	ErrTooLarge     = errors.New("http1: request body longer than the server allows")
	ErrMalformed    = errors.New("http1: malformed request body")
	ErrField        = errors.New("http1: field name or value that may not be sent")
	ErrLength       = errors.New("http1: more body than the declared length")
)

// Serve accepts connections from l and serves each on its own goroutine. It
// returns ErrServerClosed after Shutdown, or the first error of l that will not
// pass. It closes l.
//
//hone:stage request
func (s *Server) Serve(l net.Listener) error {
	defer l.Close()
	if !s.enter(l) { //hone:line stop
		return ErrServerClosed
	}
	defer s.leave(l, nil)                            //hone:line stop
	slots := make(chan struct{}, max(0, s.MaxConns)) //hone:line patience
	for {
		// Taking the slot before accept leaves the client in the kernel's queue,
		// where it costs no descriptor and no goroutine, and where a load
		// balancer can see the queue grow. Accepting in order to refuse
		// would cost both, under attack, at the worst moment.
		if s.MaxConns > 0 { //hone:line patience
			select {
			case slots <- struct{}{}:
			case <-s.done: //hone:line stop
				return ErrServerClosed
			}
		}
		rwc, err := s.accept(l)
		if err != nil {
			return err
		}
		c := newConn(s, rwc)
		c.slots = slots      //hone:line patience
		if !s.enterConn(c) { //hone:line stop
			rwc.Close()
			return ErrServerClosed
		}
		go c.serve()
	}
}

// How long accept waits, at first and in the end.
//
//hone:hide patience
const (
	leastWait = 5 * time.Millisecond
	mostWait  = time.Second
)

// accept is l.Accept with the errors that will pass waited out.
//
//hone:hide request
func (s *Server) accept(l net.Listener) (net.Conn, error) {
	var wait time.Duration //hone:line patience
	for {
		rwc, err := l.Accept()
		if err == nil {
			return rwc, nil
		}
		if s.closing.Load() { //hone:line stop
			return nil, ErrServerClosed
		}
		// Out of descriptors (EMFILE) the listener stays readable, so a loop
		// without a pause burns a core, and a return stops the service for
		// good although the next close would have cured it. net/http waits
		// 5 ms and doubles up to 1 s, and so do we.
		var passing interface{ Temporary() bool }            //hone:line patience
		if errors.As(err, &passing) && passing.Temporary() { //hone:line patience
			wait = min(max(wait+wait, leastWait), mostWait)
			s.log().Error("accept", "err", err, "wait", wait)
			time.Sleep(wait)
			continue
		}
		return nil, err
	}
}

// Shutdown stops the server in good order. No new connection is accepted, idle
// ones are closed at once, and what was begun is finished: a request that is
// being read or answered gets its whole response, with Connection: close if its
// head has not gone yet. Shutdown returns nil when the last connection is gone.
// When ctx ends first, it closes what is left and returns the error of ctx.
//
//hone:stage stop
func (s *Server) Shutdown(ctx context.Context) error {
	s.mu.Lock()
	if !s.closing.Swap(true) {
		s.ready()
		close(s.done)
	}
	for l := range s.listeners {
		l.Close()
	}
	for c := range s.conns {
		c.retire()
	}
	drained := s.drained
	s.mu.Unlock()

	select {
	case <-drained:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.conns {
		c.abort()
	}
	return ctx.Err()
}

// life is what a server must know about itself in order to stop. A loop in
// Serve counts as alive like a connection does: otherwise Shutdown could find
// nothing to wait for while a connection is on its way from accept to enterConn,
// and report a rest that is about to end.
//
//hone:hide stop
type life struct {
	closing atomic.Bool // read on every exchange, so not under mu

	mu        sync.Mutex // guards what follows
	listeners map[net.Listener]struct{}
	conns     map[*conn]struct{}
	done      chan struct{} // closed when Shutdown begins; set once, so who has entered may read it without mu
	drained   chan struct{} // closed when it has nothing left to wait for
}

// ready makes the zero life usable. Called with mu held.
//
//hone:hide stop
func (s *life) ready() {
	if s.done == nil {
		s.listeners = make(map[net.Listener]struct{})
		s.conns = make(map[*conn]struct{})
		s.done = make(chan struct{})
		s.drained = make(chan struct{})
	}
	s.settle()
}

// settle closes drained once the server is closing and empty. Called with mu held.
//
//hone:hide stop
func (s *life) settle() {
	if !s.closing.Load() || len(s.listeners)+len(s.conns) > 0 {
		return
	}
	select {
	case <-s.drained:
	default:
		close(s.drained)
	}
}

// enter counts a loop of Serve, unless the server is closing.
//
//hone:hide stop
func (s *life) enter(l net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.ready()
	if s.closing.Load() {
		return false
	}
	s.listeners[l] = struct{}{}
	return true
}

// enterConn counts a connection. One that accept returned after Shutdown began
// has been promised nothing yet, and is refused.
//
//hone:hide stop
func (s *life) enterConn(c *conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closing.Load() {
		return false
	}
	s.conns[c] = struct{}{}
	return true
}

// leave takes a loop, or a connection, off the count.
//
//hone:hide stop
func (s *life) leave(l net.Listener, c *conn) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.listeners, l)
	delete(s.conns, c)
	s.settle()
}

//hone:hide request
func (s *Server) maxLine() int { return cmp.Or(s.MaxLine, 8<<10) }

//hone:hide request
func (s *Server) maxHeader() int { return cmp.Or(s.MaxHeader, 32<<10) }

//hone:hide strict
func (s *Server) maxBody() int64 { return cmp.Or(s.MaxBody, 32<<20) }

// log returns the logger.
//
//hone:hide patience
func (s *Server) log() *slog.Logger { return cmp.Or(s.Log, slog.Default()) }
