package compile

import "fmt"

// graph reads the graph of one batch of escape analysis, which is that of each function
// in the batch.
func (d *decoder) graph(r *record) {
	var names []string
	for range r.count() {
		names = append(names, r.text())
		if r.bad {
			return
		}
	}
	if len(names) == 0 {
		r.bad = true
		return
	}
	e := Escape{}
	for range r.count() {
		l := d.location(r, len(e.Locations))
		if r.bad {
			return
		}
		e.Locations = append(e.Locations, l)
	}
	for range r.count() {
		e.Edges = append(e.Edges, d.edge(r))
		if r.bad {
			return
		}
	}
	d.paths(r, &e)
	for i := range e.Edges {
		if from, to := e.Edges[i].From, e.Edges[i].To; from < 0 || to < 0 || from >= len(e.Locations) || to >= len(e.Locations) {
			r.bad = true
			return
		}
	}
	for _, n := range names {
		d.at(n).Escape = e
	}
}

func (d *decoder) location(r *record, id int) Location {
	l := Location{ID: id, Kind: LocationKind(r.text())}
	l.Name, l.Op, l.Type, l.Size = r.text(), r.text(), r.text(), r.int64()
	at := r.int()
	l.Function = r.text()
	l.Stack = d.stack(at, l.Function)
	l.LoopDepth, l.Escapes, l.Persists = r.int(), r.bool(), r.bool()
	for range r.count() {
		l.Leaks = append(l.Leaks, Leak{r.text(), r.int()})
		if r.bad {
			break
		}
	}
	switch l.Kind {
	case "mutator", "callee", "blank":
		l.Name, l.Kind = string(l.Kind), LocationEffect
	}
	return l
}

func (d *decoder) edge(r *record) Edge {
	e := Edge{From: r.int(), To: r.int(), Derefs: r.int()}
	for range r.count() {
		e.Steps = append(e.Steps, Step{Why: r.text(), Text: r.text(), Stack: d.stack(r.int(), "")})
		if r.bad {
			break
		}
	}
	return e
}

// paths reads the ways that the compiler found. A flow straight to the heap has no edge
// in its graph; it gets one here.
func (d *decoder) paths(r *record, e *Escape) {
	type key struct{ from, to, derefs int }
	known := map[key]int{}
	for i := len(e.Edges) - 1; i >= 0; i-- {
		known[key{e.Edges[i].From, e.Edges[i].To, e.Edges[i].Derefs}] = i
	}
	for range r.count() {
		id, hops := r.int(), r.count()
		var path []int
		for range hops {
			edge := d.edge(r)
			if r.bad {
				return
			}
			i, ok := known[key{edge.From, edge.To, edge.Derefs}]
			if !ok || len(edge.Steps) > 0 && len(e.Edges[i].Steps) == 0 {
				i = len(e.Edges)
				e.Edges = append(e.Edges, edge)
			}
			path = append(path, i)
		}
		if id < 0 || id >= len(e.Locations) {
			r.bad = true
			return
		}
		e.Locations[id].Path = path
		e.Locations[id].Reason = reason(e, path)
	}
}

// reason is the compiler's word where something is on the heap not because of where it
// flows, but of what it is: "too large for stack".
func reason(e *Escape, path []int) string {
	if len(path) != 1 {
		return ""
	}
	if edge := e.Edges[path[0]]; edge.To == 0 && len(edge.Steps) == 1 {
		return edge.Steps[0].Why
	}
	return ""
}

// Path is the way on which a location flows to what outlives it, edge by edge: the
// first leaves the location, the last arrives. It is empty for what does not escape.
func (e *Escape) Path(location int) []Edge {
	if location < 0 || location >= len(e.Locations) {
		return nil
	}
	var out []Edge
	for _, i := range e.Locations[location].Path {
		if i >= 0 && i < len(e.Edges) {
			out = append(out, e.Edges[i])
		}
	}
	return out
}

// Escaping are the locations that must be on the heap, the heap itself not among them.
func (e *Escape) Escaping() []Location {
	var out []Location
	for _, l := range e.Locations {
		if l.Escapes && l.Kind != LocationHeap {
			out = append(out, l)
		}
	}
	return out
}

// Variable finds the variables and parameters of a function that have a name: there are
// several where one shadows another.
func (e *Escape) Variable(function, name string) []Location {
	var out []Location
	for _, l := range e.Locations {
		switch l.Kind {
		case LocationVariable, LocationParameter, LocationResult:
			if l.Name == name && l.Function == function {
				out = append(out, l)
			}
		}
	}
	return out
}

// String is how a location reads in a sentence.
func (l Location) String() string {
	switch l.Kind {
	case LocationHeap:
		return "the heap"
	case LocationAllocation:
		return fmt.Sprintf("storage for %s", l.Name)
	case LocationTemporary:
		return "a temporary"
	}
	return l.Name
}
