//go:build !race

package bounds_test

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/compiler/bounds"
	"github.com/hone-go/hone/lens"
	"github.com/hone-go/hone/lens/compile"
)

// cannotPanic checks that the machine code of the functions, and of every function that
// they call, directly or not, has no way to panic and takes no memory: that it calls
// nothing but itself and what moves and compares bytes. Nothing is believed that is not
// seen: a call through a function value leads anywhere, and so it counts.
//
// [claim.CompiledFunc.NoBoundsChecks] says this of one function. It would not see a
// check that moved into a function of its own.
func cannotPanic(t *testing.T, names ...string) {
	t.Helper()
	p := proof{t: t, report: claim.Compiler(t, ".").Report(compile.FeatureCode, compile.FeatureChecks), sources: map[string][]string{}}
	for _, name := range names {
		i := slices.IndexFunc(p.report.Functions, func(f compile.Function) bool { return f.Name == name })
		if i < 0 {
			t.Fatalf("%s is not a function of the package", name)
		}
		p.visit(p.report.Functions[i])
	}
	if len(p.against) == 0 {
		return
	}
	claim.Show(t, claim.KindText, "what can panic in "+strings.Join(names, ", "), p.report.Go+" "+p.report.Target.Arch+"\n"+strings.Join(p.against, "\n"))
	claim.Fail(t, claim.OutcomeBudget, "%s, with what they call, can panic. Places in their machine code: %d, want 0. The first:\n%s",
		strings.Join(names, " and "), len(p.against), p.against[0])
}

// A proof is a walk through machine code.
type proof struct {
	t       *testing.T
	report  *compile.Report
	seen    []string // symbols
	against []string
	sources map[string][]string // lines of a file
}

// harmless are the functions of the runtime that may be called: they grow the stack and
// move, clear and compare memory.
var harmless = regexp.MustCompile(`^runtime\.(morestack\w*|memmove|memclr\w*|memequal\w*|duff\w+)$`)

// calls are what assemblers name the instructions that call.
var calls = []string{"CALL", "BL", "JAL", "CALLIND"}

func (p *proof) visit(f compile.Function) {
	if slices.Contains(p.seen, f.Symbol) {
		return
	}
	p.seen = append(p.seen, f.Symbol)
	if len(f.Code.Instructions) == 0 {
		p.say(nil, f.Name+" has no machine code that could be looked at")
	}
	before := len(p.against)
	for _, c := range f.Checks {
		if c.Kept && c.Kind != compile.CheckNil {
			p.say(c.Stack, f.Name+": "+string(c.Kind)+" check", c.Proof)
		}
	}
	checks := len(p.against) > before
	for _, i := range f.Code.Instructions {
		if !slices.Contains(calls, i.Op) || harmless.MatchString(i.Target) {
			continue
		}
		k := slices.IndexFunc(p.report.Functions, func(f compile.Function) bool { return f.Symbol == i.Target })
		switch {
		case i.Target == "":
			p.say(i.Stack, f.Name+" calls through a pointer, and what is called there nobody can tell")
		case k >= 0:
			p.visit(p.report.Functions[k])
		case strings.HasPrefix(i.Target, "math/bits.OnesCount"): // for a processor that can't
		case !checks || !strings.HasPrefix(i.Target, "runtime.panic"): // these are the checks above
			p.say(i.Stack, f.Name+" calls "+i.Target)
		}
	}
}

