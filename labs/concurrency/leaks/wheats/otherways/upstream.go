//go:build wheat

package leaks

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
)

// How much of a market's answer is read, in bytes. A market is somebody else's
// program: without these, its bad day is ours.
const (
	maxBody    = 64 << 10 // of any answer
	maxExcerpt = 256      // of the page that comes with an error, for the log
)

// An Upstream is a market that is asked over HTTP. It speaks to one host over
// connections that are kept: a TLS handshake costs more than a quote.
type Upstream struct {
	Name   string       // of the market, for quotes and errors
	URL    string       // where it is, without a path
	Client *http.Client // shared by all upstreams
}

// A StatusError is a market's answer that is not a quote.
type StatusError struct {
	Market  string
	Code    int
	Excerpt string // how the page begins
}

func (e *StatusError) Error() string {
	return fmt.Sprintf("%s answers %d %s: %s", e.Market, e.Code, http.StatusText(e.Code), e.Excerpt)
}

// Quote asks the market for one symbol. An answer that isn't "200 OK" is a
// [*StatusError].
func (u *Upstream) Quote(ctx context.Context, symbol string) (Quote, error) {
	where := u.URL + "/quote?symbol=" + url.QueryEscape(symbol)
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, where, nil)
	if err != nil {
		return Quote{}, fmt.Errorf("ask %s: %w", u.Name, err)
	}
	req.Header.Set("Accept", "application/json")
	if id := RequestID(ctx); id != "" {
		req.Header.Set("X-Request-ID", id)
	}
	resp, err := u.Client.Do(req)
	if err != nil {
		return Quote{}, fmt.Errorf("ask %s: %w", u.Name, err)
	}
	// All that is wanted is read at once, and more: the end of the body with it, in all
	// ordinary cases. After that there is no way out on which the body is open.
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxBody))
	resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return Quote{}, &StatusError{Market: u.Name, Code: resp.StatusCode, Excerpt: string(body[:min(len(body), maxExcerpt)])}
	}
	var quote Quote
	if err == nil {
		err = json.NewDecoder(bytes.NewReader(body)).Decode(&quote)
	}
	if err != nil {
		return Quote{}, fmt.Errorf("read the quote of %s: %w", u.Name, err)
	}
	quote.Market = u.Name
	return quote, nil
}
