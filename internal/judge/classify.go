package judge

import (
	"bufio"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"github.com/hone-go/hone/internal/sandbox"
)

// judge fills in the checks of one process and returns how many it judged. When
// the process ended early, the check that ran then is judged by how it ended.
func (r *run) judge(checks []*Check, s *session, ended int, result sandbox.Result) int {
	texts := parse(s.stdout.String())
	judged := 0
	for i, report := range s.outcomes[:min(ended, len(checks))] {
		if report.check != checks[i].Name {
			break // reports out of order are forged: what is missing did not pass
		}
		checks[i].Wall = report.wall
		r.reported(checks[i], report.outcome, texts[report.check])
		judged++
	}
	r.notes(s, checks)
	stopped := r.options.First && judged > 0 && checks[judged-1].Outcome != Passed
	if s.done && (judged == len(checks) || stopped) {
		for _, check := range checks[:judged] {
			r.close(check)
		}
		return judged
	}
	// A panic in a check's own goroutine is reported as failed before the process dies.
	culprit := judged
	if judged == len(checks) || judged > 0 && s.last == checks[judged-1].Name && checks[judged-1].Outcome != Passed && !s.hung {
		culprit--
	}
	check := checks[culprit]
	check.Outcome, check.Message = NotRun, ""
	check.Evidence = nil
	if t := texts[check.Name]; t != nil {
		check.Message, check.Evidence = r.candidate.plain(t.message()), t.evidence
	}
	r.died(check, s, result)
	judged = max(judged, culprit+1)
	for _, check := range checks[:judged] {
		r.close(check)
	}
	return judged
}

// reported takes over what a check reported about itself.
func (r *run) reported(check *Check, outcome string, t *said) {
	if t == nil {
		t = &said{}
	}
	check.Evidence = t.evidence
	if t.attrs["hone.seed"] != "" {
		check.Seed = r.options.Seed
	}
	switch class := Outcome(t.attrs["hone.outcome"]); {
	case outcome == "passed":
		check.Outcome = Passed
		return
	case outcome == "skipped" && class == Noisy:
		check.Outcome = Noisy
	case outcome == "skipped":
		check.Outcome = Failed
		check.Message = "the check was skipped: it could not run here\n"
	case slices.Contains([]Outcome{Budget, Leaked, Deadlock, Timeout}, class):
		check.Outcome = class
		check.near = t.attrs["hone.near"] == "true"
	default:
		check.Outcome = Failed
	}
	check.Message += r.candidate.plain(t.message())
	// The program of a protocol lab dies of a stub in a process of its own.
	for i, e := range check.Evidence {
		if m := unwrittenProgram.FindStringSubmatch(e.Text); m != nil {
			check.Outcome, check.Message, check.Evidence = Panicked, notWritten+m[1], nil
			return
		}
		if strings.Contains(e.Text, "\n\ngoroutine ") {
			check.Evidence[i].Text = dump(r.candidate.plain(e.Text))
		}
	}
	if printed := t.printed.String(); printed != "" {
		check.Evidence = append(check.Evidence, Evidence{"output", "printed while it ran", r.candidate.plain(printed)})
	}
}

// close finishes a check: one that did not pass gets an id and its event. The
// event of one that passed went out when it was reported.
func (r *run) close(check *Check) {
	for i := range check.Evidence {
		check.Evidence[i].Text = r.candidate.plain(check.Evidence[i].Text)
	}
	if check.Outcome != Passed {
		check.Seed = r.options.Seed
		check.Replay = replayID(r.candidate.lab.ID, r.candidate.source, check.Name, r.options.Seed)
		r.options.Event(Event{Stage: r.stage.ID, Check: check.Name, Outcome: check.Outcome})
	}
}

