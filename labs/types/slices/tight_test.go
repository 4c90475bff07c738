package slices_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/types/slices"
)

// blanks separate fields.
const blanks = " \t"

// Fields splits at runs of spaces and tabs, as bytes.FieldsFunc does, and appends to
// what dst holds already.
func TestTight_FieldsSplits(t *testing.T) {
	for _, line := range []string{"", " ", "a", " a", "a ", "a b", "\ta \t b  ", "é ñ", "a\u00a0b c", "one two three four five six seven eight nine"} {
		splits(t, []byte(line))
	}
	rng := claim.Rand(t)
	for range 200 {
		line := make([]byte, rng.IntN(40))
		for i := range line {
			line[i] = "  \tabc/"[rng.IntN(7)]
		}
		claim.Minimal(t, line, splits)
		if t.Failed() {
			return
		}
	}
}

func splits(t testing.TB, line []byte) {
	want := []string{"held before"}
	for _, f := range bytes.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(blanks, r) }) {
		want = append(want, string(f))
	}
	var got []string
	for _, f := range slices.Fields([][]byte{[]byte("held before")}, line) {
		got = append(got, string(f))
	}
	claim.Equal(t, fmt.Sprintf("Fields(dst, %q)", line), got, want)
}

// The fields are parts of the line, and appending to one writes somewhere else: a
// part that has room behind it would overwrite what follows it.
func TestTight_FieldsAreClipped(t *testing.T) {
	const text = "GET /index.html 200"
	line := []byte(text + "      ")[:len(text)] // with room behind the last field too
	fields := slices.Fields(nil, line)
	if len(fields) != 3 {
		t.Fatalf("Fields(nil, %q) found %d fields, want 3", line, len(fields))
	}
	for i, f := range fields {
		if p := bytes.Index(line, f); unsafe.SliceData(f) != &line[p] {
			t.Errorf("field %d, %q, is a copy: a field must be a part of the line", i, f)
		}
		_ = append(f, "?q"...)
		if string(line[:len(text)+2]) != text+"  " {
			t.Fatalf("append(fields[%d], \"?q\"...) changed the line to %q: field %q has length %d and capacity %d, so append finds room in the line",
				i, line[:len(text)+2], text[bytes.Index([]byte(text), f):][:len(f)], len(f), cap(f))
		}
	}
}

// sample returns a random line, most of the time a right one.
func sample(rng *rand.Rand) string {
	size := fmt.Sprint(rng.IntN(100000))
	if rng.IntN(5) == 0 {
		size = []string{"-", "", "x", "-1", "+1", "1_0", "1/0", "1:0", "1x0", "9223372036854775807", "9223372036854775808", "00000000000000000000000000012"}[rng.IntN(12)]
		if size == "9223372036854775807" && rng.IntN(2) == 0 {
			size = "18446744073709551616"
		}
	}
	blank := []string{" ", "  ", "\t"}[rng.IntN(3)]
	line := strings.Join([]string{"10.0.0.7", "1718000000", "GET", fmt.Sprintf("/p/%d", rng.IntN(30)), "200", size}, blank)
	switch rng.IntN(8) {
	case 0:
		line += " \"curl/8.5.0\" extra"
	case 1:
		line = line[:rng.IntN(len(line))]
	case 2:
		line = " " + line
	case 3:
		line += " " + strings.Repeat("x", rng.IntN(300))
	}
	return line
}

// A call is one line given to an index, as a string or in a buffer.
type call struct {
	line   string
	buffer bool
}

func (c call) String() string {
	if c.buffer {
		return fmt.Sprintf("AddBytes(%q)", c.line)
	}
	return fmt.Sprintf("Add(%q)", c.line)
}

// An Index gives the answers of naive.go to any lines, right or wrong, from strings
// and from buffers in any order.
func TestTight_CountsLikeNaive(t *testing.T) {
	rng := claim.Rand(t)
	calls := make([]call, 3000)
	for i := range calls {
		calls[i] = call{sample(rng), rng.IntN(2) == 0}
	}
	claim.Minimal(t, calls, counts)
}

func counts(t testing.TB, calls []call) {
	var x slices.Index
	var naive slices.Naive
	claim.Equal(t, "Top of an empty index", len(x.Top(3)), 0)
	claim.Equal(t, "Rejected of an empty index", x.Rejected(), "")
	for _, c := range calls {
		want := naive.Add(c.line)
		var got bool
		if c.buffer {
			got = x.AddBytes([]byte(c.line))
		} else {
			got = x.Add(c.line)
		}
		if got != want {
			t.Fatalf("%v: counted is %v, want %v (naive.go says when a line is one)", c, got, want)
		}
		if got, want := x.Rejected(), naive.Rejected(); got != want {
			t.Fatalf("after %v: Rejected is %q, want %q: the first %d bytes of the last line that was not one", c, got, want, slices.MaxRejected)
		}
	}
	for _, n := range []int{0, 1, 5, 29, 30, 31, 1000} {
		claim.Equal(t, fmt.Sprintf("Top(%d)", n), x.Top(n), naive.Top(n))
	}
	for i := range 32 {
		path := fmt.Sprintf("/p/%d", i)
		got, found := x.Lookup(path)
		want, wanted := naive.Lookup(path)
		claim.Equal(t, "Lookup of "+path, got, want)
		claim.Equal(t, "found "+path, found, wanted)
	}
}

