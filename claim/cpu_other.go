//go:build !unix && !windows

package claim

import (
	"errors"
	"time"
)

func cpuTime() (time.Duration, error) {
	return 0, errors.ErrUnsupported
}
