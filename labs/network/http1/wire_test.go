package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"os/exec"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/claim/program"
	"github.com/hone-go/hone/labs/network/http1"
)

// What the checks share: the program as a process, the package inside the test,
// and a client that believes nothing. The client keeps all that went over the
// wire, so that a failure can point at the first wrong byte.

// get is a request without a body, as most checks send it.
func get(path string) string {
	return "GET " + path + " HTTP/1.1\r\nHost: hone.test\r\n\r\n"
}

// serve starts the program and returns where it listens.
func serve(t *testing.T, flags ...string) (addr string, p *program.Process) {
	t.Helper()
	p = program.Start(t, program.Options{Args: flags})
	return strings.TrimPrefix(p.Line("listening "), "listening "), p
}

// connect opens a connection to the program.
func connect(t *testing.T, addr string) *wire {
	t.Helper()
	c, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatalf("the program printed that it listens on %s, and then: %v", addr, err)
	}
	return newWire(t, c)
}

// A house is a server inside the test, whose connections are pipes: every
// Write of the client is exactly one Read of the server.
type house struct {
	t      testing.TB
	server *http1.Server
	conns  chan net.Conn
	closed chan struct{}
	served chan error
	close  func() error
	accept func() error // asked before every Accept
}

// open serves s in the test until its end.
func open(t testing.TB, s *http1.Server) *house {
	t.Helper()
	h := &house{t: t, server: s, conns: make(chan net.Conn), closed: make(chan struct{}), served: make(chan error, 1)}
	h.close = sync.OnceValue(func() error { close(h.closed); return nil })
	go func() {
		defer func() {
			if v := recover(); v != nil {
				h.served <- fmt.Errorf("panic: %v", v)
			}
		}()
		h.served <- s.Serve(h)
	}()
	t.Cleanup(func() { h.close() })
	return h
}

func (h *house) Accept() (net.Conn, error) {
	if h.accept != nil {
		if err := h.accept(); err != nil {
			return nil, err
		}
	}
	select {
	case c := <-h.conns:
		return c, nil
	case <-h.closed:
		return nil, net.ErrClosed
	}
}

func (h *house) Close() error   { return h.close() }
func (h *house) Addr() net.Addr { return &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)} }

// connect gives the server one end of a pipe and returns the other.
func (h *house) connect() *wire {
	h.t.Helper()
	ours, theirs := net.Pipe()
	timeout := time.NewTimer(patience)
	defer timeout.Stop()
	select {
	case h.conns <- theirs:
	case <-timeout.C:
		h.t.Fatalf("Serve has not called Accept for %v, and a client waits; it must accept until the listener fails or Shutdown is called", patience)
	case err := <-h.served:
		h.t.Fatalf("Serve returned (%v) while its listener was open; it must accept until the listener fails or Shutdown is called", err)
	}
	return newWire(h.t, ours)
}

// gate returns what a handler can wait for, and what lets it go. The end of the
// test lets it go as well.
func gate(t testing.TB) (held <-chan struct{}, release func()) {
	c := make(chan struct{})
	release = sync.OnceFunc(func() { close(c) })
	t.Cleanup(release)
	return c, release
}

// heard is what comes out of c, within 5 seconds.
func heard(t testing.TB, c <-chan error) (err error) {
	t.Helper()
	claim.Terminates(t, patience, func() { err = <-c })
	return err
}

// patience is how long a client waits for a byte, or to get rid of one, unless a
// check says otherwise.
const patience = 5 * time.Second

// A wire is the client's end of one connection.
type wire struct {
	t        testing.TB
	conn     net.Conn
	patience time.Duration // how long to wait for a byte

	mu   sync.Mutex
	log  []piece
	in   []byte    // all that was received
	read int       // how far it was understood
	err  error     // why there will be no more
	end  time.Time // since when
	more chan struct{}
}

// A piece is what one side wrote.
type piece struct {
	sent bool
	data []byte
}

