package main

import (
	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/report"
)

func (a *app) nextCmd() *cobra.Command {
	var stage string
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "next [DIR|LAB]",
		Short: "Show what to do now: the text of the next stage",
		Long: `Show the text of the first stage that has not passed, or of the one that you
name. It says what to write, what will be sent and what is tested.`,
		Example:           "  hone next\n  hone next --stage cost\n  hone next structures/lru",
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
			if asJSON {
				return a.nextJSON(p, i)
			}
			if i == len(p.lab.Stages) {
				a.print("All %s of %s passed.\n", report.Count(i, "stage"), p.lab.ID)
				a.next(a.afterPassing(cmd.Context(), p)...)
				return nil
			}
			a.print("%s", a.out.Markdown(task(p.lab, i)))
			if p.dir == "" {
				a.next(step("hone start "+p.lab.ID, "make a directory to work in"))
				return nil
			}
			a.next(step("hone watch"+p.arg(), "judge it at every save"), step("hone hint"+p.arg(), "a nudge, when you are stuck"))
			return nil
		},
	}
	cmd.Flags().StringVar(&stage, "stage", "", "show this stage")
	cmd.Flags().BoolVar(&asJSON, "json", false, "print {lab, stage, title, text}; null where all stages passed")
	a.stageFlag(cmd)
	return cmd
}

func (a *app) nextJSON(p *place, i int) error {
	if i == len(p.lab.Stages) {
		return report.JSON(a.stdout, nil)
	}
	st := p.lab.Stages[i]
	return report.JSON(a.stdout, struct {
		Lab   string `json:"lab"`
		Stage string `json:"stage"`
		Title string `json:"title"`
		Text  string `json:"text"`
	}{p.lab.ID, st.ID, st.Title, st.Text})
}
