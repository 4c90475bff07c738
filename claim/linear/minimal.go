package linear

import (
	"encoding/binary"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/anishathalye/porcupine"
)

// How an illegal history is made small, and why what is left explains it.
//
// Eight clients and 1,600 operations, of which three matter: a put, a put after it
// and a get that still sees the first. To leave the others out, as delta debugging
// leaves out steps, would be wrong. Take the put away whose value a get returned,
// and every history is illegal: what is shown would be an artefact of showing it.
//
// So operations are not removed but relaxed. A relaxed operation may take effect at
// any time, before its call and after its return too, any number of times, or never;
// but where it does, it does what it did: it is legal there with the output that it
// returned. If no order of the others is legal even then, the relaxed ones make no
// difference, whenever they happened, and the others alone are the explanation.
//
// This is sound: relaxing never makes a legal history illegal. Suppose that an order
// of all operations is legal. Leave the relaxed ones where they stand in it. The
// others are in an order that respects their calls and returns, each legal in the
// state where it stands; each relaxed one takes effect once, legally, which is one of
// the things that it may do. So the relaxed history is legal as well. Read
// backwards: if the relaxed history is illegal, so is the whole. And since the relaxed
// ones may never happen, what is shown is illegal alone, too.
//
// Why any number of times, where once would do? Because then nobody has to remember
// which have happened, which takes 2 to the power of 1,600 sets. Relaxed
// operations only lead from a state to others, and the checker works on sets of
// states, closed under them: from "b", a thousand relaxed puts lead to their
// thousand values. Twice the same put is seldom what makes a history legal, and
// where it is, the put is shown.
//
// A model without end, such as a queue that any number of relaxed pushes would
// fill, has too many states to follow; there only what leads to few, the reads
// above all, is left out.

// Bounds. What is found until then is shown.
const (
	relaxTime   = 4 * time.Second
	relaxStates = 4       // that a model may have, times the operations
	leastStates = 64      // and these
	relaxSteps  = 100_000 // of the checker for one candidate
	relaxTotal  = 5 << 20 // of the checker and of the model, for bubbles have no clock

	completeOps  = 16 // in a history that is worth completing
	completeMore = 3  // added to it
)

// minimise leaves out what makes no difference: whole clients first, for each is a
// line of thought less, then single operations. The last operation always stays, as
// the history before its return is legal.
func (p part) minimise() part {
	r := &relaxed{
		model:    p.model,
		ops:      p.ops,
		deadline: time.Now().Add(relaxTime),
		most:     leastStates + relaxStates*len(p.ops),
		index:    map[any]int{},
		next:     make([][]int32, len(p.ops)),
	}
	clients := map[int]int{}
	var groups [][]int
	for i, op := range p.ops {
		g, ok := clients[op.ClientId]
		if !ok {
			g = len(groups)
			clients[op.ClientId] = g
			groups = append(groups, nil)
		}
		groups[g] = append(groups[g], i)
	}
	kept := r.reduce(groups)
	kept = r.reduce(singles(kept))
	kept = p.complete(kept, r.deadline)
	q := part{model: p.model, key: p.key, without: p.without + len(p.ops) - len(kept)}
	for _, i := range kept {
		q.ops = append(q.ops, p.ops[i])
	}
	return q
}

// complete adds operations that were left out, where it takes them to see how the
// others but for the last came to what they returned: the put, at any time, whose
// value two gets tell apart. What is not relaxed keeps the history illegal, so this
// takes nothing from the explanation.
func (p part) complete(kept []int, deadline time.Time) []int {
	if len(kept) > completeOps {
		return kept
	}
	told := kept
	placed, all := p.placed(told)
	for !all && len(told) < len(kept)+completeMore {
		best := -1
		// The latest first: what is near is easier to follow.
		for i := len(p.ops) - 1; i >= 0 && !all && time.Now().Before(deadline); i-- {
			if slices.Contains(told, i) {
				continue
			}
			var n int
			if n, all = p.placed(with(told, i)); all || n > placed+1 { // more than itself
				best, placed = i, n
			}
		}
		if best < 0 {
			return kept
		}
		told = with(told, best)
	}
	if !all {
		return kept
	}
	return told
}

func with(sorted []int, i int) []int {
	at, _ := slices.BinarySearch(sorted, i)
	return slices.Insert(slices.Clone(sorted), at, i)
}

