package http1

import (
	"bytes"
	"cmp"
	"errors"
	"io"
	"net"
	"os"
	"runtime/debug"
	"sync/atomic"
	"syscall"
	"time"
)

// A conn is one connection. One goroutine owns it; only phase is touched by
// another. The goroutine blocks wherever it must wait, so the parser is plain code
// that asks for the next line: the runtime's poller does what an event loop
// would do, and keeps the state of the parser on a stack instead of in a machine.
//
// in is the one buffer for all that is read:
//
//	0         keep        r            w           len(in)
//	|  head …  |          |   unread   |    room     |
//
// What the handler sees points below keep, so nothing below keep moves or changes
// until it has returned. What is above moves down to keep when room gets short,
// and only when that is not enough is a larger buffer made; the handler's views
// then stay on the old one, which the collector keeps for them.
//
//hone:hide request
type conn struct {
	s   *Server
	rwc net.Conn

	in   []byte
	keep int
	r, w int
	at   int // in the section (head, chunk header, trailers) that starts at r: where its next line starts
	seen int // and up to where we know of no other LF; both relative to r, which may move

	req *Request
	res *Response
	out []byte // what goes out next

	opened bool                  // the head of the next request is already in req
	raw    syscall.RawConn       //hone:hide fast
	ready  func(fd uintptr) bool //hone:hide fast
	ended  bool                  //hone:hide fast
	pair   [2][]byte             //hone:hide body
	pieces net.Buffers           //hone:hide body

	began    time.Time     // first byte of the current request, or accept
	now      time.Time     // of the last Read, near enough for a Date
	date     [29]byte      // of second
	second   int64         // Unix time
	patience time.Duration //hone:hide patience
	readBy   time.Time     //hone:hide patience
	readSet  time.Time     //hone:hide patience
	writeSet time.Time     //hone:hide patience
	asked    time.Time     //hone:hide patience
	slots    chan struct{} //hone:hide patience
	phase    atomic.Int32  //hone:hide stop
}

// Sizes that are not worth a setting. A body is read past the buffer into what is
// as large.
//
//hone:hide request
const bufferSize = 4 << 10 // of what is read, and of what a response gathers before it goes

// More of them.
//
//hone:hide body
const (
	drainLimit = 256 << 10 // unread body that is worth reading to keep the connection; net/http's figure
	lingerTime = time.Second
	unknown    = -1 // length of a response that has not been declared
)

//hone:hide request
func newConn(s *Server, rwc net.Conn) *conn {
	c := &conn{s: s, rwc: rwc, in: make([]byte, bufferSize), began: time.Now()}
	if sc, ok := rwc.(syscall.Conn); ok { //hone:line fast
		c.raw, _ = sc.SyscallConn()
		c.ready = c.step
	}
	return c
}

// The phases of a connection, for Shutdown. Two parties want to change idle: the
// connection when a byte has come, to busy, and Shutdown, to retired. Each swaps,
// and what it gets back tells it whether the other was first.
//
//hone:hide stop
const (
	fresh   = iota // accepted, nothing read yet: the client is most likely about to speak
	busy           // reading or answering
	idle           // between two requests
	retired        // Shutdown was here: closed if it was idle, and else about to end by itself
)

// abort ends a connection that does something. It must not wait for the
// handler, and Close does when the handler runs inside poll.
//
//hone:hide stop
func (c *conn) abort() {
	if half, ok := c.rwc.(interface{ CloseWrite() error }); ok {
		half.CloseWrite()
	}
	go c.rwc.Close()
}

// retire ends a connection that does nothing. Shutdown calls it.
//
// A fresh connection is not idle: its client connected in order to ask, and
// nobody has told it that we are leaving. It gets a moment for its first byte.
//
//hone:hide stop
func (c *conn) retire() {
	switch c.phase.Swap(retired) {
	case idle:
		c.rwc.Close()
	case fresh:
		c.rwc.SetReadDeadline(time.Now().Add(lingerTime))
	}
}

// serve is the life of a connection.
//
//hone:hide request
func (c *conn) serve() {
	defer c.end()
	for {
		if !c.poll() { //hone:line fast
			return
		}
		if !c.opened && !(c.await() && c.open()) {
			return
		}
		c.opened = false
		if !c.answer() {
			return
		}
	}
}

// end leaves nothing behind.
//
//hone:hide request
func (c *conn) end() {
	c.hearOut() //hone:line body
	c.rwc.Close()
	if cap(c.slots) > 0 { //hone:line patience
		<-c.slots
	}
	c.s.leave(nil, c) //hone:line stop
}

// await waits for the first bytes of the next request. Bytes that came with the
// request before (pipelining, RFC 9112 §9.3.2) are already here: who reads a
// socket into a fresh buffer for each request loses them.
//
//hone:hide request
func (c *conn) await() bool {
	if c.r < c.w {
		return true
	}
	return c.rest() && c.fill() == nil && c.woke()
}

