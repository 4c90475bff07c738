// Package catalog reads labs. A lab is a directory; this package turns one
// into a [Lab], or into a list of mistakes with their file and line.
//
// It reads and checks; it derives nothing (package start does) and runs nothing
// (package judge does). Start with [Open] and [Catalog.Find].
package catalog

import (
	"io/fs"
	"time"
)

// A Kind says what a learner does in a lab.
type Kind string

const (
	See   Kind = "see"   // predict what Go does, look, then rewrite until a claim holds
	Write Kind = "write" // behaviour plus budgets
	Build Kind = "build" // a system in stages
	Hunt  Kind = "hunt"  // the start is broken: name the cause, repair it
)

// A Lab is one directory below labs/, read and checked.
type Lab struct {
	ID      string   `json:"id"` // "structures/lru": directory, argument, URL and key
	Track   string   `json:"track"`
	Name    string   `json:"name"`
	Kind    Kind     `json:"kind"`
	Title   string   `json:"title"`
	Topics  []string `json:"topics"`  // ids of labs/syllabus.tsv
	Needs   []string `json:"needs"`   // ids of labs that come first
	Files   []string `json:"files"`   // files that the learner owns, slash-separated, the main one first
	Imports []string `json:"imports"` // what the learner may import; "std" is all of the standard library but "C" and "unsafe"
	Go      []string `json:"go"`      // Go versions on which every gate passed
	Plant   []string `json:"plant"`   // Hunt: names of the mutants that make the start
	Stages  []Stage  `json:"stages"`
	Lesson  string   `json:"-"` // Markdown before the first stage
	Mutants []Mutant `json:"-"`
	Wheats  []Wheat  `json:"-"`
	Program bool     `json:"program"` // program/ holds a main package that checks judge as a process

	FS fs.FS `json:"-"` // the lab's directory
}

// A Stage is one step of a lab: its text, its hints and its checks.
type Stage struct {
	ID     string        `json:"id"` // one lower-case word, [a-z][a-z0-9]*
	Title  string        `json:"title"`
	Effort time.Duration `json:"effort"`
	Faults []string      `json:"faults,omitempty"` // what the checks inject, in words
	Peers  []string      `json:"peers,omitempty"`  // what the budgets are measured against
	Limit  time.Duration `json:"limit"`            // wall time that one check may take
	Text   string        `json:"-"`                // Markdown, without the hints
	Hints  []string      `json:"-"`                // Markdown, one a rung, the vaguest first
	Checks []Check       `json:"checks"`
}

// A Check is one test function. TestPut_FIFO in put_test.go belongs to stage put.
type Check struct {
	Name  string `json:"name"`
	File  string `json:"file"`
	Line  int    `json:"line"`
	Doc   string `json:"doc"`   // its doc comment: what it promises, for the learner
	Plain bool   `json:"plain"` // stands in bench_test.go: built without the race detector, run alone
}

// A Mutant is one plausible wrong solution, as a small diff against the reference.
type Mutant struct {
	Name  string   `json:"name"`  // file name without .diff, after the mistake
	Says  string   `json:"says"`  // the mistake in a sentence, for the learner
	Fails []string `json:"fails"` // checks that must fail; the first is in the stage that it breaks
	Diff  []byte   `json:"-"`     // unified diff
}

// A Wheat is another correct solution: a directory below wheats/ that replaces
// all files that the learner owns.
type Wheat struct {
	Name   string   `json:"name"`
	Waives []string `json:"waives"` // checks it need not pass (budgets of a peer), with the reason in its package comment
}
