// Package iface is the lab on interface values, their tables and what a call through
// one costs.
//
// experiments.go holds the phenomena that are run: words read from memory, tables,
// allocations counted. calls.go holds those about which the compiler is asked.
// predict.go asks what they do. naive.go is an event log that works and pays for every
// interface it touches; value.go and log.go are where it stops paying and stays open to
// implementations that nobody here has seen.
//
// The words are read with package unsafe. Their layout is no promise of the language:
// it is that of internal/abi, and every answer is read on the toolchain at hand.
package iface

import (
	"errors"
	"fmt"
	"math"
	"reflect"
	"runtime"
	"strings"
	"testing"
	"unsafe"
)

//lint:file-ignore SA4023 that an interface with a nil pointer in it is never nil is an experiment
//lint:file-ignore U1000 fields that nobody reads decide what is promoted, and where it lies

// An eface is a value of type any, as runtime/runtime2.go has it.
type eface struct {
	typ  unsafe.Pointer // *abi.Type
	data unsafe.Pointer
}

// A nonEmpty is a value of an interface type with methods (runtime: iface).
type nonEmpty struct {
	tab  *itab
	data unsafe.Pointer
}

// An itab is the table of one pair of interface type and concrete type (abi.ITab).
type itab struct {
	inter unsafe.Pointer // *abi.InterfaceType
	typ   unsafe.Pointer // *abi.Type
	hash  uint32         // of the type, for switches; 0 in tables made at run time
	fun   [1]uintptr     // really as many as the interface has methods
}

// anyWords reads the two words of an any.
func anyWords(v any) eface { return *(*eface)(unsafe.Pointer(&v)) }

// tableOf returns the table of an interface value; I must have methods.
func tableOf[I any](v I) *itab { return (*nonEmpty)(unsafe.Pointer(&v)).tab }

// method returns the address of the i-th function in a table.
func (t *itab) method(i int) uintptr {
	return *(*uintptr)(unsafe.Add(unsafe.Pointer(&t.fun), uintptr(i)*unsafe.Sizeof(uintptr(0))))
}

// letters returns the letters of the entries that are true: "a c".
func letters(list ...bool) string {
	var all []string
	for i, yes := range list {
		if yes {
			all = append(all, string(rune('a'+i)))
		}
	}
	return strings.Join(all, " ")
}

// Types for the experiments.

type celsius float64 // a method on the value

func (c celsius) String() string { return fmt.Sprintf("%g °C", float64(c)) }

type kelvin celsius // a type of its own: none of celsius' methods

type counter struct{ n int } // a method on the pointer

func (c *counter) String() string {
	if c == nil {
		return "no counter"
	}
	return fmt.Sprint("counter ", c.n)
}

type handle struct{ n *int } // one pointer, and a method on the value

func (h handle) String() string { return fmt.Sprint("handle ", *h.n) }

type hasCounter struct { // promotes a method that a pointer has
	pad int
	counter
}

type hasPointer struct{ *counter } // promotes the same by a pointer

type hasStringer struct{ fmt.Stringer } // promotes what it is given

type hasTwo struct { // promotes neither: both are called String, at the same depth
	celsius
	fmt.Stringer
}

// Never converted to an interface with methods where the compiler can see it.
type (
	rankine    float64
	fahrenheit float64
)

func (r rankine) String() string    { return fmt.Sprintf("%g °R", float64(r)) }
func (f fahrenheit) String() string { return fmt.Sprintf("%g °F", float64(f)) }

// A Describer has the method of fmt.Stringer under another name of the interface.
type Describer interface{ String() string }

// A fault is an error whose method is on the pointer.
type fault struct{ text string }

func (f *fault) Error() string { return f.text }

// Words.

// direct reports whether the data word of an any that holds x is x itself.
func direct[T any](x T) bool {
	return unsafe.Sizeof(x) == unsafe.Sizeof(uintptr(0)) && anyWords(x).data == *(*unsafe.Pointer)(unsafe.Pointer(&x))
}

// Direct returns the letters of the values that lie in the data word themselves.
func Direct() string {
	n := 7
	return letters(
		direct(&n),                // a
		direct(n),                 // b
		direct(map[string]int{}),  // c
		direct(func() { n++ }),    // d
		direct("seven"),           // e
		direct([]int{n}),          // f
		direct(handle{&n}),        // g
		direct([1]*int{&n}),       // h
		direct([2]*int{&n}),       // i
		direct(uintptr(n)),        // j
		direct(fmt.Stringer(nil)), // k
	)
}

