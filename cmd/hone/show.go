package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) showCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "show [LAB|DIR]",
		Short: "Read a lab's lesson",
		Long: `Read a lab's lesson and see its stages, before you start it or from within its
directory. The text of a stage is what hone next shows.`,
		Example:           "  hone show structures/lru\n  hone show | less",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completeLab,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.about(args)
			if err != nil {
				return err
			}
			return a.show(p.lab.ID)
		},
	}
	return cmd
}

// show prints a lesson, and its stages with their checks.
func (a *app) show(id string) error {
	lab, err := a.find(id)
	if err != nil {
		return err
	}
	a.print("%s\n", a.out.Markdown(fmt.Sprintf("# %s\n\n%s", lab.Title, lab.Lesson)))
	rows := make([][]string, len(lab.Stages))
	for i, st := range lab.Stages {
		rows[i] = []string{a.out.Paint(st.ID, term.Bold), st.Title, a.out.Paint(Effort(st.Effort), term.Dim)}
	}
	a.print("%s\n", a.out.Paint(a.out.Wrap(fmt.Sprintf("%s, %s, your files: %s", report.Count(len(lab.Stages), "stage"),
		Effort(lab.Effort()), strings.Join(lab.Files, ", ")), ""), term.Dim))
	for _, l := range term.Columns(rows, 2) {
		a.print("%s\n", a.out.Cut("  "+l, 0))
	}
	steps := []report.Step{step("hone start "+lab.ID, "make a directory to work in")}
	if len(lab.Needs) > 0 {
		steps = append(steps, step("hone show "+lab.Needs[0], "it builds on this one"))
	}
	a.next(steps...)
	return nil
}

// task is the text of one stage, as Markdown.
func task(lab *catalog.Lab, i int) string {
	st := &lab.Stages[i]
	var b strings.Builder
	fmt.Fprintf(&b, "# Stage %d of %d: %s\n\n", i+1, len(lab.Stages), st.Title)
	about := []string{"`" + lab.ID + "`, stage `" + st.ID + "`"}
	if e := Effort(st.Effort); e != "" {
		about = append(about, e)
	}
	about = append(about, report.Count(len(st.Checks), "check"))
	fmt.Fprintf(&b, "%s\n\n%s\n", strings.Join(about, " · "), st.Text)
	if len(st.Faults) > 0 {
		fmt.Fprintf(&b, "\nThe checks inject: %s.\n", strings.Join(st.Faults, "; "))
	}
	if len(st.Peers) > 0 {
		fmt.Fprintf(&b, "\nMeasured against: %s.\n", strings.Join(st.Peers, ", "))
	}
	return b.String()
}
