package claim

import (
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/lens/compile"
)

// Inlinable claims that the inliner may put the function's body in place of calls to
// it, at a cost of at most maxCost in its bill. Its budget is 80
// (cmd/compile/internal/inline/inl.go), more for a function that a profile calls hot.
func (f *CompiledFunc) Inlinable(maxCost int) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureInlining)
	if r == nil {
		return f
	}
	var against []finding
	message := ""
	for _, s := range f.subjects(r) {
		in := s.Inlining
		a := finding{at: short(s.Position)}
		switch {
		case !in.Decided:
			a.what = s.Name + ": the inliner did not consider it"
		case !in.Inlinable:
			a.what = s.Name + ": " + in.Reason
		case in.Cost > maxCost:
			a.what = fmt.Sprintf("%s: cost %d, claimed at most %d", s.Name, in.Cost, maxCost)
		default:
			continue
		}
		a.more = bill(in.Bill)
		against = append(against, a)
		message = strings.TrimPrefix(a.what, s.Name+": ")
	}
	return f.hold(r, against, "not inlinable at a cost of %d: %s.", maxCost, message)
}

// bill lists what costs most, node by node.
func bill(charges []compile.Charge) []string {
	const most = 8
	sorted := slices.Clone(charges)
	slices.SortStableFunc(sorted, func(a, b compile.Charge) int { return b.Self - a.Self })
	var out []string
	for i, c := range sorted {
		if i == most || c.Self <= 1 {
			break
		}
		out = append(out, fmt.Sprintf("%4d  %s %s  %s", c.Self, c.Op, c.Text, where(c.Stack)))
	}
	return out
}

// Inlined claims that every call of a function is inlined wherever this function, or
// what was inlined into it, calls it: "bytes.IndexByte", "(*Ring).mask", "mask". A
// function that it does not call fails. One for which the compiler has instructions, as
// for those of math/bits, counts as inlined. The machine code must have no call of it.
func (f *CompiledFunc) Inlined(callee string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode, compile.FeatureCalls)
	if r == nil {
		return f
	}
	var against []finding
	inlined := 0
	for _, body := range f.bodies(r) {
		for _, c := range body.Calls {
			how := c.How
			if body.Wrapper && c.Inside < 0 {
				how = "go and defer" // statements become a closure with the call in it
			}
			switch {
			case !names(c.Callee, callee):
			case how == "" && (c.Kind == compile.CallInlined || c.Kind == compile.CallIntrinsic):
				inlined++
			default:
				why := c.Why
				if how != "" {
					why = how + " calls are not inlined"
				}
				against = append(against, finding{at: where(c.Stack), what: strings.TrimRight(fmt.Sprintf("%s call of %s: %s", c.Kind, c.Callee, why), ": ")})
			}
		}
		if len(against) == 0 {
			against = calledIn(body, callee)
		}
	}
	if inlined+len(against) == 0 {
		f.t.Errorf("%s.%s does not call %s: a claim about that does not hold.%s", r.Package, f.name, callee, f.callees(r))
		return f
	}
	return f.hold(r, against, "%d calls of %s are not inlined, claimed none.", len(against), callee)
}

// calledIn finds calls in the machine code.
func calledIn(body compile.Function, callee string) []finding {
	var found []finding
	for _, i := range body.Code.Instructions {
		if isCall(i) && i.Target != "" && names(i.Target, callee) {
			found = append(found, finding{at: where(i.Stack), what: "calls " + i.Target})
		}
	}
	return found
}

// Devirtualized claims that every call of a method through an interface, "Read" or
// "r.Read", became a call of the one method that it can only be. A guess from a
// profile, which keeps the slow way beside the fast one, is none. A method that is not
// called fails, and so does one that the source calls without an interface.
func (f *CompiledFunc) Devirtualized(call string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode, compile.FeatureCalls, compile.FeatureDevirtualized)
	if r == nil {
		return f
	}
	method := call[strings.LastIndex(call, ".")+1:]
	var against []finding
	sure := 0
	for _, body := range f.bodies(r) {
		for _, c := range body.Calls {
			if c.Callee != call && unqualified(c.Callee) != method {
				continue
			}
			switch {
			case c.Kind == compile.CallInterface:
				against = append(against, finding{at: where(c.Stack), what: "interface call of " + c.Callee})
			case c.PGO:
				against = append(against, finding{at: where(c.Stack), what: "a guess from a profile: " + c.Devirtualized + ", with the interface call beside it"})
			case c.Devirtualized != "":
				sure++
			}
		}
	}
	if sure+len(against) == 0 {
		f.t.Errorf("%s.%s has no call of %s through an interface: a claim about it does not hold.%s", r.Package, f.name, call, f.callees(r))
		return f
	}
	return f.hold(r, against, "%d calls of %s go through an interface, claimed none.", len(against), call)
}

// callees lists what a function calls, for a claim that names something else.
func (f *CompiledFunc) callees(r *compile.Report) string {
	const most = 12
	var all []string
	for _, body := range f.bodies(r) {
		for _, c := range body.Calls {
			all = append(all, c.Callee[strings.LastIndex(c.Callee, "/")+1:])
		}
	}
	slices.Sort(all)
	all = slices.Compact(all)
	switch {
	case len(all) == 0:
		return " It calls nothing."
	case len(all) > most:
		all = append(all[:most], "…")
	}
	return " It calls " + strings.Join(all, ", ") + "."
}

// names reports whether a name as people write it, "bytes.IndexByte", "(*T).M" or
// "helper", is that of a symbol. Type arguments of the symbol do not matter.
func names(symbol, name string) bool {
	if name == "" {
		return false
	}
	symbol = withoutArguments(symbol)
	short := symbol[strings.LastIndex(symbol, "/")+1:]
	_, local, _ := strings.Cut(short, ".")
	return slices.Contains([]string{symbol, short, local}, name) || local != "" && pointerless(local) == pointerless(name)
}

// pointerless is T.M for (*T).M.
func pointerless(name string) string {
	return strings.NewReplacer("(*", "", ")", "").Replace(name)
}

// withoutArguments is Map for Map[go.shape.int], and (*List).Push for
// (*List[go.shape.int]).Push.
func withoutArguments(symbol string) string {
	var b strings.Builder
	depth := 0
	for _, c := range symbol {
		switch {
		case c == '[':
			depth++
		case c == ']' && depth > 0:
			depth--
		case depth == 0:
			b.WriteRune(c)
		}
	}
	return b.String()
}

// unqualified is Read for bytes.(*Reader).Read.
func unqualified(symbol string) string {
	symbol = withoutArguments(symbol)
	return symbol[strings.LastIndex(symbol, ".")+1:]
}
