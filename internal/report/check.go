package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/term"
)

// Others begins the line that names the checks that failed beside the one that is shown.
const Others = "Also not yet: "

// stages is the table of how far it went: a line for each stage.
func (p *page) stages(v *judge.Verdict) {
	p.block()
	rows := make([][]string, len(v.Stages))
	for i, st := range v.Stages {
		rows[i] = StageRow(p.screen, &st)
	}
	for _, l := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut("  "+l, 0))
	}
}

// StageRow is a stage as cells of a table: mark with id, title, checks.
func StageRow(s term.Screen, st *judge.Stage) []string {
	passed := 0
	for _, c := range st.Checks {
		if c.Outcome == judge.Passed {
			passed++
		}
	}
	id, title, count := st.ID, term.Clean(st.Title), Count(len(st.Checks), "check")
	switch st.Outcome {
	case judge.Passed:
	case judge.NotRun, "":
		id, title, count = s.Paint(id, term.Dim), s.Paint(title, term.Dim), ""
	default:
		id = s.Paint(id, term.Bold)
		count = fmt.Sprintf("%d of %s", passed, count)
	}
	return []string{stageMark(s, st) + " " + id, title, s.Paint(count, term.Dim)}
}

// stageMark doesn't call a stage failed whose only trouble is that this machine
// could not measure it.
func stageMark(s term.Screen, st *judge.Stage) string {
	noisy := false
	for _, c := range st.Checks {
		switch {
		case c.Outcome == judge.Noisy:
			noisy = true
		case failing(c.Outcome):
			return Mark(s, st.Outcome)
		}
	}
	if noisy && st.Outcome != judge.Passed {
		return Mark(s, judge.Noisy)
	}
	return Mark(s, st.Outcome)
}

// failures shows the first failure whole and names the others; all of them whole
// where everything was asked for.
func (p *page) failures(v *judge.Verdict) {
	stage, first := First(v)
	if first == nil {
		return
	}
	p.block()
	p.WriteString(checkText(p.screen, p.o, first))
	p.suspicions(v.Suspicions)
	var rest []string
	for i := range v.Stages {
		for j := range v.Stages[i].Checks {
			c := &v.Stages[i].Checks[j]
			if c == first || !failing(c.Outcome) {
				continue
			}
			if p.o.Full {
				p.block()
				p.WriteString(checkText(p.screen, p.o, c))
				continue
			}
			name := c.Name + " " + word(c.Outcome)
			if v.Stages[i].ID == stage.ID && c.Outcome == judge.Failed {
				name = c.Name
			}
			rest = append(rest, name)
		}
	}
	if len(rest) > 0 {
		p.block()
		p.line("%s", p.screen.Wrap(p.screen.Paint(Others+strings.Join(rest, ", "), term.Dim), ""))
	}
}

// suspicions says which known mistakes have these consequences.
func (p *page) suspicions(all []judge.Suspicion) {
	lead := "Suspicion: "
	if len(all) > 1 {
		lead = "Suspicions: two mistakes at once. "
	}
	for _, s := range all {
		p.line("\n%s", p.screen.Wrap(p.screen.Paint(lead, term.Bold, term.Yellow)+strings.Join(strings.Fields(term.Clean(s.Says)), " "), "  "))
		lead = "And: "
	}
}

// Check lays out one check that did not pass.
func Check(s term.Screen, c *judge.Check, o Options) string { return checkText(s, o, c) }

// measured is a line for each ratio that was good enough, since that it passed
// isn't all that one wants to know of speed.
func (p *page) measured(v *judge.Verdict) {
	var rows [][]string
	for _, st := range v.Stages {
		for _, c := range st.Checks {
			for _, e := range c.Evidence {
				if e.Kind == "ratio" && c.Outcome == judge.Passed {
					rows = append(rows, []string{"  " + c.Name, summary(e.Text)})
				}
			}
		}
	}
	if len(rows) == 0 {
		return
	}
	p.block()
	p.line("%s", p.screen.Paint("Measured:", term.Bold))
	for _, l := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut(l, 0))
	}
}

// summary is the line of a table of ratios that says the ratio.
func summary(text string) string {
	for l := range strings.Lines(text) {
		if l = strings.TrimSpace(l); strings.HasPrefix(l, "ratio ") {
			return strings.TrimPrefix(term.Clean(l), "ratio ")
		}
	}
	return ""
}