// AddBytes keeps nothing of the caller's buffer and writes nothing into it: a
// scanner overwrites its buffer with the next line.
func TestTight_BufferStaysTheCallers(t *testing.T) {
	var x slices.Index
	buffer := make([]byte, 0, 200)
	for _, line := range []string{"h 1 GET /a 200 10", "h 1 GET /b 200 20", "h 1 GET /a 200 30", "this is none"} {
		buffer = append(buffer[:0], line...)
		x.AddBytes(buffer)
		if string(buffer) != line {
			t.Fatalf("AddBytes changed the caller's buffer from %q to %q", line, buffer)
		}
		for i := range buffer {
			buffer[i] = '#' // what the next read does
		}
	}
	claim.Equal(t, "Top(9), after the caller wrote # over every line it had passed", x.Top(9), []slices.Hit{
		{Path: "/a", Count: 2, Bytes: 40}, {Path: "/b", Count: 1, Bytes: 20},
	})
	for _, path := range []string{"/a", "/b"} {
		if _, found := x.Lookup(path); !found {
			t.Errorf("Lookup(%q) finds nothing any more: its key in the map was the caller's memory", path)
		}
	}
	if got := x.Rejected(); got != "this is none" {
		t.Errorf("Rejected is %q, want %q: what is kept must be a copy, since the buffer is the caller's again after AddBytes", got, "this is none")
	}
}

// big returns a line of 256 KiB and the address of its memory.
func big(path string) (string, *byte) {
	var b strings.Builder
	b.WriteString("10.0.0.7 1718000000 GET " + path + " 200 5120 ")
	b.WriteString(strings.Repeat("x", 256<<10))
	s := b.String()
	return s, unsafe.StringData(s)
}

// A line that was added can be collected, however large it was: if its path was
// new, if its path was known already, and if it was rejected.
func TestTight_LetsLinesGo(t *testing.T) {
	x := new(slices.Index)
	add := func(path string, cut int, want bool) func() *byte {
		return func() *byte {
			line, at := big(path)
			if got := x.Add(line[cut:]); got != want {
				t.Errorf("Add of a line of 256 KiB with path %s, from byte %d: %v, want %v", path, cut, got, want)
			}
			return at
		}
	}
	claim.Unreachable(t, "a line of 256 KiB with a new path", add("/new", 0, true))
	x.Add("h 1 GET /known 200 1")
	claim.Unreachable(t, "a line of 256 KiB whose path the index knew before", add("/known", 0, true))
	claim.Unreachable(t, "a rejected line of 256 KiB", add("/rejected", 40, false))
	claim.Unreachable(t, "a buffer of 256 KiB that AddBytes rejected", func() *byte {
		b := make([]byte, 256<<10)
		if x.AddBytes(b) {
			t.Error("AddBytes takes 256 KiB of zeros for a line")
		}
		return &b[0]
	})
	if hit, _ := x.Lookup("/known"); hit.Count != 2 {
		t.Errorf("/known was counted %d times, want 2", hit.Count)
	}
}

// Top's slice is the caller's: what it does with it changes nothing in the index.
func TestTight_TopIsTheCallers(t *testing.T) {
	var x slices.Index
	for _, line := range []string{"h 1 GET /a 200 1", "h 1 GET /a 200 1", "h 1 GET /b 200 1", "h 1 GET /c 200 1"} {
		x.Add(line)
	}
	first := x.Top(1)
	if len(first) != 1 {
		t.Fatalf("Top(1) of three paths returns %d hits", len(first))
	}
	first[0].Count = 99
	_ = append(first, slices.Hit{Path: "/other"})
	claim.Equal(t, "Top(3), after the caller wrote to an earlier Top(1)", x.Top(3), []slices.Hit{
		{Path: "/a", Count: 2, Bytes: 2}, {Path: "/b", Count: 1, Bytes: 1}, {Path: "/c", Count: 1, Bytes: 1},
	})
}

// What Top returns keeps the paths in it in memory, and no others: a short slice of a
// long list would keep the list.
func TestTight_TopKeepsOnlyItsOwn(t *testing.T) {
	path := func(i int) string { return fmt.Sprintf("/%064d", i) } // long enough for memory of its own
	for n := range 3 {
		var top []slices.Hit
		claim.Unreachable(t, fmt.Sprintf("the path with the fewest hits of three, when all that is left of its index is what Top(%d) returned,", n), func() *byte {
			x := new(slices.Index)
			for i := range 3 {
				for range 3 - i {
					x.Add("h 1 GET " + path(i) + " 200 1")
				}
			}
			top = x.Top(n)
			last, _ := x.Lookup(path(2))
			return unsafe.StringData(last.Path)
		})
		if len(top) != n {
			t.Errorf("Top(%d) of three paths returns %d hits", n, len(top))
		}
		runtime.KeepAlive(top)
		if t.Failed() {
			return
		}
	}
}
