package http1

import (
	"strconv"
)

// A Response is what goes back. Its head is sent when the handler returns, or
// before if the body outgrows a buffer of 4 KiB or Flush is called. A response
// that was all there when its head went has a Content-Length; any other is
// chunked, or for a client of HTTP/1.0 ends with the connection.
//
// Date, Content-Length, Transfer-Encoding and Connection are written by the
// server alone.
type Response struct {
	c      *conn  //hone:hide request
	status int    //hone:hide request
	fields []byte //hone:hide request
	body   []byte //hone:hide request
	sent   bool   //hone:hide request
	keep   bool   //hone:hide request

	length   int64  //hone:hide body
	written  int64  //hone:hide body
	chunked  bool   //hone:hide body
	trailers []byte //hone:hide body
}

// Status sets the status code, 200 to 599, before the head goes, and does nothing
// after; the default is 200. Anything else is 500.
//
//hone:stage request
func (w *Response) Status(code int) {
	if w.sent {
		return // too late
	}
	if code < 200 || code > 599 {
		code = 500
	}
	w.status = code
}

// Add adds a field line. It returns ErrField, and adds nothing, when name is not
// a token or one that the server writes itself, or when value has a byte that
// could end the line. Whoever puts input into a field must look at that error:
// with CR LF in it, the input would have been the attacker's own response.
//
//hone:stage request
func (w *Response) Add(name, value string) error {
	if !sendable(name, value) { //hone:line strict
		return ErrField
	}
	w.fields = appendField(w.fields, name, value)
	return nil
}

// Length declares how many bytes of body will be written, before the head goes,
// and does nothing after. It lets a long response go out without chunks, and a response to HEAD say what
// GET would have got. Writing more is ErrLength; writing less ends the connection.
//
//hone:stage body
func (w *Response) Length(n int64) {
	if !w.sent {
		w.length = n
	}
}

// Close ends the connection after this response.
//
//hone:stage persist
func (w *Response) Close() { w.keep = false }

// Write adds to the body. It is dropped where no body may be sent: for HEAD, and
// for 204 and 304.
//
//hone:stage request
func (w *Response) Write(p []byte) (int, error) {
	return write(w, p)
}

// WriteString is Write.
//
//hone:stage request
func (w *Response) WriteString(s string) (int, error) {
	return write(w, s)
}

// Flush sends what there is. The handler can then go on for as long as it
// likes, while the client has the beginning.
//
//hone:stage body
func (w *Response) Flush() error {
	w.start()
	w.gather()
	return w.c.send()
}

// AddTrailer adds a field to be sent after the body, and makes the response
// chunked if its head has not gone. It obeys the rules of Add. Trailers are
// dropped where a response cannot have them.
//
//hone:stage body
func (w *Response) AddTrailer(name, value string) error {
	if !sendable(name, value) { //hone:line strict
		return ErrField
	}
	w.trailers = appendField(w.trailers, name, value)
	return nil
}

// write is the first half of a response's story: as long as it fits the buffer,
// nothing is decided, and an error can still replace it all.
//
//hone:hide request
func write[T string | []byte](w *Response, p T) (int, error) {
	if w.length >= 0 && int64(len(p)) > w.length-w.written { //hone:line body
		return 0, ErrLength
	}
	w.written += int64(len(p))           //hone:line body
	if len(w.body)+len(p) > bufferSize { //hone:line body
		return spill(w, p)
	}
	w.body = append(w.body, p...)
	return len(p), nil
}

// copied is the longest piece that is rather copied than sent from where it is.
//
//hone:hide body
const copied = bufferSize / 2

// spill is the second half: the head goes, and the body in pieces. A large piece
// is not copied; one writev sends it with what stands before it.
//
//hone:hide body
func spill[T string | []byte](w *Response, p T) (int, error) {
	w.start()
	w.gather()
	if len(p) <= copied || w.bodiless() {
		if !w.bodiless() {
			w.body = append(w.body, p...)
		}
		return len(p), w.c.send()
	}
	if w.chunked {
		w.c.out = appendSize(w.c.out, len(p))
	}
	err := w.c.sendWith([]byte(p))
	if w.chunked {
		w.c.out = append(w.c.out, "\r\n"...)
	}
	return len(p), err
}

// start puts the head of a response of yet unknown length into out.
//
//hone:hide body
func (w *Response) start() {
	if w.sent {
		return
	}
	if w.length < 0 && !bodyless(w.status) {
		// RFC 9112 §6.1: no chunks for HTTP/1.0. The end of the connection is
		// then the end of the body.
		w.chunked = w.c.req.Minor > 0
		w.keep = w.keep && w.chunked
	}
	w.head(w.length)
}

// gather moves the buffered body to out, as a chunk where there are chunks.
//
//hone:hide body
func (w *Response) gather() {
	switch {
	case len(w.body) == 0 || w.bodiless():
	case w.chunked:
		w.c.out = appendSize(w.c.out, len(w.body))
		w.c.out = append(w.c.out, w.body...)
		w.c.out = append(w.c.out, "\r\n"...)
	default:
		w.c.out = append(w.c.out, w.body...)
	}
	w.body = w.body[:0]
}

