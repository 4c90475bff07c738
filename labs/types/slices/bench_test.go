//go:build !race

package slices_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/types/slices"
)

// This file is built without the race detector: it counts allocations and measures,
// and the detector turns off what it looks at (for one, the stack buffers below).

// A slice that starts from nothing may start on the stack, and grows differently
// while it is there.
func TestGrowth_First(t *testing.T) {
	slices.GrowthFirst.Check(t, "capacities on the way from nil to nine ints", slices.FirstCaps(), `Since Go 1.26 the compiler gives such a slice a buffer of 32 bytes on the stack,
even where the slice is returned in the end. In the buffer, append takes the next size
class and no doubling (8, 16, 24, 32 bytes: runtime/slice.go, growsliceBuf), because
nothing is copied there. The fifth int doesn't fit; from then on the heap's rules hold.
On return, a slice that is still in the buffer is copied to the heap, to size
(moveSlice).`)
}

// What the appends to a slice cost, by where the slice lives and goes.
func TestGrowth_Allocs(t *testing.T) {
	slices.GrowthAllocs.Check(t, "allocations of sumOf(4), sumOf(5), listOf(4), listOf(100)", slices.AppendAllocs(), `	sumOf(4)     32 bytes: fits the buffer on the stack, and never leaves it
	sumOf(5)     one array of 8 ints, on the heap
	listOf(4)    grown on the stack, then copied to the heap once, on return
	listOf(100)  arrays of 8, 16, 32, 64 and 128; the first four ints cost nothing

Before Go 1.26 these were 3, 4, 3 and 8.`)
}

// Which uses of a map need a string of its own for string(b).
func TestConvert_Map(t *testing.T) {
	slices.ConvertMap.Check(t, "allocations of lookUp, increment, ensure, remove", slices.ConvertKeys(), `	lookUp     the key lives only as long as the lookup: the map is given the bytes of
	           b themselves (cmd/compile/internal/walk/order.go, mapKeyReplaceStrConv)
	increment  is m[k] = m[k] + 1 in one call of mapassign, which may keep its key
	ensure     key is used twice, once to be kept, so it is made before the lookup,
	           found or not. With string(b) written in both places it is made only
	           where the key is missing.
	remove     a lookup as well. That a variable doesn't hinder by itself, if its one
	           use is a lookup or delete, is cmd/compile/internal/ssa/_gen/generic.rules.`)
}

// Which comparisons need one.
func TestConvert_Compare(t *testing.T) {
	slices.ConvertCompare.Check(t, "allocations of same, verb, isGet", slices.ConvertToCompare(), `	same, verb  an operand of == and of switch is not copied: "String comparison does
	            not memorize the strings for later use" (walk/order.go)
	isGet       HasPrefix is inlined to len(s) >= 4 && s[:4] == "GET ". What is
	            compared is a slice of the string, so there must be a string.

bytes.HasPrefix, or string(b[:4]) == "GET " behind a check of the length, need none.`)
}

// What it costs to range over a string that was converted.
func TestConvert_Range(t *testing.T) {
	slices.ConvertRange.Check(t, "allocations of addBytes, addRunes, countRunes", slices.ConvertToRange(), `	addBytes    range reads and keeps nothing: no copy
	addRunes    43 runes are 172 bytes, and the buffer on the stack is for 32 runes.
	            for _, c := range s decodes on the way and needs no slice.
	countRunes  the compiler replaces len([]rune(s)) by runtime.countrunes(s)`)
}

// What a concatenation of converted bytes costs, with and without a constant.
func TestConvert_Join(t *testing.T) {
	slices.ConvertJoin.Check(t, "allocations of join, joinWith", slices.ConvertToJoin(), `	join      two strings and their concatenation
	joinWith  the concatenation

concatstrings returns its argument where all others are empty. A part that is b's own
memory under another type must not get out that way, so the compiler lends it only if
one part is a constant that isn't empty (walk/order.go, OADDSTR).`)
}

// What a string's length has to do with its cost, and what the place where it goes.
func TestConvert_Size(t *testing.T) {
	slices.ConvertSize.Check(t, "allocations of runes for 32 and 33 bytes, stringOf for 1 and 8", slices.ConvertSizes(), `	runes, 32     does not escape: a buffer of 32 bytes on the stack
	runes, 33     does not escape, and doesn't fit (runtime/string.go, tmpStringBufSize)
	stringOf, 1   all 256 strings of one byte exist already (runtime, staticuint64s)
	stringOf, 8   escapes, so the stack is no place for it`)
}

