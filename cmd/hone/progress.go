package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) progressCmd() *cobra.Command {
	var asJSON, setAside bool
	cmd := &cobra.Command{
		Use:   "progress [LAB]",
		Short: "Show what you did: stages, verdicts, hints",
		Long: `Show what you did in each lab. It is kept in one SQLite file on this machine
(hone version says where), and goes nowhere else. Deleting the file loses progress
and nothing else.`,
		Example:           "  hone progress\n  hone progress structures/lru\n  hone progress --json",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeLab,
		RunE: func(cmd *cobra.Command, args []string) error {
			if setAside {
				return a.setAside()
			}
			s, err := a.progress(cmd.Context())
			if err != nil {
				return err
			}
			histories, err := a.histories(cmd.Context(), s, args)
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.stdout, histories)
			}
			return a.showHistories(histories)
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as a JSON array, one object for each lab")
	cmd.Flags().BoolVar(&setAside, "set-aside", false, "rename the progress file and begin a new one, for when it is damaged")
	return cmd
}

// A history is what was done in one lab.
type history struct {
	entry       *entry
	Lab         string             `json:"lab"`
	First       time.Time          `json:"first"`
	Last        time.Time          `json:"last"`
	Stages      []historyStage     `json:"stages"`
	Predictions []store.Prediction `json:"predictions,omitempty"`
}

type historyStage struct {
	ID string `json:"id"`
	store.Stage
}

func (a *app) histories(ctx context.Context, s *store.Store, args []string) ([]history, error) {
	entries, err := a.entries(ctx)
	if err != nil {
		return nil, err
	}
	only := ""
	if len(args) > 0 {
		lab, err := a.find(args[0])
		if err != nil {
			return nil, err
		}
		only = lab.ID
	}
	labs, err := s.Labs(ctx)
	if err != nil {
		return nil, err
	}
	out := []history{}
	for i := range entries {
		e := &entries[i]
		l := labs[e.ID]
		if l == nil || only != "" && e.ID != only {
			continue
		}
		h := history{entry: e, Lab: e.ID, First: l.First, Last: l.Last}
		for _, st := range e.Stages {
			h.Stages = append(h.Stages, historyStage{st.ID, l.Stages[st.ID]})
		}
		if h.Predictions, err = s.Predictions(ctx, e.ID); err != nil {
			return nil, err
		}
		out = append(out, h)
	}
	return out, nil
}

func (a *app) showHistories(list []history) error {
	if len(list) == 0 {
		a.print("Nothing yet.\n")
		a.next(step("hone list", "the labs"), step("hone tour", "the whole idea in a minute"))
		return nil
	}
	for i, h := range list {
		if i > 0 {
			a.print("\n")
		}
		a.print("%s  %s  %s\n", a.out.Paint(h.Lab, term.Bold), h.entry.Title, a.out.Paint("last "+ago(h.Last), term.Dim))
		rows := make([][]string, len(h.Stages))
		for j, st := range h.Stages {
			rows[j] = a.historyRow(st)
		}
		for _, l := range term.Columns(rows, 2) {
			a.print("%s\n", a.out.Cut("  "+l, 0))
		}
		if p := predicted(h.Predictions); p != "" {
			a.print("  %s\n", p)
		}
	}
	return nil
}

// predicted says how first predictions went. Those that were right may leave no
// trace: there was nothing to explain.
func predicted(list []store.Prediction) string {
	wrong := 0
	for _, p := range list {
		if !p.Right {
			wrong++
		}
	}
	switch {
	case len(list) == 0:
		return ""
	case wrong == len(list):
		return report.Count(wrong, "prediction") + " went wrong at first"
	}
	return fmt.Sprintf("first predictions: %d of %d right", len(list)-wrong, len(list))
}

func (a *app) historyRow(st historyStage) []string {
	mark, when := a.out.Paint("·", term.Dim), ""
	switch {
	case !st.Passed.IsZero():
		mark, when = a.out.Paint("✓", term.Green), "passed "+ago(st.Passed)
	case st.Attempts > 0:
		mark = a.out.Paint("◐", term.Yellow)
	}
	verdicts, hints, seen := "", "", ""
	if st.Attempts > 0 {
		verdicts = report.Count(st.Attempts, "verdict")
	}
	if st.Hints > 0 {
		hints = report.Count(st.Hints, "hint")
	}
	if !st.Solution.IsZero() {
		seen = "solution seen"
	}
	return []string{mark + " " + st.ID, when, verdicts, hints, a.out.Paint(seen, term.Yellow)}
}

// setAside renames the progress file, for when it is damaged.
func (a *app) setAside() error {
	path, err := store.Path(a.env)
	if err != nil {
		return err
	}
	to, err := store.SetAside(path, time.Now())
	if err != nil {
		return err
	}
	a.print("The old file is now %s.\n%s begins with the next command.\n", to, fmt.Sprintf("A new one, %s,", path))
	return nil
}
