package compile

import (
	"bufio"
	"errors"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

func decodeText(text string) (*decoder, error) {
	d := newDecoder("/go", "/m", "m/p")
	d.begin(wants{ir: true, passes: true})
	err := d.read(bufio.NewReader(strings.NewReader(text)))
	return d, err
}

const exampleRecords = "pos\t0\t1\t/m/p.go\t3\t6\t\n" +
	"pos\t1\t2\t./p.go\t4\t2\t\t$GOROOT/src/strings/strings.go\t9\t1\tstrings.Cut\n" +
	"name\tF\t0\t8\t0\t0\t0\n" +
	"func\tF\tfunc()\t0\t8\t\t0\n" +
	"inline\tF\t0\t0\tunhandled op DEFER\n" +
	"bill\tF\t5\t80\t3\t1\t1\tNAME\t\t0\t1\t2\tLITERAL\t\t0\t0\t5\tAS\t\t1\n" +
	"fact\tF\tdefer\tssagen\t1\topen-coded\n" +
	"check\tF\tindex\t12\t1\tprove\t0 <= i\n" +
	"graph\t\t1\tF\t2" +
	"\theap\t\t\t\t-1\t-1\t\t0\t1\t0\t0" +
	"\tvariable\tv\tNAME\tint\t8\t0\tF\t1\t1\t1\t1\theap\t0" +
	"\t0" +
	"\t1\t1\t1\t1\t0\t-1\t1\tassign\tx = &v\t0\n" +
	"pass\tF\tstart\t5\t1\t1" +
	"\t1\t3\tAdd64\tint\t\t2\t1\t2\t0\t1\tAX" +
	"\t0" +
	"\t1\t7\tPlain\t\t0\t0\t0\t0\t0\t0\t1\t3" +
	"\t0\t0" +
	"\t1\t7" +
	"\t1\tv\t1\t3" +
	"\t1\ta\\tb\tc\n" +
	"code\tF\tm/p.F\t9\t16\t8\t0\t0\tabi\tlive" +
	"\t0" +
	"\t1\t0\tCALL\tCALL runtime.newobject(SB)\te8\truntime.newobject\t-1\t1\t3\t-1\t" +
	"\t0\n"

// Every kind of record is read, and positions are resolved.
func TestDecoder_ReadsEveryRecord(t *testing.T) {
	d, err := decodeText(exampleRecords + "done\t\n")
	if err != nil || d.lost != 0 {
		t.Fatalf("%v, %d records lost", err, d.lost)
	}
	fs := d.finish()
	if len(fs) != 1 {
		t.Fatalf("%d functions, want 1", len(fs))
	}
	f := fs[0]
	if got := f.Checks[0].Stack.String(); got != "/go/src/strings/strings.go:9:1 inlined at /m/p.go:4:2" {
		t.Errorf("the check is at %s", got)
	}
	if f.Checks[0].Stack.Outer().Function != "m/p.F" || f.Checks[0].Kept {
		t.Errorf("the check is %+v", f.Checks[0])
	}
	if p := f.Escape.Path(1); len(p) != 1 || p[0].Steps[0].Why != "assign" || p[0].To != 0 {
		t.Errorf("the path is %+v", p)
	}
	if b := f.Inlining.Bill; len(b) != 3 || b[0].Op != "AS" || b[0].Self != 2 || b[2].Op != "LITERAL" {
		t.Errorf("the bill is %+v", b)
	}
	if s, ok := f.After(0); !ok || s.Values[3].Op != "Add64" || s.Blocks[0].ID != 7 || s.Variables["v"][0] != 3 {
		t.Errorf("the function after the pass is %+v", s)
	}
	if r := f.Passes[0].Rewrites; len(r) != 1 || r[0].Before != "a\tb" {
		t.Errorf("the rewrites are %q", r)
	}
	if len(f.Allocations) != 1 || f.Allocations[0].Call != "runtime.newobject" {
		t.Errorf("the allocations are %+v", f.Allocations)
	}
}

// An answer that ends in the middle is an error, wherever it ends.
func TestDecoder_NoticesTruncation(t *testing.T) {
	whole := exampleRecords + "done\t\n"
	for n := range len(whole) {
		if _, err := decodeText(whole[:n]); !errors.Is(err, errTruncated) {
			t.Fatalf("cut after %d bytes: %v, want %v", n, err, errTruncated)
		}
	}
}

// A number that is wrong loses its record, not the answer.
func TestDecoder_SurvivesDamage(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	for range 2000 {
		text := []byte(exampleRecords)
		for range 1 + rng.IntN(4) {
			text[rng.IntN(len(text))] = byte(rng.IntN(256))
		}
		d, _ := decodeText(string(text) + "\ndone\t\n")
		use(d.finish())
	}
}

func use(fs []Function) {
	for i := range fs {
		f := &fs[i]
		for j := range f.Passes {
			f.After(j)
		}
		for _, l := range f.Escape.Locations {
			f.Escape.Path(l.ID)
			_ = l.String()
		}
		f.History(1)
	}
}

func FuzzDecoder(f *testing.F) {
	f.Add(exampleRecords + "done\t\n")
	f.Add("graph\t\t1\tF\t0\t0\t9\t0\t0\n")
	f.Add("bill\tF\t5\t80\t2\t3\t1\tA\t\t0\t9\t1\tB\t\t0\n")
	f.Add("pass\tF\tx\t0\t0\t0\t999999999\n")
	f.Fuzz(func(t *testing.T, text string) {
		d, _ := decodeText(text)
		use(d.finish())
	})
}

// The bill is a tree in pre-order: every charge comes before those below it, and the
// selves sum to the totals.
func TestPreorder_KeepsSums(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 4))
	for range 200 {
		var post []Charge
		total := 0
		var grow func(depth int) int
		grow = func(depth int) int {
			sum := 1 + rng.IntN(5)
			if depth < 6 {
				for range rng.IntN(3) {
					sum += grow(depth + 1)
				}
			}
			post = append(post, Charge{Depth: depth, Total: sum})
			return sum
		}
		for range 1 + rng.IntN(3) {
			total += grow(0)
		}
		pre := preorder(slices.Clone(post))
		selves, tops := 0, 0
		for i, c := range pre {
			selves += c.Self
			if c.Depth == 0 {
				tops += c.Total
			}
			if i > 0 && c.Depth > pre[i-1].Depth+1 {
				t.Fatalf("a charge of depth %d follows one of depth %d", c.Depth, pre[i-1].Depth)
			}
		}
		if len(pre) != len(post) || selves != total || tops != total {
			t.Fatalf("%d charges of %d, selves %d, tops %d, total %d", len(pre), len(post), selves, tops, total)
		}
	}
}

