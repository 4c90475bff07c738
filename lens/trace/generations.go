package trace

import (
	"iter"
	"runtime"
)

// Options say how generations are decoded. The zero value decodes with as many workers as
// there are processors, and uses memory again.
type Options struct {
	Workers int  // that decode at once; 0 is GOMAXPROCS. Each holds one generation
	Keep    bool // generations stay valid after the loop goes on: for holding all columns
}

// Generations are the columns of the trace, a generation at a time, in order. Without
// Options.Keep what one step gives is overwritten by the next: memory is that of as many
// generations as there are workers, whatever the size of the trace. With one
// worker no goroutine is started, and one generation is resident.
func (t *Trace) Generations(o Options) iter.Seq[*Generation] {
	workers := min(o.Workers, len(t.gens))
	if o.Workers <= 0 {
		workers = min(runtime.GOMAXPROCS(0), len(t.gens))
	}
	return func(yield func(*Generation) bool) {
		s := newStitcher()
		end := open
		next, stop := t.inline(o), func() {}
		if workers > 1 {
			next, stop = t.parallel(workers, o)
		}
		defer stop()
		for i := range t.gens {
			g := next(i)
			end = max(end, g.End)
			if g.Final = i == len(t.gens)-1; g.Final {
				g.End = end
			}
			s.join(g)
			if !yield(g) {
				return
			}
		}
	}
}

// decoder has room for the largest generation from the start: columns that grow from one to
// the next leave their old selves to the collector, and twice the memory is resident.
func (t *Trace) decoder(o Options) *decoder {
	d := &decoder{trace: t}
	most := 0
	for _, g := range t.gens {
		most = max(most, int(g.bytes)+maxHeader*len(g.batches))
	}
	if t.src.data == nil {
		d.content.buf = make([]byte, 0, most)
	}
	if !o.Keep {
		d.most = most
	}
	return d
}

// inline decodes one generation after the other.
func (t *Trace) inline(o Options) func(int) *Generation {
	d := t.decoder(o)
	g := new(Generation)
	return func(i int) *Generation {
		if o.Keep {
			g = new(Generation)
		}
		d.decode(i, g)
		return g
	}
}

// parallel decodes ahead: worker w has generations w, w+n, w+2n …, and one Generation to
// write to, which it gets back when the loop goes on.
func (t *Trace) parallel(n int, o Options) (next func(int) *Generation, stop func()) {
	done := make(chan struct{})
	out := make([]chan *Generation, n)
	back := make([]chan *Generation, n)
	for w := range n {
		out[w], back[w] = make(chan *Generation), make(chan *Generation, 1)
		back[w] <- new(Generation)
		go func() {
			d := t.decoder(o)
			for i := w; i < len(t.gens); i += n {
				var g *Generation
				select {
				case g = <-back[w]:
				case <-done:
					return
				}
				d.decode(i, g)
				select {
				case out[w] <- g:
				case <-done:
					return
				}
			}
		}()
	}
	var last *Generation
	lastWorker := 0
	next = func(i int) *Generation {
		if last != nil {
			if o.Keep {
				last = new(Generation)
			}
			back[lastWorker] <- last
		}
		lastWorker = i % n
		last = <-out[lastWorker]
		return last
	}
	return next, func() { close(done) }
}
