package main

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"

	"github.com/hone-go/hone/internal/term"
)

// page prints a text that may be longer than the screen: then through $PAGER, or less,
// where a person is looking. PAGER= or PAGER=cat turns that off.
func (a *app) page(ctx context.Context, text string) error {
	a.quiet()
	pager := a.env("PAGER")
	if _, set := os.LookupEnv("PAGER"); !set {
		pager = "less"
	}
	if pager == "" || pager == "cat" || !a.out.Interactive(a.stdin) || a.out.Height == 0 || lines(text, a.out) < a.out.Height {
		return a.write(text)
	}
	// PAGER may have arguments: git and man give it to the shell, too.
	cmd := exec.CommandContext(ctx, "sh", "-c", pager)
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(text), a.stdout, a.stderr
	cmd.Env = os.Environ()
	if a.env("LESS") == "" {
		cmd.Env = append(cmd.Env, "LESS=FRX") // colours, and no pager at all for one screen
	}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		return a.write(text)
	}
	err := cmd.Wait()
	var exit *exec.ExitError
	if errors.As(err, &exit) && exit.ExitCode() == 127 { // the shell found no such program
		return a.write(text)
	}
	return nil // leaving before the end is no mistake
}

func (a *app) write(text string) error {
	_, err := io.WriteString(a.stdout, text)
	return err
}

// lines is how many lines of the screen a text takes.
func lines(text string, s term.Screen) int {
	n := 0
	for line := range strings.Lines(text) {
		n += 1 + max(term.Cells(line)-1, 0)/max(s.Width, 1)
	}
	return n
}
