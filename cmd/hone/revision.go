package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
)

// maxRevised is how many files may differ between a revision and the working tree. A
// larger difference is another program.
const maxRevised = 2000

// revision returns what must be laid over the working tree so that it is as it was at a
// revision of git: the Go files and go.mod that differ. Files that the revision does not
// have are nil. The repository is only read.
func revision(ctx context.Context, dir, rev string) (map[string][]byte, error) {
	git := func(args ...string) ([]byte, error) {
		out, err := exec.CommandContext(ctx, "git", append([]string{"-C", dir}, args...)...).Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			first, _, _ := strings.Cut(strings.TrimSpace(string(exit.Stderr)), "\n")
			return nil, fmt.Errorf("git: %s", strings.TrimPrefix(first, "fatal: "))
		}
		return out, err
	}
	hash, err := git("rev-parse", "--verify", "--quiet", "--end-of-options", rev+"^{commit}")
	if err != nil {
		if inside, _ := git("rev-parse", "--is-inside-work-tree"); len(inside) == 0 {
			return nil, mistake(fmt.Sprintf("%s is no Go version, no GOARCH and no file, and here is no git repository to find it in", rev), "")
		}
		return nil, mistake(fmt.Sprintf("%s is no Go version, no GOARCH, no file and no revision of git", rev), "see: hone look --help")
	}
	commit := strings.TrimSpace(string(hash))
	top, err := git("rev-parse", "--show-toplevel")
	if err != nil {
		return nil, err
	}
	root := strings.TrimSpace(string(top))
	only := []string{"--", ":(top)*.go", ":(top)*go.mod", ":(top)*go.sum", ":(top)*.s"}
	changed, err := git(append([]string{"diff", "--name-only", "--no-renames", "-z", commit}, only...)...)
	if err != nil {
		return nil, err
	}
	added, err := git(append([]string{"ls-files", "--others", "--exclude-standard", "--full-name", "-z"}, only...)...)
	if err != nil {
		return nil, err
	}
	names := append(bytes.Split(changed, []byte{0}), bytes.Split(added, []byte{0})...)
	if len(names) > maxRevised {
		return nil, mistake(fmt.Sprintf("%d files differ from %s, over %d", len(names), rev, maxRevised), "")
	}
	overlay := map[string][]byte{}
	for _, n := range names {
		if name := string(n); name != "" {
			text, err := git("cat-file", "blob", commit+":"+name)
			if err != nil {
				text = nil // it isn't there
			} else if text == nil {
				text = []byte{}
			}
			overlay[filepath.Join(root, filepath.FromSlash(name))] = text
		}
	}
	return overlay, ctx.Err()
}
