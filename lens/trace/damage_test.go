package trace

import (
	"bytes"
	"encoding/binary"
	"errors"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"
)

// readAll reads a trace in every way and checks what must hold whatever the bytes are. It
// reports whether anything was found to be wrong with it.
func readAll(t testing.TB, data []byte) (damaged bool) {
	t.Helper()
	tr, err := Parse(data)
	if err != nil {
		var format *FormatError
		if !errors.As(err, &format) {
			t.Fatalf("an error that is no FormatError: %v", err)
		}
		return true
	}
	var o Order
	n := int64(0)
	for e := range tr.Ordered(&o) {
		n++
		tr.Frames(e.Stack())
		tr.Frames(e.StartStack())
		_, _, _, _ = e.Text(), e.Category(), e.Task(), e.Kind.String()
	}
	if n != o.Events {
		t.Fatalf("%d events were delivered, %d counted", n, o.Events)
	}
	damaged = !tr.Loss.IsZero() || !o.Loss.IsZero() || o.Conflicts+o.Forced > 0
	total := func(workers int) (sum Time, rows int) {
		last := -1
		for g := range tr.Generations(Options{Workers: workers}) {
			if g.Index != last+1 {
				t.Fatalf("generation %d after %d", g.Index, last)
			}
			last = g.Index
			damaged = damaged || !g.Loss.IsZero() || g.Conflicts > 0
			rows += len(g.Goroutines)
			for i := range g.Goroutines {
				sum += identity(t, g, i)
			}
		}
		if last != len(tr.Extents)-1 {
			t.Fatalf("%d generations, the trace has %d", last+1, len(tr.Extents))
		}
		return sum, rows
	}
	sum1, rows1 := total(1)
	if sum3, rows3 := total(3); sum1 != sum3 || rows1 != rows3 {
		t.Fatalf("one worker finds %v in %d rows, three find %v in %d", sum1, rows1, sum3, rows3)
	}
	return damaged
}

// identity checks that a goroutine's states make up its life, and that its intervals follow
// one another.
func identity(t testing.TB, g *Generation, i int) Time {
	row := &g.Goroutines[i]
	sum := Time(0)
	for _, d := range row.Total {
		sum += d
	}
	if sum != row.Until-row.First {
		t.Fatalf("goroutine %d: states add up to %v, its life is %v", row.ID, sum, row.Until-row.First)
	}
	first, until := true, Time(0)
	for iv := range g.Timeline(i) {
		if !first && iv.Start != until {
			t.Fatalf("goroutine %d: an interval begins at %v, the last ended at %v", row.ID, iv.Start, until)
		}
		first, until = false, iv.End
	}
	return sum
}

// sample is a small trace of a real program: a golden's bytes, so that tests need no recording.
func sample(t testing.TB) []byte {
	for _, g := range goldens(t) {
		if g.name == "go122-gc-stress" {
			return g.data
		}
	}
	t.Fatal("go122-gc-stress is gone from the test data")
	return nil
}

// TestDamage_Truncated cuts a trace wherever it can be cut, and none of it may stop the reader.
func TestDamage_Truncated(t *testing.T) {
	data := sample(t)
	step := len(data)/200 + 1
	for n := 0; n < len(data); n += step {
		if !readAll(t, data[:n]) && n < len(data)-64 {
			t.Errorf("cut after %d of %d bytes, and nothing is said to be missing", n, len(data))
		}
	}
}

// TestDamage_Mutated flips, removes, repeats and overwrites bytes.
func TestDamage_Mutated(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 1))
	all := goldens(t)
	for range 400 {
		data := bytes.Clone(all[r.IntN(len(all))].data)
		for range 1 + r.IntN(4) {
			at := headerBytes + r.IntN(len(data)-headerBytes)
			n := min(r.IntN(200), len(data)-at)
			switch r.IntN(4) {
			case 0:
				data[at] ^= 1 << r.IntN(8)
			case 1:
				data = append(data[:at:at], data[at+n:]...)
			case 2:
				data = append(data[:at+n:at+n], data[at:]...)
			case 3:
				for i := range n {
					data[at+i] = byte(r.Uint32())
				}
			}
			if len(data) <= headerBytes+1 {
				break
			}
		}
		readAll(t, data)
	}
}

