package leaks_test

import (
	"context"
	"crypto/sha256"
	"fmt"
	"regexp"
	"runtime"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

// facts holds what the goroutine profile of the broken service shows for each
// stage: Func, Op and Why, hashed, so that reading the checks isn't looking.
var facts = map[string][3]string{
	"firstwins":  {"27ab60454b20", "08ea2199951b", "c2488cce5a97"},
	"ticker":     {"35716d528158", "96ca220813d1", "0399661f5dab"},
	"subscriber": {"b1fa6e005860", "0d94a9c9c0e9", "e5bf9f90b84d"},
	"bodies":     {"053fe0487179", "af1460829ee7", "593e83221480"},
	"context":    {"793eb73d5ac9", "e65e1d5d229c", "a7bca3d3c287"},
	"shutdown":   {"c1be2a00e194", "af240188b9cb", "c47c4af65f42"},
}

// frame cuts what a profile prints around the name of a function: the path of the
// package before it, and after it the number of a closure and the arguments.
var frame = regexp.MustCompile(`^(?:.*/)?(?:leaks\.)?\(?\*?([A-Za-z]+)\)?(?:\.([A-Za-z]+))?(?:\.func\d+|\.\d+|\.gowrap\d+)*(?:\(.*\))?$`)

// named checks a finding against the facts.
func named(t *testing.T, stage string, got leaks.Cause) {
	t.Helper()
	if got == (leaks.Cause{}) {
		t.Fatalf("causes.go has no finding yet.\nRun the service under load (go run ./program), read its goroutine profile, and write down where the goroutine is (Func), what it is blocked in (Op) and what was forgotten (Why). Then repair.")
	}
	function := got.Func
	cut := strings.TrimPrefix(strings.TrimSpace(got.Func), "created by ")
	cut, _, _ = strings.Cut(cut, " in goroutine ")
	if m := frame.FindStringSubmatch(cut); m != nil {
		function = strings.TrimSuffix(m[1]+"."+m[2], ".")
	}
	parts := [3]string{function, string(got.Op), string(got.Why)}
	says := [3]string{
		fmt.Sprintf("Func is %q, and that is not where this goroutine was left.\nTake one goroutine of the group that grows with this stage's load, and the first line of its stack that names this package. If there is none, ask who opened what the goroutine serves.", got.Func),
		fmt.Sprintf("Op is %q, and this goroutine is blocked in something else.\nIt stands in brackets behind the goroutine's number in /debug/pprof/goroutine?debug=2.", got.Op),
		fmt.Sprintf("Why is %q.\nThat isn't it. Ask of the blocked operation: who could end it, where is that code, and what would it have had to do? Then read that code on every path, also the ones that return early.", got.Why),
	}
	for i, part := range parts {
		if fact(stage, i, part) != facts[stage][i] {
			t.Error(says[i])
		}
	}
}

func fact(stage string, part int, value string) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s/%d/%s", stage, part, value))
	return fmt.Sprintf("%x", sum[:6])
}

// endsAll claims that no goroutine outlives the check, and says what that means here.
func endsAll(t *testing.T, lesson string) {
	t.Helper()
	t.Cleanup(func() { // runs after the cleanup of the claim
		if t.Failed() {
			t.Log(lesson)
		}
	})
	claim.NoGoroutineLeak(t)
}

// bubble runs f on a clock of its own, on which waiting costs nothing. When f returns
// all its goroutines must have ended: one that's blocked for ever can't hide there.
func bubble(t *testing.T, lesson string, f func(t *testing.T)) {
	t.Helper()
	if r := inBubble(t, f); r != nil {
		claim.Show(t, claim.KindStack, "goroutines that nothing can wake", bubbled())
		claim.Fail(t, claim.OutcomeLeak, "%s\n(%v)", lesson, r)
	}
}

// virtual runs f on a clock of its own too, but looks at what f says only: a check of
// one promise shouldn't fail for another. It's enough that f returns.
func virtual(t *testing.T, f func(t *testing.T)) {
	t.Helper()
	if r := inBubble(t, f); r != nil && !strings.Contains(fmt.Sprint(r), "main bubble goroutine has exited") {
		claim.Show(t, claim.KindStack, "goroutines that nothing can wake", bubbled())
		claim.Fail(t, claim.OutcomeDeadlock, "All that runs in this check waits, and nothing is left that could wake it.\n(%v)", r)
	}
}

// inBubble returns why the runtime gave the bubble up, if it did.
func inBubble(t *testing.T, f func(t *testing.T)) (reason any) {
	defer func() { reason = recover() }()
	synctest.Test(t, f)
	return nil
}

// bubbled returns the stacks of the goroutines in bubbles.
func bubbled() string {
	buf := make([]byte, 1<<20)
	var stacks []string
	for _, g := range strings.Split(string(buf[:runtime.Stack(buf, true)]), "\n\n") {
		if head, _, _ := strings.Cut(g, "\n"); strings.Contains(head, "synctest bubble") {
			stacks = append(stacks, g)
		}
	}
	return strings.Join(stacks, "\n\n")
}

// quoting answers at once.
func quoting(price int64) leaks.Source {
	return func(_ context.Context, symbol string) (leaks.Quote, error) {
		return leaks.Quote{Symbol: symbol, Price: price}, nil
	}
}

// failing fails at once.
func failing(err error) leaks.Source {
	return func(context.Context, string) (leaks.Quote, error) { return leaks.Quote{}, err }
}

// hanging answers only when it is told that nobody waits any more.
func hanging(ctx context.Context, _ string) (leaks.Quote, error) {
	<-ctx.Done()
	return leaks.Quote{}, ctx.Err()
}

// late answers after a while, and minds its context meanwhile.
func late(d time.Duration, s leaks.Source) leaks.Source {
	return func(ctx context.Context, symbol string) (leaks.Quote, error) {
		select {
		case <-time.After(d):
			return s(ctx, symbol)
		case <-ctx.Done():
			return leaks.Quote{}, ctx.Err()
		}
	}
}

// deaf answers after a while, whatever its context says: a C library, a disk, a bug.
func deaf(d time.Duration, s leaks.Source) leaks.Source {
	return func(ctx context.Context, symbol string) (leaks.Quote, error) {
		time.Sleep(d)
		return s(ctx, symbol)
	}
}
