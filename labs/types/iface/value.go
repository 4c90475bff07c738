package iface

import (
	"fmt"
	"math"
	"reflect"
	"strconv"
)

// A Value is an int64, a float64, a bool, a string or anything else. Only the last is
// held in an interface; making a Value of the first four allocates nothing.
//
// An any is two words, and the second is a pointer for everything that is no pointer
// itself. So an int64 in an any is an object on the heap, unless it is small.
type Value struct {
	// Numbers: an int64, the bits of a float64, 0 or 1.
	num uint64 //hone:hide value

	text string //hone:hide value

	// One of the kinds below, where num or text has the value, else the value. This
	// does double duty, and it may: a kind is one byte, and an any that holds one byte
	// points into a table of the runtime's and costs nothing. Nobody else can hold a
	// kind, because nobody else can name the type. It saves the word that a field of
	// its own would take with its padding, in every field of every event. log/slog
	// does the same.
	held any //hone:hide value
}

// kind says where a Value has its value.
//
//hone:hide value
type kind uint8

//hone:hide value
const (
	isInt kind = iota
	isFloat
	isBool
	isString
)

// Int holds an integer.
//
//hone:stage value
func Int(n int64) Value { return Value{num: uint64(n), held: isInt} }

// Float holds a number.
//
//hone:stage value
func Float(f float64) Value { return Value{num: math.Float64bits(f), held: isFloat} }

// Bool holds a truth value.
//
//hone:stage value
func Bool(b bool) Value {
	v := Value{held: isBool}
	if b {
		v.num = 1
	}
	return v
}

// String holds a text.
//
//hone:stage value
func String(s string) Value { return Value{text: s, held: isString} }

// Any holds whatever it is given. An int64, a float64, a bool or a string is held as the
// functions above hold it.
//
//hone:stage value
func Any(v any) Value {
	switch x := v.(type) {
	case int64:
		return Int(x)
	case float64:
		return Float(x)
	case bool:
		return Bool(x)
	case string:
		return String(x)
	default:
		return Value{held: v}
	}
}

// Any returns what a Value holds, and nil for the zero Value. Numbers and strings are
// allocated for it.
//
//hone:stage value
func (v Value) Any() any {
	k, ok := v.held.(kind) // one comparison of two addresses: the type word is enough
	if !ok {
		return v.held
	}
	switch k {
	case isInt:
		return int64(v.num)
	case isFloat:
		return math.Float64frombits(v.num)
	case isBool:
		return v.num == 1
	default:
		return v.text
	}
}

// Append appends the value as it stands in a line, as NaiveValue does.
//
//hone:stage value
func (v Value) Append(dst []byte) []byte {
	k, ok := v.held.(kind)
	if !ok {
		return appendText(dst, fmt.Sprint(v.held))
	}
	switch k {
	case isInt:
		return strconv.AppendInt(dst, int64(v.num), 10)
	case isFloat:
		return strconv.AppendFloat(dst, math.Float64frombits(v.num), 'g', -1, 64)
	case isBool:
		return strconv.AppendBool(dst, v.num == 1)
	default:
		return appendText(dst, v.text)
	}
}

// Equal reports whether two values have the same type and are equal, as == has it for
// what Any returns. Where == would panic they are not equal.
//
//hone:stage value
func (v Value) Equal(w Value) bool {
	k, ok := v.held.(kind)
	if other, both := w.held.(kind); ok && both {
		// Not the bits of floats: -0 is 0 and NaN is not NaN.
		if k == isFloat && other == isFloat {
			return math.Float64frombits(v.num) == math.Float64frombits(w.num)
		}
		return k == other && v.num == w.num && v.text == w.text
	}
	// A type can be comparable and a value of it not, where an interface in it holds
	// a slice. Comparable looks at the value. One side is enough: == panics where it
	// finds the same such type on both.
	return reflect.TypeOf(v.held) == reflect.TypeOf(w.held) &&
		(v.held == nil || reflect.ValueOf(v.held).Comparable() && v.held == w.held)
}
