package compile_test

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/hone-go/hone/lens/compile"
)

// versions are those that the observer is made for, beside the one that runs the tests.
var versions = [...]struct {
	go_  string
	lack []compile.Feature
}{
	{"go1.24.13", []compile.Feature{compile.FeatureLiveness}},
	{"go1.25.14", nil},
	{"go1.27.4", nil},
}

// The observer is built for every Go version, its objects are the stock compiler's, and
// it finds the same in the test package, but for what the versions do differently.
func TestObserver_EveryVersion(t *testing.T) {
	if testing.Short() {
		t.Skip("fetches and builds compilers")
	}
	for _, v := range versions {
		t.Run(v.go_, func(t *testing.T) {
			l := open(t, compile.Options{Toolchain: v.go_})
			o, err := l.Prepare(t.Context(), "testdata/src")
			if err != nil {
				t.Skip(err) // the toolchain can't be fetched here
			}
			if !o.Verified {
				t.Error("its objects were not found to be the same")
			}
			var lack []compile.Feature
			for _, g := range o.Gaps {
				lack = append(lack, g.Feature)
			}
			if !slices.Equal(lack, v.lack) {
				t.Errorf("it lacks %v, want %v", o.Gaps, v.lack)
			}
			r := look(t, l, compile.Query{Package: "./facts"})
			if r.Go != v.go_ {
				t.Errorf("%s answered", r.Go)
			}
			compare(t, r, filepath.Join("testdata/src/facts/facts.go"))
		})
	}
}