// pieces are the batches of a trace with their headers, by generation.
func pieces(t testing.TB, data []byte) (head []byte, gens map[uint64][][]byte, ids []uint64) {
	gens = map[uint64][][]byte{}
	id := uint64(0)
	for p := headerBytes; p < len(data); {
		n := 1
		if Kind(data[p]) != endOfGeneration {
			b, gen, h := parseBatch(data[p:])
			if h == 0 {
				t.Fatalf("no batch at %d", p)
			}
			n, id = h+int(b.size), gen
		}
		if gens[id] == nil {
			ids = append(ids, id)
		}
		gens[id] = append(gens[id], data[p:p+n])
		p += n
	}
	return data[:headerBytes], gens, ids
}

// TestDamage_Reordered shuffles generations: their numbers say how they belong.
func TestDamage_Reordered(t *testing.T) {
	data := record(t, 1<<17, workloadLight+"=1")
	head, gens, ids := pieces(t, data)
	if len(ids) < 3 {
		t.Fatalf("only %d generations", len(ids))
	}
	shuffled := bytes.Clone(head)
	for _, i := range append(ids[1:], ids[0]) {
		shuffled = append(shuffled, bytes.Join(gens[i], nil)...)
	}
	want, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	got, err := Parse(shuffled)
	if err != nil {
		t.Fatal(err)
	}
	same(t, chronicleOf(got), chronicleOf(want))
	same(t, columns(t, got, Options{}), chronicleOf(want))
}

// TestDamage_LostBatch leaves out a batch of events at a time. What is left is read, and
// that something is missing is said, unless the batch was the last of its thread and nothing of
// what comes after depends on it.
func TestDamage_LostBatch(t *testing.T) {
	head, gens, ids := pieces(t, sample(t))
	tried, silent := 0, 0
	for _, id := range ids {
		for i, b := range gens[id] {
			if h, _, _ := parseBatch(b); h.isTable() {
				continue
			}
			data := bytes.Clone(head)
			for _, other := range ids {
				for k, p := range gens[other] {
					if other != id || k != i {
						data = append(data, p...)
					}
				}
			}
			if tried++; !readAll(t, data) {
				silent++
			}
		}
	}
	if silent > tried/10 {
		t.Errorf("of %d batches that were left out, %d are not missed", tried, silent)
	}
}

// TestDamage_Garbage puts bytes between two batches: what comes after is found again.
func TestDamage_Garbage(t *testing.T) {
	data := sample(t)
	head, gens, ids := pieces(t, data)
	broken := bytes.Clone(head)
	garbage := bytes.Repeat([]byte{0xff, 1, 1, 0}, 500)
	for _, id := range ids {
		for i, p := range gens[id] {
			if i == 2 {
				broken = append(broken, garbage...)
			}
			broken = append(broken, p...)
		}
	}
	tr, err := Parse(broken)
	if err != nil {
		t.Fatal(err)
	}
	if want := int64(len(garbage) * len(ids)); tr.Loss.Bytes != want {
		t.Errorf("%d bytes lost, there were %d of garbage: %v", tr.Loss.Bytes, want, tr.Loss.Findings)
	}
	whole, err := Parse(data)
	if err != nil {
		t.Fatal(err)
	}
	same(t, chronicleOf(tr), chronicleOf(whole))
}

// TestDamage_Kinds puts each byte where the kind of an event should be, in the middle of a
// batch: what no event can begin with ends the batch, and nothing else.
func TestDamage_Kinds(t *testing.T) {
	for kind := range 256 {
		m := newMachine(rand.New(rand.NewPCG(1, 5)), 2)
		m.begin()
		for i := range 300 {
			if m.step(); i == 100 {
				m.cores[0].events = append(m.cores[0].events, byte(kind), 0, 1, 1, 1, 1)
			}
		}
		m.end()
		if !readAll(t, m.out) && arity[kind] != 5 { // with five numbers, it is an event
			t.Errorf("an event of %v, from nowhere, is not noticed", Kind(kind))
		}
	}
}

// TestDamage_Stopped leaves both kinds of loop early: nothing goes on behind it.
func TestDamage_Stopped(t *testing.T) {
	tr, err := Parse(record(t, 1<<17, workloadLight+"=1"))
	if err != nil {
		t.Fatal(err)
	}
	before := runtime.NumGoroutine()
	for range tr.Generations(Options{Workers: 3}) {
		break
	}
	var o Order
	for range tr.Ordered(&o) {
		break
	}
	if o.Events != 1 {
		t.Errorf("%d events in a loop that was left after one", o.Events)
	}
	for range 1000 { // the workers need a moment
		if runtime.NumGoroutine() <= before {
			return
		}
		runtime.Gosched()
		time.Sleep(time.Millisecond)
	}
	t.Errorf("%d goroutines, there were %d", runtime.NumGoroutine(), before)
}

