package iface_test

import (
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/lens/compile"
)

// What the compiler did, as answers and as evidence.

// said holds what the compiler said once it did: it says the same to every check of a
// process, and takes its time.
var said struct {
	sync.Mutex
	all map[string]compile.Function
}

// compiled asks the compiler about the package.
func compiled(t *testing.T) map[string]compile.Function {
	t.Helper()
	said.Lock()
	defer said.Unlock()
	if said.all == nil {
		r := claim.Compiler(t, ".").Report(compile.FeatureCode, compile.FeatureCalls, compile.FeatureDevirtualized, compile.FeatureEscape)
		all := map[string]compile.Function{}
		for _, f := range r.Functions {
			all[f.Name] = f
		}
		said.all = all
	}
	return said.all
}

// pick returns the functions of these names, in their order. One that is not there ends
// the test: no answer rests on what was not found.
func pick(t *testing.T, all map[string]compile.Function, names ...string) []compile.Function {
	t.Helper()
	var list []compile.Function
	for _, n := range names {
		f, ok := all[n]
		if !ok || len(f.Code.Instructions) == 0 {
			t.Fatalf("%s is not in what the compiler says of the package: calls.go is given and must stay as it is", n)
		}
		list = append(list, f)
	}
	return list
}

// lettersOf returns the letters of the functions of which something is true.
func lettersOf(list []compile.Function, is func(compile.Function) bool) string {
	var all []string
	for i, f := range list {
		if is(f) {
			all = append(all, string(rune('a'+i)))
		}
	}
	return strings.Join(all, " ")
}

// calls are the call instructions of a function, but for the growth of its stack.
func calls(f compile.Function) []compile.Instruction {
	return slices.DeleteFunc(slices.Clone(f.Code.Instructions), func(i compile.Instruction) bool {
		return !slices.Contains([]string{"CALL", "BL", "JAL"}, i.Op) || strings.HasPrefix(i.Target, "runtime.morestack")
	})
}

// target names what an instruction calls, without the path of its package.
func target(i compile.Instruction) string {
	if i.Target == "" {
		return "(" + strings.TrimSpace(strings.TrimPrefix(i.Text, i.Op)) + ")"
	}
	return i.Target[strings.LastIndexByte(i.Target, '/')+1:]
}

// fromRuntime are the functions of the runtime that f calls, of those whose names
// match.
func fromRuntime(f compile.Function, names string) []string {
	match := regexp.MustCompile(`^runtime\.(` + names + `)$`)
	var all []string
	for _, i := range calls(f) {
		if m := match.FindStringSubmatch(i.Target); m != nil && !slices.Contains(all, m[1]) {
			all = append(all, m[1])
		}
	}
	return all
}

// source returns the lines of a function in its file, cut to a few.
func source(f compile.Function) string {
	const most = 16
	text, err := os.ReadFile(f.Position.File)
	if err != nil {
		return ""
	}
	lines := strings.Split(string(text), "\n")
	from, to := f.Position.Line-1, min(f.EndLine, len(lines))
	if from < 0 || from >= to {
		return ""
	}
	lines = lines[from:to]
	if len(lines) > most {
		lines = append(lines[:most:most], "\t…")
	}
	return strings.Join(lines, "\n")
}

// path matches the path of a package, in front of its name.
var path = regexp.MustCompile(`(?:[\w.-]+/)+`)

// assembly lists the machine code of a function up to and with the first call in it,
// without what is not an instruction.
func assembly(f compile.Function) string {
	const most = 24
	var b strings.Builder
	n := 0
	for _, i := range f.Code.Instructions {
		if i.Bytes == "" {
			continue
		}
		text := strings.ReplaceAll(i.Text, "\t", " ")
		fmt.Fprintf(&b, "\t%4d  %s\n", i.PC, path.ReplaceAllString(text, ""))
		if n++; n == most || len(calls(compile.Function{Code: compile.Code{Instructions: []compile.Instruction{i}}})) > 0 {
			break
		}
	}
	return b.String()
}

// called tells for each function what it calls, and what became of its calls through an
// interface.
func called(list []compile.Function) string {
	var b strings.Builder
	width := widest(list)
	for i, f := range list {
		fmt.Fprintf(&b, "%c  %-*s  calls %s\n", 'a'+i, width, f.Name, orNothing(slices.DeleteFunc(targets(f), takesMemory)))
		for _, c := range f.Calls {
			switch {
			case c.Devirtualized != "":
				fmt.Fprintf(&b, "   %*s  %s, of a %s for certain: %s\n", width, "", last(c.Callee), c.Devirtualized, c.Kind)
			case c.Kind == compile.CallInterface:
				fmt.Fprintf(&b, "   %*s  %s, of whatever it is, says the front end\n", width, "", c.Callee)
			}
		}
	}
	return b.String()
}

// takesMemory reports whether a callee is an allocation: whether there is one is another
// question than which calls there are.
func takesMemory(name string) bool {
	return strings.HasPrefix(name, "runtime.") && regexp.MustCompile(`newobject|convT|growslice|makeslice`).MatchString(name)
}

// allocated tells for each function what it takes from the heap, and on which way that
// got out of its hands.
func allocated(list []compile.Function) string {
	var b strings.Builder
	width := widest(list)
	for i, f := range list {
		var what []string
		for _, a := range f.Allocations {
			what = append(what, strings.TrimSpace(last(a.Call)+" "+last(a.What)))
		}
		fmt.Fprintf(&b, "%c  %-*s  %s\n", 'a'+i, width, f.Name, orNothing(what))
		for _, l := range f.Escape.Escaping() {
			if l.Function == f.Name && (l.Kind == compile.LocationAllocation || l.Kind == compile.LocationVariable) && !strings.HasPrefix(l.Name, "append(") {
				fmt.Fprintf(&b, "   %*s  %s: %s\n", width, "", last(l.Name), way(f, l))
			}
		}
	}
	return b.String()
}

// way says how a location flows to the heap: by the source's own expressions, without the
// compiler's temporaries.
func way(f compile.Function, l compile.Location) string {
	const most, long = 6, 48
	var steps []string
	for _, e := range f.Escape.Path(l.ID) {
		for _, s := range e.Steps {
			if s.Why == "spill" || strings.Contains(s.Text, "~r0") || len(s.Stack) == 0 {
				continue
			}
			text := []rune(last(s.Text))
			if len(text) > long {
				text = append(text[:long:long], '…')
			}
			steps = append(steps, fmt.Sprintf("%s %s (line %d)", s.Why, string(text), s.Stack.Outer().Line))
		}
	}
	if len(steps) > most {
		steps = append(steps[:most:most], "…")
	}
	return strings.Join(append(steps, "the heap"), " → ")
}

func widest(list []compile.Function) (width int) {
	for _, f := range list {
		width = max(width, len(f.Name))
	}
	return width
}

// targets are what a function calls in its machine code, each once.
func targets(f compile.Function) []string {
	var all []string
	for _, i := range calls(f) {
		if to := target(i); !slices.Contains(all, to) && !strings.HasPrefix(to, "runtime.panic") {
			all = append(all, to)
		}
	}
	return all
}

func orNothing(list []string) string {
	if len(list) == 0 {
		return "nothing"
	}
	return strings.Join(list, ", ")
}

// last is the last part of a path.
func last(name string) string { return name[strings.LastIndexByte(name, '/')+1:] }

// sorted are the names of functions, in order.
func sorted(all map[string]compile.Function) []string { return slices.Sorted(maps.Keys(all)) }