func newWire(t testing.TB, c net.Conn) *wire {
	w := &wire{t: t, conn: c, patience: patience, more: make(chan struct{}, 1)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		buf := make([]byte, 64<<10)
		for {
			n, err := c.Read(buf)
			w.note(false, buf[:n], err)
			if err != nil {
				return
			}
		}
	}()
	t.Cleanup(func() { c.Close(); <-done })
	return w
}

func (w *wire) note(sent bool, data []byte, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if last := len(w.log) - 1; len(data) > 0 {
		if last >= 0 && w.log[last].sent == sent {
			w.log[last].data = append(w.log[last].data, data...)
		} else {
			w.log = append(w.log, piece{sent, bytes.Clone(data)})
		}
	}
	if !sent {
		if w.in, w.err = append(w.in, data...), err; err != nil {
			w.end = time.Now()
		}
		select {
		case w.more <- struct{}{}:
		default:
		}
	}
}

// send writes s in one Write. A server that no longer listens is not an error here.
func (w *wire) send(s string) {
	w.note(true, []byte(s), nil)
	w.conn.SetWriteDeadline(time.Now().Add(patience))
	io.WriteString(w.conn, s)
}

// rest returns what was received and not yet understood, at least n bytes of it,
// or fewer with the reason: io.EOF when the server closed.
func (w *wire) rest(n int) ([]byte, error) {
	timeout := time.NewTimer(w.patience)
	defer timeout.Stop()
	for {
		w.mu.Lock()
		rest, err := w.in[w.read:], w.err
		w.mu.Unlock()
		if len(rest) >= n {
			return rest, nil
		}
		if err != nil {
			return rest, io.EOF // a reset is an end, too
		}
		select {
		case <-w.more:
		case <-timeout.C:
			return rest, fmt.Errorf("nothing came for %v", w.patience)
		}
	}
}

// take returns the next n bytes.
func (w *wire) take(n int, what string) string {
	w.t.Helper()
	b, err := w.rest(n)
	if err != nil {
		w.wrong(len(b), "%s: want %d bytes more, got %d and then: %s", what, n, len(b), w.reason(err))
	}
	w.read += n
	return string(b[:n])
}

// line returns the next line, without its CR LF.
func (w *wire) line(what string) string {
	w.t.Helper()
	for n := 1; ; n++ {
		b, err := w.rest(n)
		if err != nil {
			w.wrong(len(b), "%s: the line does not end; %s", what, w.reason(err))
		}
		if b[n-1] != '\n' {
			continue
		}
		if n < 2 || b[n-2] != '\r' {
			w.wrong(n-1, "%s: a line ends with LF and not with CR LF (RFC 9112 §2.2)", what)
		}
		w.read += n
		return string(b[:n-2])
	}
}

// reason says why no more came.
func (w *wire) reason(err error) string {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(w.err, syscall.ECONNRESET):
		return "the server closed the connection with bytes of ours unread (" + w.err.Error() + ")"
	case err == io.EOF:
		return "the server closed the connection"
	}
	return err.Error()
}

// A reply is one response, taken apart.
type reply struct {
	interim []int // statuses of the 1xx before it
	status  int
	fields  [][2]string // names in lower case
	framing string      // "length", "chunked", "close" or "none"
	body    string
	chunks  int
	trailer [][2]string
}

// field returns the values of a field, joined.
func (r *reply) field(name string) string { return joined(r.fields, name) }

func joined(fields [][2]string, name string) string {
	var v []string
	for _, f := range fields {
		if f[0] == strings.ToLower(name) {
			v = append(v, f[1])
		}
	}
	return strings.Join(v, ", ")
}

// reply reads one response to a request with that method, as RFC 9112 §6.3 says
// where it ends. Whatever is not exactly a response fails the test.
func (w *wire) reply(method string) *reply {
	w.t.Helper()
	r := &reply{}
	for {
		r.status = w.statusLine()
		r.fields = w.section("header section")
		if r.status >= 200 {
			break
		}
		r.interim = append(r.interim, r.status)
	}
	w.body(r, method)
	return r
}

