// Package live is the parts of hone that stay on the screen: [Watch] judges a
// directory at every save, [Pick] offers a list to choose from.
//
// Both have a form for a person at a terminal and one for everything else; what
// they do is decided below both, so that the two can't drift apart. The loop that
// watches knows nothing of the screen, and the screen only draws what the loop
// reports.
//
// This package decides nothing about a lab: it is told what to call to judge, and
// what to show for a key.
package live

import (
	"context"
	"io"
	"os"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/term"
)

// Options say what to watch and how to judge it.
type Options struct {
	Dir string       // the learner's directory
	Lab *catalog.Lab // the lab in it

	// Judge reads the directory, judges it and remembers the verdict. It must
	// return soon after ctx is cancelled. It tells hear what goes on.
	Judge func(ctx context.Context, hear Ears) (*Result, error)

	// Aid returns the text, in Markdown, for a key. May be nil.
	Aid func(ctx context.Context, what Aid) (string, error)

	In     *os.File // keys come from here; nil for none
	Out    *os.File
	Screen term.Screen // Out
}

// Ears hear what goes on while the judge is at work.
type Ears struct {
	Event func(judge.Event)
	Say   func(string) // what takes long, in words
}

// A Result is a verdict with the files that it is about.
type Result struct {
	Verdict *judge.Verdict
	Files   map[string][]byte
}

// An Aid is something that a learner can ask for in the middle of the work.
type Aid string

const (
	Hint     Aid = "hint"
	Next     Aid = "next"
	Solution Aid = "solution"
)

// Watch judges o.Dir now and at every save, until ctx ends or the person quits.
// It returns the last verdict that was reached, if any.
//
// With a terminal at both ends it takes over the screen and gives it back as it
// was. Otherwise each verdict is given to print as it comes.
func Watch(ctx context.Context, o Options, print func(w io.Writer, r *Result, err error) error) (*Result, error) {
	if o.Screen.Interactive(o.In) {
		return watchScreen(ctx, o)
	}
	return watchLines(ctx, o, print)
}

// watchLines runs the loop and prints each verdict.
func watchLines(ctx context.Context, o Options, print func(io.Writer, *Result, error) error) (*Result, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l := newLoop(o)
	ended := make(chan error, 1)
	go func() { ended <- l.run(ctx) }()
	var last *Result
	for {
		select {
		case err := <-ended:
			return last, err
		case u := <-l.updates:
			if u.kind != finished {
				continue
			}
			if u.err == nil {
				last = u.result
			}
			if err := print(o.Out, u.result, u.err); err != nil {
				cancel()
				l.drain(ended)
				return last, err
			}
		}
	}
}
