package http1

import (
	"bytes"
	"io"
	"math"
)

// Read reads the body: what Content-Length counts, or the chunks, decoded. It
// returns io.EOF only at the end of a body that was complete. The first Read of
// a request with Expect: 100-continue tells the client to go on.
//
// A body that the handler leaves unread is skipped, or the connection ended.
// When Read fails and nothing of the response has gone yet, what the handler
// does with its Response no longer matters: the client gets 400, 408 or 413.
//
//hone:stage body
func (r *Request) Read(p []byte) (int, error) {
	if r.expect {
		r.expect = false
		r.err = r.proceed()
	}
	if r.left == 0 && r.err == nil {
		r.err = r.advance()
	}
	if r.err != nil || len(p) == 0 {
		return 0, r.err
	}
	n, err := r.c.take(p[:min(int64(len(p)), r.left)])
	r.left -= int64(n)
	r.err = err
	return n, err
}

// Trailer returns the value of the first trailer field of that name, as Field
// does. There are none before Read has returned io.EOF.
//
//hone:stage body
func (r *Request) Trailer(name string) []byte {
	return find(r.c.in[r.trailerBase:], r.trailers, name)
}

// Trailers calls yield for every trailer field, as Fields does.
//
//hone:stage body
func (r *Request) Trailers(yield func(name, value []byte) bool) {
	each(r.c.in[r.trailerBase:], r.trailers, yield)
}

// A body is how far a Request has read its body.
//
//hone:hide body
type body struct {
	left    int64 // of the body, or of the current chunk
	chunked bool
	begun   bool // a chunk has been read, so its CR LF comes next
	expect  bool // the client waits for 100 Continue. When it gets something else, it may send the body or not, so its next bytes mean nothing
	err     error

	coded, counted bool  // has Transfer-Encoding, has Content-Length
	total          int64 // of all chunks so far
	spent          int64 //hone:hide strict

	trailers    []field
	trailerBase int
}

//hone:hide body
var (
	errCoding   = &refusal{status: 501, why: "chunked, once and alone, is the only transfer coding spoken here (RFC 9112 §7)"}
	errCount    = &refusal{status: 400, why: "Content-Length is not one number (RFC 9110 §8.6)"}
	errExpect   = &refusal{status: 417, why: "100-continue is the only expectation (RFC 9110 §10.1.1)"}
	errTooLarge = &refusal{status: 413, why: "the body is too long", kind: ErrTooLarge}
	errChunk    = &refusal{status: 400, why: "malformed chunk (RFC 9112 §7.1)", kind: ErrMalformed}
)

// contentLength reads 1*DIGIT and nothing else. ParseInt would take "+5" and
// "0_5"; a proxy that reads "+5" as no length at all sees the body as the next
// request.
//
//hone:hide body
func (r *Request) contentLength(value []byte) error {
	var n int64
	for _, c := range value {
		d := int64(c - '0')
		if !digit(c) || n > (math.MaxInt64-d)/10 {
			return errCount
		}
		n = n*10 + d
	}
	if len(value) == 0 || r.counted && n != r.Length { //hone:line strict
		return errCount
	}
	r.counted, r.Length = true, n
	return nil
}

// transferEncoding accepts "chunked" alone. A second field of that name, even
// the same, is a second coding (§6.1: "MUST NOT apply … chunked … more than once").
//
//hone:hide body
func (r *Request) transferEncoding(value []byte) error {
	if r.coded || !fold(value, "chunked") {
		return errCoding
	}
	r.coded = true
	return nil
}

// frame decides where the body ends (§6.3). This is the question that request
// smuggling lives on: two servers, one stream of bytes, two answers.
//
//hone:hide body
func (r *Request) frame() error {
	// Item 3: with both, Transfer-Encoding wins, the connection MUST end after
	// the response, and the message "ought to be handled as an error". And
	// §6.1: HTTP/1.0 has no chunked; who sends it was not understood by
	// somebody on the way.
	if r.coded && (r.counted || r.Minor == 0) { //hone:line strict
		return errAmbiguous
	}
	if r.coded {
		r.chunked, r.Length = true, -1
		return nil
	}
	if r.Length > r.c.s.maxBody() { //hone:line strict
		return errTooLarge
	}
	r.left = r.Length
	r.expect = r.expect && r.left > 0
	return nil
}

