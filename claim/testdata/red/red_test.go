// Package red fails, for a test that looks at how.
package red

import (
	"strings"
	"testing"

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
