package judge

import (
	"context"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/sandbox"
)

// An Example is how an example function of a lab ended (package testing, Examples).
type Example struct {
	Name    string
	Passed  bool   // printed what its comment says
	Printed string // what it printed instead; "" where it passed, or did not come to an end
	Log     string // all that was said, where it did not pass
}

// exampleLimit is how long all examples of a lab may take together.
const exampleLimit = time.Minute

// Examples runs example functions of the candidate's lab, as go test would, without
// the race detector. It returns one result for each name.
func (c *Candidate) Examples(ctx context.Context, names []string) ([]Example, error) {
	binary, err := c.executable(ctx, kind{test: true})
	if err != nil {
		return nil, err
	}
	// The checks' runner reads its orders from one descriptor and reports on another:
	// there are none, and nobody listens.
	null, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	defer null.Close()
	lent, err := c.lendCompiler(ctx)
	if err != nil {
		return nil, fmt.Errorf("lend a compiler to the examples of %s: %w", c.lab.ID, err)
	}
	r := &run{candidate: c, options: CheckOptions{Seed: 1}}
	var out lockedBuffer
	spec := c.spec(binary, append(r.environment(), lent...))
	spec.Args = []string{"-test.run=^(" + strings.Join(names, "|") + ")$", "-test.v", "-test.timeout=0"}
	spec.Extra = []*os.File{null, null}
	spec.Stdout, spec.Stderr = &out, &out
	spec.Limits.Wall = exampleLimit
	process, err := sandbox.Start(ctx, spec)
	if err != nil {
		return nil, fmt.Errorf("run the examples of %s: %w", c.lab.ID, err)
	}
	result, err := process.Wait()
	if err != nil {
		return nil, fmt.Errorf("run the examples of %s: %w", c.lab.ID, err)
	}
	found := make([]Example, len(names))
	for i, name := range names {
		found[i] = example(name, out.String())
		if !found[i].Passed && found[i].Log == "" {
			found[i].Log = fmt.Sprintf("did not run: %s", strings.TrimSpace(out.String()+"\n"+string(result.Reason)))
		}
	}
	return found, nil
}

var exampleEnd = regexp.MustCompile(`(?m)^--- (PASS|FAIL): (\w+) \(.*\)$`)

// example finds the end of one example in the output of all.
func example(name, out string) Example {
	e := Example{Name: name}
	_, said, found := strings.Cut(out, "=== RUN   "+name+"\n")
	if !found {
		return e
	}
	said, _, _ = strings.Cut(said, "\n=== RUN   ")
	m := exampleEnd.FindStringSubmatchIndex(said)
	if m == nil || said[m[4]:m[5]] != name {
		e.Log = said
		return e
	}
	if e.Passed = said[m[2]:m[3]] == "PASS"; e.Passed {
		return e
	}
	e.Log = said
	if rest, ok := strings.CutPrefix(said[m[1]:], "\ngot:\n"); ok {
		if i := strings.LastIndex(rest, "\nwant:\n"); i >= 0 {
			e.Printed = rest[:i]
		}
	}
	return e
}