// placed returns how many of the operations have a place in one order, and whether
// all have, if the last one had not returned.
func (p part) placed(of []int) (n int, all bool) {
	q := part{model: p.model}
	last := p.last()
	for _, i := range of {
		op := p.ops[i]
		if op.Call == last.Call && op.ClientId == last.ClientId {
			op.Return, op.Output = math.MaxInt64, Unknown{}
		}
		q.ops = append(q.ops, op)
	}
	n = len(q.longest())
	return n, n == len(of)
}

func singles(all []int) [][]int {
	var groups [][]int
	for _, i := range all {
		groups = append(groups, []int{i})
	}
	return groups
}

// relaxed is an illegal history with operations that are relaxed.
type relaxed struct {
	model    Model
	ops      []porcupine.Operation
	deadline time.Time
	steps    int
	most     int // states

	// States are numbered in the order in which they are found.
	states []any
	index  map[any]int // where states are comparable
	next   [][]int32   // by operation and state: the state after it, refused or notTried

	without []int // the operations relaxed
	after   []set // by state, where known: what one relaxed operation leads to
}

const (
	notTried = 0 // so that new entries are
	refused  = 1
	firstID  = 2 // what is stored for state 0
)

// reduce relaxes as many groups of operations as it can, by delta debugging (Zeller
// and Hildebrandt, 2002): half of them, a quarter, … one. It returns the
// operations that remain, in order.
func (r *relaxed) reduce(groups [][]int) []int {
	for chunks := min(2, len(groups)); len(groups) > 1; {
		fewer := false
		for i := 0; i < chunks && chunks > 1; {
			from, to := i*len(groups)/chunks, (i+1)*len(groups)/chunks
			rest := slices.Concat(groups[:from], groups[to:])
			if !r.relax(slices.Concat(groups[from:to]...), flat(rest)) {
				i++
				continue
			}
			groups, fewer = rest, true
			chunks--
		}
		if !fewer && chunks >= len(groups) {
			break
		}
		if !fewer {
			chunks *= 2
		}
		chunks = min(max(chunks, 2), len(groups))
	}
	return flat(groups)
}

func flat(groups [][]int) []int {
	all := slices.Concat(groups...)
	slices.Sort(all)
	return all
}

// relax relaxes operations, beside those that are, if the history of those kept
// is illegal still.
func (r *relaxed) relax(more, kept []int) bool {
	if r.steps > relaxTotal || time.Now().After(r.deadline) {
		return false
	}
	c := &candidate{relaxed: r, more: more, known: map[string]int{}, moves: map[move]int{}}
	illegal := c.illegal(kept)
	if len(r.states) > r.most {
		// The next candidate may do with few. It starts anew.
		r.states, r.index, r.after = nil, map[any]int{}, nil
		clear(r.next)
	}
	if !illegal {
		return false
	}
	r.without = append(r.without, more...)
	r.after = c.after
	return true
}

// step returns the state after an operation, or false where it is not legal. An
// operation of unknown outcome that the model refuses has not happened.
func (r *relaxed) step(op, state int) (int, bool) {
	if state >= len(r.next[op]) {
		r.next[op] = append(r.next[op], make([]int32, len(r.states)-len(r.next[op]))...)
	}
	known := r.next[op]
	if known[state] == notTried {
		known[state] = refused
		r.steps++
		o := r.ops[op]
		legal, next := r.model.Step(r.states[state], o.Input, o.Output)
		if legal {
			known[state] = int32(firstID + r.id(next))
		} else if _, unknown := o.Output.(Unknown); unknown {
			known[state] = int32(firstID + state)
		}
	}
	return int(known[state]) - firstID, known[state] >= firstID
}

// id returns the number of a state.
func (r *relaxed) id(state any) int {
	i := -1
	if r.model.Equal != nil {
		r.steps += len(r.states) / 64
		i = slices.IndexFunc(r.states, func(s any) bool { return r.model.Equal(s, state) })
	} else if known, ok := r.index[state]; ok {
		i = known
	}
	if i >= 0 {
		return i
	}
	if r.model.Equal == nil {
		r.index[state] = len(r.states)
	}
	r.states = append(r.states, state)
	return len(r.states) - 1
}

// A candidate is a history with more relaxed. Its states, for the checker, are sets
// of states of the model, closed under what is relaxed.
type candidate struct {
	*relaxed
	more  []int
	steps int

	after []set // with more
	reach []set // by state: where any number of relaxed operations lead
	sets  []set
	known map[string]int // sets by their bits
	moves map[move]int   // -1 where no state of the set allows it
}

