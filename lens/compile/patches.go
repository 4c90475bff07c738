package compile

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"strings"
)

// observerFiles are the Go files that are added to the compiler. They end in .txt
// because they build only there.
//
//go:embed observer/*.go.txt
var observerFiles embed.FS

// added says where each of observerFiles goes, below cmd/compile/internal.
var added = [...]struct{ name, file string }{
	{"base.go.txt", "base/hone.go"},
	{"logopt.go.txt", "logopt/hone.go"},
	{"inline.go.txt", "inline/hone.go"},
	{"devirtualize.go.txt", "devirtualize/hone.go"},
	{"escape.go.txt", "escape/hone.go"},
	{"gc.go.txt", "gc/hone.go"},
	{"ssa.go.txt", "ssa/hone.go"},
	{"ssagen.go.txt", "ssagen/hone.go"},
}

// A patch is one place where the observer is called. Its anchor must be found exactly
// once, or, where every is set, at least once: a text that moved or was doubled may no
// longer mean what it did, and then the feature is off.
type patch struct {
	feature Feature // that is off without it; "" where there is no observing without it
	file    string  // below cmd/compile/internal
	anchor  string
	text    string // in its place; $0 is the anchor
	every   bool
}

// patches hold for Go 1.24 to 1.27.
var patches = [...]patch{
	// What to compile, and what is said when.
	{"", "gc/main.go", "\t// Compile top-level declarations.\n",
		"\tif base.HoneAnswers() {\n\t\thoneAnswer(profile)\n\t\treturn\n\t}\n\tif base.HoneOn() {\n\t\thoneWhole()\n\t}\n$0", false},
	{"", "gc/main.go", "\tescape.Funcs(typecheck.Target.Funcs)\n",
		"$0\thoneStage(\"escaped\")\n\tif base.HoneOn() {\n\t\tbase.HoneFrontDone()\n\t}\n", false},
	{"", "gc/main.go", "\tlogopt.FlushLoggedOpts(base.Ctxt, base.Ctxt.Pkgpath)\n",
		"$0\tif base.HoneOn() {\n\t\tbase.HoneFlush()\n\t}\n", false},
	{"", "gc/main.go", "\tnoder.LoadPackage(flag.Args())\n", "$0\thonePlaces()\n\thoneStage(\"typechecked\")\n", false},
	{FeatureIR, "gc/main.go", "\tinterleaved.DevirtualizeAndInlinePackage(typecheck.Target, profile)\n", "$0\thoneStage(\"inlined\")\n", false},
	{FeatureIR, "gc/main.go", "\tdeadlocals.Funcs(typecheck.Target.Funcs)\n", "$0\thoneStage(\"deadlocals\")\n", false},
	{FeatureIR, "gc/compile.go", "\twalk.Walk(fn)\n", "$0\thoneWalked(fn)\n", false},

	// Facts of the optimizer. They are turned on for the back end only: in the front
	// end they would be made, and thrown away, for every function of the package.
	{FeatureCalls, "logopt/log_opts.go", "func Enabled() bool {\n", "$0\tif base.HoneBack() {\n\t\treturn true\n\t}\n", false},
	{FeatureCalls, "logopt/log_opts.go", "\tif Format == None {\n\t\treturn\n\t}\n\tlo := NewLoggedOpt(pos, pos, what, pass, funcName, args...)\n", "\thoneFact(pos, what, pass, funcName, args...)\n$0", false},
	{FeatureCalls, "logopt/log_opts.go", "import (\n", "$0\t\"cmd/compile/internal/base\"\n", false},

	// Inlining.
	{FeatureBill, "inline/inl.go", "\tv.do = v.doNode // cache closure\n", "$0\tif base.HoneOn() {\n\t\tdefer v.honeBill(fn)()\n\t}\n", false},
	{FeatureBill, "inline/inl.go", "\tif v.budget < 0 && base.Flag.LowerM < 2 && !logopt.Enabled()", "$0 && !base.HoneOn()", false},
	{FeatureInlining, "inline/inl.go", "\tvar reason string // reason, if any, that the function was not inlined\n", "$0\tif base.HoneOn() {\n\t\tdefer func() { honeDecided(fn, reason) }()\n\t}\n", false},
	{FeatureCalls, "inline/inl.go", "if log && logopt.Enabled() {", "if log && (logopt.Enabled() || honeCan(callerfn)) {", true},
	{FeatureDevirtualized, "devirtualize/devirtualize.go", "\t\tcall.SetOp(ir.OCALLMETH)\n\t\tcall.Fun = x\n", "\t\thoneDevirtualized(call, typ, false)\n$0", false},
	{FeatureDevirtualized, "devirtualize/pgo.go", "func rewriteInterfaceCall(call *ir.CallExpr, curfn, callee *ir.Func, concretetyp *types.Type) ir.Node {\n", "$0\thoneDevirtualized(call, concretetyp, true)\n", false},

	// Escape analysis.
	{FeatureEscape, "escape/escape.go", "func (b *batch) finish(fns []*ir.Func) {\n", "$0\tb.honeGraph(fns)\n", false},
	{FeaturePath, "escape/graph.go", "if base.Flag.LowerM >= 2 || logopt.Enabled() {\n\t\tk.notes = &note{\n", "if base.Flag.LowerM >= 2 || logopt.Enabled() || base.HoneOn() {\n\t\tk.notes = &note{\n", false},
	{FeaturePath, "escape/graph.go", "type location struct {\n", "$0\thone []honeHop // the way to what outlives it\n", false},
	{FeaturePath, "escape/solve.go", "\t\t\t\tnewAttrs |= attrEscapes | attrPersists | attrMutates | attrCalls\n", "$0\t\t\t\tif !l.hasAttr(attrEscapes) && base.HoneOn() {\n\t\t\t\t\tb.honePath(root, l)\n\t\t\t\t}\n", false},
	{FeaturePath, "escape/graph.go", "\t\tsrc.attrs |= attrEscapes | attrPersists | attrMutates | attrCalls\n", "\t\thoneDirect(k, src)\n$0", false},

	// SSA.
	{"", "ssa/func.go", "type Func struct {\n", "$0\tHone *HoneFunc // follows the function; nil for most\n", false},
	{"", "ssa/compile.go", "\tf.HTMLWriter.WritePhase(\"start\", \"start\")\n", "$0\tf.Hone.honePass(\"start\", 0)\n", false},
	{"", "ssa/compile.go", "\t\ttEnd := time.Now()\n", "$0\t\tf.Hone.honePass(p.name, tEnd.Sub(tStart).Nanoseconds())\n", false},
	{"", "ssagen/ssa.go", "\ts.f.PrintOrHtmlSSA = printssa\n", "$0\thoneObserve(&s, fn)\n", false},
	{FeatureRewrites, "ssa/rewrite.go", "\t\t\t\tvchange := phielimValue(v)\n", "\t\t\t\thoneWas := f.Hone.before(v)\n$0", false},
	{FeatureRewrites, "ssa/rewrite.go", "\t\t\t\tchange = change || vchange\n", "$0\t\t\t\tif vchange {\n\t\t\t\t\tf.Hone.after(honeWas, v)\n\t\t\t\t}\n", false},
	{FeatureProof, "ssa/prove.go", "\t\t\tif branch != unknown {\n\t\t\t\taddBranchRestrictions(ft, parent, branch)\n\t\t\t}\n", "\t\t\tif branch != unknown {\n\t\t\t\tf.Hone.honeKnow(ft, parent)\n\t\t\t}\n$0", false},
	{FeatureProof, "ssa/prove.go", "func removeBranch(b *Block, branch branch) {\n", "$0\tb.Func.Hone.honeBranch(b, branch)\n", false},
	{FeatureProof, "ssa/loopbce.go", "iv = append(iv, indVar{\n", "f.Hone.honeInduction(b, ind, min, max, step, flags)\n\t\t\t$0", false},

	// Machine code.
	{"", "ssagen/ssa.go", "\tgatherPrintInfo := f.PrintOrHtmlSSA ||", "\tgatherPrintInfo := f.Hone != nil || f.PrintOrHtmlSSA ||", false},
	{"", "ssagen/ssa.go", "\tif f.HTMLWriter != nil { // spew to ssa.html\n", "\thoneGenssa(f, progToValue, progToBlock)\n$0", false},
	{"", "ssagen/pgen.go", "\tpp.Flush() // assemble, fill in boilerplate, etc.\n", "$0\thoneFinish(fn, f, pp)\n", false},
	{FeatureLiveness, "ssagen/ssa.go", "\ts.livenessMap, s.partLiveArgs, lv = liveness.Compute(e.curfn, f, e.stkptrsize, pp, gatherPrintInfo)\n", "$0\tif f.Hone != nil {\n\t\tf.Hone.Live = lv\n\t}\n", false},
	{FeatureDefers, "ssagen/ssa.go", "\tcase ir.ODEFER:\n\t\tn := n.(*ir.GoDeferStmt)\n", "$0\t\thoneDefer(s, n)\n", false},
}