// died says what a process that ended early died of.
func (r *run) died(check *Check, s *session, result sandbox.Result) {
	stderr := r.candidate.plain(s.stderr.String())
	say := func(o Outcome, format string, args ...any) {
		check.Outcome = o
		text := fmt.Sprintf(format, args...)
		if check.Message != "" {
			text = check.Message + "\n" + text
		}
		check.Message = text
	}
	show := func(kind, title, text string) {
		check.Evidence = append(check.Evidence, Evidence{kind, title, text})
	}
	limit := r.stage.Limit
	if r.options.Limit > 0 {
		limit = r.options.Limit
	}
	switch {
	case result.Reason == sandbox.Memory:
		say(Limited, "the checks and your code together used more than %d MB of memory", limits.Memory>>20)
	case result.Reason == sandbox.Processes:
		say(Limited, "your code started more than %d processes at one time", limits.Processes)
	case result.Reason == sandbox.Output:
		say(Limited, "your code printed more than %d MB", limits.Output>>20)
	case s.hung && s.last == "":
		say(Timeout, "no check started: an init function or a package variable of yours does not return")
		show("stack", "goroutines", dump(stderr))
	case s.hung && asleep(stderr):
		say(Deadlock, "still waiting after %v, and nothing that it waits for can come: every goroutine is blocked", limit)
		show("stack", "who waits for what", dump(stderr))
	case s.hung:
		say(Timeout, "still running after %v", limit)
		stacks := dump(stderr)
		if stacks == "" { // a goroutine inside of the race detector has no stack to show
			stacks = "no stack could be read: the goroutine that runs was inside of the race detector"
		}
		show("stack", "goroutines", stacks)
	default:
		r.crashed(say, show, stderr, result)
	}
}

var (
	raceReport = regexp.MustCompile(`(?s)WARNING: DATA RACE\n(.*?)\n==================`)
	panicLine  = regexp.MustCompile(`(?m)^(?:panic|fatal error): (.*)$`)
	unwritten  = regexp.MustCompile(`^stage [a-z0-9]+: write (.*?)(?: \[recovered.*)?$`)
	exitRace   = 66 // GORACE exitcode

	unwrittenProgram = regexp.MustCompile(`(?m)^panic: stage [a-z0-9]+: write (.*)$`)
)

// notWritten begins the message of a check that met a stub.
const notWritten = "not written yet: "

// crashed reads the runtime's last words.
func (r *run) crashed(say func(Outcome, string, ...any), show func(kind, title, text string), stderr string, result sandbox.Result) {
	if m := raceReport.FindStringSubmatch(stderr); m != nil {
		say(Raced, "data race: two goroutines use the same memory at the same time, at least one writes, and nothing orders them")
		show("race", "race detector", m[1])
		return
	}
	m := panicLine.FindStringSubmatchIndex(stderr)
	if m == nil {
		switch {
		case result.Signal != "":
			say(Exited, "the process was ended by a signal: %s", result.Signal)
		case result.Code == exitRace:
			say(Raced, "the race detector ended the process")
		default:
			say(Exited, "the process ended with exit code %d before the check did: something called os.Exit, or ended the main goroutine", result.Code)
		}
		if stderr != "" {
			show("output", "stderr", tail(stderr))
		}
		return
	}
	what := stderr[m[2]:m[3]]
	stack := dump(stderr[m[0]:])
	switch todo := unwritten.FindStringSubmatch(what); {
	case todo != nil:
		say(Panicked, notWritten+"%s", todo[1])
		return
	case strings.Contains(what, "deadlock"):
		say(Deadlock, "%s", what)
	case strings.HasPrefix(what, "concurrent map"):
		say(Raced, "%s: a map is no place to meet without a lock", what)
	default:
		say(Panicked, "panic: %s", strings.TrimSuffix(what, " [recovered, repanicked]"))
	}
	show("stack", "where", stack)
}

// maxStack bounds what a verdict shows of a dump.
const maxStack = 16 << 10

// dump keeps the goroutines of a dump that are the learner's or the checks': the
// first one, and those with a frame outside of the runtime and testing.
func dump(text string) string {
	blocks := strings.Split(text, "\n\n")
	var keep []string
	for i, b := range blocks {
		if !strings.HasPrefix(b, "goroutine ") {
			if i == 0 && !strings.HasPrefix(b, "SIGQUIT") {
				keep = append(keep, b)
			}
			continue
		}
		if !own(b) {
			continue
		}
		keep = append(keep, frames(b))
	}
	return tail(strings.Join(keep, "\n\n"))
}

// elsewhere stands for the stack of a goroutine that ran on a thread that was not
// asked yet.
const elsewhere = "goroutine running on other thread; stack unavailable"

// own says whether a goroutine has a frame in the learner's files or the checks.
func own(block string) bool {
	if strings.Contains(block, elsewhere) {
		return false // its stack comes in a later block
	}
	for line := range strings.Lines(block) {
		if file, ok := strings.CutPrefix(line, "\t"); ok &&
			!strings.HasPrefix(file, "$GOROOT/") && !strings.HasPrefix(file, "hone/") && !strings.HasPrefix(file, "hone_runner") && !strings.HasPrefix(file, "_testmain.go") {
			return true
		}
	}
	return false
}

