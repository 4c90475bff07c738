//go:build wheat

package slices

import "github.com/hone-go/hone/claim"

// The predictions are those of the reference: there is one right answer to each.
var (
	GrowthSmall    = claim.Predict(AppendSmall())
	GrowthLarge    = claim.Predict(AppendLarge())
	GrowthPointers = claim.Predict(AppendPointers())
	GrowthFive     = claim.Predict(AppendFive())
	GrowthThousand = claim.Predict(AppendThousand())
	GrowthFirst    = claim.Predict(FirstCaps())
	GrowthAllocs   = claim.Predict(AppendAllocs())
	AliasPrefix    = claim.Predict(AppendToPrefix())
	AliasClipped   = claim.Predict(AppendToClipped())
	AliasTwins     = claim.Predict(Twins())
	AliasCallee    = claim.Predict(Callee())
	AliasRange     = claim.Predict(RangeTwice())
	AliasShift     = claim.Predict(Shift())
	AliasArray     = claim.Predict(ToArray())
	AliasDelete    = claim.Predict(DeleteMiddle())
	AliasClear     = claim.Predict(ClearPrefix())
	AliasNil       = claim.Predict(NilOrEmpty())
	PinBytes       = claim.Predict(HoldBytes())
	PinStrings     = claim.Predict(HoldStrings())
	PinKeys        = claim.Predict(HoldKeys())
	PinQueue       = claim.Predict(PopFront())
	PinTruncate    = claim.Predict(Truncate())
	ConvertMap     = claim.Predict(ConvertKeys())
	ConvertCompare = claim.Predict(ConvertToCompare())
	ConvertRange   = claim.Predict(ConvertToRange())
	ConvertJoin    = claim.Predict(ConvertToJoin())
	ConvertSize    = claim.Predict(ConvertSizes())
	ConvertRead    = claim.Predict(ConvertToRead())
	ConvertBuild   = claim.Predict(BuildString())
)
