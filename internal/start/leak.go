package start

import (
	"fmt"
	"go/ast"
	"go/token"
	"iter"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Leaks returns what a learner could still read in derived of what ref hides while the
// first solved of stages are solved: one sentence for each find, "file:line: …", in the
// order of the files. It finds
//
//   - directives;
//   - imports that nothing uses any more;
//   - names that only cut code declares: in code, where they don't compile either, and in
//     comments, where they look like code (ghostList, evict(), [Snapshot], `tail`, c.tail;
//     not tail alone, which is English too);
//   - lines of comments that stood only in cut spans, from three words and 12 bytes on;
//   - string literals of 12 bytes and more that stood only in cut spans: in code or, from
//     three words on, quoted by a comment.
//
// What stands outside of the cut spans of ref as well is no secret. A reference that can't
// be read leaks by definition: its errors are the finds.
func Leaks(ref, derived Files, stages []string, solved int) []string {
	secrets := newSecrets()
	var finds []string
	sources := map[string]*source{}
	for _, name := range goFiles(ref) {
		s, err := parse(name, ref[name])
		if err == nil {
			err = secrets.learn(s, stages, solved)
		}
		if err != nil {
			finds = append(finds, strings.Split(err.Error(), "\n")...)
			continue
		}
		sources[name] = s
	}
	secrets.settle()
	for _, name := range goFiles(derived) {
		s, err := parse(name, derived[name])
		if err != nil {
			finds = append(finds, strings.Split(err.Error(), "\n")...)
			continue
		}
		if was := sources[name]; was != nil {
			for _, p := range s.idle(was) {
				finds = append(finds, s.errorf(p.from, "nothing uses the import %s", p.spec.(*ast.ImportSpec).Path.Value).Error())
			}
		}
		finds = append(finds, secrets.inCode(s)...)
		finds = append(finds, secrets.inComments(s)...)
	}
	return finds
}

// A secret is an identifier, a line of a comment or a string that cut spans hold.
type secret struct {
	at     token.Position // in the reference, where it stands first
	global bool           // an identifier of package level: the only kind that other code could use by itself
	member bool           // a field or a method
}

func (s secret) String() string {
	return fmt.Sprintf("is hidden (%s:%d of the reference)", s.at.Filename, s.at.Line)
}

// A ledger is one kind of secrets, by their text, and what is known not to be secret.
type ledger struct {
	hidden map[string]secret
	open   map[string]bool
}

func newLedger() ledger { return ledger{map[string]secret{}, map[string]bool{}} }

// enter notes that text stands in the reference, cut or not.
func (l ledger) enter(text string, cut bool, s secret) {
	if !cut {
		l.open[text] = true
		return
	}
	if old, ok := l.hidden[text]; ok {
		s = secret{old.at, old.global || s.global, old.member || s.member}
	}
	l.hidden[text] = s
}

// settle forgets what is no secret.
func (l ledger) settle(dull func(text string) bool) {
	maps.DeleteFunc(l.hidden, func(text string, _ secret) bool { return l.open[text] || dull(text) })
}

// secrets is what stands in the cut spans of a reference, and nowhere else in it.
type secrets struct {
	names, lines, strings ledger
	packages              map[string]bool // names of imports: os in os.Rename says that Rename is not ours
}

func newSecrets() *secrets {
	return &secrets{newLedger(), newLedger(), newLedger(), map[string]bool{}}
}

// learn reads one file of the reference.
func (sec *secrets) learn(s *source, stages []string, solved int) error {
	edits, err := s.edits(stages, solved, filling{stub: Panic})
	if err != nil {
		return err
	}
	isCut := func(offset int) bool {
		return slices.ContainsFunc(edits, func(e edit) bool { return e.cut && e.from <= offset && offset < e.to })
	}
	for _, im := range s.tree.Imports {
		for _, n := range importNames(im) {
			sec.packages[n] = true
		}
	}
	declared(s.tree, func(id *ast.Ident, what secret) {
		at := s.offset(id.Pos())
		what.at = s.position(at)
		sec.names.enter(id.Name, isCut(at), what)
	})
	for _, c := range s.comments {
		if strings.HasPrefix(s.text[c.from:c.to], prefix) {
			continue
		}
		for text, at := range s.commentLines(c) {
			sec.lines.enter(text, isCut(at), secret{at: s.position(at)})
		}
	}
	for _, t := range s.tokens {
		if text, ok := s.literal(t); ok {
			sec.strings.enter(text, isCut(t.from), secret{at: s.position(t.from)})
		}
	}
	return nil
}

// settle leaves what is a secret and too long to be there by chance.
func (sec *secrets) settle() {
	sec.names.settle(func(text string) bool { return text == "_" || text == "init" })
	sec.lines.settle(func(text string) bool { return len(text) < 12 || len(strings.Fields(text)) < 3 })
	sec.strings.settle(func(text string) bool { return len(text) < 12 })
}

// literal is the value of a string literal.
func (s *source) literal(t piece) (string, bool) {
	if t.tok != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(s.text[t.from:t.to])
	return text, err == nil
}

// commentLines yields the lines of a comment without its marks, and where each begins.
func (s *source) commentLines(c piece) iter.Seq2[string, int] {
	return func(yield func(string, int) bool) {
		at := c.from
		for line := range strings.SplitSeq(s.text[c.from:c.to], "\n") {
			text := strings.TrimSpace(line)
			text = strings.TrimPrefix(strings.TrimPrefix(text, "//"), "/*")
			text = strings.TrimSpace(strings.TrimPrefix(strings.TrimSuffix(text, "*/"), "*"))
			if !yield(text, at) {
				return
			}
			at += len(line) + 1
		}
	}
}

// inCode finds secrets in the code of a derived file.
func (sec *secrets) inCode(s *source) []string {
	var finds []string
	for _, id := range s.tree.Unresolved {
		if what, ok := sec.names.hidden[id.Name]; ok && what.global {
			finds = append(finds, s.errorf(s.offset(id.Pos()), "the code names %s, which %s", id.Name, what).Error())
		}
	}
	for _, t := range s.tokens {
		if text, ok := s.literal(t); ok {
			if what, ok := sec.strings.hidden[text]; ok {
				finds = append(finds, s.errorf(t.from, "the string %q %s", clip(text), what).Error())
			}
		}
	}
	return finds
}

var word = regexp.MustCompile(`[\pL_][\pL_\pN]*`)

// inComments finds secrets in the comments of a derived file.
func (sec *secrets) inComments(s *source) []string {
	var finds []string
	report := func(at int, format string, args ...any) {
		finds = append(finds, s.errorf(at, format, args...).Error())
	}
	quotable := slices.DeleteFunc(slices.Sorted(maps.Keys(sec.strings.hidden)), func(text string) bool {
		return len(strings.Fields(text)) < 3
	})
	for _, c := range s.comments {
		if strings.HasPrefix(s.text[c.from:c.to], prefix) {
			report(c.from, "the directive %s is left", s.text[c.from:c.to])
			continue
		}
		for text, at := range s.commentLines(c) {
			if what, ok := sec.lines.hidden[text]; ok {
				report(at, "the comment %q %s", clip(text), what)
			}
			for _, m := range word.FindAllStringIndex(text, -1) {
				if what, ok := sec.names.hidden[text[m[0]:m[1]]]; ok && sec.tells(text, m[0], m[1], what) {
					report(at, "the comment names %s, which %s", text[m[0]:m[1]], what)
				}
			}
		}
		for _, text := range quotable {
			if strings.Contains(s.text[c.from:c.to], text) {
				report(c.from, "the comment quotes %q, which %s", clip(text), sec.strings.hidden[text])
			}
		}
	}
	return finds
}

// tells reports whether text[from:to] in the line of a comment means the hidden
// identifier that it spells, and not an English word or somebody else's name.
func (sec *secrets) tells(text string, from, to int, what secret) bool {
	id, head, tail := text[from:to], text[:from], text[to:]
	if len(id) < 3 {
		return false
	}
	if left, ok := strings.CutSuffix(head, "."); ok {
		if strings.HasSuffix(left, ")") { // (*Cache).Purge
			return what.member
		}
		// c.Purge, if the reference knows a c; list.Remove is a package's.
		words := word.FindAllString(left, -1)
		if len(words) == 0 || !strings.HasSuffix(left, words[len(words)-1]) {
			return false
		}
		q := words[len(words)-1]
		_, hidden := sec.names.hidden[q]
		return what.member && (hidden || sec.names.open[q]) && !sec.packages[q]
	}
	call := strings.HasPrefix(tail, "(") && !strings.HasPrefix(tail, "(s)")
	quoted := strings.HasSuffix(head, "`") && strings.HasPrefix(tail, "`")
	link := strings.HasSuffix(head, "[") && strings.HasPrefix(tail, "]")
	_, size := utf8.DecodeRuneInString(id)
	mixed := strings.ContainsFunc(id[size:], unicode.IsUpper) && strings.ContainsFunc(id, unicode.IsLower)
	return call || quoted || link || mixed
}

// declared calls visit with every identifier that a file declares.
func declared(tree *ast.File, visit func(*ast.Ident, secret)) {
	global, members := map[ast.Node]bool{}, map[ast.Node]bool{}
	for _, d := range tree.Decls {
		if d, ok := d.(*ast.GenDecl); ok {
			for _, sp := range d.Specs {
				global[sp] = true
			}
		}
	}
	ast.Inspect(tree, func(n ast.Node) bool {
		what := secret{global: global[n], member: members[n]}
		switch n := n.(type) {
		case *ast.FuncDecl:
			visit(n.Name, secret{global: n.Recv == nil, member: n.Recv != nil})
		case *ast.TypeSpec:
			visit(n.Name, what)
		case *ast.ValueSpec:
			for _, id := range n.Names {
				visit(id, what)
			}
		case *ast.StructType:
			members[n.Fields] = true
		case *ast.InterfaceType:
			members[n.Methods] = true
		case *ast.FieldList:
			for _, f := range n.List {
				for _, id := range f.Names {
					visit(id, what)
				}
			}
		case *ast.AssignStmt:
			for _, e := range n.Lhs {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					visit(id, what)
				}
			}
		case *ast.RangeStmt:
			for _, e := range []ast.Expr{n.Key, n.Value} {
				if id, ok := e.(*ast.Ident); ok && n.Tok == token.DEFINE {
					visit(id, what)
				}
			}
		case *ast.LabeledStmt:
			visit(n.Label, what)
		}
		return true
	})
}
