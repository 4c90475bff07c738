package iface

import "github.com/hone-go/hone/claim"

// Predictions. Read the code, decide, write the answer as claim.Predict(…), then look:
// the check runs the code, or asks the compiler, on your toolchain and says what it saw.
//
//	var CallSlot claim.Prediction = claim.Predict("16 48")
//
// Answers that are letters name what the question lists, in order and with spaces
// between them: "a c d". "" is none of them.
//
// You could call the experiment in your answer. You would learn that it runs.

// Stage words.

// WordsDirect: each value goes into an any. For which of them is the second word the
// value itself, as in "a c d"?
//
//	n := 7
//	type handle struct{ n *int }
//
//	a  &n                  e  "seven"        i  [2]*int{&n}
//	b  n                   f  []int{n}       j  uintptr(n)
//	c  map[string]int{}    g  handle{&n}     k  fmt.Stringer(nil)
//	d  func() { n++ }      h  [1]*int{&n}
var WordsDirect claim.Prediction = claim.Predict(Direct()) //hone:answer words

// WordsCopies: what does fmt.Sprint say of a, b, c and *d at the end? Then, has b the same
// second word as a, and has c, "same" or "other"? As in
// "[1 2 3] [1 2 3] [1 2 3] [1 2 3] same other".
//
//	x := [3]int{1, 2, 3}
//	var a any = x
//	b := a
//	var c any = x
//	var d any = &x
//	x[0] = 9
//	y := b.([3]int)
//	y[1] = 9
var WordsCopies claim.Prediction = claim.Predict(Copies()) //hone:answer words

// WordsNil: which of these are true, as in "a c d"?
//
//	var none error
//	var pointer *fault                 // a *fault has a method Error
//	var typed error = pointer
//	var f func()
//	type hasStringer struct{ fmt.Stringer }
//	func findFault(found bool) error {
//		var f *fault
//		if found {
//			f = &fault{"found"}
//		}
//		return f
//	}
//	failed, _ := any(5).(error)
//	asserted, ok := any(pointer).(error)
//
//	a  none == nil                 h  errors.Join(nil, none) == nil
//	b  typed == nil                i  typed.(*fault) == nil
//	c  findFault(false) == nil     j  *new(any) == nil
//	d  any(none) == nil            k  any(any(pointer)) == nil
//	e  any(f) == nil               l  fmt.Stringer(hasStringer{}) == nil
//	f  failed == nil               m  hasStringer{}.Stringer == nil
//	g  ok && asserted == nil       n  any((*any)(nil)) == nil
var WordsNil claim.Prediction = claim.Predict(Nils()) //hone:answer words

// WordsEqual: what does each of these come to: t for true, f for false, p for a panic?
// As in "t f p t f p t f p t f".
//
//	type pair struct{ n int; v any }
//	type mixed struct{ n int; f func() }
//	one, list, nan := 1, []int{1}, math.NaN()
//
//	any(one) == any(int64(one))
//	any(list) == any(list)
//	any(list) == any(nil)
//	any(list) == any(one)
//	any(nan) == any(nan)
//	any(&list) == any(&list)
//	any(pair{1, list}) == any(pair{2, list})
//	any(pair{1, list}) == any(pair{1, list})
//	any(mixed{n: 1}) == any(mixed{n: 2})
//	fmt.Stringer(celsius(1)) == any(celsius(1))  // celsius is a float64 with a String
//	map[any]int{one: 1}[list] == 0
var WordsEqual claim.Prediction = claim.Predict(Comparisons()) //hone:answer words

// Stage tables. celsius is a float64 with String on the value. counter is a struct with
// String on the pointer, which can be nil. handle is a struct{ n *int } with String on
// the value. And:
//
//	type hasCounter struct { pad int; counter }
//	type hasPointer struct{ *counter }
//	type hasStringer struct{ fmt.Stringer }

// TablesOrder: five functions lie in the table of a Crowded. In which order, as in
// "write Read close Zap Close"?
//
//	type Crowded interface {
//		write() int
//		Read() int
//		close() int
//		Zap() int
//		Close() int
//	}
var TablesOrder claim.Prediction = claim.Predict(TableOrder()) //hone:answer tables

// TablesLazy: a *sloth is converted to Lazy. Which functions do the four slots of the
// table lead to, by what runtime.FuncForPC calls them and in their order? Names as in
// "called direct elsewhere never", but for those that the linker put in their place.
// In the whole program,
//
//	l.called()     is called through a Lazy
//	s.direct()     is called on a *sloth, and not inlined
//	o.elsewhere()  is called through an interface{ elsewhere() int }, but only
//	               where o is no *sloth
//	never()        is not called
var TablesLazy claim.Prediction = claim.Predict(TableLazy()) //hone:answer tables

