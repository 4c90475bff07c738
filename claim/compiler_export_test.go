package claim

import (
	"context"
	"errors"
	"testing"

	"github.com/hone-go/hone/lens/compile"
)

// FuncOf makes claims about a function of which the stock and the observing compiler
// report so; a nil report cannot be made.
func FuncOf(t testing.TB, name string, stock, observing *compile.Report) *CompiledFunc {
	return newFunc(t, name, func(_ context.Context, use compile.ObserverUse) (*compile.Report, error) {
		r := stock
		if use != compile.ObserverNever {
			r = observing
		}
		if r == nil {
			return nil, errors.New("no such compiler")
		}
		return r, nil
	})
}

// Plain is plain, Names is names.
var (
	Plain = plain
	Names = names
)
