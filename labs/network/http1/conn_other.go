//go:build !unix

package http1

//hone:hide fast
func (c *conn) poll() bool { return true }

//hone:hide fast
func (c *conn) step(uintptr) bool { return true }
