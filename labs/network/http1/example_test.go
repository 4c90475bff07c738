package http1_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
)

// Two lengths for one body, sent to net/http.
func Example_twoLengths() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		fmt.Println(err)
		return
	}
	server := &http.Server{Handler: http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		io.WriteString(w, "hello")
	})}
	go server.Serve(l)
	defer server.Close()
	c, err := net.Dial("tcp", l.Addr().String())
	if err != nil {
		fmt.Println(err)
		return
	}
	defer c.Close()

	sent := "POST /hello HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n" +
		"0\r\n\r\n" +
		"GET /hello HTTP/1.1\r\nHost: a\r\n\r\n"
	io.WriteString(c, sent)
	show := func(mark, text string) {
		for line := range strings.SplitSeq(strings.TrimSuffix(text, "\r\n"), "\r\n") {
			fmt.Println(strings.TrimSpace(mark + " " + line))
		}
	}
	show(">", sent)
	fmt.Println()
	in := bufio.NewReader(c)
	for _, note := range []string{"", "          the connection goes on"} {
		r, err := http.ReadResponse(in, nil)
		if err != nil {
			fmt.Println("<", err)
			return
		}
		body, _ := io.ReadAll(r.Body)
		show("<", fmt.Sprintf("%s %s%s\r\nContent-Length: %d\r\n\r\n%s\r\n", r.Proto, r.Status, note, r.ContentLength, body))
	}
	// Output:
	// > POST /hello HTTP/1.1
	// > Host: a
	// > Content-Length: 5
	// > Transfer-Encoding: chunked
	// >
	// > 0
	// >
	// > GET /hello HTTP/1.1
	// > Host: a
	// >
	//
	// < HTTP/1.1 200 OK
	// < Content-Length: 5
	// <
	// < hello
	// < HTTP/1.1 200 OK          the connection goes on
	// < Content-Length: 5
	// <
	// < hello
}
