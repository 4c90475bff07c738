package term

import (
	"bytes"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

func TestOf_ColourOnlyWhereItIsWanted(t *testing.T) {
	file, err := os.CreateTemp(t.TempDir(), "")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	env := func(string) string { return "" }
	if s := Of(file, Auto, env); s != (Screen{}) {
		t.Errorf("Of(a file) = %+v, want the zero Screen", s)
	}
	if s := Of(file, Always, func(string) string { return "1" }); !s.Color || s.Tty {
		t.Errorf("Of(a file, always) with NO_COLOR = %+v, want colour and no terminal", s)
	}
}

func TestPaint_StylesEndWithTheLine(t *testing.T) {
	s := Screen{Color: true}
	if got, want := s.Paint("a\n\nb", Bold, Red), "\x1b[1;31ma\x1b[m\n\n\x1b[1;31mb\x1b[m"; got != want {
		t.Errorf("Paint = %q, want %q", got, want)
	}
	if got := (Screen{}).Paint("a", Bold); got != "a" {
		t.Errorf("Paint without colour = %q, want a", got)
	}
}

func TestClean(t *testing.T) {
	for _, c := range []struct{ in, want string }{
		{"plain ✓ 日本", "plain ✓ 日本"},
		{"\x1b[2J\x1b]0;owned\a", `\x1b[2J\x1b]0;owned\x07`},
		{"a\tb\n\tc", "a   b\n    c"},
		{"日\tb", "日  b"},
		{"line\r\nnext\rover", "line\nnext\\x0dover"},
		{"\xff\xfe", `\xff\xfe`},
		{"\u202eevil", `\u202eevil`},
		{"\u009b2J", `\u009b2J`},
	} {
		if got := Clean(c.in); got != c.want {
			t.Errorf("Clean(%q) = %q, want %q", c.in, got, c.want)
		}
	}
}

func TestWindow_MarksBothCuts(t *testing.T) {
	const line = "0123456789"
	for _, c := range []struct {
		left, right int
		want        string
	}{
		{0, 10, line}, {0, 5, "0123…"}, {5, 10, "…6789"}, {3, 8, "…456…"},
	} {
		got := Window(line, c.left, c.right)
		if got != c.want {
			t.Errorf("Window(%d, %d) = %q, want %q", c.left, c.right, got, c.want)
		}
	}
}

func TestWrap_KeepsIndentAndPreformatted(t *testing.T) {
	s := Screen{Width: 24}
	got := s.Wrap("one two three four five six\n  kept   as    it      is, however long\n", "  ")
	want := "  one two three four\n  five six\n    kept   as    it      is, however long"
	if got != want {
		t.Errorf("Wrap =\n%s\nwant\n%s", got, want)
	}
}

func TestColumns_CountCellsNotBytes(t *testing.T) {
	s := Screen{Color: true}
	got := Columns([][]string{{s.Paint("✓", Green), "a"}, {"日本", "b"}}, 1)
	if Plain(got[0]) != "✓    a" || got[1] != "日本 b" {
		t.Errorf("Columns = %q", got)
	}
}

func TestMarkdown_SourceWithoutColour(t *testing.T) {
	const text = "# Title\n\nSome `code`.\n"
	if got := (Screen{}).Markdown(text); got != text {
		t.Errorf("Markdown without colour = %q, want the source", got)
	}
	got := (Screen{Color: true, Width: 40}).Markdown(text + "\n```go\nx := 1\n```\n\n- one\n- two\n")
	for _, want := range []string{"Title", "code", "x := 1", "• one"} {
		if !strings.Contains(Plain(got), want) {
			t.Errorf("Markdown misses %q:\n%s", want, got)
		}
	}
	for _, l := range strings.Split(Plain(got), "\n") {
		if strings.HasSuffix(l, " ") || Cells(l) > 40 {
			t.Errorf("line %q ends in a space or is too wide", l)
		}
	}
}

func TestStatus_SilentUnderASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := NewStatus(&out, Screen{Tty: true, Width: 40})
		s.Set("building")
		time.Sleep(900 * time.Millisecond)
		s.Stop()
		if out.Len() != 0 {
			t.Errorf("printed %q for work under a second", out.String())
		}
	})
}

func TestStatus_LeavesNoTraceOnATerminal(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := NewStatus(&out, Screen{Tty: true, Width: 40})
		s.Set("building the standard library with the race detector")
		time.Sleep(1500 * time.Millisecond)
		s.Stop()
		s.Stop()
		if got := out.String(); !strings.Contains(got, "building") || !strings.HasSuffix(got, "\r\x1b[K") {
			t.Errorf("printed %q, want the text, and at last nothing left of it", got)
		}
		if strings.Contains(out.String(), "\n") {
			t.Errorf("the line wrapped: %q", out.String())
		}
	})
}

func TestStatus_OneLineForEachLongStepElsewhere(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var out bytes.Buffer
		s := NewStatus(&out, Screen{})
		s.Set("long")
		time.Sleep(5 * time.Second)
		s.Set("short")
		time.Sleep(500 * time.Millisecond)
		s.Set("longer")
		time.Sleep(5 * time.Second)
		s.Stop()
		if got := out.String(); got != "long\nlonger\n" {
			t.Errorf("printed %q, want one line for each step that lasted", got)
		}
	})
}

func FuzzClean(f *testing.F) {
	f.Add("\x1b[31mred\x1b[m\t\r\n\xff")
	f.Fuzz(func(t *testing.T, text string) {
		for _, r := range Clean(text) {
			if r < ' ' && r != '\n' || r == 0x7f || r >= 0x80 && r < 0xa0 {
				t.Fatalf("Clean(%q) lets %q through", text, r)
			}
		}
	})
}
