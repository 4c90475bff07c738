package trace

import "fmt"

// Loss says what of a trace could not be read or can't be right. An empty Loss is a
// whole trace; with any other, figures are lower bounds. Nothing is dropped in silence.
type Loss struct {
	Bytes    int64     `json:"bytes,omitempty"`    // of the file, that were not understood
	Findings []Finding `json:"findings,omitempty"` // the first maxFindings of them
	More     int64     `json:"more,omitempty"`     // how many findings came after those
}

// maxFindings is how many findings a Loss lists: enough to see the pattern.
const maxFindings = 64

// A Finding is one place where a trace is damaged.
type Finding struct {
	What       Damage `json:"what"`
	Generation uint64 `json:"generation,omitempty"` // as numbered by the runtime, 0 where not known
	Offset     int64  `json:"offset"`               // in the file, -1 where it is not one place
	Bytes      int64  `json:"bytes,omitempty"`      // that are lost by it
}

// Damage is a kind of damage, in words.
type Damage string

const (
	BatchCut          Damage = "the file ends inside a batch"
	BatchUnreadable   Damage = "no batch begins here"
	EventUnreadable   Damage = "an event can't be decoded: the rest of its batch is lost"
	EventUnknown      Damage = "an event of an unknown kind, perhaps of a newer Go: the rest of its batch is lost"
	TableUnreadable   Damage = "a table of strings, stacks or samples can't be decoded: the rest of its batch is lost"
	GenerationCut     Damage = "the generation has no end: tables and events may be missing"
	GenerationMissing Damage = "generations before this one are missing"
	Interleaved       Damage = "batches of different generations are mixed"
	ClockMissing      Damage = "the generation doesn't say how fast its clock runs: that of another is used"
	ClockUnknown      Damage = "nothing says how fast the clock runs: units of 64 ns are assumed"
	Unordered         Damage = "events don't fit together: from here to the end of the generation they are in the order of their clocks"
)

func (l *Loss) add(f Finding) {
	l.Bytes += f.Bytes
	if len(l.Findings) < maxFindings {
		l.Findings = append(l.Findings, f)
	} else {
		l.More++
	}
}

func (l *Loss) join(o *Loss) {
	l.Bytes += o.Bytes
	n := min(len(o.Findings), maxFindings-len(l.Findings))
	l.Findings = append(l.Findings, o.Findings[:n]...)
	l.More += o.More + int64(len(o.Findings)-n)
}

// IsZero reports whether nothing was lost.
func (l *Loss) IsZero() bool { return l.Bytes == 0 && len(l.Findings) == 0 && l.More == 0 }

// String is one line a finding.
func (f Finding) String() string {
	s := string(f.What)
	if f.Generation > 0 {
		s = fmt.Sprintf("generation %d: %s", f.Generation, s)
	}
	if f.Offset >= 0 {
		s = fmt.Sprintf("at %d: %s", f.Offset, s)
	}
	if f.Bytes > 0 {
		s += fmt.Sprintf(" (%d bytes)", f.Bytes)
	}
	return s
}
