package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// post is a request with a body and its length.
func post(path, body string) string {
	return fmt.Sprintf("POST %s HTTP/1.1\r\nHost: hone.test\r\nContent-Length: %d\r\n\r\n%s", path, len(body), body)
}

// chunked is a request with a body in chunks as given.
func chunked(path, chunks string) string {
	return "POST " + path + " HTTP/1.1\r\nHost: hone.test\r\nTransfer-Encoding: chunked\r\n\r\n" + chunks
}

// random returns n random bytes.
func random(rng *rand.Rand, n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rng.Uint32())
	}
	return b
}

// A body with Content-Length is read to its last byte and no further: the next
// request stands right behind it.
func TestBody_Length(t *testing.T) {
	addr, _ := serve(t)
	rng := claim.Rand(t)
	w := connect(t, addr)
	for _, n := range []int{0, 1, 2, 511, 512, 4095, 4096, 4097, 10_000, 100_000, 400_000, rng.IntN(300_000)} {
		body := string(random(rng, n))
		go w.send(post("/echo", body) + get("/hello"))
		r := w.reply("POST")
		w.want(r.status == 200, "POST /echo of %d bytes: status %d", n, r.status)
		claim.Bytes(t, fmt.Sprintf("echo of %d bytes", n), []byte(r.body), []byte(body))
		w.want(w.reply("GET").body == "hello", "the request behind a body of %d bytes must be found", n)
	}
}

// Go's client sends a body of unknown length, in chunks as they come; what comes
// back is the same.
func TestBody_ChunkedClient(t *testing.T) {
	addr, _ := serve(t)
	rng := claim.Rand(t)
	body := random(rng, 1<<20)
	r, w := io.Pipe()
	go func() {
		for rest := body; len(rest) > 0; {
			n := min(len(rest), 1+rng.IntN(20_000))
			w.Write(rest[:n])
			rest = rest[n:]
		}
		w.Close()
	}()
	client := &http.Client{Timeout: 8 * time.Second, Transport: &http.Transport{Proxy: nil}}
	defer client.CloseIdleConnections()
	resp, err := client.Post("http://"+addr+"/echo", "application/octet-stream", r)
	if err != nil {
		t.Fatalf("net/http's client posts 1 MiB in chunks: %v", err)
	}
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Errorf("net/http's client reads the echo: %v", err)
	}
	claim.Bytes(t, "echo of 1 MiB sent in chunks", got, body)
}

// curl sends 100 KB both ways, waiting for 100 Continue.
func TestBody_Curl(t *testing.T) {
	addr, _ := serve(t)
	body := strings.Repeat("a line of text that comes back\n", 3300)
	for _, extra := range []string{"X-Framing: length", "Transfer-Encoding: chunked"} {
		if out, ok := curl(t, body, "--header", "Expect: 100-continue", "--header", extra, "--data-binary", "@-", "http://"+addr+"/echo"); ok {
			claim.Bytes(t, "what curl got back with "+extra, []byte(out), []byte(body))
			continue
		}
		w := connect(t, addr)
		w.send(strings.Replace(post("/echo", ""), "Content-Length: 0", fmt.Sprintf("Content-Length: %d\r\nExpect: 100-continue", len(body)), 1))
		w.line("100 Continue")
		w.line("100 Continue")
		go w.send(body)
		w.want(w.reply("POST").body == body, "want the body back")
	}
}

