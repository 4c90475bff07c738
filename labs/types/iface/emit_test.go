package iface_test

import (
	"bytes"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"strings"
	"testing"
	"unsafe"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/types/iface"
)

// A happening is an event for both logs.
type happening struct {
	level   iface.Level
	message string
	fields  []pair
	keys    []string
}

func (h happening) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Emit(%d, %q", int(h.level), h.message)
	for i, f := range h.fields {
		fmt.Fprintf(&b, ", {%q, %s}", h.keys[i], f.made)
	}
	return b.String() + ")"
}

func (h happening) both() ([]iface.Field, []iface.NaiveField) {
	var ours []iface.Field
	var naive []iface.NaiveField
	for i, f := range h.fields {
		ours = append(ours, iface.Field{Key: h.keys[i], Value: f.value})
		naive = append(naive, iface.NaiveField{Key: h.keys[i], Value: f.naive})
	}
	return ours, naive
}

// happenings returns random events.
func happenings(rng *rand.Rand, n int) []happening {
	values := pairs(rng)
	list := make([]happening, n)
	for i := range list {
		h := happening{level: iface.Level(rng.IntN(6) - 1), message: []string{"served", "two words", "", "a=b", "cache miss"}[rng.IntN(5)]}
		for range rng.IntN(5) {
			h.fields = append(h.fields, values[rng.IntN(len(values))])
			h.keys = append(h.keys, []string{"status", "path", "token", "took"}[rng.IntN(4)])
		}
		list[i] = h
	}
	return list
}

// The line of an event, and whether there is one, are those of naive.go, for all events and
// lists of the three steps.
func TestEmit_WritesLikeNaive(t *testing.T) {
	rng := claim.Rand(t)
	for range 20 {
		var steps []iface.Step
		var naive []iface.NaiveStep
		made := ""
		for range rng.IntN(5) {
			switch n := rng.IntN(4); rng.IntN(3) {
			case 0:
				steps, naive = append(steps, iface.AtLeast(n)), append(naive, iface.NaiveAtLeast(n))
				made += fmt.Sprintf(", AtLeast(%d)", n)
			case 1:
				steps, naive = append(steps, &iface.Every{N: n}), append(naive, &iface.NaiveEvery{N: n})
				made += fmt.Sprintf(", &Every{N: %d}", n)
			default:
				key := []string{"status", "path", "token", "took"}[n]
				steps, naive = append(steps, iface.Redact{Key: key}), append(naive, iface.NaiveRedact{Key: key})
				made += fmt.Sprintf(", Redact{%q}", key)
			}
		}
		var got, want bytes.Buffer
		ours, theirs := iface.New(&got, steps...), iface.NewNaive(&want, naive...)
		for _, h := range happenings(rng, 40) {
			got.Reset()
			want.Reset()
			f, nf := h.both()
			if err := ours.Emit(h.level, h.message, f...); err != nil {
				t.Fatalf("New(w%s).%v returns %v, and nothing went wrong", made, h, err)
			}
			if err := theirs.Emit(h.level, h.message, nf...); err != nil {
				t.Fatal(err)
			}
			if got.String() != want.String() {
				t.Fatalf("New(w%s).%v\nwrites %q\nwant   %q, which is what naive.go writes", made, h, got.String(), want.String())
			}
		}
	}
}

// Strangers: steps that this package has never seen.

// A veto is a step that is a function.
type veto func(e *iface.Event) bool

func (v veto) Apply(e *iface.Event) bool { return v(e) }

// A louder is a step on the value, with another name for what it does.
type louder struct{ by iface.Level }

func (l louder) Apply(e *iface.Event) bool { e.Level += l.by; return true }

// A wrapped step has one of the given steps in it, and says the opposite.
type wrapped struct{ iface.AtLeast }

func (w wrapped) Apply(e *iface.Event) bool { return !w.AtLeast.Apply(e) }

// A promoted step has one in it, and adds nothing.
type promoted struct{ *iface.Every }

// A step that is an interface inside: its type is known, what it calls is not.
type either struct{ iface.Step }

