package mutate

import (
	"go/ast"
	"go/parser"
	"go/token"
	"strings"
	"testing"
)

// TestTerminating follows https://go.dev/ref/spec#Terminating_statements.
func TestTerminating(t *testing.T) {
	for body, want := range map[string]bool{
		"":                                    false,
		"return":                              true,
		"goto L; L: return":                   true,
		"x()":                                 false,
		"panic(1)":                            true,
		"{ return }":                          true,
		"if x() { return }":                   false,
		"if x() { return } else { panic(1) }": true,
		"if x() { return } else if x() { return } else { return }": true,
		"for {}":                                            true,
		"for { break }":                                     false,
		"for { for { break } }":                             true,
		"for { switch { default: break } }":                 true,
		"for x() {}":                                        false,
		"for range 3 {}":                                    false,
		"L: for { for { break L } }":                        false,
		"L: for { for { continue L } }":                     true,
		"for { func() { for { break } }() }":                true,
		"switch { case x(): return }":                       false,
		"switch { case x(): return; default: return }":      true,
		"switch { case x(): fallthrough; default: return }": true,
		"switch { case x(): break; default: return }":       false,
		"switch any(1).(type) { default: return }":          true,
		"select {}":                                         true,
		"select { case <-c: return }":                       true,
		"select { case <-c: }":                              false,
		"L: switch { default: for { break L } }":            false,
		"return; ;":                                         true,
	} {
		f, err := parser.ParseFile(token.NewFileSet(), "", "package p\nfunc f() {"+body+"\n}", 0)
		if err != nil {
			t.Fatal(body, err)
		}
		if got := terminatingList(f.Decls[0].(*ast.FuncDecl).Body.List); got != want {
			t.Errorf("%q: %v, want %v", body, got, want)
		}
	}
}

// TestAsleep reads dumps.
func TestAsleep(t *testing.T) {
	const (
		idle    = "goroutine 0 gp=0x7ce3c0 m=0 mp=0x7cf3c0 [idle]:\nruntime.futex()\n"
		sweep   = "goroutine 3 gp=0xc0000092c0 m=nil [GC sweep wait]:\nruntime.bgsweep()\ncreated by runtime.gcenable in goroutine 1\n"
		waiting = "goroutine 1 gp=0xc0000081e0 m=nil [chan receive, 2 minutes]:\ntesting.(*T).Run()\n"
		locked  = "goroutine 7 [sync.Mutex.Lock]:\nexample.com/a.f()\n"
		running = "goroutine 8 [running]:\nexample.com/a.g()\n"
		sleeps  = "goroutine 9 [sleep]:\ntime.Sleep()\n"
		signals = "goroutine 10 [syscall]:\nos/signal.signal_recv()\n"
	)
	for _, c := range []struct {
		blocks []string
		want   bool
	}{
		{nil, false},
		{[]string{idle, sweep}, false},
		{[]string{idle, sweep, waiting, locked, signals}, true},
		{[]string{waiting, running}, false},
		{[]string{waiting, sleeps}, false},
	} {
		if got := asleep("SIGQUIT: quit\n\n" + strings.Join(c.blocks, "\n")); got != c.want {
			t.Errorf("%q: %v, want %v", c.blocks, got, c.want)
		}
	}
}