// Chunks of every legal shape, cut anywhere, are one body, and the request
// behind them is found.
func TestBody_ChunksSplit(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		b, err := io.ReadAll(r)
		fmt.Fprintf(w, "%s %d %q %v %s", r.Path, r.Length, b, err, r.Trailer("x-SUM"))
	}})
	all := chunked("/a", "5\r\nhello\r\n"+"1;ext\r\n,\r\n"+"00b;a=b;c=\"d;e\"\r\n world\r\nEOF\r\n"+"A\r\n0123456789\r\n"+"0;last\r\nX-Sum:  42 \r\nOther: 1\r\n\r\n") +
		chunked("/b", "0\r\n\r\n") + get("/c")
	want := []string{
		`/a -1 "hello, world\r\nEOF0123456789" <nil> 42`,
		`/b -1 "" <nil> `,
		`/c 0 "" <nil> `,
	}
	check := func(cut string, pieces ...string) {
		t.Helper()
		w := h.connect()
		for _, p := range pieces {
			w.send(p)
		}
		for i := range want {
			r := w.reply("POST")
			w.want(r.body == want[i], "three requests, two of them chunked, cut %s. Answer %d:\n got %s\nwant %s\nRFC 9112 §7.1.1: \"A recipient MUST ignore unrecognized chunk extensions\"", cut, i+1, r.body, want[i])
		}
		w.conn.Close()
	}
	check("nowhere", all)
	for i := 1; i < len(all); i++ {
		check(fmt.Sprintf("at byte %d", i), all[:i], all[i:])
	}
	check("into single bytes", strings.Split(all, "")...)
}

// Trailers of a request are seen after its body, apart from its fields; those of
// a response arrive at Go's client.
func TestBody_Trailers(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	w.send(chunked("/trailers", "3\r\nabc\r\n0\r\nX-One: 1\r\nX-Two:  two words \r\nX-One: again\r\n\r\n") + get("/hello"))
	r := w.reply("POST")
	for _, line := range []string{"body 3 <nil>\n", "\"1\"\n", "\"two words\"\n", "\"again\"\n"} {
		w.want(strings.Contains(r.body, line), "what the handler saw of three trailer fields has no line with %s: %q", line, r.body)
	}
	w.want(r.framing == "chunked" && joined(r.trailer, "X-Count") == "3", "want a chunked response with the trailer X-Count: 3 (RFC 9112 §7.1.2), got %s and %v", r.framing, r.trailer)
	w.want(r.field("X-Count") == "", "a trailer must not be among the fields of the head")
	w.want(w.reply("GET").body == "hello", "want the next response right after the trailers")

	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{Proxy: nil}}
	defer client.CloseIdleConnections()
	resp, err := client.Post("http://"+addr+"/trailers", "text/plain", strings.NewReader("12345"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(resp.Body); err != nil {
		t.Errorf("net/http's client reads a body with trailers: %v", err)
	}
	claim.Equal(t, "trailer X-Count at net/http's client", resp.Trailer.Get("X-Count"), "5")
}

// The client that expects 100 Continue gets it when the handler reads, and only
// then sends the body.
func TestBody_Continue(t *testing.T) {
	addr, _ := serve(t)
	for value, body := range map[string]string{"100-continue": "hello", "100-Continue": "!"} {
		w := connect(t, addr)
		w.send(fmt.Sprintf("POST /echo HTTP/1.1\r\nHost: hone.test\r\nExpect: %s\r\nContent-Length: %d\r\n\r\n", value, len(body)))
		line := w.line("answer to Expect: " + value)
		w.want(strings.HasPrefix(line, "HTTP/1.1 100 "), "want 100 Continue before the body is sent, got %q. RFC 9110 §10.1.1: the server has to respond with \"an immediate response that contains either a final status code … or … 100 (Continue)\"", line)
		for w.line("head of 100 Continue") != "" {
		}
		w.send(body + get("/hello"))
		r := w.reply("POST")
		w.want(r.status == 200 && r.body == body && len(r.interim) == 0, "after one 100 Continue and the body: want 200 and %q, got %v %d %q", body, r.interim, r.status, r.body)
		w.want(w.reply("GET").body == "hello", "want the answer to the request behind the body")
	}
}

// Nobody is told to go on when the handler does not want the body, when the
// client is HTTP/1.0, or when there is no body; an unknown expectation gets 417.
func TestBody_NoContinue(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	w.send("POST /ignore HTTP/1.1\r\nHost: hone.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	r := w.reply("POST")
	w.want(r.status == 200 && len(r.interim) == 0, "the handler did not read: want 200 at once and no 100, got %v and %d", r.interim, r.status)
	// Whether the client now sends the body is its choice, so its next five bytes
	// may be body or request. The only safe way on is a new connection.
	w.want(strings.EqualFold(r.field("Connection"), "close"), "the client may or may not send the body after this answer (RFC 9110 §10.1.1), so the server cannot know where the next request starts: want Connection: close, got %q", r.field("Connection"))

	w = connect(t, addr)
	w.send("POST /echo HTTP/1.0\r\nHost: hone.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello")
	r = w.reply("HTTP/1.0")
	w.want(r.body == "hello" && len(r.interim) == 0, "RFC 9110 §10.1.1: \"A server that receives a 100-continue expectation in an HTTP/1.0 request MUST ignore that expectation\"; got %v %q", r.interim, r.body)

	for _, length := range []string{"", "Content-Length: 0\r\n"} {
		w = connect(t, addr)
		w.send("POST /count HTTP/1.1\r\nHost: hone.test\r\nExpect: 100-continue\r\n" + length + "\r\n")
		r = w.reply("POST")
		w.want(r.body == "0 <nil>" && len(r.interim) == 0, "there is no body to wait for (%q): want no 100 Continue, got %v %q", length, r.interim, r.body)
		w.send(get("/hello"))
		w.want(w.reply("GET").body == "hello", "a request without a body has its end where its head has: want the answer to the next one")
	}

	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		if string(r.Path) == "/begun" {
			w.WriteString("begun ")
			w.Flush()
		}
		io.Copy(w, r)
	}})
	w = h.connect()
	w.send("POST / HTTP/1.0\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	w.send("hello") // a pipe: the head has been read by now
	r = w.reply("HTTP/1.0")
	w.want(r.body == "hello" && len(r.interim) == 0, "HTTP/1.0 has no 100 Continue, and the client takes it for the answer: got %v %d %q", r.interim, r.status, r.body)
	w = h.connect()
	w.send("POST /begun HTTP/1.1\r\nHost: hone.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	w.send("hello")
	r = w.reply("POST")
	w.want(r.body == "begun hello", "the handler had begun to answer before it read: a 100 Continue then stands in the middle of its response. Got %q", r.body)

	w = connect(t, addr)
	w.send("POST /echo HTTP/1.1\r\nHost: hone.test\r\nExpect: miracle\r\nContent-Length: 5\r\n\r\nhello")
	w.want(w.reply("POST").status == 417, "RFC 9110 §10.1.1: an expectation other than 100-continue gets 417 (Expectation Failed)")
}

// What the handler leaves of a body is not taken for the next request.
func TestBody_Unread(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	trap := get("/status?code=599")
	w.send(post("/ignore", trap) + chunked("/ignore", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(trap), trap)) + get("/hello"))
	for _, kind := range []string{"Content-Length", "chunks"} {
		r := w.reply("POST")
		w.want(r.body == "ignored", "a request whose body (%s) is not read by the handler: got %d %q", kind, r.status, r.body)
	}
	r := w.reply("GET")
	w.want(r.body == "hello", "got %d %q: the unread body was served as a request. That is request smuggling, done by the server itself", r.status, r.body)
}

