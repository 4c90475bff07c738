package start_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/start"
)

// reversible checks that a diff applies, and that its reverse gives back what was.
func reversible(t *testing.T, name string, files start.Files, diff []byte) {
	t.Helper()
	changed, err := start.Apply(files, diff)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	back, err := start.Apply(changed, reverse(diff))
	if err != nil {
		t.Errorf("%s, reversed: %v", name, err)
		return
	}
	if !equal(back, files) {
		t.Errorf("%s: applied and reversed is not what was", name)
	}
}

var hunkHeader = regexp.MustCompile(`^@@ -(\S+) \+(\S+) @@`)

// reverse turns a diff around.
func reverse(diff []byte) []byte {
	var out bytes.Buffer
	body := false
	lines := strings.SplitAfter(string(diff), "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		switch m := hunkHeader.FindStringSubmatch(line); {
		case m != nil:
			body = true
			fmt.Fprintf(&out, "@@ -%s +%s @@\n", m[2], m[1])
		case strings.HasPrefix(line, "--- ") && i+1 < len(lines) && strings.HasPrefix(lines[i+1], "+++ "):
			body = false
			out.WriteString("--- " + lines[i+1][4:] + "+++ " + line[4:])
			i++
		case body && strings.HasPrefix(line, "-"):
			out.WriteString("+" + line[1:])
		case body && strings.HasPrefix(line, "+"):
			out.WriteString("-" + line[1:])
		default:
			out.WriteString(line)
		}
	}
	return out.Bytes()
}

// TestApply_Reverses makes random changes, writes them as diffs in the ways diff -u may,
// and checks that they apply and reverse.
func TestApply_Reverses(t *testing.T) {
	for seed := range uint64(500) {
		rng := rand.New(rand.NewPCG(seed, 1))
		old := make([]string, 1+rng.IntN(30))
		for i := range old {
			old[i] = fmt.Sprintf("line %d\n", rng.IntN(8)) // few words: text occurs more than once
		}
		if rng.IntN(4) == 0 {
			old[len(old)-1] = strings.TrimSuffix(old[len(old)-1], "\n")
		}
		diff, want := change(rng, old)
		files := start.Files{"a.txt": []byte(strings.Join(old, ""))}
		got, err := start.Apply(files, []byte(diff))
		if err != nil {
			t.Errorf("seed %d: %v\n%s", seed, err, diff)
			continue
		}
		if string(got["a.txt"]) != want {
			t.Errorf("seed %d: want\n%s\ngot\n%s\nby\n%s", seed, want, got["a.txt"], diff)
		}
		reversible(t, fmt.Sprint("seed ", seed), files, []byte(diff))
	}
}

// change replaces up to three places of old, and returns the diff and the new text.
func change(rng *rand.Rand, old []string) (diff, text string) {
	var out, body strings.Builder
	body.WriteString("--- a.txt\n+++ a.txt\n")
	put := func(mark byte, line string) {
		body.WriteByte(mark)
		body.WriteString(line)
		if !strings.HasSuffix(line, "\n") {
			body.WriteString("\n\\ No newline at end of file\n")
		}
	}
	at, written := 0, 0
	for range 1 + rng.IntN(3) {
		if at >= len(old) {
			break
		}
		from := at + rng.IntN(len(old)-at)
		lead := min(rng.IntN(4), from-at)
		cut := min(1+rng.IntN(3), len(old)-from)
		var with []string
		for range rng.IntN(3) {
			with = append(with, fmt.Sprintf("new %d\n", rng.IntN(5)))
		}
		trail := min(rng.IntN(4), len(old)-from-cut)
		out.WriteString(strings.Join(old[at:from], ""))
		written += from - at
		oldAt, newAt := from-lead+1, written-lead+1
		if lead+len(with)+trail == 0 {
			newAt-- // as diff writes an empty side: the line before it
		}
		fmt.Fprintf(&body, "@@ -%d,%d +%d,%d @@\n", oldAt, lead+cut+trail, newAt, lead+len(with)+trail)
		for _, l := range old[from-lead : from] {
			put(' ', l)
		}
		for _, l := range old[from : from+cut] {
			put('-', l)
		}
		for _, l := range with {
			put('+', l)
		}
		for _, l := range old[from+cut : from+cut+trail] {
			put(' ', l)
		}
		out.WriteString(strings.Join(with, "") + strings.Join(old[from+cut:from+cut+trail], ""))
		written += len(with) + trail
		at = from + cut + trail
	}
	out.WriteString(strings.Join(old[min(at, len(old)):], ""))
	return body.String(), out.String()
}
