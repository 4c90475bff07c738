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
	order := []compile.ObserverUse{compile.ObserverReady, compile.ObserverBuild}
	return newFunc(t, name, order, func(_ context.Context, use compile.ObserverUse) (*compile.Report, error) {
		r := stock
		if use == compile.ObserverBuild {
			r = observing
		}
		if r == nil {
			return nil, errors.New("no such compiler")
		}
		return r, nil
	})
}

// Plain is plain, Names is names, Compiled is compiled.
var (
	Plain    = plain
	Names    = names
	Compiled = compiled
)

// StockFirst makes claims on a package ask the stock compiler first, also where the
// observing one is ready.
func StockFirst(p *CompiledPackage) *CompiledPackage {
	p.order = []compile.ObserverUse{compile.ObserverNever, compile.ObserverBuild}
	return p
}