// A response to a body of 8 MB that nobody reads arrives, though the server would
// rather close than read on: it closes its own half first.
func TestBody_UnreadLarge(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	go w.send(post("/ignore", strings.Repeat("x", 8<<20)))
	r := w.reply("POST")
	w.want(r.body == "ignored", "want \"ignored\", got %d %q", r.status, r.body)
	w.want(strings.EqualFold(r.field("Connection"), "close"), "8 MB of body are unread, and the response does not say that the connection ends: Connection is %q", r.field("Connection"))

	in := strings.NewReader(post("/", strings.Repeat("x", 8<<20)))
	c := &halved{script: &script{in: in, closed: make(chan struct{})}, left: in.Len}
	alone(t, &http1.Server{Handler: func(w *http1.Response, _ *http1.Request) { w.WriteString("ignored") }}, c, c.script)
	if c.writes == 0 {
		t.Error("a request with a body of 8 MB that the handler does not read got no response")
	}
	if c.unread > 0 {
		t.Errorf("the connection was closed while %d bytes of the body were unread, and without CloseWrite before. The kernel answers such bytes with RST, and RST can destroy the response on its way. RFC 9112 §9.6: \"If a server performs an immediate close of a TCP connection, there is a significant risk that the client will not be able to read the last HTTP response\"", c.unread)
	}
}

