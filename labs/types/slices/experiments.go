// Package slices is the lab on arrays, slices and strings.
//
// experiments.go holds the phenomena: small functions, each run on the toolchain
// at hand, so that no answer is typed in anywhere. predict.go asks what they do.
// naive.go is a log indexer and a window that work and that nobody should ship;
// index.go and window.go are where they become ones that hold exactly what they
// must.
//
// A fact that the compiler changes between releases is still a fact about the
// program in front of you. Run the experiment; don't remember it.
package slices

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
	"weak"
)

// Growth.

// CapAfter returns the capacity of a full slice of n elements after one append.
// The slice comes from make with a variable size and leaves the function, so it
// is on the heap, where the runtime decides.
func CapAfter[T any](n int) int {
	return cap(appendOne(make([]T, n)))
}

//go:noinline
func appendOne[T any](s []T) []T {
	var zero T
	return append(s, zero)
}

// AppendSmall appends one element to a full slice: of 4 ints, of 5 ints, of 5 bytes.
func AppendSmall() string {
	return fmt.Sprint(CapAfter[int](4), CapAfter[int](5), CapAfter[byte](5))
}

// AppendLarge appends one element to a full slice of 255, of 256 and of 512 ints.
func AppendLarge() string {
	return fmt.Sprint(CapAfter[int](255), CapAfter[int](256), CapAfter[int](512))
}

// AppendPointers appends one element to a full slice of 64: ints, then pointers.
// Both elements are 8 bytes wide.
func AppendPointers() string {
	return fmt.Sprint(CapAfter[int](64), CapAfter[*int](64))
}

// AppendFive appends five elements at once to a full slice of four.
func AppendFive() int {
	return cap(appendAll(make([]int, 4), []int{1, 2, 3, 4, 5}))
}

//go:noinline
func appendAll(s, more []int) []int { return append(s, more...) }

// AppendThousand appends ints one by one to a full slice of 4 until it holds 1,000.
// It returns how often append moved the slice, how many elements it copied while
// moving, and the final capacity.
func AppendThousand() string {
	s, moves, copied := make([]int, 4), 0, 0
	for len(s) < 1000 {
		before := cap(s)
		s = appendOne(s)
		if cap(s) != before {
			moves++
			copied += before
		}
	}
	return fmt.Sprint(moves, copied, cap(s))
}

// CapsFromNil appends n ints one by one to a nil slice, which it returns, and
// writes down each capacity that it meets.
//
//go:noinline
func CapsFromNil(n int) (s []int, caps []int) {
	for i := range n {
		s = append(s, i)
		if c := cap(s); len(caps) == 0 || caps[len(caps)-1] != c {
			caps = append(caps, c)
		}
	}
	return s, caps
}

// FirstCaps runs CapsFromNil for nine elements.
func FirstCaps() string {
	_, caps := CapsFromNil(9)
	return fmt.Sprint(caps)
}

//go:noinline
func sumOf(n int) int {
	var s []int
	for i := range n {
		s = append(s, i)
	}
	sum := 0
	for _, v := range s {
		sum += v
	}
	return sum
}

//go:noinline
func listOf(n int) []int {
	var s []int
	for i := range n {
		s = append(s, i)
	}
	return s
}

// AppendAllocs counts heap allocations: of sumOf(4) and sumOf(5), whose slice stays
// inside the function, then of listOf(4) and listOf(100), whose slice leaves it.
func AppendAllocs() string {
	return fmt.Sprint(
		allocs(func() { sumOf(4) }), allocs(func() { sumOf(5) }),
		allocs(func() { listOf(4) }), allocs(func() { listOf(100) }))
}

// Aliases.

// AppendToPrefix appends to the first two elements of a slice of four.
func AppendToPrefix() string {
	a := []int{1, 2, 3, 4}
	b := append(a[:2], 9)
	return fmt.Sprint(a, b)
}

// AppendToClipped does the same to a prefix whose capacity ends with it, and
// writes through the result.
func AppendToClipped() string {
	a := []int{1, 2, 3, 4}
	b := append(a[:2:2], 9)
	b[0] = 7
	return fmt.Sprint(a, b)
}

// Twins appends twice to the same slice: one with room for another element, then
// one without.
func Twins() string {
	roomy := make([]int, 2, 3)
	a, b := append(roomy, 1), append(roomy, 2)
	full := make([]int, 2)
	c, d := append(full, 1), append(full, 2)
	return fmt.Sprint(a, b, c, d)
}

//go:noinline
func scribble(s []int) {
	s[0] = 8
	s = append(s, 9)
	s[1] = 9
}

