// Package hyphen is in a directory whose name is no identifier.
package hyphen

var sink *int

func Moves() {
	moved := 1
	sink = &moved
}

func Nth(b []int, n int) int { return b[n] }
