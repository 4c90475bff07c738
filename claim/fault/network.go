package fault

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// A Link is how one direction of a network behaves. The zero Link is perfect.
type Link struct {
	Delay  time.Duration // everything arrives this much later
	Jitter time.Duration // and up to this much more, at random; a stream keeps its order, datagrams do not

	Segment int           // most bytes of a stream that arrive at once; 0 = as they come
	Gap     time.Duration // between two segments: with a small Segment, a slow reader or writer

	Blackhole bool  // nothing arrives and nobody is told: a partition of this direction
	CutAfter  int64 // reset the connection after this many bytes of a stream; 0 = never

	// Probabilities for each datagram, 0 to 1. Streams ignore them: TCP repairs
	// loss, so its users only ever see delay, silence and reset.
	Loss, Duplicate, Reorder float64
}

// A Network makes connections misbehave. Its faults can be changed at any time
// and hold for connections that exist as well as for new ones. Make one with
// [NewNetwork]. Its methods may be called concurrently.
//
// Directions are seen from the side that was wrapped: Out is what it writes, In
// is what it reads. For a [Proxy] the wrapped side is the client.
type Network struct {
	mu      sync.Mutex
	rng     *rand.Rand
	out, in Link
	live    map[resetter]struct{}
}

type resetter interface {
	reset()
	changed()
}

// NewNetwork returns a perfect network. Random faults are drawn from rng; nil is
// allowed where there are none.
func NewNetwork(rng *rand.Rand) *Network {
	if rng == nil {
		rng = rand.New(rand.NewPCG(1, 1))
	}
	return &Network{rng: rng, live: map[resetter]struct{}{}}
}

// Out sets how what is written behaves.
func (n *Network) Out(l Link) { n.set(func() { n.out = l }) }

// In sets how what is read behaves.
func (n *Network) In(l Link) { n.set(func() { n.in = l }) }

// Both sets both directions.
func (n *Network) Both(l Link) { n.set(func() { n.out, n.in = l, l }) }

func (n *Network) set(change func()) {
	n.mu.Lock()
	change()
	live := n.conns()
	n.mu.Unlock()
	for _, c := range live {
		c.changed()
	}
}

// Reset breaks every connection: both ends see ECONNRESET where the underlying
// connection is TCP. New connections work.
func (n *Network) Reset() {
	n.mu.Lock()
	live := n.conns()
	n.mu.Unlock()
	for _, c := range live {
		c.reset()
	}
}

func (n *Network) conns() []resetter {
	var live []resetter
	for c := range n.live {
		live = append(live, c)
	}
	return live
}

func (n *Network) outLink() Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.out
}

func (n *Network) inLink() Link {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.in
}

// fork returns a generator for one direction of one connection, so that what one
// connection draws does not depend on the pace of another.
func (n *Network) fork() *rand.Rand {
	return rand.New(rand.NewPCG(n.rng.Uint64(), n.rng.Uint64()))
}

func (n *Network) add(c resetter) {
	n.live[c] = struct{}{}
}

func (n *Network) remove(c resetter) {
	n.mu.Lock()
	defer n.mu.Unlock()
	delete(n.live, c)
}

// Conn wraps a connection. It reads ahead and writes behind, up to 64 KiB in
// each direction, so Write returns before the other end has the bytes, as TCP's
// does. The wrapper must be closed; its goroutines end then. It works in a
// synctest bubble over [net.Pipe].
func (n *Network) Conn(c net.Conn) net.Conn {
	n.mu.Lock()
	w := &conn{Conn: c, net: n, bubble: inBubble()}
	w.out = newStream(n.outLink, n.fork(), w.reset)
	w.in = newStream(n.inLink, n.fork(), w.reset)
	n.add(w)
	n.mu.Unlock()
	w.ends.Go(w.send)
	w.ends.Go(w.receive)
	return w
}

// inBubble reports whether the caller runs in a synctest bubble: its goroutine
// says so in a stack dump, and there is no other way to ask.
func inBubble() bool {
	header := make([]byte, 128)
	return bytes.Contains(header[:runtime.Stack(header, false)], []byte("synctest bubble"))
}

// Listener wraps what Accept returns.
func (n *Network) Listener(l net.Listener) net.Listener { return listener{l, n} }

type listener struct {
	net.Listener
	net *Network
}

func (l listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	return l.net.Conn(c), nil
}

// DialContext dials and wraps. It fits [net/http.Transport].
func (n *Network) DialContext(ctx context.Context, network, address string) (net.Conn, error) {
	var d net.Dialer
	c, err := d.DialContext(ctx, network, address)
	if err != nil {
		return nil, err
	}
	return n.Conn(c), nil
}

// A conn is a wrapped connection: two streams, and two goroutines that move
// bytes between them and the connection below.
type conn struct {
	net.Conn
	net     *Network
	out, in *stream
	bubble  bool
	closed  atomic.Bool
	ends    sync.WaitGroup // of both goroutines
}

// closeGrace is how long a closed connection may take to hand over what was
// written before.
const closeGrace = time.Second

func (c *conn) send() {
	buf := make([]byte, streamLimit)
	for {
		n, err := c.out.pop(buf)
		if err != nil {
			c.finish(err)
			return
		}
		if _, err := c.Conn.Write(buf[:n]); err != nil {
			c.out.fail(err)
		}
	}
}

