package look

import (
	"strings"

	"github.com/hone-go/hone/lens/compile"
)

// madeBy matches allocations with what they make, by their PC. Escape analysis and the
// code generator do not always agree on the position of a thing, so the ways in which
// they may differ are tried from the surest on, and no location is taken twice. An
// allocation that fits nothing stays alone: no way is better than a wrong one.
func madeBy(f *compile.Function) map[int64]*compile.Location {
	out := map[int64]*compile.Location{}
	taken := map[*compile.Location]bool{}
	locations := escaping(f)
	for _, fits := range []func(*compile.Function, compile.Allocation, *compile.Location) bool{samePlace, grows, sameLineAndType, parameter, alone} {
		for _, a := range f.Allocations {
			if out[a.PC] != nil {
				continue
			}
			for _, l := range locations {
				if !taken[l] && fits(f, a, l) {
					out[a.PC], taken[l] = l, true
					break
				}
			}
		}
	}
	return out
}

func samePlace(_ *compile.Function, a compile.Allocation, l *compile.Location) bool {
	return sameLine(l.Stack, a.Stack) && l.Stack.Text().Column == a.Stack.Text().Column
}

// grows: a slice grows at the position of the first argument of append, and is a location
// at that of its bracket.
func grows(_ *compile.Function, a compile.Allocation, l *compile.Location) bool {
	return l.Op == "APPEND" && strings.HasPrefix(a.Call, "runtime.growslice") && sameLine(l.Stack, a.Stack)
}

// sameLineAndType: variables of one declaration are all made at its start.
func sameLineAndType(_ *compile.Function, a compile.Allocation, l *compile.Location) bool {
	return sameLine(l.Stack, a.Stack) && sameType(a, l)
}

// parameter: one that moves to the heap is copied there where the function begins.
func parameter(f *compile.Function, a compile.Allocation, l *compile.Location) bool {
	at := a.Stack.Text()
	begins := len(a.Stack) == 1 && at.File == f.Position.File && at.Line == f.Position.Line
	return begins && (l.Kind == compile.LocationParameter || l.Kind == compile.LocationResult) && sameType(a, l)
}

// sameType compares the type that is allocated with that of a location, which the
// compiler writes with the package's path or without.
func sameType(a compile.Allocation, l *compile.Location) bool {
	is := l.Type
	if l.Kind == compile.LocationAllocation {
		is = strings.TrimLeft(is, "*[]")
	}
	what := lastOf(a.What)
	return is != "" && (what == lastOf(is) || strings.HasSuffix(what, "."+is))
}

// alone: the stock compiler says neither column nor type, but on a line that has one of
// each they are the same.
func alone(f *compile.Function, a compile.Allocation, l *compile.Location) bool {
	if a.Stack.Text().Column != 0 || !sameLine(l.Stack, a.Stack) {
		return false
	}
	n := 0
	for _, other := range f.Allocations {
		if sameLine(other.Stack, a.Stack) {
			n++
		}
	}
	for _, other := range escaping(f) {
		if sameLine(other.Stack, a.Stack) {
			n++
		}
	}
	return n == 2
}
