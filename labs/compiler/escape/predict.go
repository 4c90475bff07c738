package escape

import "github.com/hone-go/hone/claim"

// Predictions. Read the function, decide, write the answer as claim.Predict(…), then
// look: the check compiles the function with your toolchain, or runs it, and says what
// it saw.
//
//	var FlowOrder claim.Prediction = claim.Predict("a c")
//	var CalleeSort claim.Prediction = claim.Predict("3 0 1 2")
//
// Lists are in the order of the alphabet, or in that of the question, with one blank
// between. "" is a list without anything in it. You could ask hone look first. You would
// learn that it can be asked.

// Stage flow: which variables move to the heap, as in "a c"? The functions are in flow.go.

// FlowOrder: of a, b, c and d in Order.
var FlowOrder claim.Prediction = claim.Predict("a b d") //hone:answer flow

// FlowStore: of a to h in Store.
var FlowStore claim.Prediction = claim.Predict("b e g h") //hone:answer flow

// FlowField: of a to f in Field.
var FlowField claim.Prediction = claim.Predict("a b d e") //hone:answer flow

// FlowLevel: of a, b, c, p, q, r, pp, qq and rr in Level.
var FlowLevel claim.Prediction = claim.Predict("a b q") //hone:answer flow

// FlowLoop: of a to e and i in Loop. The two variables called i count as one.
var FlowLoop claim.Prediction = claim.Predict("c d e i") //hone:answer flow

// FlowRoute: by which way does v of Route reach the heap? Name the stations, and before
// each the weight of the edge that leads to it, as in "-1 x 0 y 1 heap".
var FlowRoute claim.Prediction = claim.Predict("-1 a 0 b 0 c -1 d 1 e 0 heap") //hone:answer flow

// Stage leak: what are callers told of parameters? The functions are in leak.go.

// LeakDepth: how many pointers deep is what the result has of the parameter, for Itself,
// Next, Second, Value, Place, Copy, First, FirstOf and Last? 0 is the parameter itself,
// - is nothing, as in "3 - 0 …".
var LeakDepth claim.Prediction = claim.Predict("0 1 2 - 1 1 1 0 0") //hone:answer leak

// LeakReceiver: how deep is what the heap has of b after Trim, TrimLater, Reset, Grow and
// Swap of a Buffer? As before.
var LeakReceiver claim.Prediction = claim.Predict("- 1 0 1 -") //hone:answer leak

// LeakArgument: how deep is what the heap has of from, after Fill, Take, Add, Link and
// Lend?
var LeakArgument claim.Prediction = claim.Predict("- 0 - 1 1") //hone:answer leak

// LeakWhere: where does p go in ToAny, ToText, ToMap, ToClosure, ToChannel, ToPanic and
// ToAppend, and s in ToPart, which comes last? h for the heap, r for the result, - for
// nowhere, as in "h h r …".
var LeakWhere claim.Prediction = claim.Predict("r - h h h h h r") //hone:answer leak

// LeakSpread: each parameter of Spread is returned. Which of them leak to the heap
// instead, as in "a c"?
var LeakSpread claim.Prediction = claim.Predict("f g h") //hone:answer leak

// LeakCall: which variables of Call move to the heap, of a to k, x and y?
var LeakCall claim.Prediction = claim.Predict("f i k") //hone:answer leak

// Stage kind: what moves because of what it is? The functions are in kind.go.

// KindLarge: of what in Large is memory on the heap, of a to h? For a pointer or a slice,
// that is what it points to.
var KindLarge claim.Prediction = claim.Predict("b d f g") //hone:answer kind

// KindMake: how many allocations has a call with 2, and one with 40? For MakeConst,
// MakeNamed, MakeParam, MakeCapped, MakeRoom, MakeInts, MakeWide, MakeLen and MakeFixed,
// as in "00 01 11 …".
var KindMake claim.Prediction = claim.Predict("00 00 01 01 01 01 11 00 11") //hone:answer kind

// KindBox: how many allocations has a call of BoxInt(1000), BoxInt(200), BoxByte(200),
// BoxConst, BoxString("go"), BoxString(""), BoxPointer, BoxArray, BoxPair, BoxEmpty,
// BoxFunc and BoxSlice? None of the arguments is a constant for the compiler.
var KindBox claim.Prediction = claim.Predict("1 0 0 0 1 0 0 0 1 0 0 1") //hone:answer kind

// KindCapture: which variables of Capture move to the heap, of a to i?
var KindCapture claim.Prediction = claim.Predict("d e f g i") //hone:answer kind

// KindDefer: which variables of Defer, of a to f?
var KindDefer claim.Prediction = claim.Predict("c d") //hone:answer kind

// KindBound: which variables of Bound, of a to e?
var KindBound claim.Prediction = claim.Predict("a") //hone:answer kind

// KindEarly: how many allocations has a call of Early(1), Early(1000), Late(1) and
// Late(1000)?
var KindEarly claim.Prediction = claim.Predict("1 2 0 2") //hone:answer kind

// KindKeep: how many allocations has a call of KeepTwo, KeepThree, KeepStruct and KeepNew?
var KindKeep claim.Prediction = claim.Predict("1 2 1 2") //hone:answer kind

// KindFrame: how many whole KiB has the stack frame of One, Branches, ByValue and
// ByPointer?
var KindFrame claim.Prediction = claim.Predict("1 2 2 0") //hone:answer kind

// Stage callee: what moves because of who is called? The functions are in callee.go.

// CalleeUnknown: which variables of Unknown move to the heap? They are a to k without f.
var CalleeUnknown claim.Prediction = claim.Predict("b d g h k") //hone:answer callee

// CalleeConcrete: of which variables of Concrete, a to f, does the machine code call
// Scale through an interface?
var CalleeConcrete claim.Prediction = claim.Predict("c e f") //hone:answer callee

// CalleeNew: how many allocations has a call of UsePoint, UseApart, UseScaler, UseChecked,
// UseSafe and UseLoop?
var CalleeNew claim.Prediction = claim.Predict("0 1 0 1 1 0") //hone:answer callee

// CalleeStyle: and of ByOptions and ByChain?
var CalleeStyle claim.Prediction = claim.Predict("1 0") //hone:answer callee

// CalleeRange: and of SumInlined(9), SumApart(9), and SumGiven with an iterator that is
// there already?
var CalleeRange claim.Prediction = claim.Predict("0 3 2") //hone:answer callee

// CalleeSort: and of SortSlice, SortSort, SortFunc and SortSearch, for a slice of three?
var CalleeSort claim.Prediction = claim.Predict("2 1 0 0") //hone:answer callee

// CalleeRead: how many allocations has a call of ReadFrom, ReadGeneric, ReadZeros and
// ReadRoom, each with a *Zeros?
var CalleeRead claim.Prediction = claim.Predict("1 1 0 0") //hone:answer callee

// CalleeNumber: and of Sprintf, Appendf, Itoa and AppendInt, with room in dst, of 1000, 77
// and 7? Three digits for each, as in "111 110 …".
var CalleeNumber claim.Prediction = claim.Predict("210 100 100 000") //hone:answer callee