// Callee hands a full slice to scribble, then one with room.
func Callee() string {
	full := []int{1, 2}
	scribble(full)
	roomy := make([]int, 2, 3)
	roomy[0], roomy[1] = 1, 2
	scribble(roomy)
	return fmt.Sprint(full, roomy)
}

// RangeTwice writes to the last element while ranging: over an array, then over
// a slice of an equal array. Then it appends to the slice it ranges over.
func RangeTwice() string {
	array, arraySum := [3]int{1, 2, 3}, 0
	for _, v := range array {
		array[2] = 10
		arraySum += v
	}
	slice, sliceSum := []int{1, 2, 3}, 0
	for _, v := range slice {
		slice[2] = 10
		sliceSum += v
	}
	//lint:ignore S1011 that range looks at the slice once is the experiment
	for _, v := range slice {
		slice = append(slice, v)
	}
	return fmt.Sprint(arraySum, sliceSum, len(slice))
}

// Shift moves elements one place up: with copy, then with the loop that one would
// write for it.
func Shift() string {
	a := []int{1, 2, 3, 4}
	copy(a[1:], a)
	b := []int{1, 2, 3, 4}
	for i := range len(b) - 1 {
		b[i+1] = b[i]
	}
	return fmt.Sprint(a, b)
}

// ToArray converts a slice to an array and to a pointer to an array, then writes
// to the slice and through the pointer.
func ToArray() string {
	s := []int{1, 2, 3, 4}
	array := [2]int(s)
	pointer := (*[2]int)(s)
	s[0] = 9
	pointer[1] = 8
	return fmt.Sprint(s, array, *pointer)
}

// DeleteMiddle deletes two of five elements and shows the old slice and the new.
func DeleteMiddle() string {
	s := []int{1, 2, 3, 4, 5}
	t := slices.Delete(s, 1, 3)
	return fmt.Sprint(s, t)
}

// ClearPrefix clears a slice of length 1 and capacity 4, then looks at all of the
// capacity; it does so again with a slice of length 0.
func ClearPrefix() string {
	s := []int{1, 2, 3, 4}
	clear(s[:1])
	t := []int{1, 2, 3, 4}[:0]
	clear(t)
	return fmt.Sprint(s[:1][:3], t[:cap(t)])
}

