// Package mutate asks whether tests would notice. It plants small mistakes in a
// package, one at a time, runs the package's own tests on each, and reports the
// mistakes that no test noticed.
//
// It works on any package of any module, reads it where it is, and writes nothing
// there. It does not decide what the tests should have noticed: a survivor is a diff and
// a sentence, and a person says whether it is a hole in the tests, or no mistake at all
// (see [Equivalents]).
//
// Start with [Load], [Package.Scheme] and [Run]. The mistakes are in [Operators].
package mutate

import (
	"fmt"
	"go/token"
)

// How it works
//
// Building a package for each mistake is what makes other tools slow: a second of
// compiler and linker for a test that takes five milliseconds. Here every mistake is in
// one binary, and an environment variable picks one when it starts (mutant schemata:
// Untch, Offutt and Harrold, ISSTA 1993). What used to be a build is a comparison with a
// variable:
//
//	r.notEmpty.Broadcast()         if hone_region != 7 && hone_region != 0 || hone_hit(7) == 0 {
//	                                       r.notEmpty.Broadcast()
//	                               } else if hone_mutant == 12 {
//	                                       r.notEmpty.Signal()
//	                               } else {
//	                               }
//
// An operator knows nothing of this. It proposes edits of the text, as a person would
// make them, and they are what a report shows. To put an edit into the binary, the
// smallest region around it is found that can be written twice without anybody noticing:
//
//   - The edit is a whole boolean expression: the region is the expression, and the
//     choice is made with && and ||, which evaluate only what is chosen. No closure is
//     made, no type is spelled, the result stays an untyped boolean where it was one.
//   - Else it is the statement around the edit.
//   - A statement that declares something which is used later can't go into a block
//     alone: its region reaches to the last statement of its list that uses it.
//   - If these can't go into a block (a label in them is the target of a goto outside, a
//     fallthrough is the last of them), it is the whole list, else the statement around it.
//   - Regions that overlap become one, so that of any two one is in the other, or neither
//     touches the other.
//
// In the worst case that is the body of the function, where an edit is always at home: a
// mutated function is then a copy of the function with the mistake in it, labels
// renamed. So the result is correct for whatever Go the package is written in: nothing
// is known here about generics, method sets, defer, named results or the order of
// initialization, because every alternative is text that a person could have written in
// the same place. Regions nest: the copies are plain text, and only the original
// branch holds the regions inside it, so the size grows with the depth of nesting, not
// with the number of mutants in a function.
//
// What is left for mistakes to be wrong about is compiling. Every copy is named to
// the parser, by a line directive, as a file of its own (hone_mutant_12.go), and
// everything else bears the positions it has in the original. So when go/types or the
// compiler complains, the name in the complaint says which mutant is stillborn, and one
// pass removes them all. "Missing return" is the exception: it is reported at the end of
// the function. It is decided here, on each mutated function, as the specification
// defines it.
//
// Every guard reads one variable: hone_region is the region of the mutant, or of none. In
// the first run it is 0, which opens every guard: hone_hit notes the region and sends it to
// the original. So each test says which mutants it can possibly notice, mutants that no test
// reaches need no run, and the others run only the tests that reach them.
//
// A mutant may wait for ever. The tests run with -test.timeout=0, because a timer keeps
// the runtime's deadlock detector quiet; with it a deadlocked mutant dies in milliseconds.
// A mutant that computes for ever is stopped by its processor time, which a machine busy
// with something else doesn't spend: a loop is known after 0.2 s. One that does neither is
// stopped by wall time, after which its goroutines say whether they wait for each other: that
// is a deadlock, and killed. The rest is "timed out", and the score is given with and
// without it, because whoever waits for the tests notices, but no test does.
//
// What it costs: encoding/json has 2,286 mutants, whose sources are 635 kB and take 2.8 s to
// compile. What it changes: schemata inline less and may allocate more, so a test that counts
// allocations can fail with no mutant chosen. Such tests are set aside, by name. What stays
// as it is: constants, types, the values of package variables that are not boolean,
// generated files, functions under go:nosplit, and the words of errors and panics.

// A Mutant is one mistake.
type Mutant struct {
	ID       string   `json:"id"` // hash of what it changes; the same as long as that code is
	Operator string   `json:"operator"`
	Family   Family   `json:"family"`
	Function string   `json:"function"` // "(*Ring).Put", "" for a package variable
	Position Position `json:"position"`
	Says     string   `json:"says"` // "Put takes no lock": completes "no test notices if …"
	Diff     string   `json:"diff"` // of the original source, as if the mistake was made by hand

	number  int
	edits   []edit
	regions []int
}

// A Position is a place in a source file.
type Position struct {
	File   string `json:"file"` // relative to the package's directory
	Line   int    `json:"line"`
	Column int    `json:"column"`
}

func (p Position) String() string { return fmt.Sprintf("%s:%d:%d", p.File, p.Line, p.Column) }

// An edit puts text in the place of a span of a file.
type edit struct {
	pos, end token.Pos
	text     string
	live     string // what is compiled, where it differs: the same mistake with the odds against it
	boolean  bool   // the span is a boolean expression, not a constant, and so is text
}

// compiled is what stands in the binary.
func (e edit) compiled() string {
	if e.live != "" {
		return e.live
	}
	return e.text
}
