package main

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/live"
	"github.com/hone-go/hone/internal/term"
)

// Groups of verbs in the help.
const (
	groupLearn  = "learn"
	groupOwn    = "own"
	groupAuthor = "author"
)

const about = `hone is a workbench for mastering Go. You write the code, in your own editor;
a judge runs it against real checks and decides with evidence.`

// root builds the tree of commands.
func (a *app) root() *cobra.Command {
	cobra.EnableCommandSorting = false // the order of work says more
	root := &cobra.Command{
		Use:               "hone",
		Short:             "A workbench for mastering Go",
		Long:              about,
		SilenceUsage:      true,
		SilenceErrors:     true,
		Args:              cobra.NoArgs,
		PersistentPreRunE: a.setUp,
		RunE:              func(cmd *cobra.Command, _ []string) error { return a.greet(cmd.Context()) },
	}
	root.PersistentFlags().StringVar(&a.color, "color", string(term.Auto), "auto, always or never; NO_COLOR is honoured")
	must(root.RegisterFlagCompletionFunc("color", cobra.FixedCompletions([]string{"auto", "always", "never"}, cobra.ShellCompDirectiveNoFileComp)))
	root.AddGroup(&cobra.Group{ID: groupLearn, Title: "Learn:"}, &cobra.Group{ID: groupOwn, Title: "Your own code:"}, &cobra.Group{ID: groupAuthor, Title: "Make labs:"})
	add := func(group string, cmds ...*cobra.Command) {
		for _, c := range cmds {
			c.GroupID = group
			root.AddCommand(c)
		}
	}
	add(groupLearn,
		a.tourCmd(), a.listCmd(), a.showCmd(), a.startCmd(), a.checkCmd(), a.watchCmd(), a.nextCmd(), a.hintCmd(),
		a.diffCmd(), a.solutionCmd(), a.resetCmd(), a.replayCmd(), a.progressCmd())
	add(groupOwn, a.lookCmd(), a.traceCmd(), a.vetCmd(), a.mutateCmd())
	add(groupAuthor, a.labCmd())
	root.AddCommand(a.versionCmd())
	return root
}

// must is for registrations that can fail only by a slip in this package.
func must(err error) {
	if err != nil {
		panic(err)
	}
}

// greet answers a bare hone: what this is and what to type. On a terminal the
// list of labs is there to choose from.
func (a *app) greet(ctx context.Context) error {
	a.print(`%s

  %s          the whole idea in a minute
  %s          the labs
  %s     make a directory to work in
  %s         judge it at every save

hone help shows everything else.
`, about, a.cmd("hone tour"), a.cmd("hone list"), a.cmd("hone start LAB"), a.cmd("hone watch"))
	if !a.out.Interactive(a.stdin) {
		return nil
	}
	entries, err := a.entries(ctx)
	if err != nil {
		return err
	}
	items := make([]live.Item, len(entries))
	for i, e := range entries {
		items[i] = live.Item{ID: e.ID, Group: e.trackTitle, Text: e.Title, Note: e.state()}
	}
	id, err := live.Pick(ctx, live.Choice{Items: items, In: a.stdin, Out: a.stdout, Screen: a.out})
	if err != nil || id == "" {
		return err
	}
	return a.show(id)
}

func (a *app) cmd(text string) string { return a.out.Paint(text, term.Bold, term.Cyan) }
