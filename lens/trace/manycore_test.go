package trace

import (
	"encoding/binary"
	"math/rand/v2"
	"testing"
)

// A machine with many processors, whose clocks don't agree: what no small machine records.
// It is simulated, and writes a trace: whatever its clocks say, the sequence numbers are right.

type core struct {
	g      int // that runs here, 0 for none
	inCall bool
	pSeq   uint64
	skew   uint64
	last   uint64
	events []byte
	base   uint64
}

type machine struct {
	r        *rand.Rand
	cores    []core
	state    map[int]State
	seq      map[int]uint64
	runnable []int
	waiting  []int
	now      uint64 // true time
	next     int    // goroutine
	out      []byte
	gen      uint64
}

func newMachine(r *rand.Rand, cores int) *machine {
	m := &machine{r: r, cores: make([]core, cores), state: map[int]State{}, seq: map[int]uint64{}, next: 1, now: 1 << 20}
	for i := range m.cores {
		m.cores[i].skew = r.Uint64N(40)
	}
	m.out = []byte("go 1.26 trace\x00\x00\x00")
	for range 2 * cores {
		m.runnable = append(m.runnable, m.next)
		m.state[m.next] = Runnable
		m.next++
	}
	return m
}

// emit writes an event of a core, by its own clock, which ticks every eight steps.
func (m *machine) emit(c *core, k Kind, args ...uint64) {
	t := max(c.last, m.now/8+c.skew)
	if len(c.events) == 0 {
		c.base, c.last = t, t
	}
	c.events = binary.AppendUvarint(append(c.events, byte(k)), t-c.last)
	for _, a := range args {
		c.events = binary.AppendUvarint(c.events, a)
	}
	c.last = t
	m.now++
}

func (m *machine) batch(id, time uint64, data []byte) {
	m.out = append(m.out, byte(eventBatch))
	for _, v := range []uint64{m.gen, id, time, uint64(len(data))} {
		m.out = binary.AppendUvarint(m.out, v)
	}
	m.out = append(m.out, data...)
}

// begin says what everybody is at; end writes the batches.
func (m *machine) begin() {
	m.gen++
	clear(m.seq)
	for i := range m.cores {
		c := &m.cores[i]
		c.events, c.pSeq = nil, 0
		status := uint64(procRunning)
		if c.inCall {
			status = procSyscall
		}
		m.emit(c, ProcStatus, uint64(i), status)
		if c.g != 0 {
			m.emit(c, GoStatus, uint64(c.g), uint64(i), uint64(m.state[c.g]))
		}
	}
	for _, list := range [][]int{m.runnable, m.waiting} {
		for _, g := range list {
			m.emit(&m.cores[m.r.IntN(len(m.cores))], GoStatus, uint64(g), noThread, uint64(m.state[g]))
		}
	}
}

func (m *machine) end() {
	for i := range m.cores {
		m.batch(uint64(i), m.cores[i].base, m.cores[i].events)
	}
	sync := binary.AppendUvarint([]byte{byte(Sync), byte(frequency)}, 15625000)
	sync = append(sync, byte(clockSnapshot), 1, 1, 1, 1)
	m.batch(noThread, m.now/8, sync)
	m.batch(noThread, m.now/8, []byte{byte(stacks)})
	m.batch(noThread, m.now/8, []byte{byte(stringsTable)})
	m.out = append(m.out, byte(endOfGeneration))
}

func (m *machine) take(list *[]int) int {
	i := m.r.IntN(len(*list))
	g := (*list)[i]
	(*list)[i] = (*list)[len(*list)-1]
	*list = (*list)[:len(*list)-1]
	return g
}

// step lets one core do one thing.
func (m *machine) step() {
	c := &m.cores[m.r.IntN(len(m.cores))]
	switch what := m.r.IntN(8); {
	case c.inCall:
		m.emit(c, GoSyscallEnd)
		m.state[c.g], c.inCall = Running, false
	case c.g == 0 && len(m.runnable) > 0:
		c.g = m.take(&m.runnable)
		m.seq[c.g]++
		m.state[c.g] = Running
		m.emit(c, GoStart, uint64(c.g), m.seq[c.g])
	case len(m.waiting) > 0 && (c.g == 0 || what < 3):
		g := m.take(&m.waiting)
		m.seq[g]++
		m.state[g] = Runnable
		m.runnable = append(m.runnable, g)
		m.emit(c, GoUnblock, uint64(g), m.seq[g], 0)
	case c.g == 0:
	case what == 3:
		m.emit(c, GoCreate, uint64(m.next), 0, 0)
		m.state[m.next] = Runnable
		m.runnable = append(m.runnable, m.next)
		m.next++
	case what == 4 && len(m.state) > 2*len(m.cores):
		m.emit(c, GoDestroy)
		delete(m.state, c.g)
		c.g = 0
	case what == 5:
		c.pSeq++
		m.emit(c, GoSyscallBegin, c.pSeq, 0)
		m.state[c.g], c.inCall = InSyscall, true
	case what == 6:
		m.emit(c, GoStop, 0, 0)
		m.state[c.g] = Runnable
		m.runnable = append(m.runnable, c.g)
		c.g = 0
	default:
		m.emit(c, GoBlock, 0, 0)
		m.state[c.g] = Waiting
		m.waiting = append(m.waiting, c.g)
		c.g = 0
	}
}

// TestOrdered_ManyCores reads a trace of 160 threads, with ties and clocks that go against
// the order, as the oracle does; and so do the columns.
func TestOrdered_ManyCores(t *testing.T) {
	seed := rand.Uint64()
	t.Logf("seed %d", seed)
	m := newMachine(rand.New(rand.NewPCG(seed, 2)), 160)
	for range 3 {
		m.begin()
		for range 20_000 {
			m.step()
		}
		m.end()
	}
	want, err := oracle(m.out)
	if err != nil {
		t.Fatalf("golang.org/x/exp/trace: %.300v", err)
	}
	tr, err := Parse(m.out)
	if err != nil {
		t.Fatal(err)
	}
	var o Order
	agree(t, ordered(tr, &o), want)
	if o.Conflicts+o.Forced > 0 || !o.Loss.IsZero() || !tr.Loss.IsZero() {
		t.Errorf("the trace is whole, and the account is %+v, %+v", o, tr.Loss)
	}
	if o.Inversions == 0 || o.Waits == 0 {
		t.Errorf("no clock went against the order: %+v", o)
	}
	same(t, columns(t, tr, Options{Workers: 1}), chronicleOf(tr))
	t.Logf("%d events, %d inversions up to %v, %d waits", o.Events, o.Inversions, o.Furthest, o.Waits)
}
