package term

import (
	"strings"

	"charm.land/glamour/v2"
	"charm.land/glamour/v2/ansi"
	wrap "github.com/charmbracelet/x/ansi"
)

// measure is the widest line of prose: longer ones are hard to read back to.
const measure = 92

// Markdown lays out Markdown for the screen. Where there is no colour it
// returns the source: Markdown was made to be read as it is, and a pipe may lead
// to something that renders it.
func (s Screen) Markdown(text string) string {
	text = strings.TrimSpace(text) + "\n"
	if !s.Color {
		return text
	}
	w := s.Width
	if w == 0 || w > measure {
		w = measure
	}
	r, err := glamour.NewTermRenderer(
		glamour.WithStyles(markdownStyle()),
		glamour.WithWordWrap(w),
		glamour.WithChromaFormatter("terminal16"),
	)
	if err != nil {
		return text
	}
	out, err := r.Render(text)
	if err != nil {
		return text
	}
	return tidy(out)
}

// tidy removes the blanks that the renderer pads lines with (they wrap when
// the window shrinks) and the empty lines around the whole.
func tidy(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		if strings.TrimSpace(Plain(l)) == "" {
			lines[i] = ""
			continue
		}
		lines[i] = trimRight(l)
	}
	return strings.Trim(strings.Join(lines, "\n"), "\n") + "\n"
}

// trimRight cuts the trailing spaces of a styled line, whichever styles stand
// between them.
func trimRight(line string) string {
	return wrap.Truncate(line, Cells(strings.TrimRight(Plain(line), " ")), "")
}

// markdownStyle uses the terminal's sixteen colours and no background, so that
// it fits light and dark themes alike.
func markdownStyle() ansi.StyleConfig {
	color := func(c string) ansi.StylePrimitive { return ansi.StylePrimitive{Color: &c} }
	heading := func(c, prefix string) ansi.StyleBlock {
		p := color(c)
		p.Bold, p.Prefix = new(true), prefix
		return ansi.StyleBlock{StylePrimitive: p}
	}
	code := color("6")
	return ansi.StyleConfig{
		Document: ansi.StyleBlock{},
		Heading:  ansi.StyleBlock{StylePrimitive: ansi.StylePrimitive{BlockSuffix: "\n", Bold: new(true)}},
		H1:       heading("4", ""),
		H2:       heading("4", ""),
		H3:       heading("4", ""),
		H4:       heading("4", ""),
		BlockQuote: ansi.StyleBlock{
			StylePrimitive: ansi.StylePrimitive{Faint: new(true)},
			Indent:         new(uint(1)),
			IndentToken:    new("│ "),
		},
		List:           ansi.StyleList{LevelIndent: 2},
		Item:           ansi.StylePrimitive{BlockPrefix: "• "},
		Enumeration:    ansi.StylePrimitive{BlockPrefix: ". "},
		Task:           ansi.StyleTask{Ticked: "✓ ", Unticked: "· "},
		Emph:           ansi.StylePrimitive{Italic: new(true)},
		Strong:         ansi.StylePrimitive{Bold: new(true)},
		Strikethrough:  ansi.StylePrimitive{CrossedOut: new(true)},
		HorizontalRule: ansi.StylePrimitive{Faint: new(true), Format: "\n────────\n"},
		Link:           ansi.StylePrimitive{Underline: new(true), Faint: new(true)},
		LinkText:       ansi.StylePrimitive{Bold: new(true)},
		Code:           ansi.StyleBlock{StylePrimitive: code},
		CodeBlock:      codeStyle(color),
		Table: ansi.StyleTable{
			CenterSeparator: new("┼"),
			ColumnSeparator: new("│"),
			RowSeparator:    new("─"),
		},
	}
}

// codeStyle colours Go sparingly: comments recede, strings and keywords show.
// The values are those that the sixteen-colour formatter maps to the terminal's
// own.
func codeStyle(color func(string) ansi.StylePrimitive) ansi.StyleCodeBlock {
	return ansi.StyleCodeBlock{
		StyleBlock: ansi.StyleBlock{Margin: new(uint(2))},
		Chroma: &ansi.Chroma{
			Comment:         color("#7f7f7f"),
			Keyword:         color("#000080"),
			KeywordReserved: color("#000080"),
			KeywordType:     color("#008080"),
			LiteralString:   color("#008000"),
			LiteralNumber:   color("#008080"),
			GenericDeleted:  color("#800000"),
			GenericInserted: color("#008000"),
		},
	}
}
