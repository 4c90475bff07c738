package linear

import "fmt"

// An Input is an operation of the model [KV]. Make it with Get, Put, Delete, CAS.
type Input struct {
	Op              string // get, put, delete or cas
	Key, Value, Old string
}

// Get reads a key. Its output is Value or Missing.
func Get(key string) Input { return Input{Op: "get", Key: key} }

// Put sets a key. Its output is nil.
func Put(key, value string) Input { return Input{Op: "put", Key: key, Value: value} }

// Delete removes a key. Its output is nil, or whether the key existed, a bool.
func Delete(key string) Input { return Input{Op: "delete", Key: key} }

// CAS sets a key from old to value. Its output is whether it did, a bool.
func CAS(key, old, value string) Input { return Input{Op: "cas", Key: key, Old: old, Value: value} }

// An Output is what Get returned.
type Output struct {
	Value string
	Found bool
}

// Value is the output of a Get that found value.
func Value(value string) Output { return Output{value, true} }

// Missing is the output of a Get that found nothing.
func Missing() Output { return Output{} }

// KV is the model of a map from string to string, empty at first.
func KV() Model {
	return Model{
		Init: func() any { return Output{} },
		Key:  func(in any) any { return in.(Input).Key },
		Step: func(state, input, output any) (bool, any) {
			s, in := state.(Output), input.(Input)
			switch in.Op {
			case "get":
				return output == Unknown || output == any(s), s
			case "put":
				return true, Value(in.Value)
			case "delete":
				existed, claimed := output.(bool)
				return !claimed || existed == s.Found, Missing()
			case "cas":
				swap := s == Value(in.Old)
				did, claimed := output.(bool)
				if swap {
					return !claimed || did, Value(in.Value)
				}
				return !claimed || !did, s
			}
			panic(fmt.Sprintf("linear: no operation %q", in.Op))
		},
	}
}
