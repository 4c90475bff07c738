package claim

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// NoHeapAlloc claims that the machine code of the function, of its closures and of
// all that was inlined into them calls nothing that takes memory from the heap. What
// is allocated only where a buffer on the stack is too small counts, and so does a call
// into the runtime of which it is not known that it takes nothing. The functions that
// it calls are not looked into; [Allocs] counts those, too, in a run.
//
// This is more than that nothing escapes: make([]byte, n) with an n that is not
// constant does not escape, and is allocated where n is large.
//
// With lines, it claims so of these lines only; see [CompiledFunc.NoBoundsChecks].
func (f *CompiledFunc) NoHeapAlloc(lines ...string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode)
	if r == nil {
		return f
	}
	on, ok := f.lines(r, lines)
	if !ok {
		return f
	}
	var against []finding
	for _, body := range f.bodies(r) {
		for _, a := range body.Allocations {
			if !on.has(a.Stack) {
				continue
			}
			what := strings.TrimSpace(a.Call + " " + a.What)
			if a.Conditional {
				what += ", where the buffer on the stack is too small"
			}
			against = append(against, finding{at: where(a.Stack), what: what})
		}
		against = append(against, unknown(body, on)...)
	}
	return f.hold(r, against, "%d calls allocate on the heap%s, claimed none.", len(against), on)
}

// unknown finds calls of the runtime that are in no list: neither among those that
// allocate nor among those that do not. Calls of its exported functions are the
// source's own, and those of any callee are not looked into.
func unknown(body compile.Function, on place) []finding {
	var found []finding
	nothing := regexp.MustCompile(takesNothing)
	for _, i := range body.Code.Instructions {
		name, ok := strings.CutPrefix(i.Target, "runtime.")
		if !ok || !isCall(i) || name == "" || name[0] < 'a' || name[0] > 'z' || nothing.MatchString(name) || !on.has(i.Stack) {
			continue
		}
		if !slices.ContainsFunc(body.Allocations, func(a compile.Allocation) bool { return a.PC == i.PC }) {
			found = append(found, finding{at: where(i.Stack), what: i.Target + ", of which it is not known that it takes nothing"})
		}
	}
	return found
}

// takesNothing matches the functions of the runtime that compiled code calls and that
// take no memory for the program, in Go 1.24 to 1.27
// (cmd/compile/internal/typecheck/_builtin/runtime.go). Caches of the runtime's own, for
// type switches and waiting goroutines, are not counted, nor is what a panic takes.
const takesNothing = `^(morestack\w*|panic\w*|goPanic\w*|gopanic|gorecover|throwinit|deferreturn|deferprocStack|goschedguarded|block|` +
	`gcWriteBarrier\d*|wbZero|wbMove|typedmemmove|typedmemclr|typedslicecopy|memmove|memclr\w+|memequal\w*|duff\w+|` +
	`cmpstring|\w*equal|[ie]faceeq|\w*hash|slicebytetostringtmp|slicecopy|decoderune|countrunes|assertE2I2?|typeAssert|interfaceSwitch|` +
	`map(access|delete)\w*|mapIter\w+|mapiter\w+|mapclear|chan(recv|send)[12]|closechan|chanlen|chancap|select\w+|print\w+|` +
	`rand|rand32|unsafe(slice|string)checkptr|\w*div|\w*mod|u?int\d+tofloat\d+|float\d+tou?int\d+|udiv\w*|f(add|sub|mul|div|neg|eq|gt|ge)\d+|f(32|64)to\w+)$`

