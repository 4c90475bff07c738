package look

import (
	"fmt"
	"strings"
	"testing"
)

func TestTargets_ReadsWhatIsTyped(t *testing.T) {
	dirs := map[string]bool{".": true, "..": true, "./queue": true, "./v1.2": true, "/src/queue": true}
	for typed, want := range map[string]string{
		"":                                      ". ",
		".":                                     ". ",
		"..":                                    ".. ",
		"./queue":                               "./queue ",
		"./v1.2":                                "./v1.2 ",
		"/src/queue":                            "/src/queue ",
		"/src/queue.Push":                       "/src/queue Push | /src/queue.Push ",
		".push":                                 ". push | .push ",
		".(*Queue).Push":                        ". (*Queue).Push",
		"./.push":                               ". push | ./.push ",
		"../.push":                              ".. push | ../.push ",
		"Push":                                  ". Push",
		"Queue.Push":                            ". Queue.Push",
		"(*Queue).Push":                         ". (*Queue).Push",
		"./queue.Push":                          "./queue Push | ./queue.Push ",
		"queue/ring.go:12":                      "queue@. ring.go:12",
		"ring.go:12:3":                          ".@. ring.go:12",
		"queue/ring.go":                         "queue@. ",
		"bufio":                                 "bufio  | . bufio",
		"encoding/json":                         "encoding/json ",
		"bufio.Scanner.Scan":                    "bufio Scanner.Scan | bufio.Scanner Scan | bufio.Scanner.Scan ",
		"encoding/json.(*decodeState).object":   "encoding/json (*decodeState).object",
		"slices.Sort[go.shape.int]":             "slices Sort[go.shape.int]",
		"slices.Sort[example.com/x/y.T]":        "slices Sort[example.com/x/y.T]",
		"gopkg.in/yaml.v3":                      "gopkg.in/yaml.v3  | gopkg.in/yaml v3",
		"gopkg.in/yaml.v3.Marshal":              "gopkg.in/yaml v3.Marshal | gopkg.in/yaml.v3 Marshal | gopkg.in/yaml.v3.Marshal ",
		"gopkg.in/yaml.v3.(*decoder).unmarshal": "gopkg.in/yaml v3.(*decoder).unmarshal | gopkg.in/yaml.v3 (*decoder).unmarshal",
	} {
		var parts []string
		for _, x := range Targets(typed, func(p string) bool { return dirs[p] }) {
			at := ""
			if x.Dir != "" {
				at = x.Dir + "@"
			}
			parts = append(parts, fmt.Sprintf("%s%s %s", at, x.Package, x.Function))
		}
		if got := strings.Join(parts, " | "); got != want {
			t.Errorf("Targets(%q) = %q, want %q", typed, got, want)
		}
	}
}

func FuzzTargets(f *testing.F) {
	f.Add("encoding/json.(*decodeState).object")
	f.Add("..[")
	f.Fuzz(func(t *testing.T, typed string) {
		for _, x := range Targets(typed, func(string) bool { return false }) {
			if x.Package == "" {
				t.Errorf("Targets(%q) has no package: %+v", typed, x)
			}
		}
	})
}
