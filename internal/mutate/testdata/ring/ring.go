// Package ring is a bounded queue, to be mutated: it is known which of its mistakes
// its tests notice.
package ring

import "sync"

// A Ring holds at most cap(buf) values.
type Ring[T any] struct {
	mu       sync.Mutex
	notEmpty *sync.Cond
	notFull  *sync.Cond
	buf      []T
	head, n  int
	closed   bool
}

// New makes a ring with room for capacity values, at least one.
func New[T any](capacity int) *Ring[T] {
	if capacity < 1 {
		capacity = 1
	}
	r := &Ring[T]{buf: make([]T, capacity)}
	r.notEmpty = sync.NewCond(&r.mu)
	r.notFull = sync.NewCond(&r.mu)
	return r
}

// Put waits for room; it says false once the ring is closed.
func (r *Ring[T]) Put(v T) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n == len(r.buf) && !r.closed {
		r.notFull.Wait()
	}
	if r.closed {
		return false
	}
	i := r.head + r.n
	if i >= len(r.buf) {
		i -= len(r.buf)
	}
	r.buf[i] = v
	r.n++
	r.notEmpty.Signal()
	return true
}

// Get waits for a value; it says false once the ring is closed and empty.
func (r *Ring[T]) Get() (T, bool) {
	var zero T
	r.mu.Lock()
	defer r.mu.Unlock()
	for r.n == 0 && !r.closed {
		r.notEmpty.Wait()
	}
	if r.n == 0 {
		return zero, false
	}
	v := r.buf[r.head]
	r.buf[r.head] = zero
	r.head++
	if r.head == len(r.buf) {
		r.head = 0
	}
	r.n--
	r.notFull.Signal()
	return v, true
}

// Close wakes everybody who waits.
func (r *Ring[T]) Close() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.closed = true
	r.notEmpty.Broadcast()
	r.notFull.Broadcast()
}

// Len is the number of values; no test calls it.
func (r *Ring[T]) Len() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}