// rest is what is done before the wait for a request.
//
//hone:hide request
func (c *conn) rest() bool {
	c.r, c.w = 0, 0
	if len(c.in) > bufferSize {
		// A long head was here. An idle connection keeps neither its buffer nor
		// the place for its fields.
		c.in, c.req.fields = make([]byte, bufferSize), nil
	}
	if c.res == nil { //hone:line patience
		c.wait(c.began, cmp.Or(c.s.HeadTimeout, 10*time.Second))
	} else {
		c.wait(c.now, cmp.Or(c.s.IdleTimeout, 2*time.Minute))
	}
	if c.res != nil { //hone:line stop
		// Idle first, then look whether we are closing: Shutdown does it the
		// other way round, so one of the two sees the other.
		c.phase.Store(idle)
		return !c.s.closing.Load()
	}
	return true
}

// woke is what is done after it.
//
//hone:hide request
func (c *conn) woke() bool {
	if c.phase.Swap(busy) == retired { //hone:line stop
		c.readSet = time.Time{} // Shutdown has moved the deadline of a fresh connection
		return c.res == nil     // and has closed one that was idle
	}
	return true
}

// open takes in the head of the next request. Nobody is left to be answered when
// it returns false.
//
//hone:hide request
func (c *conn) open() bool {
	if c.res != nil {
		c.began = c.now // on a new connection the clock of the head runs since accept
	}
	c.asked = c.now //hone:line patience
	if c.res == nil {
		c.exchange()
	}
	err := c.head(c.req)
	if err != nil {
		c.refuse(err)
	}
	return err == nil
}

// answer calls the handler and sends what it left. It reports whether the
// connection can carry another exchange.
//
//hone:hide request
func (c *conn) answer() bool {
	ok := c.handle(c.res, c.req)
	c.now = time.Now()
	c.keep = 0 // the handler's views are no more
	c.exchange()
	return ok
}

// exchange makes the two halves of an exchange clean. It is called when one is over,
// not when the next begins: views that nobody uses any more would keep a buffer
// alive for as long as the connection is idle.
//
//hone:hide request
func (c *conn) exchange() {
	// The same two, with the memory that they have grown, serve every exchange
	// of the connection. That is safe because the API says how long they are
	// valid, and it is the whole secret of no allocation: memory belongs to the
	// connection. sync.Pool would need two calls an exchange for the same.
	if c.res != nil { //hone:line fast
		*c.req = Request{c: c, fields: c.req.fields[:0], body: body{trailers: c.req.trailers[:0]}}
		*c.res = Response{c: c, status: 200, fields: c.res.fields[:0], body: c.res.body[:0], trailers: c.res.trailers[:0]}
		c.res.length = unknown
		return
	}
	c.req = &Request{c: c}
	c.res = &Response{c: c, status: 200}
	c.res.length = unknown //hone:line body
}

// handle does the work of answer.
//
//hone:hide request
func (c *conn) handle(w *Response, r *Request) (ok bool) {
	defer func() { //hone:line stop
		v := recover()
		if v == nil {
			return
		}
		c.s.log().Error("handler panicked", "value", v, "stack", string(debug.Stack()))
		// Half a response cannot be taken back. What can be done is to make
		// it visibly half: no last chunk, or fewer bytes than announced,
		// and the end of the connection (RFC 9112 §8).
		if !w.sent {
			c.refuse(errPanic)
		}
	}()
	c.s.Handler(w, r)
	if r.err != nil && r.err != io.EOF { //hone:line body
		if !w.sent {
			c.refuse(r.err)
		}
		return false
	}
	w.keep = w.finish() == nil && w.keep
	if w.keep { //hone:line body
		w.keep = r.drain()
	}
	return w.keep
}

// What can go wrong beside the request itself.
//
//hone:hide patience
var errSlow = &refusal{status: 408, why: "the request took too long"}

//hone:hide stop
var errPanic = &refusal{status: 500, why: "the handler failed"}

// A refusal is an error with the answer that it deserves.
//
//hone:hide request
type refusal struct {
	status int
	why    string
	kind   error // what errors.Is finds
}

//hone:hide request
func (e *refusal) Error() string { return "http1: " + e.why }

//hone:hide request
func (e *refusal) Unwrap() error { return e.kind }

// refuse answers a request that cannot be served, and says why: whoever debugs
// the client reads it, and an attacker learns nothing that this file does not say.
// The connection ends after it, always: where this request stops and the next
// one starts is no longer known (RFC 9112 §2.2, §6.3).
//
//hone:hide request
func (c *conn) refuse(err error) {
	var no *refusal
	if errors.Is(err, os.ErrDeadlineExceeded) { //hone:line patience
		no = errSlow // RFC 9110 §15.5.9
	}
	if no == nil && !errors.As(err, &no) {
		return // the client went away and hears nothing
	}
	w := c.res
	w.status, w.keep = no.status, false
	w.fields, w.body = w.fields[:0], w.body[:0]
	w.trailers, w.length = w.trailers[:0], unknown //hone:line body
	w.Add("Content-Type", "text/plain; charset=utf-8")
	w.WriteString(no.why + "\n")
	w.finish()
}

