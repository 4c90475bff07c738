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
		if at := strings.LastIndexByte(text, '/'); at > 0 {
			op, _, _ := strings.Cut(text, " ")
			text = op + " " + text[at+1:]
		}
		fmt.Fprintf(&b, "\t%4d  %s\n", i.PC, text)
		if n++; n == most || len(calls(compile.Function{Code: compile.Code{Instructions: []compile.Instruction{i}}})) > 0 {
			break
		}
	}
	return b.String()
}

// facts is a line for each function: what it calls and what it allocates.
func facts(list []compile.Function) string {
	width := 0
	for _, f := range list {
		width = max(width, len(f.Name))
	}
	var b strings.Builder
	for i, f := range list {
		fmt.Fprintf(&b, "%c  %-*s  calls %s\n", 'a'+i, width, f.Name, orNothing(targets(f)))
		for _, c := range f.Calls {
			if c.Devirtualized != "" {
				fmt.Fprintf(&b, "   %*s  %s became a call of a method of %s, %s\n", width, "", last(c.Callee), c.Devirtualized, c.Kind)
			}
			if c.Kind == compile.CallInterface {
				fmt.Fprintf(&b, "   %*s  %s stayed a call through an interface for the front end\n", width, "", c.Callee)
			}
		}
		for _, a := range f.Allocations {
			if what := strings.TrimSpace(last(a.Call) + " " + last(a.What)); a.Call == "runtime.newobject" {
				fmt.Fprintf(&b, "   %*s  %s\n", width, "", what)
			}
		}
	}
	return b.String()
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
