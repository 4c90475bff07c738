package layout_test

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
	"unsafe"

	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/layout"
	"github.com/hone-go/hone/lens/layout/testdata/shapes"
)

const shapesPath = "github.com/hone-go/hone/lens/layout/testdata/shapes"

func load(t *testing.T, s layout.Source) *layout.Package {
	t.Helper()
	p, err := layout.Load(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func typeOf(t *testing.T, p *layout.Package, name string) *layout.Type {
	t.Helper()
	typ, err := p.Type(name)
	if err != nil {
		t.Fatal(err)
	}
	return typ
}

// instances are the types of package shapes that only brackets can name.
var instances = []string{"Pair[int8, Inner]", "Pair[string, [2]bool]"}

// The numbers are those that reflection sees in a running program, for types of every
// shape and for some of the largest of the standard library.
func TestType_IsWhatReflectionSees(t *testing.T) {
	packages := map[string]*layout.Package{}
	of := func(path string) *layout.Package {
		if packages[path] == nil {
			packages[path] = load(t, layout.Source{Pattern: path})
		}
		return packages[path]
	}
	values := append(slices.Clone(shapes.Values), sync.Pool{}, sync.Map{}, time.Time{}, time.Timer{}, http.Server{}, http.Request{}, http.Transport{})
	count := 0
	for _, v := range values {
		r := reflect.TypeOf(v)
		if r.Kind() == reflect.Pointer {
			r = r.Elem()
		}
		name := strings.ReplaceAll(r.Name(), shapesPath+".", "")
		got := typeOf(t, of(r.PkgPath()), name)
		if got.Size != int64(r.Size()) || got.Align != int64(r.Align()) || got.PointerBytes != pointerBytes(r) {
			t.Errorf("%v: size %d, align %d, pointer bytes %d, want %d %d %d", r, got.Size, got.Align, got.PointerBytes, r.Size(), r.Align(), pointerBytes(r))
		}
		if want := paddingOf(r); got.Padding != want {
			t.Errorf("%v: %d bytes of padding, want %d", r, got.Padding, want)
		}
		count += sameFields(t, r, got.Fields, 0)
	}
	t.Logf("%d types, %d fields agree", len(values), count)
	if count < 250 {
		t.Errorf("only %d fields were compared", count)
	}
}

func sameFields(t *testing.T, r reflect.Type, got []layout.Field, base uintptr) int {
	t.Helper()
	if r.Kind() != reflect.Struct {
		if len(got) > 0 {
			t.Errorf("%v has fields: %v", r, got)
		}
		return 0
	}
	if len(got) != r.NumField() {
		t.Errorf("%v has %d fields, want %d", r, len(got), r.NumField())
		return 0
	}
	count := len(got)
	for i, g := range got {
		f := r.Field(i)
		at := base + f.Offset
		if g.Name != f.Name || g.Embedded != f.Anonymous || g.Offset != int64(at) || g.Size != int64(f.Type.Size()) ||
			g.Align != int64(f.Type.Align()) || g.PointerBytes != pointerBytes(f.Type) {
			t.Errorf("%v.%s: %+v, want offset %d, size %d, align %d, pointer bytes %d", r, f.Name, g, at, f.Type.Size(), f.Type.Align(), pointerBytes(f.Type))
		}
		next := r.Size()
		if i+1 < r.NumField() {
			next = r.Field(i + 1).Offset
		}
		if want := int64(next - f.Offset - f.Type.Size()); g.Padding != want {
			t.Errorf("%v.%s: %d bytes of padding behind, want %d", r, f.Name, g.Padding, want)
		}
		count += sameFields(t, f.Type, g.Fields, at)
	}
	return count
}

// pointerBytes is the second word of a type's descriptor (internal/abi.Type.PtrBytes).
func pointerBytes(r reflect.Type) int64 {
	return int64((*[2]uintptr)(reflect.ValueOf(r).UnsafePointer())[1])
}

func paddingOf(r reflect.Type) int64 {
	switch r.Kind() {
	case reflect.Array:
		return int64(r.Len()) * paddingOf(r.Elem())
	case reflect.Struct:
		n := int64(r.Size())
		for f := range r.Fields() {
			n += paddingOf(f.Type) - int64(f.Type.Size())
		}
		return n
	}
	return 0
}

// The numbers are those that the compiler's back end writes into the descriptors of
// the types, for this platform and for others, with words of 4 bytes, and the other way round.
func TestType_IsWhatTheCompilerWrites(t *testing.T) {
	for _, arch := range []string{"386", "amd64", "arm64", "mips", "wasm"} {
		t.Run(arch, func(t *testing.T) {
			goos := "linux"
			if arch == "wasm" {
				goos = "js"
			}
			all := descriptors(t, goos, arch)
			p := load(t, layout.Source{Pattern: "./testdata/shapes", GOOS: goos, GOARCH: arch})
			if len(p.Errors) > 0 {
				t.Error(p.Errors)
			}
			compared := 0
			for name, d := range all {
				name = strings.ReplaceAll(name, shapesPath+".", "")
				got := typeOf(t, p, name)
				var offsets []int64
				for _, f := range got.Fields {
					offsets = append(offsets, f.Offset)
				}
				if got.Size != d.size || got.Align != d.align || got.PointerBytes != d.pointers || got.Kind == "struct" && !slices.Equal(offsets, d.offsets) {
					t.Errorf("%s: size %d, align %d, pointer bytes %d, offsets %v, the compiler says %+v", name, got.Size, got.Align, got.PointerBytes, offsets, d)
				}
				compared++
			}
			if want := len(p.Types()) - 2 + len(instances); compared != want { // Pair is generic, Flat an alias
				t.Errorf("%d types compared, want %d", compared, want)
			}
		})
	}
}

// A descriptor is what internal/abi.Type and StructType hold.
type descriptor struct {
	size, pointers, align int64
	offsets               []int64
}

var (
	symbol = regexp.MustCompile(`^type:(` + regexp.QuoteMeta(shapesPath) + `\.\S+) S\w+ (?:dupok )?size=\d+`)
	dumped = regexp.MustCompile(`^\t0x[0-9a-f]{4,} ((?:[0-9a-f]{2} )+)`)
	reloc  = regexp.MustCompile(`^\trel (\d+)\+\d+ t=R_ADDR type:.*\+(\d+)$`)
)

// descriptors reads those that -S prints.
func descriptors(t *testing.T, goos, arch string) map[string]descriptor {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "build", "-gcflags=-S", "./testdata/shapes")
	cmd.Env = append(os.Environ(), "GOOS="+goos, "GOARCH="+arch, "CGO_ENABLED=0")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	word, order := 8, binary.ByteOrder(binary.LittleEndian)
	switch arch {
	case "386":
		word = 4
	case "mips":
		word, order = 4, binary.BigEndian
	}
	all := map[string]descriptor{}
	name, data, fieldsAt := "", []byte(nil), int64(0)
	finish := func() {
		if name != "" {
			all[name] = readDescriptor(data, word, order, fieldsAt)
		}
	}
	for s := bufio.NewScanner(bytes.NewReader(out)); s.Scan(); {
		if !strings.HasPrefix(s.Text(), "\t") {
			finish()
			name, data, fieldsAt = "", nil, 0
			if m := symbol.FindStringSubmatch(s.Text()); m != nil && !strings.HasSuffix(m[1], ".") {
				name = m[1]
			}
			continue
		}
		if m := dumped.FindStringSubmatch(s.Text()); m != nil {
			b, _ := hex.DecodeString(strings.ReplaceAll(m[1], " ", ""))
			data = append(data, b...)
		}
		// The pointer to the fields of a struct stands behind its package's name.
		if m := reloc.FindStringSubmatch(s.Text()); m != nil && m[1] == strconv.Itoa(5*word+16) {
			fieldsAt, _ = strconv.ParseInt(m[2], 10, 64)
		}
	}
	finish()
	return all
}

func readDescriptor(data []byte, word int, order binary.ByteOrder, fieldsAt int64) descriptor {
	at := func(offset int) int64 {
		if word == 4 {
			return int64(order.Uint32(data[offset:]))
		}
		return int64(order.Uint64(data[offset:]))
	}
	d := descriptor{size: at(0), pointers: at(word), align: int64(data[2*word+5])}
	const kindStruct = 25
	if data[2*word+7]&31 == kindStruct {
		for i := range at(6*word + 16) { // the length of the slice of fields
			d.offsets = append(d.offsets, at(int(fieldsAt)+int(i)*3*word+2*word))
		}
	}
	return d
}

func TestType_Lines(t *testing.T) {
	typ := typeOf(t, load(t, layout.Source{Pattern: "./testdata/shapes"}), "Lines")
	for path, want := range map[string][2]layout.Lines{
		"head": {{0, 0}, {0, 0}}, "tail": {{1, 1}, {0, 0}}, "wide": {{1, 2}, {0, 1}},
	} {
		f, ok := typ.Field(path)
		if got := [2]layout.Lines{f.Line64, f.Line128}; !ok || got != want {
			t.Errorf("%s: lines %v, want %v", path, got, want)
		}
	}
}

func TestType_BetterOrder(t *testing.T) {
	p := load(t, layout.Source{Pattern: "./testdata/shapes", GOARCH: "amd64", GOOS: "linux"})
	for name, want := range map[string]string{
		"Loose":         "b d a c e: 16 bytes, scanned 0",
		"Tight":         "none",
		"Trailing":      "_ n: 8 bytes, scanned 0",
		"TrailingArray": "z p b: 16 bytes, scanned 8",
		"Tail":          "a b n c: 104 bytes, scanned 72",
		"Empty":         "none",
		"Deep":          "none",
	} {
		typ, got := typeOf(t, p, name), "none"
		if o := typ.Better; o != nil {
			got = fmt.Sprintf("%s: %d bytes, scanned %d", strings.Join(o.Fields, " "), o.Size, o.PointerBytes)
			if o.Size > typ.Size {
				t.Errorf("%s: the better order is larger than %d", name, typ.Size)
			}
		}
		if got != want {
			t.Errorf("%s (%d bytes, scanned %d): better %s, want %s", name, typ.Size, typ.PointerBytes, got, want)
		}
	}
}

func TestType_Traps(t *testing.T) {
	for arch, want := range map[string]map[string]string{
		"amd64": {"Counter": "", "Trailing": "trailing-zero-size _ 8", "Deep": "trailing-zero-size in.in.f 8", "OnlyZero": "", "LeadingZero": ""},
		"386":   {"Counter": "unaligned-atomic64 hits 0 shapes.go:54, unaligned-atomic64 miss 0", "Atomic": "", "Trailing": "trailing-zero-size _ 4"},
	} {
		p := load(t, layout.Source{Pattern: "./testdata/shapes", GOARCH: arch, GOOS: "linux"})
		for name, want := range want {
			var got []string
			for _, trap := range typeOf(t, p, name).Traps {
				s := fmt.Sprintf("%s %s %d", trap.Kind, trap.Field, trap.Cost)
				if trap.Use.IsKnown() {
					s += fmt.Sprintf(" %s:%d", filepath.Base(trap.Use.File), trap.Use.Line)
				}
				got = append(got, s)
			}
			if got := strings.Join(got, ", "); got != want {
				t.Errorf("%s on %s: traps %q, want %q", name, arch, got, want)
			}
		}
	}
}

func TestType_Leaves(t *testing.T) {
	var paths []string
	for _, f := range typeOf(t, load(t, layout.Source{Pattern: "./testdata/shapes"}), "Deep").Leaves() {
		paths = append(paths, f.Path)
	}
	if got := strings.Join(paths, " "); got != "a b in.c in.in.d in.in.e in.in.f" {
		t.Error(got)
	}
}

// What is asked for and not there is an error that helps.
func TestType_SaysWhatIsWrong(t *testing.T) {
	p := load(t, layout.Source{Pattern: "./testdata/shapes"})
	for name, want := range map[string]struct {
		is   error
		says string
	}{
		"loose":             {layout.ErrNoType, "near: Loose"},
		"Counters":          {layout.ErrNoType, "near: Counter"},
		"Pair":              {layout.ErrGeneric, "[K any, V any]"},
		"Pair[int]":         {layout.ErrNoType, "not enough type arguments"},
		"Pair[int, Absent]": {layout.ErrNoType, "Absent"},
		"WordSize":          {layout.ErrNoType, "is not a type"},
		"":                  {layout.ErrNoType, ""},
		"1+":                {layout.ErrNoType, ""},
	} {
		if _, err := p.Type(name); !errors.Is(err, want.is) || !strings.Contains(err.Error(), want.says) {
			t.Errorf("%q: %v, want %v with %q", name, err, want.is, want.says)
		}
	}
	if _, err := layout.Load(t.Context(), layout.Source{Pattern: "./absent"}); err == nil || !strings.Contains(err.Error(), "absent") {
		t.Errorf("a package that is not there: %v", err)
	}
	if _, err := layout.Load(t.Context(), layout.Source{GOARCH: "pdp11"}); !errors.Is(err, layout.ErrPlatform) {
		t.Errorf("an unknown platform: %v", err)
	}
	if _, err := layout.Load(t.Context(), layout.Source{Pattern: "../..."}); err == nil || !strings.Contains(err.Error(), "want one") {
		t.Errorf("many packages: %v", err)
	}
}

// Any type that the package could write can be measured.
func TestType_Expressions(t *testing.T) {
	p := load(t, layout.Source{Pattern: "./testdata/shapes"})
	for name, want := range map[string]uintptr{
		"[]byte": unsafe.Sizeof([]byte(nil)), "struct{ a int8; b Loose }": 40, "[3]Trailing": 48, "Pair[atomic.Int64, bool]": 16,
		"*Loose": unsafe.Sizeof(uintptr(0)), "map[string]Inner": unsafe.Sizeof(uintptr(0)), "error": 16, "complex128": 16,
	} {
		if got := typeOf(t, p, name); uintptr(got.Size) != want || got.Kind == "unknown" {
			t.Errorf("%s: %+v, want size %d", name, got, want)
		}
	}
}

// An unsaved buffer is what counts, and what does not compile in it spoils no other type.
func TestLoad_Overlay(t *testing.T) {
	file, err := filepath.Abs("testdata/shapes/shapes.go")
	if err != nil {
		t.Fatal(err)
	}
	p := load(t, layout.Source{Pattern: "./testdata/shapes", Overlay: map[string][]byte{
		file: []byte("package shapes\n\ntype A struct{ x int32 }\n\ntype B struct { a A; c undefined }\n"),
	}})
	if got := typeOf(t, p, "A"); got.Size != 4 || got.Position != (lens.Position{File: file, Line: 3, Column: 6}) {
		t.Errorf("A: %+v", got)
	}
	if _, err := p.Type("B"); !errors.Is(err, layout.ErrIncorrect) || !strings.Contains(err.Error(), "shapes.go:5:24: undefined: undefined") {
		t.Errorf("B: %v", err)
	}
}

// Somebody's own module, cgo in it.
func TestLoad_Module(t *testing.T) {
	dir := t.TempDir()
	for name, text := range map[string]string{
		"go.mod": "module m.test\n\ngo 1.24\n",
		"a.go":   "package m\n\n// struct pair { char c; double d; };\nimport \"C\"\n\ntype P struct{ b bool; p C.struct_pair }\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := exec.LookPath("gcc"); err != nil {
		t.Skip("no C compiler")
	}
	typ := typeOf(t, load(t, layout.Source{Dir: dir}), "P")
	if typ.Size != 24 || typ.Fields[1].Offset != 8 || filepath.Base(typ.Position.File) != "a.go" || typ.Position.Line != 6 {
		t.Errorf("%+v", typ)
	}
}

func TestType_JSON(t *testing.T) {
	text, err := json.Marshal(typeOf(t, load(t, layout.Source{Pattern: "./testdata/shapes", GOARCH: "amd64", GOOS: "linux"}), "Trailing"))
	if err != nil {
		t.Fatal(err)
	}
	got := regexp.MustCompile(`"file":"[^"]*"`).ReplaceAllString(string(text), `"file":""`)
	want := `{"name":"Trailing","package":"` + shapesPath + `","position":{"file":"","line":27,"column":6},"kind":"struct","goarch":"amd64",` +
		`"size":16,"align":8,"pointer_bytes":0,"padding":8,"fields":[` +
		`{"name":"n","path":"n","type":"int64","position":{"file":"","line":28,"column":2},"offset":0,"size":8,"align":8,"padding":0,"pointer_bytes":0,"line64":{"first":0,"last":0},"line128":{"first":0,"last":0}},` +
		`{"name":"_","path":"_","type":"struct{}","position":{"file":"","line":29,"column":2},"offset":8,"size":0,"align":1,"padding":8,"pointer_bytes":0,"line64":{"first":0,"last":0},"line128":{"first":0,"last":0}}],` +
		`"better":{"fields":["_","n"],"size":8,"pointer_bytes":0},"traps":[{"kind":"trailing-zero-size","field":"_","cost":8}]}`
	if got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func BenchmarkLoad(b *testing.B) {
	for _, path := range []string{"./testdata/shapes", "bytes", "net/http"} {
		b.Run(path, func(b *testing.B) {
			for b.Loop() {
				if _, err := layout.Load(b.Context(), layout.Source{Pattern: path}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// Whatever is asked for, the answer is an error or a layout without contradictions.
func FuzzType(f *testing.F) {
	p, err := layout.Load(f.Context(), layout.Source{Pattern: "./testdata/shapes"})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"Loose", "Pair[int8, Inner]", "struct{ a [0]int; b byte }", "[1<<62]int64", "struct{ a [1<<61]int64; b byte }", "interface{ int }", "[...]int{1}", "func()", "Pair[Pair[int,", "comparable", "*struct{}", "(Loose)", "struct{ _, _ int; _ byte }", "any(nil)", "[-1]int", "nil", "struct{Loose; *Tight}"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, name string) {
		typ, err := p.Type(name)
		if err != nil {
			return
		}
		if typ.Size < 0 || typ.Align < 1 || typ.Size%typ.Align != 0 || typ.PointerBytes > typ.Size || typ.Padding < 0 || typ.Padding > typ.Size {
			t.Errorf("%q: %+v", name, typ)
		}
		end := int64(0)
		for _, l := range typ.Leaves() {
			if l.Offset < end || l.Padding < 0 || l.Offset+l.Size > typ.Size {
				t.Errorf("%q: %s at %d, after %d of %d", name, l.Path, l.Offset, end, typ.Size)
			}
			end = l.Offset + l.Size
		}
	})
}