// When []byte(s) needs memory of its own.
func TestConvert_Read(t *testing.T) {
	slices.ConvertRead.Check(t, "allocations of checksumOf, maskedOf", slices.ConvertToRead(), `Escape analysis also follows who writes through a pointer (since Go 1.22). checksum
doesn't, so []byte(s) is a slice header on top of s (escape.go: "If the result of a
string->[]byte conversion is never mutated, then it can simply reuse the string's
memory directly"; go build -gcflags=-m says "zero-copy string->[]byte conversion").
masked writes, and a string must not change.`)
}

// What three ways to build one string allocate.
func TestConvert_Build(t *testing.T) {
	var builder strings.Builder
	var arrays []int
	for range 100 {
		builder.WriteString("ten bytes.")
		if c := builder.Cap(); len(arrays) == 0 || arrays[len(arrays)-1] != c {
			arrays = append(arrays, c)
		}
	}
	slices.ConvertBuild.Check(t, "allocations of +=, Builder, Builder with Grow", slices.BuildString(), fmt.Sprintf(`	+=          each + is a new string, but the first: "" + part is part itself.
	            Copied are 10+20+…+1,000 bytes: quadratic.
	Builder     append to a []byte, which grows as in stage growth. Capacities here:
	            %v
	Grow(1000)  one array; String() hands it out without a copy`, arrays))
}

// lines returns n lines of the log with different paths.
func lines(n int) []string {
	list := make([]string, n)
	for i := range list {
		list[i] = fmt.Sprintf("10.0.0.%d 1718000000 GET /articles/%08d 200 5120 \"curl/8.5.0\"", i%250, i)
	}
	return list
}

// A line whose path is known is counted without an allocation, from a string and
// from a buffer. Fields allocates nothing where dst has room.
func TestTight_KnownPathAllocatesNothing(t *testing.T) {
	var x slices.Index
	line := lines(1)[0]
	buffer := []byte(line)
	dst := make([][]byte, 0, 16)
	x.Add(line)
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"Add, path known", func() { x.Add(line) }},
		{"AddBytes, path known", func() { x.AddBytes(buffer) }},
		{"Fields, with room in dst", func() { dst = slices.Fields(dst[:0], buffer) }},
	} {
		claim.Allocs(t, 0, c.f)
		if t.Failed() {
			t.Fatalf("this was %s: nothing of such a line is kept, so nothing of it needs memory of its own", c.name)
		}
	}
	if hit, _ := x.Lookup("/articles/00000000"); hit.Count < 2 || len(dst) != 7 {
		t.Errorf("nothing is allocated because nothing is done: %d lines counted, %d fields found", hit.Count, len(dst))
	}
}

// A line with a new path allocates what has to be kept, the path and its counters,
// and the map's own growth.
func TestTight_NewPathAllocatesLittle(t *testing.T) {
	const most = 3 // path, counters, and the map's share, which is below 1
	list := lines(1000)
	var buffers [][]byte
	for _, line := range list {
		buffers = append(buffers, []byte(line))
	}
	for name, add := range map[string]func(x *slices.Index, i int) bool{
		"Add":      func(x *slices.Index, i int) bool { return x.Add(list[i]) },
		"AddBytes": func(x *slices.Index, i int) bool { return x.AddBytes(buffers[i]) },
	} {
		per := testing.AllocsPerRun(5, func() {
			var x slices.Index
			for i, line := range list {
				if !add(&x, i) {
					t.Fatalf("%s rejects %q", name, line)
				}
			}
		}) / float64(len(list))
		if per > most {
			claim.Fail(t, claim.OutcomeBudget, "%s: %.1f allocations for a line with a new path, want at most %d: the path's own copy and its counters are all that stays", name, per, most)
		}
	}
}

// An index of a few long lines is as small as an index of the same short ones:
// nothing of a line stays but its path, neither the line nor a copy of it.
func TestTight_RetainsPathsOnly(t *testing.T) {
	const many, long, most = 200, 32 << 10, 512 << 10
	list := lines(many)
	tail := " " + strings.Repeat("x", long)
	for name, add := range map[string]func(x *slices.Index, line string){
		"Add":      func(x *slices.Index, line string) { x.Add(line + tail); x.Add(line + tail) },
		"AddBytes": func(x *slices.Index, line string) { b := []byte(line + tail); x.AddBytes(b); x.AddBytes(b) },
	} {
		kept := retained(func() any {
			x := new(slices.Index)
			for _, line := range list {
				add(x, line)
			}
			if top := x.Top(many + 1); len(top) != many || top[0].Count != 2 {
				t.Fatalf("%s: %d lines, twice each, left %d paths in the index", name, many, len(top))
			}
			return x
		})
		if kept > most {
			claim.Fail(t, claim.OutcomeLeak, "%s: after %d lines of %d KiB the index keeps %d KiB in memory, want at most %d KiB: the paths are %d bytes each",
				name, many, long>>10, kept>>10, most>>10, len("/articles/00000000"))
		}
	}
}

