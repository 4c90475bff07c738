package gate

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"github.com/hone-go/hone/internal/catalog"
	"github.com/hone-go/hone/internal/diagnose"
	"github.com/hone-go/hone/internal/judge"
)

// How often a mutant is run to be recorded: with the seed of the golden text, and with
// others, for what else it may fail.
const (
	goldenRuns = 3
	otherRuns  = 2
)

// Record runs every mutant of a lab, and writes below dir, the lab's directory, what it
// fails and what a learner sees of it. Nothing else there is touched, but golden files
// of mutants that are no more are removed.
func Record(ctx context.Context, j *judge.Judge, lab *catalog.Lab, dir string, o Options) error {
	if o.Event == nil {
		o.Event = func(string) {}
	}
	in := &inspection{judge: j, lab: lab, event: o.Event}
	var mu sync.Mutex
	var matrix diagnose.Matrix
	done := 0
	runs := map[string][]judge.Stage{}
	err := in.eachMutant(ctx, func(ctx context.Context, m catalog.Mutant) error {
		c, err := in.candidate(m)
		if err != nil {
			return fmt.Errorf("mutant %s: %w", m.Name, err)
		}
		defer c.Close()
		var stages []judge.Stage
		for i := range goldenRuns + otherRuns {
			seed := uint64(goldenSeed)
			if i >= goldenRuns {
				seed += uint64(i)
			}
			seen, err := observe(ctx, c, in.stageOf(m), judge.CheckOptions{Seed: seed})
			if err != nil {
				return fmt.Errorf("mutant %s: %w", m.Name, err)
			}
			stages = append(stages, seen)
		}
		mu.Lock()
		defer mu.Unlock()
		done++
		o.Event(fmt.Sprintf("%s: recorded %s, %d of %d", lab.ID, m.Name, done, len(lab.Mutants)))
		runs[m.Name] = stages
		if f := diagnose.Record(m.Name, stages); len(f.Failures) > 0 {
			matrix = append(matrix, f)
			return nil
		}
		return fmt.Errorf("mutant %s fails nothing of its stage", m.Name)
	})
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, diagnose.File), []byte(matrix.Format()), 0o644); err != nil {
		return fmt.Errorf("write the fingerprints: %w", err)
	}
	return in.writeGoldens(dir, matrix, runs)
}

// writeGoldens renders the runs with the golden seed once all fingerprints are known,
// because a suspicion is part of what a learner sees.
func (in *inspection) writeGoldens(dir string, matrix diagnose.Matrix, runs map[string][]judge.Stage) error {
	golds := filepath.Join(dir, goldenDir)
	if err := os.MkdirAll(golds, 0o755); err != nil {
		return fmt.Errorf("write the golden files: %w", err)
	}
	for name, stages := range runs {
		var texts []string
		for _, s := range stages[:goldenRuns] {
			texts = append(texts, in.text(s, matrix))
		}
		if err := os.WriteFile(filepath.Join(golds, name+".txt"), []byte(golden(texts)), 0o644); err != nil {
			return fmt.Errorf("write the golden file of %s: %w", name, err)
		}
	}
	entries, err := os.ReadDir(golds)
	if err != nil {
		return fmt.Errorf("look for old golden files: %w", err)
	}
	for _, e := range entries {
		if name, ok := strings.CutSuffix(e.Name(), ".txt"); ok && in.lab.Mutant(name) == nil {
			if err := os.Remove(filepath.Join(golds, e.Name())); err != nil {
				return fmt.Errorf("remove a golden file: %w", err)
			}
		}
	}
	return nil
}
