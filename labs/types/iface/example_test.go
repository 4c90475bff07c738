package iface_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"unsafe"

	"github.com/hone-go/hone/labs/types/iface"
)

// A degree is a value with a method.
type degree float64

func (d degree) String() string { return fmt.Sprintf("%g °C", float64(d)) }

// describe calls through the table, so that the linker keeps what is in it.
//
//go:noinline
func describe(s fmt.Stringer) string { return s.String() }

// typeName names the type that a type word points to.
func typeName(word unsafe.Pointer) string {
	var v any
	(*[2]unsafe.Pointer)(unsafe.Pointer(&v))[0] = word
	return reflect.TypeOf(v).String()
}

// What the two words of an interface value lead to.
func Example_words() {
	var s fmt.Stringer = degree(20)
	words := *(*[2]unsafe.Pointer)(unsafe.Pointer(&s))
	table := (*[4]unsafe.Pointer)(words[0])
	fun := runtime.FuncForPC(uintptr(table[3])).Name()
	fmt.Println("s        ", describe(s))
	fmt.Println("word 1    a table:")
	fmt.Println("    + 0      the interface type    ", typeName(table[0]))
	fmt.Println("    + 8      the concrete type     ", typeName(table[1]))
	fmt.Println("    + 16     the hash of that type, 4 bytes")
	fmt.Println("    + 24     the first method      ", fun[strings.LastIndexByte(fun, '/')+1:])
	fmt.Println("word 2    a pointer to            ", *(*float64)(words[1]))
	var v any = s
	words = *(*[2]unsafe.Pointer)(unsafe.Pointer(&v))
	fmt.Println("any(s)")
	fmt.Println("word 1    a type                  ", typeName(words[0]))
	fmt.Println("word 2    a pointer to            ", *(*float64)(words[1]))
	// Output:
	// s         20 °C
	// word 1    a table:
	//     + 0      the interface type     fmt.Stringer
	//     + 8      the concrete type      iface_test.degree
	//     + 16     the hash of that type, 4 bytes
	//     + 24     the first method       iface_test.(*degree).String
	// word 2    a pointer to             20
	// any(s)
	// word 1    a type                   iface_test.degree
	// word 2    a pointer to             20
}

// shapes is the source of Example_compiler. Its line numbers are those of the lesson.
const shapes = `package main

type Shape interface{ Area() int }

type Square struct{ Side int }

func (s *Square) Area() int { return s.Side * s.Side }

type Circle struct{ Radius int }

func (c *Circle) Area() int { return 3 * c.Radius * c.Radius }

func New(side int) Shape { return &Square{side} }

func Known(side int) int { return New(side).Area() }

func Total(list []Shape) (n int) {
	for _, s := range list {
		n += s.Area()
	}
	return n
}

func main() { println(Known(2), Total(nil)) }
`

// profile says that most of Total's time is in (*Circle).Area, called from the second
// line behind its func, in the form into which the go command brings profiles.
const profile = `GO PREPROFILE V1
main.Total
main.(*Circle).Area
2 1000
`

// What the compiler says about calls through an interface, with a profile.
func Example_compiler() {
	dir, err := os.MkdirTemp("", "shapes")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	hot := filepath.Join(dir, "hot.pgo")
	for file, text := range map[string]string{filepath.Join(dir, "a.go"): shapes, hot: profile} {
		if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
			fmt.Println(err)
			return
		}
	}
	cmd := exec.Command("go", "build", "-o", os.DevNull, "-gcflags=-m -pgoprofile="+hot, "a.go")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Printf("%v\n%s", err, out)
	}
	var lines []string
	for l := range strings.Lines(string(out)) {
		said, ok := strings.CutPrefix(strings.TrimSpace(l), "./a.go:")
		at, what, _ := strings.Cut(said, ": ")
		if ok && !strings.HasPrefix(what, "can inline") && !strings.HasPrefix(at, "24:") && !strings.HasPrefix(at, "7:") && !strings.HasPrefix(at, "11:") {
			lines = append(lines, fmt.Sprintf("line %5s  %s", at, what))
		}
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, "\n"))
	// Output:
	// line 13:35  &Square{...} escapes to heap
	// line 15:38  &Square{...} does not escape
	// line 15:38  inlining call to New
	// line 15:49  devirtualizing .autotmp_2.Area to *Square
	// line 15:49  inlining call to (*Square).Area
	// line 17:12  leaking param content: list
	// line 19:14  PGO devirtualizing interface call s.Area to (*Circle).Area
	// line 19:14  inlining call to (*Circle).Area
}

// What one event costs in naive.go.
func Example_naive() {
	log := iface.NewNaive(&discard{}, iface.NaiveAtLeast(iface.Info))
	n, took := int64(404), 1.5
	fmt.Println(testing.AllocsPerRun(100, func() {
		_ = log.Emit(iface.Info, "request served",
			iface.NaiveField{Key: "status", Value: iface.NaiveInt(n)},
			iface.NaiveField{Key: "took", Value: iface.NaiveFloat(took)},
			iface.NaiveField{Key: "cached", Value: iface.NaiveBool(true)})
	}), "allocations for an event with three fields")
	// Output:
	// 11 allocations for an event with three fields
}
