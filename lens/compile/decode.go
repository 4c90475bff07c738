package compile

import (
	"bufio"
	"cmp"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"

	"github.com/hone-go/hone/lens"
)

// errTruncated says that the compiler stopped in the middle of an answer.
var errTruncated = errors.New("the compiler's answer ends in the middle")

// A decoder turns the records of one compiler process into facts. Positions are
// numbered by the process and sent once, so a decoder lives as long as its process;
// begin starts a new answer.
type decoder struct {
	root, dir string // GOROOT, and where the compiler runs: positions are relative to these
	pkg       string // prefix of symbols
	want      wants

	positions map[int]lens.Stack // outermost function unnamed
	names     []Name
	wrappers  map[string]bool
	devirtual map[int]devirtualized // by position

	functions map[string]*Function
	stacks    map[stackKey]lens.Stack // with the outermost function named
	reasons   map[reasonKey]string    // why a call was not inlined
	calls     map[string][]int        // positions of Function.Calls, by function
	lost      int                     // records that made no sense
}

// wants says which facts to decode: the large ones are made only where asked for.
type wants struct{ ir, passes bool }

type stackKey struct {
	position int
	function string
}

type reasonKey struct {
	function string
	position int
}

type devirtualized struct {
	to    string
	guess bool
}

func newDecoder(root, dir, pkg string) *decoder {
	return &decoder{
		root: root, dir: dir, pkg: pkg,
		positions: map[int]lens.Stack{}, wrappers: map[string]bool{}, devirtual: map[int]devirtualized{},
	}
}

// begin forgets the functions of the answer before.
func (d *decoder) begin(w wants) {
	d.want = w
	d.functions = map[string]*Function{}
	d.stacks = map[stackKey]lens.Stack{}
	d.reasons = map[reasonKey]string{}
	d.calls = map[string][]int{}
}

// read decodes one answer, up to its end. keep is given every line that is not a
// position, where not nil.
func (d *decoder) read(in *bufio.Reader) error {
	for {
		line, err := in.ReadString('\n')
		if errors.Is(err, io.EOF) {
			return errTruncated
		}
		if err != nil {
			return err
		}
		r := parseRecord(strings.TrimSuffix(line, "\n"))
		if r.kind == "done" {
			return nil
		}
		d.record(r)
		if r.bad {
			d.lost++
		}
	}
}

// record decodes one record. A kind that is not known is one of a newer observer.
func (d *decoder) record(r *record) {
	if r.kind == "pos" {
		d.position(r)
		return
	}
	fn := r.text()
	switch r.kind {
	case "name":
		d.name(fn, r)
	case "func":
		d.function(fn, r)
	case "inline":
		d.inline(fn, r)
	case "bill":
		d.bill(fn, r)
	case "inlined":
		d.inlined(fn, r)
	case "call":
		d.call(fn, r)
	case "devirtualized":
		at := r.int()
		d.devirtual[at] = devirtualized{r.text(), r.bool()}
	case "graph":
		d.graph(r)
	case "fact":
		d.fact(fn, r)
	case "check":
		d.check(fn, r)
	case "ir":
		if s := (Stage{Name: r.text(), Text: r.text()}); d.want.ir && !r.bad {
			f := d.at(fn)
			f.IR = append(f.IR, s)
		}
	case "pass":
		if d.want.passes {
			d.pass(fn, r)
		}
	case "code":
		d.code(fn, r)
	}
}

// at is the function of a name.
func (d *decoder) at(name string) *Function {
	f := d.functions[name]
	if f == nil {
		f = &Function{Name: name, Symbol: d.pkg + "." + name, Generic: genericOf(name)}
		d.functions[name] = f
	}
	return f
}

// genericOf is the name of an instance without its type arguments, "" for what is no
// instance.
func genericOf(name string) string {
	if !strings.Contains(name, "[") {
		return ""
	}
	var b strings.Builder
	depth := 0
	for i := 0; i < len(name); i++ {
		switch {
		case name[i] == '[':
			depth++
		case name[i] == ']':
			depth--
		case depth == 0:
			b.WriteByte(name[i])
		}
	}
	return b.String()
}

