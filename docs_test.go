package hone

import (
	"bytes"
	"io/fs"
	"net/url"
	"os"
	"os/exec"
	"path"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\[[^\]]*\]\(([^)\s]+)\)`)
	heading = regexp.MustCompile(`(?m)^#{1,6} (.*)$`)
	fenced  = regexp.MustCompile("(?s)```.*?```|`[^`\n]*`")
)

// TestLinks follows every link of every Markdown file that stays in the repository.
func TestLinks(t *testing.T) {
	files := 0
	err := fs.WalkDir(os.DirFS("."), ".", func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() && (d.Name() == "node_modules" || len(d.Name()) > 1 && d.Name()[0] == '.') {
			return fs.SkipDir
		}
		if path.Ext(file) != ".md" {
			return nil
		}
		files++
		text, err := os.ReadFile(file)
		if err != nil {
			return err
		}
		for _, m := range link.FindAllStringSubmatch(fenced.ReplaceAllString(string(text), ""), -1) {
			checkLink(t, file, m[1])
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if files < 5 {
		t.Errorf("only %d Markdown files were found", files)
	}
}

func checkLink(t *testing.T, file, target string) {
	u, err := url.Parse(target)
	if err != nil {
		t.Errorf("%s: link %q: %v", file, target, err)
		return
	}
	if u.Scheme != "" {
		return
	}
	to := file
	if u.Path != "" {
		to = path.Join(path.Dir(file), u.Path)
	}
	info, err := os.Stat(to)
	if err != nil {
		t.Errorf("%s: link to %s, which does not exist", file, target)
		return
	}
	if u.Fragment == "" || info.IsDir() {
		return
	}
	text, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range heading.FindAllStringSubmatch(string(text), -1) {
		if anchor(m[1]) == u.Fragment {
			return
		}
	}
	t.Errorf("%s: link to %s, where no heading is called so", file, target)
}

// anchor is the fragment that GitHub gives a heading.
func anchor(heading string) string {
	var b strings.Builder
	for _, r := range strings.ToLower(heading) {
		switch {
		case r == ' ':
			b.WriteByte('-')
		case unicode.IsLetter(r), unicode.IsDigit(r), r == '-', r == '_':
			b.WriteRune(r)
		}
	}
	return b.String()
}

// TestGofmt holds for every Go file, test data apart.
func TestGofmt(t *testing.T) {
	var files []string
	walk(t, func(file string) { files = append(files, file) })
	out, err := exec.Command("gofmt", append([]string{"-l"}, files...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("gofmt: %v\n%s", err, out)
	}
	if len(bytes.TrimSpace(out)) > 0 {
		t.Errorf("not gofmt-clean:\n%s", out)
	}
}
