package lru_test

import (
	"fmt"
	"iter"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/lru"
)

// A model is a policy written to be obviously right and nothing else: slices of keys,
// the front first, searched from end to end.
type model interface {
	get(key int) (int, bool)
	put(key, value int) (lru.Entry[int, int], bool)
	remove(key int) (int, bool)
	keys() []int // resident ones, in the order of All where the contract gives one
	shape() any  // what Shape has to return, nil for a policy without
}

// A subject is a cache under test with the model that it has to agree with.
type subject struct {
	cache   func(capacity int) lru.Cache[int, int]
	model   func(capacity int) model
	shape   func(lru.Cache[int, int]) any
	ordered bool // All has an order
}

// agree runs random operations on a cache and on its model until they differ. It starts
// with the smallest capacities and the shortest runs, so that what it finds is short.
func agree(t *testing.T, s subject) {
	t.Helper()
	rng := claim.Rand(t)
	for _, size := range []struct{ runs, capacity, steps int }{
		{60, 1, 12}, {60, 2, 20}, {100, 3, 40}, {60, 5, 80}, {20, 10, 400}, {5, 30, 1500},
	} {
		for range size.runs {
			ops := operations(rng, size.steps, func() int {
				if rng.IntN(4) == 0 {
					return rng.IntN(size.capacity + 1) // some keys are more popular
				}
				return rng.IntN(2*size.capacity + 2)
			})
			claim.Minimal(t, ops, func(t testing.TB, ops []op) { session(t, s, size.capacity, ops) })
			if t.Failed() {
				return
			}
		}
	}
}

// An op is a call of a cache.
type op struct {
	name       string // Get, Put, Delete
	key, value int
}

func (o op) String() string {
	if o.name == "Put" {
		return fmt.Sprintf("Put(%d, %d)", o.key, o.value)
	}
	return fmt.Sprintf("%s(%d)", o.name, o.key)
}

// operations returns n random operations. No value is put twice.
func operations(rng *rand.Rand, n int, key func() int) []op {
	names := []string{"Delete", "Get", "Get", "Get", "Put", "Put", "Put", "Put", "Put", "Put"}
	ops := make([]op, n)
	for i := range ops {
		ops[i] = op{names[rng.IntN(len(names))], key(), i}
	}
	return ops
}

// A step is an operation with what it returned, and the shape after it.
type step struct {
	op
	out   lru.Entry[int, int]
	ok    bool
	shape any
}

func (s step) String() string {
	if s.shape != nil {
		return fmt.Sprintf("%-12s = %-14s then %+v", s.op, s.result(), s.shape)
	}
	return s.op.String() + " = " + s.result()
}

func (s step) result() string {
	switch {
	case !s.ok:
		return "nothing"
	case s.name == "Put":
		return fmt.Sprintf("%d: %d out", s.out.Key, s.out.Value)
	}
	return fmt.Sprint(s.out.Value)
}

// session runs operations on a cache and on its model, up to the first difference.
func session(t testing.TB, s subject, capacity int, ops []op) {
	c, m := s.cache(capacity), s.model(capacity)
	var history []step
	for _, o := range ops {
		got, want := step{op: o}, step{op: o}
		switch o.name {
		case "Delete":
			got.out.Value, got.ok = c.Delete(o.key)
			want.out.Value, want.ok = m.remove(o.key)
		case "Get":
			got.out.Value, got.ok = c.Get(o.key)
			want.out.Value, want.ok = m.get(o.key)
		default:
			got.out, got.ok = c.Put(o.key, o.value)
			want.out, want.ok = m.put(o.key, o.value)
		}
		if want.shape = m.shape(); want.shape != nil {
			got.shape = s.shape(c)
		}
		history = append(history, want)
		if got != want {
			past{capacity, history}.differs(t, "", got, want)
		}
		keys, expect := slices.Collect(keysOf(c.All())), m.keys()
		if !s.ordered {
			slices.Sort(keys)
			slices.Sort(expect)
		}
		if !slices.Equal(keys, expect) {
			past{capacity, history}.differs(t, ", then All()", keys, expect)
		}
		if c.Len() != len(expect) {
			past{capacity, history}.differs(t, ", then Len()", c.Len(), len(expect))
		}
	}
}

