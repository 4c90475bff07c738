package slices_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"unsafe"
)

// The three words of three slices of one array.
func Example_threeWords() {
	s := make([]int32, 3, 6)
	first := uintptr(unsafe.Pointer(unsafe.SliceData(s)))
	show := func(what string, s []int32) {
		offset := uintptr(unsafe.Pointer(unsafe.SliceData(s))) - first
		fmt.Printf("%-28sarray + %d B   len %d   cap %d\n", what, offset, len(s), cap(s))
	}
	show("s := make([]int32, 3, 6)", s)
	show("s[1:2]", s[1:2])
	show("s[1:2:3]", s[1:2:3])
	// Output:
	// s := make([]int32, 3, 6)    array + 0 B   len 3   cap 6
	// s[1:2]                      array + 4 B   len 1   cap 5
	// s[1:2:3]                    array + 4 B   len 1   cap 2
}

// The sizes of memory that the allocator has.
func Example_sizeClasses() {
	line := ""
	for n := 1; n <= 32<<10; {
		got := cap(slices.Grow([]byte(nil), n)) // the least that holds n bytes
		n = got + 1
		size := fmt.Sprint(got)
		if len(line)+1+len(size) > 87 {
			fmt.Println(line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + size)
	}
	fmt.Printf("%-55s then whole pages of 8 KiB\n", line)
	// Output:
	// 8 16 24 32 48 64 80 96 112 128 144 160 176 192 208 224 240 256 288 320 352 384 416 448
	// 480 512 576 640 704 768 896 1024 1152 1280 1408 1536 1792 2048 2304 2688 3072 3200 3456
	// 4096 4864 5376 6144 6528 6784 6912 8192 9472 9728 10240 10880 12288 13568 14336 16384
	// 18432 19072 20480 21760 24576 27264 28672 32768         then whole pages of 8 KiB
}

// What the first ten bytes of a thousand lines of 64 KiB keep in memory.
func Example_retained() {
	kept := func(what string, keep func(line string) string) {
		keys := make([]string, 1000)
		before := heap()
		for i := range keys {
			keys[i] = keep(fmt.Sprintf("%010d", i) + strings.Repeat("x", 64<<10))
		}
		fmt.Printf("%-36s %5.1f MiB\n", what, float64(heap()-before)/(1<<20))
		runtime.KeepAlive(keys)
	}
	kept("keys[i] = line[:10]", func(line string) string { return line[:10] })
	kept("keys[i] = strings.Clone(line[:10])", func(line string) string { return strings.Clone(line[:10]) })
	// Output:
	// keys[i] = line[:10]                   70.3 MiB
	// keys[i] = strings.Clone(line[:10])     0.0 MiB
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// escapes is the source of Example_escapes. Its line numbers are those of the lesson.
const escapes = `package a

import "os"

func known(b []byte) bool  { return string(b) <= "m" }

func digits(s string) int  { return count([]byte(s)) }

// count only reads.
func count(b []byte) (n int) {
	for _, c := range b {
		if '0' <= c && c <= '9' {
			n++
		}
	}
	return n
}

func save(s string) error  { return os.WriteFile("name", []byte(s), 0o600) }

func name(b []byte) string { return string(b) }
`

// What the compiler says about conversions, but for what is inlined and about parameters.
func Example_escapes() {
	dir, err := os.MkdirTemp("", "escapes")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "a.go")
	if err := os.WriteFile(file, []byte(escapes), 0o600); err != nil {
		fmt.Println(err)
		return
	}
	cmd := exec.Command("go", "build", "-gcflags=-m", "a.go")
	cmd.Dir = dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		fmt.Printf("%v\n%s", err, out)
	}
	var lines []string
	for l := range strings.Lines(string(out)) {
		if said, ok := strings.CutPrefix(strings.TrimSpace(l), "./a.go:"); ok && strings.Contains(said, "string") || strings.Contains(said, "[]byte)") {
			at, what, _ := strings.Cut(said, ": ")
			lines = append(lines, fmt.Sprintf("line %5s  %s", at, what))
		}
	}
	slices.Sort(lines)
	fmt.Println(strings.Join(lines, "\n"))
	// Output:
	// line  5:44  string(b) does not escape
	// line  7:50  ([]byte)(s) does not escape
	// line  7:50  zero-copy string->[]byte conversion
	// line 19:65  ([]byte)(s) does not escape
	// line 21:44  string(b) escapes to heap
}
