package http1_test

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/network/http1"
)

// An attack is a message that two servers could read in two ways, and the
// statuses that refuse it.
type attack struct {
	name    string
	message string // what is sent, before a request for /hello that must not be answered
	refused []int
}

// attacks sends each message, wants it refused, and wants the end of the
// connection: the request behind it is the one that an attacker has hidden.
func attacks(t *testing.T, addr, rule string, list []attack) {
	t.Helper()
	for _, a := range list {
		w := connect(t, addr)
		w.send(a.message + get("/hello"))
		r := w.reply("POST")
		w.want(slices.Contains(a.refused, r.status), "%s: want %v, got %d %q.\n%s", a.name, a.refused, r.status, r.body, rule)
		w.ends(fmt.Sprintf("%s was refused with %d, and what follows must not be read as a request. %s", a.name, r.status, rule))
	}
}

var bad = []int{400}

// head is a request with these lines in its head.
func head(lines string) string { return "POST /count HTTP/1.1\r\nHost: hone.test\r\n" + lines + "\r\n" }

// Content-Length is digits, and only digits.
func TestStrict_ContentLength(t *testing.T) {
	addr, _ := serve(t)
	var list []attack
	for _, v := range []string{"+5", "-5", "0x5", "5 5", "5,5", "5;5", "5.0", "5e0", "", "five", "5\v", "1_0", "٥", ":", "5:",
		"9223372036854775808", "18446744073709551621", "99999999999999999999999"} {
		list = append(list, attack{fmt.Sprintf("Content-Length: %q", v), head("Content-Length: "+v+"\r\n") + "hello", []int{400, 413}})
	}
	attacks(t, addr, "RFC 9110 §8.6: Content-Length = 1*DIGIT; a recipient \"MUST anticipate potentially large decimal numerals and prevent parsing errors due to integer conversion overflows\"", list)
}

// Two different Content-Lengths are refused. Two equal ones are refused or
// counted once, never added.
func TestStrict_RepeatedLength(t *testing.T) {
	addr, _ := serve(t)
	rule := "RFC 9112 §6.3: with \"an invalid Content-Length header field …, the message framing is invalid and the recipient MUST treat it as an unrecoverable error\""
	attacks(t, addr, rule, []attack{
		{"Content-Length 5 and 6", head("Content-Length: 5\r\nContent-Length: 6\r\n") + "hello", bad},
		{"Content-Length 5 and 0", head("Content-Length: 5\r\ncontent-length: 0\r\n") + "hello", bad},
		{"Content-Length 0 and 5", head("Content-Length: 0\r\nContent-Length: 5\r\n") + "hello", bad},
		{"Content-Length 5, 6", head("Content-Length: 5, 6\r\n") + "hello", bad},
	})
	w := connect(t, addr)
	w.send(head("Content-Length: 5\r\nContent-Length: 5\r\n") + "hello" + get("/hello"))
	if r := w.reply("POST"); r.status == 400 {
		w.ends("it was refused")
	} else {
		w.want(r.body == "5 <nil>", "two equal Content-Lengths: want 400, or a body of 5 bytes; got %d %q", r.status, r.body)
		w.want(w.reply("GET").body == "hello", "want the request behind 5 bytes of body")
	}
}

// With Content-Length and Transfer-Encoding the request is refused, or obeys the
// latter; in both cases the connection ends.
func TestStrict_TwoLengths(t *testing.T) {
	addr, _ := serve(t)
	for _, lines := range []string{
		"Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n",
		"Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
		"Content-Length: 50\r\nX: y\r\nTransfer-Encoding: chunked\r\n",
	} {
		w := connect(t, addr)
		w.send(head(lines) + "0\r\n\r\n" + get("/hello"))
		r := w.reply("POST")
		w.want(r.status == 400 || r.body == "0 <nil>", "%q: want 400, or the chunked body of 0 bytes; got %d %q. RFC 9112 §6.3: \"the Transfer-Encoding overrides the Content-Length. Such a message might indicate an attempt to perform request smuggling …, and ought to be handled as an error\"", lines, r.status, r.body)
		w.ends("RFC 9112 §6.1: \"Regardless, the server MUST close the connection after responding to such a request to avoid the potential attacks\"")
	}
}

