// Package store remembers a learner's progress in one SQLite file.
//
// It holds what was tried, what passed, which hints were taken, what was
// predicted first, and the files of failures that can be repeated. It holds
// nothing that a lab or a verdict needs: deleting the file loses progress and
// nothing else, and a store that can't be opened never stands between a learner
// and a verdict.
//
// Several processes may use one file at once (a watch in one terminal, a check in
// another). SQLite's write-ahead log lets them, and each method is one
// transaction.
//
// Start with [Path], [Open] and [Store.Record].
package store

import (
	"context"
	"database/sql"
	"embed"
	"errors"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"net/url"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"github.com/pressly/goose/v3"
	"modernc.org/sqlite"
)

// Limits, chosen so that the file stays at a few megabytes for years.
const (
	busyTimeout = 5 * time.Second // how long a write waits for another process
	maxReplays  = 500             // failures that can be repeated; the oldest go first
	maxSnapshot = 4 << 20         // bytes of learner files in one snapshot
)

// Codes of SQLite for a file that is no database, or no longer one.
// https://www.sqlite.org/rescode.html
const (
	codeCorrupt = 11
	codeNotADB  = 26
)

//go:embed migrations/*.sql
var migrations embed.FS

// A Store is an open progress file. It is safe for concurrent use.
type Store struct {
	db   *sql.DB
	path string
}

// A DamagedError says that a file exists but SQLite can't read it.
// [SetAside] is the way on.
type DamagedError struct {
	Path string
	Err  error
}

func (e *DamagedError) Error() string {
	return fmt.Sprintf("the progress file %s is damaged: %v", e.Path, e.Err)
}

func (e *DamagedError) Unwrap() error { return e.Err }

// Path returns where progress is kept: $HONE_DATA if it is set, else the
// platform's directory for a user's data. The file need not exist.
func Path(env func(string) string) (string, error) {
	dir := env("HONE_DATA")
	if dir == "" {
		base, err := dataHome(env)
		if err != nil {
			return "", err
		}
		dir = filepath.Join(base, "hone")
	}
	return filepath.Join(dir, "progress.db"), nil
}

// dataHome is the counterpart of [os.UserCacheDir] that package os doesn't have.
// XDG Base Directory Specification 0.8: a relative XDG_DATA_HOME is invalid and
// to be ignored.
func dataHome(env func(string) string) (string, error) {
	if dir := env("XDG_DATA_HOME"); filepath.IsAbs(dir) {
		return dir, nil
	}
	if runtime.GOOS == "windows" {
		if dir := env("LocalAppData"); dir != "" {
			return dir, nil
		}
		return "", errors.New("find a place for progress: %LocalAppData% is not set")
	}
	home := env("HOME")
	if home == "" {
		return "", errors.New("find a place for progress: neither HONE_DATA nor HOME is set")
	}
	if runtime.GOOS == "darwin" {
		return filepath.Join(home, "Library", "Application Support"), nil
	}
	return filepath.Join(home, ".local", "share"), nil
}

// Open opens the progress file at path, and makes it if there is none. Its error
// is a [*DamagedError] if something is there that isn't a progress file.
func Open(ctx context.Context, path string) (*Store, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, fmt.Errorf("open progress: %w", err)
	}
	db, err := sql.Open("sqlite", dsn(path))
	if err != nil {
		return nil, fmt.Errorf("open progress %s: %w", path, err)
	}
	// One connection: the statements of one process never wait for each other
	// in SQLite, and the pragmas of the data source hold for all of them.
	db.SetMaxOpenConns(1)
	s := &Store{db: db, path: path}
	if err := s.migrate(ctx); err != nil {
		db.Close()
		return nil, s.explain("open progress", err)
	}
	return s, nil
}

