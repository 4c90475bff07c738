package program

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// psTime reads a CPU time as ps prints it: [[dd-]hh:]mm:ss[.cc].
func psTime(s string) (time.Duration, error) {
	days, rest, ok := strings.Cut(s, "-")
	if !ok {
		days, rest = "0", s
	}
	d, err := strconv.Atoi(days)
	if err != nil || d < 0 || d > 1<<16 {
		return 0, fmt.Errorf("no CPU time: %q", s)
	}
	parts := strings.Split(rest, ":")
	if len(parts) < 2 || len(parts) > 3 {
		return 0, fmt.Errorf("no CPU time: %q", s)
	}
	seconds := 0.0
	for _, part := range parts {
		f, err := strconv.ParseFloat(part, 64)
		if err != nil || !(f >= 0 && f < 1e6) {
			return 0, fmt.Errorf("no CPU time: %q", s)
		}
		seconds = seconds*60 + f
	}
	return time.Duration(d)*24*time.Hour + time.Duration(seconds*float64(time.Second)), nil
}
