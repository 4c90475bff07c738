package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"

	"github.com/spf13/cobra"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/store"
	"github.com/hone-go/hone/internal/term"
)

// A usageError is a mistake in how hone was called, with the way on.
type usageError struct {
	text string
	try  string // what to do now, most often a command to type
}

func (e *usageError) Error() string { return e.text }

// mistake returns a usageError.
func mistake(text, try string) error { return &usageError{text: text, try: try} }

// explain shows why hone could not do what was asked, and what to type now.
func (a *app) explain(cmd *cobra.Command, err error) {
	fmt.Fprintf(a.stderr, "%s %s\n", a.diag.Paint("hone:", term.Red, term.Bold), term.Clean(err.Error()))
	try := hintFor(err)
	if try == "" && cobraMistake(err) {
		try = "see: " + cmd.CommandPath() + " --help"
	}
	if try != "" {
		fmt.Fprintf(a.stderr, "  %s\n", try)
	}
}

// hintFor returns the way on from an error, or "".
func hintFor(err error) string {
	var usage *usageError
	var damaged *store.DamagedError
	var unknown *catalog.NotFoundError
	switch {
	case errors.As(err, &usage):
		return usage.try
	case errors.As(err, &damaged):
		return "type: hone progress --set-aside   (renames it and begins a new one; nothing is deleted)"
	case errors.As(err, &unknown):
		return "type: hone list"
	case errors.Is(err, judge.ErrNoLab):
		return "go into a lab's directory, or type: hone start LAB   (hone list shows the labs)"
	case errors.Is(err, store.ErrNoReplay):
		return "type: hone replay   (without an id it lists what can be repeated)"
	case errors.Is(err, fs.ErrPermission):
		return "HONE_DATA and HONE_CACHE name other directories for progress and for what hone builds"
	}
	return ""
}

// cobraMistake reports whether an error is of the flag parser's making: those
// have no type.
func cobraMistake(err error) bool {
	text := err.Error()
	for _, start := range []string{"unknown command", "unknown flag", "unknown shorthand", "flag needs", "invalid argument", "accepts ", "requires ", "if any flags"} {
		if strings.HasPrefix(text, start) {
			return true
		}
	}
	return false
}