// A step is whatever has the method. Those from elsewhere are asked in their turn, see
// what the steps before them did, and their word counts as much.
func TestEmit_AsksStrangers(t *testing.T) {
	var seen []string
	note := func(name string, pass bool) iface.Step {
		return veto(func(e *iface.Event) bool {
			seen = append(seen, fmt.Sprintf("%s: %d %s %d fields", name, e.Level, e.Message, len(e.Fields)))
			return pass
		})
	}
	field := iface.Field{Key: "token", Value: iface.String("secret")}
	for _, c := range []struct {
		name  string
		steps []iface.Step
		line  bool
		seen  []string
	}{
		{"a step that is a function and says yes", []iface.Step{note("only", true)}, true, []string{"only: 1 served 1 fields"}},
		{"one that says no", []iface.Step{note("first", false), note("second", true)}, false, []string{"first: 1 served 1 fields"}},
		{"one before AtLeast(Warn) that raises the level", []iface.Step{louder{1}, iface.AtLeast(iface.Warn), note("after", true)}, true, []string{"after: 2 served 1 fields"}},
		{"one after AtLeast(Warn) that raises the level", []iface.Step{iface.AtLeast(iface.Warn), louder{1}}, false, nil},
		{"one that embeds AtLeast(Debug) and says the opposite", []iface.Step{wrapped{iface.AtLeast(iface.Debug)}}, false, nil},
		{"a pointer to one that embeds AtLeast(Warn) and says the opposite", []iface.Step{&wrapped{iface.AtLeast(iface.Warn)}, note("after", true)}, true, []string{"after: 1 served 1 fields"}},
		{"one that embeds *Every", []iface.Step{promoted{&iface.Every{N: 2}}, note("after", true)}, true, []string{"after: 1 served 1 fields"}},
		{"one that holds AtLeast(Warn) as a Step", []iface.Step{either{iface.AtLeast(iface.Warn)}}, false, nil},
		{"a pointer to AtLeast, which has its method too", []iface.Step{new(iface.AtLeast(iface.Error))}, false, nil},
		{"a pointer to Redact", []iface.Step{&iface.Redact{Key: "token"}}, true, nil},
		{"one that adds a field", []iface.Step{veto(func(e *iface.Event) bool { e.Fields = append(e.Fields, field); return true }), note("after", true)}, true, []string{"after: 1 served 2 fields"}},
		{"one that takes them all away", []iface.Step{veto(func(e *iface.Event) bool { e.Fields = nil; return true }), iface.Redact{Key: "token"}, note("after", true)}, true, []string{"after: 1 served 0 fields"}},
	} {
		seen = nil
		var out bytes.Buffer
		if err := iface.New(&out, c.steps...).Emit(iface.Info, "served", field); err != nil {
			t.Fatal(err)
		}
		if got := out.Len() > 0; got != c.line {
			t.Errorf("with %s: a line is written is %v, want %v (%q)", c.name, got, c.line, out.String())
		}
		claim.Equal(t, "what was seen with "+c.name, seen, c.seen)
		seen = nil
		e := iface.Event{Level: iface.Info, Message: "served", Fields: []iface.Field{field}}
		if _, stateful := c.steps[0].(promoted); !stateful {
			claim.Equal(t, "Apply with "+c.name, iface.Apply(c.steps, &e), c.line)
			claim.Equal(t, "what Apply showed with "+c.name, seen, c.seen)
		}
	}
}

// The caller's fields and steps stay the caller's: Redact hides a value in the event, not in
// the list that was passed, and a stranger's list is not the log's.
func TestEmit_ListsStayTheirOwners(t *testing.T) {
	var out bytes.Buffer
	mine := []iface.Field{{Key: "token", Value: iface.String("secret")}, {Key: "n", Value: iface.Int(1)}}
	steps := []iface.Step{iface.Redact{Key: "token"}, iface.AtLeast(iface.Debug)}
	log := iface.New(&out, steps...)
	steps[1] = iface.AtLeast(iface.Error)
	if err := log.Emit(iface.Info, "served", mine[:1]...); err != nil {
		t.Fatal(err)
	}
	if out.Len() == 0 {
		t.Error("no line, because the caller changed its list of steps after New: the log needs one of its own")
	}
	if got := mine[0].Value.Any(); got != "secret" {
		t.Errorf("after Emit with Redact the caller's own field is %v: steps must work on a copy of the list", got)
	}
	theirs := []iface.Field{{Key: "theirs", Value: iface.Int(7)}, {Key: "also", Value: iface.Int(8)}}
	lent := iface.New(&out, veto(func(e *iface.Event) bool {
		if e.Message == "lend" {
			e.Fields = theirs
		}
		return true
	}))
	for _, message := range []string{"lend", "served"} {
		if err := lent.Emit(iface.Info, message, mine...); err != nil {
			t.Fatal(err)
		}
	}
	if theirs[0].Key != "theirs" || theirs[0].Value.Any() != int64(7) || theirs[1].Value.Any() != int64(8) {
		t.Errorf("a step put its own list into an event, and the log went on to use it for the next: now it reads %v", theirs)
	}
}

