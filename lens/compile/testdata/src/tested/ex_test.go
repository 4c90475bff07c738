package tested_test

import (
	"testing"

	"example.com/facts/tested"
)

func outer(n int) int { return tested.Double(n) }

func TestOuter(t *testing.T) {
	if outer(2) != 4 {
		t.Fatal("no")
	}
}
