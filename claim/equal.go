package claim

import (
	"bytes"
	"fmt"
	"reflect"
	"strings"
	"testing"
)

// shortValue is the most characters of a value that is shown beside another.
const shortValue = 60

// Equal fails the test, and lets it continue, when got and want differ by
// [reflect.DeepEqual]. Small values are shown side by side; larger ones as a
// difference line by line, evidence of kind diff.
func Equal[T any](t testing.TB, what string, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		unequal(t, what, got, want)
	}
}

func unequal(t testing.TB, what string, got, want any) {
	t.Helper()
	alike(t, what+" differs")
	if g, ok := got.([]byte); ok {
		if w, ok := want.([]byte); ok && !bytes.Equal(g, w) {
			Bytes(t, what, g, w)
			return
		}
	}
	g, w := show(got, 0), show(want, 0)
	gs, isText := got.(string)
	ws, _ := want.(string)
	switch {
	case isText && strings.Contains(gs+ws, "\n"):
		showDiff(t, what, gs, ws)
	case g == w && reflect.TypeOf(got) == reflect.TypeOf(want):
		t.Errorf("%s = %s, and so is what was wanted, but they differ in what does not print: functions, NaN, or where pointers go.", what, g)
	case len(g) <= shortValue && len(w) <= shortValue:
		t.Errorf("%s = %s, want %s", what, g, w)
	default:
		showDiff(t, what, show(got, 1), show(want, 1))
	}
}

func showDiff(t testing.TB, what, got, want string) {
	t.Helper()
	evidence{Kind: KindDiff, Title: what + ": got - and want +", Text: diff(got, want)}.fail(t, "",
		"%s is not what was wanted. Lines with - were got and should not be, lines with + are missing:", what)
}

// Bytes fails the test, and lets it continue, when got and want differ. It shows
// both around the first wrong byte, quoted, a caret under it and its offset, as
// evidence of kind transcript.
func Bytes(t testing.TB, what string, got, want []byte) {
	t.Helper()
	if bytes.Equal(got, want) {
		return
	}
	alike(t, what+" differs")
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	evidence{Kind: KindTranscript, Title: what, Text: aroundByte(got, want, at)}.fail(t, "",
		"%s: byte %d is wrong: got %s, want %s (%d bytes got, %d wanted).",
		what, at, byteAt(got, at), byteAt(want, at), len(got), len(want))
}

func byteAt(b []byte, at int) string {
	if at >= len(b) {
		return "the end"
	}
	return fmt.Sprintf("%s (0x%02x)", "'"+quoteByte(b[at], '\'')+"'", b[at])
}

// Bytes shown before and after the first wrong one.
const (
	bytesBefore = 32
	bytesAfter  = 32
)

// aroundByte quotes both around the byte at, which is the first that differs.
//
//	got   "HTTP/1.1 200 OK\r\nContent…
//	want  "HTTP/1.1 200 OK\r\nConnect…
//	                            ^ 20
func aroundByte(got, want []byte, at int) string {
	from := max(0, at-bytesBefore)
	lead := `"`
	if from > 0 {
		lead = "…"
	}
	quote := func(b []byte, to int) string {
		var s strings.Builder
		for _, c := range b[min(from, len(b)):min(to, len(b))] {
			s.WriteString(quoteByte(c, '"'))
		}
		return s.String()
	}
	line := func(name string, b []byte) string {
		end := `"`
		if at+bytesAfter < len(b) {
			end = "…"
		}
		return fmt.Sprintf("%-6s%s%s%s\n", name, lead, quote(b, at+bytesAfter), end)
	}
	caret := strings.Repeat(" ", 6+1+len(quote(got, at)))
	return line("got", got) + line("want", want) + caret + "^ " + fmt.Sprint(at) + "\n"
}

// quoteByte is a byte as a Go string literal has it. Bytes above 0x7f are
// escaped, for the caret must stand under the right one.
func quoteByte(c, quote byte) string {
	switch {
	case c == quote || c == '\\':
		return `\` + string(rune(c))
	case c == '\n':
		return `\n`
	case c == '\r':
		return `\r`
	case c == '\t':
		return `\t`
	case c < ' ' || c > '~':
		return fmt.Sprintf(`\x%02x`, c)
	}
	return string(rune(c))
}
