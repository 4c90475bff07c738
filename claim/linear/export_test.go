package linear

import (
	"testing"
	"time"
)

// CheckWithin is Check with another limit.
func CheckWithin(t testing.TB, m Model, h *History, limit time.Duration) {
	m.check(t, h, limit)
}