// finish sends what is left when the handler has returned. Usually that is all
// of it, in one Write: two would be two packets and, with the other side's
// delayed ACK, could be 40 ms.
//
//hone:hide request
func (w *Response) finish() error {
	short := w.length > w.written && !w.bodiless() //hone:line body
	w.keep = w.keep && !short                      //hone:line body
	if len(w.trailers) != 0 {                      //hone:line body
		w.start()
	}
	if w.sent { //hone:line body
		w.gather()
		if w.chunked && !w.bodiless() {
			w.c.out = append(w.c.out, "0\r\n"...)
			w.c.out = append(w.c.out, w.trailers...)
			w.c.out = append(w.c.out, "\r\n"...)
		}
		return w.c.send()
	}
	w.keep = w.keep && w.c.req.left <= drainLimit //hone:line body
	length := int64(len(w.body))
	length = max(length, w.length) //hone:line body
	w.head(length)
	if w.bodiless() { //hone:line persist
		return w.c.send()
	}
	w.c.out = append(w.c.out, w.body...)
	return w.c.send()
}

// bodiless reports whether no byte of body may follow the head, whatever the
// head says (RFC 9112 §6.3 item 1).
//
//hone:hide persist
func (w *Response) bodiless() bool {
	return w.c.req.isHead || bodyless(w.status)
}

//hone:hide persist
func bodyless(status int) bool { return status == 204 || status == 304 }

// head puts the head into out. A negative length is an unknown one.
//
//hone:hide request
func (w *Response) head(length int64) {
	w.sent = true
	c := w.c
	w.keep = w.keep && !c.req.expect       //hone:line body
	w.keep = w.keep && !c.s.closing.Load() //hone:line stop
	b := append(c.out, "HTTP/1.1 "...)
	b = strconv.AppendInt(b, int64(w.status), 10)
	b = append(b, ' ')
	b = append(b, reason(w.status)...)
	b = append(b, "\r\nDate: "...)
	b = c.stamp(b)
	b = append(b, "\r\n"...)
	b = append(b, w.fields...)
	switch {
	case bodyless(w.status): //hone:line persist
	case w.chunked: //hone:line body
		b = append(b, "Transfer-Encoding: chunked\r\n"...)
	case length >= 0:
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, length, 10)
		b = append(b, "\r\n"...)
	}
	switch {
	case !w.keep:
		b = append(b, "Connection: close\r\n"...)
	case c.req.Minor == 0: //hone:line persist
		b = append(b, "Connection: keep-alive\r\n"...)
	}
	c.out = append(b, "\r\n"...)
}

// stamp appends the date as IMF-fixdate (RFC 9110 §5.6.7), which an origin
// server with a clock MUST send (§6.6.1).
//
//hone:hide request
func (c *conn) stamp(b []byte) []byte {
	second := c.now.Unix()
	if second == c.second { //hone:line fast
		return append(b, c.date[:]...)
	}
	c.second = second
	c.now.UTC().AppendFormat(c.date[:0], "Mon, 02 Jan 2006 15:04:05 GMT")
	return append(b, c.date[:]...)
}

//hone:hide request
func appendField(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ": "...)
	b = append(b, value...)
	return append(b, "\r\n"...)
}

// appendSize starts a chunk of n bytes.
//
//hone:hide body
func appendSize(b []byte, n int) []byte {
	b = strconv.AppendInt(b, int64(n), 16)
	return append(b, "\r\n"...)
}

// sendable reports whether a handler may send this field. Framing is not its
// business: a second Content-Length would be smuggling with our own hands.
//
//hone:hide strict
func sendable(name, value string) bool {
	for _, own := range [...]string{"date", "connection", "content-length", "transfer-encoding"} {
		if fold([]byte(name), own) {
			return false
		}
	}
	return token([]byte(name)) && clean([]byte(value), ' ')
}

// send writes out what is in out, in one Write.
//
//hone:hide request
func (c *conn) send() error {
	if len(c.out) == 0 {
		return nil
	}
	c.armWrite() //hone:line patience
	_, err := c.rwc.Write(c.out)
	c.out = c.out[:0]
	return err
}

// sendWith writes out what is in out, and then p.
//
//hone:hide body
func (c *conn) sendWith(p []byte) error {
	c.armWrite() //hone:line patience
	c.pair = [2][]byte{c.out, p}
	c.pieces = c.pair[:]
	_, err := c.pieces.WriteTo(c.rwc)
	c.out = c.out[:0]
	return err
}

// reason is the reason phrase. Clients ignore it; people don't.
//
//hone:hide request
func reason(status int) string {
	switch status {
	case 200:
		return "OK"
	case 201:
		return "Created"
	case 202:
		return "Accepted"
	case 204:
		return "No Content"
	case 206:
		return "Partial Content"
	case 301:
		return "Moved Permanently"
	case 302:
		return "Found"
	case 303:
		return "See Other"
	case 304:
		return "Not Modified"
	case 307:
		return "Temporary Redirect"
	case 308:
		return "Permanent Redirect"
	case 400:
		return "Bad Request"
	case 401:
		return "Unauthorized"
	case 403:
		return "Forbidden"
	case 404:
		return "Not Found"
	case 405:
		return "Method Not Allowed"
	case 408:
		return "Request Timeout"
	case 409:
		return "Conflict"
	case 413:
		return "Content Too Large"
	case 414:
		return "URI Too Long"
	case 417:
		return "Expectation Failed"
	case 429:
		return "Too Many Requests"
	case 431:
		return "Request Header Fields Too Large"
	case 500:
		return "Internal Server Error"
	case 501:
		return "Not Implemented"
	case 502:
		return "Bad Gateway"
	case 503:
		return "Service Unavailable"
	case 504:
		return "Gateway Timeout"
	case 505:
		return "HTTP Version Not Supported"
	}
	return "" // the space before it stays (RFC 9112 §4)
}
