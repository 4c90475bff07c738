//go:build !race

package claim

const raceDetector = false
