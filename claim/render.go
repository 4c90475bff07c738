package claim

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"
)

// renderLimit is the most bytes of text that a value becomes.
const renderLimit = 256 << 10

// lineWidth is the most characters of a value that stays on one line where
// others do not.
const lineWidth = 72

// show renders a value much as Go source would write it. With lines > 0 what is
// long has a line for each element, so that a difference by lines is one by
// elements. Pointers are followed; nil and empty look different; where an
// interface holds something its type is named.
func show(v any, lines int) string {
	p := printer{lines: lines > 0, inside: map[visit]bool{}}
	p.value(reflect.ValueOf(v), true, 0)
	return p.String()
}

// oneLineValue renders a value on one line, cut where it is long.
func oneLineValue(v any) string {
	const most = 200
	s := show(v, 0)
	if len(s) > most {
		s = strings.ToValidUTF8(s[:most], "") + "…"
	}
	return s
}

type printer struct {
	strings.Builder
	lines  bool
	inside map[visit]bool // pointers on the way to here, to stop at cycles
}

type visit struct {
	pointer uintptr
	typ     reflect.Type
}

// value renders v; typed asks for the name of its type where the text alone does
// not tell.
func (p *printer) value(v reflect.Value, typed bool, depth int) {
	if p.Len() > renderLimit {
		p.WriteString("…")
		return
	}
	if !v.IsValid() {
		p.WriteString("nil")
		return
	}
	if p.special(v) {
		return
	}
	switch v.Kind() {
	case reflect.Interface:
		p.value(v.Elem(), true, depth)
	case reflect.Pointer:
		p.pointer(v, typed, depth)
	case reflect.Struct:
		p.structure(v, typed, depth)
	case reflect.Slice, reflect.Array:
		p.list(v, typed, depth)
	case reflect.Map:
		p.dictionary(v, typed, depth)
	case reflect.Func, reflect.Chan, reflect.UnsafePointer:
		if v.IsNil() {
			p.WriteString("nil")
		} else {
			fmt.Fprintf(p, "%s(%#x)", typeName(v.Type()), v.Pointer())
		}
	default:
		p.scalar(v, typed)
	}
}

// special renders what has a better form than its fields.
func (p *printer) special(v reflect.Value) bool {
	switch v.Type() {
	case reflect.TypeFor[time.Duration]():
		p.WriteString(time.Duration(v.Int()).String())
		return true
	case reflect.TypeFor[time.Time]():
		if v.CanInterface() {
			p.WriteString(v.Interface().(time.Time).String())
			return true
		}
	}
	return false
}

func (p *printer) scalar(v reflect.Value, typed bool) {
	plain := map[reflect.Type]bool{
		reflect.TypeFor[int](): true, reflect.TypeFor[string](): true,
		reflect.TypeFor[bool](): true, reflect.TypeFor[float64](): true,
	}
	named := typed && !plain[v.Type()]
	if named {
		p.WriteString(typeName(v.Type()) + "(")
	}
	switch {
	case v.Kind() == reflect.String:
		p.WriteString(strconv.Quote(v.String()))
	case v.Kind() == reflect.Bool:
		p.WriteString(strconv.FormatBool(v.Bool()))
	case v.CanInt():
		p.WriteString(strconv.FormatInt(v.Int(), 10))
	case v.CanUint():
		p.WriteString(strconv.FormatUint(v.Uint(), 10))
	case v.CanFloat():
		p.WriteString(strconv.FormatFloat(v.Float(), 'g', -1, v.Type().Bits()))
	case v.CanComplex():
		p.WriteString(strconv.FormatComplex(v.Complex(), 'g', -1, v.Type().Bits()))
	}
	if named {
		p.WriteString(")")
	}
}

func (p *printer) pointer(v reflect.Value, typed bool, depth int) {
	if v.IsNil() {
		p.nothing(v, typed)
		return
	}
	leave, cycle := p.enter(v)
	if cycle {
		p.WriteString("&…") // as further out
		return
	}
	defer leave()
	p.WriteString("&")
	p.value(v.Elem(), true, depth)
}

