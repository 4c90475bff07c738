package http1_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// A hundred requests of Go's client use one connection.
func TestPersist_KeepsAlive(t *testing.T) {
	addr, _ := serve(t)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{Proxy: nil}}
	defer client.CloseIdleConnections()
	fresh := 0
	trace := &httptrace.ClientTrace{GotConn: func(c httptrace.GotConnInfo) {
		if !c.Reused {
			fresh++
		}
	}}
	for i := range 100 {
		req, err := http.NewRequest("GET", "http://"+addr+"/hello", nil)
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(req.WithContext(httptrace.WithClientTrace(req.Context(), trace)))
		if err != nil {
			t.Fatalf("request %d: %v", i+1, err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if err != nil || string(body) != "hello" {
			t.Fatalf("request %d: body %q, %v", i+1, body, err)
		}
	}
	// The client itself gives up a connection now and then on a busy machine.
	if fresh > 5 {
		t.Errorf("100 requests needed %d connections, want 1. RFC 9112 §9.3: \"If the received protocol is HTTP/1.1 (or later), the connection will persist after the current response\"", fresh)
	}
}

// curl reuses its connection as well.
func TestPersist_Curl(t *testing.T) {
	addr, _ := serve(t)
	url := "http://" + addr + "/hello"
	if out, ok := curl(t, "", "--output", "/dev/null", "--output", "/dev/null", "--output", "/dev/null", "--write-out", "%{num_connects} ", url, url, url); ok {
		claim.Equal(t, "connections that curl opened for each of three requests", out, "1 0 0 ")
		return
	}
	w := connect(t, addr)
	for range 3 {
		w.send("GET /hello HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n")
		w.want(w.reply("GET").body == "hello", "want \"hello\" three times on one connection")
	}
}

// persists asks twice and reports whether the connection stayed for the second.
func persists(t *testing.T, addr, request string) (first *reply, stays bool) {
	t.Helper()
	w := connect(t, addr)
	w.send(request)
	first = w.reply("GET")
	said := strings.Contains(strings.ToLower(first.field("Connection")), "close")
	w.send(request)
	if b, err := w.rest(1); err != nil && len(b) == 0 && err == io.EOF {
		w.want(said || strings.Contains(request, "HTTP/1.0"), "the connection was closed, and the response did not say Connection: close; the client has already sent its next request into the void (RFC 9112 §9.6)")
		return first, false
	}
	w.want(w.reply("GET").body == "hello", "the second request on the connection must be answered like the first")
	w.want(!said, "the response said Connection: close, and the connection went on")
	return first, true
}

// Connection is a list of options without regard to case, in one line or in many.
func TestPersist_CloseOption(t *testing.T) {
	addr, _ := serve(t)
	for _, c := range []struct {
		lines string
		stays bool
	}{
		{"", true},
		{"Connection: keep-alive\r\n", true},
		{"Connection: close\r\n", false},
		{"Connection: Close\r\n", false},
		{"connection:close\r\n", false},
		{"Connection: TE, close\r\n", false},
		{"Connection: close,TE\r\n", false},
		{"Connection: TE ,\tCLOSE\r\n", false},
		{"Connection: TE\r\nConnection: close\r\n", false},
		{"Connection: keep-alive, close\r\n", false},
		{"Connection: closed\r\n", true},
		{"Connection: close-not\r\n", true},
		{"X-Connection: close\r\n", true},
	} {
		_, stays := persists(t, addr, "GET /hello HTTP/1.1\r\nHost: hone.test\r\n"+c.lines+"\r\n")
		if stays != c.stays {
			t.Errorf("with %q the connection stays: %v, want %v. RFC 9112 §9.3: \"If the \"close\" connection option is present …, the connection will not persist after the current response\"", c.lines, stays, c.stays)
		}
	}
}

// HTTP/1.0 closes, unless the client asks for keep-alive, and then is told so.
func TestPersist_HTTP10(t *testing.T) {
	addr, _ := serve(t)
	for _, c := range []struct {
		lines string
		stays bool
	}{
		{"", false},
		{"Connection: keep-alive\r\n", true},
		{"Connection: Keep-Alive\r\n", true},
		{"Connection: upgrade\r\n", false},
	} {
		r, stays := persists(t, addr, "GET /hello HTTP/1.0\r\n"+c.lines+"\r\n")
		if stays != c.stays {
			t.Errorf("HTTP/1.0 with %q: the connection stays: %v, want %v (RFC 9112 §9.3)", c.lines, stays, c.stays)
		}
		if stays && !strings.EqualFold(r.field("Connection"), "keep-alive") {
			t.Errorf("HTTP/1.0 with %q: the response says Connection: %q; a client of HTTP/1.0 keeps the connection only when it is told keep-alive", c.lines, r.field("Connection"))
		}
	}
}

// Fifty requests in one Write get fifty responses, in order, each its own.
func TestPersist_Pipelined(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	var all strings.Builder
	for i := range 50 {
		all.WriteString(get(fmt.Sprintf("/status?code=%d&body=%s", 200+i%5*100+i, strings.Repeat("x", i*7))))
	}
	w.send(all.String())
	for i := range 50 {
		r := w.reply("GET")
		if code := 200 + i%5*100 + i; code == 204 || code == 304 {
			continue
		}
		want := 200 + i%5*100 + i
		if want > 599 {
			want = 500
		}
		w.want(r.status == want && len(r.body) == i*7, "response %d of 50 pipelined requests: want status %d and %d bytes, got %d and %d. RFC 9112 §9.3.2: a server \"MUST send the corresponding responses in the same order that the requests were received\"", i+1, want, i*7, r.status, len(r.body))
	}
}

// Pipelined requests may be cut anywhere, too: the end of one and the start of
// the next come in one Read.
func TestPersist_PipelinedSplit(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		fmt.Fprintf(w, "%s %s", r.Path, r.Field("X"))
	}})
	one := func(i int) string {
		return fmt.Sprintf("GET /%d HTTP/1.1\r\nHost: hone.test\r\nX: value %d\r\n\r\n", i, i)
	}
	all := one(1) + one(2) + one(3)
	check := func(cut string, pieces ...string) {
		t.Helper()
		w := h.connect()
		for _, p := range pieces {
			w.send(p)
		}
		for i := range 3 {
			r := w.reply("GET")
			w.want(r.body == fmt.Sprintf("/%d value %d", i+1, i+1), "three pipelined requests, cut %s: answer %d is %q. What follows a request in the buffer is the next one, and must be kept", cut, i+1, r.body)
		}
		w.conn.Close()
	}
	check("nowhere", all)
	for i := 1; i < len(all); i += 3 {
		check(fmt.Sprintf("at byte %d", i), all[:i], all[i:])
	}
	check("into single bytes", strings.Split(all, "")...)
}

