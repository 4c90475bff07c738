package linear_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim/linear"
)

// A cache that serves a value after a later one was written.
func ExampleCheck() {
	h := linear.NewHistory()
	h.Call(0, linear.Put("k", "a")).Return(nil)
	h.Call(0, linear.Put("k", "b")).Return(nil)
	h.Call(1, linear.Get("k")).Return(linear.Value("a"))

	t := &recorder{TB: &testing.T{}} // in a test, its *testing.T
	linear.Check(t, linear.KV(), h)
	for line := range strings.Lines(t.log.String()) {
		if strings.Contains(line, "client") || strings.Contains(line, "longest") || strings.Contains(line, "state") {
			fmt.Println(strings.TrimSpace(line))
		}
	}
	// Output:
	// client 0   ├┤      put(k, "a")
	// client 0     ├┤    put(k, "b")
	// client 1       ├┤  get(k) → "a"   ← fits nowhere
	// The longest order has 2 of the 3 operations: put(k, "a"); put(k, "b").
	// Then the state is "b", and no other can be next.
}

// A model is a first state and a step. This one is a counter.
func ExampleModel() {
	counter := linear.Model{
		Init: func() any { return 0 },
		Step: func(state, input, output any) (bool, any) {
			next := state.(int) + input.(int)
			_, unknown := output.(linear.Unknown)
			return unknown || output == any(next), next
		},
	}
	h := linear.NewHistory()
	h.Call(0, 5).Return(5)
	h.Call(0, 2).Unknown() // the connection broke
	h.Call(1, 1).Return(8) // so it did happen

	t := &recorder{TB: &testing.T{}} // in a test, its *testing.T
	linear.Check(t, counter, h)
	fmt.Println("failed:", t.failed)
	// Output: failed: false
}