var (
	gFields  = regexp.MustCompile(` gp=\S+ m=\S+(?: mp=\S+)?`)
	callArgs = regexp.MustCompile(`\((?:0x|\{|\.\.\.)[^()]*\)$`)
	frameEnd = regexp.MustCompile(` \+0x[0-9a-f]+(?: fp=\S+ sp=\S+ pc=\S+)?$`)
)

// frames tidies one goroutine: no frames of the runtime above it, none of the
// runner and of testing below, no addresses.
func frames(block string) string {
	lines := strings.Split(block, "\n")
	keep := []string{gFields.ReplaceAllString(lines[0], "")}
	for i := 1; i < len(lines); i += 2 {
		call, at := lines[i], ""
		if i+1 < len(lines) {
			at = lines[i+1]
		}
		if strings.HasPrefix(call, "testing.tRunner(") || strings.HasPrefix(call, "testing.(*T).Run(") || strings.HasPrefix(call, "created by testing.") {
			break
		}
		if strings.HasPrefix(at, "\t$GOROOT/src/runtime/") || strings.HasPrefix(call, "testing.tRunner.func") || strings.HasPrefix(at, "\t$GOROOT/src/internal/synctest/") {
			continue
		}
		keep = append(keep, callArgs.ReplaceAllString(call, "(…)"))
		if at != "" {
			keep = append(keep, frameEnd.ReplaceAllString(at, ""))
		}
	}
	return strings.Join(keep, "\n")
}

func tail(s string) string {
	s = strings.TrimSpace(s)
	if len(s) > maxStack {
		return s[:maxStack] + "\n… cut"
	}
	return s
}

var goroutineHead = regexp.MustCompile(`(?m)^goroutine \d+ (?:gp=\S+ m=\S+ (?:mp=\S+ )?)?\[([^,\]]*)`)

// asleep says whether every goroutine of the learner's or the checks' in a dump is
// blocked on another one.
func asleep(text string) bool {
	blocked := []string{"chan receive", "chan send", "select", "semacquire", "sync.", "chan receive (nil chan)", "chan send (nil chan)", "select (no cases)"}
	some := false
	for b := range strings.SplitSeq(text, "\n\n") {
		if strings.Contains(b, elsewhere) {
			return false
		}
		m := goroutineHead.FindStringSubmatch(b)
		if m == nil || !own(b) {
			continue
		}
		if !slices.ContainsFunc(blocked, func(p string) bool { return strings.HasPrefix(m[1], p) }) {
			return false
		}
		some = true
	}
	return some
}

// notes adds what the process did that it should not, fatal or not.
func (r *run) notes(s *session, checks []*Check) {
	if len(s.children) > 0 {
		r.verdict.Problems = append(r.verdict.Problems, Problem{
			Message: fmt.Sprintf("processes were left running after the checks of stage %s: %s", r.stage.ID, strings.Join(s.children, "; ")),
		})
	}
	for _, file := range r.outside(s.testlog) {
		note := Problem{Message: "your code opened " + file + ", which is outside of the lab's directory"}
		if !slices.Contains(r.verdict.Notes, note) {
			r.verdict.Notes = append(r.verdict.Notes, note)
		}
	}
}

// outside reads the log that the os package keeps for go test's cache: every file
// that was opened or looked at. It returns those that a lab has no business with.
func (r *run) outside(testlog string) []string {
	f, err := os.Open(testlog)
	if err != nil {
		return nil
	}
	defer f.Close()
	c := r.candidate
	inside := []string{c.dir, c.judge.tree, c.judge.Go.Root, c.judge.Go.Cache, "/proc", "/sys", "/dev", "/usr", "/bin", "/lib", "/etc/ssl", "/run/systemd/resolve"}
	system := []string{"/etc/hosts", "/etc/resolv.conf", "/etc/nsswitch.conf", "/etc/services", "/etc/protocols", "/etc/localtime", "/etc/mime.types", "/etc/apache2/mime.types", "/etc/apache/mime.types", "/etc/httpd/conf/mime.types", "/etc/mdns.allow"}
	var out []string
	for scanner := bufio.NewScanner(f); scanner.Scan(); {
		verb, file, _ := strings.Cut(scanner.Text(), " ")
		if verb != "open" || !filepath.IsAbs(file) {
			continue
		}
		file = filepath.Clean(file)
		ok := slices.Contains(system, file) || slices.ContainsFunc(inside, func(dir string) bool {
			return file == dir || strings.HasPrefix(file, dir+"/")
		})
		if !ok && !slices.Contains(out, file) {
			out = append(out, file)
		}
	}
	return out
}
