package lens_test

import (
	"fmt"
	"testing"

	"github.com/hone-go/hone/lens"
)

func ExampleStack() {
	s := lens.Stack{
		{Position: lens.Position{File: "scan.go", Line: 30, Column: 14}, Function: "p.Scan"},
		{Position: lens.Position{File: "buffer.go", Line: 120, Column: 3}, Function: "p.(*buffer).write"},
	}
	fmt.Println(s)
	fmt.Println(s.Inlined(), s.Text().Function, s.Outer().Function)
	// Output:
	// buffer.go:120:3 inlined at scan.go:30:14
	// true p.(*buffer).write p.Scan
}

// What is not known is not printed.
func TestPosition_PrintsWhatIsKnown(t *testing.T) {
	for want, p := range map[string]lens.Position{
		"-":        {},
		"a.go":     {File: "a.go"},
		"a.go:3":   {File: "a.go", Line: 3},
		"a.go:3:1": {File: "a.go", Line: 3, Column: 1},
	} {
		if got := p.String(); got != want || p.IsKnown() != (p.Line > 0) {
			t.Errorf("%#v prints %q, want %q", p, got, want)
		}
	}
	var none lens.Stack
	if none.String() != "-" || none.Text() != (lens.Site{}) || none.Outer() != (lens.Site{}) {
		t.Errorf("an empty stack is %v, %v, %v", none, none.Text(), none.Outer())
	}
}

func TestSpell(t *testing.T) {
	for symbol, want := range map[string]string{
		"gopkg.in/yaml%2ev3.Marshal": "gopkg.in/yaml.v3.Marshal",
		"bytes.(*Buffer).Write":      "bytes.(*Buffer).Write",
		"a%25b.F":                    "a%b.F",
		"a.F%":                       "a.F%",
		"a.F%zz%2":                   "a.F%zz%2",
		"":                           "",
	} {
		if got := lens.Spell(symbol); got != want {
			t.Errorf("Spell(%q) = %q, want %q", symbol, got, want)
		}
	}
}
