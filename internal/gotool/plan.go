package gotool

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// FindIn is the toolchain that the go command uses in a directory: go.mod may ask for
// another one than that on the PATH, which the go command then fetches, as it does for
// every build there. toolchain is a GOTOOLCHAIN ("go1.24.13"), or "" for the user's.
//
// It is for asking about somebody's own module. To judge a lab, use [Find].
func FindIn(ctx context.Context, dir, toolchain string) (*Toolchain, error) {
	command, err := exec.LookPath("go")
	if err != nil {
		return nil, ErrNoGo
	}
	cmd := exec.CommandContext(ctx, command, "env", "-json", "GOVERSION", "GOROOT", "GOCACHE", "GOMODCACHE", "CC")
	cmd.Dir = dir
	cmd.Env = os.Environ()
	if toolchain != "" {
		cmd.Env = append(cmd.Env, "GOTOOLCHAIN="+toolchain)
	}
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) && len(exit.Stderr) > 0 {
			return nil, fmt.Errorf("ask %s which Go is used in %s: %s", command, dir, bytes.TrimSpace(exit.Stderr))
		}
		return nil, fmt.Errorf("ask %s which Go is used in %s: %w", command, dir, err)
	}
	var env struct{ GOVERSION, GOROOT, GOCACHE, GOMODCACHE, CC string }
	if err := json.Unmarshal(out, &env); err != nil {
		return nil, fmt.Errorf("read the answer of %s env: %w", command, err)
	}
	t := &Toolchain{Command: command, Version: env.GOVERSION, Root: env.GOROOT, Cache: env.GOCACHE, ModCache: env.GOMODCACHE}
	if own := filepath.Join(env.GOROOT, "bin", filepath.Base(command)); executable(own) {
		t.Command = own
	}
	if fields := strings.Fields(env.CC); len(fields) > 0 {
		if _, err := exec.LookPath(fields[0]); err == nil {
			t.CC = env.CC
		}
	}
	return t, nil
}

func executable(file string) bool {
	info, err := os.Stat(file)
	return err == nil && info.Mode().IsRegular()
}

// Commands is what the go command would run to build b.Package, or its test binary,
// as a shell script; it runs nothing. Steps whose results are cached are not in it. It
// returns a [*BuildError] where the go command refuses.
func (t *Toolchain) Commands(ctx context.Context, b Build, flags ...string) (string, error) {
	args := []string{"build", "-n"}
	if b.Test {
		args = []string{"test", "-c", "-n", "-vet=off"}
	}
	if b.Output != "" {
		args = append(args, "-o", b.Output)
	}
	args = append(args, flags...)
	if !b.Test {
		args = append(args, "--") // go test would take it for an argument of the test
	}
	var out, errs bytes.Buffer
	if err := t.start(ctx, b, append(args, b.Package), &out, &errs); err != nil {
		return "", err
	}
	return errs.String(), nil
}

// Environment is what the compiler itself needs to see to do what the go command would
// make it do for b.
func (t *Toolchain) Environment(b Build) []string {
	env := t.Env("")
	if b.Own {
		env = own(env, b)
	}
	return append(env, b.Env...)
}
