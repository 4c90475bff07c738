package slices

import "slices"

// An Entry is a line of the log and when it came.
type Entry struct {
	At   int64 // Unix seconds
	Line string
}

// A Window keeps the entries of the last while, the oldest first. Entries are
// shared: others may hold them too. Its zero value is an empty window.
type Window struct {
	entries []*Entry

	// entries[0] is not always the first slot of its array: Expire moves the front
	// forward. gone counts the slots before it, which no slice expression can reach
	// again, and which stay in memory as long as the array does.
	gone int //hone:hide clean
}

// Len returns the number of entries.
func (w *Window) Len() int { return len(w.entries) }

// Push adds the newest entry.
func (w *Window) Push(e *Entry) {
	// The append below will leave this array and copy the living only, so what was
	// lost at its front is won back.
	if len(w.entries) == cap(w.entries) { //hone:line clean
		w.gone = 0
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
	// The collector marks objects, and the array is one object: a slot in front of
	// the slice is as alive as one inside. So what is left behind is made empty.
	clear(w.entries[:n]) //hone:line clean
	w.entries = w.entries[n:]
	w.gone += n //hone:line clean
	w.settle()  //hone:line clean
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
	// Behind the kept ones stand their old copies and the removed. slices.Delete
	// clears such a tail since Go 1.22; a filter written by hand must do it itself.
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

// settle moves the entries to an array of their own when more than three quarters
// of the present one are waste: slots gone at the front and slots not used at the
// back. A burst is thus given back, and since a move of n entries comes only after
// more than n have left, Push and Expire stay O(1) amortised.
//
// Two alternatives are worse here. Copying down on every Expire wastes nothing but
// costs O(n) for each entry that leaves. A ring wastes nothing at the front, but it
// has no contiguous order to hand out and shrinks no sooner.
//
//hone:hide clean
func (w *Window) settle() {
	const least = 16 // below this, moving costs more than it saves
	waste := w.gone + cap(w.entries) - len(w.entries)
	if waste <= 3*len(w.entries)+least {
		return
	}
	w.entries = append(make([]*Entry, 0, 2*len(w.entries)), w.entries...)
	w.gone = 0
}
