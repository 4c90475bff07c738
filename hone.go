// Package hone carries the sources that labs need, so that one binary works
// offline: the labs themselves and the claim library that their checks import.
// It holds nothing else.
package hone

import "embed"

// Source is this module's go.mod and go.sum, and everything below labs/ and claim/.
//
//go:embed go.mod go.sum labs claim
var Source embed.FS
