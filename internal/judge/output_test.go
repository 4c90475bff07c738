package judge

import (
	"strings"
	"testing"
)

// What testing prints is taken apart by test: log, attributes, prints.
func TestParse(t *testing.T) {
	const out = "\x16=== RUN   TestHone\n" +
		"\x16=== RUN   TestHone/TestA_X\n" +
		"printed by the code\n" +
		"    a_test.go:12: one\n" +
		"        two\n" +
		"\n" +
		"        three\n" +
		"\x16=== ATTR  TestHone/TestA_X hone.outcome budget\n" +
		"\x16=== ATTR  TestHone/TestA_X hone.evidence {\"kind\":\"alloc\",\"title\":\"t\",\"text\":\"1\\n\"}\n" +
		"\x16=== ATTR  TestHone/TestA_X hone.evidence {\"kind\":\"alloc\",\"title\":\"t\",\"text\":\"2\",\"more\":true}\n" +
		"\x16=== RUN   TestHone/TestA_X/sub\n" +
		"    a_test.go:20: from a subtest\n" +
		"unfinished line\x16=== RUN   TestHone/TestB_Y\n" +
		"    b_test.go:1: b\n" +
		"\x16    --- FAIL: TestHone/TestA_X (0.00s)\n" +
		"FAIL\n"
	got := parse(out)
	a, b := got["TestA_X"], got["TestB_Y"]
	if a == nil || b == nil {
		t.Fatalf("parse = %v", got)
	}
	if want := "one\ntwo\n\nthree\nfrom a subtest"; a.message() != want {
		t.Errorf("message = %q, want %q", a.message(), want)
	}
	if a.attrs["hone.outcome"] != "budget" || len(a.evidence) != 1 || a.evidence[0] != (Evidence{"alloc", "t", "1\n2"}) {
		t.Errorf("attrs = %v, evidence = %v", a.attrs, a.evidence)
	}
	if p := a.printed.String(); !strings.HasPrefix(p, "printed by the code\n") || !strings.Contains(p, "unfinished line") {
		t.Errorf("printed = %q", p)
	}
	if b.message() != "b" {
		t.Errorf("message of the second = %q", b.message())
	}
}

func FuzzParse(f *testing.F) {
	f.Add("\x16=== RUN   TestHone/TestA\n    a.go:1: x\n        y\n")
	f.Add("\x16=== ATTR  TestHone/TestA hone.evidence {")
	f.Fuzz(func(t *testing.T, out string) {
		for _, s := range parse(out) {
			s.message()
		}
	})
}

// A dump keeps the goroutines that are somebody's, and tells who is blocked.
func TestDump(t *testing.T) {
	const text = `SIGQUIT: quit
PC=0x1 m=0 sigcode=0

goroutine 1 gp=0xc000002380 m=nil [chan receive]:
runtime.gopark(0x1?, 0x2?)
	$GOROOT/src/runtime/proc.go:474 +0xca fp=0x1 sp=0x2 pc=0x3
testing.(*T).Run(0xc0000e8000, {0x1, 0x2})
	$GOROOT/src/testing/testing.go:2109 +0x4a fp=0x1 sp=0x2 pc=0x3

goroutine 7 gp=0xc000102700 m=nil [sync.Mutex.Lock]:
runtime.gopark(0x1?, 0x2?)
	$GOROOT/src/runtime/proc.go:474 +0xca fp=0x1 sp=0x2 pc=0x3
sync.(*Mutex).Lock(...)
	$GOROOT/src/sync/mutex.go:46
example/queue.(*Queue).Get(0xc00001)
	queue.go:40 +0x32 fp=0x1 sp=0x2 pc=0x3
testing.tRunner(0xc0000e8000, 0x1)
	$GOROOT/src/testing/testing.go:2036 +0xea
created by testing.(*T).Run in goroutine 1
	$GOROOT/src/testing/testing.go:2101 +0x4a

goroutine 9 gp=0xc000102800 m=3 mp=0xc1 [running]:
	goroutine running on other thread; stack unavailable`
	want := "goroutine 7 [sync.Mutex.Lock]:\nsync.(*Mutex).Lock(…)\n\t$GOROOT/src/sync/mutex.go:46\nexample/queue.(*Queue).Get(…)\n\tqueue.go:40"
	blocked, _, _ := strings.Cut(text, "\n\ngoroutine 9")
	if got := dump(blocked); got != want {
		t.Errorf("dump =\n%s\nwant\n%s", got, want)
	}
	if !asleep(blocked) {
		t.Error("a process whose goroutines all wait is not asleep")
	}
	if asleep(strings.Replace(blocked, "[sync.Mutex.Lock]", "[runnable]", 1)) {
		t.Error("a process with a runnable goroutine is asleep")
	}
}

func FuzzDump(f *testing.F) {
	f.Add("goroutine 1 [running]:\nmain.f()\n\tf.go:1 +0x1\n")
	f.Fuzz(func(t *testing.T, text string) {
		dump(text)
		asleep(text)
	})
}
