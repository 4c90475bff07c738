package claim

import (
	"fmt"
	"hash/fnv"
	"hash/maphash"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"testing"
)

// Seed returns the seed of this test's random input. It is $HONE_SEED, a decimal
// number, mixed with the test's name, so that one number replays a whole run and
// still no two tests get the same input. Without $HONE_SEED it is random, and the
// number to set is in the log of a test that failed. Either way it is reported as
// the attribute hone.seed. All calls in one test return the same seed.
func Seed(t testing.TB) uint64 {
	t.Helper()
	base, chosen := baseSeed(t)
	t.Attr(keySeed, strconv.FormatUint(base, 10))
	if !chosen {
		t.Cleanup(func() {
			if t.Failed() {
				t.Logf("The input was random. HONE_SEED=%d repeats it.", base)
			}
		})
	}
	h := fnv.New64a()
	fmt.Fprintf(h, "%d\x00%s", base, ownName(t.Name()))
	return h.Sum64()
}

// Rand returns a generator of random numbers seeded by [Seed].
func Rand(t testing.TB) *rand.Rand {
	t.Helper()
	seed := Seed(t)
	return rand.New(rand.NewPCG(seed, seed^0x9e3779b97f4a7c15))
}

// baseSeed is the number that is reported, and whether somebody chose it. A
// random one must be the same for all calls in one test and differ between runs
// under -count. The address of t is just that, and needs no table of tests;
// processSeed makes it random.
func baseSeed(t testing.TB) (base uint64, chosen bool) {
	t.Helper()
	s := os.Getenv("HONE_SEED")
	if s == "" {
		if q, ok := t.(*quiet); ok {
			t = q.TB // a check repeats what it did
		}
		return maphash.String(processSeed, fmt.Sprintf("%p", t)), false
	}
	base, err := strconv.ParseUint(s, 10, 64)
	if err != nil {
		t.Fatalf("HONE_SEED=%q: want a decimal number below 1<<64", s)
	}
	return base, true
}

var processSeed = maphash.MakeSeed()

// ownName drops what a test is a subtest of when it is itself a test function,
// called by another: its seed must not depend on who runs it.
func ownName(name string) string {
	if i := strings.LastIndex(name, "/Test"); i >= 0 {
		return name[i+1:]
	}
	return name
}
