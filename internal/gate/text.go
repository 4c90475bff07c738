package gate

import (
	"cmp"
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/scanner"
	"go/token"
	"io/fs"
	"maps"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// How hints are held against what they must not tell
//
// What is hidden from a learner at a stage is what the whole solution has and what is
// in front of the learner has not: the files as derived for that stage, everything that
// the lab gives, and the code in the lesson and in the text of the stage. No span needs
// to be looked up for that, and it holds for a hunt as well, where what is hidden is the
// repair. Both sides are token sequences (go/scanner), so that neither layout nor
// comments count.
//
// Three measures, because each is blind where another sees:
//
//   - Overlap: of the runs of five tokens in the code of a hint (fenced blocks and `spans`)
//     that the learner does not have already, the share that the hidden code has too. It
//     finds a body that is told in pieces. Fewer than five tokens are a name or a call,
//     which is what hints are made of; four-token runs (x . f ( and its like) are in any two
//     Go programs, and of longer ones a changed name hides too many.
//   - Names: of the identifiers in its code that the learner does not have already, the
//     share that the hidden code has too. A list of them is the design. The last rung of
//     a ladder is excused from these two.
//   - Quotation: a statement, the head of an if or for, a list of values or a value of a
//     var, whole, in code or in prose. No rung may do that.
const (
	minHints     = 4   // rungs of a stage's ladder
	gramTokens   = 5   // tokens of a run
	minGrams     = 8   // runs below which a share says nothing
	minNames     = 5   // names below which a share says nothing
	maxOverlap   = 0.6 // of a rung that is not the last
	minStatement = 6   // tokens: shorter ones (mu.Lock(), return nil, err) are anybody's
	minValues    = 3   // values of a list
)

// hints holds the ladder of each stage against what the stage hides.
func hints(_ context.Context, in *inspection) error {
	whole, err := judge.Reference(in.lab)
	if err != nil {
		return err
	}
	most, where := 0.0, "no rung"
	for i, s := range in.lab.Stages {
		if len(s.Hints) < minHints {
			in.fault("stage %s has %d hints: a ladder has %d rungs or more", s.ID, len(s.Hints), minHints)
		}
		open, err := in.open(i)
		if err != nil {
			return err
		}
		h := conceal(whole, open)
		for k, hint := range s.Hints {
			rung := fmt.Sprintf("stage %s, hint %d of %d", s.ID, k+1, len(s.Hints))
			for _, q := range h.quotes(hint) {
				in.fault("%s quotes what the learner is to write (%s:%d): %s", rung, q.file, q.line, q.text)
			}
			for _, o := range h.overlaps(hint) {
				if o.share > most {
					most, where = o.share, rung
				}
				if o.share >= maxOverlap && k < len(s.Hints)-1 {
					in.fault("%s: %.0f %% of the %s in its code are in the hidden code; below %.0f %% is allowed, but for the last rung: %s", rung, 100*o.share, o.of, 100*maxOverlap, clip(o.told))
				}
			}
		}
	}
	in.saw("largest overlap of a hint with hidden code: %.0f %% (%s)", 100*most, where)
	return nil
}

// open is all code that lies before a learner at a stage.
func (in *inspection) open(stage int) ([]string, error) {
	files, err := judge.Solution(in.lab, stage, start.Panic)
	if err != nil {
		return nil, err
	}
	var open []string
	for _, src := range files {
		open = append(open, string(src))
	}
	for _, pattern := range []string{"*.go", "program/*.go"} {
		names, err := fs.Glob(in.lab.FS, pattern)
		if err != nil {
			return nil, err
		}
		for _, name := range names {
			if slices.Contains(in.lab.Files, name) {
				continue
			}
			src, err := fs.ReadFile(in.lab.FS, name)
			if err != nil {
				return nil, err
			}
			open = append(open, string(src))
		}
	}
	open = append(open, codeIn(in.lab.Lesson)...)
	for _, s := range in.lab.Stages[:stage+1] {
		open = append(open, codeIn(s.Text)...)
	}
	return open, nil
}

// A concealment is what the solution has and the learner has not.
type concealment struct {
	grams, names sides
	statements   []statement // whole ones, none of them known
}

// sides are the texts of one kind: those that the learner has, and those that the
// solution has besides.
type sides struct {
	known, hidden map[string]bool
}

// A statement is one piece of the reference that no hint may hold whole.
type statement struct {
	file   string
	line   int
	text   string
	tokens string
}

func conceal(whole start.Files, open []string) concealment {
	h := concealment{
		grams: sides{map[string]bool{}, map[string]bool{}},
		names: sides{map[string]bool{}, map[string]bool{}},
	}
	var all strings.Builder // what the learner has, as one sequence
	for _, src := range open {
		t := tokens(src)
		all.WriteString(joined(t) + "\n")
		maps.Copy(h.grams.known, grams(t))
		maps.Copy(h.names.known, names(t))
	}
	for name, src := range whole {
		if path.Ext(name) != ".go" {
			continue
		}
		t := tokens(string(src))
		maps.Copy(h.grams.hidden, grams(t))
		maps.Copy(h.names.hidden, names(t))
		for _, s := range statements(name, src) {
			if !strings.Contains(all.String(), s.tokens) {
				h.statements = append(h.statements, s)
			}
		}
	}
	slices.SortFunc(h.statements, func(a, b statement) int {
		return cmp.Or(strings.Compare(a.file, b.file), a.line-b.line, len(b.tokens)-len(a.tokens))
	})
	return h
}

// An overlap is how much of a hint's code is hidden code.
type overlap struct {
	of    string // what was counted
	share float64
	told  string // the code that has it
}

// overlaps counts runs and names, where there are enough for a share to say something.
func (h concealment) overlaps(hint string) []overlap {
	var found []overlap
	for _, m := range []struct {
		of string
		sides
		cut   func([]string) map[string]bool
		least int
	}{
		{"runs of five tokens", h.grams, grams, minGrams},
		{"names", h.names, names, minNames},
	} {
		all, hidden, told := map[string]bool{}, map[string]bool{}, ""
		for _, code := range codeIn(hint) {
			before := len(hidden)
			for text := range m.cut(tokens(code)) {
				if m.known[text] {
					continue
				}
				all[text] = true
				if m.hidden[text] {
					hidden[text] = true
				}
			}
			if len(hidden) > before {
				told += " " + strings.Join(strings.Fields(code), " ")
			}
		}
		if len(all) >= m.least {
			found = append(found, overlap{m.of, float64(len(hidden)) / float64(len(all)), told})
		}
	}
	return found
}

// quotes are the hidden statements that a hint holds whole. One inside of another
// that is quoted too is not said again.
func (h concealment) quotes(hint string) []statement {
	texts := []string{joined(tokens(plain(hint)))}
	for _, code := range codeIn(hint) {
		texts = append(texts, joined(tokens(code)))
	}
	var found []statement
	for _, s := range h.statements {
		if slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(t, s.tokens) }) &&
			!slices.ContainsFunc(found, func(f statement) bool { return strings.Contains(f.tokens, s.tokens) }) {
			found = append(found, s)
		}
	}
	return found
}

