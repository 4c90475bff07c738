package compile

import "github.com/hone-go/hone/lens"

// A Report is what the compiler did to the functions that were asked for. As JSON
// it is stable: names are not renamed, meanings do not change.
type Report struct {
	Package   string     `json:"package"`             // import path as compiled: "encoding/json", "m/p [m/p.test]" for a test variant
	Dir       string     `json:"dir"`                 // where the compiler ran: relative names in its messages start here
	Go        string     `json:"go"`                  // "go1.26.8"
	Target    Target     `json:"target"`              // for which machine
	Observed  Observed   `json:"observed"`            // how all this is known
	Functions []Function `json:"functions"`           // in source order; closures after the function they are in
	Names     []Name     `json:"names"`               // every function of the package, in the compiler's order
	Instances []Instance `json:"instances,omitempty"` // instances of generic functions in this package
}

// A Target is the machine that was compiled for.
type Target struct {
	OS    string `json:"os"`              // GOOS
	Arch  string `json:"arch"`            // GOARCH
	Level string `json:"level,omitempty"` // "GOAMD64=v3", where it is not the default
	PGO   bool   `json:"pgo,omitempty"`   // a profile was used
}

// Mode says which compiler spoke.
type Mode string

const (
	// Observing: a copy of the user's own compiler that also writes down what it does.
	Observing Mode = "observing"
	// Stock: the compiler as it is, through -m=2, -S and check_bce; facts are fewer.
	Stock Mode = "stock"
)

// Observed says how a report came about and what it can't say.
type Observed struct {
	Mode     Mode  `json:"mode"`
	Verified bool  `json:"verified"`           // the observing compiler's objects were compared with the stock compiler's and are the same bytes
	Resident bool  `json:"resident,omitempty"` // answered by a process that was already there
	Gaps     []Gap `json:"gaps,omitempty"`     // what is missing here: never read its absence as "it is not so"
}

// A Gap is one kind of fact that a report can't have, and why.
type Gap struct {
	Feature Feature `json:"feature"`
	Why     string  `json:"why"`
}

// A Feature is a kind of fact. A claim about a feature that has a gap is not
// proven, whatever the facts say.
type Feature string

const (
	FeatureInlining      Feature = "inlining"       // Inlining, without the bill
	FeatureBill          Feature = "bill"           // Inlining.Bill
	FeatureCalls         Feature = "calls"          // Calls
	FeatureDevirtualized Feature = "devirtualized"  // Call.Devirtualized
	FeatureEscape        Feature = "escape"         // Escape
	FeaturePath          Feature = "path"           // Location.Path
	FeatureChecks        Feature = "checks"         // Checks
	FeatureProof         Feature = "proof"          // Check.Proof
	FeatureIR            Feature = "ir"             // IR
	FeaturePasses        Feature = "passes"         // Passes
	FeatureRewrites      Feature = "rewrites"       // Pass.Rewrites
	FeatureCode          Feature = "code"           // Code, Allocations
	FeatureLiveness      Feature = "liveness"       // Instruction.Live, Code.LiveAtEntry
	FeatureDefers        Feature = "defers"         // Facts of kind FactDefer
	FeatureResident      Feature = "resident"       // answers in milliseconds
	FeatureWriteBarriers Feature = "write-barriers" // Facts of kind FactWriteBarrier
)

// Has reports whether a report has the facts of a feature.
func (o Observed) Has(f Feature) bool {
	for _, g := range o.Gaps {
		if g.Feature == f {
			return false
		}
	}
	return true
}

// A Name is a function of the package, whether or not it was asked for.
type Name struct {
	Name     string        `json:"name"`               // as in Function.Name
	Position lens.Position `json:"position"`           // of its name or its func keyword
	EndLine  int           `json:"endLine,omitempty"`  // the line of its closing brace
	NoBody   bool          `json:"noBody,omitempty"`   // declared in Go, written in assembly
	Compiled bool          `json:"compiled,omitempty"` // in Functions
}

// An Instance is one instantiation of a generic function.
type Instance struct {
	Generic string `json:"generic"` // "Map", "(*List).Push"
	Name    string `json:"name"`    // "Map[go.shape.int]"
}