// dsn names the file for the driver. The path is escaped, because a '?' or '%'
// in a directory's name would otherwise end it. Transactions begin IMMEDIATE: one
// that reads first and writes later can't be granted the lock while another
// writer is at work, and SQLite fails it at once, without waiting.
func dsn(path string) string {
	q := url.Values{"_txlock": {"immediate"}, "_pragma": {
		fmt.Sprintf("busy_timeout(%d)", busyTimeout.Milliseconds()),
		"journal_mode(wal)",
		"synchronous(normal)",
		"foreign_keys(1)",
	}}
	u := url.URL{Scheme: "file", OmitHost: true, Path: filepath.ToSlash(path), RawQuery: q.Encode()}
	return u.String()
}

// migrate brings the schema up to date. goose has no lock for SQLite, so two
// processes that start at once may both begin: the later one fails on what the
// earlier one made, its transaction is rolled back, and the next try finds the
// work done.
func (s *Store) migrate(ctx context.Context) error {
	dir, err := fs.Sub(migrations, "migrations")
	if err != nil {
		return err
	}
	deadline := time.Now().Add(2 * busyTimeout)
	for {
		// A provider remembers that it made its version table, even when that
		// failed; so each try needs its own.
		p, err := goose.NewProvider(goose.DialectSQLite3, s.db, dir, goose.WithLogger(goose.NopLogger()))
		if err != nil {
			return err
		}
		if _, err = p.Up(ctx); err == nil {
			return nil
		}
		if sick := s.examine(ctx); sick != nil {
			return sick
		}
		if time.Now().After(deadline) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10*time.Millisecond + rand.N(40*time.Millisecond)):
		}
	}
}

// examine looks for damage. goose reports some kinds of it as if a table were
// missing, so it is worth a look whenever something failed; on each start it
// would cost a read of the whole file.
func (s *Store) examine(ctx context.Context) error {
	var found string
	err := s.db.QueryRowContext(ctx, `PRAGMA quick_check(1)`).Scan(&found)
	var se *sqlite.Error
	switch {
	case errors.As(err, &se) && damaged(se):
		return &DamagedError{Path: s.path, Err: se}
	case err == nil && found != "ok":
		return &DamagedError{Path: s.path, Err: errors.New(found)}
	}
	return nil
}

// Close releases the file.
func (s *Store) Close() error { return s.db.Close() }

// Path returns the file's name.
func (s *Store) Path() string { return s.path }

// explain says what was being done, and tells a damaged file from other trouble.
func (s *Store) explain(doing string, err error) error {
	if err == nil {
		return nil
	}
	if d := (*DamagedError)(nil); errors.As(err, &d) {
		return err
	}
	var se *sqlite.Error
	if errors.As(err, &se) && damaged(se) {
		return &DamagedError{Path: s.path, Err: se}
	}
	return fmt.Errorf("%s (%s): %w", doing, s.path, err)
}

// damaged looks at the primary code, the low byte of an extended one.
func damaged(e *sqlite.Error) bool {
	code := e.Code() & 0xff
	return code == codeCorrupt || code == codeNotADB
}

// SetAside renames the progress file at path, with the log that belongs to it,
// so that the next [Open] begins a new one. Nothing is deleted. It returns the
// new name.
func SetAside(path string, now time.Time) (string, error) {
	to := path + ".damaged-" + now.Format("2006-01-02T150405")
	if _, err := os.Lstat(to); err == nil {
		return "", fmt.Errorf("set %s aside: %s exists", path, to)
	}
	if err := os.Rename(path, to); err != nil {
		return "", fmt.Errorf("set progress aside: %w", err)
	}
	// -wal and -shm belong to the file by name. -wal may hold the newest rows.
	for _, suffix := range []string{"-wal", "-shm"} {
		err := os.Rename(path+suffix, to+suffix)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("set progress aside: %w", err)
		}
	}
	return to, nil
}

// atomically runs f in one transaction.
func (s *Store) atomically(ctx context.Context, doing string, f func(tx *sql.Tx) error) error {
	tx, err := s.db.BeginTx(ctx, nil)
	if err != nil {
		return s.explain(doing, err)
	}
	defer tx.Rollback() // does nothing after Commit
	if err := f(tx); err != nil {
		return s.explain(doing, err)
	}
	return s.explain(doing, tx.Commit())
}
