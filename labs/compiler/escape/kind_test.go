package escape_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/compiler/escape"
	"github.com/hone-go/hone/lens/compile"
)

// There are two limits: one for what is declared, and one for what is only implied.
func TestKind_Large(t *testing.T) {
	ask(t, escape.KindLarge, "what of a to h of Large is on the heap", func() (string, string, string) {
		f := compiledFunc(t, "Large")
		large := map[int]bool{} // lines of things that are too large
		why := ""
		for _, l := range f.Escape.Locations {
			if !l.Escapes || len(l.Stack) == 0 {
				continue
			}
			large[l.Stack[0].Line] = true
			for _, i := range l.Path {
				why += f.edge(f.Escape.Edges[i])
			}
		}
		var seen []string
		for _, name := range strings.Fields("a b c d e f g h") {
			if slices.ContainsFunc(f.locations(name), func(l compile.Location) bool { return large[l.Stack[0].Line] }) {
				seen = append(seen, name)
			}
		}
		return strings.Join(seen, " "), why, `
Declared by var or :=, a variable may have 128 KiB (ir/cfg.go, MaxStackVarSize). What new,
& and make put on the stack is implicit, and may have 64 KiB (MaxImplicitStackVarSize).
Both include the limit itself. Nothing of this says how deep the stack is: it grows.`
	})
}

// A closure takes a copy where it can, and an address where it can't.
func TestKind_Capture(t *testing.T) {
	ask(t, escape.KindCapture, "which variables of Capture move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Capture").onHeap(t, "a b c d e f g h i")
		return seen, why, `
A variable is captured by value if its address isn't taken, if it is not assigned to again,
and if it has at most 128 bytes (escape.go, flowClosure). "Again" means after the first
closure has captured it, or in it: what happened before, at the same loop depth, is
forgiven (escape/expr.go). So b and h are copied, and so is c with its 128 bytes. d has
136; e is assigned to in the closure, g after it; f has an address; i is captured inside
the loop that changes it.`
	})
}

// What waits for the end of the function can wait on its stack, if the compiler can count it.
func TestKind_Defer(t *testing.T) {
	ask(t, escape.KindDefer, "which variables of Defer move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Defer").onHeap(t, "a b c d e f")
		return seen, why, `
A defer that is in no loop runs at most once, in a frame that is still there: neither its
record nor what it refers to leaves, conditional or not (escape/call.go, goDeferStmt). In a
loop there are as many as there are iterations. A goroutine has a stack of its own, and
pointers into somebody else's stack are what there must never be.`
	})
}

// A method value is a closure over its receiver, or over a copy of it.
func TestKind_Bound(t *testing.T) {
	ask(t, escape.KindBound, "which variables of Bound move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Bound").onHeap(t, "a b c d e")
		return seen, why, `
a.Add holds &a, and is kept. b.Show holds a copy of b, since Show has a value for a
receiver: there is an object on the heap, and it is not b. c.Add and d.Add hold addresses,
but stay: Each calls what it is given and keeps nothing, which its tag says.`
	})
}

// A frame has a place for each variable that needs an address, and for what it passes.
func TestKind_Frame(t *testing.T) {
	ask(t, escape.KindFrame, "whole KiB of the frames of One, Branches, ByValue and ByPointer", func() (string, string, string) {
		var seen []string
		why := ""
		for _, name := range []string{"One", "Branches", "ByValue", "ByPointer"} {
			f := compiledFunc(t, name)
			seen = append(seen, fmt.Sprint(f.Code.Frame>>10))
			why += fmt.Sprintf("%-10s %5d bytes\n", name, f.Code.Frame)
			for _, s := range f.Code.Slots {
				if s.Class == "PAUTO" && s.Size >= 1024 {
					why += fmt.Sprintf("           %5d  %s %s, at %d\n", s.Size, s.Name, s.Type, s.Offset)
				}
			}
		}
		return strings.Join(seen, " "), why, `
Only one of the two arrays of Branches can be there at a time, and both have a place: the
compiler lets variables share one since Go 1.23, but not where their address was
taken (ssa.IsMergeCandidate). ByValue declares nothing. What it passes is too large for registers: it is
copied out of *p to a temporary, and from there to where FirstWord finds its argument, which
is in the caller's frame too.`
	})
}