// Flush sends what there is, while the handler works on.
func TestBody_Flush(t *testing.T) {
	step := make(chan struct{})
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		for _, word := range []string{"one", "two", "three"} {
			w.WriteString(word)
			w.Flush()
			<-step
		}
	}})
	w := h.connect()
	w.send(get("/"))
	w.want(w.statusLine() == 200, "want 200 before the handler has returned")
	head := joined(w.section("head"), "Transfer-Encoding")
	w.want(head == "chunked", "a response of unknown length is chunked (RFC 9112 §6.3); Transfer-Encoding is %q", head)
	for _, word := range []string{"one", "two", "three"} {
		want := fmt.Sprintf("%x\r\n%s\r\n", len(word), word)
		got := w.take(len(want), "chunk after Flush")
		claim.Bytes(t, "what came after Flush and before the handler went on", []byte(got), []byte(want))
		step <- struct{}{}
	}
	claim.Bytes(t, "end of the body", []byte(w.take(5, "last chunk")), []byte("0\r\n\r\n"))
	w.send(get("/"))
	w.want(w.statusLine() == 200, "the connection goes on after a chunked response")
	for range 3 {
		step <- struct{}{}
	}

	s := &script{in: strings.NewReader(get("/")), closed: make(chan struct{})}
	alone(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		w.WriteString("once")
		w.Flush()
		w.Flush()
		w.Flush()
	}}, s, s)
	if s.writes != 2 {
		t.Errorf("one piece, Flush three times, the end: that took %d Writes, want 2. With nothing to send there is nothing to write", s.writes)
	}
	s = &script{in: strings.NewReader(get("/")), out: broken{}, closed: make(chan struct{})}
	told := make(chan error, 1)
	alone(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		w.WriteString("once")
		told <- w.Flush()
	}}, s, s)
	if heard(t, told) == nil {
		t.Error("the client is gone, and Flush returned nil: a handler that streams would go on for nobody")
	}
}

// broken is a client that is gone.
type broken struct{}

func (broken) Write([]byte) (int, error) { return 0, io.ErrClosedPipe }

// Responses of every size around the buffer are whole, with a length while it is
// known and in chunks when not; HTTP/1.0 gets the end of the connection instead,
// and HEAD no body.
func TestBody_Stream(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	for _, n := range []int{0, 1, 4095, 4096, 4097, 8192, 70_000} {
		w.send(get(fmt.Sprintf("/stream?n=3&size=%d", n)))
		r := w.reply("GET")
		want := strings.Repeat("a", n) + strings.Repeat("b", n) + strings.Repeat("c", n)
		w.want(r.framing == "chunked", "three pieces of %d bytes with Flush between them: want chunks, got %s", n, r.framing)
		claim.Bytes(t, fmt.Sprintf("three pieces of %d bytes", n), []byte(r.body), []byte(want))
	}
	w.send("HEAD /stream?n=3&size=5000 HTTP/1.1\r\nHost: hone.test\r\n\r\n" + get("/hello"))
	w.reply("HEAD")
	w.want(w.reply("GET").body == "hello", "a streamed response to HEAD has no body, not even a last chunk")

	w = connect(t, addr)
	w.send("GET /stream?n=3&size=5 HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
	r := w.reply("HTTP/1.0")
	w.want(r.framing == "close" && r.body == "aaaaabbbbbccccc", "HTTP/1.0 has no chunks (RFC 9112 §6.1): the body ends with the connection. Got framing %s, %q", r.framing, r.body)
}

// A portion is one Write of so many bytes, followed by a WriteString if it is odd.
type portion int

func (p portion) String() string {
	if p%2 == 1 {
		return fmt.Sprintf("Write(%d bytes), WriteString(\"|\")", int(p))
	}
	return fmt.Sprintf("Write(%d bytes)", int(p))
}

// Writes of random sizes, without Flush, come out as they went in.
func TestBody_Writes(t *testing.T) {
	rng := claim.Rand(t)
	for range 40 {
		portions := make([]portion, rng.IntN(8))
		for i := range portions {
			portions[i] = portion(rng.IntN([]int{10, 1000, 5000, 30_000}[rng.IntN(4)]))
		}
		if claim.Minimal(t, portions, writes); t.Failed() {
			return
		}
	}
}

func writes(t testing.TB, portions []portion) {
	var want []byte
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		for i, n := range portions {
			p := bytes.Repeat([]byte{byte('a' + i)}, int(n))
			m, err := w.Write(p)
			if want = append(want, p...); n%2 == 1 {
				want = append(want, '|')
				w.WriteString("|")
			}
			if m != len(p) || err != nil {
				t.Errorf("Write of %d bytes = %d, %v", len(p), m, err)
			}
			clear(p) // the buffer is the handler's again
		}
	}})
	w := h.connect()
	for range 2 {
		want = want[:0]
		w.send(get("/"))
		r := w.reply("GET")
		if claim.Bytes(t, fmt.Sprintf("body of %d Writes, framing %s", len(portions), r.framing), []byte(r.body), want); t.Failed() {
			return
		}
	}
}

