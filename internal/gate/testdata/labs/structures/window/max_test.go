package window_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/structures/window"
)

func loop(values []int, n int) []int {
	var all []int
	for i, v := range values {
		for k := max(0, i-n+1); k < i; k++ {
			v = max(v, values[k])
		}
		all = append(all, v)
	}
	return all
}

// Max is what a loop over the last n values finds.
func TestMax_Slides(t *testing.T) {
	rng := claim.Rand(t)
	for n := 1; n < 6; n++ {
		values := make([]int, 40)
		for i := range values {
			values[i] = rng.IntN(7)
		}
		claim.Equal(t, fmt.Sprint("Max of ", values, " by ", n), window.Max(values, n), loop(values, n))
	}
}

// Nothing has no maximum.
func TestMax_Empty(t *testing.T) {
	if got := window.Max(nil, 3); got == nil || len(got) != 0 {
		t.Errorf("Max(nil, 3) = %v, want an empty slice", got)
	}
}

func ExampleMax() {
	values := []int{3, 1, 4, 1, 5, 9, 2, 6}
	fmt.Println("value ", strings.Trim(fmt.Sprint(values), "[]"))
	fmt.Println("max   ", strings.Trim(fmt.Sprint(window.Max(values, 4)), "[]"))
	// Output:
	// value  3 1 4 1 5 9 2 6
	// max    3 3 4 4 5 9 9 9
}
