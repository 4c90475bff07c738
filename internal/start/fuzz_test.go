package start_test

import (
	"bytes"
	"go/format"
	"maps"
	"os"
	"path"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/internal/start"
)

// FuzzDerive checks that Derive never panics, and that what it makes of a file is a
// formatted Go file: a reference that is right must not turn into one that doesn't parse.
func FuzzDerive(f *testing.F) {
	for _, p := range archives(f) {
		content, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		for name, data := range readArchive(content).ref {
			if path.Ext(name) == ".go" {
				f.Add(string(data), uint8(0), false)
				f.Add(string(data), uint8(1), true)
			}
		}
	}
	f.Fuzz(func(t *testing.T, text string, solved uint8, zero bool) {
		ref := start.Files{"x.go": []byte(text)}
		named, err := start.Stages(ref)
		if err != nil {
			return
		}
		stages := slices.Sorted(maps.Keys(named))
		stub := start.Panic
		if zero {
			stub = start.Zero
		}
		n := int(solved) % (len(stages) + 1)
		got, err := start.Derive(ref, stages, n, stub)
		if err != nil {
			if !strings.Contains(err.Error(), "would change the value of") {
				t.Fatalf("%v\nof\n%s", err, text)
			}
			return
		}
		formatted, err := format.Source(got["x.go"])
		if err != nil || !bytes.Equal(formatted, got["x.go"]) {
			t.Fatalf("not formatted (%v):\n%s\nof\n%s", err, got["x.go"], text)
		}
		if left, err := start.Stages(got); err != nil || len(left) > 0 {
			t.Fatalf("directives are left (%v, %v):\n%s\nof\n%s", left, err, got["x.go"], text)
		}
		if n == len(stages) {
			if want := plain(t, "x.go", []byte(text)); !bytes.Equal(got["x.go"], want) {
				t.Fatalf("all solved: want\n%s\ngot\n%s\nof\n%s", want, got["x.go"], text)
			}
		}
		start.Leaks(ref, got, stages, n)
	})
}

// FuzzApply checks that Apply never panics, gives the same twice, and leaves its input
// alone. That the reversed diff undoes it can't be asked of any diff: the new text may
// stand elsewhere too. TestApply_Reverses asks it of those that say where they belong.
func FuzzApply(f *testing.F) {
	for _, p := range archives(f) {
		content, err := os.ReadFile(p)
		if err != nil {
			f.Fatal(err)
		}
		a := readArchive(content)
		for name, diff := range a.aside {
			if path.Ext(name) == ".diff" {
				f.Add(string(a.ref["a.txt"]), string(diff))
			}
		}
	}
	f.Fuzz(func(t *testing.T, text, diff string) {
		files := start.Files{"a.txt": []byte(text)}
		got, err := start.Apply(files, []byte(diff))
		again, errAgain := start.Apply(files, []byte(diff))
		if !equal(got, again) || (err == nil) != (errAgain == nil) {
			t.Fatalf("not the same twice: %q, %v and %q, %v", got, err, again, errAgain)
		}
		if len(files) != 1 || string(files["a.txt"]) != text {
			t.Fatal("the input was written to")
		}
	})
}
