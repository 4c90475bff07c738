package slices

import (
	"math"
	"slices"
	"strings"
)

// An Index counts the hits of each path in a log, as Naive does, and holds nothing
// but what it returns. Its zero value is ready to use.
type Index struct {
	// The values are pointers so that counting a hit is a lookup, never an
	// assignment to the map. That matters twice. A lookup may use string(path) as
	// a key without a copy, because the key is gone when the lookup ends; an
	// assignment may have to keep the key, so it copies. And an assignment with a
	// string that is equal to a key in the map replaces that key
	// (internal/runtime/maps/runtime_faststr.go: "Key needs update, as the backing
	// storage may differ"): one careless m[path] = hit and the key that was cloned
	// so carefully is again a piece of somebody's line.
	hits map[string]*Hit //hone:hide tight

	// The beginning of the last rejected line: a copy, in a buffer of our own that
	// is used again for the next one. append(b, s...) takes a string as well as
	// bytes and converts neither.
	rejected []byte //hone:hide tight
}

// Add counts one line and reports whether it is one. The line may be a piece of a
// very large string, which must not stay in memory because of it. A line whose
// path is known allocates nothing.
//
//hone:stage tight
func (x *Index) Add(line string) bool {
	path, size, ok := parse(line)
	if !ok {
		x.rejected = append(x.rejected[:0], line[:min(len(line), MaxRejected)]...)
		return false
	}
	hit := x.hits[path]
	if hit == nil {
		// The one moment when the path outlives the call, so the one moment when
		// it needs memory of its own.
		hit = x.enter(strings.Clone(path))
	}
	hit.Count++
	hit.Bytes += size
	return true
}

// AddBytes is Add for a line in a buffer. The buffer stays the caller's: it is not
// written to, and what happens to it after the call changes nothing here.
//
//hone:stage tight
func (x *Index) AddBytes(line []byte) bool {
	path, size, ok := parse(line)
	if !ok {
		x.rejected = append(x.rejected[:0], line[:min(len(line), MaxRejected)]...)
		return false
	}
	// string(path) stands inside the brackets on purpose. key := string(path),
	// used for the lookup and again for the new entry, would be one string that
	// may be kept, so it would be copied on every call.
	hit := x.hits[string(path)]
	if hit == nil {
		hit = x.enter(string(path))
	}
	hit.Count++
	hit.Bytes += size
	return true
}

// enter adds a path that the index owns.
//
//hone:hide tight
func (x *Index) enter(path string) *Hit {
	if x.hits == nil {
		x.hits = map[string]*Hit{}
	}
	hit := &Hit{Path: path}
	x.hits[path] = hit
	return hit
}

// Lookup returns what is known of path.
//
//hone:stage tight
func (x *Index) Lookup(path string) (Hit, bool) {
	if hit := x.hits[path]; hit != nil {
		return *hit, true
	}
	return Hit{}, false
}

// Top returns the n paths with the most hits, the most first, equals by path. The
// slice is the caller's.
//
//hone:stage tight
func (x *Index) Top(n int) []Hit {
	list := make([]Hit, 0, len(x.hits))
	for _, hit := range x.hits {
		list = append(list, *hit)
	}
	slices.SortFunc(list, byHits)
	// list[:n] would keep the other hits, and their paths, as long as the caller
	// keeps the few.
	return slices.Clone(list[:min(n, len(list))])
}

// Rejected returns the first MaxRejected bytes of the last line that was not one.
//
//hone:stage tight
func (x *Index) Rejected() string { return string(x.rejected) }

// Fields appends the fields of line to dst and returns it, as append does. The
// fields are parts of line, not copies; appending to one must not write to line.
// With room in dst it allocates nothing.
//
//hone:stage tight
func Fields(dst [][]byte, line []byte) [][]byte {
	for {
		field, rest := cut(line)
		if len(field) == 0 {
			return dst
		}
		// The third index ends the capacity with the field. bytes.Fields does
		// the same (a[na] = s[fieldStart:i:i]): without it, a caller's
		// append(field, '!') would overwrite the separator and the next field.
		dst = append(dst, field[:len(field):len(field)])
		line = rest
	}
}

// text is what a line can be. One parser serves both, because slicing and
// indexing mean the same for both and neither copies; converting one to the other
// first would.
//
//hone:hide tight
type text interface{ string | []byte }

// cut returns the first field of line and what follows it.
//
//hone:hide tight
func cut[T text](line T) (field, rest T) {
	from := 0
	for from < len(line) && blank(rune(line[from])) {
		from++
	}
	to := from
	for to < len(line) && !blank(rune(line[to])) {
		to++
	}
	return line[from:to], line[to:]
}

// parse finds the path and the size in a line.
//
//hone:hide tight
func parse[T text](line T) (path T, size int, ok bool) {
	_, line = cut(line) // host
	_, line = cut(line) // time
	_, line = cut(line) // method
	path, line = cut(line)
	_, line = cut(line) // status
	field, _ := cut(line)
	size, ok = number(field)
	return path, size, ok
}

// number reads decimal digits, or the "-" of a response without a body.
//
//hone:hide tight
func number[T text](field T) (n int, ok bool) {
	if len(field) == 1 && field[0] == '-' {
		return 0, true
	}
	for i := range len(field) {
		digit := int(field[i]) - '0'
		if ok = 0 <= digit && digit <= 9 && n <= (math.MaxInt-digit)/10; !ok {
			break
		}
		n = n*10 + digit
	}
	return n, ok // an empty field is no number
}
