package escape_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"unsafe"
)

// said compiles a file with -gcflags=-m or -m=2 and returns what the compiler says of some
// lines, without the file's name.
func said(source, flag string, keep func(line string) bool) string {
	dir, err := os.MkdirTemp("", "escape")
	if err != nil {
		return err.Error()
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "a.go")
	if err := os.WriteFile(file, []byte(source), 0o600); err != nil {
		return err.Error()
	}
	cmd := exec.Command("go", "build", "-gcflags="+flag, "a.go")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		return fmt.Sprintf("%v\n%s", err, out)
	}
	var lines []string
	for l := range strings.Lines(string(out)) {
		l, ours := strings.CutPrefix(strings.TrimRight(l, "\n"), "./a.go:")
		if ours && keep(l) {
			lines = append(lines, strings.ReplaceAll(l, "./a.go:", ""))
		}
	}
	return strings.Join(lines, "\n")
}

// path is the source of Example_path. Its line numbers are those of the lesson.
const path = `package a

type list struct{ first *int }

func keep(l *list) {
	n := 1
	p := &n
	q := list{p}
	l.first = q.first
}
`

// The way of one variable to the heap, as the compiler tells it.
func Example_path() {
	said := said(path, "-m=2", func(l string) bool { return strings.HasPrefix(l, "6:") })
	fmt.Println(said)
	// Output:
	// 6:2: n escapes to heap in keep:
	// 6:2:   flow: p ← &n:
	// 6:2:     from &n (address-of) at 7:7
	// 6:2:     from p := &n (assign) at 7:4
	// 6:2:   flow: q ← p:
	// 6:2:     from list{...} (struct literal element) at 8:11
	// 6:2:     from q := list{...} (assign) at 8:4
	// 6:2:   flow: {heap} ← q:
	// 6:2:     from q.first (dot) at 9:13
	// 6:2:     from l.first = q.first (assign) at 9:10
	// 6:2: moved to heap: n
}

// tags is the source of Example_tags.
const tags = `package a

type node struct {
	next  *node
	value int
}

var kept *node

func value(n *node) int   { return n.value }
func next(n *node) *node  { return n.next }
func self(n *node) *node  { return n }
func keep(n *node)        { kept = n }
func keepNext(n *node)    { kept = n.next }
`

// What callers are told of a parameter.
func Example_tags() {
	fmt.Println(said(tags, "-m", func(l string) bool { return strings.Contains(l, ": leaking") || strings.Contains(l, "not escape") }))
	// Output:
	// 10:12: n does not escape
	// 11:11: leaking param: n to result ~r0 level=1
	// 12:11: leaking param: n to result ~r0 level=0
	// 13:11: leaking param: n
	// 14:15: leaking param content: n
}

// A variable on the stack moves when its stack grows, and its pointers with it.
func Example_stackMoves() {
	done := make(chan bool)
	go func() {
		defer close(done)
		x := 1
		p := &x
		before := uintptr(unsafe.Pointer(p))
		deep(1000)
		after := uintptr(unsafe.Pointer(p))
		fmt.Printf("x is where it was: %v\np == &x: %v, *p == %d\n", before == after, p == &x, *p)
	}()
	<-done
	// Output:
	// x is where it was: false
	// p == &x: true, *p == 1
}

// deep needs a KiB of stack for each level.
//
//go:noinline
func deep(levels int) (sum byte) {
	var room [1024]byte
	if levels > 0 {
		room[levels%len(room)] = deep(levels - 1)
	}
	return room[0] + 1
}
