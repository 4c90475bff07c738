package claim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/lens/compile"
)

// NoEscape claims that variables of the function stay on its stack, and so does what
// they are the address of: for p := &T{}, both p and the T. Of a parameter, it claims
// that nothing it holds is kept by this function or given to a result, which is what
// the compiler means by "does not escape". All variables of a name must hold, in all
// instances and closures.
//
// That a variable does not escape is not yet that nothing is allocated: see
// [CompiledFunc.NoHeapAlloc].
func (f *CompiledFunc) NoEscape(variables ...string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode, compile.FeatureEscape, compile.FeaturePath)
	if r == nil {
		return f
	}
	if len(variables) == 0 {
		f.t.Errorf("%s.%s: NoEscape names no variable: a claim about nothing does not hold.", r.Package, f.name)
	}
	for _, v := range variables {
		f.noEscape(r, v)
	}
	return f
}

func (f *CompiledFunc) noEscape(r *compile.Report, variable string) {
	f.t.Helper()
	var against []finding
	found := 0
	var others []string
	for _, body := range f.bodies(r) {
		g := body.Escape
		for _, l := range g.Locations {
			if !isVariable(l) || l.Function != body.Name || !f.isOwn(r, l) {
				continue
			}
			if l.Name != variable {
				others = append(others, l.Name)
				continue
			}
			found++
			for _, held := range append([]int{l.ID}, addressed(g, l.ID)...) {
				if h := g.Locations[held]; h.Escapes {
					against = append(against, finding{at: where(h.Stack), what: escapes(h), more: path(g, h)})
				}
			}
			for _, leak := range l.Leaks {
				if leak.To == "heap" || strings.HasPrefix(leak.To, "result") {
					against = append(against, finding{at: where(l.Stack), what: fmt.Sprintf("%s leaks to the %s, %s", l.Name, leak.To, through(leak.Derefs)), more: path(g, l)})
				}
			}
		}
	}
	if found == 0 {
		slices.Sort(others)
		if has := strings.Join(slices.Compact(others), ", "); has != "" {
			f.t.Errorf("%s.%s has no variable %s: a claim about it does not hold. It has %s.", r.Package, f.name, variable, has)
		} else {
			f.t.Errorf("%s.%s has no variable %s, nor any: a claim about it does not hold.", r.Package, f.name, variable)
		}
		return
	}
	f.hold(r, against, "%s escapes, claimed that it does not.", variable)
}

func isVariable(l compile.Location) bool {
	return l.Kind == compile.LocationVariable || l.Kind == compile.LocationParameter || l.Kind == compile.LocationResult
}

// isOwn reports whether the text of the function has a variable, and not that of another
// function which was inlined into it.
func (f *CompiledFunc) isOwn(r *compile.Report, l compile.Location) bool {
	of := withoutArguments(l.Stack.Text().Function)
	return of == "" || slices.ContainsFunc(f.bodies(r), func(b compile.Function) bool { return withoutArguments(b.Symbol) == of }) ||
		slices.ContainsFunc(f.subjects(r), func(s compile.Function) bool { return strings.HasPrefix(of, withoutArguments(s.Symbol)+".") })
}

// addressed are the locations whose address may be in a location: one edge takes it,
// and others pass it on.
func addressed(g compile.Escape, id int) []int {
	var found []int
	seen := map[int]bool{id: true}
	for queue := []int{id}; len(queue) > 0; queue = queue[1:] {
		for _, e := range g.Edges {
			if e.To != queue[0] || seen[e.From] {
				continue
			}
			switch {
			case e.Derefs == -1:
				seen[e.From] = true
				found = append(found, e.From)
			case e.Derefs == 0:
				seen[e.From] = true
				queue = append(queue, e.From)
			}
		}
	}
	return found
}

func escapes(l compile.Location) string {
	s := l.Name + " escapes to the heap"
	if l.Reason != "" {
		s += ": " + l.Reason
	}
	return s
}

func through(derefs int) string {
	switch derefs {
	case 0:
		return "itself"
	case 1:
		return "with what it points to"
	}
	return fmt.Sprintf("with what is %d pointers away", derefs)
}

// path tells the way of a location to what outlives it.
func path(g compile.Escape, l compile.Location) []string {
	var out []string
	for _, i := range l.Path {
		if i < 0 || i >= len(g.Edges) {
			continue
		}
		e := g.Edges[i]
		out = append(out, fmt.Sprintf("%s flows to %s", taken(g.Locations[e.From], e.Derefs), called(g.Locations[e.To])))
		for _, s := range e.Steps {
			out = append(out, strings.TrimSpace(fmt.Sprintf("  %s  %s (%s)", where(s.Stack), s.Text, s.Why)))
		}
	}
	return out
}

func called(l compile.Location) string {
	if l.Kind == compile.LocationHeap {
		return "the heap"
	}
	return l.Name
}

// taken is what of a location flows: &x, x, *x, **x. What allocates is written as its
// address already: &T{}, make([]int, n).
func taken(l compile.Location, derefs int) string {
	if l.Kind == compile.LocationAllocation {
		derefs++
	}
	if derefs < 0 {
		return "&" + l.Name
	}
	return strings.Repeat("*", derefs) + l.Name
}
