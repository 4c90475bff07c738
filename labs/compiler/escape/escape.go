// Package escape is the lab on escape analysis: what the compiler puts on the stack,
// what it moves to the heap, and by which flow.
//
// flow.go, leak.go, kind.go and callee.go hold the phenomena: small functions
// that are compiled on the toolchain at hand and looked at, or run and counted, so that
// no answer is typed in anywhere. predict.go asks about them. Nobody needs what they
// compute.
//
// naive.go writes and reads samples of a metric; it works, and it allocates for a
// different reason in every other line. series.go says what a sample is. encode.go and
// walk.go are where the same is done without the heap.
package escape
