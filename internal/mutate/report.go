package mutate

import (
	"bufio"
	"fmt"
	"os"
	"slices"
	"strings"
	"time"
)

// An Outcome is how a mutant ended.
type Outcome string

const (
	Killed     Outcome = "killed"     // some test failed
	TimedOut   Outcome = "timed out"  // the tests did not come to an end: who waits for them notices
	Survived   Outcome = "survived"   // tests reach it, and all pass
	Uncovered  Outcome = "uncovered"  // no test reaches it
	Equivalent Outcome = "equivalent" // somebody says that it is no mistake
)

// A Class says more about an outcome.
type Class string

const (
	Assert   Class = "assert"   // a test said so
	Panic    Class = "panic"    // a panic, or a fatal error of the runtime
	Deadlock Class = "deadlock" // every goroutine waits for another
	Race     Class = "race"     // the race detector
	Exit     Class = "exit"     // the process ended otherwise
	Memory   Class = "memory"   // it used far more memory
	Flood    Class = "flood"    // it printed without end
	Loop     Class = "loop"     // timed out, computing
	Stuck    Class = "stuck"    // timed out, waiting for something outside, or for a clock
	Flaky    Class = "flaky"    // survived, because not every round killed it
)

// A Trial is how the tests ended with a mutant in the code.
type Trial struct {
	Outcome Outcome `json:"outcome"`
	Class   Class   `json:"class,omitempty"`
	Test    string  `json:"test,omitempty"` // the test that noticed
}

// A Result is a mutant and its end. Its JSON form is stable.
type Result struct {
	Mutant
	Trial
	Kills  int           `json:"kills,omitempty"`  // rounds that killed it, of those that ran
	Rounds int           `json:"rounds,omitempty"` // rounds that ran
	Reason string        `json:"reason,omitempty"` // why it is equivalent
	Wall   time.Duration `json:"wall_ns"`
}

// A Report says what the tests of a package notice. Its JSON form is stable.
type Report struct {
	Package string        `json:"package"`
	Go      string        `json:"go"`
	Race    bool          `json:"race"`
	Tests   int           `json:"tests"`
	Counts  Counts        `json:"counts"`
	Score   float64       `json:"score"`        // killed and timed out, of all that could be
	Strict  float64       `json:"score_strict"` // killed, of all that could be
	Results []Result      `json:"results"`      // in the order of the source
	Notes   []string      `json:"notes,omitempty"`
	Compile time.Duration `json:"compile_ns"`
	Wall    time.Duration `json:"wall_ns"`
}

// Counts are the mutants by outcome.
type Counts struct {
	All        int `json:"all"` // with those stillborn
	Killed     int `json:"killed"`
	TimedOut   int `json:"timed_out"`
	Survived   int `json:"survived"`
	Uncovered  int `json:"uncovered"`
	Equivalent int `json:"equivalent"`
	Stillborn  int `json:"stillborn"` // would not compile
	Left       int `json:"left"`      // not run, because only some were asked for
}

// count fills in the figures of a report.
func (r *Report) count(stillborn, left int) {
	c := Counts{All: len(r.Results) + stillborn + left, Stillborn: stillborn, Left: left}
	for _, x := range r.Results {
		switch x.Outcome {
		case Killed:
			c.Killed++
		case TimedOut:
			c.TimedOut++
		case Survived:
			c.Survived++
		case Uncovered:
			c.Uncovered++
		case Equivalent:
			c.Equivalent++
		}
	}
	r.Counts, r.Score, r.Strict = c, 1, 1
	if of := c.Killed + c.TimedOut + c.Survived + c.Uncovered; of > 0 {
		r.Score = float64(c.Killed+c.TimedOut) / float64(of)
		r.Strict = float64(c.Killed) / float64(of)
	}
}

// Missed are the results that say that tests are missing: survivors, then what no test reaches.
func (r *Report) Missed() []Result {
	var out []Result
	for _, o := range []Outcome{Survived, Uncovered} {
		for _, x := range r.Results {
			if x.Outcome == o {
				out = append(out, x)
			}
		}
	}
	return out
}

// Equivalents are mutants that are no mistake, by id, with the reason why.
type Equivalents map[string]string

// EquivalentFile is where a package says which mutants are equivalent.
const EquivalentFile = "mutants.equivalent"

// ReadEquivalents reads a file of lines "ID reason…"; # begins a comment. Each line
// needs a reason. A file that doesn't exist is empty where optional is set.
func ReadEquivalents(name string, optional bool) (Equivalents, error) {
	f, err := os.Open(name)
	if os.IsNotExist(err) && optional {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read the equivalent mutants: %w", err)
	}
	defer f.Close()
	out := Equivalents{}
	scanner := bufio.NewScanner(f)
	for n := 1; scanner.Scan(); n++ {
		line := strings.TrimSpace(scanner.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		id, reason, _ := strings.Cut(line, " ")
		if reason = strings.TrimSpace(reason); reason == "" {
			return nil, fmt.Errorf("%s:%d: %s has no reason: say after the id why no test can notice it", name, n, id)
		}
		if _, twice := out[id]; twice {
			return nil, fmt.Errorf("%s:%d: %s is there twice", name, n, id)
		}
		out[id] = reason
	}
	return out, scanner.Err()
}

// stale are the ids that no mutant bears: the code changed, and the reason may not hold.
func (e Equivalents) stale(mutants []Mutant) []string {
	var out []string
	for id := range e {
		if !slices.ContainsFunc(mutants, func(m Mutant) bool { return m.ID == id }) {
			out = append(out, id)
		}
	}
	slices.Sort(out)
	return out
}

// A StaleError says that equivalent mutants are listed that there are not.
type StaleError struct {
	Package string
	IDs     []string
}

func (e *StaleError) Error() string {
	return fmt.Sprintf("%s has no mutant %s, which is listed as equivalent: the code around it changed", e.Package, strings.Join(e.IDs, ", "))
}
