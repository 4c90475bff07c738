package escape_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/compiler/escape"
)

// A frame has a place for each variable that needs an address, and for what it passes.
func TestCost_Frame(t *testing.T) {
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
	escape.CostFrame.Check(t, "whole KiB of the frames of One, Branches, ByValue and ByPointer", strings.Join(seen, " "), why+`
Only one of the two arrays of Branches can be there at a time, and both have a place: the
compiler lets variables share one since Go 1.23, but not where their address was
taken (ssa.IsMergeCandidate). ByValue declares nothing. What it passes is too large for registers: it is
copied out of *p to a temporary, and from there to where FirstWord finds its argument, which
is in the caller's frame too.`)
}
