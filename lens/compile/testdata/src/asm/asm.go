// Package asm has a function in assembly.
package asm

func add(a, b int) int

// Twice calls it.
func Twice(n int) int { return add(n, n) }
