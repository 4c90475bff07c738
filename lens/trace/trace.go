package trace

import (
	"fmt"
	"io"
	"os"
	"time"
)

// A Trace is an execution trace whose parts were found and not yet decoded. It may be
// read by several goroutines at once. What it holds is small: some 40 bytes for each
// batch of up to 64 KiB, and each string and stack that was met, once.
type Trace struct {
	Version   int        `json:"version"`   // minor version of Go of the format: 26 for "go 1.26"
	Size      int64      `json:"size"`      // bytes of the file
	Extents   []Extent   `json:"extents"`   // the generations, oldest first
	Snapshots []Snapshot `json:"snapshots"` // the clocks, once a generation; none before Go 1.25
	Loss      Loss       `json:"loss"`      // what was seen to be missing without decoding events

	src   source
	gens  []*extent
	names *names
	file  *os.File
}

// An Extent is where a generation is and when it was: about a second, or 16 MB, of the
// program (runtime.traceAdvance). Neighbours overlap in time: an M begins the new one when it
// next writes an event.
type Extent struct {
	ID      uint64 `json:"id"`      // as the runtime counts, from 1
	Bytes   int64  `json:"bytes"`   // of its batches
	Batches int    `json:"batches"` //
	Start   Time   `json:"start"`   // the earliest batch
}

// maxAmplification bounds the memory that decoding takes, whatever a file claims: so
// many bytes for each byte that is decoded at once, beside a constant. An event of four
// bytes may name a new goroutine (a row and a slot in two tables), a new P and a new
// stack; that is the worst. A trace that the runtime wrote takes about eleven.
const maxAmplification = 192

// Open finds the generations of a trace file. Close it afterwards.
func Open(name string) (*Trace, error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil {
		var t *Trace
		if t, err = New(f, info.Size()); err == nil {
			t.file = f
			return t, nil
		}
	}
	f.Close()
	return nil, fmt.Errorf("%s: %w", name, err)
}

// Close closes the file that Open opened.
func (t *Trace) Close() error {
	if t.file == nil {
		return nil
	}
	return t.file.Close()
}

// New finds the generations of a trace of size bytes. Of a file it reads under a hundred
// bytes for each 64 KiB. The error is a [*FormatError] where r holds no trace, or that of r;
// damage is no error: see [Trace.Loss].
func New(r io.ReaderAt, size int64) (*Trace, error) {
	return find(source{r: r, size: size})
}

// Parse finds the generations of a trace in memory, which must not change while the Trace
// is in use.
func Parse(data []byte) (*Trace, error) {
	return find(source{data: data, size: int64(len(data))})
}

func find(src source) (*Trace, error) {
	var buf [headerBytes]byte
	b, err := src.at(0, len(buf), buf[:])
	if err != nil && err != io.EOF {
		return nil, err
	}
	version, err := parseHeader(b)
	if err != nil {
		return nil, err
	}
	t := &Trace{Version: version, Size: src.size, src: src, names: newNames()}
	s := scanner{src: &t.src, version: version, loss: &t.Loss}
	t.gens = s.scan()
	if s.err != nil {
		return nil, fmt.Errorf("reading the trace: %w", s.err)
	}
	if err := t.clocks(); err != nil {
		return nil, err
	}
	for _, g := range t.gens {
		t.Extents = append(t.Extents, Extent{ID: g.id, Bytes: g.bytes, Batches: len(g.batches), Start: g.clock.time(g.minTime)})
	}
	return t, nil
}

// clocks gives each generation its clock, and the trace its zero.
func (t *Trace) clocks() error {
	type raw struct{ mono, sec, nsec, at uint64 }
	shots := map[*extent]raw{}
	buf := make([]byte, 128) // a batch of clocks is under 70 bytes
	known := clock{}
	for _, g := range t.gens {
		for i := range g.batches {
			b := &g.batches[i]
			if b.exp != 0 || b.kind != Sync && b.kind != frequency {
				continue
			}
			d, err := t.src.at(b.off, min(int(b.size), len(buf)), buf)
			if err != nil {
				return fmt.Errorf("reading the clock of generation %d: %w", g.id, err)
			}
			if mono, sec, nsec, at, ok := g.parseSync(b, d); ok {
				shots[g] = raw{mono, sec, nsec, at}
			}
		}
		if known.freq == 0 {
			known = g.clock
		}
	}
	if len(t.gens) > 0 && known.freq == 0 {
		t.Loss.add(Finding{Offset: -1, What: ClockUnknown})
		known = newClock(guessedFrequency)
	}
	zero := uint64(0)
	for i, g := range t.gens {
		if g.clock.freq == 0 {
			t.Loss.add(Finding{Generation: g.id, Offset: -1, What: ClockMissing})
			g.clock = known
		}
		known = g.clock
		if i == 0 {
			zero = g.clock.nanoseconds(g.minTime)
		}
		g.clock.zero = zero
		if s, ok := shots[g]; ok {
			t.Snapshots = append(t.Snapshots, Snapshot{Time: g.clock.time(s.at), Mono: s.mono, Wall: time.Unix(int64(s.sec), int64(s.nsec))})
		}
	}
	return nil
}

// content is the bytes of one generation: a view of what is in memory, or read into buf.
// of finds a batch in it.
type content struct {
	src  *source
	buf  []byte
	offs []int // of each batch in buf; nil where the source is in memory
}

// load reads a generation, neighbouring batches in one go.
func (c *content) load(src *source, g *extent) error {
	c.src = src
	if src.data != nil {
		return nil
	}
	c.offs = c.offs[:0]
	if int64(cap(c.buf)) < g.bytes+int64(len(g.batches))*maxHeader {
		c.buf = make([]byte, 0, g.bytes+int64(len(g.batches))*maxHeader)
	}
	c.buf = c.buf[:0]
	for i := 0; i < len(g.batches); {
		from, j := g.batches[i].off, i
		end := from
		for ; j < len(g.batches) && g.batches[j].off-end >= 0 && g.batches[j].off-end <= maxHeader; j++ {
			c.offs = append(c.offs, len(c.buf)+int(g.batches[j].off-from))
			end = g.batches[j].off + int64(g.batches[j].size)
		}
		n := len(c.buf)
		c.buf = c.buf[:n+int(end-from)]
		if got, err := src.r.ReadAt(c.buf[n:], from); got < int(end-from) {
			return fmt.Errorf("reading generation %d of the trace: %w", g.id, err)
		}
		i = j
	}
	return nil
}

// of is the bytes of the i-th batch.
func (c *content) of(g *extent, i int) []byte {
	b := &g.batches[i]
	if c.src.data != nil {
		return c.src.data[b.off : b.off+int64(b.size)]
	}
	return c.buf[c.offs[i] : c.offs[i]+int(b.size)]
}
