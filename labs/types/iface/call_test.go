package iface_test

import (
	"fmt"
	"regexp"
	"strings"
	"testing"

	"github.com/hone-go/hone/labs/types/iface"
	"github.com/hone-go/hone/lens/compile"
)

// load matches an instruction that loads from an offset into a register.
var load = regexp.MustCompile(`^MOV[DQV]?\s+(\d+)\(\w+\), (\w+)$`)

// slot finds the offset from which a function loads the address that it calls first.
func slot(f compile.Function) string {
	from := map[string]string{} // by register, what was loaded last
	for _, i := range f.Code.Instructions {
		if m := load.FindStringSubmatch(strings.TrimSpace(i.Text)); m != nil {
			from[m[2]] = m[1]
		}
		if list := calls(compile.Function{Code: compile.Code{Instructions: []compile.Instruction{i}}}); len(list) == 1 && i.Target == "" {
			return from[strings.Trim(target(i), "()")]
		}
	}
	return "?"
}

// A call through an interface is a load at a fixed place, and a call of what was loaded.
func TestCall_Slot(t *testing.T) {
	var found []string
	var b strings.Builder
	for _, f := range pick(t, compiled(t), "CallZap", "CallWrite") {
		found = append(found, slot(f))
		fmt.Fprintf(&b, "%s\n%s\n", source(f), assembly(f))
	}
	iface.CallSlot.Check(t, "offsets in the table", strings.Join(found, " "), b.String()+`An abi.ITab is two pointers, a hash of 4 bytes and 4 bytes of nothing: 24 bytes before the
first function. Then 8 for each, in the order of stage tables: Close, Read, Zap, close,
write. The second word becomes the first argument.`)
}

// subjects are the functions of two questions.
func subjects(t *testing.T) []compile.Function {
	t.Helper()
	return pick(t, compiled(t), "LocalValue", "Constructed", "Hidden", "TwiceSame", "TwiceOther", "Passed", "Stored", "Global", "Captured", "Asserted", "Method")
}

// lookedUp reports whether a function calls an address that it has from somewhere.
func lookedUp(f compile.Function) bool {
	for _, i := range calls(f) {
		if i.Target == "" {
			return true
		}
	}
	return false
}

// Where the compiler knows the one type that an interface can hold, it calls the method.
func TestCall_Kept(t *testing.T) {
	list := subjects(t)
	iface.CallKept.Check(t, "functions that call an address from a register", lettersOf(list, lookedUp), called(list)+`
A name in parentheses is a register: a call of what it holds. The front end follows local
variables: all that is assigned to them, through inlined calls and their results
(cmd/compile/internal/devirtualize). A field of a struct it does not follow, nor a
package variable, which other packages or code in this one may assign to. Stored is
special: much later, the back end sees that the table's address is a constant, loads the
function from it at compile time, and calls that.`)
}

// When the call is known decides whether what it gets may stay on the stack.
func TestCall_Heap(t *testing.T) {
	list := subjects(t)
	iface.CallHeap.Check(t, "functions that take memory from the heap", lettersOf(list, func(f compile.Function) bool { return len(f.Allocations) > 0 }), allocated(list)+`
Escape analysis runs after inlining and the front end's devirtualization. For a call
through an interface it must fear that the receiver is kept, so that is on the heap:
TwiceOther and Method. Stored calls its method directly, as the last stage saw, and
allocates all the same: when that became known, memory had been decided on. Hidden calls
through the table too, and has nothing of its own to pass.`)
}

var sums = []string{"Fnv", "Crc", "Md", "Sha", "Mac", "Chosen", "Teed", "Lined"}

// A constructor that returns an interface need not cost one.
func TestCall_Sums(t *testing.T) {
	list := pick(t, compiled(t), sums...)
	through := func(f compile.Function) bool {
		for _, c := range f.Calls {
			if c.Kind == compile.CallInterface && strings.HasPrefix(c.Callee, "h.") {
				return true
			}
		}
		return false
	}
	iface.CallSums.Check(t, "functions that call the hash through a table", lettersOf(list, through), called(list)+`
Constructors in hash and crypto are small so that they are inlined: what is left is
h := &digest{…}, and the type is known. hmac.New is too large. Chosen has two types. Teed
and Lined don't call Write of the hash themselves.`)
}

// An interface that is handed on takes what is in it along.
func TestCall_Objects(t *testing.T) {
	list := pick(t, compiled(t), sums...)
	onHeap := func(f compile.Function) bool {
		for _, a := range f.Allocations {
			if what := last(a.What); a.Call == "runtime.newobject" && (strings.HasPrefix(what, "crc32.") || strings.HasPrefix(what, "fnv.") || strings.HasPrefix(what, "md5.") || strings.HasPrefix(what, "sha256.")) {
				return true
			}
		}
		return false
	}
	iface.CallObjects.Check(t, "functions that allocate the hash", lettersOf(list, onHeap), allocated(list)+`
Chosen calls through a table, and whoever is called might keep the receiver. Teed and
Lined know every call that they make themselves, but multiWriter and bufio.Writer keep the
hash as an io.Writer and call that: what is stored there escapes. Mac's hash is
allocated too, by hmac.New.`)
}

// Type parameters are not templates.
func TestCall_Generic(t *testing.T) {
	all := compiled(t)
	bodies, known := 0, 0
	var b strings.Builder
	for _, name := range sorted(all) {
		f := all[name]
		if f.Generic != "TotalOf" && !strings.HasPrefix(name, "TotalOf[") {
			continue
		}
		short := strings.ReplaceAll(name, f.Symbol[:max(0, len(f.Symbol)-len(name))], "")
		if f.Wrapper {
			fmt.Fprintf(&b, "passes a dictionary  %s\n", short)
			continue
		}
		bodies++
		if !lookedUp(f) {
			known++
		}
		fmt.Fprintf(&b, "body                 %s  calls %s\n", short, orNothing(targets(f)))
	}
	iface.CallGeneric.Check(t, "bodies, and those that know Area", fmt.Sprint(bodies, known), b.String()+`
One body serves all types of the same shape. All pointers have one shape; circle and disc
are structs with the same field. What differs comes in a dictionary, an argument that
callers pass, and methods are among it: Area is loaded from there and called. So a type
parameter saves the conversion to an interface, not the call of what nobody knows.`)
}

// Which questions about a type are a comparison of two addresses, and which are a call.
func TestCall_Asks(t *testing.T) {
	list := pick(t, compiled(t), "ToConcrete", "ToConcreteOK", "ToInterface", "ToFewer", "SwitchTypes", "SwitchInterfaces", "SameAny", "SameShape", "IsSeven", "IsN", "HoldsN", "IsNil")
	var said []string
	var b strings.Builder
	for _, f := range list {
		by := "-"
		if names := fromRuntime(f, "typeAssert|interfaceSwitch|assertE2I2?|efaceeq|ifaceeq|memequal.*"); len(names) > 0 {
			by = strings.Join(names, "+")
		}
		said = append(said, by)
		fmt.Fprintf(&b, "%-17s %-16s %s\n", f.Name, by, f.Type)
	}
	iface.CallAsks.Check(t, "functions of the runtime that are called", strings.Join(said, " "), b.String()+`
Is it this type? The first word is compared with an address; a switch over more of them
first looks at their hashes. Does it implement that interface? Somebody has to find or make
a table: typeAssert and interfaceSwitch, behind a small cache at each place where they
are called, so mostly they aren't. To ask an interface for another with fewer methods is no
cheaper: it is another table. v == n makes an any of n first and leaves two of these to
the runtime; HoldsN says the same in two comparisons.`)
}
