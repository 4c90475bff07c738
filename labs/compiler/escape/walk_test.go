package escape_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/escape"
)

// A list is a NaiveVisitor that writes down what it is shown.
type list []escape.Label

func (v *list) Visit(l *escape.Label) error {
	*v = append(*v, *l)
	return nil
}

// walk ranges over Labels and writes down the same. What comes after an error is wrong.
func walk(t *testing.T, series string) (seen list, at int) {
	t.Helper()
	at = -1
	claim.Terminates(t, limit, func() {
		for l, err := range escape.Labels(series) {
			if at >= 0 {
				t.Errorf("Labels(%q) yields %v, %v after an error", series, l, err)
				return
			}
			var syntax *escape.SyntaxError
			switch {
			case err == nil:
				seen = append(seen, l)
			case !errors.As(err, &syntax):
				t.Errorf("Labels(%q) yields the error %v, want a *SyntaxError", series, err)
				return
			case l != escape.Label{}:
				t.Errorf("Labels(%q) yields %+v with the error %v, want an empty label", series, l, err)
			default:
				at = syntax.Offset
			}
		}
	})
	return seen, at
}

// series makes a series, and damages most of them in one place.
func series(rng *rand.Rand) string {
	line, err := escape.NaiveAppend(nil, sample(rng, rng.IntN(4)))
	if err != nil {
		return ""
	}
	text := string(line)
	if end := strings.LastIndexByte(text, '}'); end >= 0 {
		text = text[:end+1]
	} else {
		text, _, _ = strings.Cut(text, " ")
	}
	at := rng.IntN(len(text) + 1)
	more := `{}="\,a0 ` + "\n"
	switch rng.IntN(4) {
	case 0:
		return text[:at]
	case 1:
		return text[:at] + string(more[rng.IntN(len(more))]) + text[at:]
	case 2:
		return text[:at] + text[min(at+1, len(text)):]
	}
	return text
}

// crooked are series that go wrong at a place where one would not look.
var crooked = []string{
	"", "m", "0", "m{", "m}", "m{}", "m{a", "m{a=", `m{a="`, `m{a="}`, `m{a="\`, `m{a="\"`, `m{a="\\"}`, `m{a="\\"`, `m{a=""}`,
	`m{a="",}`, `m{a="",b}`, `m{a="" }`, `m{a=""}x`, `m{a=""}}`, `m{,a=""}`, `m{a=""b=""}`, `m{a="",,b=""}`, `{a=""}`, `m{0=""}`,
	`m{a=x}`, `m{a=""=`, `m a`, `m{a0="}",_=",",:="="}`, `m{a="é",b="` + "\x00" + `"}`, `m{a=""{b=""}`, `m,a=""}`, `m{a="1"},b="2"}`,
}

// Labels yields the labels that NaiveWalk shows, and stops where that stops, with the
// offset of the same byte.
func TestWalk_LikeNaive(t *testing.T) {
	rng := claim.Rand(t)
	all := append([]string{}, crooked...)
	for range 1500 {
		all = append(all, series(rng))
	}
	for _, text := range all {
		var want list
		wantAt := -1
		var syntax *escape.SyntaxError
		if errors.As(escape.NaiveWalk(text, &want), &syntax) {
			wantAt = syntax.Offset
		}
		got, at := walk(t, text)
		claim.Equal(t, fmt.Sprintf("the labels of %q", text), got, want)
		if at != wantAt {
			t.Errorf("Labels(%q) stops with an error at byte %d, want %d (-1 is no error)", text, at, wantAt)
		}
		if t.Failed() {
			return
		}
	}
}

// A range may end early, and nothing is yielded after that.
func TestWalk_Stops(t *testing.T) {
	for _, c := range []struct {
		text string
		most int // calls of yield
	}{{`m{a="1",b="2",c="3"}`, 3}, {`m{a="1",b="2"`, 3}, {`m{}`, 1}} {
		for stop := 1; stop <= c.most; stop++ {
			n := 0
			claim.Terminates(t, limit, func() {
				escape.Labels(c.text)(func(escape.Label, error) bool {
					n++
					return n < stop
				})
			})
			if n != stop {
				t.Errorf("Labels(%q) was told to stop by its yield %d and called it %d times. In a range that is a panic: the loop is over", c.text, stop, n)
			}
		}
	}
}

// What Labels returns can be ranged over again, from the beginning, and by several at a
// time: it is a description of what to do, not something half done.
func TestWalk_Again(t *testing.T) {
	labels := escape.Labels(`m{a="1",b="2",c="3"}`)
	var seen []string
	claim.Terminates(t, limit, func() {
		for l := range labels {
			seen = append(seen, l.Name)
			if l.Name == "b" {
				break
			}
		}
		for l := range labels {
			for inner := range labels {
				seen = append(seen, l.Name+inner.Name)
			}
		}
	})
	claim.Equal(t, "a range that ends at b, then one in another", strings.Join(seen, " "), "a b aa ab ac ba bb bc ca cb cc")
}
