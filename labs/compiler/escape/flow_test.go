package escape_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/compiler/escape"
)

// When an address is kept has nothing to do with which addresses can be: the graph has
// no order.
func TestFlow_Order(t *testing.T) {
	ask(t, escape.FlowOrder, "which of a, b, c and d of Order move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Order").onHeap(t, "a b c d")
		return seen, why, `
An edge says that a value may flow, not when. p has the addresses of a, b and d at some
time, and p is kept at some time; the two are not put together. q had p's value, so
what p gets goes to q as well, but nothing goes from q to p: c stays.`
	})
}

// A store through a pointer is not followed: it might be anywhere.
func TestFlow_Store(t *testing.T) {
	ask(t, escape.FlowStore, "which of a to h of Store move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Store").onHeap(t, "a b c d e f g h")
		return seen, why, `
A variable, a field of it and an element of an array variable are one location: a store
there is an edge to it. The elements of a slice literal flow to the literal's array. But for
*q =, slice[i] =, to.f = and m[k] =, what is written to is found out at run time, and the
analysis does not keep track of what a pointer points to. It says: heap.`
	})
}

// Fields and elements are not told apart, and what has no pointer in it does not flow.
func TestFlow_Field(t *testing.T) {
	ask(t, escape.FlowField, "which of a to f of Field move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Field").onHeap(t, "a b c d e f")
		return seen, why, `
A struct is one location, and so is an array: pair.left and pair.right are both pair. But
the type of what flows counts. tagged.tag is an int, and in an int there is no pointer, so
there is no edge. local has a name, too, and nothing flows from it but an int.`
	})
}

// How many & and * are on the way decides who must move.
func TestFlow_Level(t *testing.T) {
	ask(t, escape.FlowLevel, "which variables of Level move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Level").onHeap(t, "a b c p q r pp qq rr")
		return seen, why, `
	*one = *pp     pp holds &p: minus one, plus one, so p's value is kept, which is
	               the address of a. p itself may stay.
	*two = qq      the address of q is kept. q is on the heap then, and what q holds
	               must be there too: b.
	**one = **rr   is an int`
	})
}

// What an iteration declares is a new variable each time, and may not outlive it.
func TestFlow_Loop(t *testing.T) {
	ask(t, escape.FlowLoop, "which of a to e and i of Loop move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Loop").onHeap(t, "a b c d e i")
		return seen, why, `
last is declared outside of the loops. The address of a variable that is declared inside
outlives its iteration there, and the next iteration needs another variable at the same
place of the stack: it moves. That holds for the i of a for clause as well, which is one
for each iteration since Go 1.22. In escape.go this is loopDepth. A label that is jumped
back to adds one to it and nothing takes one away again, since where such a loop ends is
not looked for: so e, which is in no loop, moves too.`
	})
}

// A path is a sequence of assignments, and the sum of its weights says what arrives.
func TestFlow_Route(t *testing.T) {
	ask(t, escape.FlowRoute, "the way of v of Route to the heap", func() (string, string, string) {
		f := compiledFunc(t, "Route")
		v := f.locations("v")
		if len(v) != 1 {
			t.Fatalf("Route has %d variables v", len(v))
		}
		var seen []string
		for _, i := range v[0].Path {
			e := f.Escape.Edges[i]
			seen = append(seen, fmt.Sprint(e.Derefs), station(f.Escape.Locations[e.To]))
		}
		return strings.Join(seen, " "), f.way(v[0].Path), `
The walk goes backwards, from the heap. It adds up weights, and never goes below zero in
between: &c is what d has, and *d takes that back. What arrives at the heap with a sum of
-1 is an address, here that of v. c arrives with 0: its value is kept, and c may stay.`
	})
}
