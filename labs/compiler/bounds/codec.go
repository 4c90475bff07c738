// Package bounds is a family of codecs whose machine code can't panic: fixed-width
// words, hexadecimal, varints, Stream VByte, and a list codec that packs bits. Given are
// the contract in this file and a codec that is right, plain and full of checks in
// naive.go; to be written is the same without a check.
//
// All functions share four rules. They work in the memory of the caller and take none of
// their own. A decoder writes nothing to dst behind what it reports, an encoder may use
// all of dst. Input may be anything: what is wrong with it is an error, never a panic.
// And dst and src do not overlap.
package bounds

import "errors"

// What is wrong with an input, or with the room for an output.
var (
	ErrTruncated = errors.New("the input ends in the middle of a value")
	ErrOverflow  = errors.New("a varint does not fit in 64 bits")
	ErrDigit     = errors.New("a byte is no hexadecimal digit")
	ErrWidth     = errors.New("a block is wider than 32 bits")
	ErrShort     = errors.New("the output does not fit in dst")
)

// Block is the number of values that [Pack] packs together.
const Block = 32
