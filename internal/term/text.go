package term

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/charmbracelet/x/ansi"
)

// A Style is one SGR parameter of ECMA-48, as a terminal expects it.
type Style string

const (
	Bold   Style = "1"
	Dim    Style = "2"
	Red    Style = "31"
	Green  Style = "32"
	Yellow Style = "33"
	Blue   Style = "34"
	Cyan   Style = "36"
)

// Paint returns text in the given styles, or as it is where there is no colour.
// Styles end at the end of each line, so that painted text can be cut into lines.
func (s Screen) Paint(text string, styles ...Style) string {
	if !s.Color || text == "" || len(styles) == 0 {
		return text
	}
	codes := make([]string, len(styles))
	for i, st := range styles {
		codes[i] = string(st)
	}
	on, off := "\x1b["+strings.Join(codes, ";")+"m", "\x1b[m"
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = on + l + off
		}
	}
	return strings.Join(lines, "\n")
}

// Link returns text that leads to url when it is clicked, on a screen that can.
func (s Screen) Link(url, text string) string {
	if !s.Links || url == "" {
		return text
	}
	return ansi.SetHyperlink(url) + text + ansi.ResetHyperlink()
}

// Rule returns a thin line across the screen.
func (s Screen) Rule() string {
	w := s.Width
	if w == 0 {
		w = 72
	}
	return s.Paint(strings.Repeat("─", w), Dim)
}

// Wrap breaks text at spaces so that no line is wider than the screen less
// indent, and puts indent before each line. Line breaks in text are kept, and a
// line that begins with a space is taken for preformatted: it is indented but
// not filled.
func (s Screen) Wrap(text, indent string) string {
	room := s.Width - Cells(indent)
	var out strings.Builder
	for i, line := range strings.Split(strings.TrimRight(text, "\n"), "\n") {
		if i > 0 {
			out.WriteByte('\n')
		}
		if s.Width > 0 && !strings.HasPrefix(line, " ") {
			line = ansi.Wrap(line, max(room, narrowest/2), "")
		}
		out.WriteString(Indent(line, indent))
	}
	return out.String()
}

// Indent puts indent before each line of text that isn't empty.
func Indent(text, indent string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if l != "" {
			lines[i] = indent + l
		}
	}
	return strings.Join(lines, "\n")
}

// Cut shortens one line to the screen's width less taken cells, and marks the
// cut with an ellipsis.
func (s Screen) Cut(line string, taken int) string {
	if s.Width == 0 {
		return line
	}
	return ansi.Truncate(line, max(s.Width-taken, 1), "…")
}

// Window returns the cells from left up to right of a line, with an ellipsis
// where something was cut away.
func Window(line string, left, right int) string {
	w := Cells(line)
	if left <= 0 && right >= w {
		return line
	}
	part := ansi.Cut(line, max(left, 0), min(right, w))
	if left > 0 && left < w {
		part = "…" + ansi.Cut(part, 1, Cells(part))
	}
	if right < w && Cells(part) > 0 {
		part = ansi.Truncate(part, Cells(part)-1, "") + "…"
	}
	return part
}

// Chunks cuts a line into pieces of at most the given number of cells, wherever
// that falls.
func Chunks(line string, cells int) []string {
	return strings.Split(ansi.Hardwrap(line, cells, true), "\n")
}

// Cells returns how many cells a line takes, styles not counted.
func Cells(line string) int { return ansi.StringWidth(line) }

// Plain returns text without its styles and links.
func Plain(text string) string { return ansi.Strip(text) }

// Pad fills line with spaces up to the given number of cells.
func Pad(line string, cells int) string {
	if n := cells - Cells(line); n > 0 {
		return line + strings.Repeat(" ", n)
	}
	return line
}

// Columns lays rows out with each column as wide as its widest cell and gap
// spaces between. The last column is never padded.
func Columns(rows [][]string, gap int) []string {
	var widths []int
	for _, row := range rows {
		for i, cell := range row {
			if i == len(widths) {
				widths = append(widths, 0)
			}
			widths[i] = max(widths[i], Cells(cell))
		}
	}
	out := make([]string, len(rows))
	for i, row := range rows {
		var b strings.Builder
		for j, cell := range row {
			if j < len(row)-1 {
				cell = Pad(cell, widths[j]+gap)
			}
			b.WriteString(cell)
		}
		out[i] = strings.TrimRight(b.String(), " ")
	}
	return out
}

// tabStop is how far apart tab stops are in what [Clean] returns. Go source is
// what is shown most, and eight would push it off a narrow screen.
const tabStop = 4

// Clean makes text from outside (a learner's output, a message from a program
// under test) safe to print: control characters become visible, broken UTF-8
// becomes its bytes in hexadecimal, tabs become spaces. Otherwise a program
// could recolour the verdict, or move the cursor over it.
func Clean(text string) string {
	var b strings.Builder
	col := 0
	for i := 0; i < len(text); {
		r, n := utf8.DecodeRuneInString(text[i:])
		var piece string
		switch {
		case r == '\n':
			b.WriteByte('\n')
			col = 0
			i += n
			continue
		case r == '\r' && strings.HasPrefix(text[i+n:], "\n"):
			i += n // a line that ends the network's way ends like any other
			continue
		case r == '\t':
			piece = strings.Repeat(" ", tabStop-col%tabStop)
		case r == utf8.RuneError && n == 1:
			piece = fmt.Sprintf(`\x%02x`, text[i])
		case r < ' ' || r == 0x7f:
			piece = fmt.Sprintf(`\x%02x`, r)
		case r >= 0x80 && r < 0xa0 || r == 0x2028 || r == 0x2029 || r >= 0x202a && r <= 0x202e || r >= 0x2066 && r <= 0x2069:
			// C1 controls, and marks that turn the direction of text around.
			piece = fmt.Sprintf(`\u%04x`, r)
		default:
			piece = text[i : i+n]
		}
		b.WriteString(piece)
		col += Cells(piece)
		i += n
	}
	return b.String()
}
