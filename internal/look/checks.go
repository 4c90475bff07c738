package look

import (
	"fmt"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// bounds shows every check in source order: kept or not, and what the compiler knew.
func (p *page) bounds(f *compile.Function) {
	if p.unknown("Checks", compile.FeatureChecks, len(f.Checks)) {
		return
	}
	kept, proven := tally(f.Checks)
	if kept+proven == 0 {
		p.title("Checks", "none is needed", term.Green)
		return
	}
	style := term.Green
	if kept > 0 {
		style = term.Yellow
	}
	text := fmt.Sprintf("%d kept, %d cost nothing", kept, proven)
	if !p.r.Observed.Has(compile.FeatureChecks) {
		text = fmt.Sprintf("%d kept that the compiler lists", kept)
	}
	p.title("Checks", text, style)
	quiet := 0
	for _, c := range f.Checks {
		if c.Kind == compile.CheckNil && (!c.Kept || c.Folded) && !p.o.Full {
			quiet++
			continue
		}
		label, style := verdict(c)
		p.show(finding{stack: c.Stack, marks: []mark{{c.Stack.Text().Column, style}}, label: label, style: style})
	}
	if quiet > 0 {
		p.line("%s", p.dim(p.screen.Wrap(count(quiet, "nil check")+verb(quiet, " costs", " cost")+" nothing: proven, or done by a load that faults (--bounds --full)", "  ")))
	}
	if why, missing := p.gap(compile.FeatureProof); missing {
		p.line("%s", p.dim(p.screen.Wrap("What was proven is not known: "+why, "  ")))
	}
	p.proven(f)
}

// verdict is what became of a check, in words.
func verdict(c compile.Check) (string, term.Style) {
	what := map[compile.CheckKind]string{compile.CheckIndex: "index", compile.CheckSlice: "slice bound", compile.CheckNil: "nil"}[c.Kind]
	var text string
	style := term.Green
	switch {
	case c.Folded:
		text = what + " check costs nothing: the load itself faults"
	case c.Kept:
		text, style = what+" check kept", term.Red
	case c.Pass != "":
		text = what + " check gone in " + c.Pass
	default:
		text = what + " check gone"
	}
	if c.Proof != "" {
		if c.Kept {
			text += "; known: " + term.Clean(c.Proof)
		} else {
			text += ": " + term.Clean(c.Proof)
		}
	}
	if c.Provenance == lens.Inferred {
		text += " (inferred)"
	}
	return text, style
}

// proven shows what else the compiler found out about values: limits of loop variables
// and branches that are never taken.
func (p *page) proven(f *compile.Function) {
	n := 0
	for _, x := range f.Facts {
		if x.Kind != compile.FactInduction && x.Kind != compile.FactBranch {
			continue
		}
		if n++; n == 1 {
			p.line("")
			p.title("Proven", "limits of loop variables, and conditions that are always the same", term.Dim)
		}
		var marks []mark
		if c := x.Stack.Text().Column; c > 0 {
			marks = []mark{{c, term.Cyan}}
		}
		p.show(finding{stack: x.Stack, marks: marks, label: term.Clean(x.Text), style: term.Cyan})
	}
}
