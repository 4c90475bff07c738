package claim

import (
	"fmt"
	"reflect"
	"testing"
)

// A Prediction is an answer given before looking. The zero Prediction is one not
// given yet. It is for learning: a file declares
//
//	var capAfterAppend = claim.Prediction{}
//
// the learner writes claim.Predict(8) instead, and a test checks it against what
// was observed on this machine, with this toolchain.
type Prediction struct {
	made  bool
	value any
}

// Predict returns the prediction that the answer will be v.
func Predict(v any) Prediction { return Prediction{made: true, value: v} }

// Check fails the test when the prediction was not made, and then reveals
// nothing, or when it was wrong, and then says both values and shows the evidence.
// Numbers are compared by value, whatever their types; everything else by
// [reflect.DeepEqual].
func (p Prediction) Check(t testing.TB, question string, observed any, evidenceText string) {
	t.Helper()
	if !p.made {
		t.Errorf("%s\nNot predicted yet. Decide first, write claim.Predict(…), then look: a surprise is what is remembered.", question)
		return
	}
	if same(p.value, observed) {
		return
	}
	text := fmt.Sprintf("predicted  %s\nobserved   %s\n", oneLineValue(p.value), oneLineValue(observed))
	if evidenceText != "" {
		text += "\n" + evidenceText
	}
	evidence{Kind: KindPrediction, Title: question, Text: text}.fail(t, "",
		"%s\nYou predicted %s; it is %s.", question, oneLineValue(p.value), oneLineValue(observed))
}

// same compares a prediction with an observation.
func same(a, b any) bool {
	if reflect.DeepEqual(a, b) {
		return true
	}
	x, y := reflect.ValueOf(a), reflect.ValueOf(b)
	switch {
	case !x.IsValid() || !y.IsValid():
		return false
	case x.CanInt() && y.CanInt():
		return x.Int() == y.Int()
	case x.CanUint() && y.CanUint():
		return x.Uint() == y.Uint()
	case x.CanInt() && y.CanUint():
		return x.Int() >= 0 && uint64(x.Int()) == y.Uint()
	case x.CanUint() && y.CanInt():
		return same(b, a)
	case x.CanFloat() && y.CanFloat():
		return x.Float() == y.Float()
	case x.CanFloat() && y.CanInt():
		return x.Float() == float64(y.Int())
	case x.CanInt() && y.CanFloat():
		return same(b, a)
	}
	return false
}
