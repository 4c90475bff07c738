//go:build wheat

package escape

import (
	"iter"
	"strings"
)

// Labels yields the labels of a series.
func Labels(series string) iter.Seq2[Label, error] {
	// cursor{…}.each would be the same, but for one thing: a method value is called through
	// a variable, and the compiler doesn't look for the method in it.
	return func(yield func(Label, error) bool) { cursor{all: series, rest: series}.each(yield) }
}

// A cursor is a value: every range begins with a copy of the same.
type cursor struct{ all, rest string }

func (c cursor) each(yield func(Label, error) bool) {
	if c.name() != "" && c.rest == "" {
		return
	}
	if len(c.rest) < len(c.all) {
		for open := "{"; c.skip(open); open = "," {
			l := Label{Name: c.name()}
			if l.Name == "" || !c.skip("=") || !c.skip(`"`) {
				break
			}
			n := quoted(c.rest)
			l.Value, c.rest = c.rest[:n], c.rest[n:]
			if !c.skip(`"`) {
				break
			}
			if !yield(l, nil) {
				return
			}
			if c.skip("}") {
				if c.rest == "" {
					return
				}
				break
			}
		}
	}
	yield(Label{}, &SyntaxError{len(c.all) - len(c.rest)})
}

func (c *cursor) skip(text string) (ok bool) {
	c.rest, ok = strings.CutPrefix(c.rest, text)
	return ok
}

func (c *cursor) name() string {
	n := 0
	for n < len(c.rest) && isNameByte(c.rest[n], n == 0) {
		n++
	}
	name := c.rest[:n]
	c.rest = c.rest[n:]
	return name
}

// quoted is the length of what stands before the next quote without a backslash.
func quoted(text string) int {
	n := 0
	for n < len(text) && text[n] != '"' {
		if text[n] == '\\' && n+1 < len(text) {
			n++
		}
		n++
	}
	return n
}
