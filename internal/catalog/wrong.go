package catalog

import (
	"errors"
	"go/parser"
	"go/token"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
)

// mutants reads mutants/*.diff: a sentence, a line "fails: TestX_Y …", a diff.
func (r *reader) mutants() {
	files, err := fs.Glob(r.lab.FS, "mutants/*")
	if err != nil {
		r.wrong("mutants", 0, "%v", err)
	}
	for _, file := range files {
		name, isDiff := strings.CutSuffix(path.Base(file), ".diff")
		if !isDiff {
			r.wrong(file, 0, "only .diff files belong here")
			continue
		}
		text, err := fs.ReadFile(r.lab.FS, file)
		if err != nil {
			r.wrong(file, 0, "%v", err)
			continue
		}
		m, line, err := parseMutant(string(text))
		if err != nil {
			r.wrong(file, line, "%v", err)
			continue
		}
		m.Name = name
		for _, c := range m.Fails {
			if r.lab.StageOf(c) < 0 {
				r.wrong(file, line, "fails: no check is called %s", c)
			}
		}
		r.lab.Mutants = append(r.lab.Mutants, m)
	}
	for _, name := range r.lab.Plant {
		if r.lab.Mutant(name) == nil {
			r.wrong("lab.md", 2, "plant: there is no mutants/%s.diff", name)
		}
	}
}

// parseMutant reads one mutant. line is where it is wrong, or where fails: stands.
func parseMutant(text string) (m Mutant, line int, err error) {
	says, rest, ok := strings.Cut(text, "\nfails:")
	if !ok {
		return m, 1, errors.New("a mutant is a sentence, a line \"fails: TestX_Y\", an empty line and a diff")
	}
	line = 2 + strings.Count(says, "\n")
	m.Says = strings.Join(strings.Fields(says), " ")
	fails, diff, ok := strings.Cut(rest, "\n")
	m.Fails = strings.Fields(fails)
	switch {
	case m.Says == "":
		return m, 1, errors.New("no sentence for the learner")
	case len(m.Fails) == 0:
		return m, line, errors.New("fails: names no check")
	case !ok || !strings.Contains(diff, "\n@@ "):
		return m, line + 1, errors.New("no diff after the fails: line")
	}
	m.Diff = []byte(strings.TrimLeft(diff, "\n"))
	return m, line, nil
}

var waives = regexp.MustCompile(`(?m)^waives:(.*)$`)

// wheats reads wheats/<name>/: other correct solutions. A line "waives: TestX_Y …"
// in the package comment names the checks that it need not pass.
func (r *reader) wheats() {
	dirs, err := fs.ReadDir(r.lab.FS, "wheats")
	if errors.Is(err, fs.ErrNotExist) {
		return
	} else if err != nil {
		r.wrong("wheats", 0, "%v", err)
	}
	for _, d := range dirs {
		w := Wheat{Name: d.Name()}
		dir := path.Join("wheats", d.Name())
		files, err := fs.Glob(r.lab.FS, dir+"/*.go")
		if err != nil || len(files) == 0 {
			r.wrong(dir, 0, "a wheat is a directory of Go files")
			continue
		}
		for _, file := range files {
			src, err := fs.ReadFile(r.lab.FS, file)
			if err != nil {
				r.wrong(file, 0, "%v", err)
				continue
			}
			f, err := parser.ParseFile(token.NewFileSet(), file, src, parser.ParseComments|parser.PackageClauseOnly)
			if err != nil {
				r.wrong(file, 0, "%v", err)
				continue
			}
			for _, m := range waives.FindAllStringSubmatch(f.Doc.Text(), -1) {
				w.Waives = append(w.Waives, strings.Fields(m[1])...)
			}
		}
		for _, c := range w.Waives {
			if r.lab.StageOf(c) < 0 {
				r.wrong(dir, 0, "waives: no check is called %s", c)
			}
		}
		slices.Sort(w.Waives)
		r.lab.Wheats = append(r.lab.Wheats, w)
	}
}