// Evidence shows the evidence of one kind that a verdict holds, of checks that
// passed too: what a measurement was based on is worth seeing when it is good.
func Evidence(s term.Screen, v *judge.Verdict, kind string) string {
	p := &page{screen: s}
	for _, st := range v.Stages {
		for _, c := range st.Checks {
			for _, e := range c.Evidence {
				if e.Kind == kind {
					p.line("\n%s %s", Mark(s, c.Outcome), s.Paint(c.Name, term.Bold))
					p.evidence(e)
				}
			}
		}
	}
	return p.String()
}

func checkText(s term.Screen, o Options, c *judge.Check) string {
	p := &page{screen: s, o: o}
	color := term.Red
	if c.Outcome == judge.Noisy {
		color = term.Yellow
	}
	p.line("%s %s %s", Mark(s, c.Outcome), s.Paint(c.Name, term.Bold), s.Paint(word(c.Outcome), color))
	if c.Doc != "" {
		p.line("%s", s.Paint(s.Wrap(promise(c), "  "), term.Dim))
	}
	if m := strings.TrimSpace(term.Clean(c.Message)); m != "" {
		p.line("\n%s", s.Wrap(m, "  "))
	}
	for _, e := range c.Evidence {
		p.evidence(e)
	}
	if again := repeat(c); again != "" {
		p.line("\n  %s", s.Paint(s.Cut(again, 2), term.Dim))
	}
	return p.String()
}

// promise is the check's doc comment without its own name at the start: the name
// stands right above it.
func promise(c *judge.Check) string {
	doc := strings.Join(strings.Fields(term.Clean(c.Doc)), " ")
	doc = strings.TrimPrefix(doc, c.Name+" ")
	if i := strings.IndexByte(doc, ':'); i == len(c.Name) && strings.HasPrefix(doc, c.Name) {
		doc = strings.TrimSpace(doc[i+1:])
	}
	if doc != "" {
		doc = strings.ToUpper(doc[:1]) + doc[1:]
	}
	return doc
}

func repeat(c *judge.Check) string {
	var parts []string
	if c.Seed != 0 {
		parts = append(parts, fmt.Sprintf("seed %d", c.Seed))
	}
	if c.Replay != "" {
		parts = append(parts, "repeat with: hone replay "+c.Replay)
	}
	return strings.Join(parts, " · ")
}

// evidence shows one piece: its title, then its text behind a bar.
func (p *page) evidence(e judge.Evidence) {
	s := p.screen
	text := strings.Trim(term.Clean(e.Text), "\n")
	if text == "" {
		return
	}
	lines := strings.Split(text, "\n")
	if !p.o.Full && (e.Kind == "stack" || e.Kind == "race") {
		lines = fold(lines)
	}
	hidden := 0
	if !p.o.Full && len(lines) > maxLines {
		lines, hidden = p.shorten(e.Kind, lines)
	}
	p.WriteByte('\n')
	if e.Title != "" {
		p.line("%s", s.Cut("  "+s.Paint(term.Clean(e.Title), term.Bold), 0))
	}
	bar := "  " + s.Paint("│ ", term.Dim)
	const taken = 4
	if e.Kind == "transcript" {
		lines = p.transcript(lines, taken)
	} else {
		lines = p.fit(e.Kind, lines, taken)
	}
	for _, l := range lines {
		p.line("%s", strings.TrimRight(bar+p.color(e.Kind, l), " "))
	}
	if hidden > 0 {
		p.line("%s%s", bar, s.Paint(fmt.Sprintf("… %s more, with -v", Count(hidden, "line")), term.Dim))
	}
}

// shorten drops lines from the end, but never the caret that points at the fault; of
// a transcript that has none it drops the middle, for it is the last step that fails.
func (p *page) shorten(kind string, lines []string) (kept []string, hidden int) {
	n := maxLines
	at := slices.IndexFunc(lines, isCaret)
	switch {
	case at >= n:
		skip := at - n/2
		kept = append([]string{fmt.Sprintf("… %s before", Count(skip, "line"))}, lines[skip:min(skip+n, len(lines))]...)
		return kept, max(len(lines)-skip-n, 0)
	case at < 0 && kind == "transcript":
		kept = append(slices.Clone(lines[:n/2]), fmt.Sprintf("… %s more, with -v", Count(len(lines)-n, "line")))
		return append(kept, lines[len(lines)-n/2:]...), 0
	}
	return lines[:n], len(lines) - n
}

