// Package http1 measures the reference of the lab network/http1 beside net/http and
// valyala/fasthttp: CPU and allocations of the server process for one request, and
// what a request costs in system calls alone.
//
// Everything is in its tests:
//
//	go test -v -run TestTable ./http1
package http1
