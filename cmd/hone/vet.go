package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/gotool"
	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/internal/vet"
)

type vetFlags struct {
	goos, goarch string
	env          []string
	toolchain    string
	json         bool
	all          bool
}

func (a *app) vetCmd() *cobra.Command {
	f := vetFlags{}
	functions, types := vet.Usage()
	cmd := &cobra.Command{
		Use:   "vet [PACKAGES]",
		Short: "Prove the //hone:claim directives in source",
		Long: `Prove claims about what the compiler does, where they stand in the source:

  //hone:claim noescape b
  //hone:claim noheapalloc
  func (r *Ring) Put(b []byte) { … }

  sum += b[i] //hone:claim noboundschecks

  //hone:claim sizeatmost 64
  type slot struct { … }

A directive stands in the comment of a function or a type, or in a function's body, where
those that can be about a LINE are about theirs, or, alone on a line, about the next. An
argument with blanks is quoted.

About functions:
  ` + strings.Join(functions, "\n  ") + `
About types:
  ` + strings.Join(types, "\n  ") + `

Each means what the method of package claim means whose name it bears. What was not found
does not hold: a misspelt claim, a variable that is not there, a function without code.
The exit status is 1 where a claim does not hold, or where there is none.`,
		Example: `  hone vet ./...
  hone vet ./ring --goarch arm64      for another machine
  hone vet ./... --go 1.25.3          as another release compiles it`,
		ValidArgsFunction: cobra.NoFileCompletions,
		RunE: func(cmd *cobra.Command, args []string) error {
			return a.vet(cmd.Context(), args, f)
		},
	}
	fl := cmd.Flags()
	fl.BoolVar(&f.all, "all", false, "show the claims that hold, too")
	fl.BoolVar(&f.json, "json", false, "print every claim as JSON")
	fl.StringVar(&f.goos, "goos", "", "compile for another operating system")
	fl.StringVar(&f.goarch, "goarch", "", "compile for another architecture")
	fl.StringArrayVar(&f.env, "env", nil, "a setting of the go command: GOAMD64=v3")
	fl.StringVar(&f.toolchain, "go", "", "another Go version: 1.25.3")
	for _, name := range []string{"goos", "go", "env"} {
		must(cmd.RegisterFlagCompletionFunc(name, cobra.NoFileCompletions))
	}
	must(cmd.RegisterFlagCompletionFunc("goarch", cobra.FixedCompletions(goarches, cobra.ShellCompDirectiveNoFileComp)))
	return cmd
}

// settings are those that claims take.
func (f vetFlags) settings(cache string) []string {
	s := append([]string{}, f.env...)
	if f.goos != "" {
		s = append(s, "GOOS="+f.goos)
	}
	if f.goarch != "" {
		s = append(s, "GOARCH="+f.goarch)
	}
	if f.toolchain != "" {
		s = append(s, "GOTOOLCHAIN="+goVersion(f.toolchain))
	}
	if cache != "" {
		s = append(s, "HONE_COMPILER="+filepath.Join(cache, "compile"))
	}
	return s
}

// vet runs the verb.
func (a *app) vet(ctx context.Context, patterns []string, f vetFlags) error {
	r, err := vet.Run(ctx, vet.Options{Patterns: patterns, Settings: f.settings(a.env("HONE_CACHE")), Event: a.say})
	a.quiet()
	var build *gotool.BuildError
	switch {
	case errors.Is(err, vet.ErrNoPackage):
		return mistake(err.Error(), "name packages as for go vet: hone vet ./...")
	case errors.As(err, &build):
		return mistake(strings.TrimSpace(build.Text), "name packages as for go vet: hone vet ./...")
	case err != nil:
		return err
	}
	if f.json {
		if err := report.JSON(a.stdout, r); err != nil {
			return err
		}
	} else {
		a.showClaims(r, f.all)
	}
	switch {
	case len(r.Claims) == 0:
		return mistake(fmt.Sprintf("no claim stands in %s, so none was proven", count(r.Packages, "package", "packages")),
			"write one above a function: //hone:claim noheapalloc   (hone vet --help lists them)")
	case r.Failed() > 0:
		return errNotYet
	}
	return nil
}

func count(n int, one, many string) string { return fmt.Sprintf("%d %s", n, plural(n, one, many)) }

// showClaims prints what does not hold, as a compiler prints its errors, with what the
// compiler said; and how many do.
func (a *app) showClaims(r *vet.Report, all bool) {
	here, _ := os.Getwd()
	shorten := func(file string) string {
		if rel, err := filepath.Rel(here, file); err == nil && !strings.HasPrefix(rel, "..") {
			return rel
		}
		return file
	}
	said := "" // several claims of a package that does not compile have one reason
	for _, c := range r.Claims {
		if c.Holds && !all {
			continue
		}
		at := c.Position
		at.File = shorten(at.File)
		mark := a.out.Paint("✗", term.Red)
		if c.Holds {
			mark = a.out.Paint("✓", term.Green)
		}
		subject := ""
		if c.Subject != "" {
			subject = c.Subject + " "
		}
		a.print("%s %s %s\n", mark, a.out.Paint(at.String(), term.Bold), term.Clean(subject+c.Text))
		if c.Message != "" {
			a.print("%s\n", a.out.Wrap(term.Clean(strings.ReplaceAll(c.Message, here+string(filepath.Separator), "")), "  "))
		}
		if c.Evidence != "" && c.Evidence != said {
			for line := range strings.Lines(strings.TrimRight(c.Evidence, "\n")) {
				a.print("  %s %s\n", a.out.Paint("│", term.Dim), term.Clean(strings.TrimRight(line, "\n")))
			}
			said = c.Evidence
		}
		if c.Message != "" {
			a.print("\n")
		}
	}
	for _, u := range r.Unproven {
		a.note(fmt.Sprintf("%s is not compiled for this platform: %s in it not proven", shorten(u.File), count(u.Claims, "claim", "claims")))
	}
	n, failed := len(r.Claims), r.Failed()
	switch {
	case n == 0:
	case failed == 0:
		a.print("%s\n", a.out.Paint(fmt.Sprintf("%s, all hold", count(n, "claim", "claims")), term.Green))
	default:
		a.print("%s\n", a.out.Paint(fmt.Sprintf("%d of %s %s not hold", failed, count(n, "claim", "claims"), plural(failed, "does", "do")), term.Yellow))
	}
}