// NoBoundsChecks claims that the compiler proved every index and slice expression
// to be within bounds: no check for it is in the machine code of the function, its
// closures and what was inlined into them. With lines, it claims so of the lines of the
// function whose source contains one of the texts:
//
//	f.NoBoundsChecks("sum += b[i]")
//
// A text that no line has, or only lines without code, fails. The text ":42" stands for
// line 42 of the file, as a tool gives it that reads claims from the source.
func (f *CompiledFunc) NoBoundsChecks(lines ...string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode, compile.FeatureChecks)
	if r == nil {
		return f
	}
	on, ok := f.lines(r, lines)
	if !ok {
		return f
	}
	var against []finding
	panics := regexp.MustCompile(panicsOnBounds)
	for _, body := range f.bodies(r) {
		for _, c := range body.Checks {
			if c.Kept && c.Kind != compile.CheckNil && on.has(c.Stack) {
				against = append(against, finding{at: where(c.Stack), what: string(c.Kind) + " check", more: known(c)})
			}
		}
		if len(against) > 0 {
			continue
		}
		for _, i := range body.Code.Instructions {
			if panics.MatchString(i.Target) && on.has(i.Stack) {
				against = append(against, finding{at: where(i.Stack), what: "calls " + i.Target})
			}
		}
	}
	return f.hold(r, against, "%d bounds checks are left%s, claimed none.\nTo see what the compiler could not prove: which of index and length may change between the test and the use?", len(against), on)
}

// The expressions below are compiled where a claim needs them, not when every process
// of checks begins.

// panicsOnBounds matches the runtime's functions that a failed check calls; they are
// one for each kind before Go 1.26, and one since.
const panicsOnBounds = `^runtime\.(goPanic|panic)(Index|Slice|Bounds|ExtendIndex|ExtendSlice|Extend)`

func known(c compile.Check) []string {
	if c.Proof == "" {
		return nil
	}
	return []string{"known: " + c.Proof}
}

// NoNilChecks claims that no instruction of the function, its closures and what was
// inlined into them is there to check a pointer for nil. Where a load or a store would
// fault in place of the check, that costs nothing and does not count. With lines, it
// claims so of these lines only; see [CompiledFunc.NoBoundsChecks].
func (f *CompiledFunc) NoNilChecks(lines ...string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode, compile.FeatureChecks)
	if r == nil {
		return f
	}
	on, ok := f.lines(r, lines)
	if !ok {
		return f
	}
	var against []finding
	for _, body := range f.bodies(r) {
		for _, c := range body.Checks {
			if c.Kept && c.Kind == compile.CheckNil && !c.Folded && on.has(c.Stack) {
				against = append(against, finding{at: where(c.Stack), what: "nil check", more: known(c)})
			}
		}
	}
	return f.hold(r, against, "%d nil checks are left%s, claimed none.", len(against), on)
}

// Leaf claims that the function calls nothing: its machine code has no call but the
// one that grows the stack. Closures in it are not looked at.
func (f *CompiledFunc) Leaf() *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode)
	if r == nil {
		return f
	}
	var against []finding
	for _, s := range f.subjects(r) {
		for _, i := range s.Code.Instructions {
			if isCall(i) && !strings.HasPrefix(i.Target, "runtime.morestack") {
				target := i.Target
				if target == "" {
					target = i.Text
				}
				against = append(against, finding{at: where(i.Stack), what: "calls " + target})
			}
		}
	}
	return f.hold(r, against, "%d calls, claimed none.", len(against))
}

// isCall reports whether an instruction is a call, on any architecture: they are named
// so by the assembler, but for jumps and branches that link.
func isCall(i compile.Instruction) bool {
	return slices.Contains([]string{"CALL", "BL", "JAL", "CALLIND"}, strings.ToUpper(i.Op))
}

// FrameAtMost claims that the function takes at most this many bytes of stack for its
// variables and the arguments of its calls. The return address is not counted, nor is
// what the functions that it calls take.
func (f *CompiledFunc) FrameAtMost(bytes int64) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode)
	if r == nil {
		return f
	}
	var against []finding
	for _, s := range f.subjects(r) {
		if s.Code.Frame <= bytes {
			continue
		}
		a := finding{at: short(s.Position), what: fmt.Sprintf("%s has a frame of %d bytes", s.Name, s.Code.Frame)}
		slots := slices.Clone(s.Code.Slots)
		slices.SortStableFunc(slots, func(a, b compile.Slot) int { return int(b.Size - a.Size) })
		for _, slot := range slots[:min(len(slots), 8)] {
			if slot.Class == "PAUTO" {
				a.more = append(a.more, fmt.Sprintf("%d bytes  %s %s", slot.Size, slot.Name, slot.Type))
			}
		}
		against = append(against, a)
	}
	most := int64(0)
	for _, s := range f.subjects(r) {
		most = max(most, s.Code.Frame)
	}
	return f.hold(r, against, "a frame of %d bytes, claimed at most %d.", most, bytes)
}

