package escape_test

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"unsafe"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/escape"
)

// names are what labels are called, so that two of them meet now and then.
var names = strings.Fields("a b c code path host :x _y region a0 A Z zone")

// texts are what values are made of.
var texts = []string{"", "x", `"`, `\`, "\n", `\n`, "/index", " ", "é", "\x00", "{a=", ",", "\xff"}

// sample makes a sample with n labels of different names.
func sample(rng *rand.Rand, n int) *escape.Sample {
	s := &escape.Sample{Metric: names[rng.IntN(len(names))], Time: rng.Int64() >> rng.IntN(64)}
	switch rng.IntN(4) {
	case 0:
		s.Value = float64(rng.IntN(100))
	case 1:
		s.Value = []float64{math.NaN(), math.Inf(1), math.Inf(-1), math.Copysign(0, -1), 1e6, 1e21, 1e-7}[rng.IntN(7)]
	default:
		s.Value = math.Float64frombits(rng.Uint64())
	}
	if rng.IntN(2) == 0 {
		s.Time = -s.Time
	}
	for _, i := range rng.Perm(max(n, len(names)))[:n] {
		l := escape.Label{Name: names[i%len(names)]}
		if i >= len(names) {
			l.Name += fmt.Sprint(i)
		}
		for range rng.IntN(4) {
			l.Value += texts[rng.IntN(len(texts))]
		}
		s.Labels = append(s.Labels, l)
	}
	return s
}

// AppendSample writes what NaiveAppend writes, behind what is in dst already, and
// Fingerprint is NaiveFingerprint, whatever is in the labels and in which order they are.
func TestEncode_LikeNaive(t *testing.T) {
	rng := claim.Rand(t)
	for i := range 400 {
		s := sample(rng, []int{0, 1, 2, 3, 5, 8, 31, 32}[i%8])
		prefix := "before\n"[:rng.IntN(8)]
		want, err := escape.NaiveAppend([]byte(prefix), s)
		if err != nil {
			t.Fatalf("NaiveAppend refuses %+v: %v", s, err)
		}
		got, err := escape.AppendSample([]byte(prefix), s)
		if err != nil {
			t.Fatalf("AppendSample refuses a sample that NaiveAppend writes as %q: %v", want, err)
		}
		claim.Bytes(t, fmt.Sprintf("AppendSample(%q, %+v)", prefix, s), got, want)
		number, err := escape.Fingerprint(s)
		if wanted, _ := escape.NaiveFingerprint(s); number != wanted || err != nil {
			t.Errorf("Fingerprint of %q is %#x, error %v; want %#x.\nTwo series with one number are one series to whoever stores them: order and separators are part of it", want, number, err, wanted)
		}
		if t.Failed() {
			return
		}
	}
}

// A refusal is a sample that is none.
type refusal struct {
	what   string
	sample escape.Sample
}

// refused are samples that are none, and what is wrong with them first.
func refused() []refusal {
	many := make([]escape.Label, escape.MaxLabels+1)
	for i := range many {
		many[i].Name = fmt.Sprint("l", i)
	}
	badFirst := slices.Clone(many)
	badFirst[0].Name = ""
	labels := func(names ...string) (list []escape.Label) {
		for _, name := range names {
			list = append(list, escape.Label{Name: name, Value: "v"})
		}
		return list
	}
	return []refusal{
		{"no metric", escape.Sample{Labels: labels("a")}},
		{"a metric with a blank", escape.Sample{Metric: "a b"}},
		{"a metric with a digit", escape.Sample{Metric: "0a"}},
		{"33 labels", escape.Sample{Metric: "m", Labels: many}},
		{"33 labels, one of them bad", escape.Sample{Metric: "m", Labels: badFirst}},
		{"a bad metric, 33 labels", escape.Sample{Metric: "é", Labels: many}},
		{"a label without a name", escape.Sample{Metric: "m", Labels: labels("a", "")}},
		{"a label with a minus", escape.Sample{Metric: "m", Labels: labels("a", "b-c", "d-e")}},
		{"a label with a digit", escape.Sample{Metric: "m", Labels: labels("1")}},
		{"a bad label after twins", escape.Sample{Metric: "m", Labels: labels("a", "a", "%")}},
		{"two pairs of twins", escape.Sample{Metric: "m", Labels: labels("z", "c", "z", "b", "c", "a")}},
		{"twins at the end", escape.Sample{Metric: "m", Labels: labels("a", "b", "b")}},
		{"only twins", escape.Sample{Metric: "m", Labels: labels("b", "b")}},
	}
}

// What NaiveAppend refuses is refused for the same reason, and dst comes back as it was.
func TestEncode_Refuses(t *testing.T) {
	for _, r := range refused() {
		dst := append(make([]byte, 0, 512), "before\n"...)
		_, wanted := escape.NaiveAppend(nil, &r.sample)
		var want *escape.SampleError
		if !errors.As(wanted, &want) {
			t.Fatalf("NaiveAppend takes a sample with %s", r.what)
		}
		got, err := escape.AppendSample(dst, &r.sample)
		if string(got) != "before\n" {
			t.Errorf("AppendSample of a sample with %s returned %q with its error, want dst as it was, %q: half a line in a file is worse than none", r.what, got, "before\n")
		}
		expectRefusal(t, "AppendSample of a sample with "+r.what, err, want)
		_, err = escape.Fingerprint(&r.sample)
		expectRefusal(t, "Fingerprint of a sample with "+r.what, err, want)
		if t.Failed() {
			return
		}
	}
}

func expectRefusal(t *testing.T, what string, err error, want *escape.SampleError) {
	t.Helper()
	var got *escape.SampleError
	if !errors.As(err, &got) {
		t.Errorf("%s: error %v, want a *SampleError: %v", what, err, want)
		return
	}
	claim.Equal(t, "the error of "+what, *got, *want)
}

// The caller's labels are where they were, and so is what lies behind them.
func TestEncode_LeavesLabels(t *testing.T) {
	rng := claim.Rand(t)
	for range 50 {
		s := sample(rng, 6)
		s.Labels = append(s.Labels, escape.Label{Name: "behind"})[:6]
		before := slices.Clone(s.Labels[:7])
		_, _ = escape.AppendSample(nil, s)
		_, _ = escape.Fingerprint(s)
		if after := s.Labels[:7]; !slices.Equal(before, after) {
			t.Fatalf("the labels were\n%v\nand are\n%v\nThe sample is the caller's, who reads it, and may have lent it to others at the same time", before, after)
		}
	}
}

// Goroutines may write at a time, the same sample too. Memory that is set aside once,
// for everybody, is somebody else's most of the time.
func TestEncode_Concurrent(t *testing.T) {
	rng := claim.Rand(t)
	samples := []*escape.Sample{sample(rng, 8), sample(rng, 12), sample(rng, 3), sample(rng, 32)}
	var want [][]byte
	for _, s := range samples {
		line, err := escape.NaiveAppend(nil, s)
		if err != nil {
			t.Fatal(err)
		}
		want = append(want, line)
	}
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 200 {
				k := (g + i) % len(samples)
				line, err := escape.AppendSample(nil, samples[k])
				if err != nil || string(line) != string(want[k]) {
					t.Errorf("one of eight goroutines wrote %q, error %v; alone it is %q", line, err, want[k])
					return
				}
				if _, err := escape.Fingerprint(samples[k]); err != nil {
					t.Errorf("Fingerprint: %v", err)
					return
				}
			}
		})
	}
	all.Wait()
}

// An error that is kept keeps nothing of the sample: its texts are its own.
func TestEncode_ErrorIsItsOwn(t *testing.T) {
	var errs []error
	for _, part := range []string{"metric", "label", "twice", "value"} {
		claim.Unreachable(t, "the memory of the refused sample's "+part, func() *byte {
			// 64 KiB, of which a name is a part, as of a file that was read.
			file := string(append([]byte("name "), make([]byte, 64<<10)...))
			name := file[:4]
			s := &escape.Sample{Metric: "m", Labels: []escape.Label{{Name: "b", Value: "x"}, {Name: "c", Value: "y"}, {Name: "b"}}}
			switch part {
			case "metric":
				s.Metric = name
			case "label":
				s.Labels[0].Name = file[:5]
			case "twice":
				s.Labels[0].Name, s.Labels[2].Name = name, name
			case "value":
				s.Labels[0].Value = name
			}
			_, err := escape.AppendSample(nil, s)
			_, again := escape.Fingerprint(s)
			errs = append(errs, err, again)
			return unsafe.StringData(file)
		})
	}
	for _, err := range errs {
		if err == nil {
			t.Error("a label that is there twice, or has a blank in its name, is taken")
		}
	}
	runtime.KeepAlive(errs)
}
