package slices_test

import (
	"fmt"
	"runtime"
	stdslices "slices"
	"testing"
	"unsafe"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/types/slices"
)

// filled returns a window of n entries, one a second.
func filled(n int) *slices.Window {
	w := new(slices.Window)
	for i := range n {
		w.Push(&slices.Entry{At: int64(i), Line: fmt.Sprint("line ", i)})
	}
	return w
}

// newest returns the entry that is n-th from the end, held by nothing but the window.
func newest(w *slices.Window, n int) *slices.Entry { return w.Recent(n)[0] }

// A step is a call of a window. At is a time; of Recent it is the number of entries.
type step struct {
	call string // Push, Expire, Remove, Recent
	at   int64
}

func (s step) String() string {
	if s.call == "Remove" {
		return "Remove(At%5 == 1)"
	}
	return fmt.Sprintf("%s(%d)", s.call, s.at)
}

// A window gives the answers of a plain list to any sequence of calls.
func TestClean_KeepsOrder(t *testing.T) {
	rng := claim.Rand(t)
	for range 20 {
		var steps []step
		now := int64(0)
		for range 300 {
			switch k := rng.IntN(10); {
			case k < 6:
				now += rng.Int64N(3)
				steps = append(steps, step{"Push", now})
			case k < 8:
				steps = append(steps, step{"Expire", now - rng.Int64N(30)})
			case k < 9:
				steps = append(steps, step{"Remove", 0})
			default:
				steps = append(steps, step{"Recent", rng.Int64N(40) - 1})
			}
		}
		claim.Minimal(t, steps, likeList)
		if t.Failed() {
			return
		}
	}
}

// likeList runs steps on a window and on a list.
func likeList(t testing.TB, steps []step) {
	var w slices.Window
	var list []*slices.Entry
	drop := func(s step, removed int, match func(*slices.Entry) bool) {
		kept := stdslices.DeleteFunc(stdslices.Clone(list), match)
		claim.Equal(t, fmt.Sprintf("%v removes", s), removed, len(list)-len(kept))
		list = kept
	}
	for _, s := range steps {
		switch s.call {
		case "Push":
			e := &slices.Entry{At: s.at}
			w.Push(e)
			list = append(list, e)
		case "Expire":
			drop(s, w.Expire(s.at), func(e *slices.Entry) bool { return e.At < s.at })
		case "Remove":
			odd := func(e *slices.Entry) bool { return e.At%5 == 1 }
			drop(s, w.Remove(odd), odd)
		default:
			n := int(s.at)
			want := list[len(list)-max(0, min(n, len(list))):]
			if got := w.Recent(n); !stdslices.Equal(got, want) {
				t.Fatalf("Recent(%d) of %d entries returns %d entries, or others, or in another order: %s, want %s", n, len(list), len(got), times(got), times(want))
			}
		}
		if w.Len() != len(list) || !stdslices.Equal(w.Recent(len(list)), list) {
			t.Fatalf("after %v the window holds %d entries, %s; a list holds %d, %s", s, w.Len(), times(w.Recent(len(list))), len(list), times(list))
		}
	}
}

// An entry that expired can be collected while the window lives: the slots in front
// of a slice are as alive as the ones inside.
func TestClean_ExpiredAreLetGo(t *testing.T) {
	w := filled(8)
	claim.Unreachable(t, "an entry that expired, the oldest of eight", func() *slices.Entry {
		e := newest(w, 8)
		w.Expire(5)
		return e
	})
	claim.Unreachable(t, "the entry that expired last", func() *slices.Entry {
		e := newest(w, 3)
		w.Expire(6)
		return e
	})
	claim.Equal(t, "Len", w.Len(), 2)

	// As a window of steady size runs on, its entries may move within their memory or
	// to another. No copy may be left behind, at whatever moment all expire.
	for steps := range 16 {
		w := filled(5)
		for range steps {
			w.Push(&slices.Entry{At: newest(w, 1).At + 1})
			w.Expire(newest(w, 5).At)
		}
		claim.Unreachable(t, fmt.Sprintf("the middle one of five entries, expired with all others after %d times a push and an expiry", steps), func() *slices.Entry {
			e := newest(w, 3)
			w.Expire(1 << 40)
			return e
		})
		runtime.KeepAlive(w)
	}

	// As a window grows, its entries move to larger arrays. The old ones must not stay.
	for _, n := range []int{9, 17, 33, 70} {
		for _, at := range []int{0, n / 2, n - 1} {
			w := filled(n)
			claim.Unreachable(t, fmt.Sprintf("entry %d of the first %d, expired with all before it", at, n), func() *slices.Entry {
				e := newest(w, n-at)
				w.Expire(int64(at) + 1)
				return e
			})
			runtime.KeepAlive(w)
		}
	}
}

