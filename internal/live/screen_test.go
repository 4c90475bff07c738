package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/term"
)

func verdict(outcome judge.Outcome) *Result {
	v := &judge.Verdict{Lab: lab.ID, Outcome: outcome, Wall: 640 * time.Millisecond}
	if outcome == judge.Passed {
		for _, st := range lab.Stages {
			v.Stages = append(v.Stages, judge.Stage{ID: st.ID, Title: st.Title, Outcome: judge.Passed, Checks: []judge.Check{{Outcome: judge.Passed}}})
		}
		return &Result{Verdict: v}
	}
	v.Stages = []judge.Stage{
		{ID: "order", Title: "Evict the least recently used", Outcome: judge.NotYet, Checks: []judge.Check{
			{Name: "TestOrder_A", Outcome: judge.Passed},
			{
				Name: "TestOrder_B", Outcome: judge.Failed, Message: "b should have gone; c went instead.",
				Evidence: []judge.Evidence{{Kind: "output", Title: "what it printed", Text: numbered(60)}},
			},
		}},
		{ID: "cost", Title: "Make a hit cost nothing", Outcome: judge.NotRun},
	}
	return &Result{Verdict: v}
}

func numbered(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, "line %d\n", i+1)
	}
	return b.String()
}

func press(m *model, keys ...string) {
	for _, k := range keys {
		if cmd := m.key(k); cmd != nil {
			if msg := cmd(); msg != nil {
				m.Update(msg)
			}
		}
	}
}

// picture is what a person sees.
func picture(m *model) string { return term.Plain(m.draw()) }

func newTestModel() *model {
	o := Options{Lab: lab, Screen: term.Screen{Color: true, Tty: true}, Aid: func(_ context.Context, what Aid) (string, error) {
		if what == Solution {
			return "", errors.New("order has not passed yet")
		}
		return "# text of " + string(what), nil
	}}
	m := newModel(context.Background(), o, func() {})
	m.Update(tea.WindowSizeMsg{Width: 80, Height: 24})
	return m
}

func TestScreen_FillsTheWindowAtEverySize(t *testing.T) {
	for _, r := range []*Result{nil, verdict(judge.NotYet), verdict(judge.Passed)} {
		for width := 30; width <= 130; width += 10 {
			for height := 8; height <= 50; height += 7 {
				m := newTestModel()
				m.Update(tea.WindowSizeMsg{Width: width, Height: height})
				m.Update(update{kind: started, run: 1})
				if r != nil {
					m.Update(update{kind: finished, run: 1, result: r})
				}
				lines := strings.Split(picture(m), "\n")
				if len(lines) != height {
					t.Fatalf("%dx%d: %d lines", width, height, len(lines))
				}
				for _, l := range lines {
					if term.Cells(l) > width {
						t.Fatalf("%dx%d: %d cells: %q", width, height, term.Cells(l), l)
					}
				}
			}
		}
	}
}

func TestScreen_ShowsARunAsItGoes(t *testing.T) {
	m := newTestModel()
	m.Update(update{kind: started, run: 1})
	m.Update(update{kind: progressed, run: 1, event: judge.Event{Stage: "order", Check: "TestOrder_A"}})
	m.Update(update{kind: progressed, run: 1, event: judge.Event{Stage: "order", Check: "TestOrder_A", Outcome: judge.Passed}})
	m.Update(update{kind: progressed, run: 1, event: judge.Event{Stage: "order", Check: "TestOrder_B"}})
	if got := picture(m); !strings.Contains(got, "1 of 2 checks  TestOrder_B") || !strings.Contains(got, "judging") {
		t.Errorf("the check that runs is not on the screen:\n%s", got)
	}
	m.Update(update{kind: progressed, run: 9, event: judge.Event{Check: "TestOrder_A", Outcome: judge.Failed}})
	if m.live["TestOrder_A"] != judge.Passed {
		t.Error("an event of another run was taken for one of this run")
	}
	m.Update(update{kind: finished, run: 1, result: verdict(judge.NotYet)})
	if got := picture(m); !strings.Contains(got, "c went instead") || !strings.Contains(got, "not yet in 640 ms") {
		t.Errorf("the failure is not on the screen:\n%s", got)
	}
}

func TestScreen_ScrollsLongEvidence(t *testing.T) {
	m := newTestModel()
	m.Update(update{kind: finished, run: 1, result: verdict(judge.NotYet)})
	press(m, "v", "G")
	if got := picture(m); !strings.Contains(got, "line 60") {
		t.Errorf("the end can't be reached:\n%s", got)
	}
	press(m, "g")
	if got := picture(m); !strings.Contains(got, "TestOrder_B failed") {
		t.Errorf("the start can't be reached again:\n%s", got)
	}
	press(m, "up", "up", "pgdown")
	if m.offset == 0 || strings.Contains(picture(m), "TestOrder_B failed") {
		t.Errorf("a page down did nothing:\n%s", picture(m))
	}
}

func TestScreen_AidsAndBack(t *testing.T) {
	m := newTestModel()
	m.Update(update{kind: finished, run: 1, result: verdict(judge.NotYet)})
	press(m, "h")
	if got := picture(m); !strings.Contains(got, "text of hint") || !strings.Contains(got, "next hint") {
		t.Errorf("h shows no hint:\n%s", got)
	}
	press(m, "s")
	if got := picture(m); !strings.Contains(got, "has not passed yet") {
		t.Errorf("s shows no reason:\n%s", got)
	}
	m.Update(update{kind: finished, run: 2, result: verdict(judge.NotYet)})
	if got := picture(m); !strings.Contains(got, "has not passed yet") {
		t.Errorf("a verdict took away what was being read:\n%s", got)
	}
	press(m, "esc")
	if got := picture(m); !strings.Contains(got, "c went instead") {
		t.Errorf("esc doesn't lead back:\n%s", got)
	}
}

func TestPick_NarrowsAndChooses(t *testing.T) {
	m := &picker{height: 12, screen: term.Screen{Width: 60}, c: Choice{Items: []Item{
		{ID: "types/slices", Group: "Types and values", Text: "Where slices live"},
		{ID: "structures/lru", Group: "Data structures", Text: "A cache"},
		{ID: "storage/bitcask", Group: "Storage", Text: "A log"},
	}}}
	m.narrow()
	for _, r := range "stor" {
		m.Update(tea.KeyPressMsg{Code: r, Text: string(r)})
	}
	if got := m.View().Content; !strings.Contains(got, "❯ storage/bitcask") || strings.Contains(got, "slices") {
		t.Errorf("after typing stor:\n%s", got)
	}
	m.Update(tea.KeyPressMsg{Code: tea.KeyEscape})
	m.Update(tea.KeyPressMsg{Code: tea.KeyDown})
	m.Update(tea.KeyPressMsg{Code: tea.KeyEnter})
	if m.chosen != "structures/lru" {
		t.Errorf("chosen %q, want structures/lru", m.chosen)
	}
}
