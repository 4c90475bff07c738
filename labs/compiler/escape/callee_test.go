package escape_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/compiler/escape"
	"github.com/hone-go/hone/lens/compile"
)

// What can't be known of a callee is assumed.
func TestCallee_Unknown(t *testing.T) {
	ask(t, escape.CalleeUnknown, "which variables of Unknown move to the heap", func() (string, string, string) {
		seen, why := compiledFunc(t, "Unknown").onHeap(t, "a b c d e g h i j k")
		return seen, why, `
A call has tags to look at where the compiler knows which function is called: by name, by
a variable that is never assigned to again, a function literal, a method of a concrete
type, and an interface of which it is known what is in it (null). For the others every
argument goes to the heap. A method value put is no name of a function, although you and
I can see what it is. And PutTo has a type parameter: its one body is shared by all types of
a shape, calls Put through a dictionary, and tells its callers the same about all of them.`
	})
}

// A variable of interface type is as good as a concrete one, if only one type is ever
// assigned to it.
func TestCallee_Concrete(t *testing.T) {
	ask(t, escape.CalleeConcrete, "of which variables of Concrete Scale is called through an interface", func() (string, string, string) {
		f := compiledFunc(t, "Concrete")
		var seen []string
		why := ""
		for _, c := range f.Calls {
			receiver, method, ok := strings.Cut(c.Callee, ".")
			if c.Kind == compile.CallInterface && ok && method == "Scale" {
				seen = append(seen, receiver)
			}
			if strings.HasSuffix(c.Callee, ".Scale") && len(c.Stack) > 0 {
				why += fmt.Sprintf("%s:%d  %s call of %s\n", filepath.Base(c.Stack[0].File), c.Stack[0].Line, c.Kind, filepath.Base(c.Callee))
			}
		}
		slices.Sort(seen)
		return strings.Join(seen, " "), why, `
The compiler collects all that is assigned to the variable. One type: the call is of that
type's method, whichever object it is (b, since Go 1.26). Two types, a parameter, or what a
function returns that was not inlined: it stays an interface call, and what is in the
interface is on the heap. NewScaler was inlined, so d is a *Point for all to see;
PickScaler wasn't.`
	})
}