// HTTP/1.0 has no Transfer-Encoding: who sends one gets an error or the end of
// the connection, never a second answer.
func TestStrict_ChunkedInHTTP10(t *testing.T) {
	addr, _ := serve(t)
	for _, length := range []string{"", "Content-Length: 5\r\n"} {
		w := connect(t, addr)
		w.send("POST /count HTTP/1.0\r\nConnection: keep-alive\r\n" + length + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n" + get("/hello"))
		w.reply("HTTP/1.0")
		w.ends("RFC 9112 §6.1: a server that receives HTTP/1.0 with Transfer-Encoding \"MUST treat the message as if the framing is faulty, even if a Content-Length is present, and close the connection after processing the message\"")
	}
}

// Chunked, once and alone, is the transfer coding that is understood.
func TestStrict_TransferEncoding(t *testing.T) {
	addr, _ := serve(t)
	var list []attack
	for _, v := range []string{"gzip, chunked", "chunked, gzip", "chunked, chunked", "chunked\r\nTransfer-Encoding: chunked",
		"identity", "identity\r\nTransfer-Encoding: chunked", "chunked\r\nTransfer-Encoding: identity",
		"xchunked", "chunkedx", "chunked;q=1", "\"chunked\"", "\vchunked", "chunked\x00", "chun ked", "", "cow"} {
		list = append(list, attack{fmt.Sprintf("Transfer-Encoding: %q", v), head("Transfer-Encoding: "+v+"\r\n") + "0\r\n\r\n", []int{400, 501}})
	}
	attacks(t, addr, "RFC 9112 §6.3: when \"the chunked transfer coding is not the final encoding, the message body length cannot be determined reliably; the server MUST respond with the 400 … and then close the connection\"; §6.1: a coding that is not understood gets 501", list)
}

// A line of a head ends with CR LF, and LF alone is refused.
func TestStrict_BareLF(t *testing.T) {
	addr, _ := serve(t)
	attacks(t, addr, "RFC 9112 §2.2 lets a recipient take LF for a line end; a server behind a proxy that does not do so sees other fields than it. This lab refuses", []attack{
		{"LF after the request line", "GET /hello HTTP/1.1\nHost: hone.test\r\n\r\n", bad},
		{"LF after a field", head("A: b\nContent-Length: 5\r\n") + "hello", bad},
		{"LF for the empty line", "GET /hello HTTP/1.1\r\nHost: hone.test\r\n\n", bad},
		{"LF everywhere", "GET /hello HTTP/1.1\nHost: hone.test\n\n", bad},
		{"LF for the empty line before a request", "\n", bad},
	})
}

// No CR, NUL or other control hides in a value, and no byte that is not of a
// token in a name; no white space before the colon, and none before a name.
func TestStrict_Fields(t *testing.T) {
	addr, _ := serve(t)
	attacks(t, addr, "RFC 9110 §5.5: \"Field values containing CR, LF, or NUL characters are invalid and dangerous, due to the varying ways that implementations might parse and interpret those characters\"", []attack{
		{"CR in a value", head("A: b\rContent-Length: 5\r\n") + "hello", bad},
		{"CR at the end of a value", head("A: b\r\r\n"), bad},
		{"CR alone as a value", head("A: \r\r\n"), bad},
		{"NUL in a value", head("A: b\x00c\r\n"), bad},
		{"NUL behind eight bytes of value", head("A: 01234567\x00\r\n"), bad},
		{"a control in a value", head("A: b\x01\r\n"), bad},
		{"DEL in a value", head("A: 0123\x7f4567\r\n"), bad},
		{"DEL among odd bytes", head("A:1357\x7f135\r\n"), bad},
		{"a control behind a tab", head("A: 0123456\t89012\x0345678\r\n"), bad},
	})
	attacks(t, addr, "RFC 9112 §5.1: \"A server MUST reject, with a response status code of 400 (Bad Request), any received request message that contains whitespace between a header field name and colon\"; a name is a token (RFC 9110 §5.1)", []attack{
		{"space before the colon", head("Content-Length : 5\r\n") + "hello", bad},
		{"tab before the colon", head("Transfer-Encoding\t: chunked\r\n") + "0\r\n\r\n", bad},
		{"space in a name", head("Content Length: 5\r\n") + "hello", bad},
		{"NUL in a name", head("Content-Length\x00: 5\r\n") + "hello", bad},
		{"byte above 127 in a name", head("Content-Length\xa0: 5\r\n") + "hello", bad},
		{"parenthesis in a name", head("A(b): c\r\n"), bad},
		{"CR in a name", head("A\rB: c\r\n"), bad},
		{"no name", head(": c\r\n"), bad},
		{"no colon", head("Content-Length\r\n"), bad},
		{"white space before the first field", "POST /count HTTP/1.1\r\n Host: hone.test\r\nHost: hone.test\r\n\r\n", bad},
	})
	// Bytes above 127 are obs-text and legal in a value, as is a tab.
	w := connect(t, addr)
	w.send("GET /headers HTTP/1.1\r\nHost: hone.test\r\nA: caf\xc3\xa9 \xff 01234567\t89\r\n\r\n")
	r := w.reply("GET")
	w.want(strings.Contains(r.body, fmt.Sprintf("%q", "caf\xc3\xa9 \xff 01234567\t89")), "obs-text and HTAB are legal in a field value (RFC 9110 §5.5): want them untouched, got %d %q", r.status, r.body)
}

// A line that continues the one before is refused, or joined to it with a space.
func TestStrict_ObsFold(t *testing.T) {
	addr, _ := serve(t)
	for _, fold := range []string{" ", "\t"} {
		w := connect(t, addr)
		w.send("GET /headers HTTP/1.1\r\nHost: hone.test\r\nA: b\r\n" + fold + "Content-Length: 5\r\n\r\n" + get("/hello"))
		r := w.reply("GET")
		if r.status == 400 {
			w.ends("it was refused")
			continue
		}
		w.want(r.status == 200 && strings.Contains(r.body, "b Content-Length: 5") && strings.Contains(r.body, "length 0\n"), "a folded line: want 400 or the value \"b Content-Length: 5\" of A; got %d %q. RFC 9112 §5.2: \"either reject the message by sending a 400 (Bad Request) … or replace each received obs-fold with one or more SP octets\"", r.status, r.body)
	}
}

// The request line has one space, twice, a method that is a token, and a target
// without controls.
func TestStrict_RequestLine(t *testing.T) {
	addr, _ := serve(t)
	var list []attack
	for _, line := range []string{
		"GET\t/hello\tHTTP/1.1", "GET /hello\tHTTP/1.1", "GET  /hello HTTP/1.1", "GET /hello  HTTP/1.1", " GET /hello HTTP/1.1", "GET /hello HTTP/1.1 ",
		"G(T /hello HTTP/1.1", "G\x00T /hello HTTP/1.1", "GET: /hello HTTP/1.1",
		"GET /hel\x00lo HTTP/1.1", "GET /hel\rlo HTTP/1.1", "GET /hel\x7flo HTTP/1.1", "GET /hello\x1f HTTP/1.1", "GET /hel\tlo HTTP/1.1", "GET /0123456789\x01 HTTP/1.1",
		"GET /hello HTTP/1.1\r", "GET * HTTP/1.1", "GET hello HTTP/1.1", "GET ?hello HTTP/1.1",
	} {
		list = append(list, attack{fmt.Sprintf("%q", line), line + "\r\nHost: hone.test\r\n\r\n", bad})
	}
	attacks(t, addr, "RFC 9112 §3: request-line = method SP request-target SP HTTP-version, \"No whitespace is allowed in the request-target\", and an invalid one SHOULD get 400", list)
}

// Exactly one valid Host in HTTP/1.1, at most one in HTTP/1.0.
func TestStrict_Host(t *testing.T) {
	addr, _ := serve(t)
	attacks(t, addr, "RFC 9112 §3.2: \"A server MUST respond with a 400 (Bad Request) status code to any HTTP/1.1 request message that lacks a Host header field and to any request message that contains more than one Host header field line or a Host header field with an invalid field value\"", []attack{
		{"no Host", "GET /hello HTTP/1.1\r\n\r\n", bad},
		{"no Host, absolute target", "GET http://hone.test/hello HTTP/1.1\r\n\r\n", bad},
		{"two Hosts", "GET /hello HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", bad},
		{"the same Host twice", "GET /hello HTTP/1.1\r\nHost: a.test\r\nhost: a.test\r\n\r\n", bad},
		{"two Hosts in HTTP/1.0", "GET /hello HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\nConnection: keep-alive\r\n\r\n", bad},
		{"space in Host", "GET /hello HTTP/1.1\r\nHost: a.test b.test\r\n\r\n", bad},
		{"slash in Host", "GET /hello HTTP/1.1\r\nHost: a.test/b\r\n\r\n", bad},
		{"user in Host", "GET /hello HTTP/1.1\r\nHost: user@a.test\r\n\r\n", bad},
		{"quote in Host", "GET /hello HTTP/1.1\r\nHost: a\"b\r\n\r\n", bad},
		{"space in the host of the target", "GET http://a.test b/hello HTTP/1.1\r\nHost: hone.test\r\n\r\n", bad},
		{"backslash in the host of the target", "GET http://a\\b/hello HTTP/1.1\r\nHost: hone.test\r\n\r\n", bad},
		{"backslash in the authority", "CONNECT a\\b:443 HTTP/1.1\r\nHost: hone.test\r\n\r\n", bad},
	})
	for _, request := range []string{
		"GET /hello HTTP/1.0\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost: [2001:db8::1]:8080\r\n\r\n",
		"GET /hello HTTP/1.1\r\nHost:\r\n\r\n",
		"GET http://a/hello HTTP/1.1\r\nHost:\r\n\r\n",
	} {
		w := connect(t, addr)
		w.send(request)
		w.want(w.reply("HTTP/1.0").status == 200, "%q is right and must be served", request)
	}
}

// A target of the absolute form has a host.
func TestStrict_EmptyHost(t *testing.T) {
	addr, _ := serve(t)
	attacks(t, addr, "RFC 9110 §4.2.1: an http URI with an empty host is invalid, and \"A recipient that processes such a URI reference MUST reject it as invalid\"", []attack{
		{"no host, with a path", "GET http:///hello HTTP/1.1\r\nHost: hone.test\r\n\r\n", bad},
		{"no host, with a query", "GET http://?hello HTTP/1.1\r\nHost: hone.test\r\n\r\n", bad},
		{"no host, and nothing else", "GET http:// HTTP/1.1\r\nHost: hone.test\r\n\r\n", bad},
	})
}

// Malformed chunks are refused, the size that wraps round above all.
func TestStrict_Chunks(t *testing.T) {
	addr, _ := serve(t)
	var list []attack
	for _, chunks := range []string{
		"5\r\nhello0\r\n\r\n", "5\r\nhello!\r\n0\r\n\r\n", "5\r\nhello!!\r\n0\r\n\r\n", "5\r\nhello\n0\r\n\r\n", "5\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n0\n\r\n",
		"+5\r\nhello\r\n0\r\n\r\n", "-5\r\nhello\r\n0\r\n\r\n", "0x5\r\nhello\r\n0\r\n\r\n", " 5\r\nhello\r\n0\r\n\r\n", "\r\nhello\r\n0\r\n\r\n", ";\r\nhello\r\n0\r\n\r\n",
		"g\r\nhello\r\n0\r\n\r\n", "5g\r\nhello\r\n0\r\n\r\n", "5 5\r\nhello\r\n0\r\n\r\n", "5\r\r\nhello\r\n0\r\n\r\n", "5;a\rb\r\nhello\r\n0\r\n\r\n", "5;a\nb\r\nhello\r\n0\r\n\r\n",
		"10000000000000005\r\nhello\r\n0\r\n\r\n", "100000000000000005\r\nhello\r\n0\r\n\r\n", "5\r\nhello\r\n10000000000000000\r\n\r\n", "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
		"5;" + strings.Repeat("x", 70_000) + "\r\nhello\r\n0\r\n\r\n",
		"/\r\nhello\r\n0\r\n\r\n", ":\r\nhelloworld\r\n0\r\n\r\n", "@\r\nhello\r\n0\r\n\r\n", "G\r\nhello\r\n0\r\n\r\n", "`\r\nhello\r\n0\r\n\r\n",
		// Who takes one of these for the last chunk finds a whole message.
		"\r\n\r\n", ";x\r\n\r\n", "x\r\n\r\n", "5 5\r\n\r\n", "5;a\rb\r\n\r\n", "10000000000000000\r\n\r\n", "5\r\nhelloA: b\r\n\r\n",
	} {
		list = append(list, attack{fmt.Sprintf("chunks %.60q", chunks), chunked("/count", chunks), []int{400, 413}})
	}
	attacks(t, addr, "RFC 9112 §7.1: chunk = chunk-size [ chunk-ext ] CRLF chunk-data CRLF, and \"Recipients MUST anticipate potentially large hexadecimal numerals and prevent parsing errors due to integer conversion overflows\"", list)
}

// What is not data in a chunked body stays in proportion to what is.
func TestStrict_ChunkOverhead(t *testing.T) {
	addr, _ := serve(t)
	w := connect(t, addr)
	one := "1;" + strings.Repeat("x", 1000) + "\r\na\r\n"
	go w.send(chunked("/count", strings.Repeat(one, 1000)+"0\r\n\r\n"))
	r := w.reply("POST")
	w.want(r.status == 400 || r.status == 413, "1,000 bytes of data wrapped in 1 MB of chunk extensions: want 400, got %d %q. RFC 9112 §7.1.1: \"A server ought to limit the total length of chunk extensions received in a request\" (CVE-2023-39326)", r.status, r.body)

	// Small chunks without extensions are clumsy and legal.
	w = connect(t, addr)
	go w.send(chunked("/count", strings.Repeat("1\r\na\r\n", 20_000)+"0\r\n\r\n"))
	r = w.reply("POST")
	w.want(r.body == "20000 <nil>", "20,000 chunks of one byte are legal: got %d %q", r.status, r.body)

	// And so are extensions that cost less than the data.
	w = connect(t, addr)
	x := strings.Repeat("x", 100)
	go w.send(chunked("/count", strings.Repeat("64;"+x[:60]+"\r\n"+x+"\r\n", 1000)+"0\r\n\r\n"))
	r = w.reply("POST")
	w.want(r.body == "100000 <nil>", "1,000 chunks of 100 bytes with 60 bytes of extension each are legal: got %d %q", r.status, r.body)

	// Too much of it is the end, whatever comes then.
	attacks(t, addr, "what follows the chunk that was too much must not be read as a trailer", []attack{
		{"2 MB of extensions, and then what could be a trailer", chunked("/count", strings.Repeat("1;"+strings.Repeat("x", 4000)+"\r\na\r\n", 4)+"4;"+strings.Repeat("x", 4000)+"\r\nA: b\r\n\r\n"), []int{400, 413}},
	})
}

// Trailer fields obey the rules of fields.
func TestStrict_TrailerFields(t *testing.T) {
	addr, _ := serve(t)
	var list []attack
	for _, trailers := range []string{"A : b\r\n", "A\r\n", "A: b\x00\r\n", "A: b\rC: d\r\n", " A: b\r\n", "A: b\nC: d\r\n", "A: b\n"} {
		list = append(list, attack{fmt.Sprintf("trailers %q", trailers), chunked("/trailers", "5\r\nhello\r\n0\r\n"+trailers+"\r\n"), bad})
	}
	attacks(t, addr, "RFC 9112 §7.1.2: a trailer section is field lines, and §5.1 forbids white space before their colon", list)
}

// Trailers cannot change what the head has said.
func TestStrict_TrailersStayApart(t *testing.T) {
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		io.Copy(io.Discard, r)
		fmt.Fprintf(w, "%s %s %s %d", r.Field("Authorization"), r.Field("Content-Length"), r.Host, r.Length)
	}})
	w := h.connect()
	w.send(chunked("/", "5\r\nhello\r\n0\r\nAuthorization: admin\r\nContent-Length: 7\r\nHost: evil.test\r\n\r\n") + get("/"))
	r := w.reply("POST")
	w.want(r.body == "  hone.test -1", "after trailers named Authorization, Content-Length and Host the handler's fields read %q. RFC 9110 §6.5.1: trailers must not be merged into the header section", r.body)
	w.want(w.reply("GET").body == "  hone.test 0", "the next request must be found and know nothing of them")
}

