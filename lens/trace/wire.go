package trace

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"slices"
	"strings"
)

// headerBytes is how long the first line of a trace is: "go 1.26 trace\x00\x00\x00".
const headerBytes = 16

// First and newest version of the format that this package knows. The format is that of
// Go 1.22 ever since, with additions: coroutines, experiments and stacks of statuses in
// 1.23, clocks in 1.25, an end of each generation in 1.26. A newer version is read as
// the newest known.
const (
	firstVersion  = 22
	newestVersion = 26
)

// Limits of the format that make a header of a batch recognisable (tracev2/events.go).
const (
	maxBatch  = 64 << 10 // MaxBatchSize
	maxFrames = 128      // MaxFramesPerStack
	maxString = 1 << 10  // MaxEventTrailerDataSize
)

// noThread is the M of what no M wrote: tables, clocks (tracev2 writes ^uint64(0)).
const noThread = ^uint64(0)

// source is where the bytes are: all in memory, or behind a ReaderAt.
type source struct {
	data []byte
	r    io.ReaderAt
	size int64
}

// at is up to n bytes from off on. It reads into buf only where the bytes are not yet
// in memory; what comes back is for reading.
func (s *source) at(off int64, n int, buf []byte) ([]byte, error) {
	n = int(min(int64(n), s.size-off))
	if n <= 0 {
		return nil, nil
	}
	if s.data != nil {
		return s.data[off : off+int64(n)], nil
	}
	got, err := s.r.ReadAt(buf[:n], off)
	if got == n {
		err = nil
	}
	return buf[:got], err
}

// uvarint is encoding/binary.Uvarint, which is too big to be inlined: a number and where
// the next byte is, or -1 where there is none or it is over 64 bits.
func uvarint(d []byte, i int) (uint64, int) {
	if uint(i) < uint(len(d)) && d[i] < 0x80 {
		return uint64(d[i]), i + 1
	}
	return uvarintLong(d, i)
}

func uvarintLong(d []byte, i int) (uint64, int) {
	var x uint64
	for s := uint(0); s < 7*maxVarint; s += 7 {
		if uint(i) >= uint(len(d)) {
			return 0, -1
		}
		c := d[i]
		i++
		if c < 0x80 {
			if s == 63 && c > 1 {
				return 0, -1
			}
			return x | uint64(c)<<s, i
		}
		x |= uint64(c&0x7f) << s
	}
	return 0, -1
}

// number is the fast way to read one: maxVarint bytes are there, and what they are is not
// checked. Branches on the length are the fastest way in Go, measured on a trace of 1 GB: 440
// million events a second, against 196 with encoding/binary and 66 to 104 with eight bytes
// at a time and masks.
//
// It is written so that it costs 79 of the inliner's budget of 80.
func number(d []byte, i int) (x uint64, next int) {
	if x, next = uint64(d[i]), i+1; x >= 0x80 {
		x, next = numberLong(d, i)
	}
	return
}

func numberLong(d []byte, i int) (uint64, int) {
	d = d[i : i+maxVarint : i+maxVarint] // one check for all
	x := uint64(d[0])&0x7f | uint64(d[1])<<7
	if d[1] < 0x80 {
		return x, i + 2
	}
	x = x&0x3fff | uint64(d[2])<<14
	if d[2] < 0x80 {
		return x, i + 3
	}
	x = x&0x1fffff | uint64(d[3])<<21
	if d[3] < 0x80 {
		return x, i + 4
	}
	x &= 0xfffffff
	for k := 4; ; k++ {
		x |= uint64(d[k]&0x7f) << (7 * k)
		if d[k] < 0x80 || k == maxVarint-1 {
			return x, i + k + 1
		}
	}
}

// pair reads two numbers, of which most have up to three bytes: from one word, without a call
// or a check in between. It wants 2*maxVarint bytes to be there.
func pair(d []byte, i int) (x, y uint64, next int) {
	w := binary.LittleEndian.Uint64(d[i:])
	switch {
	case w&0x80 == 0:
		x, w, i = w&0x7f, w>>8, i+1
	case w&0x8000 == 0:
		x, w, i = w&0x7f|w>>1&0x3f80, w>>16, i+2
	case w&0x800000 == 0:
		x, w, i = w&0x7f|w>>1&0x3f80|w>>2&0x1fc000, w>>24, i+3
	default:
		x, i = numberLong(d, i)
		w = binary.LittleEndian.Uint64(d[i:])
	}
	switch {
	case w&0x80 == 0:
		return x, w & 0x7f, i + 1
	case w&0x8000 == 0:
		return x, w&0x7f | w>>1&0x3f80, i + 2
	case w&0x800000 == 0:
		return x, w&0x7f | w>>1&0x3f80 | w>>2&0x1fc000, i + 3
	}
	y, i = numberLong(d, i)
	return x, y, i
}

