package live

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"

	tea "charm.land/bubbletea/v2"

	"github.com/hone-go/hone/internal/term"
)

// An Item is a line to choose.
type Item struct {
	ID    string
	Group string // a heading stands before the first of each group
	Text  string
	Note  string
}

// A Choice is a list to choose from.
type Choice struct {
	Items  []Item
	In     *os.File
	Out    *os.File
	Screen term.Screen
}

// Pick lets a person choose from a list, below what is on the terminal already.
// It returns the id of the item, or "" if none was chosen.
func Pick(ctx context.Context, c Choice) (string, error) {
	if len(c.Items) == 0 {
		return "", nil
	}
	m := &picker{c: c, height: 24, screen: c.Screen}
	m.narrow()
	_, err := tea.NewProgram(m, tea.WithContext(ctx), tea.WithInput(c.In), tea.WithOutput(c.Out)).Run()
	if errors.Is(err, tea.ErrInterrupted) || errors.Is(err, tea.ErrProgramKilled) && !errors.Is(err, tea.ErrProgramPanic) {
		return "", nil
	}
	return m.chosen, err
}

// A picker is the list on the screen, with what was typed to narrow it.
type picker struct {
	c      Choice
	screen term.Screen
	height int

	filter string
	items  []Item // that match
	at     int    // of items
	chosen string
	gone   bool // quitting: leave nothing on the terminal
}

func (m *picker) Init() tea.Cmd { return nil }

func (m *picker) Update(msg tea.Msg) (tea.Model, tea.Cmd) {
	switch msg := msg.(type) {
	case tea.WindowSizeMsg:
		m.height, m.screen.Width = max(msg.Height, 8), max(msg.Width, 24)
	case tea.KeyPressMsg:
		return m, m.key(msg)
	}
	return m, nil
}

// key moves, narrows or ends. Letters narrow the list, so moving is for arrows
// and their control characters alone.
func (m *picker) key(msg tea.KeyPressMsg) tea.Cmd {
	switch msg.String() {
	case "ctrl+c", "ctrl+d":
		m.gone = true
		return tea.Quit
	case "esc":
		if m.filter == "" {
			m.gone = true
			return tea.Quit
		}
		m.filter = ""
		m.narrow()
	case "enter":
		if len(m.items) > 0 {
			m.chosen, m.gone = m.items[m.at].ID, true
			return tea.Quit
		}
	case "up", "ctrl+p":
		m.at = max(m.at-1, 0)
	case "down", "ctrl+n":
		m.at = min(m.at+1, max(len(m.items)-1, 0))
	case "backspace":
		if r := []rune(m.filter); len(r) > 0 {
			m.filter = string(r[:len(r)-1])
			m.narrow()
		}
	default:
		if msg.Text == "q" && m.filter == "" {
			m.gone = true
			return tea.Quit
		}
		if msg.Text != "" {
			m.filter += msg.Text
			m.narrow()
		}
	}
	return nil
}

func (m *picker) narrow() {
	m.items, m.at = nil, 0
	for _, it := range m.c.Items {
		text := strings.ToLower(it.ID + " " + it.Group + " " + it.Text + " " + it.Note)
		if strings.Contains(text, strings.ToLower(m.filter)) {
			m.items = append(m.items, it)
		}
	}
}

// around is how many lines beside the list the picker and the words above it take.
const around = 4

func (m *picker) View() tea.View {
	if m.gone {
		return tea.NewView("")
	}
	s := m.screen
	rows := make([][]string, len(m.items))
	for i, it := range m.items {
		mark := "  "
		id := it.ID
		if i == m.at {
			mark, id = s.Paint("❯ ", term.Bold, term.Cyan), s.Paint(id, term.Bold, term.Cyan)
		}
		rows[i] = []string{mark + id, s.Paint(it.Note, term.Dim), it.Text}
	}
	var lines []string
	at := 0 // of lines
	for i, l := range term.Columns(rows, 2) {
		if i == 0 || m.items[i].Group != m.items[i-1].Group {
			lines = append(lines, s.Paint(m.items[i].Group, term.Dim))
		}
		if i == m.at {
			at = len(lines)
		}
		lines = append(lines, s.Cut(l, 0))
	}
	room := max(m.height-around, 3)
	from := max(min(at-room/2, len(lines)-room), 0)
	lines = lines[from:min(from+room, len(lines))]
	if len(m.items) == 0 {
		lines = []string{s.Paint(fmt.Sprintf("nothing matches %q", m.filter), term.Dim)}
	}
	keys := s.Paint("↑↓ move · type to narrow · enter reads the lesson · q leaves", term.Dim)
	if m.filter != "" {
		keys = s.Paint("› ", term.Cyan) + m.filter + s.Paint("▏  esc clears", term.Dim)
	}
	return tea.NewView("\n" + strings.Join(lines, "\n") + "\n\n" + s.Cut(keys, 0) + "\n")
}
