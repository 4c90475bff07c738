package catalog

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/pelletier/go-toml/v2"
)

// DefaultLimit is how long one check may take where its stage names no limit.
const DefaultLimit = 10 * time.Second

// maxLimit bounds a stage's own limit: a verdict must come while its reader is
// still there.
const maxLimit = 2 * time.Minute

// front is the front matter of lab.md, between two lines of +++.
type front struct {
	Kind    Kind         `toml:"kind"`
	Title   string       `toml:"title"`
	Topics  []string     `toml:"topics"`
	Needs   []string     `toml:"needs"`
	Files   []string     `toml:"files"`
	Imports []string     `toml:"imports"`
	Go      []string     `toml:"go"`
	Plant   []string     `toml:"plant"`
	Stages  []frontStage `toml:"stage"`
}

type frontStage struct {
	ID     string   `toml:"id"`
	Title  string   `toml:"title"`
	Effort string   `toml:"effort"`
	Limit  string   `toml:"limit"`
	Faults []string `toml:"faults"`
	Peers  []string `toml:"peers"`
}

var (
	stageID = regexp.MustCompile(`^[a-z][a-z0-9]*$`)
	labName = regexp.MustCompile(`^[a-z][a-z0-9]*/[a-z][a-z0-9]*$`)
)

// A reader collects a lab and what is wrong with it.
type reader struct {
	lab      *Lab
	mistakes []*Mistake
}

func (r *reader) wrong(file string, line int, format string, args ...any) {
	r.mistakes = append(r.mistakes, &Mistake{path.Join(r.lab.ID, file), line, fmt.Sprintf(format, args...)})
}

// read reads the lab in dir. id is "track/name".
func read(id string, dir fs.FS) (*Lab, []*Mistake) {
	track, name := path.Split(id)
	r := &reader{lab: &Lab{ID: id, Track: strings.TrimSuffix(track, "/"), Name: name, FS: dir}}
	if !labName.MatchString(id) {
		r.wrong("lab.md", 0, "a lab's directory is track/name, each one lower-case word")
	}
	if trackIndex(r.lab.Track) == len(tracks) {
		r.wrong("lab.md", 0, "no track is called %q", r.lab.Track)
	}
	text, err := fs.ReadFile(dir, "lab.md")
	if err != nil {
		r.wrong("lab.md", 0, "%v", err)
		return nil, r.mistakes
	}
	head, body, bodyLine := split(text)
	if head == nil {
		r.wrong("lab.md", 1, "front matter must open the file: a line +++, TOML, a line +++")
		return nil, r.mistakes
	}
	if !r.front(head) {
		return nil, r.mistakes // all that follows would be noise
	}
	r.sections(string(body), bodyLine)
	r.checks()
	r.files()
	r.mutants()
	r.wheats()
	if _, err := fs.Stat(dir, "program"); err != nil {
		r.lab.Program = false
	}
	return r.lab, r.mistakes
}

// split cuts lab.md into front matter and body. bodyLine is the body's first line, from 1.
func split(text []byte) (head, body []byte, bodyLine int) {
	const fence = "+++\n"
	text = bytes.ReplaceAll(text, []byte("\r\n"), []byte("\n"))
	if !bytes.HasPrefix(text, []byte(fence)) {
		return nil, text, 1
	}
	rest := text[len(fence):]
	end := bytes.Index(rest, []byte("\n"+fence))
	if end < 0 {
		return nil, text, 1
	}
	head = rest[:end+1]
	return head, rest[end+1+len(fence):], 3 + bytes.Count(head, []byte("\n"))
}

