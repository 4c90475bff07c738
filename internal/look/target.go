package look

import (
	"path/filepath"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"
)

// A Target is a package and perhaps a function in it, as a [compile.Query] takes them.
type Target struct {
	Dir      string // where Package is relative to; "" is the current directory
	Package  string // ".", "./queue", "encoding/json"
	Function string // also FILE:LINE; "" is all
}

var fileLine = regexp.MustCompile(`^(.*\.go):(\d+)(?::\d+)?$`)

// Targets are the readings of what somebody typed, the likeliest first:
//
//	.                    ./queue             a package in a directory
//	.push                .(*Queue).Push      a function of the package here
//	Push                 (*Queue).Push       the same
//	./queue.Push         queue.go:12         a function elsewhere, or by its place
//	encoding/json        encoding/json.(*decodeState).object
//
// A dot may be part of an import path or stand before a function: "gopkg.in/yaml.v3".
// Where there are several readings the caller takes the first whose package exists.
// isDir reports whether a path is a directory.
func Targets(typed string, isDir func(string) bool) []Target {
	if typed == "" {
		typed = "."
	}
	if m := fileLine.FindStringSubmatch(typed); m != nil {
		return []Target{{Dir: filepath.Dir(m[1]), Package: ".", Function: filepath.Base(m[1]) + ":" + m[2]}}
	}
	path := strings.HasPrefix(typed, ".") || filepath.IsAbs(typed)
	if path && isDir(typed) {
		return []Target{{Package: typed}}
	}
	if strings.HasSuffix(typed, ".go") {
		return []Target{{Dir: filepath.Dir(typed), Package: "."}}
	}
	// What follows a bracket belongs to the function, slashes and dots included.
	head := typed
	if i := strings.IndexAny(typed, "[("); i >= 0 {
		head = typed[:i]
	}
	first := strings.LastIndex(head, "/") + 1
	if first == 0 {
		if r, _ := utf8.DecodeRuneInString(typed); r == '(' || unicode.IsUpper(r) {
			return []Target{{Package: ".", Function: typed}}
		}
	}
	var out []Target
	for i := first; i < len(head); i++ {
		if head[i] != '.' || typed[:i+1] == ".." {
			continue
		}
		pkg := typed[:i]
		if i == first { // "./.push": the package is the directory itself
			pkg = strings.TrimSuffix(typed[:i], "/")
		}
		if pkg == "" {
			pkg = "."
		}
		out = append(out, Target{Package: pkg, Function: typed[i+1:]})
	}
	if head != typed {
		return out
	}
	whole := Target{Package: typed}
	if len(out) > 0 && !version.MatchString(typed) {
		return append(out, whole)
	}
	out = append([]Target{whole}, out...)
	if first == 0 && !strings.Contains(typed, ".") {
		out = append(out, Target{Package: ".", Function: typed})
	}
	return out
}

// version ends an import path of gopkg.in.
var version = regexp.MustCompile(`\.v\d+$`)
