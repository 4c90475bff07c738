package http1_test

import "testing"

// FuzzReading looks for a stream that this server and net/http read in two ways,
// or that makes the server panic or hang. Run it with
//
//	go test -fuzz FuzzReading ./labs/network/http1
func FuzzReading(f *testing.F) {
	f.Add(get("/a") + post("/b", "hello") + get("/c"))
	f.Add(chunked("/a", "5;x\r\nhello\r\n0\r\nT: 1\r\n\r\n") + get("/b"))
	f.Add("OPTIONS * HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\nExpect: 100-continue\r\n\r\n")
	f.Add("GET http://a/b?c HTTP/1.1\r\nHost: d\r\nA:\t b \t\r\n\r\n")
	f.Fuzz(func(t *testing.T, stream string) {
		got, want := readings(t, stream, true), readings(t, stream, false)
		if !agree(got, want) {
			t.Errorf("of %q this server reads\n%+v\nand net/http\n%+v", stream, got, want)
		}
	})
}