// Copies shows what three interface values hold after the variable that they were made
// of has changed, and which of them have the same data word.
func Copies() string {
	x := [3]int{1, 2, 3}
	var a any = x
	b := a
	var c any = x
	var d any = &x
	x[0] = 9
	y := b.([3]int)
	y[1] = 9
	same := func(p, q any) string {
		if anyWords(p).data == anyWords(q).data {
			return "same"
		}
		return "other"
	}
	return fmt.Sprint(a, " ", b, " ", c, " ", *d.(*[3]int), " ", same(a, b), " ", same(a, c))
}

//go:noinline
func findFault(found bool) error {
	var f *fault
	if found {
		f = &fault{"found"}
	}
	return f
}

// Nils returns the letters of the values that are equal to nil.
func Nils() string {
	var none error
	var pointer *fault
	var typed error = pointer
	var f func()
	failed, _ := any(5).(error)
	asserted, ok := any(pointer).(error)
	return letters(
		none == nil,                        // a
		typed == nil,                       // b
		findFault(false) == nil,            // c
		any(none) == nil,                   // d
		any(f) == nil,                      // e
		failed == nil,                      // f
		ok && asserted == nil,              // g
		errors.Join(nil, none) == nil,      // h
		typed.(*fault) == nil,              // i
		*new(any) == nil,                   // j
		any(any(pointer)) == nil,           // k
		fmt.Stringer(hasStringer{}) == nil, // l
		hasStringer{}.Stringer == nil,      // m
		any((*any)(nil)) == nil,            // n
	)
}

// outcome says what a comparison does: t, f, or p for a panic.
func outcome(compare func() bool) (o string) {
	defer func() {
		if recover() != nil {
			o = "p"
		}
	}()
	if compare() {
		return "t"
	}
	return "f"
}

// Comparisons returns what each of eleven comparisons does: t, f, or p for a panic.
func Comparisons() string {
	type pair struct {
		n int
		v any
	}
	type mixed struct {
		n int
		f func()
	}
	one, list, nan := 1, []int{1}, math.NaN()
	var all []string
	for _, compare := range []func() bool{
		func() bool { return any(one) == any(int64(one)) },
		func() bool { return any(list) == any(list) },
		func() bool { return any(list) == any(nil) },
		func() bool { return any(list) == any(one) },
		func() bool { return any(nan) == any(nan) },
		func() bool { return any(&list) == any(&list) },
		func() bool { return any(pair{1, list}) == any(pair{2, list}) },
		func() bool { return any(pair{1, list}) == any(pair{1, list}) },
		func() bool { return any(mixed{n: 1}) == any(mixed{n: 2}) },
		func() bool { return fmt.Stringer(celsius(1)) == any(celsius(1)) },
		func() bool { return map[any]int{one: 1}[list] == 0 },
	} {
		all = append(all, outcome(compare))
	}
	return strings.Join(all, " ")
}

// Tables.

// A Crowded interface declares its methods in no order.
type Crowded interface {
	write() int
	Read() int
	close() int
	Zap() int
	Close() int
}

// A crowd implements Crowded.
type crowd struct{ n int }

func (c *crowd) Close() int { return c.n }
func (c *crowd) Read() int  { return c.n + 1 }
func (c *crowd) Zap() int   { return c.n + 2 }
func (c *crowd) close() int { return c.n + 3 }
func (c *crowd) write() int { return c.n + 4 }

// functionName is the name of a function without package and receiver.
func functionName(at uintptr) string {
	name := runtime.FuncForPC(at).Name()
	return name[strings.LastIndexByte(name, '.')+1:]
}

//go:noinline
func callAll(c Crowded) int { return c.write() + c.Read() + c.close() + c.Zap() + c.Close() }

// TableOrder returns the names of the methods in the order in which they lie in the
// table of a Crowded.
func TableOrder() string {
	c := Crowded(&crowd{n: 1})
	callAll(c) // a method that nobody calls would not be in the program
	t := tableOf(c)
	var names []string
	for i := range 5 {
		names = append(names, functionName(t.method(i)))
	}
	return strings.Join(names, " ")
}

// A Lazy interface has four methods. Most are called, one way or another.
type Lazy interface {
	called() int
	direct() int
	elsewhere() int
	never() int
}

// A sloth implements Lazy.
type sloth struct{ n int }

//go:noinline
func (s *sloth) called() int { return s.n }

//go:noinline
func (s *sloth) direct() int { return s.n + 1 }

//go:noinline
func (s *sloth) elsewhere() int { return s.n + 2 }

//go:noinline
func (s *sloth) never() int { return s.n + 3 }

//go:noinline
func callSome(l Lazy, s *sloth, other interface{ elsewhere() int }) int {
	n := l.called() + s.direct()
	if other != nil {
		n += other.elsewhere()
	}
	return n
}

// TableLazy returns the names of the functions in the table of a Lazy. The program calls
// called through it, direct on a *sloth, elsewhere through another interface that no
// *sloth is ever converted to, and never nowhere.
func TableLazy() string {
	s := &sloth{n: 1}
	l := Lazy(s)
	callSome(l, s, nil)
	t := tableOf(l)
	var names []string
	for i := range 4 {
		names = append(names, functionName(t.method(i)))
	}
	return strings.Join(names, " ")
}

