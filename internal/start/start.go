// Package start derives what a learner receives.
package start

import (
	"errors"
	"fmt"
	"go/ast"
	"go/format"
	"go/token"
	"maps"
	"path"
	"slices"
)

// Files is the files of a lab: slash-separated name to content.
type Files map[string][]byte

// A Stub says what stands where a body was cut.
type Stub int

const (
	Panic Stub = iota // panic("stage order: write (*Cache).Get")
	Zero              // return of zero values
)

// Derive returns ref with the first solved of stages solved.
func Derive(ref Files, stages []string, solved int, stub Stub) (Files, error) {
	if stub != Panic && stub != Zero {
		return nil, fmt.Errorf("no such stub: %d", stub)
	}
	return derive(ref, stages, solved, filling{stub: stub})
}

// Null returns the starter with body, followed by zero returns, in every stub.
func Null(ref Files, stages []string, body string) (Files, error) {
	return derive(ref, stages, 0, filling{stub: Zero, lead: body})
}

// Stages returns where each stage is named by a directive.
func Stages(ref Files) (map[string][]token.Position, error) {
	named := map[string][]token.Position{}
	var errs []error
	for _, name := range goFiles(ref) {
		s, err := parse(name, ref[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		found, err := s.directives(nil)
		errs = append(errs, err)
		for _, d := range found {
			named[d.id] = append(named[d.id], s.position(d.comment.from))
		}
	}
	return named, errors.Join(errs...)
}

func goFiles(files Files) []string {
	names := slices.Sorted(maps.Keys(files))
	return slices.DeleteFunc(names, func(n string) bool { return path.Ext(n) != ".go" })
}

func derive(ref Files, stages []string, solved int, fill filling) (Files, error) {
	if solved < 0 || solved > len(stages) {
		return nil, fmt.Errorf("%d of %d stages solved", solved, len(stages))
	}
	out := maps.Clone(ref)
	var errs []error
	for _, name := range goFiles(ref) {
		s, err := parse(name, ref[name])
		if err != nil {
			errs = append(errs, err)
			continue
		}
		text, err := s.derive(stages, solved, fill)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		out[name] = []byte(text)
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	return out, nil
}

func (s *source) derive(stages []string, solved int, fill filling) (string, error) {
	edits, err := s.edits(stages, solved, fill)
	if err != nil {
		return "", err
	}
	text := splice(s.text, edits)
	if slices.ContainsFunc(edits, func(e edit) bool { return e.cut }) {
		cut, err := parse(s.name, []byte(text))
		if err != nil {
			return "", fmt.Errorf("after the cuts: %w", err)
		}
		more, err := cut.tidy(s)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(edits, func(e edit) bool { return e.cut && e.with != "" }) {
			more = append(more, cut.supply(fill.lead)...)
		}
		text = splice(text, more)
	}
	return gofmt(s.name, text)
}

// edits is all that has to be done to a file so that the first solved stages are solved.
func (s *source) edits(stages []string, solved int, fill filling) ([]edit, error) {
	found, err := s.directives(append([]string{}, stages...))
	if err != nil {
		return nil, err
	}
	edits := s.erase(found)
	var parts []*part
	for _, d := range found {
		if slices.Index(stages, d.id) < solved {
			continue
		}
		switch d.verb {
		case "stage":
			edits = append(edits, fill.edits(s, d.on.node.(*ast.FuncDecl), d.id)...)
		case "answer":
			v := d.on.spec.(*ast.ValueSpec)
			edits = append(edits, edit{from: s.offset(v.Type.End()), to: s.behind(s.offset(v.End())), cut: true})
		default:
			parts = append(parts, d.on)
		}
	}
	// A cut inside of another one is not looked at: what it would do to its
	// surroundings, which go too, is no mistake.
	outer := slices.DeleteFunc(slices.Clone(parts), func(p *part) bool {
		return slices.ContainsFunc(edits, func(e edit) bool { return e.cut && e.from <= p.from && p.to <= e.to }) ||
			slices.ContainsFunc(parts, func(q *part) bool { return q != p && q.from <= p.from && p.to <= q.to })
	})
	cuts, err := s.excise(outer)
	return append(edits, cuts...), err
}

// gofmt formats text until it stays as it is.
func gofmt(name, text string) (string, error) {
	for range 3 {
		formatted, err := format.Source([]byte(text))
		if err != nil {
			return "", fmt.Errorf("%s: %w", name, err)
		}
		if string(formatted) == text {
			return text, nil
		}
		text = string(formatted)
	}
	return text, nil
}
