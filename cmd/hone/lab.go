package main

import (
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/gate"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) labCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "lab",
		Short: "Make labs, and find out whether they are good",
		Long: `Make labs, and find out whether they are good. A lab is a directory below labs/; in
a checkout of hone the labs on disk are used, elsewhere those in this binary.`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	cmd.AddCommand(a.labNewCmd(), a.labCheckCmd())
	return cmd
}

// labCheckFlags are the flags of lab check.
type labCheckFlags struct {
	all, quick, verbose, json bool
	record                    bool
	dir                       string
	gates                     []string
	runs                      int
}

func (a *app) labCheckCmd() *cobra.Command {
	var f labCheckFlags
	cmd := &cobra.Command{
		Use:   "check [LAB…|--all]",
		Short: "Run the gates: can this lab's judge be trusted?",
		Long: `Run the gates over labs. They show that what is right passes and what is wrong does
not: the reference under every scheduling, each stage's solution up to that stage,
each mutant where it goes wrong, and programs that cheat.

--record runs each mutant several times and writes fingerprints.tsv, with which checks
it fails, and golden/, with what a learner sees of it; and it runs the examples whose
output lab.md shows, and writes what they print. Read the changes before you keep them;
the gates diagnosis and prose hold them against what is true.

--runs looks for what fails one time in many: so often the reference runs, under each
kind of scheduling in turn. The night's form makes it 200.

The exit status is 0 if every gate is green, 1 if one is not, 2 on a mistake.`,
		Example:           "  hone lab check structures/lru\n  hone lab check --quick --all\n  hone lab check --gate generated,mutants structures/lru\n  hone lab check --record structures/lru",
		ValidArgsFunction: a.completeLabs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 0 && !f.all {
				return mistake("which labs?", "name them, or type: hone lab check --all")
			}
			for _, id := range f.gates {
				if !slices.Contains(gateIDs(), id) {
					return mistake("there is no gate "+id, "there are "+strings.Join(gateIDs(), ", "))
				}
			}
			if err := a.useLabs(f.dir); err != nil {
				return err
			}
			labs, err := a.chosen(args)
			if err != nil {
				return err
			}
			if f.record {
				return a.record(cmd.Context(), labs, f.dir)
			}
			return a.checkLabs(cmd.Context(), labs, f)
		},
	}
	cmd.Flags().BoolVar(&f.all, "all", false, "every lab")
	cmd.Flags().BoolVar(&f.quick, "quick", false, "fewer repetitions: for every change, not for a release")
	cmd.Flags().IntVar(&f.runs, "runs", 0, "runs of the reference (default 20, or 3 with --quick)")
	cmd.Flags().BoolVar(&f.record, "record", false, "write down what each mutant fails and what a learner sees of it, in place of running the gates")
	cmd.Flags().StringSliceVar(&f.gates, "gate", nil, "only these gates: "+strings.Join(gateIDs(), ", "))
	cmd.Flags().BoolVarP(&f.verbose, "verbose", "v", false, "everything that was seen, of green gates too")
	cmd.Flags().BoolVar(&f.json, "json", false, "print the reports as a JSON array")
	cmd.Flags().StringVar(&f.dir, "labs", "", "directory with the labs (default: labs/ of this checkout, else those in this binary)")
	must(cmd.RegisterFlagCompletionFunc("gate", cobra.FixedCompletions(gateIDs(), cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

func gateIDs() []string {
	var ids []string
	for _, g := range gate.Gates {
		ids = append(ids, g.ID)
	}
	return ids
}

// chosen finds the labs that are named, or all. Mistakes in their files are
// errors here, each with its file and line.
func (a *app) chosen(args []string) ([]*catalog.Lab, error) {
	c, err := openLabs(a.source)
	if len(args) == 0 {
		if err != nil {
			return nil, err
		}
		return c.Labs(), nil
	}
	var labs []*catalog.Lab
	for _, id := range args {
		lab, findErr := c.Find(strings.TrimPrefix(filepath.ToSlash(filepath.Clean(id)), "labs/"))
		if findErr != nil {
			if err != nil {
				return nil, fmt.Errorf("%w\n%w", findErr, err) // why it isn't there, most likely
			}
			return nil, findErr
		}
		labs = append(labs, lab)
	}
	return labs, nil
}

func (a *app) checkLabs(ctx context.Context, labs []*catalog.Lab, f labCheckFlags) error {
	j, err := a.bench(ctx)
	if err != nil {
		return err
	}
	reports := []*gate.Report{}
	good := true
	for _, lab := range labs {
		r, err := gate.Check(ctx, j, lab, gate.Options{Quick: f.quick, Runs: f.runs, Only: f.gates, Event: a.say})
		a.quiet()
		if err != nil {
			return err
		}
		good = good && r.Passed()
		reports = append(reports, r)
		if !f.json {
			a.gates(r, f.verbose)
		}
	}
	if f.json {
		if err := report.JSON(a.stdout, reports); err != nil {
			return err
		}
	}
	if !good {
		return errNotYet
	}
	return nil
}

// record writes down what the mutants of labs do, in the labs' own directories.
func (a *app) record(ctx context.Context, labs []*catalog.Lab, dir string) error {
	if dir == "" {
		root := checkout()
		if root == "" {
			return mistake("there is no directory of labs to write to", "go to a checkout of hone, or name the directory with --labs")
		}
		dir = filepath.Join(root, "labs")
	}
	j, err := a.bench(ctx)
	if err != nil {
		return err
	}
	for _, lab := range labs {
		at := filepath.Join(dir, filepath.FromSlash(lab.ID))
		said, err := gate.Transcripts(ctx, j, lab)
		if err != nil {
			return err
		}
		for name, text := range said {
			if err := os.WriteFile(filepath.Join(at, name), text, 0o644); err != nil {
				return err
			}
		}
		if err := gate.Record(ctx, j, lab, at, gate.Options{Event: a.say}); err != nil {
			return err
		}
		a.quiet()
		a.print("%s: %d mutants recorded\n", a.out.Paint(lab.ID, term.Bold), len(lab.Mutants))
	}
	return nil
}

// briefly is how many lines a green gate gets without -v; of more, the last says
// what they come to.
const briefly = 3

// gates prints what the gates found: what is wrong in full, what is right briefly.
func (a *app) gates(r *gate.Report, verbose bool) {
	verdict := a.out.Paint("good", term.Bold, term.Green)
	if !r.Passed() {
		verdict = a.out.Paint("not yet", term.Bold, term.Yellow)
	}
	a.print("%s %s\n", a.out.Paint(r.Lab, term.Bold), verdict)
	rows := make([][]string, len(r.Gates))
	for i, g := range r.Gates {
		outcome, took := judge.NotRun, ""
		switch {
		case g.Passed:
			outcome = judge.Passed
		case g.Run:
			outcome = judge.Failed
		}
		if g.Run {
			took = report.Seconds(g.Wall)
		}
		rows[i] = []string{report.Mark(a.out, outcome) + " " + a.out.Paint(g.ID, term.Bold), a.out.Paint(took, term.Dim), a.out.Paint(g.Title, term.Dim)}
	}
	for i, l := range term.Columns(rows, 2) {
		a.print("%s\n", a.out.Cut("  "+l, 0))
		detail := r.Gates[i].Detail
		if r.Gates[i].Passed && !verbose && len(detail) > briefly {
			detail = detail[len(detail)-1:]
		}
		for _, d := range detail {
			a.print("%s\n", a.out.Wrap(term.Clean(d), "      "))
		}
	}
	a.print("\n")
}

// useLabs makes the labs on disk the ones in use: those in dir, or those of the
// checkout that the working directory is in. In any other place the labs in the
// binary stay.
func (a *app) useLabs(dir string) error {
	if dir != "" {
		if info, err := os.Stat(dir); err != nil || !info.IsDir() {
			return mistake(dir+" is not a directory", "--labs names the directory that the tracks are in")
		}
		a.source, a.labs = overlaid{a.source, os.DirFS(dir)}, nil
		return nil
	}
	if root := checkout(); root != "" {
		a.source, a.labs = os.DirFS(root), nil
	}
	return nil
}

// checkout returns the root of the checkout of hone that the working directory is
// in, or "".
func checkout() string {
	dir, err := os.Getwd()
	if err != nil {
		return ""
	}
	for {
		mod, err := os.ReadFile(filepath.Join(dir, "go.mod"))
		if err == nil {
			first, _, _ := strings.Cut(string(mod), "\n")
			if strings.TrimSpace(first) == "module "+judge.Module {
				return dir
			}
		}
		up := filepath.Dir(dir)
		if up == dir {
			return ""
		}
		dir = up
	}
}

// overlaid is a source tree with other labs in it.
type overlaid struct {
	fs.FS
	labs fs.FS
}

func (o overlaid) Open(name string) (fs.File, error) {
	if name == "labs" {
		return o.labs.Open(".")
	}
	if rest, ok := strings.CutPrefix(name, "labs/"); ok {
		f, err := o.labs.Open(rest)
		if err == nil || rest != "syllabus.tsv" {
			return f, err
		}
		// A directory of labs needs no syllabus of its own.
	}
	return o.FS.Open(name)
}
