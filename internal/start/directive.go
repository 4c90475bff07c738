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
	verb    string // stage, hide, line or answer
	id      string // the stage at which the cut is healed
	comment piece
	on      *part
}

var (
	wellFormed = regexp.MustCompile(`^//hone:([a-z]+) ([a-z][a-z0-9]*)$`)
	// What was meant as a directive, but would silently be an ordinary comment.
	nearMiss = regexp.MustCompile(`\bhone:(stage|hide|line|answer)\b`)
)

const prefix = "//hone:"

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
		found = append(found, d)
	}
	return found, errors.Join(errs...)
}

func clip(text string) string {
	text, _, _ = strings.Cut(text, "\n")
	if len(text) > 60 {
		text = text[:60] + "…"
	}
	return text
}

// attach finds the part that d stands on and checks that it may stand there.
func (s *source) attach(d *directive) error {
	fail := func(format string, args ...any) error {
		return s.errorf(d.comment.from, prefix+d.verb+" "+d.id+": "+format, args...)
	}
	leading := s.opensLine(d.comment.from)
	switch d.verb {
	case "stage":
		fn, _ := s.on(d, leading).(*ast.FuncDecl)
		switch {
		case !leading || fn == nil:
			return fail("goes in the doc comment of a function or method")
		case fn.Body == nil:
			return fail("%s has no body", fn.Name.Name)
		case fn.Recv == nil && fn.Name.Name == "init":
			return fail("init runs before any check could: hide it instead")
		}
	case "hide":
		switch s.on(d, leading).(type) {
		case *ast.FuncDecl:
			if !leading {
				return fail("goes in the doc comment of a function")
			}
		case *ast.GenDecl, *ast.DeclStmt, ast.Spec, *ast.Field:
		case nil:
			return fail("stands on no declaration, spec, field or method")
		default:
			return fail("hides declarations, specs, fields and methods; what else is in a list takes %sline", prefix)
		}
	case "line":
		n := s.on(d, false)
		switch {
		case leading:
			return fail("goes at the end of the line where the thing to cut starts")
		case n == nil:
			return fail("no statement, clause, field, method, spec or element starts on this line")
		case d.on.kind == declaration && d.on.spec == nil:
			return fail("a declaration takes %shide in its doc comment", prefix)
		}
	case "answer":
		s.on(d, false)
		return s.attachAnswer(d, leading, fail)
	default:
		return s.errorf(d.comment.from, "unknown directive %s%s: there are stage, hide, line and answer", prefix, d.verb)
	}
	if !leading && s.crowded(d) {
		return fail("more than one thing starts on this line: break it")
	}
	return nil
}

func (s *source) attachAnswer(d *directive, leading bool, fail func(string, ...any) error) error {
	if leading || d.on == nil {
		return fail("goes at the end of the line of a var with a type and a value")
	}
	v, ok := d.on.spec.(*ast.ValueSpec)
	switch {
	case !ok || s.keyword(d.on) != token.VAR:
		return fail("only a var has an answer")
	case v.Type == nil:
		return fail("%s needs a type of its own: without its value nothing else would give it one", v.Names[0].Name)
	case len(v.Values) == 0:
		return fail("%s has no value to take away", v.Names[0].Name)
	}
	return nil
}

// keyword is the var, const, type or import of the declaration that a spec stands in.
func (s *source) keyword(p *part) token.Token {
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

// on sets d.on and returns its node, or nil.
func (s *source) on(d *directive, leading bool) ast.Node {
	if leading {
		d.on = s.below(d.comment)
	} else {
		d.on = s.beside(d)
	}
	if d.on == nil {
		return nil
	}
	return d.on.node
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
	if d.verb == "line" {
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
