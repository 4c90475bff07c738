package escape

import "iter"

// Labels yields the labels that NaiveWalk shows, in their order. Where the series
// stops being one, it yields an empty label with a *SyntaxError, and no more. It can be
// ranged over more than once. A range over it allocates nothing, but for that error.
//
//hone:stage walk
func Labels(series string) iter.Seq2[Label, error] {
	// A visitor is called through an interface, so what it is shown escapes: an object
	// for each label, made for a callee that may read it and forget it. Shown by value it
	// wouldn't, but the visitor itself, and what it gathers, would still be on the heap
	// for the same reason.
	//
	// An iterator turns this around. This function is so small that it is inlined into
	// whoever ranges. There, the function that it returns is one that the compiler knows;
	// the body of the loop is passed to that as yield; and yield is called and not kept,
	// here and in walk. So both closures are on the caller's stack, and so are the
	// variables that the body shares with the function around it. All that must stay
	// true for this is that there is next to nothing beside the line below: with a loop
	// or a check before it, Labels would be over the inliner's budget of 80 one day,
	// and every range would allocate those.
	return func(yield func(Label, error) bool) { walk(series, yield) }
}

// walk keeps its place in a variable of its own: in one of the iterator's, a second
// range would begin where the first one ended.
//
//hone:hide walk
func walk(series string, yield func(Label, error) bool) {
	at := nameEnd(series, 0)
	if at == len(series) && at > 0 {
		return
	}
	ok := at > 0
	for open := byte('{'); ok && at < len(series) && series[at] == open; open = ',' {
		var l Label
		if l, at, ok = labelAt(series, at+1); !ok {
			break
		}
		if !yield(l, nil) {
			return
		}
		if at < len(series) && series[at] == '}' {
			if at++; at == len(series) {
				return
			}
			break
		}
	}
	yield(Label{}, &SyntaxError{Offset: at})
}

// labelAt returns the label at an offset, and the offset behind it; or, where there is
// none, the offset of what should not be there.
//
//hone:hide walk
func labelAt(series string, at int) (l Label, end int, ok bool) {
	end = nameEnd(series, at)
	if end == at {
		return Label{}, end, false
	}
	l.Name = series[at:end]
	for _, c := range []byte(`="`) {
		if end == len(series) || series[end] != c {
			return Label{}, end, false
		}
		end++
	}
	from := end
	for end < len(series) && series[end] != '"' {
		if series[end] == '\\' && end+1 < len(series) {
			end++
		}
		end++
	}
	if end == len(series) {
		return Label{}, end, false
	}
	l.Value = series[from:end]
	return l, end + 1, true
}

// nameEnd returns the offset behind the name at an offset.
//
//hone:hide walk
func nameEnd(series string, from int) int {
	at := from
	for at < len(series) && isNameByte(series[at], at == from) {
		at++
	}
	return at
}
