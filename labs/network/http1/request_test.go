package http1_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"runtime"
	"runtime/pprof"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// A real client, Go's, gets 200, the body, its length and a date.
func TestRequest_Hello(t *testing.T) {
	addr, _ := serve(t)
	client := &http.Client{Timeout: 5 * time.Second, Transport: &http.Transport{Proxy: nil}}
	defer client.CloseIdleConnections()
	resp, err := client.Get("http://" + addr + "/hello")
	if err != nil {
		t.Fatalf("net/http's client asks for /hello: %v", err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatalf("net/http's client reads the body of /hello: %v", err)
	}
	claim.Equal(t, "status of /hello", resp.Status, "200 OK")
	claim.Bytes(t, "body of /hello", body, []byte("hello"))
	claim.Equal(t, "Content-Length of /hello", resp.Header.Get("Content-Length"), "5")
	claim.Equal(t, "Content-Type of /hello, which its handler adds", resp.Header.Get("Content-Type"), "text/plain")
	if _, err := http.ParseTime(resp.Header.Get("Date")); err != nil {
		t.Errorf("Date: %q: %v\nRFC 9110 §6.6.1: \"An origin server with a clock … MUST generate a Date header field in all 2xx … responses\", in the form of §5.6.7", resp.Header.Get("Date"), err)
	}
}

// curl is content, too. Where curl is missing, its bytes are sent.
func TestRequest_Curl(t *testing.T) {
	addr, _ := serve(t)
	if out, ok := curl(t, "", "--write-out", " %{http_code} %{size_download} %{content_type}", "http://"+addr+"/hello"); ok {
		claim.Equal(t, "what curl got", out, "hello 200 5 text/plain")
		return
	}
	w := connect(t, addr)
	w.send("GET /hello HTTP/1.1\r\nHost: " + addr + "\r\nUser-Agent: curl/8.0\r\nAccept: */*\r\n\r\n")
	r := w.reply("GET")
	w.want(r.status == 200 && r.body == "hello" && r.framing == "length", "want 200 and a body of 5 bytes, \"hello\"")
}

// seen asks /headers what the handler saw, and returns its lines, with the names
// of fields in lower case and the lines of different names in any order.
func seen(t *testing.T, addr, request string) []string {
	t.Helper()
	w := connect(t, addr)
	w.send(request)
	r := w.reply("GET")
	w.want(r.status == 200, "want 200 for a request that is right, got %d: %s", r.status, r.body)
	lines := strings.Split(strings.TrimSuffix(r.body, "\n"), "\n")
	for i, line := range lines {
		if name, value, ok := strings.Cut(strings.TrimPrefix(line, "field "), " "); ok && strings.HasPrefix(line, "field ") {
			lines[i] = "field " + strings.ToLower(name) + " " + value
		}
	}
	slices.SortStableFunc(lines, func(a, b string) int {
		if !strings.HasPrefix(a, "field ") || !strings.HasPrefix(b, "field ") {
			return 0
		}
		return strings.Compare(strings.SplitN(a, " ", 3)[1], strings.SplitN(b, " ", 3)[1])
	})
	return lines
}

// The handler sees method, target and version; names without regard to case,
// values without the white space around them, empty values, and lines of one
// name in their order.
func TestRequest_Fields(t *testing.T) {
	addr, _ := serve(t)
	got := seen(t, addr, "REPORT /headers?a=1&b=%20 HTTP/1.1\r\n"+
		"hOsT: hone.test:81\r\n"+
		"A: 1\r\n"+
		"Accept:*/*\r\n"+
		"B: \t two words \t \r\n"+
		"Empty:\r\n"+
		"Multi: first\r\n"+
		"Multi:second: with a colon\r\n"+
		"\r\n")
	want := []string{
		`method "REPORT"`, `target "/headers?a=1&b=%20"`, `path "/headers"`, `query "a=1&b=%20"`, `host "hone.test:81"`, `minor 1`, `length 0`,
		`field "a" "1"`,
		`field "accept" "*/*"`,
		`field "b" "two words"`,
		`field "empty" ""`,
		`field "host" "hone.test:81"`,
		`field "multi" "first"`,
		`field "multi" "second: with a colon"`,
	}
	claim.Equal(t, "what the handler saw", strings.Join(got, "\n"), strings.Join(want, "\n"))

	got = seen(t, addr, "GET /headers HTTP/1.9\r\nHost: hone.test\r\nFizz-Buzz: 1\r\n\r\n")
	claim.Equal(t, "minor version of HTTP/1.9, which is to be treated as 1.1 (RFC 9110 §2.5)", got[5], "minor 1")

	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		fmt.Fprintf(w, "%s %s", r.Field("FIZZ-buzz"), r.Field("x~"))
	}})
	w := h.connect()
	w.send("GET / HTTP/1.1\r\nHost: hone.test\r\nFizz-BUZZ: 1\r\nX^: 2\r\n\r\n")
	r := w.reply("GET")
	w.want(r.body == "1 ", "Field finds names without regard to the case of letters, and only of letters: of Fizz-BUZZ and X^ it found %q for FIZZ-buzz and x~", r.body)
}

