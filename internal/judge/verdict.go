package judge

import "time"

// An Outcome says how a check, a stage or a whole lab ended.
type Outcome string

const (
	Passed   Outcome = "passed"
	NotYet   Outcome = "not yet"  // stage and lab only: some check did not pass
	Failed   Outcome = "failed"   // an assertion did not hold
	Panicked Outcome = "panic"    // the learner's code panicked or threw
	Raced    Outcome = "race"     // the race detector reported
	Deadlock Outcome = "deadlock" // everything is asleep
	Timeout  Outcome = "timeout"  // ran past the stage's limit
	Leaked   Outcome = "leak"     // goroutines, memory or processes left behind
	Budget   Outcome = "budget"   // right, but too slow or too fat
	Exited   Outcome = "exit"     // the process ended before the check did
	Limited  Outcome = "limit"    // memory, processes or output past the sandbox's limit
	Noisy    Outcome = "noisy"    // this machine could not measure now; neither pass nor fail
	NotRun   Outcome = "not run"  // an earlier stage did not pass
)

// A Verdict is what the judge found. It is complete: every expected check is in
// it, run or not. Its JSON form is stable.
type Verdict struct {
	Lab      string    `json:"lab"`
	Outcome  Outcome   `json:"outcome"` // Passed or NotYet
	Go       string    `json:"go"`      // go1.26.8
	Problems []Problem `json:"problems,omitempty"`
	Stages   []Stage   `json:"stages"`
	Notes    []Problem `json:"notes,omitempty"` // worth knowing, never fatal: vet, reads outside the directory
	// Known mistakes that fail the first stage in the way that this code does. The
	// judge has none: package diagnose adds them.
	Suspicions []Suspicion   `json:"suspicions,omitempty"`
	Wall       time.Duration `json:"wall_ns"`
	CPU        time.Duration `json:"cpu_ns"`
	Source     string        `json:"source"` // hash of the files judged
}

// A Problem stands before any check: code that does not compile, a forbidden
// import. File is relative to the learner's directory.
type Problem struct {
	File    string `json:"file,omitempty"`
	Line    int    `json:"line,omitempty"`
	Column  int    `json:"column,omitempty"`
	Message string `json:"message"`
}

// A Stage is the verdict on one stage.
type Stage struct {
	ID      string  `json:"id"`
	Title   string  `json:"title"`
	Outcome Outcome `json:"outcome"` // Passed, NotYet or NotRun
	Checks  []Check `json:"checks"`
}

// A Check is the verdict on one check.
type Check struct {
	Name     string        `json:"name"`
	Doc      string        `json:"doc,omitempty"` // what the check promises
	Outcome  Outcome       `json:"outcome"`
	Message  string        `json:"message,omitempty"` // what the check said, or what happened to it
	Evidence []Evidence    `json:"evidence,omitempty"`
	Wall     time.Duration `json:"wall_ns"`
	Seed     uint64        `json:"seed,omitempty"`
	Replay   string        `json:"replay,omitempty"` // for hone replay, set where the check did not pass

	near bool // over its budget, and by so little that another process may find otherwise
}

// A Suspicion is a mistake that somebody made before, with the same consequences.
type Suspicion struct {
	Mutant string `json:"mutant"` // the lab's wrong solution that fails so
	Says   string `json:"says"`   // the mistake in a sentence
	Check  string `json:"check"`  // the one that shows it most plainly
}

// Evidence backs an outcome. Kind is one of diff, transcript, stack, race,
// alloc, ratio, history, prediction, output, text (package claim attaches them).
type Evidence struct {
	Kind  string `json:"kind"`
	Title string `json:"title"`
	Text  string `json:"text"`
}