// past is what a session has done so far.
type past struct {
	capacity int
	steps    []step
}

// differs ends a session at its first difference, which the last step has shown.
func (p past) differs(t testing.TB, then string, got, want any) {
	const shown = 40
	var lines []string
	for _, s := range p.steps[max(0, len(p.steps)-shown):] {
		lines = append(lines, s.String())
	}
	claim.Show(t, claim.KindHistory, "the operations up to the difference, with what the model says", strings.Join(lines, "\n"))
	t.Fatalf("a cache of %d, %s%s:\n got %v\nwant %v", p.capacity, p.steps[len(p.steps)-1].op, then, got, want)
}

func keysOf[K, V any](seq iter.Seq2[K, V]) iter.Seq[K] {
	return func(yield func(K) bool) {
		for k := range seq {
			if !yield(k) {
				return
			}
		}
	}
}

// pushFront puts key at the front of list.
func pushFront(list *[]int, key int) { *list = slices.Insert(*list, 0, key) }

// popBack takes the key at the back of list.
func popBack(list *[]int) int {
	last := len(*list) - 1
	key := (*list)[last]
	*list = (*list)[:last]
	return key
}

// cut takes key out of list, and reports whether it was there.
func cut(list *[]int, key int) bool {
	i := slices.Index(*list, key)
	if i >= 0 {
		*list = slices.Delete(*list, i, i+1)
	}
	return i >= 0
}

// lruModel: one list, the most recently used key first.
type lruModel struct {
	capacity int
	order    []int
	value    map[int]int
}

func newLRUModel(capacity int) model {
	return &lruModel{capacity: capacity, value: map[int]int{}}
}

func (m *lruModel) get(key int) (int, bool) {
	if !cut(&m.order, key) {
		return 0, false
	}
	pushFront(&m.order, key)
	return m.value[key], true
}

func (m *lruModel) put(key, value int) (out lru.Entry[int, int], ok bool) {
	if old, present := m.get(key); present {
		m.value[key] = value
		return lru.Entry[int, int]{Key: key, Value: old}, true
	}
	if len(m.order) == m.capacity {
		victim := popBack(&m.order)
		out, ok = lru.Entry[int, int]{Key: victim, Value: m.value[victim]}, true
	}
	pushFront(&m.order, key)
	m.value[key] = value
	return out, ok
}

func (m *lruModel) remove(key int) (int, bool) {
	if !cut(&m.order, key) {
		return 0, false
	}
	return m.value[key], true
}

func (m *lruModel) keys() []int { return slices.Clone(m.order) }
func (m *lruModel) shape() any  { return nil }

// arcModel is figure 4 of Megiddo and Modha, line by line.
type arcModel struct {
	c, p           int
	t1, t2, b1, b2 []int
	value          map[int]int
}

func newARCModel(capacity int) model {
	return &arcModel{c: capacity, value: map[int]int{}}
}

func (m *arcModel) get(key int) (int, bool) {
	if !cut(&m.t1, key) && !cut(&m.t2, key) {
		return 0, false
	}
	pushFront(&m.t2, key)
	return m.value[key], true
}

func (m *arcModel) put(key, value int) (out lru.Entry[int, int], ok bool) {
	old, hit := m.get(key)
	defer func() { m.value[key] = value }()
	switch {
	case hit: // Case I
		return lru.Entry[int, int]{Key: key, Value: old}, true
	case slices.Contains(m.b1, key): // Case II
		m.p = min(m.p+max(1, len(m.b2)/len(m.b1)), m.c)
		out, ok = m.replace(false)
		cut(&m.b1, key)
		pushFront(&m.t2, key)
	case slices.Contains(m.b2, key): // Case III
		m.p = max(m.p-max(1, len(m.b1)/len(m.b2)), 0)
		out, ok = m.replace(true)
		cut(&m.b2, key)
		pushFront(&m.t2, key)
	default: // Case IV
		switch all := len(m.t1) + len(m.t2) + len(m.b1) + len(m.b2); {
		case len(m.t1)+len(m.b1) == m.c && len(m.t1) < m.c: // A
			popBack(&m.b1)
			out, ok = m.replace(false)
		case len(m.t1)+len(m.b1) == m.c: // A, B1 is empty
			out, ok = m.entry(popBack(&m.t1)), true
		case all >= m.c: // B
			if all == 2*m.c {
				popBack(&m.b2)
			}
			out, ok = m.replace(false)
		}
		pushFront(&m.t1, key)
	}
	return out, ok
}

