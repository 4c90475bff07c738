// Command hone is a workbench for mastering Go: labs to write, a judge that
// decides with evidence, progress that is yours.
//
// Each verb has a file of its own. It reads its flags and makes one call; what
// there is to know about labs and verdicts is in the packages below. Exit status:
// 0 passed or done, 1 not yet, 2 a mistake in how hone was called, or one in hone.
package main

import (
	"os"

	"github.com/hone-go/hone"
)

func main() {
	os.Exit(run(&app{source: hone.Source, env: os.Getenv, stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr}, os.Args[1:]))
}