// NoWriteBarrier claims that no store of the function, its closures and what was
// inlined into them has to tell the garbage collector, nor copies memory by a function
// that does. With lines, it claims so of these lines only; see
// [CompiledFunc.NoBoundsChecks].
func (f *CompiledFunc) NoWriteBarrier(lines ...string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode)
	if r == nil {
		return f
	}
	on, ok := f.lines(r, lines)
	if !ok {
		return f
	}
	var against []finding
	tells := regexp.MustCompile(tellsCollector)
	for _, body := range f.bodies(r) {
		seen := map[string]bool{}
		for _, i := range body.Code.Instructions {
			if tells.MatchString(i.Target) && on.has(i.Stack) && !seen[where(i.Stack)] {
				seen[where(i.Stack)] = true
				against = append(against, finding{at: where(i.Stack), what: i.Target})
			}
		}
		for _, rel := range body.Code.Relocations {
			if rel.Symbol == "runtime.writeBarrier" && len(seen) == 0 && len(lines) == 0 {
				against = append(against, finding{at: short(body.Position), what: body.Name + " reads runtime.writeBarrier"})
				break
			}
		}
	}
	return f.hold(r, against, "%d write barriers%s, claimed none.", len(against), on)
}

// tellsCollector matches what a store of pointers calls while the collector marks, and
// the functions that copy or clear memory with pointers in it.
const tellsCollector = `^runtime\.(gcWriteBarrier|wbZero|wbMove|typedmemmove|typedmemclr|typedslicecopy|memclrHasPointers|bulkBarrier)`

// OpenDefers claims that every defer of the function costs no more than a call at its
// end: the compiler put the calls there ("open-coded"), which it does not do in loops,
// or where there are many. A function without defers fails.
func (f *CompiledFunc) OpenDefers() *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureDefers)
	if r == nil {
		return f
	}
	var against []finding
	open := 0
	for _, body := range f.bodies(r) {
		for _, fact := range body.Facts {
			switch {
			case fact.Kind != compile.FactDefer:
			case strings.HasPrefix(fact.Text, "open-coded"):
				open++
			default:
				against = append(against, finding{at: where(fact.Stack), what: "defer: " + fact.Text})
			}
		}
		for _, i := range body.Code.Instructions {
			if strings.HasPrefix(i.Target, "runtime.deferproc") && len(against) == 0 {
				against = append(against, finding{at: where(i.Stack), what: "calls " + i.Target})
			}
		}
	}
	if open+len(against) == 0 {
		f.t.Errorf("%s.%s has no defer: a claim about its defers does not hold.", r.Package, f.name)
		return f
	}
	return f.hold(r, against, "%d defers are not open-coded, claimed none.", len(against))
}

// Uses claims that an instruction is in the machine code of the function or of a
// closure in it, by the name that Go's assembler gives it ("POPCNTQ", "FMADDD"); of a
// generic function, in each instance. On amd64 the compiler uses newer instructions as
// GOAMD64 allows, or behind a test of the processor.
func (f *CompiledFunc) Uses(instruction string) *CompiledFunc {
	f.t.Helper()
	r := f.report(compile.FeatureCode)
	if r == nil {
		return f
	}
	var against []finding
	for _, s := range f.subjects(r) {
		if used := f.operations(r, s); !slices.Contains(used, strings.ToUpper(instruction)) {
			against = append(against, finding{at: short(s.Position), what: s.Name + " uses " + strings.Join(used, " ")})
		}
	}
	return f.hold(r, against, "no instruction %s, claimed one.", strings.ToUpper(instruction))
}