func (m *arcModel) replace(inB2 bool) (lru.Entry[int, int], bool) {
	if len(m.t1)+len(m.t2) < m.c { // only after a Delete, which the paper hasn't
		return lru.Entry[int, int]{}, false
	}
	if len(m.t1) > 0 && (len(m.t1) > m.p || inB2 && len(m.t1) == m.p) {
		victim := popBack(&m.t1)
		pushFront(&m.b1, victim)
		return m.entry(victim), true
	}
	victim := popBack(&m.t2)
	pushFront(&m.b2, victim)
	return m.entry(victim), true
}

func (m *arcModel) entry(key int) lru.Entry[int, int] {
	return lru.Entry[int, int]{Key: key, Value: m.value[key]}
}

func (m *arcModel) remove(key int) (int, bool) {
	ok := cut(&m.t1, key) || cut(&m.t2, key)
	cut(&m.b1, key)
	cut(&m.b2, key)
	if !ok {
		return 0, false
	}
	return m.value[key], true
}

func (m *arcModel) keys() []int { return slices.Concat(m.t2, m.t1) }

func (m *arcModel) shape() any {
	return lru.ARCShape{Target: m.p, T1: len(m.t1), T2: len(m.t2), B1: len(m.b1), B2: len(m.b2)}
}

// s3fifoModel is algorithm 1 of Yang et al., with an eviction that ends when one entry
// has left.
type s3fifoModel struct {
	c, tenth           int
	small, main, ghost []int
	value, freq        map[int]int
}

func newS3FIFOModel(capacity int) model {
	return &s3fifoModel{c: capacity, tenth: max(1, capacity/10), value: map[int]int{}, freq: map[int]int{}}
}

func (m *s3fifoModel) get(key int) (int, bool) {
	if !slices.Contains(m.small, key) && !slices.Contains(m.main, key) {
		return 0, false
	}
	m.freq[key] = min(m.freq[key]+1, 3)
	return m.value[key], true
}

func (m *s3fifoModel) put(key, value int) (out lru.Entry[int, int], ok bool) {
	if old, hit := m.get(key); hit {
		m.value[key] = value
		return lru.Entry[int, int]{Key: key, Value: old}, true
	}
	queue := &m.small
	if cut(&m.ghost, key) {
		queue = &m.main
	}
	if len(m.small)+len(m.main) == m.c {
		out, ok = m.evict(), true
	}
	pushFront(queue, key)
	m.value[key], m.freq[key] = value, 0
	return out, ok
}

func (m *s3fifoModel) evict() lru.Entry[int, int] {
	for {
		if len(m.small) >= m.tenth { // EVICTS
			key := popBack(&m.small)
			if m.freq[key] > 1 {
				m.freq[key] = 0
				pushFront(&m.main, key)
				continue
			}
			pushFront(&m.ghost, key)
			if len(m.ghost) > m.c-m.tenth {
				popBack(&m.ghost)
			}
			return lru.Entry[int, int]{Key: key, Value: m.value[key]}
		}
		key := popBack(&m.main) // EVICTM
		if m.freq[key] == 0 {
			return lru.Entry[int, int]{Key: key, Value: m.value[key]}
		}
		m.freq[key]--
		pushFront(&m.main, key)
	}
}

func (m *s3fifoModel) remove(key int) (int, bool) {
	cut(&m.ghost, key)
	if !cut(&m.small, key) && !cut(&m.main, key) {
		return 0, false
	}
	return m.value[key], true
}

func (m *s3fifoModel) keys() []int { return slices.Concat(m.main, m.small) }

func (m *s3fifoModel) shape() any {
	return lru.S3FIFOShape{Small: len(m.small), Main: len(m.main), Ghost: len(m.ghost)}
}