// Counting a known path costs at most 1.32 times one look at each byte of the line and
// one at a map: what isn't copied isn't paid for either.
func TestTight_CostsOnePass(t *testing.T) {
	var buffers [][]byte
	var paths []string
	for _, line := range lines(64) {
		buffers = append(buffers, []byte(line))
		paths = append(paths, strings.Fields(line)[3])
	}
	blanks := map[string]*int{}
	for _, path := range paths {
		blanks[path] = new(int)
	}
	side := func(name string, add func(line []byte) bool) claim.Side {
		for _, b := range buffers {
			if !add(b) {
				t.Fatalf("%s rejects %q", name, b)
			}
		}
		return claim.Side{Name: name, Op: func(n int) {
			for i := range n {
				add(buffers[i%len(buffers)])
			}
		}}
	}
	claim.Faster(t, claim.Contest{
		Ours: side("Index.AddBytes", new(slices.Index).AddBytes),
		Peer: claim.Side{Name: "one pass, one lookup", Op: func(n int) {
			for i := range n {
				count := 0
				for _, c := range buffers[i%len(buffers)] {
					if c == ' ' {
						count++
					}
				}
				*blanks[paths[i%len(paths)]] += count
			}
		}},
	}, 1.32)
}

// A window that grows allocates seldom, and one of steady size never: what comes finds
// the place of what left.
func TestClean_AllocatesSeldom(t *testing.T) {
	list := entries(4096)
	claim.Allocs(t, 40, func() { // 13 times double, or 30 times a third more
		var w slices.Window
		for _, e := range list {
			w.Push(e)
		}
	})
	if t.Failed() {
		t.Fatalf("these were %d times Push into a new window, one after the other", len(list))
	}
	for _, size := range []int{0, 1, 3, 4, 8, 100, 512} {
		var w slices.Window
		next := 0
		steps := func() {
			for range 4*size + 40 {
				e := list[next%len(list)]
				e.At = int64(next)
				w.Push(e)
				next++
				w.Expire(int64(next - size))
			}
		}
		steps()
		claim.Allocs(t, 0, steps)
		if t.Failed() {
			t.Fatalf("these were %d times Push and Expire of one in a window of %d entries. "+
				"For each that comes one has left, so there is a place for it, if not at the end of the array", 4*size+40, size)
		}
		if w.Len() != size {
			t.Errorf("a window of %d seconds holds %d entries, one a second", size, w.Len())
		}
	}
}

// ring is a window of fixed size: no entry ever moves. It can't grow, and so isn't one.
type ring struct {
	entries    [2 * steady]*slices.Entry
	head, tail int
}

func (w *ring) push(e *slices.Entry) {
	w.entries[w.tail%len(w.entries)] = e
	w.tail++
}

func (w *ring) expire(before int64) {
	for w.head < w.tail && w.entries[w.head%len(w.entries)].At < before {
		w.entries[w.head%len(w.entries)] = nil
		w.head++
	}
}

const steady = 8192 // entries of a window that neither grows nor shrinks

// In a window of steady size, where each push expires one entry, holding nothing
// costs at most 1.93 times what a ring of fixed size costs: it stays O(1) an entry.
func TestClean_SteadyIsCheap(t *testing.T) {
	const size = steady
	side := func(name string, push func(e *slices.Entry), expire func(before int64)) claim.Side {
		next := int64(0)
		step := func(e *slices.Entry) {
			e.At = next
			push(e)
			next++
			expire(next - size)
		}
		for range size {
			step(new(slices.Entry))
		}
		spare := entries(2 * size) // reused in turn: no entry is in the window twice
		return claim.Side{Name: name, Op: func(n int) {
			for range n {
				step(spare[next%int64(len(spare))])
			}
		}}
	}
	var w slices.Window
	var r ring
	claim.Faster(t, claim.Contest{
		Ours: side("Window, push and expire one", w.Push, func(before int64) { w.Expire(before) }),
		Peer: side("a ring of fixed size", r.push, r.expire),
	}, 1.93)
	if w.Len() != size {
		t.Errorf("a window of %d seconds holds %d entries, one a second", size, w.Len())
	}
}
