// Package chart lays out what a trace says, as text: who ran, who waited and for whom, what
// the collector took.
//
// Each function shows one value of package trace. The figures are the trace's; nothing is
// computed here but shares. Times of many goroutines are added up, and may be longer than the
// trace.
package chart

import (
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/hone-go/hone/internal/term"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/trace"
)

// Options say how much to show.
type Options struct {
	Name string // of the trace, as it was asked for
	Full bool   // do not shorten lists
	Dir  string // absolute; files below it are named from it
}

// A Section is one thing to look at closely, named like its flag.
type Section string

// The sections of a summary.
const (
	Goroutines Section = "goroutines"
	Block      Section = "block"
	Sched      Section = "sched"
	GC         Section = "gc"
)

// How many rows a list has that is not shown in full.
const (
	fewRows  = 8
	manyRows = 40
)

type page struct {
	strings.Builder
	screen term.Screen
	o      Options
}

// Summary shows a summary: all of it in short, or some sections of it at length.
func Summary(s term.Screen, sum *trace.Summary, o Options, sections ...Section) string {
	p := &page{screen: s, o: o}
	p.head(sum)
	most := manyRows
	if len(sections) == 0 {
		sections, most = []Section{Block, Goroutines, Sched, GC}, fewRows
	}
	if o.Full {
		most = 1 << 30
	}
	for _, section := range sections {
		switch section {
		case Block:
			p.blocks(sum, most)
		case Goroutines:
			p.functions(sum, most)
		case Sched:
			p.latency(sum, most)
		case GC:
			p.collector(sum)
		}
	}
	p.loss(sum)
	if most == fewRows {
		p.closer(sum)
	}
	return p.String()
}

func (p *page) line(format string, args ...any) { fmt.Fprintf(p, format+"\n", args...) }

func (p *page) title(text, more string) {
	p.line("")
	p.line("%s  %s", p.screen.Paint(text, term.Bold), more)
}

func (p *page) dim(text string) string { return p.screen.Paint(text, term.Dim) }

// table shows rows in columns, the first row as their heads.
func (p *page) table(rows [][]string) {
	for i, line := range term.Columns(rows, 2) {
		line = p.screen.Cut("  "+strings.TrimRight(line, " "), 0)
		if i == 0 {
			line = p.dim(line)
		}
		p.line("%s", line)
	}
}

// head says what trace this is and where its time went.
func (p *page) head(s *trace.Summary) {
	wall := s.End - s.Start
	p.line("%s  go 1.%d, %s, %s, %s, %s in %s, %s", p.screen.Paint(term.Clean(p.o.Name), term.Bold), s.Version,
		duration(wall), count(int64(s.Procs), "P"), count(int64(s.Threads), "thread"), count(s.Events, "event"), count(int64(s.Generations), "generation"), size(uint64(s.Size)))
	g := s.Goroutines
	p.line("%s", p.screen.Wrap(fmt.Sprintf("%s: %s created, %s ended, %s alive at the end", count(int64(g.Seen), "goroutine"), number(int64(g.Created)), number(int64(g.Ended)), number(int64(g.Alive))), ""))
	p.line("%s", p.screen.Wrap(fmt.Sprintf("Ps were busy %s of the time; goroutines ran for %s, could have run for %s more, were in system calls for %s",
		share(s.Busy, trace.Time(s.Procs)*wall), duration(s.Time[trace.Running]), duration(s.Time[trace.Runnable]), duration(s.Time[trace.InSyscall])), ""))
}

// blocks shows what was waited for, and who ended it.
func (p *page) blocks(s *trace.Summary, most int) {
	var own []trace.Block
	for _, b := range s.Blocks {
		if !isRuntimes(b.Stack) {
			own = append(own, b)
		}
	}
	p.title("Waits", p.dim("of all goroutines together; those of the runtime's own left out"))
	if len(own) == 0 {
		p.line("  nobody waited")
		return
	}
	for _, b := range own[:min(len(own), most)] {
		where := p.place(b.Stack)
		times := ""
		if b.Waits.Count > 0 {
			times = fmt.Sprintf("%s in %s, p50 %s, p99 %s, max %s", p.screen.Paint(duration(b.Waits.Sum), term.Bold), count(b.Waits.Count, "wait"),
				duration(b.Waits.Quantile(0.5)), duration(b.Waits.Quantile(0.99)), duration(b.Waits.Max))
		}
		if b.Open > 0 {
			if times != "" {
				times += ", "
			}
			times += fmt.Sprintf("%s not over at the end", number(int64(b.Open)))
		}
		why := orNone(b.Why)
		// What the runtime does for a statement, the reason says already.
		if inner := b.Stack[0].Function; !strings.HasPrefix(where, term.Clean(short(inner))+" ") && (b.Why == "sync" || !strings.HasPrefix(inner, "runtime.")) {
			why += " in " + short(inner)
		}
		p.line("  %s", p.screen.Cut(fmt.Sprintf("%s  %s", p.screen.Paint(term.Clean(why), term.Yellow), where), 0))
		p.line("%s", p.screen.Wrap(times, "      "))
		if by := p.wakers(b); by != "" {
			p.line("%s", p.screen.Wrap(p.dim("ended by "+by), "      "))
		}
		if most > fewRows {
			p.stack(b.Stack)
		}
	}
	p.more(len(own)-most, "kind of wait", "kinds of waits")
}

