// Package dotted has a dot in the last element of its path, which symbols escape.
package dotted

type T struct{ n int }

//go:noinline
func Make(n int) *T { return keep(&T{n}) }

//go:noinline
func keep(t *T) *T { return t }
