// Package bitcask measures the reference of the lab storage/bitcask beside Pebble
// and bbolt, and has the lab's checks judge bbolt. It has no code of its own, only
// tests: go test -v ./bitcask, and go test -bench . ./bitcask for the raw figures.
package bitcask