func (p *page) wakers(b trace.Block) string {
	var parts []string
	for _, w := range b.Wakers {
		who := "the runtime"
		if w.Func != "" || len(w.Stack) > 0 {
			who = p.place(w.Stack)
			if len(w.Stack) == 0 {
				who = short(w.Func)
			}
		}
		parts = append(parts, fmt.Sprintf("%s ×%s", who, number(w.Count)))
	}
	return strings.Join(parts, " · ")
}

// functions shows goroutines by what they started in.
func (p *page) functions(s *trace.Summary, most int) {
	p.title("Goroutines", p.dim("by the function that they started in"))
	rows := [][]string{{"ran", "could run", "late p99", "syscalls", "waited", "seen", "alive", "function"}}
	for _, f := range s.Functions[:min(len(s.Functions), most)] {
		late := "·"
		if f.Latency.Count > 0 {
			late = duration(f.Latency.Quantile(0.99))
		}
		rows = append(rows, []string{
			some(f.Time[trace.Running]), some(f.Time[trace.Runnable]), late, some(f.Time[trace.InSyscall]), some(f.Time[trace.Waiting]),
			number(int64(f.Seen)), number(int64(f.Alive)), term.Clean(short(orNone(f.Name))),
		})
	}
	p.table(rows)
	p.more(len(s.Functions)-most, "function", "functions")
}

// latency shows how long goroutines were ready before they ran.
func (p *page) latency(s *trace.Summary, most int) {
	l := &s.Latency
	p.title("Late starts", p.dim("from ready to running"))
	if l.Count == 0 {
		p.line("  nobody became ready")
		return
	}
	p.line("  %s, p50 %s, p90 %s, p99 %s, p99.9 %s, max %s", count(l.Count, "start"), duration(l.Quantile(0.5)), duration(l.Quantile(0.9)),
		duration(l.Quantile(0.99)), duration(l.Quantile(0.999)), p.screen.Paint(duration(l.Max), term.Bold))
	slowest := s.Slowest
	if most == fewRows {
		slowest = slowest[:min(len(slowest), 3)]
	}
	var rows [][]string
	for _, d := range slowest {
		rows = append(rows, []string{duration(d.End - d.Start), "at " + duration(d.Start), fmt.Sprintf("goroutine %d", d.G), term.Clean(short(orNone(d.Func)))})
	}
	for _, line := range term.Columns(rows, 2) {
		p.line("%s", p.screen.Cut("      "+line, 0))
	}
}

// collector shows what the garbage collector did.
func (p *page) collector(s *trace.Summary) {
	c := &s.GC
	if c.Cycles == 0 && len(c.Stopped) == 0 {
		p.title("Collector", "no collection ended in the trace")
		return
	}
	p.title("Collector", fmt.Sprintf("%s, peak %s, last goal %s", count(int64(c.Cycles), "cycle"), size(c.Peak), size(c.Goal)))
	if c.Mark.Count > 0 {
		p.line("  marking      p50 %s, max %s, %s of the time; its workers ran for %s", duration(c.Mark.Quantile(0.5)), duration(c.Mark.Max), share(c.Mark.Sum, s.End-s.Start), duration(c.Workers))
	}
	for _, why := range slices.Sorted(maps.Keys(c.Stopped)) {
		d := c.Stopped[why]
		p.line("  world stopped ×%s  p50 %s, max %s  %s", number(d.Count), duration(d.Quantile(0.5)), duration(d.Max), p.dim(term.Clean(why)))
	}
	if c.Assists.Count > 0 {
		p.line("  assists      ×%s, %s of goroutines that allocate, max %s", number(c.Assists.Count), duration(c.Assists.Sum), duration(c.Assists.Max))
	}
}

// loss says what can't be relied on.
func (p *page) loss(s *trace.Summary) {
	if s.Inversions > 0 {
		p.title("Clocks", fmt.Sprintf("%s of a goroutine are earlier than the one before: Ms run on processors whose clocks differ", count(s.Inversions, "state")))
	}
	if s.Loss.IsZero() && s.Conflicts == 0 {
		return
	}
	p.line("")
	p.line("%s", p.screen.Wrap(p.screen.Paint(fmt.Sprintf("Damaged: %s not understood; events that don't fit together: %s. All figures are lower bounds.", size(uint64(s.Loss.Bytes)), number(s.Conflicts)), term.Red), ""))
	for _, f := range s.Loss.Findings[:min(len(s.Loss.Findings), fewRows)] {
		p.line("%s", p.screen.Wrap(term.Clean(f.String()), "  "))
	}
}