// finish ends the sending direction: everything written is with the other end,
// or never will be.
func (c *conn) finish(err error) {
	half, ok := c.Conn.(interface{ CloseWrite() error })
	if errors.Is(err, io.EOF) && ok && !c.in.closed() {
		half.CloseWrite()
		return
	}
	c.Conn.Close()
	c.net.remove(c)
}

func (c *conn) receive() {
	buf := make([]byte, streamLimit)
	for {
		n, err := c.Conn.Read(buf)
		if n > 0 && c.in.push(buf[:n]) != nil {
			return
		}
		if err != nil {
			c.in.end(err)
			return
		}
	}
}

func (c *conn) Read(p []byte) (int, error) {
	n, err := c.in.pop(p)
	return n, c.wrap("read", err)
}

func (c *conn) Write(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		if c.closed.Load() {
			return n, c.wrap("write", net.ErrClosed)
		}
		k := min(len(p)-n, streamLimit/4)
		if err := c.out.push(p[n : n+k]); err != nil {
			return n, c.wrap("write", err)
		}
		n += k
	}
	return n, nil
}

func (c *conn) wrap(op string, err error) error {
	if err == nil || err == io.EOF {
		return err
	}
	var already *net.OpError
	if errors.As(err, &already) {
		return err
	}
	a := c.LocalAddr()
	return &net.OpError{Op: op, Net: a.Network(), Source: a, Addr: c.RemoteAddr(), Err: err}
}

// Close lets what was written arrive, within closeGrace, and closes. It does not
// wait for that, except in a synctest bubble: there, time may stop right after.
func (c *conn) Close() error {
	if c.closed.Swap(true) {
		return c.wrap("close", net.ErrClosed)
	}
	c.in.fail(net.ErrClosed)
	c.out.end(io.EOF)
	c.Conn.SetWriteDeadline(time.Now().Add(closeGrace))
	c.out.abandon(time.Now().Add(closeGrace))
	if c.bubble {
		c.ends.Wait()
	}
	return nil
}

// CloseWrite ends the sending direction alone.
func (c *conn) CloseWrite() error {
	c.out.end(io.EOF)
	return nil
}

func (c *conn) reset() {
	if tcp, ok := c.Conn.(*net.TCPConn); ok {
		tcp.SetLinger(0)
	}
	c.in.fail(syscall.ECONNRESET)
	c.out.fail(syscall.ECONNRESET)
	c.Conn.Close()
	c.net.remove(c)
}

func (c *conn) changed() { c.in.changed(); c.out.changed() }

func (c *conn) SetDeadline(t time.Time) error {
	c.in.setPopDeadline(t)
	c.out.setPushDeadline(t)
	return nil
}

func (c *conn) SetReadDeadline(t time.Time) error {
	c.in.setPopDeadline(t)
	return nil
}

func (c *conn) SetWriteDeadline(t time.Time) error {
	c.out.setPushDeadline(t)
	return nil
}

// A Proxy is a TCP server on a loopback address that passes connections on to a
// target through a [Network]: for a client or server that runs in a process of
// its own.
type Proxy struct {
	Addr string // to dial, host:port

	mu     sync.Mutex
	target string
	net    *Network
	l      net.Listener
	wg     sync.WaitGroup
}

// Proxy starts a proxy to the target, host:port. It ends with the test.
func (n *Network) Proxy(t testing.TB, target string) *Proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatalf("proxy to %s: %v", target, err)
	}
	p := &Proxy{Addr: l.Addr().String(), target: target, net: n, l: l}
	ctx, cancel := context.WithCancel(context.Background())
	p.wg.Go(func() { p.serve(ctx) })
	t.Cleanup(func() {
		cancel()
		l.Close()
		p.wg.Wait()
	})
	return p
}

// Target sets where new connections go: a server that was started again on
// another port, say.
func (p *Proxy) Target(addr string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.target = addr
}

func (p *Proxy) serve(ctx context.Context) {
	for {
		client, err := p.l.Accept()
		if err != nil {
			return
		}
		p.wg.Go(func() { p.pass(ctx, client) })
	}
}

// pass joins a client with the target until both directions have ended.
func (p *Proxy) pass(ctx context.Context, client net.Conn) {
	defer client.Close()
	p.mu.Lock()
	target := p.target
	p.mu.Unlock()
	server, err := p.net.DialContext(ctx, "tcp", target)
	if err != nil {
		client.(*net.TCPConn).SetLinger(0) // refused: the client sees a reset
		return
	}
	defer server.Close()
	stop := context.AfterFunc(ctx, func() {
		client.Close()
		server.(*conn).reset()
	})
	defer stop()
	var both sync.WaitGroup
	both.Go(func() { relay(server, client) })
	both.Go(func() { relay(client, server) })
	both.Wait()
}

// relay copies until the source ends, and passes on how it ended.
func relay(dst, src net.Conn) {
	_, err := io.Copy(dst, onlyReader{src})
	if err == nil {
		dst.(interface{ CloseWrite() error }).CloseWrite()
		return
	}
	if tcp, ok := dst.(*net.TCPConn); ok {
		tcp.SetLinger(0)
		tcp.Close()
	} else {
		dst.(*conn).reset()
	}
	src.Close()
}

// onlyReader hides WriteTo, which would pass the wrapper by.
type onlyReader struct{ io.Reader }