// All forms of the target are understood: origin, absolute (whose host beats
// Host), authority and asterisk.
func TestRequest_Targets(t *testing.T) {
	type view struct{ method, target, path, query, host string }
	views := make(chan view, 1)
	h := open(t, &http1.Server{Handler: func(_ *http1.Response, r *http1.Request) {
		views <- view{string(r.Method), string(r.Target), string(r.Path), string(r.Query), string(r.Host)}
	}})
	for _, c := range []view{
		{"GET", "/", "/", "", "hone.test"},
		{"GET", "/a/b%2Fc", "/a/b%2Fc", "", "hone.test"},
		{"GET", "/a?b?c=/d", "/a", "b?c=/d", "hone.test"},
		{"GET", "//a//b", "//a//b", "", "hone.test"},
		{"GET", "http://other.test/a?b", "/a", "b", "other.test"},
		{"GET", "http://other.test:8080", "/", "", "other.test:8080"},
		{"GET", "http://other.test?q", "/", "q", "other.test"},
		{"GET", "http://other.test?", "/", "", "other.test"},
		{"GET", "x://other.test/a", "/a", "", "other.test"},
		{"CONNECT", "other.test:443", "", "", "other.test:443"},
		{"OPTIONS", "*", "*", "", "hone.test"},
	} {
		w := h.connect()
		w.send(c.method + " " + c.target + " HTTP/1.1\r\nHost: hone.test\r\n\r\n")
		r := w.reply(c.method)
		w.want(r.status == 200, "%s %s got %d. RFC 9112 §3.2 has four forms of the request target; \"a server MUST accept the absolute-form in requests\" (§3.2.2), and ignore Host then", c.method, c.target, r.status)
		claim.Equal(t, "what the handler saw of "+c.method+" "+c.target, <-views, c)
	}
}

// TCP keeps no boundaries: a request that arrives in two pieces, cut anywhere,
// or byte by byte, is the same request.
func TestRequest_SplitAnywhere(t *testing.T) {
	const request = "GET /split?x=1 HTTP/1.1\r\nHost: hone.test\r\nX-Name:  value of it\r\n\r\n"
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		fmt.Fprintf(w, "%s %s %s %q %s", r.Method, r.Path, r.Query, r.Field("x-nAME"), r.Host)
	}})
	check := func(cut string, pieces ...string) {
		t.Helper()
		w := h.connect()
		for _, p := range pieces {
			w.send(p)
		}
		r := w.reply("GET")
		w.want(r.status == 200 && r.body == `GET /split x=1 "value of it" hone.test`,
			"the request was cut %s, and the answer is %d %q. One Read is not one request: read until the empty line", cut, r.status, r.body)
		w.conn.Close()
	}
	for i := 1; i < len(request); i++ {
		check(fmt.Sprintf("after %q", request[:i]), request[:i], request[i:])
	}
	check("into single bytes", strings.Split(request, "")...)

	// io.Reader allows the last bytes to come together with the error.
	var out bytes.Buffer
	s := &script{in: iotest.DataErrReader(iotest.OneByteReader(strings.NewReader(request))), out: &out, closed: make(chan struct{})}
	alone(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }}, s, s)
	if !strings.HasSuffix(out.String(), "\r\n\r\n/split") {
		t.Errorf("the last byte of a request came together with io.EOF, as io.Reader allows, and the answer is %q: what was read counts before the error does", out.String())
	}
}

// A head may be larger than the first buffer.
func TestRequest_LongHead(t *testing.T) {
	addr, _ := serve(t)
	var b strings.Builder
	for i := range 100 {
		fmt.Fprintf(&b, "X-%03d: %s\r\n", i, strings.Repeat("v", 150+i))
	}
	got := seen(t, addr, "GET /headers HTTP/1.1\r\nHost: hone.test\r\n"+b.String()+"\r\n")
	claim.Equal(t, "lines from /headers for 101 fields", len(got), 7+101)
	claim.Equal(t, "the last field", got[len(got)-1], fmt.Sprintf("field %q %q", "x-099", strings.Repeat("v", 249)))
}