// patchesHash names the observer: another one must not find this one's binary.
func patchesHash() string {
	h := sha256.New()
	for _, p := range patches {
		fmt.Fprintf(h, "%q %q %q %q %v\n", p.feature, p.file, p.anchor, p.text, p.every)
	}
	for _, a := range added {
		text, _ := observerFiles.ReadFile("observer/" + a.name)
		fmt.Fprintf(h, "%s %s %x\n", a.name, a.file, sha256.Sum256(text))
	}
	return hex.EncodeToString(h.Sum(nil))[:12]
}

// A patched compiler is the text of the files that differ from the original's, below
// cmd/compile/internal, and what could not be patched.
type patched struct {
	files map[string]string
	gaps  []Gap
}

// applyPatches patches the files that read returns. It returns an error where the
// compiler has no place for what every observation needs. A feature is all or nothing:
// where one of its anchors is missing, none of its patches is made.
func applyPatches(read func(file string) (string, error)) (*patched, error) {
	off := map[Feature]string{}
	original := map[string]string{}
	for _, p := range patches {
		text, ok := original[p.file]
		if !ok {
			var err error
			if text, err = read(p.file); err != nil && p.feature == "" {
				return nil, err
			}
			original[p.file] = text
		}
		if n := strings.Count(text, p.anchor); n == 1 || p.every && n > 1 {
			continue
		} else if p.feature == "" {
			return nil, fmt.Errorf("patch the compiler: %s has %d places like %q, want 1", p.file, n, strings.TrimSpace(p.anchor))
		} else {
			off[p.feature] = fmt.Sprintf("this compiler's %s has %d places like %q, hone knows 1", p.file, n, strings.TrimSpace(p.anchor))
		}
	}
	dependOn(off)
	out := &patched{files: map[string]string{}}
	for _, p := range patches {
		if off[p.feature] != "" {
			continue
		}
		text, ok := out.files[p.file]
		if !ok {
			text = original[p.file]
		}
		out.files[p.file] = strings.ReplaceAll(text, p.anchor, strings.ReplaceAll(p.text, "$0", p.anchor))
	}
	for _, f := range features {
		if off[f] != "" {
			out.gaps = append(out.gaps, Gap{f, off[f]})
		}
	}
	return out, nil
}

