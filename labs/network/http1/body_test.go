package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"strings"
	"testing"
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
	for _, value := range []string{"100-continue", "100-Continue"} {
		w := connect(t, addr)
		w.send("POST /echo HTTP/1.1\r\nHost: hone.test\r\nExpect: " + value + "\r\nContent-Length: 5\r\n\r\n")
		line := w.line("answer to Expect: " + value)
		w.want(strings.HasPrefix(line, "HTTP/1.1 100 "), "want 100 Continue before the body is sent, got %q. RFC 9110 §10.1.1: the server has to respond with \"an immediate response that contains either a final status code … or … 100 (Continue)\"", line)
		for w.line("head of 100 Continue") != "" {
		}
		w.send("hello" + get("/hello"))
		r := w.reply("POST")
		w.want(r.status == 200 && r.body == "hello" && len(r.interim) == 0, "after one 100 Continue and the body: want 200 and \"hello\", got %v %d %q", r.interim, r.status, r.body)
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

	in := strings.NewReader(post("/", strings.Repeat("x", 8<<20)))
	c := &halved{script: &script{in: in, closed: make(chan struct{})}, left: in.Len}
	(&http1.Server{Handler: func(w *http1.Response, _ *http1.Request) { w.WriteString("ignored") }}).Serve(once(c, c.script))
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
}

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

// Writes of random sizes, without Flush, come out as they went in.
func TestBody_Writes(t *testing.T) {
	rng := claim.Rand(t)
	var pieces [][]byte
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		for i, p := range pieces {
			n, err := w.Write(p)
			if i%2 == 1 {
				w.WriteString("|")
			}
			if n != len(p) || err != nil {
				t.Errorf("Write of %d bytes = %d, %v", len(p), n, err)
			}
			clear(p) // the buffer is the handler's again
		}
	}})
	w := h.connect()
	for range 40 {
		pieces = pieces[:0]
		var want []byte
		for i := range rng.IntN(8) {
			p := random(rng, rng.IntN([]int{10, 1000, 5000, 30_000}[rng.IntN(4)]))
			pieces = append(pieces, p)
			if want = append(want, p...); i%2 == 1 {
				want = append(want, '|')
			}
		}
		w.send(get("/"))
		r := w.reply("GET")
		claim.Bytes(t, fmt.Sprintf("body of %d writes, framing %s", len(pieces), r.framing), []byte(r.body), want)
		w.want(!t.Failed(), "the response that was wrong is the last one in the transcript")
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
			b, err := io.ReadAll(r)
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
		var err error
		claim.Terminates(t, 5*time.Second, func() { err = <-read })
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
