// Package lru measures the policies of the lab structures/lru beside the caches that
// people use in production: hashicorp/golang-lru (LRU and ARC), otter and theine (both
// W-TinyLFU).
//
// Everything is in its tests: TestHitRatio prints the table of hit ratios and proves
// that the figures in the lab's traces are current, TestBytes prints bytes per entry,
// and the benchmarks compare CPU per operation.
package lru