// What was escaped is what comes back.
func FuzzUnescape(f *testing.F) {
	f.Add("a\tb\nc\\d\r")
	f.Fuzz(func(t *testing.T, s string) {
		escaped := strings.NewReplacer("\\", `\\`, "\t", `\t`, "\n", `\n`, "\r", `\r`).Replace(s)
		if got := unescape(escaped); got != s {
			t.Errorf("%q becomes %q", s, got)
		}
	})
}

// Names that are like the one asked for are suggested.
func TestNear_SuggestsWhatWasMeant(t *testing.T) {
	names := []string{"Scan", "(*Scanner).Scan", "(*Scanner).Bytes", "NewScanner", "Largest[go.shape.int]"}
	for ask, want := range map[string]string{"scan": "(*Scanner).Scan", "Scaner.Scan": "(*Scanner).Scan", "NewScaner": "NewScanner", "largest": "Largest[go.shape.int]", "Bites": "(*Scanner).Bytes"} {
		if got := near(ask, names); !slices.Contains(got, want) {
			t.Errorf("%s: %q, want %s among them", ask, got, want)
		}
	}
	if got := near("Zebra", names); got != nil {
		t.Errorf("Zebra: %q, want none", got)
	}
}

// A defer in a range-over-func body takes its list from the heap, and one that joins it a
// record; only a record on the stack takes nothing.
func TestAllocations_OfDefer(t *testing.T) {
	code := &Code{}
	for _, call := range []string{"deferprocStack", "deferproc", "deferprocat", "deferrangefunc", "deferreturn"} {
		code.Instructions = append(code.Instructions, Instruction{Op: "CALL", Target: "runtime." + call})
	}
	var got []string
	for _, a := range allocations(code) {
		got = append(got, strings.TrimPrefix(a.Call, "runtime."))
	}
	if want := []string{"deferproc", "deferprocat", "deferrangefunc"}; !slices.Equal(got, want) {
		t.Errorf("%q take memory, want %q", got, want)
	}
}

// A question matches as the observer's does.
func TestMatches_FindsInstancesClosuresAndMethods(t *testing.T) {
	for _, c := range []struct {
		ask, name string
		want      bool
	}{
		{"F", "F", true}, {"F", "F.func1", true}, {"F", "F-range1", true}, {"F", "FF", false}, {"*", "x", true},
		{"T.M", "(*T).M", true}, {"(*T).M", "T.M", false}, {"T", "(*T).M", true}, {"Map", "Map[go.shape.int]", true},
		{"Map[go.shape.int]", "Map[go.shape.int]", true}, {"Map[go.shape.int]", "Map[go.shape.string]", false},
		{"(*L).Push", "(*L[go.shape.int]).Push", true}, {"L.Push", "(*L[go.shape.int]).Push.func1", true},
	} {
		if got := matches(c.ask, c.name); got != c.want {
			t.Errorf("%s matches %s: %v, want %v", c.ask, c.name, got, c.want)
		}
	}
}
