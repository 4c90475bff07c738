package diagnose

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/judge"
)

const header = `# What each wrong solution fails in the stage that it breaks. Made by hone lab check --record.
# mutant	stage	check=outcome:says,…   (= the text, ~ its words, * anything; ? = not in every run)
`

// Format writes a matrix, a line for each mutant.
func (m Matrix) Format() string {
	var b strings.Builder
	b.WriteString(header)
	sorted := slices.SortedFunc(slices.Values(m), func(a, b Fingerprint) int { return cmp.Compare(a.Mutant, b.Mutant) })
	for _, f := range sorted {
		fmt.Fprintf(&b, "%s\t%s\t", f.Mutant, f.Stage)
		for i, e := range f.Failures {
			if i > 0 {
				b.WriteByte(' ')
			}
			fmt.Fprintf(&b, "%s=", e.Check)
			for j, s := range e.Signs {
				if j > 0 {
					b.WriteByte(',')
				}
				fmt.Fprintf(&b, "%s:%s", s.Outcome, s.Says)
			}
			if !e.Always {
				b.WriteByte('?')
			}
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// Parse reads what Format wrote.
func Parse(text string) (Matrix, error) {
	var m Matrix
	n := 0
	for line := range strings.Lines(text) {
		n++
		line = strings.TrimRight(line, "\r\n")
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		f, ok := parseLine(line)
		if !ok {
			return nil, fmt.Errorf("%s:%d: not a fingerprint (record them again: hone lab check --record)", File, n)
		}
		m = append(m, f)
	}
	return m, nil
}

func parseLine(line string) (f Fingerprint, ok bool) {
	fields := strings.Split(line, "\t")
	if len(fields) != 3 || fields[0] == "" || fields[1] == "" {
		return f, false
	}
	f.Mutant, f.Stage = fields[0], fields[1]
	for part := range strings.FieldsSeq(fields[2]) {
		check, signs, found := strings.Cut(part, "=")
		signs, sometimes := strings.CutSuffix(signs, "?")
		if !found || check == "" {
			return f, false
		}
		e := Failure{Check: check, Always: !sometimes}
		for s := range strings.SplitSeq(signs, ",") {
			outcome, says, found := strings.Cut(s, ":")
			if !found || outcome == "" || says == "" {
				return f, false
			}
			e.Signs = append(e.Signs, Sign{judge.Outcome(outcome), says})
		}
		f.Failures = append(f.Failures, e)
	}
	return f, len(f.Failures) > 0
}
