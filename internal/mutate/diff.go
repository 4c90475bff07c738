package mutate

import (
	"fmt"
	"go/token"
	"path/filepath"
	"slices"
	"strings"
)

// around is the number of lines around a change in a diff.
const around = 3

// diff is the unified diff of making edits, which are in order.
func (p *Package) diff(f *file, edits []edit) string {
	old := splitLines(string(f.text))
	type change struct {
		from, to int // lines of old that go, from 0
		text     []string
	}
	var changes []change
	tf := p.fset.File(f.ast.FileStart)
	row := func(pos token.Pos) int { return p.fset.PositionFor(pos, false).Line - 1 }
	for i := 0; i < len(edits); {
		// Edits that share a line are one change.
		from, to := row(edits[i].pos), row(edits[i].end)
		j := i + 1
		for j < len(edits) && row(edits[j].pos) <= to {
			to = max(to, row(edits[j].end))
			j++
		}
		start := tf.LineStart(from + 1)
		end := token.Pos(tf.Base() + tf.Size())
		if to+2 <= tf.LineCount() {
			end = tf.LineStart(to + 2)
		}
		text := splitLines(p.edited(f, start, end, edits[i:j], false))
		if gone(edits[i:j]) {
			text = tidy(text)
		}
		changes = append(changes, change{from, to + 1, text})
		i = j
	}
	var b strings.Builder
	name := filepath.Base(f.name)
	fmt.Fprintf(&b, "--- %s\n+++ %s\n", name, name)
	shift := 0
	for i := 0; i < len(changes); {
		j := i + 1
		for j < len(changes) && changes[j].from-changes[j-1].to <= 2*around {
			j++
		}
		top, bottom := max(changes[i].from-around, 0), min(changes[j-1].to+around, len(old))
		var body strings.Builder
		grown, at := 0, top
		for _, c := range changes[i:j] {
			prefix(&body, " ", old[at:c.from])
			prefix(&body, "-", old[c.from:c.to])
			prefix(&body, "+", c.text)
			at = c.to
			grown += len(c.text) - (c.to - c.from)
		}
		prefix(&body, " ", old[at:bottom])
		fmt.Fprintf(&b, "@@ -%d,%d +%d,%d @@\n%s", top+1, bottom-top, top+shift+1, bottom-top+grown, body.String())
		shift += grown
		i = j
	}
	return b.String()
}

func prefix(b *strings.Builder, mark string, lines []string) {
	for _, l := range lines {
		b.WriteString(mark + strings.TrimSuffix(l, "\n") + "\n")
	}
}

// gone says whether edits only take away.
func gone(edits []edit) bool {
	return !slices.ContainsFunc(edits, func(e edit) bool { return e.text != "" })
}

// tidy removes the lines of which nothing, or only a comment, was left.
func tidy(lines []string) []string {
	var out []string
	for _, l := range lines {
		if l = strings.TrimRight(l, " \t\n"); l != "" && !strings.HasPrefix(strings.TrimSpace(l), "//") {
			out = append(out, l+"\n")
		}
	}
	return out
}

// splitLines cuts text into lines that keep their "\n"; there is no empty last one.
func splitLines(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	if lines[len(lines)-1] == "" {
		lines = lines[:len(lines)-1]
	}
	return lines
}

// Mutated is the file that a mutant is in, by its name in the package's directory, as if
// the mistake was made by hand.
func (s *Scheme) Mutated(m *Mutant) (name string, text []byte) {
	for _, c := range s.live {
		if c.mutant.number == m.number {
			f := c.file
			return filepath.Base(f.name), []byte(s.Package.edited(f, f.ast.FileStart, f.ast.FileEnd, c.edits, false))
		}
	}
	return "", nil
}