// A declared length is sent as such, and kept: more is an error to the handler,
// less ends the connection, so that the client can tell.
func TestBody_Declared(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	w.send(get("/length?declare=10000&write=10000"))
	r := w.reply("GET")
	w.want(r.framing == "length" && r.body == strings.Repeat("x", 10_000), "Length(10000) and 10,000 bytes: want Content-Length and no chunks, got %s and %d bytes", r.framing, len(r.body))
	w.send(get("/length?declare=10&write=11"))
	r = w.reply("GET")
	w.want(r.body == strings.Repeat("y", 10), "a Write of 11 bytes after Length(10) must fail with ErrLength and write nothing; the body is %q", r.body)
	w.send("HEAD /length?declare=10000&write=0 HTTP/1.1\r\nHost: hone.test\r\n\r\n")
	r = w.reply("HEAD")
	w.want(r.field("Content-Length") == "10000", "HEAD with Length(10000) must say Content-Length: 10000, and says %q", r.field("Content-Length"))
	w.send(get("/length?declare=9000&write=5000"))
	w.want(w.statusLine() == 200, "want a head that promises 9000 bytes")
	w.section("head")
	b := w.untilEnd()
	w.want(len(b) == 5000, "Length(9000) and 5,000 bytes: want those and the end of the connection, got %d bytes. RFC 9112 §8: the message is incomplete, and padding or reuse would hide that", len(b))
}

// What comes after the head has gone can't change it, nor what it promised.
func TestBody_TooLate(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		w.WriteString("one ")
		w.Flush()
		w.Status(204)
		w.Length(1)
		w.Add("Late", "1")
		w.WriteString("two")
	}})
	w := h.connect()
	for range 2 {
		w.send(get("/"))
		r := w.reply("GET")
		w.want(r.status == 200 && r.body == "one two" && r.field("Late") == "" && r.framing == "chunked", "after Flush the handler called Status(204), Length(1) and Add: want 200 and \"one two\" all the same, got %d %q", r.status, r.body)
	}
}

// A handler whose client leaves in the middle of a body is told so: EOF is for
// bodies that are complete.
func TestBody_Incomplete(t *testing.T) {
	for _, c := range []struct {
		name, request string
		ends          bool // and not merely any error
	}{
		{"5 of 10 bytes", "POST / HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 10\r\n\r\n12345", true},
		{"half a chunk", chunked("/", "a\r\n12345"), true},
		{"a chunk without its end", chunked("/", "5\r\n12345"), true},
		{"no last chunk", chunked("/", "5\r\n12345\r\n"), true},
		{"no end of the trailers", chunked("/", "5\r\n12345\r\n0\r\nA: b\r\n"), false},
		{"half a chunk size", chunked("/", "5\r\n12345\r\n1"), true},
	} {
		read := make(chan error, 1)
		h := open(t, &http1.Server{Handler: func(_ *http1.Response, r *http1.Request) {
			b, err := io.ReadAll(honest{t, r})
			if !bytes.Equal(b, []byte("12345")) {
				t.Errorf("%s: the handler read %q, want 12345", c.name, b)
			}
			_, again := r.Read(make([]byte, 1))
			if err != nil && again != err {
				t.Errorf("%s: Read failed with %v and then with %v; an error stays", c.name, err, again)
			}
			read <- err
		}})
		w := h.connect()
		w.send(c.request)
		w.conn.Close()
		err := heard(t, read)
		if err == nil || c.ends && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%s, and then the client closed: reading the body ended with %v, want io.ErrUnexpectedEOF. A handler that stores what it got must not take half for the whole", c.name, err)
		}
		h.close()
	}
}

