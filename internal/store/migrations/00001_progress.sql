-- +goose Up
-- Times are milliseconds since 1970, durations nanoseconds.

-- One row for each stage that a verdict judged.
CREATE TABLE attempts (
	id      INTEGER PRIMARY KEY,
	lab     TEXT    NOT NULL,
	stage   TEXT    NOT NULL,
	outcome TEXT    NOT NULL,
	failing TEXT    NOT NULL, -- the first check that did not pass, or ''
	at      INTEGER NOT NULL,
	source  TEXT    NOT NULL, -- hash of the files judged
	go      TEXT    NOT NULL,
	wall    INTEGER NOT NULL
) STRICT;
CREATE INDEX attempts_lab ON attempts (lab, stage);

-- The first time that each stage passed. A later failure takes nothing away.
CREATE TABLE passed (
	lab    TEXT    NOT NULL,
	stage  TEXT    NOT NULL,
	at     INTEGER NOT NULL,
	source TEXT    NOT NULL,
	PRIMARY KEY (lab, stage)
) STRICT, WITHOUT ROWID;

CREATE TABLE hints (
	lab   TEXT    NOT NULL,
	stage TEXT    NOT NULL,
	rung  INTEGER NOT NULL, -- 1 is the vaguest
	at    INTEGER NOT NULL,
	PRIMARY KEY (lab, stage, rung)
) STRICT, WITHOUT ROWID;

-- Stages whose solution was shown before they passed.
CREATE TABLE solutions (
	lab   TEXT    NOT NULL,
	stage TEXT    NOT NULL,
	at    INTEGER NOT NULL,
	PRIMARY KEY (lab, stage)
) STRICT, WITHOUT ROWID;

-- What was believed before anything was shown: only the first answer counts.
CREATE TABLE predictions (
	lab        TEXT    NOT NULL,
	check_name TEXT    NOT NULL,
	right      INTEGER NOT NULL,
	said       TEXT    NOT NULL,
	at         INTEGER NOT NULL,
	PRIMARY KEY (lab, check_name)
) STRICT, WITHOUT ROWID;

-- The files of failures that can be repeated, each set once.
CREATE TABLE snapshots (
	source TEXT NOT NULL PRIMARY KEY,
	files  BLOB NOT NULL -- gzip of a JSON object: name to base64
) STRICT, WITHOUT ROWID;

CREATE TABLE replays (
	id         TEXT    NOT NULL PRIMARY KEY,
	lab        TEXT    NOT NULL,
	dir        TEXT    NOT NULL,
	stage      TEXT    NOT NULL,
	check_name TEXT    NOT NULL,
	outcome    TEXT    NOT NULL,
	seed       INTEGER NOT NULL, -- the bits of a uint64
	source     TEXT    NOT NULL REFERENCES snapshots,
	at         INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX replays_at ON replays (at);

-- +goose Down
DROP TABLE replays;
DROP TABLE snapshots;
DROP TABLE predictions;
DROP TABLE solutions;
DROP TABLE hints;
DROP TABLE passed;
DROP TABLE attempts;