// statements are the pieces of a file that say something by themselves: simple
// statements, heads of compound ones, values of variables, and lists of values.
func statements(name string, src []byte) []statement {
	fset := token.NewFileSet()
	file, err := parser.ParseFile(fset, name, src, parser.SkipObjectResolution)
	if err != nil {
		return nil // other gates say so
	}
	var found []statement
	add := func(from, to token.Pos, least int) {
		p := fset.Position(from)
		text := string(src[p.Offset:fset.Position(to).Offset])
		if t := tokens(text); len(t) >= least {
			found = append(found, statement{name, p.Line, strings.Join(strings.Fields(text), " "), joined(t)})
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt, *ast.ExprStmt, *ast.SendStmt, *ast.IncDecStmt, *ast.ReturnStmt, *ast.DeferStmt, *ast.GoStmt:
			add(n.Pos(), n.End(), minStatement)
		case *ast.IfStmt:
			add(n.Pos(), n.Body.Lbrace, minStatement)
		case *ast.ForStmt:
			add(n.Pos(), n.Body.Lbrace, minStatement)
		case *ast.RangeStmt:
			add(n.Pos(), n.Body.Lbrace, minStatement)
		case *ast.SwitchStmt:
			add(n.Pos(), n.Body.Lbrace, minStatement)
		case *ast.CaseClause:
			add(n.Pos(), n.Colon, minStatement)
		case *ast.ValueSpec:
			if len(n.Values) > 0 {
				add(n.Pos(), n.End(), minStatement)
			}
		case *ast.CompositeLit:
			if len(n.Elts) >= minValues {
				add(n.Elts[0].Pos(), n.Elts[len(n.Elts)-1].End(), 2*minValues-1)
			}
		}
		return true
	})
	return found
}

var code = regexp.MustCompile("(?s)```[^\n]*\n(.*?)```|`([^`]+)`")

