package claim

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
)

// A goroutine is one goroutine of a dump, as far as its text tells.
type goroutine struct {
	id        int
	state     string  // "chan receive", without how long
	frames    []frame // innermost first
	creator   frame   // the go statement, zero for the main goroutine
	creatorID int     // the goroutine that ran it, 0 = none
	watched   bool    // runs a function for Terminates or Deadlocks, which answer for it
}

type frame struct {
	fn  string
	pos string // file:line
}

// dumpLimit is the most bytes of stacks that are read.
const dumpLimit = 32 << 20

// dump returns every goroutine that runtime.Stack shows; it stops the world.
func dump() []goroutine {
	for size := 64 << 10; ; size *= 4 {
		buf := make([]byte, min(size, dumpLimit))
		n := runtime.Stack(buf, true)
		if n < len(buf) || len(buf) == dumpLimit {
			return parseDump(string(buf[:n]))
		}
	}
}

// self returns the calling goroutine, without its frames.
func self() goroutine {
	buf := make([]byte, 256)
	header, _, _ := strings.Cut(string(buf[:runtime.Stack(buf, false)]), "\n")
	g, _ := parseHeader(header)
	return g
}

// inBubble reports whether the caller runs in a synctest bubble: its goroutine
// says so in the dump, and there is no other way to ask.
func inBubble() bool {
	buf := make([]byte, 256)
	header, _, _ := bytes.Cut(buf[:runtime.Stack(buf, false)], []byte("\n"))
	return bytes.Contains(header, []byte("synctest bubble"))
}

// parseDump reads the text of runtime.Stack. The format is not promised, so what
// it does not know it leaves out: a goroutine with an unreadable frame keeps the
// others.
//
//	goroutine 7 [chan receive, 2 minutes]:
//	main.work(0xc000012345)
//		/home/a/main.go:12 +0x1f
//	created by main.start in goroutine 1
//		/home/a/main.go:5 +0x25
func parseDump(text string) []goroutine {
	var all []goroutine
	for block := range strings.SplitSeq(text, "\n\n") {
		lines := strings.Split(strings.Trim(block, "\n"), "\n")
		g, ok := parseHeader(lines[0])
		if !ok {
			continue
		}
		for i := 1; i+1 < len(lines); i++ {
			if !strings.HasPrefix(lines[i+1], "\t") {
				continue
			}
			g.add(lines[i], position(lines[i+1]))
			i++
		}
		all = append(all, g)
	}
	return all
}

func parseHeader(line string) (goroutine, bool) {
	rest, ok := strings.CutPrefix(line, "goroutine ")
	if !ok {
		return goroutine{}, false
	}
	number, rest, ok := strings.Cut(rest, " ")
	id, err := strconv.Atoi(number)
	if !ok || err != nil {
		return goroutine{}, false
	}
	_, rest, _ = strings.Cut(rest, "[")
	state, _, _ := strings.Cut(rest, "]")
	state, _, _ = strings.Cut(state, ", ")
	state = strings.TrimSuffix(state, " (durable)")
	return goroutine{id: id, state: state}, true
}

func (g *goroutine) add(line, pos string) {
	if by, ok := strings.CutPrefix(line, "created by "); ok {
		fn, id, _ := strings.Cut(by, " in goroutine ")
		g.creator = frame{fn, pos}
		g.creatorID, _ = strconv.Atoi(id)
		return
	}
	fn := line
	if i := strings.LastIndex(line, "("); i > 0 {
		fn = line[:i]
	}
	g.addFrame(frame{fn, pos})
}

func (g *goroutine) addFrame(f frame) {
	g.frames = append(g.frames, f)
	g.watched = g.watched || strings.HasSuffix(f.fn, "/claim.watched")
}

// position takes file:line out of "\t/a/b.go:12 +0x1f".
func position(line string) string {
	pos := strings.TrimSpace(line)
	if i := strings.LastIndex(pos, " +0x"); i > 0 {
		pos = pos[:i]
	}
	return pos
}

// key identifies goroutines that are at the same place. Frames of the runtime are
// left out: the profile and the dump show different ones.
func (g goroutine) key() string {
	var b strings.Builder
	for _, f := range g.frames {
		if !strings.HasPrefix(f.fn, "runtime.") {
			b.WriteString(f.fn + " " + f.pos + "\n")
		}
	}
	return b.String()
}

// family returns those of all that descend from the goroutines in from, and were
// not in before: as far as each one's creator is still there to ask.
func family(all []goroutine, from, before map[int]bool) []goroutine {
	in := map[int]bool{}
	for id := range from {
		in[id] = true
	}
	var found []goroutine
	for grown := true; grown; {
		grown = false
		for _, g := range all {
			if in[g.creatorID] && !in[g.id] && !before[g.id] && !g.watched {
				in[g.id], grown = true, true
				found = append(found, g)
			}
		}
	}
	return found
}

// shownFrames is the most frames of a stack that are shown.
const shownFrames = 24

// stacks renders goroutines, those at the same place and started at the same
// place together, the largest group first.
func stacks(gs []goroutine) string {
	groups := map[string][]goroutine{}
	for _, g := range gs {
		k := g.state + "\n" + g.key() + g.creator.pos
		groups[k] = append(groups[k], g)
	}
	var order [][]goroutine
	for _, g := range groups {
		order = append(order, g)
	}
	slices.SortFunc(order, func(a, b []goroutine) int {
		if len(a) != len(b) {
			return len(b) - len(a)
		}
		return a[0].id - b[0].id
	})
	var b strings.Builder
	for i, group := range order {
		if i > 0 {
			b.WriteString("\n")
		}
		group[0].write(&b, len(group))
	}
	return b.String()
}

func (g goroutine) write(b *strings.Builder, count int) {
	if count == 1 {
		fmt.Fprintf(b, "1 goroutine in %s", g.state)
	} else {
		fmt.Fprintf(b, "%d goroutines in %s", count, g.state)
	}
	if g.creator.fn != "" {
		fmt.Fprintf(b, ", started by %s at %s", shortFunc(g.creator.fn), shortPos(g.creator.pos))
	}
	b.WriteString("\n")
	for i, f := range g.frames {
		if i == shownFrames {
			fmt.Fprintf(b, "    … %d more\n", len(g.frames)-i)
			break
		}
		fmt.Fprintf(b, "    %-40s %s\n", shortFunc(f.fn), shortPos(f.pos))
	}
}

// shortFunc drops the directories of the import path: what is left is how the
// source says it.
func shortFunc(fn string) string {
	args := strings.IndexByte(fn, '[') // type arguments have paths of their own
	if args < 0 {
		args = len(fn)
	}
	return fn[strings.LastIndexByte(fn[:args], '/')+1:]
}

// shortPos makes a path relative to the working directory, which is that of the
// package under go test, or names it as an import path below GOROOT.
func shortPos(pos string) string {
	if dir, err := os.Getwd(); err == nil {
		if rel, ok := strings.CutPrefix(pos, dir+string(filepath.Separator)); ok {
			return rel
		}
	}
	if _, std, ok := strings.Cut(pos, "/go/src/"); ok && !strings.Contains(pos, "/mod/") {
		return std
	}
	return pos
}
