package claim

import (
	"reflect"
	"slices"
)

// These are for the tests of this package.
const (
	RaceDetector  = raceDetector
	EvidenceLimit = evidenceLimit
	LineLimit     = lineLimit
)

var Interval = interval

// ReadDump returns what the reader of goroutine dumps makes of text, rendered, and
// the number of goroutines.
func ReadDump(text string) (string, int) {
	gs := parseDump(text)
	return stacks(gs), len(gs)
}

// ReadProfile returns the number of goroutines in the text of a profile, and the
// values of the label hone.test.
func ReadProfile(text string) (count int, tests []string) {
	for _, g := range parseProfile(text) {
		count += g.count
		tests = append(tests, g.test)
	}
	slices.Sort(tests)
	return count, slices.Compact(tests)
}

// Diff is diff.
var Diff = diff

// Calibrate is the calibration of a contest that was measured so.
func Calibrate(ours, peer []float64, rounds int, atMost float64) string {
	m := &match{sides: []*meter{{ns: ours}, {ns: peer}}, want: rounds, rounds: len(ours), atMost: atMost}
	return m.calibration().String()
}

// Skeleton is skeleton.
var Skeleton = skeleton

// HeapAlign is the alignment that is believed of a value of v's type on the heap.
func HeapAlign(v any) uintptr {
	align, _ := heapAlign(reflect.TypeOf(v))
	return align
}
