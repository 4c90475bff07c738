// Package trace reads execution traces of Go programs.
package trace
