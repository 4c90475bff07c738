package iface_test

import (
	"testing"

	"github.com/hone-go/hone/labs/types/iface"
)

// The second word is one pointer: a value that is exactly one goes into it, and every
// other goes somewhere else.
func TestWords_Direct(t *testing.T) {
	iface.WordsDirect.Check(t, "values that lie in the second word themselves", iface.Direct(), `	a c d  pointers, maps and functions are one pointer each; so are channels
	g h    and so are structs and arrays with one of them and nothing else
	b j    one word, but none that the collector may follow: it reads the second
	       word of every interface as a pointer
	e f i  more than a word
	k      a nil interface makes a nil any: both words are 0, and there is no value

cmd/compile/internal/types/type.go, IsDirectIface: the value has the size of a pointer,
and all of it is one.`)
}

// A conversion copies the value. An assignment of the interface copies two words.
func TestWords_Copies(t *testing.T) {
	iface.WordsCopies.Check(t, "a, b, c, *d; second word of b and of c as that of a", iface.Copies(), `	var a any = x      copies x to memory of its own; a points there
	b := a             copies two words: b points to the same copy
	var c any = x      copies x again
	var d any = &x     copies a pointer; nothing else is shared with x
	y := b.([3]int)    copies the value out

What a and b share is never written to: the language has no way to change a value inside
an interface. That is what makes it safe to share.`)
}

// An interface is nil where its first word is.
func TestWords_Nil(t *testing.T) {
	iface.WordsNil.Check(t, "comparisons with nil that are true", iface.Nils(), `	b c e g k n  there is a type in the first word, and nil is its value. That c
	             returns such a value is the famous one: return nil, not f
	a j          both words are 0
	d            a conversion of a nil interface takes no type along: it has none
	f            a failed assertion gives the zero value
	h            errors.Join drops nil errors and returns nil if none is left
	i            asserted to *fault it is a pointer again, and that is nil
	l m          the struct is not nil; the interface inside it is`)
}

// == first compares types, then values of one type, which may not be comparable.
func TestWords_Equal(t *testing.T) {
	iface.WordsEqual.Check(t, "t, f or p for each", iface.Comparisons(), `	int, int64          f  other types, and the values are not looked at
	list, list          p  one type, and slices can't be compared (runtime/alg.go, efaceeq)
	list, nil           f  other types
	list, one           f  other types
	nan, nan            f  one type, compared as its == does
	&list, &list        t  pointers
	pair 1, pair 2      f  n differs, and it comes first
	pair 1, pair 1      p  n is equal, so v is compared
	mixed, mixed        p  a struct with a func is not comparable, whatever is in it:
	                       the type has no function for ==
	Stringer, any       t  which interface they are in doesn't matter
	m[list]             p  a key is hashed before it is looked for`)
}
