package catalog

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"path"
	"slices"
	"strings"
)

// A Catalog is every lab that was read, in map order.
type Catalog struct {
	labs   []*Lab
	topics map[string]Topic
}

// A Track is the labs below one directory of labs/.
type Track struct {
	Name  string `json:"name"`  // directory: "storage"
	Title string `json:"title"` // "Storage and databases"
	Labs  []*Lab `json:"labs"`
}

// tracks is the map: the order in which tracks are shown, which is also about
// the order in which a person would walk them.
var tracks = []struct{ name, title string }{
	{"types", "Types and values"},
	{"compiler", "The compiler"},
	{"memory", "Memory and the collector"},
	{"concurrency", "Concurrency and the scheduler"},
	{"structures", "Data structures"},
	{"network", "Networks and protocols"},
	{"storage", "Storage and databases"},
	{"distributed", "Distributed systems"},
	{"services", "Services in production"},
	{"security", "Security"},
	{"systems", "Systems programming"},
	{"craft", "The craft"},
}

// A Mistake is something wrong with a lab's files.
type Mistake struct {
	File    string // below labs/, slash-separated
	Line    int    // 0 where no line can be named
	Message string
}

func (m *Mistake) Error() string {
	if m.Line == 0 {
		return fmt.Sprintf("labs/%s: %s", m.File, m.Message)
	}
	return fmt.Sprintf("labs/%s:%d: %s", m.File, m.Line, m.Message)
}

// Open reads all labs below labs. Every mistake is reported, each a [*Mistake]
// in the joined error; the labs without one are in the catalog all the same.
func Open(labs fs.FS) (*Catalog, error) {
	c := &Catalog{}
	var errs []error
	topics, err := readTopics(labs)
	errs = append(errs, err)
	c.topics = topics

	files, err := fs.Glob(labs, "*/*/lab.md")
	if err != nil {
		return nil, fmt.Errorf("list labs: %w", err)
	}
	for _, file := range files {
		sub, err := fs.Sub(labs, path.Dir(file))
		if err != nil {
			return nil, fmt.Errorf("open %s: %w", path.Dir(file), err)
		}
		lab, mistakes := read(path.Dir(file), sub)
		if len(mistakes) == 0 {
			c.labs = append(c.labs, lab)
		}
		for _, m := range mistakes {
			errs = append(errs, m)
		}
	}
	errs = append(errs, c.crossCheck()...)
	slices.SortStableFunc(c.labs, func(a, b *Lab) int {
		return cmp.Or(cmp.Compare(trackIndex(a.Track), trackIndex(b.Track)), cmp.Compare(c.depth(a), c.depth(b)), cmp.Compare(a.ID, b.ID))
	})
	return c, errors.Join(errs...)
}

// crossCheck holds the labs against each other and against the syllabus.
func (c *Catalog) crossCheck() []error {
	var errs []error
	wrong := func(l *Lab, id, format string, args ...any) {
		text, _ := fs.ReadFile(l.FS, "lab.md")
		line := 1 + bytes.Count(text[:max(0, bytes.Index(text, []byte(`"`+id+`"`)))], []byte("\n"))
		errs = append(errs, &Mistake{l.ID + "/lab.md", line, fmt.Sprintf(format, args...)})
	}
	for _, l := range c.labs {
		for _, id := range l.Topics {
			if t, ok := c.topics[id]; !ok || t.Section {
				wrong(l, id, "topic %q is not in labs/syllabus.tsv", id)
			}
		}
		for _, need := range l.Needs {
			if !slices.ContainsFunc(c.labs, func(o *Lab) bool { return o.ID == need }) {
				wrong(l, need, "needs %q, which is no lab", need)
			}
		}
		if c.depth(l) > len(c.labs) {
			wrong(l, l.ID, "needs itself, directly or through other labs")
		}
	}
	return errs
}

// depth is the length of the longest chain of needs below a lab, or more than
// the number of labs where the chain is a circle.
func (c *Catalog) depth(l *Lab) int {
	var walk func(id string, left int) int
	walk = func(id string, left int) int {
		if left < 0 {
			return len(c.labs) + 1
		}
		i := slices.IndexFunc(c.labs, func(o *Lab) bool { return o.ID == id })
		if i < 0 {
			return 0
		}
		deepest := 0
		for _, need := range c.labs[i].Needs {
			deepest = max(deepest, 1+walk(need, left-1))
		}
		return deepest
	}
	return walk(l.ID, len(c.labs))
}

func trackIndex(name string) int {
	for i, t := range tracks {
		if t.name == name {
			return i
		}
	}
	return len(tracks)
}

// Labs returns every lab in map order: by track, then prerequisites first.
func (c *Catalog) Labs() []*Lab { return c.labs }

// Tracks returns the tracks that have labs, in map order.
func (c *Catalog) Tracks() []Track {
	var out []Track
	for _, t := range tracks {
		track := Track{Name: t.name, Title: t.title}
		for _, l := range c.labs {
			if l.Track == t.name {
				track.Labs = append(track.Labs, l)
			}
		}
		if len(track.Labs) > 0 {
			out = append(out, track)
		}
	}
	return out
}

// Topic returns the syllabus entry with this id.
func (c *Catalog) Topic(id string) (Topic, bool) {
	t, ok := c.topics[id]
	return t, ok
}

// A NotFoundError says that no lab, or more than one, bears a name.
type NotFoundError struct {
	Name string
	Near []string // ids that may be meant, the likeliest first
	Many bool     // Near are all labs of that bare name
}

func (e *NotFoundError) Error() string {
	switch {
	case e.Many:
		return fmt.Sprintf("%q could be %s: give the track too", e.Name, strings.Join(e.Near, " or "))
	case len(e.Near) > 0:
		return fmt.Sprintf("no lab is called %q; near: %s", e.Name, strings.Join(e.Near, ", "))
	}
	return fmt.Sprintf("no lab is called %q", e.Name)
}

// Find returns the lab with this id, or with this bare name where one lab alone
// bears it. The error is a [*NotFoundError].
func (c *Catalog) Find(id string) (*Lab, error) {
	id = strings.Trim(id, "/")
	var named []*Lab
	for _, l := range c.labs {
		if l.ID == id {
			return l, nil
		}
		if l.Name == id {
			named = append(named, l)
		}
	}
	switch len(named) {
	case 1:
		return named[0], nil
	case 0:
		return nil, &NotFoundError{Name: id, Near: c.near(id)}
	}
	e := &NotFoundError{Name: id, Many: true}
	for _, l := range named {
		e.Near = append(e.Near, l.ID)
	}
	return nil, e
}

// near returns up to three ids that look like id.
func (c *Catalog) near(id string) []string {
	type scored struct {
		id string
		d  int
	}
	var all []scored
	for _, l := range c.labs {
		d := min(distance(id, l.ID), distance(path.Base(id), l.Name))
		if strings.Contains(l.ID, id) && id != "" {
			d = 0
		}
		if d <= 1+len(path.Base(id))/4 {
			all = append(all, scored{l.ID, d})
		}
	}
	slices.SortStableFunc(all, func(a, b scored) int { return cmp.Compare(a.d, b.d) })
	var out []string
	for _, s := range all[:min(3, len(all))] {
		out = append(out, s.id)
	}
	return out
}

// distance is Levenshtein's: insertions, deletions and substitutions from a to b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := 1
			if a[i] == b[j] {
				cost = 0
			}
			diagonal, row[j+1] = row[j+1], min(row[j+1]+1, row[j]+1, diagonal+cost)
		}
	}
	return row[len(b)]
}
