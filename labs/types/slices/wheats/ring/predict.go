//go:build wheat

package slices

import "github.com/hone-go/hone/claim"

// Predictions. Read the code, decide, write the answer as claim.Predict(…), then
// look: the check runs the code on your toolchain and says what it saw.
//
//	var GrowthFive claim.Prediction = claim.Predict(12)
//	var GrowthSmall claim.Prediction = claim.Predict("4 5 6")
//
// An answer in quotes is what fmt.Sprint prints, so slices look like "[1 2 3]".
// You could call the experiment in your answer. You would learn that it runs.

// Stage growth. The slices are on the heap unless the question says otherwise.

// GrowthSmall: three full slices get one more element each. What are their
// capacities then, as in "4 5 6"?
//
//	cap(append(make([]int, 4), 0))
//	cap(append(make([]int, 5), 0))
//	cap(append(make([]byte, 5), 0))
var GrowthSmall claim.Prediction = claim.Predict(AppendSmall()) //hone:answer growth

// GrowthLarge: the same with full slices of 255, of 256 and of 512 ints. What are
// their capacities after one append, as in "4 5 6"?
var GrowthLarge claim.Prediction = claim.Predict(AppendLarge()) //hone:answer growth

// GrowthPointers: two full slices of 64 elements, 8 bytes each, get one more. What
// are their capacities then, as in "4 5"?
//
//	cap(append(make([]int, 64), 0))
//	cap(append(make([]*int, 64), nil))
var GrowthPointers claim.Prediction = claim.Predict(AppendPointers()) //hone:answer growth

// GrowthFive: five elements arrive at once. What is the capacity, as an int?
//
//	cap(append(make([]int, 4), 1, 2, 3, 4, 5))
var GrowthFive claim.Prediction = claim.Predict(AppendFive()) //hone:answer growth

// GrowthThousand: a full slice of 4 ints is appended to, one int at a time, until
// it holds 1,000. How often does append move the slice to a new array, how many
// elements do these moves copy altogether, and what is the capacity in the end, as
// in "4 5 6"?
//
//	s := make([]int, 4)
//	for len(s) < 1000 {
//		s = append(s, 0)
//	}
var GrowthThousand claim.Prediction = claim.Predict(AppendThousand()) //hone:answer growth

// GrowthFirst: CapsFromNil begins with a nil slice and returns it. Which different
// capacities does s have on its way to nine elements, as in "[4 5 6]"?
//
//	func CapsFromNil(n int) (s []int, caps []int) {
//		for i := range n {
//			s = append(s, i)
//			… // note cap(s) if it changed
//		}
//		return s, caps
//	}
var GrowthFirst claim.Prediction = claim.Predict(FirstCaps()) //hone:answer growth

// GrowthAllocs: sumOf(n) appends n ints to a nil slice, adds them up and returns
// the sum. listOf(n) appends n ints to a nil slice and returns the slice. How many
// heap allocations does a call make, as in "4 5 6 7"?
//
//	sumOf(4), sumOf(5), listOf(4), listOf(100)
var GrowthAllocs claim.Prediction = claim.Predict(AppendAllocs()) //hone:answer growth

// Stage alias.

// AliasPrefix: what does fmt.Sprint(a, b) say, as in "[1 2] [3 4]"?
//
//	a := []int{1, 2, 3, 4}
//	b := append(a[:2], 9)
var AliasPrefix claim.Prediction = claim.Predict(AppendToPrefix()) //hone:answer alias

// AliasClipped: and now?
//
//	a := []int{1, 2, 3, 4}
//	b := append(a[:2:2], 9)
//	b[0] = 7
var AliasClipped claim.Prediction = claim.Predict(AppendToClipped()) //hone:answer alias

// AliasTwins: what does fmt.Sprint(a, b, c, d) say?
//
//	roomy := make([]int, 2, 3)
//	a, b := append(roomy, 1), append(roomy, 2)
//	full := make([]int, 2)
//	c, d := append(full, 1), append(full, 2)
var AliasTwins claim.Prediction = claim.Predict(Twins()) //hone:answer alias

