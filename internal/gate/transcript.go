package gate

import (
	"context"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// A lesson shows real output. What comes out the same every time is printed by an
// example function in one of the lab's test files, and lab.md says which:
//
//	```output ExampleLRU_hitRatio
//	zipf  0.5632
//	```
//
// That is all there is to it: go test compares what the example prints with the comment
// in it, this gate runs it on the reference and compares the comment with the lesson,
// and a learner can run it too and see it come true. A block without the word is
// something else: code, a format, or a measurement, and then the text around it says
// when and on what.

// A transcript is such a block.
type transcript struct {
	name     string
	line     int // of the fence
	from, to int // of what is between the fences
	text     string
}

var outputFence = regexp.MustCompile("(?ms)^```output\\b *([^\n]*)\n(.*?)^```")

func transcripts(text string) []transcript {
	var found []transcript
	for _, m := range outputFence.FindAllStringSubmatchIndex(text, -1) {
		found = append(found, transcript{
			name: strings.TrimSpace(text[m[2]:m[3]]), line: 1 + strings.Count(text[:m[0]], "\n"),
			from: m[4], to: m[5], text: text[m[4]:m[5]],
		})
	}
	return found
}

// A recorded example is an example function and the comment that says what it prints.
type recorded struct {
	file     string
	from, to int // of the comment, with its indentation left out
	output   string
}

var outputComment = regexp.MustCompile(`(?i)^[[:space:]]*output:`)

// examples finds the example functions of a lab that say what they print, by name.
func examples(lab *catalog.Lab) (map[string]recorded, error) {
	names, err := fs.Glob(lab.FS, "*_test.go")
	if err != nil {
		return nil, err
	}
	found := map[string]recorded{}
	for _, name := range names {
		src, err := fs.ReadFile(lab.FS, name)
		if err != nil {
			return nil, err
		}
		fset := token.NewFileSet()
		file, err := parser.ParseFile(fset, name, src, parser.ParseComments|parser.SkipObjectResolution)
		if err != nil {
			return nil, err
		}
		for _, d := range file.Decls {
			fn, ok := d.(*ast.FuncDecl)
			if !ok || fn.Recv != nil || fn.Body == nil || !strings.HasPrefix(fn.Name.Name, "Example") {
				continue
			}
			var last *ast.CommentGroup
			for _, g := range file.Comments {
				if fn.Body.Pos() < g.Pos() && g.End() <= fn.Body.End() {
					last = g
				}
			}
			if last == nil {
				continue
			}
			text := last.Text()
			if at := outputComment.FindStringIndex(text); at != nil {
				found[fn.Name.Name] = recorded{
					name, fset.Position(last.Pos()).Offset, fset.Position(last.End()).Offset,
					strings.TrimPrefix(strings.TrimLeft(text[at[1]:], " "), "\n"),
				}
			}
		}
	}
	return found, nil
}

// transcripts compares every transcript with its example, and the examples with what
// the reference prints.
func (in *inspection) transcripts(ctx context.Context, text string) error {
	all := transcripts(text)
	known, err := examples(in.lab)
	if err != nil {
		return err
	}
	var names []string
	for _, t := range all {
		e, ok := known[t.name]
		switch {
		case !ok:
			in.fault("lab.md:%d: no example with a comment // Output: is called %q", t.line, t.name)
			continue
		case trimmed(e.output) != trimmed(t.text):
			in.fault("lab.md:%d: shows something else than the comment of %s (%s); hone lab check --record writes both anew", t.line, t.name, e.file)
		}
		names = append(names, t.name)
	}
	if len(names) == 0 {
		in.saw("no transcripts")
		return nil
	}
	ran, err := run(ctx, in.judge, in.lab, names)
	if err != nil {
		return err
	}
	for _, e := range ran {
		switch {
		case e.Printed != "":
			in.fault("%s prints something else on %s than lab.md shows; hone lab check --record writes it anew:\n%s", e.Name, in.judge.Go.Version, clip(e.Printed))
		case !e.Passed:
			in.fault("%s: %s", e.Name, clip(e.Log))
		}
	}
	in.saw("%d transcripts, printed again by %s", len(all), in.judge.Go.Version)
	return nil
}

// run runs examples on the reference.
func run(ctx context.Context, j *judge.Judge, lab *catalog.Lab, names []string) ([]judge.Example, error) {
	files, err := judge.Solution(lab, len(lab.Stages), start.Panic)
	if err != nil {
		return nil, err
	}
	c, err := j.Build(lab, files)
	if err != nil {
		return nil, err
	}
	defer c.Close()
	return c.Examples(ctx, names)
}

// trimmed is text without blanks at the ends of lines and of the whole, which neither
// a comment nor go test keeps.
func trimmed(text string) string {
	lines := strings.Split(text, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " \t")
	}
	return strings.TrimSpace(strings.Join(lines, "\n"))
}

// Transcripts runs the examples that lab.md shows on the reference. It returns the files of the
// lab that have to change so that they say what was printed, lab.md and test files,
// whole; none, where all is as it was. Writing them is the caller's business.
func Transcripts(ctx context.Context, j *judge.Judge, lab *catalog.Lab) (start.Files, error) {
	src, err := fs.ReadFile(lab.FS, "lab.md")
	if err != nil {
		return nil, err
	}
	all := transcripts(string(src))
	known, err := examples(lab)
	if err != nil || len(all) == 0 {
		return nil, err
	}
	var names []string
	for _, t := range all {
		if _, ok := known[t.name]; !ok {
			return nil, fmt.Errorf("lab.md:%d: no example with a comment // Output: is called %q", t.line, t.name)
		}
		names = append(names, t.name)
	}
	ran, err := run(ctx, j, lab, names)
	if err != nil {
		return nil, err
	}
	changed := start.Files{}
	for _, e := range ran {
		switch {
		case e.Printed == "" && !e.Passed:
			return nil, fmt.Errorf("%s: %s", e.Name, clip(e.Log))
		case trimmed(e.Printed) != e.Printed:
			return nil, fmt.Errorf("%s prints blanks at the end of a line, which a comment can't hold", e.Name)
		}
	}
	tests, err := comments(lab, known, ran)
	if err != nil {
		return nil, err
	}
	for name, text := range tests {
		changed[name] = text
	}
	text := string(src)
	for i, t := range slices.Backward(all) { // from the end, so that offsets hold
		printed := ran[i].Printed
		if ran[i].Passed {
			printed = known[t.name].output
		}
		text = text[:t.from] + trimmed(printed) + "\n" + text[t.to:]
	}
	if text != string(src) {
		changed["lab.md"] = []byte(text)
	}
	return changed, nil
}

// comments are the test files in which an example now says what it printed.
func comments(lab *catalog.Lab, known map[string]recorded, ran []judge.Example) (start.Files, error) {
	changed := start.Files{}
	ran = slices.DeleteFunc(slices.Clone(ran), func(e judge.Example) bool { return e.Passed })
	slices.SortFunc(ran, func(a, b judge.Example) int { return known[b.Name].from - known[a.Name].from }) // from the end
	for _, e := range ran {
		r := known[e.Name]
		src := changed[r.file]
		if src == nil {
			var err error
			if src, err = fs.ReadFile(lab.FS, r.file); err != nil {
				return nil, err
			}
		}
		comment := "// Output:"
		for line := range strings.SplitSeq(trimmed(e.Printed), "\n") {
			comment += strings.TrimRight("\n\t// "+line, " ")
		}
		changed[r.file] = slices.Concat(src[:r.from], []byte(comment), src[r.to:])
	}
	return changed, nil
}