func (d *decoder) position(r *record) {
	id, n := r.int(), r.count()
	stack := make(lens.Stack, 0, min(n, 16))
	for range n {
		file := d.file(r.text())
		stack = append(stack, lens.Site{Position: lens.Position{File: file, Line: r.int(), Column: r.int()}, Function: r.text()})
		if r.bad {
			return
		}
	}
	d.positions[id] = stack
}

// file is a file name of the compiler as one that can be opened.
func (d *decoder) file(name string) string {
	if rest, ok := strings.CutPrefix(name, "$GOROOT"); ok {
		return filepath.Join(d.root, rest)
	}
	if strings.HasPrefix(name, "<") || name == "" || filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(d.dir, name)
}

// stack is the position of a number, as it is in function.
func (d *decoder) stack(id int, function string) lens.Stack {
	at := d.positions[id]
	if len(at) == 0 || function == "" {
		return at
	}
	key := stackKey{id, function}
	s, ok := d.stacks[key]
	if !ok {
		s = slices.Clone(at)
		s[0].Function = d.pkg + "." + function
		d.stacks[key] = s
	}
	return s
}

func (d *decoder) name(name string, r *record) {
	n := Name{Name: name, Position: d.stack(r.int(), "").Text().Position, EndLine: r.int()}
	closure := r.bool()
	n.NoBody = r.bool()
	d.wrappers[name] = r.bool()
	if !r.bad && !closure {
		d.names = append(d.names, n)
	}
}

func (d *decoder) function(fn string, r *record) {
	f := d.at(fn)
	f.Type = r.text()
	f.Position = d.stack(r.int(), "").Text().Position
	f.EndLine = r.int()
	f.Parent = r.text()
	f.Wrapper = r.bool()
}

func (d *decoder) inline(fn string, r *record) {
	in := &d.at(fn).Inlining
	in.Decided = true
	in.Inlinable = r.bool()
	if cost := r.int(); cost > 0 {
		in.Cost = cost
	}
	in.Reason = r.text()
}

// bill reads what nodes cost, in post-order, and puts them into pre-order: a parent
// comes after all of its children there, before them here.
func (d *decoder) bill(fn string, r *record) {
	in := &d.at(fn).Inlining
	if cost := r.int(); in.Cost == 0 {
		in.Cost = cost
	}
	in.Budget = r.int()
	var post []Charge
	for range r.count() {
		c := Charge{Depth: r.int(), Total: r.int(), Op: r.text(), Text: r.text(), Stack: d.stack(r.int(), fn)}
		if r.bad {
			break
		}
		post = append(post, c)
	}
	in.Bill = preorder(post)
}

func preorder(post []Charge) []Charge {
	// A node's subtree is the run of deeper nodes right before it.
	start := make([]int, len(post))
	var open []int // roots of finished subtrees that have no parent yet
	for i, c := range post {
		start[i] = i
		self := c.Total
		for len(open) > 0 && post[open[len(open)-1]].Depth > c.Depth {
			child := open[len(open)-1]
			open = open[:len(open)-1]
			self -= post[child].Total
			start[i] = start[child]
		}
		post[i].Self = self
		open = append(open, i)
	}
	out := make([]Charge, 0, len(post))
	// From the end, a node is met before its subtree; children then come in reverse, so
	// each level is gathered and turned around.
	var emit func(from, to int)
	emit = func(from, to int) {
		var roots []int
		for i := to; i >= from; i = start[i] - 1 {
			roots = append(roots, i)
		}
		slices.Reverse(roots)
		for _, i := range roots {
			out = append(out, post[i])
			emit(start[i], i-1)
		}
	}
	emit(0, len(post)-1)
	return out
}

func (d *decoder) inlined(fn string, r *record) {
	c := Call{Kind: CallInlined, Callee: lens.Spell(r.text())}
	at := r.int()
	c.Stack, c.Index, c.Inside = d.stack(at, fn), r.int(), r.int()
	d.addCall(fn, at, c, r)
}

