// Package queue is a fixture.
package queue

import "sync"

// A Queue hands out what came first.
type Queue struct {
	mu     sync.Mutex
	items  []int
	closed bool //hone:line close
}

// New returns an empty queue.
//
//hone:stage order
func New() *Queue { return &Queue{} }

// Put appends v.
//
//hone:stage order
func (q *Queue) Put(v int) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed { //hone:line close
		return
	}
	q.items = append(q.items, v)
}

// Get takes the oldest.
//
//hone:stage order
func (q *Queue) Get() (int, bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if len(q.items) == 0 {
		return 0, false
	}
	v := q.items[0]
	q.items = q.items[1:]
	return v, true
}

// Close makes Put do nothing.
//
//hone:stage close
func (q *Queue) Close() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.closed = true
}