// tail makes the last bytes of a batch fit for number: a copy, with room behind it. safe is
// where its whole events end; lost is what comes after them, if anything does.
func tail(buf, rest []byte) (d []byte, safe int, lost Finding) {
	i := 0
	for i < len(rest) {
		k := arity[rest[i]]
		j := i + 1
		for ; k > 0 && j >= 0; k-- {
			_, j = uvarint(rest, j)
		}
		if arity[rest[i]] == 0 {
			lost = Finding{What: EventUnknown, Bytes: int64(len(rest) - i)}
			break
		}
		if j < 0 {
			lost = Finding{What: EventUnreadable, Bytes: int64(len(rest) - i)}
			break
		}
		i = j
	}
	d = append(buf, rest[:i]...)
	return append(d, make([]byte, maxEventBytes)...), i, lost
}

// parseHeader is the minor version of Go in the first line.
func parseHeader(b []byte) (int, error) {
	var version int
	if len(b) < headerBytes || !bytes.HasPrefix(b, []byte("go 1.")) || string(b[7:headerBytes]) != " trace\x00\x00\x00" ||
		b[5] < '0' || b[5] > '9' || b[6] < '0' || b[6] > '9' {
		return 0, &FormatError{What: describe(b)}
	}
	version = int(b[5]-'0')*10 + int(b[6]-'0')
	if version < firstVersion {
		return 0, &FormatError{Version: version}
	}
	return version, nil
}

// A FormatError says that something is not an execution trace that can be read.
type FormatError struct {
	Version int    // minor version of Go in the header, 0 where there is no header
	What    string // what it looks like instead
}

// Error says what to do about it.
func (e *FormatError) Error() string {
	if e.Version > 0 {
		return fmt.Sprintf("a trace of Go 1.%d, from before the format of Go 1.22: record it again with a newer Go, or open it with go tool trace", e.Version)
	}
	return "not a Go execution trace: " + e.What + "; record one with runtime/trace, go test -trace or /debug/pprof/trace"
}

// describe guesses what somebody gave instead of a trace.
func describe(b []byte) string {
	for _, f := range []struct{ magic, is string }{
		{"", "the file is empty"},
		{"\x1f\x8b", "it is compressed with gzip (so are profiles: go tool pprof reads those)"},
		{"PK\x03\x04", "it is a zip archive"},
		{"\x28\xb5\x2f\xfd", "it is compressed with zstd"},
		{"\x7fELF", "it is an executable"},
		{"<", "it is HTML or XML, perhaps what a server said instead"},
		{"{", "it is JSON"},
		{"go1.", "it is a heap dump"},
		{"go 1.", "the header is cut or broken"},
	} {
		if f.magic == "" && len(b) == 0 || f.magic != "" && strings.HasPrefix(string(b), f.magic) {
			return f.is
		}
	}
	return "it doesn't begin with “go 1.NN trace”"
}

// batch is one batch of the file, by its header; the events are not read.
type batch struct {
	off  int64 // of its first event
	m    uint64
	time uint64 // in units of the clock
	size uint32
	kind Kind  // its first byte, 0 for an empty batch
	exp  uint8 // of an experiment: its number
}

// isTable reports whether a batch holds anything but events.
func (b *batch) isTable() bool {
	return b.exp != 0 || b.kind == stacks || b.kind == stringsTable || b.kind == cpuSamples || b.kind == Sync || b.kind == frequency || b.size == 0
}

// extent is one generation of the file: about a second, or 16 MB, of the program.
type extent struct {
	id      uint64
	batches []batch // in the order of the file
	bytes   int64   // of all batches
	minTime uint64  // of all batches, in units of the clock
	ended   bool    // all of it is there, as far as can be seen
	clock   clock
}

// maxHeader is how long the header of a batch is at most: kind, experiment, four numbers.
const maxHeader = 2 + 4*maxVarint

// parseBatch reads the header of a batch at d[0]. n is its length without the events, 0
// where there is no header, or one that can't be.
func parseBatch(d []byte) (b batch, gen uint64, n int) {
	if len(d) == 0 {
		return b, 0, 0
	}
	i := 1
	switch Kind(d[0]) {
	case eventBatch:
	case experimentalBatch:
		if len(d) < 2 || d[1] == 0 {
			return b, 0, 0
		}
		b.exp, i = d[1], 2
	default:
		return b, 0, 0
	}
	var size uint64
	for _, v := range []*uint64{&gen, &b.m, &b.time, &size} {
		if *v, i = uvarint(d, i); i < 0 {
			return b, 0, 0
		}
	}
	if gen == 0 || size > maxBatch {
		return b, 0, 0
	}
	if b.size = uint32(size); size > 0 && i < len(d) {
		b.kind = Kind(d[i])
	}
	return b, gen, i
}

