package trace

import (
	"cmp"
	"slices"
)

// A Blame says who ran while some goroutines could have and did not. A goroutine that is
// runnable waits for any P, so all of them are asked what they did meanwhile, and each
// second of waiting is as many seconds to answer for as there are Ps.
//
// It is conserved: the times of By, Idle and Unknown sum to Asked.
type Blame struct {
	Goroutines int          `json:"goroutines"` // that waited
	Latency    Distribution `json:"latency"`    // how long they could run and did not
	Asked      Time         `json:"asked"`      // that times the Ps
	By         []Culprit    `json:"by"`         // by time
	Idle       Time         `json:"idle"`       // Ps that ran nothing: looking for work, or with nobody
	Unknown    Time         `json:"unknown"`    // before what the trace shows
}

// A Culprit is the goroutines that started in one function, and ran.
type Culprit struct {
	Func string `json:"func"`
	Time Time   `json:"time"`
	Runs int64  `json:"runs"` // in which they did
}

// slice is a run on a P.
type onP struct {
	from, to Time
	of       Symbol
}

// Blame asks who ran while goroutines that match chooses were runnable.
func (t *Trace) Blame(match func(g *Goroutine) bool) *Blame {
	b := &Blame{}
	by := map[Symbol]*Culprit{}
	var before map[int16][]onP // of the generation before: a wait may have begun there
	oldest := open             // where that begins
	for g := range t.Generations(Options{}) {
		now := runsOnPs(g)
		for p, runs := range before {
			now[p] = append(runs, now[p]...)
		}
		if oldest == open {
			oldest = g.Start
		}
		for i := range g.Goroutines {
			if !match(&g.Goroutines[i]) {
				continue
			}
			waited := false
			for iv := range g.Timeline(i) {
				if iv.State != Runnable || iv.Open || iv.End <= iv.Start {
					continue
				}
				waited = true
				b.Latency.Add(iv.End - iv.Start)
				for _, runs := range now {
					b.ask(runs, iv, oldest, by)
				}
			}
			if waited && (g.Final || g.Goroutines[i].HasEnded()) {
				b.Goroutines++
			}
		}
		before, oldest = runsOnPs(g), g.Start
	}
	for of, c := range by {
		c.Func = t.Name(of)
		b.By = append(b.By, *c)
	}
	slices.SortFunc(b.By, func(a, b Culprit) int {
		return cmp.Or(cmp.Compare(b.Time, a.Time), cmp.Compare(a.Func, b.Func))
	})
	return b
}

// ask adds what one P ran during a wait.
func (b *Blame) ask(runs []onP, iv *Interval, oldest Time, by map[Symbol]*Culprit) {
	b.Asked += iv.End - iv.Start
	left := iv.End - iv.Start
	if iv.Start < oldest {
		b.Unknown += oldest - iv.Start
		left -= oldest - iv.Start
	}
	i, _ := slices.BinarySearchFunc(runs, iv.Start, func(s onP, at Time) int { return cmp.Compare(s.to, at) })
	reached := max(iv.Start, oldest) // runsOnPs of a P may overlap where clocks do
	for ; i < len(runs) && runs[i].from < iv.End; i++ {
		d := min(runs[i].to, iv.End) - max(runs[i].from, reached)
		if d <= 0 {
			continue
		}
		reached = min(runs[i].to, iv.End)
		c := by[runs[i].of]
		if c == nil {
			c = &Culprit{}
			by[runs[i].of] = c
		}
		c.Time += d
		c.Runs++
		left -= d
	}
	b.Idle += left
}

// runsOnPs are the runs of a generation by P, in order.
func runsOnPs(g *Generation) map[int16][]onP {
	out := map[int16][]onP{}
	for _, p := range g.Procs {
		out[int16(p.ID)] = nil
	}
	for i := range g.Runs {
		r := &g.Runs[i]
		if r.P < 0 || r.G == none {
			continue
		}
		to := r.End
		if to == open {
			to = g.End
		}
		out[r.P] = append(out[r.P], onP{r.Start, to, g.Goroutines[r.G].Func})
	}
	for _, runs := range out {
		slices.SortFunc(runs, func(a, b onP) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to)) })
	}
	return out
}
