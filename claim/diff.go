package claim

import (
	"fmt"
	"strings"
)

const (
	diffContext = 3       // equal lines shown around a difference
	diffCells   = 4 << 20 // the largest table of line pairs; beyond, all lines count as different
)

// diff compares two texts line by line: lines of got alone begin with -, of want
// alone with +, common ones with a space, and stretches of common ones are left
// out. It finds a longest common subsequence by the textbook table, after cutting
// off what is common at both ends; texts that people compare by eye are small.
func diff(got, want string) string {
	a, b := strings.Split(got, "\n"), strings.Split(want, "\n")
	head := 0
	for head < min(len(a), len(b)) && a[head] == b[head] {
		head++
	}
	tail := 0
	for tail < min(len(a), len(b))-head && a[len(a)-1-tail] == b[len(b)-1-tail] {
		tail++
	}
	var lines []string
	for _, l := range a[:head] {
		lines = append(lines, "  "+l)
	}
	lines = append(lines, middle(a[head:len(a)-tail], b[head:len(b)-tail])...)
	for _, l := range a[len(a)-tail:] {
		lines = append(lines, "  "+l)
	}
	return strings.Join(around(lines), "\n") + "\n"
}

// middle compares the lines between common head and tail.
func middle(a, b []string) []string {
	if len(a)*len(b) > diffCells {
		var all []string
		for _, l := range a {
			all = append(all, "- "+l)
		}
		for _, l := range b {
			all = append(all, "+ "+l)
		}
		return all
	}
	// common[i][j] is the length of a longest common subsequence of a[i:] and b[j:].
	common := make([][]int32, len(a)+1)
	for i := range common {
		common[i] = make([]int32, len(b)+1)
	}
	for i := len(a) - 1; i >= 0; i-- {
		for j := len(b) - 1; j >= 0; j-- {
			if a[i] == b[j] {
				common[i][j] = common[i+1][j+1] + 1
			} else {
				common[i][j] = max(common[i+1][j], common[i][j+1])
			}
		}
	}
	var lines []string
	i, j := 0, 0
	for i < len(a) || j < len(b) {
		switch {
		case i < len(a) && j < len(b) && a[i] == b[j]:
			lines = append(lines, "  "+a[i])
			i, j = i+1, j+1
		case i < len(a) && (j == len(b) || common[i+1][j] >= common[i][j+1]):
			lines = append(lines, "- "+a[i])
			i++
		default:
			lines = append(lines, "+ "+b[j])
			j++
		}
	}
	return lines
}

// around leaves out common lines that are far from any difference.
func around(lines []string) []string {
	keep := make([]bool, len(lines))
	for i, l := range lines {
		if l[0] != ' ' {
			for j := max(0, i-diffContext); j <= min(len(lines)-1, i+diffContext); j++ {
				keep[j] = true
			}
		}
	}
	var out []string
	for i := 0; i < len(lines); i++ {
		if keep[i] {
			out = append(out, lines[i])
			continue
		}
		from := i
		for i+1 < len(lines) && !keep[i+1] {
			i++
		}
		out = append(out, fmt.Sprintf("  … %d equal lines", i+1-from))
	}
	return out
}
