package main

import (
	"github.com/spf13/cobra"
)

// completeLab completes the id of a lab as first argument, a directory as second.
func (a *app) completeLab(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveFilterDirs
	}
	return a.labIDs(), cobra.ShellCompDirectiveNoFileComp
}

// completePlace completes the id of a lab or a directory.
func (a *app) completePlace(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return a.labIDs(), cobra.ShellCompDirectiveDefault
}

// completeLabs completes any number of ids.
func (a *app) completeLabs(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return a.labIDs(), cobra.ShellCompDirectiveNoFileComp
}

func completeDir(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	if len(args) > 0 {
		return nil, cobra.ShellCompDirectiveNoFileComp
	}
	return nil, cobra.ShellCompDirectiveFilterDirs
}

// labIDs lists the labs with their titles.
func (a *app) labIDs() []string {
	c, err := a.catalog()
	if err != nil {
		return nil
	}
	var ids []string
	for _, l := range c.Labs() {
		ids = append(ids, cobra.CompletionWithDesc(l.ID, l.Title))
	}
	return ids
}

// stageFlag completes --stage from the lab that the other arguments name.
func (a *app) stageFlag(cmd *cobra.Command) {
	must(cmd.RegisterFlagCompletionFunc("stage", func(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
		p, err := a.about(args)
		if err != nil {
			return nil, cobra.ShellCompDirectiveNoFileComp
		}
		var ids []string
		for _, st := range p.lab.Stages {
			ids = append(ids, cobra.CompletionWithDesc(st.ID, st.Title))
		}
		return ids, cobra.ShellCompDirectiveNoFileComp
	}))
}
