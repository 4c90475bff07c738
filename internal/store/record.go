package store

import (
	"context"
	"database/sql"
	"time"

	"github.com/hone-go/hone/internal/judge"
)

// An Attempt is one verdict to remember, with what it was reached on.
type Attempt struct {
	Dir     string            // the learner's directory
	At      time.Time         // when the verdict was asked for
	Files   map[string][]byte // the files that were judged
	Verdict *judge.Verdict
}

// Record remembers a verdict: one row for each stage that ran, the stages that
// passed for the first time, the first answer to each question, and the failures
// that can be repeated with the files that they happened on.
func (s *Store) Record(ctx context.Context, a Attempt) error {
	return s.atomically(ctx, "record the verdict", func(tx *sql.Tx) error {
		for i := range a.Verdict.Stages {
			if err := recordStage(ctx, tx, &a, &a.Verdict.Stages[i]); err != nil {
				return err
			}
		}
		return saveReplays(ctx, tx, &a)
	})
}

func recordStage(ctx context.Context, tx *sql.Tx, a *Attempt, st *judge.Stage) error {
	if st.Outcome == judge.NotRun {
		return nil
	}
	v, at := a.Verdict, a.At.UnixMilli()
	var failing string
	var wall time.Duration
	for _, c := range st.Checks {
		wall += c.Wall
		if failing == "" && c.Outcome != judge.Passed && c.Outcome != judge.NotRun {
			failing = c.Name
		}
		if err := recordPrediction(ctx, tx, a, &c); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `
		INSERT INTO attempts (lab, stage, outcome, failing, at, source, go, wall)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
		v.Lab, st.ID, st.Outcome, failing, at, v.Source, v.Go, int64(wall))
	if err != nil || st.Outcome != judge.Passed {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO passed (lab, stage, at, source) VALUES (?, ?, ?, ?)
		ON CONFLICT DO NOTHING`,
		v.Lab, st.ID, at, v.Source)
	return err
}

// recordPrediction keeps the first answer to a question, right or wrong. A
// question that wasn't answered brings no evidence of that kind: the judge
// reveals nothing until it is.
func recordPrediction(ctx context.Context, tx *sql.Tx, a *Attempt, c *judge.Check) error {
	for _, e := range c.Evidence {
		if e.Kind != "prediction" {
			continue
		}
		_, err := tx.ExecContext(ctx, `
			INSERT INTO predictions (lab, check_name, right, said, at) VALUES (?, ?, ?, ?, ?)
			ON CONFLICT DO NOTHING`,
			a.Verdict.Lab, c.Name, c.Outcome == judge.Passed, e.Text, a.At.UnixMilli())
		return err
	}
	return nil
}

// TakeHint goes one rung further down the ladder of a stage and returns the
// number of the rung, from 1. At the end of the ladder it stays on the last one,
// and more is false.
func (s *Store) TakeHint(ctx context.Context, lab, stage string, rungs int) (rung int, more bool, err error) {
	err = s.atomically(ctx, "record the hint", func(tx *sql.Tx) error {
		row := tx.QueryRowContext(ctx, `SELECT coalesce(max(rung), 0) FROM hints WHERE lab = ? AND stage = ?`, lab, stage)
		if err := row.Scan(&rung); err != nil {
			return err
		}
		if rung >= rungs {
			rung = rungs
			return nil
		}
		rung++
		more = rung < rungs
		_, err := tx.ExecContext(ctx, `INSERT INTO hints (lab, stage, rung, at) VALUES (?, ?, ?, ?)`,
			lab, stage, rung, time.Now().UnixMilli())
		return err
	})
	return rung, more, err
}

// SawSolution remembers that the solution of a stage was shown before the stage
// passed. Shown after that, it costs nothing and isn't remembered.
func (s *Store) SawSolution(ctx context.Context, lab, stage string) error {
	return s.atomically(ctx, "record the solution", func(tx *sql.Tx) error {
		_, err := tx.ExecContext(ctx, `
			INSERT INTO solutions (lab, stage, at)
			SELECT ?1, ?2, ?3 WHERE NOT EXISTS (SELECT 1 FROM passed WHERE lab = ?1 AND stage = ?2)
			ON CONFLICT DO NOTHING`,
			lab, stage, time.Now().UnixMilli())
		return err
	})
}
