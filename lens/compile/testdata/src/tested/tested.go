// Package tested has tests of both kinds, and a dependency that they change.
package tested

// Double doubles.
func Double(n int) int { return n * 2 }
