package store

import (
	"context"
	"database/sql"
	"time"
)

// A Lab is what is remembered of one lab. A lab that was never tried has the
// zero value, but for its ID.
type Lab struct {
	ID     string           `json:"id"`
	First  time.Time        `json:"first,omitzero"` // when something happened in it first
	Last   time.Time        `json:"last,omitzero"`
	Stages map[string]Stage `json:"stages,omitempty"`
}

// A Stage is what is remembered of one stage.
type Stage struct {
	Passed   time.Time `json:"passed,omitzero"` // zero: not yet
	Attempts int       `json:"attempts"`        // verdicts up to the first that passed, or until now
	Hints    int       `json:"hints"`           // rungs taken
	Solution time.Time `json:"solution,omitzero"`
}

// Passed reports whether a stage has ever passed.
func (l *Lab) Passed(stage string) bool {
	return !l.Stages[stage].Passed.IsZero()
}

// Lab returns what is remembered of one lab.
func (s *Store) Lab(ctx context.Context, id string) (*Lab, error) {
	labs, err := s.labs(ctx, id)
	if err != nil {
		return nil, err
	}
	if l := labs[id]; l != nil {
		return l, nil
	}
	return &Lab{ID: id}, nil
}

// Labs returns all labs of which anything is remembered, by id.
func (s *Store) Labs(ctx context.Context) (map[string]*Lab, error) {
	return s.labs(ctx, "")
}

// labs reads progress as a list of facts, one for each stage and kind, and puts
// them together here: four small tables, no joins, no missing rows to fill in.
func (s *Store) labs(ctx context.Context, only string) (map[string]*Lab, error) {
	const facts = `
		SELECT 'passed', lab, stage, 1, min(at), max(at) FROM passed GROUP BY lab, stage
		UNION ALL
		SELECT 'solution', lab, stage, 1, min(at), max(at) FROM solutions GROUP BY lab, stage
		UNION ALL
		SELECT 'hints', lab, stage, count(*), min(at), max(at) FROM hints GROUP BY lab, stage
		UNION ALL
		SELECT 'attempts', a.lab, a.stage,
			count(*) FILTER (WHERE p.at IS NULL OR a.at <= p.at), min(a.at), max(a.at)
		FROM attempts a LEFT JOIN passed p USING (lab, stage) GROUP BY a.lab, a.stage`
	labs := map[string]*Lab{}
	err := s.atomically(ctx, "read progress", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `SELECT * FROM (`+facts+`) WHERE ?1 = '' OR lab = ?1`, only)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var f fact
			if err := rows.Scan(&f.kind, &f.lab, &f.stage, &f.n, &f.first, &f.last); err != nil {
				return err
			}
			f.add(labs)
		}
		return rows.Err()
	})
	if err != nil {
		return nil, err
	}
	return labs, nil
}

type fact struct {
	kind, lab, stage string
	n                int
	first, last      int64
}

func (f fact) add(labs map[string]*Lab) {
	l := labs[f.lab]
	if l == nil {
		l = &Lab{ID: f.lab, Stages: map[string]Stage{}}
		labs[f.lab] = l
	}
	first, last := time.UnixMilli(f.first), time.UnixMilli(f.last)
	if l.First.IsZero() || first.Before(l.First) {
		l.First = first
	}
	if last.After(l.Last) {
		l.Last = last
	}
	st := l.Stages[f.stage]
	switch f.kind {
	case "passed":
		st.Passed = first
	case "solution":
		st.Solution = first
	case "hints":
		st.Hints = f.n
	case "attempts":
		st.Attempts = f.n
	}
	l.Stages[f.stage] = st
}

// A Prediction is the first answer that was given to a question of a lab.
type Prediction struct {
	Check string    `json:"check"`
	Right bool      `json:"right"`
	Said  string    `json:"said"`
	At    time.Time `json:"at"`
}

// Predictions returns the first answers given in a lab, in the order in which
// they were given.
func (s *Store) Predictions(ctx context.Context, lab string) ([]Prediction, error) {
	var out []Prediction
	err := s.atomically(ctx, "read predictions", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `
			SELECT check_name, right, said, at FROM predictions WHERE lab = ? ORDER BY at, check_name`, lab)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var p Prediction
			var at int64
			if err := rows.Scan(&p.Check, &p.Right, &p.Said, &at); err != nil {
				return err
			}
			p.At = time.UnixMilli(at)
			out = append(out, p)
		}
		return rows.Err()
	})
	return out, err
}
