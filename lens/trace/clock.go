package trace

import (
	"math/bits"
	"time"
)

// Time is in nanoseconds since the start of the trace: the earliest batch of its first
// generation. Differences are true; nothing is moved to make them positive.
type Time int64

// String is as a time.Duration prints.
func (t Time) String() string { return time.Duration(t).String() }

// open is the end of what did not end, and the start of what began before the trace.
const open = Time(-1 << 63)

// IsOpen reports whether t is no time: of what has not ended, or began before the trace.
func (t Time) IsOpen() bool { return t == open }

// A Snapshot ties the clock of the trace to the others, once a generation (since Go 1.25;
// tracetime.go, traceSyncBatch).
type Snapshot struct {
	Time Time      `json:"time"`
	Mono uint64    `json:"mono"` // nanotime of the runtime, nanoseconds since about the boot of the machine
	Wall time.Time `json:"wall"`
}

// clock turns units of the trace's clock into Time. The unit is 64 ns mostly, so
// multiplying is enough; where the clock is the CPU's (Windows), the frequency is any
// number and a 128-bit division does it.
type clock struct {
	mul  uint64 // nanoseconds of a unit, 0 where that is not a whole number
	freq uint64 // units of a second, over 0 where known
	zero uint64 // nanoseconds at the start of the trace
}

func newClock(freq uint64) clock {
	c := clock{freq: freq}
	if freq > 0 && 1e9%freq == 0 {
		c.mul = 1e9 / freq
	}
	return c
}

// guessed is the clock of a trace that doesn't say: nanotime/64 (tracetime.go, traceTimeDiv).
const guessedFrequency = 1e9 / 64

func (c *clock) nanoseconds(units uint64) uint64 {
	if c.mul > 0 {
		return units * c.mul
	}
	return c.divide(units)
}

// divide is units*1e9/freq. A product that doesn't fit in the result is only in damaged
// traces, and there any answer is as good.
func (c *clock) divide(units uint64) uint64 {
	hi, lo := bits.Mul64(units, 1e9)
	if hi >= c.freq {
		return lo
	}
	q, _ := bits.Div64(hi, lo, c.freq)
	return q
}

func (c *clock) time(units uint64) Time {
	if c.mul > 0 {
		return Time(units*c.mul - c.zero)
	}
	return Time(c.divide(units) - c.zero)
}

// parseSync reads a batch of clocks: since Go 1.25 a Sync with frequency and snapshot,
// before that a lone frequency. It reports whether the frequency is there.
func (g *extent) parseSync(b *batch, d []byte) (mono, sec, nsec, at uint64, ok bool) {
	i, freq := 0, uint64(0)
	if b.kind == Sync {
		i = 1
	}
	at = b.time
	for i >= 0 && i < len(d) {
		switch i++; Kind(d[i-1]) {
		case frequency:
			freq, i = uvarint(d, i)
		case clockSnapshot:
			var dt uint64
			for _, v := range []*uint64{&dt, &mono, &sec, &nsec} {
				if i >= 0 {
					*v, i = uvarint(d, i)
				}
			}
			at += dt
			ok = i >= 0
		default:
			i = -1
		}
	}
	if freq > 0 {
		g.clock = newClock(freq)
	}
	return mono, sec, nsec, at, ok
}
