package http1

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"time"
)

// A Request is one request, seen in the connection's buffer. Its slices are
// valid until the handler returns; appending to one never changes another. It is
// also the reader of its own body.
type Request struct {
	Method []byte // as sent; methods are case-sensitive (RFC 9110 §9.1)
	Target []byte // the request-target as sent, in any of its four forms (RFC 9112 §3.2)
	Path   []byte // path of the target, not decoded; "*" for OPTIONS *, empty for CONNECT
	Query  []byte // what follows the first '?', not decoded
	Host   []byte // of the target if that has one, else of the field Host (RFC 9112 §3.3)
	Minor  int    // 0 or 1: HTTP/1.0 or HTTP/1.1. A higher one is treated as 1 (RFC 9110 §2.5)
	Length int64  // bytes in the body, 0 without one, -1 when it is chunked

	c      *conn   //hone:hide request
	base   int     //hone:hide request
	fields []field //hone:hide request
	host   int     //hone:hide request
	hosts  int     //hone:hide strict

	keepAlive bool //hone:hide persist
	stays     bool //hone:hide persist
	close     bool //hone:hide persist
	isHead    bool //hone:hide persist

	body //hone:hide body
}

// Field returns the value of the first field of that name, without the white
// space around it. Names are compared without regard to case. nil means that
// there is none; an empty value is not nil.
//
//hone:stage request
func (r *Request) Field(name string) []byte {
	return find(r.c.in[r.base:], r.fields, name)
}

// Fields calls yield for every field line in the order of arrival, until yield
// returns false: "for name, value := range r.Fields". A list that came in several
// lines comes in several calls (RFC 9110 §5.3).
//
//hone:stage request
func (r *Request) Fields(yield func(name, value []byte) bool) {
	each(r.c.in[r.base:], r.fields, yield)
}

// A field is one field line. The numbers count from the start of its section,
// because the section may still move when they are noted. Sixteen bytes, and no
// pointer that the collector would have to follow.
//
//hone:hide request
type field struct{ name, colon, value, end int32 }

//hone:hide request
func find(section []byte, fields []field, name string) []byte {
	for _, f := range fields {
		if fold(section[f.name:f.colon], name) {
			return section[f.value:f.end:f.end]
		}
	}
	return nil
}

//hone:hide request
func each(section []byte, fields []field, yield func(name, value []byte) bool) {
	for _, f := range fields {
		if !yield(section[f.name:f.colon:f.colon], section[f.value:f.end:f.end]) {
			return
		}
	}
}

// What a head can be refused for.
//
//hone:hide request
var (
	errRequestLine = &refusal{status: 400, why: "the request line is not method SP target SP version (RFC 9112 §3)"}
	errVersion     = &refusal{status: 505, why: "only HTTP/1.0 and HTTP/1.1 are spoken here"}
	errTarget      = &refusal{status: 400, why: "the request target has none of the four forms (RFC 9112 §3.2)"}
	errLine        = &refusal{status: 414, why: "the request line is too long"}
	errHeader      = &refusal{status: 431, why: "the header or trailer section is too long"}
	errField       = &refusal{status: 400, why: "a line is not field-name \":\" field-value (RFC 9112 §5)", kind: ErrMalformed}
)

// And strictly.
//
//hone:hide strict
var (
	errLF        = &refusal{status: 400, why: "a line ends with LF and not with CR LF", kind: ErrMalformed}
	errHost      = &refusal{status: 400, why: "not exactly one valid Host (RFC 9112 §3.2)"}
	errAmbiguous = &refusal{status: 400, why: "the length of the body is stated in two ways (RFC 9112 §6.3)"}
)

// head reads and understands the head of the next request.
//
// A head is lines, and the parser takes them one at a time, as they come: an
// error in the first is answered before a byte of the second has arrived, and
// nothing is looked at twice. Views are made last, since the buffer may move and
// grow before.
//
//hone:hide request
func (c *conn) head(r *Request) error {
	c.wait(c.began, cmp.Or(c.s.HeadTimeout, 10*time.Second)) //hone:line patience
	line, err := c.line(c.s.maxLine(), errLine)
	if err == nil && len(line) == 0 {
		// §2.2: one empty line before a request is forgiven; old clients sent
		// it after a POST.
		c.next()
		line, err = c.line(c.s.maxLine(), errLine)
	}
	if err != nil {
		return err
	}
	method, target, err := r.requestLine(line)
	if err != nil {
		return err
	}
	if r.fields, err = c.section(r.fields, r); err != nil {
		return err
	}
	head := c.in[c.r:]
	r.base = c.r
	r.Method = head[:method:method]
	r.Target = head[method+1 : target : target]
	c.next()
	c.keep = c.r
	c.asked = c.now                                       //hone:line patience
	c.wait(c.began, cmp.Or(c.s.ReadTimeout, time.Minute)) //hone:line patience
	return r.settle()
}

