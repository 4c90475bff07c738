// Command program serves package http1 as a process, so that its checks can be
// clients of it and nothing more. With -peer it serves the same routes that the
// budgets need by net/http.
//
// It prints "listening ADDRESS" when it is ready, "stopping" on SIGTERM, and ends
// with status 0 when it stopped in good order or 1 when it had to be torn down. A
// line "release" on its standard input lets go of all requests that /hold holds,
// and "stats" prints what the process has allocated.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/signal"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/hone-go/hone/labs/network/http1"
)

// A server is what both sides have in common.
type server interface {
	Serve(net.Listener) error
	Shutdown(context.Context) error
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "program:", err)
		os.Exit(1)
	}
}

func run() error {
	var (
		s     http1.Server
		addr  = flag.String("addr", "127.0.0.1:0", "listen on `address`")
		peer  = flag.Bool("peer", false, "serve with net/http instead")
		grace = flag.Duration("grace", 10*time.Second, "wait this long for requests in flight after SIGTERM")
	)
	flag.IntVar(&s.MaxLine, "max-line", 0, "bytes of a request line")
	flag.IntVar(&s.MaxHeader, "max-header", 0, "bytes of a header section")
	flag.Int64Var(&s.MaxBody, "max-body", 0, "bytes of a request body")
	flag.IntVar(&s.MaxConns, "max-conns", 0, "open connections")
	flag.DurationVar(&s.HeadTimeout, "head-timeout", 0, "time for a request head")
	flag.DurationVar(&s.ReadTimeout, "read-timeout", 0, "time for a whole request")
	flag.DurationVar(&s.WriteTimeout, "write-timeout", 0, "time for a response")
	flag.DurationVar(&s.IdleTimeout, "idle-timeout", 0, "time between requests")
	flag.Parse()

	h := &routes{release: make(chan struct{})}
	s.Handler = h.serve
	var srv server = &s
	if *peer {
		srv = &http.Server{Handler: http.HandlerFunc(h.peer)}
	}
	go h.commands(os.Stdin)

	l, err := net.Listen("tcp", *addr)
	if err != nil {
		return err
	}
	fmt.Println("listening", l.Addr())
	return untilSignal(srv, l, *grace)
}

// untilSignal serves until SIGTERM or SIGINT, and then stops in good order.
func untilSignal(srv server, l net.Listener, grace time.Duration) error {
	stop := make(chan os.Signal, 1)
	signal.Notify(stop, syscall.SIGTERM, os.Interrupt)
	served := make(chan error, 1)
	go func() { served <- srv.Serve(l) }()
	select {
	case err := <-served:
		return err
	case <-stop:
	}
	fmt.Println("stopping")
	ctx, cancel := context.WithTimeout(context.Background(), grace)
	defer cancel()
	if err := srv.Shutdown(ctx); err != nil {
		return err
	}
	if err := <-served; !errors.Is(err, http1.ErrServerClosed) && !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("after Shutdown, Serve returned %v", err)
	}
	fmt.Println("stopped")
	return nil
}

// routes are the handlers.
type routes struct {
	release chan struct{} // one receive for every request that /hold holds
}

// commands obeys standard input.
func (h *routes) commands(in io.Reader) {
	lines := bufio.NewScanner(in)
	for lines.Scan() {
		switch lines.Text() {
		case "release":
			close(h.release)
		case "stats":
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Printf("stats mallocs=%d bytes=%d\n", m.Mallocs, m.TotalAlloc)
		}
	}
}

