//go:build wheat

package escape

import "github.com/hone-go/hone/claim"

// The predictions are those of the reference: there is one right answer to each.
var (
	FlowOrder      = claim.Predict("a b d")
	FlowStore      = claim.Predict("b e g h")
	FlowField      = claim.Predict("a b d e")
	FlowLevel      = claim.Predict("a b q")
	FlowLoop       = claim.Predict("c d e i")
	FlowRoute      = claim.Predict("-1 a 0 b 0 c -1 d 1 e 0 heap")
	LeakDepth      = claim.Predict("0 1 2 - 1 1 1 0 0")
	LeakReceiver   = claim.Predict("- 1 0 1 -")
	LeakArgument   = claim.Predict("- 0 - 1 1")
	LeakWhere      = claim.Predict("r - h h h h h r")
	LeakSpread     = claim.Predict("f g h")
	LeakCall       = claim.Predict("f i k")
	KindLarge      = claim.Predict("b d f g")
	KindMake       = claim.Predict("00 00 01 01 01 01 11 00 11")
	KindBox        = claim.Predict("1 0 0 0 1 0 0 0 1 0 0 1")
	KindCapture    = claim.Predict("d e f g i")
	KindDefer      = claim.Predict("c d")
	KindBound      = claim.Predict("a")
	CalleeUnknown  = claim.Predict("b d g h k")
	CalleeConcrete = claim.Predict("c e f")
	CalleeNew      = claim.Predict("0 1 0 1 1 0")
	CalleeStyle    = claim.Predict("1 0")
	CalleeRange    = claim.Predict("0 3 2")
	CalleeSort     = claim.Predict("2 1 0 0")
	KindEarly      = claim.Predict("1 2 0 2")
	KindKeep       = claim.Predict("1 2 1 2")
	KindFrame      = claim.Predict("1 2 2 0")
	CalleeRead     = claim.Predict("1 1 0 0")
	CalleeNumber   = claim.Predict("210 100 100 000")
)
