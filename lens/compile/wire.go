package compile

import (
	"strconv"
	"strings"
)

// A record is one line from the observing compiler: a kind, a function, and fields,
// separated by tabs. Fields are read one after the other; reading past the end, or a
// number that is none, makes the record bad and gives zeros from there on.
type record struct {
	kind string
	rest string
	end  bool // nothing is left
	bad  bool
}

func parseRecord(line string) *record {
	r := &record{rest: line}
	r.kind = r.text()
	r.bad = r.bad || r.kind == ""
	return r
}

// text is the next field.
func (r *record) text() string {
	if r.end || r.bad {
		r.bad = true
		return ""
	}
	field, rest, more := strings.Cut(r.rest, "\t")
	r.rest, r.end = rest, !more
	if strings.IndexByte(field, '\\') >= 0 {
		return unescape(field)
	}
	return field
}

func (r *record) int64() int64 {
	n, err := strconv.ParseInt(r.text(), 10, 64)
	if err != nil {
		r.bad = true
		return 0
	}
	return n
}

func (r *record) int() int { return int(r.int64()) }

func (r *record) bool() bool { return r.int64() != 0 }

// count is the length of a list. There can't be more items than bytes are left.
func (r *record) count() int {
	n := r.int()
	if n < 0 || n > len(r.rest)+1 {
		r.bad = true
		return 0
	}
	return n
}

// ints is a list of numbers, nil where its length is -1.
func (r *record) ints() []int {
	n := r.int()
	if n == -1 {
		return nil
	}
	return r.intList(n)
}

func (r *record) intList(n int) []int {
	if n < 0 || n > len(r.rest)+1 {
		r.bad = true
		return nil
	}
	out := make([]int, 0, n)
	for range n {
		out = append(out, r.int())
		if r.bad {
			return nil
		}
	}
	return out
}

func unescape(s string) string {
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' || i+1 == len(s) {
			b.WriteByte(s[i])
			continue
		}
		i++
		switch s[i] {
		case 't':
			b.WriteByte('\t')
		case 'n':
			b.WriteByte('\n')
		case 'r':
			b.WriteByte('\r')
		default:
			b.WriteByte(s[i])
		}
	}
	return b.String()
}
