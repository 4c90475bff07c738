package start_test

import (
	"fmt"

	"github.com/hone-go/hone/internal/start"
)

func ExampleDerive() {
	ref := start.Files{"cache.go": []byte(`package cache

import "sync"

// A Cache remembers.
type Cache struct {
	mu sync.Mutex //hone:hide safe
	m  map[string]int
}

// Get returns what is kept under k.
//
//hone:stage order
func (c *Cache) Get(k string) int {
	c.mu.Lock()         //hone:line safe
	defer c.mu.Unlock() //hone:line safe
	// Nothing to do but to look.
	return c.m[k]
}
`)}
	for solved := range 2 {
		files, err := start.Derive(ref, []string{"order", "safe"}, solved, start.Panic)
		fmt.Printf("%s%v\n", files["cache.go"], err)
	}
	// Output:
	// package cache
	//
	// // A Cache remembers.
	// type Cache struct {
	// 	m map[string]int
	// }
	//
	// // Get returns what is kept under k.
	// func (c *Cache) Get(k string) int {
	// 	panic("stage order: write (*Cache).Get")
	// }
	// <nil>
	// package cache
	//
	// // A Cache remembers.
	// type Cache struct {
	// 	m map[string]int
	// }
	//
	// // Get returns what is kept under k.
	// func (c *Cache) Get(k string) int {
	// 	// Nothing to do but to look.
	// 	return c.m[k]
	// }
	// <nil>
}

func ExampleApply() {
	files, err := start.Apply(start.Files{"queue.go": []byte("lock\nbroadcast\nunlock\n")}, []byte(`Close wakes one waiter; the others sleep for ever.

--- queue.go
+++ queue.go
@@ -11,2 +11,2 @@
-broadcast
+signal
 unlock
`))
	fmt.Printf("%s%v\n", files["queue.go"], err)
	// Output:
	// lock
	// signal
	// unlock
	// <nil>
}
