package catalog

import (
	"fmt"
	"strings"
)

// sections cuts the body of lab.md at its "## Stage: id" headings and each stage
// at its "### Hint" headings. Headings inside code fences are text.
func (r *reader) sections(body string, firstLine int) {
	stage, hint := -1, false
	seen := map[string]bool{}
	var text strings.Builder
	flush := func() {
		s := strings.TrimSpace(text.String())
		text.Reset()
		switch {
		case stage < 0:
			r.lab.Lesson = s
		case hint:
			r.lab.Stages[stage].Hints = append(r.lab.Stages[stage].Hints, s)
		default:
			r.lab.Stages[stage].Text = s
		}
	}
	fence := false
	for i, line := range strings.Split(body, "\n") {
		at := firstLine + i
		if strings.HasPrefix(line, "```") {
			fence = !fence
		}
		id, isStage := strings.CutPrefix(line, "## Stage:")
		switch {
		case fence:
			text.WriteString(line + "\n")
		case isStage:
			flush()
			id = strings.TrimSpace(id)
			hint = false
			if seen[id] {
				r.wrong("lab.md", at, "stage %s has two sections", id)
			}
			seen[id] = true
			if stage = r.lab.Stage(id); stage < 0 {
				r.wrong("lab.md", at, "section of stage %q, which the front matter lacks", id)
				r.lab.Stages = append(r.lab.Stages, Stage{ID: id})
				stage = len(r.lab.Stages) - 1
			}
		case strings.TrimRight(line, " ") == "### Hint":
			if stage < 0 {
				r.wrong("lab.md", at, "a hint stands before the first stage")
				continue
			}
			flush()
			hint = true
		default:
			text.WriteString(line + "\n")
		}
	}
	flush()
	if r.lab.Lesson == "" {
		r.wrong("lab.md", firstLine, "no lesson before the first stage")
	}
	for _, s := range r.lab.Stages {
		if !seen[s.ID] {
			r.wrong("lab.md", 0, "%s", fmt.Sprintf("stage %s has no section ## Stage: %s", s.ID, s.ID))
		} else if s.Text == "" {
			r.wrong("lab.md", 0, "%s", fmt.Sprintf("the section of stage %s is empty", s.ID))
		}
	}
}
