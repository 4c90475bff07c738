package escape_test

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/lens/compile"
)

// asked is what the compiler said of the package. It costs a third of a second, and the
// checks of a process ask about the same package, so they share the answer.
var asked struct {
	sync.Mutex
	report *compile.Report
}

// report asks the compiler, once a process.
func report(t *testing.T) *compile.Report {
	t.Helper()
	asked.Lock()
	defer asked.Unlock()
	if asked.report == nil {
		asked.report = claim.Compiler(t, ".").Report(
			compile.FeatureEscape, compile.FeaturePath, compile.FeatureCode, compile.FeatureCalls, compile.FeatureDevirtualized)
	}
	return asked.report
}

// ask checks a prediction. The compiler and the machine are asked only if there is one: what
// is not predicted has no answer yet. What a wrong one is shown is first why it is so, then
// the facts, which may be long.
func ask(t *testing.T, p claim.Prediction, question string, answer func() (seen, facts, why string)) {
	t.Helper()
	if p == (claim.Prediction{}) {
		p.Check(t, question, nil, "")
		return
	}
	seen, facts, why := answer()
	p.Check(t, question, seen, strings.Trim(why, "\n")+"\n\n"+facts)
}

// A compiled is a function as the compiler saw it.
type compiled struct {
	compile.Function
	how string // by which compiler
}

// compiledFunc finds a function of the package. What is not there must not look like
// something that does not escape.
func compiledFunc(t *testing.T, name string) compiled {
	t.Helper()
	r := report(t)
	for _, f := range r.Functions {
		if f.Name == name && !f.Wrapper {
			return compiled{f, fmt.Sprintf("%s %s/%s", r.Go, r.Target.OS, r.Target.Arch)}
		}
	}
	t.Fatalf("the compiler does not know %s: the files that this lab gives are not as they were", name)
	return compiled{}
}

// locations finds the variables, parameters and results of a name, in the function's own
// text and in that of its closures.
func (f compiled) locations(name string) []compile.Location {
	var found []compile.Location
	for _, l := range f.Escape.Locations {
		variable := l.Kind == compile.LocationVariable || l.Kind == compile.LocationParameter || l.Kind == compile.LocationResult
		if variable && l.Name == name && l.Function == f.Name && len(l.Stack) == 1 {
			found = append(found, l)
		}
	}
	return found
}

// onHeap lists those of the variables, "a b c", that are on the heap, and says why or
// that they are not.
func (f compiled) onHeap(t *testing.T, names string) (list, why string) {
	t.Helper()
	var out, stay []string
	var b strings.Builder
	fmt.Fprintf(&b, "%s, compiled by %s\n", f.Name, f.how)
	for _, name := range strings.Fields(names) {
		all := f.locations(name)
		if len(all) == 0 {
			t.Fatalf("%s has no variable %s", f.Name, name)
		}
		moved := slices.DeleteFunc(all, func(l compile.Location) bool { return !l.Escapes })
		if len(moved) == 0 {
			stay = append(stay, name)
			continue
		}
		out = append(out, name)
		for _, l := range moved {
			fmt.Fprintf(&b, "%s moves to the heap\n%s", name, f.way(l.Path))
		}
	}
	if len(stay) > 0 {
		fmt.Fprintf(&b, "on the stack: %s\n", strings.Join(stay, " "))
	}
	return strings.Join(out, " "), b.String()
}

// way tells the edges of a path, one a line: what flows, and the source that says so.
func (f compiled) way(path []int) string {
	var b strings.Builder
	for _, i := range path {
		b.WriteString(f.edge(f.Escape.Edges[i]))
	}
	return b.String()
}

// edge writes one edge as an assignment: heap = *p.
func (f compiled) edge(e compile.Edge) string {
	from, to := f.Escape.Locations[e.From], f.Escape.Locations[e.To]
	flow := fmt.Sprintf("%s = %s", station(to), taken(from, e.Derefs))
	if len(e.Steps) == 0 {
		return fmt.Sprintf("    %s\n", flow)
	}
	var why []string
	for _, s := range e.Steps {
		why = append(why, s.Why)
	}
	last := e.Steps[len(e.Steps)-1]
	at := ""
	if len(last.Stack) > 0 {
		at = fmt.Sprintf("%s:%d", filepath.Base(last.Stack[0].File), last.Stack[0].Line)
	}
	return fmt.Sprintf("    %-24s %s  %s  (%s)\n", flow, at, oneLine(last.Text), strings.Join(why, ", "))
}

func station(l compile.Location) string {
	if l.Kind == compile.LocationHeap {
		return "heap"
	}
	return oneLine(l.Name)
}

func taken(l compile.Location, derefs int) string {
	if derefs < 0 {
		return "&" + station(l)
	}
	return strings.Repeat("*", derefs) + station(l)
}

func oneLine(text string) string {
	const most = 48
	text = strings.Join(strings.Fields(text), " ")
	if len(text) > most {
		text = text[:most] + "…"
	}
	return text
}

// leak returns how deep a parameter leaks to "heap" or "result", "-" where it does not.
func (f compiled) leak(t *testing.T, parameter, to string) string {
	t.Helper()
	all := f.locations(parameter)
	if len(all) != 1 {
		t.Fatalf("%s has no parameter %s", f.Name, parameter)
	}
	for _, l := range all[0].Leaks {
		if strings.HasPrefix(l.To, to) {
			return fmt.Sprint(l.Derefs)
		}
	}
	return "-"
}

// graph tells the whole graph of a small function, with what callers are told of a
// parameter.
func (f compiled) graph(t *testing.T, parameter string) string {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "%s:  %s\n", f.Name, f.told(t, parameter))
	for _, e := range f.Escape.Edges {
		to := f.Escape.Locations[e.To]
		if len(e.Steps) > 0 && (to.Kind == compile.LocationHeap || to.Function == f.Name) {
			b.WriteString(f.edge(e))
		}
	}
	return b.String()
}

func (f compiled) told(t *testing.T, parameter string) string {
	t.Helper()
	heap, result := f.leak(t, parameter, "heap"), f.leak(t, parameter, "result")
	switch {
	case heap != "-" && result != "-":
		return fmt.Sprintf("%s leaks to the heap, derefs %s, and to a result, derefs %s", parameter, heap, result)
	case heap != "-":
		return fmt.Sprintf("%s leaks to the heap, derefs %s", parameter, heap)
	case result != "-":
		return fmt.Sprintf("%s leaks to a result, derefs %s", parameter, result)
	}
	return parameter + " does not escape"
}

// allocations lists what the machine code of functions calls to get memory.
func allocations(t *testing.T, names ...string) string {
	t.Helper()
	var b strings.Builder
	for _, name := range names {
		f := compiledFunc(t, name)
		fmt.Fprintf(&b, "%s\n", name)
		if len(f.Allocations) == 0 {
			b.WriteString("    calls nothing that allocates\n")
		}
		for _, a := range f.Allocations {
			at := "-"
			if len(a.Stack) > 0 {
				at = fmt.Sprintf("%s:%d", filepath.Base(a.Stack[0].File), a.Stack[0].Line)
			}
			fmt.Fprintf(&b, "    %s  %s %s\n", at, a.Call, oneLine(a.What))
		}
	}
	return b.String()
}

// limit is how long a range over a few labels may take.
const limit = 5 * time.Second