// Requests with bodies of both kinds can be pipelined.
func TestBody_Pipelined(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	var all strings.Builder
	for i := range 20 {
		body := strings.Repeat(string(rune('a'+i)), i*40)
		if all.WriteString(post("/echo", body)); len(body) > 0 {
			all.WriteString(chunked("/echo", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body)))
		}
	}
	w.send(all.String())
	for i := range 20 {
		want := strings.Repeat(string(rune('a'+i)), i*40)
		w.want(w.reply("POST").body == want, "pipelined POST %d with Content-Length: the echo is wrong", i+1)
		if want != "" {
			w.want(w.reply("POST").body == want, "pipelined POST %d in chunks: the echo is wrong", i+1)
		}
	}
}

// honest is a reader that tells when the one in it returns neither bytes nor an
// error, which io.ReadAll and io.Copy put up with.
type honest struct {
	t testing.TB
	io.Reader
}

func (h honest) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n == 0 && err == nil && len(p) > 0 {
		h.t.Errorf("Read of %d bytes returned 0 and nil. Nothing, and no reason: io.Reader discourages it, and callers spin", len(p))
	}
	return n, err
}

// A handler may read in any portions. Read returns bytes or an error, and neither
// only where nothing was asked for.
func TestBody_Reads(t *testing.T) {
	rng := claim.Rand(t)
	var size int // of the portions, 0 for random ones
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		for {
			p := make([]byte, size)
			if size == 0 {
				p = make([]byte, rng.IntN(10))
			}
			n, err := honest{t, r}.Read(p)
			w.Write(p[:n])
			if t.Failed() {
				return
			}
			if err != nil {
				if err != io.EOF {
					t.Errorf("Read in portions of %d (0 is random): %v", size, err)
				}
				return
			}
		}
	}})
	digits := "123456789abcdefABCDEF"
	for _, n := range []int{1, 2, 3, 7, 0} {
		size = n
		var chunks, whole strings.Builder
		for i := range digits {
			k, _ := strconv.ParseInt(digits[i:i+1], 16, 0)
			piece := strings.Repeat(digits[i:i+1], int(k))
			fmt.Fprintf(&chunks, "%s\r\n%s\r\n", digits[i:i+1], piece)
			whole.WriteString(piece)
		}
		w := h.connect()
		w.send(post("/", whole.String()) + chunked("/", chunks.String()+"0\r\n\r\n"))
		for _, framing := range []string{"Content-Length", "chunks of 1 to 15 bytes"} {
			r := w.reply("POST")
			w.want(r.body == whole.String(), "the handler reads %d bytes at a time (0 is random, with none among them) of a body with %s: it got\n%q, want\n%q", n, framing, r.body, whole.String())
		}
	}
}

