// Package fault is a disk and a network that misbehave on purpose.
package fault
