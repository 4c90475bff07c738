package fault

import (
	"maps"
	"math/rand/v2"
	"slices"
)

// Keep says what of the unsynced state a power cut leaves on the disk.
type Keep struct {
	name string
	rng  *rand.Rand
}

// The two ends of what is legal.
var (
	KeepSynced = Keep{name: "synced"} // only what Sync and SyncDir promised
	KeepAll    = Keep{name: "all"}    // as if the operating system had written everything in time
)

// KeepRandom keeps a random legal subset: of each unsynced sector some version,
// of each file some size, of the changes of names some.
func KeepRandom(rng *rand.Rand) Keep { return Keep{name: "random", rng: rng} }

// String returns "synced", "all" or "random".
func (k Keep) String() string { return k.name }

// Crash returns the file system as it is after a power cut now. f itself is
// unchanged, so one moment can be crashed in several ways.
func (f *FS) Crash(keep Keep) *FS {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := crash{keep: keep, copies: map[*node]*node{}}
	names := c.names(f)
	g := NewFS()
	g.root = c.copy(f.root, names)
	return g
}

type crash struct {
	keep   Keep
	copies map[*node]*node
}

// names decides which names there are: the durable ones, with the kept changes
// of the journal applied in order.
func (c *crash) names(f *FS) map[*node]map[string]*node {
	names := map[*node]map[string]*node{}
	view := func(n *node) map[string]*node {
		if names[n] == nil {
			names[n] = maps.Clone(n.durableEntries)
		}
		return names[n]
	}
	for _, change := range c.changes(f.journal) {
		change.apply(view)
	}
	return names
}

// changes picks from the journal. Half of the random crashes keep a prefix of
// it, as a file system with an ordered journal does; the others any subset in
// which no change of a file is kept without the earlier ones of that file.
func (c *crash) changes(journal []entryChange) []entryChange {
	switch {
	case c.keep.name == "all":
		return journal
	case c.keep.rng == nil:
		return nil
	case c.keep.rng.IntN(2) == 0:
		return journal[:c.keep.rng.IntN(len(journal)+1)]
	}
	var kept []entryChange
	dropped := map[*node]bool{}
	for _, change := range journal {
		if c.keep.rng.IntN(2) == 0 || change.concerns(nil, dropped) {
			dropped[change[len(change)-1].node] = true
		} else {
			kept = append(kept, change)
		}
	}
	return kept
}

func (c *crash) copy(n *node, names map[*node]map[string]*node) *node {
	if m := c.copies[n]; m != nil {
		return m
	}
	m := &node{mode: n.mode, mtime: n.mtime}
	c.copies[n] = m
	if !n.dir() {
		m.data = c.content(n)
		m.durable = slices.Clone(m.data)
		return m
	}
	m.entries, m.durableEntries = map[string]*node{}, map[string]*node{}
	entries := names[n]
	if entries == nil {
		entries = n.durableEntries
	}
	for _, name := range slices.Sorted(maps.Keys(entries)) {
		e := c.copy(entries[name], names)
		m.entries[name], m.durableEntries[name] = e, e
	}
	return m
}

// content decides what a file holds.
func (c *crash) content(n *node) []byte {
	if c.keep.name == "synced" {
		return slices.Clone(n.durable)
	}
	if c.keep.name == "all" {
		b := resized(slices.Clone(n.durable), int64(len(n.data)))
		for s := range n.dirty {
			copy(b[min(s*Sector, int64(len(b))):], n.sector(s))
		}
		return b
	}
	b := resized(slices.Clone(n.durable), c.size(n))
	c.sectors(b, n.lost)
	c.sectors(b, n.dirty)
	return b
}

// sectors puts for each sector the durable version, which is there, or one of
// the others.
func (c *crash) sectors(b []byte, dirty map[int64][][]byte) {
	for _, s := range slices.Sorted(maps.Keys(dirty)) {
		v := dirty[s]
		if i := c.keep.rng.IntN(len(v) + 1); i > 0 {
			at := min(s*Sector, int64(len(b)))
			copy(b[at:min(at+Sector, int64(len(b)))], v[i-1])
		}
	}
}

// size decides how long a file is: one of the sizes it had since it was last
// durable, or a sector boundary on the way, for a large write reaches the disk
// page by page.
func (c *crash) size(n *node) int64 {
	sizes := append([]int64{int64(len(n.durable))}, n.sizes...)
	size := sizes[c.keep.rng.IntN(len(sizes))]
	if c.keep.rng.IntN(4) == 0 {
		lo, hi := slices.Min(sizes), slices.Max(sizes)
		if first, last := (lo+Sector-1)/Sector, hi/Sector; first <= last {
			size = (first + c.keep.rng.Int64N(last-first+1)) * Sector
		}
	}
	return size
}

// used is the content of all files below n, in bytes.
func used(n *node) int64 {
	sum := int64(len(n.data))
	for _, e := range n.entries {
		sum += used(e)
	}
	return sum
}
