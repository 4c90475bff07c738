package vet

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/lens/layout"
)

// A form is one claim that a directive can make.
type form struct {
	name string
	args string // as a user writes them; "" for none
	most int    // arguments; -1: any number
	need int

	// One of these. Words are the arguments; line is what to narrow the claim to, or "".
	function func(f *claim.CompiledFunc, words []string)
	typ      func(t *layout.Type, words []string) (wrong string)
	lines    bool // the arguments are lines of the function, and a directive in its body stands for one
}

// forms are all claims, those about functions first.
var forms = []form{
	{name: "noescape", args: "VARIABLE…", need: 1, most: -1, function: func(f *claim.CompiledFunc, w []string) { f.NoEscape(w...) }},
	{name: "noheapalloc", args: "[LINE…]", most: -1, lines: true, function: func(f *claim.CompiledFunc, w []string) { f.NoHeapAlloc(w...) }},
	{name: "noboundschecks", args: "[LINE…]", most: -1, lines: true, function: func(f *claim.CompiledFunc, w []string) { f.NoBoundsChecks(w...) }},
	{name: "nonilchecks", args: "[LINE…]", most: -1, lines: true, function: func(f *claim.CompiledFunc, w []string) { f.NoNilChecks(w...) }},
	{name: "nowritebarrier", args: "[LINE…]", most: -1, lines: true, function: func(f *claim.CompiledFunc, w []string) { f.NoWriteBarrier(w...) }},
	{name: "inlinable", args: "[COST]", most: 1, function: inlinable},
	{name: "inlined", args: "CALLEE…", need: 1, most: -1, function: each((*claim.CompiledFunc).Inlined)},
	{name: "devirtualized", args: "CALL…", need: 1, most: -1, function: each((*claim.CompiledFunc).Devirtualized)},
	{name: "leaf", function: func(f *claim.CompiledFunc, _ []string) { f.Leaf() }},
	{name: "frameatmost", args: "BYTES", need: 1, most: 1, function: func(f *claim.CompiledFunc, w []string) { f.FrameAtMost(number(w[0])) }},
	{name: "opendefers", function: func(f *claim.CompiledFunc, _ []string) { f.OpenDefers() }},
	{name: "uses", args: "INSTRUCTION…", need: 1, most: -1, function: each((*claim.CompiledFunc).Uses)},

	{name: "size", args: "BYTES", need: 1, most: 1, typ: func(t *layout.Type, w []string) string {
		return unless(t.Size == number(w[0]), "it has %d bytes, claimed %s", t.Size, w[0])
	}},
	{name: "sizeatmost", args: "BYTES", need: 1, most: 1, typ: func(t *layout.Type, w []string) string {
		return unless(t.Size <= number(w[0]), "it has %d bytes, claimed at most %s", t.Size, w[0])
	}},
	{name: "align", args: "BYTES", need: 1, most: 1, typ: func(t *layout.Type, w []string) string {
		return unless(t.Align == number(w[0]), "it is aligned to %d bytes, claimed %s", t.Align, w[0])
	}},
	{name: "offset", args: "FIELD BYTES", need: 2, most: 2, typ: offset},
	{name: "nopadding", typ: noPadding},
	{name: "nopointers", typ: func(t *layout.Type, _ []string) string {
		return unless(t.PointerBytes == 0, "the garbage collector scans its first %d bytes: it holds pointers, claimed none", t.PointerBytes)
	}},
}

// inlineBudget is what the inliner gives a function that no profile calls hot
// (cmd/compile/internal/inline/inl.go).
const inlineBudget = 80

func inlinable(f *claim.CompiledFunc, words []string) {
	cost := inlineBudget
	if len(words) > 0 {
		cost = int(number(words[0]))
	}
	f.Inlinable(cost)
}

// each makes one claim for each argument.
func each(one func(*claim.CompiledFunc, string) *claim.CompiledFunc) func(*claim.CompiledFunc, []string) {
	return func(f *claim.CompiledFunc, words []string) {
		for _, w := range words {
			one(f, w)
		}
	}
}

func offset(t *layout.Type, words []string) string {
	f, ok := t.Field(words[0])
	if !ok {
		return fmt.Sprintf("it has no field %s", words[0])
	}
	return unless(f.Offset == number(words[1]), "%s stands at offset %d, claimed %s", words[0], f.Offset, words[1])
}

func noPadding(t *layout.Type, _ []string) string {
	wrong := unless(t.Padding == 0, "%d of its %d bytes are padding, claimed none", t.Padding, t.Size)
	if wrong != "" && t.Better != nil {
		wrong += fmt.Sprintf(". In the order %s it would have %d bytes", strings.Join(t.Better.Fields, ", "), t.Better.Size)
	}
	return wrong
}

func unless(holds bool, format string, args ...any) string {
	if holds {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// number is a number that was checked to be one.
func number(word string) int64 {
	n, _ := strconv.ParseInt(word, 10, 64)
	return n
}

// names lists the claims.
func names() string {
	var all []string
	for _, f := range forms {
		all = append(all, f.name)
	}
	return strings.Join(all, ", ")
}

// Usage lists the claims with their arguments, those about functions and those about types.
func Usage() (functions, types []string) {
	for _, f := range forms {
		text := strings.TrimSpace(f.name + " " + f.args)
		if f.function != nil {
			functions = append(functions, text)
		} else {
			types = append(types, text)
		}
	}
	return functions, types
}

// check finds the form of a directive, or what is wrong with it.
func (d *directive) check() (*form, string) {
	if d.wrong != "" {
		return nil, d.wrong
	}
	i := slices.IndexFunc(forms, func(f form) bool { return f.name == d.words[0] })
	if i < 0 {
		return nil, fmt.Sprintf("there is no claim %s. There are %s", d.words[0], names())
	}
	f, args := &forms[i], d.words[1:]
	usage := strings.TrimSpace(prefix + " " + f.name + " " + f.args)
	if len(args) < f.need || f.most >= 0 && len(args) > f.most {
		return nil, "it is written " + usage
	}
	for k, word := range strings.Fields(f.args) {
		if strings.Trim(word, "[]") != "BYTES" && strings.Trim(word, "[]") != "COST" || k >= len(args) {
			continue
		}
		if n, err := strconv.ParseInt(args[k], 10, 64); err != nil || n < 0 {
			return nil, fmt.Sprintf("%s is no number: it is written %s", args[k], usage)
		}
	}
	switch {
	case f.function != nil && d.function == "":
		return nil, f.name + " is a claim about a function, and stands at a type"
	case f.typ != nil && d.typ == "":
		return nil, f.name + " is a claim about a type, and stands at a function"
	}
	return f, ""
}