// made reports whether the String in the table of s was written by the compiler.
func made(s fmt.Stringer) bool {
	at := tableOf(s).method(0)
	file, _ := runtime.FuncForPC(at).FileLine(at)
	return file == "<autogenerated>"
}

// Made returns the letters of the tables whose function nobody wrote.
func Made() string {
	n, c := 1, celsius(1)
	return letters(
		made(c),             // a
		made(&c),            // b
		made(&counter{}),    // c
		made(handle{&n}),    // d
		made(&handle{&n}),   // e
		made(&hasCounter{}), // f
		made(hasPointer{}),  // g
		made(hasStringer{}), // h
	)
}

// MadeNames are the names of those functions, as the tables have them.
func MadeNames() []string {
	n, c := 1, celsius(1)
	var names []string
	for _, s := range []fmt.Stringer{c, &c, &counter{}, handle{&n}, &handle{&n}, &hasCounter{}, hasPointer{}, hasStringer{}} {
		name := runtime.FuncForPC(tableOf(s).method(0)).Name()
		names = append(names, name[strings.LastIndexByte(name, '/')+1:])
	}
	return names
}

// SameWords groups interface values by their first word: "abc d".
func SameWords() string {
	c, d := celsius(1), celsius(2)
	first := []unsafe.Pointer{
		unsafe.Pointer(tableOf(fmt.Stringer(c))),                 // a
		unsafe.Pointer(tableOf(fmt.Stringer(d))),                 // b
		unsafe.Pointer(tableOf(any(d).(fmt.Stringer))),           // c
		unsafe.Pointer(tableOf(fmt.Stringer(&c))),                // d
		unsafe.Pointer(tableOf(Describer(c))),                    // e
		unsafe.Pointer(tableOf(interface{ String() string }(c))), // f
		anyWords(c).typ,                              // g
		anyWords(fmt.Stringer(d)).typ,                // h
		anyWords(reflect.ValueOf(c).Interface()).typ, // i
	}
	var groups []string
	done := map[unsafe.Pointer]bool{}
	for i, p := range first {
		if done[p] {
			continue
		}
		done[p] = true
		group := ""
		for j := i; j < len(first); j++ {
			if first[j] == p {
				group += string(rune('a' + j))
			}
		}
		groups = append(groups, group)
	}
	return strings.Join(groups, " ")
}

func convertTo[T fmt.Stringer](x T) fmt.Stringer { return x }

// late reports whether the table of an interface value was made at run time: getitab
// leaves its hash 0 (runtime/iface.go).
func late[I any](v I) bool { return tableOf(v).hash == 0 }

//go:noinline
func asDescriber(s fmt.Stringer) Describer { return s }

// Late returns the letters of the tables that the runtime had to make.
func Late() string {
	c, h := celsius(1), hasPointer{&counter{}}
	return letters(
		late(fmt.Stringer(c)),                // a
		late(any(c).(fmt.Stringer)),          // b
		late(any(rankine(1)).(fmt.Stringer)), // c
		late(convertTo(fahrenheit(1))),       // d
		late(Describer(c)),                   // e
		late(asDescriber(c)),                 // f
		late(asDescriber(h)),                 // g
		late(any(h).(fmt.Stringer)),          // h
	)
}

// Implements returns the letters of the values that a type assertion finds to be
// Stringers.
func Implements() string {
	is := func(v any) bool { _, ok := v.(fmt.Stringer); return ok }
	s := fmt.Stringer(celsius(1))
	return letters(
		is(celsius(1)),      // a
		is(new(celsius)),    // b
		is(kelvin(1)),       // c
		is(counter{}),       // d
		is(&counter{}),      // e
		is(hasCounter{}),    // f
		is(&hasCounter{}),   // g
		is(hasPointer{}),    // h
		is(hasStringer{}),   // i
		is(hasTwo{}),        // j
		is(&s),              // k
		is((*counter)(nil)), // l
	)
}

// panics reports whether f panics.
func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

// Calls returns the letters of the functions that panic.
func Calls() string {
	var none fmt.Stringer
	return letters(
		panics(func() { _ = none.String }),                               // a
		panics(func() { _ = fmt.Stringer.String }),                       // b
		panics(func() { _ = fmt.Stringer((*counter)(nil)).String() }),    // c
		panics(func() { _ = fmt.Stringer((*celsius)(nil)).String() }),    // d
		panics(func() { _ = fmt.Stringer((*celsius)(nil)).String }),      // e
		panics(func() { _ = fmt.Stringer(hasPointer{}).String() }),       // f
		panics(func() { _ = fmt.Stringer(hasStringer{}).String }),        // g
		panics(func() { _ = fmt.Stringer(hasStringer{}).String() }),      // h
		panics(func() { _ = fmt.Stringer((*hasCounter)(nil)).String() }), // i
	)
}

