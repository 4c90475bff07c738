package start

import (
	"errors"
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// A hunk is one change of a diff: old lines become new lines. Lines keep their "\n".
type hunk struct {
	number   int // in its file, from 1
	at       int // 1-based line that the header states for the first old line
	old, new []string
	mark     byte // of the line read last
}

// A change is what a diff does to one file.
type change struct {
	from, to string // "" for /dev/null
	hunks    []hunk
}

// Apply applies a unified diff.
func Apply(files Files, diff []byte) (Files, error) {
	changes, err := parseDiff(string(diff))
	if err != nil {
		return nil, err
	}
	out := maps.Clone(files)
	if out == nil {
		out = Files{}
	}
	var errs []error
	for _, c := range changes {
		errs = append(errs, c.apply(out))
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

var header = regexp.MustCompile(`^@@ -([0-9]{1,9})(?:,([0-9]{1,9}))? \+[0-9]{1,9}(?:,[0-9]{1,9})? @@`)

// parseDiff reads a diff; what stands before its first file header is not its business.
// Where a hunk ends is seen by its lines, not by the counts of its header, so that a diff
// may be edited by hand.
func parseDiff(text string) ([]change, error) {
	lines := strings.SplitAfter(text, "\n")
	var changes []change
	var h *hunk
	for i := 0; i < len(lines); i++ {
		line := strings.TrimRight(lines[i], "\r\n")
		if startsFile(lines[i:]) {
			changes = append(changes, change{from: fileName(line), to: fileName(strings.TrimRight(lines[i+1], "\r\n"))})
			h = nil
			i++
			continue
		}
		if len(changes) == 0 {
			continue
		}
		c := &changes[len(changes)-1]
		if m := header.FindStringSubmatch(line); m != nil {
			at, err := strconv.Atoi(m[1])
			if err != nil {
				return nil, fmt.Errorf("line %d of the diff: %w", i+1, err)
			}
			if m[2] == "0" {
				at++ // an insertion states the line before it
			}
			c.hunks = append(c.hunks, hunk{number: len(c.hunks) + 1, at: at})
			h = &c.hunks[len(c.hunks)-1]
			continue
		}
		if h == nil {
			return nil, fmt.Errorf("line %d of the diff: want a hunk header, got %q", i+1, clip(line))
		}
		if line != "" && line[0] == '\\' { // \ No newline at end of file
			h.chop()
			continue
		}
		if !h.add(lines[i], strings.TrimSpace(strings.Join(lines[i:], "")) == "") {
			return nil, fmt.Errorf("line %d of the diff: want a line that begins with a blank, - or +, got %q", i+1, clip(line))
		}
	}
	for _, c := range changes {
		if len(c.hunks) == 0 {
			return nil, fmt.Errorf("the diff of %s has no hunk", c.name())
		}
		for _, h := range c.hunks {
			if slices.Equal(h.old, h.new) {
				return nil, fmt.Errorf("hunk %d of %s changes nothing", h.number, c.name())
			}
		}
	}
	if len(changes) == 0 {
		return nil, errors.New("the diff has no file header: want --- FILE and +++ FILE, then @@")
	}
	return changes, nil
}

// startsFile reports whether a file header begins lines.
func startsFile(lines []string) bool {
	return len(lines) > 2 && strings.HasPrefix(lines[0], "--- ") && strings.HasPrefix(lines[1], "+++ ") &&
		strings.HasPrefix(lines[2], "@@ ")
}

// fileName reads a line such as "--- a/queue.go\t2026-01-01", but leaves the a/ on.
func fileName(line string) string {
	name, _, _ := strings.Cut(line[len("--- "):], "\t")
	if name = strings.TrimSpace(name); name == "/dev/null" {
		return ""
	}
	return name
}

// add takes one line of the body of h; trailing says that only blank lines follow.
func (h *hunk) add(line string, trailing bool) bool {
	if trailing {
		return true
	}
	if !strings.HasSuffix(line, "\n") {
		line += "\n" // the diff's own last line
	}
	switch h.mark = line[0]; h.mark {
	case ' ':
		h.old, h.new = append(h.old, line[1:]), append(h.new, line[1:])
	case '\n', '\r': // an empty line of context whose blank an editor trimmed
		h.old, h.new = append(h.old, line), append(h.new, line)
	case '-':
		h.old = append(h.old, line[1:])
	case '+':
		h.new = append(h.new, line[1:])
	default:
		return false
	}
	return true
}

// chop takes the end of line from the line above "\ No newline at end of file",
// on whichever side that line stands.
func (h *hunk) chop() {
	if h.mark != '+' {
		chopLast(h.old)
	}
	if h.mark != '-' {
		chopLast(h.new)
	}
}

func chopLast(lines []string) {
	if n := len(lines); n > 0 {
		lines[n-1] = strings.TrimSuffix(lines[n-1], "\n")
	}
}

func (c change) name() string {
	if c.from == "" {
		return c.to
	}
	return c.from
}

// find is the name in files that a name in a diff means: itself, or without git's a/ and b/.
func find(files Files, name string) (string, bool) {
	for _, n := range []string{name, strings.TrimPrefix(name, "a/"), strings.TrimPrefix(name, "b/")} {
		if _, ok := files[n]; ok {
			return n, true
		}
	}
	return "", false
}

// apply changes, makes or removes one of files. The slices in files are never written to.
func (c change) apply(files Files) error {
	name, ok := find(files, c.from)
	if !ok && c.to != "" {
		name, ok = find(files, c.to)
	}
	var lines []string
	switch {
	case c.from == "" && c.to == "":
		return errors.New("the diff turns /dev/null into /dev/null")
	case c.from == "" && ok:
		return fmt.Errorf("%s: the diff makes this file, but it exists", name)
	case c.from == "":
		name = strings.TrimPrefix(c.to, "b/")
	case !ok:
		return fmt.Errorf("%s: the diff changes this file, but there is none of this name", c.from)
	default:
		lines = splitLines(string(files[name]))
	}
	changed, err := patch(name, lines, c.hunks)
	if err != nil {
		return err
	}
	if c.to == "" && changed == "" {
		delete(files, name)
		return nil
	}
	files[name] = []byte(changed)
	return nil
}

// splitLines cuts text into lines that keep their "\n"; there is no empty last one.
func splitLines(text string) []string {
	lines := strings.SplitAfter(text, "\n")
	return lines[:len(lines)-1+min(1, len(lines[len(lines)-1]))]
}

// patch applies all hunks to the lines of one file. Every hunk is sought in the lines as
// they were, so that hunks don't depend on each other.
func patch(name string, lines []string, hunks []hunk) (string, error) {
	type place struct {
		hunk
		from int
	}
	var places []place
	for _, h := range hunks {
		from, err := h.locate(lines)
		if err != nil {
			return "", fmt.Errorf("%s: hunk %d: %w", name, h.number, err)
		}
		places = append(places, place{h, from})
	}
	slices.SortStableFunc(places, func(a, b place) int { return a.from - b.from })
	var out strings.Builder
	at := 0
	for _, p := range places {
		if p.from < at {
			return "", fmt.Errorf("%s: hunk %d overlaps another one", name, p.number)
		}
		write(&out, lines[at:p.from])
		write(&out, p.new)
		at = p.from + len(p.old)
	}
	write(&out, lines[at:])
	return out.String(), nil
}

func write(b *strings.Builder, lines []string) {
	for _, l := range lines {
		b.WriteString(l)
	}
}

// locate is the index of the line where the old text of h begins: where h says, if it
// is there, else the one place where it is.
func (h hunk) locate(lines []string) (int, error) {
	if h.matches(lines, h.at-1) {
		return h.at - 1, nil
	}
	if len(h.old) == 0 {
		return 0, fmt.Errorf("it only inserts, at line %d, and there are %d lines: give it context", h.at, len(lines))
	}
	var places []int
	for i := range lines {
		if h.matches(lines, i) {
			places = append(places, i)
		}
	}
	switch len(places) {
	case 0:
		return 0, fmt.Errorf("its old text is nowhere: %s", h.first(lines))
	case 1:
		return places[0], nil
	}
	return 0, fmt.Errorf("its old text is not at line %d, but in %d other places (lines %d, %d, …): give it more context",
		h.at, len(places), places[0]+1, places[1]+1)
}

func (h hunk) matches(lines []string, at int) bool {
	return at >= 0 && at+len(h.old) <= len(lines) && slices.Equal(h.old, lines[at:at+len(h.old)])
}

// first says which old line of h a file has nowhere; it is most often the one that went stale.
func (h hunk) first(lines []string) string {
	for _, l := range h.old {
		if !slices.Contains(lines, l) {
			return fmt.Sprintf("no line is %q", strings.TrimRight(l, "\n"))
		}
	}
	return "every line of it is there, but not in this order"
}