// closer says what to type next.
func (p *page) closer(s *trace.Summary) {
	p.line("")
	p.line("Look closer:  hone trace %s …", term.Clean(p.o.Name))
	p.line("  --block · --goroutines · --sched · --gc · --json")
	for _, d := range s.Slowest {
		if d.Func != "" && !strings.HasPrefix(d.Func, "runtime.") {
			p.line("  --blame %s   who ran while it could have", term.Clean(short(d.Func)))
			p.line("  --critical %d   what delayed this goroutine, step by step", d.G)
			return
		}
	}
}

func (p *page) more(n int, one, many string) {
	if n > 0 {
		p.line("%s", p.dim(fmt.Sprintf("  … and %d more %s: --full", n, plural(int64(n), one, many))))
	}
}

// stack lists frames, outermost last.
func (p *page) stack(frames []trace.Frame) {
	const most = 12
	for i, f := range frames {
		if i == most {
			p.line("%s", p.dim(fmt.Sprintf("          … %d more", len(frames)-most)))
			break
		}
		p.line("%s", p.dim(p.screen.Cut(fmt.Sprintf("          %s  %s", term.Clean(short(f.Function)), p.at(f)), 0)))
	}
}

// place is the innermost frame that somebody wrote who is looking: not of the standard
// library.
func (p *page) place(frames []trace.Frame) string {
	if len(frames) == 0 {
		return p.dim("no stack")
	}
	i := slices.IndexFunc(frames, func(f trace.Frame) bool { return !isStandard(f.Function) })
	f := frames[max(i, 0)]
	return fmt.Sprintf("%s  %s", term.Clean(short(f.Function)), p.at(f))
}

func (p *page) at(f trace.Frame) string {
	file := f.File
	if rel, err := filepath.Rel(p.o.Dir, file); err == nil && p.o.Dir != "" && !strings.HasPrefix(rel, "..") {
		file = rel
	} else if dir, base := filepath.Split(file); dir != "" {
		file = filepath.Join(filepath.Base(dir), base)
	}
	return term.Clean(fmt.Sprintf("%s:%d", file, f.Line))
}

// tops are the first elements of the standard library's paths that appear in stacks.
const tops = " archive bufio bytes cmp compress container context crypto database encoding errors expvar fmt go hash html image internal io iter log maps math mime net os path reflect regexp runtime slices sort strconv strings sync syscall testing text time unicode unique vendor weak "

func isStandard(function string) bool {
	head, _, _ := strings.Cut(function, ".")
	top, _, _ := strings.Cut(head, "/")
	return strings.Contains(tops, " "+top+" ")
}

// isRuntimes reports whether a stack is one of the runtime's own goroutines.
func isRuntimes(frames []trace.Frame) bool {
	return len(frames) == 0 || !slices.ContainsFunc(frames, func(f trace.Frame) bool { return !strings.HasPrefix(f.Function, "runtime.") })
}

// short is a function without the directories of its package.
func short(function string) string {
	function = lens.Spell(function)
	if i := strings.IndexAny(function, "[("); i > 0 {
		return function[strings.LastIndex(function[:i], "/")+1:]
	}
	return function[strings.LastIndex(function, "/")+1:]
}

func orNone(s string) string {
	if s == "" {
		return "(not known)"
	}
	return s
}

// duration is a time with three digits.
func duration(t trace.Time) string {
	d := time.Duration(t)
	for _, unit := range []time.Duration{time.Second, time.Millisecond, time.Microsecond} {
		if d >= unit || d <= -unit {
			switch v := d.Abs() / unit; {
			case v >= 100:
				return d.Round(unit).String()
			case v >= 10:
				return d.Round(unit / 10).String()
			default:
				return d.Round(unit / 100).String()
			}
		}
	}
	return d.String()
}

// some is a duration, or a dot for none.
func some(t trace.Time) string {
	if t == 0 {
		return "·"
	}
	return duration(t)
}

func share(part, whole trace.Time) string {
	if whole <= 0 {
		return "0 %"
	}
	return fmt.Sprintf("%.0f %%", 100*float64(part)/float64(whole))
}

// number is a number with commas.
func number(n int64) string {
	s := fmt.Sprint(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

func plural(n int64, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

func count(n int64, noun string) string { return number(n) + " " + plural(n, noun, noun+"s") }

// size is a number of bytes.
func size(n uint64) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%.1f GiB", float64(n)/(1<<30))
	case n >= 1<<20:
		return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20))
	case n >= 1<<10:
		return fmt.Sprintf("%.1f KiB", float64(n)/(1<<10))
	}
	return fmt.Sprintf("%d B", n)
}
