package chart

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens/trace"
)

// Blame shows who ran while goroutines could have and did not.
func Blame(s term.Screen, b *trace.Blame, who string, o Options) string {
	p := &page{screen: s, o: o}
	p.line("%s  who ran while it could have", p.screen.Paint(term.Clean(who), term.Bold))
	if b.Latency.Count == 0 {
		p.line("It never had to wait for a P.")
		return p.String()
	}
	l := &b.Latency
	p.line("%s", p.screen.Wrap(fmt.Sprintf("%s could run and did not for %s: %s, p50 %s, p99 %s, max %s",
		count(int64(b.Goroutines), "goroutine"), duration(l.Sum), count(l.Count, "start"), duration(l.Quantile(0.5)), duration(l.Quantile(0.99)), duration(l.Max)), ""))
	p.title("Meanwhile", p.dim("what all Ps did, as shares of their time"))
	rows := [][]string{}
	add := func(t trace.Time, what, runs string) {
		if t > 0 {
			rows = append(rows, []string{fmt.Sprintf("%5.1f %%", 100*float64(t)/float64(b.Asked)), duration(t), what, p.dim(runs)})
		}
	}
	most := manyRows
	if o.Full {
		most = len(b.By)
	}
	for _, c := range b.By[:min(len(b.By), most)] {
		add(c.Time, term.Clean(short(orNone(c.Func))), "in "+count(c.Runs, "run"))
	}
	add(b.Idle, "nothing", "idle, or looking for work")
	add(b.Unknown, "not known", "before what the trace shows")
	for _, line := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut("  "+strings.TrimRight(line, " "), 0))
	}
	p.more(len(b.By)-most, "function", "functions")
	return p.String()
}

// Path shows a critical path: what it is made of, and then its steps.
func Path(s term.Screen, path []trace.Segment, what string, o Options) string {
	p := &page{screen: s, o: o}
	total := path[len(path)-1].End - path[0].Start
	p.line("%s  %s, from %s to %s of the trace", p.screen.Paint(term.Clean(what), term.Bold), duration(total), duration(path[0].Start), duration(path[len(path)-1].End))
	p.title("Made of", "")
	p.shares(path, total)
	p.title("Step by step", p.dim("indented: in whoever was waited for"))
	const few = 60
	shown := path
	if !o.Full && len(path) > few {
		shown = longest(path, few)
	}
	for _, s := range shown {
		what := s.State.String()
		style := term.Green
		switch s.State {
		case trace.Waiting:
			what, style = "waits for "+orNone(s.Why), term.Yellow
		case trace.Runnable:
			what, style = "ready, and not running", term.Red
		case trace.InSyscall:
			what, style = "in a system call", term.Blue
		case trace.Running:
			what = "runs"
		}
		where := ""
		if len(s.Stack) > 0 {
			where = p.dim("  " + p.place(s.Stack))
		}
		p.line("%s", p.screen.Cut(fmt.Sprintf("  %9s  %9s  %s%s %s%s", duration(s.Start-path[0].Start), duration(s.End-s.Start), strings.Repeat("  ", min(s.Depth, 12)),
			term.Clean(fmt.Sprintf("%s (%d)", short(orNone(s.Func)), s.G)), p.screen.Paint(term.Clean(what), style), where), 0))
	}
	if n := len(path) - len(shown); n > 0 {
		p.line("%s", p.dim(fmt.Sprintf("  … and %d shorter steps: --full", n)))
	}
	return p.String()
}

// shares sums a path up by what was done, longest first.
func (p *page) shares(path []trace.Segment, total trace.Time) {
	type row struct {
		what string
		time trace.Time
	}
	var sums []row
	for _, s := range path {
		what := fmt.Sprintf("%s %s", short(orNone(s.Func)), s.State)
		if s.State == trace.Waiting {
			what += ": " + s.Why
		}
		i := 0
		for i < len(sums) && sums[i].what != what {
			i++
		}
		if i == len(sums) {
			sums = append(sums, row{what: what})
		}
		sums[i].time += s.End - s.Start
	}
	for i := range sums { // few rows: insertion keeps the order of equals
		for k := i; k > 0 && sums[k].time > sums[k-1].time; k-- {
			sums[k], sums[k-1] = sums[k-1], sums[k]
		}
	}
	var rows [][]string
	for _, r := range sums[:min(len(sums), manyRows)] {
		rows = append(rows, []string{fmt.Sprintf("%5.1f %%", 100*float64(r.time)/float64(total)), duration(r.time), term.Clean(r.what)})
	}
	for _, line := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut("  "+line, 0))
	}
}

// longest keeps the n longest segments, in their order.
func longest(path []trace.Segment, n int) []trace.Segment {
	least := make([]trace.Time, 0, len(path))
	for _, s := range path {
		least = append(least, s.End-s.Start)
	}
	limit := nth(least, n)
	var out []trace.Segment
	for _, s := range path {
		if s.End-s.Start >= limit && len(out) < n {
			out = append(out, s)
		}
	}
	return out
}

// nth is the n-th longest time.
func nth(times []trace.Time, n int) trace.Time {
	slices.SortFunc(times, func(a, b trace.Time) int { return cmp.Compare(b, a) })
	return times[n-1]
}
