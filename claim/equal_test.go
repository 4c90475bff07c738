package claim_test

import (
	"math"
	"strings"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
)

type point struct {
	X, Y int
	name string
	next *point
}

func TestEqual_Holds(t *testing.T) {
	r := record(t, func(t testing.TB) {
		claim.Equal(t, "int", 1, 1)
		claim.Equal(t, "points", []point{{X: 1}}, []point{{X: 1}})
		claim.Bytes(t, "bytes", []byte("a"), []byte("a"))
		claim.Bytes(t, "no bytes", nil, []byte{})
	})
	r.wantSilent(t)
}

func TestEqual_Red(t *testing.T) {
	long := make([]int, 100)
	other := make([]int, 100)
	other[50] = 7
	cycle, ring := &point{}, &point{X: 1}
	cycle.next, ring.next = cycle, ring
	check := func(name string, f func(t testing.TB), words ...string) {
		t.Run(name, func(t *testing.T) { record(t, f).wantFailed(t, "", words...) })
	}
	check("int", func(t testing.TB) { claim.Equal(t, "len", 1, 2) }, "len = 1, want 2")
	check("string", func(t testing.TB) { claim.Equal(t, "key", "a\x00", "b") }, `key = "a\x00", want "b"`)
	check("duration", func(t testing.TB) { claim.Equal(t, "d", time.Second, time.Minute) }, `d = 1s, want 1m0s`)
	check("any", func(t testing.TB) { claim.Equal[any](t, "n", int64(1), 1) }, "n = int64(1), want 1")
	check("nil", func(t testing.TB) { claim.Equal[error](t, "err", nil, errTest{}) }, "err = nil, want claim_test.errTest{}")
	check("empty", func(t testing.TB) { claim.Equal(t, "s", nil, []int{}) }, "s = []int(nil), want []int{}")
	check("struct", func(t testing.TB) { claim.Equal(t, "p", &point{X: 1, name: "a"}, nil) },
		`p = &claim_test.point{X: 1, Y: 0, name: "a", next: nil}, want *claim_test.point(nil)`)
	check("map", func(t testing.TB) { claim.Equal(t, "m", map[int]bool{10: true, 9: false}, map[int]bool{}) },
		`m = map[int]bool{9: false, 10: true}, want map[int]bool{}`)
	check("cycle", func(t testing.TB) { claim.Equal(t, "c", cycle, ring) }, "next: &…}", "want &claim_test.point{X: 1")
	check("long", func(t testing.TB) { claim.Equal(t, "s", long, other) }, "- \t0,", "+ \t7,", "equal lines")
	check("text", func(t testing.TB) { claim.Equal(t, "s", "a\nb\nc\n", "a\nB\nc\n") }, "  a\n", "- b\n", "+ B\n", "  c\n")
	check("NaN", func(t testing.TB) { claim.Equal(t, "x", math.NaN(), math.NaN()) }, "does not print")
	check("bytes", func(t testing.TB) { claim.Equal(t, "b", []byte("ab"), []byte("aB")) }, "byte 1 is wrong: got 'b' (0x62), want 'B' (0x42)")
}

type errTest struct{}

func (errTest) Error() string { return "x" }

func TestBytes_Caret(t *testing.T) {
	got := []byte("HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc" + strings.Repeat("x", 50))
	want := []byte("HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
	r := record(t, func(t testing.TB) { claim.Bytes(t, "response", got, want) })
	r.wantFailed(t, "", "response: byte 20 is wrong: got 't' (0x74), want 'n' (0x6e)", "bytes got, 38 wanted")
	e := r.evidence(t)
	if len(e) != 1 || e[0].Kind != "transcript" {
		t.Fatalf("evidence = %+v, want a transcript", e)
	}
	wantText := `
got   "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabcxxxxxxxxxxx…
want  "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n"
                             ^ 20
`
	if e[0].Text != wantText[1:] {
		t.Errorf("text =\n%swant\n%s", e[0].Text, wantText[1:])
	}
	r = record(t, func(t testing.TB) {
		claim.Bytes(t, "reply", []byte(strings.Repeat("é", 40)), []byte(strings.Repeat("é", 40)+"!"))
	})
	r.wantFailed(t, "", "byte 80 is wrong: got the end, want '!'", "^ 80")
}

func TestPrediction(t *testing.T) {
	claim.Predict(8).Check(t, "cap?", int64(8), "")
	claim.Predict(8).Check(t, "cap?", uintptr(8), "")
	claim.Predict([]int{1}).Check(t, "slice?", []int{1}, "")
	claim.Predict(2.0).Check(t, "ratio?", 2, "")
	claim.Predict(nil).Check(t, "err?", nil, "")
	r := record(t, func(t testing.TB) { claim.Prediction{}.Check(t, "cap?", 8, "grown from 4") })
	r.wantFailed(t, "", "cap?", "not predicted yet", "claim.Predict(")
	if log := r.log.String(); strings.Contains(log, "8") || strings.Contains(log, "grown") || len(r.attrs) > 0 {
		t.Errorf("the answer is given away: %s %v", log, r.attrs)
	}
	r = record(t, func(t testing.TB) { claim.Predict("7").Check(t, "cap?", 8, "grown from 4") })
	r.wantFailed(t, "", `You predicted "7"; it is 8.`, "grown from 4")
	if e := r.evidence(t); len(e) != 1 || e[0].Kind != "prediction" || e[0].Title != "cap?" {
		t.Errorf("evidence = %+v, want a prediction", e)
	}
	for _, pair := range [][2]any{{-1, uint(1)}, {1, nil}, {"1", 1}, {1.5, 1}} {
		r := record(t, func(t testing.TB) { claim.Predict(pair[0]).Check(t, "?", pair[1], "") })
		r.wantFailed(t, "", "You predicted")
	}
}
