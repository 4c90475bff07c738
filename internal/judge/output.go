package judge

import (
	"encoding/json"
	"strings"
)

// said is what one check left on stdout.
type said struct {
	logs     []string          // what it passed to t.Log and t.Error
	attrs    map[string]string // what it passed to t.Attr, the last value of a key
	evidence []Evidence
	printed  strings.Builder // what code printed while it ran
	inLog    bool            // the last line belonged to a log entry
}

// maxPrinted bounds the output of the learner's code that a verdict shows.
const maxPrinted = 8 << 10

// parse reads the output of a test binary run with -test.v=test2json: lines that
// testing frames begin with the byte SYN (0x16), log lines with four blanks.
// Everything in it may be forged, so nothing here decides an outcome of its own.
func parse(stdout string) map[string]*said {
	const mark = "\x16"
	all := map[string]*said{}
	current := &said{attrs: map[string]string{}}
	of := func(test string) *said {
		name, _, _ := strings.Cut(strings.TrimPrefix(test, "TestHone/"), "/") // subtests speak for their check
		if all[name] == nil {
			all[name] = &said{attrs: map[string]string{}}
		}
		return all[name]
	}
	for line := range strings.SplitSeq(strings.ReplaceAll(stdout, mark, "\n"+mark), "\n") {
		framed, ok := strings.CutPrefix(line, mark)
		f := strings.SplitN(framed, " ", 2)
		switch {
		case ok && strings.HasPrefix(framed, "=== ATTR "):
			if a := strings.SplitN(strings.TrimLeft(framed[len("=== ATTR "):], " "), " ", 3); len(a) == 3 {
				of(a[0]).attr(a[1], a[2])
			}
		case ok && f[0] == "===" && len(f) == 2:
			if w := strings.Fields(f[1]); len(w) == 2 {
				current = of(w[1])
			}
		case ok || strings.HasPrefix(strings.TrimLeft(line, " "), "--- "):
		default:
			current.line(line)
		}
	}
	return all
}

// attr takes one attribute. Evidence longer than a line of testing may be comes in
// pieces, each after the first marked as more of the one before.
func (s *said) attr(key, value string) {
	s.attrs[key] = value
	var piece struct {
		Evidence
		More bool `json:"more"`
	}
	if key != "hone.evidence" || json.Unmarshal([]byte(value), &piece) != nil {
		return
	}
	if last := len(s.evidence) - 1; piece.More && last >= 0 {
		s.evidence[last].Text += piece.Text
		return
	}
	s.evidence = append(s.evidence, piece.Evidence)
}

// line takes one line of output: a log entry begins "    file.go:12: " and goes on
// with eight blanks; anything else was printed.
func (s *said) line(line string) {
	text, indented := strings.CutPrefix(line, "    ")
	more, deeper := strings.CutPrefix(text, "    ")
	switch _, message, entry := cutPosition(text); {
	case indented && deeper && s.inLog:
		s.logs[len(s.logs)-1] += "\n" + more
	case indented && entry:
		s.logs = append(s.logs, message)
		s.inLog = true
	case line == "" && s.inLog:
		s.logs[len(s.logs)-1] += "\n" // an empty line inside the entry, or behind it
	default:
		s.inLog = false
		if line != "" && s.printed.Len()+len(line) < maxPrinted {
			s.printed.WriteString(line + "\n")
		}
	}
}

// cutPosition cuts "file.go:12: message".
func cutPosition(text string) (position, message string, ok bool) {
	file, rest, ok := strings.Cut(text, ".go:")
	if !ok || strings.ContainsAny(file, " \t") {
		return "", "", false
	}
	line, message, ok := strings.Cut(rest, ": ")
	if !ok || strings.Trim(line, "0123456789") != "" {
		return "", "", false
	}
	return file + ".go:" + line, message, true
}

// message joins the log of a check that did not pass.
func (s *said) message() string {
	var parts []string
	for _, l := range s.logs {
		parts = append(parts, strings.TrimRight(l, "\n "))
	}
	return strings.Join(parts, "\n")
}
