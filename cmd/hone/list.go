package main

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) listCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list [WORD…]",
		Short: "Show the labs, by track, with your progress",
		Long: `Show the labs, by track, with your progress.

Words narrow the list: a lab is shown if each of them stands in its id, kind,
title or topics.`,
		Example: "  hone list\n  hone list storage\n  hone list --json",
		RunE: func(cmd *cobra.Command, words []string) error {
			entries, err := a.entries(cmd.Context())
			if err != nil {
				return err
			}
			entries = matching(entries, words)
			if asJSON {
				return report.JSON(a.stdout, entries)
			}
			if len(entries) == 0 {
				return mistake(fmt.Sprintf("no lab matches %q", strings.Join(words, " ")), "type: hone list")
			}
			a.list(entries)
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print the labs with all their fields as a JSON array")
	return cmd
}

// An entry is a lab in the list, with what is remembered of it.
type entry struct {
	*catalog.Lab
	Passed  []string `json:"passed"`  // ids of the stages that passed
	Started bool     `json:"started"` // anything was ever done in it

	trackTitle string
	blocked    []string // labs that should come first and have not passed
}

// entries joins the catalog with progress.
func (a *app) entries(ctx context.Context) ([]entry, error) {
	c, err := a.catalog()
	if err != nil {
		return nil, err
	}
	labs := map[string]*store.Lab{}
	if s, err := a.progress(ctx); err != nil {
		a.warn(err)
	} else if labs, err = s.Labs(ctx); err != nil {
		a.warn(err)
	}
	var out []entry
	done := map[string]bool{}
	for _, tr := range c.Tracks() {
		for _, l := range tr.Labs {
			e := entry{Lab: l, Passed: []string{}, trackTitle: tr.Title}
			if m := labs[l.ID]; m != nil {
				e.Started = true
				for _, st := range l.Stages {
					if m.Passed(st.ID) {
						e.Passed = append(e.Passed, st.ID)
					}
				}
			}
			done[l.ID] = len(e.Passed) == len(l.Stages)
			out = append(out, e)
		}
	}
	for i := range out {
		for _, need := range out[i].Needs {
			if !done[need] {
				out[i].blocked = append(out[i].blocked, need)
			}
		}
	}
	return out, nil
}

func matching(entries []entry, words []string) []entry {
	out := []entry{}
next:
	for _, e := range entries {
		text := strings.ToLower(strings.Join(append([]string{e.ID, string(e.Kind), e.Title, e.trackTitle}, e.Topics...), " "))
		for _, w := range words {
			if !strings.Contains(text, strings.ToLower(w)) {
				continue next
			}
		}
		out = append(out, e)
	}
	return out
}

// complete reports whether all stages passed.
func (e *entry) complete() bool { return len(e.Passed) == len(e.Stages) }

// state is how far it went, in a few cells.
func (e *entry) state() string {
	switch {
	case e.complete():
		return "passed"
	case len(e.Passed) > 0:
		return fmt.Sprintf("%d of %d", len(e.Passed), len(e.Stages))
	case e.Started:
		return "begun"
	}
	return Effort(e.Lab.Effort())
}

// Effort writes the time that a lab is said to take.
func Effort(d time.Duration) string {
	switch {
	case d == 0:
		return ""
	case d < time.Hour:
		return fmt.Sprintf("~%d min", int(d.Minutes()))
	}
	return fmt.Sprintf("~%.3g h", float64(d.Round(30*time.Minute))/float64(time.Hour))
}

func (a *app) list(entries []entry) {
	rows := make([][]string, len(entries))
	for i, e := range entries {
		rows[i] = a.listRow(&e)
	}
	lines := term.Columns(rows, 2)
	track := ""
	for i, l := range lines {
		if t := entries[i].trackTitle; t != track {
			if track != "" {
				a.print("\n")
			}
			track = t
			a.print("%s\n", a.out.Paint(t, term.Bold))
		}
		a.print("%s\n", a.out.Cut("  "+l, 0))
	}
	if e := suggestion(entries); e != nil {
		verb, why := "hone start "+e.ID, "begin here"
		if e.Started {
			verb, why = "hone next "+e.ID, "go on here"
		}
		a.next(step(verb, why))
	}
}

func (a *app) listRow(e *entry) []string {
	mark, id, title := a.out.Paint("·", term.Dim), e.ID, e.Title
	switch {
	case e.complete():
		mark = a.out.Paint("✓", term.Green)
	case e.Started:
		mark = a.out.Paint("◐", term.Yellow)
	}
	if len(e.blocked) > 0 && !e.Started {
		title += a.out.Paint("  after "+strings.Join(e.blocked, ", "), term.Dim)
	}
	return []string{mark + " " + id, a.out.Paint(string(e.Kind), term.Dim), e.state(), title}
}

// suggestion is the lab to go on with: one that was begun, else the first that
// nothing stands before.
func suggestion(entries []entry) *entry {
	for i, e := range entries {
		if e.Started && !e.complete() {
			return &entries[i]
		}
	}
	for i, e := range entries {
		if !e.complete() && len(e.blocked) == 0 {
			return &entries[i]
		}
	}
	return nil
}

func step(command, why string) report.Step { return report.Step{Command: command, Why: why} }