// AliasCallee: full is [1 2] with capacity 2, roomy is [1 2] with capacity 3. Each
// is passed to scribble. What does fmt.Sprint(full, roomy) say after that?
//
//	func scribble(s []int) {
//		s[0] = 8
//		s = append(s, 9)
//		s[1] = 9
//	}
var AliasCallee claim.Prediction = claim.Predict(Callee()) //hone:answer alias

// AliasRange: what are arraySum, sliceSum and len(slice) at the end, as in "4 5 6"?
//
//	array, arraySum := [3]int{1, 2, 3}, 0
//	for _, v := range array {
//		array[2] = 10
//		arraySum += v
//	}
//	slice, sliceSum := []int{1, 2, 3}, 0
//	for _, v := range slice {
//		slice[2] = 10
//		sliceSum += v
//	}
//	for _, v := range slice {
//		slice = append(slice, v)
//	}
var AliasRange claim.Prediction = claim.Predict(RangeTwice()) //hone:answer alias

// AliasShift: what does fmt.Sprint(a, b) say?
//
//	a := []int{1, 2, 3, 4}
//	copy(a[1:], a)
//	b := []int{1, 2, 3, 4}
//	for i := range len(b) - 1 {
//		b[i+1] = b[i]
//	}
var AliasShift claim.Prediction = claim.Predict(Shift()) //hone:answer alias

// AliasArray: what does fmt.Sprint(s, array, *pointer) say?
//
//	s := []int{1, 2, 3, 4}
//	array := [2]int(s)
//	pointer := (*[2]int)(s)
//	s[0] = 9
//	pointer[1] = 8
var AliasArray claim.Prediction = claim.Predict(ToArray()) //hone:answer alias

// AliasDelete: what does fmt.Sprint(s, t) say? The slices is the standard library's.
//
//	s := []int{1, 2, 3, 4, 5}
//	t := slices.Delete(s, 1, 3)
var AliasDelete claim.Prediction = claim.Predict(DeleteMiddle()) //hone:answer alias

// AliasClear: what does fmt.Sprint(s[:1][:3], t[:cap(t)]) say?
//
//	s := []int{1, 2, 3, 4}
//	clear(s[:1])
//	t := []int{1, 2, 3, 4}[:0]
//	clear(t)
var AliasClear claim.Prediction = claim.Predict(ClearPrefix()) //hone:answer alias

// AliasNil: what is the JSON, as in "[1,2,3,4,5]"?
//
//	var none []int
//	empty := []int{}
//	json.Marshal([][]int{none, empty, none[:0], append(none, empty...), slices.Clone(empty)})
var AliasNil claim.Prediction = claim.Predict(NilOrEmpty()) //hone:answer alias

// Stage pin. In each way something is held and nothing else; then the garbage
// collector runs.

// PinBytes: b is a []byte of 64 KiB, all its letters lower case, words with one
// space between them. Which ways keep all 64 KiB in memory? Letters in order, as
// in "a b c".
//
//	a  bytes.Clone(b[:9])
//	b  slices.Clip(b[:1])
//	c  [9]byte(b)
//	d  b[len(b):]
//	e  string(b[:9])
//	f  &b[7]
//	g  append(b[:0:0], b[:9]...)
//	h  bytes.TrimSpace(b[9:16:16])
var PinBytes claim.Prediction = claim.Predict(HoldBytes()) //hone:answer pin

// PinStrings: the same for a string s of 64 KiB, which begins with a word of nine
// lower-case letters. none is "", and the compiler doesn't know.
//
//	a  s[:9]
//	b  strings.Clone(s[:9])
//	c  strings.Fields(s)[0]
//	d  string([]byte(s[:9]))
//	e  strings.ToLower(s[:9])
//	f  strings.ToUpper(s[:9])
//	g  s[:9] + none
//	h  fmt.Sprint(s[:9])
var PinStrings claim.Prediction = claim.Predict(HoldStrings()) //hone:answer pin

