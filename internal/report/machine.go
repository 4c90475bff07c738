package report

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/judge"
)

// JSON writes a verdict as it is, indented. Its fields are those of
// [judge.Verdict] and stay.
func JSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	return e.Encode(v)
}

// The elements of JUnit's XML, as the schema of the Jenkins plug-in has them
// (https://github.com/jenkinsci/xunit-plugin, junit-10.xsd): what GitLab,
// Jenkins, GitHub's reporters and Buildkite all read.
type (
	junitSuites struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Time     string       `xml:"time,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Time       string           `xml:"time,attr"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		List []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name      string        `xml:"name,attr"`
		ClassName string        `xml:"classname,attr"`
		Time      string        `xml:"time,attr"`
		Skipped   *junitMessage `xml:"skipped"`
		Error     *junitMessage `xml:"error"`
		Failure   *junitMessage `xml:"failure"`
	}
	junitMessage struct {
		Message string `xml:"message,attr,omitempty"`
		Type    string `xml:"type,attr,omitempty"`
		Text    string `xml:",chardata"`
	}
)

// JUnit writes a verdict as JUnit XML: a suite for each stage, a case for each
// check. Code that doesn't build is a suite "build" with one error. A check that
// did not run, or could not be measured, is skipped.
func JUnit(w io.Writer, v *judge.Verdict) error {
	all := junitSuites{Name: v.Lab, Time: xmlSeconds(v.Wall)}
	if len(v.Problems) > 0 {
		all.add(buildSuite(v))
	}
	for i := range v.Stages {
		all.add(stageSuite(v, &v.Stages[i]))
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	e := xml.NewEncoder(w)
	e.Indent("", "  ")
	if err := e.Encode(all); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func (all *junitSuites) add(s junitSuite) {
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Skipped != nil:
			s.Skipped++
		case c.Error != nil:
			s.Errors++
		case c.Failure != nil:
			s.Failures++
		}
	}
	all.Tests += s.Tests
	all.Failures += s.Failures
	all.Errors += s.Errors
	all.Suites = append(all.Suites, s)
}

func buildSuite(v *judge.Verdict) junitSuite {
	var b strings.Builder
	for _, p := range v.Problems {
		fmt.Fprintln(&b, strings.TrimSpace((&page{}).where(p)+" "+p.Message))
	}
	return junitSuite{Name: "build", Time: xmlSeconds(0), Cases: []junitCase{{
		Name: "build", ClassName: v.Lab, Time: xmlSeconds(0),
		Error: &junitMessage{Message: v.Problems[0].Message, Type: "build", Text: b.String()},
	}}}
}

func stageSuite(v *judge.Verdict, st *judge.Stage) junitSuite {
	s := junitSuite{Name: st.ID}
	about := &junitProperties{List: []junitProperty{{"go", v.Go}, {"source", v.Source}}}
	var wall time.Duration
	for i := range st.Checks {
		c := &st.Checks[i]
		wall += c.Wall
		if c.Seed != 0 {
			about.List = append(about.List, junitProperty{"seed " + c.Name, fmt.Sprint(c.Seed)})
		}
		s.Cases = append(s.Cases, junitCheck(v, st, c))
	}
	s.Properties, s.Time = about, xmlSeconds(wall)
	return s
}

func junitCheck(v *judge.Verdict, st *judge.Stage, c *judge.Check) junitCase {
	out := junitCase{Name: c.Name, ClassName: v.Lab + "." + st.ID, Time: xmlSeconds(c.Wall)}
	m := &junitMessage{Message: c.Message, Type: string(c.Outcome), Text: junitText(c)}
	if m.Message == "" {
		m.Message = word(c.Outcome)
	}
	switch c.Outcome {
	case judge.Passed:
	case judge.NotRun, judge.Noisy:
		out.Skipped = &junitMessage{Message: m.Message}
	case judge.Failed, judge.Budget, judge.Leaked, judge.Raced:
		out.Failure = m
	default:
		out.Error = m
	}
	return out
}

// junitText is what a reader of the report gets to see of the evidence.
func junitText(c *judge.Check) string {
	var b strings.Builder
	if c.Doc != "" {
		fmt.Fprintf(&b, "%s\n", strings.TrimSpace(c.Doc))
	}
	for _, e := range c.Evidence {
		fmt.Fprintf(&b, "\n%s\n%s\n", e.Title, strings.TrimRight(e.Text, "\n"))
	}
	if again := repeat(c); again != "" {
		fmt.Fprintf(&b, "\n%s\n", again)
	}
	return b.String()
}

func xmlSeconds(d time.Duration) string { return fmt.Sprintf("%.3f", d.Seconds()) }
