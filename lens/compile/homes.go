package compile

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Resident processes
//
// Most of the time of a question goes into the front end: parsing, types, inlining,
// escape analysis of the whole package. A home is a compiler that has done this and
// waits. It compiles a function when it is asked for, once: the back end rewrites the
// function's tree, so what it said is kept here, as text, and decoded again for every
// question. What a home says is exactly what a process for the one question would, but
// for the trees of the early stages, which are gone; those questions go to a new process.

// maxAnswers is how many bytes of answers a home keeps. Then it is replaced.
const maxAnswers = 128 << 20

// homes are the resident processes of a Lens.
type homes struct {
	mu   sync.Mutex // guards all below
	byID map[string]*home
}

// A home is one resident process.
type home struct {
	mu    sync.Mutex // one question at a time; guards all below
	c     *compiler
	d     *decoder
	lines map[string][]string // records by function
	bytes int
	gone  bool

	used  time.Time // guarded by homes.mu
	timer *time.Timer
}

// id names the state of a package: another one needs another front end.
func (a asking) id() string {
	h := sha256.New()
	fmt.Fprintf(h, "%s %s %q %s", a.o.path, a.p.key, a.p.Args, a.r.overlay)
	for _, f := range a.p.Files {
		s := stampOf(f)
		fmt.Fprintf(h, "%q %d %d", f, s.Size, s.Time)
	}
	for i, arg := range a.p.Args {
		if i > 0 && a.p.Args[i-1] == "-importcfg" {
			s := stampOf(arg)
			fmt.Fprintf(h, "%d %d", s.Size, s.Time)
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// ask asks the home of a package, starting it where need be, and once more where its
// process is gone.
func (hs *homes) ask(ctx context.Context, l *Lens, a asking) (*answer, error) {
	id := a.id()
	for attempt := 0; ; attempt++ {
		h, fresh := hs.get(l, id)
		ans, err := h.ask(ctx, a)
		if err == nil {
			ans.resident = !fresh
			return ans, nil
		}
		hs.drop(id, h)
		if fresh || attempt > 0 || ctx.Err() != nil {
			return nil, err
		}
	}
}

// get returns the home of an id. The least recently used ones give way.
func (hs *homes) get(l *Lens, id string) (h *home, fresh bool) {
	hs.mu.Lock()
	defer hs.mu.Unlock()
	if hs.byID == nil {
		hs.byID = map[string]*home{}
	}
	h = hs.byID[id]
	if h == nil {
		fresh = true
		h = &home{}
		h.timer = time.AfterFunc(l.options.Idle, func() { hs.drop(id, h) })
		hs.byID[id] = h
	}
	h.used = time.Now()
	h.timer.Reset(l.options.Idle)
	for len(hs.byID) > l.options.Resident {
		oldest := ""
		for k, o := range hs.byID {
			if k != id && (oldest == "" || o.used.Before(hs.byID[oldest].used)) {
				oldest = k
			}
		}
		if oldest == "" {
			break
		}
		old := hs.byID[oldest]
		delete(hs.byID, oldest)
		l.background.Go(old.close)
	}
	return h, fresh
}

func (hs *homes) drop(id string, h *home) {
	hs.mu.Lock()
	if hs.byID[id] == h {
		delete(hs.byID, id)
	}
	hs.mu.Unlock()
	h.close()
}

func (hs *homes) closeAll() {
	hs.mu.Lock()
	all := hs.byID
	hs.byID = nil
	hs.mu.Unlock()
	for _, h := range all {
		h.close()
	}
}

// close ends the process, after the question that it is at.
func (h *home) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.timer.Stop()
	h.gone = true
	if h.c != nil {
		h.c.kill()
	}
}

var errGone = errors.New("the resident process is gone")

// ask puts one question. A question that is given up ends the process, which would
// else answer it to the next.
func (h *home) ask(ctx context.Context, a asking) (*answer, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.gone || h.bytes > maxAnswers {
		return nil, errGone
	}
	if h.c == nil {
		// The process outlives the question that started it.
		c, err := startCompiler(context.WithoutCancel(ctx), a, "answer,stay")
		if err != nil {
			return nil, err
		}
		h.c, h.d, h.lines = c, newDecoder(a.r.tool.Root, a.p.Dir, a.p.Package), map[string][]string{}
	}
	stop := context.AfterFunc(ctx, func() { _ = h.c.cmd.Process.Kill() })
	defer stop()
	q := h.resolve(question(a.r, a.p))
	h.d.begin(wants{passes: a.r.Passes})
	if err := h.c.put(q); err != nil {
		return nil, h.c.failure(err)
	}
	if err := h.gather(); err != nil {
		if ctx.Err() != nil {
			h.c.kill()
			return nil, context.Cause(ctx)
		}
		return nil, h.c.failure(err)
	}
	h.decode(h.resolve(q))
	return &answer{functions: h.d.finish(), names: append([]Name(nil), h.d.names...), gaps: h.d.gap()}, nil
}

// gather reads one answer: what is about a function is kept, the rest is decoded.
func (h *home) gather() error {
	for {
		line, err := h.c.stdout.ReadString('\n')
		if errors.Is(err, io.EOF) || errors.Is(err, bufio.ErrBufferFull) {
			return errTruncated
		}
		if err != nil {
			return err
		}
		line = strings.TrimSuffix(line, "\n")
		kind, rest, _ := strings.Cut(line, "\t")
		fn, fields, _ := strings.Cut(rest, "\t")
		switch kind {
		case "done":
			return nil
		case "graph":
			names := &record{rest: fields}
			for range names.count() {
				n := names.text()
				h.lines[n] = append(h.lines[n], line)
			}
			h.bytes += len(line)
		case "pos", "name", "devirtualized":
			h.d.record(parseRecord(line))
		default:
			if strings.IndexByte(fn, '\\') >= 0 {
				fn = unescape(fn)
			}
			h.lines[fn] = append(h.lines[fn], line)
			h.bytes += len(line)
		}
	}
}

// decode decodes what is known about the functions that were asked for.
func (h *home) decode(question string) {
	seen := map[string]bool{} // graphs are kept with each of their functions
	for fn, lines := range h.lines {
		if !matches(question, fn) {
			continue
		}
		for _, line := range lines {
			if strings.HasPrefix(line, "graph\t") {
				if seen[line] {
					continue
				}
				seen[line] = true
			}
			if r := parseRecord(line); r.kind != "pass" || h.d.want.passes {
				h.d.record(r)
				if r.bad {
					h.d.lost++
				}
			}
		}
	}
	for name := range h.d.functions {
		if !matches(question, name) { // of a graph that it shares
			delete(h.d.functions, name)
		}
	}
}

// resolve turns a place, file.go:12, into the function there, as soon as the functions
// are known.
func (h *home) resolve(question string) string {
	file, number, ok := strings.Cut(question, ".go:")
	line, err := strconv.Atoi(number)
	if !ok || err != nil {
		return question
	}
	file += ".go"
	for _, n := range h.d.names {
		at := n.Position
		if (at.File == file || strings.HasSuffix(filepath.ToSlash(at.File), "/"+file)) && at.Line <= line && line <= n.EndLine {
			return n.Name
		}
	}
	return question
}

// matches is honeMatch of the observer: whether a function is what was asked for, an
// instance of it, or a closure in it.
func matches(ask, name string) bool {
	if ask == "*" {
		return true
	}
	if !strings.Contains(ask, "[") {
		if g := genericOf(name); g != "" {
			name = g
		}
	}
	if !strings.Contains(ask, "(*") {
		if rest, ok := strings.CutPrefix(name, "(*"); ok {
			name = strings.Replace(rest, ")", "", 1)
		}
	}
	rest, ok := strings.CutPrefix(name, ask)
	return ok && (rest == "" || rest[0] == '.' || rest[0] == '-')
}
