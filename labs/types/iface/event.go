package iface

import "strconv"

// The parts of the event log that are given: what an event is, what a step is, and
// three steps.

// A Level says how much an event matters.
type Level int

// The levels.
const (
	Debug Level = iota
	Info
	Warn
	Error
)

// Append appends the level's name.
func (l Level) Append(dst []byte) []byte {
	if Debug <= l && l <= Error {
		return append(dst, [...]string{"DEBUG", "INFO", "WARN", "ERROR"}[l]...)
	}
	return strconv.AppendInt(dst, int64(l), 10)
}

// A Field is a value with a name.
type Field struct {
	Key   string
	Value Value
}

// An Event is one thing that happened.
type Event struct {
	Level   Level
	Message string
	Fields  []Field
}

// A Step looks at an event, may change it, and says whether it is to be written. The
// event and its fields are the log's own: a step has them until Apply returns.
type Step interface {
	Apply(e *Event) bool
}

// AtLeast lets pass what matters at least so much.
type AtLeast Level

// Apply implements Step.
func (a AtLeast) Apply(e *Event) bool { return e.Level >= Level(a) }

// Every lets pass the first of N events, and then every N-th.
type Every struct {
	N    int
	seen int
}

// Apply implements Step.
func (s *Every) Apply(*Event) bool {
	s.seen++
	return s.N <= 1 || s.seen%s.N == 1
}

// Redact hides the values of fields of one name.
type Redact struct{ Key string }

// Apply implements Step.
func (r Redact) Apply(e *Event) bool {
	for i := range e.Fields {
		if e.Fields[i].Key == r.Key {
			e.Fields[i].Value = String("***")
		}
	}
	return true
}

// appendText appends s as it stands in a line: in quotes where it has to be.
func appendText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c <= ' ' || c == '"' || c == '=' || c >= 0x7f {
			return strconv.AppendQuote(dst, s)
		}
	}
	if s == "" {
		return append(dst, `""`...)
	}
	return append(dst, s...)
}
