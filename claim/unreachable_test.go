package claim_test

import (
	"runtime"
	"testing"

	"github.com/hone-go/hone/claim"
)

type job struct {
	Next *job
	ID   [8]int
}

func TestUnreachable_Holds(t *testing.T) {
	var q []*job
	r := record(t, func(t testing.TB) {
		claim.Unreachable(t, "a popped job", func() *job {
			q = append(q, new(job), new(job))
			j := q[0]
			q[0] = nil
			q = q[1:]
			return j
		})
	})
	r.wantSilent(t)
	runtime.KeepAlive(q)
}

func TestUnreachable_PointerIntoABuffer(t *testing.T) {
	var part string
	r := record(t, func(t testing.TB) {
		claim.Unreachable(t, "a buffer", func() *byte {
			b := make([]byte, 4096)
			part = string(b[:2])
			return &b[0]
		})
	})
	r.wantSilent(t)
	runtime.KeepAlive(part)
}

func TestUnreachable_Pinned(t *testing.T) {
	var q []*job
	r := record(t, func(t testing.TB) {
		claim.Unreachable(t, "a popped job", func() *job {
			q = append(q[:0], new(job), new(job))
			j := q[1]
			q = q[:1]
			return j
		})
	})
	r.wantFailed(t, claim.OutcomeLeak, "a popped job is still reachable after", "past the length too")
	runtime.KeepAlive(q)
}

func TestUnreachable_Red(t *testing.T) {
	r := record(t, func(t testing.TB) {
		claim.Unreachable(t, "a byte of nothing", func() *struct{} { return new(struct{}) })
	})
	r.wantFailed(t, claim.OutcomeLeak, "a lone struct {}")
	r = record(t, func(t testing.TB) {
		claim.Unreachable(t, "nothing", func() *job { return nil })
	})
	r.wantFailed(t, "", "hold returned nil")
	global := new(job)
	r = record(t, func(t testing.TB) {
		claim.Unreachable(t, "a global", func() *job { return global })
	})
	r.wantFailed(t, claim.OutcomeLeak, "still reachable")
	runtime.KeepAlive(global)
	r = record(t, func(t testing.TB) {
		claim.Unreachable(t, "a static variable", func() *job { return &static })
	})
	r.wantFailed(t, claim.OutcomeLeak, "still reachable")
}

var static job
