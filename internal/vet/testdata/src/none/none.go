// Package none claims nothing.
package none

func F() {}