// The answer to the first of two pipelined requests does not wait for the second.
func TestPersist_AnswerNotHeld(t *testing.T) {
	held, release := gate(t)
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		if string(r.Path) == "/second" {
			<-held
		}
		w.Write(r.Path)
	}})
	w := h.connect()
	w.send(get("/first") + get("/second"))
	r := w.reply("GET")
	w.want(r.body == "/first", "want the first answer while the second handler still works, got %q", r.body)
	release()
	w.want(w.reply("GET").body == "/second", "want the second answer once its handler is done")
}

// HEAD gets the head that GET would get, and not a byte of body.
func TestPersist_Head(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	w.send("HEAD /hello HTTP/1.1\r\nHost: hone.test\r\n\r\n" + get("/hello"))
	r := w.reply("HEAD")
	w.want(r.status == 200 && r.field("Content-Length") == "5" && r.field("Content-Type") == "text/plain", "HEAD /hello must have the fields of GET /hello, Content-Length: 5 among them, and has %v", r.fields)
	w.want(w.reply("GET").body == "hello", "want the answer to GET right after the head of HEAD. RFC 9110 §9.3.2: \"the server MUST NOT send content in the response\"")
}

// 204 and 304 have no body, whatever the handler wrote, and 204 no length.
func TestPersist_NoBodyStatus(t *testing.T) {
	addr, _ := serve(t)
	for _, code := range []int{204, 304} {
		w := connect(t, addr)
		w.send(get(fmt.Sprintf("/status?code=%d&body=forbidden", code)) + get("/hello"))
		r := w.reply("GET")
		w.want(r.status == code, "want %d, got %d", code, r.status)
		w.want(code != 204 || r.field("Content-Length") == "", "RFC 9110 §8.6: \"A server MUST NOT send a Content-Length header field in any response with a status code of 1xx … or 204\"")
		w.want(w.reply("GET").body == "hello", "want the next response right after the head of a %d: it \"cannot contain content\" (RFC 9110 §15.3.5, §15.4.5)", code)
	}
}

// A handler can end the connection, and the client is told.
func TestPersist_ServerCloses(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	w.send(get("/close"))
	r := w.reply("GET")
	w.want(r.body == "bye" && strings.EqualFold(r.field("Connection"), "close"), "want \"bye\" and Connection: close, got %q and %q", r.body, r.field("Connection"))
	w.ends("the response said Connection: close")
}

