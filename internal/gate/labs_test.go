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

// nightRuns is how often the reference runs in a night: what fails one time in a hundred
// is found in 87 of 100 nights.
const nightRuns = 200

// TestLabs runs the gates over the labs: the quick form, or the full one with
// HONE_GATES=full, or that with many more runs of the reference with HONE_GATES=nightly.
// HONE_LABS names the labs, separated by blanks; without it all run.
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
	o := Options{Quick: true}
	switch form := os.Getenv("HONE_GATES"); form {
	case "", "quick":
	case "full":
		o = Options{}
	case "nightly":
		o = Options{Runs: nightRuns}
	default:
		t.Fatalf("HONE_GATES=%s: there are quick, full and nightly", form)
	}
	for _, lab := range c.Labs() {
		if len(only) > 0 && !slices.Contains(only, lab.ID) {
			continue
		}
		t.Run(lab.ID, func(t *testing.T) {
			r, err := Check(t.Context(), j, lab, o)
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