// TablesMade: each value is converted to fmt.Stringer. For which of them was the function
// in the table written by the compiler, as in "a c d"?
//
//	a  c, a celsius     c  &counter{}     e  &handle{&n}       g  hasPointer{}
//	b  &c               d  handle{&n}     f  &hasCounter{}     h  hasStringer{}
var TablesMade claim.Prediction = claim.Predict(Made()) //hone:answer tables

// TablesSame: which of these have the same first word? Groups of letters, each in
// order, as in "ab c defg hi".
//
//	c, d := celsius(1), celsius(2)
//	type Describer interface{ String() string }
//
//	a  fmt.Stringer(c)               f  interface{ String() string }(c)
//	b  fmt.Stringer(d)               g  any(c)
//	c  any(d).(fmt.Stringer)         h  any(fmt.Stringer(d))
//	d  fmt.Stringer(&c)              i  reflect.ValueOf(c).Interface()
//	e  Describer(c)
var TablesSame claim.Prediction = claim.Predict(SameWords()) //hone:answer tables

// TablesLate: which of these tables were not in the executable, so that the runtime had to
// make them, as in "a c d"? rankine and fahrenheit are as celsius, and nothing else in
// the program converts them to a Stringer. All that is done elsewhere with celsius and
// hasPointer is in the questions around this one.
//
//	func convertTo[T fmt.Stringer](x T) fmt.Stringer { return x }
//	func asDescriber(s fmt.Stringer) Describer { return s }   // not inlined
//	c, h := celsius(1), hasPointer{&counter{}}
//
//	a  fmt.Stringer(c)                  e  Describer(c)
//	b  any(c).(fmt.Stringer)            f  asDescriber(c)
//	c  any(rankine(1)).(fmt.Stringer)   g  asDescriber(h)
//	d  convertTo(fahrenheit(1))         h  any(h).(fmt.Stringer)
var TablesLate claim.Prediction = claim.Predict(Late()) //hone:answer tables

// TablesImplement: for which of these values is ok true after _, ok := any(v).(fmt.Stringer),
// as in "a c d"?
//
//	type kelvin celsius
//	type hasTwo struct{ celsius; fmt.Stringer }
//	s := fmt.Stringer(celsius(1))
//
//	a  celsius(1)      e  &counter{}        i  hasStringer{}
//	b  new(celsius)    f  hasCounter{}      j  hasTwo{}
//	c  kelvin(1)       g  &hasCounter{}     k  &s
//	d  counter{}       h  hasPointer{}      l  (*counter)(nil)
var TablesImplement claim.Prediction = claim.Predict(Implements()) //hone:answer tables

// TablesPanic: which of these panic, as in "a c d"?
//
//	var none fmt.Stringer
//
//	a  _ = none.String                       // a method value, not called
//	b  _ = fmt.Stringer.String               // a method expression
//	c  fmt.Stringer((*counter)(nil)).String()
//	d  fmt.Stringer((*celsius)(nil)).String()
//	e  _ = fmt.Stringer((*celsius)(nil)).String
//	f  fmt.Stringer(hasPointer{}).String()
//	g  _ = fmt.Stringer(hasStringer{}).String
//	h  fmt.Stringer(hasStringer{}).String()
//	i  fmt.Stringer((*hasCounter)(nil)).String()
var TablesPanic claim.Prediction = claim.Predict(Calls()) //hone:answer tables

// Stage convert. sink is a package variable of type any.

// ConvertBy: each function is func(x T) any { return x }. Which function of the runtime
// does it call, without "conv"? "-" for none. As in "T64 T32 T16 Tstring Tslice Tnoptr T - -".
//
//	int    struct{ n int32 }    struct{ s string }    struct{ a, b int32 }
//	struct{ p *int; n int }     [2]*int               handle
//	struct{ ok bool }           fmt.Stringer
var ConvertBy claim.Prediction = claim.Predict("T64 T32 Tstring Tnoptr T T - - -") //hone:answer convert

// ConvertHeld: how many heap allocations does each conversion make, as in
// "1 1 1 1 1 1 1 1 1 1"? All values are in variables, and the any leaves.
//
//	int 255      float64 0    string ""
//	int 256      float64 1    string "x"
//	int -1       byte 200     []int(nil)
//	                          []int{}
//
// (Column by column: 255, 256, -1, 0, 1, 200, "", "x", nil, {}.)
var ConvertHeld claim.Prediction = claim.Predict(Held()) //hone:answer convert

