//go:build !race

package iface_test

import (
	"fmt"
	"hash/fnv"
	"io"
	"strconv"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/types/iface"
)

// This file is built without the race detector: it counts allocations and measures, and
// makes claims about what the compiler made of the learner's own functions.

// What a conversion of a value in a variable allocates.
func TestConvert_Held(t *testing.T) {
	iface.ConvertHeld.Check(t, "allocations for 255, 256, -1, 0.0, 1.0, byte 200, \"\", \"x\", []int(nil), []int{}", iface.Held(), `	255, 256, -1     convT64 looks whether the number is below 256, and points into a table
	                 of these (runtime/iface.go, staticuint64s). -1 is a large one
	0.0, 1.0         a float64 is eight bytes like another: the bits of 0 are 0, those of 1
	                 are 0x3ff0000000000000
	byte 200         every byte is in that table, so nothing is even called
	"", "x"          an empty string is one zero value for all (zeroVal), any other is a new
	                 object of 16 bytes that points to the same text
	nil, []int{}     the same for slices; and an empty slice that is not nil has an address
	                 to keep`)
}

// What needs no memory of its own because nobody can change it.
func TestConvert_Constants(t *testing.T) {
	iface.ConvertConstants.Check(t, "allocations of the eight functions", iface.Constants(), `	constantNumber, constantText  the compiler puts the value into read-only data and
	                              points there
	constantPoint                 so is a literal of constants
	constantSlice                 []int{3, 4} is an array that somebody may write to through
	                              the slice, so it is made anew, and then the slice's three
	                              words are: two
	variablePoint                 a variable may change later, the value in the any must not
	pointTo                       a pointer is its own word
	zeroPoint                     a variable, though nobody sets it: copied
	halfPoint                     one field is not known`)
}

// Who gets the interface decides whether the value may stay on the stack.
func TestConvert_Callees(t *testing.T) {
	iface.ConvertCallees.Check(t, "allocations of looks, unpacks, keeps, look, forwards", iface.Callees(), `	looks, unpacks  the callee is known, and what is known of it is that it keeps nothing: the
	                copy is made on the caller's stack
	keeps           it does
	look            any function may be behind a func value
	forwards        is known, and calls a method through an interface, which may be any

A parameter of an interface type costs an allocation a call as soon as one method of it is
called, if the value is not a pointer and not small.`)
}

// What a list of any costs is decided for the list and for each value in it.
func TestConvert_Variadic(t *testing.T) {
	iface.ConvertVariadic.Check(t, "allocations of looksAtAll, keepsOne, keepsList", iface.Variadic(), `	looksAtAll  nothing is kept: the list and all values are on the stack
	keepsOne    the list stays, its values might be kept: n and s. "name" and 7 are constants
	keepsList   these two, and the list

fmt.Println is a keepsOne: it reads its list, and hands the values on through interfaces.`)
}

// That a value does not escape is not yet that it needs no memory from the heap.
func TestConvert_Sizes(t *testing.T) {
	iface.ConvertSizes.Check(t, "allocations for 1,024 and for 1,032 bytes", iface.Sizes(), `A copy on the stack is made up to 1,024 bytes (cmd/compile/internal/walk/convert.go, dataWord:
conv.Esc() == ir.EscNone && fromType.Size() <= 1024). What is larger is made on the heap,
escaping or not.`)
}

// A call that nobody can see through makes its arguments escape, on every path.
func TestCall_Reads(t *testing.T) {
	iface.CallReads.Check(t, "allocations of ReadAny, ReadStrings, ReadEither, ReadApart, ReadLocal", iface.Reads(), `	ReadAny      r.Read may be anything, so b is on the heap
	ReadStrings  a known function, which keeps nothing
	ReadEither   one array for both ways, and one way is unknown: it is on the heap before
	             the switch begins
	ReadApart    each way has its own, and only that of the unknown one is on the heap
	ReadLocal    the type is known though the variable is an io.Reader

A fast path saves the call. To save the allocation as well it needs variables of its own.`)
}

var (
	sinkValue iface.Value
	sinkBytes []byte
	sinkBool  bool
)

// A Value of a number, a truth value or a string is made, appended and compared without an
// allocation, and so is one that holds a pointer.
func TestValue_AllocatesNothing(t *testing.T) {
	buffer := make([]byte, 0, 256)
	n, f, s, pointer := int64(1<<40), 1.5, fmt.Sprint("text ", t.Name()), &struct{ n int }{1}
	for _, c := range []struct {
		name string
		f    func()
	}{
		{"Int", func() { sinkValue = iface.Int(n) }},
		{"Float", func() { sinkValue = iface.Float(f) }},
		{"Bool", func() { sinkValue = iface.Bool(n > 0) }},
		{"String", func() { sinkValue = iface.String(s) }},
		{"Any of a pointer", func() { sinkValue = iface.Any(pointer) }},
		{"Append of Int", func() { sinkBytes = iface.Int(n).Append(buffer) }},
		{"Append of Float", func() { sinkBytes = iface.Float(f).Append(buffer) }},
		{"Append of Bool", func() { sinkBytes = iface.Bool(n > 0).Append(buffer) }},
		{"Append of String", func() { sinkBytes = iface.String(s).Append(buffer) }},
		{"Equal of Int", func() { sinkBool = iface.Int(n).Equal(iface.Int(n + 1)) }},
		{"Equal of Float", func() { sinkBool = iface.Float(f).Equal(iface.Float(f + 1)) }},
		{"Equal of String", func() { sinkBool = iface.String(s).Equal(iface.String(s)) }},
	} {
		claim.Allocs(t, 0, c.f)
		if t.Failed() {
			t.Fatalf("this was %s. Where does the value go that is neither a pointer nor a byte?", c.name)
		}
	}
	if sinkValue.Any() != pointer || !sinkBool || len(sinkBytes) == 0 {
		t.Errorf("nothing is allocated because nothing is done: %v, %v, %q", sinkValue.Any(), sinkBool, sinkBytes)
	}
}

