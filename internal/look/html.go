package look

import (
	"errors"

	"github.com/hone-go/hone/lens/compile"
)

// HTML lays a report out as one page.
func HTML(r *compile.Report, o Options) ([]byte, error) { return nil, errors.ErrUnsupported }