func (h *routes) serve(w *http1.Response, r *http1.Request) {
	switch string(r.Path) {
	case "/hello":
		w.Add("Content-Type", "text/plain")
		w.WriteString("hello")
	case "/headers":
		headers(w, r)
	case "/echo":
		w.Add("Content-Type", "application/octet-stream")
		io.Copy(w, honest{r})
	case "/count":
		n, err := io.Copy(io.Discard, honest{r})
		fmt.Fprintf(w, "%d %v", n, err)
	case "/ignore":
		w.WriteString("ignored")
	case "/stream":
		stream(w, query(r))
	case "/trailers":
		trailers(w, r)
	case "/length":
		length(w, query(r))
	case "/status":
		q := query(r)
		w.Status(number(q, "code"))
		w.WriteString(q.Get("body"))
	case "/field":
		q := query(r)
		w.Add("X-Before", "1")
		if err := w.Add(q.Get("name"), q.Get("value")); err != nil {
			w.WriteString("refused: " + err.Error())
		}
		w.Add("X-After", "1")
	case "/close":
		w.Close()
		w.WriteString("bye")
	case "/slow":
		time.Sleep(time.Duration(number(query(r), "ms")) * time.Millisecond)
		w.WriteString("slow")
	case "/hold":
		w.WriteString("held\n")
		w.Flush()
		<-h.release
		w.WriteString("released\n")
	case "/panic":
		if query(r).Has("late") {
			w.WriteString("half a ")
			w.Flush()
		} else {
			w.WriteString("never seen")
		}
		panic("the handler of /panic")
	default:
		w.Status(404)
		w.WriteString("no such route")
	}
}

// headers answers with the request as the handler saw it, a line for each part.
func headers(w *http1.Response, r *http1.Request) {
	w.Add("Content-Type", "text/plain")
	fmt.Fprintf(w, "method %q\ntarget %q\npath %q\nquery %q\nhost %q\nminor %d\nlength %d\n",
		r.Method, r.Target, r.Path, r.Query, r.Host, r.Minor, r.Length)
	for name, value := range r.Fields {
		fmt.Fprintf(w, "field %q %q\n", name, value)
	}
}

// honest is a reader that ends when the one in it returns neither bytes nor an error:
// io.Copy would ask again, and never show it.
type honest struct{ io.Reader }

func (h honest) Read(p []byte) (int, error) {
	n, err := h.Reader.Read(p)
	if n == 0 && err == nil && len(p) > 0 {
		return 0, errors.New("Read returned neither bytes nor an error")
	}
	return n, err
}

// stream sends n pieces of size bytes, each when it is made.
func stream(w *http1.Response, q url.Values) {
	piece := make([]byte, number(q, "size"))
	for i := range number(q, "n") {
		for j := range piece {
			piece[j] = 'a' + byte(i%26)
		}
		if _, err := w.Write(piece); err != nil {
			return
		}
		if err := w.Flush(); err != nil {
			return
		}
	}
}

// trailers reads the body and answers with its trailers, and with one of its own.
func trailers(w *http1.Response, r *http1.Request) {
	n, err := io.Copy(io.Discard, honest{r})
	fmt.Fprintf(w, "body %d %v\n", n, err)
	for name, value := range r.Trailers {
		fmt.Fprintf(w, "trailer %q %q\n", name, value)
	}
	w.AddTrailer("X-Count", strconv.FormatInt(n, 10))
}

// length declares one length and writes another.
func length(w *http1.Response, q url.Values) {
	w.Length(int64(number(q, "declare")))
	_, err := w.WriteString(strings.Repeat("x", number(q, "write")))
	if errors.Is(err, http1.ErrLength) {
		w.WriteString(strings.Repeat("y", number(q, "declare")))
	}
}

// peer serves what the budgets measure, with net/http.
func (h *routes) peer(w http.ResponseWriter, r *http.Request) {
	switch r.URL.Path {
	case "/hello":
		w.Header().Set("Content-Type", "text/plain")
		io.WriteString(w, "hello")
	case "/echo":
		w.Header().Set("Content-Type", "application/octet-stream")
		io.Copy(w, r.Body)
	default:
		http.NotFound(w, r)
	}
}

func query(r *http1.Request) url.Values {
	q, _ := url.ParseQuery(string(r.Query)) // a broken query has no values, and the routes live with that
	return q
}

func number(q url.Values, name string) int {
	n, _ := strconv.Atoi(q.Get(name)) // absent is 0
	return n
}
