package trace

// ids maps numbers of goroutines to small ones. The runtime hands numbers out in rising
// order, so those that are alive at a time lie near each other: a hash table finds a
// row of sixteen, which is one line of a cache, and the row has the answer. Lookups in Go maps
// are about a third of the time that golang.org/x/exp/trace takes.
//
// Numbers come from files that may be damaged. So nothing is indexed by one directly, and
// the worst that a number can cost is one row and its place in the hash table.
type ids struct {
	keys  []uint64 // number of the row plus one; 0 is empty
	rows  []uint32 // where its row is in cells
	cells [][rowSize]uint32
	shift uint
	last  uint64 // the row that was found last, or noRow
	at    uint32
}

const rowSize = 16

// noRow is no row: rows have numbers below 2^60.
const noRow = ^uint64(0)

// of is the cell of a number: 0 at first, and for the caller to fill.
func (t *ids) of(id uint64) *uint32 {
	if id/rowSize != t.last {
		t.find(id / rowSize)
	}
	return &t.cells[t.at][id%rowSize]
}

func (t *ids) find(row uint64) {
	key := row + 1
	if 2*len(t.cells) >= len(t.keys) {
		t.grow()
	}
	mask := len(t.keys) - 1
	for h := int(key * 0x9E3779B97F4A7C15 >> t.shift); ; h = (h + 1) & mask {
		switch t.keys[h] {
		case 0:
			t.keys[h] = key
			t.rows[h] = uint32(len(t.cells))
			t.cells = append(t.cells, [rowSize]uint32{})
		case key:
		default:
			continue
		}
		t.last, t.at = row, t.rows[h]
		return
	}
}

func (t *ids) grow() {
	keys, rows := t.keys, t.rows
	n := max(64, 2*len(keys))
	t.keys, t.rows = make([]uint64, n), make([]uint32, n)
	for t.shift = 64; n > 1; n /= 2 {
		t.shift--
	}
	mask := len(t.keys) - 1
	for i, key := range keys {
		if key == 0 {
			continue
		}
		h := int(key * 0x9E3779B97F4A7C15 >> t.shift)
		for t.keys[h] != 0 {
			h = (h + 1) & mask
		}
		t.keys[h], t.rows[h] = key, rows[i]
	}
}

// reset forgets all numbers and keeps the memory.
func (t *ids) reset() {
	clear(t.keys)
	t.cells = t.cells[:0]
	t.last = noRow
}
