package catalog

import (
	"fmt"
	"io/fs"
	"strings"
)

// A Topic is one line of labs/syllabus.tsv: something that the labs must cover.
type Topic struct {
	ID      string `json:"id"`
	Part    string `json:"part"`
	Title   string `json:"title"`
	Section bool   `json:"section"` // a heading, not a topic of its own
}

// readTopics reads labs/syllabus.tsv: a header line, then id, part and topic a
// line, separated by tabs. The part of a heading is the word SECTION.
func readTopics(labs fs.FS) (map[string]Topic, error) {
	const file = "syllabus.tsv"
	data, err := fs.ReadFile(labs, file)
	if err != nil {
		return nil, fmt.Errorf("read the syllabus: %w", err)
	}
	topics := map[string]Topic{}
	for i, line := range strings.Split(strings.TrimRight(string(data), "\n"), "\n") {
		f := strings.Split(strings.TrimRight(line, "\r"), "\t")
		if i == 0 {
			continue
		}
		if len(f) != 3 || f[0] == "" {
			return nil, &Mistake{file, i + 1, "a topic is three columns: id, part, topic"}
		}
		if _, twice := topics[f[0]]; twice {
			return nil, &Mistake{file, i + 1, fmt.Sprintf("topic %s stands twice", f[0])}
		}
		topics[f[0]] = Topic{ID: f[0], Part: f[1], Title: f[2], Section: f[1] == "SECTION"}
	}
	return topics, nil
}
