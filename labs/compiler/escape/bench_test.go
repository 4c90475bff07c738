//go:build !race

package escape_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/escape"
)

// This file is built without the race detector: it counts allocations, and asks what the
// compiler did to your code. The detector makes the one mean nothing.

// A row is one call that is counted.
type row struct {
	name string
	f    func()
}

// count runs the calls and lists the allocations of each: "0 1 2".
func count(rows ...row) (list, table string) {
	var seen []string
	for _, r := range rows {
		n := fmt.Sprint(testing.AllocsPerRun(100, r.f))
		seen = append(seen, n)
		table += fmt.Sprintf("%s  %s\n", n, r.name)
	}
	return strings.Join(seen, " "), table + "\n"
}

// groups writes "0 1 2 3" as "01 23", for groups of two.
func groups(list string, of int) string {
	digits := strings.ReplaceAll(list, " ", "")
	var out []string
	for i := 0; i+of <= len(digits); i += of {
		out = append(out, digits[i:i+of])
	}
	return strings.Join(out, " ")
}

// make with a size that is known only at run time gets a small buffer, and the heap
// behind it.
func TestKind_Make(t *testing.T) {
	ask(t, escape.KindMake, "allocations of the nine functions with 2, and with 40", func() (string, string, string) {
		var rows []row
		var names []string
		for _, m := range []struct {
			name string
			f    func(int)
		}{
			{"MakeConst", escape.MakeConst}, {"MakeNamed", escape.MakeNamed}, {"MakeParam", escape.MakeParam},
			{"MakeCapped", escape.MakeCapped}, {"MakeRoom", escape.MakeRoom}, {"MakeInts", escape.MakeInts},
			{"MakeWide", escape.MakeWide}, {"MakeLen", escape.MakeLen}, {"MakeFixed", escape.MakeFixed},
		} {
			names = append(names, m.name)
			for _, n := range []int{2, 40} {
				rows = append(rows, row{fmt.Sprintf("%s(%d)", m.name, n), func() { m.f(n) }})
			}
		}
		seen, table := count(rows...)
		return groups(seen, 2), table + allocations(t, names...), `
None of these slices escapes. A size that is constant, or a variable that is never assigned
to again and holds a constant, or the length of such a literal, makes the array a variable
of that size. For any other size the compiler sets 32 bytes aside and calls makeslice when
they don't do (since Go 1.25; escape/utils.go, walk/builtin.go): 32 bytes, 4 ints, and not
one element of 40. A limit of 40 is not looked at. The size of MakeFixed is assigned to again,
so it is unknown when this is decided; once a later pass finds out that it is always 40,
all that is left of the two cases is the call.`
	})
}

// A value in an interface is behind a pointer. That pointer need not be to new memory.
func TestKind_Box(t *testing.T) {
	ask(t, escape.KindBox, "allocations of the twelve conversions", func() (string, string, string) {
		var keep any
		node, number, small, octet, text := new(escape.Node), 1000, 200, byte(200), "go"
		list, none := []int{1}, ""
		seen, table := count(
			row{"BoxInt(1000)", func() { escape.BoxInt(&keep, number) }},
			row{"BoxInt(200)", func() { escape.BoxInt(&keep, small) }},
			row{"BoxByte(200)", func() { escape.BoxByte(&keep, octet) }},
			row{"BoxConst", func() { escape.BoxConst(&keep) }},
			row{`BoxString("go")`, func() { escape.BoxString(&keep, text) }},
			row{`BoxString("")`, func() { escape.BoxString(&keep, none) }},
			row{"BoxPointer", func() { escape.BoxPointer(&keep, node) }},
			row{"BoxArray", func() { escape.BoxArray(&keep, [1]*escape.Node{node}) }},
			row{"BoxPair", func() { escape.BoxPair(&keep, [2]*escape.Node{node}) }},
			row{"BoxEmpty", func() { escape.BoxEmpty(&keep) }},
			row{"BoxFunc", func() { escape.BoxFunc(&keep, func() {}) }},
			row{"BoxSlice", func() { escape.BoxSlice(&keep, list) }},
		)
		return seen, table +
				allocations(t, "BoxInt", "BoxByte", "BoxConst", "BoxString", "BoxPointer", "BoxArray", "BoxPair", "BoxEmpty", "BoxFunc", "BoxSlice"), `
A type whose value is one pointer is put into the interface as it is: *Node, a function,
an array of one pointer. Others need an address. Bytes have one in a table of all 256
(runtime, staticuint64s), which serves integers below 256 as well; constants have one in the
binary; zero values and types without size share one. The rest is copied to new memory.`
	})
}