// fit makes lines no wider than the screen. What is read across (prose, diffs,
// output) is wrapped, for its end may be what matters; what is read down (tables,
// stacks) is cut.
func (p *page) fit(kind string, lines []string, taken int) []string {
	if p.screen.Width == 0 {
		return lines
	}
	narrow := p.screen
	narrow.Width = max(narrow.Width-taken, 1)
	var out []string
	for _, l := range lines {
		switch kind {
		case "ratio", "alloc", "stack", "race", "history":
			out = append(out, narrow.Cut(l, 0))
		case "diff":
			out = append(out, hang(narrow, l)...)
		default:
			out = append(out, strings.Split(narrow.Wrap(l, ""), "\n")...)
		}
	}
	return out
}

// hang wraps a line of a diff so that each piece keeps its sign.
func hang(s term.Screen, line string) []string {
	if term.Cells(line) <= s.Width || line == "" {
		return []string{line}
	}
	sign, rest := line[:1], line[1:]
	if !strings.Contains("+- @", sign) {
		sign, rest = "", line
	}
	var out []string
	for _, piece := range term.Chunks(rest, max(s.Width-1, 8)) {
		out = append(out, sign+piece)
	}
	return out
}

// isCaret reports whether a line only points at the one above it.
func isCaret(line string) bool {
	at := strings.TrimLeft(line, " ")
	return strings.HasPrefix(at, "^") && len(at) < len(line) || strings.HasPrefix(line, "^")
}

// transcript cuts lines that are too wide, a line and the caret below it at the
// same place, so that the caret goes on pointing at the same byte.
func (p *page) transcript(lines []string, taken int) []string {
	out := make([]string, 0, len(lines))
	for i := 0; i < len(lines); i++ {
		if i+1 < len(lines) && isCaret(lines[i+1]) {
			caret := lines[i+1]
			left, right := p.around(strings.IndexByte(caret, '^'), taken)
			out = append(out, term.Window(lines[i], left, right), p.screen.Cut(caret[min(left, len(caret)):], taken))
			i++
			continue
		}
		out = append(out, p.screen.Cut(lines[i], taken))
	}
	return out
}

// color paints a line of evidence by what it is.
func (p *page) color(kind, line string) string {
	s := p.screen
	switch kind {
	case "diff":
		switch {
		case strings.HasPrefix(line, "@@"):
			return s.Paint(line, term.Dim)
		case strings.HasPrefix(line, "-"):
			return s.Paint(line, term.Red)
		case strings.HasPrefix(line, "+"):
			return s.Paint(line, term.Green)
		}
	case "transcript":
		if isCaret(line) {
			return s.Paint(line, term.Red, term.Bold)
		}
	case "stack", "race":
		return p.frame(line)
	}
	return line
}

// frame lets the learner's own lines stand out of a stack: functions of the
// runtime and of the test machinery recede.
func (p *page) frame(line string) string {
	s := p.screen
	text := strings.TrimSpace(line)
	switch {
	case strings.HasPrefix(text, "goroutine ") || strings.HasPrefix(text, "WARNING:") ||
		strings.HasPrefix(text, "Previous ") || strings.HasPrefix(text, "Read at ") ||
		strings.HasPrefix(text, "Write at ") || strings.HasPrefix(text, "Goroutine "):
		return s.Paint(line, term.Bold)
	case foreign(text) || strings.HasPrefix(text, "… "):
		return s.Paint(line, term.Dim)
	}
	return line
}

// fold replaces each run of frames that aren't the learner's by one line. What is
// left is usually the whole story.
func fold(lines []string) []string {
	var out []string
	for i := 0; i < len(lines); {
		n := 0
		for i+n < len(lines) && foreign(strings.TrimSpace(lines[i+n])) {
			n++
		}
		// A frame takes two lines, a function and its place.
		if n > 2 {
			indent := lines[i][:len(lines[i])-len(strings.TrimLeft(lines[i], " "))]
			out = append(out, fmt.Sprintf("%s… %s of the standard library", indent, Count((n+1)/2, "frame")))
			i += n
			continue
		}
		out = append(out, lines[i])
		i++
	}
	return out
}

// foreign reports whether a line of a stack is of the standard library.
func foreign(line string) bool {
	for _, prefix := range []string{"runtime.", "testing.", "internal/", "sync.", "created by testing."} {
		if strings.HasPrefix(line, prefix) {
			return true
		}
	}
	return strings.Contains(line, "/src/runtime/") || strings.Contains(line, "/src/testing/") ||
		strings.Contains(line, "/src/sync/") || strings.Contains(line, "/src/internal/")
}
