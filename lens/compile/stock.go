package compile

import (
	"context"
	"errors"
)

func (l *Lens) stock(ctx context.Context, r *request, p *plan, why string) (*Report, error) {
	return nil, errors.New(why)
}