// A constructor that is inlined allocates in its caller, where the object may stay.
func TestCallee_New(t *testing.T) {
	ask(t, escape.CalleeNew, "allocations of the six users", func() (string, string, string) {
		seen, table := count(
			row{"UsePoint", func() { escape.UsePoint(1) }},
			row{"UseApart", func() { escape.UseApart(1) }},
			row{"UseScaler", func() { escape.UseScaler(1) }},
			row{"UseChecked", func() { escape.UseChecked(1) }},
			row{"UseSafe", func() { escape.UseSafe(1) }},
			row{"UseLoop", func() { escape.UseLoop(1) }},
		)
		why := ""
		for _, name := range []string{"NewPoint", "NewApart", "NewScaler", "NewChecked", "NewSafe", "NewLoop"} {
			in := compiledFunc(t, name).Inlining
			why += fmt.Sprintf("%-11s", name)
			if in.Inlinable {
				why += fmt.Sprintf("can be inlined, cost %d of %d\n", in.Cost, in.Budget)
			} else {
				why += "can't be inlined: " + in.Reason + "\n"
			}
		}
		return seen, table + why, `
&Point{} is returned, so it escapes from its constructor. Inlined, it is an expression of the
caller's, and escape analysis comes after inlining. NewScaler's result is an interface
and still a *Point. NewChecked is too dear because of one call of fmt.Errorf, on the way that
is never taken. A defer can't be inlined; a loop can.`
	})
}

// An option is called through a variable, and what it is given is the object.
func TestCallee_Style(t *testing.T) {
	ask(t, escape.CalleeStyle, "allocations of ByOptions and ByChain", func() (string, string, string) {
		n, name := 80, "a"
		seen, table := count(
			row{"ByOptions", func() { escape.ByOptions(n, name) }},
			row{"ByChain", func() { escape.ByChain(n, name) }},
		)
		_, ways := compiledFunc(t, "NewServer").onHeap(t, "s")
		return seen, table + allocations(t, "ByOptions", "ByChain"), `
All of ByOptions was inlined, and the closures and the list of options are on its stack:
whoever calls o keeps nothing of it. But which function o is, the loop can't say, so what
is passed to it escapes: that is the Server. In a chain each method is known, and each
says that its receiver goes to its result and nowhere else.

` + ways
	})
}

// The body of a range over a function is a function, passed to the iterator.
func TestCallee_Range(t *testing.T) {
	ask(t, escape.CalleeRange, "allocations of the three sums", func() (string, string, string) {
		given := escape.Count(9)
		seen, table := count(
			row{"SumInlined(9)", func() { escape.SumInlined(9) }},
			row{"SumApart(9)", func() { escape.SumApart(9) }},
			row{"SumGiven(seq)", func() { escape.SumGiven(given) }},
		)
		return seen, table + allocations(t, "SumInlined", "SumApart", "CountApart", "SumGiven"), `
SumInlined has the iterator's function before it, inlines it and then the body into it:
what is left is a loop. The others call a function that they don't know, so the body, a
closure, escapes, and what it captures by reference with it: sum, and a state variable that
catches misuse of the iterator. These are two ints and share an object. In SumApart the
iterator itself is another closure on the heap.`
	})
}

