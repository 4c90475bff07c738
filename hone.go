// Package hone carries the sources that labs need, so that one binary works
// offline: the labs themselves, and the claim library that their checks import with
// the packages that it needs. It holds nothing else.
package hone

import "embed"

// Source is this module's go.mod and go.sum, everything below labs/ and claim/, and
// what claim imports.
//
//go:embed go.mod go.sum labs claim lens/*.go lens/compile lens/trace internal/gotool
var Source embed.FS
