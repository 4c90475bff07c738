package iface

import (
	"fmt"
	"hash"
	"hash/crc32"
	"hash/fnv"
	"io"
	"strconv"
)

// The event log as one writes it first. It is right, and it pays at each interface:
// every number in a field is moved to the heap, and so are the list of fields, the
// event, the hash and the bytes that are hashed, because somebody might keep them whom
// the compiler cannot see.

// A NaiveValue is a value of any type.
type NaiveValue struct{ v any }

// NaiveInt holds an integer.
func NaiveInt(n int64) NaiveValue { return NaiveValue{n} }

// NaiveFloat holds a number.
func NaiveFloat(f float64) NaiveValue { return NaiveValue{f} }

// NaiveBool holds a truth value.
func NaiveBool(b bool) NaiveValue { return NaiveValue{b} }

// NaiveString holds a text.
func NaiveString(s string) NaiveValue { return NaiveValue{s} }

// NaiveAny holds whatever it is given.
func NaiveAny(v any) NaiveValue { return NaiveValue{v} }

// Any returns what it holds.
func (v NaiveValue) Any() any { return v.v }

// Append appends the value as it stands in a line.
func (v NaiveValue) Append(dst []byte) []byte {
	switch x := v.v.(type) {
	case int64:
		return strconv.AppendInt(dst, x, 10)
	case float64:
		return strconv.AppendFloat(dst, x, 'g', -1, 64)
	case bool:
		return strconv.AppendBool(dst, x)
	case string:
		return appendText(dst, x)
	default:
		return appendText(dst, fmt.Sprint(x))
	}
}

// A NaiveField is a value with a name.
type NaiveField struct {
	Key   string
	Value NaiveValue
}

// A NaiveEvent is one thing that happened.
type NaiveEvent struct {
	Level   Level
	Message string
	Fields  []NaiveField
}

// A NaiveStep is a Step for it.
type NaiveStep interface {
	Apply(e *NaiveEvent) bool
}

// NaiveAtLeast is AtLeast for it.
type NaiveAtLeast Level

// Apply implements NaiveStep.
func (a NaiveAtLeast) Apply(e *NaiveEvent) bool { return e.Level >= Level(a) }

// NaiveEvery is Every for it.
type NaiveEvery struct {
	N    int
	seen int
}

// Apply implements NaiveStep.
func (s *NaiveEvery) Apply(*NaiveEvent) bool {
	s.seen++
	return s.N <= 1 || s.seen%s.N == 1
}

// NaiveRedact is Redact for it.
type NaiveRedact struct{ Key string }

// Apply implements NaiveStep.
func (r NaiveRedact) Apply(e *NaiveEvent) bool {
	for i, f := range e.Fields {
		if f.Key == r.Key {
			e.Fields[i].Value = NaiveString("***")
		}
	}
	return true
}

// A NaiveLog writes events that its steps let pass.
type NaiveLog struct {
	w     io.Writer
	steps []NaiveStep
}

// NewNaive returns a log.
func NewNaive(w io.Writer, steps ...NaiveStep) *NaiveLog {
	return &NaiveLog{w: w, steps: append([]NaiveStep(nil), steps...)}
}

// Emit writes one event, or nothing where a step says so.
func (l *NaiveLog) Emit(level Level, message string, fields ...NaiveField) error {
	e := &NaiveEvent{Level: level, Message: message, Fields: append([]NaiveField(nil), fields...)}
	for _, s := range l.steps {
		if !s.Apply(e) {
			return nil
		}
	}
	line := []byte("level=")
	line = e.Level.Append(line)
	line = append(line, " msg="...)
	line = appendText(line, e.Message)
	for _, f := range e.Fields {
		line = append(line, ' ')
		line = append(line, f.Key...)
		line = append(line, '=')
		line = f.Value.Append(line)
	}
	line = fmt.Appendf(line, " id=%08x\n", NaiveFingerprint(e.Level, e.Message))
	_, err := l.w.Write(line)
	return err
}

// NaiveFingerprint is the same for events of one level with the same message.
func NaiveFingerprint(level Level, message string) uint32 {
	h := newHash("fnv")
	h.Write([]byte{byte(level)})
	h.Write([]byte(message))
	return h.Sum32()
}

func newHash(name string) hash.Hash32 {
	if name == "crc" {
		return crc32.NewIEEE()
	}
	return fnv.New32a()
}
