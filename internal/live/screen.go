package live

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	tea "charm.land/bubbletea/v2"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
)

// watchScreen runs the loop below a full-screen program. Bubble Tea restores the
// terminal however the program ends, a panic included.
func watchScreen(ctx context.Context, o Options) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := newLoop(o)
	p := tea.NewProgram(newModel(ctx, o, l.ask),
		tea.WithContext(ctx), tea.WithInput(o.In), tea.WithOutput(o.Out))
	ended := make(chan error, 1)
	go func() {
		err := l.run(ctx)
		if err != nil {
			p.Quit()
		}
		ended <- err
	}()
	forward, stop := context.WithCancel(context.Background())
	go func() {
		for {
			select {
			case u := <-l.updates:
				p.Send(u)
			case <-forward.Done():
				return
			}
		}
	}()
	final, err := p.Run()
	cancel()
	stop()
	l.drain(ended)
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrProgramPanic) {
		err = nil // told to stop, and stopped
	}
	m, _ := final.(*model)
	if m == nil {
		return nil, err
	}
	return m.last, err
}

// A model is what the screen shows. Its parts from top to bottom: a title with
// what is going on, a line for each stage, a pane that scrolls, the keys.
type model struct {
	ctx   context.Context
	o     Options
	again func()

	width, height int
	screen        term.Screen // as wide as the window now

	running bool
	begun   time.Time
	run     int
	live    map[string]judge.Outcome // of the run in progress, by check; "" is running
	at      string                   // the check that is running
	said    string                   // what takes long, in words
	last    *Result                  // the newest verdict
	fault   error                    // the judge couldn't judge

	aid    Aid    // what the pane shows instead of the verdict
	text   string // and its text
	full   bool   // whole evidence
	lines  []string
	offset int // of the pane's first visible line
}

// messages from commands
type (
	tick   struct{}
	advice struct {
		what Aid
		text string
		err  error
	}
)

func newModel(ctx context.Context, o Options, again func()) *model {
	m := &model{ctx: ctx, o: o, again: again, width: 80, height: 24, live: map[string]judge.Outcome{}}
	m.resize(m.width, m.height)
	return m
}

func (m *model) Init() tea.Cmd { return nil }

func (m *model) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.resize(msg.Width, msg.Height)
	case tea.KeyPressMsg:
		return m, m.key(msg.String())
	case update:
		return m, m.progress(msg)
	case advice:
		m.advise(msg)
	case tick:
		if m.running {
			return m, ticking()
		}
	}
	return m, nil
}

func ticking() tea.Cmd {
	return tea.Tick(100*time.Millisecond, func(time.Time) tea.Msg { return tick{} })
}

func (m *model) resize(width, height int) {
	m.width, m.height = max(width, 20), max(height, 6)
	m.screen = m.o.Screen
	m.screen.Width = m.width
	m.layOut(false)
}

// progress takes in what the loop reports.
func (m *model) progress(u update) tea.Cmd {
	switch u.kind {
	case started:
		m.running, m.begun, m.run, m.at = true, time.Now(), u.run, ""
		m.said = ""
		m.live = map[string]judge.Outcome{}
		return ticking()
	case progressed:
		if u.run != m.run {
			return nil
		}
		if u.said != "" {
			m.said = u.said
			return nil
		}
		m.said = ""
		m.live[u.event.Check] = u.event.Outcome
		if u.event.Outcome == "" {
			m.at = u.event.Check
		}
	case cancelled:
		m.running = false
	case finished:
		m.running, m.fault = false, u.err
		if u.err == nil {
			m.last = u.result
		}
		m.layOut(m.aid == "")
	}
	return nil
}

// key does what a key says. The names are those that the last line shows, and
// what fingers know from less and vi.
func (m *model) key(name string) tea.Cmd {
	page := max(m.room()-1, 1)
	switch name {
	case "q", "ctrl+c":
		return tea.Quit
	case "ctrl+z":
		return tea.Suspend
	case "esc", "e":
		m.aid = ""
		m.layOut(true)
	case "h":
		return m.ask(Hint)
	case "n":
		return m.ask(Next)
	case "s":
		return m.ask(Solution)
	case "r", "enter":
		m.again()
	case "v":
		m.full = !m.full
		m.layOut(false)
	case "up", "k":
		m.scroll(-1)
	case "down", "j":
		m.scroll(1)
	case "pgup", "b":
		m.scroll(-page)
	case "pgdown", "space", "f":
		m.scroll(page)
	case "home", "g":
		m.scroll(-len(m.lines))
	case "end", "G", "shift+g":
		m.scroll(len(m.lines))
	}
	return nil
}

// ask gets an aid in the background: it may read the store or derive a solution.
func (m *model) ask(what Aid) tea.Cmd {
	if m.o.Aid == nil {
		return nil
	}
	return func() tea.Msg {
		text, err := m.o.Aid(m.ctx, what)
		return advice{what, text, err}
	}
}

func (m *model) advise(a advice) {
	m.aid, m.text = a.what, a.text
	if a.err != nil {
		m.text = a.err.Error()
	}
	m.layOut(true)
}

func (m *model) scroll(by int) {
	m.offset = max(min(m.offset+by, len(m.lines)-m.room()), 0)
}

// layOut makes the pane's lines for the width of now.
func (m *model) layOut(top bool) {
	if top {
		m.offset = 0
	}
	var text string
	switch {
	case m.aid != "":
		text = m.screen.Markdown(m.text)
	case m.fault != nil:
		text = m.screen.Wrap(m.screen.Paint("hone: "+m.fault.Error(), term.Red), "")
	case m.last != nil:
		text = report.Findings(m.screen, m.last.Verdict, report.Options{Files: m.last.Files, Dir: m.o.Dir, Full: m.full})
		if m.last.Verdict.Outcome == judge.Passed {
			text = m.done() + text
		}
	}
	m.lines = strings.Split(strings.Trim(text, "\n"), "\n")
	for i, l := range m.lines {
		m.lines[i] = m.screen.Cut(l, 0)
	}
	m.scroll(0)
}

func (m *model) done() string {
	return m.screen.Wrap(fmt.Sprintf("All %s of %s passed.", report.Count(len(m.o.Lab.Stages), "stage"), m.o.Lab.ID), "") +
		"\n\n" + report.Steps(m.screen, []report.Step{
		{Command: "hone diff", Why: "your code beside the reference"},
		{Command: "hone list", Why: "what comes next"},
	})
}
