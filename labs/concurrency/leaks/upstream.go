package leaks

import (
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
	maxQuote   = 64 << 10 // of a quote
	maxExcerpt = 256      // of the page that comes with an error, for the log
	maxDrain   = 64 << 10 // of what is left when we know enough
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
	// From here on a body is open, whatever the status. The connection behind it has
	// two goroutines, and both wait until the body is read to its end, is closed, or
	// the request's context ends (net/http/transport.go, persistConn.readLoop).
	defer release(resp.Body)
	if resp.StatusCode != http.StatusOK {
		page, _ := io.ReadAll(io.LimitReader(resp.Body, maxExcerpt))
		return Quote{}, &StatusError{Market: u.Name, Code: resp.StatusCode, Excerpt: string(page)}
	}
	var quote Quote
	if err := json.NewDecoder(io.LimitReader(resp.Body, maxQuote)).Decode(&quote); err != nil {
		return Quote{}, fmt.Errorf("read the quote of %s: %w", u.Name, err)
	}
	quote.Market = u.Name
	return quote, nil
}

// release gives the connection of a response back. A close alone ends the leak, but
// throws the connection away when anything is unread: the next request's bytes
// would come after what's left of this one. Reading to the end keeps it. The limit
// is there because an end is a promise of the peer: beyond 64 KiB, a new
// connection is cheaper than the rest of the page.
func release(body io.ReadCloser) {
	io.CopyN(io.Discard, body, maxDrain)
	body.Close()
}