// What a handler appends to one view of the request does not run into another.
func TestRequest_ViewsAreApart(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		for name, value := range r.Fields {
			_ = append(append(name, "QQQQ"...), append(value, "WWWW"...)...)
			_ = append(value, "WWWW"...)
		}
		_, _, _ = append(r.Method, "ZZ"...), append(r.Path, "ZZ"...), append(r.Host, "ZZ"...)
		_, _ = append(r.Target, "ZZ"...), append(r.Field("a"), "ZZ"...)
		fmt.Fprintf(w, "%s %s %s %s %s %s", r.Method, r.Path, r.Query, r.Host, r.Field("A"), r.Field("B"))
		if r.Field("C") != nil || r.Field("Empty") == nil {
			fmt.Fprintf(w, " (Field is nil for no field, and not for an empty one)")
		}
	}})
	w := h.connect()
	w.send("GET /path?query HTTP/1.1\r\nHost: hone.test\r\nA: 1\r\nEmpty:\r\nB: 2\r\n\r\n")
	r := w.reply("GET")
	w.want(r.body == "GET /path query hone.test 1 2", "after the handler appended to its views it reads %q. A slice of a buffer has the capacity of the rest of the buffer, unless it is cut with three indexes", r.body)

	h = open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		_, _, _ = append(r.Path, "ZZ"...), append(r.Host, "ZZ"...), append(r.Query, "ZZ"...)
		fmt.Fprintf(w, "%s %s %s", r.Target, r.Path, r.Host)
	}})
	for target, want := range map[string]string{
		"http://a.test":    "http://a.test / a.test",
		"http://a.test/b":  "http://a.test/b /b a.test",
		"http://a.test?bc": "http://a.test?bc / a.test",
	} {
		w = h.connect()
		w.send("GET " + target + " HTTP/1.1\r\nHost: hone.test\r\n\r\n")
		r = w.reply("GET")
		w.want(r.body == want, "after the handler appended to Path, Host and Query of %s it reads %q as Target, Path and Host, want %q", target, r.body, want)
	}
}

// The handler chooses the status and adds fields.
func TestRequest_Status(t *testing.T) {
	addr, _ := serve(t)
	for _, code := range []int{200, 201, 301, 404, 418, 500, 503, 599} {
		w := connect(t, addr)
		w.send(get(fmt.Sprintf("/status?code=%d&body=text", code)))
		r := w.reply("GET")
		w.want(r.status == code && r.body == "text", "want status %d and body \"text\", got %d and %q", code, r.status, r.body)
	}
	for _, code := range []int{-1, 0, 99, 100, 199, 600, 1000} {
		w := connect(t, addr)
		w.send(get(fmt.Sprintf("/status?code=%d&body=text", code)))
		r := w.reply("GET")
		w.want(r.status == 500, "Status(%d) is no final status, want 500, got %d", code, r.status)
	}
	w := connect(t, addr)
	w.send(get("/field?name=X-Mine&value=a+b"))
	r := w.reply("GET")
	w.want(r.field("X-Mine") == "a b" && r.field("X-Before") == "1" && r.field("X-After") == "1", "want three fields that the handler added, X-Mine: a b among them")
}

// What is not a request gets 400, or 505 for another version, and the end of the
// connection; the server lives on.
func TestRequest_Malformed(t *testing.T) {
	addr, _ := serve(t)
	for _, c := range []struct {
		head string
		want int
	}{
		{"GET", 400},
		{"GET /", 400},
		{"/ HTTP/1.1", 400},
		{"GET  / HTTP/1.1", 400},
		{"GET  HTTP/1.1", 400},
		{"GET /a b HTTP/1.1", 400},
		{"GET / http/1.1", 400},
		{"GET / HTTP/1", 400},
		{"GET / HTTP/1.10", 400},
		{"GET / HTTP/11", 400},
		{"GET / HTTP/x.1", 400},
		{"GET / HTTPS/1.1", 400},
		{"GET / HTTP/1.:", 400},
		{"GET / HTTP/:.1", 400},
		{"GET relative HTTP/1.1", 400},
		{"GET ://hone.test/ HTTP/1.1", 400},
		{"GET / HTTP/2.0", 505},
		{"GET / HTTP/0.9", 505},
		{"GET / HTTP/1.1\r\nno colon here", 400},
		{"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03 a TLS hello\r\n", 400},
	} {
		w := connect(t, addr)
		w.send(c.head + "\r\nHost: hone.test\r\n\r\n")
		r := w.reply("GET")
		w.want(r.status == c.want, "%q got %d, want %d. RFC 9112 §2.2: on what \"does not match the HTTP-message grammar … the server SHOULD respond with a 400 (Bad Request) response and close the connection\"", c.head, r.status, c.want)
		w.want(strings.TrimSpace(r.body) != "" && strings.HasPrefix(r.field("Content-Type"), "text/plain"), "%q was refused with Content-Type %q and the body %q: say why, as text/plain, for whoever has to find out", c.head, r.field("Content-Type"), r.body)
		w.ends("after an error nobody knows where the next request starts")
	}
	w := connect(t, addr)
	w.send(get("/hello"))
	w.want(w.reply("GET").body == "hello", "the server must survive malformed requests")
}

