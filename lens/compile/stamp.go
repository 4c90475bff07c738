package compile

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"go/parser"
	"go/token"
	"hash/fnv"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Stamps say when a plan holds. A file of the package itself may change as it likes
// below its imports: the command stays the same. A file of a package that it depends
// on may not, because its export data would be another. Packages in GOROOT and in the
// module cache don't change.
type stamps struct {
	Modules []stamp  `json:"modules"` // go.mod, go.sum, go.work
	Own     []header `json:"own"`
	Others  []stamp  `json:"others"` // directories and files of the dependencies
	Dir     stamp    `json:"dir"`    // the package's directory: a file may have come
}

// A stamp is what a file or directory looked like. Of a directory it is the names in
// it: its time changes with every save of an editor that writes aside and renames.
type stamp struct {
	File string `json:"file"`
	Size int64  `json:"size"` // of a directory, how many names; -1 where it doesn't exist
	Time int64  `json:"time"` // of modification, Unix nanoseconds; of a directory, a hash of the names
}

// A header is the part of a Go file that its package's plan depends on.
type header struct {
	stamp
	Sum string `json:"sum"`
}

func stampOf(file string) stamp {
	info, err := os.Stat(file)
	if err != nil {
		return stamp{File: file, Size: -1}
	}
	if info.IsDir() {
		return namesStamp(file)
	}
	return stamp{File: file, Size: info.Size(), Time: info.ModTime().UnixNano()}
}

// namesStamp is of the names in a directory, but for those that the go command ignores.
func namesStamp(dir string) stamp {
	s := stamp{File: dir}
	entries, err := os.ReadDir(dir)
	if err != nil {
		s.Size = -1
		return s
	}
	h := fnv.New64a()
	for _, e := range entries {
		if n := e.Name(); n[0] != '.' && n[0] != '_' && !strings.HasSuffix(n, "~") {
			s.Size++
			h.Write([]byte(n + "\x00"))
		}
	}
	s.Time = int64(h.Sum64())
	return s
}

func (s stamp) holds() bool { return stampOf(s.File) == s }

// hold reports whether the plan is still the go command's.
func (s *stamps) hold(r *request) bool {
	if !s.Dir.holds() {
		return false
	}
	for _, o := range slices.Concat(s.Modules, s.Others) {
		if !o.holds() {
			return false
		}
	}
	for _, h := range s.Own {
		text, overlaid := r.Overlay[h.File]
		if !overlaid && h.stamp.holds() {
			continue
		}
		if !overlaid {
			var err error
			if text, err = os.ReadFile(h.File); err != nil {
				return false
			}
		}
		if s.sum(h.File, text) != h.Sum {
			return false
		}
	}
	return true
}

// sum is of what a plan depends on in a file: in one of another package, all of it.
func (s *stamps) sum(file string, text []byte) string {
	if filepath.Dir(file) == s.Dir.File {
		return headerSum(text)
	}
	h := sha256.Sum256(text)
	return hex.EncodeToString(h[:])
}

// headerSum is of what comes before the first declaration that isn't an import, and of
// what the go command reads in comments further down.
func headerSum(text []byte) string {
	h := sha256.New()
	fset := token.NewFileSet()
	f, err := parser.ParseFile(fset, "", text, parser.ImportsOnly|parser.ParseComments)
	if err != nil || f == nil {
		h.Write(text)
		return hex.EncodeToString(h.Sum(nil))
	}
	end := fset.Position(f.Name.End()).Offset
	for _, im := range f.Imports {
		end = max(end, fset.Position(im.End()).Offset)
	}
	h.Write(text[:min(end, len(text))])
	for _, directive := range []string{"\n//go:embed", "\n//go:cgo", "\n//go:linkname", "\n//export"} {
		rest := text
		for {
			_, after, ok := bytes.Cut(rest, []byte(directive))
			if !ok {
				break
			}
			line, _, _ := bytes.Cut(after, []byte("\n"))
			h.Write([]byte(directive))
			h.Write(line)
			rest = after
		}
	}
	return hex.EncodeToString(h.Sum(nil))
}

// stamp looks at everything that the plan depends on.
func (l *Lens) stamp(ctx context.Context, r *request, p *plan) (stamps, error) {
	dir := packageDir(r, p)
	s := stamps{Modules: moduleStamps(r.Dir), Dir: stampOf(dir)}
	for _, f := range p.Files {
		if r.immutable(f) || r.overlay != "" && strings.HasPrefix(f, r.overlay) {
			continue
		}
		text, err := os.ReadFile(f)
		if err != nil {
			return s, err
		}
		s.Own = append(s.Own, header{stampOf(f), headerSum(text)})
	}
	for f, text := range r.Overlay {
		s.Own = append(s.Own, header{stamp{File: f}, s.sum(f, text)})
	}
	if r.immutable(dir) {
		return s, nil
	}
	flags := append([]string{"-e", "-deps", "-f", "{{if not .Standard}}{{.Dir}}{{end}}"}, r.Flags...)
	if r.Tests {
		flags = append(flags, "-test")
	}
	b := r.build()
	b.Test = false
	out, err := r.tool.List(ctx, b, flags...)
	if err != nil {
		return s, err
	}
	for _, d := range strings.Split(strings.TrimSpace(string(out)), "\n") {
		if d != "" && d != dir && !r.immutable(d) {
			s.Others = append(s.Others, dirStamps(d)...)
		}
	}
	return s, nil
}

// packageDir is the directory of the package, which for cgo is not that of all its files.
func packageDir(r *request, p *plan) string {
	for _, f := range p.Files {
		if !strings.HasPrefix(f, r.tool.Cache) && (r.overlay == "" || !strings.HasPrefix(f, r.overlay)) {
			return filepath.Dir(f)
		}
	}
	for f := range r.Overlay {
		return filepath.Dir(f)
	}
	return p.Dir
}

// immutable reports whether a file is one that doesn't change under its name.
func (r *request) immutable(file string) bool {
	for _, root := range []string{r.tool.Root, r.tool.ModCache, r.tool.Cache} {
		if root != "" && strings.HasPrefix(file, root+string(filepath.Separator)) {
			return true
		}
	}
	return false
}

func dirStamps(dir string) []stamp {
	out := []stamp{stampOf(dir)}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return out
	}
	for _, e := range entries {
		if e.Type()&fs.ModeDir == 0 {
			out = append(out, stampOf(filepath.Join(dir, e.Name())))
		}
	}
	return out
}

// moduleStamps are of the files that decide which modules are used, from dir upwards.
func moduleStamps(dir string) []stamp {
	var out []stamp
	for {
		for _, name := range []string{"go.mod", "go.sum", "go.work", "go.work.sum", "vendor/modules.txt"} {
			if s := stampOf(filepath.Join(dir, name)); s.Size >= 0 || name == "go.work" || name == "go.mod" {
				out = append(out, s)
			}
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return out
		}
		dir = parent
	}
}
