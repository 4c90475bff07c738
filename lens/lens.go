// Package lens holds what every lens says in the same way: where in the source
// something stands, through which inlined calls it came there, and how a figure
// is known.
//
// It has no behaviour beyond printing. The lenses themselves are the packages
// below it: [github.com/hone-go/hone/lens/compile] shows what the compiler did,
// [github.com/hone-go/hone/lens/trace] who ran and who waited.
package lens

import (
	"strconv"
	"strings"
)

// A Position is a place in a source file.
type Position struct {
	File   string `json:"file"`             // as the tool that was asked knows it: mostly absolute
	Line   int    `json:"line"`             // from 1; 0 where only the file is known
	Column int    `json:"column,omitempty"` // in bytes, from 1, as the compiler counts; 0 where only the line is known
}

// IsKnown reports whether p names a line.
func (p Position) IsKnown() bool { return p.Line > 0 }

// String is file:line:column, without the parts that are not known, or "-".
func (p Position) String() string {
	if p.File == "" && p.Line == 0 {
		return "-"
	}
	s := p.File
	if p.Line > 0 {
		s += ":" + strconv.Itoa(p.Line)
		if p.Column > 0 {
			s += ":" + strconv.Itoa(p.Column)
		}
	}
	return s
}

// A Site is a position inside a function.
type Site struct {
	Position
	Function string `json:"function,omitempty"` // linker symbol of the function whose text it is: "bytes.(*Buffer).Write"
}

// A Stack says where an instruction, a value or a check comes from: outermost
// first. The last site is where the text stands; every other one is the position
// of a call that was inlined, in the function whose text that call is. Code that
// was not inlined has a stack of one. Stacks are shared: don't write to one.
type Stack []Site

// Text is where the text stands, the zero Site in an empty stack.
func (s Stack) Text() Site {
	if len(s) == 0 {
		return Site{}
	}
	return s[len(s)-1]
}

// Outer is where the text, or the call that brought it, stands in the function
// that was compiled; the zero Site in an empty stack.
func (s Stack) Outer() Site {
	if len(s) == 0 {
		return Site{}
	}
	return s[0]
}

// Inlined reports whether the text came through an inlined call.
func (s Stack) Inlined() bool { return len(s) > 1 }

// String is the text's position, then the calls outwards, as in
// "buffer.go:120:3 inlined at scan.go:30:14".
func (s Stack) String() string {
	if len(s) == 0 {
		return "-"
	}
	var b strings.Builder
	for i := len(s) - 1; i >= 0; i-- {
		if i < len(s)-1 {
			b.WriteString(" inlined at ")
		}
		b.WriteString(s[i].Position.String())
	}
	return b.String()
}

// Provenance says how a figure or a fact is known.
type Provenance string

const (
	// Recorded: the toolchain said so itself, at the moment it decided.
	Recorded Provenance = "recorded"
	// Computed follows from what was recorded, without doubt: a sum, a difference.
	Computed Provenance = "computed"
	// Inferred is likely and may be wrong: two records were matched by position.
	Inferred Provenance = "inferred"
)

// Spell is a linker symbol with its package path as the source has it. In a symbol the dots
// in the last element of the path are escaped, so that the first one ends it, and so is
// what an assembler could not read: "gopkg.in/yaml%2ev3.Marshal"
// (cmd/internal/objabi/path.go).
func Spell(symbol string) string {
	if !strings.Contains(symbol, "%") {
		return symbol
	}
	var b strings.Builder
	for i := 0; i < len(symbol); i++ {
		if symbol[i] == '%' && i+2 < len(symbol) {
			if c, err := strconv.ParseUint(symbol[i+1:i+3], 16, 8); err == nil {
				b.WriteByte(byte(c))
				i += 2
				continue
			}
		}
		b.WriteByte(symbol[i])
	}
	return b.String()
}