// A connection that says half a request, or goes away in the middle, does not
// keep others waiting.
func TestRequest_OneDoesNotBlockAnother(t *testing.T) {
	addr, _ := serve(t)
	first := connect(t, addr)
	first.send("G")
	half := connect(t, addr)
	half.send("GET /hello HTTP/1.1\r\nHo")
	gone := connect(t, addr)
	gone.send("GET /hel")
	gone.conn.Close()
	for range 3 {
		w := connect(t, addr)
		w.send(get("/hello"))
		r := w.reply("GET")
		w.want(r.body == "hello", "while another connection has sent half a request, want \"hello\", got %q", r.body)
	}
	half.send("st: hone.test\r\n\r\n")
	r := half.reply("GET")
	half.want(r.body == "hello", "the slow connection must get its answer at last, got %q", r.body)
	first.send(strings.TrimPrefix(get("/headers"), "G"))
	r = first.reply("GET")
	first.want(strings.HasPrefix(r.body, "method \"GET\"\n"), "the connection that had sent a single byte, G, and then the rest, must get its answer at last, got %q", r.body)
}

// Serve returns what the listener fails with, and closes it.
func TestRequest_ListenerFails(t *testing.T) {
	h := &house{t: t, closed: make(chan struct{})}
	h.close = sync.OnceValue(func() error { close(h.closed); return nil })
	gone := errors.New("the network is gone")
	h.accept = func() error { return gone }
	var err error
	claim.Terminates(t, 5*time.Second, func() {
		err = (&http1.Server{Log: quiet(), Handler: func(*http1.Response, *http1.Request) {}}).Serve(h)
	})
	if !errors.Is(err, gone) {
		t.Errorf("Accept fails for good, and Serve returned %v, want that error", err)
	}
	select {
	case <-h.closed:
	default:
		t.Error("Serve returned and did not close its listener: clients can still connect, and nobody answers")
	}
}

// People read the reason phrase, in logs and in curl.
func TestRequest_Reasons(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		code, _ := strconv.Atoi(string(r.Query))
		w.Status(code)
	}})
	for code, want := range map[int][]string{ // that of RFC 9110 §15 or RFC 6585, or of RFCs before
		200: {"OK"}, 201: {"Created"}, 202: {"Accepted"}, 204: {"No Content"}, 206: {"Partial Content"},
		301: {"Moved Permanently"}, 302: {"Found"}, 303: {"See Other"}, 304: {"Not Modified"}, 307: {"Temporary Redirect"}, 308: {"Permanent Redirect"},
		400: {"Bad Request"}, 401: {"Unauthorized"}, 403: {"Forbidden"}, 404: {"Not Found"}, 405: {"Method Not Allowed"}, 408: {"Request Timeout"}, 409: {"Conflict"},
		413: {"Content Too Large", "Payload Too Large", "Request Entity Too Large"}, 414: {"URI Too Long", "Request URI Too Long"},
		417: {"Expectation Failed"}, 429: {"Too Many Requests"}, 431: {"Request Header Fields Too Large"},
		500: {"Internal Server Error"}, 501: {"Not Implemented"}, 502: {"Bad Gateway"}, 503: {"Service Unavailable"}, 504: {"Gateway Timeout"}, 505: {"HTTP Version Not Supported"},
	} {
		w := h.connect()
		w.send(get(fmt.Sprintf("/?%d", code)))
		line := w.line("status line")
		_, reason, _ := strings.Cut(strings.TrimPrefix(line, "HTTP/1.1 "), " ")
		w.want(slices.Contains(want, reason), "the status line of a %d is %q, want the reason phrase %q (RFC 9110 §15)", code, line, want[0])
		w.conn.Close()
	}
}