// The four that allocate nothing are small enough to be inlined, and the compiler finds
// nothing in them that takes memory.
func TestValue_MakersAreInlined(t *testing.T) {
	p := claim.Compiler(t, ".")
	for _, name := range []string{"Int", "Float", "Bool", "String"} {
		p.Func(name).Inlinable(80).NoHeapAlloc()
	}
}

// A Value takes at most 48 bytes: each event is full of them, and they are copied.
func TestValue_IsSmall(t *testing.T) {
	claim.Layout(t, iface.Value{}).SizeAtMost(48)
}

// fourFields is what an event of these measurements has.
func emitFour(log *iface.Log, level iface.Level, i int) error {
	return log.Emit(level, "request served",
		iface.Field{Key: "status", Value: iface.Int(int64(300 + i%200))},
		iface.Field{Key: "path", Value: iface.String("/articles")},
		iface.Field{Key: "took", Value: iface.Float(float64(i) / 8)},
		iface.Field{Key: "token", Value: iface.String("secret")})
}

// Emit allocates nothing: not for the fields, not for the list of them, not for the event
// that steps get a pointer to, known or not, not for the line.
func TestEmit_AllocatesNothing(t *testing.T) {
	for _, c := range []struct {
		name  string
		steps []iface.Step
		lines bool
	}{
		{"no steps", nil, true},
		{"the steps of this package", []iface.Step{iface.AtLeast(iface.Info), &iface.Every{N: 1}, iface.Redact{Key: "token"}}, true},
		{"a step that nobody knows", []iface.Step{louder{1}, veto(func(e *iface.Event) bool { return len(e.Fields) == 4 })}, true},
		{"a step that drops the event", []iface.Step{iface.AtLeast(iface.Error)}, false},
	} {
		w := &discard{}
		log := iface.New(w, c.steps...)
		if err := emitFour(log, iface.Info, 0); err != nil {
			t.Fatal(err)
		}
		i := 0
		claim.Allocs(t, 0, func() {
			i++
			if err := emitFour(log, iface.Info, i); err != nil {
				t.Fatal(err)
			}
		})
		if t.Failed() {
			t.Fatalf("this was Emit with four fields and %s. What is given to somebody unknown is on the heap: whose is it, and how often is it made?", c.name)
		}
		if got := w.lines > 0; got != c.lines {
			t.Errorf("with %s: lines are written is %v, want %v", c.name, got, c.lines)
		}
	}
}

// Apply calls the three steps of this package without a table, and inlined.
func TestEmit_KnowsItsOwnSteps(t *testing.T) {
	claim.Compiler(t, ".").Func("Apply").
		Inlined("AtLeast.Apply").Inlined("(*Every).Apply").Inlined("Redact.Apply").NoHeapAlloc()
}

// Fingerprint hashes by hash/fnv, and neither a table nor an object of it is left.
func TestEmit_HashesWithoutATable(t *testing.T) {
	claim.Compiler(t, ".").Func("Fingerprint").Devirtualized("Write").Devirtualized("Sum32").NoHeapAlloc()
}

// An event costs at most 1.75 times what the same line costs that is written out by hand,
// without fields, steps or interfaces.
func TestEmit_CostsWhatItWrites(t *testing.T) {
	w := &discard{}
	log := iface.New(w, iface.AtLeast(iface.Info), &iface.Every{N: 1}, iface.Redact{Key: "token"})
	var line []byte
	claim.Faster(t, claim.Contest{
		Ours: claim.Side{Name: "Emit, four fields, three steps", Op: func(n int) {
			for i := range n {
				if err := emitFour(log, iface.Info, i); err != nil {
					t.Fatal(err)
				}
			}
		}},
		Peer: claim.Side{Name: "the line by hand", Op: func(n int) {
			for i := range n {
				line = byHand(line[:0], i)
				if _, err := io.Discard.Write(line); err != nil {
					t.Fatal(err)
				}
			}
		}},
	}, 1.75)
	if w.lines == 0 {
		t.Error("nothing was written")
	}
}

// byHand appends the line of emitFour.
func byHand(dst []byte, i int) []byte {
	const message = "request served"
	dst = append(dst, "level=INFO msg="...)
	dst = strconv.AppendQuote(dst, message)
	dst = append(dst, " status="...)
	dst = strconv.AppendInt(dst, int64(300+i%200), 10)
	dst = append(dst, " path=/articles took="...)
	dst = strconv.AppendFloat(dst, float64(i)/8, 'g', -1, 64)
	dst = append(dst, " token=*** id="...)
	h := fnv.New32a()
	h.Write([]byte{byte(iface.Info)})
	h.Write([]byte(message))
	dst = strconv.AppendUint(dst, uint64(h.Sum32()), 16)
	return append(dst, '\n')
}
