package iface_test

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/types/iface"
)

// A pair is one value, held both ways.
type pair struct {
	made  string
	value iface.Value
	naive iface.NaiveValue
}

// pairs are values of every kind, and values next to each other.
func pairs(rng *rand.Rand) []pair {
	type both struct {
		n int
		v any
	}
	list := []pair{{"Value{}", iface.Value{}, iface.NaiveValue{}}}
	for _, n := range []int64{0, 1, -1, 255, 256, math.MaxInt64, math.MinInt64, rng.Int64()} {
		list = append(list, pair{fmt.Sprintf("Int(%d)", n), iface.Int(n), iface.NaiveInt(n)})
	}
	for _, f := range []float64{0, 1, math.Copysign(0, -1), math.NaN(), math.Inf(-1), 1e300, 0.1, rng.NormFloat64()} {
		list = append(list, pair{fmt.Sprintf("Float(%v)", f), iface.Float(f), iface.NaiveFloat(f)})
	}
	for _, b := range []bool{false, true} {
		list = append(list, pair{fmt.Sprintf("Bool(%v)", b), iface.Bool(b), iface.NaiveBool(b)})
	}
	for _, s := range []string{"", "x", "two words", "a=b", `"`, "é", "true", "0", "1", fmt.Sprint(rng.Int64())} {
		list = append(list, pair{fmt.Sprintf("String(%q)", s), iface.String(s), iface.NaiveString(s)})
	}
	one, text := 1, "x"
	for _, v := range []any{
		nil, int64(1), 1.0, true, "x", 1, uint8(1), uint8(0), uint8(3), int32(1), []int{1}, []int(nil), map[string]int{}, &one, &text, (*int)(nil), func() {},
		both{1, 2}, both{1, []int{1}}, both{2, []int{1}}, [1]any{[]int{1}}, struct{}{}, iface.Warn, math.NaN, errText("failed"), error(nil),
	} {
		list = append(list, pair{fmt.Sprintf("Any(%T %v)", v, v), iface.Any(v), iface.NaiveAny(v)})
	}
	return list
}

type errText string

func (e errText) Error() string { return string(e) }

// same reports whether two values have the same type and, as far as == can tell, are the
// same.
func same(a, b any) bool {
	if reflect.TypeOf(a) != reflect.TypeOf(b) {
		return false
	}
	if x, ok := a.(float64); ok {
		return math.Float64bits(x) == math.Float64bits(b.(float64))
	}
	if v := reflect.ValueOf(a); v.IsValid() && v.Kind() == reflect.Func {
		return v.Pointer() == reflect.ValueOf(b).Pointer()
	}
	return reflect.DeepEqual(a, b)
}

// What goes in comes out again, with its type: Any of an int64 is an int64, of an int an
// int.
func TestValue_HoldsWhatItIsGiven(t *testing.T) {
	for _, p := range pairs(claim.Rand(t)) {
		if got, want := p.value.Any(), p.naive.Any(); !same(got, want) {
			t.Errorf("%s.Any() is %T %v, want %T %v", p.made, got, got, want, want)
		}
	}
}

// A line shows a value as naive.go shows it, after what is in dst already.
func TestValue_AppendsLikeNaive(t *testing.T) {
	for _, p := range pairs(claim.Rand(t)) {
		got, want := p.value.Append([]byte("n=")), p.naive.Append([]byte("n="))
		if string(got) != string(want) {
			t.Errorf("%s.Append after \"n=\" gives %q, want %q", p.made, got, want)
		}
	}
}

// Equal is == between what the values hold, and false where == panics.
func TestValue_EqualsLikeGo(t *testing.T) {
	list := pairs(claim.Rand(t))
	for _, a := range list {
		for _, b := range list {
			want, panics := equal(a.naive.Any(), b.naive.Any())
			got, did := tryEqual(a.value, b.value)
			switch {
			case did:
				t.Fatalf("%s.Equal(%s) panics. A type is comparable or not, but a struct or an interface of a comparable type can hold what is not: look at the values, or be ready", a.made, b.made)
			case got != want && panics:
				t.Fatalf("%s.Equal(%s) is %v, and == panics: values that can't be compared are not equal", a.made, b.made, got)
			case got != want:
				t.Fatalf("%s.Equal(%s) is %v; what they hold are a %T and a %T, and == says %v", a.made, b.made, got, a.naive.Any(), b.naive.Any(), want)
			}
		}
	}
}

func equal(a, b any) (is, panics bool) {
	defer func() {
		if recover() != nil {
			is, panics = false, true
		}
	}()
	return a == b, false
}

func tryEqual(a, b iface.Value) (is, panics bool) {
	defer func() {
		if recover() != nil {
			is, panics = false, true
		}
	}()
	return a.Equal(b), false
}