type move struct{ set, op int }

// illegal reports whether the operations kept have no legal order. Past a bound
// nothing is illegal.
func (c *candidate) illegal(kept []int) bool {
	var ops []porcupine.Operation
	for _, i := range kept {
		op := c.ops[i]
		op.Input, op.Output = i, nil // the checker hands it to Step
		ops = append(ops, op)
	}
	legal := porcupine.CheckOperations(porcupine.Model{
		Init: func() any { return c.intern(c.from(c.id(c.model.Init()))) },
		Step: func(state, input, _ any) (bool, any) {
			next := c.move(move{state.(int), input.(int)})
			return next >= 0, next
		},
		Hash: func(state any) uint64 { return uint64(state.(int)) * 0x9e3779b97f4a7c15 },
	}, ops)
	c.relaxed.steps += c.steps
	return !legal && !c.over()
}

// over reports whether there are too many states or steps. Then no step is legal any
// more, which ends the checker's search at once, and its answer is worth nothing.
func (c *candidate) over() bool { return c.steps > relaxSteps || len(c.states) > c.most }

// move returns the set after an operation that is not relaxed, or -1.
func (c *candidate) move(m move) int {
	c.steps++
	if c.over() {
		return -1
	}
	if next, ok := c.moves[m]; ok {
		return next
	}
	var after set
	for s := range c.sets[m.set].all {
		if next, ok := c.step(m.op, s); ok {
			after = after.union(c.from(next))
		}
	}
	next := -1
	if len(after) > 0 {
		next = c.intern(after)
	}
	c.moves[m] = next
	return next
}

func (c *candidate) intern(s set) int {
	key := s.key()
	i, ok := c.known[key]
	if !ok {
		i = len(c.sets)
		c.known[key] = i
		c.sets = append(c.sets, s)
	}
	return i
}

// from returns the states where any number of relaxed operations lead.
func (c *candidate) from(state int) set {
	c.reach = grown(c.reach, state)
	if c.reach[state] == nil {
		found := set(nil).with(state)
		for todo := []int{state}; len(todo) > 0 && !c.over(); {
			last := len(todo) - 1
			next := c.one(todo[last])
			todo = todo[:last]
			for s := range next.minus(found).all {
				todo = append(todo, s)
			}
			found = found.union(next)
		}
		c.reach[state] = found
	}
	return c.reach[state]
}

// one returns the states where one relaxed operation leads.
func (c *candidate) one(state int) set {
	r := c.relaxed
	if r.after = grown(r.after, state); r.after[state] == nil {
		r.after[state] = r.lead(set{0}, r.without, state)
	}
	if c.after = grown(c.after, state); c.after[state] == nil {
		c.after[state] = r.lead(slices.Clone(r.after[state]), c.more, state)
	}
	return c.after[state]
}

// lead adds the states where the operations lead from one.
func (r *relaxed) lead(to set, ops []int, state int) set {
	for _, op := range ops {
		if next, ok := r.step(op, state); ok && next != state {
			to = to.with(next)
		}
		if len(r.states) > r.most {
			break
		}
	}
	return to
}

func grown(all []set, i int) []set {
	for len(all) <= i {
		all = append(all, nil)
	}
	return all
}

// A set holds numbers, a bit for each.
type set []uint64

// with adds i, in place where there is room.
func (s set) with(i int) set {
	for len(s) <= i/64 {
		s = append(s, 0)
	}
	s[i/64] |= 1 << (i % 64)
	return s
}

// union returns a new set.
func (s set) union(t set) set {
	if len(s) < len(t) {
		s, t = t, s
	}
	u := slices.Clone(s)
	for i, bits := range t {
		u[i] |= bits
	}
	return u
}

// minus returns a new set.
func (s set) minus(t set) set {
	u := slices.Clone(s)
	for i := range min(len(s), len(t)) {
		u[i] &^= t[i]
	}
	return u
}

// all calls yield with each number, the least first.
func (s set) all(yield func(int) bool) {
	for i, word := range s {
		for ; word != 0; word &= word - 1 {
			if !yield(i*64 + bits.TrailingZeros64(word)) {
				return
			}
		}
	}
}

// key is equal for equal sets.
func (s set) key() string {
	for len(s) > 0 && s[len(s)-1] == 0 {
		s = s[:len(s)-1]
	}
	var b []byte
	for _, word := range s {
		b = binary.LittleEndian.AppendUint64(b, word)
	}
	return string(b)
}