// Whatever is too long is refused as such: 414, 431, 413; and what is just short
// enough is served.
func TestStrict_Limits(t *testing.T) {
	addr, _ := serve(t, "-max-line", "1000", "-max-header", "4096", "-max-body", "10000")
	x := func(n int) string { return strings.Repeat("x", n) }
	for _, ok := range []string{
		"GET /headers?" + x(900) + " HTTP/1.1\r\nHost: hone.test\r\n\r\n",
		"GET /headers HTTP/1.1\r\nHost: hone.test\r\nA: " + x(3900) + "\r\n\r\n",
		post("/count", x(10_000)),
		chunked("/count", "1388\r\n"+x(5000)+"\r\n1388\r\n"+x(5000)+"\r\n0\r\n\r\n"),
	} {
		w := connect(t, addr)
		w.send(ok)
		w.want(w.reply("POST").status == 200, "a message just within the limits must be served")
	}
	rule := "RFC 9110 §15.5.15 (414), RFC 6585 §5 (431), RFC 9110 §15.5.14 (413): a server without limits is one that can be filled"
	attacks(t, addr, rule, []attack{
		{"a target of 1,200 bytes where a line may have 1,000", "GET /" + x(1200) + " HTTP/1.1\r\nHost: hone.test\r\n\r\n", []int{414}},
		{"one field of 64 KB", head("A: " + x(64<<10) + "\r\n"), []int{431}},
		{"3,000 fields", head(strings.Repeat("A: 0123456789\r\n", 3000)), []int{431}},
		{"a body of 10,001 bytes", post("/count", x(10_001)), []int{413}},
		{"a body of 8 EB", head("Content-Length: 8000000000000000000\r\n"), []int{400, 413}},
		{"a body of 10,001 bytes in chunks", chunked("/count", "1388\r\n"+x(5000)+"\r\n1389\r\n"+x(5001)+"\r\n0\r\n\r\n"), []int{413}},
	})
	// A line, or a head, that never ends is refused as well, and not kept.
	for _, endless := range []string{"GET /", "GET / HTTP/1.1\r\nHost: hone.test\r\nA: "} {
		w := connect(t, addr)
		go w.send(endless + x(1<<20))
		r := w.reply("GET")
		w.want(r.status == 414 || r.status == 431, "a head that does not end: want 414 or 431 once it is past the limit, got %d", r.status)
	}
}

