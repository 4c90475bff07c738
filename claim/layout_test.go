package claim_test

//lint:file-ignore U1000 fields are here to lie in memory

import (
	"runtime"
	"strings"
	"sync/atomic"
	"testing"
	"unsafe"

	"github.com/hone-go/hone/claim"
)

type loose struct {
	a bool
	b int64
	c bool
	d int32
	e bool
}

type tight struct {
	b       int64
	d       int32
	a, c, e bool
	_       bool
}

type ring struct {
	head atomic.Uint64
	tail atomic.Uint64
	_    [56]byte
	free atomic.Uint64
	_    [48]byte
	far  uint32
	_    [116]byte
	end  uint64
}

type nested struct {
	on bool
	in struct {
		b byte
		n int32
	}
	all  [2]loose
	name string
}

type sized96 struct {
	a [4]uint64
	b uint64
	_ [56]byte
}

type sized64 struct {
	a [4]uint64
	b uint64
	_ [24]byte
}

type trailing struct {
	n int64
	z struct{}
}

type pointed struct {
	a [80]uint64
	p *int
}

func TestLayout_Holds(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the figures are for 64 bits")
	}
	r := record(t, func(t testing.TB) {
		claim.Layout(t, loose{}).Size(32).SizeAtMost(32).SizeAtMost(40).Align(8).Offset("a", 0).Offset("d", 20).NoPointers()
		claim.Layout(t, tight{}).Size(16).NoPadding()
		claim.Layout(t, (*ring)(nil)).DifferentLines("tail", "free").DifferentLines("head", "free").Line(128).DifferentLines("far", "head")
		claim.Layout(t, nested{}).Offset("in.n", 8).Offset("name", 80)
		claim.Layout(t, sized64{}).SameLine("a", "b")
		claim.Layout(t, struct{ a, b int32 }{}).SameLine("a", "b")
		claim.Layout(t, int64(0)).Size(8).NoPadding().NoPointers()
		claim.Layout(t, struct{}{}).Size(0)
	})
	r.wantSilent(t)
}

// Each claim, where it is wrong, fails with what is the case.
func TestLayout_Fails(t *testing.T) {
	if unsafe.Sizeof(uintptr(0)) != 8 {
		t.Skip("the figures are for 64 bits")
	}
	for name, red := range map[string]struct {
		claim func(t testing.TB)
		says  []string
	}{
		"size":         {func(t testing.TB) { claim.Layout(t, loose{}).Size(24) }, []string{"loose has 32 bytes on " + runtime.GOARCH + ", claimed 24", "offset   size  line  field", "    20      4     0  d int32"}},
		"size smaller": {func(t testing.TB) { claim.Layout(t, loose{}).Size(40) }, []string{"32 bytes"}},
		"at most":      {func(t testing.TB) { claim.Layout(t, loose{}).SizeAtMost(31) }, []string{"claimed at most 31"}},
		"align":        {func(t testing.TB) { claim.Layout(t, loose{}).Align(4) }, []string{"aligned to 8"}},
		"offset":       {func(t testing.TB) { claim.Layout(t, loose{}).Offset("d", 16) }, []string{"loose.d stands at offset 20", "claimed 16"}},
		"padding": {func(t testing.TB) { claim.Layout(t, loose{}).NoPadding() },
			[]string{"17 bytes of padding", "7 behind a, 3 behind c, 7 behind e", "In the order b, d, a, c, e it has 16 bytes"}},
		"padding within":      {func(t testing.TB) { claim.Layout(t, nested{}).NoPadding() }, []string{"44 bytes of padding", "3 behind in.b", "34 within all"}},
		"padding of elements": {func(t testing.TB) { claim.Layout(t, [3]loose{}).NoPadding() }, []string{"51 bytes of padding"}},
		"padding at the end":  {func(t testing.TB) { claim.Layout(t, trailing{}).NoPadding() }, []string{"8 bytes of padding", "8 behind z", "In the order z, n it has 8 bytes"}},
		"pointers":            {func(t testing.TB) { claim.Layout(t, nested{}).NoPointers() }, []string{"name string"}},
		"pointers, no struct": {func(t testing.TB) { claim.Layout(t, []int{}).NoPointers() }, []string{"[]int"}},
		"different lines":     {func(t testing.TB) { claim.Layout(t, ring{}).DifferentLines("head", "tail") }, []string{"ring.head and tail start 8 bytes apart and share"}},
		// 56 bytes between the starts of the words is enough only at the start of a line.
		"different lines somewhere": {func(t testing.TB) {
			claim.Layout(t, struct {
				a uint64
				_ [48]byte
				b uint64
				_ [56]byte
				c uint64
			}{}).DifferentLines("a", "b")
		}, []string{"start 56 bytes apart and share"}},
		"different lines by alignment": {func(t testing.TB) {
			claim.Layout(t, struct {
				_ [60]byte
				a uint32
				_ [56]byte
				b uint32
			}{}).DifferentLines("a", "b")
		}, []string{"start 60 bytes apart and share", "in a value that starts 4 bytes behind"}},
		"different lines, one pair": {func(t testing.TB) { claim.Layout(t, ring{}).DifferentLines("head", "free", "far") }, []string{"ring.free and far start 56 bytes apart"}},
		"different pairs":           {func(t testing.TB) { claim.Layout(t, ring{}).Line(128).DifferentLines("tail", "free") }, []string{"line of 128 bytes"}},
		"same line":                 {func(t testing.TB) { claim.Layout(t, ring{}).SameLine("head", "free") }, []string{"ring.head and free do not share", "Move them together"}},
		"same line by luck": {func(t testing.TB) { claim.Layout(t, sized96{}).SameLine("a", "b") },
			[]string{"sized96.a and b do not share a cache line of 64 bytes in a value that starts 32 bytes behind", "class of 96 bytes", "aligned to 32"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := record(t, red.claim)
			r.wantFailed(t, claim.OutcomeBudget, red.says...)
			if e := r.evidence(t); len(e) != 1 || e[0].Kind != "text" || !strings.Contains(e[0].Text, "aligned to") {
				t.Errorf("evidence = %+v, want one table", e)
			}
		})
	}
}

