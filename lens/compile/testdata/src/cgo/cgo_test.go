package cgo

import "testing"

func TestTwice(t *testing.T) {
	if n := Twice(2); n != 4 {
		t.Error(n)
	}
}
