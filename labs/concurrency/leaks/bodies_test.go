package leaks_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/hone-go/hone/claim"
	"github.com/hone-go/hone/labs/concurrency/leaks"
)

const pinned = "An HTTP/1.1 connection of net/http has two goroutines, readLoop and writeLoop. Both are there until the response's body is read to its end, is closed, or its request's context ends. None of the three happened on some way out of Quote."

// page is what stands in front of a market says when the market is down.
var page = "<html>" + strings.Repeat("<p>Our engineers have been notified.</p>\n", 100) + "</html>"

// TestBodies_Cause: the finding in causes.go agrees with the profile of the broken service.
func TestBodies_Cause(t *testing.T) {
	named(t, "bodies", leaks.Bodies)
}

// TestBodies_ErrorPage: a market that answers 503 with a page of 4 KB costs no goroutine.
func TestBodies_ErrorPage(t *testing.T) {
	endsAll(t, pinned)
	m := serve(t, unavailable(page))
	for range 4 {
		m.ask(t) // the context never ends: that a caller cancels one day is no reason not to let go today
	}
}

// TestBodies_Garbage: a market that answers 200 with something that's no quote, and a
// good deal of it, costs no goroutine.
func TestBodies_Garbage(t *testing.T) {
	endsAll(t, pinned)
	m := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, page)
	}))
	for range 4 {
		var syntax *json.SyntaxError
		if _, err := m.ask(t); !errors.As(err, &syntax) || !strings.Contains(err.Error(), "quote of test:") {
			t.Errorf("the market test sends a page of HTML for a quote: got error %v, want one that names the market and wraps what is wrong with the page", err)
		}
	}
}

// TestBodies_Endless: a body that never ends costs neither the caller his time nor a
// goroutine: an end is a promise of the peer, and this peer breaks it.
func TestBodies_Endless(t *testing.T) {
	endsAll(t, pinned)
	for _, status := range []int{http.StatusServiceUnavailable, http.StatusOK} {
		m := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			for spaces := strings.Repeat(" ", 4<<10); ; {
				if _, err := io.WriteString(w, spaces); err != nil {
					return
				}
			}
		}))
		claim.Terminates(t, 4*time.Second, func() {
			if _, err := m.ask(t); err == nil {
				t.Errorf("status %d and spaces without an end were taken for a quote", status)
			}
		})
	}
}

// TestBodies_ReusesAfterErrors: an error page of 4 KB does not cost the connection: the
// next question goes over the same one. A market in trouble, which gets a new
// connection for every question, is in more trouble.
func TestBodies_ReusesAfterErrors(t *testing.T) {
	m := serve(t, unavailable(page))
	for range 20 {
		m.ask(t)
	}
	claim.Equal(t, "connections for 20 questions, each answered by an error page (a body that isn't read to its end can't be followed by another response)", m.opened.Load(), 1)
}

// TestBodies_ReusesAfterQuotes: neither does a quote, also when the end of its body
// comes later than the quote: chunked, where the end is a chunk of its own.
func TestBodies_ReusesAfterQuotes(t *testing.T) {
	m := serve(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, `{"symbol":"ACME","price":7}`)
		http.NewResponseController(w).Flush()
		io.WriteString(w, strings.Repeat("\n", 1000))
	}))
	for range 20 {
		q, err := m.ask(t)
		if err != nil {
			t.Fatal(err)
		}
		claim.Equal(t, "price", q.Price, 7)
	}
	claim.Equal(t, "connections for 20 quotes", m.opened.Load(), 1)
}

// TestBodies_Errors: a status other than 200 is a StatusError with the beginning of
// its page; a market that can't be reached, or asked, is an error too. Each names the
// market, which of three it was is the first question, and wraps its cause.
func TestBodies_Errors(t *testing.T) {
	m := serve(t, unavailable("down for maintenance"))
	_, err := m.ask(t)
	var status *leaks.StatusError
	if !errors.As(err, &status) {
		t.Fatalf("the market answers 503: got %v, want a *StatusError", err)
	}
	claim.Equal(t, "the error", *status, leaks.StatusError{Market: "test", Code: 503, Excerpt: "down for maintenance"})
	claim.Equal(t, "its text", err.Error(), "test answers 503 Service Unavailable: down for maintenance")

	for what, where := range map[string]string{"where nobody listens": "http://127.0.0.1:1", "of a market whose URL is none": "http://[::1"} {
		nobody := &leaks.Upstream{Name: "nobody", URL: where, Client: m.client}
		var cause *url.Error
		if _, err := nobody.Quote(context.Background(), "ACME"); !errors.As(err, &cause) || !strings.Contains(err.Error(), "ask nobody:") {
			t.Errorf("a question %s: got error %v, want one that names the market (nobody) and wraps a *url.Error", what, err)
		}
	}
}

// TestBodies_Quotes: a quote arrives whole, with the market's name, for a symbol that
// needs escaping, and the request carries its id.
func TestBodies_Quotes(t *testing.T) {
	m := serve(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claim.Equal(t, "Accept, of a question", r.Header.Get("Accept"), "application/json")
		fmt.Fprintf(w, `{"symbol":%q,"price":%s}`, r.FormValue("symbol"), r.Header.Get("X-Request-ID"))
	}))
	q, err := m.upstream().Quote(leaks.WithRequestID(context.Background(), "42"), "BRK A&B")
	if err != nil {
		t.Fatal(err)
	}
	claim.Equal(t, "quote", q, leaks.Quote{Symbol: "BRK A&B", Market: "test", Price: 42})
}

func unavailable(page string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		io.WriteString(w, page)
	})
}

// A market is a server on loopback with a client of its own.
type market struct {
	url    string
	client *http.Client
	opened atomic.Int64 // connections
}

// serve starts a market. At the end of the check the client's idle connections, the
// listener and all connections are closed: what's left then is held by something else.
func serve(t *testing.T, h http.Handler) *market {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	transport := new(http.Transport)
	m := &market{url: "http://" + l.Addr().String(), client: &http.Client{Transport: transport}}
	server := &http.Server{Handler: h, ConnState: func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			m.opened.Add(1)
		}
	}}
	served := make(chan struct{})
	go func() {
		defer close(served)
		server.Serve(l)
	}()
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		server.Close()
		<-served
	})
	return m
}

func (m *market) upstream() *leaks.Upstream {
	return &leaks.Upstream{Name: "test", URL: m.url, Client: m.client}
}

func (m *market) ask(t *testing.T) (leaks.Quote, error) {
	t.Helper()
	return m.upstream().Quote(context.Background(), "ACME")
}
