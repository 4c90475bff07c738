//go:build unix

package trace

import (
	"bytes"
	"io"
	"os"
	"runtime"
	"slices"
	"strconv"
	"syscall"
	"testing"
	"time"

	exp "golang.org/x/exp/trace"
)

// What is compared is CPU, not the clock, and each round measures all sides one after the
// other: a busy machine is busy for all of them. HONE_TRACE names a trace to measure instead of
// one that is recorded; HONE_TRACE_MB is how many megabytes to record.
const benchRounds = 5

func cpu(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchTrace(b *testing.B) []byte {
	b.Helper()
	if name := os.Getenv("HONE_TRACE"); name != "" {
		data, err := os.ReadFile(name)
		if err != nil {
			b.Fatal(err)
		}
		return data
	}
	mb, err := strconv.Atoi(os.Getenv("HONE_TRACE_MB"))
	if err != nil {
		mb = 50
	}
	data := record(b, mb<<20)
	if name := os.Getenv("HONE_TRACE_KEEP"); name != "" {
		if err := os.WriteFile(name, data, 0o666); err != nil {
			b.Fatal(err)
		}
	}
	return data
}

// expRead is the oracle, without doing anything with its events.
func expRead(b *testing.B, data []byte) (events int64) {
	r, err := exp.NewReader(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	for {
		if _, err := r.ReadEvent(); err == io.EOF {
			return events
		} else if err != nil {
			b.Fatal(err)
		}
		events++
	}
}

// expRebuild is the oracle with what one has to keep to know what each goroutine was at.
func expRebuild(b *testing.B, data []byte) (events int64) {
	type state struct {
		state exp.GoState
		since exp.Time
		total [8]exp.Time
	}
	lives := map[exp.GoID]*state{}
	edges := uint64(0)
	r, err := exp.NewReader(bytes.NewReader(data))
	if err != nil {
		b.Fatal(err)
	}
	for {
		e, err := r.ReadEvent()
		if err == io.EOF {
			return events
		} else if err != nil {
			b.Fatal(err)
		}
		events++
		if e.Kind() != exp.EventStateTransition {
			continue
		}
		s := e.StateTransition()
		if s.Resource.Kind != exp.ResourceGoroutine {
			continue
		}
		id := s.Resource.Goroutine()
		from, to := s.Goroutine()
		l := lives[id]
		if l == nil {
			l = &state{state: to, since: e.Time()}
			lives[id] = l
			continue
		}
		if from == exp.GoWaiting && to == exp.GoRunnable {
			edges += uint64(e.Goroutine())*0x9E3779B97F4A7C15 ^ uint64(id)
		}
		if l.state != to {
			l.total[l.state] += e.Time() - l.since
			l.state, l.since = to, e.Time()
		}
		if to == exp.GoNotExist {
			delete(lives, id)
		}
	}
}

func parsed(b *testing.B, data []byte) *Trace {
	t, err := Parse(data)
	if err != nil {
		b.Fatal(err)
	}
	return t
}

func honeRead(b *testing.B, data []byte) (events int64) {
	for range parsed(b, data).Events() {
		events++
	}
	return events
}

func honeRebuild(o Options) func(b *testing.B, data []byte) int64 {
	return func(b *testing.B, data []byte) (events int64) {
		for g := range parsed(b, data).Generations(o) {
			events += g.Events
		}
		return events
	}
}

// honeTimelines also goes through every interval of every goroutine.
func honeTimelines(b *testing.B, data []byte) (events int64) {
	var sum Time
	for g := range parsed(b, data).Generations(Options{Workers: 1}) {
		for i := range g.Goroutines {
			for iv := range g.Timeline(i) {
				sum += iv.End - iv.Start
			}
		}
		events += g.Events
	}
	return events
}

// ratio measures sides in rounds and reports the median of what the first takes over the
// others, CPU for CPU.
func ratio(b *testing.B, data []byte, names []string, sides ...func(*testing.B, []byte) int64) {
	b.Helper()
	took := make([][]float64, len(sides))
	events := make([]int64, len(sides))
	for range benchRounds {
		for i, f := range sides {
			runtime.GC() // nobody pays for the garbage of another
			before := cpu(b)
			events[i] = f(b, data)
			took[i] = append(took[i], float64(cpu(b)-before))
		}
	}
	med := func(x []float64) float64 { s := slices.Sorted(slices.Values(x)); return s[len(s)/2] }
	for i, name := range names {
		b.ReportMetric(med(took[i])/float64(events[0]), name+"-ns/event")
		if i > 0 {
			var r []float64
			for k := range took[i] {
				r = append(r, took[0][k]/took[i][k])
			}
			b.ReportMetric(med(r), name+"-ratio")
		}
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(events[0])/1e6, "Mevents")
	b.ReportMetric(float64(len(data))/1e6, "MB")
}

// BenchmarkOrdered is all events in order: golang.org/x/exp/trace over this package.
func BenchmarkOrdered(b *testing.B) {
	data := benchTrace(b)
	for b.Loop() {
		ratio(b, data, []string{"xexp", "hone"}, expRead, honeRead)
	}
}

// BenchmarkRebuild is what every goroutine was at and who woke whom, for the whole trace.
func BenchmarkRebuild(b *testing.B) {
	data := benchTrace(b)
	for b.Loop() {
		ratio(b, data, []string{"xexp+maps", "stream", "keep", "timelines"}, expRebuild,
			honeRebuild(Options{Workers: 1}), honeRebuild(Options{Workers: 1, Keep: true}), honeTimelines)
	}
}