// requestLine reads
//
//	request-line = method SP request-target SP HTTP-version
//
// and returns where method and target end. One space means one: §3 allows a
// lenient parser to split on any white space, and then "GET /a HTTP/1.1" with a
// tab in it is two different requests to two servers.
//
//hone:hide request
func (r *Request) requestLine(line []byte) (method, target int, err error) {
	m, rest, _ := bytes.Cut(line, []byte(" "))
	t, v, _ := bytes.Cut(rest, []byte(" "))
	if len(t) == 0 {
		return 0, 0, errRequestLine
	}
	if !token(m) || !clean(t, '!') { //hone:line strict
		return 0, 0, errRequestLine
	}
	switch {
	case len(v) != len("HTTP/1.1") || string(v[:5]) != "HTTP/" || v[6] != '.' || !digit(v[5]) || !digit(v[7]):
		return 0, 0, errRequestLine
	case v[5] != '1':
		return 0, 0, errVersion
	}
	r.Minor = min(1, int(v[7]-'0'))
	return len(m), len(m) + len(" ") + len(t), nil
}

// section reads field lines up to the empty line, appends them to fields and
// shows those of a head to r. Trailers are never mixed with the head's fields:
// one that could change the framing of the message, or who is asking, would do
// so after everybody has looked (RFC 9110 §6.5.1).
//
//hone:hide request
func (c *conn) section(fields []field, r *Request) ([]field, error) {
	limit := c.at + c.s.maxHeader()
	for {
		start := c.at
		line, err := c.line(limit, errHeader)
		if err != nil {
			return nil, err
		}
		if len(line) == 0 {
			return fields, nil
		}
		name, rest, ok := bytes.Cut(line, []byte(":"))
		if !ok {
			return nil, errField
		}
		// No white space before the colon: "Content-Length : 5" is a field that
		// one parser knows and another skips (§5.1). No line that starts with
		// white space, which used to continue the one before (§5.2). Both
		// fall out of the rule that a name is a token.
		if !token(name) || !clean(rest, ' ') { //hone:line strict
			return nil, errField
		}
		value, end := len(line)-len(rest), len(line)
		for value < end && blank(line[value]) {
			value++
		}
		for value < end && blank(line[end-1]) {
			end--
		}
		if r != nil {
			if err := r.note(len(fields), name, line[value:end]); err != nil {
				return nil, err
			}
		}
		fields = append(fields, field{int32(start), int32(start + len(name)), int32(start + value), int32(start + end)})
	}
}

// note picks out the fields that the server itself must understand. The length
// of the name decides nearly alone, so most fields cost one jump.
//
//hone:hide request
func (r *Request) note(i int, name, value []byte) error {
	switch len(name) {
	case len("host"):
		if fold(name, "host") {
			r.host = i + 1
			r.hosts++ //hone:line strict
		}
	case len("expect"): //hone:line body
		if fold(name, "expect") && r.Minor > 0 {
			r.expect = fold(value, "100-continue")
			if !r.expect {
				return errExpect
			}
		}
	case len("connection"): //hone:line persist
		if fold(name, "connection") {
			r.options(value)
		}
	case len("content-length"): //hone:line body
		if fold(name, "content-length") {
			return r.contentLength(value)
		}
	case len("transfer-encoding"): //hone:line body
		if fold(name, "transfer-encoding") {
			return r.transferEncoding(value)
		}
	}
	return nil
}

// options reads a Connection field, a list. That it can come in several lines
// needs no care: each only adds.
//
//hone:hide persist
func (r *Request) options(list []byte) {
	for more := true; more; {
		var option []byte
		option, list, more = bytes.Cut(list, []byte(","))
		option = bytes.Trim(option, " \t")
		r.close = r.close || fold(option, "close")
		r.keepAlive = r.keepAlive || fold(option, "keep-alive")
	}
}

// settle decides what the whole head means.
//
//hone:hide request
func (r *Request) settle() error {
	if r.host > 0 {
		f := r.fields[r.host-1]
		r.Host = r.c.in[r.base:][f.value:f.end:f.end]
	}
	// §3.2: "A server MUST respond with a 400 … to any HTTP/1.1 request message
	// that lacks a Host header field and … more than one … or … an invalid".
	if r.hosts > 1 || r.hosts == 0 && r.Minor > 0 || !hostname(r.Host) { //hone:line strict
		return errHost
	}
	if err := r.form(); err != nil {
		return err
	}
	r.isHead = string(r.Method) == "HEAD" //hone:line persist
	// §9.3. The order matters: close beats all.
	r.stays = !r.close && (r.Minor > 0 || r.keepAlive) //hone:line persist
	r.c.res.keep = r.stays                             //hone:line persist
	if err := r.frame(); err != nil {                  //hone:line body
		return err
	}
	return nil
}

