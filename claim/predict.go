package claim

import (
	"fmt"
	"reflect"
	"testing"
)

// A Prediction is an answer given before looking. The zero Prediction is one not
// given yet.
type Prediction struct {
	made  bool
	value any
}

// Predict returns the prediction that the answer will be v.
func Predict(v any) Prediction { return Prediction{made: true, value: v} }

// Check compares the prediction with what was observed.
func (p Prediction) Check(t testing.TB, question string, observed any, evidence string) {
	t.Helper()
	if !p.made {
		t.Errorf("%s: predict first, with claim.Predict(…)", question)
		return
	}
	if reflect.DeepEqual(p.value, observed) {
		return
	}
	Show(t, KindPrediction, question, fmt.Sprintf("predicted %v\nobserved  %v\n\n%s", p.value, observed, evidence))
	t.Errorf("%s: predicted %v, observed %v", question, p.value, observed)
}
