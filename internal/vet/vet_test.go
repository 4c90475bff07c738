package vet

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

const src = "testdata/src"

var want = regexp.MustCompile(`(//\s*hone:[^"]*?(?:"[^"]*")?[^"]*?)// want ("[^"]*")`)

// wants are the directives of a file that do not hold, by line, and what is said of them.
func wants(t *testing.T, file string) map[int]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	out := map[int]string{}
	n := 0
	for line := range strings.Lines(string(text)) {
		n++
		if m := want.FindStringSubmatch(line); m != nil {
			out[n], _ = strconv.Unquote(m[2])
		}
	}
	return out
}

// Each directive of the test data holds, or does not hold for the reason that stands
// behind it.
func TestRun(t *testing.T) {
	for _, pkg := range []string{"claims", "broken"} {
		r, err := Run(t.Context(), Options{Dir: src, Patterns: []string{"./" + pkg}})
		if err != nil {
			t.Fatal(err)
		}
		expected := map[string]map[int]string{}
		for _, c := range r.Claims {
			file := c.Position.File
			if expected[file] == nil {
				expected[file] = wants(t, file)
			}
			at := fmt.Sprintf("%s:%d %s %s", filepath.Base(file), c.Position.Line, c.Subject, c.Text)
			says, fails := expected[file][c.Position.Line]
			delete(expected[file], c.Position.Line)
			switch {
			case c.Holds && fails:
				t.Errorf("%s holds, want %q", at, says)
			case !c.Holds && !fails:
				t.Errorf("%s: %s\n%s", at, c.Message, c.Evidence)
			case fails && !strings.Contains(c.Message+c.Evidence, says):
				t.Errorf("%s: %s\n%s\nwant %q", at, c.Message, c.Evidence, says)
			case c.Holds != (c.Message == ""):
				t.Errorf("%s holds: %v, and says %q", at, c.Holds, c.Message)
			}
		}
		for file, left := range expected {
			for line := range left {
				t.Errorf("%s:%d was not found", file, line)
			}
		}
		if pkg == "claims" {
			unproven := slices.ContainsFunc(r.Unproven, func(u Unread) bool { return filepath.Base(u.File) == "claims_plan9.go" && u.Claims == 2 })
			if !unproven || r.Packages != 1 || len(expected) != 2 {
				t.Errorf("%d packages, files %d, unproven %+v", r.Packages, len(expected), r.Unproven)
			}
		}
	}
}

// Settings are those of the claims: on another machine other things hold.
func TestRun_Elsewhere(t *testing.T) {
	r, err := Run(t.Context(), Options{Dir: src, Patterns: []string{"./claims"}, Settings: []string{"GOARCH=386", "GOOS=linux"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range r.Claims {
		if c.Subject == "P" && c.Text == "nopadding" && !c.Holds || c.Subject == "U" && c.Text == "sizeatmost 15" && !c.Holds {
			t.Errorf("386: %s %s: %s", c.Subject, c.Text, c.Message)
		}
		if c.Subject == "Sum" && c.Text == "leaf" && !c.Holds {
			t.Errorf("386: %s %s: %s", c.Subject, c.Text, c.Message)
		}
	}
}

func TestRun_NoPackage(t *testing.T) {
	for _, pattern := range []string{"./absent", "absent.test/x"} {
		if _, err := Run(t.Context(), Options{Dir: src, Patterns: []string{pattern}}); !errors.Is(err, ErrNoPackage) {
			t.Errorf("%s: %v", pattern, err)
		}
	}
	r, err := Run(t.Context(), Options{Dir: src, Patterns: []string{"./none", "./none"}})
	if err != nil || r.Packages != 1 || len(r.Claims) != 0 {
		t.Errorf("%+v, %v", r, err)
	}
}

// Whatever a file says, each comment that could be meant as a directive gives one, at its
// line, and none is lost on the way.
func FuzzDirectives(f *testing.F) {
	text, err := os.ReadFile(src + "/claims/claims.go")
	if err != nil {
		f.Fatal(err)
	}
	f.Add(text)
	f.Add([]byte("package p\n\nfunc f() { //hone:claim leaf\n}\n//hone:claim \"a\\"))
	f.Add([]byte("package p\n//hone:claim"))
	f.Fuzz(func(t *testing.T, src []byte) {
		lines := bytes.Count(src, []byte("\n")) + 1
		for _, d := range directives("f.go", src) {
			if d.at.Line < 1 || d.at.Line > lines || d.line > lines {
				t.Errorf("at %v, about line %d of %d", d.at, d.line, lines)
			}
			if _, wrong := d.check(); wrong == "" && (len(d.words) == 0 || d.function == "" && d.typ == "") {
				t.Errorf("%+v is let through", d)
			}
		}
	})
}
