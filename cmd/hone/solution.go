package main

import (
	"bytes"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/term"
)

// cost is what it costs to see a solution before its stage passed.
const cost = "your progress will say, for good, that the stage passed with its solution seen"

func (a *app) solutionCmd() *cobra.Command {
	var stage string
	var force, added, asJSON bool
	cmd := &cobra.Command{
		Use:   "solution [DIR|LAB]",
		Short: "Read the reference solution of a stage that you passed",
		Long: `Read the reference solution of the newest stage that you passed, or of the one
that you name: real code, commented as an essay.

Before a stage has passed its solution is not shown. --force shows it all the same,
and costs something: ` + cost + `.`,
		Example:           "  hone solution\n  hone solution --added       only what the stage adds\n  hone solution --stage cost --force",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completePlace,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.about(args)
			if err != nil {
				return err
			}
			i, err := a.solved(cmd.Context(), p, stage, force)
			if err != nil {
				return err
			}
			if asJSON {
				return a.solutionJSON(p.lab, i)
			}
			return a.solution(p, i, added)
		},
	}
	cmd.Flags().StringVar(&stage, "stage", "", "the solution of this stage")
	cmd.Flags().BoolVar(&force, "force", false, "show it before the stage passed; remembered")
	cmd.Flags().BoolVar(&added, "added", false, "only the lines that the stage adds")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print {lab, stage, files: {name: text}}")
	a.stageFlag(cmd)
	return cmd
}

// solved returns the stage whose solution may be shown: a passed one, or with
// force any, remembered first.
func (a *app) solved(ctx context.Context, p *place, name string, force bool) (int, error) {
	current, err := a.stage(ctx, p.lab, "")
	if err != nil {
		return 0, err
	}
	i := current - 1
	if force {
		i = min(current, len(p.lab.Stages)-1)
	}
	if name != "" {
		if i, err = stageNamed(p.lab, name); err != nil {
			return 0, err
		}
	}
	if i >= 0 && a.memory(ctx, p.lab.ID).Passed(p.lab.Stages[i].ID) {
		return i, nil
	}
	if !force {
		what := "no stage of " + p.lab.ID + " has"
		if i >= 0 {
			what = "stage " + p.lab.Stages[i].ID + " has not"
		}
		return 0, mistake(what+" passed yet, and the solution of a stage is shown once it has",
			"type: hone hint"+p.arg()+"   (one rung further)\n  or --force, which costs something: "+cost)
	}
	st := p.lab.Stages[i].ID
	a.quiet()
	fmt.Fprintf(a.stderr, "%s this is remembered: %s.\n", a.diag.Paint("hone:", term.Yellow), cost)
	s, err := a.progress(ctx)
	if err == nil {
		err = s.SawSolution(ctx, p.lab.ID, st)
	}
	if err != nil {
		a.warn(err)
	}
	return i, nil
}

// solution prints the learner's files as the reference has them after a stage.
func (a *app) solution(p *place, i int, added bool) error {
	after, err := judge.Solution(p.lab, i+1, start.Panic)
	if err != nil {
		return err
	}
	if added {
		before, err := judge.Solution(p.lab, i, start.Panic)
		if err != nil {
			return err
		}
		a.print("%s", a.differences("before", before, p.lab.Stages[i].ID, after))
		return nil
	}
	for _, name := range slices.Sorted(maps.Keys(after)) {
		a.print("%s\n%s\n", a.out.Paint("// ── "+name+" ── after stage "+p.lab.Stages[i].ID, term.Dim), after[name])
	}
	if p.dir != "" && a.out.Tty {
		a.next(step("hone diff"+p.arg(), "your code beside it"))
	}
	return nil
}

func (a *app) solutionJSON(lab *catalog.Lab, i int) error {
	files, err := judge.Solution(lab, i+1, start.Panic)
	if err != nil {
		return err
	}
	out := struct {
		Lab   string            `json:"lab"`
		Stage string            `json:"stage"`
		Files map[string]string `json:"files"`
	}{lab.ID, lab.Stages[i].ID, map[string]string{}}
	for name, data := range files {
		out.Files[name] = string(data)
	}
	return report.JSON(a.stdout, out)
}

// solutionText is a solution as Markdown, for the screen of watch.
func (a *app) solutionText(_ context.Context, lab *catalog.Lab, i int) (string, error) {
	files, err := judge.Solution(lab, i+1, start.Panic)
	if err != nil {
		return "", err
	}
	var b strings.Builder
	fmt.Fprintf(&b, "# The reference after stage %s\n\n", lab.Stages[i].ID)
	for _, name := range slices.Sorted(maps.Keys(files)) {
		fmt.Fprintf(&b, "`%s`\n\n```go\n%s```\n\n", name, files[name])
	}
	return b.String(), nil
}

func (a *app) diffCmd() *cobra.Command {
	var stage string
	cmd := &cobra.Command{
		Use:   "diff [DIR]",
		Short: "Compare your code with the reference, for stages that you passed",
		Long: `Compare your code with the reference as it is after the newest stage that you
passed: lines with - are yours, lines with + are the reference's.`,
		Example:           "  hone diff\n  hone diff --stage order",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.here(args)
			if err != nil {
				return err
			}
			i, err := a.solved(cmd.Context(), p, stage, false)
			if err != nil {
				return err
			}
			reference, err := judge.Solution(p.lab, i+1, start.Panic)
			if err != nil {
				return err
			}
			yours := start.Files{}
			for name, data := range p.files {
				// What the lab gives is the same on both sides.
				if given, err := readGiven(p.lab, name); err != nil || !bytes.Equal(given, data) {
					yours[name] = data
				}
			}
			text := a.differences("yours", yours, "reference", reference)
			if text == "" {
				text = "Your code is the reference, to the byte.\n"
			}
			a.print("%s", text)
			return nil
		},
	}
	cmd.Flags().StringVar(&stage, "stage", "", "compare with the reference after this stage")
	a.stageFlag(cmd)
	return cmd
}

// differences compares two sets of files, by name.
func (a *app) differences(oldName string, old start.Files, newName string, new start.Files) string {
	names := map[string]bool{}
	for name := range old {
		names[name] = true
	}
	for name := range new {
		names[name] = true
	}
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(names)) {
		b.WriteString(report.Diff(a.out, oldName+"/"+name, old[name], newName+"/"+name, new[name]))
	}
	return b.String()
}
