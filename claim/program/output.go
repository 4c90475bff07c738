package program

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
)

const (
	outputLimit = 1 << 20  // the most bytes of output that are kept
	linesLimit  = 10_000   // the most lines of stdout that Line has not looked at
	lineLimit   = 64 << 10 // the most bytes of a line; longer ones are cut
)

// output collects what a program prints: all of it as one text, and stdout by
// lines.
type output struct {
	mu      sync.Mutex
	head    []byte // the first half of the limit
	tail    []byte // the last half, and up to as much again
	dropped int
	partial []byte   // of a line of stdout
	lines   []string // those that Line has not passed
	ended   bool
	changed chan struct{} // closed and replaced at each new line
}

func newOutput() *output { return &output{changed: make(chan struct{})} }

// stdout and stderr are the two ends that a process writes to.
type (
	stdout struct{ *output }
	stderr struct{ *output }
)

func (o stdout) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(p)
	for rest := p; len(rest) > 0; {
		line, after, whole := bytes.Cut(rest, []byte("\n"))
		rest = after
		o.partial = append(o.partial, line[:min(len(line), lineLimit-len(o.partial))]...)
		if whole {
			o.add()
		}
	}
	return len(p), nil
}

func (o stderr) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.keep(p)
	return len(p), nil
}

func (o *output) keep(p []byte) {
	const half = outputLimit / 2
	n := min(len(p), half-len(o.head))
	o.head = append(o.head, p[:n]...)
	o.tail = append(o.tail, p[n:]...)
	if len(o.tail) > 2*half {
		o.dropped += len(o.tail) - half
		o.tail = append(o.tail[:0], o.tail[len(o.tail)-half:]...)
	}
}

// add takes the partial line as whole.
func (o *output) add() {
	o.lines = append(o.lines, strings.TrimSuffix(string(o.partial), "\r"))
	o.partial = o.partial[:0]
	if len(o.lines) > linesLimit {
		o.lines = o.lines[len(o.lines)-linesLimit:]
	}
	o.signal()
}

// close says that nothing more will come.
func (o *output) close() {
	o.mu.Lock()
	defer o.mu.Unlock()
	if len(o.partial) > 0 {
		o.add()
	}
	o.ended = true
	o.signal()
}

func (o *output) signal() {
	close(o.changed)
	o.changed = make(chan struct{})
}

// find returns the first line with the prefix; consume drops it and those
// before. Where there is none, changed tells when to look again, nil if never.
func (o *output) find(prefix string, consume bool) (line string, found bool, changed <-chan struct{}) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i, l := range o.lines {
		if strings.HasPrefix(l, prefix) {
			if consume {
				o.lines = o.lines[i+1:]
			}
			return l, true, nil
		}
	}
	if o.ended {
		return "", false, nil
	}
	return "", false, o.changed
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.dropped == 0 {
		return string(o.head) + string(o.tail)
	}
	return fmt.Sprintf("%s\n[… %d bytes are missing here …]\n%s", o.head, o.dropped, o.tail)
}
