// Package term writes for a terminal, and for whatever stands in its place: a
// pipe, a file, an editor's pane.
//
// It knows about colour, width, links and Markdown; it knows nothing of labs or
// verdicts. What a stream can show is decided once, by [Of], and carried in a
// [Screen]: everything else is a function from text to text, so that a test can
// ask for any kind of terminal and compare strings.
//
// Colours are the terminal's own sixteen, never fixed values, so that they fit
// whatever theme the reader chose.
package term

import (
	"os"
	"strconv"

	xterm "golang.org/x/term"
)

// A Screen says what one output stream can show. The zero Screen is a plain
// file: no colour, no links, lines as long as they are.
type Screen struct {
	Color  bool
	Links  bool // OSC 8 hyperlinks
	Tty    bool // a person is looking
	Width  int  // in cells; 0 means that lines are neither wrapped nor cut
	Height int  // in lines; 0 means that nobody scrolls
}

// A Mode says when to use colour.
type Mode string

const (
	Auto   Mode = "auto"   // on a terminal, unless NO_COLOR is set
	Always Mode = "always" // even into a pipe
	Never  Mode = "never"
)

// narrowest is the width below which text is laid out as if it had this width:
// under it, wrapping gives one word a line and helps nobody.
const narrowest = 24

// Of says what f can show. env is [os.Getenv], or a table in a test.
//
// https://no-color.org: any non-empty NO_COLOR turns colour off; an explicit
// [Always] is stronger, because it was typed for this one command.
func Of(f *os.File, mode Mode, env func(string) string) Screen {
	// A dumb terminal can't move its cursor: for all that follows it is a file.
	s := Screen{Tty: xterm.IsTerminal(int(f.Fd())) && env("TERM") != "dumb"}
	switch mode {
	case Always:
		s.Color = true
	case Never:
	default:
		s.Color = s.Tty && env("NO_COLOR") == ""
	}
	s.Links = s.Tty && linking(env)
	if s.Tty {
		s.Width = width(f, env)
		if _, h, err := xterm.GetSize(int(f.Fd())); err == nil {
			s.Height = max(h, 0)
		}
	}
	return s
}

// linking reports whether the terminal is likely to understand OSC 8. There is
// no way to ask; a terminal that doesn't know the sequence ignores it, except
// for the few that print it.
func linking(env func(string) string) bool {
	switch env("TERM") {
	case "linux", "vt100", "vt220", "cons25":
		return false
	}
	return env("TERM_PROGRAM") != "Apple_Terminal"
}

func width(f *os.File, env func(string) string) int {
	w, _, err := xterm.GetSize(int(f.Fd()))
	if err != nil || w <= 0 {
		w, err = strconv.Atoi(env("COLUMNS"))
		if err != nil || w <= 0 {
			w = 80
		}
	}
	return max(w, narrowest)
}

// Interactive reports whether a person sits at both ends: keys can be read from
// in, and a picture can be drawn on s.
func (s Screen) Interactive(in *os.File) bool {
	return s.Tty && in != nil && xterm.IsTerminal(int(in.Fd()))
}