// codeIn is the code-like text of Markdown: fenced blocks, and spans in backquotes.
func codeIn(markdown string) []string {
	var found []string
	for _, m := range code.FindAllStringSubmatch(markdown, -1) {
		found = append(found, m[1]+m[2])
	}
	return found
}

var apostrophe = regexp.MustCompile(`(\pL)['’](\pL)`)

// plain is Markdown as one would tokenise it: without marks that Go reads as quotes.
func plain(markdown string) string {
	return apostrophe.ReplaceAllString(strings.NewReplacer("`", " ", "**", " ").Replace(markdown), "${1}_$2")
}

// tokens are the tokens of Go in a text, whatever else it is: no comments, and no
// semicolons, which are at the ends of lines or might as well be.
func tokens(text string) []string {
	var s scanner.Scanner
	s.Init(token.NewFileSet().AddFile("", -1, len(text)), []byte(text), func(token.Position, string) {}, 0)
	var out []string
	for {
		_, tok, lit := s.Scan()
		switch {
		case tok == token.EOF:
			return out
		case tok == token.SEMICOLON:
		case tok.IsOperator():
			out = append(out, tok.String())
		default:
			out = append(out, lit)
		}
	}
}

// joined is a sequence of tokens as a string, in which another one can be looked for.
func joined(tokens []string) string { return "\x00" + strings.Join(tokens, "\x00") + "\x00" }

// grams are the runs of tokens, each once.
func grams(tokens []string) map[string]bool {
	set := map[string]bool{}
	for i := 0; i+gramTokens <= len(tokens); i++ {
		set[joined(tokens[i:i+gramTokens])] = true
	}
	return set
}

// names are the identifiers among tokens.
func names(all []string) map[string]bool {
	set := map[string]bool{}
	for _, t := range all {
		if token.IsIdentifier(t) {
			set[t] = true
		}
	}
	return set
}

const clipLength = 200

func clip(s string) string {
	if s = strings.TrimSpace(s); len(s) > clipLength {
		return strings.ToValidUTF8(s[:clipLength], "") + " …"
	}
	return s
}

var (
	namesCheck = regexp.MustCompile(`\bTest[A-Z]\w*_\w+`)
	linked     = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	section    = regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
)

// prose holds the text of the lab against the lab: what it names exists, what it shows is
// what comes out.
func prose(ctx context.Context, in *inspection) error {
	text, err := fs.ReadFile(in.lab.FS, "lab.md")
	if err != nil {
		return err
	}
	in.checkNames(string(text))
	in.links(string(text))
	return in.transcripts(ctx, string(text))
}

// checkNames compares the checks that the text names with those that exist.
func (in *inspection) checkNames(text string) {
	exist := append(in.rightChecks(), in.budgetChecks()...)
	for i, l := range strings.Split(text, "\n") {
		for _, name := range namesCheck.FindAllString(l, -1) {
			if !slices.Contains(exist, name) {
				in.fault("lab.md:%d: no check is called %s", i+1, name)
			}
		}
	}
	for _, s := range in.lab.Stages {
		named := namesCheck.FindAllString(s.Text, -1)
		for _, c := range s.Checks {
			if !slices.Contains(named, c.Name) {
				in.fault("stage %s: its text does not name the check %s", s.ID, c.Name)
			}
		}
	}
}

// links follows the links of the text as a learner would, whose copy has nothing
// but the lab's directory around it. What lies elsewhere is on the web, encrypted.
func (in *inspection) links(text string) {
	count := 0
	for _, m := range linked.FindAllStringSubmatch(code.ReplaceAllString(text, ""), -1) {
		count++
		u, err := url.Parse(m[1])
		switch {
		case err != nil:
			in.fault("lab.md: link %q: %v", m[1], err)
		case u.Scheme == "https" && u.Host != "":
		case u.Scheme != "" || u.Host != "":
			in.fault("lab.md: link to %s: only https is linked to", m[1])
		case u.Path != "":
			if _, err := fs.Stat(in.lab.FS, path.Clean(u.Path)); err != nil {
				in.fault("lab.md: link to %s, which is not in the lab's directory", m[1])
			}
		case !slices.ContainsFunc(section.FindAllStringSubmatch(text, -1), func(h []string) bool { return anchor(h[1]) == u.Fragment }):
			in.fault("lab.md: link to %s, where no heading is called so", m[1])
		}
	}
	in.saw("%d links", count)
}

// anchor is the fragment that Markdown on the web gives a heading.
func anchor(heading string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == ' ':
			return '-'
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			return unicode.ToLower(r)
		}
		return -1
	}, heading)
}