// Nothing that a handler adds can end its line and begin another: that would be
// the attacker's response and not the handler's.
func TestStrict_ResponseSplitting(t *testing.T) {
	addr, _ := serve(t)
	for _, c := range [][2]string{
		{"X-Name", "a\r\nSet-Cookie: admin=1"},
		{"X-Name", "a\r\n\r\n<html>"},
		{"X-Name", "a\nb"},
		{"X-Name", "a\rb"},
		{"X-Name", "01234567\x00"},
		{"X-Name\r\nSet-Cookie", "a"},
		{"X Name", "a"},
		{"X-Name:", "a"},
		{"", "a"},
	} {
		w := connect(t, addr)
		w.send(get("/field?name=" + url.QueryEscape(c[0]) + "&value=" + url.QueryEscape(c[1])))
		r := w.reply("GET")
		w.want(strings.HasPrefix(r.body, "refused: ") && r.field("Set-Cookie") == "", "Add(%q, %q) must return ErrField and add nothing; the handler says %q", c[0], c[1], r.body)
		w.want(r.field("X-Before") == "1" && r.field("X-After") == "1" && r.field("X-Name") == "", "the fields before and after the refused one must be sent, and it must not")
	}
	for _, own := range []string{"Content-Length", "transfer-encoding", "CONNECTION", "Date"} {
		w := connect(t, addr)
		w.send(get("/field?name="+own+"&value=1") + get("/hello"))
		w.want(strings.HasPrefix(w.reply("GET").body, "refused: "), "Add(%q, …) must return ErrField: framing is the server's, and two of it are smuggling with our own hands", own)
		w.want(w.reply("GET").body == "hello", "want the next response where the first one ends")
	}
	h := open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		if err := w.AddTrailer("X", "a\r\nb"); !errors.Is(err, http1.ErrField) {
			t.Errorf("AddTrailer with CR LF in the value = %v, want ErrField", err)
		}
	}})
	w := h.connect()
	w.send(get("/"))
	w.reply("GET")

	h = open(t, &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		for _, bad := range [][2]string{{"X\r\nY", "a"}, {"", "a"}, {"Content-Length", "5"}} {
			if err := w.AddTrailer(bad[0], bad[1]); !errors.Is(err, http1.ErrField) {
				t.Errorf("AddTrailer(%q, %q) = %v, want ErrField", bad[0], bad[1], err)
			}
		}
		if err := w.AddTrailer("X-Good", "two words"); err != nil {
			t.Errorf("AddTrailer of a field with two words = %v, want nil", err)
		}
	}})
	w = h.connect()
	w.send(get("/"))
	r := w.reply("GET")
	w.want(len(r.trailer) == 1 && joined(r.trailer, "X-Good") == "two words", "want the one trailer that may be sent, got %v", r.trailer)
}