// ConvertConstants: how many heap allocations does a call of each function make, as in
// "1 1 1 1 1 1 1 1"? None is inlined.
//
//	type point struct{ x, y int }
//	var origin = point{1, 2}
//
//	func constantNumber() any    { return 1_000_000 }
//	func constantText() any      { return "a text" }
//	func constantPoint() any     { return point{3, 4} }
//	func constantSlice() any     { return []int{3, 4} }
//	func variablePoint() any     { return origin }
//	func pointTo() any           { return &origin }
//	func zeroPoint() any         { var p point; return p }
//	func halfPoint(y int) any    { return point{3, y} }
var ConvertConstants claim.Prediction = claim.Predict(Constants()) //hone:answer convert

// ConvertCallees: p is a variable of type point with numbers that are not small. How many
// heap allocations does each line make, as in "1 1 1 1 1"? None of the callees is inlined.
//
//	looks(p)             // func looks(v any) bool { return v != nil }
//	unpacks(p)           // asserts point and returns x, or 0
//	keeps(p)             // func keeps(v any) { sink = v }
//	look(p)              // look is a parameter of type func(any) bool
//	forwards(circle{p.x})  // func forwards(s Shape) int { return s.Area() }
var ConvertCallees claim.Prediction = claim.Predict(Callees()) //hone:answer convert

// ConvertVariadic: n is 1000 and s is "xxx", both variables. How many heap allocations
// does each line make, as in "1 1 1"? None of the callees is inlined.
//
//	looksAtAll(n, s, "name", 7)   // func(list ...any): counts those that aren't nil
//	keepsOne(n, s, "name", 7)     // func(list ...any) { sink = list[0] }
//	keepsList(n, s, "name", 7)    // func(list ...any) { kept = list }, kept is a []any
var ConvertVariadic claim.Prediction = claim.Predict(Variadic()) //hone:answer convert

// ConvertSizes: a is a *[128]int and b a *[129]int. How many heap allocations does each
// line make, as in "1 1"? looks is the function above, and -gcflags=-m says of both
// that the value does not escape.
//
//	looks(*a)
//	looks(*b)
var ConvertSizes claim.Prediction = claim.Predict(Sizes()) //hone:answer convert

// Stage call. The functions are in calls.go. A Shape has one method, Area; square has
// it on the pointer, circle on the value.

// CallSlot: at which offset in the table lies the pointer that CallZap loads, and at which the
// one that CallWrite loads, in bytes on a 64-bit machine, as in "16 48"? Both take a
// Crowded, of stage tables, and call one method.
var CallSlot claim.Prediction = claim.Predict("40 56") //hone:answer call

// CallKept: in the machine code of which functions is there a call of an address that is
// only known when it runs, as in "a c d"?
//
//	a  LocalValue     e  TwiceOther    i  Captured
//	b  Constructed    f  Passed        j  Asserted
//	c  Hidden         g  Stored        k  Method
//	d  TwiceSame      h  Global
var CallKept claim.Prediction = claim.Predict("c e h k") //hone:answer call

// CallHeap: which of the same functions take memory from the heap, themselves or in what
// was inlined into them, as in "a c d"?
var CallHeap claim.Prediction = claim.Predict("e g k") //hone:answer call

// CallSums: in which functions does Write or Sum of the hash go through a table, as in
// "a c d"? What the standard library does inside functions that are not inlined doesn't
// count.
//
//	a  Fnv    c  Md     e  Mac       g  Teed
//	b  Crc    d  Sha    f  Chosen    h  Lined
var CallSums claim.Prediction = claim.Predict("e f") //hone:answer call

// CallObjects: in which of the same functions does the hash itself lie on the heap, by an
// allocation of the function or of what was inlined into it, as in "a c d"?
var CallObjects claim.Prediction = claim.Predict("f g h") //hone:answer call

// CallReads: each of these is called with a *strings.Reader (ReadLocal with its string),
// and reads into a local array of 64 bytes. How many heap allocations does a call make, as in
// "1 1 1 1 1"? None is inlined.
//
//	ReadAny  ReadStrings  ReadEither  ReadApart  ReadLocal
var CallReads claim.Prediction = claim.Predict(Reads()) //hone:answer call

// CallGeneric: Totals calls TotalOf for *square, *block, circle, disc and Shape. How many
// bodies of TotalOf are compiled for that, and in how many of them is Area a call of a
// function that is known, as in "5 4"?
var CallGeneric claim.Prediction = claim.Predict("3 0") //hone:answer call

// CallAsks: which function of the runtime does each of these call when nothing panics?
// "-" for none, as in "typeAssert - - interfaceSwitch - - efaceeq ifaceeq - - - -".
//
//	ToConcrete  ToConcreteOK  ToInterface  ToFewer  SwitchTypes  SwitchInterfaces
//	SameAny  SameShape  IsSeven  IsN  HoldsN  IsNil
var CallAsks claim.Prediction = claim.Predict("- - typeAssert typeAssert - interfaceSwitch efaceeq ifaceeq efaceeq efaceeq - -") //hone:answer call