// dependOn turns off what can't be without what is off. The files that are added to
// escape analysis use the field that the patch for paths adds.
func dependOn(off map[Feature]string) {
	for _, d := range [][2]Feature{{FeaturePath, FeatureEscape}, {FeatureEscape, FeaturePath}, {FeatureInlining, FeatureBill}} {
		if why := off[d[0]]; why != "" && off[d[1]] == "" {
			off[d[1]] = why
		}
	}
}

// addedFiles returns the files to add, by their place below cmd/compile/internal,
// without those of features that are off.
func (p *patched) addedFiles() (map[string]string, error) {
	out := map[string]string{}
	for _, a := range added {
		if a.file == "escape/hone.go" && !(Observed{Gaps: p.gaps}).Has(FeatureEscape) {
			continue
		}
		text, err := observerFiles.ReadFile("observer/" + a.name)
		if err != nil {
			return nil, err
		}
		out[a.file] = string(text)
	}
	return out, nil
}

// features are all, in the order in which gaps are listed.
var features = [...]Feature{
	FeatureInlining, FeatureBill, FeatureCalls, FeatureDevirtualized, FeatureEscape, FeaturePath, FeatureChecks, FeatureProof,
	FeatureIR, FeaturePasses, FeatureRewrites, FeatureCode, FeatureLiveness, FeatureDefers, FeatureWriteBarriers, FeatureResident,
}
