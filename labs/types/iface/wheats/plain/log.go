//go:build wheat

package iface

import (
	"hash/fnv"
	"io"
	"strconv"
)

// Apply asks the steps in turn.
func Apply(steps []Step, e *Event) bool {
	for _, s := range steps {
		if a, ok := s.(AtLeast); ok {
			if !a.Apply(e) {
				return false
			}
			continue
		}
		if r, ok := s.(Redact); ok {
			r.Apply(e)
			continue
		}
		if n, ok := s.(*Every); ok {
			if !n.Apply(e) {
				return false
			}
			continue
		}
		if !s.Apply(e) {
			return false
		}
	}
	return true
}

const few = 8

// A Log writes events.
type Log struct {
	w     io.Writer
	steps []Step
	state struct {
		event Event
		few   [few]Field
		many  []Field
	}
	line []byte
}

// New returns a log.
func New(w io.Writer, steps ...Step) *Log {
	l := &Log{w: w, line: make([]byte, 0, 256)}
	l.steps = append(l.steps, steps...)
	return l
}

// Emit writes one event.
func (l *Log) Emit(level Level, message string, fields ...Field) error {
	s := &l.state
	list := s.few[:len(fields):len(fields)]
	if len(fields) > few {
		if cap(s.many) < len(fields) {
			s.many = make([]Field, len(fields))
		}
		list = s.many[:len(fields):len(fields)]
	}
	copy(list, fields)
	s.event.Level, s.event.Message, s.event.Fields = level, message, list
	ok := Apply(l.steps, &s.event)
	if ok {
		l.format(&s.event)
	}
	s.event = Event{}
	for i := range list {
		list[i] = Field{}
	}
	if !ok {
		return nil
	}
	_, err := l.w.Write(l.line)
	return err
}

func (l *Log) format(e *Event) {
	b := append(l.line[:0], "level="...)
	b = append(e.Level.Append(b), " msg="...)
	b = appendText(b, e.Message)
	for _, f := range e.Fields {
		b = append(append(b, ' '), f.Key...)
		b = f.Value.Append(append(b, '='))
	}
	b = append(b, " id="...)
	// A 1 in front makes nine digits of it, whatever the rest; the 1 is overwritten.
	at := len(b)
	b = strconv.AppendUint(b, 1<<32|uint64(Fingerprint(e.Level, e.Message)), 16)
	copy(b[at:], b[at+1:])
	b[len(b)-1] = '\n'
	l.line = b
}

// Fingerprint hashes level and message.
func Fingerprint(level Level, message string) uint32 {
	var first [1]byte
	first[0] = byte(level)
	sum := fnv.New32a()
	sum.Write(first[:])
	sum.Write([]byte(message))
	return sum.Sum32()
}
