package main

import (
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/report"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

func (a *app) versionCmd() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "version",
		Short: "Show the version, and where hone keeps what",
		Args:  cobra.NoArgs,
		RunE: func(*cobra.Command, []string) error {
			v := a.version()
			if asJSON {
				return report.JSON(a.stdout, v)
			}
			for _, l := range term.Columns([][]string{
				{"hone", v.Hone}, {"built with", v.Go}, {"progress", v.Progress}, {"cache", v.Cache},
			}, 2) {
				a.print("%s\n", l)
			}
			return nil
		},
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "print it as JSON")
	return cmd
}

type version struct {
	Hone     string `json:"hone"`
	Go       string `json:"go"`
	Progress string `json:"progress"` // file
	Cache    string `json:"cache"`    // directory; can be deleted at any time
}

func (a *app) version() version {
	v := version{Hone: "(devel)", Go: runtime.Version() + " " + runtime.GOOS + "/" + runtime.GOARCH, Cache: a.env("HONE_CACHE")}
	if info, ok := debug.ReadBuildInfo(); ok {
		if info.Main.Version != "" {
			v.Hone = info.Main.Version
		}
		for _, s := range info.Settings {
			if s.Key == "vcs.revision" && v.Hone == "(devel)" {
				v.Hone += " " + s.Value[:min(12, len(s.Value))]
			}
		}
	}
	v.Progress, _ = store.Path(a.env)
	if v.Cache == "" {
		if dir, err := os.UserCacheDir(); err == nil {
			v.Cache = filepath.Join(dir, "hone")
		}
	}
	return v
}