// A limit is exact: what it allows is served, and one byte more is not. Zero
// limits are what their comments say.
func TestStrict_ExactLimits(t *testing.T) {
	x := func(n int) string { return strings.Repeat("x", n) }
	line := func(n int) string { return "GET /" + x(n-len("GET / HTTP/1.1")) + " HTTP/1.1" }
	fields := func(n int) string {
		const host = "Host: hone.test\r\n"
		return "GET / HTTP/1.1\r\n" + host + "A: " + x(n-len(host)-len("A: \r\n")) + "\r\n\r\n"
	}
	type limits struct {
		line, header int
		body         int64
	}
	one := "0000000000000001\r\na\r\n"
	for _, c := range []struct {
		limit    string
		limits   limits
		good     string
		over     string
		refused  int
		answered int // of good: 400 where it is cut short
	}{
		{"MaxLine 100", limits{line: 100}, line(100) + "\r\nHost: hone.test\r\n\r\n", line(101) + "\r\nHost: hone.test\r\n\r\n", 414, 200},
		{"the default of MaxLine, 8 KiB", limits{}, line(8<<10) + "\r\nHost: hone.test\r\n\r\n", line(8<<10+1) + "\r\nHost: hone.test\r\n\r\n", 414, 200},
		{"MaxHeader 1000", limits{header: 1000}, fields(1000), fields(1001), 431, 200},
		{"the default of MaxHeader, 32 KiB", limits{}, fields(32 << 10), fields(32<<10 + 1), 431, 200},
		{"MaxBody 1000", limits{body: 1000}, post("/", x(1000)), post("/", x(1001)), 413, 200},
		{"the default of MaxBody, 32 MiB", limits{}, head("Content-Length: 33554432\r\n"), head("Content-Length: 33554433\r\n"), 413, 0},
		{"MaxBody as large as numbers get", limits{body: math.MaxInt64}, head("Content-Length: 9223372036854775807\r\n"), head("Content-Length: 9223372036854775808\r\n"), 400, 0},
		{"MaxBody as large as numbers get, in chunks", limits{body: math.MaxInt64}, chunked("/", "7fffffffffffffff\r\n"), chunked("/", "8000000000000000\r\n"), 413, 0},
		{"MaxBody as large as numbers get, in several chunks", limits{body: math.MaxInt64}, chunked("/", one+"7ffffffffffffffe\r\n"), chunked("/", one+"7fffffffffffffff\r\n"), 413, 0},
	} {
		// say returns the status of the answer, 0 for none, and what the handler was told.
		say := func(message string) (status int, read error) {
			var out bytes.Buffer
			told := make(chan error, 1)
			s := &script{in: strings.NewReader(message), out: &out, closed: make(chan struct{})}
			alone(t, &http1.Server{MaxLine: c.limits.line, MaxHeader: c.limits.header, MaxBody: c.limits.body, Handler: func(_ *http1.Response, r *http1.Request) {
				_, err := io.Copy(io.Discard, r)
				told <- err
			}}, s, s)
			fmt.Sscanf(out.String(), "HTTP/1.1 %d", &status)
			select {
			case read = <-told:
			default:
			}
			return status, read
		}
		status, read := say(c.good)
		if status != c.answered || c.answered == 0 && !errors.Is(read, io.ErrUnexpectedEOF) {
			t.Errorf("%s: a message that reaches it was refused (status %d, reading the body ended with %v)", c.limit, status, read)
		}
		status, read = say(c.over)
		if ok := status == c.refused || c.refused == 413 && status == 400 || c.refused == 400 && status == 413; !ok {
			t.Errorf("%s: a message that exceeds it by one got %d, want %d", c.limit, status, c.refused)
		}
		if c.refused == 413 && strings.Contains(c.over, "chunked") && status == 413 && !errors.Is(read, http1.ErrTooLarge) {
			t.Errorf("%s: reading a body that exceeds it ended with %v, want ErrTooLarge", c.limit, read)
		}
	}

	// A line that is as long as it may be, and whose end is still on its way.
	h := open(t, &http1.Server{MaxLine: 100, Handler: func(*http1.Response, *http1.Request) {}})
	for _, cut := range []int{100, 101} {
		whole := line(100) + "\r\nHost: hone.test\r\n\r\n"
		w := h.connect()
		w.send(whole[:cut])
		w.send(whole[cut:])
		w.want(w.reply("GET").status == 200, "a line of 100 bytes where 100 are allowed, of which %d came first: want 200", cut)
	}
	w := h.connect()
	w.send("\n" + x(200))
	r := w.reply("GET")
	w.want(r.status == 400, "a bare LF, and behind it more than a line may have: want 400 for the LF, got %d", r.status)
}