// Generic functions are compiled for what they sort; interfaces hide it.
func TestCallee_Sort(t *testing.T) {
	ask(t, escape.CalleeSort, "allocations of SortSlice, SortSort, SortFunc, SortSearch", func() (string, string, string) {
		s, by := []int{3, 1, 2}, 1
		seen, table := count(
			row{"SortSlice", func() { escape.SortSlice(s) }},
			row{"SortSort", func() { escape.SortSort(s) }},
			row{"SortFunc", func() { escape.SortFunc(s, by) }},
			row{"SortSearch", func() { escape.SortSearch(s, by) }},
		)
		return seen, table + allocations(t, "SortSlice", "SortSort", "SortFunc", "SortSearch"), `
sort.Slice takes the slice as an any, which is three words behind a pointer, and makes
a closure that swaps. Its less is not kept, so that stays. sort.Sort calls methods that it
doesn't know, so the slice in the interface escapes. slices.SortFunc and sort.Search call
a function that they don't know either, but pass it elements and indices: those are copies.`
	})
}

// A variable that moves is allocated where it is declared, whatever happens after that.
func TestKind_Early(t *testing.T) {
	ask(t, escape.KindEarly, "allocations of Early(1), Early(1000), Late(1), Late(1000)", func() (string, string, string) {
		seen, table := count(
			row{"Early(1)", func() { _, _ = escape.Early(1) }},
			row{"Early(1000)", func() { _, _ = escape.Early(1000) }},
			row{"Late(1)", func() { _, _ = escape.Late(1) }},
			row{"Late(1000)", func() { _, _ = escape.Late(1000) }},
		)
		return seen, table + allocations(t, "Early", "Late"), `
n is a parameter, so it is declared at the function's beginning, and there it is copied to
the heap, before anybody knows whether this call will need that. In Late it is a
variable of the branch that fails that moves.`
	})
}

// Small objects without pointers share memory.
func TestKind_Keep(t *testing.T) {
	ask(t, escape.KindKeep, "allocations of KeepTwo, KeepThree, KeepStruct, KeepNew", func() (string, string, string) {
		var keep [3]*int
		seen, table := count(
			row{"KeepTwo", func() { escape.KeepTwo(&keep) }},
			row{"KeepThree", func() { escape.KeepThree(&keep) }},
			row{"KeepStruct", func() { escape.KeepStruct(&keep) }},
			row{"KeepNew", func() { escape.KeepNew(&keep) }},
		)
		return seen, table + allocations(t, "KeepTwo", "KeepThree", "KeepStruct", "KeepNew"), `
Since Go 1.25 the compiler lets variables that move in one go share an object, as long as
they have no pointers and fit into 16 bytes (ssagen/ssa.go, maxAggregatedHeapAllocation).
new(int) is no variable, and is not in that. Where two share, each keeps the other: the
object is freed when nobody points to either.`
	})
}

// A buffer that is read into through an interface is on the heap. There are three ways out.
func TestCallee_Read(t *testing.T) {
	ask(t, escape.CalleeRead, "allocations of ReadFrom, ReadGeneric, ReadZeros, ReadRoom", func() (string, string, string) {
		z := new(escape.Zeros)
		seen, table := count(
			row{"ReadFrom", func() { escape.ReadFrom(z) }},
			row{"ReadGeneric", func() { escape.ReadGeneric(z) }},
			row{"ReadZeros", func() { escape.ReadZeros(z) }},
			row{"ReadRoom", func() { escape.ReadRoom(z) }},
		)
		return seen, table + allocations(t, "ReadFrom", "ReadZeros", "ReadRoom"), `
Any Read might keep the slice, so buf moves. A type parameter doesn't help: *Zeros and all
other pointers have one body between them, with a call through a dictionary. With the type
itself, the tag of its Read says that p stays. And memory that is on the heap anyway, here
inside of the reader, can be read into by whatever is called. bufio is built on that.`
	})
}