// scanner finds the generations and batches of a file: a walk from header to header,
// which reads under a hundred bytes for each 64 KiB.
type scanner struct {
	src     *source
	version int
	loss    *Loss
	buf     []byte
	gens    []*extent
	byID    map[uint64]*extent
	last    *extent // the generation of the last batch
	err     error   // of the source
}

func (s *scanner) scan() []*extent {
	s.byID = map[uint64]*extent{}
	s.buf = make([]byte, maxHeader+1)
	for p := int64(headerBytes); p < s.src.size && s.err == nil; {
		n := s.step(p)
		if n == 0 {
			n = s.resync(p)
		}
		p += n
	}
	if s.version < newestVersion {
		for _, g := range s.gens {
			g.ended = true // nothing says otherwise
		}
	}
	slices.SortStableFunc(s.gens, func(a, b *extent) int {
		return int(min(max(int64(a.id-b.id), -1), 1))
	})
	for i, g := range s.gens {
		if i > 0 && g.id != s.gens[i-1].id+1 {
			s.loss.add(Finding{Generation: g.id, Offset: -1, What: GenerationMissing})
		}
		if !g.ended {
			s.loss.add(Finding{Generation: g.id, Offset: -1, What: GenerationCut})
		}
	}
	return s.gens
}

// step takes what stands at p into the index; 0 if that is neither a batch nor an end.
func (s *scanner) step(p int64) int64 {
	d, err := s.src.at(p, len(s.buf), s.buf)
	if err != nil {
		s.err = err
		return 0
	}
	if len(d) > 0 && Kind(d[0]) == endOfGeneration {
		if s.last != nil {
			s.last.ended = true
		}
		return 1
	}
	b, gen, n := parseBatch(d)
	if n == 0 {
		return 0
	}
	b.off = p + int64(n)
	end := b.off + int64(b.size)
	if end > s.src.size {
		s.loss.add(Finding{Generation: gen, Offset: p, Bytes: s.src.size - p, What: BatchCut})
		b.size = uint32(s.src.size - b.off)
		end = s.src.size
		if b.size == 0 {
			return end - p
		}
	}
	s.add(gen, b)
	return end - p
}

func (s *scanner) add(gen uint64, b batch) {
	g := s.byID[gen]
	if g == nil {
		g = &extent{id: gen, minTime: b.time}
		s.byID[gen] = g
		s.gens = append(s.gens, g)
	}
	if g != s.last && len(g.batches) > 0 {
		s.loss.add(Finding{Generation: gen, Offset: b.off, What: Interleaved})
	}
	s.last = g
	g.batches = append(g.batches, b)
	g.bytes += int64(b.size)
	g.minTime = min(g.minTime, b.time)
}

// resync looks for the next header after p that can be believed: it belongs to the
// generation that was last read or the next, and another one, or the end, follows it.
// Three random bytes look like a header once in 2^16; two such in a row, with the
// generation right, don't happen.
func (s *scanner) resync(p int64) int64 {
	const window = 1 << 16
	buf := make([]byte, window+2*maxHeader)
	for q := p + 1; q < s.src.size && s.err == nil; q += window {
		d, err := s.src.at(q, len(buf), buf)
		if err != nil {
			s.err = err
			break
		}
		for i := range min(window, len(d)) {
			if k := Kind(d[i]); (k == eventBatch || k == experimentalBatch) && s.believable(q+int64(i), d[i:]) {
				s.lose(p, q+int64(i))
				return q + int64(i) - p
			}
		}
	}
	s.lose(p, s.src.size)
	return s.src.size - p
}

func (s *scanner) lose(from, to int64) {
	f := Finding{Offset: from, Bytes: to - from, What: BatchUnreadable}
	if s.last != nil {
		f.Generation = s.last.id
	}
	s.loss.add(f)
}

func (s *scanner) believable(p int64, d []byte) bool {
	b, gen, n := parseBatch(d)
	if n == 0 || s.last != nil && gen-s.last.id > 1 {
		return false
	}
	next := p + int64(n) + int64(b.size)
	if next >= s.src.size {
		return next == s.src.size
	}
	var buf [maxHeader + 1]byte
	d, err := s.src.at(next, len(buf), buf[:])
	if err != nil || len(d) == 0 {
		return false
	}
	if Kind(d[0]) == endOfGeneration {
		return true
	}
	_, follower, n := parseBatch(d)
	return n > 0 && follower-gen <= 1
}