// Whatever is sent, our reading of the stream never differs from net/http's: who
// accepts the same message must see the same method, target, fields and body.
func TestStrict_SameReading(t *testing.T) {
	rng := claim.Rand(t)
	for range 1500 {
		claim.Minimal(t, []byte(mutated(rng)), func(t testing.TB, stream []byte) {
			if got, want := readings(t, string(stream), true), readings(t, string(stream), false); !agree(got, want) {
				t.Errorf("two readings of one stream:\n  this server  %+v\n  net/http     %+v\nBetween a proxy with one reading and a server with the other, a request can be hidden (RFC 9112 §11.2)", got, want)
			}
		})
		if t.Failed() {
			return
		}
	}
}

// mutated is two or three requests with a few bytes changed where it hurts.
func mutated(rng *rand.Rand) string {
	whole := []string{
		get("/a"),
		post("/b", "hello"),
		chunked("/c", "5\r\nhello\r\n3;x\r\nabc\r\n0\r\nT: 1\r\n\r\n"),
		"HEAD /d HTTP/1.1\r\nHost: hone.test\r\nX:  y \r\n\r\n",
		"PUT http://other.test/e?f HTTP/1.1\r\nHost: hone.test\r\nContent-Length: 3\r\n\r\nabc",
	}
	var s []byte
	for range 2 + rng.IntN(2) {
		s = append(s, whole[rng.IntN(len(whole))]...)
	}
	spice := []string{"\r", "\n", "\r\n", " ", "\t", "\x00", ":", ",", "0", "5", "+", "a", ";", "\x80", "chunked", "Content-Length: 5\r\n", "Transfer-Encoding: chunked\r\n", "Connection: close\r\n"}
	for range rng.IntN(4) {
		i := rng.IntN(len(s))
		switch rng.IntN(3) {
		case 0:
			s = slices.Insert(s, i, []byte(spice[rng.IntN(len(spice))])...)
		case 1:
			s = slices.Delete(s, i, min(len(s), i+1+rng.IntN(3)))
		default:
			s[i] = spice[rng.IntN(10)][0]
		}
	}
	return string(s)
}