// A Function is everything that was recorded about one compiled function. A generic
// function gives one for each instance, and a function with closures or range-over-func
// bodies one more for each of them.
type Function struct {
	Name        string        `json:"name"`              // without package: "F", "(*T).M", "Map[go.shape.int]", "F.func1", "F-range1"
	Symbol      string        `json:"symbol"`            // with its package: "example.com/m/p.(*T).M"
	Generic     string        `json:"generic,omitempty"` // for an instance, the name without type arguments
	Parent      string        `json:"parent,omitempty"`  // for a closure, the Name of the function around it
	Type        string        `json:"type"`              // its signature, as the compiler prints it
	Position    lens.Position `json:"position"`
	EndLine     int           `json:"endLine,omitempty"`
	Wrapper     bool          `json:"wrapper,omitempty"` // made by the compiler: a method of an embedded field, what passes a dictionary, equality of a type
	Inlining    Inlining      `json:"inlining"`
	Calls       []Call        `json:"calls,omitempty"`       // in source order, as they are after inlining
	Escape      Escape        `json:"escape"`                //
	Checks      []Check       `json:"checks,omitempty"`      // bounds, nil: kept and proven
	Facts       []Fact        `json:"facts,omitempty"`       // what else was said: write barriers, defers, copies
	Allocations []Allocation  `json:"allocations,omitempty"` // calls in the machine code that take memory from the heap
	IR          []Stage       `json:"ir,omitempty"`          // only with Query.IR
	Passes      []Pass        `json:"passes,omitempty"`      // only with Query.Passes
	Code        Code          `json:"code"`
}

// Inlining is the inliner's view of one function: may it be inlined into others?
// Cost and Budget are in its units, about one for each node of the syntax tree.
type Inlining struct {
	Decided   bool     `json:"decided"`             // it was considered at all: wrappers are not
	Inlinable bool     `json:"inlinable,omitempty"` //
	Cost      int      `json:"cost,omitempty"`      // all of it, also where it is over the budget; 0 where the reason came first
	Budget    int      `json:"budget,omitempty"`    // 80; more for a hot function under PGO
	Reason    string   `json:"reason,omitempty"`    // why not, in the compiler's words
	Bill      []Charge `json:"bill,omitempty"`      // what the cost is made of, a tree in pre-order
}

// A Charge is what one node of the syntax tree costs in the inliner's bill.
type Charge struct {
	Depth int        `json:"depth"` // in the tree, from 0
	Op    string     `json:"op"`    // of the node: "CALLFUNC"
	Text  string     `json:"text"`  // its source as the compiler prints it, cut to 80 bytes; "" for a block
	Stack lens.Stack `json:"stack"`
	Total int        `json:"total"` // with the nodes below; recorded
	Self  int        `json:"self"`  // without; computed
}

// CallKind says what became of a call.
type CallKind string

const (
	CallInlined   CallKind = "inlined"   // its body stands in its place
	CallStatic    CallKind = "static"    // to a function that is known
	CallInterface CallKind = "interface" // through a table of methods
	CallIndirect  CallKind = "indirect"  // through a function value
	CallIntrinsic CallKind = "intrinsic" // an instruction or two instead of a call
)

// A Call is one call that the function makes after inlining, or an inlined one.
type Call struct {
	Kind          CallKind   `json:"kind"`
	Callee        string     `json:"callee"`                  // symbol of an inlined or static callee, else its expression
	Stack         lens.Stack `json:"stack"`                   // of the call
	How           string     `json:"how,omitempty"`           // "go" or "defer"
	Why           string     `json:"why,omitempty"`           // why a static call was not inlined, in the compiler's words; "" where it didn't say
	Cost          int        `json:"cost,omitempty"`          // of the callee in the inliner's bill, where it is of this package
	Devirtualized string     `json:"devirtualized,omitempty"` // the concrete type, where the source calls through an interface
	PGO           bool       `json:"pgo,omitempty"`           // the devirtualization is a guess from a profile: the slow path is kept too
	Index         int        `json:"index"`                   // of an inlined call in the compiler's inlining tree; -1 for others
	Inside        int        `json:"inside"`                  // Index of the inlined call in whose body this call stands; -1 for the function itself
}

// Escape is the graph of escape analysis: locations hold values, edges say that a
// value, its address or what it points to flows from one to another. The compiler
// analyzes mutually recursive functions and closures together, so a graph may name
// locations of other functions.
type Escape struct {
	Locations []Location `json:"locations,omitempty"` // Locations[0] is the heap
	Edges     []Edge     `json:"edges,omitempty"`
}

// LocationKind says what a location is.
type LocationKind string

const (
	LocationHeap       LocationKind = "heap"
	LocationVariable   LocationKind = "variable"
	LocationParameter  LocationKind = "parameter"
	LocationResult     LocationKind = "result"
	LocationAllocation LocationKind = "allocation" // new, make, &T{}, a literal, a closure, a conversion to an interface
	LocationTemporary  LocationKind = "temporary"
	LocationEffect     LocationKind = "effect" // no storage: stands for "is written through" or "is called"
)