func (w *wire) statusLine() int {
	w.t.Helper()
	line := w.line("status line")
	code, ok := strings.CutPrefix(line, "HTTP/1.1 ")
	if !ok {
		code, ok = strings.CutPrefix(line, "HTTP/1.0 ")
	}
	if !ok {
		w.read -= len(line) + 2
		w.wrong(0, "a response starts with \"HTTP/1.1 \" (RFC 9112 §4)")
	}
	n, err := strconv.Atoi(code[:min(3, len(code))])
	if err != nil || len(code) < 4 || code[3] != ' ' {
		w.read -= len(code) + 2
		w.wrong(0, "after the version come three digits and a space (RFC 9112 §4)")
	}
	return n
}

func (w *wire) section(what string) (fields [][2]string) {
	w.t.Helper()
	for {
		line := w.line(what)
		if line == "" {
			return fields
		}
		name, value, ok := strings.Cut(line, ":")
		if !ok || name == "" || strings.ContainsAny(name, " \t\r\x00") {
			w.read -= len(line) + 2
			w.wrong(0, "%s: not a field line (RFC 9112 §5)", what)
		}
		if i := strings.IndexAny(value, "\r\x00"); i >= 0 {
			w.read -= len(value) + 2
			w.wrong(i, "%s: CR or NUL in the value of %s (RFC 9110 §5.5)", what, name)
		}
		fields = append(fields, [2]string{strings.ToLower(name), strings.Trim(value, " \t")})
	}
}

func (w *wire) body(r *reply, method string) {
	w.t.Helper()
	te, length := r.field("Transfer-Encoding"), r.field("Content-Length")
	switch {
	case te != "" && length != "":
		w.wrong(0, "the response has Transfer-Encoding and Content-Length: \"A sender MUST NOT send a Content-Length header field in any message that contains a Transfer-Encoding header field\" (RFC 9112 §6.2)")
	case method == "HEAD" || r.status == 204 || r.status == 304:
		r.framing = "none"
	case te == "chunked":
		r.framing = "chunked"
		w.chunks(r)
	case te != "":
		w.wrong(0, "Transfer-Encoding: %s was not asked for", te)
	case length != "":
		r.framing = "length"
		n, err := strconv.Atoi(length)
		if err != nil {
			w.wrong(0, "Content-Length: %s is not a number", length)
		}
		r.body = w.take(n, "body of the response")
	default:
		r.framing = "close"
		if !strings.Contains(strings.ToLower(r.field("Connection")), "close") && method != "HTTP/1.0" {
			w.wrong(0, "the response says neither how long its body is nor that the connection closes after it; the client waits for ever (RFC 9112 §6.3)")
		}
		r.body = w.untilEnd()
	}
}

func (w *wire) chunks(r *reply) {
	w.t.Helper()
	var b strings.Builder
	for {
		line := w.line("chunk size")
		n, err := strconv.ParseUint(line, 16, 31)
		if err != nil || line == "" {
			w.read -= len(line) + 2
			w.wrong(0, "a chunk starts with its size in hexadecimal and CR LF (RFC 9112 §7.1)")
		}
		if n == 0 {
			break
		}
		r.chunks++
		b.WriteString(w.take(int(n), "chunk"))
		if end := w.take(2, "end of a chunk"); end != "\r\n" {
			w.read -= 2
			w.wrong(0, "after the %d bytes of the chunk comes CR LF (RFC 9112 §7.1)", n)
		}
	}
	r.trailer = w.section("trailer section")
	r.body = b.String()
}

// untilEnd returns all that comes until the server closes.
func (w *wire) untilEnd() string {
	w.t.Helper()
	for n := 1; ; n++ {
		b, err := w.rest(n)
		if err == io.EOF {
			w.read += len(b)
			return string(b)
		}
		if err != nil {
			w.wrong(len(b), "the server must close the connection here; %s", w.reason(err))
		}
		n = len(b)
	}
}