// Conversions.

// allocs returns the heap allocations of one call of f.
func allocs(f func()) int { return int(testing.AllocsPerRun(100, f)) }

// A point is two words without a pointer.
type point struct{ x, y int }

var (
	origin = point{1, 2} // a variable: anybody in the package may change it
	sink   any           // what is stored here leaves its function
	kept   []any         // and so does this
)

// Held counts allocations of conversions of numbers, strings and slices in variables.
func Held() string {
	var all []string
	count := func(f func()) { all = append(all, fmt.Sprint(allocs(f))) }
	for _, n := range []int{255, 256, -1} {
		count(func() { sink = FromInt(n) })
	}
	count(func() { sink = FromFloat(0) })
	count(func() { sink = FromFloat(1) })
	count(func() { sink = FromByte(200) })
	for _, s := range []string{"", "x"} {
		count(func() { sink = FromString(s) })
	}
	for _, s := range [][]int{nil, {}} {
		count(func() { sink = FromSlice(s) })
	}
	return strings.Join(all, " ")
}

//go:noinline
func constantNumber() any { return 1_000_000 }

//go:noinline
func constantText() any { return "a text" }

//go:noinline
func constantPoint() any { return point{3, 4} }

//go:noinline
func constantSlice() any { return []int{3, 4} }

//go:noinline
func variablePoint() any { return origin }

//go:noinline
func pointTo() any { return &origin }

//go:noinline
func zeroPoint() any { var p point; return p }

//go:noinline
func halfPoint(y int) any { return point{3, y} }

// Constants counts the allocations of seven functions that return an any.
func Constants() string {
	return fmt.Sprint(
		allocs(func() { sink = constantNumber() }), allocs(func() { sink = constantText() }),
		allocs(func() { sink = constantPoint() }), allocs(func() { sink = constantSlice() }),
		allocs(func() { sink = variablePoint() }), allocs(func() { sink = pointTo() }),
		allocs(func() { sink = zeroPoint() }), allocs(func() { sink = halfPoint(4) }))
}

//go:noinline
func looks(v any) bool { return v != nil }

//go:noinline
func unpacks(v any) int {
	if p, ok := v.(point); ok {
		return p.x
	}
	return 0
}

//go:noinline
func keeps(v any) { sink = v }

//go:noinline
func forwards(s Shape) int { return s.Area() }

//go:noinline
func callees(p point, look func(any) bool) (list []func()) {
	return []func(){
		func() { looks(p) },
		func() { unpacks(p) },
		func() { keeps(p) },
		func() { look(p) },
		func() { forwards(circle{p.x}) },
	}
}

// Callees counts the allocations of passing a value to five functions.
func Callees() string {
	var all []string
	for _, f := range callees(point{300, 400}, looks) {
		all = append(all, fmt.Sprint(allocs(f)))
	}
	return strings.Join(all, " ")
}

//go:noinline
func looksAtAll(list ...any) (n int) {
	for _, v := range list {
		if v != nil {
			n++
		}
	}
	return n
}

//go:noinline
func keepsOne(list ...any) { sink = list[0] }

//go:noinline
func keepsList(list ...any) { kept = list }

//go:noinline
func variadic(n int, s string) []func() {
	return []func(){
		func() { looksAtAll(n, s, "name", 7) },
		func() { keepsOne(n, s, "name", 7) },
		func() { keepsList(n, s, "name", 7) },
	}
}

// Variadic counts the allocations of passing four values to functions of ...any.
func Variadic() string {
	var all []string
	for _, f := range variadic(1000, strings.Repeat("x", 3)) {
		all = append(all, fmt.Sprint(allocs(f)))
	}
	return strings.Join(all, " ")
}

//go:noinline
func sizes(a *[128]int, b *[129]int) []func() {
	return []func(){
		func() { looks(*a) },
		func() { looks(*b) },
	}
}

// Reads counts the allocations of five functions that read from a strings.Reader.
func Reads() string {
	r := strings.NewReader("a text")
	return fmt.Sprint(
		allocs(func() { ReadAny(r) }), allocs(func() { ReadStrings(r) }), allocs(func() { ReadEither(r) }),
		allocs(func() { ReadApart(r) }), allocs(func() { ReadLocal("a text") }))
}

// Sizes counts the allocations of passing 1,024 bytes and 1,032 bytes to a function that
// only looks.
func Sizes() string {
	var all []string
	for _, f := range sizes(new([128]int), new([129]int)) {
		all = append(all, fmt.Sprint(allocs(f)))
	}
	return strings.Join(all, " ")
}