// A Location is storage, as escape analysis sees it.
type Location struct {
	ID        int          `json:"id"` // index in Escape.Locations
	Kind      LocationKind `json:"kind"`
	Name      string       `json:"name"` // of the variable, else the expression, cut to 120 bytes
	Op        string       `json:"op,omitempty"`
	Type      string       `json:"type,omitempty"`
	Size      int64        `json:"size"` // bytes; -1 where it has none
	Stack     lens.Stack   `json:"stack,omitempty"`
	Function  string       `json:"function,omitempty"` // Name of the function it is in
	LoopDepth int          `json:"loopDepth"`
	Escapes   bool         `json:"escapes"`          // it must be on the heap
	Persists  bool         `json:"persists"`         // it must outlive the statement that makes it
	Leaks     []Leak       `json:"leaks,omitempty"`  // for a parameter, where its value goes
	Path      []int        `json:"path,omitempty"`   // indices of the edges, from this location to the one that outlives it, as the compiler found it; empty where it does not escape
	Reason    string       `json:"reason,omitempty"` // where it escapes for what it is and not for where it flows: "too large for stack"
}

// A Leak is the flow of a parameter out of its function.
type Leak struct {
	To     string `json:"to"`     // "heap", "result 0", "mutator", "callee"
	Derefs int    `json:"derefs"` // how many pointers deep: 0 is the value itself, 1 what it points to
}

// An Edge says that something of From flows to To.
type Edge struct {
	From   int    `json:"from"`
	To     int    `json:"to"`
	Derefs int    `json:"derefs"` // -1: the address of From; 0: its value; n: what is n pointers away
	Steps  []Step `json:"steps,omitempty"`
}

// A Step is one reason for a flow: the expression and the compiler's word for it.
type Step struct {
	Why   string     `json:"why"`            // "assign", "call parameter", "interface-converted"
	Text  string     `json:"text,omitempty"` // the expression, cut to 120 bytes
	Stack lens.Stack `json:"stack,omitempty"`
}

// CheckKind says what is checked.
type CheckKind string

const (
	CheckIndex CheckKind = "index" // of an array, slice or string
	CheckSlice CheckKind = "slice" // a bound of a slice expression
	CheckNil   CheckKind = "nil"
)

// A Check is one test for a panic that the source needs, kept or not.
type Check struct {
	Kind       CheckKind       `json:"kind"`
	Kept       bool            `json:"kept"` // it is in the machine code
	Stack      lens.Stack      `json:"stack"`
	Value      int             `json:"value"`            // identity in Passes
	Pass       string          `json:"pass,omitempty"`   // the pass that removed it; for a nil check kept as a faulting load, "genssa"
	Proof      string          `json:"proof,omitempty"`  // what made it needless, or, of a kept one, what was known: "0 <= i <= len-1"
	Folded     bool            `json:"folded,omitempty"` // a nil check that costs no instruction: a load that faults does it
	Provenance lens.Provenance `json:"provenance"`
}

// FactKind says what a Fact is about. The compiler's own optimizer codes ("copy",
// "iteration-variable-to-stack") are kinds too.
type FactKind string

const (
	FactWriteBarrier FactKind = "write-barrier" // a pointer is stored with the collector told
	FactDefer        FactKind = "defer"         // Text is "open-coded", "stack-allocated" or "heap-allocated"
	FactInduction    FactKind = "induction"     // the limits of a loop variable
	FactBranch       FactKind = "branch"        // a condition that was proven true or false
)

// A Fact is something that was said about a place.
type Fact struct {
	Kind       FactKind        `json:"kind"`
	Pass       string          `json:"pass,omitempty"`
	Text       string          `json:"text,omitempty"`
	Stack      lens.Stack      `json:"stack,omitempty"`
	Why        []Step          `json:"why,omitempty"`
	Provenance lens.Provenance `json:"provenance"`
}

// An Allocation is a call to a function of the runtime that takes memory from the
// heap. Those of callees are not here: follow Calls.
type Allocation struct {
	PC          int64           `json:"pc"`
	Call        string          `json:"call"`           // "runtime.newobject"
	What        string          `json:"what,omitempty"` // the type that is allocated; inferred
	Stack       lens.Stack      `json:"stack"`
	Conditional bool            `json:"conditional,omitempty"` // there is a buffer on the stack, and the heap only where it is too small
	Provenance  lens.Provenance `json:"provenance"`
}

// A Stage is the function's syntax tree at one point of the front end: "typechecked",
// "inlined", "deadlocals", "escaped", "walked".
type Stage struct {
	Name string `json:"name"`
	Text string `json:"text"` // as the compiler's -W prints it
}