// operations are the instructions of a function and of the closures in it.
func (f *CompiledFunc) operations(r *compile.Report, s compile.Function) []string {
	var used []string
	for _, body := range f.bodies(r) {
		if body.Name != s.Name && !isWithin(body, s) {
			continue
		}
		for _, i := range body.Code.Instructions {
			used = append(used, strings.ToUpper(i.Op))
		}
	}
	slices.Sort(used)
	return slices.Compact(used)
}

// where is the short form of a stack, or "-".
func where(s lens.Stack) string {
	if len(s) == 0 {
		return "-"
	}
	var all []string
	for i := len(s) - 1; i >= 0; i-- {
		all = append(all, short(s[i].Position))
	}
	return strings.Join(all, " inlined at ")
}

func short(p lens.Position) string { return shortPos(p.String()) }

// A place is a set of lines of a file; the zero place is everywhere.
type place struct {
	texts []string
	file  string
	lines []int
}

// has reports whether code comes from one of the lines, itself or by an inlined call.
func (p place) has(s lens.Stack) bool {
	return len(p.texts) == 0 || slices.ContainsFunc(s, func(at lens.Site) bool {
		return at.File == p.file && slices.Contains(p.lines, at.Line)
	})
}

func (p place) String() string {
	if len(p.texts) == 0 {
		return ""
	}
	return fmt.Sprintf(" at %q", p.texts)
}

// isLine reports whether a text stands for line n of a file, which reads so.
func isLine(text string, n int, line string) bool {
	if number, ok := strings.CutPrefix(text, ":"); ok {
		if want, err := strconv.Atoi(number); err == nil {
			return n == want
		}
	}
	return text != "" && strings.Contains(line, text)
}

// compiled reads a file as the compiler did: another one in its place where the flags of
// the go command have an overlay that says so, as they have in a judge.
func compiled(file, goflags string) ([]byte, error) {
	for flag := range strings.FieldsSeq(goflags) {
		name, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "overlay=")
		if !ok {
			continue
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return nil, err
		}
		var over struct{ Replace map[string]string }
		if err := json.Unmarshal(text, &over); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if other, ok := over.Replace[file]; ok {
			file = other
		}
	}
	return os.ReadFile(file)
}

// lines finds the lines of the function that contain the texts. It fails the test where
// one has none, or no code comes from it.
func (f *CompiledFunc) lines(r *compile.Report, texts []string) (place, bool) {
	f.t.Helper()
	if len(texts) == 0 {
		return place{}, true
	}
	of := f.subjects(r)[0]
	source, err := compiled(of.Position.File, os.Getenv("GOFLAGS"))
	if err != nil {
		f.t.Errorf("%s: not proven. Its source could not be read: %v", f.name, err)
		return place{}, false
	}
	all := strings.Split(string(source), "\n")
	p := place{texts: texts, file: of.Position.File}
	for _, text := range texts {
		one := place{texts: texts, file: p.file}
		for n := of.Position.Line; n <= min(of.EndLine, len(all)); n++ {
			if isLine(text, n, all[n-1]) {
				one.lines = append(one.lines, n)
			}
		}
		if len(one.lines) == 0 {
			f.t.Errorf("%s.%s has no line with %q, from %s to line %d: a claim about it does not hold.", r.Package, f.name, text, short(of.Position), of.EndLine)
			return place{}, false
		}
		if !slices.ContainsFunc(f.bodies(r), func(body compile.Function) bool {
			return slices.ContainsFunc(body.Code.Instructions, func(i compile.Instruction) bool { return one.has(i.Stack) })
		}) {
			f.t.Errorf("%s.%s: no machine code comes from the line with %q: a claim about it does not hold.", r.Package, f.name, text)
			return place{}, false
		}
		p.lines = append(p.lines, one.lines...)
	}
	return p, true
}
