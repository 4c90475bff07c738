package iface

import (
	"hash/fnv"
	"io"
	"slices"
)

// Apply asks the steps in turn, until one says no, and reports whether none did. The
// steps of this package are called without a table and inlined; others through it.
//
//hone:stage emit
func Apply(steps []Step, e *Event) bool {
	for _, s := range steps {
		var pass bool
		// A case with one type compares the table with that type's, which the
		// compiler has at hand, and has the receiver then: a call of a function
		// that it knows, so one that it can inline. This is what a profile would
		// make of the loop for one of the types, written down for three.
		switch s := s.(type) {
		case AtLeast:
			pass = s.Apply(e)
		case *Every:
			pass = s.Apply(e)
		case Redact:
			pass = s.Apply(e)
		default:
			pass = s.Apply(e)
		}
		if !pass {
			return false
		}
	}
	return true
}

// A Log writes events that its steps let pass. It is for one goroutine at a time, and a
// step must not emit to its own log.
type Log struct {
	w     io.Writer //hone:hide emit
	steps []Step    //hone:hide emit

	// A step that nobody here knows gets a pointer to the event, and a writer that
	// nobody knows gets the line: for escape analysis both keep it. What may be kept
	// is on the heap, so it is allocated once, here, and used again.
	event  Event   //hone:hide emit
	fields []Field //hone:hide emit
	line   []byte  //hone:hide emit
}

// New returns a log. The list of steps stays the caller's.
//
//hone:stage emit
func New(w io.Writer, steps ...Step) *Log {
	return &Log{w: w, steps: slices.Clone(steps)}
}

// Emit writes one event in one Write, whose error it returns, or nothing where a step
// says so. The fields stay the caller's. Once the log has seen events as large, Emit
// allocates nothing, and when it returns it keeps nothing of the event.
//
//hone:stage emit
func (l *Log) Emit(level Level, message string, fields ...Field) error {
	// Copied, field by field: the list itself goes nowhere, so it can stay on the
	// stack of whoever calls. That is true however large Emit is, because it is a
	// fact about this function that callers are told, not one that needs inlining.
	l.fields = append(l.fields[:0], fields...)
	n := len(fields)
	// Without room at its end: a step that appends gets memory of its own, and no
	// field of its making is left behind in ours.
	l.event = Event{Level: level, Message: message, Fields: l.fields[:n:n]}
	var err error
	if Apply(l.steps, &l.event) {
		l.line = l.event.appendLine(l.line[:0])
		_, err = l.w.Write(l.line)
	}
	l.event = Event{}
	clear(l.fields)
	return err
}

// appendLine appends the line of an event.
//
//hone:hide emit
func (e *Event) appendLine(dst []byte) []byte {
	dst = append(dst, "level="...)
	dst = e.Level.Append(dst)
	dst = append(dst, " msg="...)
	dst = appendText(dst, e.Message)
	for i := range e.Fields {
		f := &e.Fields[i]
		dst = append(dst, ' ')
		dst = append(dst, f.Key...)
		dst = append(dst, '=')
		dst = f.Value.Append(dst)
	}
	dst = append(dst, " id="...)
	id := Fingerprint(e.Level, e.Message)
	for shift := 28; shift >= 0; shift -= 4 {
		dst = append(dst, "0123456789abcdef"[id>>shift&0xf])
	}
	return append(dst, '\n')
}

// Fingerprint is the same for events of one level with the same message: the FNV-1a sum
// of the level, as a byte, and the message, from hash/fnv.
//
//hone:stage emit
func Fingerprint(level Level, message string) uint32 {
	// New32a returns an interface, and is small: inlined, what it returns is a *sum32a
	// for certain, so both Writes are calls of a function that is known and small as
	// well. It only reads its bytes, so []byte(message) is the string's own memory. Of
	// the interface, the hash object and the conversion nothing is left but a loop.
	h := fnv.New32a()
	h.Write([]byte{byte(level)})
	h.Write([]byte(message))
	return h.Sum32()
}
