package slices

import "slices"

// A Window keeps the entries of the last while, the oldest first. Entries are
// shared: others may hold them too. Its zero value is an empty window.
type Window struct {
	entries []*Entry

	// entries lies somewhere in array, which is all of the memory that it lies in.
	// Expire moves the front of entries forward, and no slice expression leads back
	// to the slots before it; array does. The whole of it matters, because to the
	// collector an array is one object, and a slot in front of the slice is as
	// alive as one inside. Slots of array outside entries are therefore nil: that
	// is the invariant of every method here.
	array []*Entry //hone:hide clean
}

// Len returns the number of entries.
func (w *Window) Len() int { return len(w.entries) }

// Push adds the newest entry.
func (w *Window) Push(e *Entry) {
	if len(w.entries) == cap(w.entries) { //hone:line clean
		w.room()
	}
	w.entries = append(w.entries, e)
}

// Expire removes the entries from before a time and returns how many they were.
// The window no longer keeps them in memory.
func (w *Window) Expire(before int64) int {
	n := 0
	for n < len(w.entries) && w.entries[n].At < before {
		n++
	}
	clear(w.entries[:n]) //hone:line clean
	w.entries = w.entries[n:]
	w.settle() //hone:line clean
	return n
}

// Remove removes the entries that match and returns how many they were. The rest
// keep their order. The window no longer keeps the removed in memory.
func (w *Window) Remove(match func(*Entry) bool) int {
	kept := w.entries[:0]
	for _, e := range w.entries {
		if !match(e) {
			kept = append(kept, e)
		}
	}
	n := len(w.entries) - len(kept)
	// Behind the kept ones stand old copies of them, and of the removed the last.
	// slices.DeleteFunc clears such a tail, since Go 1.22; a filter written by hand
	// must do it itself.
	clear(w.entries[len(kept):]) //hone:line clean
	w.entries = kept
	w.settle() //hone:line clean
	return n
}

// Recent returns the n newest entries, or all if they are fewer, the oldest first.
// The slice is the caller's: nothing done to it changes the window, and nothing
// that the window does later changes it.
func (w *Window) Recent(n int) []*Entry {
	n = max(0, min(n, len(w.entries)))
	recent := w.entries[len(w.entries)-n:]
	// Clipping would stop an append from reaching the window, but not a write, and
	// not the clear of a later Expire, which would turn the caller's entries to nil.
	recent = slices.Clone(recent) //hone:line clean
	return recent
}

// room makes room for one more entry. Where half of the array is free at the front,
// the entries slide down: a window of steady size lives in one array for ever and
// copies one entry for each that it takes. append alone would do it too, by moving
// to a new array each time the old one ends; that costs about three times as much,
// much of it for the collector (TestClean_SteadyIsCheap measures against it).
//
//hone:hide clean
func (w *Window) room() {
	n := len(w.entries)
	if len(w.array) < max(2*n, least) {
		w.move()
		return
	}
	// The ranges may overlap, which copy allows, and the old slots must not keep
	// what will leave the new ones.
	copy(w.array, w.entries)
	clear(w.array[n:])
	w.entries = w.array[:n]
}

// settle gives memory back: it moves the entries to a smaller array when more than
// three quarters of this one are free. After a move half of the array is free, so
// half of the entries must leave before the next: that keeps it O(1) amortised.
//
//hone:hide clean
func (w *Window) settle() {
	if len(w.array) > 4*max(len(w.entries), least) {
		w.move()
	}
}

// least is the size of the smallest array. One for every entry that comes and goes
// would be the dearest way to hold one.
//
//hone:hide clean
const least = 8

// move moves the entries to an array with room for as many again.
//
//hone:hide clean
func (w *Window) move() {
	array := make([]*Entry, max(2*len(w.entries), least))
	n := copy(array, w.entries)
	w.array, w.entries = array, array[:n]
}