// What the handler has seen of the head stays, whatever of the body is read.
func TestBody_ViewsStay(t *testing.T) {
	body := strings.Repeat("0123456789", 3000)
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		path, field := r.Path, r.Field("X-Mine")
		n, err := io.CopyBuffer(io.Discard, struct{ io.Reader }{r}, make([]byte, 100))
		fmt.Fprintf(w, "%s %s %s %s %d %v", path, field, r.Path, r.Field("X-Mine"), n, err)
	}})
	for _, request := range []string{
		"POST /views HTTP/1.1\r\nHost: hone.test\r\nX-Mine: seen\r\nContent-Length: 30000\r\n\r\n" + body,
		"POST /views HTTP/1.1\r\nHost: hone.test\r\nX-Mine: seen\r\nTransfer-Encoding: chunked\r\n\r\n" + strings.Repeat("64\r\n"+body[:100]+"\r\n", 300) + "0\r\n\r\n",
	} {
		w := h.connect()
		go w.send(request)
		r := w.reply("POST")
		w.want(r.body == "/views seen /views seen 30000 <nil>", "the handler looked at Path and at a field, read 30,000 bytes of body, 100 at a time, and looked again: %q. They are valid until it returns, so the body must not be read over them", r.body)
		w.conn.Close()
	}
}

// What the handler is told of a malformed body, and that whatever it has prepared
// by then gives way to the refusal.
func TestBody_Malformed(t *testing.T) {
	read := make(chan error, 1)
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		w.Add("X-Mine", "1")
		w.AddTrailer("X-Late", "1")
		w.Length(1000)
		w.WriteString("mine")
		_, err := io.ReadAll(r)
		read <- err
	}})
	w := h.connect()
	w.send(chunked("/", "5\r\nhello\r\nx\r\n\r\n") + get("/"))
	r := w.reply("POST")
	w.want(r.status == 400 && r.framing == "length" && r.field("X-Mine") == "" && !strings.Contains(r.body, "mine"),
		"the second chunk has no size: want 400, whole, with nothing of what the handler had prepared; got %d, framing %s, X-Mine %q, %q", r.status, r.framing, r.field("X-Mine"), r.body)
	w.ends("after a malformed body nobody knows where the next request starts")
	if err := heard(t, read); !errors.Is(err, http1.ErrMalformed) {
		t.Errorf("reading a malformed body ended with %v, want ErrMalformed", err)
	} else if !strings.HasPrefix(err.Error(), "http1: ") || len(err.Error()) < len("http1: why") {
		t.Errorf("the error of a malformed body reads %q; it should start with \"http1: \" and say why", err)
	}
}

// What is left of a body is read to keep the connection, but not without end.
func TestBody_UnreadKept(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, _ *http1.Request) { w.WriteString("ignored") }})
	w := h.connect()
	body := strings.Repeat("x", 100<<10)
	for _, request := range []string{post("/", body), chunked("/", fmt.Sprintf("%x\r\n%s\r\n0\r\n\r\n", len(body), body))} {
		go w.send(request)
		w.want(w.reply("POST").body == "ignored", "a body of 100 KB that the handler leaves must be skipped, and the connection go on")
	}

	endless := chunked("/", strings.Repeat(fmt.Sprintf("%x\r\n%s\r\n", 1<<10, strings.Repeat("x", 1<<10)), 8<<10))
	in := strings.NewReader(endless)
	s := &script{in: in, closed: make(chan struct{})}
	alone(t, &http1.Server{Handler: func(w *http1.Response, _ *http1.Request) { w.WriteString("ignored") }}, s, s)
	if got := len(endless) - in.Len(); got > 2<<20 {
		t.Errorf("%d KB were read of a chunked body that the handler left alone. To skip a little is cheaper than a new connection; to skip what never ends is work that anybody can order", got>>10)
	}
}

