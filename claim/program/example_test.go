package program_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/hone-go/hone/claim/program"
)

// The *testing.T of the test that this would be in.
var t *testing.T

func ExampleStart() {
	p := program.Start(t, program.Options{
		Package: "./cmd/server",
		Args:    []string{"-addr", "127.0.0.1:0"},
		Ready:   "listening on ",
	})
	addr := strings.TrimPrefix(p.Line("listening on "), "listening on ")
	if _, err := http.Get("http://" + addr + "/health"); err != nil {
		t.Error(err)
	}
	p.Terminate()
	if code, err := p.Wait(); code != 0 || err != nil {
		t.Errorf("after SIGTERM: exit status %d, %v", code, err)
	}
}
