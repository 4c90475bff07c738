package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/live"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) watchCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "watch [DIR]",
		Short: "Judge your code at every save",
		Long: `Judge your code now and at every save, until you quit. A save during a run cancels
it and begins again.

On a terminal this takes the screen, shows checks as they end, and has keys for a
hint, the task, the solution and more. Elsewhere it prints each verdict as a few
lines, or with --json as one line.`,
		Example:           "  hone watch\n  hone watch d\n  hone watch --json | jq .outcome",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.here(args)
			if err != nil {
				return err
			}
			return a.watch(cmd.Context(), p, asJSON)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print each verdict as one line of JSON, and take no keys")
	return cmd
}

func (a *app) watch(ctx context.Context, p *place, asJSON bool) error {
	// Opened here, so that what is wrong with it is said before the screen goes.
	if _, err := a.progress(ctx); err != nil {
		a.warn(err)
	}
	a.say("getting ready")
	if _, err := a.bench(ctx); err != nil {
		return err
	}
	a.quiet()
	o := live.Options{
		Dir: p.dir, Lab: p.lab, Out: a.stdout, Screen: a.out,
		Judge: func(ctx context.Context, hear live.Ears) (*live.Result, error) { return a.once(ctx, p.dir, hear) },
		Aid:   func(ctx context.Context, what live.Aid) (string, error) { return a.aid(ctx, p, what) },
	}
	if !asJSON {
		o.In = a.stdin
	}
	last, err := live.Watch(ctx, o, func(w io.Writer, r *live.Result, err error) error {
		return a.printWatched(w, r, err, asJSON)
	})
	if err != nil {
		return err
	}
	if last != nil && !asJSON && a.out.Tty {
		// The screen is gone; leave on the terminal what it said last.
		a.print("%s\n", report.Headline(last.Verdict))
	}
	return nil
}

// once reads the directory and judges it. The lab is read anew: go.mod may have
// been edited into another one, which is worth an error and not a crash.
func (a *app) once(ctx context.Context, dir string, hear live.Ears) (*live.Result, error) {
	at := time.Now()
	p, err := a.read(dir)
	if err != nil {
		return nil, err
	}
	a.voice.Store(&hear.Say)
	defer a.voice.Store(nil)
	v, err := a.check(ctx, p.lab, p.files, judge.CheckOptions{Event: hear.Event})
	if err != nil {
		return nil, err
	}
	s, err := a.progress(ctx)
	if err == nil {
		err = s.Record(ctx, store.Attempt{Dir: p.dir, At: at, Files: p.files, Verdict: v})
	}
	if err != nil && ctx.Err() == nil && a.firstWarning() {
		// Said on the screen, since nothing else may write to it.
		v.Notes = append(v.Notes, judge.Problem{Message: "progress is not saved: " + err.Error()})
	}
	return &live.Result{Verdict: v, Files: p.files}, nil
}

// maxMessage is how many lines of a failure's message are printed for each save.
const maxMessage = 4

// printWatched prints one verdict where there is no screen.
func (a *app) printWatched(w io.Writer, r *live.Result, err error, asJSON bool) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	if err != nil {
		_, err := fmt.Fprintf(w, "no verdict: %v\n", err)
		return err
	}
	if asJSON {
		return json.NewEncoder(w).Encode(r.Verdict)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s\n", time.Now().Format(time.TimeOnly), report.Headline(r.Verdict))
	if _, c := report.First(r.Verdict); c != nil {
		lines := strings.Split(strings.TrimSpace(term.Clean(c.Message)), "\n")
		for _, l := range lines[:min(len(lines), maxMessage)] {
			fmt.Fprintf(&b, "  %s\n", l)
		}
	}
	for _, pr := range r.Verdict.Problems {
		fmt.Fprintf(&b, "  %s:%d:%d: %s\n", pr.File, pr.Line, pr.Column, pr.Message)
	}
	_, err = io.WriteString(w, b.String())
	return err
}

// aid is the text for a key of watch: the same that the verbs print.
func (a *app) aid(ctx context.Context, p *place, what live.Aid) (string, error) {
	i, err := a.stage(ctx, p.lab, "")
	if err != nil {
		return "", err
	}
	last := i == len(p.lab.Stages)
	switch {
	case what == live.Solution && i == 0:
		return fmt.Sprintf("No stage has passed yet, and the solution of a stage is shown once it has.\n\n"+
			"`hone solution --force` shows it before, and says what that costs: %s.", cost), nil
	case what == live.Solution:
		return a.solutionText(ctx, p.lab, i-1)
	case last:
		return fmt.Sprintf("All %s passed. Press `s` for the reference.", report.Count(i, "stage")), nil
	case what == live.Hint:
		h, err := a.hint(ctx, p.lab, i, false)
		if err != nil {
			return "", err
		}
		text := h.markdown()
		if h.Rung == h.Rungs {
			text += "\nThis is the last hint.\n"
		}
		return text, nil
	}
	return task(p.lab, i), nil
}