// front decodes the front matter: strictly, so that a misspelt key is an error
// and not a default. It says whether there is anything to go on with.
func (r *reader) front(head []byte) bool {
	const headLine = 1 // lines above the TOML
	var f front
	d := toml.NewDecoder(bytes.NewReader(head)).DisallowUnknownFields()
	if err := d.Decode(&f); err != nil {
		var strict *toml.StrictMissingError
		var decode *toml.DecodeError
		switch {
		case errors.As(err, &strict):
			for _, e := range strict.Errors {
				row, _ := e.Position()
				r.wrong("lab.md", headLine+row, "unknown key %q", strings.Join(e.Key(), "."))
			}
		case errors.As(err, &decode):
			row, _ := decode.Position()
			r.wrong("lab.md", headLine+row, "%s", decode.Error())
			return false
		default:
			r.wrong("lab.md", headLine+1, "%v", err)
			return false
		}
	}
	l := r.lab
	l.Kind, l.Title, l.Topics, l.Needs = f.Kind, f.Title, f.Topics, f.Needs
	l.Files, l.Imports, l.Go, l.Plant = f.Files, f.Imports, f.Go, f.Plant
	if len(l.Imports) == 0 {
		l.Imports = []string{"std"}
	}
	if !slices.Contains([]Kind{See, Write, Build, Hunt}, l.Kind) {
		r.wrong("lab.md", lineOf(head, "kind"), "kind is see, write, build or hunt, not %q", l.Kind)
	}
	if (l.Kind == Hunt) != (len(l.Plant) > 0) {
		r.wrong("lab.md", lineOf(head, "plant"), "plant lists the mutants in a hunt's start: hunts have it, others don't")
	}
	for _, must := range []struct {
		key   string
		there bool
	}{
		{"title", l.Title != ""}, {"topics", len(l.Topics) > 0}, {"files", len(l.Files) > 0}, {"go", len(l.Go) > 0},
	} {
		if !must.there {
			r.wrong("lab.md", headLine+1, "front matter lacks %s", must.key)
		}
	}
	r.frontStages(f.Stages, head)
	return true
}

func (r *reader) frontStages(stages []frontStage, head []byte) {
	if len(stages) == 0 {
		r.wrong("lab.md", 2, "front matter lacks a [[stage]]")
	}
	duration := func(key, id, text string, otherwise time.Duration) time.Duration {
		if text == "" {
			return otherwise
		}
		d, err := time.ParseDuration(text)
		if err != nil || d <= 0 {
			r.wrong("lab.md", lineOf(head, `"`+id+`"`), "%s of stage %s: %q is no duration such as 40m", key, id, text)
		}
		return d
	}
	for _, s := range stages {
		line := lineOf(head, `"`+s.ID+`"`)
		if !stageID.MatchString(s.ID) {
			r.wrong("lab.md", line, "stage id %q is not one lower-case word", s.ID)
		}
		if slices.ContainsFunc(r.lab.Stages, func(o Stage) bool { return o.ID == s.ID }) {
			r.wrong("lab.md", line, "stage %s stands twice", s.ID)
		}
		if s.Title == "" {
			r.wrong("lab.md", line, "stage %s has no title", s.ID)
		}
		limit := duration("limit", s.ID, s.Limit, DefaultLimit)
		if limit > maxLimit {
			r.wrong("lab.md", line, "limit of stage %s is over %v", s.ID, maxLimit)
		}
		r.lab.Stages = append(r.lab.Stages, Stage{
			ID: s.ID, Title: s.Title, Limit: limit,
			Effort: duration("effort", s.ID, s.Effort, 0),
			Faults: s.Faults, Peers: s.Peers,
		})
	}
}

// lineOf is the line of lab.md on which key first stands in the front matter.
func lineOf(head []byte, key string) int {
	i := bytes.Index(head, []byte(key))
	if i < 0 {
		return 2
	}
	return 2 + bytes.Count(head[:i], []byte("\n"))
}

// files checks that what the learner owns exists.
func (r *reader) files() {
	for _, f := range r.lab.Files {
		if strings.HasSuffix(f, "_test.go") || path.Ext(f) != ".go" || !fs.ValidPath(f) {
			r.wrong("lab.md", 2, "files: %q is not a Go source file of the lab", f)
		} else if _, err := fs.Stat(r.lab.FS, f); err != nil {
			r.wrong("lab.md", 2, "files: %v", err)
		}
	}
}

// Stage returns the index of the stage with this id, or -1.
func (l *Lab) Stage(id string) int {
	return slices.IndexFunc(l.Stages, func(s Stage) bool { return s.ID == id })
}

// StageOf returns the index of the stage that a check belongs to, or -1.
func (l *Lab) StageOf(check string) int {
	return slices.IndexFunc(l.Stages, func(s Stage) bool {
		return slices.ContainsFunc(s.Checks, func(c Check) bool { return c.Name == check })
	})
}

// Effort is the sum over all stages.
func (l *Lab) Effort() time.Duration {
	var sum time.Duration
	for _, s := range l.Stages {
		sum += s.Effort
	}
	return sum
}

// Mutant returns the mutant with this name, or nil.
func (l *Lab) Mutant(name string) *Mutant {
	for i := range l.Mutants {
		if l.Mutants[i].Name == name {
			return &l.Mutants[i]
		}
	}
	return nil
}
