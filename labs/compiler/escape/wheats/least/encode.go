//go:build wheat

// Package escape solves the lab another way: without any order of the labels, and with
// a parser that is a value.
package escape

import (
	"strconv"
	"strings"
)

// Instead of keeping an order, this looks for the least name that is greater than
// the last one, as often as there are labels. For the few that samples have, that is
// quick enough, and it needs no memory whatever.

// AppendSample appends s to dst as a line of text.
func AppendSample(dst []byte, s *Sample) ([]byte, error) {
	if why := wrong(s); why.reason != "" {
		return dst, why.error(s)
	}
	dst = append(dst, s.Metric...)
	for n, at := 0, next(s, -1); at >= 0; n, at = n+1, next(s, at) {
		dst = append(dst, "{,"[min(n, 1)])
		dst = append(append(dst, s.Labels[at].Name...), `="`...)
		for value := s.Labels[at].Value; ; {
			i := strings.IndexAny(value, "\\\"\n")
			if i < 0 {
				dst = append(dst, value...)
				break
			}
			dst = append(dst, value[:i]...)
			if value[i] == '\n' {
				dst = append(dst, `\n`...)
			} else {
				dst = append(dst, '\\', value[i])
			}
			value = value[i+1:]
		}
		dst = append(dst, '"')
	}
	if len(s.Labels) > 0 {
		dst = append(dst, '}')
	}
	dst = strconv.AppendFloat(append(dst, ' '), s.Value, 'g', -1, 64)
	dst = strconv.AppendInt(append(dst, ' '), s.Time, 10)
	return append(dst, '\n'), nil
}

// Fingerprint is NaiveFingerprint without the heap.
func Fingerprint(s *Sample) (uint64, error) {
	if why := wrong(s); why.reason != "" {
		return 0, why.error(s)
	}
	h := hash(14695981039346656037).text(s.Metric)
	for at := next(s, -1); at >= 0; at = next(s, at) {
		h = h.text(s.Labels[at].Name).text(s.Labels[at].Value)
	}
	return uint64(h), nil
}

type hash uint64

func (h hash) text(s string) hash {
	for _, c := range []byte(s) {
		h = (h ^ hash(c)) * 1099511628211
	}
	return (h ^ 0xff) * 1099511628211
}

// next returns the label with the least name after that of the last one, or -1.
func next(s *Sample, last int) int {
	least := -1
	for i := range s.Labels {
		name := s.Labels[i].Name
		if (last < 0 || name > s.Labels[last].Name) && (least < 0 || name < s.Labels[least].Name) {
			least = i
		}
	}
	return least
}

// A fault is what is wrong with a sample, as a value: the error is made where it is needed.
type fault struct {
	label  int // -1 for none
	reason string
}

func wrong(s *Sample) fault {
	if !named(s.Metric) {
		return fault{-1, BadName}
	}
	if len(s.Labels) > MaxLabels {
		return fault{-1, TooMany}
	}
	for i := range s.Labels {
		if !named(s.Labels[i].Name) {
			return fault{i, BadName}
		}
	}
	twin := -1
	for i := range s.Labels {
		for j := range i {
			if s.Labels[i].Name == s.Labels[j].Name && (twin < 0 || s.Labels[i].Name < s.Labels[twin].Name) {
				twin = i
			}
		}
	}
	if twin >= 0 {
		return fault{twin, Twice}
	}
	return fault{}
}

//go:noinline
func (f fault) error(s *Sample) error {
	e := &SampleError{Metric: strings.Clone(s.Metric), Reason: f.reason}
	if f.label >= 0 {
		e.Label = strings.Clone(s.Labels[f.label].Name)
	}
	return e
}

func named(name string) bool {
	if name == "" {
		return false
	}
	for i := range len(name) {
		if !isNameByte(name[i], i == 0) {
			return false
		}
	}
	return true
}
