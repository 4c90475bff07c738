package store

import (
	"bytes"
	"compress/gzip"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/hone-go/hone/internal/judge"
)

// A Replay is a failure that can be repeated: the files that it happened on and
// the seed of its random choices.
type Replay struct {
	ID      string            `json:"id"`
	Lab     string            `json:"lab"`
	Dir     string            `json:"dir"`
	Stage   string            `json:"stage"`
	Check   string            `json:"check"`
	Outcome judge.Outcome     `json:"outcome"`
	Seed    uint64            `json:"seed"`
	At      time.Time         `json:"at"`
	Files   map[string][]byte `json:"-"`
}

// ErrNoReplay is returned by [Store.Replay] for an id that isn't remembered.
var ErrNoReplay = errors.New("no such replay")

// Replay returns the failure with this id.
func (s *Store) Replay(ctx context.Context, id string) (*Replay, error) {
	r := Replay{ID: id}
	var seed, at int64
	var packed []byte
	err := s.atomically(ctx, "read the replay", func(tx *sql.Tx) error {
		return tx.QueryRowContext(ctx, `
			SELECT lab, dir, stage, check_name, outcome, seed, at, files
			FROM replays JOIN snapshots USING (source) WHERE id = ?`, id).
			Scan(&r.Lab, &r.Dir, &r.Stage, &r.Check, &r.Outcome, &seed, &at, &packed)
	})
	if errors.Is(err, sql.ErrNoRows) {
		return nil, fmt.Errorf("replay %s: %w", id, ErrNoReplay)
	}
	if err != nil {
		return nil, err
	}
	r.Seed, r.At = uint64(seed), time.UnixMilli(at)
	if r.Files, err = unpack(packed); err != nil {
		return nil, fmt.Errorf("replay %s: %w", id, err)
	}
	return &r, nil
}

// Replays returns the newest failures that can be repeated, without their files.
func (s *Store) Replays(ctx context.Context, most int) ([]Replay, error) {
	var out []Replay
	err := s.atomically(ctx, "read replays", func(tx *sql.Tx) error {
		rows, err := tx.QueryContext(ctx, `
			SELECT id, lab, dir, stage, check_name, outcome, seed, at
			FROM replays ORDER BY at DESC, id LIMIT ?`, most)
		if err != nil {
			return err
		}
		defer rows.Close()
		for rows.Next() {
			var r Replay
			var seed, at int64
			if err := rows.Scan(&r.ID, &r.Lab, &r.Dir, &r.Stage, &r.Check, &r.Outcome, &seed, &at); err != nil {
				return err
			}
			r.Seed, r.At = uint64(seed), time.UnixMilli(at)
			out = append(out, r)
		}
		return rows.Err()
	})
	return out, err
}

func saveReplays(ctx context.Context, tx *sql.Tx, a *Attempt) error {
	if size(a.Files) > maxSnapshot {
		return nil // the verdict is remembered; repeating it is a luxury
	}
	saved := false
	for _, st := range a.Verdict.Stages {
		for _, c := range st.Checks {
			if c.Replay == "" || c.Outcome == judge.Passed {
				continue
			}
			if !saved {
				if err := saveSnapshot(ctx, tx, a); err != nil {
					return err
				}
				saved = true
			}
			_, err := tx.ExecContext(ctx, `
				INSERT INTO replays (id, lab, dir, stage, check_name, outcome, seed, source, at)
				VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
				ON CONFLICT DO UPDATE SET dir = excluded.dir, at = excluded.at, source = excluded.source`,
				c.Replay, a.Verdict.Lab, a.Dir, st.ID, c.Name, c.Outcome, int64(c.Seed), a.Verdict.Source, a.At.UnixMilli())
			if err != nil {
				return err
			}
		}
	}
	if !saved {
		return nil
	}
	return forget(ctx, tx)
}

func saveSnapshot(ctx context.Context, tx *sql.Tx, a *Attempt) error {
	packed, err := pack(a.Files)
	if err != nil {
		return err
	}
	_, err = tx.ExecContext(ctx, `
		INSERT INTO snapshots (source, files) VALUES (?, ?) ON CONFLICT DO NOTHING`,
		a.Verdict.Source, packed)
	return err
}

// forget drops the oldest replays over the limit, and the snapshots that nothing
// needs any more.
func forget(ctx context.Context, tx *sql.Tx) error {
	res, err := tx.ExecContext(ctx, `
		DELETE FROM replays WHERE id IN (SELECT id FROM replays ORDER BY at DESC, id LIMIT -1 OFFSET ?)`, maxReplays)
	if err != nil {
		return err
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return err
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM snapshots WHERE source NOT IN (SELECT source FROM replays)`)
	return err
}

func size(files map[string][]byte) int {
	n := 0
	for _, f := range files {
		n += len(f)
	}
	return n
}

func pack(files map[string][]byte) ([]byte, error) {
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if err := json.NewEncoder(z).Encode(files); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil {
		return nil, err
	}
	return b.Bytes(), nil
}

// unpack is the inverse of pack. Base64 makes four bytes of three, and names
// come on top: twice the limit is room for both.
func unpack(packed []byte) (map[string][]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	var files map[string][]byte
	if err := json.NewDecoder(io.LimitReader(z, 2*maxSnapshot)).Decode(&files); err != nil {
		return nil, err
	}
	return files, nil
}
