package escape

import (
	"strconv"
	"strings"
)

// AppendSample appends s to dst as a line of text and returns it, as append does. It
// writes what NaiveAppend writes, and refuses what that refuses, for the same reason;
// then dst is returned as it was. With room in dst, a sample costs no allocation.
//
// It may be called by several goroutines at a time, with the same sample. Nothing of s
// is kept, by nobody: a caller's sample can stay on the caller's stack.
//
//hone:stage encode
func AppendSample(dst []byte, s *Sample) ([]byte, error) {
	// Five things took memory before, and each went in its own way.
	//
	//   - The sorted copy of the labels. What is needed is not a copy but an order, of
	//     at most 32 things: an array of 32 bytes, whose size the compiler knows, so
	//     that it can be a variable. make([]uint8, len(s.Labels)) would not allocate
	//     either, for now: a buffer of 32 bytes happens to be what the compiler gives a
	//     make of variable size. With MaxLabels = 33 it would, and nothing would say so.
	//   - sort.Slice: an interface for the slice, reflection for the swap, a closure that
	//     is called by who knows whom. Inserting into 32 bytes needs none of it.
	//   - bytes.Buffer behind an io.Writer. Its address went to a method that nobody
	//     knows, so the buffer was on the heap, and its array after it. dst has the same
	//     job and belongs to the caller, who knows how long it lives.
	//   - fmt's arguments. Each is an interface, each value that isn't a pointer gets
	//     memory of its own. strconv takes a float64 for a float64.
	//   - The error. See refuse.
	var order [MaxLabels]uint8
	if err := arrange(&order, s); err != nil {
		return dst, err
	}
	dst = append(dst, s.Metric...)
	separator := byte('{')
	for _, at := range order[:len(s.Labels)] {
		l := &s.Labels[at]
		dst = append(dst, separator)
		dst = append(dst, l.Name...)
		dst = append(dst, '=', '"')
		dst = appendEscaped(dst, l.Value)
		dst = append(dst, '"')
		separator = ','
	}
	if len(s.Labels) > 0 {
		dst = append(dst, '}')
	}
	dst = append(dst, ' ')
	dst = strconv.AppendFloat(dst, s.Value, 'g', -1, 64)
	dst = append(dst, ' ')
	dst = strconv.AppendInt(dst, s.Time, 10)
	return append(dst, '\n'), nil
}

// Fingerprint is NaiveFingerprint without the heap: no instruction of it, and none of
// what is inlined into it, can allocate. As for AppendSample, nothing of s is kept.
//
//hone:stage encode
func Fingerprint(s *Sample) (uint64, error) {
	var order [MaxLabels]uint8
	if err := arrange(&order, s); err != nil {
		return 0, err
	}
	h := mix(offset64, s.Metric)
	for _, at := range order[:len(s.Labels)] {
		h = mix(h, s.Labels[at].Name)
		h = mix(h, s.Labels[at].Value)
	}
	return h, nil
}

// The constants of 64-bit FNV-1a: http://www.isthe.com/chongo/tech/comp/fnv/.
//
//hone:hide encode
const (
	offset64 = 14695981039346656037
	prime64  = 1099511628211
)

// mix hashes a text and the byte that ends it. A hash.Hash64 would be an interface with
// a method that takes a []byte; a number that comes in and goes out again is on no heap.
//
//hone:hide encode
func mix(h uint64, text string) uint64 {
	for i := range len(text) {
		h = (h ^ uint64(text[i])) * prime64
	}
	return (h ^ 0xff) * prime64
}

// arrange puts the indices of the labels into order, by their names. order is a pointer
// so that the array can be the caller's variable: returned as a slice, it would outlive
// the function that has it.
//
//hone:hide encode
func arrange(order *[MaxLabels]uint8, s *Sample) error {
	if !isName(s.Metric) {
		return refuse(s, "", BadName)
	}
	if len(s.Labels) > MaxLabels {
		return refuse(s, "", TooMany)
	}
	for i := range s.Labels {
		name := s.Labels[i].Name
		if !isName(name) {
			return refuse(s, name, BadName)
		}
		at := i
		for at > 0 && s.Labels[order[at-1]].Name > name {
			order[at] = order[at-1]
			at--
		}
		order[at] = uint8(i)
	}
	for i := 1; i < len(s.Labels); i++ {
		if name := s.Labels[order[i]].Name; name == s.Labels[order[i-1]].Name {
			return refuse(s, name, Twice)
		}
	}
	return nil
}

// refuse makes an error with texts of its own. The clones are what lets the caller's
// sample stay where it is: a name in the error would be a flow from what s points to
// to a result, *s → result 1, on every path, and a caller who hands the error on would have
// its labels on the heap for the sake of samples that are all right. (It is too dear to be
// inlined, as arrange is, so its allocations are in nobody else's code.)
//
//hone:hide encode
func refuse(s *Sample, label, reason string) error {
	return &SampleError{Metric: strings.Clone(s.Metric), Label: strings.Clone(label), Reason: reason}
}

//hone:hide encode
func isName(name string) bool {
	for i := range len(name) {
		if !isNameByte(name[i], i == 0) {
			return false
		}
	}
	return name != ""
}

// appendEscaped appends a value, and copies what needs no escape in one piece.
//
//hone:hide encode
func appendEscaped(dst []byte, value string) []byte {
	from := 0
	for i := range len(value) {
		c := value[i]
		switch c {
		case '\\', '"':
		case '\n':
			c = 'n'
		default:
			continue
		}
		dst = append(dst, value[from:i]...)
		dst = append(dst, '\\', c)
		from = i + 1
	}
	return append(dst, value[from:]...)
}
