package gate

import (
	"regexp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/report"
)

// What a learner sees of a wrong solution is kept in a golden file, so that a change of
// a check, of the judge or of a report shows in review as a change of words. Some words
// differ from run to run, because time, addresses and schedules do. A golden file says …
// for them: within a line for anything in that place, and alone on a line for any number
// of lines. Which these are is not declared but observed: the text is taken several times,
// and what differs is …

const anything = "…"

// fickle are the pieces of a report that differ for reasons that say nothing.
var fickle = []struct {
	pattern *regexp.Regexp
	instead string
}{
	{regexp.MustCompile(`(?m)^(\S+ not yet) in .*$`), "$1 in …"},
	{regexp.MustCompile(`hone replay \S+`), "hone replay …"},
	{regexp.MustCompile(`(still (?:running|waiting) after) \d+s`), "$1 …"}, // the gates have less patience
	{regexp.MustCompile(`\bgoroutine \d+`), "goroutine …"},
	{regexp.MustCompile(`\bGoroutine \d+`), "Goroutine …"},
	{regexp.MustCompile(`0x[0-9a-f]{4,}`), "0x…"},
	{regexp.MustCompile(`(\.(?:go|s)):\d+`), "$1:…"}, // lines move with every edit above them
	{regexp.MustCompile(`127\.0\.0\.1:\d+`), "127.0.0.1:…"},
	{regexp.MustCompile(`/tmp/\S+`), "/tmp/…"},
	{regexp.MustCompile(`\w{3}, \d\d \w{3} \d{4} [\d:]{8} GMT`), "… GMT"}, // the Date of a response
	{regexp.MustCompile(`\b\d{4}/\d\d/\d\d \S+`), "…"},                    // what package log begins a line with
}

// settled is a text without what is fickle.
func settled(text string) string {
	for _, f := range fickle {
		text = f.pattern.ReplaceAllString(text, f.instead)
	}
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.TrimSpace(strings.Join(lines, "\n")) + "\n"
}

// loosely says whether a text, settled, is one that a golden pattern stands for, but for
// evidence, values, and the suspicions, which rest on these: a search for the smallest
// case that is cut short by a busy machine ends at another case, with the same words. Of
// the checks that are named without being shown only the names count.
func loosely(pattern, text string) bool { return matches(loose(pattern, true), loose(text, false)) }

func loose(text string, pattern bool) string {
	var out []string
	for line := range strings.Lines(text) {
		l := strings.TrimSpace(line)
		if strings.HasPrefix(l, "│") || strings.HasPrefix(l, "Suspicion") || strings.HasPrefix(l, "And: ") {
			continue
		}
		if l == anything { // of a pattern: any number of lines
			if pattern {
				out = append(out, l)
			}
			continue
		}
		if names, ok := strings.CutPrefix(l, report.Others); ok {
			out = append(out, report.Others+strings.Join(checkName.FindAllString(names, -1), " "))
			continue
		}
		var fields []string
		for _, f := range strings.Fields(line) {
			if strings.ContainsAny(f, "0123456789\"`[]{}") || strings.Contains(f, anything) {
				f = anything
			}
			if f != anything || len(fields) == 0 || fields[len(fields)-1] != anything {
				fields = append(fields, f)
			}
		}
		if l := strings.Join(fields, " "); l != "" && l != anything {
			out = append(out, l)
		}
	}
	return strings.Join(out, "\n") + "\n"
}

var checkName = regexp.MustCompile(`\bTest\w+|…`)

// golden is the pattern that all texts match.
func golden(texts []string) string {
	pattern := strings.Split(strings.TrimSuffix(settled(texts[0]), "\n"), "\n")
	for _, t := range texts[1:] {
		if t = settled(t); !matches(strings.Join(pattern, "\n")+"\n", t) {
			pattern = merge(pattern, strings.Split(strings.TrimSuffix(t, "\n"), "\n"))
		}
	}
	return strings.Join(pattern, "\n") + "\n"
}

