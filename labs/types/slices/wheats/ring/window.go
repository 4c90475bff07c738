//go:build wheat

package slices

// A Window is a ring: a full array has its oldest entry anywhere and wraps around.
type Window struct {
	ring  []*Entry // length is a power of two, or 0
	first int
	n     int
}

func (w *Window) at(i int) **Entry { return &w.ring[(w.first+i)&(len(w.ring)-1)] }

// Len returns the number of entries.
func (w *Window) Len() int { return w.n }

// Push adds the newest entry.
func (w *Window) Push(e *Entry) {
	if w.n == len(w.ring) {
		w.resize(max(8, 2*len(w.ring)))
	}
	w.n++
	*w.at(w.n - 1) = e
}

func (w *Window) resize(size int) {
	ring := make([]*Entry, size)
	for i := range w.n {
		ring[i] = *w.at(i)
	}
	w.ring, w.first = ring, 0
}

func (w *Window) shrink() {
	if len(w.ring) > 16 && w.n < len(w.ring)/4 {
		w.resize(len(w.ring) / 2)
		w.shrink()
	}
}

// Expire removes the entries from before a time.
func (w *Window) Expire(before int64) int {
	n := 0
	for w.n > 0 && (*w.at(0)).At < before {
		*w.at(0) = nil
		w.first = (w.first + 1) & (len(w.ring) - 1)
		w.n--
		n++
	}
	w.shrink()
	return n
}

// Remove removes the entries that match.
func (w *Window) Remove(match func(*Entry) bool) int {
	kept := 0
	for i := range w.n {
		if e := *w.at(i); !match(e) {
			*w.at(kept) = e
			kept++
		}
	}
	removed := w.n - kept
	for i := kept; i < w.n; i++ {
		*w.at(i) = nil
	}
	w.n = kept
	w.shrink()
	return removed
}

// Recent returns the n newest entries.
func (w *Window) Recent(n int) []*Entry {
	n = max(0, min(n, w.n))
	recent := make([]*Entry, n)
	for i := range recent {
		recent[i] = *w.at(w.n - n + i)
	}
	return recent
}
