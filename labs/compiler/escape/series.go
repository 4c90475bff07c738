package escape

import (
	"fmt"
	"strconv"
)

// A Label names one dimension of a metric and gives its value.
type Label struct{ Name, Value string }

// A Sample is one measurement. As text it is a line of
//
//	requests{code="200",path="/a \"b\""} 3.5 1700000000000
//
// with the labels in the order of their names. Backslash, quote and line feed of a
// value are written \\, \" and \n. A sample without labels has no braces.
type Sample struct {
	Metric string
	Labels []Label // in any order, at most MaxLabels, no name twice
	Value  float64
	Time   int64 // milliseconds since 1970
}

// MaxLabels is how many labels a sample may have.
const MaxLabels = 32

// Why a sample is refused. A name is a letter, '_' or ':', followed by any number of
// these and of digits.
const (
	BadName = "not a name"
	TooMany = "too many labels"
	Twice   = "a label that is there twice"
)

// A SampleError says why a sample is refused.
type SampleError struct {
	Metric string // of the sample
	Label  string // the name of the label in question, if it is one
	Reason string // BadName, TooMany, Twice
}

func (e *SampleError) Error() string {
	if e.Label == "" {
		return fmt.Sprintf("sample of %q: %s", e.Metric, e.Reason)
	}
	return fmt.Sprintf("sample of %q, label %q: %s", e.Metric, e.Label, e.Reason)
}

// A SyntaxError says where a series stops being one: the offset of the first byte that
// cannot stand where it does, which is the length where something is missing at the end.
type SyntaxError struct{ Offset int }

func (e *SyntaxError) Error() string {
	return "series ends being one at byte " + strconv.Itoa(e.Offset)
}

// isNameByte reports whether a name may have c as its first byte, or as a later one.
func isNameByte(c byte, first bool) bool {
	return c|' ' >= 'a' && c|' ' <= 'z' || c == '_' || c == ':' || !first && c >= '0' && c <= '9'
}

// Tally counts the labels of a series, and the bytes of their values. It is what the
// claims of stage walk are about: a range over your iterator, in somebody else's code.
func Tally(series string) (labels, bytes int, err error) {
	for l, err := range Labels(series) {
		if err != nil {
			return labels, bytes, err
		}
		labels++
		bytes += len(l.Value)
	}
	return labels, bytes, nil
}
