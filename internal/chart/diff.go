package chart

import (
	"fmt"
	"math"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/trace"
)

// What counts as a change: hardly by chance, and in more than every tenth case.
const (
	surely = 0.001
	matter = 0.05 // from a chance of a half
)

// Diff shows what changed between two traces: what took longer or shorter for certain, and
// what only one of them has.
func Diff(s term.Screen, c *trace.Comparison, was string, o Options) string {
	p := &page{screen: s, o: o}
	before, after := c.Before, c.After
	p.line("%s  compared with %s", p.screen.Paint(term.Clean(o.Name), term.Bold), term.Clean(was))
	rows := [][]string{{"", "before", "now"}}
	add := func(what, a, b string) { rows = append(rows, []string{what, a, b}) }
	add("took", duration(before.End-before.Start), duration(after.End-after.Start))
	add("goroutines", number(int64(before.Goroutines.Seen)), number(int64(after.Goroutines.Seen)))
	add("alive at the end", number(int64(before.Goroutines.Alive)), number(int64(after.Goroutines.Alive)))
	add("ran", duration(before.Time[trace.Running]), duration(after.Time[trace.Running]))
	add("could have run", duration(before.Time[trace.Runnable]), duration(after.Time[trace.Runnable]))
	add("in system calls", duration(before.Time[trace.InSyscall]), duration(after.Time[trace.InSyscall]))
	add("collections", number(int64(before.GC.Cycles)), number(int64(after.GC.Cycles)))
	add("peak heap", size(before.GC.Peak), size(after.GC.Peak))
	p.table(rows)

	var changed, one []trace.Change
	same := 0
	for _, c := range c.Changes {
		switch {
		case c.Why != "" && isRuntimes(c.Stack):
		case c.Before.Count == 0 || c.After.Count == 0:
			one = append(one, c)
		case c.P < surely && math.Abs(c.Longer-0.5) > matter:
			changed = append(changed, c)
		default:
			same++
		}
	}
	most := fewRows
	if o.Full {
		most = 1 << 30
	}
	p.title("Changed", p.dim("that chance hardly explains: one in a thousand, by ranks"))
	for _, c := range changed[:min(len(changed), most)] {
		word, style := "longer", term.Red
		odds := c.Longer
		if c.Longer < 0.5 {
			word, style, odds = "shorter", term.Green, 1-c.Longer
		}
		p.line("  %s  %s", p.screen.Paint(fmt.Sprintf("%s in %.0f %% of pairs", word, 100*odds), style), p.screen.Cut(p.subject(c), 20))
		p.line("%s", p.screen.Wrap(fmt.Sprintf("p50 %s → %s, p99 %s → %s, ×%s → %s, %s → %s in all", duration(c.Before.Quantile(0.5)), duration(c.After.Quantile(0.5)),
			duration(c.Before.Quantile(0.99)), duration(c.After.Quantile(0.99)), number(c.Before.Count), number(c.After.Count), duration(c.Before.Sum), duration(c.After.Sum)), "      "))
	}
	if len(changed) == 0 {
		p.line("  nothing")
	}
	p.more(len(changed)-most, "change", "changes")
	p.title("In one trace only", "")
	for _, c := range one[:min(len(one), most)] {
		d, when := c.After, p.screen.Paint("now   ", term.Red)
		if c.After.Count == 0 {
			d, when = c.Before, p.screen.Paint("before", term.Green)
		}
		p.line("  %s  %s", when, p.screen.Cut(fmt.Sprintf("×%s, %s  %s", number(d.Count), duration(d.Sum), p.subject(c)), 10))
	}
	if len(one) == 0 {
		p.line("  nothing")
	}
	p.more(len(one)-most, "kind", "kinds")
	p.line("")
	p.line("%s", p.dim(fmt.Sprintf("%s more of which no difference can be told", count(int64(same), "kind"))))
	return p.String()
}

// subject is what a change is of.
func (p *page) subject(c trace.Change) string {
	if c.Why == "" && len(c.Stack) == 0 {
		return "late starts of " + term.Clean(short(orNone(c.Func)))
	}
	return fmt.Sprintf("waits: %s  %s", term.Clean(orNone(c.Why)), p.place(c.Stack))
}