// NilOrEmpty encodes five slices without elements as JSON.
func NilOrEmpty() string {
	var none []int
	empty := []int{}
	b, err := json.Marshal([][]int{none, empty, none[:0], append(none, empty...), slices.Clone(empty)})
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// Pinning.

// blockSize is how many bytes stand behind what the pinning experiments hold.
const blockSize = 64 << 10

// A holding makes a block, holds something of it, and returns the block's address
// beside what is held.
type holding func() (at *byte, held any)

// pinned runs each holding, collects garbage and returns the letters of those whose
// whole block is still in memory.
func pinned(list []holding) string {
	var letters []byte
	for i, h := range list {
		block, held := hold(h)
		runtime.GC()
		if block.Value() != nil {
			letters = append(letters, "abcdefghij"[i], ' ')
		}
		runtime.KeepAlive(held)
	}
	return string(bytes.TrimSpace(letters))
}

// hold is a function of its own so that no stack slot of pinned keeps the block.
//
//go:noinline
func hold(h holding) (weak.Pointer[byte], any) {
	at, held := h()
	return weak.Make(at), held
}

// ofBytes turns ways of holding bytes into holdings.
func ofBytes(ways []func(b []byte) any) []holding {
	var list []holding
	for _, way := range ways {
		list = append(list, func() (*byte, any) {
			b := bytes.Repeat([]byte("lowercase words "), blockSize/16)
			return &b[0], way(b)
		})
	}
	return list
}

// ofString turns ways of holding a string into holdings.
func ofString(ways []func(s string) any) []holding {
	var list []holding
	for _, way := range ways {
		list = append(list, func() (*byte, any) {
			s := strings.Repeat("lowercase words ", blockSize/16)
			return (*byte)(reflect.ValueOf(s).UnsafePointer()), way(s)
		})
	}
	return list
}

// HoldBytes holds a part of a 64 KiB []byte in each of BytesWays.
func HoldBytes() string { return pinned(ofBytes(BytesWays())) }

// BytesWays are eight ways to hold a part of b.
func BytesWays() []func(b []byte) any {
	return []func(b []byte) any{
		func(b []byte) any { return bytes.Clone(b[:9]) },          // a
		func(b []byte) any { return slices.Clip(b[:1]) },          // b
		func(b []byte) any { return [9]byte(b) },                  // c
		func(b []byte) any { return b[len(b):] },                  // d
		func(b []byte) any { return string(b[:9]) },               // e
		func(b []byte) any { return &b[7] },                       // f
		func(b []byte) any { return append(b[:0:0], b[:9]...) },   // g
		func(b []byte) any { return bytes.TrimSpace(b[9:16:16]) }, // h
	}
}

// HoldStrings holds a part of a 64 KiB string in each of StringWays.
func HoldStrings() string { return pinned(ofString(StringWays())) }

// StringWays are eight ways to hold a part of s.
func StringWays() []func(s string) any {
	none := strings.Repeat("x", 0) // "", and the compiler doesn't know
	return []func(s string) any{
		func(s string) any { return s[:9] },                  // a
		func(s string) any { return strings.Clone(s[:9]) },   // b
		func(s string) any { return strings.Fields(s)[0] },   // c
		func(s string) any { return string([]byte(s[:9])) },  // d
		func(s string) any { return strings.ToLower(s[:9]) }, // e
		func(s string) any { return strings.ToUpper(s[:9]) }, // f
		func(s string) any { return s[:9] + none },           // g
		func(s string) any { return fmt.Sprint(s[:9]) },      // h
	}
}

// HoldKeys uses the first nine bytes of a 64 KiB string as a map key in five ways.
// All maps but that of way d start with a key that has memory of its own.
func HoldKeys() string {
	return pinned(ofString([]func(s string) any{
		func(s string) any { // a
			m := map[string]int{strings.Clone(s[:9]): 1}
			_ = m[s[:9]]
			return m
		},
		func(s string) any { // b
			m := map[string]*int{strings.Clone(s[:9]): new(int)}
			*m[s[:9]]++
			return m
		},
		func(s string) any { // c
			m := map[string]int{strings.Clone(s[:9]): 1}
			m[s[:9]]++
			return m
		},
		func(s string) any { // d
			m := map[string]int{s[:9]: 1}
			m[strings.Clone(s[:9])]++
			return m
		},
		func(s string) any { // e
			m := map[string]int{strings.Clone(s[:9]): 1}
			m[string([]byte(s[:9]))]++
			return m
		},
	}))
}

// A node is what the queues below hold: too large to share a block of memory with
// another object.
type node [64]byte

// nodes returns eight nodes and weak pointers to them.
//
//go:noinline
func nodes() ([]*node, []weak.Pointer[node]) {
	s, w := make([]*node, 8), make([]weak.Pointer[node], 8)
	for i := range s {
		s[i] = new(node)
		w[i] = weak.Make(s[i])
	}
	return s, w
}

// alive counts the nodes that survive a collection.
func alive(w []weak.Pointer[node]) int {
	runtime.GC()
	n := 0
	for _, p := range w {
		if p.Value() != nil {
			n++
		}
	}
	return n
}

// PopFront takes five of eight nodes off the front of a queue with q = q[1:] and
// counts how many of the five are still in memory: then, and after an append that
// didn't fit. The third number is for a queue that sets q[0] = nil before each q = q[1:].
func PopFront() string {
	q, w := nodes()
	for range 5 {
		q = q[1:]
	}
	popped := alive(w[:5])
	q = append(q, new(node))
	moved := alive(w[:5])
	runtime.KeepAlive(q)

	q, w = nodes()
	for range 5 {
		q[0] = nil
		q = q[1:]
	}
	cleared := alive(w[:5])
	runtime.KeepAlive(q)
	return fmt.Sprint(popped, moved, cleared)
}

// Truncate takes four of eight nodes out of a slice in six ways and counts, for
// each, how many of the four are still in memory while the result is held.
func Truncate() string {
	first := func(w []weak.Pointer[node]) []weak.Pointer[node] { return w[:4] }
	last := func(w []weak.Pointer[node]) []weak.Pointer[node] { return w[4:] }
	left := func(gone func([]weak.Pointer[node]) []weak.Pointer[node], cut func(s []*node) []*node) int {
		s, w := nodes()
		s = cut(s)
		n := alive(gone(w))
		runtime.KeepAlive(s)
		return n
	}
	return fmt.Sprint(
		left(last, func(s []*node) []*node { return s[:4] }),
		left(last, func(s []*node) []*node { return slices.Delete(s, 4, 8) }),
		left(last, func(s []*node) []*node { return slices.Clip(s[:4]) }),
		left(last, func(s []*node) []*node { clear(s[4:]); return s[:4] }),
		left(first, func(s []*node) []*node { return s[4:] }),
		left(first, func(s []*node) []*node { return append(s[:0], s[4:]...) }),
	)
}

// Conversions. Each is a function of its own that is never inlined, so that what
// is counted is what such a function costs wherever it stands.

// allocs returns the heap allocations of one call of f.
func allocs(f func()) int { return int(testing.AllocsPerRun(100, f)) }

// long is what most conversions convert: 43 bytes.
const long = "a text that is longer than thirty-two bytes"

//go:noinline
func lookUp(m map[string]int, b []byte) int { return m[string(b)] }

//go:noinline
func increment(m map[string]int, b []byte) { m[string(b)]++ }

//go:noinline
func remove(m map[string]int, b []byte) { delete(m, string(b)) }

//go:noinline
func ensure(m map[string]int, b []byte) {
	key := string(b)
	if _, ok := m[key]; !ok {
		m[key] = 1
	}
}

// ConvertKeys counts the allocations of lookUp, increment, ensure and remove. The
// map holds the key when each of them starts, except for remove.
func ConvertKeys() string {
	m, b := map[string]int{long: 1}, []byte(long)
	return fmt.Sprint(
		allocs(func() { lookUp(m, b) }), allocs(func() { increment(m, b) }),
		allocs(func() { ensure(m, b) }), allocs(func() { remove(m, b) }))
}

//go:noinline
func same(a, b []byte) bool { return string(a) == string(b) }

//go:noinline
func verb(b []byte) int {
	switch string(b) {
	case "GET":
		return 1
	case "POST":
		return 2
	}
	return 0
}

//go:noinline
func isGet(b []byte) bool { return strings.HasPrefix(string(b), "GET ") }

// ConvertToCompare counts the allocations of same, verb and isGet.
func ConvertToCompare() string {
	b := []byte(long)
	return fmt.Sprint(allocs(func() { same(b, b) }), allocs(func() { verb(b) }), allocs(func() { isGet(b) }))
}

//go:noinline
func addBytes(s string) (n int) {
	for _, c := range []byte(s) {
		n += int(c)
	}
	return n
}

//go:noinline
func addRunes(s string) (n int) {
	//lint:ignore S1029,SA6003 the conversion is the experiment
	for _, c := range []rune(s) {
		n += int(c)
	}
	return n
}

//go:noinline
func countRunes(s string) int { return len([]rune(s)) }

// ConvertToRange counts the allocations of addBytes, addRunes and countRunes.
func ConvertToRange() string {
	s := strings.Clone(long)
	return fmt.Sprint(allocs(func() { addBytes(s) }), allocs(func() { addRunes(s) }), allocs(func() { _ = countRunes(s) }))
}

//go:noinline
func join(a, b []byte) string { return string(a) + string(b) }

//go:noinline
func joinWith(a, b []byte) string { return string(a) + "/" + string(b) }

// ConvertToJoin counts the allocations of join and joinWith.
func ConvertToJoin() string {
	b := []byte(long)
	return fmt.Sprint(allocs(func() { join(b, b) }), allocs(func() { joinWith(b, b) }))
}

//go:noinline
func runes(b []byte) int {
	s := string(b)
	return utf8.RuneCountInString(s) + strings.Count(s, "x")
}

//go:noinline
func stringOf(b []byte) string { return string(b) }

// ConvertSizes counts the allocations of runes, whose string stays inside, for 32
// and for 33 bytes, then of stringOf, whose string leaves, for 1 byte and for 8.
func ConvertSizes() string {
	b := []byte(long)
	return fmt.Sprint(
		allocs(func() { runes(b[:32]) }), allocs(func() { runes(b[:33]) }),
		allocs(func() { stringOf(b[:1]) }), allocs(func() { stringOf(b[:8]) }))
}

//go:noinline
func checksum(b []byte) (sum byte) {
	for _, c := range b {
		sum += c
	}
	return sum
}

//go:noinline
func masked(b []byte) (sum byte) {
	for i, c := range b {
		b[i] = c & 0x7f
		sum += b[i]
	}
	return sum
}

//go:noinline
func checksumOf(s string) byte { return checksum([]byte(s)) }

//go:noinline
func maskedOf(s string) byte { return masked([]byte(s)) }

// ConvertToRead counts the allocations of checksumOf and maskedOf.
func ConvertToRead() string {
	s := strings.Clone(long)
	return fmt.Sprint(allocs(func() { checksumOf(s) }), allocs(func() { maskedOf(s) }))
}

//go:noinline
func plus(parts []string) (s string) {
	for _, p := range parts {
		s += p
	}
	return s
}

//go:noinline
func built(parts []string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteString(p)
	}
	return b.String()
}

//go:noinline
func sized(parts []string) string {
	var b strings.Builder
	b.Grow(len(parts) * len(parts[0]))
	for _, p := range parts {
		b.WriteString(p)
	}
	return b.String()
}

// BuildString counts the allocations of plus, built and sized for a hundred parts
// of ten bytes.
func BuildString() string {
	parts := slices.Repeat([]string{"ten bytes."}, 100)
	return fmt.Sprint(allocs(func() { plus(parts) }), allocs(func() { built(parts) }), allocs(func() { sized(parts) }))
}