// ends fails the test unless the server closes now without another byte.
func (w *wire) ends(why string) {
	w.t.Helper()
	b, err := w.rest(1)
	switch {
	case err == nil && len(b) > 0:
		w.wrong(0, "the connection must end here: %s", why)
	case err != io.EOF:
		w.wrong(0, "the connection must end here, and is still open: %s", why)
	}
}

// wrong fails the test now. at is the offset of the wrong byte behind what was
// understood.
func (w *wire) wrong(at int, format string, args ...any) {
	w.t.Helper()
	w.transcript(w.read + at)
	w.t.Fatalf(format, args...)
}

// want fails the test, with the transcript, unless ok.
func (w *wire) want(ok bool, format string, args ...any) {
	w.t.Helper()
	if !ok {
		w.transcript(-1)
		w.t.Fatalf(format, args...)
	}
}

// A transcript shows so many bytes of a line, and so many lines before the caret
// and after it.
const (
	shownBytes  = 160
	shownBefore = 30
	shownAfter  = 6
)

// transcript attaches what went over the wire, with a caret under the received
// byte at that offset. A negative offset is no byte.
func (w *wire) transcript(at int) {
	w.t.Helper()
	w.mu.Lock()
	defer w.mu.Unlock()
	var lines []string
	caret := -1
	add := func(mark string, line []byte, at int) {
		lines = append(lines, mark+quoted(line, max(0, at)))
		if at >= 0 {
			caret = len(lines)
			lines[caret-1] += under(line, at)
		}
	}
	pos := 0 // of the received bytes
	for _, p := range w.log {
		for line := range bytes.Lines(p.data) {
			switch {
			case p.sent:
				add("> ", line, -1)
			case at >= pos && at < pos+len(line):
				add("< ", line, at-pos)
			default:
				add("< ", line, -1)
			}
			if !p.sent {
				pos += len(line)
			}
		}
	}
	switch {
	case w.err != nil:
		lines = append(lines, "< (the server closed the connection)")
	case at == pos:
		lines = append(lines, "< (nothing more)")
	}
	if caret < 0 {
		caret = len(lines)
	}
	if to := caret + shownAfter; to < len(lines) {
		lines = append(lines[:to], "…")
	}
	if from := caret - shownBefore; from > 0 {
		lines = append([]string{"…"}, lines[from:]...)
	}
	claim.Show(w.t, claim.KindTranscript, "what went over the wire (> sent, < received)", strings.Join(lines, "\n"))
}

// quoted quotes the part of a line that holds its byte at.
func quoted(line []byte, at int) string {
	from, to := window(line, at)
	text := strconv.Quote(string(line[from:to]))
	if to-from < len(line) {
		text += fmt.Sprintf(" (bytes %d to %d of %d)", from, to, len(line))
	}
	return text
}

// under is a second line with a caret under byte at of what quoted shows.
func under(line []byte, at int) string {
	from, _ := window(line, at)
	return "\n" + strings.Repeat(" ", len("< ")+utf8.RuneCountInString(strconv.Quote(string(line[from:at])))-1) + "^"
}

func window(line []byte, at int) (from, to int) {
	from = max(0, at-shownBytes/2)
	return from, min(len(line), from+shownBytes)
}

// curl runs curl, and reports false where there is none: the check then says the
// same with bytes.
func curl(t *testing.T, stdin string, args ...string) (stdout string, ok bool) {
	t.Helper()
	path, err := exec.LookPath("curl")
	if err != nil {
		t.Log("curl is not installed; the same is checked with the bytes that it would send")
		return "", false
	}
	var out, trouble bytes.Buffer
	cmd := exec.Command(path, append([]string{"-q", "--silent", "--show-error", "--http1.1", "--noproxy", "*", "--max-time", "8"}, args...)...)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &out, &trouble
	if err := cmd.Run(); err != nil {
		claim.Show(t, claim.KindOutput, "curl "+strings.Join(args, " "), out.String()+trouble.String())
		t.Fatalf("curl gave up: %v. Its exit codes: 8 malformed reply, 18 body shorter than announced, 28 nothing came, 52 empty reply, 56 receive failed", err)
	}
	return out.String(), true
}
