package term

import (
	"fmt"
	"io"
	"sync"
	"time"
)

// patience is how long work may take before a word is said about it. Under a
// second a flash of text says less than silence does.
const patience = time.Second

// A Status is one line about work in progress. On a terminal the line is
// rewritten in place and leaves no trace; elsewhere each new text is printed
// once, as a line of its own. Nothing is shown for work that ends within a
// second. It is safe for concurrent use.
type Status struct {
	w      io.Writer
	screen Screen
	start  time.Time
	done   chan struct{}
	ended  sync.WaitGroup

	// mu guards what follows.
	mu      sync.Mutex
	text    string
	since   time.Time // when text was set
	printed string    // elsewhere: the last text printed
	drawn   bool      // a terminal: the line is on the screen
}

// NewStatus starts a line on w, which screen describes. Stop must be called.
func NewStatus(w io.Writer, screen Screen) *Status {
	now := time.Now()
	s := &Status{w: w, screen: screen, start: now, since: now, done: make(chan struct{})}
	s.ended.Go(s.run)
	return s
}

func (s *Status) run() {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-s.done:
			return
		case <-tick.C:
			s.draw()
		}
	}
}

// Set says what is being done now.
func (s *Status) Set(text string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if text != s.text {
		s.text, s.since = text, time.Now()
	}
}

// Stop takes the line away. Calling it again does nothing.
func (s *Status) Stop() {
	s.mu.Lock()
	select {
	case <-s.done:
		s.mu.Unlock()
		return
	default:
		close(s.done)
	}
	s.mu.Unlock()
	s.ended.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.drawn {
		fmt.Fprint(s.w, "\r\x1b[K")
		s.drawn = false
	}
}

func (s *Status) draw() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.text == "" || time.Since(s.start) < patience {
		return
	}
	if !s.screen.Tty {
		// Steps that pass quickly would fill a log; each must last to be named.
		if s.text != s.printed && time.Since(s.since) >= patience {
			s.printed = s.text
			fmt.Fprintln(s.w, s.text)
		}
		return
	}
	s.drawn = true
	took := time.Since(s.start).Truncate(time.Second)
	line := s.screen.Cut(fmt.Sprintf("%s %s %s", Frame(time.Since(s.start)), s.text, took), 1)
	fmt.Fprint(s.w, "\r\x1b[K"+s.screen.Paint(line, Dim))
}

// Frame returns the picture of a spinner at a moment.
func Frame(at time.Duration) string {
	frames := []string{"⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"}
	return frames[int(at/(100*time.Millisecond))%len(frames)]
}
