package http1_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// A script is a connection that is all there: what the client says is written
// down, what the server says is counted, and nobody waits for anybody.
type script struct {
	in      io.Reader // what the client says, and then it closes
	out     io.Writer // what the server says; nil is thrown away
	reads   int       // calls of Read that returned bytes
	writes  int
	closing sync.Once
	closed  chan struct{}
}

func (s *script) Read(p []byte) (int, error) {
	n, err := s.in.Read(p)
	if n > 0 {
		s.reads++
	}
	return n, err
}

func (s *script) Write(p []byte) (int, error) {
	s.writes++
	if s.out == nil {
		return len(p), nil
	}
	return s.out.Write(p)
}

func (s *script) Close() error {
	s.closing.Do(func() { close(s.closed) })
	return nil
}

func (s *script) LocalAddr() net.Addr              { return &net.TCPAddr{} }
func (s *script) RemoteAddr() net.Addr             { return &net.TCPAddr{} }
func (s *script) SetDeadline(time.Time) error      { return nil }
func (s *script) SetReadDeadline(time.Time) error  { return nil }
func (s *script) SetWriteDeadline(time.Time) error { return nil }

// A halved is a script that can close its one half, as TCP can, and notes how much
// the client had said that nobody had read when it was closed whole.
type halved struct {
	*script
	left   func() int
	half   bool
	unread int
}

func (h *halved) CloseWrite() error {
	h.half = true
	return nil
}

func (h *halved) Close() error {
	if !h.half {
		h.unread = h.left()
	}
	return h.script.Close()
}

// A single is a listener with one connection. Its second Accept returns when that
// is closed.
type single struct {
	conn     net.Conn
	closed   <-chan struct{}
	accepted bool
}

// alone lets a server serve c, which talks by s, until that is closed.
func alone(t testing.TB, server *http1.Server, c net.Conn, s *script) {
	t.Helper()
	claim.Terminates(t, 5*time.Second, func() { server.Serve(once(c, s)) })
}

// once returns a listener for c, which talks by s.
func once(c net.Conn, s *script) *single { return &single{conn: c, closed: s.closed} }

func (l *single) Accept() (net.Conn, error) {
	if !l.accepted {
		l.accepted = true
		return l.conn, nil
	}
	<-l.closed
	return nil, net.ErrClosed
}

func (l *single) Close() error   { return nil }
func (l *single) Addr() net.Addr { return &net.TCPAddr{} }
