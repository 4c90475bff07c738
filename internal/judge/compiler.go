package judge

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/lens/compile"
)

// asksCompiler reports whether checks of a lab make claims about the compiler.
func asksCompiler(lab *catalog.Lab) (bool, error) {
	files, err := fs.Glob(lab.FS, "*_test.go")
	if err != nil {
		return false, err
	}
	for _, name := range files {
		text, err := fs.ReadFile(lab.FS, name)
		if err != nil {
			return false, fmt.Errorf("read the checks of %s: %w", lab.ID, err)
		}
		if bytes.Contains(text, []byte("claim.Compiler(")) {
			return true, nil
		}
	}
	return false, nil
}

// observers are the observing compilers, below a cache of lens/compile.
const observers = "observers"

// compilerCache is the user's cache of lens/compile. Nothing in a sandbox may write
// there: what it holds runs outside of one.
func (j *Judge) compilerCache() string { return filepath.Join(j.cache, "compile") }

// lendCompiler makes the observing compiler ready where the lab's checks ask it, and
// returns the settings by which claim finds it, and the package, away from its own
// directory. Where it cannot be built, claims fall back on the stock compiler, and say
// what that cannot tell.
func (c *Candidate) lendCompiler(ctx context.Context) ([]string, error) {
	if asks, err := asksCompiler(c.lab); !asks || err != nil {
		return nil, err
	}
	lens, err := compile.Open(ctx, compile.Options{Cache: c.judge.compilerCache(), Progress: func(p compile.Progress) {
		if !p.Done {
			c.judge.progress(p.Step + "; the first time this takes about a minute")
		} else if p.Err != nil {
			c.judge.progress(p.Step + ": " + p.Err.Error())
		}
	}})
	if err != nil {
		return nil, err
	}
	defer lens.Close()
	if _, err := lens.Prepare(ctx, c.judge.labDir(c.lab.ID)); err != nil && ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	lent := filepath.Join(c.dir, "tmp", "compile")
	if err := os.MkdirAll(lent, 0o755); err != nil {
		return nil, err
	}
	err = os.Symlink(filepath.Join(c.judge.compilerCache(), observers), filepath.Join(lent, observers))
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return nil, err
	}
	return []string{"HONE_DIR=" + c.judge.labDir(c.lab.ID), "HONE_COMPILER=" + lent}, nil
}
