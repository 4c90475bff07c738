package iface_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/types/iface"
)

// Where each method's slot is follows from the interface type alone.
func TestTables_Order(t *testing.T) {
	iface.TablesOrder.Check(t, "functions in the table of a Crowded, in order", iface.TableOrder(), `Methods are sorted by name, exported ones first (cmd/compile/internal/types/sym.go, Less),
in the interface type and in the list of methods of every concrete type. So a table is
filled in one walk along both, in O(ni+nt) steps (runtime/iface.go, itabInit), and i.M()
is the same offset in every table of that interface.`)
}

// What nobody calls is not in the program, whatever tables say.
func TestTables_Lazy(t *testing.T) {
	iface.TablesLazy.Check(t, "functions in the table of a Lazy, in order", iface.TableLazy(), `The linker starts at main and follows references. Those from a table to its methods don't
count. A method is kept where it is called directly, or where some interface has a method
of that name and signature that is called, whatever is converted to it
(cmd/link/internal/ld/deadcode.go). Slots of the others lead to
runtime.unreachableMethod, which would throw.

A program that calls reflect's Method, or MethodByName with a name that the linker can't
see, keeps all exported methods of every type that gets into an interface: text/template
does so.`)
}

// A table holds functions that take the second word as receiver. Where nobody wrote such
// a function the compiler does.
func TestTables_Made(t *testing.T) {
	var b strings.Builder
	for i, name := range iface.MadeNames() {
		fmt.Fprintf(&b, "\t%c  %s\n", 'a'+i, name)
	}
	iface.TablesMade.Check(t, "tables with a function that nobody wrote", iface.Made(), b.String()+`
The caller knows nothing of the type and passes the second word. For a celsius that is a
pointer, so the table needs a function with a pointer as receiver: it loads the value and
calls the method. It is the same function that (*celsius).String is in a table of
*celsius, so there is one for both. A handle is its word, and its own method serves.
A promoted method is another one: its receiver is the outer struct.`)
}

// A table belongs to one pair of an interface type and a concrete type.
func TestTables_Same(t *testing.T) {
	iface.TablesSame.Check(t, "groups with the same first word", iface.SameWords(), `	a b c  one table for fmt.Stringer and celsius, whichever value, and whether the
	       compiler made it or the runtime looked for it
	d      *celsius is another type
	e f    Describer and interface{ String() string } are other types than fmt.Stringer,
	       though each implements the others: three tables with the same function
	g h i  an any has no table; its first word is the type itself. h loads that from
	       the table that it has`)
}

// Tables for conversions that the compiler sees are in the executable.
func TestTables_Late(t *testing.T) {
	iface.TablesLate.Check(t, "tables that the runtime made", iface.Late(), `	a e    written down as conversions: the compiler emits the tables, the linker keeps
	       one of each, and the runtime enters all into its hash table at start
	       (itabsinit)
	b f h  found there: somebody else in the program converts the same pair
	c g    nobody does. getitab takes a lock, makes the table in memory that is never
	       freed, and enters it, once for each pair
	d      the dictionary of convertTo[fahrenheit] holds the table

A pair that does not fit is entered too, with 0 in the first slot, so that the next
failing assertion is as fast as one that succeeds. Observed is the hash in the table:
getitab leaves it 0, because a switch only looks for tables that the compiler made.`)
}

// What is in a type's method set decides, not what one can call.
func TestTables_Implement(t *testing.T) {
	iface.TablesImplement.Check(t, "values that are Stringers", iface.Implements(), `	a b    methods of T are methods of *T
	c      a new type has no methods of the old one
	d e l  a method on *T is none of T; that the pointer is nil doesn't matter
	f g    the same where it is promoted: &outer has a counter that can be pointed to,
	       a copy of outer in an interface has none
	h      by an embedded pointer, *counter's methods come to the struct itself
	i      an embedded interface gives its methods, whether or not it holds something
	j      two of one name at the same depth: neither is promoted, and nobody complains
	k      a pointer to an interface has no methods`)
}

// Which of the ways from an interface to a method look at the value, and when.
func TestTables_Panic(t *testing.T) {
	iface.TablesPanic.Check(t, "statements that panic", iface.Calls(), `	a    a method value binds the table and the receiver now; there is no table
	b    a method expression is a function that takes an interface: nothing is looked at
	c    the method gets a nil pointer, and copes
	d    the function that the compiler made has no value to load, and says so:
	     "value method iface.celsius.String called using nil *celsius pointer"
	e    bound, and not called: the load comes later
	f    hasPointer is a nil *counter, and counter's method copes
	g h  the struct implements Stringer by its embedded interface. h calls through that,
	     and it is nil; g only binds the struct
	i    the method of a nil *hasCounter gets the address of a field of nothing, at
	     offset 8: the compiler checks the outer pointer first`)
}