// enter notes that the pointer, slice or map is being rendered.
func (p *printer) enter(v reflect.Value) (leave func(), cycle bool) {
	at := visit{v.Pointer(), v.Type()}
	if p.inside[at] {
		return nil, true
	}
	p.inside[at] = true
	return func() { delete(p.inside, at) }, false
}

func (p *printer) nothing(v reflect.Value, typed bool) {
	if typed {
		fmt.Fprintf(p, "%s(nil)", typeName(v.Type()))
	} else {
		p.WriteString("nil")
	}
}

func (p *printer) structure(v reflect.Value, typed bool, depth int) {
	t := v.Type()
	if typed {
		p.WriteString(typeName(t))
	}
	p.group(v.NumField(), depth, func(p *printer, i, depth int) {
		p.WriteString(t.Field(i).Name + ": ")
		f := v.Field(i)
		p.value(f, composite(f), depth)
	})
}

func (p *printer) list(v reflect.Value, typed bool, depth int) {
	t := v.Type()
	if v.Kind() == reflect.Slice {
		if v.IsNil() {
			p.nothing(v, typed)
			return
		}
		if v.Len() > 0 {
			leave, cycle := p.enter(v)
			if cycle {
				p.WriteString("…")
				return
			}
			defer leave()
		}
	}
	if typed {
		p.WriteString(typeName(t))
	}
	if t.Elem().Kind() == reflect.Uint8 && v.Len() > 0 && (v.Kind() == reflect.Slice || v.CanAddr()) {
		fmt.Fprintf(p, "(%q)", v.Bytes())
		return
	}
	p.group(v.Len(), depth, func(p *printer, i, depth int) { p.value(v.Index(i), false, depth) })
}

func (p *printer) dictionary(v reflect.Value, typed bool, depth int) {
	if v.IsNil() {
		p.nothing(v, typed)
		return
	}
	leave, cycle := p.enter(v)
	if cycle {
		p.WriteString("…")
		return
	}
	defer leave()
	if typed {
		p.WriteString(typeName(v.Type()))
	}
	type entry struct {
		key   string
		value reflect.Value
	}
	var entries []entry
	for k, e := range v.Seq2() {
		q := printer{inside: p.inside}
		q.value(k, false, 0)
		entries = append(entries, entry{q.String(), e})
	}
	slices.SortFunc(entries, func(a, b entry) int {
		if x, err := strconv.Atoi(a.key); err == nil {
			if y, err := strconv.Atoi(b.key); err == nil {
				return x - y
			}
		}
		return strings.Compare(a.key, b.key)
	})
	p.group(len(entries), depth, func(p *printer, i, depth int) {
		p.WriteString(entries[i].key + ": ")
		p.value(entries[i].value, false, depth)
	})
}

// group renders {a, b, c}, on one line if it fits or if lines are not wanted.
func (p *printer) group(n, depth int, element func(p *printer, i, depth int)) {
	if p.lines {
		q := printer{inside: p.inside}
		q.group(n, depth, element)
		if q.Len() <= lineWidth {
			p.WriteString(q.String())
			return
		}
	}
	p.WriteString("{")
	for i := range n {
		if p.lines {
			p.WriteString("\n" + strings.Repeat("\t", depth+1))
		} else if i > 0 {
			p.WriteString(", ")
		}
		element(p, i, depth+1)
		if p.lines {
			p.WriteString(",")
		}
		if p.Len() > renderLimit {
			break
		}
	}
	if p.lines {
		p.WriteString("\n" + strings.Repeat("\t", depth))
	}
	p.WriteString("}")
}

// composite reports whether the type of a field is worth naming.
func composite(v reflect.Value) bool {
	switch v.Kind() {
	case reflect.Struct, reflect.Array, reflect.Slice, reflect.Map:
		return !v.IsZero()
	}
	return false
}

// typeName is the type as source in another package writes it.
func typeName(t reflect.Type) string {
	s := t.String()
	if s == "interface {}" {
		return "any"
	}
	return strings.ReplaceAll(s, "interface {}", "any")
}
