package gate

import (
	"strings"
	"testing"
)

func TestGolden(t *testing.T) {
	tests := []struct {
		name  string
		texts []string
		want  string
		also  []string // texts that match
		never []string // texts that don't
	}{
		{
			name:  "the same",
			texts: []string{"a b\nc\n", "a b\nc\n"}, want: "a b\nc\n",
			never: []string{"a b\n", "a b\nc\nd\n", "a B\nc\n"},
		},
		{
			name:  "a word",
			texts: []string{"took 3 ms\nend\n", "took 4 ms\nend\n"}, want: "took … ms\nend\n",
			also: []string{"took 88 ms\nend\n"}, never: []string{"took 3 s\nend\n", "took ms\nend\n"},
		},
		{
			name:  "days", // a golden file is as good tomorrow
			texts: []string{"Date: Tue, 24 Nov 2026 11:39:14 GMT\n2026/11/24 11:39:14 gone\n"}, want: "Date: … GMT\n… gone\n",
			also: []string{"Date: Mon, 01 Feb 2027 00:00:00 GMT\n2027/02/01 00:00:00 gone\n"},
		},
		{
			name:  "columns",
			texts: []string{"ours  9  x\n", "ours  10 x\n"}, want: "ours … x\n",
			also: []string{"ours    100   x\n"},
		},
		{
			name:  "a line that is not always there",
			texts: []string{"a\nb\nc\n", "a\nc\n"}, want: "a\n…\nc\n",
			also: []string{"a\nx\ny\nc\n"}, never: []string{"b\nc\n", "a\nb\n"},
		},
		{
			name:  "a third one differs elsewhere",
			texts: []string{"a 1\nb 1\n", "a 2\nb 1\n", "a 3\nb 2\n"}, want: "a …\nb …\n",
		},
		{
			name:  "what is fickle by nature",
			texts: []string{"structures/lru not yet in 640 ms\n  goroutine 18 [running]:\n\t/tmp/x/lru.go:14 0xc000012345\n"},
			want:  "structures/lru not yet in …\n  goroutine … [running]:\n\t/tmp/… 0x…\n",
			also:  []string{"structures/lru not yet in 2 s\n  goroutine 7 [running]:\n\t/tmp/y/lru.go:15 0xc000012345\n"},
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := golden(tt.texts)
			if got != tt.want {
				t.Errorf("golden %q, want %q", got, tt.want)
			}
			for _, text := range append(tt.also, tt.texts...) {
				if !matches(got, settled(text)) {
					t.Errorf("%q should match %q", got, text)
				}
			}
			for _, text := range tt.never {
				if matches(got, settled(text)) {
					t.Errorf("%q should not match %q", got, text)
				}
			}
		})
	}
}

func TestLoose(t *testing.T) {
	want := "x not yet in …\n\n✗ TestA failed\n\n  got 3, want [1 2] of keys\n\n  the smallest that shows it: 3 of 500 steps\n  │ put(1)\n  │ get(2)\n\n  Suspicion: it is slow.\n"
	same := "x not yet in …\n\n✗ TestA failed\n\n  got 17, want [4] of keys\n\n  the smallest that shows it: 41 of 500 steps\n  │ put(9)\n\n  Suspicion: it is slow.\n"
	other := "x not yet in …\n\n✗ TestA failed\n\n  got 17, wants [4] of keys\n\n  Suspicion: it is slow.\n"
	if !loosely(want, same) || loosely(want, other) {
		t.Errorf("%q: %q should match, %q should not", want, same, other)
	}
	lines := "✗ TestA failed\n\n  …\n\n  the end of it\n\nAlso not yet: TestB went past a limit, TestC\n"
	some := "✗ TestA failed\n\n  one thing\n\n  and another\n\n  the end of it\n\nAlso not yet: TestB, TestC\n"
	fewer := "✗ TestA failed\n\n  one thing\n\n  the end of it\n\nAlso not yet: TestB\n"
	if !loosely(lines, some) || loosely(lines, fewer) {
		t.Errorf("%q: %q should match, %q should not", lines, some, fewer)
	}
}

// TestGolden_AnyTexts: the pattern stands for each text that it was made of.
func TestGolden_AnyTexts(t *testing.T) {
	words := []string{"a", "b", "…", "", "c d", "c e", " f", "a(b", "\\"}
	seed := uint32(1)
	draw := func(n int) int {
		seed = seed*1664525 + 1013904223
		return int(seed>>16) % n
	}
	for range 3000 {
		var texts []string
		for range 2 + draw(3) {
			var lines []string
			for range draw(7) {
				lines = append(lines, words[draw(len(words))])
			}
			texts = append(texts, strings.Join(lines, "\n")+"\n")
		}
		g := golden(texts)
		for _, text := range texts {
			if !matches(g, settled(text)) {
				t.Fatalf("%q\nof %q\ndoes not match %q", g, texts, text)
			}
		}
	}
}
