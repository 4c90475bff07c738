package lru

import "container/list"

// A mapped is the lab's arena with a Go map as its index: the alternative that the
// reference rejects. BenchmarkIndex and TestBytes say what the difference is.
type mapped struct {
	capacity int
	where    map[uint64]uint32
	slots    []node // slot 0 is the head of the ring
}

type node struct {
	key, value uint64
	prev, next uint32
}

func newMapped(capacity int) *mapped {
	return &mapped{capacity: capacity, where: map[uint64]uint32{}, slots: make([]node, 1)}
}

func (c *mapped) get(key uint64) (uint64, bool) {
	s, ok := c.where[key]
	if !ok {
		return 0, false
	}
	c.unlink(s)
	c.push(s)
	return c.slots[s].value, true
}

func (c *mapped) put(key, value uint64) {
	s, ok := c.where[key]
	switch {
	case ok:
		c.unlink(s)
	case len(c.slots) > c.capacity:
		s = c.slots[0].prev
		c.unlink(s)
		delete(c.where, c.slots[s].key)
	default:
		s = uint32(len(c.slots))
		c.slots = append(c.slots, node{})
	}
	c.where[key] = s
	c.slots[s].key, c.slots[s].value = key, value
	c.push(s)
}

func (c *mapped) unlink(s uint32) {
	n := c.slots[s]
	c.slots[n.prev].next = n.next
	c.slots[n.next].prev = n.prev
}

func (c *mapped) push(s uint32) {
	first := c.slots[0].next
	c.slots[s].prev, c.slots[s].next = 0, first
	c.slots[first].prev = s
	c.slots[0].next = s
}

// A listed is the LRU of every textbook.
type listed struct {
	capacity int
	order    *list.List
	where    map[uint64]*list.Element
}

type pair struct{ key, value uint64 }

func newListed(capacity int) *listed {
	return &listed{capacity: capacity, order: list.New(), where: map[uint64]*list.Element{}}
}

func (c *listed) get(key uint64) (uint64, bool) {
	e, ok := c.where[key]
	if !ok {
		return 0, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*pair).value, true
}

func (c *listed) put(key, value uint64) {
	if e, ok := c.where[key]; ok {
		c.order.MoveToFront(e)
		e.Value.(*pair).value = value
		return
	}
	if c.order.Len() == c.capacity {
		victim := c.order.Back()
		c.order.Remove(victim)
		delete(c.where, victim.Value.(*pair).key)
	}
	c.where[key] = c.order.PushFront(&pair{key, value})
}
