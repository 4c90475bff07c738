//go:build wheat

package iface

import "github.com/hone-go/hone/claim"

// The predictions are those of the reference: there is one right answer to each.
var (
	WordsDirect      = claim.Predict(Direct())
	WordsCopies      = claim.Predict(Copies())
	WordsNil         = claim.Predict(Nils())
	WordsEqual       = claim.Predict(Comparisons())
	TablesOrder      = claim.Predict(TableOrder())
	TablesLazy       = claim.Predict(TableLazy())
	TablesMade       = claim.Predict(Made())
	TablesSame       = claim.Predict(SameWords())
	TablesLate       = claim.Predict(Late())
	TablesImplement  = claim.Predict(Implements())
	TablesPanic      = claim.Predict(Calls())
	ConvertBy        = claim.Predict("T64 T32 Tstring Tnoptr T T - - -")
	ConvertHeld      = claim.Predict(Held())
	ConvertConstants = claim.Predict(Constants())
	ConvertCallees   = claim.Predict(Callees())
	ConvertVariadic  = claim.Predict(Variadic())
	ConvertSizes     = claim.Predict(Sizes())
	CallSlot         = claim.Predict("40 56")
	CallKept         = claim.Predict("c e h k")
	CallHeap         = claim.Predict("e g k")
	CallSums         = claim.Predict("e f")
	CallObjects      = claim.Predict("f g h")
	CallReads        = claim.Predict(Reads())
	CallGeneric      = claim.Predict("3 0")
	CallAsks         = claim.Predict("- - typeAssert typeAssert - interfaceSwitch efaceeq ifaceeq efaceeq efaceeq - -")
)