// TestParse_Foreign says of what is no trace what it is, and of old traces what to do.
func TestParse_Foreign(t *testing.T) {
	for _, c := range []struct{ data, says string }{
		{"", "empty"},
		{"\x1f\x8b\x08\x00", "gzip"},
		{"<!DOCTYPE html>", "HTML"},
		{"\x7fELF\x02", "executable"},
		{"go 1.2", "cut"},
		{"hello, world, this is no trace", "doesn't begin"},
		{"go 1.21 trace\x00\x00\x00", "record it again"},
		{"go 1.11 trace\x00\x00\x00", "Go 1.11"},
	} {
		_, err := Parse([]byte(c.data))
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q: %v, want something about %q", c.data, err, c.says)
		}
	}
	tr, err := Parse([]byte("go 1.26 trace\x00\x00\x00"))
	if err != nil || len(tr.Extents) != 0 {
		t.Errorf("a trace without generations: %v, %v", tr, err)
	}
	for range tr.Events() {
		t.Error("an event in an empty trace")
	}
	readAll(t, []byte("go 1.27 trace\x00\x00\x00"))
}

// TestParse_Newer reads a trace of a version that doesn't exist yet as the newest known.
func TestParse_Newer(t *testing.T) {
	data := record(t, 1<<17)
	copy(data, "go 1.31")
	if readAll(t, data) {
		t.Error("a whole trace is said to be damaged")
	}
}

// TestMemory bounds what decoding takes, for input made to take much: every few bytes name a
// goroutine, a P or a stack that was not there before, far from all others.
func TestMemory(t *testing.T) {
	for _, c := range []struct {
		name  string
		event func(b []byte, i uint64) []byte
	}{
		{"starts", func(b []byte, i uint64) []byte {
			return append(binary.AppendUvarint(append(b, byte(GoStart), 0), i*977), 1)
		}},
		{"wakes", func(b []byte, i uint64) []byte {
			return append(binary.AppendUvarint(append(b, byte(GoUnblock), 0), i*977), 1, 0)
		}},
		{"procs", func(b []byte, i uint64) []byte {
			return append(binary.AppendUvarint(append(b, byte(ProcStart), 0), i*977), 1)
		}},
		{"statuses", func(b []byte, i uint64) []byte {
			return append(binary.AppendUvarint(binary.AppendUvarint(append(b, byte(GoStatus), 0), i*977), i*31), byte(InSyscall))
		}},
		{"regions", func(b []byte, i uint64) []byte { return append(b, byte(UserRegionBegin), 0, 1, 1, 1) }},
		{"tasks", func(b []byte, i uint64) []byte {
			return append(binary.AppendUvarint(append(b, byte(UserTaskBegin), 0), i), 0, 0, 0)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			data := []byte("go 1.26 trace\x00\x00\x00")
			for m, i := byte(0), uint64(1); m < byte(size(16)); m++ {
				var events []byte
				for ; len(events) < maxBatch-maxEventBytes; i++ {
					events = c.event(events, i)
				}
				data = append(data, byte(eventBatch), 1, m, 0)
				data = append(binary.AppendUvarint(data, uint64(len(events))), events...)
			}
			if got := peak(func() { readAll(t, data) }); got > maxAmplification*len(data)+1<<20 {
				t.Errorf("%d bytes for %d of input: %d for each", got, len(data), got/len(data))
			} else {
				t.Logf("%d for each byte", got/len(data))
			}
		})
	}
}

// peak is the most that the heap grew while f ran, as the collector saw it.
func peak(f func()) int {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	before, most := m.HeapAlloc, m.HeapAlloc
	done, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		for {
			runtime.GC()
			runtime.ReadMemStats(&m)
			most = max(most, m.HeapAlloc)
			select {
			case <-done:
				return
			default:
			}
		}
	}()
	f()
	close(done)
	<-stopped
	return int(most - before)
}

// FuzzRead reads anything. Its seeds are the oracle's, and the oracle's test data.
func FuzzRead(f *testing.F) {
	for _, data := range corpus(f) {
		f.Add(data)
	}
	for _, g := range goldens(f) {
		if len(g.data) < 10<<10 {
			f.Add(g.data)
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) { readAll(t, data) })
}