// Connections that are served at the same time have nothing in common that is not
// locked, and each gets its own answer.
func TestRequest_Together(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }})
	// The race detector calls it a race when nothing orders two accesses, whenever
	// they really happen. An answer that is waited for, or a socket (package syscall
	// orders every read after every write), would be such an order. So: pipes, and no
	// answer is looked at before the last request is out.
	var crowd []*wire
	for range 16 {
		crowd = append(crowd, h.connect())
	}
	for i, w := range crowd {
		w.send(get("/" + strconv.Itoa(i)))
	}
	for i, w := range crowd {
		want := "/" + strconv.Itoa(i)
		r := w.reply("GET")
		w.want(r.status == 200 && r.body == want, "%d connections asked at the same time, this one for %s; its answer is %d %q. Memory of one connection must not be another's", len(crowd), want, r.status, r.body)
	}
}

// An answer waits for nothing but its handler: on a clock that moves only while
// everything waits, it takes no time at all.
func TestRequest_AtOnce(t *testing.T) {
	defer func() {
		// A bubble that ends while something in it is blocked panics. That something
		// is left is what TestRequest_LeavesNothing is about; here it would only
		// hide what was found.
		if v := recover(); v != nil && !t.Failed() {
			panic(v)
		}
	}()
	synctest.Test(t, func(t *testing.T) {
		h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.WriteString("now") }})
		for range 3 {
			w, start := h.connect(), time.Now()
			w.send(get("/"))
			r := w.reply("GET")
			took := time.Since(start)
			w.want(took == 0, "the answer came %v after the request. Nothing was missing, and the clock of this check moves only while everybody waits for it: the answer was held back by a timer or a Sleep", took)
			w.want(r.body == "now", "want \"now\", got %q", r.body)
			w.conn.Close()
		}
	})
}

// A connection takes with it all that was started for it: after hundreds of them no
// goroutine is left, while the server goes on.
func TestRequest_LeavesNothing(t *testing.T) {
	s := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) { w.Write(r.Path) }}
	leavesNothing(t, "", open(t, s).connect)
	if t.Failed() {
		return
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan struct{})
	go func() { s.Serve(l); close(served) }()
	t.Cleanup(func() { l.Close(); <-served })
	leavesNothing(t, " over TCP", func() *wire { return connect(t, l.Addr().String()) })
}

func leavesNothing(t *testing.T, how string, connect func() *wire) {
	t.Helper()
	const n = 100
	for _, c := range []struct {
		what, said string
		answered   bool
	}{
		{"said nothing", "", false},
		{"sent half a head", "GET / HTTP/1.1\r\nHo", false},
		{"sent what is no request, were refused", "nonsense\r\n\r\n", true},
		{"asked, were answered", get("/"), true},
	} {
		before := runtime.NumGoroutine()
		var crowd []*wire
		for range n {
			crowd = append(crowd, connect())
		}
		for _, w := range crowd {
			if c.said != "" {
				w.send(c.said)
			}
		}
		for _, w := range crowd {
			if c.answered {
				w.reply("GET")
			}
			w.conn.Close()
		}
		most := before + n/2
		for pause := time.Millisecond; runtime.NumGoroutine() > most && pause < time.Second; pause *= 2 {
			time.Sleep(pause) // for those on their way out
		}
		if left := runtime.NumGoroutine() - before; left > n/2 {
			claim.Show(t, claim.KindStack, "what most of them do", mostly())
			claim.Fail(t, claim.OutcomeLeak, "%d connections%s %s and are closed, and %d goroutines more than before are there: one that nobody ends is left for each connection. A server dies of that in days, by memory, far from the cause", n, how, c.what, left)
			return
		}
	}
}

// mostly is the stack that most goroutines of this process have in common.
func mostly() string {
	var b strings.Builder
	pprof.Lookup("goroutine").WriteTo(&b, 1) // the most frequent first
	_, first, _ := strings.Cut(b.String(), "\n")
	first, _, _ = strings.Cut(first, "\n\n")
	count, frames, _ := strings.Cut(first, " @ ")
	lines := []string{count + " goroutines"}
	for line := range strings.Lines(frames) {
		if f := strings.Fields(line); len(f) == 4 && f[0] == "#" {
			name, _, _ := strings.Cut(f[2], "+0x")
			lines = append(lines, name, "\t"+f[3])
		}
	}
	return strings.Join(lines, "\n")
}