// A reading is one request as somebody understood it.
type reading struct {
	method, target, host, body string
	whole                      bool // the body was complete
}

// readings returns the requests that ours, or net/http, finds in the stream.
func readings(t testing.TB, stream string, ours bool) (list []reading) {
	t.Helper()
	if !ours {
		for b := bufio.NewReader(strings.NewReader(stream)); ; {
			r, err := http.ReadRequest(b)
			if err != nil {
				return list
			}
			body, err := io.ReadAll(r.Body)
			list = append(list, reading{r.Method, r.RequestURI, r.Host, string(body), err == nil})
			if err != nil || r.Close {
				return list
			}
		}
	}
	server := &http1.Server{Handler: func(w *http1.Response, r *http1.Request) {
		var body bytes.Buffer
		_, err := io.Copy(&body, r)
		list = append(list, reading{string(r.Method), string(r.Target), string(r.Host), body.String(), err == nil})
	}}
	s := &script{in: strings.NewReader(stream), closed: make(chan struct{})}
	alone(t, server, s, s)
	return list
}

// agree compares two readings as far as both go.
func agree(a, b []reading) bool {
	for i := range min(len(a), len(b)) {
		if a[i].whole != b[i].whole {
			return true // one refused the body; nothing behind it was read
		}
		if a[i].whole && a[i] != b[i] {
			return false
		}
		if !a[i].whole {
			return true
		}
	}
	return true
}
