package linear

import "fmt"

// An Input is an operation of the model [KV]. [Get], [Put], [Delete] and [CAS] make
// it.
type Input struct {
	Op              string // get, put, delete or cas
	Key, Value, Old string
}

// Get reads a key. It returns [Value] or [Missing].
func Get(key string) Input { return Input{Op: "get", Key: key} }

// Put sets a key. It returns nil.
func Put(key, value string) Input { return Input{Op: "put", Key: key, Value: value} }

// Delete removes a key. It returns nil, or a bool: whether the key was there.
func Delete(key string) Input { return Input{Op: "delete", Key: key} }

// CAS sets a key to value if its value is old, in one step. It returns a bool:
// whether it did.
func CAS(key, old, value string) Input { return Input{Op: "cas", Key: key, Old: old, Value: value} }

// An Output is what Get returned, and the state of a key.
type Output struct {
	Value string
	Found bool
}

// Value is the output of a Get that found value.
func Value(value string) Output { return Output{value, true} }

// Missing is the output of a Get that found nothing.
func Missing() Output { return Output{} }

// String returns the value quoted, or "missing".
func (o Output) String() string {
	if !o.Found {
		return "missing"
	}
	return fmt.Sprintf("%q", o.Value)
}

// KV is the model of a map from strings to strings, empty at first, checked key by
// key. With one key it is a register. Inputs are of type [Input].
func KV() Model {
	return Model{
		Init:     func() any { return Missing() },
		Key:      func(input any) any { return input.(Input).Key },
		Step:     stepKV,
		Describe: describeKV,
	}
}

func stepKV(state, input, output any) (legal bool, next any) {
	now, in := state.(Output), input.(Input)
	if _, unknown := output.(Unknown); unknown {
		output = nil // no claim
	}
	switch in.Op {
	case "get":
		return output == nil || output == any(now), now
	case "put":
		return true, Value(in.Value)
	case "delete":
		return agrees(output, now.Found), Missing()
	case "cas":
		if now == Value(in.Old) {
			return agrees(output, true), Value(in.Value)
		}
		return agrees(output, false), now
	}
	panic(fmt.Sprintf("linear: no operation %q: make inputs with Get, Put, Delete and CAS", in.Op))
}

// agrees reports whether an output claims nothing or the truth. Anything else
// than nil and a bool is not an output of the model, and never agrees.
func agrees(output any, truth bool) bool { return output == nil || output == any(truth) }

func describeKV(input, output any) string {
	in := input.(Input)
	s := fmt.Sprintf("%s(%s)", in.Op, in.Key)
	switch in.Op {
	case "put":
		s = fmt.Sprintf("put(%s, %q)", in.Key, in.Value)
	case "cas":
		s = fmt.Sprintf("cas(%s, %q, %q)", in.Key, in.Old, in.Value)
	}
	if output == nil {
		return s
	}
	return fmt.Sprintf("%s → %v", s, output)
}