// An entry that was removed can be collected while the window lives, wherever it
// stood: first, between others, last.
func TestClean_RemovedAreLetGo(t *testing.T) {
	for _, at := range []int64{0, 3, 7} {
		w := filled(8)
		claim.Unreachable(t, fmt.Sprintf("entry %d of eight, removed alone", at), func() *slices.Entry {
			e := newest(w, 8-int(at))
			if e.At != at {
				t.Fatalf("Recent(%d)[0] is entry %d", 8-at, e.At)
			}
			w.Remove(func(e *slices.Entry) bool { return e.At == at })
			return e
		})
		claim.Unreachable(t, fmt.Sprintf("the last entry, expired after entry %d was removed", at), func() *slices.Entry {
			e := newest(w, 1)
			w.Expire(100)
			return e
		})
		runtime.KeepAlive(w)
	}
}

// entries returns n entries, one a second.
func entries(n int) []*slices.Entry {
	list := make([]*slices.Entry, n)
	for i := range list {
		list[i] = &slices.Entry{At: int64(i)}
	}
	return list
}

// retained returns how many bytes of heap make's result keeps in memory.
func retained(build func() any) int {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.GC() // what sync.Pool still held is gone after the second
	runtime.ReadMemStats(&before)
	held := build()
	runtime.GC()
	runtime.GC()
	runtime.ReadMemStats(&after)
	runtime.KeepAlive(held)
	return int(after.HeapAlloc) - int(before.HeapAlloc)
}

// After a burst the window is small again, in memory too: the array that held the
// burst is given back, whether the burst expired or was removed, and however much of it
// is left, never more is kept than four times what that needs.
func TestClean_BurstGivesBack(t *testing.T) {
	const burst, most, word = 1 << 16, 64 << 10, int(unsafe.Sizeof(uintptr(0)))
	list := entries(burst)
	for name, shrink := range map[string]func(w *slices.Window, left int){
		"Expire": func(w *slices.Window, left int) { w.Expire(int64(burst - left)) },
		"Remove": func(w *slices.Window, left int) {
			w.Remove(func(e *slices.Entry) bool { return e.At < int64(burst-left) })
		},
		"Expire, a minute a call": func(w *slices.Window, left int) {
			for at := int64(0); at < int64(burst-left); at += 60 {
				w.Expire(at)
			}
			w.Expire(int64(burst - left))
		},
	} {
		for _, left := range []int{10, burst / 10, burst * 2 / 9, burst / 3} {
			kept := retained(func() any {
				w := new(slices.Window)
				for _, e := range list {
					w.Push(e)
				}
				shrink(w, left)
				if w.Len() != left {
					t.Fatalf("%s left %d of %d entries, want %d", name, w.Len(), burst, left)
				}
				return w
			})
			if limit := max(most, 4*left*word+most/4); kept > limit {
				claim.Fail(t, claim.OutcomeLeak, "%s: %d entries came, %d are left, and the window keeps %d KiB in memory for them, want at most %d KiB. The burst's array was %d KiB or more.",
					name, burst, left, kept>>10, limit>>10, burst*word>>10)
				return
			}
		}
	}
	runtime.KeepAlive(list)
}

// Recent's slice is the caller's: it stays as it was whatever the window does, and
// writing or appending to it doesn't reach the window.
func TestClean_RecentIsTheCallers(t *testing.T) {
	w := filled(8)
	all := w.Recent(8)
	recent := w.Recent(3)
	seen := stdslices.Clone(recent)
	w.Remove(func(e *slices.Entry) bool { return e.At == 5 })
	if !stdslices.Equal(recent, seen) {
		t.Errorf("the slice that Recent(3) returned changed when the window removed an entry: it shows %s", times(recent))
	}
	w.Expire(7)
	if !stdslices.Equal(recent, seen) {
		t.Errorf("the slice that Recent(3) returned changed when entries expired: it shows %s", times(recent))
	}
	w = filled(8)
	recent = w.Recent(3)
	recent[0] = nil
	_ = append(recent[:1], &slices.Entry{At: 99})
	if got := w.Recent(8); times(got) != times(filled(8).Recent(8)) {
		t.Errorf("the window changed when its caller wrote to the slice that Recent returned: it shows %s", times(got))
	}
	if times(all) != times(filled(8).Recent(8)) {
		t.Errorf("the slice that Recent(8) returned changed: it shows %s", times(all))
	}
	w = filled(5)
	_ = append(w.Recent(5), &slices.Entry{At: 99})
	w.Push(&slices.Entry{At: 5})
	if got := times(w.Recent(6)); got != times(filled(6).Recent(6)) {
		t.Errorf("the window changed when its caller appended to what Recent returned: it shows %s", got)
	}
}

// times shows the entries by their time.
func times(list []*slices.Entry) string {
	var at []any
	for _, e := range list {
		if e == nil {
			at = append(at, "nil")
			continue
		}
		at = append(at, e.At)
	}
	return fmt.Sprint(at)
}
