package main

import (
	"context"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/report"
)

func (a *app) hintCmd() *cobra.Command {
	var stage string
	var again, asJSON bool
	cmd := &cobra.Command{
		Use:   "hint [DIR|LAB]",
		Short: "Take one more hint for the stage you are at",
		Long: `Take one more hint for the first stage that has not passed.

Hints are a ladder. Each call goes one rung further, from a nudge to nearly all of
it, and remembers how far you went. Nothing is lost by taking them but the
pleasure.`,
		Example:           "  hone hint\n  hone hint --again",
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: a.completePlace,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.about(args)
			if err != nil {
				return err
			}
			i, err := a.stage(cmd.Context(), p.lab, stage)
			if err != nil {
				return err
			}
			if i == len(p.lab.Stages) {
				return mistake("all stages of "+p.lab.ID+" passed: there is nothing to hint at", "type: hone diff"+p.arg())
			}
			h, err := a.hint(cmd.Context(), p.lab, i, again)
			if err != nil {
				return err
			}
			if asJSON {
				return report.JSON(a.stdout, h)
			}
			a.print("%s", a.out.Markdown(h.markdown()))
			a.next(a.afterHint(p, h)...)
			return nil
		},
	}
	cmd.Flags().StringVar(&stage, "stage", "", "a hint for this stage")
	cmd.Flags().BoolVar(&again, "again", false, "show the hints taken so far, and take none")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print {lab, stage, rung, rungs, texts}")
	a.stageFlag(cmd)
	return cmd
}

// A hint is one rung of a ladder, or several that were taken before.
type hint struct {
	Lab   string   `json:"lab"`
	Stage string   `json:"stage"`
	Rung  int      `json:"rung"`  // the last one shown, from 1
	Rungs int      `json:"rungs"` // that there are
	Texts []string `json:"texts"` // Markdown
}

func (h *hint) markdown() string {
	var b strings.Builder
	first := h.Rung - len(h.Texts) + 1
	for i, t := range h.Texts {
		fmt.Fprintf(&b, "### Hint %d of %d for stage %s\n\n%s\n\n", first+i, h.Rungs, h.Stage, t)
	}
	return b.String()
}

// hint takes the next rung of a stage's ladder, or shows those that were taken.
func (a *app) hint(ctx context.Context, lab *catalog.Lab, i int, again bool) (*hint, error) {
	st := &lab.Stages[i]
	h := &hint{Lab: lab.ID, Stage: st.ID, Rungs: len(st.Hints)}
	if h.Rungs == 0 {
		return nil, mistake("stage "+st.ID+" has no hints", "")
	}
	if again {
		h.Rung = min(a.memory(ctx, lab.ID).Stages[st.ID].Hints, h.Rungs)
		if h.Rung == 0 {
			return nil, mistake("no hint was taken for stage "+st.ID, "type: hone hint")
		}
		h.Texts = st.Hints[:h.Rung]
		return h, nil
	}
	h.Rung = 1
	s, err := a.progress(ctx)
	if err == nil {
		h.Rung, _, err = s.TakeHint(ctx, lab.ID, st.ID, h.Rungs)
	}
	if err != nil {
		a.warn(err)
		h.Rung = 1
	}
	h.Texts = st.Hints[h.Rung-1 : h.Rung]
	return h, nil
}

func (a *app) afterHint(p *place, h *hint) []report.Step {
	steps := []report.Step{step("hone check"+p.arg(), "try again")}
	if p.dir == "" {
		steps = []report.Step{step("hone start "+p.lab.ID, "make a directory to work in")}
	}
	if h.Rung < h.Rungs {
		return append(steps, step("hone hint"+p.arg(), "the next rung"))
	}
	return append(steps, step("hone solution --force"+p.arg(), "the ladder ends here; this costs something, and says so"))
}