// say notes what speaks against the functions: where, which source, and what prove knew.
func (p *proof) say(at lens.Stack, what string, known ...string) {
	for i := len(at) - 1; i >= 0; i-- {
		file, text := at[i].File, ""
		if _, read := p.sources[file]; !read {
			p.sources[file] = source(file)
		}
		if lines := p.sources[file]; at[i].Line > 0 && at[i].Line <= len(lines) {
			text = strings.TrimSpace(lines[at[i].Line-1])
		}
		what += fmt.Sprintf("\n    %s:%d: %s", file[strings.LastIndexAny(file, `/\`)+1:], at[i].Line, text)
	}
	for _, k := range known {
		if k != "" {
			what += "\n    known: " + k
		}
	}
	p.against = append(p.against, what)
}

// source returns the lines of a file as it was compiled: where a learner's files lie over
// those of a lab, the flags of the go command say which are read in their place.
func source(file string) []string {
	for flag := range strings.FieldsSeq(os.Getenv("GOFLAGS")) {
		name, ok := strings.CutPrefix(strings.TrimLeft(flag, "-"), "overlay=")
		if !ok {
			continue
		}
		var over struct{ Replace map[string]string }
		if text, err := os.ReadFile(name); err == nil && json.Unmarshal(text, &over) == nil {
			if other, ok := over.Replace[file]; ok {
				file = other
			}
		}
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	return strings.Split(string(text), "\n")
}

// TestWords_NoChecks promises that Words and PutWords, and what they call, have no bounds
// check left, nor another way to panic.
func TestWords_NoChecks(t *testing.T) { cannotPanic(t, "Words", "PutWords") }

// TestHex_NoChecks promises that EncodeHex and DecodeHex, and what they call, have no
// bounds check left, nor another way to panic.
func TestHex_NoChecks(t *testing.T) { cannotPanic(t, "EncodeHex", "DecodeHex") }

// TestVarint_NoChecks promises that Uvarints and PutUvarints, their slow paths and all that
// they call have no bounds check left, nor another way to panic.
func TestVarint_NoChecks(t *testing.T) { cannotPanic(t, "Uvarints", "PutUvarints") }

// TestStream_NoChecks promises that Stream and PutStream, their last groups and all that
// they call have no bounds check left, nor another way to panic.
func TestStream_NoChecks(t *testing.T) { cannotPanic(t, "Stream", "PutStream") }

// TestPack_NoChecks promises that Unpack and Pack, with the varint and the Stream VByte
// block in a list, have no bounds check left, nor another way to panic.
func TestPack_NoChecks(t *testing.T) { cannotPanic(t, "Unpack", "Pack") }

// side is one who competes: it does f once for an operation.
func side(name string, f func()) claim.Side {
	return claim.Side{Name: name, Op: func(n int) {
		for range n {
			f()
		}
	}}
}

// TestWords_Speed promises that PutWords and Words take at most 0.53 times the CPU of
// loops over binary.BigEndian.PutUint64(b[8*i:], w) and Uint64(b[8*i:]), on 8 KiB.
func TestWords_Speed(t *testing.T) {
	words, b := list64(claim.Rand(t), 1<<10, 64), make([]byte, 8<<10)
	claim.Faster(t, claim.Contest{
		Ours: side("PutWords and Words", func() {
			bounds.PutWords(b, words)
			bounds.Words(words, b)
		}),
		Peer: side("encoding/binary, word by word", func() {
			for i, w := range words {
				binary.BigEndian.PutUint64(b[8*i:], w)
			}
			for i := range words {
				words[i] = binary.BigEndian.Uint64(b[8*i:])
			}
		}),
		Rounds: 10, // the first verdict should not keep anybody waiting
	}, 0.53)
}

// TestHex_EncodeSpeed promises that EncodeHex takes at most 0.55 times the CPU of
// hex.Encode, on 4 KiB.
func TestHex_EncodeSpeed(t *testing.T) {
	src, dst := hostile(claim.Rand(t), 4<<10), make([]byte, 8<<10)
	claim.Faster(t, claim.Contest{
		Ours: side("EncodeHex", func() { bounds.EncodeHex(dst, src) }),
		Peer: side("encoding/hex", func() { hex.Encode(dst, src) }),
	}, 0.55)
}

// TestHex_DecodeSpeed promises that DecodeHex takes at most 0.91 times the CPU of
// hex.Decode, on 8 KiB of digits.
func TestHex_DecodeSpeed(t *testing.T) {
	src, dst := []byte(hex.EncodeToString(hostile(claim.Rand(t), 4<<10))), make([]byte, 4<<10)
	claim.Faster(t, claim.Contest{
		Ours: side("DecodeHex", func() { bounds.DecodeHex(dst, src) }),
		Peer: side("encoding/hex", func() { hex.Decode(dst, src) }),
	}, 0.91)
}

// many is how many values the lists for measurements have: the processor learns the
// branches of a list of a few thousand by heart, and then a wrong guess is no cost any more.
const many = 1 << 16

func varints(values []uint64) []byte {
	var out []byte
	for _, v := range values {
		out = binary.AppendUvarint(out, v)
	}
	return out
}

// decodeBinary is the loop that encoding/binary asks for.
func decodeBinary(dst []uint64, src []byte) {
	for i := range dst {
		v, n := binary.Uvarint(src)
		if n <= 0 {
			return
		}
		dst[i] = v
		src = src[n:]
	}
}

// TestVarint_Speed promises that Uvarints takes at most 0.42 times the CPU of a loop over
// binary.Uvarint, on a list of 65,536 values of one to four bytes and one of as many
// single bytes, which most lists are.
func TestVarint_Speed(t *testing.T) {
	rng := claim.Rand(t)
	dst := list64(rng, many, 28)
	mixed, small := varints(dst), varints(list64(rng, many, 7))
	claim.Faster(t, claim.Contest{
		Ours: side("Uvarints", func() {
			bounds.Uvarints(dst, mixed)
			bounds.Uvarints(dst, small)
		}),
		Peer: side("encoding/binary, value by value", func() {
			decodeBinary(dst, mixed)
			decodeBinary(dst, small)
		}),
	}, 0.42)
}

// TestVarint_PutSpeed promises that PutUvarints takes at most 0.42 times the CPU of a loop
// over binary.PutUvarint, on a list of 65,536 values of one to four bytes.
func TestVarint_PutSpeed(t *testing.T) {
	src := list64(claim.Rand(t), many, 28)
	dst := make([]byte, 10*many)
	claim.Faster(t, claim.Contest{
		Ours: side("PutUvarints", func() { bounds.PutUvarints(dst, src) }),
		Peer: side("encoding/binary, value by value", func() {
			n := 0
			for _, v := range src {
				n += binary.PutUvarint(dst[n:], v)
			}
		}),
	}, 0.42)
}

// TestStream_Speed promises that Stream takes at most 0.098 times the CPU that
// binary.Uvarint takes for the same 65,536 values of one to 32 bits as varints.
func TestStream_Speed(t *testing.T) {
	dst := list32(claim.Rand(t), many, 32)
	wide := make([]uint64, many)
	for i, v := range dst {
		wide[i] = uint64(v)
	}
	src, peer := make([]byte, 5*many), varints(wide)
	n, _ := bounds.NaivePutStream(src, dst)
	claim.Faster(t, claim.Contest{
		Ours: side("Stream", func() { bounds.Stream(dst, src[:n]) }),
		Peer: side("encoding/binary, value by value", func() { decodeBinary(wide, peer) }),
	}, 0.098)
}

// TestStream_PutSpeed promises that PutStream takes at most 0.15 times the CPU that
// binary.PutUvarint takes for the same values.
func TestStream_PutSpeed(t *testing.T) {
	src := list32(claim.Rand(t), many, 32)
	dst := make([]byte, 10*many)
	claim.Faster(t, claim.Contest{
		Ours: side("PutStream", func() { bounds.PutStream(dst, src) }),
		Peer: side("encoding/binary, value by value", func() {
			n := 0
			for _, v := range src {
				n += binary.PutUvarint(dst[n:], uint64(v))
			}
		}),
	}, 0.15)
}

// postings is an ascending list whose gaps are small and large, as those of an index are.
func postings(t *testing.T) []uint32 {
	rng, last := claim.Rand(t), uint32(0)
	out := make([]uint32, many)
	for i := range out {
		last += uint32(bits64(rng, 14))
		out[i] = last
	}
	return out
}

// TestPack_Speed promises that Unpack takes at most 0.176 times the CPU that binary.Uvarint
// takes for the same 65,536 ascending values as varints of their differences.
func TestPack_Speed(t *testing.T) {
	dst := postings(t)
	src, peer := make([]byte, 5*many), gaps(dst)
	n, _ := bounds.NaivePack(src, dst)
	claim.Faster(t, claim.Contest{
		Ours: side("Unpack", func() { bounds.Unpack(dst, src[:n]) }),
		Peer: side("encoding/binary, value by value", func() {
			last, rest := uint32(0), peer
			for i := range dst {
				v, n := binary.Uvarint(rest)
				if n <= 0 {
					return
				}
				last += uint32(v)
				dst[i] = last
				rest = rest[n:]
			}
		}),
	}, 0.176)
}

// gaps are the differences of a list, as varints.
func gaps(list []uint32) []byte {
	var out []byte
	last := uint32(0)
	for _, v := range list {
		out = binary.AppendUvarint(out, uint64(v-last))
		last = v
	}
	return out
}

// TestPack_PutSpeed promises that Pack takes at most 0.39 times the CPU that
// binary.PutUvarint takes for the differences of the same list.
func TestPack_PutSpeed(t *testing.T) {
	src := postings(t)
	dst := make([]byte, 10*many)
	claim.Faster(t, claim.Contest{
		Ours: side("Pack", func() { bounds.Pack(dst, src) }),
		Peer: side("encoding/binary, value by value", func() {
			n, last := 0, uint32(0)
			for _, v := range src {
				n += binary.PutUvarint(dst[n:], uint64(v-last))
				last = v
			}
		}),
	}, 0.39)
}
