package vet

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/lens/layout"
)

// prove decides the claims of one package.
func prove(ctx context.Context, o Options, p listed, found []directive) []Claim {
	o.Event(p.ImportPath)
	b := &bench{ctx: ctx, event: o.Event}
	defer b.clean()
	compiled := claim.Compiler(b, p.ImportPath, append([]string{"HONE_DIR=" + o.Dir}, o.Settings...)...)
	types := typesOf{ctx: ctx, options: o, path: p.ImportPath}
	var out []Claim
	for _, d := range found {
		c := Claim{Position: d.at, Package: p.ImportPath, Subject: d.function + d.typ, Text: d.text}
		form, wrong := d.check()
		switch {
		case form == nil:
			c.Message = wrong
		case form.typ != nil:
			c.Message = types.wrong(form, d)
		default:
			args := d.words[1:]
			if form.lines && d.line > 0 && len(args) == 0 {
				args = []string{fmt.Sprintf(":%d", d.line)}
			}
			c.Message, c.Evidence = b.try(func() { form.function(compiled.Func(d.function), args) })
		}
		c.Holds = c.Message == ""
		out = append(out, c)
	}
	return out
}

// typesOf are the types of a package, read when the first claim is about one.
type typesOf struct {
	ctx     context.Context
	options Options
	path    string

	read bool
	pkg  *layout.Package
	err  error
}

// wrong says why a claim about a type does not hold.
func (t *typesOf) wrong(f *form, d directive) string {
	if !t.read {
		t.read = true
		s := layout.Source{Dir: t.options.Dir, Pattern: t.path}
		for _, set := range t.options.Settings {
			switch name, value, _ := strings.Cut(set, "="); name {
			case "GOARCH":
				s.GOARCH = value
			case "GOOS":
				s.GOOS = value
			}
		}
		t.pkg, t.err = layout.Load(t.ctx, s)
	}
	if t.err != nil {
		return t.err.Error()
	}
	typ, err := t.pkg.Type(d.typ)
	if err != nil {
		return err.Error()
	}
	wrong := f.typ(typ, d.words[1:])
	if wrong != "" {
		wrong = fmt.Sprintf("%s on %s: %s.", d.typ, typ.GOARCH, wrong)
	}
	return wrong
}

// A bench is the testing.TB of claims that no test makes: it notes what they say.
type bench struct {
	testing.TB // nil: claims call nothing else

	ctx      context.Context
	event    func(string)
	failures []string
	evidence []string // their texts
	cleanups []func()
}

// try makes claims, and returns why they do not hold.
func (b *bench) try(claims func()) (message, evidence string) {
	b.failures, b.evidence = nil, nil
	done := make(chan struct{})
	go func() { // FailNow ends it
		defer close(done)
		defer func() {
			if p := recover(); p != nil {
				b.failures = append(b.failures, fmt.Sprintf("not proven: %v", p))
			}
		}()
		claims()
	}()
	<-done
	return strings.Join(b.failures, "\n"), strings.Join(b.evidence, "\n")
}

// clean runs the cleanups, last first.
func (b *bench) clean() {
	for i := len(b.cleanups) - 1; i >= 0; i-- {
		b.cleanups[i]()
	}
}

func (b *bench) Helper()                  {}
func (b *bench) Name() string             { return "vet" }
func (b *bench) Context() context.Context { return b.ctx }
func (b *bench) Cleanup(f func())         { b.cleanups = append(b.cleanups, f) }
func (b *bench) FailNow()                 { runtime.Goexit() }

func (b *bench) Logf(format string, args ...any) { b.event(fmt.Sprintf(format, args...)) }

// Attr takes the evidence.
func (b *bench) Attr(key, value string) {
	var e struct {
		Text string
		More bool
	}
	if key != "hone.evidence" || json.Unmarshal([]byte(value), &e) != nil {
		return
	}
	if last := len(b.evidence) - 1; e.More && last >= 0 {
		b.evidence[last] += e.Text
		return
	}
	b.evidence = append(b.evidence, e.Text)
}

// Errorf takes why a claim does not hold: the evidence, which it repeats, is known.
func (b *bench) Errorf(format string, args ...any) {
	message := strings.TrimSpace(fmt.Sprintf(format, args...))
	if last := len(b.evidence) - 1; last >= 0 {
		shown := strings.ReplaceAll(strings.TrimRight(b.evidence[last], "\n"), "\n", "\n\t")
		message = strings.TrimSpace(strings.TrimSuffix(message, strings.TrimSpace(shown)))
	}
	b.failures = append(b.failures, message)
}

func (b *bench) Fatalf(format string, args ...any) {
	b.Errorf(format, args...)
	b.FailNow()
}