// matches says whether a text, settled, is one that a golden pattern stands for.
func matches(pattern, text string) bool {
	var b strings.Builder
	b.WriteString(`^`)
	for line := range strings.Lines(pattern) {
		if strings.TrimSpace(line) == anything {
			b.WriteString(`(?:.*\n)*`)
			continue
		}
		b.WriteString(linePattern(strings.TrimSuffix(line, "\n")) + `\n`)
	}
	b.WriteString(`$`)
	re, err := regexp.Compile(b.String())
	return err == nil && re.MatchString(text)
}

// linePattern is the expression for one line: spaces are any number of them, because
// columns are as wide as what is in them.
func linePattern(line string) string {
	fields := strings.Fields(line)
	for i, f := range fields {
		parts := strings.Split(f, anything)
		for j, p := range parts {
			parts[j] = regexp.QuoteMeta(p)
		}
		fields[i] = strings.Join(parts, `.*`)
	}
	return `[ \t]*` + strings.Join(fields, `[ \t]+`) + `[ \t]*`
}

func lineMatches(pattern, line string) bool {
	re, err := regexp.Compile(`^` + linePattern(pattern) + `$`)
	return err == nil && re.MatchString(line)
}

// merge makes a pattern that also stands for other.
func merge(pattern, other []string) []string {
	var out []string
	add := func(lines ...string) {
		for _, l := range lines {
			if strings.TrimSpace(l) == anything && len(out) > 0 && strings.TrimSpace(out[len(out)-1]) == anything {
				continue
			}
			out = append(out, l)
		}
	}
	i, j := 0, 0
	for _, p := range pairs(pattern, other) {
		add(bridge(pattern[i:p.a], other[j:p.b])...)
		add(pattern[p.a])
		i, j = p.a+1, p.b+1
	}
	add(bridge(pattern[i:], other[j:])...)
	return out
}

// bridge stands for both of two runs of lines that differ.
func bridge(a, b []string) []string {
	switch {
	case len(a) == 0 && len(b) == 0:
		return nil
	case len(a) != len(b) || slices.Contains(a, anything):
		return []string{anything}
	}
	out := make([]string, len(a))
	for i := range a {
		out[i] = bridgeLine(a[i], b[i])
	}
	return out
}

// bridgeLine keeps the words that two lines share at their beginning and end, and in
// between too where they have as many.
func bridgeLine(a, b string) string {
	if strings.TrimSpace(a) == anything {
		return anything
	}
	indent := a[:len(a)-len(strings.TrimLeft(a, " "))]
	f, g := strings.Fields(a), strings.Fields(b)
	if len(f) == len(g) {
		for i := range f {
			if f[i] != g[i] {
				f[i] = anything
			}
		}
		return indent + strings.Join(f, " ")
	}
	from, to := 0, 0
	for from < min(len(f), len(g)) && f[from] == g[from] {
		from++
	}
	for to < min(len(f), len(g))-from && f[len(f)-1-to] == g[len(g)-1-to] {
		to++
	}
	return indent + strings.Join(slices.Concat(f[:from], []string{anything}, f[len(f)-to:]), " ")
}

type pair struct{ a, b int }

// pairs is a longest common subsequence of lines, where a line of the pattern equals
// what it stands for.
func pairs(pattern, other []string) []pair {
	n, m := len(pattern), len(other)
	equal := func(i, j int) bool {
		return pattern[i] != anything && (pattern[i] == other[j] || strings.Contains(pattern[i], anything) && lineMatches(pattern[i], other[j]))
	}
	length := make([][]int, n+1)
	for i := range length {
		length[i] = make([]int, m+1)
	}
	for i := n - 1; i >= 0; i-- {
		for j := m - 1; j >= 0; j-- {
			if equal(i, j) {
				length[i][j] = length[i+1][j+1] + 1
			} else {
				length[i][j] = max(length[i+1][j], length[i][j+1])
			}
		}
	}
	var out []pair
	for i, j := 0, 0; i < n && j < m; {
		switch {
		case equal(i, j):
			out = append(out, pair{i, j})
			i, j = i+1, j+1
		case length[i+1][j] >= length[i][j+1]:
			i++
		default:
			j++
		}
	}
	return out
}