// When Emit has returned, nothing of the event is kept: not its message, not a field that
// the caller gave, not one that a step added, whether it was written or not.
func TestEmit_KeepsNothing(t *testing.T) {
	text := func() (string, *byte) {
		s := strings.Repeat("long ", 20<<10)
		return s, unsafe.StringData(s)
	}
	extra := "" // a field that a step adds
	log := iface.New(&discard{}, iface.AtLeast(iface.Info), veto(func(e *iface.Event) bool {
		if extra != "" {
			e.Fields = append(e.Fields, iface.Field{Key: "extra", Value: iface.String(extra)})
		}
		return e.Message != "no"
	}))
	if err := log.Emit(iface.Info, "first", make([]iface.Field, 8)...); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		what string
		emit func(s string)
	}{
		{"the message of an event that was written", func(s string) { _ = log.Emit(iface.Info, s) }},
		{"the message of an event that was dropped", func(s string) { _ = log.Emit(iface.Debug, s) }},
		{"a field of an event that was written", func(s string) { _ = log.Emit(iface.Info, "m", iface.Field{Key: "k", Value: iface.String(s)}) }},
		{"the last field of an event that a step dropped", func(s string) {
			_ = log.Emit(iface.Info, "no", iface.Field{}, iface.Field{Key: "k", Value: iface.String(s)})
		}},
		{"a field's name", func(s string) { _ = log.Emit(iface.Info, "m", iface.Field{Key: s, Value: iface.Int(1)}) }},
		{"a value that is a pointer", func(s string) { _ = log.Emit(iface.Info, "m", iface.Field{Key: "k", Value: iface.Any(&s)}) }},
		{"a field that a step added", func(s string) {
			extra = s
			_ = log.Emit(iface.Info, "m", iface.Field{Key: "k"})
			extra = ""
		}},
	} {
		claim.Unreachable(t, c.what+", after Emit,", func() *byte {
			s, at := text()
			c.emit(s)
			return at
		})
	}
	if err := log.Emit(iface.Info, "last"); err != nil { // the log is alive to here
		t.Fatal(err)
	}
}

// A discard is a writer that nobody knows.
type discard struct{ lines, bytes int }

func (d *discard) Write(p []byte) (int, error) {
	d.lines++
	d.bytes += len(p)
	return len(p), nil
}

// A broken writer fails, and counts.
type broken struct {
	err    error
	writes int
}

func (b *broken) Write([]byte) (int, error) { b.writes++; return 0, b.err }

// An event is one Write, whatever its size, and an error of it is returned. A dropped event
// is none.
func TestEmit_WritesOnce(t *testing.T) {
	w := &broken{err: errors.New("disk full")}
	log := iface.New(w, iface.AtLeast(iface.Info))
	if err := log.Emit(iface.Debug, "dropped"); err != nil || w.writes != 0 {
		t.Errorf("a dropped event: %d writes and the error %v, want neither", w.writes, err)
	}
	for i := range 3 {
		err := log.Emit(iface.Info, strings.Repeat("long ", i*1000), iface.Field{Key: "n", Value: iface.Int(1)})
		if !errors.Is(err, w.err) {
			t.Errorf("the writer says %q, Emit returns %v", w.err, err)
		}
		if w.writes != i+1 {
			t.Fatalf("%d events were written in %d calls of Write, want one each: lines of two programs in one file must not mix", i+1, w.writes)
		}
	}
}

// The fingerprint is FNV-1a of the level's byte and the message.
func TestEmit_FingerprintIsFNV(t *testing.T) {
	rng := claim.Rand(t)
	for i := range 60 {
		level, message := iface.Level(rng.IntN(300)-20), strings.Repeat("é=x", i%7)+fmt.Sprint(i)
		h := fnv.New32a()
		h.Write(append([]byte{byte(level)}, message...))
		if got := iface.Fingerprint(level, message); got != h.Sum32() {
			t.Fatalf("Fingerprint(%d, %q) is %08x, want %08x", level, message, got, h.Sum32())
		}
	}
}
