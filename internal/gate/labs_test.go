package gate

import (
	"io/fs"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
)

// TestLabs runs the gates over the labs: the quick form, or the full one with
// HONE_GATES=full. HONE_LABS names the labs, separated by blanks; without it all run.
func TestLabs(t *testing.T) {
	if testing.Short() {
		t.Skip("the gates take minutes: make labs")
	}
	source := os.DirFS("../..")
	labs, err := fs.Sub(source, "labs")
	if err != nil {
		t.Fatal(err)
	}
	c, err := catalog.Open(labs)
	if err != nil {
		t.Fatal(err)
	}
	j, err := judge.New(t.Context(), judge.Options{Source: source, Progress: func(s string) { t.Log(s) }})
	if err != nil {
		t.Fatal(err)
	}
	only := strings.Fields(os.Getenv("HONE_LABS"))
	for _, lab := range c.Labs() {
		if len(only) > 0 && !slices.Contains(only, lab.ID) {
			continue
		}
		t.Run(lab.ID, func(t *testing.T) {
			r, err := Check(t.Context(), j, lab, Options{Quick: os.Getenv("HONE_GATES") != "full"})
			if err != nil {
				t.Fatal(err)
			}
			for _, g := range r.Gates {
				switch {
				case !g.Run:
					t.Logf("%-10s not run", g.ID)
				case g.Passed:
					t.Logf("%-10s %v\n\t%s", g.ID, g.Wall.Round(1e6), strings.Join(g.Detail, "\n\t"))
				default:
					t.Errorf("%-10s %v: %s\n\t%s", g.ID, g.Wall.Round(1e6), g.Title, strings.Join(g.Detail, "\n\t"))
				}
			}
		})
	}
}
