// Package cgo calls C.
package cgo

// static int twice(int n) { return 2 * n; }
import "C"

// Twice doubles in C.
func Twice(n int) int { return int(C.twice(C.int(n))) }

// Plain doesn't call C.
func Plain(s []int, i int) int { return s[i] }
