package escape_test

import (
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/compiler/escape"
)

// leaks asks for one parameter of several functions, and shows their graphs.
func leaks(t *testing.T, to string, functions ...string) (list, why string) {
	t.Helper()
	var seen []string
	for _, name := range functions {
		name, parameter, _ := strings.Cut(name, " ")
		f := compiledFunc(t, name)
		seen = append(seen, f.leak(t, parameter, to))
		why += f.graph(t, parameter)
	}
	return strings.Join(seen, " "), why
}

// What a result has of a parameter is a number: how many pointers lie between.
func TestLeak_Depth(t *testing.T) {
	ask(t, escape.LeakDepth, "how deep is what the results have of their parameters", func() (string, string, string) {
		seen, why := leaks(t, "result", "Itself n", "Next n", "Second n", "Value n", "Place n", "Copy n", "First list", "FirstOf list", "Last n")
		return seen, why, `
&n.next.value is one pointer deep: & takes back the last of the two dereferences. The
elements of a slice are behind one pointer, so &list[0] is the slice's own pointer. In
Last, n = n.next adds one each time, and the least counts: the loop may run zero times.
An int that is returned is no pointer, however deep it lay.`
	})
}

// An assignment through the receiver keeps what is assigned, with one exception.
func TestLeak_Receiver(t *testing.T) {
	ask(t, escape.LeakReceiver, "how deep is what the heap has of b", func() (string, string, string) {
		seen, why := leaks(t, "heap", "(*Buffer).Trim b", "(*Buffer).TrimLater b", "(*Buffer).Reset b", "(*Buffer).Grow b", "(*Buffer).Swap b")
		return seen, why, `
b.data = is a store through a pointer, so what is stored goes to the heap. That would be
ruinous for b.data = b.data[n:], which stores nothing new, so there is an exception for
just that shape (escape/utils.go, isSelfAssign): the same variable on both sides, no call,
no detour. TrimLater does the same by a detour, Grow by a call of append. Reset slices an
array that is inside of *b: that is a pointer to *b itself, which is new, hence no exception.`
	})
}

// What is copied is not kept; what is in what is copied may be.
func TestLeak_Argument(t *testing.T) {
	ask(t, escape.LeakArgument, "how deep is what the heap has of from", func() (string, string, string) {
		seen, why := leaks(t, "heap", "(*Buffer).Fill from", "(*Buffer).Take from", "(*Buffer).Add from", "(*Buffer).Link from", "(*Buffer).Lend from")
		return seen, why, `
copy and append copy elements. Bytes have no pointers in them, so nothing flows. Elements
that are pointers flow to wherever the destination is, which is behind a pointer, so to
the heap, one pointer deep: the array of from stays its owner's, the nodes don't.`
	})
}

// Of eight things that one can do with a pointer, three leave it to the caller.
func TestLeak_Where(t *testing.T) {
	ask(t, escape.LeakWhere, "where the parameters go", func() (string, string, string) {
		var seen []string
		why := ""
		for _, name := range []string{"ToAny p", "ToText p", "ToMap p", "ToClosure p", "ToChannel p", "ToPanic p", "ToAppend p", "ToPart s"} {
			name, parameter, _ := strings.Cut(name, " ")
			f := compiledFunc(t, name)
			where := "-"
			if f.leak(t, parameter, "result") != "-" {
				where = "r"
			}
			if f.leak(t, parameter, "heap") != "-" {
				where = "h"
			}
			seen = append(seen, where)
			why += f.graph(t, parameter)
		}
		return strings.Join(seen, " "), why, `
A pointer in an interface is the same word: it flows to the result. string(p) is a copy.
The closure is returned, so it is on the heap, and what it captured with it; that it
would come back to the caller is a thing that tags cannot say. Maps, channels and
panics have their values on the heap, always, and so has the new array of an append.`
	})
}

// There is a limit to what callers can be told.
func TestLeak_Spread(t *testing.T) {
	ask(t, escape.LeakSpread, "which parameters of Spread leak to the heap", func() (string, string, string) {
		var seen []string
		why := ""
		f := compiledFunc(t, "Spread")
		for _, p := range strings.Fields("a b c d e f g h") {
			if f.leak(t, p, "heap") != "-" {
				seen = append(seen, p)
			}
			why += f.told(t, p) + "\n"
		}
		return strings.Join(seen, " "), why, `
What is known of a parameter is kept in eight bytes of the package's export data: one for
the heap, one for writes through it, one for calls of it, and five for results
(escape/leaks.go). A result beyond the fifth counts as the heap.`
	})
}

// What a caller's variables must fear is what callees do, and nothing else.
func TestLeak_Call(t *testing.T) {
	ask(t, escape.LeakCall, "which variables of Call move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Call").onHeap(t, "a b c d e f g h i j k x y")
		return seen, why, `
	a, d   hold addresses, and nobody has theirs. The Node of a is on the heap: NewNode
	       put it there, and the caller can't help it
	b, c   FillNode keeps nothing; PassNode gives back what it got, and here it stays
	e, f   NextNode(&e) is a nil pointer out of e: e stays. NextNode(&g) is *&g = &f, which is kept
	h, i   LinkNode stores its second argument through its first
	j, k   TrimApart and TrimLaterApart do the same. The array behind x stays, that behind y doesn't`
	})
}