// A claim about nothing is not a claim that holds.
func TestLayout_FailsClosed(t *testing.T) {
	for name, red := range map[string]struct {
		claim func(t testing.TB)
		says  string
	}{
		"no claim":    {func(t testing.TB) { claim.Layout(t, loose{}) }, "claims nothing"},
		"only a line": {func(t testing.TB) { claim.Layout(t, loose{}).Line(128) }, "claims nothing"},
		"nil":         {func(t testing.TB) { claim.Layout(t, nil).Size(0) }, "no type"},
		"no field":    {func(t testing.TB) { claim.Layout(t, loose{}).Offset("f", 0) }, "no field f: it has a, b, c, d, e"},
		"no path":     {func(t testing.TB) { claim.Layout(t, loose{}).Offset("a.b", 0) }, "bool has no field b: it is no struct"},
		"blank":       {func(t testing.TB) { claim.Layout(t, ring{}).Offset("_", 16) }, "no field _"},
		"empty":       {func(t testing.TB) { claim.Layout(t, struct{}{}).Offset("", 0) }, "it has none with a name"},
		"no fields":   {func(t testing.TB) { claim.Layout(t, ring{}).DifferentLines() }, "name two or more"},
		"one field":   {func(t testing.TB) { claim.Layout(t, ring{}).SameLine("head") }, "name two or more"},
		"absent line": {func(t testing.TB) { claim.Layout(t, ring{}).DifferentLines("head", "tial") }, "no field tial"},
		"no bytes":    {func(t testing.TB) { claim.Layout(t, trailing{}).DifferentLines("n", "z") }, "has no bytes"},
		"odd line":    {func(t testing.TB) { claim.Layout(t, ring{}).Line(100).DifferentLines("head", "free") }, "power of two"},
	} {
		t.Run(name, func(t *testing.T) { record(t, red.claim).wantFailed(t, "", red.says) })
	}
}

// What SameLine believes of the allocator is so: as many values as it takes to see
// every place in a line.
func TestLayout_AllocatorAligns(t *testing.T) {
	var keep []any
	for name, try := range map[string]func() (align uintptr, at uintptr){
		"8":       alignment[[8]byte](&keep),
		"16":      alignment[[2]*int](&keep),
		"48":      alignment[[6]uint64](&keep),
		"64":      alignment[sized64](&keep),
		"96":      alignment[sized96](&keep),
		"pointed": alignment[pointed](&keep),
		"1024":    alignment[[1024]byte](&keep),
		"3072":    alignment[[3000]byte](&keep),
		"40000":   alignment[[5000]*int](&keep),
	} {
		for range 200 {
			if align, at := try(); at%align != 0 {
				t.Errorf("%s: a value stands at %#x, believed to be aligned to %d", name, at, align)
				break
			}
		}
	}
}

func alignment[T any](keep *[]any) func() (uintptr, uintptr) {
	return func() (uintptr, uintptr) {
		p := new(T)
		*keep = append(*keep, p)
		return claim.HeapAlign(*p), uintptr(unsafe.Pointer(p))
	}
}
