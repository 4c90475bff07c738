//go:build wheat

// Package iface solves the lab another way: a Value with a kind of its own, steps asked
// by assertions in a row, the fields of an event in a fixed array as long as they fit.
package iface

import (
	"fmt"
	"math"
	"strconv"
)

// A Value says in a field what it is.
type Value struct {
	kind byte
	num  uint64
	text string
	rest any
}

// Int holds an integer.
func Int(n int64) Value { return Value{kind: 'i', num: uint64(n)} }

// Float holds a number.
func Float(f float64) Value { return Value{kind: 'f', num: math.Float64bits(f)} }

// Bool holds a truth value.
func Bool(b bool) Value {
	if b {
		return Value{kind: 'b', num: 1}
	}
	return Value{kind: 'b'}
}

// String holds a text.
func String(s string) Value { return Value{kind: 's', text: s} }

// Any holds whatever it is given.
func Any(v any) Value {
	if n, ok := v.(int64); ok {
		return Int(n)
	}
	if f, ok := v.(float64); ok {
		return Float(f)
	}
	if b, ok := v.(bool); ok {
		return Bool(b)
	}
	if s, ok := v.(string); ok {
		return String(s)
	}
	return Value{rest: v}
}

// Any returns what it holds.
func (v Value) Any() any {
	switch v.kind {
	case 'i':
		return int64(v.num)
	case 'f':
		return math.Float64frombits(v.num)
	case 'b':
		return v.num == 1
	case 's':
		return v.text
	}
	return v.rest
}

// Append appends the value as it stands in a line.
func (v Value) Append(dst []byte) []byte {
	switch v.kind {
	case 'i':
		return strconv.AppendInt(dst, int64(v.num), 10)
	case 'f':
		return strconv.AppendFloat(dst, math.Float64frombits(v.num), 'g', -1, 64)
	case 'b':
		return strconv.AppendBool(dst, v.num == 1)
	case 's':
		return appendText(dst, v.text)
	}
	return appendText(dst, fmt.Sprintf("%v", v.rest))
}

// Equal reports whether two values are equal.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind {
		return false
	}
	switch v.kind {
	case 'f':
		return math.Float64frombits(v.num) == math.Float64frombits(w.num)
	case 0:
		return equalOrNot(v.rest, w.rest)
	}
	return v.num == w.num && v.text == w.text
}

// equalOrNot asks == and takes a panic for a no.
func equalOrNot(a, b any) (is bool) {
	defer func() {
		if recover() != nil {
			is = false
		}
	}()
	return a == b
}
