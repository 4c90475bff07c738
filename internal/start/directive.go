package start

import (
	"errors"
	"go/ast"
	"go/token"
	"regexp"
	"slices"
	"strings"
)

// A directive is one //hone: comment, understood.
type directive struct {
	verb    string // one of the four below
	id      string // the stage that heals the cut
	comment piece
	on      *part
}

const (
	prefix     = "//hone:"
	stageVerb  = "stage"
	hideVerb   = "hide"
	lineVerb   = "line"
	answerVerb = "answer"
)

var (
	wellFormed = regexp.MustCompile(`^//hone:([a-z]+) ([a-z][a-z0-9]*)$`)
	// What was meant as a directive, but would silently be an ordinary comment.
	nearMiss = regexp.MustCompile(`\bhone:(stage|hide|line|answer)\b`)
)

// directives finds all directives of a file and what each stands on, in the order of the
// text. Every mistake is an error, also one that no derivation would touch. The ids must
// be among stages; nil allows any.
func (s *source) directives(stages []string) ([]directive, error) {
	var found []directive
	var errs []error
	for _, c := range s.comments {
		text := strings.TrimRight(s.text[c.from:c.to], " \t")
		if !strings.HasPrefix(text, prefix) {
			if nearMiss.MatchString(text) {
				errs = append(errs, s.errorf(c.from, "looks like a directive, but is none: %s (%s must begin a comment of its own)", clip(text), prefix))
			}
			continue
		}
		m := wellFormed.FindStringSubmatch(text)
		if m == nil {
			errs = append(errs, s.errorf(c.from, "malformed directive %s: want %sVERB ID, ID one lower-case word", clip(text), prefix))
			continue
		}
		if stages != nil && !slices.Contains(stages, m[2]) {
			errs = append(errs, s.errorf(c.from, "%s: no such stage: there are %s", text, strings.Join(stages, ", ")))
		}
		d := directive{verb: m[1], id: m[2], comment: c}
		if err := s.attach(&d); err != nil {
			errs = append(errs, err)
			continue
		}
		if slices.ContainsFunc(found, func(e directive) bool { return e.on == d.on && e.verb == d.verb }) {
			errs = append(errs, s.errorf(c.from, "%s: a second %s%s on the same %s", text, prefix, d.verb, d.on.kind))
			continue
		}
		found = append(found, d)
	}
	return found, errors.Join(errs...)
}

// clip shortens text for a message: to its first line, and to what is read at a glance.
func clip(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if r := []rune(text); len(r) > 60 {
		return string(r[:60]) + "…"
	}
	return text
}

// attach finds the part that d stands on and checks that it may stand there.
func (s *source) attach(d *directive) error {
	leading := s.opensLine(d.comment.from)
	if leading {
		d.on = s.below(d.comment)
	} else {
		d.on = s.beside(d)
	}
	var wrong string
	switch d.verb {
	case stageVerb:
		wrong = d.mayStub(leading)
	case hideVerb:
		wrong = d.mayHide(leading)
	case lineVerb:
		wrong = d.mayCut(leading)
	case answerVerb:
		wrong = d.mayAnswer(leading)
	default:
		wrong = "there are " + strings.Join([]string{stageVerb, hideVerb, lineVerb, answerVerb}, ", ")
	}
	if wrong == "" && !leading && s.crowded(d) {
		wrong = "more than one thing starts on this line: break it"
	}
	if wrong != "" {
		return s.errorf(d.comment.from, "%s%s %s: %s", prefix, d.verb, d.id, wrong)
	}
	return nil
}

// The functions below say why d, on a line of its own or not, may not do to d.on what it
// says; "" if it may.

func (d *directive) mayStub(leading bool) string {
	var fn *ast.FuncDecl
	if d.on != nil {
		fn, _ = d.on.node.(*ast.FuncDecl)
	}
	switch {
	case !leading || fn == nil:
		return "goes in the doc comment of a function or method"
	case fn.Body == nil:
		return fn.Name.Name + " has no body"
	case fn.Recv == nil && fn.Name.Name == "init":
		return "init runs before any check could: hide it instead"
	}
	return ""
}

func (d *directive) mayHide(leading bool) string {
	if d.on == nil {
		return "stands on no declaration, spec, field or method"
	}
	switch d.on.node.(type) {
	case *ast.FuncDecl:
		if !leading {
			return "goes in the doc comment of a function"
		}
	case *ast.GenDecl, *ast.DeclStmt, ast.Spec, *ast.Field:
	default:
		return "hides declarations, specs, fields and methods; a " + string(d.on.kind) + " takes " + prefix + lineVerb
	}
	return ""
}

func (d *directive) mayCut(leading bool) string {
	switch {
	case leading:
		return "goes at the end of the line where the thing to cut starts"
	case d.on == nil:
		return "no statement, clause, field, method, spec or element starts on this line"
	case d.on.kind == declaration && d.on.spec == nil:
		return "a declaration takes " + prefix + hideVerb + " in its doc comment"
	}
	return ""
}

func (d *directive) mayAnswer(leading bool) string {
	if leading || d.on == nil {
		return "goes at the end of the line of a var with a type and a value"
	}
	v, ok := d.on.spec.(*ast.ValueSpec)
	switch {
	case !ok || d.on.keyword() != token.VAR:
		return "only a var has an answer"
	case v.Type == nil:
		return v.Names[0].Name + " needs a type of its own: without its value nothing else would give it one"
	case len(v.Values) == 0:
		return v.Names[0].Name + " has no value to take away"
	}
	return ""
}

// keyword is the var, const, type or import of the declaration that a spec stands in.
func (p *part) keyword() token.Token {
	if p.group != nil {
		p = p.group
	}
	switch n := p.node.(type) {
	case *ast.GenDecl:
		return n.Tok
	case *ast.DeclStmt:
		return n.Decl.(*ast.GenDecl).Tok
	}
	return token.ILLEGAL
}

// below is the part that a comment on a line of its own is attached to: the outermost
// that starts behind it with nothing but comments and no blank line in between.
func (s *source) below(c piece) *part {
	next, ok := after(s.tokens, c.to)
	if !ok {
		return nil
	}
	line := s.line(c.to)
	for {
		more, ok := after(s.comments, c.to)
		if !ok || more.from > next.from {
			break
		}
		if s.line(more.from) > line+1 {
			return nil
		}
		c, line = more, s.line(more.to)
	}
	if s.line(next.from) > line+1 {
		return nil
	}
	return outermost(s.starts[next.from])
}

// beside is the part that a trailing directive is attached to: the outermost that
// starts the line, or, where hide and answer close a longer one, that ends it.
func (s *source) beside(d *directive) *part {
	first, _ := after(s.tokens, s.lines[s.line(d.comment.from)-1])
	if p := outermost(s.starts[first.from]); p != nil && s.opensLine(first.from) {
		return p
	}
	if d.verb == lineVerb {
		return nil
	}
	last, _ := before(s.tokens, d.comment.from)
	return outermost(s.ends[last.to])
}

func outermost(parts []*part) *part {
	if len(parts) == 0 {
		return nil
	}
	return slices.MaxFunc(parts, func(a, b *part) int { return (a.to - a.from) - (b.to - b.from) })
}

// crowded reports whether the line that d trails holds the start of another part
// that d could as well be meant for.
func (s *source) crowded(d *directive) bool {
	for _, p := range s.parts {
		if p.from >= d.on.to && p.from < d.comment.from && s.line(p.from) == s.line(d.comment.from) {
			return true
		}
	}
	return false
}