// Whatever the server ends, it ends so that the client hears why: it closes its
// half, and hears the other one out, for a moment.
func TestBody_HearsOut(t *testing.T) {
	handler := func(w *http1.Response, r *http1.Request) {
		if string(r.Path) == "/bye" {
			w.Close()
		}
		w.WriteString("answer")
	}
	more := strings.Repeat("x", 1<<20)
	for _, c := range []struct{ what, first, then string }{
		{"sent a malformed head, and 1 MB", "nonsense\r\n\r\n", more},
		{"asked with Connection: close, and sent 1 MB behind it in the same packet", "GET / HTTP/1.1\r\nHost: hone.test\r\nConnection: close\r\n\r\n" + more, ""},
		{"asked, and had sent 1 MB when the handler called Close", get("/bye"), more},
		{"sent HTTP/1.0 with a body of 1 MB that the handler left", "POST / HTTP/1.0\r\nContent-Length: 1048576\r\n\r\n", more},
	} {
		then := strings.NewReader(c.then)
		first := strings.NewReader(c.first)
		left := func() int { return first.Len() + then.Len() }
		h := &halved{script: &script{in: io.MultiReader(first, then), closed: make(chan struct{})}, left: left}
		alone(t, &http1.Server{Handler: handler}, h, h.script)
		if h.writes == 0 || left() > 0 {
			t.Errorf("a client %s. The connection was closed with %d bytes unread after %d Writes. The kernel answers them with RST, which can destroy the response on its way: CloseWrite, read on for a moment, and then close (RFC 9112 §9.6)", c.what, left(), h.writes)
		}
	}

	for _, drips := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			h := open(t, &http1.Server{Handler: handler})
			ours, theirs := net.Pipe()
			over := make(chan struct{})
			h.conns <- halfPipe{theirs, sync.OnceFunc(func() { close(over) })}
			w, start := newWire(t, ours), time.Now()
			w.send("GET / HTTP/1.1\r\nHost: hone.test\r\nConnection: close\r\n\r\n")
			w.reply("GET")
			select {
			case <-over:
			case <-time.After(10 * time.Second):
				w.want(false, "the response said Connection: close, and 10 s later the server has closed neither its half (CloseWrite) nor the connection")
			}
			for time.Since(start) < 20*time.Second && drips {
				w.send("x")
				time.Sleep(100 * time.Millisecond)
			}
			if took := w.ended(start); took > 10*time.Second {
				t.Errorf("the response is out, and the connection was open for another %v because the client did not close it (dripping: %v). A moment has a limit", took, drips)
			}
		})
	}
}

// A halfPipe is a pipe whose half can be closed.
type halfPipe struct {
	net.Conn
	closeWrite func()
}

func (p halfPipe) CloseWrite() error { p.closeWrite(); return nil }

// Up to 4 KiB are gathered, and then sent with their length; more is chunked. A
// declared length holds over several Writes, and 0 is one, too.
func TestBody_Gathers(t *testing.T) {
	var pieces []int
	length := -1
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		if length >= 0 {
			w.Length(int64(length))
		}
		for _, n := range pieces {
			w.Write(make([]byte, n)) // what does not fit is refused, as TestBody_Declared checks
			if n == 0 {
				w.Flush()
			}
		}
	}})
	w := h.connect()
	for _, c := range []struct {
		length  int
		pieces  []int
		framing string
		n       int
	}{
		{-1, []int{4096}, "length", 4096},
		{-1, []int{4000, 96}, "length", 4096},
		{-1, []int{4097}, "chunked", 4097},
		{-1, []int{4096, 1}, "chunked", 4097},
		{-1, []int{4000, 4000}, "chunked", 8000},
		{0, []int{1}, "length", 0},
		{0, []int{0}, "length", 0},
		{10, []int{6, 6, 4}, "length", 10},
		{5000, []int{2000, 2000, 1000}, "length", 5000},
	} {
		length, pieces = c.length, c.pieces
		w.send(get("/"))
		r := w.reply("GET")
		w.want(r.framing == c.framing && len(r.body) == c.n, "Writes of %v bytes (0 is Flush), Length %d (-1 is none): want %d bytes, framing %s; got %d, %s", c.pieces, c.length, c.n, c.framing, len(r.body), r.framing)
	}
}

// A handler that streams to a client that is gone is told so, in small pieces as
// in large ones.
func TestBody_ClientGone(t *testing.T) {
	for _, size := range []int{10, 1000, 10_000} {
		told := make(chan error, 1)
		s := &script{in: strings.NewReader(get("/")), out: broken{}, closed: make(chan struct{})}
		alone(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
			for range 1000 {
				if _, err := w.Write(make([]byte, size)); err != nil {
					told <- err
					return
				}
			}
			told <- nil
		}}, s, s)
		if heard(t, told) == nil {
			t.Errorf("the client is gone, and a thousand Writes of %d bytes returned nil: the handler works for nobody", size)
		}
	}
}
