package http1

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"text/tabwriter"
	"time"

	"github.com/hone-go/hone/claim/program"
)

// request is the one of the lab's budget.
const request = "GET /hello HTTP/1.1\r\nHost: 127.0.0.1:8080\r\nUser-Agent: hone/1\r\nAccept: */*\r\n\r\n"

const (
	clients = 32
	burst   = 200 // requests of each client in a round
	rounds  = 25
)

// A server is one process under load.
type server struct {
	name    string
	process *program.Process
	conns   []net.Conn
	length  int             // of a response
	took    []time.Duration // CPU of one request, round by round
	allocs  float64
}

// TestTable prints CPU and allocations for a request of each server.
func TestTable(t *testing.T) {
	const lab = "github.com/hone-go/hone/labs/network/http1/program"
	servers := []*server{
		start(t, "net/http", program.Options{Package: lab, Args: []string{"-peer"}}),
		start(t, "fasthttp", program.Options{Package: "./fasthttp"}),
		start(t, "the reference", program.Options{Package: lab}),
	}
	for i := range rounds {
		for j := range servers { // each goes first in its turn
			s := servers[(i+j)%len(servers)]
			s.took = append(s.took, s.round(t, burst))
		}
	}
	for _, s := range servers {
		before := s.mallocs(t)
		s.round(t, burst)
		s.allocs = float64(s.mallocs(t)-before) / (clients * burst)
	}

	table := tabwriter.NewWriter(t.Output(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(table, "server\tCPU µs/request\tratio\tlow..high\tallocs/request")
	for _, s := range servers {
		ratio, low, high := against(s.took, servers[0].took)
		fmt.Fprintf(table, "%s\t%.2f\t%.3f\t%.3f..%.3f\t%.2f\n", s.name, median(s.took).Seconds()*1e6, ratio, low, high, s.allocs)
	}
	table.Flush()
}

func start(t *testing.T, name string, o program.Options) *server {
	t.Helper()
	p := program.Start(t, o)
	addr := strings.TrimPrefix(p.Line("listening "), "listening ")
	s := &server{name: name, process: p}
	for range clients {
		c, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		s.conns = append(s.conns, c)
	}
	s.length = first(t, s.conns[0])
	s.round(t, 50)
	return s
}

// first does one request and returns the length of the response.
func first(t *testing.T, c net.Conn) int {
	t.Helper()
	if _, err := io.WriteString(c, request); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 4096)
	n := 0
	for !strings.HasSuffix(string(buf[:n]), "\r\n\r\nhello") {
		m, err := c.Read(buf[n:])
		if err != nil {
			t.Fatalf("after %q: %v", buf[:n], err)
		}
		n += m
	}
	return n
}

// round does n requests on every connection, and returns the CPU of one.
func (s *server) round(t *testing.T, n int) time.Duration {
	t.Helper()
	before := s.process.CPU()
	var all sync.WaitGroup
	for _, c := range s.conns {
		all.Go(func() {
			in := make([]byte, s.length)
			for range n {
				if _, err := io.WriteString(c, request); err != nil {
					t.Errorf("%s: %v", s.name, err)
					return
				}
				if _, err := io.ReadFull(c, in); err != nil {
					t.Errorf("%s: %v", s.name, err)
					return
				}
			}
		})
	}
	all.Wait()
	return (s.process.CPU() - before) / time.Duration(n*len(s.conns))
}

// mallocs asks the process how many objects it has allocated.
func (s *server) mallocs(t *testing.T) (n uint64) {
	t.Helper()
	if _, err := io.WriteString(s.process.Stdin, "stats\n"); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Sscanf(s.process.Line("stats "), "stats mallocs=%d", &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func median(d []time.Duration) time.Duration {
	return slices.Sorted(slices.Values(d))[len(d)/2]
}

// against returns the median of the ratios round by round, and their quartiles.
func against(d, base []time.Duration) (middle, low, high float64) {
	r := make([]float64, len(d))
	for i := range d {
		r[i] = float64(d[i]) / float64(base[i])
	}
	slices.Sort(r)
	return r[len(r)/2], r[len(r)/4], r[3*len(r)/4]
}
