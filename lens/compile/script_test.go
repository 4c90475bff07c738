package compile

import (
	"reflect"
	"strings"
	"testing"
)

// Lines of go build -n are split as a shell does.
func TestShellWords_SplitsAsAShell(t *testing.T) {
	for line, want := range map[string][]string{
		``:                    nil,
		`a b  c`:              {"a", "b", "c"},
		`a "b c" d`:           {"a", "b c", "d"},
		`a "b \"c\" \$d" 'e'`: {"a", `b "c" $d`, "e"},
		`'a b'c""`:            {"a bc"},
		`x "" y`:              {"x", "", "y"},
		`a # comment`:         {"a"},
		`a#b`:                 {"a#b"},
		`-ldflags="-O2 -g" x`: {"-ldflags=-O2 -g", "x"},
	} {
		if got := shellWords(line); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", line, got, want)
		}
	}
}

const exampleScript = `mkdir -p $WORK/b001/
cat >$WORK/b001/importcfg << 'EOF' # internal
# import config
packagefile strings=/cache/ca-d
EOF
cat >$WORK/b001/embedcfg << 'EOF' # internal
{
	"Patterns": {}
}EOF
cd /m
TERM='dumb' CGO_LDFLAGS='' /go/pkg/tool/cgo -objdir $WORK/b001/ ./c.go
/go/pkg/tool/compile -o $WORK/b001/_pkg_.a -trimpath "$WORK/b001=>" -p m/p -d=hone=1 -importcfg $WORK/b001/importcfg -pack ./p/p.go
/go/pkg/tool/compile -o $WORK/b002/_pkg_.a -p m/q -importcfg $WORK/b002/importcfg -pack ./q/q.go
echo '# import config' > $WORK/b002/importcfg # internal
`

// The commands, where they run, and the files that they read are found.
func TestParseScript_FindsCommandsAndFiles(t *testing.T) {
	s := parseScript(exampleScript)
	if got := s.files["$WORK/b001/importcfg"]; !strings.Contains(got, "packagefile strings=/cache/ca-d\n") {
		t.Errorf("the import configuration is %q", got)
	}
	if got := s.files["$WORK/b001/embedcfg"]; got != "{\n\t\"Patterns\": {}\n}" {
		t.Errorf("the list of embedded files is %q", got)
	}
	if _, ok := s.files["$WORK/b002/importcfg"]; !ok {
		t.Error("a file written by echo is missing")
	}
	c, err := s.target(&request{Query: Query{Package: "m/p"}})
	if err != nil {
		t.Fatal(err)
	}
	if c.dir != "/m" || c.value("-p") != "m/p" || c.value("-trimpath") != "$WORK/b001=>" {
		t.Errorf("the compilation is %+v", c)
	}
}

func FuzzParseScript(f *testing.F) {
	f.Add(exampleScript)
	f.Add("cat >x << 'EOF'\n")
	f.Add(`"\`)
	f.Fuzz(func(t *testing.T, text string) {
		s := parseScript(text)
		_, _ = s.target(&request{})
		for _, c := range s.commands {
			if len(c.words) == 0 {
				t.Errorf("an empty command in %q", text)
			}
		}
	})
}
