package compile

import (
	"regexp"
	"sync"
)

// lazily compiles an expression when it is first asked for: every process of checks has
// this package in it, and few of them look at anything.
func lazily(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}