// proceed sends 100 Continue, unless the client has already gone on by itself or
// knows the end of the story (RFC 9110 §10.1.1).
//
//hone:hide body
func (r *Request) proceed() error {
	if r.c.r < r.c.w || r.c.res.sent {
		return nil
	}
	r.c.out = append(r.c.out, "HTTP/1.1 100 Continue\r\n\r\n"...)
	return r.c.send()
}

// advance is called with nothing left: it finds the next chunk, or returns io.EOF.
//
//hone:hide body
func (r *Request) advance() error {
	if !r.chunked {
		return io.EOF
	}
	if err := r.chunk(); err != nil || r.left > 0 {
		return err
	}
	// The trailers stay where they are: nothing is read after them until the
	// handler has returned.
	var err error
	if r.trailers, err = r.c.section(r.trailers, nil); err != nil {
		return err
	}
	r.trailerBase = r.c.r
	r.c.next()
	return io.EOF
}

// chunk reads the CR LF that ends the chunk before, and
//
//	chunk-size [ chunk-ext ] CRLF
//
// of the next (§7.1). Extensions are checked and ignored.
//
//hone:hide body
func (r *Request) chunk() error {
	c := r.c
	if r.begun {
		if _, err := c.line(0, errChunk); err != nil {
			return err
		}
	}
	r.begun = true
	line, err := c.line(chunkLine, errChunk)
	if err != nil {
		return err
	}
	size, err := chunkSize(line)
	if err != nil {
		return err
	}
	// Asked before the sum is made, which could be more than an int64 holds.
	if size > c.s.maxBody()-r.total { //hone:line strict
		return errTooLarge
	}
	c.next()
	r.left = size
	r.total += size
	// What is not data must stay in proportion to what is: a body of one-byte
	// chunks with a kilobyte of extension each made Go servers read a
	// gigabyte for a megabyte (CVE-2023-39326).
	if r.spent += int64(len(line)) - chunkSpare; r.spent-r.total > overhead { //hone:line strict
		return errChunk
	}
	return nil
}

// chunkLine is the longest line that starts a chunk, extensions included.
//
//hone:hide body
const chunkLine = 4 << 10

// What the lines that start chunks may cost, beside as much as the data.
//
//hone:hide strict
const (
	chunkSpare = 16       // bytes of each, which are free
	overhead   = 16 << 10 // bytes of all
)

// chunkSize reads 1*HEXDIG. A size that wraps round is the classic: a chunk of
// 2^64+5 bytes is one of 5 to whoever does not look.
//
//hone:hide body
func chunkSize(line []byte) (size int64, err error) {
	i := 0
	for ; i < len(line); i++ {
		d, ok := hex(line[i])
		if !ok {
			break
		}
		if size > math.MaxInt64>>4 { //hone:line strict
			return 0, errTooLarge
		}
		size = size<<4 | d
	}
	if i == 0 {
		return 0, errChunk
	}
	ext := bytes.TrimLeft(line[i:], " \t")
	if len(ext) > 0 && ext[0] != ';' {
		return 0, errChunk
	}
	if !clean(ext, ' ') { //hone:line strict
		return 0, errChunk
	}
	return size, nil
}

//hone:hide body
func hex(c byte) (d int64, ok bool) {
	switch l := c | 0x20; {
	case digit(c):
		return int64(c - '0'), true
	case 'a' <= l && l <= 'f':
		return int64(l-'a') + 10, true
	}
	return
}

// take moves body bytes into p: from the buffer first, and then, if p is large,
// past it. It never reads further than p, so the bytes of the next request stay
// where they are.
//
//hone:hide body
func (c *conn) take(p []byte) (int, error) {
	if c.r == c.w {
		if len(p) >= bufferSize {
			return c.read(p)
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, c.in[c.r:c.w])
	c.r += n
	return n, nil
}

// drain reads what the handler left of the body, so that the next request can
// be found. It reports whether it can.
//
//hone:hide body
func (r *Request) drain() bool {
	scratch := r.c.out[:cap(r.c.out)] // the response was in it, and has gone
	for n := 0; r.err == nil && n <= drainLimit; {
		m, _ := r.Read(scratch)
		n += m
	}
	return r.err == io.EOF
}