// hearOut closes our half and reads on for a moment. Closing a socket that has
// unread bytes sends RST, and an RST that overtakes the response makes the
// client's kernel throw the response away: the 413 that nobody ever sees (RFC
// 9112 §9.6).
//
//hone:hide body
func (c *conn) hearOut() {
	half, ok := c.rwc.(interface{ CloseWrite() error })
	if !ok || half.CloseWrite() != nil {
		return
	}
	c.rwc.SetReadDeadline(time.Now().Add(lingerTime))
	for {
		if _, err := c.rwc.Read(c.in); err != nil {
			return
		}
	}
}

// fill reads more behind w, at least a byte.
//
//hone:hide request
func (c *conn) fill() error {
	c.room()
	n, err := c.read(c.in[c.w:])
	c.w += n
	return err
}

// read is one Read of the connection. In all that calls it more is expected, so
// the end is unexpected.
//
//hone:hide request
func (c *conn) read(p []byte) (int, error) {
	c.armRead() //hone:line patience
	n, err := c.rwc.Read(p)
	c.now = time.Now()
	if n > 0 {
		return n, nil // an error that came with bytes comes again without
	}
	if err == io.EOF {
		err = io.ErrUnexpectedEOF
	}
	return 0, err
}

// room makes sure that there is room behind w.
//
//hone:hide request
func (c *conn) room() {
	if c.w < len(c.in) {
		return
	}
	c.w = c.keep + copy(c.in[c.keep:], c.in[c.r:c.w])
	c.r = c.keep
	if c.w == len(c.in) {
		c.in = append(c.in, c.in...) // twice as long, and never the old one, which may be looked at
	}
}

// line returns the next line of the section at r, without its end, and moves at
// behind it; r stays. At most limit bytes may stand between r and the CR LF. The
// search resumes where it stopped, so a head that comes byte by byte costs one
// look per byte and not one per byte and byte before.
//
//hone:hide request
func (c *conn) line(limit int, over error) ([]byte, error) {
	for {
		i := bytes.IndexByte(c.in[c.r+c.seen:c.w], '\n')
		come := c.w - c.r
		if i >= 0 {
			i += c.seen
			come = i
		}
		if come > limit+len("\r") { //hone:line strict
			return nil, over
		}
		if i < 0 {
			c.seen = come
			if err := c.fill(); err != nil {
				return nil, err
			}
			continue
		}
		line := c.in[c.r+c.at : c.r+i]
		c.at, c.seen = i+1, i+1
		// §2.2 lets a server take a bare LF for the end of a line. We don't: a
		// proxy before us that reads it as part of a value sees other lines.
		if n := len(line); n == 0 || line[n-1] != '\r' { //hone:line strict
			return nil, errLF
		}
		return bytes.TrimSuffix(line, []byte("\r")), nil
	}
}

// next ends the section: what follows it is now at r.
//
//hone:hide request
func (c *conn) next() {
	c.r += c.at
	c.at, c.seen = 0, 0
}

// wait says how long the next reads may take, all together.
//
//hone:hide patience
func (c *conn) wait(from time.Time, span time.Duration) {
	c.readBy, c.patience = from.Add(span), span
}

// slack is the part of a span by which its deadline may be early.
//
//hone:hide fast
const slack = 8

// stands reports whether a deadline will do as it was set. One that is early by less
// than an eighth of its span does. Moving a timer of the runtime takes a lock and
// 100 ns, twice an exchange, and a service that is busy would do it for nothing.
//
//hone:hide fast
func stands(set, wanted time.Time, span time.Duration) bool {
	d := wanted.Sub(set)
	return d >= 0 && d < span/slack
}

// armRead sets the deadline of the next Read. It is the same for every Read of a
// head, or of a body: a deadline that each byte pushes further is the hole that
// slowloris lives in, one byte every nine seconds, for ever.
//
//hone:hide patience
func (c *conn) armRead() {
	if stands(c.readSet, c.readBy, c.patience) { //hone:line fast
		return
	}
	c.readSet = c.readBy
	c.rwc.SetReadDeadline(c.readBy)
}

// armWrite does the same for the response. now is when the head of the request
// was complete, so a client that takes its response in sips is cut off too.
//
//hone:hide patience
func (c *conn) armWrite() {
	span := cmp.Or(c.s.WriteTimeout, time.Minute)
	by := c.asked.Add(span)
	if stands(c.writeSet, by, span) { //hone:line fast
		return
	}
	c.writeSet = by
	c.rwc.SetWriteDeadline(by)
}
