//go:build wheat

// Package slices solves the lab another way: fields from the standard library's
// iterators, sizes by strconv, the window as a ring.
//
// A function called for each rune, and a conversion for each size, cost three times
// what one pass over the bytes costs.
//
// waives: TestTight_CostsOnePass
package slices

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// An Index counts the hits of each path in a log.
type Index struct {
	at       map[string]int // into hits
	hits     []Hit
	rejected string
}

func size[T string | []byte](field T) (int, bool) {
	if string(field) == "-" {
		return 0, true
	}
	n, err := strconv.ParseUint(string(field), 10, 63)
	return int(n), err == nil
}

// Add counts one line.
func (x *Index) Add(line string) bool {
	var path, bytes string
	n := 0
	for field := range strings.FieldsFuncSeq(line, blank) {
		switch n {
		case 3:
			path = field
		case 5:
			bytes = field
		}
		if n++; n == 6 {
			break
		}
	}
	size, ok := size(bytes)
	if !ok {
		x.rejected = strings.Clone(line[:min(len(line), MaxRejected)])
		return false
	}
	i, known := x.at[path]
	if !known {
		i = x.enter(strings.Clone(path))
	}
	x.hits[i].Count++
	x.hits[i].Bytes += size
	return true
}

// AddBytes is Add for a line in a buffer.
func (x *Index) AddBytes(line []byte) bool {
	var path, number []byte
	n := 0
	for field := range bytes.FieldsFuncSeq(line, blank) {
		switch n {
		case 3:
			path = field
		case 5:
			number = field
		}
		if n++; n == 6 {
			break
		}
	}
	size, ok := size(number)
	if !ok {
		if head := line[:min(len(line), MaxRejected)]; string(head) != x.rejected {
			x.rejected = string(head)
		}
		return false
	}
	i, known := x.at[string(path)]
	if !known {
		i = x.enter(string(path))
	}
	x.hits[i].Count++
	x.hits[i].Bytes += size
	return true
}

func (x *Index) enter(path string) int {
	if x.at == nil {
		x.at = map[string]int{}
	}
	x.at[path] = len(x.hits)
	x.hits = append(x.hits, Hit{Path: path})
	return len(x.hits) - 1
}

// Lookup returns what is known of path.
func (x *Index) Lookup(path string) (Hit, bool) {
	if i, ok := x.at[path]; ok {
		return x.hits[i], true
	}
	return Hit{}, false
}

// Top returns the n paths with the most hits.
func (x *Index) Top(n int) []Hit {
	list := append([]Hit{}, x.hits...)
	slices.SortFunc(list, byHits)
	return append(make([]Hit, 0, min(n, len(list))), list[:min(n, len(list))]...)
}

// Rejected returns the beginning of the last line that was not one.
func (x *Index) Rejected() string { return x.rejected }

// Fields appends the fields of line to dst.
func Fields(dst [][]byte, line []byte) [][]byte {
	for field := range bytes.FieldsFuncSeq(line, blank) {
		dst = append(dst, field)
	}
	return dst
}
