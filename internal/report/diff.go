package report

import (
	"strings"

	"github.com/rogpeppe/go-internal/diff"

	"github.com/hone-go/hone/internal/term"
)

// Diff compares two texts, line by line, for a screen. It returns "" where they
// are equal.
func Diff(s term.Screen, oldName string, old []byte, newName string, new []byte) string {
	text := strings.TrimSuffix(string(diff.Diff(oldName, old, newName, new)), "\n")
	if text == "" {
		return ""
	}
	p := page{screen: s}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		l = term.Clean(l)
		switch {
		case strings.HasPrefix(l, "diff ") && i == 0:
			continue // it repeats the next two
		case i <= 2:
			p.line("%s", s.Paint(l, term.Bold))
		default:
			p.line("%s", p.color("diff", l))
		}
	}
	return p.String()
}
