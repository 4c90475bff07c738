package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/diagnose"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/start"
	"github.com/hone-go/hone/internal/store"
)

// checkFlags are the flags of check, and in part of replay.
type checkFlags struct {
	stage   string
	all     bool
	verbose bool
	json    bool
	junit   bool
	seed    uint64
}

func (a *app) checkCmd() *cobra.Command {
	var f checkFlags
	cmd := &cobra.Command{
		Use:   "check [DIR]",
		Short: "Judge your code",
		Long: `Judge the code in a directory, stage by stage, up to the first stage that does not
pass. Your directory is read, never written.

The exit status is 0 if everything judged passed, 1 if not yet, 2 if there is no
verdict because of a mistake in the call or in hone.

--json prints the verdict whole, and its form is stable: lab, outcome ("passed" or
"not yet"), go, source, problems and notes (file, line, column, message), and stages,
each with id, title, outcome and checks. A check has name, doc, outcome, message,
evidence (kind, title, text), seed and replay.`,
		Example: `  hone check
  hone check --stage cost     up to this stage
  hone check --all -v         every stage, every failure, whole evidence
  hone check --junit > report.xml`,
		Args:              cobra.MaximumNArgs(1),
		ValidArgsFunction: completeDir,
		RunE: func(cmd *cobra.Command, args []string) error {
			p, err := a.here(args)
			if err != nil {
				return err
			}
			o := judge.CheckOptions{All: f.all, Seed: f.seed, Vet: true}
			if o.Stages, err = upTo(p.lab, f.stage); err != nil {
				return err
			}
			v, err := a.verdict(cmd.Context(), p, o)
			if err != nil {
				return err
			}
			return a.report(v, p, f, a.afterVerdict(cmd.Context(), p, v))
		},
	}
	cmd.Flags().StringVar(&f.stage, "stage", "", "judge up to this stage")
	cmd.Flags().BoolVar(&f.all, "all", false, "go on after a stage that does not pass")
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "show every failure and whole evidence")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the verdict as JSON")
	cmd.Flags().BoolVar(&f.junit, "junit", false, "print the verdict as JUnit XML")
	cmd.Flags().Uint64Var(&f.seed, "seed", 0, "draw every random choice from this seed")
	cmd.MarkFlagsMutuallyExclusive("json", "junit")
	a.stageFlag(cmd)
	return cmd
}

// upTo lists the stages up to the named one; none where none is named.
func upTo(lab *catalog.Lab, stage string) ([]string, error) {
	if stage == "" {
		return nil, nil
	}
	last, err := stageNamed(lab, stage)
	if err != nil {
		return nil, err
	}
	var ids []string
	for _, st := range lab.Stages[:last+1] {
		ids = append(ids, st.ID)
	}
	return ids, nil
}

// verdict judges the files of a place and remembers the verdict.
func (a *app) verdict(ctx context.Context, p *place, o judge.CheckOptions) (*judge.Verdict, error) {
	at := time.Now()
	v, err := a.check(ctx, p.lab, p.files, o)
	if err != nil {
		return nil, err
	}
	a.remember(ctx, store.Attempt{Dir: p.dir, At: at, Files: p.files, Verdict: v})
	return v, nil
}

// check judges files, with a line on stderr about what is going on.
func (a *app) check(ctx context.Context, lab *catalog.Lab, files start.Files, o judge.CheckOptions) (*judge.Verdict, error) {
	j, err := a.bench(ctx)
	if err != nil {
		return nil, err
	}
	if o.Event == nil {
		a.say("judging " + lab.ID)
		o.Event = func(e judge.Event) {
			if e.Outcome == "" {
				a.say(fmt.Sprintf("judging %s: %s, %s", lab.ID, e.Stage, e.Check))
			}
		}
		defer a.quiet()
	}
	v, err := j.Check(ctx, lab, files, o)
	if err != nil {
		return nil, err
	}
	known, err := diagnose.Open(lab)
	if err != nil {
		a.warn(err)
	}
	diagnose.Suspect(lab, known, v)
	return v, nil
}

// remember stores a verdict. That it can't is worth a warning and no more: the
// verdict stands.
func (a *app) remember(ctx context.Context, at store.Attempt) {
	s, err := a.progress(ctx)
	if err == nil {
		err = s.Record(ctx, at)
	}
	if err != nil && ctx.Err() == nil {
		a.warn(err)
	}
}

// report prints a verdict in the form that was asked for.
func (a *app) report(v *judge.Verdict, p *place, f checkFlags, next []report.Step) error {
	var err error
	switch {
	case f.json:
		err = report.JSON(a.stdout, v)
	case f.junit:
		err = report.JUnit(a.stdout, v)
	default:
		a.print("%s", report.Text(a.out, v, report.Options{Dir: p.dir, Files: p.files, Full: f.verbose, Next: next}))
	}
	if err != nil {
		return fmt.Errorf("print the verdict: %w", err)
	}
	if v.Outcome != judge.Passed {
		return errNotYet
	}
	return nil
}

// afterVerdict is what to type once a verdict is known.
func (a *app) afterVerdict(ctx context.Context, p *place, v *judge.Verdict) []report.Step {
	watch := step("hone watch"+p.arg(), "judges every save")
	switch stage, check := report.First(v); {
	case len(v.Problems) > 0:
		return []report.Step{watch}
	case check != nil && check.Outcome == judge.Noisy:
		return []report.Step{step("hone check"+p.arg(), "again, when this machine has less to do")}
	case check != nil:
		return []report.Step{
			step("hone hint"+p.arg(), "a nudge for stage "+stage.ID), step("hone next"+p.arg(), "what the stage asks for"), watch,
		}
	case len(v.Stages) < len(p.lab.Stages):
		return []report.Step{step("hone next"+p.arg(), "the stage that comes now")}
	}
	return a.afterPassing(ctx, p)
}

// afterPassing is what to type once a whole lab passed: look back, then go on.
func (a *app) afterPassing(ctx context.Context, p *place) []report.Step {
	steps := []report.Step{step("hone solution"+p.arg(), "the reference, with its comments")}
	if p.dir != "" {
		steps = []report.Step{step("hone diff"+p.arg(), "your code beside the reference, comments and all")}
	}
	entries, err := a.entries(ctx)
	if err != nil {
		return steps
	}
	if e := suggestion(entries); e != nil {
		verb := "hone start "
		if e.Started {
			verb = "hone next "
		}
		steps = append(steps, step(verb+e.ID, e.Title))
	}
	return steps
}
