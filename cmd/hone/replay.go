package main

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

// mostListed is how many replays are listed.
const mostListed = 20

func (a *app) replayCmd() *cobra.Command {
	var f checkFlags
	var here bool
	cmd := &cobra.Command{
		Use:   "replay [ID]",
		Short: "Repeat a failure: the same check, files and seed",
		Long: `Run the check that failed again, on the files that it failed on, with every random
choice drawn from the same seed. With --here it runs on the files as they are in
their directory now: does the repair hold for that very case?

Without an id, list the failures that can be repeated. Nothing is added to your
progress.`,
		Example: "  hone replay\n  hone replay k3f9\n  hone replay k3f9 --here",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			s, err := a.progress(cmd.Context())
			if err != nil {
				return err
			}
			if len(args) == 0 {
				return a.replays(cmd, s, f.json)
			}
			r, err := s.Replay(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return a.replay(cmd, r, here, f)
		},
	}
	cmd.Flags().BoolVar(&here, "here", false, "run on the files as they are now")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show whole evidence")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the verdict, or the list, as JSON")
	cmd.Flags().BoolVar(&f.junit, "junit", false, "print the verdict as JUnit XML")
	cmd.MarkFlagsMutuallyExclusive("json", "junit")
	return cmd
}

func (a *app) replay(cmd *cobra.Command, r *store.Replay, here bool, f checkFlags) error {
	lab, err := a.find(r.Lab)
	if err != nil {
		return err
	}
	p := &place{lab: lab, dir: r.Dir, files: start.Files(r.Files)}
	if here {
		if p, err = a.read(r.Dir); err != nil {
			return err
		}
	}
	if lab.StageOf(r.Check) < 0 {
		return mistake(fmt.Sprintf("%s no longer has a check %s: this version of the lab can't repeat it", lab.ID, r.Check), "type: hone check")
	}
	v, err := a.check(cmd.Context(), p.lab, p.files, judge.CheckOptions{
		Stages: []string{lab.Stages[lab.StageOf(r.Check)].ID}, Only: []string{r.Check}, Seed: r.Seed, All: true,
	})
	if err != nil {
		return err
	}
	next := []report.Step{step("hone replay "+r.ID+" --here", "the same case, on the files as they are now")}
	if v.Outcome == judge.Passed {
		next = []report.Step{step("hone check"+p.arg(), "all the rest")}
		if !here {
			// The seed fixes our choices, not the scheduler's.
			a.print("It passed this time: what went wrong depends on more than the seed, on timing most likely.\n\n")
		}
	}
	return a.report(v, p, f, next)
}

func (a *app) replays(cmd *cobra.Command, s *store.Store, asJSON bool) error {
	list, err := s.Replays(cmd.Context(), mostListed)
	if err != nil {
		return err
	}
	if asJSON {
		if list == nil {
			list = []store.Replay{}
		}
		return report.JSON(a.stdout, list)
	}
	if len(list) == 0 {
		return mistake("no failure to repeat yet: each one that hone check shows names its id", "type: hone check")
	}
	rows := make([][]string, len(list))
	for i, r := range list {
		rows[i] = []string{a.cmd("hone replay " + r.ID), r.Lab, r.Check, string(r.Outcome), a.out.Paint(ago(r.At), term.Dim)}
	}
	for _, l := range term.Columns(rows, 2) {
		a.print("%s\n", a.out.Cut(l, 0))
	}
	return nil
}

// ago says when something was, as a person would.
func ago(t time.Time) string {
	switch d := time.Since(t); {
	case d < time.Minute:
		return "just now"
	case d < time.Hour:
		return report.Count(int(d.Minutes()), "minute") + " ago"
	case d < 24*time.Hour:
		return report.Count(int(d.Hours()), "hour") + " ago"
	case d < 14*24*time.Hour:
		return report.Count(int(d.Hours()/24), "day") + " ago"
	}
	return t.Format(time.DateOnly)
}
