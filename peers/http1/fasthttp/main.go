// Command fasthttp serves /hello with valyala/fasthttp, and obeys the commands of
// the lab's program: "stats" on standard input prints what the process has allocated.
package main

import (
	"bufio"
	"fmt"
	"net"
	"os"
	"runtime"

	"github.com/valyala/fasthttp"
)

func main() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Fprintln(os.Stderr, "fasthttp:", err)
		os.Exit(1)
	}
	go commands()
	fmt.Println("listening", l.Addr())
	s := &fasthttp.Server{Handler: hello, NoDefaultServerHeader: true}
	if err := s.Serve(l); err != nil {
		fmt.Fprintln(os.Stderr, "fasthttp:", err)
		os.Exit(1)
	}
}

func hello(c *fasthttp.RequestCtx) {
	if string(c.Path()) != "/hello" {
		c.SetStatusCode(fasthttp.StatusNotFound)
		return
	}
	c.SetContentType("text/plain")
	c.WriteString("hello")
}

func commands() {
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		if lines.Text() == "stats" {
			var m runtime.MemStats
			runtime.ReadMemStats(&m)
			fmt.Printf("stats mallocs=%d bytes=%d\n", m.Mallocs, m.TotalAlloc)
		}
	}
}
