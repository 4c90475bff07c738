// Package start turns a lab's reference into what a learner receives: the starter, and
// the solution of every stage. Directives in the reference say what each stage hides;
// nothing of it is stored twice.
//
// It is functions over file contents: no disk, no processes, the same bytes for the same
// input. Files whose names end in .go are transformed, all others pass through. It knows
// nothing of lab.md (package catalog does), and whether a derivation compiles and fails
// where it should is for package gate to find out.
//
// Start with [Derive]. [Apply] plants a mutant, [Leaks] looks for what was not hidden
// well, and [Null] makes the solutions of a cheat.
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

// How it works
//
// A derivation is a list of byte spans cut out of the text. The syntax tree says where a
// thing begins and ends, and is thrown away: no node is changed or printed. What is left
// of the text is parsed again, rid of the imports and labels that only cut code used, and
// formatted. So every comment that stays is where its author put it, by construction.
//
//	// Get returns what is kept under k.            // Get returns what is kept under k.
//	//                                              func (c *Cache) Get(k string) int {
//	//hone:stage order                                  panic("stage order: write (*Cache).Get")
//	func (c *Cache) Get(k string) int {             }
//	    // Nothing to do but to look.
//	    return c.m[k]
//	}
//
// The four directives are comments of their own, and each stands on a part: a member of
// some list of the grammar (a declaration, spec, field, method, statement, clause or
// element), because that is what can go from a Go file and leave a Go file.
//
//	//hone:stage ID   doc comment of a function or method     its body is a stub
//	//hone:hide ID    doc comment or line of a declaration,   it is absent
//	                  spec, field or method
//	//hone:line ID    line on which any part starts           it is absent
//	//hone:answer ID  line of a var with a type and a value   it has no value
//
// each until the stage ID is solved. The steps, a file each:
//
//  1. source.go reads a file as bytes, tokens, comments and parts.
//  2. directive.go finds the directives and what each stands on. All mistakes are found
//     at once, and those of directives that this derivation would not touch too: a
//     reference is right or it is not, whatever is solved.
//  3. cut.go turns the parts into spans and makes the cuts; stub.go fills bodies.
//  4. tidy.go removes what the compiler would refuse now.
//
// Attached to a part, and cut with it, are the comments directly above it, without a
// blank line between, unless they trail other code; and those that trail its last line.
// A clause of a switch has those behind its last statement too, down to the next clause.
// Everything else stays. A comment that is set off by a blank line belongs to nobody.
//
// What holds (the tests check it on every lab and on all of testdata):
//
//   - A derivation parses, is formatted and, if the reference compiles and no cut
//     leaves a variable unused, compiles.
//   - With all stages solved it is gofmt of the reference without its directives.
//   - No directive is left, in no place, nor an empty comment where one was.
//   - A cut inside a cut does nothing, until the outer one is healed.
//   - The value of no constant that stays has changed.
//
// What was tried. Deleting nodes from the tree is how it is usually done, and it loses
// comments: go/printer puts them where their positions say, between whatever nodes are
// left there (https://go.dev/issue/20744). The first draft of this package dropped the
// comments inside of the cuts by hand, and still printed those beside them in the wrong
// place. github.com/dave/dst ties comments to nodes, but to one node only, which it
// chooses. Cutting by lines alone fails on the first statement of two lines.

// Files is the files of a lab: slash-separated name to content. The functions of this
// package return new maps; a content that doesn't change is shared, and never written to.
type Files map[string][]byte

// A Stub says what stands where a body was cut.
type Stub int

const (
	Panic Stub = iota // panic("stage order: write (*Cache).Get"): what a learner gets
	Zero              // the return of zero values: what no check may accept
)

// Derive returns ref as it is with the first solved of stages solved. The error joins
// all mistakes in the directives, each as "file:line: …".
func Derive(ref Files, stages []string, solved int, stub Stub) (Files, error) {
	if stub != Panic && stub != Zero {
		return nil, fmt.Errorf("stub %d: there are Panic and Zero", stub)
	}
	return derive(ref, stages, solved, filling{stub: stub})
}

// Null returns the starter, but with body, one or more statements, in every stub, and
// zero returns behind it. It is for the gate that rejects cheats: select {}, for {},
// os.Exit(0), time.Sleep(time.Hour). Packages of a single word are imported as needed.
func Null(ref Files, stages []string, body string) (Files, error) {
	return derive(ref, stages, 0, filling{stub: Zero, lead: body})
}

// Stages returns the ids of stages that directives of ref name, and where. With an error,
// which is as that of [Derive], it returns what could be read.
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

// goFiles is the names of the Go files, sorted.
func goFiles(files Files) []string {
	names := slices.Sorted(maps.Keys(files))
	return slices.DeleteFunc(names, func(n string) bool { return path.Ext(n) != ".go" })
}

func derive(ref Files, stages []string, solved int, fill filling) (Files, error) {
	if solved < 0 || solved > len(stages) {
		return nil, fmt.Errorf("%d stages solved: there are %d", solved, len(stages))
	}
	out := Files{}
	maps.Copy(out, ref)
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

// derive is the derivation of one file.
func (s *source) derive(stages []string, solved int, fill filling) (string, error) {
	edits, err := s.edits(stages, solved, fill)
	if err != nil {
		return "", err
	}
	text := splice(s.text, edits)
	if slices.ContainsFunc(edits, func(e edit) bool { return e.cut }) {
		rest, err := parse(s.name, []byte(text))
		if err != nil {
			return "", fmt.Errorf("after the cuts: %w", err)
		}
		more, err := rest.tidy(s)
		if err != nil {
			return "", err
		}
		if slices.ContainsFunc(edits, func(e edit) bool { return e.cut && e.with != "" }) {
			more = append(more, rest.supply(fill.lead)...)
		}
		text = splice(text, more)
	}
	return gofmt(s.name, text)
}

// edits is all that has to be done to a file so that the first solved stages are solved.
func (s *source) edits(stages []string, solved int, fill filling) ([]edit, error) {
	found, err := s.directives(append([]string{}, stages...)) // never nil: no stages allow no directive
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
		case stageVerb:
			edits = append(edits, fill.edits(s, d.on.node.(*ast.FuncDecl), d.id)...)
		case answerVerb:
			v := d.on.spec.(*ast.ValueSpec)
			edits = append(edits, edit{from: s.offset(v.Type.End()), to: s.trail(s.offset(v.End())), cut: true})
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

// gofmt formats text until it stays as it is, which is at once but for oddities: gofmt
// is not quite idempotent, on comments between package and name for one.
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