func (d *decoder) call(fn string, r *record) {
	c := Call{Kind: CallKind(r.text()), Callee: lens.Spell(r.text()), Index: -1}
	at := r.int()
	c.Stack, c.How, c.Cost, c.Inside = d.stack(at, fn), r.text(), r.int(), r.int()
	if why := r.text(); why != "" {
		c.Why = "cannot inline " + c.Callee + ": " + why
		if n := 0; c.Cost == 0 {
			if _, err := fmt.Sscanf(why, "function too complex: cost %d exceeds budget", &n); err == nil {
				c.Cost = n
			}
		}
	}
	d.addCall(fn, at, c, r)
}

func (d *decoder) addCall(fn string, at int, c Call, r *record) {
	if r.bad {
		return
	}
	f := d.at(fn)
	f.Calls = append(f.Calls, c)
	d.calls[fn] = append(d.calls[fn], at)
}

func (d *decoder) fact(fn string, r *record) {
	kind, pass, at, text := r.text(), r.text(), r.int(), r.text()
	if r.bad {
		return
	}
	switch kind {
	case "cannotInlineCall":
		d.reasons[reasonKey{fn, at}] = text
		return
	case "isInBounds", "isSliceInBounds", "nilcheck":
		return // Checks has them, with what became of the others
	}
	f := d.at(fn)
	f.Facts = append(f.Facts, Fact{Kind: FactKind(kind), Pass: pass, Text: text, Stack: d.stack(at, fn), Provenance: lens.Recorded})
}

func (d *decoder) check(fn string, r *record) {
	c := Check{Kind: CheckKind(r.text()), Value: r.int(), Provenance: lens.Recorded}
	c.Stack = d.stack(r.int(), fn)
	c.Pass = r.text()
	c.Proof = r.text()
	c.Kept = c.Pass == ""
	c.Folded = c.Kind == CheckNil && c.Pass == "late nilcheck"
	if r.bad {
		return
	}
	f := d.at(fn)
	f.Checks = append(f.Checks, c)
}

// finish puts what was read in order. wrappers are left out but for those asked for by
// their own name.
func (d *decoder) finish() []Function {
	out := make([]Function, 0, len(d.functions))
	for name, f := range d.functions {
		if f.Type == "" && len(f.Code.Instructions) == 0 {
			continue // facts of the front end about what was never compiled
		}
		f.Wrapper = f.Wrapper || d.wrappers[name] || f.Type == "" // equality of a type has no declaration
		for i, at := range d.calls[name] {
			c := &f.Calls[i]
			if v, ok := d.devirtual[at]; ok && c.Kind != CallIndirect {
				c.Devirtualized, c.PGO = v.to, v.guess
			}
			if why := d.reasons[reasonKey{name, at}]; why != "" && c.Kind == CallStatic && c.Why == "" {
				c.Why = why
			}
		}
		slices.SortStableFunc(f.Calls, func(a, b Call) int { return comparePositions(a.Stack.Outer().Position, b.Stack.Outer().Position) })
		slices.SortStableFunc(f.Checks, func(a, b Check) int { return comparePositions(a.Stack.Outer().Position, b.Stack.Outer().Position) })
		slices.SortStableFunc(f.Facts, func(a, b Fact) int { return comparePositions(a.Stack.Outer().Position, b.Stack.Outer().Position) })
		f.Allocations = allocations(&f.Code)
		f.Facts = append(f.Facts, writeBarriers(&f.Code)...)
		out = append(out, *f)
	}
	slices.SortFunc(out, func(a, b Function) int {
		return cmp.Or(comparePositions(a.Position, b.Position), cmp.Compare(a.Name, b.Name))
	})
	return out
}

func comparePositions(a, b lens.Position) int {
	return cmp.Or(cmp.Compare(a.File, b.File), cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
}

// gap says how much could not be read, where that is anything.
func (d *decoder) gap() []Gap {
	if d.lost == 0 {
		return nil
	}
	return []Gap{{FeatureCode, fmt.Sprintf("%d records of the observing compiler could not be read", d.lost)}}
}
