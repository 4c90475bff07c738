package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/big"
	"math/rand/v2"
	"testing"
)

// TestClock_AnyFrequency holds the division of 128 bits, which Windows needs, against big
// numbers.
func TestClock_AnyFrequency(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 3))
	for range 10_000 {
		freq, units := 1+r.Uint64N(5e9), r.Uint64()>>r.IntN(50)
		c := newClock(freq)
		want := new(big.Int).SetUint64(units)
		want.Mul(want, big.NewInt(1e9)).Div(want, new(big.Int).SetUint64(freq))
		if want.IsUint64() && c.nanoseconds(units) != want.Uint64() {
			t.Fatalf("%d units at %d a second are %d ns, want %v", units, freq, c.nanoseconds(units), want)
		}
	}
	c := newClock(0)
	c.nanoseconds(1) // no frequency: any answer, but an answer
}

// failing fails to read from an offset on.
type failing struct {
	io.ReaderAt
	from int64
}

var errDisk = errors.New("the disk is gone")

func (f failing) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, errDisk
	}
	return f.ReaderAt.ReadAt(p, off)
}

// TestNew_FailingReader says what could not be read, and reads the rest.
func TestNew_FailingReader(t *testing.T) {
	m := newMachine(rand.New(rand.NewPCG(1, 4)), 4)
	for range 3 {
		m.begin()
		for range 500 {
			m.step()
		}
		m.end()
	}
	data := m.out
	if _, err := New(failing{bytes.NewReader(data), int64(len(data)) / 2}, int64(len(data))); !errors.Is(err, errDisk) {
		t.Errorf("the error of the reader, in the index, comes back as %v", err)
	}
	tr, err := New(bytes.NewReader(data), int64(len(data)))
	if err != nil {
		t.Fatal(err)
	}
	last := tr.gens[len(tr.gens)-1].batches[0].off
	tr.src.r = failing{bytes.NewReader(data), last}
	var o Order
	for range tr.Ordered(&o) {
	}
	lost := false
	for g := range tr.Generations(Options{}) {
		lost = lost || !g.Loss.IsZero()
	}
	if len(tr.gens) < 2 || o.Events == 0 || o.Loss.IsZero() || !lost {
		t.Errorf("%d events of %d generations, lost: %v, %v", o.Events, len(tr.gens), o.Loss, lost)
	}
}

// TestNumbers holds both ways to read a number against each other, for each length.
func TestNumbers(t *testing.T) {
	for shift := range 64 {
		x := uint64(1)<<shift | uint64(shift)
		d := binary.AppendUvarint(binary.AppendUvarint(nil, x), x/3)
		padded := append(bytes.Clone(d), make([]byte, 2*maxEventBytes)...)
		a, b, next := pair(padded, 0)
		c, i := number(padded, 0)
		e, j := uvarint(d, 0)
		if a != x || b != x/3 || next != len(d) || c != x || e != x || i != j {
			t.Errorf("%x is read as %x, %x, %x, and %x as %x; %d bytes of %d", x, a, c, e, x/3, b, next, len(d))
		}
	}
	for _, bad := range []string{"", "\x80", "\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", "\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x01"} {
		if _, i := uvarint([]byte(bad), 0); i >= 0 {
			t.Errorf("%x is read as a number", bad)
		}
	}
}

// TestTables_AnyOrder reads strings and stacks whose numbers come in no order, as the runtime
// writes them: it walks a tree of hashes.
func TestTables_AnyOrder(t *testing.T) {
	const n = 4000 // as many as fit in a batch
	var names, frames, events []byte
	for _, i := range rand.Perm(n) {
		id := uint64(i + 1)
		names = binary.AppendUvarint(append(names, byte(stringEntry)), id)
		text := fmt.Sprint("name", id)
		names = append(binary.AppendUvarint(names, uint64(len(text))), text...)
		frames = append(binary.AppendUvarint(append(frames, byte(stackEntry)), id), 1)
		for _, v := range []uint64{1 << 20 * id, id, id, id} {
			frames = binary.AppendUvarint(frames, v)
		}
		events = append(events, byte(UserLog), 1, 0)
		for range 3 {
			events = binary.AppendUvarint(events, id)
		}
	}
	m := newMachine(rand.New(rand.NewPCG(1, 6)), 1)
	m.begin()
	for m.cores[0].g == 0 {
		m.step()
	}
	m.cores[0].events = append(m.cores[0].events, events...)
	m.end()
	data := bytes.TrimSuffix(m.out, []byte{byte(endOfGeneration)})
	m.out = data
	for kind, entries := range map[Kind][]byte{stringsTable: names, stacks: frames} {
		m.batch(noThread, 1, append([]byte{byte(kind)}, entries...))
	}
	data = append(m.out, byte(endOfGeneration))
	tr, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	seen := 0
	for e := range tr.Events() {
		if e.Kind != UserLog {
			continue
		}
		seen++
		want, f := fmt.Sprint("name", e.Args[2]), tr.Frames(e.Stack())
		if e.Text() != want || len(f) != 1 || f[0].Function != want || f[0].Line != int(e.Args[2]) {
			t.Fatalf("%q at %v, want %s", e.Text(), f, want)
		}
	}
	if seen != n {
		t.Errorf("%d logs, want %d: %v", seen, n, tr.Loss)
	}
}