// form splits the target (§3.2). The absolute form, which every server MUST
// accept, carries a host that beats the field Host.
//
//hone:hide request
func (r *Request) form() error {
	t := r.Target
	var slash []byte // serves as the path where the target has none
	switch {
	case t[0] == '/':
	case string(r.Method) == "CONNECT":
		if !hostname(t) { //hone:line strict
			return errTarget
		}
		r.Host = t
		return nil
	case string(t) == "*" && string(r.Method) == "OPTIONS":
		r.Path = t
		return nil
	default:
		i := bytes.IndexAny(t, ":/?")
		if i <= 0 || !bytes.HasPrefix(t[i:], []byte("://")) {
			return errTarget
		}
		host, end := t[i+len("://"):], 0
		for end < len(host) && host[end] != '/' && host[end] != '?' {
			end++
		}
		r.Host, slash, t = host[:end:end], t[i+len(":"):i+len(":/")], host[end:]
		if !hostname(r.Host) || len(r.Host) == 0 { //hone:line strict
			return errTarget
		}
	}
	path, query, _ := bytes.Cut(t, []byte("?"))
	if len(path) == 0 {
		path = slash
	}
	r.Path, r.Query = path[:len(path):len(path)], query
	return nil
}

// fold compares a name with one that is known, without regard to the case of
// letters.
//
//hone:hide request
func fold(b []byte, name string) bool {
	if len(b) != len(name) {
		return false
	}
	for i, x := range b {
		if y := name[i]; x != y {
			if x |= 0x20; x != y|0x20 || x < 'a' || x > 'z' {
				return false
			}
		}
	}
	return true
}

//hone:hide request
func digit(c byte) bool { return c-'0' < 10 }

// blank is OWS (RFC 9110 §5.6.3).
//
//hone:hide request
func blank(c byte) bool { return c == ' ' || c == '\t' }

// token reports whether b is a token (RFC 9110 §5.6.2): a method or field name.
//
//hone:hide strict
func token(b []byte) bool {
	const alpha = 1<<26 - 1
	const low = 1<<'!' | 1<<'#' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'*' | 1<<'+' | 1<<'-' | 1<<'.' | (1<<10-1)<<'0'
	const high = 1<<('^'-64) | 1<<('_'-64) | 1<<('`'-64) | 1<<('|'-64) | 1<<('~'-64) | alpha<<('A'-64) | alpha<<('a'-64)
	for _, c := range b {
		// A set of 128 in two words. A shift by 64 or more is 0 in Go, so no
		// branch asks which word, and c-64 below 64 wraps to a large shift.
		if uint64(low)>>c&1|uint64(high)>>(c-64)&1 == 0 {
			return false
		}
	}
	return len(b) > 0
}

// hostname reports whether every byte of b may stand in uri-host [":" port]
// (RFC 3986 §3.2.2). It does not check that an address is one.
//
//hone:hide strict
func hostname(b []byte) bool {
	const alpha = 1<<26 - 1
	const low = 1<<'!' | 1<<'$' | 1<<'%' | 1<<'&' | 1<<'\'' | 1<<'(' | 1<<')' | 1<<'*' | 1<<'+' | 1<<',' | 1<<'-' | 1<<'.' | 1<<':' | 1<<';' | 1<<'=' | (1<<10-1)<<'0'
	const high = 1<<('['-64) | 1<<(']'-64) | 1<<('_'-64) | 1<<('~'-64) | alpha<<('A'-64) | alpha<<('a'-64)
	for _, c := range b {
		if uint64(low)>>c&1|uint64(high)>>(c-64)&1 == 0 {
			return false
		}
	}
	return true
}

// clean reports whether b has no byte below low and no DEL. A tab passes as
// white space where a space does. What this keeps out of a value is CR, LF and
// NUL (RFC 9110 §5.5): the bytes that end a value for somebody else.
//
//hone:hide strict
func clean(b []byte, low byte) bool {
	// Eight bytes at a time, as the lanes of a word. x - low borrows into the
	// top bit of a lane exactly when that lane is below low; & ^x forgives
	// lanes that had the top bit already, which are above 127 and fine. Five
	// times faster than the loop below on a 100-byte cookie.
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	for len(b) >= 8 { //hone:line fast
		x := binary.LittleEndian.Uint64(b)
		del := x ^ ones*0x7f
		if ((x-ones*uint64(low))&^x|(del-ones)&^del)&tops != 0 {
			break // a tab, perhaps: let the loop below decide
		}
		b = b[8:]
	}
	for _, c := range b {
		if c < low && (c != '\t' || low > ' ') || c == 0x7f {
			return false
		}
	}
	return true
}
