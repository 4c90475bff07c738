//go:build wheat

package leaks

import (
	"fmt"
	"sync"
)

// A Pool runs tasks on a fixed number of goroutines. Urgent tasks overtake the
// others, in order of arrival among themselves. It is a queue and not a channel
// because a channel has one order, and a bound that would make whoever adds a task
// wait.
type Pool struct {
	mu     sync.Mutex // guards what follows
	work   sync.Cond  // there may be a task to take, or the pool was closed
	urgent queue
	rest   queue
	closed bool

	tasks sync.WaitGroup // accepted, and not yet done
}

// NewPool starts so many workers.
func NewPool(workers int) *Pool {
	p := &Pool{}
	p.work.L = &p.mu
	for range workers {
		go p.run()
	}
	return p
}

// Go has a task run soon. It doesn't wait. A task that was accepted will be run;
// one that was not, because the pool was closed, will not.
func (p *Pool) Go(urgent bool, task func()) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.closed {
		return fmt.Errorf("run a task: pool: %w", ErrClosed)
	}
	p.tasks.Add(1)
	if urgent {
		p.urgent.push(task)
	} else {
		p.rest.push(task)
	}
	p.work.Signal() // one task, one worker
	return nil
}

// Close accepts no more tasks, and returns when all that were accepted are done.
// The workers end. It may be called more than once.
func (p *Pool) Close() {
	p.mu.Lock()
	p.closed = true
	p.mu.Unlock()
	p.work.Signal()
	p.tasks.Wait()
}

func (p *Pool) run() {
	for task := p.next(); task != nil; task = p.next() {
		task()
		p.tasks.Done()
	}
}

// next waits for a task. It returns nil when the pool is closed and nothing is left to do.
func (p *Pool) next() func() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for {
		if task := p.urgent.pop(); task != nil {
			return task
		}
		if task := p.rest.pop(); task != nil {
			return task
		}
		if p.closed {
			p.work.Signal() // and pass it on
			return nil
		}
		p.work.Wait()
	}
}

// A queue is first in, first out. Its array is used again once it has run empty.
type queue struct {
	tasks []func()
	head  int
}

func (q *queue) push(task func()) {
	q.tasks = append(q.tasks, task)
}

// pop returns nil when there is nothing.
func (q *queue) pop() func() {
	if q.head == len(q.tasks) {
		q.tasks, q.head = q.tasks[:0], 0
		return nil
	}
	task := q.tasks[q.head]
	q.tasks[q.head] = nil // or the array would keep what the task holds
	q.head++
	return task
}
