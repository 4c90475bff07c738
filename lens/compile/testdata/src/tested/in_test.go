package tested

import "testing"

func inner(n int) int { return Double(n) }

func TestInner(t *testing.T) {
	if inner(2) != 4 {
		t.Fatal("no")
	}
}
