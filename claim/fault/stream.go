package fault

import (
	"io"
	"math/rand/v2"
	"os"
	"sync"
	"time"
)

// streamLimit is the most bytes that one direction of a connection holds. A
// writer ahead of its reader blocks there.
const streamLimit = 64 << 10

// A stream is one direction of a connection: bytes on their way, each with the
// time when it arrives. Waiting is done on channels and timers alone, which a
// synctest bubble understands.
type stream struct {
	link func() Link
	rng  *rand.Rand
	cut  func() // breaks the connection

	mu      sync.Mutex
	wake    chan struct{} // closed and replaced when anything below changes
	chunks  []chunk
	size    int       // bytes in chunks
	moved   int64     // bytes popped so far
	last    time.Time // of the latest pop
	ended   bool      // no push any more: a chunk with an error is last
	failed  error     // what both ends see from now on
	giveUp  time.Time // when an ended stream drops what has not arrived
	pushEnd time.Time // deadlines, zero = none
	popEnd  time.Time
}

type chunk struct {
	due time.Time
	b   []byte
	err error
}

func newStream(link func() Link, rng *rand.Rand, cut func()) *stream {
	return &stream{link: link, rng: rng, cut: cut, wake: make(chan struct{})}
}

// push adds a copy of b, when there is room. b is at most streamLimit.
func (s *stream) push(b []byte) error {
	link := s.link()
	s.mu.Lock()
	defer s.mu.Unlock()
	for {
		switch {
		case s.failed != nil:
			return s.failed
		case s.ended:
			return io.ErrClosedPipe
		case expired(s.pushEnd):
			return os.ErrDeadlineExceeded
		case s.size == 0 || s.size+len(b) <= streamLimit:
			s.add(link, chunk{b: append([]byte(nil), b...)})
			return nil
		}
		s.wait(s.pushEnd)
	}
}

// end adds the error that the reader sees after everything else.
func (s *stream) end(err error) {
	link := s.link()
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.ended {
		s.ended = true
		s.add(link, chunk{err: err})
	}
}

func (s *stream) add(link Link, c chunk) {
	c.due = time.Now().Add(link.Delay)
	if link.Jitter > 0 {
		c.due = c.due.Add(time.Duration(s.rng.Int64N(int64(link.Jitter))))
	}
	if k := len(s.chunks); k > 0 && c.due.Before(s.chunks[k-1].due) {
		c.due = s.chunks[k-1].due
	}
	s.chunks = append(s.chunks, c)
	s.size += len(c.b)
	s.signal()
}

// pop waits for bytes to arrive and moves them to p.
func (s *stream) pop(p []byte) (int, error) {
	for {
		link := s.link()
		n, err, cut := s.tryPop(link, p)
		if cut {
			s.cut()
		}
		if n > 0 || err != nil || len(p) == 0 {
			return n, err
		}
	}
}

// tryPop is one attempt of pop; when nothing has arrived it waits for a change.
func (s *stream) tryPop(link Link, p []byte) (n int, err error, cut bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed != nil {
		return 0, s.failed, false
	}
	if expired(s.popEnd) {
		return 0, os.ErrDeadlineExceeded, false
	}
	if expired(s.giveUp) || s.ended && !s.giveUp.IsZero() && link.Blackhole {
		return 0, os.ErrDeadlineExceeded, false
	}
	if len(s.chunks) == 0 || link.Blackhole {
		s.wait(earliest(s.popEnd, s.giveUp))
		return 0, nil, false
	}
	c := &s.chunks[0]
	ready := c.due
	if link.Gap > 0 && c.err == nil && s.last.Add(link.Gap).After(ready) {
		ready = s.last.Add(link.Gap)
	}
	if time.Now().Before(ready) {
		s.wait(earliest(ready, s.popEnd, s.giveUp))
		return 0, nil, false
	}
	if c.err != nil {
		return 0, c.err, false
	}
	if link.Segment > 0 {
		p = p[:min(len(p), link.Segment)]
	}
	if link.CutAfter > 0 {
		p = p[:max(0, min(int64(len(p)), link.CutAfter-s.moved))]
	}
	n = copy(p, c.b)
	if c.b = c.b[n:]; len(c.b) == 0 {
		s.chunks = s.chunks[1:]
	}
	s.size -= n
	s.moved += int64(n)
	s.last = time.Now()
	s.signal()
	return n, nil, link.CutAfter > 0 && s.moved >= link.CutAfter
}

// fail ends the stream at once, for both ends.
func (s *stream) fail(err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failed == nil {
		s.failed = err
		s.chunks, s.size = nil, 0
		s.signal()
	}
}

// abandon sets when an ended stream stops waiting for bytes to arrive.
func (s *stream) abandon(at time.Time) { s.update(func() { s.giveUp = at }) }

func (s *stream) setPushDeadline(t time.Time) { s.update(func() { s.pushEnd = t }) }
func (s *stream) setPopDeadline(t time.Time)  { s.update(func() { s.popEnd = t }) }

// changed makes who waits look at the link again.
func (s *stream) changed() { s.update(func() {}) }

func (s *stream) update(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
	s.signal()
}

func (s *stream) closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.failed != nil
}

func (s *stream) signal() {
	close(s.wake)
	s.wake = make(chan struct{})
}

// wait lets go of mu until something changes or the time comes.
func (s *stream) wait(until time.Time) {
	wake := s.wake
	s.mu.Unlock()
	defer s.mu.Lock()
	if until.IsZero() {
		<-wake
		return
	}
	timer := time.NewTimer(time.Until(until))
	defer timer.Stop()
	select {
	case <-wake:
	case <-timer.C:
	}
}

func expired(t time.Time) bool { return !t.IsZero() && !time.Now().Before(t) }

func earliest(times ...time.Time) time.Time {
	var first time.Time
	for _, t := range times {
		if !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	return first
}
