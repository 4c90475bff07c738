package escape

import (
	"bytes"
	"fmt"
	"hash/fnv"
	"io"
	"sort"
	"strings"
)

// NaiveAppend appends a sample to dst as text. It is right, and obvious, and about
// twenty allocations.
func NaiveAppend(dst []byte, s *Sample) ([]byte, error) {
	labels, err := naiveLabels(s)
	if err != nil {
		return dst, err
	}
	buf := new(bytes.Buffer)
	if err := naiveWrite(buf, s, labels); err != nil {
		return dst, err
	}
	return append(dst, buf.Bytes()...), nil
}

// NaiveFingerprint is a number for the series that a sample belongs to: the 64-bit
// FNV-1a hash of the metric and of the names and values of the labels, in the order of
// the names, each text followed by a byte 0xff.
func NaiveFingerprint(s *Sample) (uint64, error) {
	labels, err := naiveLabels(s)
	if err != nil {
		return 0, err
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%s\xff", s.Metric)
	for _, l := range labels {
		fmt.Fprintf(h, "%s\xff%s\xff", l.Name, l.Value)
	}
	return h.Sum64(), nil
}

// naiveLabels returns the labels in order. What is wrong with the metric comes first,
// then the number of labels, then their names in the order in which they are given,
// then the first name in the alphabet that is there twice.
func naiveLabels(s *Sample) ([]Label, error) {
	refuse := func(label, reason string) error {
		return &SampleError{Metric: s.Metric, Label: label, Reason: reason}
	}
	if !naiveName(s.Metric) {
		return nil, refuse("", BadName)
	}
	if len(s.Labels) > MaxLabels {
		return nil, refuse("", TooMany)
	}
	labels := make([]Label, len(s.Labels))
	copy(labels, s.Labels)
	for _, l := range labels {
		if !naiveName(l.Name) {
			return nil, refuse(l.Name, BadName)
		}
	}
	sort.Slice(labels, func(i, j int) bool { return labels[i].Name < labels[j].Name })
	for i := range labels {
		if i > 0 && labels[i].Name == labels[i-1].Name {
			return nil, refuse(labels[i].Name, Twice)
		}
	}
	return labels, nil
}

func naiveName(name string) bool {
	bad := func(at int) bool { return !isNameByte(name[at], at == 0) }
	for i := range len(name) {
		if bad(i) {
			return false
		}
	}
	return name != ""
}

// naiveWrite writes to anything that can be written to.
func naiveWrite(w io.Writer, s *Sample, labels []Label) error {
	var err error
	print := func(format string, args ...any) {
		if err == nil {
			_, err = fmt.Fprintf(w, format, args...)
		}
	}
	quote := strings.NewReplacer(`\`, `\\`, `"`, `\"`, "\n", `\n`)
	print("%s", s.Metric)
	for i, l := range labels {
		print("%c%s=\"%s\"", "{,"[min(i, 1)], l.Name, quote.Replace(l.Value))
	}
	if len(labels) > 0 {
		print("}")
	}
	print(" %v %d\n", s.Value, s.Time)
	return err
}

// A NaiveVisitor is shown the labels of a series. An error ends the visit.
type NaiveVisitor interface {
	Visit(l *Label) error
}

// NaiveWalk shows a visitor the labels of a series: the text of a sample, up to the
// value. A label's value is a part of the series, as it is written there, with what is
// escaped in it.
func NaiveWalk(series string, v NaiveVisitor) error {
	at := 0
	peek := func() byte {
		if at < len(series) {
			return series[at]
		}
		return 0
	}
	name := func() string {
		from := at
		for isNameByte(peek(), at == from) {
			at++
		}
		return series[from:at]
	}
	expect := func(c byte) bool {
		ok := at < len(series) && peek() == c
		if ok {
			at++
		}
		return ok
	}
	label := func() (*Label, bool) {
		l := &Label{Name: name()}
		if l.Name == "" || !expect('=') || !expect('"') {
			return nil, false
		}
		from := at
		for at < len(series) && peek() != '"' {
			if peek() == '\\' && at+1 < len(series) {
				at++
			}
			at++
		}
		l.Value = series[from:at]
		return l, expect('"')
	}
	if name() == "" {
		return &SyntaxError{at}
	}
	if at == len(series) {
		return nil
	}
	for open := byte('{'); expect(open); open = ',' {
		l, ok := label()
		if !ok {
			break
		}
		if err := v.Visit(l); err != nil {
			return err
		}
		if expect('}') {
			if at == len(series) {
				return nil
			}
			break
		}
	}
	return &SyntaxError{at}
}