// An empty line after a POST is forgiven; old clients sent one.
func TestPersist_EmptyLineBefore(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	w.send("POST /hello HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 0\r\n\r\n\r\n" + get("/hello"))
	w.want(w.reply("POST").body == "hello", "want \"hello\" for POST /hello")
	r := w.reply("GET")
	w.want(r.body == "hello", "got %d. RFC 9112 §2.2: a server \"SHOULD ignore at least one empty line (CRLF) received prior to the request-line\"", r.status)

	w.send("POST /hello HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 0\r\n\r\n")
	w.reply("POST")
	w.send("\r\n") // alone; others ask meanwhile, so that it has long come
	for range 3 {
		other := connect(t, addr)
		other.send(get("/hello"))
		other.reply("GET")
	}
	w.send(get("/hello"))
	r = w.reply("GET")
	w.want(r.body == "hello", "an empty line came behind a POST, and some time later a request: got %d %q", r.status, r.body)
}

// No exchange leaves anything for the next one: not a status, a field, a byte of
// body, nor the wish to close.
func TestPersist_StartsClean(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	for range 3 {
		w.send(get("/status?code=404&body=" + strings.Repeat("long", 50)))
		w.want(w.reply("GET").status == 404, "want 404")
		w.send(get("/field?name=X-Mine&value=1"))
		r := w.reply("GET")
		w.want(r.status == 200 && r.body == "", "after a 404 with a body: want 200 and no body, got %d and %q", r.status, r.body)
		w.send("GET /headers HTTP/1.1\r\nHost: hone.test\r\nOnly: here\r\n\r\n")
		w.want(strings.Contains(w.reply("GET").body, `"here"`), "want the field that was sent")
		w.send("HEAD /hello HTTP/1.1\r\nHost: hone.test\r\n\r\n")
		w.reply("HEAD")
		w.send(get("/headers?"))
		r = w.reply("GET")
		w.want(r.field("X-Mine") == "" && !strings.Contains(r.body, "here"), "a field of an earlier exchange is still there")
		w.want(strings.Count(r.body, "field ") == 1, "the request had one field line, and the handler sees %d: fields of an earlier exchange are still there", strings.Count(r.body, "field "))
		w.want(strings.Contains(r.body, "query \"\"\n") && strings.Contains(r.body, "length 0\n"), "query and length of an earlier exchange are still there")
	}
}

// A head that outgrows the buffer is as good on a connection that has served others.
func TestPersist_LongHeads(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	for i := range 4 {
		long := strings.Repeat(string(rune('a'+i)), 3000)
		request := fmt.Sprintf("GET /headers HTTP/1.1\r\nHost: hone.test\r\nA: %s\r\nB: %s\r\nC: %s\r\n\r\n", long, long, long)
		if w.send(get("/hello")); i%2 == 0 { // sometimes in one with the request before, sometimes after its answer
			w.send(request)
		}
		w.want(w.reply("GET").body == "hello", "want \"hello\" before the head of 9 KB")
		if i%2 == 1 {
			w.send(request)
		}
		r := w.reply("GET")
		w.want(strings.Count(r.body, fmt.Sprintf("%q\n", long)) == 3 && strings.Count(r.body, "field ") == 4, "head %d of 9 KB on this connection must arrive as it was sent: 4 fields, three of them of 3,000 bytes; got %d fields, status %d", i+1, strings.Count(r.body, "field "), r.status)
	}
}

// After a malformed request the connection ends, and what stands behind it is
// never read as a request.
func TestPersist_ErrorEnds(t *testing.T) {
	calls := make(chan string, 8)
	h := open(t, &http1.Server{Handler: func(_ *http1.Response, r *http1.Request) { calls <- string(r.Path) }})
	w := h.connect()
	w.send(get("/1") + "nonsense\r\n\r\n" + get("/2"))
	w.want(w.reply("GET").status == 200, "the request before the malformed one must be answered")
	r := w.reply("GET")
	w.want(r.status == 400 && strings.EqualFold(r.field("Connection"), "close"), "want 400 and Connection: close, got %d and %q", r.status, r.field("Connection"))
	w.ends("RFC 9112 §2.2: \"respond with a 400 (Bad Request) response and close the connection\". A server that goes on after an error lets an attacker hide a request behind it")
	w.conn.Close()
	claim.Equal(t, "calls of the handler", len(calls), 1)
}
