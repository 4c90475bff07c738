package slices_test

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"text/tabwriter"

	"github.com/hone-go/hone/labs/types/slices"
)

// threshold is where growth begins to slow down: nextslicecap in runtime/slice.go.
const threshold = 256

// header is what the allocator puts before an object with pointers that is larger
// than 512 bytes: gc.MallocHeaderSize, gc.MinSizeForMallocHeader.
const header, minForHeader = 8, 512

// want is nextslicecap: the capacity that append asks for, in elements, with its sum.
func want(newLen, old int) (int, string) {
	switch {
	case newLen > 2*old:
		return newLen, fmt.Sprintf("%d, which is past 2×%d", newLen, old)
	case old < threshold:
		return 2 * old, fmt.Sprintf("2×%d = %d", old, 2*old)
	}
	n := old
	for n < newLen {
		n += (n + 3*threshold) / 4
	}
	return n, fmt.Sprintf("%d + (%d+768)/4 = %d", old, old, n)
}

// classFor returns the smallest size class of this runtime that holds n bytes.
func classFor(n int) int {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	for _, c := range m.BySize {
		if int(c.Size) >= n {
			return int(c.Size)
		}
	}
	return n
}

// A grown is one append to a full slice: of how many elements, of which size.
type grown struct {
	old, added, size int
	pointers         bool
	seen             int // the capacity that this toolchain gave
}

// growth shows how the runtime comes from a full slice to a capacity.
func growth(rows ...grown) string {
	var b strings.Builder
	w := tabwriter.NewWriter(&b, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "full\tasked for\tbytes\tsize class\tcapacity\tobserved")
	for _, r := range rows {
		n, sum := want(r.old+r.added, r.old)
		bytes, extra, note := n*r.size, 0, ""
		if r.pointers && bytes > minForHeader {
			extra, note = header, " + 8 header"
		}
		class := classFor(bytes + extra)
		fmt.Fprintf(w, "%d × %d B\t%s\t%d%s\t%d\t(%d-%d)/%d = %d\t%d\n",
			r.old, r.size, sum, bytes, note, class, class, extra, r.size, (class-extra)/r.size, r.seen)
	}
	w.Flush()
	return b.String() + `
Asked for: runtime/slice.go, nextslicecap of Go 1.26, computed here.
Size class: runtime.MemStats.BySize of this process, recorded. The allocator
hands out whole classes, so append takes the rest of the class as capacity.`
}

// What append asks for is a number of elements; what it gets is a piece of memory,
// and pieces come in fixed sizes.
func TestGrowth_Small(t *testing.T) {
	slices.GrowthSmall.Check(t, "capacities after an append to 4 ints, 5 ints, 5 bytes", slices.AppendSmall(), growth(
		grown{4, 1, 8, false, slices.CapAfter[int](4)},
		grown{5, 1, 8, false, slices.CapAfter[int](5)},
		grown{5, 1, 1, false, slices.CapAfter[byte](5)},
	))
}

// Growth slows down from a threshold on, and smoothly: there is no capacity at
// which the factor drops from 2 to 1.25.
func TestGrowth_Large(t *testing.T) {
	slices.GrowthLarge.Check(t, "capacities after an append to 255, 256 and 512 ints", slices.AppendLarge(), growth(
		grown{255, 1, 8, false, slices.CapAfter[int](255)},
		grown{256, 1, 8, false, slices.CapAfter[int](256)},
		grown{512, 1, 8, false, slices.CapAfter[int](512)},
	)+fmt.Sprintf(`

The step is (cap + 3×256)/4. At 256 that is 256, a doubling; from there the factor
falls towards 1.25: cap(append) of 1,024 ints is %d here, of 65,536 it is %d.`,
		slices.CapAfter[int](1024), slices.CapAfter[int](65536)))
}

// Two element types of one size, and what the collector must know about them.
func TestGrowth_Pointers(t *testing.T) {
	slices.GrowthPointers.Check(t, "capacities after an append to 64 ints and to 64 pointers", slices.AppendPointers(), growth(
		grown{64, 1, 8, false, slices.CapAfter[int](64)},
		grown{64, 1, 8, true, slices.CapAfter[*int](64)},
	)+`

An object with pointers that is larger than 512 bytes carries an 8-byte header,
its type, for the collector (runtime/msize.go, roundupsize). 1,024 bytes and the
header don't fit the class of 1,024.`)
}

// A number of elements that doubling doesn't reach is asked for exactly.
func TestGrowth_Five(t *testing.T) {
	slices.GrowthFive.Check(t, "capacity after five more to 4 ints", slices.AppendFive(), growth(
		grown{4, 5, 8, false, slices.AppendFive()},
	)+`

append never doubles twice. Neither does it leave spare room on purpose after such
a jump: what is spare is what rounding up to the size class gave. A loop of large
appends that each more than double thus moves the slice every time.`)
}

// What amortised O(1) is, in numbers.
func TestGrowth_Thousand(t *testing.T) {
	var rows []grown
	for old := 4; old < 1000; {
		seen := slices.CapAfter[int](old)
		rows = append(rows, grown{old, 1, 8, false, seen})
		old = seen
	}
	slices.GrowthThousand.Check(t, "moves, elements copied, final capacity", slices.AppendThousand(),
		growth(rows...)+"\n\nCopied is the sum of the first column.")
}
