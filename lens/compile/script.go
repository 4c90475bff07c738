package compile

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// A script is what go build -n prints: commands of a shell, and files written by them.
type script struct {
	commands []shellCommand
	files    map[string]string // by name, below $WORK
}

type shellCommand struct {
	dir   string // where it runs
	words []string
}

// value is the word after a flag, "" where there is none.
func (c *shellCommand) value(flag string) string {
	if i := slices.Index(c.words, flag); i >= 0 && i+1 < len(c.words) {
		return c.words[i+1]
	}
	return ""
}

// parseScript reads the few forms that the go command uses.
func parseScript(text string) *script {
	s := &script{files: map[string]string{}}
	dir := ""
	lines := strings.Split(text, "\n")
	for i := 0; i < len(lines); i++ {
		line := lines[i]
		if file, ok := strings.CutPrefix(line, "cat >"); ok {
			if name, _, ok := strings.Cut(file, " << 'EOF'"); ok {
				var body strings.Builder
				for i++; i < len(lines) && lines[i] != "EOF"; i++ {
					// What ends without a newline, as the list of embedded files does, has
					// the end mark on its last line.
					if last, ok := strings.CutSuffix(lines[i], "}EOF"); ok {
						body.WriteString(last + "}")
						break
					}
					body.WriteString(lines[i] + "\n")
				}
				s.files[name] = body.String()
			}
			continue
		}
		words := shellWords(line)
		switch {
		case len(words) == 0:
		case words[0] == "cd" && len(words) == 2:
			dir = words[1]
		case words[0] == "echo":
			if n := slices.Index(words, ">"); n >= 0 && n+1 < len(words) {
				s.files[words[n+1]] = ""
			}
		default:
			for len(words) > 1 && strings.Contains(words[0], "=") && !strings.Contains(words[0], "/") {
				words = words[1:] // a setting before the command
			}
			s.commands = append(s.commands, shellCommand{dir, words})
		}
	}
	return s
}

// shellWords splits a line as a shell does, without expanding anything. What follows
// # is a comment.
func shellWords(line string) []string {
	var out []string
	var word strings.Builder
	started := false
	quote := byte(0)
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quote == '"' && c == '\\' && i+1 < len(line) && strings.IndexByte(`"\$`, line[i+1]) >= 0:
			i++
			word.WriteByte(line[i])
		case quote != 0 && c == quote:
			quote = 0
		case quote != 0:
			word.WriteByte(c)
		case c == '"' || c == '\'':
			quote, started = c, true
		case c == ' ' || c == '\t':
			if started {
				out = append(out, word.String())
				word.Reset()
				started = false
			}
		case c == '#' && !started:
			return out
		default:
			word.WriteByte(c)
			started = true
		}
	}
	if started {
		out = append(out, word.String())
	}
	return out
}

// target finds the compilation that was asked for among those with the marker.
func (s *script) target(r *request) (*shellCommand, error) {
	var found *shellCommand
	for i := range s.commands {
		c := &s.commands[i]
		tool := strings.TrimSuffix(filepath.Base(c.words[0]), ".exe")
		if tool != "compile" || !slices.Contains(c.words, marker) || isTestMain(c) {
			continue
		}
		if r.Tests && strings.HasSuffix(c.value("-p"), "_test") != r.external() {
			continue
		}
		if found != nil {
			return nil, fmt.Errorf("%s names several packages: ask for one", r.Package)
		}
		found = c
	}
	if found == nil {
		return nil, fmt.Errorf("the go command compiles no Go files for %s", r.Package)
	}
	return found, nil
}

func isTestMain(c *shellCommand) bool {
	return strings.HasSuffix(c.words[len(c.words)-1], "_testmain.go")
}
