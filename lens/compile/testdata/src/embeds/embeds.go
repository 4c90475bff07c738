// Package embeds has a file in it.
package embeds

import _ "embed"

//go:embed text.txt
var text string

// Text is it.
func Text() string { return text }
