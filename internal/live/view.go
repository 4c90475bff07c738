package live

import (
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
)

// View draws the screen: always exactly as many lines as the window has.
func (m *model) View() tea.View {
	v := tea.NewView(m.draw())
	v.AltScreen = true
	v.WindowTitle = "hone watch " + m.o.Lab.ID
	return v
}

func (m *model) draw() string {
	lines := append([]string{m.title()}, m.stages()...)
	lines = append(lines, m.screen.Rule())
	room := m.height - len(lines) - 1
	pane := m.lines[min(m.offset, len(m.lines)):]
	if m.last == nil && m.aid == "" && m.running && time.Since(m.begun) > time.Second {
		pane = strings.Split(m.screen.Wrap(m.screen.Paint(m.said, term.Dim), ""), "\n")
	}
	pane = pane[:min(len(pane), max(room, 0))]
	for _, l := range pane {
		if m.running && m.aid == "" {
			l = m.screen.Paint(term.Plain(l), term.Dim) // of the files before the save
		}
		lines = append(lines, l)
	}
	for len(lines) < m.height-1 {
		lines = append(lines, "")
	}
	return strings.Join(append(lines, m.keys()), "\n")
}

// room is how many lines the pane has.
func (m *model) room() int { return max(m.height-len(m.stages())-3, 1) }

// title says which lab this is and, at the right, what is going on.
func (m *model) title() string {
	s := m.screen
	state := m.state()
	left := s.Paint(m.o.Lab.ID, term.Bold)
	room := m.width - term.Cells(state) - term.Cells(left) - 3
	if room > 12 {
		narrow := s
		narrow.Width = room
		left += "  " + s.Paint(narrow.Cut(m.o.Lab.Title, 0), term.Dim)
	}
	return s.Cut(term.Pad(left, m.width-term.Cells(state))+state, 0)
}

func (m *model) state() string {
	s := m.screen
	switch {
	case m.running:
		took := time.Since(m.begun)
		return s.Paint(fmt.Sprintf("%s judging %.1f s", term.Frame(took), took.Seconds()), term.Cyan)
	case m.fault != nil:
		return s.Paint("no verdict", term.Red)
	case m.last == nil:
		return s.Paint("starting", term.Dim)
	case len(m.last.Verdict.Problems) > 0:
		return s.Paint("does not build", term.Bold, term.Red)
	case m.last.Verdict.Outcome == judge.Passed:
		return s.Paint("passed", term.Bold, term.Green) + s.Paint(" in "+report.Seconds(m.last.Verdict.Wall), term.Dim)
	default:
		return s.Paint("not yet", term.Bold, term.Yellow) + s.Paint(" in "+report.Seconds(m.last.Verdict.Wall), term.Dim)
	}
}

// stages is the table of stages, at most a third of the window: what doesn't fit
// is folded, first the stages that passed, then those far ahead.
func (m *model) stages() []string {
	states := m.stageStates()
	most := max(m.height/3, 2)
	from, to := 0, len(states)
	current := len(states) - 1
	for i, st := range states {
		if st.Outcome != judge.Passed {
			current = i
			break
		}
	}
	if len(states) > most {
		from = max(min(current-1, len(states)-most), 0)
		to = from + most
	}
	rows := make([][]string, 0, most)
	for i, st := range states[from:to] {
		row := report.StageRow(m.screen, &st)
		if m.running && from+i == current {
			row[0] = m.screen.Paint(term.Frame(time.Since(m.begun)), term.Cyan) + " " + m.screen.Paint(st.ID, term.Bold)
			row[2] = m.screen.Paint(m.underway(&st), term.Dim)
		}
		rows = append(rows, row)
	}
	lines := term.Columns(rows, 2)
	for i, l := range lines {
		lines[i] = m.screen.Cut(" "+l, 0)
	}
	if from > 0 {
		lines[0] = m.screen.Paint(fmt.Sprintf(" ✓ %s passed", report.Count(from+1, "stage")), term.Dim)
	}
	if to < len(states) {
		lines[len(lines)-1] = m.screen.Paint(fmt.Sprintf(" · %s ahead", report.Count(len(states)-to+1, "stage")), term.Dim)
	}
	return lines
}

// underway is the last cell of the stage that is being judged.
func (m *model) underway(st *judge.Stage) string {
	ended := 0
	for _, c := range st.Checks {
		if c.Outcome != "" && c.Outcome != judge.NotRun {
			ended++
		}
	}
	return strings.TrimSpace(fmt.Sprintf("%d of %s  %s", ended, report.Count(len(st.Checks), "check"), m.at))
}

// stageStates is the newest that is known of each stage: of the run in progress
// if there is one, else of the last verdict.
func (m *model) stageStates() []judge.Stage {
	if !m.running && m.last != nil && len(m.last.Verdict.Problems) == 0 {
		return m.last.Verdict.Stages
	}
	out := make([]judge.Stage, len(m.o.Lab.Stages))
	for i, st := range m.o.Lab.Stages {
		out[i] = judge.Stage{ID: st.ID, Title: st.Title, Outcome: judge.Passed}
		for _, c := range st.Checks {
			outcome, seen := m.live[c.Name]
			if !seen || !m.running {
				outcome = judge.NotRun
			}
			if outcome != judge.Passed && out[i].Outcome == judge.Passed {
				out[i].Outcome = judge.NotRun
			}
			if outcome != judge.Passed && outcome != judge.NotRun && outcome != "" {
				out[i].Outcome = judge.NotYet
			}
			out[i].Checks = append(out[i].Checks, judge.Check{Name: c.Name, Outcome: outcome})
		}
	}
	return out
}

// keys is the last line. On a narrow window the less important ones go.
func (m *model) keys() string {
	all := []struct{ key, what string }{
		{"h", "hint"}, {"n", "task"}, {"q", "quit"}, {"s", "solution"}, {"r", "again"}, {"v", "more"},
	}
	if m.full {
		all[5].what = "less"
	}
	if m.aid != "" {
		all[5] = all[0]
		all[0] = struct{ key, what string }{"esc", "back"}
		if m.aid == Hint {
			all[5].what = "next hint"
			all[1], all[5] = all[5], all[1]
		}
	}
	where := ""
	if room := m.room(); len(m.lines) > room {
		where = fmt.Sprintf("↑↓ %d–%d of %d", m.offset+1, min(m.offset+room, len(m.lines)), len(m.lines))
	}
	line, used := "", term.Cells(where)
	for _, k := range all {
		n := term.Cells(k.key) + term.Cells(k.what) + 4
		if used+n > m.width {
			break
		}
		line += " " + m.screen.Paint(k.key, term.Bold, term.Cyan) + " " + m.screen.Paint(k.what, term.Dim) + "  "
		used += n
	}
	return term.Pad(line, m.width-term.Cells(where)) + m.screen.Paint(where, term.Dim)
}