// What it takes to write a number.
func TestCallee_Number(t *testing.T) {
	ask(t, escape.CalleeNumber, "allocations of Sprintf, Appendf, Itoa, AppendInt, of 1000, 77 and 7", func() (string, string, string) {
		dst := make([]byte, 0, 64)
		var rows []row
		for _, w := range []struct {
			name string
			f    func([]byte, int) []byte
		}{
			{"Sprintf", escape.Sprintf}, {"Appendf", escape.Appendf}, {"Itoa", escape.Itoa}, {"AppendInt", escape.AppendInt},
		} {
			for _, n := range []int{1000, 77, 7} {
				rows = append(rows, row{fmt.Sprintf("%s(%d)", w.name, n), func() { dst = w.f(dst[:0], n) }})
			}
		}
		seen, table := count(rows...)
		return groups(seen, 3), table + allocations(t, "Sprintf", "Appendf", "Itoa", "AppendInt"), `
	Sprintf     the int in an interface, from 256 on, and the string, from two bytes on
	Appendf     the int in an interface, from 256 on
	Itoa        the string; for numbers below 100 there is one already
	AppendInt   nothing: the digits go to dst by way of an array on the stack`
	})
}

// With room in dst, writing a sample allocates nothing, and neither does its number: the
// sample, its labels and its order are on stacks.
func TestEncode_AllocatesNothing(t *testing.T) {
	dst := make([]byte, 0, 4096)
	labels := func(n int) []escape.Label {
		var list []escape.Label
		for i := range n {
			list = append(list, escape.Label{Name: fmt.Sprintf("l%02d", (i*7)%32), Value: "a \"quoted\" text\n"})
		}
		return list
	}
	few, many := labels(3), labels(escape.MaxLabels)
	var err error
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"AppendSample, 3 labels", func() {
			s := escape.Sample{Metric: "requests", Labels: few, Value: 1234.5, Time: 1700000000000}
			dst, err = escape.AppendSample(dst[:0], &s)
		}},
		{"AppendSample, 32 labels", func() {
			s := escape.Sample{Metric: "requests", Labels: many, Value: 1e100, Time: -1}
			dst, err = escape.AppendSample(dst[:0], &s)
		}},
		{"AppendSample, labels that are a literal", func() {
			s := escape.Sample{Metric: "requests", Labels: []escape.Label{{"path", "/"}, {"code", "200"}}}
			dst, err = escape.AppendSample(dst[:0], &s)
		}},
		{"Fingerprint, 32 labels", func() {
			s := escape.Sample{Metric: "requests", Labels: many}
			_, err = escape.Fingerprint(&s)
		}},
	} {
		claim.Allocs(t, 0, c.f)
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		if t.Failed() {
			t.Fatalf("this was %s. For each allocation there is one reason; hone look .AppendSample --escape names it", c.name)
		}
	}
}

// Nothing of a sample is kept or given to a result, so a caller's sample, its labels and
// their texts need not be on the heap, whatever the caller does with the error.
func TestEncode_SampleStays(t *testing.T) {
	c := claim.Compiler(t, ".")
	c.Func("AppendSample").NoEscape("s")
	c.Func("Fingerprint").NoEscape("s")
}

// In the code of Fingerprint, and of all that is inlined into it, there is no instruction
// that could allocate: not for a small buffer's overflow, and not for the error.
func TestEncode_NoHeapInFingerprint(t *testing.T) {
	claim.Compiler(t, ".").Func("Fingerprint").NoHeapAlloc()
}

// A range over Labels allocates nothing, in a package that knows nothing of it.
func TestWalk_AllocatesNothing(t *testing.T) {
	text := `requests{code="200",path="/a \"b\"",region="eu"}`
	bytes := 0
	claim.Allocs(t, 0, func() {
		n := 0
		for l, err := range escape.Labels(text) {
			if err != nil {
				t.Error(err)
			}
			bytes += len(l.Value)
			n++
		}
		if n != 3 {
			t.Errorf("%d labels of 3", n)
		}
	})
}

// In the code of Tally, which ranges over Labels, and of all that is inlined into it,
// there is no instruction that could allocate: no closure, no variable that closures
// share, no label.
func TestWalk_NoHeapInTally(t *testing.T) {
	claim.Compiler(t, ".").Func("Tally").NoHeapAlloc()
}
