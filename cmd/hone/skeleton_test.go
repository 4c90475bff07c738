package main

import (
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/hone-go/hone"
	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/judge"
	"github.com/hone-go/hone/internal/start"
)

// TestSkeletons judges what lab new writes as a lab check would, but once each:
// the starter does not pass, the reference does, and every mutant is rejected by
// the check that it names. That all gates are green takes minutes to show:
// hone lab new, then hone lab check.
func TestSkeletons(t *testing.T) {
	labs := fstest.MapFS{"syllabus.tsv": {Data: []byte("id\tpart\ttopic\nX1\tSECTION\tFixtures\nX1.1\tFixtures\tOne\n")}}
	for _, kind := range kindWords {
		files, err := skeleton(kind, strings.NewReplacer("<<track>>", "craft", "<<name>>", "new"+kind, "<<topic>>", "X1.1"))
		if err != nil {
			t.Fatal(err)
		}
		for name, data := range files {
			labs["craft/new"+kind+"/"+name] = &fstest.MapFile{Data: data}
		}
	}
	source := overlaid{hone.Source, labs}
	c, err := openLabs(source)
	if err != nil {
		t.Fatal(err)
	}
	j, err := judge.New(t.Context(), judge.Options{Source: source, Cache: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	for _, lab := range c.Labs() {
		t.Run(string(lab.Kind), func(t *testing.T) { skeletonIsGood(t, j, lab) })
	}
}

func skeletonIsGood(t *testing.T, j *judge.Judge, lab *catalog.Lab) {
	check := func(what string, files start.Files, only []string) *judge.Verdict {
		t.Helper()
		v, err := j.Check(t.Context(), lab, files, judge.CheckOptions{Only: only, All: only != nil})
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range v.Problems {
			t.Errorf("%s: %s:%d: %s", what, p.File, p.Line, p.Message)
		}
		return v
	}
	n := len(lab.Stages)
	for solved, want := range map[int]judge.Outcome{0: judge.NotYet, n: judge.Passed} {
		files, err := judge.Solution(lab, solved, start.Panic)
		if err != nil {
			t.Fatal(err)
		}
		if v := check("solution", files, nil); v.Outcome != want {
			t.Errorf("with %d of %d stages solved: %s, want %s: %+v", solved, n, v.Outcome, want, v.Stages)
		}
	}
	reference, err := judge.Reference(lab)
	if err != nil {
		t.Fatal(err)
	}
	rejected := map[int]int{}
	for _, m := range lab.Mutants {
		wrong, err := start.Apply(reference, m.Diff)
		if err != nil {
			t.Fatal(err)
		}
		for _, st := range check(m.Name, wrong, m.Fails).Stages {
			for _, c := range st.Checks {
				if c.Outcome == judge.Passed || c.Outcome == judge.NotRun {
					t.Errorf("mutant %s: %s is %s, want it to fail", m.Name, c.Name, c.Outcome)
				}
			}
		}
		rejected[lab.StageOf(m.Fails[0])]++
	}
	if len(rejected) != n || slices.ContainsFunc(lab.Stages, func(s catalog.Stage) bool { return len(s.Hints) < 4 }) {
		t.Errorf("each of %d stages needs mutants (%v) and four hints", n, rejected)
	}
}