// PinKeys: again s, and own, which is strings.Clone(s[:9]). The map is what is
// held. Which ways keep the 64 KiB?
//
//	a  m := map[string]int{own: 1};        _ = m[s[:9]]
//	b  m := map[string]*int{own: new(int)}; *m[s[:9]]++
//	c  m := map[string]int{own: 1};        m[s[:9]]++
//	d  m := map[string]int{s[:9]: 1};      m[own]++
//	e  m := map[string]int{own: 1};        m[string([]byte(s[:9]))]++
var PinKeys claim.Prediction = claim.Predict(HoldKeys()) //hone:answer pin

// PinQueue: q is a full []*node of eight nodes of 64 bytes. Five leave it by
// q = q[1:]. How many of the five are still in memory then? How many after one
// more append to q? And how many of five, before that append, in another queue
// that sets q[0] = nil before each q = q[1:]? As in "4 5 6".
var PinQueue claim.Prediction = claim.Predict(PopFront()) //hone:answer pin

// PinTruncate: eight nodes again; four are taken out in one of six ways, and the
// result is held. How many of the four are still in memory, for each way, as in
// "1 2 3 4 5 6"?
//
//	s[:4]
//	slices.Delete(s, 4, 8)
//	slices.Clip(s[:4])
//	clear(s[4:]); s[:4]
//	s[4:]                       // the first four go
//	append(s[:0], s[4:]...)     // the first four go
var PinTruncate claim.Prediction = claim.Predict(Truncate()) //hone:answer pin

// Stage convert. How many heap allocations does one call make? Answers as in
// "4 5 6". b is a []byte of 43 bytes and s a string of 43 bytes unless the
// question says otherwise. No function is inlined.

// ConvertMap: the map holds the key string(b) already, except for remove.
//
//	func lookUp(m map[string]int, b []byte) int { return m[string(b)] }
//	func increment(m map[string]int, b []byte)  { m[string(b)]++ }
//	func ensure(m map[string]int, b []byte) {
//		key := string(b)
//		if _, ok := m[key]; !ok {
//			m[key] = 1
//		}
//	}
//	func remove(m map[string]int, b []byte)     { delete(m, string(b)) }
var ConvertMap claim.Prediction = claim.Predict(ConvertKeys()) //hone:answer convert

// ConvertCompare: none of the comparisons finds anything equal but the first.
//
//	func same(a, b []byte) bool { return string(a) == string(b) }
//	func verb(b []byte) int     { switch string(b) { case "GET": …; case "POST": … } … }
//	func isGet(b []byte) bool   { return strings.HasPrefix(string(b), "GET ") }
var ConvertCompare claim.Prediction = claim.Predict(ConvertToCompare()) //hone:answer convert

// ConvertRange: both loops only add up what they see.
//
//	func addBytes(s string) int   { for _, c := range []byte(s) { … } … }
//	func addRunes(s string) int   { for _, c := range []rune(s) { … } … }
//	func countRunes(s string) int { return len([]rune(s)) }
var ConvertRange claim.Prediction = claim.Predict(ConvertToRange()) //hone:answer convert

// ConvertJoin: the results are returned.
//
//	func join(a, b []byte) string     { return string(a) + string(b) }
//	func joinWith(a, b []byte) string { return string(a) + "/" + string(b) }
var ConvertJoin claim.Prediction = claim.Predict(ConvertToJoin()) //hone:answer convert

// ConvertSize: runes(b[:32]), runes(b[:33]), stringOf(b[:1]), stringOf(b[:8]).
//
//	func runes(b []byte) int {
//		s := string(b)
//		return utf8.RuneCountInString(s) + strings.Count(s, "x")
//	}
//	func stringOf(b []byte) string { return string(b) }
var ConvertSize claim.Prediction = claim.Predict(ConvertSizes()) //hone:answer convert

// ConvertRead: checksum reads its bytes and keeps none; masked writes to them too.
//
//	func checksumOf(s string) byte { return checksum([]byte(s)) }
//	func maskedOf(s string) byte   { return masked([]byte(s)) }
var ConvertRead claim.Prediction = claim.Predict(ConvertToRead()) //hone:answer convert

// ConvertBuild: a string of a hundred parts of ten bytes, made by s += part, by a
// strings.Builder, and by a strings.Builder after Grow(1000).
var ConvertBuild claim.Prediction = claim.Predict(BuildString()) //hone:answer convert
