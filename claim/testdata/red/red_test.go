// Package red fails, for a test that looks at how.
package red

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
)

func TestLong(t *testing.T) {
	claim.Show(t, claim.KindOutput, "long", strings.Repeat("0123456789abcdef\n", 600))
}

func TestLeak(t *testing.T) {
	claim.NoGoroutineLeak(t)
	c := make(chan int)
	go func() { <-c }()
}

func TestSeed(t *testing.T) { claim.Seed(t) }

func TestMinimal(t *testing.T) {
	steps := make([]int, 300)
	steps[100], steps[200] = 7, 8
	claim.Minimal(t, steps, func(t testing.TB, steps []int) {
		seen := false
		for i, s := range steps {
			seen = seen || s == 7
			if seen && s == 8 {
				claim.Fail(t, claim.OutcomeBudget, "8 after 7 at step %d", i)
			}
		}
	})
}

func TestMinimalPanic(t *testing.T) {
	defer func() {
		if recover() == nil {
			t.Error("no panic")
		}
	}()
	claim.Minimal(t, []int{1, 2, 3}, func(_ testing.TB, steps []int) {
		if len(steps) > 0 {
			panic(steps)
		}
	})
}

func TestMinimalBubble(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		claim.Minimal(t, make([]int, 50), func(t testing.TB, steps []int) {
			time.Sleep(time.Hour)
			if len(steps) > 4 {
				t.Fatalf("%d steps", len(steps))
			}
		})
	})
}
